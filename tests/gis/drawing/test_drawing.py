"""Drawn sectors: each fault is named by ring and vertex, and what can be mended is."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.border.border import Border, load_border
from gis.drawing.drawing import DrawingLimits, check_drawing
from gis.fences.area import polygon
from tests.fixtures.examples import examples

SQUARE = [[100.4, 20.2], [100.5, 20.2], [100.5, 20.3], [100.4, 20.3], [100.4, 20.2]]


def drawn(*rings: list[Any]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": list(rings)}


def box(west: float, south: float, east: float, north: float) -> list[list[float]]:
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def test_a_good_drawing_has_no_fault_and_no_suggestion() -> None:
    island = box(100.44, 20.24, 100.46, 20.26)
    two = {"type": "MultiPolygon", "coordinates": [[SQUARE], [box(101, 20, 102, 21)]]}
    for geometry in (drawn(SQUARE), drawn(SQUARE, island), two):
        found = check_drawing(geometry)
        assert found.faults == ()
        assert found.suggestion is None
        assert found.usable


@pytest.mark.parametrize(
    ("ring", "code", "message", "vertex"),
    [
        (
            SQUARE[:-1], "not_closed",
            "outer ring, vertex 4: the ring does not return to vertex 1", 3,
        ),
        (
            [SQUARE[0], SQUARE[2], SQUARE[1], SQUARE[3], SQUARE[0]], "self_crossing",
            "outer ring, vertex 1: the edge to vertex 2 crosses the edge from vertex 3 to 4", 0,
        ),
        (
            [*SQUARE[:2], SQUARE[1], *SQUARE[2:]], "duplicate_point",
            "outer ring, vertex 3: is the same place as vertex 2", 2,
        ),
        (
            [*SQUARE[:2], [100.7, 20.2], [100.5, 20.2], *SQUARE[2:]], "spike",
            "outer ring, vertex 3: goes out and comes back the same way", 2,
        ),
    ],
)  # fmt: skip
def test_a_fault_of_a_ring_is_named_and_mended(
    ring: list[list[float]], code: str, message: str, vertex: int
) -> None:
    found = check_drawing(drawn(ring))
    fault = next(fault for fault in found.faults if fault.code == code)
    assert fault.message == message
    assert (fault.ring, fault.vertex) == (0, vertex)
    assert found.suggestion is not None
    mended = shapely.geometry.mapping(found.suggestion)
    assert check_drawing(mended).usable
    if code != "self_crossing":
        assert found.suggestion.equals(shapely.Polygon(SQUARE))


@pytest.mark.parametrize(
    ("ring", "edges", "place"),
    [
        (  # a bow of four corners, the crossing far from each
            [[100.50, 20.31], [100.55, 20.31], [100.50, 20.27], [100.54, 20.275], [100.50, 20.31]],
            (1, 3), (100.5239, 20.2891),
        ),
        (  # not closed: the edge back to the start crosses
            [[100.50, 20.31], [100.55, 20.31], [100.50, 20.27], [100.54, 20.275]],
            (1, 3), (100.5239, 20.2891),
        ),
        (  # across the antimeridian, told within 180 degrees
            [[179.8, 0.0], [-179.8, 0.3], [-179.8, 0.0], [179.8, 0.1], [179.8, 0.0]],
            (0, 2), (179.9, 0.075),
        ),
        (
            [[179.8, 0.0], [-179.8, 0.1], [-179.8, 0.0], [179.8, 0.3], [179.8, 0.0]],
            (0, 2), (-179.9, 0.075),
        ),
        (  # two edges share a stretch of the same line: its middle
            [[0.0, 0.0], [4.0, 0.0], [4.0, 1.0], [3.0, 1.0], [3.0, 0.0], [1.0, 0.0], [1.0, 1.0],
             [0.0, 1.0], [0.0, 0.0]],
            (0, 4), (2.0, 0.0),
        ),
    ],
)  # fmt: skip
def test_a_crossing_names_both_edges_and_where_they_cross(
    ring: list[list[float]], edges: tuple[int, int], place: tuple[float, float]
) -> None:
    found = check_drawing(drawn(ring)).faults
    fault = next(each for each in found if each.code == "self_crossing")
    assert (fault.vertex, fault.crosses) == edges
    assert (fault.lon, fault.lat) == pytest.approx(place, abs=1e-4)
    assert all(each.crosses is None for each in found if each.code != "self_crossing")


def test_a_hole_is_named_by_its_number() -> None:
    inside, outside = box(100.42, 20.22, 100.44, 20.24), box(100.6, 20.2, 100.61, 20.21)
    across = box(100.49, 20.25, 100.51, 20.26)
    found = check_drawing(drawn(SQUARE, inside, outside))
    assert [fault.message for fault in found.faults] == [
        "hole 2, vertex 1: lies outside the outer ring"
    ]
    assert found.suggestion is not None
    assert found.suggestion.equals(shapely.Polygon(SQUARE, [inside]))
    found = check_drawing(drawn(SQUARE, across))
    assert found.faults[0].message == "hole 1, vertex 2: lies outside the outer ring"
    assert found.suggestion is not None
    assert found.suggestion.equals(shapely.Polygon(SQUARE).difference(shapely.Polygon(across)))
    twice = check_drawing(drawn(SQUARE, inside, box(100.43, 20.23, 100.45, 20.25)))
    assert [fault.message for fault in twice.faults] == ["hole 2: overlaps hole 1"]


def test_polygons_that_overlap_are_joined() -> None:
    found = check_drawing(
        {"type": "MultiPolygon", "coordinates": [[SQUARE], [box(100.45, 20.25, 100.6, 20.4)]]}
    )
    assert [fault.message for fault in found.faults] == ["polygon 2 overlaps polygon 1"]
    assert found.suggestion is not None
    assert found.suggestion.geom_type == "Polygon"


def test_swapped_coordinates_are_seen_by_latitude_and_by_country() -> None:
    found = check_drawing(drawn([[lat, lon] for lon, lat in SQUARE]))
    assert [fault.code for fault in found.faults] == ["swapped"]
    assert found.suggestion is not None
    assert found.suggestion.equals(shapely.Polygon(SQUARE))
    # Where both are latitudes, only a country tells.
    land = gpd.GeoDataFrame({"country": ["XX"]}, geometry=[shapely.box(50, 10, 60, 20)], crs=4326)
    none = gpd.GeoDataFrame({"countries": [], "error_m": []}, geometry=[], crs=4326)
    border = Border(none, land)
    right, turned = drawn(box(52.0, 12.0, 52.1, 12.1)), drawn(box(12.0, 52.0, 12.1, 52.1))
    assert check_drawing(turned).faults == ()
    assert check_drawing(right, border=border).faults == ()
    found = check_drawing(turned, border=border)
    assert found.faults[0].code == "swapped"
    assert found.suggestion is not None
    assert found.suggestion.bounds == (52.0, 12.0, 52.1, 12.1)


def test_beyond_the_antimeridian_it_is_split() -> None:
    for ring in (
        box(179.9, 10.0, 180.1, 10.1),
        [[179.9, 10.0], [-179.9, 10.0], [-179.9, 10.1], [179.9, 10.1], [179.9, 10.0]],
    ):
        found = check_drawing(drawn(ring))
        assert [fault.code for fault in found.faults] == ["antimeridian"]
        assert found.suggestion is not None
        assert found.suggestion.geom_type == "MultiPolygon"
        west, _, east, _ = found.suggestion.bounds
        assert (west, east) == (-180.0, 180.0)
        area = polygon("a", found.suggestion)
        assert area.shape.geom_type == "Polygon"  # joined again where it is watched
        assert area.shape.area == pytest.approx(0.2 * 109_639 * 0.1 * 110_600, rel=0.01)


def test_in_the_wrong_country_the_worst_vertex_is_named() -> None:
    border = load_border()
    thai = drawn(box(100.30, 20.10, 100.36, 20.16))  # south of Chiang Khong
    found = check_drawing(thai, border=border, countries=["LA"])
    (fault,) = found.faults
    assert fault.code == "wrong_country"
    assert "km inside TH, where the area may not be; so do 5 of its 5 vertices" in fault.message
    assert check_drawing(thai, border=border, countries=["TH", "LA"]).faults == ()
    assert check_drawing(thai, border=border).faults == ()
    sea = check_drawing(drawn(box(60.0, 0.0, 60.1, 0.1)), border=border)
    assert [fault.code for fault in sea.faults] == ["foreign_country"]
    assert sea.usable


def test_slivers_specks_and_continents() -> None:
    thin = check_drawing(drawn(box(100.4, 20.2, 100.5, 20.20005)))
    assert thin.faults[0].message == "polygon 1 is a sliver, 6 m wide and 10.5 km long"
    speck = check_drawing(drawn(box(100.4, 20.2, 100.4001, 20.2001)))
    assert speck.faults[0].code == "too_small"
    assert speck.suggestion is None
    huge = check_drawing(drawn(box(90.0, 10.0, 110.0, 30.0)))
    assert huge.faults[0].code == "too_large"
    assert huge.usable


def test_too_many_vertices_are_thinned_and_stay_close() -> None:
    angle = np.linspace(0.0, 2.0 * np.pi, 3000)
    ring = np.column_stack([100.4 + 0.1 * np.cos(angle), 20.3 + 0.1 * np.sin(angle)]).tolist()
    found = check_drawing(drawn(ring), limits=DrawingLimits(most_vertices=500))
    assert found.faults[0].message == "the drawing has 3000 vertices, more than 500"
    assert found.usable
    assert found.suggestion is not None
    assert shapely.count_coordinates(found.suggestion) <= 500
    assert found.suggestion.hausdorff_distance(shapely.Polygon(ring)) < 1e-4


@pytest.mark.parametrize(
    ("geometry", "code"),
    [
        (None, "empty"),
        ({"type": "Polygon", "coordinates": []}, "empty"),
        ({"type": "Polygon", "coordinates": None}, "empty"),
        ({"type": "Polygon", "coordinates": [[]]}, "empty"),
        ({"type": "Polygon", "coordinates": ["abc"]}, "empty"),
        ({"type": "MultiPolygon", "coordinates": [[], []]}, "empty"),
        ({"type": "Point", "coordinates": [100.0, 20.0]}, "not_a_polygon"),
        ({}, "not_a_polygon"),
        (drawn([[100.0, 20.0], "x", [100.1, 20.1]]), "not_a_position"),
        (drawn([[100.0, 20.0], [float("nan"), 20.0], [100.1, 20.1]]), "not_a_position"),
        (drawn([[100.0, 20.0], [True, 20.0], [100.1, 20.1]]), "not_a_position"),
        (drawn([[100.0, 20.0]]), "too_few_points"),
        (drawn([[100.0, 20.0], [100.1, 20.0], [100.0, 20.0]]), "too_few_points"),
        (drawn([[400.0, 20.0], [100.1, 20.0], [100.0, 20.1]]), "out_of_range"),
    ],
)
def test_a_shape_that_is_no_area_is_reported_in_words(
    geometry: dict[str, Any] | None, code: str
) -> None:
    found = check_drawing(geometry)
    assert found.faults[0].code == code
    assert found.faults[0].message
    assert found.suggestion is None
    assert not found.usable


coordinate = st.one_of(
    st.floats(-400.0, 400.0), st.sampled_from([100.0, 20.0, 180.0, -180.0, 90.0, -90.0, 0.0])
)


@settings(max_examples=examples(300), deadline=None)
@given(
    st.lists(
        st.lists(st.lists(coordinate, min_size=2, max_size=3), max_size=9), min_size=1, max_size=3
    )
)
def test_any_drawing_is_judged_and_what_is_suggested_is_good(rings: list[Any]) -> None:
    found = check_drawing(drawn(*rings))
    if found.suggestion is not None:
        assert found.suggestion.is_valid
        assert found.suggestion.geom_type in ("Polygon", "MultiPolygon")
        west, south, east, north = found.suggestion.bounds
        assert west >= -180.0
        assert east <= 180.0
        assert south >= -90.0
        assert north <= 90.0
    if found.usable and not any(fault.code == "antimeridian" for fault in found.faults):
        # What is called usable can be watched.
        assert shapely.Polygon(rings[0], rings[1:]).is_valid
