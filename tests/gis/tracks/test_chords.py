"""Earth-centred coordinates against pyproj's own, and how far a chord falls short."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Transformer

from gis.geometry.geodesy import destinations, distances_m
from gis.tracks.chords import cartesian, chords_m, ground, places

TO_CARTESIAN = Transformer.from_crs("EPSG:4979", "EPSG:4978", always_xy=True)


@given(st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), max_size=20))
def test_coordinates_are_those_of_epsg_4978_and_come_back(given: list[tuple[float, float]]) -> None:
    lon, lat = (np.array([place[n] for place in given]) for n in range(2))
    xyz = cartesian(lon, lat)
    expected = np.column_stack(TO_CARTESIAN.transform(lon, lat, np.zeros(len(lon))))
    assert xyz == pytest.approx(expected, abs=1e-6)
    back = places(xyz)
    assert distances_m(lon1=lon, lat1=lat, lon2=back[0], lat2=back[1]) == pytest.approx(
        0.0, abs=1e-6
    )


@pytest.mark.parametrize(("way_m", "short_m"), [(1e4, 1e-3), (1e5, 1.0), (1e6, 1026.0)])
@pytest.mark.parametrize("lat", [0.0, 45.0, 89.0])
def test_a_chord_is_as_much_too_short_as_is_documented(
    way_m: float, short_m: float, lat: float
) -> None:
    for bearing in (0.0, 90.0):
        lon2, lat2 = destinations(lon=179.9, lat=lat, bearing_deg=bearing, distance_m=way_m)
        chord = chords_m(cartesian([179.9], [lat]), cartesian(lon2, lat2))
        assert way_m - chord[0] == pytest.approx(short_m, rel=0.07)


def test_ground_is_straight_up() -> None:
    deep = cartesian([12.0, -170.0], [50.0, -80.0]) * 0.9999
    lon, lat = places(deep)
    assert chords_m(ground(deep), cartesian(lon, lat)) == pytest.approx(0.0, abs=1e-6)
    assert chords_m(ground(deep), deep) == pytest.approx(637.0, abs=3.0)
    assert ground(np.empty((0, 3))).shape == (0, 3)
