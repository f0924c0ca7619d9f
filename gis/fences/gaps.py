"""Gaps: what a unit must or may have crossed between two fixes that are far apart.

A boat on a river went along it: an area that leaves no way through it was crossed for certain.
Elsewhere an area was crossed if the way round is longer than the boat could have gone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, TypeAlias

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from gis.fences.area import Area
from gis.fences.fix import LonLat
from gis.fences.path import Point
from gis.fences.settings import FenceSettings
from gis.geometry.geodesy import Floats
from gis.river.river import River
from gis.river.rivers import OnRivers, Rivers

Passage: TypeAlias = Literal["passed", "may_have_passed"]

STEP_M = 50.0  # of an area's edge, to find the river's kilometres in it
BEYOND_KM = 0.3  # of river on either side of an area, to see whether a way leads through


class Gap(NamedTuple):
    """A silence.

    Attributes:
        speed_mps: How fast the unit is at most, as far as is known; infinite where its way is not
            to be believed.
        river: Number of the river that it was on before and after it; None if on none.
        km: Where on it, before and after.
    """

    speed_mps: float
    river: int | None = None
    km: tuple[float, float] = (0.0, 0.0)


class RiverSpan(NamedTuple):
    """Which kilometres of a river an area lies on.

    Attributes:
        km_low: From.
        km_high: To.
        whole: Whether no way leads past it.
    """

    km_low: float
    km_high: float
    whole: bool


class Waters:
    """How areas lie to rivers; worked out where it is first asked.

    Args:
        rivers: All; None where none is known.
        settings: How wide rivers are.
    """

    def __init__(self, rivers: Rivers | None, settings: FenceSettings) -> None:
        self._rivers, self._settings = rivers, settings
        self._spans: dict[tuple[int, int], RiverSpan | None] = {}

    def gap(self, before: Point, point: Point, speed_mps: float) -> Gap:
        """Return what is known of a unit between two points."""
        found = self._on_one((before, point))
        if found is None:
            return Gap(speed_mps)
        km = float(found.km[0]), float(found.km[1])
        return Gap(speed_mps, int(found.river[0]), km)

    def is_on_river(self, places: Sequence[LonLat]) -> bool:
        """Return whether places are all on one river."""
        return self._on_one(places) is not None

    def _on_one(self, places: Sequence[LonLat]) -> OnRivers | None:
        """Return where places are on the one river that all are on; None if there is none."""
        if self._rivers is None:
            return None
        found = self._rivers.locate_many([p.lon for p in places], [p.lat for p in places])
        on = found.river[0]
        if on < 0 or (found.river != on).any():
            return None
        return found if np.abs(found.offset_m).max() <= self._settings.on_river_m else None

    def passed(
        self, number: int, area: Area, before: Point, point: Point, gap: Gap
    ) -> Passage | None:
        """Return whether a unit that is outside before and after a gap has passed an area in it.

        Args:
            number: The area's, always the same for one area.
            area: It.
            before: The point before the gap.
            point: The one after it.
            gap: What is known of it.
        """
        if math.isinf(gap.speed_mps):
            return None
        ends = [area.plane.xy(lon=each.lon, lat=each.lat) for each in (before, point)]
        line: BaseGeometry = shapely.LineString(ends)
        if gap.river is not None and self._rivers is not None:
            span = self._span(number, area, gap.river)
            if span is None:
                return None
            # Who was before it and is at its far edge, or just inside, has crossed it too.
            slack_km = (before.accuracy_m + point.accuracy_m) / 1000.0
            slack_km = min(slack_km, (span.km_high - span.km_low) / 4.0)
            if min(gap.km) > span.km_low + slack_km or max(gap.km) < span.km_high - slack_km:
                return None
            if span.whole:
                return "passed"
            line = self._way(area, ends, self._rivers.all[gap.river], gap.km)
        if not shapely.intersects(line, area.shape):
            return None
        seconds = point.t - before.t
        noise = before.accuracy_m + point.accuracy_m
        reach_m = gap.speed_mps * self._settings.detour_speed_share * seconds + noise
        return "passed" if detour_m(ends, area.shape) > reach_m else "may_have_passed"

    def _way(
        self, area: Area, ends: Sequence[tuple[float, float]], river: River, km: tuple[float, float]
    ) -> BaseGeometry:
        """Return the river's line between two kilometres, shifted so that it joins both ends."""
        points = _line(area, river, *km)
        shift = np.array(ends) - points[[0, -1]]
        share = np.linspace(0.0, 1.0, len(points))[:, None]
        return shapely.LineString(points + shift[0] * (1.0 - share) + shift[1] * share)

    def _span(self, number: int, area: Area, of: int) -> RiverSpan | None:
        key = number, of
        if key not in self._spans:
            assert self._rivers is not None
            half = self._settings.river_half_width_m
            self._spans[key] = span_of(area, self._rivers.all[of], half_width_m=half)
        return self._spans[key]


def span_of(area: Area, river: River, *, half_width_m: float) -> RiverSpan | None:
    """Return which kilometres of a river an area lies on; None if it is not near the line.

    >>> from gis.fences.area import corridor
    >>> from gis.river.river import load_mekong
    >>> river = load_mekong()
    >>> across = corridor("a", river, km_from=2350.0, km_to=2350.3, width_m=1000.0)
    >>> low, high, whole = span_of(across, river, half_width_m=200.0)
    >>> round(low, 1), round(high, 1), whole
    (2350.0, 2350.3, True)
    """
    edge = shapely.segmentize(area.edge, STEP_M)
    x, y = shapely.get_coordinates(edge).T
    lon, lat = area.plane.places(x_m=x, y_m=y)
    found = river.locate_many(lon, lat)
    near = np.abs(found.offset_m) <= half_width_m + STEP_M  # not where it is NaN
    if not near.any():
        return None
    low, high = float(found.km[near].min()), float(found.km[near].max())
    first, last = river.km_range
    ends = max(first, low - BEYOND_KM), min(last, high + BEYOND_KM)
    points = _line(area, river, *ends)
    corridor = shapely.LineString(points).buffer(half_width_m, cap_style="flat")
    rest = shapely.get_parts(corridor.difference(area.shape))
    gates = shapely.points(points[[0, -1]])
    open_ = [shapely.distance(part, gates).max() < 1.0 for part in rest]
    return RiverSpan(low, high, not any(open_))


def detour_m(ends: Sequence[tuple[float, float]], shape: BaseGeometry) -> float:
    """Return how far it is at least from one point to another round a shape between them, metres.

    >>> detour_m([(-10.0, 0.0), (10.0, 0.0)], shapely.box(-1.0, -9.0, 1.0, 9.0)) > 25.0
    True
    """
    hull = shapely.union_all([shape, shapely.MultiPoint(ends)]).convex_hull
    if hull.geom_type != "Polygon":
        return math.dist(*ends)
    ring = hull.exterior
    at = sorted(ring.project(shapely.Point(end)) for end in ends)
    return float(min(at[1] - at[0], ring.length - at[1] + at[0]))


def _line(area: Area, river: River, km_from: float, km_to: float) -> Floats:
    points = np.array(river.between(km_from, km_to, step_m=STEP_M))
    x, y = area.plane.metres(lon=points[:, 0], lat=points[:, 1])
    return np.column_stack([x, y])
