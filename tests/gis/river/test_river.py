"""Kilometres, offsets and banks along the Mekong and along small made-up rivers."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

from gis.errors.errors import LayerError, PositionError
from gis.geometry.geodesy import destination, distance_m, distances_m
from gis.river.river import River, kilometre_marks, load_mekong
from tests.fixtures.examples import examples

LINES = Path(__file__).with_name("mekong_stations.csv").read_text(encoding="utf-8").splitlines()
STATIONS = list(csv.DictReader(line for line in LINES if not line.startswith("#")))

JOINTS = {  # where two sources of the line meet
    "CN-LA-MM tripoint",
    "Kaeng Pha Dai",
    "Paklay",
    "Nam Heung mouth",
    "Chiang Khan",
    "Woen Buek",
}


def river(*lines: list[tuple[float, float]], **columns: object) -> River:
    """Return a river of one reach a line, of error 50 m unless said."""
    rows = {"reach": [f"reach {n}" for n in range(len(lines))], "error_m": 50.0} | columns
    frame = gpd.GeoDataFrame(rows, geometry=[LineString(line) for line in lines], crs="EPSG:4326")
    return River(frame)


@pytest.mark.parametrize("station", STATIONS, ids=lambda station: station["name"])
def test_stations_are_where_another_program_measured_them(station: dict[str, str]) -> None:
    place = load_mekong().locate(lon=float(station["lon"]), lat=float(station["lat"]))
    assert place is not None
    # That program went along every spike and hook where two sources meet; ours leaves them out.
    at_a_joint = station["name"] in JOINTS
    assert place.km == pytest.approx(float(station["km"]), abs=0.7 if at_a_joint else 0.35)
    off_m = 270.0 if at_a_joint else 16.0
    assert abs(place.offset_m) == pytest.approx(float(station["offset_m"]), abs=off_m)


@pytest.mark.parametrize("station", [s for s in STATIONS if s["published_km"]])
def test_published_kilometres_agree_within_the_stated_share(station: dict[str, str]) -> None:
    place = load_mekong().locate(lon=float(station["lon"]), lat=float(station["lat"]))
    assert place is not None
    published = float(station["published_km"])
    assert abs(place.km - published) <= 0.04 * published


def test_kilometres_count_down_from_the_golden_triangle() -> None:
    mark = load_mekong().golden_triangle_km
    assert mark == pytest.approx(2424.07, abs=0.05)
    place = load_mekong().locate(lon=100.4178, lat=20.27)
    assert place is not None
    assert place.km_below_golden_triangle == pytest.approx(68.2, abs=0.1)
    above = load_mekong().locate(lon=100.64017, lat=20.89596)
    assert above is not None
    assert above.km_below_golden_triangle == pytest.approx(-100.3, abs=0.1)


@settings(max_examples=examples(300))
@given(km=st.floats(0.0, 2754.5))
def test_kilometre_to_point_and_back_is_the_same_kilometre(km: float) -> None:
    lon, lat = load_mekong().at_km(km)
    place = load_mekong().locate(lon=lon, lat=lat)
    assert place is not None
    assert place.km == pytest.approx(km, abs=0.001)
    assert abs(place.offset_m) < 0.1


def test_the_nearest_point_agrees_with_brute_force() -> None:
    mekong = load_mekong()
    marks = np.arange(2330.0, 2420.0, 0.02)
    line_lon, line_lat = mekong.at_kms(marks)
    rng = np.random.default_rng(20030610)
    chosen = rng.integers(500, len(marks) - 500, 200)  # the line goes on beyond the marks
    lons = line_lon[chosen] + rng.normal(0.0, 0.006, 200)
    lats = line_lat[chosen] + rng.normal(0.0, 0.006, 200)
    found = mekong.locate_many(lons, lats)
    for n in range(200):
        every = distances_m(lon1=lons[n], lat1=lats[n], lon2=line_lon, lat2=line_lat)
        assert abs(found.offset_m[n]) <= every.min() + 0.1
        assert abs(found.offset_m[n]) == pytest.approx(every.min(), abs=10.5)
        lon, lat = mekong.at_km(float(found.km[n]))
        foot = distance_m(lon1=lons[n], lat1=lats[n], lon2=lon, lat2=lat)
        assert foot == pytest.approx(abs(found.offset_m[n]), abs=0.5)


def test_many_places_answer_as_one_does() -> None:
    mekong = load_mekong()
    lons, lats = [100.43, 100.40, 100.41, 0.0], [20.27, 20.25, 20.266, 0.0]
    many = mekong.locate_many(lons, lats)
    for n, (lon, lat) in enumerate(zip(lons, lats, strict=True)):
        one = mekong.locate(lon=lon, lat=lat)
        if one is None:
            assert math.isnan(many.km[n])
            assert many.reach[n] == -1
        else:
            assert one.km == many.km[n]
            assert {"left": 1, "right": -1, None: 0}[one.bank] == many.side[n]


def test_the_lao_bank_is_left_and_the_thai_bank_right() -> None:
    houayxay = load_mekong().locate(lon=100.4178, lat=20.27)
    chiang_khong = load_mekong().locate(lon=100.40461, lat=20.26125)
    assert houayxay is not None
    assert chiang_khong is not None
    assert (houayxay.bank, chiang_khong.bank) == ("left", "right")


@pytest.mark.parametrize(
    ("away_m", "accuracy_m", "bank"),
    [
        (20.0, 0.0, None),
        (-49.0, 0.0, None),
        (60.0, 0.0, "left"),
        (-60.0, 0.0, "right"),
        (60.0, 30.0, None),
    ],
)
def test_a_bank_is_reported_only_beyond_the_errors(
    away_m: float, accuracy_m: float, bank: str | None
) -> None:
    south = river([(100.0, 20.1), (100.0, 20.0)])  # runs south, so east is left
    lon, lat = destination(lon=100.0, lat=20.05, bearing_deg=90.0, distance_m=away_m)
    place = south.locate(lon=lon, lat=lat, accuracy_m=accuracy_m)
    assert place is not None
    assert place.bank == bank
    assert place.offset_m == pytest.approx(away_m, abs=0.01)


def test_midstream_is_reported_where_the_width_is_known() -> None:
    wide = river([(100.0, 20.1), (100.0, 20.0)], width_m=400.0)
    lon, lat = destination(lon=100.0, lat=20.05, bearing_deg=90.0, distance_m=40.0)
    place = wide.locate(lon=lon, lat=lat)
    assert place is not None
    assert place.bank == "mid"
    assert wide.locate_many([lon], [lat]).mid.tolist() == [True]


def test_the_bank_is_right_outside_a_sharp_bend() -> None:
    # Runs east, then back west-north-west: a tongue of land; beyond its tip is the right bank.
    hairpin = river([(100.0, 20.0), (100.1, 20.0), (100.0, 20.01)])
    for bearing in (45.0, 80.0, 95.0, 110.0, 135.0):
        lon, lat = destination(lon=100.1, lat=20.0, bearing_deg=bearing, distance_m=500.0)
        place = hairpin.locate(lon=lon, lat=lat)
        assert place is not None
        assert place.bank == "right", bearing


def test_beyond_five_kilometres_there_is_no_address() -> None:
    south = river([(100.0, 20.1), (100.0, 20.0)])
    near, _ = destination(lon=100.0, lat=20.05, bearing_deg=90.0, distance_m=4990.0)
    far, _ = destination(lon=100.0, lat=20.05, bearing_deg=90.0, distance_m=5010.0)
    assert np.isnan(south.locate_many([near, far], [20.05, 20.05]).km).tolist() == [False, True]


def test_places_that_are_none_have_no_address() -> None:
    nan = float("nan")
    found = load_mekong().locate_many([nan, 100.4, 181.0, 100.4], [20.0, nan, 20.0, 95.0])
    assert np.isnan(found.km).all()
    assert found.side.tolist() == [0, 0, 0, 0]
    assert len(load_mekong().locate_many([], []).km) == 0


@pytest.mark.parametrize("lon", [-180.0, 180.0, 0.0])
@pytest.mark.parametrize("lat", [-90.0, 90.0, 0.0])
def test_poles_and_antimeridian_are_far_from_the_mekong(lon: float, lat: float) -> None:
    assert load_mekong().locate(lon=lon, lat=lat) is None


@pytest.mark.parametrize("km", [-0.1, 2760.0, float("nan")])
def test_a_kilometre_off_the_river_is_refused(km: float) -> None:
    with pytest.raises(PositionError, match="is not on the river"):
        load_mekong().at_km(km)


def test_a_way_along_the_river_has_equal_steps_and_both_ends() -> None:
    way = load_mekong().between(2352.0, 2362.0, step_m=300.0)
    kms = [place.km for lon, lat in way if (place := load_mekong().locate(lon=lon, lat=lat))]
    assert len(kms) == len(way) == 35
    assert kms[0] == pytest.approx(2352.0)
    assert kms[-1] == pytest.approx(2362.0)
    assert np.diff(kms) == pytest.approx(np.full(34, 10.0 / 34))
    with pytest.raises(ValueError, match="step_m"):
        load_mekong().between(2352.0, 2362.0, step_m=0.0)


def test_the_reach_is_named() -> None:
    place = load_mekong().locate(lon=100.41, lat=20.266)
    assert place is not None
    assert place.reach == "Houay Xai"
    assert place.error_m == 330.0
    assert place.km_error_share == 0.035  # 1.5 %, and 2 % between ruler and kilometres


def test_marks_thin_out_as_the_map_zooms_out() -> None:
    marks = kilometre_marks(load_mekong())
    assert len(marks) == 2755
    assert marks["every"].value_counts().to_dict() == {1: 2479, 10: 220, 50: 56}
    lon, lat = marks.geometry.iloc[2356].x, marks.geometry.iloc[2356].y
    place = load_mekong().locate(lon=lon, lat=lat)
    assert place is not None
    assert place.km == pytest.approx(2356.0)


def test_a_reach_must_begin_where_the_last_one_ends() -> None:
    with pytest.raises(LayerError, match="feature 1: begins 5535 m from") as caught:
        river([(100.0, 20.1), (100.0, 20.05)], [(100.0, 20.0), (100.0, 19.9)])
    assert caught.value.feature == 1


@pytest.mark.parametrize("shape", [Point(100.0, 20.0), LineString(), None])
def test_a_reach_must_be_a_line(shape: object) -> None:
    frame = gpd.GeoDataFrame({"reach": ["a"], "error_m": [1.0]}, geometry=[shape], crs="EPSG:4326")
    with pytest.raises(LayerError, match="feature 0: is not one line"):
        River(frame)


def test_a_line_without_a_column_or_a_reach_is_refused() -> None:
    line = [LineString([(100.0, 20.1), (100.0, 20.0)])]
    with pytest.raises(LayerError, match="has no column error_m"):
        River(gpd.GeoDataFrame({"reach": ["a"]}, geometry=line, crs="EPSG:4326"))
    with pytest.raises(LayerError, match="has no reach"):
        River(gpd.GeoDataFrame({"reach": [], "error_m": []}, geometry=[], crs="EPSG:4326"))


def test_a_line_may_end_above_the_sea() -> None:
    upper = river([(100.0, 20.1), (100.0, 20.0)], km_end=500.0)
    assert upper.km_range == pytest.approx((500.0, 511.07), abs=0.01)
    assert upper.golden_triangle_km is None
