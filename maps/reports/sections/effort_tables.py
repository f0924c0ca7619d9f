"""Effort tables: way and time by unit and by side, as charts and tables."""

from __future__ import annotations

from collections.abc import Sequence

from gis.tracks.effort import ELSEWHERE, UNSURE, Effort
from maps.language.wording import Wording
from maps.reports.document import format as formats
from maps.reports.document.document import Bars, Column, Series, Table, Words, number
from maps.reports.rendering.map_styles import UNKNOWN_SIDE, side_colour

LEAST_TOLD_KM = 0.05
_UNSURE = "#b9b9b9"


def effort_bars(
    words: Wording,
    title: str,
    efforts: Sequence[tuple[str, Effort]],
    *,
    sheet: str,
    upright: bool = False,
) -> Bars:
    """Return the way of each, stacked by the side it was on.

    Args:
        words: The reader's.
        title: Above the chart.
        efforts: Name (of a unit, a day) and effort.
        sheet: Short name of its sheet in a workbook.
        upright: Bars stand, for days.
    """
    sides = sorted({side for _, each in efforts for side in each.sides}, key=_last_unsure)
    return Bars(
        title=title,
        unit="km",
        labels=tuple(name for name, _ in efforts),
        series=tuple(
            Series(
                name=side_name(words, side),
                values=tuple(_km(each, side) for _, each in efforts),
                colour=_colour(side),
            )
            for side in sides
        ),
        decimals=1,
        upright=upright,
        sheet=sheet,
    )


def side_table(words: Wording, effort: Effort) -> Table:
    """Return way and time by the side that units were on."""
    sides = sorted(effort.sides, key=_last_unsure)
    rows = [
        (side_name(words, side), effort.sides[side].km, effort.sides[side].hours) for side in sides
    ]
    rows.append((words.text("report.together"), effort.km, effort.hours))
    return Table(
        title=words.text("report.by_side"),
        columns=(
            Column(words.text("report.on_side")),
            Column(words.text("report.way_km"), 1),
            Column(words.text("report.hours"), 1),
        ),
        rows=tuple(rows),
        totals=True,
        sheet=words.text("report.sheet.by_side"),
    )


def effort_notes(words: Wording, effort: Effort) -> list[Words]:
    """Return how ways were measured: what stands below every table of effort."""
    notes = [words.text("report.effort_note")]
    if effort.along_river_km >= LEAST_TOLD_KM:
        notes.append(words.text("report.measured_along", km=number(effort.along_river_km, 1)))
    return [Words(text=text, kind="note") for text in notes]


def side_name(words: Wording, side: str) -> str:
    """Return the name of a bucket of effort."""
    if side == UNSURE:
        return words.text("report.side_unsure")
    if side == ELSEWHERE:
        return words.text("report.elsewhere")
    return formats.country(words, side)


def _km(effort: Effort, side: str) -> float:
    found = effort.sides.get(side)
    return 0.0 if found is None else found.km


def _colour(side: str) -> str:
    if side == UNSURE:
        return _UNSURE
    return UNKNOWN_SIDE if side == ELSEWHERE else side_colour(side)


def _last_unsure(side: str) -> tuple[bool, str]:
    return side in (UNSURE, ELSEWHERE), side
