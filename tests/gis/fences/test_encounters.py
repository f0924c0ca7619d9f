"""Where moves cross edges: against exact arithmetic, at corners and along edges too."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gis.fences.encounters import cuts_of, encounters

grid = st.integers(-4, 4)
places = st.tuples(grid, grid)


def cuts(begin: tuple[int, int], end: tuple[int, int], ring: list[tuple[int, int]]) -> list[float]:
    """Return where a move crosses a ring, as `cuts_of` has it, all edges in one run."""
    first = np.array(ring, dtype=np.float64)
    along = np.roll(first, -1, axis=0) - first
    move = np.array([begin, end], dtype=np.float64)
    points = move[:, None] - first  # end, edge, x and y
    share = (points * along).sum(axis=2) / np.maximum((along**2).sum(axis=1), 1.0)
    away = np.hypot(*np.moveaxis(points - np.clip(share, 0, 1)[..., None] * along, 2, 0))
    way = move[1] - move[0]
    found = cuts_of(
        points.transpose(2, 0, 1)[..., None], along.T[..., None], way[:, None], away[..., None],
        np.array([np.hypot(*way)]),
    )  # fmt: skip
    return [share for share, _ in found.get(0, [])]


def inside(place: tuple[int, int], ring: list[tuple[int, int]]) -> bool | None:
    """Return whether a place is in a ring, by even and odd; None if it is on it. Exactly."""
    x, y = place
    within = False
    for (x0, y0), (x1, y1) in zip(ring, [*ring[1:], ring[0]], strict=True):
        if (x1 - x0) * (y - y0) == (x - x0) * (y1 - y0) and (
            min(x0, x1) <= x <= max(x0, x1) and min(y0, y1) <= y <= max(y0, y1)
        ):
            return None
        if (y0 > y) != (y1 > y) and x < x0 + Fraction((y - y0) * (x1 - x0), y1 - y0):
            within = not within
    return within


@given(places, places, st.lists(places, min_size=3, max_size=7, unique=True))
def test_who_changes_sides_crosses_an_odd_number_of_times(
    begin: tuple[int, int], end: tuple[int, int], ring: list[tuple[int, int]]
) -> None:
    was, now = inside(begin, ring), inside(end, ring)
    if was is None or now is None:
        return
    shares = cuts(begin, end, ring)
    assert (len(shares) % 2 == 1) == (was != now)
    assert shares == sorted(shares)
    assert all(0.0 <= share <= 1.0 for share in shares)


def test_through_a_corner_is_once() -> None:
    square = [(0, 0), (4, 0), (4, 4), (0, 4)]
    assert cuts((-1, -1), (1, 1), square) == [0.5]
    assert cuts((-1, 1), (1, -1), square) in ([], [0.5, 0.5])  # only touches it


def test_who_begins_or_ends_on_an_edge_is_told() -> None:
    points = np.array([[[[-5.0]], [[-3.0]]], [[[0.0]], [[0.0]]]])
    along, way = np.array([[[0.0]], [[9.0]]]), np.array([[2.0], [0.0]])
    long = np.array([2.0])
    assert cuts_of(points, along, way, np.array([[[5.0]], [[3.0]]]), long) == {}
    assert cuts_of(points, along, way, np.array([[[0.0]], [[2.0]]]), long) == {0: []}
    assert cuts_of(points, along, way, np.array([[[2.0]], [[0.0]]]), long) == {0: []}


def test_runs_of_one_move_and_one_area_are_put_together() -> None:
    rows = [
        (0, 0, 7, 50.0, 9.0), (1, 0, 7, 5.0, 40.0),  # begins within 8 m of one, ends farther
        (2, 0, 8, 50.0, 60.0),
        (3, 1, 8, 3.0, 2.0), (4, 1, 8, 4.0, 1.0),  # a long way close to it
        (5, 2, 8, 3.0, 2.0), (6, 2, 8, 9.0, 9.0), (7, 2, 8, 9.0, 0.0),
    ]  # fmt: skip
    cuts = {6: [(0.7, 1)], 7: [(0.2, -1)]}
    margins = [[8.0, 8.0, 8.0]] * 2
    long = np.array([5.0, 5.0, 5.0, 33.0, 33.0, 5.0, 5.0, 5.0])
    found = encounters(rows, cuts, long_m=long, margins_m=margins, brief=None)
    assert [(met.run, met.move, met.area, met.clear0, met.clear1) for met in found] == [
        (0, 0, 7, False, True),
        (3, 1, 8, False, False),
        (5, 2, 8, False, False),
    ]
    assert [(met.proves, met.on_edge, met.cuts) for met in found] == [
        (True, False, []),
        (True, False, []),
        (False, True, [(0.2, -1), (0.7, 1)]),
    ]
    brief = encounters(rows, cuts, long_m=long, margins_m=margins, brief=[True, True, True])
    assert [met.move for met in brief] == [2]
