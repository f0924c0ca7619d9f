"""What cannot be true goes, what is true stays, and each reason is named."""

from __future__ import annotations

import itertools
import random
from datetime import datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.geodesy import Floats, destination, distance_m
from gis.position import Position
from gis.tracks.chords import cartesian
from gis.tracks.cleaning import clean, reachable_chain
from gis.tracks.track import from_us
from tests.gis.tracks.journeys import at, moment, positions, same


def whys(given: list[Position], **options: object) -> list[tuple[int, str]]:
    return [(each.index, each.why) for each in clean(given, **options).removed]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (Position(lon=100.0, lat=20.0), "no_time"),
        (Position(lon=100.0, lat=20.0, time=datetime(2026, 1, 1)), "no_time"),  # noqa: DTZ001
        (at(5, 20.27, 100.4), "no_place"),
        (at(5, float("nan"), 20.0), "no_place"),
        (at(0), "duplicate"),
        (at(0, 100.5), "same_time"),
        (at(5, 101.4), "speed"),
    ],
)
def test_one_position_that_cannot_be_true_goes_with_its_reason(given: Position, why: str) -> None:
    good = [at(second, 100.4 + second * 1e-5) for second in (-10, 0, 10, 20)]
    cleaned = clean([good[0], good[1], given, *good[2:]])
    assert [(each.index, each.why) for each in cleaned.removed] == [(2, why)]
    assert cleaned.kept.tolist() == [0, 1, 3, 4]
    assert cleaned.track.positions() == good


def test_a_reason_tells_its_figures() -> None:
    [removed] = clean([at(0), at(10, 101.4), at(20), at(30)]).removed
    speed = distance_m(lon1=100.4, lat1=20.27, lon2=101.4, lat2=20.27) / 10
    assert removed.detail == f"needs {speed:.0f} m/s from the position before, at most 60"
    [removed] = clean([at(0), at(0, 100.401, accuracy_m=5.0), at(9)]).removed
    assert removed.detail == "another position at that time, 104 m away, fits better"


def test_of_several_positions_at_one_moment_the_surest_stays() -> None:
    surest = at(0, 100.4005, accuracy_m=5.0)
    for twins in itertools.permutations([at(0), surest, at(0, 100.401)]):
        removed = clean([at(-10), *twins, at(10)]).removed
        assert {each.why for each in removed} == {"same_time"}
        assert {each.index for each in removed} == {1, 2, 3} - {1 + twins.index(surest)}


def test_a_wrong_first_position_costs_only_itself() -> None:
    assert whys([at(0, 0.0, 0.0), *(at(second) for second in range(10, 60, 10))]) == [(0, "speed")]


def test_a_jammed_stretch_goes_and_the_rest_stays() -> None:
    true = [at(second, 100.4 + second * 1e-5) for second in range(0, 1000, 10)]
    jammed = [at(second + 5, 104.0 + second * 1e-5) for second in range(300, 600, 10)]
    cleaned = clean([*true, *jammed])
    assert cleaned.track.positions() == true
    assert {each.why for each in cleaned.removed} == {"speed"}


def test_a_spike_no_speed_limit_sees_is_too_sharp_a_change() -> None:
    given = [at(second, 100.4 + second * 1e-4) for second in range(0, 100, 10)]
    lon, lat = destination(lon=given[4].lon, lat=20.27, bearing_deg=0.0, distance_m=590.0)
    given[4] = at(40, lon, lat, accuracy_m=5.0)
    given = [at((p.time - moment(0)).total_seconds(), p.lon, p.lat, accuracy_m=5.0) for p in given]  # type: ignore[operator]
    assert whys(given, hardest_mps2=10.0) == [(4, "acceleration")]
    assert whys(given, hardest_mps2=12.0) == []


def test_a_standing_receiver_s_noise_is_no_outlier() -> None:
    rng = np.random.default_rng(10)
    given = []
    for second in range(600):
        lon, lat = destination(
            lon=100.4,
            lat=20.27,
            bearing_deg=float(rng.uniform(0, 360)),
            distance_m=float(rng.rayleigh(13.0)),
        )
        given.append(at(second, lon, lat, accuracy_m=20.0))
    assert len(clean(given).removed) <= 2


def test_a_late_position_takes_its_place_unless_the_log_is_in_order() -> None:
    given = [at(0), at(20), at(10), at(30)]
    assert whys(given) == []
    assert whys(given, in_order=True) in ([(1, "time_back")], [(2, "time_back")])


def test_a_clock_far_ahead_costs_one_position_not_all_that_follow() -> None:
    given = [at(0), at(9000), *(at(second) for second in range(10, 90, 10))]
    assert whys(given, in_order=True) == [(1, "time_back")]


