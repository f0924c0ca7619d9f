"""The nearest of many segments in a plane, for one point or thousands.

A few points ask a tree of the segments. Many ask square cells, each of which knows the segments
that can be the nearest to a point in it: a tenth of the time, and as exact. A point in a cell is
at most half its diagonal h from the centre c, and |d(p, s) - d(c, s)| <= h for any segment s; so
the nearest segment of the point is at most 2 h farther from c than the nearest of c is, and all
that near are kept. Cells are made where points are.
"""

from __future__ import annotations

import math
import mmap
import sys
import threading
from typing import Final

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.geometry.geodesy import Floats

Rows = NDArray[np.intp]

NODE: Final = 4  # segments in one of the tree: the nearest is found in half the time of ten
MANY: Final = 12  # points: from here on cells are faster than the tree
AT_ONCE: Final = 16_384  # points: their distances to segments take 1.2 KB each
CELL_M: Final = 500.0
NEAR_M: Final = 10_000.0  # a cell farther from all segments leaves its points to the tree
HAIR_M: Final = 0.001  # far more than rounding
KEPT: Final = 24  # segments a cell knows; of the Mekong's only 2 % have more, and ask the tree
# A cell has the place of its column and row, modulo SIDE, so that two in 128 km never meet: 65,536
# places of 8 + 4 KEPT bytes, 6.8 MB once all are in use.
SIDE: Final = 256
TURNS: Final = 8  # only every so many calls, a place is taken from its cell
ORIGIN: Final = 1 << 20  # cells from the first column or row to the plane's origin

_MET = -1  # for a cell that one call has asked for; the next one makes it
_LEFT = -2  # for a cell that leaves its points to the tree: far away, or of too many segments


