"""The nearest segment by cells, against all segments one by one, and against the tree."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import geopandas as gpd
import numpy as np
import pytest
import shapely

from gis.geometry.geodesy import Floats
from gis.river import nearest_segments
from gis.river.centreline import measured
from gis.river.nearest_segments import CELL_M, KEPT, MANY, NearestSegments, Rows
from gis.river.projected_centreline import Course
from gis.river.river import load_mekong

WITHIN_M = 5000.0
WARM = 3  # calls: the first meets the cells, the second makes them


def mekong() -> Floats:
    """Return the corners of the shipped line in its plane."""
    river = load_mekong()
    return np.column_stack(river.course.to_plane(*river.at_kms(river.course.km)))


def coil() -> Floats:
    """Return the corners of a line that winds outward, with a turn each 300 m."""
    angle = np.linspace(0.0, 12.0 * np.pi, 240)
    return np.column_stack([np.cos(angle), np.sin(angle)]) * (200.0 + 50.0 * angle[:, None])


def knot() -> Floats:
    """Return the corners of a line with more of them in one cell than a cell keeps."""
    return np.random.default_rng(5).uniform(0.0, CELL_M, (4 * KEPT, 2))


def made(line: Floats) -> NearestSegments:
    return NearestSegments(line[:-1], line[1:])


def distances(line: Floats, place: Floats, segment: Rows | None = None) -> Floats:
    """Return how far points are from a segment each; without them, from the nearest of all."""
    if segment is not None:
        start, along = line[segment], (line[1:] - line[:-1])[segment]
        share = np.vecdot(place - start, along) / np.vecdot(along, along)
        away = place - start - np.clip(share, 0.0, 1.0)[:, None] * along
        length: Floats = np.hypot(away[:, 0], away[:, 1])
        return length
    every = np.arange(len(line) - 1)
    return np.array(
        [distances(line, point[None].repeat(len(every), axis=0), every).min() for point in place]
    )


def around(line: Floats, count: int, away_m: float, seed: int = 1) -> Floats:
    """Return random points about a line, half of them about its corners."""
    rng = np.random.default_rng(seed)
    at = rng.integers(0, len(line) - 1, count)
    share = np.where(rng.random(count) < 0.5, 0.0, rng.random(count))[:, None]
    angle, far = rng.uniform(0.0, 2.0 * np.pi, count), rng.uniform(0.0, away_m, count)
    off = np.column_stack([np.cos(angle), np.sin(angle)]) * far[:, None]
    return line[at] + share * (line[at + 1] - line[at]) + off


def warm(segments: NearestSegments, place: Floats) -> Rows:
    """Return what is found once the cells are made."""
    for _ in range(WARM):
        found = segments.of(place, within_m=WITHIN_M * 1.01)
    return found


@pytest.mark.parametrize("line", [mekong(), coil(), knot()], ids=["Mekong", "coil", "knot"])
@pytest.mark.parametrize("away_m", [0.0, 30.0, 1000.0, 6000.0])
def test_the_nearest_is_that_of_all_segments(line: Floats, away_m: float) -> None:
    place = around(line, 1500, away_m)
    least, segments = distances(line, place), made(line)
    for _ in range(WARM):
        found = segments.of(place, within_m=WITHIN_M * 1.01)
        some = found >= 0
        assert some[least <= WITHIN_M].all()
        away = distances(line, place[some], found[some])
        assert away == pytest.approx(least[some], abs=1e-8)


def test_every_point_of_a_cell_finds_its_nearest() -> None:
    line = coil()
    east, north = np.meshgrid(np.linspace(0.0, CELL_M, 30), np.linspace(0.0, CELL_M, 30))
    grid = np.column_stack([east.ravel(), north.ravel()])
    for corner in (-4, -2), (-1, 0), (1, 1), (3, -3):
        place = grid + np.array(corner) * CELL_M
        found = warm(made(line), place)
        assert distances(line, place, found) == pytest.approx(distances(line, place), abs=1e-8)


@pytest.mark.parametrize("nearer_m", [3.0, 60.0])
def test_what_is_the_nearest_in_one_corner_of_a_cell_only(nearer_m: float) -> None:
    # Across the cell's diagonal, on both sides: one segment 800 m from its centre, the other 2 h
    # less a little farther, which only points in its own corner have nearer than the first.
    half = CELL_M * np.sqrt(0.5)
    to, along = np.array([1.0, 1.0]) / np.sqrt(2.0), np.array([1.0, -1.0]) * 100.0
    centre = np.array([0.5, 0.5]) * CELL_M
    first, second = centre - 800.0 * to, centre + (800.0 + 2.0 * half - nearer_m) * to
    segments = NearestSegments(
        np.array([first - along, second - along]), np.array([first + along, second + along])
    )
    corner = np.full((MANY, 2), CELL_M - 0.1)
    assert warm(segments, corner).tolist() == [1] * MANY
    assert warm(segments, centre[None].repeat(MANY, axis=0)).tolist() == [0] * MANY


def test_a_call_of_many_is_as_one_call_each() -> None:
    course = load_mekong().course
    place = around(mekong(), 3000, 6000.0)
    lon, lat = course.from_plane(place[:, 0], place[:, 1])
    lon[7], lat[8], lon[9] = np.nan, np.nan, np.inf
    one = [course.nearest(lon[n : n + 1], lat[n : n + 1], within_m=WITHIN_M) for n in range(3000)]
    km, offset, reach = (np.concatenate(each) for each in zip(*one, strict=True))
    assert np.isnan(km[7:10]).all()
    for _ in range(WARM):
        many = course.nearest(lon, lat, within_m=WITHIN_M)
        assert many[0] == pytest.approx(km, abs=1e-9, nan_ok=True)
        assert many[1] == pytest.approx(offset, abs=1e-8, nan_ok=True)
        assert many[2].tolist() == reach.tolist()


def test_at_a_corner_between_two_reaches_it_is_always_the_upper_one() -> None:
    lines = [[(100.0, 20.1), (100.0, 20.0)], [(100.0, 20.0), (100.1, 20.0)]]
    frame = gpd.GeoDataFrame(
        {"reach": ["a", "b"], "error_m": 9.0},
        geometry=[shapely.LineString(line) for line in lines],
        crs=4326,
    )
    course = Course(measured(frame, file="mine"))
    rng = np.random.default_rng(1)
    lon, lat = 100.0 - rng.uniform(1e-4, 0.02, 500), 20.0 - rng.uniform(1e-4, 0.02, 500)
    for _ in range(WARM):
        _, _, reach = course.nearest(lon, lat, within_m=WITHIN_M)
        assert set(reach.tolist()) == {0}
    for n in range(50):
        assert course.nearest(lon[n : n + 1], lat[n : n + 1], within_m=WITHIN_M)[2] == [0]


def test_it_is_the_same_where_cells_drive_each_other_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest_segments, "SIDE", 4)
    line = coil()
    segments = made(line)
    for seed in range(30):
        place = around(line, 400, 4000.0, seed)
        found = segments.of(place, within_m=WITHIN_M)
        assert distances(line, place, found) == pytest.approx(distances(line, place), abs=1e-8)


def test_what_is_far_is_near_to_nothing() -> None:
    line = coil()
    place = around(line, 100, 30.0)
    place[::2] += (200_000.0, 0.0)
    segments = made(line)
    for _ in range(WARM):
        assert (segments.of(place, within_m=WITHIN_M) >= 0).tolist() == [False, True] * 50
    assert segments.of(place[:0], within_m=WITHIN_M).tolist() == []


def test_one_segment_is_enough() -> None:
    line = np.array([[-40.0, 0.0], [40.0, 0.0]])
    place = around(line, MANY, 900.0)
    assert warm(made(line), place).tolist() == [0] * MANY


def test_several_threads_may_ask_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nearest_segments, "SIDE", 4)
    line = coil()
    segments = made(line)

    def wrong(seed: int) -> float:
        place = around(line, 200, 4000.0, seed)
        found = segments.of(place, within_m=WITHIN_M)
        exact = by_tree.query_nearest(shapely.points(place), all_matches=False)[1]
        return float(np.abs(distances(line, place, found) - distances(line, place, exact)).max())

    by_tree = shapely.STRtree(shapely.linestrings(np.stack([line[:-1], line[1:]], axis=1)))
    with ThreadPoolExecutor(4) as pool:
        assert max(pool.map(wrong, range(200))) < 1e-8


def test_straight_ahead_of_an_end_a_place_is_as_far_as_it_is() -> None:
    """It is neither left nor right of the line, and was told to be on it."""
    line = [(100.1, 0.0), (100.0, 0.0), (100.0, 0.15), (100.34, 0.15), (100.34, -0.1)]
    frame = gpd.GeoDataFrame(
        {"reach": ["a"], "error_m": [9]}, geometry=[shapely.LineString(line)], crs=4326
    )
    course = Course(measured(frame, file="mine"))
    for count in (1, MANY, MANY, MANY, MANY):
        km, offset, reach = course.nearest(
            np.full(count, 100.17), np.zeros(count), within_m=WITHIN_M
        )
        assert np.isnan(km).all()
        assert np.isnan(offset).all()
        assert (reach == -1).all()
    _, offset, _ = course.nearest(np.array([100.12]), np.zeros(1), within_m=WITHIN_M)
    assert abs(offset[0]) == pytest.approx(2226.4, abs=1.0)


def test_more_than_are_looked_at_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    line = mekong()
    place, segments = around(line, 500, 3000.0), made(line)
    whole = warm(segments, place)
    monkeypatch.setattr(nearest_segments, "AT_ONCE", 70)
    parts = segments.of(place, within_m=WITHIN_M * 1.01)
    assert distances(line, place, parts) == pytest.approx(distances(line, place, whole), abs=1e-8)
