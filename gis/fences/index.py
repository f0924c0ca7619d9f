"""The indexed set of areas, and how moves stand to their edges.

A move that comes near no run of edges changes its standing to no area, however many it is in. For
the others crossings and distances are worked out for all their edges together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.errors import AreaError
from gis.fences.area import Area
from gis.fences.boxes import boxes_deg, tree_of
from gis.fences.encounters import Encounter, cuts_of, encounters
from gis.fences.moves import Moves
from gis.fences.plane import wrap_deg
from gis.fences.runs import Runs
from gis.fences.sight import Crossing, Piece, Sight
from gis.geodesy import Floats

#: x where a move begins and where it ends in an area's plane, then y; metres.
Way: TypeAlias = Sequence[float]


class FenceSet:
    """Areas and lines, indexed; never changed once made.

    >>> import shapely
    >>> from gis.fences.area import polygon
    >>> from gis.fences.moves import moves
    >>> fences = FenceSet([polygon("a", shapely.box(100.0, 20.0, 100.1, 20.1))])
    >>> through = moves(lon0=99.9, lat0=20.05, lon1=100.2, lat1=20.05)
    >>> (sight,) = fences.sights(through)[0]
    >>> [(round(piece.start, 3), piece.inside) for piece in sight.pieces]
    [(0.0, False), (0.333, True), (0.667, False)]
    """

    def __init__(self, areas: Sequence[Area], *, bend_radius_m: float = 1000.0) -> None:
        """Index areas.

        Args:
            areas: With different ids.
            bend_radius_m: Radius of the sharpest bend that a way between two fixes follows, metres.
                How far it may so swing out from the straight line is added to the margin where a
                move passes through and no fix was inside.

        Raises:
            AreaError: If two have one id.
        """
        self.areas = tuple(areas)
        self.bend_radius_m = bend_radius_m
        self.number: dict[str, int] = {}
        for number, area in enumerate(self.areas):
            if self.number.setdefault(area.id, number) != number:
                raise AreaError(area.id, "is there twice")
        self._line = np.array([a.kind == "line" for a in self.areas], dtype=bool)
        self._any_line = bool(self._line.any())
        self._shapes = np.array([area.shape for area in self.areas], dtype=object)
        self._ends = [
            shapely.get_coordinates(a.shape)[[0, -1]] if a.kind == "line" else None
            for a in self.areas
        ]
        self._runs = Runs(self.areas)
        self._index_areas()

    def __len__(self) -> int:
        """Return how many areas there are."""
        return len(self.areas)

    def sights(self, given: Moves) -> list[tuple[Sight, ...]]:
        """Return, for each move, how it stands to the areas whose edges matter to it.

        An area is named where the move crosses its edge, or comes to be farther from it than the
        fix may be off, or nearer. To all others the move stands as the one before it.
        """
        return self.sights_and_room(given, room_m=0.0)[0]

    def sights_and_room(
        self, given: Moves, *, room_m: float, brief: NDArray[np.bool_] | None = None
    ) -> tuple[list[tuple[Sight, ...]], Floats]:
        """Return the same, and how far the ends of moves are from any edge, metres.

        That is known as far as the margins and `room_m` reach. While a boat stays nearer to that
        place than this, it crosses no edge; its margin included, no edge matters to it. Of moves
        that are `brief` only areas need be named whose edge they cross.

        >>> from gis.fences.area import around
        >>> from gis.fences.moves import moves
        >>> fences = FenceSet([around("pier", lon=100.0, lat=20.0, radius_m=300.0)])
        >>> there = moves(lon0=100.0, lat0=[20.0, 20.002], lon1=100.0, lat1=[20.0, 20.0025])
        >>> fences.sights_and_room(there, room_m=50.0)[1].round()
        array([50., 23.])
        """
        found: list[tuple[Sight, ...]] = [()] * len(given)
        free = np.maximum(given.ends[2, 0], given.ends[2, 1])
        free += room_m
        move, run, wrap = self._runs.near(given, free, room_m=room_m)
        if not move.size:
            return found, free
        planes, begins, alongs, squares = self._runs.numbers(run)
        # Of all that follows, the first row is of the beginnings of moves, the second of their
        # ends; between are the edges of a run, and last moves and the runs near them.
        three = given.ends.take(move, axis=2)
        ends = _flat(planes, three[:2], wrap=wrap)
        ways = ends[:, 1] - ends[:, 0]
        # From here on, positions are relative to the edge's beginning.
        points = ends[:, :, None] - begins[:, None]
        away = _distances(points, alongs, squares)
        near = np.minimum.reduce(away, axis=1)
        np.minimum.at(free, move, near[1])
        long_m = np.hypot(ways[0], ways[1])
        cuts = cuts_of(points, alongs, ways, away, long_m)
        # All others matter only to moves that are not brief.
        matters = np.ones(len(given), dtype=bool) if brief is None else ~brief
        if cuts:
            matters[move.take([*cuts])] = True
        which = matters.take(move).nonzero()[0]
        if not which.size:
            return found, free
        rows = zip(
            which.tolist(),
            move.take(which).tolist(),
            self._runs.area.take(run.take(which)).tolist(),
            *near.take(which, axis=1).tolist(),
            strict=True,
        )
        met = encounters(
            rows,
            cuts,
            long_m=long_m,
            margins_m=given.ends[2].tolist(),
            brief=None if brief is None else brief.tolist(),
        )
        if not met:
            return found, free
        way = ends.reshape(4, -1).take([each.run for each in met], axis=1)
        inside = shapely.contains_xy(self._shapes.take([each.area for each in met]), way[1], way[3])
        for each, within, of in zip(met, inside.tolist(), way.T.tolist(), strict=True):
            found[each.move] += (self._sight(each, of, within),)
        return found, free

    def _sight(self, met: Encounter, way: Way, inside: bool) -> Sight:
        """Return how a move stands to an area, of which is known whether it ends in it."""
        if self._any_line and self._line[met.area]:
            return Sight(met.area, met.clear1, (), self._crossings(met, way))
        if met.cuts or met.proves:
            return Sight(met.area, met.clear1, self._pieces(met, way, inside), (), met.on_edge)
        return Sight(met.area, met.clear1, (Piece(0.0, inside, False),), (), met.on_edge)

    def first_sights(self, given: Moves) -> list[tuple[Sight, ...]]:
        """Return how places stand, of which nothing was known before: where moves end.

        Every polygon is named that the place is in, or whose edge is nearer than it may be off.

        >>> from gis.fences.area import around
        >>> from gis.fences.moves import moves
        >>> fences = FenceSet([around("pier", lon=100.0, lat=20.0, radius_m=300.0)])
        >>> ((sight,),) = fences.first_sights(moves(lon0=100.0, lat0=20.0, lon1=100.0, lat1=20.0))
        >>> sight.area, sight.pieces
        (0, (Piece(start=0.0, inside=True, sure=True),))
        """
        found: list[tuple[Sight, ...]] = [()] * len(given)
        if not len(self._area_of_box):
            return found
        lon, lat, margin_m = given.ends[:, 1]
        stay = Moves(given.ends[:, [1, 1]])
        move, run, _ = self._runs.near(stay, margin_m)
        pairs = set(zip(move.tolist(), self._runs.area[run].tolist(), strict=True))
        points = shapely.points(wrap_deg(lon), lat)
        move, box = self._boxes.query(points)
        pairs |= set(zip(move.tolist(), self._area_of_box[box].tolist(), strict=True))
        for of, number in sorted(pairs):
            if self._line[number]:
                continue
            x, y = self.areas[number].plane.metres(lon=lon[of], lat=lat[of])
            shape = self._shapes[number]
            inside = bool(shapely.contains_xy(shape, x, y))
            away = shapely.distance(shape.boundary, shapely.Point(x, y))
            sure = bool(away > margin_m[of])
            if inside or not sure:
                found[of] += (Sight(number, sure, (Piece(0.0, inside, sure),)),)
        return found

    def _pieces(self, met: Encounter, way: Way, inside: bool) -> tuple[Piece, ...]:
        count = len(met.cuts)
        if not count and (met.clear0 or met.clear1):
            return (Piece(0.0, inside, True),)
        starts = [0.0, *[share for share, _ in met.cuts]]
        pieces = []
        for n, start in enumerate(starts):
            within = inside == ((count - n) % 2 == 0)
            end = starts[n + 1] if n < count else 1.0
            sure = (n == 0 and met.clear0) or (n == count and met.clear1)
            if not sure:
                # With both fixes clear of the edge only the way's swing to the side matters, else
                # where along it the boat was as well.
                long = (end - start) * _length_m(way) > 2.0 * met.margin_m
                if long or (met.clear0 and met.clear1):
                    sure = self._passes(met, way, (start + end) / 2.0, within)
            pieces.append(Piece(start, within, sure))
        return tuple(pieces)

    def _swing_m(self, length_m: float) -> float:
        """How far an arc of that radius is from its chord, in the middle."""
        return min(length_m**2 / (8.0 * self.bend_radius_m), length_m / 2.0)

    def _passes(self, met: Encounter, way: Way, share: float, inside: bool) -> bool:
        """Whether a way that far to either side would pass on the same side of the edge too."""
        length_m = _length_m(way)
        if length_m == 0.0:
            return False
        off = (met.margin_m + self._swing_m(length_m)) / length_m
        x0, x1, y0, y1 = way
        dx, dy = x1 - x0, y1 - y0
        x, y = x0 + share * dx, y0 + share * dy
        found = shapely.contains_xy(
            self._shapes[met.area], [x - dy * off, x + dy * off], [y + dx * off, y - dx * off]
        )
        return bool((found == inside).all())

    def _crossings(self, met: Encounter, way: Way) -> tuple[Crossing, ...]:
        ends = self._ends[met.area]
        assert ends is not None
        far = met.margin_m + self._swing_m(_length_m(way))
        x0, x1, y0, y1 = way
        out = []
        for share, side in met.cuts:
            x, y = x0 + share * (x1 - x0), y0 + share * (y1 - y0)
            away = float(np.hypot(ends[:, 0] - x, ends[:, 1] - y).min())
            out.append(Crossing(share, side, away > far))
        return tuple(out)

    def _index_areas(self) -> None:
        boxes = [
            (number, *box)
            for number, area in enumerate(self.areas)
            for box in boxes_deg(area, shapely.get_coordinates(area.shape))
        ]
        self._area_of_box = np.array([box[0] for box in boxes], dtype=np.intp)
        self._boxes = tree_of([box[1:] for box in boxes])


def _length_m(way: Way) -> float:
    x0, x1, y0, y1 = way
    return math.hypot(x1 - x0, y1 - y0)


def _flat(planes: Floats, places: Floats, *, wrap: bool) -> Floats:
    """Return x and y of longitudes and latitudes in as many planes.

    Args:
        planes: What `Plane` has.
        places: Longitudes and latitudes.
        wrap: Whether planes may be polar, or places on the other side of the antimeridian.
    """
    flat: Floats = places - planes[:2, None]
    if not wrap:
        flat *= planes[2:, None]
        return flat
    if np.count_nonzero(np.abs(flat[0]) >= 180.0):
        flat[0] = wrap_deg(flat[0])
    flat *= planes[2:, None]
    at = np.flatnonzero(planes[2] == 0.0)
    if at.size:
        _, lat0, _, lat_m = planes[:, at]
        lon, lat = places[..., at]
        south = np.sign(lat0)
        away = (90.0 - south * lat) * lat_m
        angle = np.radians(lon)
        flat[..., at] = away * np.sin(angle), -south * away * np.cos(angle)
    return flat


def _distances(points: Floats, alongs: Floats, squares: Floats) -> Floats:
    """Return how far points, relative to the edges' beginnings, are from the edges."""
    alongs = alongs[:, None]
    away = points * alongs
    share: Floats = away[0] + away[1]
    share /= squares
    share.clip(0.0, 1.0, out=share)
    np.multiply(share, alongs, out=away)
    np.subtract(points, away, out=away)
    away *= away
    np.add(away[0], away[1], out=share)
    return np.sqrt(share, out=share)
