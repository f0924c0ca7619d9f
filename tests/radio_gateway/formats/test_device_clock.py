from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.formats.device_clock import corrected, nearest_day


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("time_of_day", "heard_at", "moment"),
    [
        ("23:59:59", "2026-01-02T00:00:03", "2026-01-01T23:59:59"),
        ("00:00:01", "2026-01-01T23:59:58", "2026-01-02T00:00:01"),
        ("00:00:01", "2026-12-31T23:59:58", "2027-01-01T00:00:01"),
        ("12:00:00", "2026-01-01T12:00:05", "2026-01-01T12:00:00"),
        ("11:00:00", "2026-01-01T00:30:00", "2026-01-01T11:00:00"),
        ("13:00:00", "2026-01-01T00:30:00", "2025-12-31T13:00:00"),
        ("23:59:59", "2024-03-01T00:00:00", "2024-02-29T23:59:59"),
    ],
)
def test_time_without_a_date_gets_the_nearest_day(
    time_of_day: str, heard_at: str, moment: str
) -> None:
    clock = utc(f"2000-01-01T{time_of_day}") - utc("2000-01-01T00:00:00")
    assert nearest_day(clock, utc(heard_at)) == utc(moment)


@given(
    seconds=st.integers(0, 86_399),
    heard_at=st.integers(600_000_000, 4_000_000_000).map(
        lambda at: datetime.fromtimestamp(at, UTC)
    ),
)
def test_nearest_day_is_never_more_than_twelve_hours_off(seconds: int, heard_at: datetime) -> None:
    moment = nearest_day(timedelta(seconds=seconds), heard_at)
    assert abs(moment - heard_at) <= timedelta(hours=12)
    assert moment.hour * 3600 + moment.minute * 60 + moment.second == seconds


@pytest.mark.parametrize(
    ("said", "live", "time", "flag"),
    [
        ("2026-11-25T12:00:00", True, "2026-11-25T12:00:00", None),
        ("2026-11-25T12:01:59", True, "2026-11-25T12:01:59", None),
        ("2026-11-25T12:02:01", True, "2026-11-25T12:02:01", "future_time"),
        ("2042-01-01T12:00:00", False, "2042-01-01T12:00:00", "future_time"),
        ("2007-04-11T12:00:00", True, "2026-11-25T12:00:00", "week_rollover"),
        ("2006-09-16T19:41:01", False, "2006-09-16T19:41:01", None),
        ("1999-08-22T00:02:31", False, "2019-04-07T00:02:31", "week_rollover"),
        ("1999-08-22T00:02:31", True, "2019-04-07T00:02:31", "week_rollover"),
        ("1980-01-06T00:00:12", True, "1980-01-06T00:00:12", "clock_not_set"),
    ],
)
def test_clock_is_corrected_or_doubted(said: str, live: bool, time: str, flag: str | None) -> None:
    heard_at = utc("2026-11-25T12:00:00")
    assert corrected(utc(said), heard_at, live=live) == (utc(time), flag)
