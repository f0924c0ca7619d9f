"""The next gauge, office or crossing along the river, and when a boat is there."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gis.catalogue.layer_catalogue import load
from gis.errors.errors import PositionError
from gis.layers.reference_layers import shipped_features
from gis.river.river import load_mekong
from gis.river.river_marks import RiverDistance, RiverMark, RiverMarks, along, marks_along
from gis.river.rivers import load_rivers

MARKS = marks_along(
    load_rivers(), **{name: shipped_features(name) for name in ("gauges", "blos", "crossings")}
)["Mekong"]


def mark(km: float, kind: str = "gauge", error_m: float = 100.0) -> RiverMark:
    """Return a made-up mark."""
    return RiverMark(kind=kind, id=f"{kind}-{km}", name="", km=km, offset_m=0.0, error_m=error_m)  # type: ignore[arg-type]


def test_every_office_and_crossing_at_the_river_is_a_mark() -> None:
    ids = {each.id for each in MARKS.marks}
    assert {"LA-HXI", "TH-CKG", "X-LATH-FB4", "X-LATH-CKHONG", "G-CHIANG-SAEN"} <= ids
    assert "X-LATH-CHONGMEK" not in ids  # a road
    assert "CN-RUI" not in ids  # on another river
    at_the_river = load("blos")
    at_the_river = at_the_river[at_the_river["river"] == "Mekong"]
    assert set(at_the_river["id"]) <= ids


@pytest.mark.parametrize(
    ("way", "kind", "name"),
    [
        ("up", "gauge", "Chiang Saen"),
        ("down", "gauge", "Chiang Khong"),
        ("down", "crossing", "Chiang Khong - Houayxay town piers"),
        ("up", "crossing", "Chiang Saen - Tonpheung"),
        ("down", "office", "Houayxay"),
    ],
)
def test_the_next_mark_from_below_the_golden_triangle(way: str, kind: str, name: str) -> None:
    found = MARKS.next(2390.0, way=way, kind=kind)  # type: ignore[arg-type]
    assert found is not None
    assert found.mark.name == name
    assert found.along.way == way
    assert found.along.distance_km == pytest.approx(abs(found.mark.km - 2390.0))


@given(st.lists(st.floats(1.0, 2700.0), max_size=12), st.floats(1.0, 2700.0))
def test_next_is_the_nearest_on_that_side(kms: list[float], km: float) -> None:
    marks = RiverMarks(load_mekong(), [mark(each) for each in kms])
    up, down = marks.next(km, way="up"), marks.next(km, way="down")
    above, below = [k for k in kms if k >= km], [k for k in kms if k <= km]
    assert (up.mark.km if up else None) == min(above, default=None)
    assert (down.mark.km if down else None) == max(below, default=None)


def test_a_way_shorter_than_its_error_is_neither_up_nor_down() -> None:
    marks = RiverMarks(load_mekong(), [mark(2355.8, error_m=300.0)])
    found = marks.next(2356.0, way="down")
    assert found is not None
    assert found.along.way is None
    assert found.along.error_km == pytest.approx(0.3 + 0.2 * 0.035)


def test_the_error_of_a_way_is_that_of_the_reaches_it_runs_through() -> None:
    # 28.5 km of border reach at 3.5 %, then 20 km inland at 4.6 %.
    way = along(load_mekong(), 2356.0, 2307.52)
    assert way.error_km == pytest.approx(28.48 * 0.035 + 20.0 * 0.046, abs=0.01)
    assert along(load_mekong(), 2307.52, 2356.0).way == "up"
    with pytest.raises(PositionError, match="is not on the river"):
        along(load_mekong(), 2356.0, 9000.0)


@pytest.mark.parametrize("speed_mps", [0.0, -1.0, math.nan, math.inf])
def test_a_speed_that_is_none_gives_no_time(speed_mps: float) -> None:
    assert RiverDistance(way="up", distance_km=5.0, error_km=0.1).eta_s(speed_mps=speed_mps) is None


def test_a_time_of_arrival_spans_the_error() -> None:
    found = MARKS.next(2390.0, way="down", kind="office")
    assert found is not None
    times = found.along.eta_s(speed_mps=8.0)
    assert times is not None
    assert times[0] < found.along.distance_km * 125.0 < times[1]


def test_a_layer_without_rows_has_no_marks() -> None:
    layers = {name: load(name).head(0) for name in ("gauges", "blos", "crossings")}
    assert {len(each.marks) for each in marks_along(load_rivers(), **layers).values()} == {0}
