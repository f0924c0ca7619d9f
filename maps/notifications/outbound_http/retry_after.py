"""Retry-After: how long another server asks to be left alone."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from radio_gateway.clock.clock import utc_now

LONGEST_S: Final = 900.0


def retry_after_s(header: str | None, now: datetime | None = None) -> float | None:
    """Return what a Retry-After header says, seconds, at most 15 minutes; None for nothing.

    Source: RFC 9110, 10.2.3.

    >>> retry_after_s("120"), retry_after_s("9999999"), retry_after_s("soon"), retry_after_s(None)
    (120.0, 900.0, None, None)
    >>> retry_after_s("Wed, 21 Oct 2026 07:28:00 GMT", datetime(2026, 10, 21, 7, 27, tzinfo=UTC))
    60.0
    """
    if header is None:
        return None
    if header.strip().isascii() and header.strip().isdigit():
        return min(float(header.strip()[:9]), LONGEST_S)
    try:
        moment = parsedate_to_datetime(header)
    except (ValueError, TypeError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    left_s = (moment - (now or utc_now())).total_seconds()
    return min(max(left_s, 0.0), LONGEST_S)
