"""Enrolment codes: each gives one phone a key of its own, once. Only digests are stored."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, and_, delete, or_, select, update

from patrol.store.accounts import account_changes
from patrol.store.schema.tables import enrolments, from_us, to_us
from patrol.units.accounts import Device, Enrolment


def add_enrolment(
    connection: Connection, enrolment: Enrolment, key_hash: bytes, now: datetime
) -> None:
    """Store a new code; delete expired ones, and the agency's earlier codes for the same device.

    Another agency may have issued a code for a device of that name: the first to use one has the
    name.
    """
    connection.execute(
        delete(enrolments).where(
            or_(
                enrolments.c.used_us.is_not(None),
                enrolments.c.expires_us < to_us(now),
                and_(
                    enrolments.c.device == enrolment.device,
                    enrolments.c.agency == enrolment.agency,
                ),
            )
        )
    )
    connection.execute(
        enrolments.insert().values(
            id=uuid4().hex,
            key_hash=key_hash,
            device=enrolment.device,
            unit=enrolment.unit,
            by=enrolment.by,
            expires_us=to_us(enrolment.expires_at),
            agency=enrolment.agency,
            origin=enrolment.origin,
        )
    )


def find_enrolment(connection: Connection, key_hash: bytes, now: datetime) -> Enrolment | None:
    """Return the enrolment of a code; None if the code is used or expired."""
    row = connection.execute(
        select(enrolments).where(
            enrolments.c.key_hash == key_hash,
            enrolments.c.used_us.is_(None),
            enrolments.c.expires_us > to_us(now),
        )
    ).first()
    return None if row is None else _enrolment(row)


def use_enrolment(
    connection: Connection,
    key_hash: bytes,
    device_key: bytes,
    reporting_key: bytes,
    now: datetime,
) -> tuple[Device, Enrolment] | None:
    """Use a code and store the phone with its keys; None if the code is not valid.

    Args:
        connection: To the store.
        key_hash: Digest of the code.
        device_key: Digest of the phone's key.
        reporting_key: Digest of its second key, which only reports.
        now: The present, aware UTC.

    Raises:
        Conflict: If another agency has a device of that name by now; the code stays good.
    """
    spent = connection.execute(
        update(enrolments)
        .where(
            enrolments.c.key_hash == key_hash,
            enrolments.c.used_us.is_(None),
            enrolments.c.expires_us > to_us(now),
        )
        .values(used_us=to_us(now))
    )
    if spent.rowcount != 1:
        return None
    row = connection.execute(select(enrolments).where(enrolments.c.key_hash == key_hash)).one()
    enrolment = _enrolment(row)
    device = Device(
        name=enrolment.device,
        agency=enrolment.agency,
        origin=enrolment.origin,
        kind="phone",
        unit=enrolment.unit,
        by=enrolment.by,
    )
    account_changes.put_device(connection, device, device_key, now, reporting_hash=reporting_key)
    return device, enrolment


def shut_out(connection: Connection, device: str, agency: str, now: datetime) -> bool:
    """Revoke a device of an agency and its enrolment codes; return whether there was either. A code
    that is used at the same moment gives no key.
    """
    out = connection.execute(
        delete(enrolments).where(
            enrolments.c.device == device,
            enrolments.c.agency == agency,
            enrolments.c.used_us.is_(None),
            enrolments.c.expires_us > to_us(now),
        )
    )
    revoked = account_changes.revoke_device(connection, device, agency, now)
    return revoked or out.rowcount > 0


def _enrolment(row: Any) -> Enrolment:
    return Enrolment(
        device=row.device,
        unit=row.unit,
        agency=row.agency,
        by=row.by,
        expires_at=from_us(row.expires_us),
        origin=row.origin,
    )
