"""HistoryDesk: stored positions that a user may see, in pages, days and paths.

The same permissions, the same policy and the same spans as a track of `VisibleUnits`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime, timedelta
from functools import partial
from typing import Final

import numpy as np

from patrol.desks.visibility.visible_units import VisibleUnits
from patrol.errors.errors import Conflict, NotFound
from patrol.patrols.patrol import Patrol
from patrol.picture.address_spans import ALWAYS, NEVER
from patrol.sharing.pseudonyms import Naming, end_of_moment, moment_of
from patrol.sharing.readable_tracks import Reading, batched
from patrol.store.schema.tables import from_us, to_us
from patrol.store.tracks import history
from patrol.store.tracks import replay_columns as films
from patrol.store.tracks.history import HistoryExtent, Mark, PositionHistory, PositionPage
from patrol.store.tracks.replay_columns import Film
from patrol.store.tracks.tracks import Box
from patrol.units.details import UnitDetails, details, out_of_service
from patrol.units.wire import Fix, UnitState

LARGEST_PAGE: Final = 10_000
"""Most positions of one page."""

MOST_IN_PATHS: Final = 1_000_000
"""Most positions of one answer of `paths`, all together: 24 MB."""

MOST_IN_FILMS: Final = 250_000
"""Most positions of one answer of `films`, all together."""

MOST_IN_EXTENT: Final = 500_000
"""Most positions that are looked at for an extent: a third of a second."""

FINEST: Final = timedelta(seconds=2)  # a finer part than radios report is no part


class HistoryDesk:
    """What one user may see of long ago.

    Args:
        visible: What the user may see.

    Attributes:
        user: Who looks.
    """

    def __init__(self, visible: VisibleUnits) -> None:
        self._visible, self.user = visible, visible.user

    def tracked_units(self) -> list[UnitState]:
        """Return every registered unit the user may see, in service or not, by id.

        Raises:
            Forbidden: If the role may not.
        """
        self._visible.may("see tracks")
        states = {state.id: state for state in self._visible.states() if state.known}
        for unit in self._visible.picture.units.values():
            if unit.agency != self.user.agency:
                visible = self._visible.other_agency_unit(unit.id)
                if visible is not None:
                    self._visible.note_disclosure(visible)
                    states[unit.id] = visible
            elif unit.retired_at is not None and self._visible.policy.passes(
                agency=unit.agency, known=True
            ):
                states[unit.id] = out_of_service(unit)
        return [states[id] for id in sorted(states)]

    async def unit_in_period(self, id: str, *, start: datetime, end: datetime) -> UnitDetails:
        """Return a unit or radio as whoever is told of a stretch of time may know it.

        Another agency's that is seen nowhere now is known where a position of it in that time is
        told, and only there: its name alone does not cross.

        Args:
            id: Unit id, in service or not, or radio address.
            start: First moment, aware UTC.
            end: Moment after the last, aware UTC.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        state = self._visible.unit(id, unplaced=True)
        if not await self.is_known(state, start=start, end=end):
            raise NotFound("unit or radio", id)
        return state

    async def partner(self, id: str, patrol: Patrol) -> UnitDetails:
        """Return a unit that takes part in a patrol of the user's agency, as they may know it.

        Of another agency's the call sign is a thing of positions, as in a plan: it is known while
        that agency lets these cross, wherever the unit is. While it lets only tracks cross, it is
        known by a position that it had on the patrol; that it takes part is no reason by itself.

        Args:
            id: Its id.
            patrol: As the user sees it.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, it takes no part, or the user may not know of it.
        """
        self._visible.may("see the picture")
        unit = self._visible.picture.units.get(id)
        if unit is None or id not in patrol.units:
            raise NotFound("unit", id)
        is_party = self.user.agency in patrol.parties and unit.agency in patrol.agencies
        if (
            is_party
            and unit.agency != self.user.agency
            and self._visible.policy.lets(unit.agency, "positions")
        ):
            visible = self._visible.cross_agency_units.visible_unit(
                self.user.agency, id, self._visible.now()
            )
            state = out_of_service(unit) if visible is None else visible
            self._visible.note_disclosure(state)
            return details(state, None)
        start = patrol.started_at or patrol.starts_at
        end = patrol.ended_at or self._visible.now()
        return await self.unit_in_period(id, start=start, end=end)

    async def is_known(self, state: UnitState, *, start: datetime, end: datetime) -> bool:
        """Return whether a state that the user was given may be named of a stretch of time.

        Raises:
            Forbidden: If the role may not.
        """
        if state.agency == self.user.agency or state.last is not None:
            return True
        return bool(await self.days(state.id, start=start, end=end))

    async def fixes(
        self,
        id: str,
        *,
        start: datetime = ALWAYS,
        end: datetime = NEVER,
        limit: int = LARGEST_PAGE,
        after: Mark | None = None,
        box: Box | None = None,
    ) -> PositionPage:
        """Return a page of where a unit or radio was, oldest first.

        Args:
            id: Unit id, in service or not, or radio address.
            start: First moment wanted, aware UTC.
            end: Moment after the last one wanted, aware UTC.
            limit: Most positions.
            after: Where the page before ended.
            box: Only positions in this box.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._visible.may("see tracks")
        reading = self._visible.reading(self._visible.visible_state(id), start, end)
        limit = max(1, min(limit, LARGEST_PAGE))
        if not reading.exact:
            return await self._shared_page(id, reading, limit=limit, after=after, box=box)
        return await self._visible.read(
            lambda connection: history.page(
                connection,
                id,
                reading.spans,
                reading.agencies,
                limit=limit,
                after=after,
                box=box,
            )
        )

    async def pages(
        self, id: str, *, start: datetime, end: datetime
    ) -> AsyncIterator[Sequence[Fix]]:
        """Yield where a unit or radio was, oldest first, a page at a time until there is no more.

        Arguments and errors as `fixes`.
        """
        after = None
        while True:
            page = await self.fixes(id, start=start, end=end, after=after)
            yield page.fixes
            after = page.last
            if after is None:
                break

    async def fix(self, id: str, gid: bytes) -> Fix:
        """Return one position of a unit or radio.

        Args:
            id: Unit id, in service or not, or radio address.
            gid: The position's id, as `fixes` told it.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._visible.may("see tracks")
        state = self._visible.visible_state(id)
        reading = self._visible.reading(state, ALWAYS, NEVER)
        if not reading.exact:
            return await self._shared_fix(state, gid)
        found = await self._visible.read(history.position, id, reading.spans, reading.agencies, gid)
        fixes = [] if found is None else reading.fixes([found])
        if not fixes:
            raise NotFound("position", gid.hex())
        return fixes[0]

    async def days(self, id: str, *, start: datetime = ALWAYS, end: datetime = NEVER) -> list[date]:
        """Return the days (UTC) on which a unit or radio was somewhere, oldest first.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._visible.may("see tracks")
        reading = self._visible.reading(self._visible.visible_state(id), start, end)
        if reading.exact:
            return await self._visible.read(history.days, reading.spans, reading.agencies)
        return await self._shared_days(reading)

    async def extent(
        self,
        ids: Sequence[str],
        *,
        start: datetime = ALWAYS,
        end: datetime = NEVER,
        box: Box | None = None,
        plausible: bool = False,
    ) -> HistoryExtent | None:
        """Return how many positions units or radios have, and the box and time that hold them all.

        Args:
            ids: Unit ids, in service or not, or radio addresses.
            start: First moment wanted, aware UTC.
            end: Moment after the last one wanted, aware UTC.
            box: Only positions in this box.
            plausible: Without places that nothing could have reached.

        Returns:
            With a count of 0 where there is none; None where there are more than `MOST_IN_EXTENT`.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is one that is none, or the user may not know of it.
        """
        self._visible.may("see tracks")
        found: list[HistoryExtent] = []
        for id in ids:
            reading = self._visible.reading(self._visible.visible_state(id), start, end)
            left = MOST_IN_EXTENT - sum(each.count for each in found)
            if reading.exact:
                some = await self._visible.read(
                    partial(
                        history.extent,
                        spans=reading.spans,
                        agencies=reading.agencies,
                        most=left,
                        plausible=plausible,
                        box=box,
                    )
                )
            else:
                some = await self._shared_extent(
                    id, start=start, end=end, box=box, plausible=plausible, most=left
                )
            if some is None:
                return None
            found += some
        return _joint_extent(found)

    async def paths(
        self, *, start: datetime, end: datetime, ids: Sequence[str] | None = None
    ) -> dict[str, PositionHistory]:
        """Return where everything was from `start` to `end` as bare paths, by id.

        Args:
            start: First moment wanted, aware UTC.
            end: Moment after the last one wanted, aware UTC.
            ids: Only these units and radios; None for all the user may see.

        Returns:
            Only what has a position in that time. Together at most `MOST_IN_PATHS` positions:
            when there may be more, the newest of each of equal parts of the time.

        Raises:
            Forbidden: If the role may not.
            NotFound: If one of `ids` is none, or the user may not know of it.
        """
        self._visible.may("see tracks")
        if ids is None:
            states = {state.id: state for state in self.tracked_units()}
            states |= {state.id: state for state in self._visible.states()}
            chosen = list(states.values())
        else:
            chosen = [self._visible.visible_state(id) for id in ids]
        readings = {state.id: self._visible.reading(state, start, end) for state in chosen}
        part = (end - start) / max(MOST_IN_PATHS // max(len(readings), 1), 1)
        part = timedelta() if part < FINEST else part
        found: dict[str, PositionHistory] = {}
        for some in batched(readings):
            read = await self._visible.read(history.paths, some, part)
            for id, path in read.items():
                if (readable := readings[id].path(path)) is not None:
                    found[id] = readable
        return found

    async def films(
        self,
        *,
        start: datetime,
        end: datetime,
        ids: Sequence[str] | None = None,
        most: int = MOST_IN_FILMS,
    ) -> dict[str, Film]:
        """Return where everything was from `start` to `end`, and when that was known, by id.

        Args:
            start: First moment wanted, aware UTC.
            end: Moment after the last one wanted, aware UTC.
            ids: Only these units and radios; None for all the user may see.
            most: Most positions, all together.

        Returns:
            Only what has a position in that time.

        Raises:
            Forbidden: If the role may not.
            NotFound: If one of `ids` is none, or the user may not know of it.
            Conflict: If there are more positions than `most`; nothing is cut off silently.
        """
        self._visible.may("see tracks")
        chosen = (
            self.replayable_units()
            if ids is None
            else [self._visible.visible_state(id) for id in ids]
        )
        readings = {state.id: self._visible.reading(state, start, end) for state in chosen}
        found: dict[str, Film] = {}
        left = most
        for some in batched(readings):
            read, whole = await self._visible.read(films.films, some, left)
            left -= sum(len(film) for film in read.values())
            if not whole or left < 0:
                raise Conflict(f"more than {most} positions: ask for less time or fewer units")
            for id, film in read.items():
                if (readable := readings[id].film(film)) is not None:
                    found[id] = readable
        return found

    def replayable_units(self) -> list[UnitState]:
        """Return what a replay may show: every unit the user may see, in service or not, and the
        radios that nobody has registered, by id.

        Raises:
            Forbidden: If the role may not.
        """
        states = {state.id: state for state in self.tracked_units()}
        states |= {state.id: state for state in self._visible.states()}
        return [states[id] for id in sorted(states)]

    # -- inside

    async def _shared_extent(
        self,
        id: str,
        *,
        start: datetime,
        end: datetime,
        box: Box | None,
        plausible: bool,
        most: int,
    ) -> list[HistoryExtent] | None:
        """Return the extent of the readable positions of another agency's unit."""
        found: list[HistoryExtent] = []
        after = None
        while True:
            page = await self.fixes(id, start=start, end=end, after=after, box=box)
            found += [
                HistoryExtent(
                    count=1,
                    box=(fix.lon, fix.lat, fix.lon, fix.lat),
                    times=(fix.time, fix.time),
                )
                for fix in page.fixes
                if not (plausible and "jump" in fix.flags)
            ]
            after = page.last
            if len(found) > most:
                return None
            if after is None:
                return found

    async def _shared_page(
        self, id: str, reading: Reading, *, limit: int, after: Mark | None, box: Box | None
    ) -> PositionPage:
        """Return a page of readable positions of another agency's unit, under
        `patrol.sharing.pseudonyms`.

        It ends with something that is told: at whatever else it ended, others would learn when the
        unit was where nothing crosses. A moment is never parted, so there may be a few more.
        """
        naming = Naming()
        empty = PositionPage(fixes=[], ids=[], last=None)
        mark, at_once = after, limit + 1
        while True:
            found = await self._visible.read(
                partial(
                    history.page,
                    of=id,
                    spans=reading.spans,
                    agencies=reading.agencies,
                    limit=at_once,
                    after=mark,
                )
            )
            page = reading.page(found)
            page = PositionPage(fixes=page.fixes, ids=naming.names(page.fixes), last=None)
            # By the place that is told: small boxes must not find out where it is more exactly.
            page = page if box is None else history.page_in_box(page, box)
            empty.fixes.extend(page.fixes)
            empty.ids.extend(page.ids)
            mark, at_once = found.last, min(2 * at_once, LARGEST_PAGE)
            if mark is None or _page_end(empty.fixes, limit) is not None:
                break
        end = _page_end(empty.fixes, limit)
        if end is None:
            return empty
        last = end_of_moment(empty.fixes[end - 1].time)
        return PositionPage(fixes=empty.fixes[:end], ids=empty.ids[:end], last=last)

    async def _shared_fix(self, state: UnitState, name: bytes) -> Fix:
        """Return the readable part of one position of another agency's unit, under its
        pseudonym.
        """
        time = moment_of(name)
        if time is not None:
            until = time + timedelta(microseconds=1)
            reading = self._visible.reading(state, time, until)
            page = await self._shared_page(
                state.id, reading, limit=LARGEST_PAGE, after=None, box=None
            )
            for fix, id in zip(page.fixes, page.ids, strict=True):
                if id == name:
                    return fix
        raise NotFound("position", name.hex())

    async def _shared_days(self, reading: Reading) -> list[date]:
        """Return the days with readable positions of another agency's unit, oldest first.

        What may is judged here, not where the store is read: agreements, patrols and what is
        counted of them are one thread's, and a suspension while the store reads lets nothing out.
        """
        days: set[int] = set()
        for span in reading.spans:
            since_us = to_us(span.start)
            while rows := await self._visible.read(
                history.places_from, span, reading.agencies, since_us
            ):
                times_us, lons, lats = zip(*rows, strict=True)
                passing = np.flatnonzero(reading.passing(times_us, lons, lats))
                if len(passing):  # the rest of that day is of no interest
                    day = times_us[passing[0]] // history.DAY_US
                    days.add(day)
                    since_us = (day + 1) * history.DAY_US
                else:
                    since_us = times_us[-1] + 1
        return [from_us(day * history.DAY_US).date() for day in sorted(days)]


def _joint_extent(found: Sequence[HistoryExtent]) -> HistoryExtent:
    """Return the extent of all; of none with a count of 0, anywhere and always."""
    if not found:
        return HistoryExtent(count=0, box=(-180.0, -90.0, 180.0, 90.0), times=(ALWAYS, NEVER))
    wests, souths, easts, norths = zip(*(each.box for each in found), strict=True)
    return HistoryExtent(
        count=sum(each.count for each in found),
        box=(min(wests), min(souths), max(easts), max(norths)),
        times=(min(each.times[0] for each in found), max(each.times[1] for each in found)),
    )


def _page_end(fixes: Sequence[Fix], limit: int) -> int | None:
    """Return how many of some positions make a page of `limit`, which parts no moment; None while
    there may be more of the last one.
    """
    if len(fixes) <= limit:
        return None
    last = fixes[limit - 1].time
    return next((at for at in range(limit, len(fixes)) if fixes[at].time > last), None)
