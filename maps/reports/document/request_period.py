"""Request period: from when to when a report is, if it was asked for by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from maps.errors.errors import BadRequest
from maps.reports.document import format as formats
from maps.reports.document.request import ReportRequest
from maps.surveys.query_windows import passed


def time_of(request: ReportRequest) -> tuple[datetime, datetime]:
    """Return the time that is asked for, as far as it has passed: of what is to come no report
    says that nobody was there.

    Raises:
        BadRequest: If there is none, or all of it is to come.
    """
    if request.start is None or request.end is None or request.end <= request.start:
        raise BadRequest("say from when to when", field="start")
    return request.start, passed(request.start, request.end, now=datetime.now(UTC))


def last_day(end: datetime) -> datetime:
    """Return a moment of the last day of a time that ends before `end`."""
    return end - timedelta(seconds=1)


def time_facts(
    request: ReportRequest, start: datetime, end: datetime
) -> tuple[tuple[str, str], ...]:
    """Return what stands at the head of every report of a time."""
    words = request.words
    found = [
        (words.text("report.time"), formats.span(words, start, end)),
        (words.text("report.time_zone"), str(words.zone)),
        (words.text("report.made_by"), formats.agency(request.site, request.own)),
    ]
    if request.counterpart:
        found.append(
            (words.text("report.made_for"), formats.agency(request.site, request.counterpart))
        )
    return tuple(found)
