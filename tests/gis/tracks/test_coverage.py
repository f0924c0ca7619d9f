"""Coverage: closed forms on known shapes, areas by geodesics, rivers by brute force."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings

from gis.errors.errors import PositionError
from gis.geometry.geodesy import WGS84, destinations, distances_m
from gis.position.position import Position
from gis.river.river import River, load_mekong
from gis.river.rivers import Rivers, load_rivers
from gis.tracks.coverage import area_coverage, reach_km, river_coverage
from gis.tracks.river_bins import river_bins
from gis.tracks.track import Track, sorted_track, to_us, track_of
from tests.fixtures.examples import examples
from tests.gis.tracks.journeys import START, at, moment, path, positions, straight


def around(lon: float, lat: float, half_m: float) -> shapely.Polygon:
    """Return a square of about twice `half_m`, cut at the antimeridian where it crosses it."""
    east, _ = destinations(lon=lon, lat=lat, bearing_deg=90.0, distance_m=half_m)
    _, north = destinations(lon=lon, lat=lat, bearing_deg=0.0, distance_m=half_m)
    wide = (float(east[0]) - lon + 180.0) % 360.0 - 180.0
    high = float(north[0]) - lat
    if lon + wide <= 180.0 and lon - wide >= -180.0:
        return shapely.box(lon - wide, lat - high, lon + wide, lat + high)
    lon = lon % 360.0
    return shapely.MultiPolygon(
        [
            shapely.box(lon - wide, lat - high, 180.0, lat + high),
            shapely.box(-180.0, lat - high, lon + wide - 360.0, lat + high),
        ]
    )


def true_km2(area: shapely.Geometry) -> float:
    """Area on the ellipsoid, edges straight in longitude and latitude."""
    fine = shapely.segmentize(area, 0.001)
    return (
        sum(abs(WGS84.geometry_area_perimeter(part)[0]) for part in shapely.get_parts(fine)) / 1e6
    )


@pytest.mark.parametrize("place", [(100.4, 20.27), (179.95, 0.0), (-179.98, 65.0), (10.0, -40.0)])
def test_one_straight_way_sees_a_strip_and_two_half_circles(place: tuple[float, float]) -> None:
    lon, lat = place
    track = straight(speed_mps=10.0, seconds=1000, bearing_deg=70.0, lon=lon, lat=lat)
    sector = around(lon, lat, 15_000.0)
    coverage, cells = area_coverage([track], sector, radius_m=500.0)
    assert coverage.whole == pytest.approx(true_km2(sector), rel=1e-4)
    strip = 2 * 500.0 * 10_000.0 + math.pi * 500.0**2
    assert coverage.seen == pytest.approx(strip / 1e6, rel=2e-3)
    assert coverage.share == pytest.approx(strip / 1e6 / true_km2(sector), rel=2e-3)
    assert (coverage.first, coverage.last) == (moment(0), moment(1000))
    assert coverage.seen_hours == pytest.approx(1000 / 3600, rel=1e-6)
    assert cells["area_km2"].sum() == pytest.approx(coverage.whole, rel=1e-9)
    near = cells["visits"] > 0
    assert cells["area_km2"][near].sum() == pytest.approx(coverage.seen, rel=0.05)
    assert cells["last"].isna().tolist() == (~near).tolist()
    assert str(cells["last"].dtype) == "datetime64[us, UTC]"
    assert cells.crs.to_epsg() == 4326


def test_what_two_units_see_of_one_place_counts_once() -> None:
    one = straight(speed_mps=10.0, seconds=600)
    sector = around(100.4, 20.27, 10_000.0)
    alone, _ = area_coverage([one], sector, radius_m=400.0)
    twice, _ = area_coverage(
        [one, straight(speed_mps=10.0, seconds=600, start_s=30.0)], sector, radius_m=400.0
    )
    assert twice.seen == pytest.approx(alone.seen, rel=1e-6)
    assert twice.unit_hours == pytest.approx(2 * alone.unit_hours, rel=1e-6)
    assert twice.seen_hours == pytest.approx(630 / 3600, rel=1e-6)


def test_only_what_lies_in_the_sector_counts() -> None:
    track = straight(speed_mps=10.0, seconds=2000, lat=0.0, lon=100.0)
    west = shapely.box(99.0, -1.0, 100.09, 1.0) - shapely.box(100.02, -0.5, 100.05, 0.5)
    coverage, _ = area_coverage([track], west, radius_m=300.0)
    degree = 111_319.49
    strip = (0.09 - 0.03) * degree * 600.0 + math.pi * 300.0**2 / 2
    assert coverage.seen == pytest.approx(strip / 1e6, rel=3e-3)
    assert coverage.whole == pytest.approx(true_km2(west), rel=1e-4)


def test_the_whole_and_nothing() -> None:
    sector = around(100.4, 20.27, 300.0)
    still = track_of([at(n * 10) for n in range(10)])
    coverage, cells = area_coverage([still], sector, radius_m=1000.0)
    assert coverage.share == 1.0
    assert (cells["seen_s"] == 90.0).all()
    nothing, cells = area_coverage([still], around(101.0, 21.0, 500.0), radius_m=1000.0)
    assert (nothing.share, nothing.first, nothing.last, nothing.seen_hours) == (
        0.0,
        None,
        None,
        0.0,
    )
    assert cells["last"].isna().all()
    nobody, _ = area_coverage([track_of([])], sector, radius_m=1000.0)
    assert nobody.share == 0.0


def test_a_gap_is_no_passage_and_its_ends_are_seen_for_an_instant() -> None:
    track = track_of([at(0, 100.3), at(3000, 100.5)])
    coverage, _ = area_coverage([track], around(100.4, 20.27, 20_000.0), radius_m=500.0)
    assert coverage.seen == pytest.approx(2 * math.pi * 0.25, rel=2e-4)
    assert coverage.seen_hours == 0.0
    assert (coverage.first, coverage.last) == (moment(0), moment(3000))


@pytest.mark.parametrize("seed", range(3))
def test_what_a_wavering_boat_saw_is_the_union_of_all_its_legs(seed: int) -> None:
    rng = np.random.default_rng(seed)
    count = 400
    seconds = np.cumsum(rng.choice([10.0, 20.0, 900.0], count, p=[0.6, 0.38, 0.02]))
    speed = np.repeat(rng.choice([0.0, 6.0], 20), 20)
    course = np.cumsum(rng.normal(0, 0.3, count))
    step = speed * np.diff(seconds, prepend=0.0)
    east = np.cumsum(step * np.sin(course)) + rng.normal(0, 8, count)
    north = np.cumsum(step * np.cos(course)) + rng.normal(0, 8, count)
    radius_m = 250.0
    close = np.flatnonzero(np.diff(seconds) <= 600.0)
    legs = [shapely.LineString([(east[n], north[n]), (east[n + 1], north[n + 1])]) for n in close]
    alone = [shapely.Point(x, y) for x, y in zip(east, north, strict=True)]
    truth = shapely.union_all(shapely.buffer([*legs, *alone], radius_m, quad_segs=64)).area
    track = path(seconds, east, north)
    coverage, _ = area_coverage([track], around(100.4, 20.27, 60_000.0), radius_m=radius_m)
    assert coverage.seen == pytest.approx(truth / 1e6, rel=3e-3)


def test_a_polar_cap_is_measured_and_seen() -> None:
    cap = shapely.box(-180.0, 89.0, 180.0, 90.0)
    over = track_of([at(0, 0.0, 89.5), at(300, 180.0, 89.5)])  # 112 km over the pole
    coverage, _ = area_coverage([over], cap, radius_m=2000.0, max_gap_s=600.0)
    height = 111_693.9  # metres of the last degree
    assert coverage.whole == pytest.approx(math.pi * height**2 / 1e6, rel=1e-3)
    strip = 2 * 2000.0 * height + math.pi * 2000.0**2
    assert coverage.seen == pytest.approx(strip / 1e6, rel=3e-3)


def test_when_a_place_was_last_seen_stands_in_its_cell() -> None:
    track = straight(speed_mps=10.0, seconds=1000)
    sector = around(float(track.lon[50]), float(track.lat[50]), 5200.0)
    _, cells = area_coverage([track], sector, radius_m=200.0, cell_m=100.0)
    for second in (200, 500, 900):
        lon, lat = float(track.lon[second // 10]), float(track.lat[second // 10])
        [row] = [
            row for _, row in cells.iterrows() if row.geometry.contains(shapely.Point(lon, lat))
        ]
        last = (row["last"] - pd.Timestamp(START)).total_seconds()
        assert last == pytest.approx(second + 20.0, abs=8.0)
        assert row["seen_s"] == pytest.approx(40.0, abs=6.0)


@pytest.mark.parametrize(
    "area",
    [None, shapely.Polygon(), shapely.Point(1, 1), shapely.Polygon([(0, 0), (1, 0), (2, 0)])],
)
def test_what_is_no_area_is_refused(area: shapely.Geometry) -> None:
    with pytest.raises(PositionError, match="area"):
        area_coverage([], area, radius_m=100.0)


@settings(deadline=None, max_examples=examples(40))
@given(positions())
def test_any_track_sees_a_share(given: list[Position]) -> None:
    for sector in (around(100.4, 20.27, 5000.0), around(180.0, -0.5, 5000.0)):
        coverage, cells = area_coverage([track_of(given)], sector, radius_m=800.0, cell_m=1500.0)
        assert 0.0 <= coverage.share <= 1.0
        assert (coverage.last is None) <= (coverage.share < 0.6)
        shuffled, _ = area_coverage([track_of(given[::-1])], sector, radius_m=800.0, cell_m=1500.0)
        assert shuffled == coverage
        assert len(cells) >= 36


# -- rivers


def bent_river() -> River:
    """Return 20 km of river in two reaches, with a bend of 60 degrees between."""
    lon, lat = destinations(lon=100.0, lat=0.0, bearing_deg=90.0, distance_m=[0.0, 10_000.0])
    end_lon, end_lat = destinations(lon=lon[1], lat=lat[1], bearing_deg=150.0, distance_m=10_000.0)
    lines = [
        shapely.LineString(np.column_stack([lon, lat])),
        shapely.LineString([(lon[1], lat[1]), (float(end_lon[0]), float(end_lat[0]))]),
    ]
    columns = {"reach": ["upper", "lower"], "error_m": [50.0, 120.0]}
    return River(gpd.GeoDataFrame(columns, geometry=lines, crs="EPSG:4326"))


def down(river: River, km_from: float, km_to: float, *, aside_m: float = 0.0) -> Track:
    """Return a boat that goes along a river at 10 m/s, `aside_m` north of it."""
    kms = np.arange(km_from, km_to - 1e-9, -0.1)
    lon, lat = river.at_kms(kms)
    lon, lat = destinations(lon=lon, lat=lat, bearing_deg=0.0, distance_m=aside_m)
    times = to_us(START) + np.arange(len(kms)) * 10_000_000
    return sorted_track(times, {"lon": lon, "lat": lat})


def test_a_boat_sees_the_river_a_radius_before_and_behind_it() -> None:
    found = river_coverage(
        [down(bent_river(), 18.0, 14.0)],
        bent_river(),
        km_from=0.0,
        km_to=19.99,
        radius_m=500.0,
        step_m=10.0,
    )
    below, stretch, above = found.stretches
    assert (below.km_from, above.km_to) == (0.0, 19.99)
    assert stretch.km_from == pytest.approx(13.5, abs=0.006)
    assert stretch.km_to == pytest.approx(18.5, abs=0.006)
    assert found.seen.seen == pytest.approx(5.0, abs=0.011)
    assert found.seen.share == pytest.approx(5.0 / 19.99, abs=0.001)
    assert (below.last, above.last) == (None, None)
    assert stretch.last is not None
    # The upper end was left first: at 10 m/s, 500 m below it.
    assert abs((stretch.last - moment(0)).total_seconds()) < 2.0
    assert found.line_error_m == 120.0
    assert found.seen.last == moment(400)


def test_a_boat_aside_sees_less_of_the_line() -> None:
    river = bent_river()
    found = river_coverage(
        [down(river, 18.0, 14.0, aside_m=400.0)],
        river,
        km_from=10.5,
        km_to=19.99,
        radius_m=500.0,
        step_m=5.0,
    )
    assert found.seen.seen == pytest.approx(4.6, abs=0.011)  # 300 m instead of 500 at each end


def test_a_boat_that_reports_seldom_sees_the_bends_that_it_went_round() -> None:
    # At 5 m/s through the bends above Vientiane, a report every ten seconds or every five minutes.
    mekong, rivers = load_mekong(), load_rivers()
    kms = np.arange(1772.0, 1740.0, -0.05)
    lon, lat = mekong.at_kms(kms)
    whole = sorted_track(to_us(START) + np.arange(len(kms)) * 10_000_000, {"lon": lon, "lat": lat})
    sparse = whole.take(slice(None, None, 30))
    reach = {"km_from": 1742.0, "km_to": 1770.0, "radius_m": 150.0}

    def shares(track: Track, along: Rivers | None) -> tuple[float, float, float]:
        river = river_coverage([track], mekong, **reach, rivers=along)
        bins = river_bins([track], mekong, **reach, step_km=1.0, rivers=along)
        around = shapely.box(101.5, 17.8, 101.7, 17.98)
        area, _ = area_coverage([track], around, radius_m=150.0, cell_m=2000.0, rivers=along)
        return river.seen.share, float(np.mean([each.share for each in bins])), area.seen

    dense, bent, straight = shares(whole, None), shares(sparse, rivers), shares(sparse, None)
    assert dense[:2] == (1.0, 1.0)
    assert bent == pytest.approx(dense, rel=0.01)
    assert max(straight[:2]) < 0.9
    assert straight[2] < 0.97 * dense[2]


def test_the_mekong_is_seen_where_brute_force_says_so() -> None:
    mekong = load_mekong()
    rng = np.random.default_rng(5)
    boats = []
    for _ in range(3):
        start = rng.uniform(2345.0, 2365.0)
        boat = down(mekong, start, start - 6.0, aside_m=float(rng.uniform(0, 600)))
        boats.append(boat)
    found = river_coverage(boats, mekong, km_from=2335.0, km_to=2370.0, radius_m=600.0, step_m=50.0)
    middles = 2335.0 + 0.05 * (np.arange(700) + 0.5)
    lon, lat = mekong.at_kms(middles)
    seen = np.zeros(700, dtype=bool)
    for boat in boats:
        share = np.linspace(0, 1, 11)[:, None]
        b_lon = (boat.lon[:-1] + share * np.diff(boat.lon)).ravel()
        b_lat = (boat.lat[:-1] + share * np.diff(boat.lat)).ravel()
        for n in range(700):
            seen[n] |= bool(
                (distances_m(lon1=lon[n], lat1=lat[n], lon2=b_lon, lat2=b_lat) <= 600.0).any()
            )
    assert found.seen.share == pytest.approx(seen.mean(), abs=2 / 700)
    told = np.zeros(700, dtype=bool)
    for stretch in found.stretches:
        told |= (stretch.last is not None) & (middles > stretch.km_from) & (middles < stretch.km_to)
    assert (told != seen).sum() <= 2
    assert found.stretches[0].km_from == 2335.0
    assert found.stretches[-1].km_to == 2370.0


def test_a_reach_is_found_by_its_name() -> None:
    for reach, ends in (("lower", [0.0, 10.0]), ("upper", [10.0, 20.0])):
        assert list(reach_km(bent_river(), reach)) == pytest.approx(ends, abs=0.1)
    with pytest.raises(PositionError, match="no reach 'Nile'; it has upper, lower"):
        reach_km(bent_river(), "Nile")


@pytest.mark.parametrize(
    ("km_from", "km_to", "fault"),
    [(5.0, 5.0, "no stretch"), (-1.0, 4.0, "not on the river"), (4.0, 99.0, "not on the river")],
)
def test_kilometres_the_river_has_not_are_refused(km_from: float, km_to: float, fault: str) -> None:
    with pytest.raises(PositionError, match=fault):
        river_coverage([], bent_river(), km_from=km_from, km_to=km_to, radius_m=100.0)


def test_either_end_may_be_named_first_and_nobody_sees_nothing() -> None:
    one = river_coverage([], bent_river(), km_from=3.0, km_to=9.0, radius_m=100.0)
    assert one == river_coverage(
        [track_of([])], bent_river(), km_from=9.0, km_to=3.0, radius_m=100.0
    )
    assert one.seen.share == 0.0
    assert [s.last for s in one.stretches] == [None]
    assert path(np.zeros(0), np.zeros(0), np.zeros(0)).lon.size == 0
