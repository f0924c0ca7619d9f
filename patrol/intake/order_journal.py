"""Order journal: journal rows of orders that change no document: units, radios, messages."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection

from patrol.documents.transaction import Note
from patrol.messages.message import Message
from patrol.picture.contact import Contact
from patrol.reception.record import Record
from patrol.store.journal import journal
from patrol.store.receptions import receptions
from patrol.units.units import Assignment, Unit


def unit_note(before: Unit | None, unit: Unit, *, by: str) -> Note:
    """Return the note of a unit that was added or changed: what is new of it.

    >>> unit = Unit(id="u1", call_sign="Naga 1", kind="boat", agency="la-hx")
    >>> unit_note(unit, msgspec.structs.replace(unit, call_sign="Naga 2"), by="kham").detail
    {'call_sign': 'Naga 2'}
    """
    now = msgspec.to_builtins(unit)
    was: dict[str, Any] = {} if before is None else msgspec.to_builtins(before)
    if before is None:
        act = "add unit"
    elif (before.retired_at is None) is (unit.retired_at is None):
        act = "change unit"
    else:
        act = "put unit back into service" if unit.retired_at is None else "retire unit"
    detail = {
        name: value
        for name, value in now.items()
        if name not in ("id", "agency", "origin") and was.get(name) != value
    }
    return Note(act=act, actor=by, agency=unit.agency, subject=f"unit:{unit.id}", detail=detail)


def radio_note(assignment: Assignment, *, known: bool, by: str) -> Note:
    """Return the note of a radio that was assigned to a unit, or whose assignment was changed."""
    detail = msgspec.to_builtins(assignment)
    return Note(
        act="change radio" if known else "assign radio",
        actor=by,
        agency=assignment.agency,
        subject=f"radio:{assignment.address}",
        detail={name: detail[name] for name in ("id", "unit", "channel", "start", "end")},
    )


def taken_radio_note(assignment: Assignment, *, known: bool, heard_by: str) -> Note:
    """Return the note for the agency whose channels hear a radio that another registers."""
    return Note(
        act="change radio of another agency" if known else "assign radio to another agency",
        actor="",
        agency=heard_by,
        subject=f"radio:{assignment.address}",
        detail={"agency": assignment.agency, "start": assignment.start, "end": assignment.end},
    )


def distress_note(contact: Contact, *, by: str) -> Note:
    """Return the note of a call for help that a person says is over."""
    return Note(
        act="clear distress",
        actor=by,
        agency=contact.agency,
        subject=f"{'radio' if contact.unit is None else 'unit'}:{contact.id}",
    )


def message_note(act: str, message: Message, *, by: str = "") -> Note:
    """Return the note of a message to a radio; its words are kept with the message."""
    detail = {
        "kind": message.kind,
        "channel": message.channel,
        "unit": message.unit,
        "address": message.address,
        "mark": None if message.mark is None else message.mark.id,
        "reason": message.reason,
    }
    return Note(
        act=act,
        actor=by or message.operator,
        agency=message.agency,
        subject=f"message:{message.id}",
        detail={name: value for name, value in detail.items() if value},
    )


def note_plotted(connection: Connection, *, record: Record, origin: str) -> None:
    """Note a position that somebody plotted by voice, in the transaction of its batch.

    Args:
        connection: To the store, in that transaction.
        record: The position.
        origin: This node's id.
    """
    if not receptions.is_stored(connection, record.gid):  # it could not be stored, and is set aside
        return
    transmission = record.transmission
    detail: dict[str, Any] = {"at": record.time}
    if transmission.position is not None:
        detail |= {"lon": transmission.position.lon, "lat": transmission.position.lat}
    note = Note(
        act="plot by voice",
        actor=str(transmission.facts.get("by", "")),
        agency=record.agency,
        subject=f"unit:{transmission.device}",
        detail=detail,
    )
    journal.append(connection, [note], transmission.heard_at, origin=origin)
