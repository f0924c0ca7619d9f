"""Request period: from when to when a report is, if it was asked for by time."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from maps.errors.errors import BadRequest
from maps.reports.document import format as telling
from maps.reports.document.request import ReportRequest
from maps.surveys.query_windows import passed


def time_of(asked: ReportRequest) -> tuple[datetime, datetime]:
    """Return the time that is asked for, as far as it has passed: of what is to come no report
    says that nobody was there.

    Raises:
        BadRequest: If there is none, or all of it is to come.
    """
    if asked.start is None or asked.end is None or asked.end <= asked.start:
        raise BadRequest("say from when to when", field="start")
    return asked.start, passed(asked.start, asked.end, now=datetime.now(UTC))


def last_day(end: datetime) -> datetime:
    """Return a moment of the last day of a time that ends before `end`."""
    return end - timedelta(seconds=1)


def time_facts(asked: ReportRequest, start: datetime, end: datetime) -> tuple[tuple[str, str], ...]:
    """Return what stands at the head of every report of a time."""
    words = asked.words
    found = [
        (words.say("report.time"), telling.span(words, start, end)),
        (words.say("report.time_zone"), str(words.zone)),
        (words.say("report.made_by"), telling.agency(asked.site, asked.own)),
    ]
    if asked.counterpart:
        found.append((words.say("report.made_for"), telling.agency(asked.site, asked.counterpart)))
    return tuple(found)
