"""Reading: which stored positions of a unit a viewer may read, and how exact they are.

Of one's own all of them, as they are. Of another agency's those of the stretches of time that may
cross: the query is limited to them and to the corridor's box, and what comes back is asked about
again, under the agreements as they are by then.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice
from typing import Final, Protocol, TypeAlias

import msgspec
import numpy as np
from numpy.typing import NDArray

from patrol.agreements.time_intervals import Stretch, common, joined
from patrol.sharing.decisions import Sharing
from patrol.sharing.precision import crossed_fix, snapped_many
from patrol.sharing.terms import Grant
from patrol.store.schema.tables import to_us
from patrol.store.tracks.history import PositionHistory, PositionPage
from patrol.store.tracks.replay_columns import Film
from patrol.store.tracks.tracks import AddressSpan, Box
from patrol.units.wire import Fix

READ_AT_ONCE: Final = 50  # tracks; then other readers have their turn

Wanted: TypeAlias = tuple[str, Sequence[AddressSpan], Collection[str]]
"""Id, spans and agencies, as the store is asked for many tracks."""


class Reading(Protocol):
    """How one user reads the positions of one unit.

    Attributes:
        spans: What to ask the store for.
        agencies: Only records of these owners.
        exact: Whether all that the spans hold may be told, so that nothing must be asked again.
    """

    spans: Sequence[AddressSpan]
    agencies: Collection[str]
    exact: bool

    def fixes(self, found: Sequence[Fix]) -> list[Fix]:
        """Return what of stored positions may be told, as it may be told."""

    def path(self, found: PositionHistory) -> PositionHistory | None:
        """Return the same of a path; None when nothing of it may."""

    def film(self, found: Film) -> Film | None:
        """Return the same of a film; None when nothing of it may."""

    def page(self, found: PositionPage) -> PositionPage:
        """Return the same of a page, which goes on where it went on."""

    def passing(
        self, times_us: Sequence[int], lons: Sequence[float], lats: Sequence[float]
    ) -> NDArray[np.bool_]:
        """Return which of stored positions may be told."""


class OwnReading:
    """Of one's own units.

    Args:
        spans: When which address told where the unit was.
        agencies: Owners of its records.
    """

    exact = True

    def __init__(self, spans: Sequence[AddressSpan], agencies: Collection[str]) -> None:
        self.spans: Sequence[AddressSpan] = spans
        self.agencies: Collection[str] = agencies

    def fixes(self, found: Sequence[Fix]) -> list[Fix]:
        """Return all of them."""
        return list(found)

    def path(self, found: PositionHistory) -> PositionHistory | None:
        """Return it."""
        return found

    def film(self, found: Film) -> Film | None:
        """Return it."""
        return found

    def page(self, found: PositionPage) -> PositionPage:
        """Return it."""
        return found

    def passing(
        self,
        times_us: Sequence[int],
        lons: Sequence[float],  # noqa: ARG002 - as the others
        lats: Sequence[float],  # noqa: ARG002
    ) -> NDArray[np.bool_]:
        """Return True for each."""
        return np.ones(len(times_us), dtype=np.bool_)


class SharedReading:
    """Of another agency's units.

    Args:
        sharing: What may cross.
        now: Clock, aware UTC.
        spans: When which address told where the unit was.
        owner: Whose it is.
        viewer: Who reads.
        unit: Its id.
        told: Called with how many positions are let through.
    """

    exact = False

    def __init__(
        self,
        sharing: Sharing,
        now: Callable[[], datetime],
        spans: Sequence[AddressSpan],
        *,
        owner: str,
        viewer: str,
        unit: str,
        told: Callable[[int], None],
    ) -> None:
        self._sharing, self._now, self._note_disclosure = sharing, now, told
        self._owner, self._viewer, self._unit = owner, viewer, unit
        self.agencies: Collection[str] = (owner,)
        self.spans: Sequence[AddressSpan] = self._limited(spans)

    def fixes(self, found: Sequence[Fix]) -> list[Fix]:
        """Return what of stored positions may be told, no more exactly than agreed."""
        return [
            crossed_fix(fix, grid)
            for fix, grid in zip(found, self._grid_of(found), strict=True)
            if grid >= 0.0
        ]

    def path(self, found: PositionHistory) -> PositionHistory | None:
        """Return the same of a path; None when nothing of it may."""
        grid_m = self._grid_m(np.rint(found.times_s * 1e6).astype(np.int64), found.lons, found.lats)
        passing = grid_m >= 0.0
        if not passing.any():
            return None
        lons, lats = found.lons.copy(), found.lats.copy()
        for grid in np.unique(grid_m[passing]).tolist():
            some = grid_m == grid
            lons[some], lats[some] = snapped_many(lons[some], lats[some], grid)
        return PositionHistory(
            times_s=found.times_s[passing],
            lons=lons[passing],
            lats=lats[passing],
            error_m=np.fmax(found.error_m, grid_m)[passing],
            speeds_mps=found.speeds_mps[passing],
        )

    def film(self, found: Film) -> Film | None:
        """Return the same of a film; None when nothing of it may.

        A position was known once it was heard and as old as the agreement wants it.
        """
        grid_m = self._grid_m(found.time_us, found.lon, found.lat)
        passing = grid_m >= 0.0
        if not passing.any():
            return None
        film, grid_m = found.take(passing), grid_m[passing]
        lon, lat = film.lon.copy(), film.lat.copy()
        accuracy_m, river_km = film.accuracy_m.copy(), film.river_km.copy()
        banks = [bank if grid <= 0.0 else "" for bank, grid in zip(film.banks, grid_m, strict=True)]
        for grid in np.unique(grid_m[grid_m > 0.0]).tolist():
            some = grid_m == grid
            lon[some], lat[some] = snapped_many(lon[some], lat[some], grid)
            accuracy_m[some] = np.fmax(accuracy_m[some], grid)
            river_km[some] = np.nan
        delays = [each.delay for each in self._grants(self._now())]
        delay_us = min(delays, default=timedelta()) // timedelta(microseconds=1)
        return msgspec.structs.replace(
            film,
            gids=[b""] * len(film),  # made of address and place: see `patrol.sharing.pseudonyms`
            lon=lon,
            lat=lat,
            accuracy_m=accuracy_m,
            river_km=river_km,
            banks=banks,
            distress=np.zeros(len(film), dtype=np.bool_),  # a call for help crosses as an alert
            known_us=np.maximum(film.known_us, film.time_us + delay_us),
        )

    def page(self, found: PositionPage) -> PositionPage:
        """Return the same of a page, which goes on where it went on."""
        grid_m = self._grid_of(found.fixes)
        passing = [
            (crossed_fix(fix, grid), gid)
            for fix, gid, grid in zip(found.fixes, found.ids, grid_m, strict=True)
            if grid >= 0.0
        ]
        return PositionPage(
            fixes=[fix for fix, _ in passing], ids=[gid for _, gid in passing], last=found.last
        )

    def passing(
        self, times_us: Sequence[int], lons: Sequence[float], lats: Sequence[float]
    ) -> NDArray[np.bool_]:
        """Return which of stored positions may be told."""
        return (
            self._grid_m(np.array(times_us, dtype=np.int64), np.array(lons), np.array(lats)) >= 0.0
        )

    # -- inside

    def _grid_of(self, fixes: Sequence[Fix]) -> list[float]:
        found: list[float] = self._grid_m(
            np.array([to_us(fix.time) for fix in fixes], dtype=np.int64),
            np.array([fix.lon for fix in fixes]),
            np.array([fix.lat for fix in fixes]),
        ).tolist()
        return found

    def _grants(self, now: datetime) -> list[Grant]:
        return self._sharing.open_grants(self._owner, self._viewer, now)

    def _stretches(
        self, grant: Grant, start: datetime, end: datetime, now: datetime
    ) -> list[Stretch]:
        return self._sharing.stretches(
            grant,
            owner=self._owner,
            viewer=self._viewer,
            unit=self._unit,
            start=start,
            end=end,
            now=now,
        )

    def _limited(self, spans: Sequence[AddressSpan]) -> list[AddressSpan]:
        """Return the parts of the spans that may cross by time, in the corridors' box."""
        if not spans:
            return []
        now = self._now()
        start, end = min(each.start for each in spans), max(each.end for each in spans)
        stretches: list[Stretch] = []
        boxes: list[Box | None] = []
        for grant in self._grants(now):
            found = self._stretches(grant, start, end, now)
            if found:
                stretches += found
                boxes.append(grant.box)
        box = _hull(boxes)
        return [
            AddressSpan(address=each.address, start=first, end=last, channel=each.channel, box=box)
            for each in spans
            if each.start < each.end
            for first, last in common(joined(stretches), [(each.start, each.end)])
        ]

    def _grid_m(
        self,
        times_us: NDArray[np.int64],
        lons: NDArray[np.float64],
        lats: NDArray[np.float64],
    ) -> NDArray[np.float64]:
        """Return how coarsely each may be told, metres; -1 for what may not be told."""
        grid_m = np.full(len(times_us), -1.0)
        if not self.spans or not len(times_us):
            return grid_m
        now = self._now()
        start, end = min(each.start for each in self.spans), max(each.end for each in self.spans)
        for grant in self._grants(now):  # the most exact first
            found = self._stretches(grant, start, end, now)
            if not found:
                continue
            starts = np.array([to_us(each[0]) for each in found], dtype=np.int64)
            ends = np.array([to_us(each[1]) for each in found], dtype=np.int64)
            number = np.searchsorted(starts, times_us, side="right") - 1
            inside = (number >= 0) & (times_us < ends[number]) & (grid_m < 0.0)
            some = np.flatnonzero(inside)
            if len(some):
                some = some[grant.covers_many(lons[some], lats[some])]
                grid_m[some] = grant.precision_m
        if count := int(np.count_nonzero(grid_m >= 0.0)):
            self._note_disclosure(count)
        return grid_m


def batched(readings: Mapping[str, Reading]) -> Iterator[list[Wanted]]:
    """Yield what to ask the store for, some at a time; nothing for what may not be read."""
    queries = ((id, each.spans, each.agencies) for id, each in readings.items() if each.spans)
    while some := list(islice(queries, READ_AT_ONCE)):
        yield some


def _hull(boxes: Sequence[Box | None]) -> Box | None:
    """Return the box around all boxes; None where one of them is everywhere."""
    known = [each for each in boxes if each is not None]
    if len(known) < len(boxes) or not known:
        return None
    wests, souths, easts, norths = zip(*known, strict=True)
    return min(wests), min(souths), max(easts), max(norths)
