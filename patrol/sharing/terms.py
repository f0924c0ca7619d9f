"""Grant: the terms of one agreement as a predicate: may this record cross?

Every condition stands here once, as a predicate of one record and as the stretches of time that
follow from it; what depends on the place alone is asked of `covers`. Whatever cannot be told (a
place that nobody knows, an area that is none) does not cross.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from gis.geometry.prepared_geometry import prepare_for_points
from patrol.agreements.agreement import Agreement
from patrol.agreements.consent_lease import ConsentLease
from patrol.agreements.time_intervals import Stretch, common, joined, of_hours, within
from patrol.sharing.consent_leases import ConsentLeases
from patrol.units.data_classes import LIFELINES, DataClass

STANDING: Final[frozenset[DataClass]] = frozenset({"sectors", "patrols"})
"""What is planned ahead: hours and joint patrols are no condition of it, or none could be begun."""

PAST: Final[frozenset[DataClass]] = frozenset({"tracks", "incidents"})
"""What was: its own time must meet the conditions, the present need not."""

LIVE: Final[frozenset[DataClass]] = frozenset({"positions", "tracks", "alerts", "texts", "marks"})
"""What another node's parties let be shown only while their consent is fresh (`consent_lease`)."""

Outings = Callable[[str | None], Sequence[Stretch]]
"""When a unit (None: any) took part in a joint patrol of owner and viewer, sorted and joined."""

FOREVER: Final = datetime.max.replace(tzinfo=UTC)
_ALWAYS: Final = datetime.min.replace(tzinfo=UTC)