class NearestSegments:
    """Directed segments, indexed.

    May be asked by several threads at once.

    >>> corner = np.array([[0.0, 0.0], [100.0, 0.0], [100.0, 50.0]])
    >>> segments = NearestSegments(corner[:-1], corner[1:])
    >>> segments.of(np.array([[50.0, 9.0], [103.0, 40.0], [50.0, 900.0]]), within_m=500.0)
    array([ 0,  1, -1])
    """

    def __init__(self, start: Floats, end: Floats) -> None:
        """Index segments, each of some length.

        Args:
            start: Where each begins, a row of x and y in metres.
            end: Where each ends.
        """
        shapes = shapely.linestrings(np.stack([start, end], axis=1))
        self._tree = shapely.STRtree(shapes, node_capacity=NODE)
        # As complex numbers: a product with `turn` turns the plane until the segment lies along
        # the real axis; less `middle`, its middle is at 0.
        along = (end - start) @ (1.0, 1.0j)
        length = np.abs(along)
        self._half = length / 2.0
        self._turn = along.conj() / length
        self._middle = (start @ (1.0, 1.0j)) * self._turn + self._half
        self._lock = threading.Lock()
        self._turn_of = 0
        # By place: which cell is there, 0 for none, and its segments, rising, the last repeated.
        self._cells = np.frombuffer(_zeros(SIDE * SIDE * 8), dtype=np.int64)
        rows = np.frombuffer(_zeros(SIDE * SIDE * KEPT * 4), dtype=np.int32)
        self._candidates = rows.reshape(SIDE * SIDE, KEPT)

    def of(self, place: Floats, *, within_m: float) -> Rows:
        """Return the segment nearest to each point.

        Args:
            place: Points, a row of x and y each.
            within_m: How far from the segments a point may be.

        Returns:
            Row of a segment for each. For a point farther than `within_m` from all, -1 or the
            nearest, as is cheaper. Of several that are as near, any.

        Raises:
            shapely.errors.GEOSException: If a coordinate is NaN.
        """
        if len(place) > AT_ONCE:
            parts = range(0, len(place), AT_ONCE)
            return np.concatenate(
                [self.of(place[at : at + AT_ONCE], within_m=within_m) for at in parts]
            )
        if len(place) < MANY or not np.isfinite(place).all():
            return self._by_tree(place, within_m)
        cell = np.floor(place / CELL_M).astype(np.int64) + ORIGIN
        key = cell[:, 0] * (2 * ORIGIN) + cell[:, 1]
        at = cell[:, 0] % SIDE * SIDE + cell[:, 1] % SIDE
        with self._lock:
            there = self._cells.take(at)
            rows = self._candidates.take(at, axis=0)
        known = there == key
        ready = known & (rows[:, 0] >= 0)
        if np.count_nonzero(ready) == ready.size:
            return self._nearest_candidate(place, rows)
        segment = np.empty(len(place), dtype=np.intp)
        segment[ready] = self._nearest_candidate(place[ready], rows[ready])
        segment[~ready] = self._by_tree(place[~ready], within_m)
        self._make(key, at, known & (rows[:, 0] == _MET))
        self._meet(key, at, ~known, free=there == 0)
        return segment

    def _by_tree(self, place: Floats, within_m: float) -> Rows:
        """Return what `of` does, as the tree has it."""
        found: Rows
        segment: Rows
        found, segment = self._tree.query_nearest(
            shapely.points(place), max_distance=within_m, all_matches=False
        )
        if found.size == len(place):
            return segment
        every = np.full(len(place), -1, dtype=np.intp)
        every[found] = segment
        return every

    def _nearest_candidate(self, place: Floats, rows: NDArray[np.int32]) -> Rows:
        """Return which segment of those in its row is the nearest to each point."""
        point = place[:, 0] + 1.0j * place[:, 1]
        turned = point[:, None] * self._turn.take(rows)
        turned -= self._middle.take(rows)
        beyond = np.abs(turned.real)
        beyond -= self._half.take(rows)
        np.maximum(beyond, 0.0, out=beyond)
        square = beyond * beyond
        square += turned.imag * turned.imag
        segment: Rows = rows[np.arange(len(rows)), square.argmin(axis=1)].astype(np.intp)
        return segment

    def _meet(
        self, key: Rows, at: Rows, new: NDArray[np.bool_], *, free: NDArray[np.bool_]
    ) -> None:
        """Give new cells a place, if it is free or its turn has come to be.

        Without turns, two cells of one place would drive out each other in every call.
        """
        self._turn_of += 1
        some = new & (free | ((at + self._turn_of) % TURNS == 0))
        with self._lock:
            self._cells[at[some]] = key[some]
            self._candidates[at[some], 0] = _MET

    def _make(self, key: Rows, at: Rows, met: NDArray[np.bool_]) -> None:
        """Make the cells that a call before met.

        Only what is asked for again is worth it: it takes as long as asking the tree twice.
        """
        place, first = np.unique(at[met], return_index=True)
        if place.size == 0:
            return
        made = key[met][first]
        rows = self._candidates_of(made)
        with self._lock:
            self._cells[place] = made
            self._candidates[place] = rows

    def _candidates_of(self, key: Rows) -> NDArray[np.int32]:
        """Return what is kept of cells."""
        cell = np.column_stack([key // (2 * ORIGIN), key % (2 * ORIGIN)]) - ORIGIN
        centre = shapely.points((cell + 0.5) * CELL_M)
        rows = np.full((len(key), KEPT), _LEFT, dtype=np.int32)
        (near, _), distance = self._tree.query_nearest(
            centre, max_distance=NEAR_M, return_distance=True, all_matches=False
        )
        if near.size == 0:
            return rows
        reach = distance + CELL_M * math.sqrt(2.0) + HAIR_M
        row, segment = self._tree.query(centre[near], predicate="dwithin", distance=reach)
        segment = segment[np.lexsort((segment, row))]
        count = np.bincount(row, minlength=len(near))
        last = np.cumsum(count) - 1
        taken = np.minimum((last - count + 1)[:, None] + np.arange(KEPT), last[:, None])
        few = count <= KEPT
        rows[near[few]] = segment[taken[few]]
        return rows


def _zeros(size: int) -> mmap.mmap:
    """Return memory that takes none until it is written to, which NumPy's own does not promise."""
    if sys.platform == "win32":
        return mmap.mmap(-1, size)
    return mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)  # a fork has its own
