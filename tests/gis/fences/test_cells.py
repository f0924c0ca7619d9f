"""Short moves look up runs of edges in cells, others ask the tree of boxes: both see the same."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from gis.fences import cells
from gis.fences.area import Area, around, line, polygon
from gis.fences.cells import PER_DEG, REACH_M
from gis.fences.index import FenceSet
from gis.fences.moves import Moves, moves

DEG_M = 110_000.0


def areas(lon: float, lat: float) -> list[Area]:
    """Return areas some 100 m to 3 km large around a place, and some far from it."""
    sizes = [0.001, 0.004, 0.03]
    far = 64 / PER_DEG  # of such areas runs are in the same lists
    return [
        *(polygon(f"p{n}", shapely.Point(lon, lat).buffer(s)) for n, s in enumerate(sizes)),
        polygon("box", shapely.box(lon - 0.002, lat, lon + 0.01, lat + 0.001)),
        polygon("far", shapely.Point(lon + far, lat).buffer(0.004)),
        around("pier", lon=lon, lat=lat + 0.003, radius_m=300.0),
        line("gate", [(lon - 0.005, lat - 0.001), (lon + 0.005, lat + 0.002)]),
    ]


def some_moves(rng: np.random.Generator, lon: float, lat: float, long_m: float) -> Moves:
    """Return moves around a place, of fixes that may be off by 12 to 60 m."""
    begin = np.array([[lon], [lat]]) + rng.uniform(-0.012, 0.012, (2, 1000))
    end = begin + rng.uniform(-long_m, long_m, (2, 1000)) / DEG_M
    margin0, margin1 = rng.uniform(12.0, 60.0, (2, 1000))
    return moves(
        lon0=begin[0], lat0=begin[1], lon1=end[0], lat1=end[1], margin0_m=margin0, margin1_m=margin1
    )


@pytest.mark.parametrize("lat", [0.0, 20.0, -54.0, 70.0])
@pytest.mark.parametrize("long_m", [5.0, 60.0])
def test_cells_and_boxes_see_the_same(
    lat: float, long_m: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    fences = FenceSet(areas(100.0, lat))
    given = some_moves(np.random.default_rng(1), 100.0, lat, long_m)
    of = fences._runs._cells
    assert of is not None
    assert of.near(given, np.full(1000, REACH_M), 100.0) is not None
    found, free = fences.sights_and_room(given, room_m=100.0)
    monkeypatch.setattr(fences._runs, "_cells", None)
    sights, room = fences.sights_and_room(given, room_m=100.0)
    assert found == sights
    assert sum(map(len, found)) > 20
    assert (free == room).all()


def test_long_moves_and_vague_fixes_are_not_for_cells() -> None:
    of = FenceSet(areas(100.0, 20.0))._runs._cells
    assert of is not None
    there = moves(lon0=100.0, lat0=20.0, lon1=[100.0, 100.001], lat1=20.0)  # 0 and 105 m
    short = Moves(there.ends[:, :, :1])
    assert of.near(there, np.full(2, 145.0), 100.0) is not None
    assert of.near(there, np.full(2, 155.0), 100.0) is None  # its beginning may be off by 55 m
    assert of.near(short, np.full(1, REACH_M), 0.0) is not None
    assert of.near(short, np.full(1, REACH_M + 1.0), 0.0) is None


def test_where_too_many_are_near_boxes_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    of = FenceSet(areas(100.0, 20.0))._runs._cells
    assert of is not None
    there = moves(lon0=100.0, lat0=20.0, lon1=100.0, lat1=20.0)
    found = of.near(there, np.full(1, 100.0), 0.0)
    assert found is not None
    monkeypatch.setattr(cells, "CROWD", len(found[0]) - 1)
    assert of.near(there, np.full(1, 100.0), 0.0) is None


def test_there_are_no_cells_of_too_much(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MOST", 3000)
    assert FenceSet([around("a", lon=100.0, lat=20.0, radius_m=30.0)])._runs._cells is not None
    assert FenceSet([around("a", lon=100.0, lat=20.0, radius_m=9000.0)])._runs._cells is None


def test_lists_made_part_by_part_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = FenceSet(areas(100.0, 20.0))._runs._cells
    monkeypatch.setattr(cells, "PART", 7)
    parts = FenceSet(areas(100.0, 20.0))._runs._cells
    assert whole is not None
    assert parts is not None
    assert (whole._until == parts._until).all()
    assert (whole._runs == parts._runs).all()


@pytest.mark.parametrize(("lon", "lat"), [(179.999, 10.0), (-179.99, 0.0), (0.0, 85.0)])
def test_there_are_no_cells_at_antimeridian_and_poles(lon: float, lat: float) -> None:
    assert FenceSet([around("a", lon=lon, lat=lat, radius_m=1500.0)])._runs._cells is None
