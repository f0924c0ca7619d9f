"""The indexed set of areas, and how moves stand to their edges.

A move that comes near no run of edges changes its standing to no area, however many it is in. For
the others crossings and distances are worked out for all their edges together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.errors import AreaError
from gis.fences.area import Area
from gis.fences.boxes import boxes_deg, tree_of
from gis.fences.moves import Moves
from gis.fences.plane import wrap_deg
from gis.fences.runs import Indices, Runs
from gis.fences.sight import Crossing, Piece, Sight
from gis.geodesy import Floats

TOUCHES_M = 1e-6  # by far more than what is lost by rounding


class _Way(NamedTuple):
    """A move in an area's plane."""

    x0: float
    y0: float
    x1: float
    y1: float
    margin_m: float

    @property
    def length_m(self) -> float:
        return math.hypot(self.x1 - self.x0, self.y1 - self.y0)


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
        self._any_polar = any(area.plane.polar for area in self.areas)
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
        move, run = self._runs.near(given, free)
        if not move.size:
            return found, free
        area = self._runs.area.take(run)
        planes, begins, alongs, squares = self._runs.numbers(run)
        # Of all that follows, the first row is of the beginnings of moves, the second of their
        # ends; between are the edges of a run, and last moves and the runs near them.
        three = given.ends.take(move, axis=2)
        ends = _flat(planes, three[:2], polar=self._any_polar)
        ways = ends[:, 1] - ends[:, 0]
        # From here on, positions are relative to the edge's beginning.
        points = ends[:, :, None] - begins[:, None]
        # Runs of one move and one area are side by side: what follows them is of them together.
        pair = move * len(self.areas)
        pair += area
        new = np.empty(len(pair), dtype=bool)
        new[0] = True
        np.not_equal(pair[1:], pair[:-1], out=new[1:])
        first = new.nonzero()[0]
        away = np.minimum.reduce(_squares(points, alongs, squares), axis=1)
        near = np.minimum.reduceat(away, first, axis=1)
        long = np.hypot(ways[0], ways[1])
        crossed, passes, touched = _crossed(points, alongs, ways, long)
        move, area = move.take(first), area.take(first)
        margin = three[2].take(first, axis=1)
        np.minimum.at(free, move, np.sqrt(near[1]))
        # Whether an edge is crossed may be a matter of rounding: then the side is told anew.
        on_edge = near <= TOUCHES_M * TOUCHES_M
        told = on_edge[0] | on_edge[1]
        if crossed.size:
            crossed = first.searchsorted(crossed, side="right") - 1
            told[crossed] = True
        if touched.size:
            told[first.searchsorted(touched, side="right") - 1] = True
        if brief is not None and not np.count_nonzero(told) and brief.all():
            return found, free
        clear = near > margin * margin
        # A long way between two places close to the edge may be far from it in between.
        far = long.take(first) > 2.0 * (margin[0] + margin[1])
        # (Of two arrays of bool, a > b is a and not b.)
        proof = (clear[0] != clear[1]) | (far > clear[0])
        told |= proof if brief is None else proof > brief.take(move)
        which = told.nonzero()[0]
        if not which.size:
            return found, free
        cuts: dict[int, list[tuple[float, int]]] = {}
        for each, cut in zip(crossed.tolist(), passes, strict=True):
            cuts.setdefault(each, []).append(cut)
        here = area.take(which)
        way = ends.reshape(4, -1).take(first.take(which), axis=1)
        inside = shapely.contains_xy(self._shapes.take(here), way[1], way[3])
        rows = zip(
            which.tolist(),
            move.take(which).tolist(),
            here.tolist(),
            inside.tolist(),
            *clear.take(which, axis=1).tolist(),
            on_edge[1].take(which).tolist(),
            proof.take(which).tolist(),
            *way.tolist(),
            *margin.take(which, axis=1).tolist(),
            strict=True,
        )
        for each, of, number, within, sure0, sure1, on, proves, x0, x1, y0, y1, m0, m1 in rows:
            where = cuts.get(each, ())
            if len(where) > 1:
                where = sorted(where)
            path = _Way(x0, y0, x1, y1, max(m0, m1))
            if self._any_line and self._line[number]:
                sight = Sight(number, sure1, (), self._crossings(number, where, path))
            elif where or proves:
                pieces = self._pieces(number, where, path, within, sure0, sure1)
                sight = Sight(number, sure1, pieces, (), on)
            else:
                sight = Sight(number, sure1, (Piece(0.0, within, False),), on_edge=on)
            found[of] += (sight,)
        return found, free

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
        move, run = self._runs.near(stay, margin_m)
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

    def _pieces(
        self,
        number: int,
        cuts: Sequence[tuple[float, int]],
        way: _Way,
        inside: bool,
        sure0: bool,
        sure1: bool,
    ) -> tuple[Piece, ...]:
        count = len(cuts)
        starts = [0.0, *[share for share, _ in cuts]]
        pieces = []
        for n, start in enumerate(starts):
            within = inside == ((count - n) % 2 == 0)
            end = starts[n + 1] if n < count else 1.0
            sure = (n == 0 and sure0) or (n == count and sure1)
            if not sure:
                # With both fixes clear of the edge only the way's swing to the side matters, else
                # where along it the boat was as well.
                long = (end - start) * way.length_m > 2.0 * way.margin_m
                if long or (sure0 and sure1):
                    sure = self._passes(number, (start + end) / 2.0, way, within)
            pieces.append(Piece(start, within, sure))
        return tuple(pieces)

    def _swing_m(self, way: _Way) -> float:
        """How far an arc of that radius is from its chord, in the middle."""
        return min(way.length_m**2 / (8.0 * self.bend_radius_m), way.length_m / 2.0)

    def _passes(self, number: int, share: float, way: _Way, inside: bool) -> bool:
        """Whether a way that far to either side would pass on the same side of the edge too."""
        if way.length_m == 0.0:
            return False
        off = (way.margin_m + self._swing_m(way)) / way.length_m
        dx, dy = way.x1 - way.x0, way.y1 - way.y0
        x, y = way.x0 + share * dx, way.y0 + share * dy
        found = shapely.contains_xy(
            self._shapes[number], [x - dy * off, x + dy * off], [y + dx * off, y - dx * off]
        )
        return bool((found == inside).all())

    def _crossings(
        self, number: int, cuts: Sequence[tuple[float, int]], way: _Way
    ) -> tuple[Crossing, ...]:
        ends = self._ends[number]
        assert ends is not None
        far = way.margin_m + self._swing_m(way)
        out = []
        for share, side in cuts:
            x = way.x0 + share * (way.x1 - way.x0)
            y = way.y0 + share * (way.y1 - way.y0)
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


