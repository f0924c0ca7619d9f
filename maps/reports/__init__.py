"""Reports that leave the system as one file. A new report is one file and one line here."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from maps.reports.asked import Asked
from maps.reports.briefing import patrol_briefing
from maps.reports.coverage import coverage_report
from maps.reports.document import Document
from maps.reports.monthly import monthly_pack
from maps.reports.patrol_debrief import patrol_debrief

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

    make: Callable[[Asked], Awaitable[Document]]
    about: About
    formats: tuple[Format, ...]
    act: str


REPORTS: Final[Mapping[str, Report]] = MappingProxyType(
    {
        "briefing": Report(
            make=patrol_briefing, about="patrol", formats=("html", "map", "pdf"), act="see patrols"
        ),
        "patrol-debrief": Report(
            make=patrol_debrief,
            about="patrol",
            formats=("html", "map", "pdf", "xlsx"),
            act="see incidents",  # else it would say that there was none
        ),
        "coverage": Report(
            make=coverage_report,
            about="time",
            formats=("html", "map", "pdf", "xlsx"),
            act="see tracks",
        ),
        "monthly": Report(
            make=monthly_pack,
            about="time",
            formats=("html", "map", "pdf", "xlsx"),
            act="see incidents",
        ),
    }
)
"""By name."""
