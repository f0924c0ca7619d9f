"""Standing: whether a unit is inside each area, from its path, and the events that follow.

A unit comes in where its path comes within `enter_within` of an area, and has left when it is
`leave_beyond` outside; so one that drifts about on an edge changes nothing. In a gap the straight
line is not the way: what it must have crossed all the same is told as passed.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Final, TypeAlias

import msgspec
import shapely
from msgspec.structs import replace
from shapely.geometry.base import BaseGeometry

from gis.fences.area import Area
from gis.fences.events import FenceEvent, Kind
from gis.fences.fix import apart_m, between
from gis.fences.gaps import Gap, Waters
from gis.fences.path import Point
from gis.fences.settings import FenceSettings

PIECES = 9  # of a way through an area, where its deepest point is looked for
SWING_SHARE = 0.6
UNHEEDED_SHARE = 0.4
SWING_ACCURACIES = 2.0  # of a shorter move the course is mostly noise


class EdgeCrossing(msgspec.Struct, frozen=True, gc=False):
    """Where a path crosses an edge.

    Attributes:
        begin: The point before it.
        end: The point after it.
        share: At which share of the way between them.
        t: When, seconds since 1970.
    """

    begin: Point
    end: Point
    share: float
    t: float


class AreaStanding(msgspec.Struct, frozen=True, gc=False):
    """How a unit stands to an area that it is in, or may be.

    Attributes:
        inside: Whether it is in; None where it was on the edge when it was first heard.
        since: When it came in, seconds since 1970.
        shown_at: Time of the point that showed it.
        out: Where its path last came out, where it has not left yet.
    """

    inside: bool | None
    since: float
    shown_at: float
    out: EdgeCrossing | None = None


XY: TypeAlias = tuple[float, float]

Standings: TypeAlias = Mapping[int, AreaStanding]
"""By number of area; one that is not there was left, or never met."""

NOWHERE: Final[Standings] = MappingProxyType({})


class Move(msgspec.Struct, frozen=True, gc=False):
    """One step of a unit's path.

    Attributes:
        unit: Its id.
        before: The last point that is not raw; None if this is the first.
        point: The new one.
        gap: What is known of the silence between them; None where the line is the way.
        earlier: The one before `before`.
    """

    unit: str
    before: Point | None
    point: Point
    gap: Gap | None
    earlier: Point | None = None


def advance(
    old: AreaStanding | None,
    move: Move,
    number: int,
    area: Area,
    *,
    waters: Waters,
    settings: FenceSettings,
) -> tuple[AreaStanding | None, tuple[FenceEvent, ...]]:
    """Return how a unit stands to an area after a move, and the events that it brings.

    Args:
        old: How it stood before.
        move: What it did.
        number: The area's.
        area: It.
        waters: How areas lie to rivers.
        settings: How near is in.
    """
    before, point, gap = move.before, move.point, move.gap
    if point.is_raw and old is not None and old.inside:
        return old, ()
    xy = area.plane.xy(lon=point.lon, lat=point.lat)
    here = shapely.points(xy)
    outside_m = float(area.shape.distance(here))
    leaves = outside_m > settings.leave_beyond * point.accuracy_m and not point.is_raw
    entry_m = _entry_m(point, settings)

    if old is not None and old.inside:
        if outside_m == 0.0:
            return (old if old.out is None else replace(old, out=None)), ()
        if old.out is not None:
            out = old.out
        elif before is None:
            out = EdgeCrossing(point, point, 1.0, point.t)
        else:
            way = area.plane.xy(lon=before.lon, lat=before.lat), xy
            out = _cut(area, before, point, way, last=True)
        if leaves and point.t >= old.shown_at:
            return None, (_event("leave", area.id, move.unit, out),)
        return replace(old, out=out), ()
    if before is None or old is not None:  # it may have been here all the time
        if deepest_m(area, here) >= entry_m:
            at = EdgeCrossing(point, point, 0.0, point.t)
            event = _event("enter", area.id, move.unit, at, appeared=True)
            return AreaStanding(True, point.t, point.t), (event,)
        return (None if leaves else old or AreaStanding(None, point.t, point.t)), ()
    is_line = gap is None and not point.is_raw
    ends = area.plane.xy(lon=before.lon, lat=before.lat), xy
    # From outside no way gets deeper than it is long.
    deep_m = (math.dist(*ends) if is_line else 0.0) - outside_m
    if outside_m == 0.0 or deep_m >= entry_m:
        deep_m = deepest_m(area, shapely.LineString(ends) if is_line else here)
    if is_line and outside_m > 0.0 and deep_m >= entry_m:
        entry_m += _swing_m(move.earlier, before, point)
    if deep_m >= entry_m:
        came = _cut(area, before, point, ends)
        went = None if outside_m == 0.0 else _cut(area, before, point, ends, last=True)
        enter = _event("enter", area.id, move.unit, came)
        if leaves and went is not None:
            return None, (enter, _event("leave", area.id, move.unit, went))
        return AreaStanding(True, came.t, point.t, went), (enter,)
    if gap is not None:
        kind = waters.passed(number, area, before, point, gap)
        if kind is not None:
            cut = _cut(area, before, point, ends)
            return None, (_event(kind, area.id, move.unit, cut),)
    return None, ()


def deepest_m(area: Area, way: BaseGeometry) -> float:
    """Return how deep a point or line goes into an area, metres; below 0 how far outside it stays.

    >>> from gis.fences.area import around
    >>> area = around("blo", lon=100.0, lat=20.0, radius_m=100.0)
    >>> round(deepest_m(area, shapely.Point(0.0, 70.0)))
    30
    >>> round(deepest_m(area, shapely.Point(0.0, 150.0)))
    -50
    >>> round(deepest_m(area, shapely.LineString([(-200.0, 0.0), (200.0, 0.0)])))
    100
    """
    outside_m = float(area.shape.distance(way))
    if outside_m > 0.0:
        return -outside_m
    edge = area.edge
    if way.geom_type == "Point":
        return float(edge.distance(way))
    inside = way.intersection(area.shape)
    shares = [(n + 0.5) / PIECES for n in range(PIECES)]
    points = [
        shapely.line_interpolate_point(part, shares, normalized=True)
        for part in shapely.get_parts(inside)
        if part.geom_type == "LineString"
    ]
    return max((float(shapely.distance(edge, each).max()) for each in points), default=0.0)


def _swing_m(earlier: Point | None, before: Point, point: Point) -> float:
    """Return how far a way swings out from its straight line, by how much the unit turned to it:
    a chord's sagitta is an eighth of its length times the angle of its arc. Over fixes that were
    left out, and after which it was off its course, it may be most of a half circle.
    """
    if earlier is None:
        return 0.0
    way_m, was_m = apart_m(before, point), apart_m(earlier, before)
    if not point.is_straight:
        return UNHEEDED_SHARE * way_m
    if min(way_m, was_m) <= SWING_ACCURACIES * point.accuracy_m:
        return 0.0
    ahead = between(earlier, before, 1.0 + way_m / was_m)
    share = way_m / (was_m + way_m)  # the more so the longer nothing was believed
    return SWING_SHARE * share * share * min(way_m, apart_m(ahead, point))


def _entry_m(point: Point, settings: FenceSettings) -> float:
    """Return how deep a path must come to count as in."""
    accuracy_m = point.accuracy_m
    fine, coarse = min(accuracy_m, settings.coarse_m), max(0.0, accuracy_m - settings.coarse_m)
    return coarse + fine * (settings.enter_raw if point.is_raw else -settings.enter_within)


def _cut(
    area: Area, begin: Point, end: Point, ends: tuple[XY, XY], *, last: bool = False
) -> EdgeCrossing:
    """Return where a straight line first meets an area, or last; else where it is nearest.

    Args:
        area: It.
        begin: Where the line begins.
        end: Where it ends.
        ends: The same two in the area's plane.
        last: Where it last meets it.
    """
    line = shapely.LineString(ends)
    share = 1.0 if last else 0.0
    if line.length == 0.0:
        return EdgeCrossing(begin, end, share, begin.t + share * (end.t - begin.t))
    inside = line.intersection(area.shape)
    if inside.is_empty:
        inside = shapely.shortest_line(line, area.shape)
        inside = shapely.get_point(inside, 0)
    ends = shapely.points(shapely.get_coordinates(inside))
    shares = shapely.line_locate_point(line, ends, normalized=True)
    share = float(shares.max() if last else shares.min())
    return EdgeCrossing(begin, end, share, begin.t + share * (end.t - begin.t))


def _event(
    kind: Kind, area: str, unit: str, cut: EdgeCrossing, *, appeared: bool = False
) -> FenceEvent:
    at = between(cut.begin, cut.end, cut.share)
    return FenceEvent(
        kind=kind,
        unit=unit,
        area=area,
        time=datetime.fromtimestamp(cut.t, UTC),
        earliest=datetime.fromtimestamp(cut.begin.t, UTC),
        latest=datetime.fromtimestamp(cut.end.t, UTC),
        lon=at.lon,
        lat=at.lat,
        appeared=appeared,
    )
