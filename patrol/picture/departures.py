"""Movement: whether a patrol's units have left their bases, entered its sectors, or are all back.

Seen from the newest believed position of each unit, once a second. Only what is sure beyond a
position's own accuracy counts, and only when the next position bears it out: a moored boat whose
receiver wanders starts nothing. What was seen is kept in memory; after a restart a unit must be
seen at its base, or outside a sector, once more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Final

import shapely

from gis.errors.errors import GisError
from gis.fences.area import Area
from gis.geometry.geodesy import distance_m
from patrol.patrols.patrol import Base, Member, Patrol
from patrol.units.wire import Fix

BORNE_OUT: Final = 2
"""Positions one after the other that must say the same."""

NOT_OLDER: Final = timedelta(minutes=10)
"""A position that is older tells nothing of now."""

BACK_FOR: Final = timedelta(minutes=10)
"""So long all units must be back before a patrol ends by it."""


class _Seen:
    """How one unit of one patrol has stood to one place."""

    __slots__ = ("first_in", "inside", "outside", "was_inside", "was_outside")

    def __init__(self) -> None:
        self.inside = self.outside = 0  # sure positions, one after the other
        self.was_inside = self.was_outside = False
        self.first_in: datetime | None = None

    def take(self, inside: bool | None, at: datetime) -> None:
        """Take a position that is surely inside (True), surely outside or neither (None)."""
        if inside is True:
            if not self.inside:
                self.first_in = at
            self.inside, self.outside = self.inside + 1, 0
            self.was_inside = self.was_inside or self.inside >= BORNE_OUT
        elif inside is False:
            self.inside, self.outside = 0, self.outside + 1
            self.was_outside = self.was_outside or self.outside >= BORNE_OUT

    @property
    def left(self) -> bool:
        """Whether it was inside and is outside."""
        return self.was_inside and self.outside >= BORNE_OUT

    @property
    def entered(self) -> bool:
        """Whether it was outside and is inside."""
        return self.was_outside and self.inside >= BORNE_OUT


class Movement:
    """What was seen of the units of patrols that start or end by movement.

    Args:
        last: Returns the newest believed position of a unit; None without one.
        area: Returns where a sector lies, by its id; None if that is not known.
    """

    def __init__(
        self, last: Callable[[str], Fix | None], area: Callable[[str], Area | None]
    ) -> None:
        self._last, self._area = last, area
        self._seen: dict[str, dict[tuple[str, str], _Seen]] = {}
        self._looked: dict[tuple[str, str], datetime] = {}

    def look(self, patrol: Patrol, now: datetime) -> None:
        """Take up where the units of a patrol are now."""
        positions = self._seen.setdefault(patrol.id, {})
        for member in patrol.members:
            fix = self._last(member.unit)
            key = (patrol.id, member.unit)
            if fix is None or not timedelta() <= now - fix.time <= NOT_OLDER:
                continue
            if key in self._looked and fix.time <= self._looked[key]:
                continue
            self._looked[key] = fix.time
            if member.base is not None:
                place = positions.setdefault((member.unit, ""), _Seen())
                place.take(_in_base(fix, member.base), fix.time)
            for id in patrol.all_sectors:
                area = self._area(id)
                if area is not None:
                    place = positions.setdefault((member.unit, id), _Seen())
                    place.take(_in_area(fix, area), fix.time)

    def has_begun(self, patrol: Patrol) -> bool:
        """Return whether a member has left its base or entered a sector, in the window."""
        positions = self._seen.get(patrol.id, {})
        for member in patrol.members:
            at = self._looked.get((patrol.id, member.unit))
            if at is None or not patrol.starts_at <= at < patrol.ends_at:
                continue
            base = positions.get((member.unit, ""))
            if base is not None and base.left:
                return True
            if any(
                place.entered
                for id in patrol.all_sectors
                if (place := positions.get((member.unit, id))) is not None
            ):
                return True
        return False

    def all_back(self, patrol: Patrol, now: datetime) -> bool:
        """Return whether units were out and all that have a base have been back for a while."""
        positions = self._seen.get(patrol.id, {})
        homes = [_home(positions, member) for member in patrol.members if member.base is not None]
        if not any(home is not None and home.was_outside for home in homes):
            return False
        return all(
            home is not None
            and home.inside >= BORNE_OUT
            and home.first_in is not None
            and now - home.first_in >= BACK_FOR
            for home in homes
        )

    def keep_only(self, patrols: Iterable[str]) -> None:
        """Forget all patrols but these."""
        ids = set(patrols)
        self._seen = {id: seen for id, seen in self._seen.items() if id in ids}
        self._looked = {key: at for key, at in self._looked.items() if key[0] in ids}


def _home(positions: dict[tuple[str, str], _Seen], member: Member) -> _Seen | None:
    return positions.get((member.unit, ""))


def _in_base(fix: Fix, base: Base) -> bool | None:
    away = distance_m(lon1=fix.lon, lat1=fix.lat, lon2=base.lon, lat2=base.lat)
    return _sure(base.radius_m - away, fix)


def _in_area(fix: Fix, area: Area) -> bool | None:
    try:
        x, y = area.plane.metres(lon=fix.lon, lat=fix.lat)
    except GisError:
        return None
    place = shapely.Point(float(x), float(y))
    edge = float(shapely.distance(area.shape.boundary, place))
    return _sure(edge if shapely.contains(area.shape, place) else -edge, fix)


def _sure(inside_m: float, fix: Fix) -> bool | None:
    """Return which side of an edge a position is on, that many metres inside it; None: unsure."""
    if abs(inside_m) <= fix.error_m:
        return None
    return inside_m > 0.0
