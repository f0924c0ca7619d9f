"""Alerts leave in the reader's language: of the user by push, of the rule by mail and webhook."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from maps.language.place_words import place_words
from maps.language.wording import Wording, words_of
from maps.layers.layers import read_geography
from maps.notifications import throttle as pace
from maps.notifications.text import text as words
from maps.notifications.text.address_text import address_of
from maps.notifications.text.messages import Notification, VisibleAlert
from maps.settings.settings_tables import LayersSettings
from patrol.alerts.alert import Alert, AlertState
from patrol.desks.desk import Desk
from patrol.sectors.site_geography import Ground
from patrol.units.accounts import LANGUAGES, Language, User
from tests.maps.notifications.receiving import receiving
from tests.maps.notifications.running import delivers, hook, rule
from tests.maps.notifications.senders.test_mail import Mailbox, mail, mail_server
from tests.maps.notifications.senders.test_web_push import PUSH, Browser
from tests.patrol.nodes.running import AGENCY, START

ZONE = ZoneInfo("Asia/Vientiane")
MESHTASTIC_BYTES = 233  # of one packet's payload
LON, LAT = 100.4178, 20.27

STATES: tuple[AlertState, ...] = (
    "acknowledged",
    "shelved",
    "shelved_returned",
    "returned_acknowledged",
)


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FIRST_WAIT_S", 0.1)


@pytest.fixture(scope="module")
def ground() -> Ground:
    return read_geography(LayersSettings()).ground


def alert(place: str = "", *, agency: str = AGENCY, state: AlertState = "raised") -> Alert:
    return Alert(
        id="a" * 32,
        agency=agency,
        at=START,
        rule="no_go",
        subject="u",
        severity="high",
        raised_at=START,
        state=state,
        lon=LON,
        lat=LAT,
        place=place,
        facts={"sector_name": "Don Sao"},
    )


def message(visible_alert: VisibleAlert) -> Notification:
    return Notification(
        id="m",
        agency=AGENCY,
        at=START,
        expires_at=START + timedelta(hours=1),
        alerts=(visible_alert,),
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_mail_has_every_word_in_its_language(ground: Ground, language: Language) -> None:
    about = alert(ground.words(lon=LON, lat=LAT, accuracy_m=15))
    address = address_of(about, ground=ground, last=None, own=True)
    visible_alert = VisibleAlert(
        alert=about, occasion="raised", call_sign="Naga 1", address=address
    )
    wording = Wording(language, zone=ZONE)
    text = words.text(message(visible_alert), wording, node="Hx", link="https://p.example/map")
    of = words_of(language)
    for key in ("letter.severity.high", "letter.where", "letter.since", "alert.state.raised"):
        assert of[key] in text
    assert of["rule.no_go.told"].replace("{sector_name}", "Don Sao") in text
    assert of["bank.left"] in text
    assert "Naga 1" in text
    assert f"https://p.example/map/?alert={about.id}" in text
    title = words.subject(message(visible_alert), wording, node="Hx")
    assert title.startswith("[Hx] ")
    assert of["letter.severity.high"] in title
    if language != "en":
        for english in ("bank", "side", "reach", "Golden", "no-go", "acknowledged"):
            assert english not in text, text


def test_the_fields_of_a_place_are_those_whose_text_was_stored(ground: Ground) -> None:
    for accuracy_m in (0.0, 15.0, 100.0, 500.0):
        text = ground.words(lon=LON, lat=LAT, accuracy_m=accuracy_m)
        found = address_of(alert(text), ground=ground, last=None, own=True)
        assert found is not None
        assert found.words() == text, "what was unsure stays unsure"
    assert address_of(alert("at the pier"), ground=ground, last=None, own=True) is None
    assert address_of(alert("at the pier"), ground=Ground(), last=None, own=True) is None
    # What another agency told more coarsely has no words, and gets none.
    assert address_of(alert(""), ground=ground, last=None, own=False) is None
    own = address_of(alert(""), ground=ground, last=None, own=True)
    assert own is not None
    thai = " ".join(place_words(own, Wording("th")))
    assert words_of("th")["bank.left"] in thai


def test_a_record_without_fields_is_shown_as_stored() -> None:
    visible_alert = VisibleAlert(alert=alert("at the pier"), occasion="raised")
    assert "at the pier" in words.place_text(visible_alert, Wording("th"))


def test_years_are_counted_as_the_reader_does() -> None:
    at = datetime(2026, 11, 24, 20, 30, tzinfo=UTC)
    thai = Wording("th", calendar="buddhist", zone=ZONE)
    assert "2569-11-25" in words.when(at, thai)
    assert "20:30 UTC" in words.when(at, thai)
    assert "2026-11-25" in words.when(at, Wording("th", zone=ZONE))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_radio_is_sent_only_what_it_can_show(ground: Ground, language: Language) -> None:
    about = alert(ground.words(lon=LON, lat=LAT, accuracy_m=15))
    address = address_of(about, ground=ground, last=None, own=True)
    visible_alert = VisibleAlert(
        alert=about, occasion="raised", call_sign="Naga 1", address=address
    )
    wording = Wording(language, zone=ZONE)
    plain = words.radio_text(message(visible_alert), wording)
    assert plain.isascii()
    assert plain.startswith("HIGH: Naga 1, In no-go sector Don Sao")
    whole = words.radio_text(message(visible_alert), wording, ascii_only=False)
    assert len(whole) <= words.LONGEST_RADIO_TEXT
    assert len(whole.encode()) <= MESHTASTIC_BYTES
    assert words_of(language)["letter.severity.high"] in whole


def test_what_does_not_cross_of_a_state_is_not_asked_for() -> None:
    for language in LANGUAGES:
        for state in STATES:
            visible_alert = VisibleAlert(alert=alert(state=state), occasion=state)
            text = words.state_text(visible_alert, Wording(language, zone=ZONE))
            assert text
            assert "{" not in text


async def test_each_way_speaks_the_language_of_its_reader(tmp_path: Path) -> None:
    users = [
        User(name="kham", role="commander", agency=AGENCY, language="lo", calendar="buddhist"),
        User(name="aung", role="commander", agency=AGENCY, language="my"),
        User(name="new", role="commander", agency=AGENCY),
    ]
    mailbox = Mailbox()
    async with receiving() as service, receiving() as program:
        browsers = {each.name: Browser(service, f"/push/{each.name}") for each in users}
        with mail_server(mailbox) as port:
            async with delivers(
                tmp_path,
                users=users,
                node_reads={"language": "km"},
                mail=mail(port),
                push=PUSH,
                webhooks=[hook(program.port)],
                delivery=[
                    rule("push"),
                    rule("mail", to=["d@x.example"], language="th", calendar="buddhist"),
                    rule("webhook", language="zh"),
                    rule("mail", name="by default", to=["e@x.example"]),
                ],
            ) as it:
                for user in users:
                    desk = Desk(it.node.watch, user)
                    await desk.deliveries.subscribe(**browsers[user.name].fields)
                await it.raise_alert(severity="high")
                await it.settled(6)
                pushed = {
                    post.path.rpartition("/")[2]: browsers[post.path.rpartition("/")[2]].read(post)
                    for post in service.posts
                }
    state = "alert.state.raised"
    assert words_of("lo")[state] in pushed["kham"]["body"]
    assert "2569-11-24" in pushed["kham"]["body"]
    assert words_of("my")[state] in pushed["aung"]["body"]
    assert words_of("km")[state] in pushed["new"]["body"]
    assert {name: answer["language"] for name, answer in pushed.items()} == {
        "kham": "lo",
        "aung": "my",
        "new": "km",
    }
    mails = {str(each["To"]): each for each in mailbox.mails}
    thai = mails["d@x.example"].get_content()
    assert words_of("th")[state] in thai
    assert "2569-11-24" in thai
    assert mails["d@x.example"]["Content-Language"] == "th"
    assert words_of("km")[state] in mails["e@x.example"].get_content()
    [posted] = [json.loads(each.body) for each in program.posts]
    assert posted["language"] == "zh-Hans"
    assert words_of("zh")[state] in posted["text"]


async def test_a_call_for_help_waits_for_no_lesser_alert(tmp_path: Path) -> None:
    """Eight receivers hang with something less; the SOS goes past them."""
    hung = asyncio.Event()

    async def hang(_: asyncio.StreamWriter) -> None:
        await hung.wait()

    names = [f"slow-{number}" for number in range(8)]
    async with receiving() as slow, receiving() as quick:
        slow.hold = hang
        rules = [
            rule("webhook", name=name, to=[name], severities=["high"], per_minute=60)
            for name in names
        ]
        rules.append(rule("webhook", name="sos", to=["quick"], severities=["sos"]))
        hooks = [hook(slow.port, name) for name in names] + [hook(quick.port, "quick")]
        async with delivers(tmp_path, webhooks=hooks, delivery=rules) as it:
            await it.raise_alert(1, severity="high")
            await slow.until(4)
            await it.raise_alert(2, severity="sos")
            await quick.until(1, seconds=5)
            assert len(slow.posts) == 4, "the others wait their turn"
            hung.set()
            await it.settled(9)
