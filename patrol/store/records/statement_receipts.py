"""Statement receipts: the counterparts' signed words that they have stored what they were told."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, func, select, update

from patrol.counterparts.statement import LogEnd, statement_id
from patrol.documents.transaction import Note
from patrol.store.records.statements import IS_UNREAD
from patrol.store.schema.tables import statement_receipts, statements_out, to_us

_OUT, _R = statements_out.c, statement_receipts.c


def receipted(connection: Connection, node: str, epoch: int) -> int:
    """Return the number up to which a counterpart has receipted what it was told."""
    found = connection.execute(
        select(func.max(_R.number)).where(_R.counterpart == node, _R.epoch == epoch)
    ).scalar()
    return int(found or 0)


def put_receipt(
    connection: Connection,
    node: str,
    epoch: int,
    end: LogEnd,
    *,
    refused: Mapping[int, str],
    unread: Collection[int],
    is_late: bool = False,
    signed: bytes,
    at: datetime,
    agency: str,
    origin: str,
) -> tuple[Note, ...]:
    """File a counterpart's receipt, unless it brings nothing new; return what the journal is told.

    Args:
        connection: To the store.
        node: Whose receipt it is.
        epoch: Of the log.
        end: Up to which statement it has stored, as it stands in the log.
        refused: Its reasons, by number.
        unread: Numbers of all that it does not understand yet.
        is_late: Newer ones may have come before it: what it says of `unread` counts only if it
            reaches farther than all of them.
        signed: The envelope that the receipt came in.
        at: Now, aware UTC.
        agency: On whose behalf.
        origin: This node.
    """
    before = receipted(connection, node, epoch)
    news = dict(refused)
    if news:
        known = connection.execute(
            select(_OUT.number, _OUT.refusal).where(
                _OUT.counterpart == node, _OUT.epoch == epoch, _OUT.number.in_([*news])
            )
        ).all()
        filed = {row.number: row.refusal for row in known}
        # A refusal is told once: who told it in ever other words would fill the journal.
        news = {each: why for each, why in news.items() if filed.get(each) == ""}
    of_log = (_OUT.counterpart == node, _OUT.epoch == epoch)
    waiting = set(connection.execute(select(_OUT.number).where(*of_log, IS_UNREAD)).scalars())
    is_old = is_late and end.number <= before
    waits = waiting if is_old else {each for each in unread if each <= end.number}
    if end.number <= before and not news and waits == waiting:
        return ()
    connection.execute(
        update(statements_out)
        .where(*of_log, _OUT.number > before, _OUT.number <= end.number)
        .values(receipted_us=to_us(at))
    )
    for numbers, flag in ((waits - waiting, 1), (waiting - waits, 0)):
        if numbers:
            connection.execute(
                update(statements_out)
                .where(*of_log, _OUT.number.in_([*numbers]))
                .values(unread=flag)
            )
    for number, reason in news.items():
        connection.execute(
            update(statements_out).where(*of_log, _OUT.number == number).values(refusal=reason)
        )
    connection.execute(
        statement_receipts.insert().values(
            id=uuid4().hex,
            counterpart=node,
            epoch=epoch,
            number=max(end.number, before),
            hash=bytes.fromhex(end.hash),
            at_us=to_us(at),
            signed=signed,
            agency=agency,
            origin=origin,
        )
    )
    detail: dict[str, Any] = {"hash": end.hash}
    if news:
        detail["refused"] = {str(number): reason for number, reason in news.items()}
    return (
        Note(
            act="receive receipt",
            actor="",
            agency=agency,
            subject=f"statement:{statement_id(node, epoch, end.number)}",
            detail=detail,
        ),
    )
