"""What a debrief tells of single moments: silences from the beginning to the end."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from maps.reports.records.trips import along, silences
from patrol.units.wire import Fix

BEGIN = datetime(2026, 11, 24, 12, tzinfo=UTC)


def after(minutes: float) -> datetime:
    return BEGIN + timedelta(minutes=minutes)


def told(*minutes: float, since: datetime | None = BEGIN) -> Sequence[tuple[bool, bool, float]]:
    """Return of each silence whether a position stands before and after it, and its minutes."""
    fixes = [Fix(of="a", lon=100.4, lat=20.27, time=after(each)) for each in minutes]
    found = silences(fixes, gap_s=300.0, since=since, until=after(60))
    return [(each.start is not None, each.end is not None, each.seconds / 60.0) for each in found]


def test_a_silence_counts_from_the_beginning_to_the_end() -> None:
    assert told(0, 4, 30, 34, 58) == [(True, True, 26), (True, True, 24)]
    assert told(40, 44, 47, 50) == [(False, True, 40), (True, False, 10)]
    assert told(2, *range(4, 60, 4)) == []


def test_a_unit_that_never_reported_was_silent_all_the_time() -> None:
    assert told() == [(False, False, 60)]


def test_nothing_is_reported_of_the_past_if_it_is_not_known() -> None:
    assert told(40, 44, 48, 52, 56, since=None) == []
    assert told(since=None) == []


def test_the_way_along_the_river_is_without_noise_and_without_gaps() -> None:
    def fix(minutes: float, km: float) -> Fix:
        return Fix(of="a", lon=100.0 + km / 100.0, lat=20.27, time=after(minutes), river_km=km)

    moored = [fix(n / 6.0, 2356.0 + 0.01 * (n % 2)) for n in range(300)]
    found = along(moored, gap_s=300.0)
    assert found is not None
    assert (found.km, found.low, found.high) == (0.0, 2356.0, 2356.01)
    sailing = [
        *(fix(n, 2356.0 - n) for n in range(6)),
        *(fix(60 + n, 2300.0 + n) for n in range(4)),
    ]
    found = along(sailing, gap_s=300.0)
    assert found is not None
    assert found.km == pytest.approx(8.0)
    assert along([Fix(of="a", lon=99.0, lat=20.27, time=BEGIN)], gap_s=300.0) is None
