"""What cannot be true goes, what is true stays, and each reason is named."""

from __future__ import annotations

import itertools
import random
from datetime import datetime
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.geometry.geodesy import destination, distance_m
from gis.position.position import Position
from gis.tracks.chords import cartesian
from gis.tracks.cleaning import clean, reachable_chain
from gis.tracks.track import from_us
from tests.fixtures.examples import examples
from tests.gis.tracks.journeys import at, moment, positions, positions_of, same


def whys(given: list[Position]) -> list[tuple[int, str]]:
    return [(each.index, each.reason) for each in clean(given).removed]


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
    assert [(each.index, each.reason) for each in cleaned.removed] == [(2, why)]
    assert cleaned.indices.tolist() == [0, 1, 3, 4]
    assert positions_of(cleaned.track) == good


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
        assert {each.reason for each in removed} == {"same_time"}
        assert {each.index for each in removed} == {1, 2, 3} - {1 + twins.index(surest)}


def test_a_wrong_first_position_costs_only_itself() -> None:
    assert whys([at(0, 0.0, 0.0), *(at(second) for second in range(10, 60, 10))]) == [(0, "speed")]


def test_a_jammed_stretch_goes_and_the_rest_stays() -> None:
    true = [at(second, 100.4 + second * 1e-5) for second in range(0, 1000, 10)]
    jammed = [at(second + 5, 104.0 + second * 1e-5) for second in range(300, 600, 10)]
    cleaned = clean([*true, *jammed])
    assert positions_of(cleaned.track) == true
    assert {each.reason for each in cleaned.removed} == {"speed"}


@pytest.mark.parametrize("accuracy_m", [None, 5.0])
@pytest.mark.parametrize("speed_mps", [None, 7.0])
@pytest.mark.parametrize("run", [1, 2])
def test_a_spike_no_speed_limit_sees_is_off_the_way_of_its_neighbours(
    run: int, speed_mps: float | None, accuracy_m: float | None
) -> None:
    body: dict[str, Any] = {"speed_mps": speed_mps, "accuracy_m": accuracy_m}
    for spike in (7, 0, 18):
        given = [at(second, 100.4 + second * 7e-5, **body) for second in range(0, 200, 10)]
        for n in range(spike, spike + run):
            lon, lat = destination(lon=given[n].lon, lat=20.27, bearing_deg=40.0, distance_m=250.0)
            given[n] = at(n * 10, lon, lat, **body)
        if run == 1 or spike == 7:
            assert whys(given) == [(n, "spike") for n in range(spike, spike + run)]


def test_a_run_to_which_and_back_from_which_no_boat_can_go_is_taken_out() -> None:
    for run, speed_mps in ((3, None), (5, 7.0), (10, None)):
        given = [at(n * 10, 100.4 + n * 7e-4, speed_mps=speed_mps) for n in range(40)]
        for n in range(15, 15 + run):
            lon, lat = destination(lon=given[n].lon, lat=20.27, bearing_deg=40.0, distance_m=400.0)
            given[n] = at(n * 10, lon, lat, speed_mps=speed_mps)
        assert whys(given) == [(n, "spike") for n in range(15, 15 + run)]
    assert clean(given).removed[0].detail == (
        "10 in a row that need 45 m/s there and 36 back, 7 past them"
    )


def test_what_may_be_a_trip_is_no_run_of_wrong_reports() -> None:
    berth = [100.4] * 10
    for away_deg, every_s in ((4e-3, 60), (2e-3, 10)):  # 7 and 21 m/s: some boats do that
        places = [*berth, *[100.4 + away_deg] * 4, *berth]
        assert whys([at(n * every_s, lon) for n, lon in enumerate(places)]) == []
    # A car turns round and goes back at 35 m/s.
    road = [*range(15), 14.3, 14.3, *reversed(range(15))]
    assert whys([at(n * 10, 100.4 + 3.35e-3 * lon) for n, lon in enumerate(road)]) == []


def test_a_moored_boat_s_spikes_go_even_if_every_fourth_report_is_one() -> None:
    given = [
        at(second, 100.4 + (0.004 if second % 1200 == 600 else 0.0), speed_mps=0.05)
        for second in range(0, 8 * 3600, 300)
    ]
    assert {each.index % 4 for each in clean(given).removed} == {2}
    assert len(clean(given).removed) == 24


def test_turns_starts_and_stops_are_no_spikes() -> None:
    out = [at(n * 10, 100.4 + n * 1e-3) for n in range(12)]
    back = [at(120 + n * 10, 100.411 - n * 1e-3) for n in range(12)]
    aside = [at(240 + n * 10, 100.4, 20.27 + n * 1e-3) for n in range(12)]
    moored = [at(360 + n * 10, 100.4, 20.281) for n in range(20)]
    away = [at(560 + n * 10, 100.4 + n * 1e-3, 20.281) for n in range(12)]
    assert whys([*out, *back, *aside, *moored, *away]) == []


def test_a_ferry_that_tells_its_speed_may_come_and_go_between_three_reports() -> None:
    places = [100.4, 100.4, 100.4, 100.4, 100.403, 100.4, 100.4, 100.4, 100.4]
    speeds = [0.0, 0.0, 0.0, 6.0, 6.0, 6.0, 0.0, 0.0, 0.0]
    given = [
        at(n * 60, lon, speed_mps=mps)
        for n, (lon, mps) in enumerate(zip(places, speeds, strict=True))
    ]
    assert whys(given) == []
    silent = [at(n * 60, lon) for n, lon in enumerate(places)]
    assert whys(silent) == [(4, "spike")]


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


def test_a_late_position_takes_its_place() -> None:
    assert whys([at(0), at(20), at(10), at(30)]) == []


def reaches(one: Position, other: Position, fastest_mps: float) -> bool:
    assert one.time is not None
    assert other.time is not None
    seconds = (other.time - one.time).total_seconds()
    away = distance_m(lon1=one.lon, lat1=one.lat, lon2=other.lon, lat2=other.lat)
    # The chord that the code measures is shorter; on such scales by far less than the 0.1 m here.
    noise = sum(50.0 if p.accuracy_m is None else p.accuracy_m for p in (one, other))
    return seconds > 0 and away <= fastest_mps * seconds + noise


@settings(max_examples=examples(150), deadline=None)
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


@settings(max_examples=examples(200), deadline=None)
@given(positions(), st.randoms(use_true_random=False))
def test_any_order_of_arrival_leaves_the_same_track(
    given: list[Position], rng: random.Random
) -> None:
    cleaned = clean(given)
    assert len(cleaned.track) + len(cleaned.removed) == len(given)
    assert sorted([*cleaned.indices.tolist(), *(each.index for each in cleaned.removed)]) == list(
        range(len(given))
    )
    assert (np.diff(cleaned.track.time_us) > 0).all()
    for n, index in enumerate(cleaned.indices.tolist()):
        assert from_us(int(cleaned.track.time_us[n])) == given[index].time
    shuffled = given.copy()
    rng.shuffle(shuffled)
    assert same(clean(shuffled).track, cleaned.track)
