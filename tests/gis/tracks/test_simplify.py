"""Simplified lines stay within the tolerance, measured another way, and keep their times."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.geometry.geodesy import Floats, distances_m
from gis.position.position import Position
from gis.tracks.simplify import simplify
from gis.tracks.track import Track, track_of
from tests.fixtures.examples import examples
from tests.gis.tracks.journeys import at, path, positions, positions_of, straight


def drawn(
    lon1: float, lat1: float, lon2: float, lat2: float, shares: Floats
) -> tuple[Floats, Floats]:
    """Return points of the line that a web map draws from one place to the other."""
    lon2 = lon1 + (lon2 - lon1 + 180.0) % 360.0 - 180.0
    y1, y2 = (np.log(np.tan(np.pi / 4 + np.radians(lat) / 2)) for lat in (lat1, lat2))
    lat = np.degrees(2 * np.arctan(np.exp(y1 + shares * (y2 - y1))) - np.pi / 2)
    return lon1 + shares * (lon2 - lon1), lat


def errors_m(track: Track, kept_: list[int], *, fine: int = 4000) -> list[float]:
    """Return how far each left-out position is from the line drawn, by geodesics."""
    found = []
    for first, last in pairwise(kept_):
        for n in range(first + 1, last):
            shares = np.linspace(0.0, 1.0, fine)
            lon, lat = drawn(
                track.lon[first], track.lat[first], track.lon[last], track.lat[last], shares
            )
            away = distances_m(lon1=track.lon[n], lat1=track.lat[n], lon2=lon, lat2=lat)
            found.append(float(away.min()))
    return found


def wandering(seed: int, count: int = 400, *, lon: float = 100.4, lat: float = 20.27) -> Track:
    """Return a boat that turns now and then, with 5 m of noise."""
    rng = np.random.default_rng(seed)
    course = np.cumsum(rng.normal(0.0, 0.15, count))
    east, north = (
        np.cumsum(80.0 * turn(course)) + rng.normal(0, 5, count) for turn in (np.sin, np.cos)
    )
    return path(np.arange(count) * 10.0, east, north, lon=lon, lat=lat)


@pytest.mark.parametrize("place", [(100.4, 20.27), (180.0, 0.0), (-180.0, -62.0), (12.0, 84.0)])
@pytest.mark.parametrize("tolerance_m", [3.0, 25.0, 200.0])
def test_the_line_drawn_passes_within_the_tolerance(
    place: tuple[float, float], tolerance_m: float
) -> None:
    track = wandering(3, lon=place[0], lat=place[1])
    left = simplify(track, tolerance_m=tolerance_m)
    assert (left[0], left[-1]) == (0, len(track) - 1)
    if tolerance_m > 5.0:
        assert len(left) < 0.7 * len(track)
    errors = errors_m(track, left.tolist(), fine=2000)
    assert max(errors, default=0.0) <= tolerance_m + 0.5
    if tolerance_m == 25.0:  # the bound is used, not only kept
        assert max(errors) > 0.6 * tolerance_m


def reference(track: Track, tolerance_m: float) -> list[int]:
    """Douglas-Peucker by recursion, with the distance to a finely sampled line."""
    shares = np.linspace(0.0, 1.0, 2000)

    def between(first: int, last: int) -> list[int]:
        if last - first < 2:
            return []
        lon, lat = drawn(
            track.lon[first], track.lat[first], track.lon[last], track.lat[last], shares
        )
        away = [
            float(distances_m(lon1=track.lon[n], lat1=track.lat[n], lon2=lon, lat2=lat).min())
            for n in range(first + 1, last)
        ]
        worst = int(np.argmax(away))
        if away[worst] <= tolerance_m:
            return []
        middle = first + 1 + worst
        return [*between(first, middle), middle, *between(middle, last)]

    return [0, *between(0, len(track) - 1), len(track) - 1]


def test_the_same_positions_stay_as_in_a_plain_douglas_peucker() -> None:
    found = [(simplify(wandering(seed, 60), tolerance_m=30.0).tolist(), seed) for seed in range(6)]
    equal = [left == reference(wandering(seed, 60), 30.0) for left, seed in found]
    # The two measure a fraction of a percent apart, so that one choice in hundreds may differ.
    assert sum(equal) >= 5


def test_what_stays_keeps_time_and_values() -> None:
    given = [at(n, 100.4 + n * 1e-4, speed_mps=float(n), accuracy_m=5.0) for n in range(50)]
    given[20] = at(20, 100.402, 20.28, speed_mps=20.0)
    track = track_of(given)
    assert positions_of(track.take(simplify(track, tolerance_m=5.0))) == [
        given[n] for n in (0, 19, 20, 21, 49)
    ]


@pytest.mark.parametrize("lon", [100.4, 179.98, -179.99])
def test_a_straight_run_at_one_speed_is_two_positions(lon: float) -> None:
    track = straight(speed_mps=10.0, seconds=600, bearing_deg=45.0, lon=lon)
    assert simplify(track, tolerance_m=1.0).tolist() == [0, 60]
    back = straight(speed_mps=10.0, seconds=600, bearing_deg=270.0, lon=lon)
    assert simplify(back, tolerance_m=1.0).tolist() == [0, 60]


def test_ends_of_gaps_stay_when_asked() -> None:
    track = track_of(
        [at(n * 10 + (3600 if n > 5 else 0), 100.4 + n * 1e-3, 0.0) for n in range(12)]
    )
    assert simplify(track, tolerance_m=5.0).tolist() == [0, 11]
    assert simplify(track, tolerance_m=5.0, gap_s=600.0).tolist() == [0, 5, 6, 11]


@settings(deadline=None, max_examples=examples(60))
@given(positions(), st.sampled_from([0.0, 10.0, 5000.0]))
def test_any_track_keeps_its_ends_and_its_bound(given: list[Position], tolerance_m: float) -> None:
    track = track_of([p for p in given if abs(p.lat) < 85.0])
    left = simplify(track, tolerance_m=tolerance_m)
    assert set(left.tolist()) >= ({0, len(track) - 1} if len(track) else set())
    assert (np.diff(left) > 0).all()
    # Where a jump goes half round the world, 4,000 samples lie up to 5 km apart.
    for error in errors_m(track, left.tolist()):
        assert error <= tolerance_m * 1.001 + 6000.0


@given(positions())
def test_poles_are_no_failure(given: list[Position]) -> None:
    track = track_of(given)
    assert len(simplify(track, tolerance_m=100.0)) <= len(track)
    assert len(simplify(track, tolerance_m=1e9)) == min(len(track), 2)


@pytest.mark.parametrize("tolerance_m", [-1.0, float("nan")])
def test_a_tolerance_below_nothing_is_refused(tolerance_m: float) -> None:
    with pytest.raises(ValueError, match="tolerance_m must be 0 or above"):
        simplify(track_of([]), tolerance_m=tolerance_m)
