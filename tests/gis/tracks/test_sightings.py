"""When places were seen: closed forms, dense sampling, and intervals by brute force."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from gis.geometry.geodesy import bearing_deg as bearing
from gis.geometry.geodesy import destination, distances_m
from gis.position.position import Position
from gis.tracks.sightings import NEVER, covered_us, sightings, together_us
from gis.tracks.track import Track, to_us, track_of
from tests.fixtures.examples import examples
from tests.gis.tracks.journeys import START, at, moment, path, positions, straight


@pytest.mark.parametrize("place", [(100.4, 20.27), (179.97, 0.0), (-179.99, 70.0), (30.0, 89.97)])
@pytest.mark.parametrize("bearing_deg", [0.0, 63.0])
def test_passing_a_place_takes_as_long_as_the_chord_of_the_circle(
    place: tuple[float, float], bearing_deg: float
) -> None:
    track = straight(
        speed_mps=10.0, seconds=1000, bearing_deg=bearing_deg, lon=place[0], lat=place[1]
    )
    middle, ahead = track.take(slice(50, 51)), track.take(slice(51, 52))
    lon1, lat1, lon2, lat2 = (float(v[0]) for v in (middle.lon, middle.lat, ahead.lon, ahead.lat))
    course = bearing(lon1=lon1, lat1=lat1, lon2=lon2, lat2=lat2)
    assert course is not None
    aside = [0.0, 100.0, 299.0, 301.0]
    places = [
        destination(lon=lon1, lat=lat1, bearing_deg=course + 90.0, distance_m=d) for d in aside
    ]
    found = sightings([track], *zip(*places, strict=True), radius_m=300.0)
    for n, d in enumerate(aside):
        seconds = 2 * math.sqrt(max(300.0**2 - d * d, 0.0)) / 10.0
        assert found.seen_s[n] == pytest.approx(seconds, abs=0.02)
        assert found.visits[n] == (1 if d < 300.0 else 0)
        if d < 300.0:
            middle_us = (found.first_us[n] + found.last_us[n]) / 2
            assert middle_us == pytest.approx(to_us(moment(500)), abs=20_000)
    assert (found.first_us[3], found.last_us[3]) == (NEVER, NEVER)


def sampled(
    track: Track, lon: float, lat: float, radius_m: float, gap_s: float
) -> tuple[float, int]:
    """Seconds near and number of visits, from positions every 1/50 of each leg."""
    seconds, visits, before = 0.0, 0, False
    for n in range(len(track) - 1):
        step = (track.time(n + 1) - track.time(n)).total_seconds()
        if step > gap_s:
            before = False
            continue
        share = (np.arange(50) + 0.5) / 50
        lons = track.lon[n] + share * ((track.lon[n + 1] - track.lon[n] + 180) % 360 - 180)
        lats = track.lat[n] + share * (track.lat[n + 1] - track.lat[n])
        near = distances_m(lon1=lons, lat1=lats, lon2=lon, lat2=lat) <= radius_m
        seconds += float(near.sum()) * step / 50
        for now in near.tolist():
            visits += now and not before
            before = now
    return seconds, visits


def test_times_near_places_are_those_of_dense_sampling() -> None:
    rng = np.random.default_rng(12)
    course = np.cumsum(rng.normal(0, 0.5, 200))
    steps = rng.uniform(0, 200, 200)
    seconds = np.cumsum(rng.choice([5.0, 10.0, 20.0, 900.0], 200, p=[0.3, 0.4, 0.28, 0.02]))
    track = path(seconds, np.cumsum(steps * np.sin(course)), np.cumsum(steps * np.cos(course)))
    lons = track.lon[::9] + rng.normal(0, 0.001, 23)
    lats = track.lat[::9] + rng.normal(0, 0.001, 23)
    found = sightings([track], lons, lats, radius_m=250.0)
    visits = 0
    for n in range(23):
        near_s, times = sampled(track, lons[n], lats[n], 250.0, 600.0)
        assert found.seen_s[n] == pytest.approx(near_s, abs=1.0)
        assert abs(found.visits[n] - times) <= 1  # a graze shorter than a sample
        visits += int(found.visits[n] == times)
    assert visits >= 20
    assert found.seen_s.max() > 60.0


def test_two_units_together_see_once_and_count_twice() -> None:
    one = straight(speed_mps=10.0, seconds=600)
    other = straight(speed_mps=10.0, seconds=600, start_s=10.0)
    lon, lat = float(one.lon[30]), float(one.lat[30])
    both = sightings([one, other], [lon], [lat], radius_m=200.0)
    assert both.seen_s[0] == pytest.approx(50.0, abs=0.01)
    assert both.near_s == pytest.approx(80.0, abs=0.01)
    assert both.visits[0] == 2


def test_a_position_between_two_gaps_sees_for_an_instant() -> None:
    track = track_of([at(0, 100.0), at(5000, 100.4), at(10_000, 100.8)])
    found = sightings([track], [100.4, 100.2], [20.27, 20.27], radius_m=500.0)
    assert found.visits.tolist() == [1, 0]
    assert found.first_us[0] == found.last_us[0] == to_us(moment(5000))
    assert found.seen_s[0] == 0.0


def test_a_lone_position_does_not_hide_an_earlier_visit() -> None:
    track = track_of([at(0), at(5000), at(5100), at(9000), at(9050)])
    found = sightings([track], [100.4], [20.27], radius_m=500.0)
    assert found.visits[0] == 3
    assert found.first_us[0] == to_us(START)
    assert found.seen_s[0] == pytest.approx(150.0)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 30), st.integers(0, 9)), max_size=12),
    st.sampled_from([1, 10**17]),
)
def test_intervals_add_what_no_earlier_one_of_their_group_covers(
    given: list[tuple[int, int, int]], scale: int
) -> None:
    rows = sorted((group, start, start + length) for group, start, length in given)
    group, start, end = (np.array([row[n] for row in rows], dtype=np.int64) for n in range(3))
    added = covered_us(group.astype(np.intp), start * scale, end * scale)
    for each in range(4):
        ticks = {t for g, a, b in rows if g == each for t in range(a, b)}
        assert int(added[group == each].sum()) == len(ticks) * scale
    whole = {t for _, a, b in rows for t in range(a, b)}
    assert together_us(start, end) == len(whole)


@settings(deadline=None, max_examples=examples(80))
@given(positions(), positions())
@example([], [at(0, 0.0, 90.0), at(0, 12.0, -90.0)])  # no plane has both poles
@example([], [at(0, 0.0, 0.0), at(0, 0.0, 2.6e-283)])  # to so short a line GEOS has no distance
def test_any_tracks_and_places(one: list[Position], other: list[Position]) -> None:
    tracks = [track_of(one), track_of(other)]
    places = [*one[:5], *other[:5]]
    lons, lats = [p.lon for p in places], [p.lat for p in places]
    found = sightings(tracks, lons, lats, radius_m=1000.0)
    assert (found.visits >= 1).all()  # each is a position of a track
    for n, place in enumerate(places):
        assert place.time is not None
        assert found.first_us[n] <= to_us(place.time) <= found.last_us[n]
    again = sightings([track_of(other[::-1]), track_of(one[::-1])], lons, lats, radius_m=1000.0)
    assert np.array_equal(again.seen_s, found.seen_s)
    assert np.array_equal(again.last_us, found.last_us)


def test_places_far_apart_are_seen_as_well_as_near_ones() -> None:
    lon, lat = destination(lon=10.0, lat=0.0, bearing_deg=0.0, distance_m=9_900.0)
    track = track_of([at(0, lon, lat), at(10, lon, lat)])
    found = sightings([track], [10.0, 100.0], [0.0, 0.0], radius_m=10_000.0)
    assert found.visits.tolist() == [1, 0]
    opposite = sightings([track], [10.0, -170.0], [0.0, 0.0], radius_m=10_000.0)
    assert opposite.visits.tolist() == [1, 0]


@pytest.mark.parametrize("most", [2, 5])
@pytest.mark.parametrize("off_deg", [0.0, 1e-4, 0.05, 1.0, 5.0])
@pytest.mark.parametrize("bearing_deg", [0.0, 63.0])
def test_places_at_the_other_end_of_the_earth_are_seen_as_long(
    most: int, off_deg: float, bearing_deg: float
) -> None:
    # The most places are at one end, so that the middle of all is there.
    ends = [(0.0, 90.0, 0.0, -90.0 + off_deg), (100.4, 20.3, -79.6, -20.3 + off_deg),
            (179.9, 0.0, -0.1 + off_deg, 0.0)]  # fmt: skip
    for lon, lat, over_lon, over_lat in ends:
        places = [(lon, lat)] * most + [(over_lon, over_lat)]
        track = straight(
            speed_mps=10.0, seconds=100, bearing_deg=bearing_deg, lon=over_lon, lat=over_lat
        )
        found = sightings([track], *zip(*places, strict=True), radius_m=300.0)
        assert found.visits.tolist() == [0] * most + [1]
        assert found.seen_s[most] == pytest.approx(30.0, abs=0.02)
        assert found.last_us[most] == pytest.approx(to_us(moment(30)), abs=20_000)


def test_many_places_are_seen_as_each_alone() -> None:
    track = straight(speed_mps=10.0, seconds=20_000, step_s=5.0)  # more than is looked at at once
    rng = np.random.default_rng(1)
    lons, lats = rng.uniform(100.3, 102.4, 3000), rng.uniform(20.25, 20.29, 3000)
    found = sightings([track], lons, lats, radius_m=800.0)
    assert (found.visits > 0).sum() > 500
    for n in range(0, 3000, 60):
        alone = sightings([track], lons[n : n + 1], lats[n : n + 1], radius_m=800.0)
        assert found.visits[n] == alone.visits[0]
        assert found.last_us[n] == alone.last_us[0]
        assert found.seen_s[n] == pytest.approx(alone.seen_s[0])


def test_no_track_no_place_no_radius() -> None:
    nothing = sightings([track_of([])], [100.0], [20.0], radius_m=100.0)
    assert nothing.seen_s.tolist() == [0.0]
    assert nothing.last_us.tolist() == [NEVER]
    assert len(sightings([track_of([at(0)])], [], [], radius_m=100.0).visits) == 0
    with pytest.raises(ValueError, match="radius_m must be above 0"):
        sightings([], [1.0], [1.0], radius_m=0.0)
