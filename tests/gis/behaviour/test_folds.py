"""Loitering, presence, speeding and meeting: told by many fixes, never by a wild one or two."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from gis.behaviour.loitering import LoiteringStay, stay
from gis.behaviour.meeting import Meeting, meeting
from gis.behaviour.presence import Presence, presence
from gis.behaviour.speeding import Speeding, speeding
from gis.position.position import Position

NOON = datetime(2026, 12, 1, 12, tzinfo=UTC)
LAT_M = 1 / 110_700.0
LON_M = 1 / 104_400.0


def at(
    second: float,
    east_m: float = 0.0,
    north_m: float = 0.0,
    *,
    accuracy_m: float = 15.0,
    speed_mps: float | None = None,
) -> Position:
    return Position(
        lon=100.4 + east_m * LON_M,
        lat=20.27 + north_m * LAT_M,
        time=NOON + timedelta(seconds=second),
        accuracy_m=accuracy_m,
        speed_mps=speed_mps,
    )


def noise(seed: int, count: int, *, step_s: float = 10.0, wild: float = 0.0) -> np.ndarray:
    """Return errors of fixes, correlated over two minutes, with double outliers of 400 m."""
    rng = np.random.default_rng(seed)
    keeps = np.exp(-step_s / 120.0)
    found = rng.normal(0, 10.0, (count, 2))
    for n in range(1, count):
        found[n] = keeps * found[n - 1] + np.sqrt(1 - keeps**2) * found[n]
    for at_ in np.flatnonzero(rng.random(count - 1) < wild):
        found[at_ : at_ + 2] += 400.0
    return found


# -- loitering


def stayed(fixes: Iterable[Position], *, within_m: float = 100.0) -> LoiteringStay:
    now: LoiteringStay | None = None
    for fix in fixes:
        now = stay(now, fix, within_m=within_m, gap_s=900.0)
    assert now is not None
    return now


def length_s(now: LoiteringStay) -> float:
    return (now.seen_at - now.since).total_seconds()


@pytest.mark.parametrize("seed", range(5))
def test_a_moored_boat_stays_though_one_fix_in_fifty_is_wild(seed: int) -> None:
    wrong = noise(seed, 720, wild=0.02)
    now = stayed(at(10 * n, *wrong[n]) for n in range(720))
    assert length_s(now) >= 7100.0


def test_a_boat_that_goes_about_in_a_small_place_stays() -> None:
    now = stayed(at(s, 70 * np.sin(s / 50), 70 * np.cos(s / 70)) for s in range(0, 2400, 10))
    assert length_s(now) == 2390.0


def test_a_boat_that_drifts_slowly_through_does_not_stay() -> None:
    now = stayed(at(s, 0.5 * s) for s in range(0, 7200, 10))
    assert length_s(now) < 900.0


def test_a_boat_under_way_does_not_stay_and_one_that_comes_to_rest_stays_from_then() -> None:
    way = [at(s, 5.0 * min(s, 1000)) for s in range(0, 3000, 10)]
    now = stayed(way)
    assert abs((now.since - NOON).total_seconds() - 1000.0) <= 60.0


def test_a_boat_heard_every_five_minutes_stays_and_leaves() -> None:
    resting = [at(300 * n, 20.0 * (n % 2)) for n in range(8)]
    assert length_s(stayed(resting)) == 2100.0
    gone = stayed([*resting, at(2400, 900), at(2700, 1800)])
    assert length_s(gone) <= 300.0


def test_nothing_is_known_of_a_silence() -> None:
    now = stayed([at(0), at(60), at(2000), at(2060)])
    assert length_s(now) == 60.0


def test_a_fix_as_vague_as_the_circle_is_no_evidence() -> None:
    now = stayed([at(0), *(at(60 * n, accuracy_m=250.0) for n in range(1, 30))])
    assert length_s(now) == 0.0


# -- presence


def present(places: Sequence[bool], *, near_edge: bool = False) -> Presence:
    now: Presence | None = None
    for n, inside in enumerate(places):
        now = presence(now, at(60 * n), inside=inside, near_edge=near_edge)
    assert now is not None
    return now


def test_presence_begins_with_the_first_of_the_fixes_that_agree() -> None:
    now = present([False, True, True, True])
    assert now.inside
    assert now.since == NOON + timedelta(seconds=60)


def test_two_wild_fixes_do_not_end_a_presence_and_a_way_out_does() -> None:
    assert present([True] * 5 + [False] * 2 + [True]).since == NOON
    assert not present([True] * 5 + [False] * 5).inside


def test_one_wild_fix_is_no_presence() -> None:
    assert not present([False, True, False, False]).inside


@pytest.mark.parametrize("seed", range(8))
def test_a_boat_moored_beside_an_area_is_not_in_it_for_long(seed: int) -> None:
    now: Presence | None = None
    longest = 0.0
    for n, (east, _) in enumerate(noise(seed, 720)):
        inside = east > 15.0  # the edge is 15 m from its berth
        now = presence(now, at(10 * n), inside=inside, near_edge=abs(east - 15.0) < 15.0)
        if now.inside and now.since is not None and now.seen_at is not None:
            longest = max(longest, (now.seen_at - now.since).total_seconds())
    assert longest < 1200.0


# -- speeding


def sped(fixes: Iterable[Position], *, limit_mps: float = 5.0) -> list[Speeding]:
    found: list[Speeding] = []
    for fix in fixes:
        before = found[-1] if found else None
        found.append(speeding(before, fix, limit_mps=limit_mps, inside=True, gap_s=900.0))
    return found


def test_a_fast_boat_is_reported_by_its_own_speed_or_by_its_way() -> None:
    for told in (8.0, None):
        fixes = [at(10 * n, 80 * n, speed_mps=told, accuracy_m=5.0) for n in range(12)]
        last = sped(fixes)[-1]
        assert last.is_sure
        assert 7.5 <= last.least_mps <= 8.0


def test_a_boat_at_the_limit_is_not() -> None:
    fixes = [at(10 * n, 50 * n, speed_mps=5.2) for n in range(50)]
    assert not any(each.is_sure for each in sped(fixes))


@pytest.mark.parametrize("told", [None, 0.0])
@pytest.mark.parametrize("seed", range(4))
def test_spikes_of_a_slow_boat_are_no_speed(seed: int, told: float | None) -> None:
    wrong = noise(seed, 3000, wild=0.02)
    fixes = (at(10 * n, *wrong[n], speed_mps=told) for n in range(3000))
    assert not any(each.is_sure for each in sped(fixes))


def test_a_set_that_tells_a_speed_and_stays_where_it_is_does_not_move() -> None:
    fixes = [at(10 * n, speed_mps=9.0, accuracy_m=5.0) for n in range(50)]
    assert not any(each.is_sure for each in sped(fixes))


def test_one_wrong_speed_is_ignored_and_one_slow_report_ends_nothing() -> None:
    slow = [at(10 * n, 20 * n, speed_mps=30.0 if n == 9 else 2.0) for n in range(30)]
    assert not any(each.is_sure for each in sped(slow))
    fast = [at(10 * n, 80 * n, speed_mps=2.0 if n == 9 else 8.0) for n in range(30)]
    now = sped(fast)
    assert now[9].is_sure
    assert now[-1].since == fast[0].time


def test_a_boat_that_slows_down_is_fast_no_longer() -> None:
    fast = [at(10 * n, 80 * n, speed_mps=8.0) for n in range(10)]
    slow = [at(100 + 10 * n, 720 + 10 * n, speed_mps=1.0) for n in range(6)]
    assert not sped([*fast, *slow])[-1].is_sure


# -- meeting


def met(
    apart: Sequence[float], *, step_s: float = 10.0, slow: bool = True, within_m: float = 100.0
) -> Meeting | None:
    now: Meeting | None = None
    for n, apart_m in enumerate(apart):
        now = meeting(
            now,
            NOON + timedelta(seconds=step_s * n),
            apart_m=apart_m,
            wrong_m=30.0,
            slow=slow,
            within_m=within_m,
            gap_s=900.0,
        )
    return now


@pytest.mark.parametrize("seed", range(4))
def test_boats_alongside_are_together_in_spite_of_noise(seed: int) -> None:
    apart = np.hypot(*(10.0 + noise(seed, 360) - noise(seed + 50, 360)).T)
    now = met(list(apart))
    assert now is not None
    assert (now.seen_at - now.since).total_seconds() > 3000.0
    assert now.mean_m < 60.0


def test_boats_that_pass_or_keep_company_under_way_do_not_meet() -> None:
    passing = met([500, 60, 20, 90, 500, 900, 1200, 1500, 1800, 2100, 2400])
    assert passing is None
    assert met([50.0] * 100, slow=False) is None


def test_boats_anchored_a_little_farther_apart_are_not_near_on_average() -> None:
    apart = np.hypot(*(np.array([140.0, 0.0]) + noise(3, 720) - noise(4, 720)).T)
    now = met(list(apart))
    assert now is None or now.mean_m > 100.0


def test_two_wild_fixes_do_not_part_boats() -> None:
    now = met([40.0] * 20 + [500.0] * 2 + [40.0] * 5)
    assert now is not None
    assert now.since == NOON