def _flat(planes: Floats, places: Floats, *, polar: bool) -> Floats:
    """Return x and y of longitudes and latitudes in as many planes; some may be `polar`."""
    flat: Floats = places - planes[:2, None]
    if np.count_nonzero(np.abs(flat[0]) >= 180.0):
        flat[0] = wrap_deg(flat[0])
    flat *= planes[2:, None]
    if polar:
        at = np.flatnonzero(planes[2] == 0.0)
        if at.size:
            _, lat0, _, lat_m = planes[:, at]
            lon, lat = places[..., at]
            south = np.sign(lat0)
            away = (90.0 - south * lat) * lat_m
            angle = np.radians(lon)
            flat[..., at] = away * np.sin(angle), -south * away * np.cos(angle)
    return flat


def _crossed(
    points: Floats, alongs: Floats, ways: Floats, long: Floats
) -> tuple[Indices, list[tuple[float, int]], Indices]:
    """Return which runs moves cross, and where on the move, with 1 from left to right, -1 back.

    And last those of which they may touch the beginning of an edge. `long` is how long moves are.
    """
    px, py, ex, ey, dx, dy = points[0], points[1], alongs[0], alongs[1], ways[0], ways[1]
    side = ex * py
    side -= ey * px
    left = side >= 0.0
    begins = dx * py[0]  # of the edge's beginning, seen from the move
    begins -= dy * px[0]
    ends = dy * ex
    ends += begins
    ends -= dx * ey
    # Half-open on both: a move through a vertex crosses one of its two edges, or both or none
    # where it only touches.
    over = left[0] != left[1]
    over &= (begins <= 0.0) != (ends <= 0.0)
    which = over.ravel().nonzero()[0]
    cuts = [
        (begun / (begun - ended), 1 if begun >= 0.0 else -1)
        for begun, ended in side.reshape(2, -1).take(which, axis=1).T.tolist()
    ]
    touched = np.abs(begins) < (2.0 * TOUCHES_M) * long
    runs = len(dx)
    return which % runs, cuts, touched.ravel().nonzero()[0] % runs


def _squares(points: Floats, alongs: Floats, squares: Floats) -> Floats:
    """Return squared distances from points, relative to the edges' beginnings, to the edges."""
    alongs = alongs[:, None]
    away = points * alongs
    share: Floats = away[0] + away[1]
    share /= squares
    share.clip(0.0, 1.0, out=share)
    np.multiply(share, alongs, out=away)
    np.subtract(points, away, out=away)
    away *= away
    np.add(away[0], away[1], out=share)
    return share
