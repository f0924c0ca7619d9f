"""What a device's own clock is worth: dates of two digits, times without a date, week rollover.

A GPS receiver counts weeks in ten bits: every 1024 weeks (19.6 years) old firmware falls back to
a date 1024 weeks ago. Real receivers said 1999-08-22 on 2019-04-07.

Source: IS-GPS-200, 20.3.3.3.1.1 (week number); the correction and its margin follow what Traccar
does for its devices (TimeHandler); the rest is our policy.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

GPS_ERA = timedelta(weeks=1024)
ROLLOVER_AGE = GPS_ERA - timedelta(days=90)
AHEAD = timedelta(seconds=120)  # a clock further ahead than this is wrong, not just fast

_HALF_DAY = timedelta(hours=12)
_ONE_DAY = timedelta(days=1)
_NOT_AHEAD = -AHEAD
_GPS_START_END = datetime(1980, 2, 1, tzinfo=UTC)  # a clock never set counts from 1980-01-06
_GPS_IN_SERVICE = datetime(2000, 1, 1, tzinfo=UTC)


def full_year(two_digits: int) -> int:
    """Return the year a two-digit one stands for: GPS time starts in 1980.

    >>> full_year(80), full_year(26)
    (1980, 2026)
    """
    return two_digits + (1900 if two_digits >= 80 else 2000)


def nearest_day(time_of_day: timedelta, heard_at: datetime) -> datetime:
    """Return the moment with this time of day that is nearest to when it was heard.

    Args:
        time_of_day: Time since midnight UTC.
        heard_at: When it was heard, aware UTC.

    Returns:
        The moment, less than or exactly 12 hours from `heard_at`; so a time of 23:59:59 heard
        just after midnight belongs to the day before.
    """
    midnight = heard_at.replace(hour=0, minute=0, second=0, microsecond=0)
    moment = midnight + time_of_day
    if moment - heard_at > _HALF_DAY:
        return moment - _ONE_DAY
    if heard_at - moment > _HALF_DAY:
        return moment + _ONE_DAY
    return moment


def corrected(
    device_time: datetime, heard_at: datetime, *, live: bool
) -> tuple[datetime, str | None]:
    """Return a device's full time, with its GPS week corrected where it must have rolled over.

    Args:
        device_time: What the device said, aware UTC.
        heard_at: When it was heard, aware UTC.
        live: It was heard when `heard_at` says. Otherwise only a date before 2000, when no
            radio of a patrol had a receiver, is known to be wrong.

    Returns:
        The time and the flag that belongs to it: `week_rollover` (corrected), `clock_not_set`
        (as said: the clock counts from the GPS epoch), `future_time` (as said) or None.
    """
    age = heard_at - device_time
    if _NOT_AHEAD <= age <= ROLLOVER_AGE:
        return device_time, None
    if age < _NOT_AHEAD:
        return device_time, "future_time"
    if device_time < _GPS_START_END:
        return device_time, "clock_not_set"
    oldest = heard_at - ROLLOVER_AGE if live else _GPS_IN_SERVICE
    if device_time >= oldest:
        return device_time, None
    while device_time < oldest:
        device_time += GPS_ERA
    return device_time, "week_rollover"
