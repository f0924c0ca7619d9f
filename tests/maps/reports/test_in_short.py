"""What a report says in short is what its tables say."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec

from maps.reports.monthly import _in_short as month_in_short
from maps.reports.patrol_debrief import _in_short as patrol_in_short
from maps.wording import Wording
from patrol.incidents import Credit, Incident

DAY = datetime(2026, 11, 24, tzinfo=UTC)


def test_what_both_sides_logged_of_one_event_is_one_incident() -> None:
    ours = Incident(
        id="ours",
        agency="la-hx",
        at=DAY,
        category="drugs",
        happened_at=DAY,
        precision="day",
        credited=(Credit(agency="la-hx", country="LA"),),
    )
    theirs = msgspec.structs.replace(ours, id="theirs", agency="th-ck", same_as="ours")
    words = Wording()
    asked: Any = SimpleNamespace(words=words)
    known: Any = SimpleNamespace(
        incidents=[ours, theirs],
        units=[],
        alerts=[],
        hand_offs=[],
        effort=None,
        coverage=None,
        start=DAY,
        end=DAY,
    )
    month: Any = month_in_short(asked, known)
    patrol: Any = patrol_in_short(asked, known)[0]
    for facts in (month, patrol):
        assert dict(facts.pairs)[words.say("report.incidents")] == "1"
