"""Report file: makes one report as a file, for the page, the mail and the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

from maps.errors.errors import BadRequest
from maps.reports import REPORTS, Format
from maps.reports.document.request import ReportRequest
from maps.reports.jobs.render import ReportFile, rendered
from patrol.errors.errors import NotFound
from patrol.units.permissions import require

GATHERED = 0.7
"""Share of the work that is done when all is gathered; the rest is laying out."""


def check(name: str, kind: Format, request: ReportRequest) -> None:
    """Refuse what cannot be made, before anything is read.

    Raises:
        NotFound: If there is no such report.
        BadRequest: If it cannot be had in that format, names no patrol or time, only one end of a
            stretch of river, or a counterpart that is none.
        Forbidden: If the role may not.
    """
    report = REPORTS.get(name)
    if report is None:
        raise NotFound("report", name)
    require(request.desk.user.role, report.act)
    if kind not in report.formats:
        formats = ", ".join(report.formats)
        raise BadRequest(f"this report can be had as {formats}", field="format")
    if report.about == "patrol" and not request.patrol:
        raise BadRequest("say which patrol", field="patrol")
    if report.about == "time":
        if request.start is None or request.end is None:
            raise BadRequest("say from when to when", field="start")
        if request.end <= request.start:
            raise BadRequest("end comes after start", field="end")
    if (request.km_from is None) != (request.km_to is None):
        raise BadRequest("say from which kilometre to which", field="km_from")
    if request.counterpart and name != "monthly":
        raise BadRequest("only the monthly pack is made for a counterpart", field="counterpart")
    if request.counterpart and (
        request.counterpart == request.own or request.counterpart not in request.site.agencies
    ):
        raise BadRequest("is no counterpart at this node", field="counterpart")


async def make_report(
    name: str,
    kind: Format,
    request: ReportRequest,
    *,
    progress: Callable[[float], None] | None = None,
) -> ReportFile:
    """Return a report as a file.

    Raises:
        As `check` and the report itself; NotBuilt and ReportFailed as `rendered`.
    """
    check(name, kind, request)
    if progress is not None:
        report_progress = progress
        request = replace(request, progress=lambda share: report_progress(GATHERED * share))
    document = await REPORTS[name].make(request)
    if progress is not None:
        progress(GATHERED)
    return await rendered(document, kind, at=datetime.now(UTC))
