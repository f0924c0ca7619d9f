"""Enrolment: how a crew's phone gets a key of its own, by a QR code that is good once, 10 minutes.

A commander or technician makes a code for a device and the unit it will report for, and shows it;
the phone reads it and exchanges it for its key. The code alone opens nothing but that exchange, and
whoever photographs it comes second. The phone's address is bound to the unit and believed from that
key only.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from maps.accounts.credentials.passwords import PHONE_KEY, digest, new_token
from maps.errors.errors import SignInRefused
from patrol.desks.desk import Desk
from patrol.documents.transaction import Note
from patrol.errors.errors import Conflict
from patrol.filing.journal_writer import JournalWriter
from patrol.store.accounts import accounts as queries
from patrol.store.accounts import enrolments
from patrol.store.store import Store
from patrol.units.accounts import Device, Enrolment
from patrol.units.permissions import require

MINUTES: Final = 10
NOT_GOOD: Final = "this code is not good any more: each is good once, for 10 minutes"


class Enrolments:
    """Codes that are out, and the phones that used them.

    Args:
        store: Where they are kept.
        node: Origin of what is made here.
        journal_writer: Writes changes with their lines in the journal.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        store: Store,
        *,
        node: str,
        journal_writer: JournalWriter,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store, self._node, self._journal_writer, self._now = store, node, journal_writer, now

    async def make(self, desk: Desk, *, device: str, unit: str | None) -> tuple[str, Enrolment]:
        """Make a code, shown this once; one that was out for the same device is good no more.

        Args:
            desk: Of who makes it.
            device: Name the phone will have.
            unit: Id of the unit it will report for; None for none.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such unit.
            Conflict: If another agency has a device of that name, or the phone's address stands
                for another unit.
        """
        user = desk.user
        require(user.role, "enrol phones")
        known = await self._store.read(queries.device_named, device)
        if known is not None and known.agency != user.agency:
            raise Conflict(
                f"there is a device {device!r} already", code="device_taken", name=device
            )
        if unit is not None:
            await self._bind(desk, device, unit)
        code, now = new_token(), self._now()
        enrolment = Enrolment(
            device=device,
            unit=unit,
            agency=user.agency,
            by=user.name,
            expires_at=now + timedelta(minutes=MINUTES),
            origin=self._node,
        )
        note = _note(user.name, user.agency, "make enrolment code", device, unit=unit)
        await self._journal_writer.write(
            note, enrolments.add_enrolment, enrolment, digest(code), now
        )
        return code, enrolment

    async def look(self, code: str) -> Enrolment:
        """Return what a code is for, without spending it.

        Raises:
            SignInRefused: If the code is unknown, spent or too old.
        """
        found = await self._store.read(enrolments.find_enrolment, digest(code), self._now())
        if found is None:
            raise SignInRefused(NOT_GOOD)
        return found

    async def use(self, code: str) -> tuple[str, str, Device]:
        """Spend a code and return the phone's two keys, this once, and the phone.

        The second key only reports. The phone keeps it in the clear, so that a call for help goes
        out while the page is locked; the first one it keeps under its crew's PIN.

        Raises:
            SignInRefused: If the code is unknown, spent or too old.
            Conflict: If another agency has a device of that name by now.
        """
        key, reporting = PHONE_KEY + new_token(), new_token()

        def notes_of(used: tuple[Device, Enrolment] | None) -> Sequence[Note]:
            if used is None:
                return ()
            device, by = used[0], used[1].by
            actor = f"key:{device.name}"
            act, unit = "enrol phone", device.unit
            return (_note(actor, device.agency, act, device.name, unit=unit, by=by),)

        used = await self._journal_writer.write(
            notes_of,
            enrolments.use_enrolment,
            digest(code),
            digest(key),
            digest(reporting),
            self._now(),
        )
        if used is None:
            raise SignInRefused(NOT_GOOD)
        return key, reporting, used[0]

    async def _bind(self, desk: Desk, device: str, unit: str) -> None:
        """Let what the phone reports stand for the unit, believed from its key only."""
        desk.visible.unit(unit)
        address, key = f"position_json:{device}", f"key:{device}"
        now = self._now()
        for each in desk.visible.assignments():
            if each.address == address and (each.end is None or each.end > now):
                if each.unit != unit:
                    raise Conflict(f"{device} stands for another unit: end that first")
                return
        await desk.registry.assign(address=address, unit=unit, start=now, channel=key)


def _note(actor: str, agency: str, act: str, device: str, **detail: object) -> Note:
    return Note(act=act, actor=actor, agency=agency, subject=f"device:{device}", detail=detail)
