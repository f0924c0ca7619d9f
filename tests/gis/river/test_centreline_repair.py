"""Where the line zigzags so that kilometres leap, and what smoothing it costs."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.river.centreline_repair import chainage_jumps, cut_at, eased, without_spikes
from gis.river.river import River, load_mekong
from tests.fixtures.examples import examples

POINTS = st.lists(st.tuples(st.floats(0, 1e5), st.floats(0, 1e5)), min_size=2, max_size=30)


def test_kilometres_leap_in_few_places_of_the_shipped_line() -> None:
    # The line as drawn leapt in 116 places, between 328 pairs of 633,000 across 700 m of river.
    jumps = chainage_jumps(load_mekong())
    assert len(jumps) <= 18
    assert sum(jump.count for jump in jumps) <= 29
    assert max(jump.km_to - jump.km_from for jump in jumps) < 3.0


def test_a_hook_in_a_line_is_found_and_eased() -> None:
    hook = np.array([[0, 0], [5000, 0], [5200, 300], [5300, -100], [5600, 0], [12_000, 0]], float)
    assert [jump.count > 0 for jump in chainage_jumps(_river(hook))] == [True]
    mended = hook
    for _ in range(8):
        mended = eased(mended, [(4500.0, 6500.0)], most_m=150.0)
    assert chainage_jumps(_river(mended)) == []
    assert (
        shapely.hausdorff_distance(shapely.linestrings(hook), shapely.linestrings(mended)) < 300.0
    )


def test_a_line_that_would_move_too_far_stays() -> None:
    bend = np.array([[0, 0], [1000, 0], [1300, 800], [1600, 0], [3000, 0]], float)
    assert eased(bend, [(500.0, 3500.0)], most_m=1.0) is bend


def test_a_short_line_is_not_tried() -> None:
    assert chainage_jumps(_river(np.array([[0.0, 0.0], [500.0, 0.0]]))) == []


@settings(max_examples=examples(200))
@given(POINTS)
def test_without_spikes_keeps_both_ends_and_adds_nothing(points: list[tuple[float, float]]) -> None:
    line = np.array(points)
    kept = without_spikes(line)
    assert kept[0].tolist() == line[0].tolist()
    assert kept[-1].tolist() == line[-1].tolist()
    assert {tuple(each) for each in kept.tolist()} <= {tuple(each) for each in line.tolist()}


@given(POINTS, st.lists(st.floats(0.05, 0.95), max_size=4))
def test_pieces_of_a_line_are_the_line(
    points: list[tuple[float, float]], shares: list[float]
) -> None:
    line = np.array(points)
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    pieces = cut_at(line, [share * length for share in shares])
    total = sum(float(np.hypot(*np.diff(piece, axis=0).T).sum()) for piece in pieces)
    assert len(pieces) == len(shares) + 1
    assert total == pytest.approx(length, rel=1e-9, abs=1e-6)
    for one, after in pairwise(pieces):
        assert one[-1].tolist() == after[0].tolist()


def _river(metres: np.ndarray) -> River:
    line = shapely.linestrings(metres / 111_000.0 + [100.0, 0.0])
    return River(
        gpd.GeoDataFrame({"reach": ["a"], "error_m": [50.0]}, geometry=[line], crs="EPSG:4326")
    )
