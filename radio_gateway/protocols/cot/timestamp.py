"""Times of Cursor on Target: xs:dateTime in XML, milliseconds since 1970 in TAK protocol.

Source: MITRE, CoT base schema 2.0 (`Event.xsd`), attributes `time`, `start`, `stale`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

_FORM = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?")
_MILLISECONDS = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", re.ASCII)
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST_MS = 253_370_764_800_000  # the year 9999 begins


def read_time(text: str) -> datetime | None:
    """Return an xs:dateTime as aware UTC; one without a zone is UTC. None when it is no time.

    >>> read_time("2026-01-01T07:00:00.25+07:00")
    datetime.datetime(2026, 1, 1, 0, 0, 0, 250000, tzinfo=datetime.timezone.utc)
    """
    text = text.strip()
    if not _FORM.fullmatch(text):
        return None
    try:
        time = datetime.fromisoformat(text)
        if time.tzinfo is UTC:
            return time
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def read_with_text(text: str) -> tuple[datetime, str] | None:
    """Return an xs:dateTime as `read_time` does, and as `show_time` shows it.

    >>> read_with_text("2026-01-01T07:00:00.000Z")
    (datetime.datetime(2026, 1, 1, 7, 0, tzinfo=datetime.timezone.utc), '2026-01-01T07:00:00Z')
    """
    if not _MILLISECONDS.fullmatch(text):
        other = read_time(text)
        return None if other is None else (other, show_time(other))
    try:  # as TAK clients write it
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    return time, f"{text[:19]}Z" if text.endswith(".000Z") else text


def read_milliseconds(value: int) -> datetime | None:
    """Return milliseconds since 1970 as aware UTC; None for zero and beyond the year 9999.

    >>> read_milliseconds(1_767_225_600_250)
    datetime.datetime(2026, 1, 1, 0, 0, 0, 250000, tzinfo=datetime.timezone.utc)
    """
    return _UNIX_EPOCH + timedelta(milliseconds=value) if 0 < value < _LAST_MS else None


def milliseconds(time: datetime) -> int:
    """Return an aware time as whole milliseconds since 1970.

    >>> milliseconds(datetime(2026, 1, 1, tzinfo=UTC))
    1767225600000
    """
    return (time - _UNIX_EPOCH) // timedelta(milliseconds=1)


def show_time(time: datetime, *, always_ms: bool = False) -> str:
    """Return an aware time as xs:dateTime with Z, with milliseconds where there are any.

    Args:
        time: Aware time.
        always_ms: Write the milliseconds even when they are zero, as TAK clients do.

    >>> show_time(datetime(2026, 1, 1, tzinfo=UTC))
    '2026-01-01T00:00:00Z'
    >>> show_time(datetime(2026, 1, 1, microsecond=123, tzinfo=UTC))
    '2026-01-01T00:00:00Z'
    """
    # Less than a millisecond is none: the same event in TAK protocol cannot tell it.
    precision = "milliseconds" if time.microsecond >= 1000 or always_ms else "seconds"
    if time.tzinfo is not UTC:
        time = time.astimezone(UTC)
    return time.isoformat(timespec=precision)[: -len("+00:00")] + "Z"