class Grant:
    """One agreement.

    Args:
        agreement: The version that is asked.
        leases: Until when live data of parties on other nodes may be shown; None: for ever.

    Attributes:
        agreement: As given.
        is_held: A party has suspended it and that could not be stored yet: nothing crosses but
            lifelines.
        held_classes: Lifelines that this suspension withholds too.
        classes: Data classes that it names.
        precision_m: How coarsely places are told, metres.
        delay: How old what is told must be.
        keep: How old what is told may be at most; None: as old as it likes.
        withheld: The words of those parties that withhold their consent now.
    """

    def __init__(self, agreement: Agreement, leases: ConsentLeases | None = None) -> None:
        self.agreement = agreement
        self._leases = leases
        self.is_held = False
        self.held_classes: frozenset[DataClass] = frozenset()
        terms = agreement.terms
        self.classes: Final = frozenset(terms.classes)
        self.precision_m: Final = terms.precision_m
        self.delay: Final = timedelta(seconds=terms.delay_s)
        self.keep: Final = None if terms.keep_days is None else timedelta(days=terms.keep_days)
        self.withheld: Final = agreement.withheld
        self._also: frozenset[DataClass] = frozenset().union(
            *(each.withheld_lifelines for each in self.withheld)
        )
        is_signed = not agreement.unsigned
        self._is_active = agreement.state == "active" and is_signed and not self.withheld
        self._is_standing = agreement.state in ("active", "suspended") and is_signed
        self._corridor: shapely.Geometry | None = None
        if terms.corridor is not None:
            shapes = [shapely.Polygon(ring) for ring in terms.corridor.rings if len(ring) > 3]
            self._corridor = shapely.union_all(shapely.make_valid(shapes))
            self._prepared = shapely.from_wkb(shapely.to_wkb(self._corridor))
            prepare_for_points(self._prepared)
        self._windows: dict[tuple[str, DataClass], list[Stretch]] = {}
        for each in agreement.windows:
            self._windows.setdefault((each.agency, each.data_class), []).append(
                (each.start, min(each.end or FOREVER, terms.valid_until))
            )
        self._windows = {key: joined(some) for key, some in self._windows.items()}

    @property
    def box(self) -> tuple[float, float, float, float] | None:
        """West, south, east and north of the corridor, degrees; None without one."""
        if self._corridor is None:
            return None
        if self._corridor.is_empty:
            return (0.0, 0.0, 0.0, 0.0)  # nothing is in it: `covers` says so
        west, south, east, north = self._corridor.bounds
        return (float(west), float(south), float(east), float(north))

    def in_force(self, now: datetime) -> bool:
        """Return whether it is in force: signed by all, withheld by none, and in its time."""
        terms = self.agreement.terms
        return self._is_active and not self.is_held and terms.valid_from <= now < terms.valid_until

    def lets(self, data_class: DataClass, now: datetime) -> bool:
        """Return whether it lets a class cross at present: in force, or, of a lifeline, suspended
        without a word of that.
        """
        if data_class not in LIFELINES:
            return self.in_force(now)
        terms = self.agreement.terms
        return (
            self._is_standing
            and data_class not in self.held_classes
            and data_class not in self._also
            and terms.valid_from <= now < terms.valid_until
        )

    def joins(self, owner: str, viewer: str) -> bool:
        """Return whether both are parties."""
        agencies = self.agreement.agencies
        return owner != viewer and owner in agencies and viewer in agencies

    def lease(self, owner: str) -> ConsentLease | None:
        """Return how long live data of a party may be shown; None of a party of this node."""
        return None if self._leases is None else self._leases.of(self.agreement, owner)

    def windows(self, owner: str, data_class: DataClass) -> Sequence[Stretch]:
        """Return the stretches that a party consented to; none for a class that is not named."""
        if data_class not in self.classes:
            return ()
        return self._windows.get((owner, data_class), ())

    def consented(self, owner: str, data_class: DataClass, first: datetime, last: datetime) -> bool:
        """Return whether a party consented from one moment to another, both included."""
        windows = self.windows(owner, data_class)
        return any(start <= first and last < end for start, end in windows)

    def passes(
        self,
        data_class: DataClass,
        *,
        owner: str,
        viewer: str,
        now: datetime,
        at: datetime,
        lon: float | None,
        lat: float | None,
        unit: str | None,
        outings: Outings,
        lies_in: Callable[[Grant], bool] | None = None,
    ) -> bool:
        """Return whether a record may cross.

        Args:
            data_class: What it is.
            owner: Whose it is.
            viewer: Who would see it.
            now: The present, aware UTC.
            at: Its own time, aware UTC.
            lon: Where, degrees east; None for nobody knows.
            lat: Where, degrees north.
            unit: Unit that it is about; None for none.
            outings: When which unit took part in a joint patrol.
            lies_in: Whether all of it lies in a corridor, for what is no point; then `lon` and
                `lat` do not count.
        """
        return (
            self.joins(owner, viewer)
            and self.lets(data_class, now)
            and self._is_fresh(data_class, owner=owner, at=at, now=now)
            and at < _soon(now)
            and _contains(self.windows(owner, data_class), at)
            and (not self.delay or data_class in LIFELINES or at <= now - self.delay)
            and at >= self._first_readable(data_class, now)
            and self._is_time(data_class, now=now, at=at, unit=unit, outings=outings)
            and (self.covers(lon, lat) if lies_in is None else lies_in(self))
        )

    def stretches(
        self,
        data_class: DataClass,
        *,
        owner: str,
        viewer: str,
        unit: str,
        start: datetime,
        end: datetime,
        now: datetime,
        outings: Outings,
    ) -> list[Stretch]:
        """Return the moments whose records of a unit may cross, as far as their time decides.

        Just those `at` from `start` to `end` for which `passes` is true at a place in the corridor.
        """
        if not self.joins(owner, viewer) or not self.in_force(now):
            return []
        last = min(end, _soon(now))
        lease = self.lease(owner) if data_class in LIVE else None
        if lease is not None:
            if now >= lease.hidden_from:
                return []
            if now >= lease.fresh_until:
                last = min(last, lease.fresh_until)
        if self.delay:
            last = min(last, now - self.delay + timedelta(microseconds=1))
        start = max(start, self._first_readable(data_class, now))
        found = common(self.windows(owner, data_class), [(start, last)] if start < last else [])
        terms = self.agreement.terms
        if data_class in STANDING or not found:
            return found
        if data_class not in PAST and not self._is_time(
            data_class, now=now, at=now, unit=unit, outings=outings
        ):
            return []
        if terms.only_joint_patrols:
            found = common(found, outings(unit))
        if terms.hours is not None and found:
            found = common(found, of_hours(terms.hours, found[0][0], found[-1][1]))
        return found

    def covers(self, lon: float | None, lat: float | None) -> bool:
        """Return whether a place is in the corridor; True for every place without one."""
        if self._corridor is None:
            return True
        if lon is None or lat is None:
            return False
        return bool(shapely.contains_xy(self._prepared, lon, lat))

    def covers_many(self, lons: ArrayLike, lats: ArrayLike) -> NDArray[np.bool_]:
        """Return the same of many places at once."""
        lon = np.asarray(lons, dtype=np.float64)
        if self._corridor is None:
            return np.ones(lon.shape, dtype=np.bool_)
        inside: NDArray[np.bool_] = shapely.contains_xy(self._prepared, lon, np.asarray(lats))
        return inside

    def covers_area(self, outline: Sequence[tuple[float, float]]) -> bool:
        """Return whether an area with this outer ring, (lon, lat), lies in the corridor."""
        if self._corridor is None:
            return True
        if len(outline) < 4:
            return False
        shape = shapely.Polygon(outline)
        return bool(shapely.is_valid(shape) and shapely.covers(self._corridor, shape))

    def covers_stretch(
        self,
        river: str,
        km_from: float,
        km_to: float,
        width_m: float,
        outline: Callable[[], shapely.Geometry | None],
    ) -> bool:
        """Return whether a stretch of a river lies in the corridor.

        Args:
            river: Name of the river.
            km_from: One end.
            km_to: The other.
            width_m: From outer edge to outer edge, metres.
            outline: Tells the area that this is, in degrees, None where nobody knows: asked only
                where the corridor keeps near a border, too, which kilometres do not tell.
        """
        corridor = self.agreement.terms.corridor
        if corridor is None:
            return True
        if not (
            river == corridor.river
            and corridor.km_from <= min(km_from, km_to)
            and max(km_from, km_to) <= corridor.km_to
            and width_m / 2.0 <= corridor.from_river_m
        ):
            return False
        if corridor.from_border_m is None:
            return True
        area = outline()
        return area is not None and bool(shapely.covers(self._corridor, area))

    def _is_fresh(self, data_class: DataClass, *, owner: str, at: datetime, now: datetime) -> bool:
        lease = self.lease(owner) if data_class in LIVE else None
        return lease is None or lease.lets(at, now)

    def _first_readable(self, data_class: DataClass, now: datetime) -> datetime:
        """Return the moment before which nothing of a class is told any more."""
        if self.keep is None or data_class in STANDING or data_class in LIFELINES:
            return _ALWAYS
        return now - self.keep

    def _is_time(
        self,
        data_class: DataClass,
        *,
        now: datetime,
        at: datetime,
        unit: str | None,
        outings: Outings,
    ) -> bool:
        if data_class in STANDING or data_class in LIFELINES:
            return True
        terms = self.agreement.terms
        moments = (at,) if data_class in PAST else (at, now)
        if not all(within(terms.hours, moment) for moment in moments):
            return False
        if not terms.only_joint_patrols:
            return True
        out = outings(unit)
        return all(_contains(out, moment) for moment in moments)


def _contains(stretches: Sequence[Stretch], at: datetime) -> bool:
    number = bisect_right(stretches, (at, FOREVER))
    return number > 0 and at < stretches[number - 1][1]


def _soon(now: datetime) -> datetime:
    """Return a time from which on nothing is believed: devices' clocks may be ahead, but not so."""
    return now + timedelta(days=2)
