"""How moves stand to areas, against shapely alone, and at the seams of the map."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import AreaError
from gis.fences.area import Area, around, corridor, line, polygon
from gis.fences.index import FenceSet
from gis.fences.moves import moves
from gis.geodesy import distance_m
from gis.river import load_mekong


def star(rng: np.random.Generator, lon: float, lat: float, size: float) -> shapely.Polygon:
    angle = np.sort(rng.uniform(0.0, 2.0 * np.pi, 30))
    radius = size * rng.uniform(0.3, 1.0, 30)
    return shapely.Polygon(
        np.column_stack([lon + radius * np.cos(angle), lat + radius * np.sin(angle)])
    ).buffer(0)


def test_sides_and_crossings_agree_with_shapely() -> None:
    rng = np.random.default_rng(20030610)
    shapes = [star(rng, rng.uniform(100.0, 100.2), rng.uniform(20.0, 20.2), 0.03)
              for _ in range(60)]  # fmt: skip
    areas = [polygon(str(n), shape) for n, shape in enumerate(shapes)]
    fences = FenceSet(areas)
    start = rng.uniform((99.95, 19.95), (100.25, 20.25), (400, 2))
    end = start + rng.normal(0.0, 0.01, (400, 2))
    given_moves = moves(lon0=start[:, 0], lat0=start[:, 1], lon1=end[:, 0], lat1=end[:, 1])
    found = fences.sights(given_moves)
    crossings = 0
    for n in range(400):
        way = shapely.LineString([start[n], end[n]])
        expected = {k for k, shape in enumerate(shapes) if way.intersects(shape.boundary)}
        told = {sight.area: sight for sight in found[n] if len(sight.pieces) > 1}
        assert set(told) == expected
        for k, sight in told.items():
            cut = shapely.get_parts(way.intersection(shapes[k].boundary))
            crossings += len(cut)
            at = sorted(way.project(point, normalized=True) for point in cut)
            assert [piece.start for piece in sight.pieces[1:]] == pytest.approx(at, abs=1e-9)
            assert sight.pieces[0].inside == shapes[k].contains(shapely.Point(start[n]))
            assert sight.pieces[-1].inside == shapes[k].contains(shapely.Point(end[n]))
    assert crossings > 300


@settings(max_examples=200, deadline=None)
@given(
    lon=st.floats(-180.0, 180.0), lat=st.sampled_from([0.0, 20.0, -60.0, 79.0, 85.0, 90.0, -90.0]),
    bearing=st.floats(0.0, 6.28), radius_m=st.floats(50.0, 5000.0), away=st.floats(0.1, 3.0),
)  # fmt: skip
def test_a_circle_is_round_everywhere(
    lon: float, lat: float, bearing: float, radius_m: float, away: float
) -> None:
    """Inside is who is nearer than the radius: at the antimeridian, at the poles, anywhere."""
    area = around("a", lon=lon, lat=lat, radius_m=radius_m)
    fences = FenceSet([area])
    reach = away * radius_m / 111_000.0
    there_lat = min(90.0, max(-90.0, lat + reach * math.cos(bearing)))
    wide = max(0.01, math.cos(math.radians(min(abs(there_lat), 89.9))))
    there_lon = (lon + reach * math.sin(bearing) / wide + 180.0) % 360.0 - 180.0
    apart = distance_m(lon1=lon, lat1=lat, lon2=there_lon, lat2=there_lat)
    (sights,) = fences.first_sights(moves(lon0=there_lon, lat0=there_lat,
                                          lon1=there_lon, lat1=there_lat))  # fmt: skip
    if apart < radius_m * 0.99:
        assert [sight.pieces[-1].inside for sight in sights] == [True]
    elif apart > radius_m * 1.01:
        assert not any(sight.pieces[-1].inside for sight in sights)


def test_the_empty_set_and_no_moves() -> None:
    none = moves(lon0=[], lat0=[], lon1=[], lat1=[])
    one = moves(lon0=100.0, lat0=20.0, lon1=100.1, lat1=20.0)
    assert FenceSet([]).sights(one) == [()]
    assert FenceSet([]).first_sights(one) == [()]
    area = around("a", lon=100.0, lat=20.0, radius_m=100.0)
    assert FenceSet([area]).sights(none) == []
    assert FenceSet([area]).first_sights(none) == []


def test_a_split_area_and_a_move_over_the_antimeridian() -> None:
    fiji = shapely.MultiPolygon([shapely.box(179.0, -18.0, 180.0, -17.0),
                                 shapely.box(-180.0, -18.0, -179.0, -17.0)])  # fmt: skip
    fences = FenceSet([polygon("fiji", fiji)])
    inside = moves(lon0=179.9, lat0=-17.5, lon1=-179.9, lat1=-17.5)
    assert fences.sights(inside) == [()]  # the cut of the map is no edge
    for lon0, lon1 in ((178.9, 179.1), (179.9, -178.9), (-178.9, -179.1)):
        (sights,) = fences.sights(moves(lon0=lon0, lat0=-17.5, lon1=lon1, lat1=-17.5))
        assert len(sights) == 1, (lon0, lon1)


def test_a_corridor_is_as_wide_as_asked_and_no_longer() -> None:
    mekong = load_mekong()
    area = corridor("reach", mekong, km_from=2350.0, km_to=2360.0, width_m=1000.0)
    for km, across in ((2355.0, 0.0), (2350.2, 0.0), (2359.8, 0.0)):
        lon, lat = mekong.at_km(km)
        assert area.geometry.contains(shapely.Point(lon + across, lat)), km
    for km in (2349.5, 2360.5):
        assert not area.geometry.contains(shapely.Point(*mekong.at_km(km))), km
    turned = corridor("same", mekong, km_from=2360.0, km_to=2350.0, width_m=1000.0)
    assert turned.shape.area == pytest.approx(area.shape.area, rel=0.01)


@pytest.mark.parametrize(
    "made",
    [
        lambda: polygon("a", shapely.Polygon()),
        lambda: polygon("a", shapely.Point(100.0, 20.0)),
        lambda: polygon("a", shapely.box(20.0, 100.0, 20.1, 100.1)),
        lambda: polygon("a", shapely.Polygon([(0, 0), (1, 1), (1, 0), (0, 1)])),
        lambda: around("a", lon=100.0, lat=20.0, radius_m=0.0),
        lambda: around("a", lon=100.0, lat=100.0, radius_m=10.0),
        lambda: line("a", []),
        lambda: line("a", [(100.0, 20.0), (100.0, 20.0)]),
        lambda: line("a", [(100.0, float("nan")), (100.0, 20.0)]),
        lambda: corridor("a", load_mekong(), km_from=5.0, km_to=5.0, width_m=10.0),
        lambda: corridor("a", load_mekong(), km_from=5.0, km_to=6.0, width_m=0.0),
    ],
)
def test_what_is_no_area_is_refused_by_name(made: object) -> None:
    assert callable(made)
    with pytest.raises(AreaError, match="area a: "):
        made()


def test_lines_may_bend_and_lie_over_the_antimeridian() -> None:
    gate: Area = line("gate", [(179.9, 0.0), (-179.9, 0.0), (-179.8, 0.1)])
    fences = FenceSet([gate])
    (sights,) = fences.sights(moves(lon0=180.0, lat0=-0.01, lon1=180.0, lat1=0.01))
    (crossing,) = sights[0].crossings
    assert crossing.side == -1  # northward over a line that goes east: to its left
    assert crossing.start == pytest.approx(0.5)
