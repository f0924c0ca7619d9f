"""Time intervals: sets of moments as sorted lists of (start, end) that do not touch, and hours.

Pure; every time is aware UTC, the start in and the end out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final, TypeAlias
from zoneinfo import ZoneInfo

from patrol.agreements.agreement import DAYS, Hours

Stretch: TypeAlias = tuple[datetime, datetime]

MOST_DAYS: Final = 3660
"""Days whose hours are told at most, the newest: ten years."""

_DAY: Final = timedelta(days=1)


def joined(stretches: Iterable[Stretch]) -> list[Stretch]:
    """Return the moments that are in any of the stretches.

    >>> day = [datetime(2026, 1, d, tzinfo=UTC) for d in range(1, 6)]
    >>> joined([(day[2], day[3]), (day[0], day[2])]) == [(day[0], day[3])]
    True
    """
    found: list[Stretch] = []
    for start, end in sorted(each for each in stretches if each[0] < each[1]):
        if found and start <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], end))
        else:
            found.append((start, end))
    return found


def common(one: Sequence[Stretch], other: Sequence[Stretch]) -> list[Stretch]:
    """Return the moments that are in both; each must be as `joined` returns it.

    >>> common([], [(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))])
    []
    """
    found: list[Stretch] = []
    at = 0
    for start, end in one:
        while at < len(other) and other[at][1] <= start:
            at += 1
        for first, last in other[at:]:
            if first >= end:
                break
            found.append((max(start, first), min(end, last)))
    return found


def within(hours: Hours | None, at: datetime) -> bool:
    """Return whether a moment is in the hours; always without any.

    >>> night = Hours(time_zone="Asia/Vientiane", start=20 * 60, end=4 * 60, days=("fri",))
    >>> within(night, datetime(2026, 11, 27, 20, 59, tzinfo=UTC))  # 03:59 on Saturday
    True
    >>> within(night, datetime(2026, 11, 27, 21, 0, tzinfo=UTC))
    False
    """
    if hours is None:
        return True
    try:
        day = at.astimezone(zone(hours.time_zone)).date()
    except OverflowError:  # a time that is in no calendar
        return False
    return any(start <= at < end for start, end in _of_days(hours, day - _DAY, day))


def of_hours(hours: Hours, start: datetime, end: datetime) -> list[Stretch]:
    """Return the hours from `start` to `end`; of more than `MOST_DAYS` days those of the newest."""
    local = zone(hours.time_zone)
    start = max(start, end - MOST_DAYS * _DAY) if end - MOST_DAYS * _DAY > _FIRST else start
    first, last = start.astimezone(local).date() - _DAY, end.astimezone(local).date()
    return common(joined(_of_days(hours, first, last)), [(start, end)])


@cache
def zone(name: str) -> ZoneInfo:
    """Return a time zone by its IANA name.

    Raises:
        ZoneInfoNotFoundError: If there is none.
    """
    return ZoneInfo(name)


_FIRST: Final = datetime(1900, 1, 1, tzinfo=UTC)


def _of_days(hours: Hours, first: date, last: date) -> Iterable[Stretch]:
    """Yield the hours that begin on each day from `first` to `last`, both in."""
    local, day = zone(hours.time_zone), first
    while day <= last:
        if DAYS[day.weekday()] in hours.days:
            until = day if hours.end > hours.start else day + _DAY
            yield _moment(day, hours.start, local), _moment(until, hours.end, local)
        day += _DAY


def _moment(day: date, minute: int, local: ZoneInfo) -> datetime:
    """Return the moment at which local clocks first show a minute of a day; 1440 is the next."""
    if minute >= 1440:
        day, minute = day + _DAY, 0
    at = datetime.combine(day, time(minute // 60, minute % 60), local)
    return at.astimezone(UTC)
