"""Effective time of a transmission: which of its clocks the picture takes, and why.

A device's clock can be ahead (a bad battery, a set date), years behind (a GPS week rollover) or
absent. It is believed only where it can be true; otherwise the time at which the message was heard
stands in and a flag says so, so that a wrong clock neither freezes nor rewinds a marker.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from patrol.errors.errors import Conflict

TimeSource = Literal["device", "passed_on", "heard"]

AHEAD: Final = timedelta(seconds=120)
"""A device clock further ahead than this is wrong: nothing is heard before it is sent."""

_LEAST_BEHIND: Final = -AHEAD

BEHIND: Final = timedelta(days=30)
"""A device clock further behind than this is wrong rather than a report kept back so long."""

FEEDER_BEHIND: Final = timedelta(hours=24)
"""A feeder's clock further behind than this is wrong; some are off by two days."""

FIRST_DATE: Final = datetime(2000, 1, 1, tzinfo=UTC)
LAST_DATE: Final = datetime(2100, 1, 1, tzinfo=UTC)


def check_date(time: datetime | None) -> None:
    """Refuse a date outside the years 2000 to 2099.

    Args:
        time: What a person gave, aware; None if nothing.

    Raises:
        Conflict: If it is outside.
    """
    if time is not None and not FIRST_DATE <= time < LAST_DATE:
        raise Conflict("that date is before the year 2000 or after 2099")


def effective_time(
    *, device_time: datetime | None, passed_on_at: datetime | None, heard_at: datetime
) -> tuple[datetime, TimeSource, str | None]:
    """Choose the time at which a transmission counts.

    Args:
        device_time: What the device said, aware UTC.
        passed_on_at: When a feeder or broker says it passed the message on, aware UTC.
        heard_at: When the gateway read it, aware UTC.

    Returns:
        The effective time, which clock it comes from, and the flag that says why the device's
        was not taken: `no_device_time`, `future_time`, `old_clock`; None when it was.

    >>> from datetime import UTC
    >>> heard = datetime(2026, 11, 24, 12, tzinfo=UTC)
    >>> effective_time(device_time=None, passed_on_at=None, heard_at=heard)[1:]
    ('heard', 'no_device_time')
    >>> effective_time(device_time=heard + timedelta(days=1), passed_on_at=None, heard_at=heard)[1:]
    ('heard', 'future_time')
    """
    flag = "no_device_time"
    if device_time is not None:
        behind = heard_at - device_time
        if behind < _LEAST_BEHIND:
            flag = "future_time"
        elif behind > BEHIND:
            flag = "old_clock"
        else:
            return device_time, "device", None
    if passed_on_at is not None and -FEEDER_BEHIND < passed_on_at - heard_at < AHEAD:
        return passed_on_at, "passed_on", flag
    return heard_at, "heard", flag
