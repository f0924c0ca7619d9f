"""Roll call: a report of the units that the reader may see, and when each was last heard."""

from __future__ import annotations

from datetime import UTC, datetime

from maps.reports import Report
from maps.reports.document.document import Column, ReportDocument, Section, Table
from maps.reports.document.format import made_line
from maps.reports.document.request import ReportRequest


async def roll_call(request: ReportRequest) -> ReportDocument:
    """Return the report, in English: words of a plug-in are its own."""
    now = datetime.now(UTC)
    units = sorted(request.desk.visible.units(), key=lambda unit: unit.call_sign)
    rows = tuple(
        (
            unit.call_sign,
            unit.liveness,
            "never" if unit.last is None else request.words.moment(unit.last.time),
        )
        for unit in units
    )
    table = Table(
        columns=(Column("Unit"), Column("State"), Column("Last position")),
        rows=rows,
        empty="There are no units.",
    )
    return ReportDocument(
        report="roll-call",
        language="en",
        title="Roll call",
        subtitle=request.words.moment(now),
        facts=(("Units", str(len(units))),),
        sections=(Section(title="Units", blocks=(table,)),),
        made_line=made_line(request, now),
    )


REPORT = Report(make=roll_call, about="time", formats=("html", "xlsx"), act="see the picture")
