"""Receipts of crew reports, so that a report that a phone sends several times has one effect."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection, select

from patrol.documents.transaction import PhoneReceipt
from patrol.errors.errors import AlreadyTaken
from patrol.store.schema.tables import crew_reports, to_us

_C = crew_reports.c


def stored_receipts(
    connection: Connection, agency: str, ids: Sequence[str]
) -> Mapping[str, PhoneReceipt]:
    """Return the receipts there are for reports of an agency, by the reports' ids."""
    rows = connection.execute(select(crew_reports).where(_C.agency == agency, _C.id.in_(list(ids))))
    return {
        row.id: PhoneReceipt(
            id=row.id, agency=row.agency, kind=row.kind, by=row.by, result_id=row.made
        )
        for row in rows
    }


def put_once(connection: Connection, receipt: PhoneReceipt, now: datetime, *, origin: str) -> None:
    """Store the receipt of a report.

    Raises:
        AlreadyTaken: If it was before; the transaction that it is raised in must have no effect.
    """
    if put(connection, (receipt,), now, origin=origin) == 0:
        raise AlreadyTaken(f"report {receipt.id} was taken before")


def put(
    connection: Connection, receipts: Sequence[PhoneReceipt], now: datetime, *, origin: str
) -> int:
    """Store receipts of reports; return how many are new."""
    known: dict[str, set[str]] = {}
    for agency in {each.agency for each in receipts}:
        ids = [each.id for each in receipts if each.agency == agency]
        known[agency] = set(stored_receipts(connection, agency, ids))
    new = {(each.agency, each.id): each for each in receipts if each.id not in known[each.agency]}
    for each in new.values():
        connection.execute(
            crew_reports.insert().values(
                agency=each.agency,
                id=each.id,
                kind=each.kind,
                made=each.result_id,
                by=each.by,
                at_us=to_us(now),
                origin=origin,
            )
        )
    return len(new)
