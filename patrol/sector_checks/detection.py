"""Detection: which boats an area detects, and which it cannot, by how units report.

Of a boat that goes straight through: whether one of its reports falls inside, whether the next
report shows that it has passed, or whether nobody can say. The same settings are read by which
fences judge (`gis.fences.settings`), so that what is said before an area is drawn holds after.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from math import inf
from statistics import median
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec
import shapely

from gis.fences.area import Area
from gis.fences.gaps import span_of
from gis.fences.settings import FenceSettings
from gis.river.river import River
from patrol.alarms.behaviours import gap_s, is_of, is_stationary
from patrol.picture.contact import Contact
from patrol.sectors.sector import SectorLimits

Detected: TypeAlias = Literal["inside", "after", "maybe", "vague"]
DETECTED: Final[tuple[Detected, ...]] = ("inside", "after", "maybe", "vague")

FAST_MPS: Final = 10.0
"""How fast a boat is that goes through: a speed boat on the river, 36 km/h."""

FEWEST: Final = 3
"""Fixes of a unit from which its interval is measured; of fewer, the one it is registered with."""

SETTINGS: Final = FenceSettings()


class Detection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How well geofences detect units of one way of reporting as they pass through an area.

    Attributes:
        detected: `inside`: with a report from within. `after`: with the next report, once they have
            passed. `maybe`: not for sure; at most as a low alert that they may have passed.
            `vague`: not at all, their places are too vague for an area so narrow.
        units: How many units.
        shortest_s: How often they report: the shortest time between reports, seconds.
        longest_s: The longest.
        accuracy_m: How wrong their places are at worst, metres.
    """

    detected: Detected
    units: int
    shortest_s: float
    longest_s: float
    accuracy_m: float


class Transit(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How boats pass through an area, and how well they are detected.

    Attributes:
        length_m: The way through it: along the river where no way leads past it, else across
            where it is narrowest.
        across: Whether it lies across the whole river.
        speed_mps: How fast a boat is thought to be.
        detections: What is told, by how units report.
        too_seldom: Boats that report too seldom for the shortest of the limits, among all that
            these are of.
    """

    length_m: float
    across: bool
    speed_mps: float
    detections: tuple[Detection, ...] = ()
    too_seldom: int = 0


class Reporter(NamedTuple):
    """How a boat reports.

    Attributes:
        every_s: How often, seconds.
        accuracy_m: How wrong its places are, metres.
        is_unit: Whether it is a unit that may be told of for being in an area.
        is_limited: Whether the limits at hand are of it.
    """

    every_s: float
    accuracy_m: float
    is_unit: bool
    is_limited: bool


def reporters(contacts: Iterable[Contact], limits: SectorLimits | None) -> list[Reporter]:
    """Return how boats report, as far as the user may know of them.

    Args:
        contacts: Units and radios of whoever draws an area.
        limits: Of the area; None: none.
    """
    found: list[Reporter] = []
    for contact in contacts:
        is_unit = contact.unit is not None
        is_limited = bool(limits) and limits is not None and is_of(limits, contact)
        if is_stationary(contact) or not (is_unit or is_limited):
            continue
        every_s, accuracy_m = interval_s(contact), accuracy_of(contact)
        found.append(Reporter(every_s, accuracy_m, is_unit, is_limited))
    return found


def transit(
    area: Area,
    rivers: Sequence[River],
    boats: Sequence[Reporter],
    *,
    on_river: bool,
    is_kept_out: bool,
    limits: SectorLimits | None,
) -> Transit:
    """Return how boats pass through an area, and how well they are detected.

    Args:
        area: Where it lies.
        rivers: Those of which a part lies in it.
        boats: How they report.
        on_river: Whether boats there may be on a river, whose bends a straight line cuts.
        is_kept_out: Whether it is told at all who is in it.
        limits: Of the area; None: none.
    """
    length_m, across = _through(area, rivers)
    groups: dict[Detected, list[Reporter]] = {}
    for boat in boats if is_kept_out else ():
        if boat.is_unit:
            what = detected(
                boat.every_s,
                boat.accuracy_m,
                length_m=length_m,
                across=across,
                on_river=on_river,
            )
            groups.setdefault(what, []).append(boat)
    lasting = [] if limits is None else [limits.loitering_s, limits.meeting_s, limits.stay_s]
    least_s = min((gap_s(each) for each in lasting if each is not None), default=inf)
    return Transit(
        length_m=round(length_m, 1),
        across=across,
        speed_mps=FAST_MPS,
        detections=tuple(
            Detection(
                detected=what,
                units=len(groups[what]),
                shortest_s=round(min(each.every_s for each in groups[what])),
                longest_s=round(max(each.every_s for each in groups[what])),
                accuracy_m=round(max(each.accuracy_m for each in groups[what])),
            )
            for what in DETECTED
            if what in groups
        ),
        too_seldom=sum(each.is_limited and each.every_s > least_s for each in boats),
    )


def detected(
    every_s: float, accuracy_m: float, *, length_m: float, across: bool, on_river: bool
) -> Detected:
    """Return what is detected of a boat that goes straight through an area.

    Args:
        every_s: How often it reports, seconds.
        accuracy_m: How wrong its places are, metres.
        length_m: Its way through the area.
        across: Whether no way leads past the area.
        on_river: Whether it is on a river, whose bends a straight line cuts.

    >>> detected(10, 15, length_m=60.0, across=False, on_river=True)
    'after'
    >>> detected(300, 15, length_m=300.0, across=True, on_river=True)
    'after'
    >>> detected(300, 15, length_m=300.0, across=False, on_river=True)
    'maybe'
    >>> detected(60, 15, length_m=1000.0, across=False, on_river=True)
    'inside'
    >>> detected(60, 250, length_m=300.0, across=False, on_river=True)
    'vague'
    """
    is_line = every_s <= (SETTINGS.gap_s if on_river else SETTINGS.line_s)
    # A place that is coarse must be deeper in by what it is worse than that.
    deep_m = max(accuracy_m - SETTINGS.coarse_m, 0.0)
    if accuracy_m > SETTINGS.useless_accuracy_m:
        return "vague"  # such places are left out
    if length_m / 2.0 < deep_m:
        return "after" if across and not is_line else "vague"
    if every_s * FAST_MPS <= length_m - 2.0 * deep_m:
        return "inside"
    return "after" if is_line or across else "maybe"


def interval_s(contact: Contact) -> float:
    """Return how often a boat reports, seconds: the median of its newest, else as registered."""
    times = [time for time, *_ in contact.window]
    if len(times) < FEWEST:
        return contact.expected_interval_s
    return max(median((after - time).total_seconds() for time, after in pairwise(times)), 1.0)


def accuracy_of(contact: Contact) -> float:
    """Return how wrong a boat's places are, metres: the median of its newest; a
    receiver's where it has none."""
    newest = [fix.error_m for _, _, fix, _ in contact.window]
    return median(newest) if newest else SETTINGS.assumed_accuracy_m


def _through(area: Area, rivers: Sequence[River]) -> tuple[float, bool]:
    """Return how long the way through an area is, metres, and whether none leads past it."""
    half_m = SETTINGS.river_half_width_m
    for river in rivers:
        span = span_of(area, river, half_width_m=half_m)
        if span is not None and span.whole:
            return (span.km_high - span.km_low) * 1000.0, True
    shape = area.shape
    radius = shapely.maximum_inscribed_circle(shape, tolerance=max(shape.length / 2000.0, 1.0))
    return 2.0 * float(radius.length), False
