"""One boat followed along the river: one way stays one way, bends do not leap, turns are told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from shapely import LineString

from gis.geodesy import WGS84, destinations
from gis.position import Position
from gis.river import River, load_mekong
from gis.river_track import RiverTrack, follow

Floats = NDArray[np.float64]

SEED = 20030610
START = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)


def abreast(kms: Floats, off_m: Floats) -> tuple[Floats, Floats]:
    """Return places off the line of the Mekong, left of it positive."""
    mekong = load_mekong()
    low, high = mekong.km_range
    lon, lat = mekong.at_kms(kms)
    below, above = np.clip(kms - 0.1, low, high), np.clip(kms + 0.1, low, high)
    lon_a, lat_a = mekong.at_kms(above)
    lon_b, lat_b = mekong.at_kms(below)
    flow, _, _ = WGS84.inv(lon_a, lat_a, lon_b, lat_b)
    return destinations(lon=lon, lat=lat, bearing_deg=flow - 90.0, distance_m=off_m)


def runs(count: int) -> list[tuple[Floats, Floats, Floats, float]]:
    """Return kilometres, lon, lat and accuracy of boats that go one way, with noise."""
    rng = np.random.default_rng(SEED)
    made = []
    for _ in range(count):
        steps, step_km = 100, rng.uniform(0.005, 0.15)
        start = rng.uniform(1.0, 2753.0 - steps * step_km)
        kms: Floats = np.float64(start) + step_km * np.arange(steps, dtype=np.float64)
        kms = kms[::-1] if rng.random() < 0.5 else kms
        sway = 60.0 * np.sin(np.linspace(0.0, rng.uniform(0.0, 9.0), steps))
        lon, lat = abreast(kms, rng.uniform(-200.0, 200.0) + sway)
        accuracy_m = rng.choice([5.0, 10.0, 25.0])
        lon, lat = destinations(
            lon=lon,
            lat=lat,
            bearing_deg=rng.uniform(0.0, 360.0, steps),
            distance_m=rng.normal(0.0, accuracy_m, steps),
        )
        made.append((kms, lon, lat, float(accuracy_m)))
    return made


def test_a_thousand_one_way_runs_stay_one_way() -> None:
    mekong = load_mekong()
    shaken = 0
    for kms, lon, lat, accuracy_m in runs(1000):
        followed = follow(mekong, lon, lat, accuracy_m=accuracy_m)
        way = np.sign(kms[-1] - kms[0])
        assert (np.diff(followed) * way >= 0.0).all(), (kms[0], kms[-1])
        # A first step is told once it is beyond noise; from then on the kilometre keeps up.
        told = np.abs(followed - kms)[np.abs(followed - followed[0]) > 0.0]
        assert told.size == 0 or told.max() < 0.6
        assert np.abs(followed - kms).max() < 0.6 + (0.1 + 0.006 * accuracy_m)
        shaken += bool((np.diff(mekong.locate_many(lon, lat).km) * way < 0.0).any())
    assert shaken > 200  # the places alone go to and fro: the runs are no easy ones


def tongue(north: float) -> River:
    """Return a river that runs 10 km east and comes back along another latitude."""
    east = [(100.0 + 0.001 * n, 20.0) for n in range(101)]
    west = [(lon, north) for lon, _ in reversed(east)]
    rows = {"reach": ["bend"], "error_m": [50.0]}
    return River(gpd.GeoDataFrame(rows, geometry=[LineString(east + west)], crs="EPSG:4326"))


def test_a_boat_that_cuts_a_bend_does_not_leap_to_the_far_limb() -> None:
    # 20 km round a tongue of land 1.6 km wide; the boat keeps to the inner bank, then over it.
    bend = tongue(20.0145)
    lons = np.linspace(100.0, 100.05, 60)
    lats = np.full(60, 20.0)
    lats[30] = 20.0075  # one fix 830 m off, nearer to the other limb
    alone = bend.locate_many(lons, lats).km
    assert np.abs(np.diff(alone)).max() > 10.0
    followed = follow(bend, lons, lats, accuracy_m=10.0)
    assert np.abs(np.diff(followed)).max() < 0.5
    assert (np.diff(followed) <= 0.0).all()


def test_a_turn_is_told_once_it_is_beyond_noise() -> None:
    kms = np.concatenate([np.arange(2356.0, 2354.0, -0.05), np.arange(2354.0, 2356.0, 0.05)])
    lon, lat = load_mekong().at_kms(kms)
    followed = follow(load_mekong(), lon, lat, accuracy_m=10.0)
    assert followed.min() == pytest.approx(2354.0, abs=0.06)
    assert followed[-1] == pytest.approx(2355.95, abs=0.001)
    assert np.abs(followed - kms).max() <= 0.1 + 0.06 + 0.051


def test_a_boat_at_anchor_stays_at_its_kilometre() -> None:
    rng = np.random.default_rng(SEED)
    lon, lat = abreast(np.full(2000, 2356.0), rng.normal(0.0, 10.0, 2000))
    followed = follow(load_mekong(), lon, lat, accuracy_m=10.0)
    assert np.unique(followed).size == 1


def test_after_a_gap_it_may_have_gone_round_a_bend() -> None:
    for gap_min, leaps in ((1, False), (40, True)):
        track = RiverTrack(tongue(20.01))
        track.move(Position(lon=100.02, lat=20.0, time=START))
        there = Position(lon=100.02, lat=20.01, time=START + timedelta(minutes=gap_min))
        place = track.move(there)
        assert place is not None
        assert (place.km < 5.0) is leaps


def test_what_was_carried_elsewhere_is_elsewhere() -> None:
    track = RiverTrack(load_mekong())
    for km in (2356.0, 2355.0, 1600.0):
        lon, lat = load_mekong().at_km(km)
        place = track.move(Position(lon=lon, lat=lat))
        assert place is not None
        assert place.km == pytest.approx(km, abs=0.01)


def test_places_off_the_river_have_no_kilometre_and_it_is_followed_on() -> None:
    mekong = load_mekong()
    lon, lat = mekong.at_kms([2356.0, 2355.0, 2354.0])
    lons = [lon[0], 0.0, float("nan"), 180.0, lon[1], lon[2]]
    lats = [lat[0], 90.0, 20.0, -90.0, lat[1], lat[2]]
    followed = follow(mekong, lons, lats)
    assert np.isnan(followed).tolist() == [False, True, True, True, False, False]
    assert followed[-1] == pytest.approx(2354.0, abs=0.01)


def test_one_place_and_none() -> None:
    lon, lat = load_mekong().at_km(2356.0)
    assert follow(load_mekong(), lon, lat) == pytest.approx([2356.0])
    assert len(follow(load_mekong(), [], [])) == 0
    with pytest.raises(ValueError, match="longer"):
        follow(load_mekong(), [lon], [lat], times=[None, None])


@settings(max_examples=50, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.one_of(
                st.floats(99.0, 107.0), st.just(float("nan")), st.sampled_from([180.0, -180.0])
            ),
            st.one_of(st.floats(10.0, 22.0), st.sampled_from([90.0, -90.0, float("nan")])),
        ),
        max_size=20,
    ),
    st.sampled_from([5.0, float("nan")]),
)
def test_whatever_comes_it_is_followed_on_the_river_or_nowhere(
    places: list[tuple[float, float]], accuracy_m: float
) -> None:
    mekong = load_mekong()
    lons, lats = [lon for lon, _ in places], [lat for _, lat in places]
    followed = follow(mekong, lons, lats, accuracy_m=accuracy_m)
    assert len(followed) == len(places)
    low, high = mekong.km_range
    known = followed[~np.isnan(followed)]
    assert ((known >= low) & (known <= high)).all()
    assert np.isnan(followed).tolist() == np.isnan(mekong.locate_many(lons, lats).km).tolist()


def test_the_stream_tells_what_the_arrays_do() -> None:
    _, lon, lat, accuracy_m = runs(1)[0]
    track = RiverTrack(load_mekong())
    told = [
        track.move(Position(lon=x, lat=y, accuracy_m=accuracy_m))
        for x, y in zip(lon.tolist(), lat.tolist(), strict=True)
    ]
    assert [place.km for place in told if place] == follow(
        load_mekong(), lon, lat, accuracy_m=accuracy_m
    ).tolist()
