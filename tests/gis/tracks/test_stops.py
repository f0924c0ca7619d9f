"""Stops in spite of noise, against a plain reference and against known journeys."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from gis.geometry.geodesy import distance_m
from gis.position.position import Position
from gis.tracks.chords import cartesian
from gis.tracks.stops import stops
from gis.tracks.track import Track, track_of
from tests.fixtures.examples import examples
from tests.gis.tracks.journeys import at, moment, path, positions, straight


def reference(
    track: Track, radius_m: float, least_s: float, away_s: float, max_gap_s: float
) -> list[tuple[int, int]]:
    """The definition, position by position."""
    seconds = [(track.time(n) - track.time(0)).total_seconds() for n in range(len(track))]
    xyz = cartesian(track.lon, track.lat)
    found = []
    n = 0
    while n < len(track):
        past = n + 1
        while past < len(track) and seconds[past] - seconds[past - 1] <= max_gap_s:
            past += 1
        later = [k for k in range(n, past) if seconds[k] - seconds[n] >= least_s]
        last = None
        if later:
            centre = np.median(xyz[n : later[0] + 1], axis=0)
            inside = [bool(np.linalg.norm(xyz[k] - centre) <= radius_m) for k in range(n, past)]
            if inside[0]:
                last, outside_since = n, None
                for k in range(n, past):
                    if inside[k - n]:
                        last, outside_since = k, None
                    elif outside_since is None:
                        outside_since = seconds[k]
                    elif seconds[k] - outside_since > away_s:
                        break
        if last is not None and seconds[last] - seconds[n] >= least_s:
            found.append((n, last))
            n = last + 1
        else:
            n += 1
    return found


def there_and_back(seed: int) -> Track:
    """Moored, out, fishing about, back, moored; noise, spikes and gaps."""
    rng = np.random.default_rng(seed)
    speed = np.repeat([0.0, 8.0, 0.4, 0.0, -8.0, 0.0], 60)
    seconds = np.cumsum(
        rng.choice([5.0, 10.0, 10.0, 30.0, 800.0], 360, p=[0.2, 0.4, 0.2, 0.19, 0.01])
    )
    east = np.cumsum(speed * np.diff(seconds, prepend=0.0))
    noise = rng.normal(0, 12, (2, 360)) + rng.normal(0, 400, (2, 360)) * (rng.random(360) < 0.03)
    return path(seconds, east + noise[0], noise[1])


@pytest.mark.parametrize("radius_m", [30.0, 100.0])
@pytest.mark.parametrize("seed", range(6))
def test_stops_are_those_of_the_definition(seed: int, radius_m: float) -> None:
    track = there_and_back(seed)
    found = stops(track, radius_m=radius_m, least_s=300.0, away_s=60.0, max_gap_s=600.0)
    assert [(s.first, s.last) for s in found] == reference(track, radius_m, 300.0, 60.0, 600.0)
    assert found


@settings(deadline=None, max_examples=examples(150))
@given(positions())
def test_any_track_has_the_stops_of_the_definition(given: list[Position]) -> None:
    track = track_of(given)
    found = stops(track, radius_m=2000.0, least_s=60.0, away_s=30.0, max_gap_s=200.0)
    assert [(s.first, s.last) for s in found] == reference(track, 2000.0, 60.0, 30.0, 200.0)
    for stop in found:
        assert stop.duration_s >= 60.0
        assert -180.0 <= stop.lon <= 180.0


@pytest.mark.parametrize("place", [(100.4, 20.27), (180.0, 1.0), (0.0, 89.9999)])
def test_a_moored_boat_is_one_stop_in_spite_of_noise_and_spikes(place: tuple[float, float]) -> None:
    rng = np.random.default_rng(2)
    seconds = np.arange(0, 28_800, 10.0)
    noise = rng.normal(0, 8, (2, len(seconds)))
    noise[0, ::97] += 900.0  # a multipath spike each quarter of an hour
    track = path(seconds, noise[0], noise[1], lon=place[0], lat=place[1])
    [stop] = stops(track, radius_m=50.0)
    assert stop.duration_s > 28_700.0
    assert distance_m(lon1=stop.lon, lat1=stop.lat, lon2=place[0], lat2=place[1]) < 2.0
    assert 0.97 * len(seconds) < stop.positions < len(seconds)


def test_a_stop_between_two_ways_is_found_with_its_times() -> None:
    seconds = np.arange(0, 3000, 10.0)
    east = 10.0 * np.clip(seconds, 0, 1000) + 10.0 * np.clip(seconds - 2000, 0, None)
    track = path(seconds, east, np.zeros(300))
    [stop] = stops(track, radius_m=50.0, least_s=300.0)
    assert abs((stop.start - moment(1000)).total_seconds()) <= 10.0
    assert abs((stop.end - moment(2000)).total_seconds()) <= 10.0


def test_a_boat_under_way_never_stops() -> None:
    assert stops(straight(speed_mps=3.0, seconds=7200), radius_m=100.0) == []


def test_a_gap_ends_a_stop() -> None:
    moored = [at(second) for second in [*range(0, 600, 10), *range(5000, 5600, 10)]]
    assert [s.duration_s for s in stops(track_of(moored))] == [590.0, 590.0]


def test_shifting_its_berth_makes_two_stops() -> None:
    given = [at(second, 100.4 if second < 1000 else 100.4011) for second in range(0, 2000, 10)]
    assert len(stops(track_of(given), radius_m=50.0)) == 2
