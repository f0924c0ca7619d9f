"""The indexed set of areas, and how moves stand to their edges.

Edges are cut into runs of a few, each with its box in one STRtree; a batch of moves asks it once. A
move that comes near no run changes its standing to no area, however many it is in. For the others
crossings and distances are worked out for all their edges together.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from gis.errors import AreaError
from gis.fences.area import Area
from gis.fences.boxes import boxes_deg
from gis.fences.moves import Moves
from gis.fences.plane import POLAR_LAT, wrap_deg
from gis.fences.sight import Crossing, Piece, Sight
from gis.geodesy import Floats

Indices: TypeAlias = NDArray[np.intp]

RUN = 8  # edges a box; measured best for polygons of 50 vertices
LEAST_LAT_M = 110_500.0  # in a degree of latitude, anywhere


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
        planes = [area.plane for area in self.areas]
        self._planes = np.array(
            [(p.lon, p.lat, p.lon_m, p.lat_m) for p in planes], dtype=np.float64
        ).reshape(-1, 4)
        self._polar = np.array([p.polar for p in planes], dtype=bool)
        self._any_polar = bool(self._polar.any())
        self._line = np.array([a.kind == "line" for a in self.areas], dtype=bool)
        self._any_line = bool(self._line.any())
        self._shapes = np.array([area.shape for area in self.areas], dtype=object)
        shapely.prepare(self._shapes)
        self._ends = [
            shapely.get_coordinates(a.shape)[[0, -1]] if a.kind == "line" else None
            for a in self.areas
        ]
        self._index_edges()
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
        self, given: Moves, *, room_m: float
    ) -> tuple[list[tuple[Sight, ...]], Floats]:
        """Return the same, and how far the ends of moves are from any edge, metres.

        That is known as far as the margins and `room_m` reach. While a boat stays nearer to that
        place than this, its margin included, no edge matters to it.

        >>> from gis.fences.area import around
        >>> from gis.fences.moves import moves
        >>> fences = FenceSet([around("pier", lon=100.0, lat=20.0, radius_m=300.0)])
        >>> there = moves(lon0=100.0, lat0=[20.0, 20.002], lon1=100.0, lat1=[20.0, 20.0025])
        >>> fences.sights_and_room(there, room_m=50.0)[1].round()
        array([50., 23.])
        """
        found: list[tuple[Sight, ...]] = [()] * len(given.lon0)
        free = np.maximum(given.margin0_m, given.margin1_m) + room_m
        move, run = self._near_runs(given, free)
        if not move.size:
            return found, free
        area = self._run_area[run]
        # Runs of one move and one area side by side.
        key = move * len(self.areas) + area
        order = np.argsort(key, kind="stable")
        key, move, run, area = key[order], move[order], run[order], area[order]
        both = np.concatenate
        lon, lat = (
            both([given.lon0[move], given.lon1[move]]),
            both([given.lat0[move], given.lat1[move]]),
        )
        x, y = self._flat(both([area, area]), lon, lat)
        x0, y0, x1, y1 = x[: len(run)], y[: len(run)], x[len(run) :], y[len(run) :]
        pair, edge = self._edges_of(run)
        # One gather of rows: an edge's five numbers lie side by side in memory.
        ax, ay, ex, ey, square = np.ascontiguousarray(self._edges.take(edge, axis=0).T)
        # From here on, positions are relative to the edge's beginning.
        px, py = x0.take(pair) - ax, y0.take(pair) - ay
        qx, qy = x1.take(pair) - ax, y1.take(pair) - ay
        side0 = ex * py - ey * px
        side1 = ex * qy - ey * qx
        dx, dy = qx - px, qy - py
        # Half-open on both: a move through a vertex crosses one of its two edges, or both or none
        # where it only touches.
        crossed = (side0 >= 0.0) != (side1 >= 0.0)
        begins = dx * py - dy * px  # of the edge's beginning, seen from the move
        crossed &= (begins <= 0.0) != (begins + dy * ex - dx * ey <= 0.0)
        first = np.flatnonzero(np.append(True, key[1:] != key[:-1]))
        size = self._run_size[run]
        first_edge = (np.cumsum(size) - size)[first]
        near0 = np.minimum.reduceat(_squares(px, py, ex, ey, square), first_edge)
        near1 = np.minimum.reduceat(_squares(qx, qy, ex, ey, square), first_edge)
        crossings = np.add.reduceat(crossed.astype(np.intp), first_edge)
        move, area = move[first], area[first]
        np.minimum.at(free, move, np.sqrt(near1))
        margin0, margin1 = given.margin0_m[move], given.margin1_m[move]
        clear0, clear1 = near0 > margin0 * margin0, near1 > margin1 * margin1
        # A long way between two places close to the edge may be far from it in between.
        long = ~clear0 & ~clear1
        if long.any():
            pair_at = first[long]
            way = np.hypot(x1[pair_at] - x0[pair_at], y1[pair_at] - y0[pair_at])
            long[long] = way > 2.0 * (margin0[long] + margin1[long])
        told = np.flatnonzero((crossings > 0) | (clear0 != clear1) | long)
        if not told.size:
            return found, free
        which = np.flatnonzero(crossed)
        share = side0[which] / (side0[which] - side1[which])
        sides = np.where(side0[which] >= 0.0, 1, -1)
        group = np.searchsorted(first_edge, which, side="right") - 1
        cuts: dict[int, list[tuple[float, int]]] = {}
        for at, s, side in zip(group.tolist(), share.tolist(), sides.tolist(), strict=True):
            cuts.setdefault(at, []).append((s, side))
        at_first = first[told]
        end_x, end_y, here = x1[at_first], y1[at_first], area[told]
        inside = shapely.contains_xy(self._shapes[here], end_x, end_y)
        rows = zip(
            told.tolist(),
            move[told].tolist(),
            here.tolist(),
            inside.tolist(),
            clear0[told].tolist(),
            clear1[told].tolist(),
            np.column_stack(
                [x0[at_first], y0[at_first], end_x, end_y, np.maximum(margin0, margin1)[told]]
            ).tolist(),
            strict=True,
        )
        for at, of, number, within, sure0, sure1, path_m in rows:
            where = cuts.get(at, [])
            where.sort()
            path = _Way(*path_m)
            if self._any_line and self._line[number]:
                sight = Sight(number, sure1, (), self._crossings(number, where, path))
            else:
                pieces = self._pieces(number, where, path, within, sure0, sure1)
                sight = Sight(number, sure1, pieces)
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
        found: list[tuple[Sight, ...]] = [()] * len(given.lon1)
        if not len(self._area_of_box):
            return found
        stay = Moves(
            lon0=given.lon1, lat0=given.lat1, margin0_m=given.margin1_m,
            lon1=given.lon1, lat1=given.lat1, margin1_m=given.margin1_m,
        )  # fmt: skip
        move, run = self._near_runs(stay, given.margin1_m)
        pairs = set(zip(move.tolist(), self._run_area[run].tolist(), strict=True))
        points = shapely.points(wrap_deg(given.lon1), given.lat1)
        move, box = self._boxes.query(points)
        pairs |= set(zip(move.tolist(), self._area_of_box[box].tolist(), strict=True))
        for of, number in sorted(pairs):
            if self._line[number]:
                continue
            x, y = self._flat(np.array([number]), given.lon1[[of]], given.lat1[[of]])
            shape = self._shapes[number]
            inside = bool(shapely.contains_xy(shape, x[0], y[0]))
            away = shapely.distance(shape.boundary, shapely.Point(x[0], y[0]))
            sure = bool(away > given.margin1_m[of])
            if inside or not sure:
                found[of] += (Sight(number, sure, (Piece(0.0, inside, sure),)),)
        return found

    def _pieces(
        self,
        number: int,
        cuts: list[tuple[float, int]],
        way: _Way,
        inside: bool,
        sure0: bool,
        sure1: bool,
    ) -> tuple[Piece, ...]:
        count = len(cuts)
        starts = [0.0, *(share for share, _ in cuts)]
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
        self, number: int, cuts: list[tuple[float, int]], way: _Way
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

    def _near_runs(self, given: Moves, margin_m: Floats) -> tuple[Indices, Indices]:
        """Return moves and the runs of edges near them, each pair once."""
        if not len(self._run_of_box):
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
        for beyond, turn in ((west < -180.0, 360.0), (east > 180.0, -360.0)):
            if beyond.any():
                at = np.flatnonzero(beyond)
                again = shapely.box(west[at] + turn, south[at], east[at] + turn, north[at])
                of, more = self._tree.query(again)
                move, box = np.append(move, at[of]), np.append(box, more)
        run = self._run_of_box[box]
        if self._split or (len(box) and ((west < -180.0) | (east > 180.0)).any()):
            both = np.unique(np.column_stack([move, run]), axis=0)
            move, run = both[:, 0], both[:, 1]
        return move, run

    def _edges_of(self, run: Indices) -> tuple[Indices, Indices]:
        """Return the edges of runs one after the other, and before them which run each is of."""
        size = self._run_size[run]
        last = np.cumsum(size)
        pair = np.repeat(np.arange(len(run)), size)
        return pair, np.arange(last[-1]) - (last - size - self._run_start[run])[pair]

    def _flat(self, area: Indices, lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
        lon0, lat0, lon_m, lat_m = self._planes.take(area, axis=0).T
        x = ((lon - lon0 + 180.0) % 360.0 - 180.0) * lon_m
        y = (lat - lat0) * lat_m
        if self._any_polar:
            at = np.flatnonzero(self._polar[area])
            if at.size:
                south = np.sign(lat0[at])
                away = (90.0 - south * lat[at]) * lat_m[at]
                angle = np.radians(lon[at])
                x[at], y[at] = away * np.sin(angle), -south * away * np.cos(angle)
        return x, y

    def _index_edges(self) -> None:
        starts: list[Floats] = [np.empty((0, 2))]
        ends: list[Floats] = [np.empty((0, 2))]
        run_area: list[int] = []
        run_start: list[int] = []
        run_size: list[int] = []
        boxes: list[tuple[int, float, float, float, float]] = []
        edges = 0
        for number, area in enumerate(self.areas):
            lines = area.shape.boundary if area.kind == "polygon" else area.shape
            for piece in shapely.get_parts(lines):
                points = shapely.get_coordinates(piece)
                real = (np.diff(points, axis=0) != 0.0).any(axis=1)
                start, end = points[:-1][real], points[1:][real]
                starts.append(start)
                ends.append(end)
                for first in range(0, len(start), RUN):
                    size = min(RUN, len(start) - first)
                    of = len(run_area)
                    run_area.append(number)
                    run_start.append(edges + first)
                    run_size.append(size)
                    both = np.vstack([start[first : first + size], end[first : first + size]])
                    boxes += [(of, *box) for box in boxes_deg(area, both)]
                edges += len(start)
        start, end = np.vstack(starts), np.vstack(ends)
        along = end - start
        self._edges = np.column_stack([start, along, (along**2).sum(axis=1)])
        self._run_area = np.array(run_area, dtype=np.intp)
        self._run_start = np.array(run_start, dtype=np.intp)
        self._run_size = np.array(run_size, dtype=np.intp)
        self._run_of_box = np.array([box[0] for box in boxes], dtype=np.intp)
        self._split = len(boxes) > len(run_area)
        self._tree = shapely.STRtree([shapely.box(*box[1:]) for box in boxes])

    def _index_areas(self) -> None:
        boxes = [
            (number, *box)
            for number, area in enumerate(self.areas)
            for box in boxes_deg(area, shapely.get_coordinates(area.shape))
        ]
        self._area_of_box = np.array([box[0] for box in boxes], dtype=np.intp)
        self._boxes = shapely.STRtree([shapely.box(*box[1:]) for box in boxes])


def _squares(px: Floats, py: Floats, ex: Floats, ey: Floats, square: Floats) -> Floats:
    """Return squared distances from points, relative to the edges' beginnings, to the edges."""
    share = np.minimum(np.maximum((px * ex + py * ey) / square, 0.0), 1.0)
    rx, ry = px - share * ex, py - share * ey
    return rx * rx + ry * ry
