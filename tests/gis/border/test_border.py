"""Which side of a border a place is on, and how sure that is."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, box

from gis.border.border import Border, load_border, territories
from gis.catalogue.layer_catalogue import load
from gis.geometry.geodesy import destination
from gis.river.river import load_mekong
from tests.fixtures.examples import examples

OFFICES = list(load("blos").itertuples())


@pytest.mark.parametrize("office", OFFICES, ids=lambda row: row.id)
def test_every_office_is_in_its_own_country(office: object) -> None:
    lon, lat = office.geometry.x, office.geometry.y  # type: ignore[attr-defined]
    side = load_border().side(lon=lon, lat=lat)
    assert side.country == office.country  # type: ignore[attr-defined]
    assert side.sure == (side.distance_to_border_m > side.error_m)


@pytest.mark.parametrize("office", OFFICES, ids=lambda row: row.id)
def test_distance_to_the_border_agrees_with_the_table(office: object) -> None:
    measured = office.dist_border_m  # type: ignore[attr-defined]
    if math.isnan(measured):
        pytest.skip("the table gives no distance")
    lon, lat = office.geometry.x, office.geometry.y  # type: ignore[attr-defined]
    side = load_border().side(lon=lon, lat=lat)
    if side.neighbour in str(office.border_with).split(";"):  # type: ignore[attr-defined]
        assert side.distance_to_border_m == pytest.approx(measured, abs=15.0)


def test_the_middle_of_a_border_river_is_on_neither_side_for_sure() -> None:
    mekong = load_mekong()
    lons, lats = mekong.at_kms(np.linspace(2330.0, 2420.0, 500))
    found = load_border().sides(lons, lats)
    assert set(found.country) <= {"LA", "TH"}
    assert not found.sure.any()
    assert (found.error_m == 300.0).all()


@pytest.mark.parametrize(
    ("north_m", "accuracy_m", "country", "sure"),
    [
        (500.0, 0.0, "LA", True),
        (-500.0, 0.0, "TH", True),
        (250.0, 0.0, "LA", False),  # within the error of the line
        (500.0, 250.0, "LA", False),  # within the errors of line and fix
    ],
)
def test_a_side_is_sure_only_beyond_the_errors(
    north_m: float, accuracy_m: float, country: str, sure: bool
) -> None:
    line = LineString([(100.0, 20.0), (101.0, 20.0)])
    borders = gpd.GeoDataFrame(
        {"countries": ["LA;TH"], "error_m": [300.0]}, geometry=[line], crs="EPSG:4326"
    )
    areas = gpd.GeoDataFrame(
        {"country": ["LA", "TH"]},
        geometry=[box(100.0, 20.0, 101.0, 21.0), box(100.0, 19.0, 101.0, 20.0)],
        crs="EPSG:4326",
    )
    lon, lat = destination(lon=100.5, lat=20.0, bearing_deg=0.0, distance_m=north_m)
    side = Border(borders, areas).side(lon=lon, lat=lat, accuracy_m=accuracy_m)
    assert (side.country, side.sure) == (country, sure)
    assert side.neighbour == {"LA": "TH", "TH": "LA"}[country]
    # A line of constant latitude: its drawing is not the geodesic, by a metre in a hundred here.
    assert side.distance_to_border_m == pytest.approx(abs(north_m), rel=0.01)


def test_ground_that_two_drawings_claim_is_never_sure() -> None:
    doubts = load("border_doubts")
    wide = doubts[doubts["km2"] > 5.0].geometry.representative_point()
    found = load_border().sides(wide.x, wide.y)
    assert len(wide) == 7
    assert not found.sure.any()
    assert found.distance_to_border_m.max() > found.error_m.min()


def test_the_open_sea_and_other_countries_have_no_side() -> None:
    found = load_border().sides([93.0, 92.5, 0.0], [10.0, 23.0, 51.5])  # Andamans, Bangladesh
    assert found.country.tolist() == [None, None, None]
    assert not found.sure.any()


def test_the_edge_of_the_data_is_no_border() -> None:
    inland = load_border().side(lon=101.0, lat=26.99)  # Yunnan, where the data end at 27 north
    assert inland.country == "CN"
    assert inland.distance_to_border_m > 100_000.0
    assert inland.sure


def test_places_that_are_none_have_no_side() -> None:
    nan = float("nan")
    found = load_border().sides([nan, 100.0, 200.0, 100.0], [20.0, nan, 20.0, 90.0])
    assert found.country.tolist() == [None] * 4
    assert np.isnan(found.distance_to_border_m).all()
    assert not found.sure.any()
    assert len(load_border().sides([], []).country) == 0


def test_areas_close_from_lines_and_meet_without_gap_or_overlap() -> None:
    areas = territories(load("borders"), load("outlines"))
    assert areas["country"].tolist() == ["CN", "KH", "LA", "MM", "TH", "VN"]
    assert areas.geometry.is_valid.all()
    plane = areas.to_crs("EPSG:6933")
    parts = plane.geometry.area.sum()
    assert plane.geometry.union_all().area == pytest.approx(parts, rel=1e-9)


def test_lines_that_do_not_close_leave_an_empty_area() -> None:
    borders = load("borders")
    open_ = borders[borders["id"] != "LA-TH-mekong"]
    areas = territories(open_, load("outlines")).set_index("country")
    assert areas.geometry["LA"].is_empty
    assert not areas.geometry["VN"].is_empty


def straight(
    *, west: float = 100.0, east: float = 101.0, lat: float = 20.0, error_m: float = 300.0
) -> Border:
    """Return a border along a latitude, Lao to the north of it, Thai to the south."""
    line = LineString([(west, lat), (east, lat)])
    borders = gpd.GeoDataFrame(
        {"countries": ["LA;TH"], "error_m": [error_m]}, geometry=[line], crs="EPSG:4326"
    )
    areas = gpd.GeoDataFrame(
        {"country": ["LA", "TH"]},
        geometry=[box(west, lat, east, lat + 1.0), box(west, lat - 1.0, east, lat)],
        crs="EPSG:4326",
    )
    return Border(borders, areas)


@settings(max_examples=examples(300), deadline=None)
@given(
    north_m=st.floats(-3000.0, 3000.0),
    line_off_m=st.floats(-1.0, 1.0),
    fix_off_m=st.floats(-1.0, 1.0),
    error_m=st.floats(0.0, 1000.0),
    accuracy_m=st.floats(0.0, 1000.0),
)
def test_a_sure_side_is_the_true_side_wherever_line_and_fix_are_within_their_errors(
    north_m: float, line_off_m: float, fix_off_m: float, error_m: float, accuracy_m: float
) -> None:
    drawn = straight(error_m=error_m)
    true_line_m = line_off_m * error_m  # where the border really runs, north of the drawn one
    lon, lat = destination(
        lon=100.5, lat=20.0, bearing_deg=0.0, distance_m=north_m + fix_off_m * accuracy_m
    )
    side = drawn.side(lon=lon, lat=lat, accuracy_m=accuracy_m)
    # A metre to spare: the drawn line is a line of latitude, the distance is to the geodesic foot.
    if side.sure and abs(north_m - true_line_m) > 1.0:
        assert side.country == ("LA" if north_m > true_line_m else "TH")
    if not side.sure:
        assert side.distance_to_border_m <= side.unsure_within_m + 1e-6
    assert side.unsure_within_m == pytest.approx(error_m + accuracy_m)


@given(
    lon=st.one_of(st.floats(-180.0, 180.0), st.sampled_from([math.nan, math.inf, 180.0, -180.0])),
    lat=st.one_of(st.floats(-90.0, 90.0), st.sampled_from([math.nan, -math.inf, 90.0, -90.0])),
    accuracy_m=st.sampled_from([0.0, 1e6, math.nan]),
)
@settings(max_examples=examples(200), deadline=None)
def test_any_place_has_an_answer_and_a_vague_fix_none_that_is_sure(
    lon: float, lat: float, accuracy_m: float
) -> None:
    side = load_border().side(lon=lon, lat=lat, accuracy_m=accuracy_m)
    assert not (side.sure and side.country is None)
    if math.isnan(accuracy_m) or (accuracy_m and side.distance_to_border_m < accuracy_m):
        assert not side.sure


@pytest.mark.parametrize("lon", [179.99, -179.99, 180.0, -180.0])
def test_a_border_that_crosses_the_antimeridian_is_near_on_both_sides(lon: float) -> None:
    ends = [(179.0, 180.0), (-180.0, -179.0)]
    halves = [LineString([(west, 10.0), (east, 10.0)]) for west, east in ends]
    borders = gpd.GeoDataFrame(
        {"countries": ["AA;BB"] * 2, "error_m": [10.0] * 2}, geometry=halves, crs="EPSG:4326"
    )
    areas = gpd.GeoDataFrame(
        {"country": ["AA", "AA"]},
        geometry=[box(179.0, 10.0, 180.0, 11.0), box(-180.0, 10.0, -179.0, 11.0)],
        crs="EPSG:4326",
    )
    side = Border(borders, areas).side(lon=lon, lat=10.01)
    assert (side.country, side.neighbour, side.sure) == ("AA", "BB", True)
    assert side.distance_to_border_m == pytest.approx(1106.0, abs=1.0)


def test_disputed_ground_is_marked_as_disputed() -> None:
    doubts = load("border_doubts")
    wide = doubts[doubts["km2"] > 5.0].geometry.representative_point()
    found = load_border().sides(wide.x, wide.y)
    assert found.disputed.all()
    assert not load_border().side(lon=100.40461, lat=20.26125).disputed


@pytest.mark.parametrize(
    ("lon", "lat", "either"),
    [
        (102.8623, 22.6056, {"CN", "VN"}),
        (98.7698, 24.0211, {"CN", "MM"}),
        (106.2663, 11.7145, {"KH", "VN"}),
        (104.4155, 19.0271, {"LA", "VN"}),
        (101.211, 21.5595, {"CN", "LA"}),
        (101.513, 21.2485, {"CN", "LA"}),
        (104.55, 22.83, {"CN", "VN"}),
    ],
)
def test_a_side_that_a_newer_drawing_contradicts_is_not_sure(
    lon: float, lat: float, either: set[str]
) -> None:
    side = load_border().side(lon=lon, lat=lat)
    assert side.distance_to_border_m > side.error_m
    assert (side.sure, side.disputed) == (False, True)
    assert {side.country, side.neighbour} == either
