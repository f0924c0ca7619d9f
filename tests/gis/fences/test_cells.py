"""Short moves look up runs of edges in cells, others ask the tree of boxes: both see the same."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely

from gis.fences import cells, runs
from gis.fences.area import Area, around, line, polygon
from gis.fences.cells import PER_DEG, REACH_M
from gis.fences.index import FenceSet
from gis.fences.moves import Moves, moves
from gis.fences.rules import Cross, Enter, Rule
from gis.fences.watch import FenceWatch
from gis.position import Position

DEG_M = 110_000.0


@pytest.fixture(autouse=True)
def of_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let there be cells of few runs, too."""
    monkeypatch.setattr(runs, "FEWEST", 0)


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


def test_of_few_runs_there_are_no_cells(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(runs, "FEWEST", 60)
    assert FenceSet(piers(4))._runs._cells is None  # 12 runs each
    assert FenceSet(piers(5))._runs._cells is not None


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


def told(
    fences: FenceSet, rules: list[Rule], places: list[list[tuple[str, float, float]]]
) -> set[object]:
    """Return events of units at longitudes and latitudes, a list of them every ten seconds."""
    watch = FenceWatch(fences, rules)
    start = datetime(2026, 6, 10, tzinfo=UTC)
    return {
        (event.units, event.kind, event.how, event.time)
        for n, batch in enumerate(places)
        for event in watch.see(
            (
                unit,
                Position(
                    lon=lon, lat=lat, time=start + timedelta(seconds=10 * n),
                    accuracy_m=75.0 if unit == "vague" else 7.5, speed_mps=13.0,
                ),
            )
            for unit, lon, lat in batch
        ).added
    }  # fmt: skip


def piers(count: int) -> list[Area]:
    """Return circles of 90 edges each."""
    return [around(f"a{n}", lon=n * 0.1, lat=20.15, radius_m=900.0) for n in range(count)]


def test_nothing_is_crossed_on_the_far_side_of_the_earth() -> None:
    # One area is wide, so that longitudes are wrapped; many edges are short, so there are cells.
    wide = shapely.box(50.0, -1.0, 150.0, -0.5).segmentize(1.0)
    gate = line("gate", [(100.0, 20.0), (100.0, 20.01)])
    fences = FenceSet([gate, polygon("sea", wide), *piers(300)])
    assert fences._runs._cells is not None
    rules: list[Rule] = [Cross(id="c", area="gate", direction="both")]
    way = [[("b", -80.0004 + (n - 4) * 0.0009, 20.005)] for n in range(8)]
    assert told(fences, rules, way) == set()
    near = [[("b", 99.9996 + (n - 4) * 0.0009, 20.005)] for n in range(8)]
    assert len(told(fences, rules, near)) == 1


def test_who_else_is_heard_does_not_matter_where_areas_are_tall() -> None:
    # A metre of the area's plane is 1.2 of the Earth's at its foot. Vague fixes ask for boxes.
    tall = shapely.box(100.0, 0.0, 101.0, 60.0).segmentize(1.0)
    fences = FenceSet([polygon("tall", tall), *piers(300)])
    assert fences._runs._cells is not None
    rules: list[Rule] = [Enter(id="in", area="tall")]
    way = [("b", 100.0 - 32.3 / 111_320.0 + n * 0.0003, 0.5) for n in range(6)]
    alone = told(fences, rules, [[place] for place in way])
    assert len(alone) == 1
    assert told(fences, rules, [[place, ("vague", 90.0, 0.5)] for place in way]) == alone


def test_very_long_edges_are_not_for_cells() -> None:
    world = polygon("world", shapely.box(-170.0, -50.0, 170.0, 50.0).segmentize(100.0))
    county = polygon("county", shapely.box(100.0, 20.0, 102.0, 22.0))
    assert FenceSet([world])._runs._cells is None
    assert FenceSet([county])._runs._cells is None
    assert FenceSet(piers(1500))._runs._cells is not None
    assert FenceSet([world, *piers(1500)])._runs._cells is None
