"""How one move stands to one area: on which side of its edge it was, stretch by stretch."""

from __future__ import annotations

from typing import NamedTuple

import msgspec


class Piece(msgspec.Struct, frozen=True):
    """A stretch of a move on one side of an area's edge.

    Attributes:
        start: Where it begins, as a share of the move; 0 where the move begins.
        inside: Whether it is within the area.
        sure: Whether it is so by more than the fixes may be off.
    """

    start: float
    inside: bool
    sure: bool


class Crossing(NamedTuple):
    """Where a move crosses a line.

    Attributes:
        start: As a share of the move.
        side: 1 where it goes from the left of the line to the right, -1 the other way.
        sure: Whether it is farther from both ends of the line than the fixes may be off.
    """

    start: float
    side: int
    sure: bool


class Sight(msgspec.Struct, frozen=True):
    """How one move stands to one area.

    Attributes:
        area: Its number in the set.
        clear: Whether the move ends farther from the edge than that fix may be off.
        pieces: Of a polygon: the stretches inside and outside, in order, one at least.
        crossings: Of a line: in order; maybe none.
        on_edge: Whether the move ends on the edge, to all that can be reckoned.
    """

    area: int
    clear: bool
    pieces: tuple[Piece, ...] = ()
    crossings: tuple[Crossing, ...] = ()
    on_edge: bool = False
