"""Query windows: records of a time are found by their last change, which may be much later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from maps.errors.errors import BadRequest

_AT_ONCE: Final = timedelta(days=1)
_LATE: Final = timedelta(days=31)


def parts_since(
    start: datetime, end: datetime, *, now: datetime
) -> Iterator[tuple[datetime, datetime]]:
    """Yield the parts of the time from `start` until now in which to look for what changed.

    In parts, since one answer has an end: most have come to their own soon after the time that is
    told of, and what changed long after is little.

    Args:
        start: First moment of the time, aware UTC.
        end: Moment after its last, aware UTC.
        now: The present, aware UTC.

    Yields:
        First moment of each part and the one after its last; that of the last part is still to
        come.

    >>> from datetime import UTC
    >>> day = datetime(2026, 3, 1, tzinfo=UTC)
    >>> parts = list(parts_since(day, day + timedelta(days=2), now=day + timedelta(days=40)))
    >>> len(parts), parts[-1][0].day, parts[-1][1] - parts[-1][0] == timedelta(days=7)
    (35, 10, True)
    """
    first, last = start, max(now, end)
    while first <= last:
        after = first + (_AT_ONCE if first < end + _LATE else 7 * _AT_ONCE)
        yield first, after
        first = after


def passed(start: datetime, end: datetime, *, now: datetime) -> datetime:
    """Return the end of a time as far as it has passed.

    Args:
        start: First moment of the time, aware UTC.
        end: Moment after its last, aware UTC.
        now: The present, aware UTC.

    Raises:
        BadRequest: If all of it is to come.

    >>> from datetime import UTC
    >>> day = datetime(2026, 3, 1, tzinfo=UTC)
    >>> passed(day, day + timedelta(days=2), now=day + timedelta(hours=5)).hour
    5
    """
    if start >= now:
        raise BadRequest("all of that time is to come", field="start")
    return min(end, now)
