"""Numbers of a report: what is said in short is what its tables say, and little is not nothing."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import msgspec

from maps.language.wording import Wording
from maps.reports.document.document import cell_text
from maps.reports.kinds import monthly, patrol_debrief
from maps.reports.sections.event_tables import seized
from patrol.incidents.incident import Credit, Incident
from patrol.incidents.statistics import Total

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
    answer: Any = SimpleNamespace(words=words)
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
    month: Any = monthly.summary(answer, known)
    patrol: Any = patrol_debrief.summary(answer, known)[0]
    for facts in (month, patrol):
        assert dict(facts.pairs)[words.text("report.incidents")] == "1"


def test_an_amount_is_printed_as_entered() -> None:
    words = Wording()
    for amount, text in (
        (400.0, "400"),
        (12.5, "12.5"),
        (14.0625, "14.0625"),
        (0.0003, "0.0003"),
        (15_000.0, "15\u202f000"),
    ):
        assert f" {text} kg" in seized(words, "heroin", amount, "kg", False), amount


def test_little_that_was_seized_does_not_come_to_nothing() -> None:
    answer: Any = SimpleNamespace(words=Wording())
    seized_ = {"heroin": {"kg": 0.0003}, "opium": {"kg": 12.5}, "acid": {"litres": 0.02}}
    table = monthly.seizure_table(answer, Total(seized=seized_))
    rows = [
        [cell_text(cell, column) for cell, column in zip(row, table.columns, strict=True)]
        for row in table.rows
    ]
    assert [row[:3] for row in rows] == [
        ["heroin", "0.300", "g"],
        ["opium", "12.500", "kg"],
        ["acid", "20.000", "ml"],
    ]
