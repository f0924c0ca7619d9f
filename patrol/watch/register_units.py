"""Registrar: changes of units by people, one at a time: checked, committed, then published.

It is a part of the watch and takes turns with its batches.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final

import msgspec
import structlog
from sqlalchemy import Connection

from patrol.errors.errors import Conflict, StoreError
from patrol.filing.journal_writer import JournalWriter
from patrol.filing.writer_lock import WriterLock, WriterTurn
from patrol.intake.order_journal import distress_note, radio_note, taken_radio_note, unit_note
from patrol.picture.address_spans import spans_of_radio, spans_of_unit
from patrol.picture.picture import TAKEN_FOR, VOICE, Picture
from patrol.picture.taken_radio import TakenRadio
from patrol.reception.duplicates import Duplicates
from patrol.reception.record import Record
from patrol.store.receptions import receptions, stored_duplicates
from patrol.store.records import registry
from patrol.store.store import Store
from patrol.store.tracks import newest
from patrol.store.tracks.tracks import AddressSpan
from patrol.units.units import Assignment, Unit
from radio_gateway.messages.printable_text import check_printable

REMEMBERED: Final = 20_000
"""Messages that are remembered across a restart; the store is asked about older ones. What was sent
and not acknowledged before it comes again first, and is the newest; viewers wait for the reading.
"""

READ_AT_ONCE: Final = 200  # units or radios; their records are held in memory meanwhile

log = structlog.get_logger(__name__)


class Registrar:
    """Changes units and assignments for the watch it belongs to.

    Args:
        store: Where records are kept.
        journal_writer: Writes changes with their lines in the journal.
        picture: What it changes.
        turn: Held while the picture and the store are changed.
        publish: Tells viewers what changed in the picture.
        now: Clock, aware UTC.

    Attributes:
        on_cleared: Told in the same turn of whom a call for help is over, by whose word, and
            why; None: nobody is.
        on_assigned: Told in the same turn of whose radio it is from when to when, once what is
            known of that unit is set by it; None: nobody is.
    """

    def __init__(
        self,
        *,
        store: Store,
        journal_writer: JournalWriter,
        picture: Picture,
        turn: WriterLock,
        publish: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._journal_writer = journal_writer
        self._picture = picture
        self._turn = turn
        self._publish = publish
        self._now = now
        self.on_cleared: Callable[[WriterTurn, str, str, str], Awaitable[None]] | None = None
        self.on_assigned: Callable[[str], None] | None = None

    async def load(self, duplicates: Duplicates) -> None:
        """Read units, assignments, calls for help and the newest of what was heard."""
        read, picture, now = self._store.read, self._picture, self._now()
        for unit in await read(registry.all_units):
            picture.put_unit(unit)
        for assignment in await read(registry.all_assignments):
            if assignment.unit in picture.units:
                picture.put_assignment(assignment)
        distress_ids = await read(registry.open_latches)
        picture.cleared.update(await read(registry.cleared_latches))
        heard = [
            address
            for address in await read(receptions.recent_addresses, picture.unknown_at_most)
            if self._is_shown(address, now)
        ]
        # Whoever calls for help stays in sight, however long ago it was heard.
        heard += sorted(id for id in distress_ids.difference(heard, picture.units))
        ids = [*picture.contacts, *reversed(heard)]
        for start in range(0, len(ids), READ_AT_ONCE):
            await self._rebuild(ids[start : start + READ_AT_ONCE], distress_ids)
        for claim in await read(registry.open_claims):
            picture.take_up_claim(claim, now)
        for assignment in picture.assignments.values():
            if assignment.agency != picture.agency and assignment.start > now - TAKEN_FOR:
                taken = await self._taken_radio(assignment)
                if taken is not None:
                    picture.note_taken(taken)
        found, complete = await read(stored_duplicates.newest, REMEMBERED)
        duplicates.learn(*found)
        duplicates.settle()
        last = None if complete else await read(stored_duplicates.last_heard_at)
        if last is not None:  # a gateway's clock may be ahead of ours
            duplicates.forget_until(max(now, last))
        if await read(stored_duplicates.in_order):
            duplicates.ids_are_in_order()

    async def put_unit(self, unit: Unit, *, by: str = "") -> None:
        """Add or change a unit. Out of service, no radio stands for it any more.

        Args:
            unit: As it shall be.
            by: Name of the user who orders it.

        Raises:
            Conflict: If another unit of its agency in service has that call sign, or if it is
                taken out of service while it calls for help.
            StoreError: If the store refuses.
        """
        await self._turn.order(lambda turn: self._put_unit(turn, unit, by))

    async def put_remote_units(
        self, units: Sequence[Unit], assignments: Sequence[Assignment]
    ) -> None:
        """Add or change units of another office's node, whose register it is.

        Args:
            units: As that node has them.
            assignments: What stands for those that are new.

        Raises:
            StoreError: If the store refuses.
        """
        await self._turn.order(lambda _turn: self._put_remote_units(units, assignments))

    async def change_unit(self, changed: Callable[[], Unit], *, by: str = "") -> Unit:
        """Change a unit by what is known of it in the moment of the change.

        Args:
            changed: Returns the unit as it shall be, from what it is.
            by: Name of the user who orders it.

        Raises:
            Conflict: As for `put_unit`.
            StoreError: If the store refuses.
        """

        async def change(turn: WriterTurn) -> Unit:
            unit = changed()
            await self._put_unit(turn, unit, by)
            return unit

        return await self._turn.order(change)

    async def put_assignment(self, assignment: Assignment, *, by: str = "") -> None:
        """Add or change from when to when an address stands for a unit, as user `by` orders.

        Raises:
            NotFound: If there is no such unit in service.
            Conflict: If the address stands for a unit at that time already, or it would end
                before it starts.
            StoreError: If the store refuses.
        """
        if assignment.end is not None and assignment.end <= assignment.start:
            raise Conflict("an assignment ends after it starts", code="ends_first")
        await self._turn.order(lambda turn: self._put_assignment(turn, assignment, by))

    async def clear_distress(
        self, of: str, *, by: str, note: str = "", at: datetime | None = None
    ) -> None:
        """Note that a person says the call for help of `of` is over, and why.

        Args:
            of: Unit or radio.
            by: Who says it.
            note: Why.
            at: When it was said, aware UTC; None: now.

        Raises:
            NotFound: If nothing by that id is known.
            StoreError: If the store refuses.
        """
        await self._turn.order(lambda turn: self._clear_distress(turn, of, by, note, at))

    async def rebuild(self, _turn: WriterTurn, ids: Sequence[str]) -> None:
        """Set units and unknown radios from what is stored of them, in a turn of the caller's."""
        contacts = self._picture.contacts
        known = [contacts[id] for id in ids if id in contacts]
        heard_times = {contact.id: contact.heard_at for contact in known}
        distress_ids = {contact.id for contact in known if contact.distress}
        try:
            await self._rebuild(list(heard_times), distress_ids)
        except StoreError as error:
            log.warning("the picture could not be told anew", fault=str(error))
            return
        for id, heard_at in heard_times.items():
            contact = contacts.get(id)
            if contact is not None and heard_at is not None:
                contact.heard_at = max(contact.heard_at or heard_at, heard_at)

    # -- in turn

    async def _put_unit(self, _turn: WriterTurn, unit: Unit, by: str) -> None:
        picture = self._picture
        known = picture.units.get(unit.id)
        if known is None or (known.call_sign, known.note) != (unit.call_sign, unit.note):
            check_printable(call_sign=unit.call_sign, note=" ".join(unit.note.split()))
        note = unit_note(known, unit, by=by)
        contact = picture.contacts.get(unit.id)
        ended: list[Assignment] = []
        if unit.retired_at is None:
            for other in picture.units.values():
                if (
                    other.id != unit.id
                    and other.agency == unit.agency
                    and other.retired_at is None
                    and other.call_sign.casefold() == unit.call_sign.casefold()
                ):
                    raise Conflict(
                        f"there is a unit {other.call_sign} already",
                        code="call_sign_taken",
                        name=other.call_sign,
                    )
        elif contact is not None:
            if contact.distress:
                raise Conflict(
                    f"{unit.call_sign} calls for help: clear that first",
                    code="calls_for_help",
                    name=unit.call_sign,
                )
            ended = [
                msgspec.structs.replace(each, end=max(unit.retired_at, each.start))
                for each in picture.assignments.values()
                if each.unit == unit.id and (each.end is None or each.end > unit.retired_at)
            ]
        await self._journal_writer.write(note, _store_unit, unit, ended)
        for assignment in ended:
            picture.put_assignment(assignment)
        picture.put_unit(unit)
        if contact is None and unit.retired_at is None:
            await self._rebuild([unit.id])
        self._show()

    async def _put_remote_units(
        self, units: Sequence[Unit], assignments: Sequence[Assignment]
    ) -> None:
        picture = self._picture
        notes = [unit_note(picture.units.get(each.id), each, by="") for each in units]
        await self._journal_writer.write(notes, _store_units, units, assignments)
        for unit in units:
            picture.put_unit(unit)
        for assignment in assignments:
            picture.put_assignment(assignment)
        await self._rebuild([each.id for each in units])
        self._show()

    async def _put_assignment(self, _turn: WriterTurn, assignment: Assignment, by: str) -> None:
        picture = self._picture
        known = assignment.id in picture.assignments
        notes = [radio_note(assignment, known=known, by=by)]
        picture.check_assignment(assignment)
        address, unit, now = assignment.address, assignment.unit, self._now()
        is_anothers = assignment.agency != picture.owner_of_radio(address)
        taken = await self._taken_radio(assignment) if is_anothers else None
        if taken is not None:
            notes.append(taken_radio_note(assignment, known=known, heard_by=taken.heard_by))
        holds = assignment.start <= now and (assignment.end is None or now < assignment.end)
        if is_anothers:
            holds = False  # what it said until now stays with who heard it, its call for help too
        await self._journal_writer.write(notes, _store_assignment, assignment, holds)
        picture.put_assignment(assignment)
        if taken is not None:
            picture.note_taken(taken)
        radio = picture.contacts.get(address)
        distress_ids = (
            {unit} if unit in picture.contacts and picture.contacts[unit].distress else set()
        )
        if radio is not None and holds:
            if radio.distress:
                distress_ids.add(unit)
            if radio.cleared_at is not None:
                before = picture.cleared.get(unit, radio.cleared_at)
                picture.cleared[unit] = max(radio.cleared_at, before)
        elif radio is not None and radio.distress:
            distress_ids.add(address)
        if self._is_shown(address, now):
            await self._rebuild([unit, address], distress_ids)
        else:
            picture.forget(address)
            await self._rebuild([unit], distress_ids)
        if self.on_assigned is not None:
            self.on_assigned(unit)
        self._show()

    async def _clear_distress(
        self, turn: WriterTurn, of: str, by: str, note: str, at: datetime | None
    ) -> None:
        notes = distress_note(self._picture.contact(of), by=by)
        at = at or self._now()
        await self._journal_writer.write(notes, registry.clear_latch, of=of, at=at, by=by)
        self._picture.clear_distress(of, at)
        await self.rebuild(turn, [of])  # what it said before its call is what it said last
        if of not in self._picture.contacts:  # it said no more, and that was set aside
            self._picture.rebuild(of, ())
        self._publish()
        if self.on_cleared is not None:
            await self.on_cleared(turn, of, by, note)

    def _show(self) -> None:
        self._picture.tick(self._now())
        self._publish()

    # -- from what is stored

    def _is_shown(self, address: str, now: datetime) -> bool:
        """Return whether a radio is shown by itself: it stands for nobody, or for a unit of another
        agency than heard it before.
        """
        if address.startswith(f"{VOICE}:"):
            return False
        holds = self._picture.unit_at(address, now)
        return holds is None or holds.agency != self._picture.owner_of_radio(address)

    async def _taken_radio(self, assignment: Assignment) -> TakenRadio | None:
        """Return what the agency that heard a radio is told of it, now that it stands for a unit of
        another's; None where it never heard it: it learns nothing of another's radios.
        """
        heard_by = self._picture.owner_of_radio(assignment.address)
        if await self._store.read(receptions.newest_of, assignment.address, heard_by) is None:
            return None
        return TakenRadio(assignment.address, assignment.agency, heard_by, assignment.start)

    async def _rebuild(self, ids: Sequence[str], distress_ids: set[str] | None = None) -> None:
        """Set units and unknown radios from what is stored of them."""
        picture = self._picture
        spans_by_address: list[tuple[str, list[AddressSpan]]] = []
        for id in ids:
            if id in picture.units:
                if picture.units[id].retired_at is None:
                    spans_by_address.append((id, spans_of_unit(picture, id)))
            else:
                spans_by_address.append((id, spans_of_radio(picture, id)))
        found = await self._store.read(
            newest.for_pictures, [spans for _, spans in spans_by_address]
        )
        for (id, _), stored in zip(spans_by_address, found, strict=True):
            records = self._owned(id, stored)
            calls = distress_ids is not None and id in distress_ids
            has_radio = any(not record.transmission.is_of_no_radio for record in records)
            if has_radio or calls or id in picture.units:
                picture.rebuild(id, records, distress=calls)
            else:
                picture.forget(id)

    def _owned(self, id: str, records: Sequence[Record]) -> list[Record]:
        """Return of what is stored what its owner may be told: what was heard for another agency,
        before an address was given to the unit or back, is not.
        """
        picture = self._picture
        unit = picture.units.get(id)
        if unit is None and records and not picture.address_taken(id):
            newest = max(records, key=lambda each: each.time)
            if picture.vouches(newest.transmission, newest.agency):
                picture.own(id, newest.agency)  # as before a restart
        owner = picture.owner_of_radio(id) if unit is None else unit.agency
        return [each for each in records if each.agency in (owner, "")]


def _store_unit(connection: Connection, unit: Unit, ended: Sequence[Assignment]) -> None:
    registry.put_unit(connection, unit)
    for assignment in ended:
        registry.put_assignment(connection, assignment)


def _store_units(
    connection: Connection, units: Sequence[Unit], assignments: Sequence[Assignment]
) -> None:
    for unit in units:
        registry.put_unit(connection, unit)
    for assignment in assignments:
        registry.put_assignment(connection, assignment)


def _store_assignment(connection: Connection, assignment: Assignment, holds: bool) -> None:
    registry.put_assignment(connection, assignment)
    if holds:  # what the radio called for help is the unit's call now
        registry.move_latch(
            connection,
            old=assignment.address,
            new=assignment.unit,
            agency=assignment.agency,
            since=assignment.start,
        )
