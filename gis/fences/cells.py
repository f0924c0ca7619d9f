"""Which runs of edges are near a place, by the cell of a grid that the place is in.

A tree of boxes is asked about one move after the other, and goes down to each run through memory
that has gone cold. A cell has its runs listed side by side, so that all moves of a batch are looked
up in a few steps. It serves only short moves of fixes that are not far off, which most are.

The grid is rolled up: cells a fixed number apart share one list, so that it needs no bounds. What
is listed there of other places is far away, and does no harm but to be reckoned with.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from gis.fences.fix import FURTHEST_DEG_M
from gis.fences.moves import Moves
from gis.geodesy import Floats

Indices: TypeAlias = NDArray[np.intp]

PER_DEG = 768.0  # cells in a degree: each some 140 m wide
REACH_M = 160.0  # so far from a cell edges are listed in it: a margin of 60 m, and 100 m of room
MORE_M = 1.0  # by far more than what is lost by rounding
PIECE_M = 400.0  # longer edges are listed in pieces, so that no cell has one far from it
PART = 512  # pieces at a time, or the next run more, when the lists are made
PLANE = 4  # numbers of a plane, in the block of a run
MOST = 10_000_000  # cells of all pieces together, above which lists take too much memory
MOST_PIECES = 4  # of an edge, on average: longer ones are few anywhere, and take long to list
LONGEST_RUN = 4096  # pieces: 1,600 km
LEAST = 64  # lists along a side
SHARED = 12  # cells of pieces that one list is for, on average
CROWD = 16  # runs near a move, on average, from which on it pays to ask for boxes
RUN = 32  # a pair of a list and a run is one number, the run in its lower bits
RUN_BITS = (1 << RUN) - 1


class Cells:
    """Lists of runs by cell; `cells_of` makes them."""

    def __init__(self, until: NDArray[np.int32], runs: NDArray[np.uint16 | np.uint32]) -> None:
        """Take the lists.

        Args:
            until: 0, and where each list ends; a power of four of them.
            runs: All lists, one behind the other, each in order.
        """
        self._until, self._runs = until, runs
        self._side = math.isqrt(len(until) - 1)

    def near(self, given: Moves, reach_m: Floats, room_m: float) -> tuple[Indices, Indices] | None:
        """Return moves and the runs near where they end, each pair once, in order of both.

        No run is left out of which an edge is nearer to the end than `reach_m`, or is crossed, or
        is nearer to the beginning than `reach_m` less `room_m`. None where that is not known of
        all moves, or too many are near them.

        >>> from gis.fences.moves import moves
        >>> edge = [100.0, 20.0, 104_647.0, 110_704.0, 0.0, 0.0, 100.0, 0.0, 1e4]
        >>> cells = cells_of(np.array([edge, edge]))
        >>> there = moves(lon0=100.0, lat0=[20.0, 20.01], lon1=100.0, lat1=[20.0, 20.01])
        >>> cells.near(there, np.array([120.0, 120.0]), 100.0)
        (array([0, 0]), array([0, 1]))
        """
        reach = float(np.maximum.reduce(reach_m))
        end = given.ends[:2, 1]
        way = end - given.ends[:2, 0]
        way *= way
        longest = math.sqrt(np.maximum.reduce(way[0] + way[1])) * FURTHEST_DEG_M
        if not (reach <= REACH_M and longest + reach - room_m <= REACH_M):
            return None
        of = _list_of(_cells(end), self._side)
        first = self._until.take(of)
        of += 1
        until = self._until.take(of)
        count = until - first
        total = count.cumsum()
        if total[-1] > CROWD * len(total):
            return None
        at = (until - total).repeat(count)
        at += np.arange(len(at))
        return np.arange(len(count)).repeat(count), self._runs.take(at).astype(np.intp)


def cells_of(blocks: Floats) -> Cells | None:
    """Return lists of runs; None where these do not pay, or at poles and the antimeridian.

    They do not where edges are very many, or very long.

    Args:
        blocks: A row of each run: what `Plane` has, and of its edges x, then y of where they begin,
            x, then y of the ways to where they end, and the squares of their lengths, metres.

    >>> cells_of(np.empty((0, 9))) is None
    True
    """
    if not len(blocks) or not blocks[:, 2].all():
        return None
    # All is done for some of the runs at a time: numbers of all cells of all edges would take
    # several times the memory of the lists, and the process keep it.
    edges = (blocks.shape[1] - PLANE) // 5
    pieces = np.ceil(np.sqrt(blocks[:, -edges:]) / PIECE_M).sum(axis=1)
    if pieces.max() > LONGEST_RUN or pieces.sum() > MOST_PIECES * edges * len(blocks):
        return None
    begins = np.flatnonzero(np.diff(pieces.cumsum() // PART, prepend=-1.0))
    parts = [slice(*ends) for ends in pairwise([*begins.tolist(), len(blocks)])]
    total = 0
    for part in parts:
        some = _pieces_of(blocks[part])
        if some.low[0].min() < -180.0 or some.high[0].max() > 180.0:
            return None
        total += some.cells()
        if total > MOST:
            return None
    side = LEAST
    while side * side * SHARED < total:
        side *= 2
    until = np.zeros(side * side + 1, dtype=np.int32)
    made = [_listed(_pieces_of(blocks[part]), part.start, side) for part in parts]
    for each in made:
        until[each.lists + 1] += each.many
    until.cumsum(out=until)
    begin = until[:-1].copy()
    runs = np.empty(until[-1], dtype=np.uint16 if len(blocks) <= 1 << 16 else np.uint32)
    for each in made:
        before = each.many.cumsum() - each.many
        at = (begin[each.lists] - before).repeat(each.many)
        at += np.arange(len(at))
        runs[at] = each.runs
        begin[each.lists] += each.many
    return Cells(until, runs)


class _Pieces(NamedTuple):
    """Boxes around pieces of edges: which run each is of, and its corners, degrees."""

    run: Indices
    low: Floats
    high: Floats

    def cells(self) -> int:
        """Return how many cells they touch, each by itself."""
        wide, tall = _cells(self.high) - _cells(self.low) + 1
        return int((wide * tall).sum())


def _pieces_of(blocks: Floats) -> _Pieces:
    """Return the boxes that reach `REACH_M` around the edges of runs, which are cut into pieces."""
    edges = blocks[:, PLANE:].reshape(len(blocks), 5, -1)
    run = np.arange(len(blocks)).repeat(edges.shape[2])
    numbers = edges.transpose(0, 2, 1).reshape(-1, 5)
    count = np.ceil(np.sqrt(numbers[:, 4]) / PIECE_M).astype(np.intp)
    piece = np.arange(count.sum()) - (count.cumsum() - count).repeat(count)
    run, numbers = run.repeat(count), numbers.repeat(count, axis=0)
    way = numbers[:, 2:4] / count.repeat(count)[:, None]
    begin = numbers[:, :2] + way * piece[:, None]
    end = begin + way
    middle, metres = blocks[run, :2], blocks[run, 2:4]
    low = (np.minimum(begin, end) - (REACH_M + MORE_M)) / metres + middle
    high = (np.maximum(begin, end) + (REACH_M + MORE_M)) / metres + middle
    return _Pieces(run, low.T, high.T)


class _Listed(NamedTuple):
    """The runs of lists, list by list; which these are, and how many each has; in little memory."""

    runs: NDArray[np.uint32]
    lists: NDArray[np.int32]
    many: NDArray[np.int32]


def _listed(pieces: _Pieces, first: int, side: int) -> _Listed:
    """Return the runs in the lists of the cells that their pieces touch, each once, in order.

    `first` is the number of the first run.
    """
    x, y = _cells(pieces.low)
    wide, tall = _cells(pieces.high) - (x, y) + 1
    count = wide * tall
    of = np.arange(len(count)).repeat(count)
    cell = np.arange(len(of)) - (count.cumsum() - count).repeat(count)
    east, north = np.divmod(cell, tall[of])
    both = _list_of(np.array([x[of] + east, y[of] + north]), side) << RUN
    both += pieces.run[of]
    both.sort()  # np.unique would take ten times as long
    both = both[np.append(True, both[1:] != both[:-1])]
    lists = both >> RUN
    start = np.append(True, lists[1:] != lists[:-1]).nonzero()[0]
    many = np.diff(np.append(start, len(both)))
    runs = (both & RUN_BITS) + first
    return _Listed(runs.astype(np.uint32), lists[start].astype(np.int32), many.astype(np.int32))


def _cells(degrees: Floats) -> Indices:
    """Return which cells places are in; those on both sides of 0 are one."""
    return (degrees * PER_DEG).astype(np.intp)


def _list_of(cells: Indices, side: int) -> Indices:
    """Return in which lists cells are, of which x and y are given."""
    inside = cells & side - 1  # a power of two
    inside[0] *= side
    of: Indices = inside[0] + inside[1]
    return of
