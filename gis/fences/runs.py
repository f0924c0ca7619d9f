"""Edges of areas, cut into runs of a few, each with its box in one STRtree.

A batch of moves asks the tree once. All runs have as many edges, side by side in memory, so that
those that are near are had by one gather and reckoned with as one block.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.fences.area import Area
from gis.fences.boxes import boxes_deg
from gis.fences.moves import Moves
from gis.fences.plane import POLAR_LAT, wrap_deg
from gis.geodesy import Floats

Indices: TypeAlias = NDArray[np.intp]

RUN = 8  # edges; measured best for polygons of 50 vertices
LEAST_LAT_M = 110_500.0  # in a degree of latitude, anywhere


class Runs:
    """The runs of the edges of areas, by number; those of one area follow each other.

    Attributes:
        area: Number of the area that each is of.
        edges: By run: x and y of where an edge begins, x and y of the way to where it ends, and
            the square of its length, each of `RUN` edges. Shorter runs are filled up with edges of
            no length at their end, whose square is 1.

    >>> from gis.fences.area import around
    >>> runs = Runs([around("pier", lon=100.0, lat=20.0, radius_m=300.0)])
    >>> runs.edges.shape  # 90 edges
    (5, 12, 8)
    """

    def __init__(self, areas: Sequence[Area]) -> None:
        """Cut the edges of areas."""
        blocks: list[Floats] = []
        of: list[int] = []
        boxes: list[tuple[int, float, float, float, float]] = []
        for number, area in enumerate(areas):
            for points in _runs(area):
                boxes += [(len(of), *box) for box in boxes_deg(area, points)]
                of.append(number)
                blocks.append(_block(points))
        self.area = np.array(of, dtype=np.intp)
        self.edges = np.ascontiguousarray(
            np.array(blocks, dtype=np.float64).reshape(-1, 5, RUN).transpose(1, 0, 2)
        )
        self._of_box = np.array([box[0] for box in boxes], dtype=np.intp)
        self._split = len(boxes) > len(of)
        self._tree = shapely.STRtree([shapely.box(*box[1:]) for box in boxes])

    def near(self, given: Moves, margin_m: Floats) -> tuple[Indices, Indices]:
        """Return moves and the runs near them, each pair once, in order of both.

        >>> from gis.fences.area import around
        >>> from gis.fences.moves import moves
        >>> runs = Runs([around("pier", lon=100.0, lat=20.0, radius_m=300.0)])
        >>> there = moves(lon0=[99.0, 100.0], lat0=20.0, lon1=[99.1, 100.1], lat1=20.0)
        >>> runs.near(there, np.zeros(2))[0]
        array([1])
        """
        if not len(self._of_box):
            return np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
        lon0, lat0, lat1 = given.lon0, given.lat0, given.lat1
        lon1 = lon0 + wrap_deg(given.lon1 - lon0)
        high = margin_m / LEAST_LAT_M
        south, north = np.minimum(lat0, lat1) - high, np.maximum(lat0, lat1) + high
        furthest = np.maximum(-south, north)
        wide = high / np.cos(np.radians(np.minimum(furthest, 89.0)))
        west, east = np.minimum(lon0, lon1) - wide, np.maximum(lon0, lon1) + wide
        polar = furthest > POLAR_LAT - 1.0
        if polar.any():
            # The straight way on the plane about a pole lies on the pole's side of both parallels.
            west, east = np.where(polar, -180.0, west), np.where(polar, 180.0, east)
            north = np.where(polar & (north > 0.0), 90.0, north)
            south = np.where(polar & (south < 0.0), -90.0, south)
        move, box = self._tree.query(shapely.box(west, south, east, north))
        turned = False
        for beyond, turn in ((west < -180.0, 360.0), (east > 180.0, -360.0)):
            if beyond.any():
                turned = True
                at = np.flatnonzero(beyond)
                again = shapely.box(west[at] + turn, south[at], east[at] + turn, north[at])
                of, more = self._tree.query(again)
                move, box = np.append(move, at[of]), np.append(box, more)
        both = move * len(self.area) + self._of_box[box]
        if self._split or turned:
            both = np.unique(both)
        else:
            both.sort()
        move, run = np.divmod(both, len(self.area))
        return move, run


def _runs(area: Area) -> Iterator[Floats]:
    """Yield the points of an area's runs, in its plane."""
    lines = area.shape.boundary if area.kind == "polygon" else area.shape
    for piece in shapely.get_parts(lines):
        points = shapely.get_coordinates(piece)
        points = points[np.append(True, (np.diff(points, axis=0) != 0.0).any(axis=1))]
        for first in range(0, len(points) - 1, RUN):
            yield points[first : first + RUN + 1]


def _block(points: Floats) -> Floats:
    """Return the numbers of a run's edges."""
    full = np.concatenate([points, np.repeat(points[-1:], RUN + 1 - len(points), axis=0)])
    along = np.diff(full, axis=0)
    square = (along**2).sum(axis=1)
    square[len(points) - 1 :] = 1.0
    return np.vstack([full[:-1].T, along.T, square])
