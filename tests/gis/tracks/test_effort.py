"""Effort against known journeys, against plain sums over fine steps, and honest about the side."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings

from gis.border.border import Border, load_border
from gis.geometry.geodesy import destination, distances_m
from gis.position.position import Position
from gis.river.river import load_mekong
from gis.tracks.effort import ELSEWHERE, UNSURE, Amount, Effort, effort, total
from gis.tracks.track import Track, to_us, track_of
from tests.fixtures.examples import examples
from tests.gis.tracks.journeys import START, at, path, positions, positions_of, straight

ERROR_M = 300.0


def two_countries() -> Border:
    """LA east of 100.4, TH west of it, 300 m of error, nothing known beyond the square."""
    line = shapely.LineString([(100.4, 19.0), (100.4, 21.0)])
    borders = gpd.GeoDataFrame(
        {"countries": ["LA;TH"], "error_m": [ERROR_M]}, geometry=[line], crs="EPSG:4326"
    )
    areas = gpd.GeoDataFrame(
        {"country": ["LA", "TH"]},
        geometry=[shapely.box(100.4, 19.0, 101.0, 21.0), shapely.box(99.8, 19.0, 100.4, 21.0)],
        crs="EPSG:4326",
    )
    return Border(borders, areas)


def across(*, accuracy_m: float | None) -> Track:
    """20 km west to east over the border of `two_countries`, at 10 m/s, the line in the middle."""
    lon, lat = destination(lon=100.4, lat=20.0, bearing_deg=270.0, distance_m=10_000.0)
    run = straight(speed_mps=10.0, seconds=2000, lon=lon, lat=lat)
    return track_of(
        [at(n * 10, p.lon, p.lat, accuracy_m=accuracy_m) for n, p in enumerate(positions_of(run))]
    )


@pytest.mark.parametrize(("accuracy_m", "doubt_m"), [(None, 310.0), (0.0, 300.0), (200.0, 500.0)])
def test_within_the_error_of_line_and_position_the_side_is_unsure(
    accuracy_m: float | None, doubt_m: float
) -> None:
    found = effort({"boat": across(accuracy_m=accuracy_m)}, border=two_countries())["boat"]
    # The last 800 m at most do not count where positions are 200 m off.
    assert found.km == pytest.approx(20.0, abs=0.81 if accuracy_m == 200.0 else 1e-6)
    assert found.hours == pytest.approx(2000 / 3600)
    assert set(found.sides) == {"LA", "TH", UNSURE}
    assert found.unsure_between.keys() == {"LA/TH"}
    assert found.unsure_between["LA/TH"] == found.sides[UNSURE]
    assert found.sides[UNSURE].hours * 3600 == pytest.approx(2 * doubt_m / 10.0, abs=11.0)
    if accuracy_m != 200.0:
        assert found.sides["LA"].km == pytest.approx(10.0 - doubt_m / 1000.0, abs=0.1)
        assert found.sides["TH"].km == pytest.approx(10.0 - doubt_m / 1000.0, abs=0.1)
        assert found.sides[UNSURE].km == pytest.approx(2 * doubt_m / 1000.0, abs=0.1)


def test_in_the_middle_of_the_mekong_no_side_is_claimed() -> None:
    lon, lat = load_mekong().at_kms(np.linspace(2356.0, 2340.0, 161))
    track = track_of([at(n * 10, *place) for n, place in enumerate(zip(lon, lat, strict=True))])
    found = effort({"boat": track}, border=load_border())["boat"]
    way = distances_m(lon1=lon[:-1], lat1=lat[:-1], lon2=lon[1:], lat2=lat[1:])
    assert found.km == pytest.approx(way.sum() / 1000.0, rel=1e-3)
    assert set(found.sides) == {UNSURE}
    assert set(found.unsure_between) == {"LA/TH"}


def test_far_from_every_border_known_it_is_elsewhere_and_inland_it_is_sure() -> None:
    tracks = {
        "atlantic": straight(speed_mps=10.0, seconds=600, lon=-30.0, lat=10.0),
        "inland": straight(speed_mps=10.0, seconds=600, lon=99.0, lat=18.0),
    }
    found = effort(tracks, border=load_border())
    assert set(found["atlantic"].sides) == {ELSEWHERE}
    assert set(found["inland"].sides) == {"TH"}
    assert found["inland"].unsure_between == {}


def test_sides_and_sectors_are_those_of_a_walk_in_fine_steps() -> None:
    rng = np.random.default_rng(6)
    course = np.cumsum(rng.normal(0, 0.2, 300))
    steps = rng.uniform(20, 400, 300)
    track = path(
        np.arange(300) * 30.0,
        np.cumsum(steps * np.sin(course)),
        np.cumsum(steps * np.cos(course)),
        lon=100.37,
    )
    assert track.lon.min() < 100.39
    assert track.lon.max() > 100.41
    sectors = {
        "a": shapely.Point(100.41, 20.28).buffer(0.02),
        "b": shapely.box(100.40, 20.2, 100.43, 20.4) - shapely.box(100.41, 20.28, 100.42, 20.29),
    }
    border = two_countries()
    found = effort({"boat": track}, border=border, sectors=sectors)["boat"]
    # Each leg in 40 steps of equal time, each step judged where it begins and ends.
    shares = np.linspace(0, 1, 41)
    lon = (track.lon[:-1, None] + shares * np.diff(track.lon)[:, None]).ravel()
    lat = (track.lat[:-1, None] + shares * np.diff(track.lat)[:, None]).ravel()
    here, there = np.arange(300 * 41 - 41).reshape(-1, 41)[:, :-1].ravel(), None
    there = here + 1
    metres = distances_m(lon1=lon[here], lat1=lat[here], lon2=lon[there], lat2=lat[there])
    middle = (lon[here] + lon[there]) / 2, (lat[here] + lat[there]) / 2
    sides = border.sides(*middle, accuracy_m=10.0)
    assert found.km == pytest.approx(metres.sum() / 1000.0, rel=2e-4)
    for country in ("LA", "TH"):
        mine = sides.sure & (sides.country == country)
        assert found.sides[country].km == pytest.approx(metres[mine].sum() / 1000.0, abs=0.25)
        assert found.sides[country].hours == pytest.approx(mine.sum() * 0.75 / 3600, abs=0.02)
    assert found.sides[UNSURE].km == pytest.approx(metres[~sides.sure].sum() / 1000.0, abs=0.4)
    for name, area in sectors.items():
        inside = shapely.contains_xy(area, *middle)
        assert inside.any()
        assert found.sectors[name].km == pytest.approx(metres[inside].sum() / 1000.0, abs=0.25)
        assert found.sectors[name].hours == pytest.approx(inside.sum() * 0.75 / 3600, abs=0.02)
    outside = ~(
        shapely.contains_xy(sectors["a"], *middle) | shapely.contains_xy(sectors["b"], *middle)
    )
    assert found.outside_sectors.km == pytest.approx(metres[outside].sum() / 1000.0, abs=0.25)


@pytest.mark.parametrize("edge_m", [30.0, 330.0, 370.0, 940.0])
def test_the_edge_of_a_sector_is_placed_within_half_a_piece(edge_m: float) -> None:
    track = straight(speed_mps=10.0, seconds=100, step_s=100.0, lon=100.0, lat=0.0)
    sector = shapely.box(99.0, -1.0, 100.0 + edge_m / 111_319.49, 1.0)
    found = effort({"boat": track}, sectors={"west": sector})["boat"]
    assert found.sectors["west"].km * 1000.0 == pytest.approx(edge_m, abs=51.0)
    assert found.sectors["west"].hours * 36_000.0 == pytest.approx(edge_m, abs=51.0)


def test_a_sector_cut_at_the_antimeridian_counts_both_halves() -> None:
    track = straight(speed_mps=20.0, seconds=1000, lon=179.9, lat=0.0)
    halves = shapely.MultiPolygon(
        [shapely.box(179.95, -1, 180, 1), shapely.box(-180, -1, -179.95, 1)]
    )
    found = effort({"boat": track}, sectors={"date line": halves})["boat"]
    assert found.sectors["date line"].km == pytest.approx(0.1 * 111.3195, abs=0.06)
    assert found.km == pytest.approx(20.0, abs=1e-3)


def test_moored_hours_count_and_moored_noise_does_not() -> None:
    rng = np.random.default_rng(8)
    seconds = np.arange(0, 28_801, 10.0)
    noise = rng.normal(0, 6.0, (2, len(seconds)))
    found = effort({"boat": path(seconds, noise[0], noise[1])})["boat"]
    assert found.hours == pytest.approx(8.0)
    assert found.km < 0.2


def test_a_gap_is_neither_way_nor_time() -> None:
    track = track_of([at(0), at(100, 100.41), at(7300, 100.8), at(7400, 100.81)])
    found = effort({"boat": track})["boat"]
    assert found.hours == pytest.approx(200 / 3600)
    assert found.gap_hours == pytest.approx(2.0)
    assert found.km == pytest.approx(2.09, abs=0.01)
    longer = effort({"boat": track}, max_gap_s=1e5)["boat"]
    assert longer.hours == pytest.approx(7400 / 3600)
    assert longer.gap_hours == 0.0


@settings(deadline=None, max_examples=examples(40))
@given(positions(), positions())
def test_buckets_add_up_to_the_whole(one: list[Position], other: list[Position]) -> None:
    tracks = {"one": track_of(one), "other": track_of(other)}
    half = shapely.box(0.0, -90.0, 180.0, 90.0)
    rest = shapely.box(-180.0, -90.0, 0.0, 90.0)
    found = effort(tracks, border=two_countries(), sectors={"east": half, "west": rest})
    together = total(found.values())
    for each in (*found.values(), together):
        for buckets in (each.sides, each.sectors | {"": each.outside_sectors}):
            assert sum(b.km for b in buckets.values()) == pytest.approx(each.km, rel=1e-9, abs=1e-9)
            assert sum(b.hours for b in buckets.values()) == pytest.approx(each.hours)
        unsure = each.sides.get(UNSURE, Amount())
        assert sum(b.km for b in each.unsure_between.values()) == pytest.approx(unsure.km)
    assert together.positions == len(one) + len(other)
    assert together.km == pytest.approx(found["one"].km + found["other"].km)
    assert (
        found["one"]
        == effort(
            {"one": track_of(one[::-1])},
            border=two_countries(),
            sectors={"east": half, "west": rest},
        )["one"]
    )


def test_nothing_and_one_position_are_no_effort() -> None:
    found = effort({"none": track_of([]), "one": track_of([at(0)])}, border=two_countries())
    assert found["none"] == Effort()
    assert found["one"] == Effort(positions=1)
    assert to_us(START) > 0
