"""Gauges, offices and crossings along a river: which is next, how far, and when one is there."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

import msgspec
import numpy as np
import shapely

from gis.geometry.features import features_of
from gis.river.centreline import column
from gis.river.river import River
from gis.river.rivers import Rivers

if TYPE_CHECKING:
    from gis.geometry.features import Features, Table

MarkKind: TypeAlias = Literal["gauge", "office", "crossing"]
Way: TypeAlias = Literal["up", "down"]

MARK_KINDS: Final[tuple[MarkKind, ...]] = ("gauge", "office", "crossing")
WAYS: Final[tuple[Way, ...]] = ("up", "down")

GAUGE_ERROR_M: Final = 1500.0  # where the layer does not say
NOT_ON_WATER: Final = ("road",)  # kinds of crossing that are no way over a river


class RiverMark(msgspec.Struct, frozen=True, kw_only=True):
    """A known place along a river.

    Attributes:
        kind: Gauge, border liaison office or crossing.
        id: Its id in its layer.
        name: Its name there.
        km: Kilometre of the river abreast of it.
        offset_m: How far off the centreline it is, metres, left bank positive.
        error_m: How wrong its position may be, metres.
    """

    kind: MarkKind
    id: str
    name: str
    km: float
    offset_m: float
    error_m: float


class RiverDistance(msgspec.Struct, frozen=True, kw_only=True):
    """A way along the river.

    Attributes:
        way: Upstream or downstream; None where the errors are longer than the way.
        distance_km: How long it is.
        error_km: How wrong that may be: the line's share of it, and the two places.
    """

    way: Way | None
    distance_km: float
    error_km: float

    def eta_s(self, *, speed_mps: float) -> tuple[float, float] | None:
        """Return the earliest and latest seconds to go at a speed over ground.

        None for a speed that is not above 0. The speed is taken to stay as it is; what the
        current adds or takes is in a speed over ground already.

        >>> RiverDistance(way="down", distance_km=9.0, error_km=1.0).eta_s(speed_mps=5.0)
        (1600.0, 2000.0)
        >>> RiverDistance(way="down", distance_km=9.0, error_km=1.0).eta_s(speed_mps=0.0) is None
        True
        """
        if not (speed_mps > 0.0 and math.isfinite(speed_mps)):
            return None
        least = max(0.0, self.distance_km - self.error_km)
        return least * 1000.0 / speed_mps, (self.distance_km + self.error_km) * 1000.0 / speed_mps


class NextMark(msgspec.Struct, frozen=True, kw_only=True):
    """A mark and the way to it."""

    mark: RiverMark
    along: RiverDistance


def along(river: River, km_from: float, km_to: float, *, error_m: float = 0.0) -> RiverDistance:
    """Return the way along a river from one kilometre to another.

    Args:
        river: The river.
        km_from: Where it begins.
        km_to: Where it ends.
        error_m: How wrong the two places are along the river, together, metres.

    Raises:
        PositionError: If the river has not one of the kilometres.

    >>> from gis.river.river import load_mekong
    >>> way = along(load_mekong(), 2356.0, 2415.0, error_m=200.0)
    >>> way.way, way.distance_km, round(way.error_km, 2)
    ('up', 59.0, 1.7)
    """
    distance = abs(km_to - km_from)
    error = error_m / 1000.0 + river.length_error_km(km_from, km_to)
    way: Way | None = None if distance <= error else "up" if km_to > km_from else "down"
    return RiverDistance(way=way, distance_km=distance, error_km=error)


class RiverMarks:
    """The marks of one river, in order."""

    def __init__(self, river: River, marks: Sequence[RiverMark]) -> None:
        """Sort the marks.

        Args:
            river: The river they are on.
            marks: In any order.
        """
        self.river = river
        self.marks = tuple(sorted(marks, key=lambda mark: mark.km))

    def next(
        self, km: float, *, way: Way, kind: MarkKind | None = None, error_m: float = 0.0
    ) -> NextMark | None:
        """Return the next mark up or down the river; None when there is no more.

        Args:
            km: Kilometre to look from; a mark right there is next both ways.
            way: Up or down.
            kind: Of which kind; any when None.
            error_m: How wrong the place looked from is, metres.

        >>> from gis.river.rivers import load_rivers
        >>> from gis.layers.reference_layers import shipped_features
        >>> names = ("gauges", "blos", "crossings")
        >>> layers = {name: shipped_features(name) for name in names}
        >>> marks = marks_along(load_rivers(), **layers)["Mekong"]
        >>> found = marks.next(2360.0, way="down", kind="gauge")
        >>> found.mark.name, round(found.along.distance_km), found.along.way
        ('Chiang Khong', 4, 'down')
        >>> marks.next(5.0, way="down", kind="gauge") is None
        True
        """
        at = bisect_left([mark.km for mark in self.marks], km)
        if way == "up":
            found = [m for m in self.marks[at:] if kind in (None, m.kind)][:1]
        else:
            here = [m for m in self.marks[at:] if m.km == km and kind in (None, m.kind)][:1]
            found = here or [m for m in reversed(self.marks[:at]) if kind in (None, m.kind)][:1]
        for mark in found:
            way_there = along(self.river, km, mark.km, error_m=error_m + mark.error_m)
            return NextMark(mark=mark, along=way_there)
        return None


def marks_along(
    rivers: Rivers,
    *,
    gauges: Table,
    blos: Table,
    crossings: Table,
) -> dict[str, RiverMarks]:
    """Return the marks of each river by its name; what is on none is left out.

    A mark is on the river whose line it is nearest to, if within 5 km. Crossings by road over no
    water are none.

    Args:
        rivers: The rivers.
        gauges: Points with `id` and `name`.
        blos: Points with `id`, `name` and, if known, `uncertainty_m`.
        crossings: Points with `id`, `name` and `kind`.

    >>> from gis.river.rivers import load_rivers
    >>> from gis.layers.reference_layers import shipped_features
    >>> names = ("gauges", "blos", "crossings")
    >>> marks = marks_along(load_rivers(), **{name: shipped_features(name) for name in names})
    >>> [mark.id for mark in marks["Ruak"].marks], len(marks["Mekong"].marks) > 60
    ([], True)
    """
    found: dict[str, list[RiverMark]] = {name: [] for name in rivers.names}
    over = features_of(crossings)
    wet = over.take(np.array([kind not in NOT_ON_WATER for kind in over["kind"]], dtype=bool))
    kinds: tuple[tuple[MarkKind, Features], ...] = (
        ("gauge", features_of(gauges)),
        ("office", features_of(blos)),
        ("crossing", wet),
    )
    for kind, known in kinds:
        places = rivers.locate_many(shapely.get_x(known.geometry), shapely.get_y(known.geometry))
        error = column(known, "uncertainty_m", GAUGE_ERROR_M)
        for n, at in enumerate(places.river.tolist()):
            if at < 0:
                continue
            found[rivers.names[at]].append(
                RiverMark(
                    kind=kind,
                    id=str(known["id"][n]),
                    name=str(known["name"][n]),
                    km=float(places.km[n]),
                    offset_m=float(places.offset_m[n]),
                    error_m=float(error[n]),
                )
            )
    return {name: RiverMarks(rivers.river(name), marks) for name, marks in found.items()}
