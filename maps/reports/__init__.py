"""Reports that leave the system as one file.

A new report is one file, one function that loads it and one line here: what makes reports takes
some megabytes, on nodes where nobody may ever ask for one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final, Literal

import msgspec

from maps.reports.document.document import ReportDocument
from maps.reports.document.request import ReportRequest
from maps.runtime.lazy_import import load

Format = Literal["html", "map", "pdf", "xlsx"]
"""A page, an interactive map, paper, a workbook."""

About = Literal["patrol", "time"]


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """A report that can be asked for.

    Attributes:
        make: Makes it.
        about: Whether it is about one patrol or about a time.
        formats: What it can be had as.
        act: What the reader's role must be allowed to do.
    """

    make: Callable[[ReportRequest], Awaitable[ReportDocument]]
    about: About
    formats: tuple[Format, ...]
    act: str


async def _briefing(request: ReportRequest) -> ReportDocument:
    await load("maps.reports.kinds.briefing")
    from maps.reports.kinds.briefing import patrol_briefing

    return await patrol_briefing(request)


async def _patrol_debrief(request: ReportRequest) -> ReportDocument:
    await load("maps.reports.kinds.patrol_debrief")
    from maps.reports.kinds.patrol_debrief import patrol_debrief

    return await patrol_debrief(request)


async def _coverage(request: ReportRequest) -> ReportDocument:
    await load("maps.reports.kinds.coverage")
    from maps.reports.kinds.coverage import coverage_report

    return await coverage_report(request)


async def _monthly(request: ReportRequest) -> ReportDocument:
    await load("maps.reports.kinds.monthly")
    from maps.reports.kinds.monthly import monthly_pack

    return await monthly_pack(request)


REPORTS: Final[dict[str, Report]] = {
    "briefing": Report(
        make=_briefing, about="patrol", formats=("html", "map", "pdf"), act="see patrols"
    ),
    "patrol-debrief": Report(
        make=_patrol_debrief,
        about="patrol",
        formats=("html", "map", "pdf", "xlsx"),
        act="see incidents",  # else it would say that there was none
    ),
    "coverage": Report(
        make=_coverage,
        about="time",
        formats=("html", "map", "pdf", "xlsx"),
        act="see tracks",
    ),
    "monthly": Report(
        make=_monthly,
        about="time",
        formats=("html", "map", "pdf", "xlsx"),
        act="see incidents",
    ),
}
"""By name; those of plug-ins behind the others (`maps.reports.report_plugins`)."""
