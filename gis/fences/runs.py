"""Edges of areas, cut into runs of a few, which are found by cell or by box.

A batch of short moves looks up the cells where they end; any other asks one STRtree, once. All runs
have as many edges, side by side in memory, so that those that are near are had by one gather and
reckoned with as one block.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterator, Sequence
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.fences.area import Area
from gis.fences.boxes import boxes_deg, tree_of
from gis.fences.cells import PLANE, cells_of
from gis.fences.moves import Moves
from gis.fences.plane import POLAR_LAT, Plane, wrap_deg
from gis.geodesy import Floats

Indices: TypeAlias = NDArray[np.intp]
Box: TypeAlias = tuple[float, float, float, float]  # west, south, east, north; degrees

NONE = np.empty(0, dtype=np.intp)
RUN = 8  # edges; measured best for polygons of 50 vertices
BLOCK = PLANE + 5 * RUN  # numbers of one: of its plane, and of its edges
# A box of which both corners are within these, and not too wide, comes to no pole and not to the
# antimeridian.
WORLD_DEG = np.array([[[180.0], [POLAR_LAT - 1.0]]] * 2 + [[[90.0], [90.0]]])
REGION_LAT = 55.0  # there a degree of longitude is more than half of one of latitude
REGION_DEG = 90.0
NARROW_DEG = 45.0
FEWEST = 10_000  # of fewer runs a tree is nearly as quick, and lists would take 2 MB and more
MOVE = 32  # a pair of a move and a run is one number, the run in its lower bits
RUN_BITS = (1 << MOVE) - 1
LEAST_LAT_M = 110_500.0  # in a degree of latitude, anywhere


class Runs:
    """The runs of the edges of areas, by number; those of one area follow each other.

    Attributes:
        area: Number of the area that each is of.

    >>> from gis.fences.area import around
    >>> runs = Runs([around("pier", lon=100.0, lat=20.0, radius_m=300.0)])
    >>> len(runs.area)  # 90 edges
    12
    """

    def __init__(self, areas: Sequence[Area]) -> None:
        """Cut the edges of areas."""
        # One piece of memory: as many small ones would leave holes behind.
        blocks = array("d")
        of: list[int] = []
        boxes: list[tuple[int, float, float, float, float]] = []
        #: How long a metre of a plane is on the Earth at the least: shorter where areas are tall.
        self._shortest = 1.0
        farthest_deg = 0.0
        for number, area in enumerate(areas):
            for points in _runs(area):
                for box in boxes_deg(area, points):
                    self._shortest = min(self._shortest, _metre(area.plane, box))
                    farthest_deg = max(farthest_deg, _away_deg(area.plane, box))
                    boxes.append((len(of), *box))
                of.append(number)
                blocks.frombytes(_block(area.plane, points).tobytes())
        self.area = np.array(of, dtype=np.intp)
        self._blocks = np.frombuffer(blocks).reshape(-1, BLOCK) if of else np.empty((0, BLOCK))
        self._of_box = np.array([box[0] for box in boxes], dtype=np.intp)
        self._split = len(boxes) > len(of)
        self._tree = tree_of([box[1:] for box in boxes])
        self._cells = cells_of(self._blocks) if len(of) >= FEWEST else None
        # No end of a move of up to 90 degrees that comes to an edge is 180 from the area's middle.
        self._narrow = farthest_deg < NARROW_DEG

    def numbers(self, run: Indices) -> tuple[Floats, Floats, Floats, Floats]:
        """Return the planes of runs, and their edges; the runs are beside each other last.

        Of planes in rows what `Plane` has. Of edges x and y of where each begins, x and y of the
        way to where it ends, and the square of its length, each in `RUN` rows. Shorter runs are
        filled up with edges of no length at their end, whose square is 1.

        >>> from gis.fences.area import around
        >>> runs = Runs([around("pier", lon=100.0, lat=20.0, radius_m=300.0)])
        >>> [numbers.shape for numbers in runs.numbers(np.array([0, 0, 3]))]
        [(4, 3), (2, 8, 3), (2, 8, 3), (8, 3)]
        """
        # Together in memory is a run; reckoned with is one number of all runs.
        blocks = self._blocks.take(run, axis=0).T.copy()
        edges = blocks[PLANE:].reshape(5, RUN, -1)
        return blocks[:PLANE], edges[:2], edges[2:4], edges[4]

    def near(
        self, given: Moves, reach_m: Floats, *, room_m: float = 0.0
    ) -> tuple[Indices, Indices, bool]:
        """Return moves and the runs near them, each pair once, in order of both.

        Others may be among them. Near is a run of which an edge is crossed, or comes nearer to the
        end of a move than `reach_m`, or nearer to its beginning than `reach_m` less `room_m`.

        And whether longitudes may have to be wrapped to be near the areas, or areas are polar.

        >>> from gis.fences.area import around
        >>> from gis.fences.moves import moves
        >>> runs = Runs([around("pier", lon=100.0, lat=20.0, radius_m=300.0)])
        >>> there = moves(lon0=[99.0, 100.0], lat0=20.0, lon1=[99.1, 100.1], lat1=20.0)
        >>> runs.near(there, np.zeros(2))[0]
        array([1])
        """
        if not len(self._of_box) or not len(reach_m):
            return NONE, NONE, False
        found = None if self._cells is None else self._cells.near(given, reach_m, room_m)
        if found is not None:
            # No area is at the antimeridian then: what is 180 degrees from its middle is not near.
            return *found, False
        if self._shortest < 1.0:
            reach_m = reach_m / self._shortest
        corners = _boxes_of_one_region(given, reach_m)
        if corners is None:
            corners = _boxes_of_one_world(given, reach_m)
        turned = False
        if corners is None:
            move, box, turned = self._near_around_the_world(given, reach_m)
        else:
            # A diagonal has the bounds of its box, and is made in half the time.
            move, box = self._tree.query(shapely.linestrings(corners.transpose(2, 0, 1)))
        both = move << MOVE
        if self._split or turned:
            both = np.unique(both + self._of_box[box])
        else:
            both += box
            both.sort()
        return both >> MOVE, both & RUN_BITS, corners is None or not self._narrow

    def _near_around_the_world(
        self, given: Moves, margin_m: Floats
    ) -> tuple[Indices, Indices, bool]:
        """Return the same where moves come to a pole or the antimeridian, by box.

        And whether pairs may be there twice.
        """
        (lon0, lon1), lat, _ = given.ends
        unbroken = Moves(np.array(((lon0, lon0 + wrap_deg(lon1 - lon0)), lat, given.ends[2])))
        (west, south), (east, north), _ = _boxes(unbroken, margin_m)
        polar = np.maximum(-south, north) > POLAR_LAT - 1.0
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
        return move, box, turned


def _boxes_of_one_region(given: Moves, margin_m: Floats) -> Floats | None:
    """Return corners of boxes at least so far around moves: south-west and north-east, degrees.

    None where moves are far from each other, far north or south, or near the antimeridian. Else
    what a degree is at the least may be the same for all of them, and for both directions.
    """
    begin, end = given.ends[:2, 0], given.ends[:2, 1]
    corners = np.empty((2, *begin.shape))
    low = np.minimum(begin, end, out=corners[0])
    high = np.maximum(begin, end, out=corners[1])
    west, south = np.minimum.reduce(low, axis=1).tolist()
    east, north = np.maximum.reduce(high, axis=1).tolist()
    tall = float(np.maximum.reduce(margin_m)) / LEAST_LAT_M
    lat = max(-south, north) + tall
    if not (lat < REGION_LAT and east - west < REGION_DEG):
        return None
    degree_m = LEAST_LAT_M * math.cos(math.radians(lat))
    wide = 2.0 * tall  # or less
    if not (west - wide > -180.0 and east + wide < 180.0):
        return None
    margin_deg = margin_m / degree_m
    low -= margin_deg
    high += margin_deg
    return corners


def _boxes_of_one_world(given: Moves, margin_m: Floats) -> Floats | None:
    """Return the same, more closely; None where some come to a pole or the antimeridian."""
    boxes = _boxes(given, margin_m)
    if np.count_nonzero(np.abs(boxes) < WORLD_DEG) < boxes.size:
        return None
    return boxes[:2]


def _boxes(given: Moves, margin_m: Floats) -> Floats:
    """Return boxes so far around moves: south-west and north-east corners, and sizes, degrees."""
    begin, end = given.ends[:2, 0], given.ends[:2, 1]
    low, high, size = boxes = np.empty((3, *begin.shape))
    np.minimum(begin, end, out=low)
    np.maximum(begin, end, out=high)
    tall = margin_m / LEAST_LAT_M
    low[1] -= tall
    high[1] += tall
    furthest = np.minimum(np.maximum(-low[1], high[1]), 89.0)
    wide = tall / np.cos(np.radians(furthest))
    low[0] -= wide
    high[0] += wide
    np.subtract(high, low, out=size)
    return boxes


def _metre(plane: Plane, box: Box) -> float:
    """Return how long a metre of a plane is in a box, along the parallel, at the least; 1 at most.

    >>> from gis.fences.plane import plane_about
    >>> round(_metre(plane_about(lon=100.0, lat=60.0), (100.0, 0.0, 101.0, 60.0)), 2)
    0.5
    """
    if plane.polar:
        return 1.0
    _, south, _, north = box
    nearest = max(0.0, south, -north)  # to the equator
    return min(1.0, plane.lon_m / (LEAST_LAT_M * math.cos(math.radians(nearest))))


def _away_deg(plane: Plane, box: Box) -> float:
    """Return how far a box is from the middle of a plane in longitude; 360 if that is not plain."""
    west, _, east, _ = box
    if plane.polar or west <= -180.0 or east >= 180.0:
        return 360.0
    return max(abs(west - plane.lon), abs(east - plane.lon))


def _runs(area: Area) -> Iterator[Floats]:
    """Yield the points of an area's runs, in its plane."""
    lines = area.shape.boundary if area.kind == "polygon" else area.shape
    for piece in shapely.get_parts(lines):
        points = shapely.get_coordinates(piece)
        points = points[np.append(True, (np.diff(points, axis=0) != 0.0).any(axis=1))]
        for first in range(0, len(points) - 1, RUN):
            yield points[first : first + RUN + 1]


def _block(plane: Plane, points: Floats) -> Floats:
    """Return the numbers of a run: those of its plane, and of its edges."""
    full = np.concatenate([points, np.repeat(points[-1:], RUN + 1 - len(points), axis=0)])
    along = np.diff(full, axis=0)
    square = (along**2).sum(axis=1)
    square[len(points) - 1 :] = 1.0
    of_plane = (plane.lon, plane.lat, plane.lon_m, plane.lat_m)
    return np.concatenate([of_plane, full[:-1].T.ravel(), along.T.ravel(), square])
