"""What truly happened at edges, from the noise-free ways, worked out without `gis.fences`.

A boat's depth is its distance in metres from an edge, above 0 inside (for a line: to its right).

A *clear* transition, which must be found, goes from at least `clear_m` on the one side to as much
on the other; between the last moment there and the first one here lies its time.

A *real* crossing, which may be told, goes through the edge itself and comes from, or goes on to, at
least the boat's accuracy beyond it. What a boat does that stays nearer to the edge than that is
drift, and may not be told. Where the truth is nearer to the edge than `clear_m` without a break, no
receiver can say when exactly it crossed: that stretch is one doubt.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.geodesy import Floats
from tests.gis.fences.boats import STEP_S, Boat

FAR_M = 3000.0


class Edge(NamedTuple):
    """An area or a line as the truth sees it, in degrees."""

    id: str
    geometry: BaseGeometry
    is_line: bool


class Transition(NamedTuple):
    """One change of sides.

    Attributes:
        unit, edge: Who and what.
        into: Whether into the area, or to the right of the line.
        first, last: Between which moments it lies: beyond the error on the one side, then on the
            other.
        crossings: When the depth was 0 in that direction between them.
    """

    unit: str
    edge: str
    into: bool
    first: float
    last: float
    crossings: Floats


def depth_m(boat: Boat, edge: Edge) -> Floats | None:
    """Return a boat's depth all the time, at most 3,000 m; None if it never is near."""
    west, south, east, north = edge.geometry.bounds
    margin = 0.03
    near = (boat.lon > west - margin) & (boat.lon < east + margin)
    near &= (boat.lat > south - margin) & (boat.lat < north + margin)
    depth = np.full(len(boat.t), -FAR_M)
    if not near.any():
        return None
    lat0 = (south + north) / 2.0
    scale = np.array([111_320.0 * np.cos(np.radians(lat0)), 110_700.0])
    flat = shapely.transform(edge.geometry, lambda points: points * scale)
    x, y = boat.lon[near] * scale[0], boat.lat[near] * scale[1]
    if edge.is_line:
        (x0, y0), (x1, y1) = shapely.get_coordinates(flat)
        length = np.hypot(x1 - x0, y1 - y0)
        depth[near] = ((y1 - y0) * (x - x0) - (x1 - x0) * (y - y0)) / length
        # Boats keep to the river, far from the ends: the line may be thought endless there.
        past = ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / length**2
        depth[near] = np.where((past > 0.0) & (past < 1.0), depth[near], np.nan)
        depth[~near] = np.nan
        return _filled(depth)
    boundary = flat.boundary
    shapely.prepare([flat, boundary])
    points = shapely.points(x, y)
    away = np.minimum(shapely.distance(boundary, points), FAR_M)
    depth[near] = np.where(shapely.contains_xy(flat, x, y), away, -away)
    return depth


def transitions(
    boat: Boat, edge: Edge, depth: Floats, *, margin_m: float | Floats
) -> list[Transition]:
    """Return a boat's changes of sides by at least a margin, in order of time."""
    sure = np.where(depth >= margin_m, 1, np.where(depth <= -margin_m, -1, 0))
    at = np.flatnonzero(sure)
    change = np.flatnonzero(np.diff(sure[at]) != 0)
    out = []
    for n in change:
        a, b = at[n], at[n + 1]
        into = bool(sure[b] > 0)
        piece = depth[a : b + 1]
        signs = np.flatnonzero((piece[:-1] > 0.0) != (piece[1:] > 0.0))
        signs = signs[(piece[signs + 1] > 0.0) == into]
        share = piece[signs] / (piece[signs] - piece[signs + 1])
        times = boat.t[a + signs] + share * (boat.t[a + signs + 1] - boat.t[a + signs])
        out.append(Transition(boat.unit, edge.id, into, float(boat.t[a]), float(boat.t[b]), times))
    return out


def real_crossings(boat: Boat, depth: Floats) -> list[tuple[float, bool]]:
    """Return when a boat really crossed an edge, and whether into the area, in order of time."""
    at = np.flatnonzero((depth[:-1] > 0.0) != (depth[1:] > 0.0))
    furthest = np.abs(depth)
    legs = np.maximum.reduceat(furthest, np.append(0, at + 1)) if at.size else np.empty(0)
    out = []
    for n, index in enumerate(at):
        if max(legs[n], legs[n + 1]) >= boat.accuracy_m:
            share = depth[index] / (depth[index] - depth[index + 1])
            when = boat.t[index] + share * (boat.t[index + 1] - boat.t[index])
            out.append((float(when), bool(depth[index + 1] > 0.0)))
    return out


def doubt(boat: Boat, depth: Floats, since: float, until: float) -> tuple[float, float]:
    """Return the stretch around two times in which the truth is nearer to the edge than clear."""
    near = np.abs(depth) < clear_m(boat)
    first = int(np.clip(np.searchsorted(boat.t, since), 0, len(near) - 1))
    last = int(np.clip(np.searchsorted(boat.t, until), 0, len(near) - 1))
    far = np.flatnonzero(~near)
    before, after = far[far < first], far[far > last]
    begin = (
        boat.t[before[-1]] if before.size and near[first] else boat.t[0 if near[first] else first]
    )
    end = boat.t[after[0]] if after.size and near[last] else boat.t[-1 if near[last] else last]
    return float(min(begin, since)), float(max(end, until))


def clear_m(boat: Boat) -> Floats:
    """Return from how far on either side a transition must be found, all the time.

    Six times the accuracy that the radio tells, 20 m, and how far an arc of 1 km radius is from its
    chord, that chord being the way that the boat makes between two fixes: where it was between them
    nobody knows.
    """
    east = np.gradient(boat.lon) * np.cos(np.radians(boat.lat))
    speed = np.hypot(east, np.gradient(boat.lat)) * 111_195.0 / STEP_S
    return 6.0 * boat.told_m + 20.0 + (speed * boat.interval_s) ** 2 / 8000.0


def _filled(depth: Floats) -> Floats:
    """Carry the last known side over where the line is not abreast."""
    known = np.flatnonzero(~np.isnan(depth))
    if not known.size:
        return np.zeros(len(depth))
    index = np.clip(np.searchsorted(known, np.arange(len(depth)), side="right") - 1, 0, None)
    return depth[known[index]]
