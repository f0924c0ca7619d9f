"""The life of an alert: every legal step, every other refused, and what time brings."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from msgspec.structs import replace

from patrol.alarms.rules import ALERT_RULES
from patrol.alerts import lifecycle as alert_acts
from patrol.alerts.alert import HOLDING, LIFECYCLE, RINGING, SEVERITIES, Alert, Severity
from patrol.alerts.lifecycle import ALSO_TOLD, CLOSED_AFTER, LONGEST_SHELF, TIMETABLE, Stage
from patrol.documents_registry.document_kinds import decode, encode
from patrol.errors.errors import Conflict, IllegalStep
from patrol.units.permissions import ACTS
from tests.patrol.nodes.running import AGENCY, NODE, at


def alert(severity: Severity = "high", *, historical: bool = False, rule: str = "no_go") -> Alert:
    return alert_acts.first_version(
        rule=rule,
        subject="u|s",
        agency=AGENCY,
        severity=severity,
        since=at(-5),
        now=at(0),
        origin=NODE,
        historical=historical,
        unit="u",
    )


def in_state(state: str, severity: Severity = "high") -> Alert:
    return replace(alert(severity), state=state)


ACTS_OF: dict[str, Callable[[Alert, datetime], Alert]] = {
    "acknowledge": lambda a, now: alert_acts.acknowledge(a, at=now, by="kham"),
    "escalate": lambda a, now: alert_acts.escalate(a, at=now),
    "shelve": lambda a, now: alert_acts.shelve(
        a, at=now, by="kham", until=now + timedelta(hours=1)
    ),
    "unshelve": lambda a, now: alert_acts.unshelve(a, at=now),
    "return": lambda a, now: alert_acts.return_to_normal(a, at=now, since=now),
    "recur": lambda a, now: alert_acts.recur(a, at=now),
    "resume": lambda a, now: alert_acts.resume(a, at=now),
    "withdraw": lambda a, now: alert_acts.withdrawn(a, at=now),
    "resolve": lambda a, now: alert_acts.resolve(a, at=now, by="kham", note="done"),
    "clear": lambda a, now: alert_acts.clear(a, at=now, by="kham", note="done"),
    "come live": lambda a, now: alert_acts.come_live(a, at=now),
    "worsen": lambda a, now: alert_acts.worsen(a, at=now, severity="high"),
    "close": lambda a, now: alert_acts.close(a, at=now),
}


@pytest.mark.parametrize("act", LIFECYCLE.acts)
@pytest.mark.parametrize("state", LIFECYCLE.states)
def test_each_step_of_the_table_is_taken_and_every_other_refused(state: str, act: str) -> None:
    before = in_state(state)
    if (state, act) not in LIFECYCLE.steps:
        with pytest.raises(IllegalStep) as refused:
            ACTS_OF[act](before, at(9))
        assert (refused.value.state, refused.value.act) == (state, act)
        assert refused.value.possible == LIFECYCLE.possible(state)
        return
    after = ACTS_OF[act](before, at(9))
    assert after.state == LIFECYCLE.steps[state, act]
    assert (after.version, after.at, after.id) == (before.version + 1, at(9), before.id)
    assert decode("alert", encode(after)) == after


def test_the_table_names_all_acts_and_ends_only_where_nothing_is_expected() -> None:
    assert set(LIFECYCLE.acts) == set(ACTS_OF)
    assert {state for state in LIFECYCLE.states if LIFECYCLE.is_end(state)} == {
        "resolved",
        "withdrawn",
    }
    assert {state for state in LIFECYCLE.states if in_state(state).is_closed} == {
        "resolved",
        "withdrawn",
    }
    assert RINGING < HOLDING < set(LIFECYCLE.states)
    for state in HOLDING:  # whatever holds can end
        assert (state, "return") in LIFECYCLE.steps
    for state in set(LIFECYCLE.states) - HOLDING:
        assert (state, "return") not in LIFECYCLE.steps


class AnyLife(RuleBasedStateMachine):
    """Whatever is tried in whatever order: the table decides, and what must hold holds."""

    def __init__(self) -> None:
        super().__init__()
        self.alert, self.seconds = alert(), 0.0

    @rule(act=st.sampled_from(sorted(ACTS_OF)), seconds=st.floats(0.001, 4000, allow_nan=False))
    def act(self, act: str, seconds: float) -> None:
        self.seconds += seconds
        before = self.alert
        try:
            self.alert = ACTS_OF[act](before, at(self.seconds))
        except IllegalStep:
            assert (before.state, act) not in LIFECYCLE.steps
        else:
            assert self.alert.state == LIFECYCLE.steps[before.state, act]

    @rule(seconds=st.floats(0.001, 100_000, allow_nan=False))
    def wait(self, seconds: float) -> None:
        self.seconds += seconds
        after = alert_acts.due(self.alert, at(self.seconds))
        if after is not None:
            assert after.version == self.alert.version + 1
            self.alert = after

    @invariant()
    def what_rings_has_told_somebody(self) -> None:
        if self.alert.rings:
            assert self.alert.notified_roles
            assert self.alert.rings_since is not None
        else:
            assert self.alert.escalates_at is None
        assert (self.alert.shelved_until is not None) == (
            self.alert.state in ("shelved", "shelved_returned")
        )

    @invariant()
    def it_is_stored_as_it_is(self) -> None:
        assert decode("alert", encode(self.alert)) == self.alert


TestAnyLife = AnyLife.TestCase


@pytest.mark.parametrize("severity", SEVERITIES)
def test_it_is_escalated_by_the_timetable_until_the_last_stage(severity: Severity) -> None:
    stages = TIMETABLE[severity]
    now = alert(severity)
    assert now.notified_roles == stages[0].roles
    for level, stage in enumerate(stages[1:], start=1):
        assert alert_acts.due(now, at(stage.after_s - 0.1)) is None
        after = alert_acts.due(now, at(stage.after_s))
        assert after is not None
        assert (after.state, after.level) == ("escalated", level)
        assert set(stage.roles) <= set(after.notified_roles)
        now = after
    assert now.escalates_at is None
    assert alert_acts.due(now, at(10**6)) is None


@pytest.mark.parametrize("severity", SEVERITIES)
def test_a_person_escalates_it_before_its_time_until_everybody_was_notified(
    severity: Severity,
) -> None:
    stages = TIMETABLE[severity]
    now = alert(severity)
    for level, stage in enumerate(stages[1:], start=1):
        now = alert_acts.escalate(now, at=at(level), by="kham")
        assert (now.state, now.level, now.by) == ("escalated", level, "kham")
        assert set(stage.roles) <= set(now.notified_roles)
        assert now.rings
    assert now.escalates_at is None
    with pytest.raises(Conflict) as told:
        alert_acts.escalate(now, at=at(9), by="kham")
    assert told.value.code == "all_told"
    known = alert_acts.acknowledge(alert(severity), at=at(1), by="kham")
    with pytest.raises(IllegalStep):
        alert_acts.escalate(known, at=at(2), by="kham")


def test_the_timetable_rises_and_begins_at_once() -> None:
    for stages in TIMETABLE.values():
        assert stages[0].after_s == 0
        assert [each.after_s for each in stages] == sorted({each.after_s for each in stages})
        for stage in stages:
            assert isinstance(stage, Stage)
            # whoever is told may see it
            assert set(stage.roles) <= ACTS["see alerts"]
    assert set(ALSO_TOLD) <= {each.name for each in ALERT_RULES}


def test_who_acknowledged_and_from_where_is_stored_and_sent_to_nobody_else() -> None:
    after = alert_acts.acknowledge(alert(), at=at(20), by="kham", where="desk 1")
    assert (after.acknowledged_by, after.acknowledged_where) == ("kham", "desk 1")
    assert (after.acknowledged_at, after.escalates_at, after.rings) == (at(20), None, False)
    assert alert_acts.due(after, at(10**6)) is None  # it holds: it stays, however long


@pytest.mark.parametrize("hours", [-1, 0, 24.01, 1000])
def test_it_is_put_aside_for_a_day_at_most(hours: float) -> None:
    with pytest.raises(Conflict, match="within the next 24 hours"):
        alert_acts.shelve(alert(), at=at(0), by="kham", until=at(hours * 3600))


def test_a_call_for_help_is_not_put_aside() -> None:
    with pytest.raises(Conflict, match="call for help"):
        alert_acts.shelve(alert("sos"), at=at(0), by="kham", until=at(60))


def test_what_was_put_aside_comes_back_by_itself_and_rings() -> None:
    aside = alert_acts.shelve(alert(), at=at(0), by="kham", until=at(0) + LONGEST_SHELF)
    assert alert_acts.due(aside, at(LONGEST_SHELF.total_seconds() - 1)) is None
    back = alert_acts.due(aside, at(LONGEST_SHELF.total_seconds()))
    assert back is not None
    assert (back.state, back.rings, back.by, back.level) == ("raised", True, "", 0)
    assert back.escalates_at is not None


def test_what_came_and_went_while_put_aside_does_not_ring() -> None:
    aside = alert_acts.shelve(alert(), at=at(0), by="kham", until=at(100))
    gone = alert_acts.return_to_normal(aside, at=at(10), since=at(10))
    again = alert_acts.recur(gone, at=at(20))
    assert (again.state, again.rings, again.shelved_until) == ("shelved", False, at(100))
    gone = alert_acts.return_to_normal(again, at=at(30), since=at(30))
    back = alert_acts.due(gone, at(100))
    assert back is not None
    assert (back.state, back.rings) == ("returned_acknowledged", False)


def test_a_historical_alert_never_rings_nor_is_escalated() -> None:
    past = alert("sos", historical=True)
    assert (past.rings, past.notified_roles, past.escalates_at) == (False, (), None)
    assert alert_acts.due(past, at(10**6)) is None


def test_what_is_known_and_long_over_closes_by_itself() -> None:
    known = alert_acts.acknowledge(alert(), at=at(0), by="kham")
    over = alert_acts.return_to_normal(known, at=at(10), since=at(10))
    assert alert_acts.due(over, at(9 + CLOSED_AFTER.total_seconds())) is None
    closed = alert_acts.due(over, at(10 + CLOSED_AFTER.total_seconds()))
    assert closed is not None
    assert (closed.state, closed.resolved_by) == ("resolved", "")
    unknown = alert_acts.return_to_normal(alert(), at=at(10), since=at(10))
    assert alert_acts.due(unknown, at(10**6)) is None  # somebody has to know of it


def test_what_is_resolved_while_it_holds_is_settled_until_it_is_gone() -> None:
    settled = alert_acts.resolve(alert(), at=at(5), by="kham", note="on my order")
    assert (settled.state, settled.rings, settled.is_closed) == ("settled", False, False)
    gone = alert_acts.return_to_normal(settled, at=at(9), since=at(9))
    assert (gone.state, gone.note, gone.resolved_by) == ("resolved", "on my order", "kham")


def test_what_never_was_is_withdrawn_unless_somebody_knows_of_it() -> None:
    assert alert_acts.withdrawn(alert(), at=at(5)).state == "withdrawn"
    known = alert_acts.acknowledge(alert(), at=at(1), by="kham")
    assert alert_acts.withdrawn(known, at=at(5)).state == "returned_acknowledged"


@given(st.sampled_from(["test:a", "ais:574123456", "u1", "9f1c6a5e0b7d4f0e"]))
def test_an_alert_about_an_unknown_radio_is_seen_by_who_may_see_those(unit: str) -> None:
    seen_by: Any = replace(alert(), unit=unit).viewing_act
    assert seen_by == ("see unknown radios" if ":" in unit else "see alerts")


def test_the_documentation_names_every_rule_and_who_is_notified_when() -> None:
    page = (Path(__file__).parents[3] / "docs" / "reference" / "alerts.md").read_text()
    answers = re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE)
    assert answers == [each.name for each in ALERT_RULES]
    for severity, stages in TIMETABLE.items():
        (row,) = re.findall(rf"^\| {severity} \| (.*) \|$", page, re.MULTILINE)
        at_once, later = (cell.strip() for cell in row.split(" |"))
        assert at_once == ", ".join(stages[0].roles)
        texts = [f"{stage.after_s:.0f} s: {', '.join(stage.roles)}" for stage in stages[1:]]
        assert later == "; ".join(texts)
