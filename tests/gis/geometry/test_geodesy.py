"""Distance, bearing and destination anywhere on Earth."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.geometry import geodesy

lons = st.floats(-180.0, 180.0, allow_subnormal=False)
lats = st.floats(-90.0, 90.0, allow_subnormal=False)


@given(lon1=lons, lat1=lats, lon2=lons, lat2=lats)
def test_distance_is_the_same_both_ways_and_never_beyond_half_the_earth(
    lon1: float, lat1: float, lon2: float, lat2: float
) -> None:
    there = geodesy.distance_m(lon1=lon1, lat1=lat1, lon2=lon2, lat2=lat2)
    back = geodesy.distance_m(lon1=lon2, lat1=lat2, lon2=lon1, lat2=lat1)
    assert there == pytest.approx(back, abs=1e-6)
    assert 0.0 <= there <= 20_003_932.0


@given(lon=lons, lat=lats, bearing=st.floats(0.0, 359.99), distance=st.floats(0.0, 19_000_000.0))
def test_destination_lies_at_the_distance_asked_for(
    lon: float, lat: float, bearing: float, distance: float
) -> None:
    to_lon, to_lat = geodesy.destination(lon=lon, lat=lat, bearing_deg=bearing, distance_m=distance)
    assert -180.0 <= to_lon <= 180.0
    assert -90.0 <= to_lat <= 90.0
    reached = geodesy.distance_m(lon1=lon, lat1=lat, lon2=to_lon, lat2=to_lat)
    assert reached == pytest.approx(distance, abs=1e-5)


@given(lon1=lons, lat1=lats, lon2=lons, lat2=lats)
def test_bearing_is_within_the_circle(lon1: float, lat1: float, lon2: float, lat2: float) -> None:
    bearing = geodesy.bearing_deg(lon1=lon1, lat1=lat1, lon2=lon2, lat2=lat2)
    assert bearing is None or 0.0 <= bearing < 360.0


@given(points=st.lists(st.tuples(lons, lats, lons, lats), max_size=20))
def test_arrays_answer_as_single_points_do(
    points: list[tuple[float, float, float, float]],
) -> None:
    lon1, lat1, lon2, lat2 = np.array(points, dtype=float).reshape(-1, 4).T
    many = geodesy.distances_m(lon1=lon1, lat1=lat1, lon2=lon2, lat2=lat2)
    for index, (a, b, c, d) in enumerate(points):
        one = geodesy.distance_m(lon1=a, lat1=b, lon2=c, lat2=d)
        assert many[index] == pytest.approx(one, abs=1e-6)


def test_the_shortest_way_crosses_the_antimeridian() -> None:
    bearing = geodesy.bearing_deg(lon1=179.5, lat1=0.0, lon2=-179.5, lat2=0.0)
    assert bearing == pytest.approx(90.0)
    lon, _ = geodesy.destination(lon=179.9, lat=0.0, bearing_deg=90.0, distance_m=50_000.0)
    assert lon == pytest.approx(-179.6508, abs=1e-3)


def test_all_longitudes_meet_at_the_pole() -> None:
    assert geodesy.distance_m(lon1=10.0, lat1=90.0, lon2=-130.0, lat2=90.0) == pytest.approx(
        0.0, abs=1e-6
    )
    assert geodesy.bearing_deg(lon1=100.0, lat1=80.0, lon2=100.0, lat2=90.0) == 0.0


def test_a_missing_coordinate_gives_a_missing_distance() -> None:
    found = geodesy.distances_m(lon1=[100.0, float("nan")], lat1=20.0, lon2=100.0, lat2=21.0)
    assert math.isfinite(found[0])
    assert math.isnan(found[1])
