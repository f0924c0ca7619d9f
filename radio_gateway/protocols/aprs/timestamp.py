"""The seven characters of time in APRS: a day of the month or nothing tells the date.

    DHM  ddhhmmz   day of the month, hour, minute, UTC
         ddhhmm/   the same in the sender's local time, whatever that is
    HMS  hhmmssh   hour, minute, second, UTC
    MDHM mmddhhmm  month, day, hour, minute, UTC (weather only; eight characters)

`111111z` stands for no time: the object is always there.

Source: APRS Protocol Reference 1.0.1, chapter 6; aprs.org, "Object permanence" (111111z).
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import msgspec

from radio_gateway.formats.device_clock import AHEAD, nearest_day

LENGTH = 7

_STAMP = re.compile(r"(\d\d)(\d\d)(\d\d)([z/h])", re.ASCII)
_ALWAYS = "111111z"


class Stamp(msgspec.Struct, frozen=True, gc=False):
    """A time as it was sent, and what it means.

    Attributes:
        text: As sent, for example `092345z`; None when it is no time at all.
        time: The moment meant, aware UTC; None when that cannot be known.
        flag: `bad_time`, `local_time` (of an unknown zone) or `future_time`.
    """

    text: str | None = None
    time: datetime | None = None
    flag: str | None = None


def read_stamp(raw: bytes, heard_at: datetime, *, live: bool) -> Stamp:
    """Read a time.

    Args:
        raw: Seven bytes.
        heard_at: When it was heard, aware UTC. Of a time without a date the nearest is meant; of
            one with a day of the month the latest that is not days ahead of this.
        live: It was heard when `heard_at` says; otherwise the moment stays unknown.

    >>> from datetime import UTC
    >>> read_stamp(b"302359z", datetime(2026, 7, 1, 0, 5, tzinfo=UTC), live=True).time
    datetime.datetime(2026, 6, 30, 23, 59, tzinfo=datetime.timezone.utc)
    """
    text = raw.decode("latin-1")
    match = _STAMP.fullmatch(text)
    if match is None:
        return Stamp(flag="bad_time")
    first, second, third = int(match[1]), int(match[2]), int(match[3])
    if match[4] == "h":
        if first > 23 or second > 59 or third > 59:
            return Stamp(text, flag="bad_time")
        if not live:
            return Stamp(text)
        of_day = timedelta(hours=first, minutes=second, seconds=third)
        return Stamp(text, nearest_day(of_day, heard_at))
    if text == _ALWAYS:
        return Stamp(text)
    if not 1 <= first <= 31 or second > 23 or third > 59:
        return Stamp(text, flag="bad_time")
    if match[4] == "/":
        return Stamp(text, flag="local_time")
    if not live:
        return Stamp(text)
    time = _latest_month(first, timedelta(hours=second, minutes=third), heard_at)
    ahead = time is not None and time - heard_at > AHEAD
    return Stamp(text, time, "future_time" if ahead else None)


# A clock further ahead than this is wrong anyhow; an object's time may be weeks old.
_AT_MOST_AHEAD = timedelta(days=3)


def _latest_month(day: int, of_day: timedelta, heard_at: datetime) -> datetime | None:
    """Return the latest moment on this day of a month that can have been meant."""
    midnight = heard_at.replace(hour=0, minute=0, second=0, microsecond=0)
    this_month = midnight.year * 12 + midnight.month - 1
    for month in range(this_month + 1, this_month - 3, -1):
        try:
            moment = midnight.replace(year=month // 12, month=month % 12 + 1, day=day) + of_day
        except ValueError:  # no such day in that month, or no such year
            continue
        if moment - heard_at <= _AT_MOST_AHEAD:
            return moment
    return None
