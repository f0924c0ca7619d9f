"""Moves and the areas whose edges matter to them: where they cross these, and how far they are off.

Runs of edges are found one by one; here what they say is put together by move and area.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from gis.geodesy import Floats

TOUCHES_M = 1e-6  # by far more than what is lost by rounding

#: Where a move crosses an edge, as a share of it, with 1 where it goes from the left of the edge to
#: the right, -1 the other way.
Cuts = list[tuple[float, int]]
#: Of a run and a move near it: numbers of run, move and area, how far the move begins and ends from
#: the edges of the run, metres.
Row = tuple[int, int, int, float, float]


class Encounter(msgspec.Struct, frozen=True):
    """A move, and an area whose edge matters to it.

    Attributes:
        run: Number of a run of the area's edges that the move is near.
        move: Number of the move.
        area: Number of the area.
        margin_m: How far either end of the move may be off.
        clear0: Whether it begins farther from the edge than it may be off.
        clear1: Whether it ends so.
        on_edge: Whether it ends on the edge.
        proves: Whether it may prove on which side of the edge a unit is.
        cuts: Where it crosses the edge, in order.
    """

    run: int
    move: int
    area: int
    margin_m: float
    clear0: bool
    clear1: bool
    on_edge: bool
    proves: bool
    cuts: Cuts


def encounters(
    rows: Iterable[Row],
    cuts: Mapping[int, Cuts],
    *,
    long_m: Floats,
    margins_m: Sequence[Sequence[float]],
    brief: Sequence[bool] | None,
) -> list[Encounter]:
    """Return the encounters that matter: that cross an edge or, of moves not `brief`, may prove.

    Args:
        rows: Runs near moves, in order of moves and areas.
        cuts: By run, where moves cross its edges.
        long_m: How long moves are, by run.
        margins_m: How far beginnings, and ends, of moves may be off, by move.
        brief: Of which moves only crossings matter; None where of none.

    >>> import numpy as np
    >>> near, long, margins = [(0, 0, 7, 20.0, 5.0), (1, 0, 7, 9.0, 6.0)], np.ones(2), [[8.0]] * 2
    >>> [met] = encounters(near, {}, long_m=long, margins_m=margins, brief=None)
    >>> met.area, met.clear0, met.clear1, met.cuts
    (7, True, False, [])
    >>> encounters(near, {}, long_m=long, margins_m=margins, brief=[True])
    []
    """
    # Runs of one move and one area are side by side, and say together how that stands to this.
    groups: list[list[Row]] = []
    last_move = last_area = -1
    for row in rows:
        if row[1] == last_move and row[2] == last_area:
            groups[-1].append(row)
        else:
            groups.append([row])
            last_move, last_area = row[1], row[2]
    found: list[Encounter] = []
    for group in groups:
        run, move, area, near0, near1 = group[0]
        where = cuts.get(run)
        for other, _, _, more0, more1 in group[1:]:
            if more0 < near0:
                near0 = more0
            if more1 < near1:
                near1 = more1
            more = cuts.get(other)
            if more is not None:
                where = sorted([*(where or ()), *more])
        margin0, margin1 = margins_m[0][move], margins_m[1][move]
        clear0, clear1 = near0 > margin0, near1 > margin1
        # A long way between two places close to the edge may be far from it in between.
        proves = clear0 != clear1 or (not clear0 and long_m.item(run) > 2.0 * (margin0 + margin1))
        if where is not None or (proves and (brief is None or not brief[move])):
            margin_m = max(margin0, margin1)
            on_edge = near1 <= TOUCHES_M
            found.append(
                Encounter(run, move, area, margin_m, clear0, clear1, on_edge, proves, where or [])
            )
    return found


def cuts_of(
    points: Floats, alongs: Floats, ways: Floats, away: Floats, long_m: Floats
) -> dict[int, Cuts]:
    """Return where moves cross edges, by run; also runs that they touch, or begin or end on.

    Args:
        points: x and y of where moves begin and end, from the beginnings of edges.
        alongs: x and y of the ways from there to the ends of edges.
        ways: x and y of moves.
        away: How far moves begin and end from edges.
        long_m: How long moves are.

    >>> import numpy as np
    >>> points = np.array([[[[-5.0]], [[5.0]]], [[[2.0]], [[2.0]]]])
    >>> along, way = np.array([[[0.0]], [[9.0]]]), np.array([[10.0], [0.0]])
    >>> cuts_of(points, along, way, np.array([[[5.0]], [[5.0]]]), np.array([10.0]))
    {0: [(0.5, 1)]}
    """
    # Where it crosses an edge a move is as long as both its ends are from that, or longer.
    near = (away[0] + away[1] <= long_m + 4.0 * TOUCHES_M).ravel().nonzero()[0]
    cuts: dict[int, Cuts] = {}
    if not near.size:
        return cuts
    run = near % len(long_m)
    rows = zip(
        run.tolist(),
        *points.reshape(4, -1).take(near, axis=1).tolist(),
        *alongs.reshape(2, -1).take(near, axis=1).tolist(),
        *ways.take(run, axis=1).tolist(),
        *away.reshape(2, -1).take(near, axis=1).tolist(),
        strict=True,
    )
    for number, x0, x1, y0, y1, ex, ey, dx, dy, near0, near1 in rows:
        side0, side1 = ex * y0 - ey * x0, ex * y1 - ey * x1
        begins = dx * y0 - dy * x0  # of the edge's beginning, seen from the move
        ends = dy * ex + begins - dx * ey
        # Half-open on both: a move through a vertex crosses one of its two edges, or both or none
        # where it only touches.
        if (side0 >= 0.0) != (side1 >= 0.0) and (begins <= 0.0) != (ends <= 0.0):
            cut = side0 / (side0 - side1), 1 if side0 >= 0.0 else -1
            cuts.setdefault(number, []).append(cut)
        # Whether an edge is crossed may be a matter of rounding: then the side is told anew.
        elif min(near0, near1) <= TOUCHES_M or abs(begins) < 2.0 * TOUCHES_M * math.hypot(dx, dy):
            cuts.setdefault(number, [])
    for where in cuts.values():
        if len(where) > 1:
            where.sort()
    return cuts
