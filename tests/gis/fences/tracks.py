"""Short ways to write fixes and areas for tests of fences."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import shapely

from gis.fences.area import Area, polygon
from gis.fences.events import FenceEvent
from gis.fences.geofences import Geofences
from gis.position.position import Position
from gis.river.rivers import Rivers

NOON = datetime(2026, 6, 10, 12, tzinfo=UTC)
#: At 20 degrees north.
LON_M, LAT_M = 104_647.0, 110_704.0


def fix(
    seconds: float,
    east_m: float,
    north_m: float = 0.0,
    *,
    accuracy_m: float | None = 5.0,
    speed_mps: float | None = None,
    unit: str = "boat",
) -> tuple[str, Position]:
    """Return a fix so many metres east and north of 100 E, 20 N, so many seconds after noon."""
    return unit, Position(
        lon=100.0 + east_m / LON_M,
        lat=20.0 + north_m / LAT_M,
        time=NOON + timedelta(seconds=seconds),
        accuracy_m=accuracy_m,
        speed_mps=speed_mps,
    )


def run_of(
    *points: tuple[float, float],
    every_s: float = 10.0,
    accuracy_m: float | None = 5.0,
    speed_mps: float | None = None,
) -> list[tuple[str, Position]]:
    """Return fixes of one boat at points (metres), one after the other."""
    return [
        fix(n * every_s, east, north, accuracy_m=accuracy_m, speed_mps=speed_mps)
        for n, (east, north) in enumerate(points)
    ]


def eastward(
    west_m: float, east_m: float, *, speed_mps: float, every_s: float = 10.0, north_m: float = 0.0
) -> list[tuple[float, float]]:
    """Return points on a way from west to east."""
    step = speed_mps * every_s
    return [(west_m + n * step, north_m) for n in range(int((east_m - west_m) / step) + 1)]


def bend(radius_m: float, *, start_m: float, step_m: float) -> list[tuple[float, float]]:
    """Return points on a way north, round half a circle about 100 E, 20 N, and south again."""
    straight_m, arc_m = 3000.0, math.pi * radius_m
    points: list[tuple[float, float]] = []
    for n in range(int((2.0 * straight_m + arc_m - start_m) / step_m)):
        along_m = start_m + n * step_m
        if along_m < straight_m:
            points.append((-radius_m, along_m - straight_m))
        elif along_m < straight_m + arc_m:
            angle = (along_m - straight_m) / radius_m
            points.append((-radius_m * math.cos(angle), radius_m * math.sin(angle)))
        else:
            points.append((radius_m, straight_m + arc_m - along_m))
    return points


def square(id: str, *, west_m: float = 0.0, size_m: float = 1000.0) -> Area:
    """Return a square whose west side is so many metres east, its middle at 20 N."""
    west, high = 100.0 + west_m / LON_M, size_m / LAT_M / 2.0
    return polygon(id, shapely.box(west, 20.0 - high, west + size_m / LON_M, 20.0 + high))


def told(
    areas: Sequence[Area],
    fixes: Sequence[tuple[str, Position]],
    *,
    batch: int = 1,
    rivers: Rivers | None = None,
) -> list[FenceEvent]:
    """Return the events that hold in the end, by time, after fixes in the order given."""
    engine = Geofences(areas, rivers=rivers)
    final: Counter[FenceEvent] = Counter()
    for at in range(0, len(fixes), batch):
        outcome = engine.see(fixes[at : at + batch])
        final.update(outcome.added)
        final.subtract(outcome.withdrawn)
        assert min(final.values(), default=0) >= 0
    return sorted(final.elements(), key=lambda event: (event.time, event.area, event.kind))


def kinds(events: Sequence[FenceEvent]) -> list[str]:
    """Return the kinds of events."""
    return [event.kind for event in events]


def seconds(event: FenceEvent) -> float:
    """Return when an event was, in seconds after noon."""
    return (event.time - NOON).total_seconds()