@given(st.lists(st.integers(0, 9), max_size=9))
def test_the_fewest_go_to_bring_a_log_in_order(seconds: list[int]) -> None:
    given = [at(second, 100.4, 20.0 + n * 1e-7) for n, second in enumerate(seconds)]
    cleaned = clean(given, in_order=True, fastest_mps=1e9, hardest_mps2=1e9)
    dropped = sum(each.why == "time_back" for each in cleaned.removed)
    longest = max(
        (
            count
            for count in range(len(seconds) + 1)
            for some in itertools.combinations(seconds, count)
            if list(some) == sorted(some)
        ),
        default=0,
    )
    assert len(seconds) - dropped == longest


def reaches(one: Position, other: Position, fastest_mps: float) -> bool:
    assert one.time is not None
    assert other.time is not None
    seconds = (other.time - one.time).total_seconds()
    away = distance_m(lon1=one.lon, lat1=one.lat, lon2=other.lon, lat2=other.lat)
    # The chord that the code measures is shorter; on such scales by far less than the 0.1 m here.
    noise = sum(50.0 if p.accuracy_m is None else p.accuracy_m for p in (one, other))
    return seconds > 0 and away <= fastest_mps * seconds + noise


@settings(max_examples=150, deadline=None)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(-20, 20), st.booleans()), max_size=9),
    st.sampled_from([(100.4, 20.27), (180.0, 0.0), (-180.0, 60.0), (0.0, 89.99)]),
)
def test_the_chain_is_as_long_as_any(
    moves: list[tuple[int, int, bool]], around: tuple[float, float]
) -> None:
    given = sorted(
        (
            at(
                second,
                (around[0] + step * 0.004 + 180.0) % 360.0 - 180.0,
                around[1],
                accuracy_m=None if known else 7.0,
            )
            for second, step, known in moves
        ),
        key=lambda p: (p.time, p.lon),
    )
    time_us = np.array([round((p.time - moment(0)).total_seconds() * 1e6) for p in given])  # type: ignore[operator]
    xyz = cartesian([p.lon for p in given], [p.lat for p in given])
    noise = np.array([50.0 if p.accuracy_m is None else p.accuracy_m for p in given])
    chain = reachable_chain(time_us, xyz, noise, fastest_mps=40.0).tolist()
    assert all(reaches(given[a], given[b], 40.001) for a, b in itertools.pairwise(chain))
    longest = max(
        (
            len(some)
            for count in range(len(given) + 1)
            for some in itertools.combinations(given, count)
            if all(reaches(a, b, 39.999) for a, b in itertools.pairwise(some))
        ),
        default=0,
    )
    assert len(chain) >= longest


def sharpest_go_first(
    seconds: list[float], xyz: Floats, noise: list[float], limit: float
) -> list[int]:
    """The same as said in words, with everything judged anew each time."""
    left = list(range(len(seconds)))
    while True:
        worst, which = 0.0, -1
        for a, n, b in zip(left, left[1:], left[2:], strict=False):
            s1, s2 = seconds[n] - seconds[a], seconds[b] - seconds[n]
            change = float(np.linalg.norm((xyz[b] - xyz[n]) / s2 - (xyz[n] - xyz[a]) / s1))
            change -= (noise[b] + noise[n]) / s2 + (noise[n] + noise[a]) / s1
            excess = 2 * change / (s1 + s2) - limit
            if excess > worst:
                worst, which = excess, n
        if which < 0:
            return left
        left.remove(which)


def test_the_sharpest_change_goes_first() -> None:
    gone = 0
    for seed in range(25):
        rng = np.random.default_rng(seed)
        seconds = np.cumsum(rng.uniform(1, 20, 60)).round(3)
        lons = (
            100.4
            + np.cumsum(rng.normal(0, 1e-4, 60))
            + rng.normal(0, 2e-3, 60) * (rng.random(60) < 0.2)
        )
        given = [
            at(s, lon, accuracy_m=5.0)
            for s, lon in zip(seconds.tolist(), lons.tolist(), strict=True)
        ]
        cleaned = clean(given, fastest_mps=1e6, hardest_mps2=5.0)
        expected = sharpest_go_first(
            seconds.tolist(), cartesian(lons, np.full(60, 20.27)), [10.0] * 60, 5.0
        )
        assert cleaned.kept.tolist() == expected
        gone += 60 - len(expected)
    assert gone > 25


@settings(max_examples=200, deadline=None)
@given(positions(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_leaves_the_same_track(
    given: list[Position], rng: random.Random
) -> None:
    cleaned = clean(given)
    assert len(cleaned.track) + len(cleaned.removed) == len(given)
    assert sorted([*cleaned.kept.tolist(), *(each.index for each in cleaned.removed)]) == list(
        range(len(given))
    )
    assert (np.diff(cleaned.track.time_us) > 0).all()
    for n, index in enumerate(cleaned.kept.tolist()):
        assert from_us(int(cleaned.track.time_us[n])) == given[index].time
    shuffled = given.copy()
    rng.shuffle(shuffled)
    assert same(clean(shuffled).track, cleaned.track)
