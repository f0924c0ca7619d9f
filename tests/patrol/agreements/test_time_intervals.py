"""Sets of moments: the same one by one and as stretches, also where clocks are turned."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from patrol.agreements.agreement import DAYS, Hours
from patrol.agreements.time_intervals import MOST_DAYS, Stretch, common, joined, of_hours, within
from tests.fixtures.examples import examples

YEAR = datetime(2026, 1, 1, tzinfo=UTC)
seconds = st.integers(0, 366 * 86_400)


@settings(max_examples=examples(300), deadline=None)
@given(
    zone=st.sampled_from(("Asia/Vientiane", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu")),
    start=st.integers(0, 1439),
    end=st.integers(1, 1440),
    days=st.sets(st.sampled_from(DAYS), min_size=1),
    first=seconds,
    days_long=st.integers(1, 40),
    data=st.data(),
)
def test_hours_are_the_same_as_stretches_and_one_by_one(
    zone: str, start: int, end: int, days: Any, first: int, days_long: int, data: Any
) -> None:
    hours = Hours(time_zone=zone, start=start, end=end, days=tuple(days))
    begins = YEAR + timedelta(seconds=first)
    ends = begins + timedelta(days=days_long)
    found = of_hours(hours, begins, ends)
    assert found == joined(found)
    edges = [edge for stretch in found for edge in stretch]
    moments = [begins + timedelta(seconds=data.draw(st.integers(0, days_long * 86_400 - 1)))]
    moments += [edge + timedelta(microseconds=us) for edge in edges[:20] for us in (-1, 0)]
    for moment in moments:
        if begins <= moment < ends:
            assert within(hours, moment) == any(a <= moment < b for a, b in found)


@given(
    one=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8),
    other=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=8),
)
def test_common_and_joined_are_those_of_sets(
    one: list[tuple[int, int]], other: list[tuple[int, int]]
) -> None:
    def stretches(some: list[tuple[int, int]]) -> list[Stretch]:
        return joined((YEAR + timedelta(hours=a), YEAR + timedelta(hours=b)) for a, b in some)

    def moments(some: list[Stretch]) -> set[int]:
        return {
            hour
            for hour in range(41)
            if any(a <= YEAR + timedelta(hours=hour) < b for a, b in some)
        }

    said, also = stretches(one), stretches(other)
    assert moments(said) == {hour for a, b in one for hour in range(a, b)}
    assert moments(common(said, also)) == moments(said) & moments(also)


def test_of_a_very_long_time_the_newest_days_count() -> None:
    end = datetime(2060, 1, 1, tzinfo=UTC)
    found = of_hours(
        Hours(time_zone="Asia/Vientiane", end=60), datetime(2000, 1, 1, tzinfo=UTC), end
    )
    assert MOST_DAYS - 1 <= len(found) <= MOST_DAYS + 1
    assert found[-1][1] <= end
