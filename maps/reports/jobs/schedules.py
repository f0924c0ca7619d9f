"""Schedules: the period of each recurring report, and when it is due."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from maps.settings.report_settings import ReportSchedule
from patrol.agreements.agreement import DAYS

CATCH_UP: Final = {"month": timedelta(days=10), "week": timedelta(days=3)}
"""How long after its time a report is still sent: the server may have been off."""


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """One time that a schedule tells of.

    Attributes:
        id: Short name, for example `2026-10` or `2026-11-23`: the month, or the day after the week.
        start: First moment, aware, local.
        end: Moment after the last.
        due: When it is to be sent.
    """

    id: str
    start: datetime
    end: datetime
    due: datetime


def newest_due(schedule: ReportSchedule, now: datetime, zone: ZoneInfo) -> Period:
    """Return the newest period whose time to be sent is not still to come.

    >>> from datetime import UTC
    >>> pack = ReportSchedule(name="p", report="monthly", recipients=("a@b.example",), agency="hx")
    >>> zone = ZoneInfo("Asia/Vientiane")
    >>> newest_due(pack, datetime(2026, 11, 24, tzinfo=UTC), zone).id
    '2026-10'
    >>> newest_due(pack, datetime(2026, 10, 31, 22, 59, tzinfo=UTC), zone).id
    '2026-09'
    """
    today = now.astimezone(zone).date()
    period = _period(schedule, today, zone)
    if period.due > now:
        earlier = period.due.date() - timedelta(days=1)
        period = _period(schedule, earlier, zone)
    return period


def next_due(schedule: ReportSchedule, now: datetime, zone: ZoneInfo) -> datetime:
    """Return when the schedule is to be sent next."""
    day = now.astimezone(zone).date()
    for ahead in range(63):
        due = _period(schedule, day + timedelta(days=ahead), zone).due
        if due > now:
            return due
    raise AssertionError("a month or week comes round")


def is_late(schedule: ReportSchedule, period: Period, now: datetime) -> bool:
    """Return whether it is too late to send a period."""
    return now - period.due > CATCH_UP[schedule.every]


def _period(schedule: ReportSchedule, day: date, zone: ZoneInfo) -> Period:
    """Return the period whose day to be sent is `day` or the last one before it."""
    hour, minute = (int(part) for part in schedule.at.split(":"))
    if schedule.every == "month":
        assert isinstance(schedule.day, int)
        first = day.replace(day=1)
        if day.day < schedule.day:
            first = (first - timedelta(days=1)).replace(day=1)
        sent, end = first.replace(day=schedule.day), first
        start = (first - timedelta(days=1)).replace(day=1)
        id = f"{start:%Y-%m}"
    else:
        assert not isinstance(schedule.day, int)
        back = (day.weekday() - DAYS.index(schedule.day)) % 7
        sent = end = day - timedelta(days=back)
        start, id = end - timedelta(days=7), f"{end:%Y-%m-%d}"
    return Period(
        id=id,
        start=datetime.combine(start, time(), zone),
        end=datetime.combine(end, time(), zone),
        due=datetime.combine(sent, time(hour, minute), zone),
    )
