"""Detour: a short move aside and back that no boat makes; it marks a pair of wrong reports.

A unit that comes into an area by leaving its line, and is on that line again one or two reports
later, was wrong about its place. One that really went there has turned, and its later reports lie
on no line with its earlier ones.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from gis.fences.fix import DEGREE_M, FenceFix, LonLat, Spot
from gis.geometry.geodesy import Floats

AFTER = 2  # so many reports are waited for
LEAST_BEFORE, LEAST_ON = 2, 4  # fixes that show a line
LEAST_ARC, ARC_STEPS = 6, 9  # that show an arc, and places along it
MOST_OFF = 3  # in a row: a pair of wrong ones, and one of the next pair
ON_ACCURACIES = 1.5  # so far beside the line its own fixes are,
OFF_ACCURACIES = 2.5  # so far at least the ones that are none of it,
PLACE_ACCURACIES = 4.0  # no farther apart are fixes of a unit that lies,
STRAIGHT_SQUARES = 1.1  # accuracies squared, each but two: so far beside it who goes straight on is


class DetourLine(NamedTuple):
    """A line, or an arc, that a unit kept past a detour.

    Attributes:
        before, after: Fixes on it before and after the detour, oldest first.
        way: Along it from the last before to the first after.
    """

    before: tuple[FenceFix, ...]
    after: tuple[FenceFix, ...]
    way: tuple[LonLat, ...]


def goes_straight(fixes: tuple[FenceFix, ...]) -> bool:
    """Return whether fixes lie on one line, as far as noise lets one see.

    >>> places = (100.0, 20.0), (100.001, 20.001), (100.002, 20.0)
    >>> goes_straight(tuple(FenceFix(0.0, lon, lat, 15.0, 5.0) for lon, lat in places))
    False
    """
    east, north, accuracy_m = _metres(fixes)
    spread = np.linalg.svd(np.stack([east - east.mean(), north - north.mean()]), compute_uv=False)
    beside = float(spread[1] / accuracy_m.mean()) ** 2
    return beside <= STRAIGHT_SQUARES * (len(fixes) - 2)


def line_past(fixes: tuple[FenceFix, ...]) -> DetourLine | None:
    """Return the line that a unit kept past one to three fixes beside it; None if there is none.

    >>> way = [FenceFix(60.0 * n, 100.0 + 0.004 * n, 20.0, 15.0, 7.0) for n in range(6)]
    >>> way[3] = FenceFix(180.0, 100.012, 20.001, 15.0, 7.0)
    >>> line = line_past(tuple(way))
    >>> len(line.before), len(line.after)
    (3, 2)
    """
    for end in reversed(range(LEAST_ON, len(fixes))):
        for start in range(end + 1 - LEAST_ON):
            some = fixes[start : end + 1]
            off = _deviations(some)
            on = np.flatnonzero(off <= ON_ACCURACIES)
            if len(on) < LEAST_ON:
                continue
            skipped = np.diff(on) - 1
            at = int(skipped.argmax())
            if at + 1 < LEAST_BEFORE or not 1 <= skipped[at] <= MOST_OFF:
                continue
            if off[on[at] : on[at + 1]].max() > OFF_ACCURACIES:
                line = tuple(some[n] for n in on)
                return DetourLine(line[: at + 1], line[at + 1 :], line[at : at + 2])
    return None


def arc_past(fixes: tuple[FenceFix, ...]) -> DetourLine | None:
    """Return the arc that a unit kept past one to three fixes beside it; None if there is none.

    >>> from math import cos, sin
    >>> from msgspec.structs import replace
    >>> turns = [(0.002 * cos(n / 3), 0.002 * sin(n / 3)) for n in range(9)]
    >>> way = [FenceFix(n, 100 + x, 20 + y, 5, 7) for n, (x, y) in enumerate(turns)]
    >>> way[4] = replace(way[4], lat=20.0)
    >>> arc = arc_past(tuple(way))
    >>> len(arc.before), len(arc.after), len(arc.way)
    (4, 4, 9)
    """
    count = len(fixes)
    for omitted in range(1, MOST_OFF + 1):
        for at in range(max(LEAST_BEFORE, LEAST_ARC - AFTER), count - omitted - 1):
            beside, rest = fixes[at : at + omitted], fixes[:at] + fixes[at + omitted :]
            arc = _arc(rest, at) if len(rest) >= LEAST_ARC else None
            if arc is not None and _off_arc(beside, fixes[0], *arc[:3]).max() > OFF_ACCURACIES:
                return DetourLine(fixes[:at], fixes[at + omitted :], arc[3])
    return None


def _arc(
    fixes: tuple[FenceFix, ...], at: int
) -> tuple[float, float, float, tuple[Spot, ...]] | None:
    """Return an arc's middle and radius, metres from the first fix, and its way to the fix `at`
    from the one before it; None if fixes lie on none, one after another.
    """
    east, north, accuracy_m = _metres(fixes)
    columns = np.stack([east, north, np.ones(len(fixes))], 1)
    x, y, rest = np.linalg.lstsq(columns, east**2 + north**2, rcond=None)[0]
    x, y = x / 2.0, y / 2.0
    radius = float(np.sqrt(max(rest + x * x + y * y, 0.0)))
    if (_off_arc(fixes, fixes[0], x, y, radius) > ON_ACCURACIES).any():
        return None
    angle = np.unwrap(np.arctan2(north - y, east - x))
    steps = np.diff(angle)
    if radius <= PLACE_ACCURACIES * accuracy_m.mean() or not (
        (steps > 0).all() or (steps < 0).all()
    ):
        return None
    turn = np.linspace(angle[at - 1], angle[at], ARC_STEPS)
    a = fixes[0]
    wide = DEGREE_M * float(np.cos(np.radians(a.lat)))
    lon, lat = (
        a.lon + (x + radius * np.cos(turn)) / wide,
        a.lat + (y + radius * np.sin(turn)) / DEGREE_M,
    )
    return x, y, radius, tuple(Spot(*each) for each in zip(lon.tolist(), lat.tolist(), strict=True))


def _off_arc(
    fixes: tuple[FenceFix, ...], first: FenceFix, x: float, y: float, radius: float
) -> Floats:
    """Return how far beside an arc fixes are, in accuracies; its middle is metres from `first`."""
    east, north, accuracy_m = (each[1:] for each in _metres((first, *fixes)))
    off_m: Floats = np.abs(np.hypot(east - x, north - y) - radius)
    return off_m / accuracy_m


def _metres(fixes: tuple[FenceFix, ...]) -> tuple[Floats, Floats, Floats]:
    """Return metres east and north of the first, and accuracies."""
    lon, lat, accuracy_m = np.array([(f.lon, f.lat, f.accuracy_m) for f in fixes]).T
    a = fixes[0]
    east = ((lon - a.lon + 180.0) % 360.0 - 180.0) * np.cos(np.radians(a.lat)) * DEGREE_M
    return east, (lat - a.lat) * DEGREE_M, accuracy_m


def _deviations(fixes: tuple[FenceFix, ...]) -> Floats:
    """Return how far beside the line through the first and the last fixes are, in accuracies; of a
    unit that lies it is how far from their place, less a third, as there are two ways to be off.
    """
    east, north, accuracy_m = _metres(fixes)
    length_m = float(np.hypot(east[-1], north[-1]))
    off_m: Floats
    if length_m <= PLACE_ACCURACIES * accuracy_m[-1]:
        off_m = np.hypot(east - east[-1] / 2.0, north - north[-1] / 2.0) / 1.5
    else:
        off_m = np.abs(east * north[-1] - north * east[-1]) / length_m
    return off_m / accuracy_m
