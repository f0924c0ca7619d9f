"""Registrar: what people change, one act at a time: checked, committed, then shown.

It is a part of the watch and takes turns with its batches.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from patrol.contacts import WINDOW
from patrol.duplicates import Duplicates
from patrol.errors import Conflict
from patrol.picture import VOICE, Picture
from patrol.records import Record
from patrol.store import receptions, registry
from patrol.store.store import Store
from patrol.units import Assignment, Unit

KEYS_FOR: Final = timedelta(hours=24)
"""How far back content is remembered across a restart."""

KEYS_AT_MOST: Final = 100_000
UNKNOWN_AT_MOST: Final = 20_000


class Registrar:
    """Changes units and assignments for the watch it belongs to.

    Args:
        store: Where records are kept.
        picture: What it changes.
        turn: Held while the picture and the store are changed.
        publish: Tells viewers what changed in the picture.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        *,
        store: Store,
        picture: Picture,
        turn: asyncio.Lock,
        publish: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._picture = picture
        self._turn = turn
        self._publish = publish
        self._now = now

    async def load(self, duplicates: Duplicates) -> None:
        """Read units, assignments, open calls for help and the newest positions."""
        read, picture = self._store.read, self._picture
        for unit in await read(registry.all_units):
            picture.put_unit(unit)
        for assignment in await read(registry.all_assignments):
            picture.put_assignment(assignment)
        calling = await read(registry.open_latches)
        picture.cleared.update(await read(registry.cleared_latches))
        for unit in list(picture.units.values()):
            if unit.retired_at is None:
                await self._rebuild(unit.id, distress=unit.id in calling)
        heard = [
            address
            for address in await read(receptions.addresses)
            if not picture.address_taken(address) and not address.startswith(f"{VOICE}:")
        ]
        for address in heard[-UNKNOWN_AT_MOST:]:
            records = await read(receptions.newest, address, WINDOW)
            picture.rebuild(address, records, distress=address in calling)
        since = self._now() - KEYS_FOR
        for address, key, gid, at in reversed(
            await read(receptions.recent_keys, since, KEYS_AT_MOST)
        ):
            duplicates.remember(address, key, gid, at)

    async def put_unit(self, unit: Unit) -> None:
        """Add or change a unit.

        Raises:
            Conflict: If another unit of its agency in service has that call sign.
        """
        async with self._turn:
            for other in self._picture.units.values():
                if (
                    other.id != unit.id
                    and other.agency == unit.agency
                    and other.retired_at is None
                    and unit.retired_at is None
                    and other.call_sign.casefold() == unit.call_sign.casefold()
                ):
                    raise Conflict(f"there is a unit {other.call_sign} already")
            await self._store.write(registry.put_unit, unit)
            self._picture.put_unit(unit)
            self._picture.tick(self._now())
            self._publish()

    async def put_assignment(self, assignment: Assignment) -> None:
        """Add or change from when to when an address stands for a unit.

        Raises:
            NotFound: If the unit is unknown.
            Conflict: If the address stands for a unit at that time already, or it would end
                before it starts.
        """
        if assignment.end is not None and assignment.end <= assignment.start:
            raise Conflict("an assignment ends after it starts")
        async with self._turn:
            self._picture.check_assignment(assignment)
            await self._store.write(registry.put_assignment, assignment)
            self._picture.put_assignment(assignment)
            contact = self._picture.contact(assignment.unit)
            distress = contact.distress
            radio = self._picture.contacts.get(assignment.address)
            if radio is not None:
                distress = distress or radio.distress
                self._picture.forget(assignment.address)
                if radio.distress:
                    await self._store.write(
                        registry.move_latch, old=assignment.address, new=assignment.unit
                    )
            await self._rebuild(assignment.unit, distress=distress)
            self._picture.tick(self._now())
            self._publish()

    async def clear_distress(self, of: str, *, by: str) -> None:
        """Note that a person says the call for help of `of` is over.

        Raises:
            NotFound: If nothing by that id is known.
        """
        async with self._turn:
            self._picture.contact(of)
            at = self._now()
            await self._store.write(registry.clear_latch, of=of, at=at, by=by)
            self._picture.clear_distress(of, at)
            self._publish()

    async def _rebuild(self, unit: str, *, distress: bool) -> None:
        spans = [
            (each.address, each.channel, each.start, each.end)
            for each in self._picture.assignments.values()
            if each.unit == unit
        ]
        records = await self._store.read(_newest_of, unit, spans)
        self._picture.rebuild(unit, records, distress=distress)


def _newest_of(
    connection: Connection,
    unit: str,
    spans: list[tuple[str, str | None, datetime, datetime | None]],
) -> list[Record]:
    """Return the newest positions of a unit over all addresses that ever stood for it."""
    records = receptions.newest(connection, f"{VOICE}:{unit}", WINDOW)
    for address, channel, start, end in spans:
        records += [
            record
            for record in receptions.newest(connection, address, WINDOW, before=end)
            if record.time >= start and (channel is None or record.transmission.channel == channel)
        ]
    records.sort(key=lambda record: (record.time, record.gid))
    return records[-WINDOW:]
