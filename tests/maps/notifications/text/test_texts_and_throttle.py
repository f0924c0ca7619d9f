"""What messages say, and how many of them one receiver gets."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.language.wording import Wording
from maps.notifications.rule_matching import wants
from maps.notifications.settings.settings_tables import DeliveryRule
from maps.notifications.text import text as words
from maps.notifications.text.messages import MOST_TOLD, Notification, VisibleAlert, worst_first
from maps.notifications.throttle import LONGEST_WAIT_S, ReceiverThrottle, batches
from maps.settings.settings import settings_of
from patrol.alerts.alert import SEVERITIES, Alert
from patrol.alerts.delivery import AlertDelivery
from tests.patrol.nodes.running import AGENCY, START, at

ENGLISH = Wording("en", zone=ZoneInfo("Asia/Vientiane"))


def told(number: int = 0, *, call_sign: str = "Boat 3", **more: object) -> VisibleAlert:
    values: dict[str, object] = {
        "rule": "no_go",
        "severity": "high",
        "place": "Mekong km 2281.3",
        "lon": 100.41,
        "lat": 20.27,
    } | more
    alert = Alert(
        id=f"{number:032x}",
        agency=AGENCY,
        at=START,
        subject=str(number),
        raised_at=START,
        **values,  # type: ignore[arg-type]
    )
    return VisibleAlert(alert=alert, occasion="raised", call_sign=call_sign)


def message(*alerts: VisibleAlert, more: int = 0) -> Notification:
    return Notification(
        id="m", agency=AGENCY, at=START, expires_at=at(3600), alerts=alerts, more=more
    )


def test_a_digest_lists_fifty_and_counts_the_rest() -> None:
    many = message(*(told(number) for number in range(MOST_TOLD)), more=800)
    text = words.text(many, ENGLISH, node="Hx", link="https://p.example")
    assert text.startswith("1000 alerts, worst first:")
    assert text.count("- HIGH: Boat 3, In a no-go sector") == words.MOST_LINES
    assert "- and 950 more" in text
    first = "HIGH: Boat 3, In a no-go sector"
    assert words.subject(many, ENGLISH, node="Hx") == f"[Hx] 1000 alerts, the worst: {first}"


def test_the_worst_comes_first() -> None:
    order = worst_first(
        [
            told(1, severity="low"),
            told(2, severity="sos"),
            told(3, severity="high"),
            told(4, severity="medium"),
        ]
    )
    assert [each.alert.severity for each in order] == list(SEVERITIES)


def test_a_step_that_is_not_sent_leaves_no_gap() -> None:
    bare = told(call_sign="", place="", lon=None, lat=None)
    text = words.text(message(bare), ENGLISH, node="Hx", link=None)
    assert "Unit" not in text
    assert "Where" not in text
    assert "None" not in text
    assert words.radio_text(message(bare), ENGLISH) == "HIGH: In a no-go sector 19:00L"
    assert words.subject(message(bare), ENGLISH, node="Hx") == "[Hx] HIGH: In a no-go sector"


@given(call_sign=st.text(max_size=200), place=st.text(max_size=200), longest=st.integers(10, 67))
def test_words_to_a_radio_are_short_printable_ascii(
    call_sign: str, place: str, longest: int
) -> None:
    text = words.radio_text(message(told(call_sign=call_sign, place=place)), ENGLISH, longest)
    assert 0 < len(text) <= longest
    assert text.isascii()
    assert text.isprintable()
    assert not set(text) & set("|~{")


@given(st.text(max_size=300))
def test_one_line_is_one_printable_line(text: str) -> None:
    line = words.one_line(text)
    assert len(line) <= 100
    assert len(line.splitlines()) <= 1
    assert not any(ord(each) < 32 for each in line)


def delivery(number: int, severity: str) -> AlertDelivery:
    return AlertDelivery(
        id=str(number),
        agency=AGENCY,
        at=START,
        rule="r",
        way="mail",
        to="a@b.example",
        alert=str(number),
        alert_version=1,
        severity=severity,
        occasion="raised",
        expires_at=at(60),
    )


@given(
    severities=st.lists(st.sampled_from(SEVERITIES), max_size=60),
    limit=st.integers(1, 10),
    used=st.integers(0, 25),
)
def test_batches_never_pass_the_limit_and_hold_no_call_for_help_back(
    severities: list[str], limit: int, used: int
) -> None:
    waiting = [
        delivery(number, each)
        for number, each in enumerate(sorted(severities, key=SEVERITIES.index))
    ]
    room, urgent_room = max(0, limit - used), max(0, 2 * limit - used)
    made = batches(waiting, room=room, urgent_room=urgent_room)
    sent = [each.id for batch in made for each in batch]
    assert len(sent) == len(set(sent))
    assert all(made)
    assert len(made) <= max(room, urgent_room)
    urgent = [each for each in waiting if each.severity == "sos"]
    ordinary = [batch for batch in made if batch[0].severity != "sos"]
    assert len(ordinary) <= room
    if urgent_room:
        assert {each.id for each in urgent} <= set(sent)
    if room > len(made) or (room and not urgent):
        assert len(sent) == len(waiting)


def test_waits_double_up_to_five_minutes_and_never_undercut_what_is_asked_for() -> None:
    pace, waits = ReceiverThrottle(), []
    for _ in range(10):
        pace.note_failure(0.0, "down")
        waits.append(pace.not_before_s)
    assert 4 <= waits[0] <= 6
    assert all(wait <= LONGEST_WAIT_S * 1.2 for wait in waits)
    assert waits[-1] >= LONGEST_WAIT_S * 0.8
    pace.note_failure(0.0, "down", wait_s=800)
    assert pace.not_before_s >= 800
    pace.went(1.0)
    assert (pace.failures, pace.fault, pace.not_before_s) == (0, "", 0.0)
    assert pace.room(30, 2) == 1
    assert pace.room(61, 2) == 2
    assert not pace.is_forgettable(30)
    assert pace.is_forgettable(62)


@pytest.mark.parametrize(
    ("change", "hour", "wanted"),
    [
        ({}, 12, True),
        ({"rules": ["no_go"]}, 12, True),
        ({"rules": ["sos"]}, 12, False),
        ({"severities": ["low", "high"]}, 12, True),
        ({"severities": ["sos"]}, 12, False),
        ({"escalation": 1}, 12, False),
        ({"on": ["escalated"]}, 12, False),
        ({"hours": "18:00-06:00"}, 10, False),  # 17:00 in Vientiane
        ({"hours": "18:00-06:00"}, 11, True),  # 18:00
        ({"hours": "18:00-06:00"}, 22, True),  # 05:00
        ({"hours": "18:00-06:00"}, 23, False),  # 06:00
    ],
)
def test_rules_choose(change: dict[str, object], hour: int, wanted: bool) -> None:
    body: dict[str, object] = {
        "name": "r",
        "agency": AGENCY,
        "role": "commander",
        "way": "webhook",
        "to": ["hq"],
    }
    rule = DeliveryRule.model_validate(body | change)
    now = datetime(2026, 11, 24, hour, tzinfo=UTC)
    assert wants(rule, told().alert, "raised", now=now, zone=ENGLISH.zone) is wanted


def test_the_example_of_the_documentation_is_taken_as_it_stands(tmp_path: Path) -> None:
    page = (Path(__file__).parents[4] / "docs/guides/notifications.md").read_text("utf-8")
    block = page.partition("```toml\n")[2]
    tables = tomllib.loads(block.partition("```")[0])
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "mail").write_text("a mail password")
    (tmp_path / "secrets" / "ministry").write_text("a secret of twenty characters")
    agencies = [{"id": "la-hx", "name": "Houay Xai"}]
    settings = settings_of(
        {**tables, "agencies": agencies}, source="patrol.toml", folder=tmp_path
    ).delivery
    assert [each.name for each in settings.rules] == ["duty officers"]
    assert settings.push is not None
    assert settings.push.key_file == tmp_path / "secrets" / "push.pem"
