"""Registry in the store: units, agencies, assignments, distress latches and address claims."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from sys import intern
from typing import Any, Final
from uuid import uuid4

from sqlalchemy import Connection, func, or_, select, update

from patrol.store.schema.rows import readable
from patrol.store.schema.tables import agencies, assignments, from_us, latches, to_us, units
from patrol.units.units import Agency, Assignment, Unit
from patrol.units.wire import Claim

_DISTRESS: Final = "distress"
_CLAIM: Final = "claim"


def put_agency(connection: Connection, agency: Agency, origin: str) -> None:
    """Add an agency, or change its name, country and offices."""
    values = {"name": agency.name, "country": agency.country, "blos": " ".join(agency.blos)}
    changed = connection.execute(
        update(agencies).where(agencies.c.id == agency.id).values(**values)
    )
    if changed.rowcount == 0:
        connection.execute(
            agencies.insert().values(id=agency.id, agency=agency.id, origin=origin, **values)
        )


def put_unit(connection: Connection, unit: Unit) -> None:
    """Add or change a unit."""
    values: dict[str, Any] = {
        "call_sign": unit.call_sign,
        "kind": unit.kind,
        "country": unit.country,
        "expected_interval_s": unit.expected_interval_s,
        "note": unit.note,
        "retired_us": None if unit.retired_at is None else to_us(unit.retired_at),
    }
    changed = connection.execute(update(units).where(units.c.id == unit.id).values(**values))
    if changed.rowcount == 0:
        connection.execute(
            units.insert().values(id=unit.id, agency=unit.agency, origin=unit.origin, **values)
        )


def all_units(connection: Connection) -> list[Unit]:
    """Return every unit, retired ones too."""
    return list(readable(connection.execute(select(units).order_by(units.c.id)), _unit))


def _unit(row: Any) -> Unit:
    # Thousands have the same words; each is kept once. An id stands in assignments again.
    return Unit(
        id=intern(row.id),
        call_sign=row.call_sign,
        kind=row.kind,
        agency=intern(row.agency),
        country=None if row.country is None else intern(row.country),
        expected_interval_s=row.expected_interval_s,
        note=row.note,
        origin=intern(row.origin),
        retired_at=None if row.retired_us is None else from_us(row.retired_us),
    )


def put_assignment(connection: Connection, assignment: Assignment) -> None:
    """Add or change from when to when an address stands for a unit."""
    values: dict[str, Any] = {
        "address": assignment.address,
        "unit": assignment.unit,
        "channel": assignment.channel,
        "start_us": to_us(assignment.start),
        "end_us": None if assignment.end is None else to_us(assignment.end),
    }
    changed = connection.execute(
        update(assignments).where(assignments.c.id == assignment.id).values(**values)
    )
    if changed.rowcount == 0:
        connection.execute(
            assignments.insert().values(
                id=assignment.id, agency=assignment.agency, origin=assignment.origin, **values
            )
        )


def all_assignments(connection: Connection) -> list[Assignment]:
    """Return every assignment, oldest first."""
    rows = connection.execute(select(assignments).order_by(assignments.c.start_us))
    return list(readable(rows, _assignment))


def _assignment(row: Any) -> Assignment:
    return Assignment(
        id=row.id,
        address=row.address,
        unit=intern(row.unit),
        channel=None if row.channel is None else intern(row.channel),
        start=from_us(row.start_us),
        end=None if row.end_us is None else from_us(row.end_us),
        agency=intern(row.agency),
        origin=intern(row.origin),
    )


def raise_latch(connection: Connection, *, of: str, at: datetime, agency: str, origin: str) -> None:
    """Store that `of` called for help, unless a call is open already."""
    open_one = connection.execute(
        select(latches.c.id).where(
            latches.c.kind == _DISTRESS, latches.c.of == of, latches.c.cleared_us.is_(None)
        )
    ).first()
    if open_one is None:
        connection.execute(
            latches.insert().values(
                id=uuid4().hex,
                kind=_DISTRESS,
                of=of,
                raised_us=to_us(at),
                agency=agency,
                origin=origin,
            )
        )


def clear_latch(connection: Connection, *, of: str, at: datetime, by: str) -> None:
    """Store who ended the call for help of `of`."""
    connection.execute(
        update(latches)
        .where(latches.c.kind == _DISTRESS, latches.c.of == of, latches.c.cleared_us.is_(None))
        .values(cleared_us=to_us(at), cleared_by=by)
    )


def move_latch(connection: Connection, *, old: str, new: str, agency: str, since: datetime) -> None:
    """Move the calls for help of a radio to the unit that it is assigned to now.

    Args:
        connection: To the store.
        old: Radio address.
        new: The unit's id.
        agency: The unit's owner.
        since: From when on the radio stands for the unit; an open call goes along in any case.
    """
    connection.execute(
        update(latches)
        .where(
            latches.c.kind == _DISTRESS,
            latches.c.of == old,
            or_(latches.c.cleared_us.is_(None), latches.c.raised_us >= to_us(since)),
        )
        .values(of=new, agency=agency)
    )


def cleared_latches(connection: Connection) -> dict[str, datetime]:
    """Return when the last call for help of each unit or radio was ended."""
    rows = connection.execute(
        select(latches.c.of, func.max(latches.c.cleared_us))
        .where(latches.c.kind == _DISTRESS, latches.c.cleared_us.is_not(None))
        .group_by(latches.c.of)
    )
    return {row[0]: from_us(row[1]) for row in rows}


def open_latches(connection: Connection) -> set[str]:
    """Return the ids of units and radios whose call for help nobody has cleared."""
    return set(
        connection.execute(
            select(latches.c.of).where(latches.c.kind == _DISTRESS, latches.c.cleared_us.is_(None))
        ).scalars()
    )


def raise_claim(connection: Connection, claim: Claim, *, key: str, origin: str) -> None:
    """Store that a second sender uses an address, under `key`, unless it is stored already."""
    open_one = connection.execute(
        select(latches.c.id).where(
            latches.c.kind == _CLAIM, latches.c.of == key, latches.c.cleared_us.is_(None)
        )
    ).first()
    if open_one is None:
        connection.execute(
            latches.insert().values(
                id=uuid4().hex,
                kind=_CLAIM,
                of=key,
                raised_us=to_us(claim.since),
                agency=claim.agency,
                origin=origin,
            )
        )


def end_claims(connection: Connection, keys: Sequence[str], at: datetime) -> None:
    """Store that second senders have stopped, which needs no person."""
    for key in keys:
        connection.execute(
            update(latches)
            .where(latches.c.kind == _CLAIM, latches.c.of == key, latches.c.cleared_us.is_(None))
            .values(cleared_us=to_us(at))
        )


def open_claims(connection: Connection) -> list[Claim]:
    """Return the claims that have not ended: address, channel, owner and since when."""
    rows = connection.execute(
        select(latches)
        .where(latches.c.kind == _CLAIM, latches.c.cleared_us.is_(None))
        .order_by(latches.c.raised_us)
    )
    return list(readable(rows, _claim))


def _claim(row: Any) -> Claim:
    address, _, channel = row.of.partition("\n")
    return Claim(address=address, channel=channel, agency=row.agency, since=from_us(row.raised_us))
