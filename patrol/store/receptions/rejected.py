"""Rejected reports: stored as they were received, with the reason for each."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from hashlib import blake2b
from typing import Any

import msgspec
from sqlalchemy import Connection, Row, delete, literal, select, union_all

from patrol.documents.transaction import Note
from patrol.reception.rejected import ReportRefusal
from patrol.store.journal import journal
from patrol.store.schema.tables import also_heard, from_us, set_aside, to_us, transmissions
from radio_gateway.messages.transmission import Transmission

_A = set_aside.c


class QuarantinedReport(
    msgspec.Struct, frozen=True, kw_only=True, rename={"transmission_json": "said"}
):
    """A report that was set aside.

    Attributes:
        id: 32 hexadecimal digits.
        at: When, aware UTC.
        reception_id: `gateway/boot/sequence`.
        address: Radio address.
        channel: The channel that heard it.
        fault: Why it could not be taken.
        transmission_json: All that was said, as JSON of `Transmission`; None where that could not
            be written.
        raw: The bytes as received.
    """

    id: str
    at: datetime
    reception_id: str
    address: str
    channel: str
    fault: str
    transmission_json: bytes | None
    raw: bytes


def put(
    connection: Connection,
    refused: Iterable[ReportRefusal],
    at: datetime,
    *,
    agency: str,
    origin: str,
    whole: bool = True,
) -> None:
    """Store rejected reports; one that is stored already is not changed.

    Args:
        connection: To the store, in a transaction.
        refused: The reports.
        at: The present, aware UTC.
        agency: Owner of what nobody else owns.
        origin: This node's id.
        whole: Keep all that was said, as JSON, where it can be written; else its bytes only.
    """
    count = 0
    for each in refused:
        transmission = each.transmission
        raw = (
            transmission.raw
            if isinstance(transmission.raw, bytes)
            else repr(transmission.raw).encode()
        )
        values = {
            "id": _id_of(transmission),
            "at_us": to_us(at),
            "reception_id": _text(transmission.reception_id),
            "address": _text(transmission.address),
            "channel": _text(transmission.channel),
            "fault": _text(each.fault)[:2000],
            "said": _transmission_json(transmission) if whole else None,
            "raw": raw,
            "agency": agency,
            "origin": origin,
        }
        known = connection.execute(select(_A.id).where(_A.id == values["id"])).first()
        if known is None:
            connection.execute(set_aside.insert().values(**values))
            count += 1
    if count:  # with their digests: what is kept here may be a call for help
        note = Note(act="set reports aside", actor="", agency="", detail={"count": count})
        journal.append(connection, [note], at, origin=origin)


def rejected_since(connection: Connection, time: datetime) -> list[tuple[datetime, str, str, str]]:
    """Return time, reception id, address and fault of reports set aside since `time`.

    Returns:
        Oldest first.
    """
    rows = connection.execute(
        select(_A.at_us, _A.reception_id, _A.address, _A.fault)
        .where(_A.at_us >= to_us(time))
        .order_by(_A.at_us, _A.id)
    )
    return [(from_us(row[0]), row[1], row[2], row[3]) for row in rows]


def newest(connection: Connection, limit: int) -> list[QuarantinedReport]:
    """Return the newest reports that were set aside, newest first.

    Args:
        connection: To the store.
        limit: Most rows.
    """
    rows = select(set_aside).order_by(_A.at_us.desc(), _A.id).limit(limit)
    return [_quarantined_report(row) for row in connection.execute(rows)]


def find(connection: Connection, start: str) -> list[QuarantinedReport]:
    """Return the reports whose id begins with `start`, oldest first."""
    rows = select(set_aside).where(_A.id.startswith(start, autoescape=True))
    return [_quarantined_report(row) for row in connection.execute(rows.order_by(_A.at_us, _A.id))]


def remove_stored(connection: Connection, report: QuarantinedReport) -> bool:
    """Remove a report from those set aside if its reception is stored by now.

    Returns:
        Whether it is.
    """
    places = (report.address, f"{report.address}@{report.channel}")  # the latter when not believed
    stored = union_all(
        select(literal(1)).where(
            transmissions.c.address.in_(places), transmissions.c.reception_id == report.reception_id
        ),
        select(literal(1)).where(also_heard.c.reception_id == report.reception_id),
    )
    if connection.execute(stored.limit(1)).first() is None:
        return False
    connection.execute(delete(set_aside).where(_A.id == report.id))
    return True


def _quarantined_report(row: Row[Any]) -> QuarantinedReport:
    return QuarantinedReport(
        id=row.id,
        at=from_us(row.at_us),
        reception_id=row.reception_id,
        address=row.address,
        channel=row.channel,
        fault=row.fault,
        transmission_json=row.said,
        raw=row.raw,
    )


def _id_of(transmission: Transmission) -> str:
    parts = transmission.reception_id, transmission.heard_at, transmission.address
    words = "\n".join(_text(each) for each in parts)
    return blake2b(words.encode(), digest_size=16).hexdigest()


def _transmission_json(transmission: Transmission) -> bytes | None:
    try:
        return msgspec.json.encode(transmission)
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError):
        return None


def _text(value: object) -> str:
    """Return it as text that any file takes."""
    return str(value).encode(errors="backslashreplace").decode().replace("\0", "\\0")
