"""Statements: the logs between this node and its counterparts, with receipts and forks.

A number is given in the transaction of what is told: no statement without its act, no act without
its statement, and no gap. `patrol.exchange.statement_log` says when what is written here.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, literal_column, select, update

from patrol.counterparts.statement import (
    RECEIVED,
    SENT,
    hash_of,
    statement_bytes,
    statement_id,
)
from patrol.documents.transaction import Note, ReceivedStatement, StatementDraft
from patrol.errors.errors import Conflict
from patrol.store.records.statement_logs import log_end, log_state
from patrol.store.schema.tables import (
    from_us,
    statement_logs,
    statement_receipts,
    statements_in,
    statements_out,
    to_us,
)

# In the words of the indexes that serve them.
IS_REFUSED: Final = statements_out.c.refusal != literal_column("''")
IS_UNREAD: Final = statements_out.c.unread == literal_column("1")
IS_NOT_APPLIED: Final = statements_in.c.state != literal_column("'applied'")

_OUT, _IN, _R, _L = statements_out.c, statements_in.c, statement_receipts.c, statement_logs.c


class StoredStatement(NamedTuple):
    """A statement in one of the two logs.

    Attributes:
        number: Its place.
        hash: Its own, 64 hexadecimal digits.
        raw: As it is sent.
    """

    number: int
    hash: str
    raw: bytes


class SentStatement(NamedTuple):
    """A statement for a counterpart.

    Attributes:
        version: Of what it is about.
        at: When it was made, aware UTC.
    """

    version: int
    at: datetime


def append(connection: Connection, draft: StatementDraft, at: datetime, *, origin: str) -> Note:
    """Put a draft into its counterpart's log; return what the journal is told.

    Raises:
        Conflict: If it is too long.
    """
    epoch = log_state(connection, draft.to_node).epoch
    after = log_end(connection, statements_out, draft.to_node, epoch)
    raw = statement_bytes(draft, from_node=origin, epoch=epoch, after=after, at=at)
    number, digest = after.number + 1, hash_of(raw)
    connection.execute(
        statements_out.insert().values(
            id=statement_id(draft.to_node, epoch, number),
            counterpart=draft.to_node,
            epoch=epoch,
            number=number,
            hash=bytes.fromhex(digest),
            kind=draft.kind,
            about=draft.id,
            version=draft.version,
            at_us=to_us(at),
            body=raw,
            refusal="",
            unread=0,
            agency=draft.agency,
            origin=origin,
        )
    )
    return Note(
        act=SENT,
        actor="",
        agency=draft.agency,
        subject=f"statement:{statement_id(draft.to_node, epoch, number)}",
        detail={"hash": digest, "kind": draft.kind},
    )


def put_received(
    connection: Connection, received: ReceivedStatement, at: datetime, *, origin: str
) -> Note:
    """Put a counterpart's statement behind those that are held; return what the journal is told.

    Raises:
        Conflict: If it is not the next one; the transaction must have no effect.
    """
    if received.is_reread:
        return _reread(connection, received)
    held = log_end(connection, statements_in, received.from_node, received.epoch)
    if received.number != held.number + 1:
        raise Conflict(
            f"statement {received.number} of {received.from_node} does not follow {held.number}"
        )
    id = statement_id(received.from_node, received.epoch, received.number)
    connection.execute(
        statements_in.insert().values(
            id=id,
            counterpart=received.from_node,
            epoch=received.epoch,
            number=received.number,
            hash=bytes.fromhex(received.hash),
            kind=received.kind,
            at_us=to_us(at),
            body=received.raw,
            state=received.state,
            reason=received.reason,
            agency=received.agency,
            origin=origin,
        )
    )
    return _received_note(received)


def _received_note(received: ReceivedStatement) -> Note:
    """Return what the journal is told of a counterpart's statement."""
    detail: dict[str, Any] = {"hash": received.hash, "kind": received.kind}
    if received.reason:
        detail["reason"] = received.reason
    return Note(
        act=RECEIVED[received.state],
        actor="",
        agency=received.agency,
        subject=f"statement:{statement_id(received.from_node, received.epoch, received.number)}",
        detail=detail,
    )


def _reread(connection: Connection, received: ReceivedStatement) -> Note:
    """Note what became of a statement that an earlier version did not understand.

    Raises:
        Conflict: If it waits no more.
    """
    changed = connection.execute(
        update(statements_in)
        .where(
            _IN.id == statement_id(received.from_node, received.epoch, received.number),
            _IN.state == "not_understood",
        )
        .values(state=received.state, reason=received.reason)
    )
    if changed.rowcount != 1:
        raise Conflict(f"statement {received.number} of {received.from_node} is read already")
    return _received_note(received)


def last_held(connection: Connection, node: str, epoch: int) -> StoredStatement | None:
    """Return the last statement of a counterpart that is held; None if none is."""
    row = connection.execute(
        select(_IN.number, _IN.hash, _IN.body)
        .where(_IN.counterpart == node, _IN.epoch == epoch)
        .order_by(_IN.number.desc())
        .limit(1)
    ).first()
    return None if row is None else StoredStatement(row.number, bytes(row.hash).hex(), row.body)


def held_number(connection: Connection, node: str, epoch: int) -> int:
    """Return the number up to which a counterpart's statements of an epoch are held; 0: none is."""
    return log_end(connection, statements_in, node, epoch).number


def sent_after(
    connection: Connection, node: str, epoch: int, number: int, *, limit: int
) -> list[StoredStatement]:
    """Return the statements for a counterpart with greater numbers, in order."""
    rows = connection.execute(
        select(_OUT.number, _OUT.hash, _OUT.body)
        .where(_OUT.counterpart == node, _OUT.epoch == epoch, _OUT.number > number)
        .order_by(_OUT.number)
        .limit(limit)
    )
    return [StoredStatement(row.number, bytes(row.hash).hex(), bytes(row.body)) for row in rows]


def not_understood(connection: Connection, kinds: Collection[str]) -> list[ReceivedStatement]:
    """Return the stored statements of some kinds that wait to be understood, oldest first."""
    rows = connection.execute(
        select(statements_in)
        .where(IS_NOT_APPLIED, _IN.state == "not_understood", _IN.kind.in_([*kinds]))
        .order_by(_IN.counterpart, _IN.epoch, _IN.number)
    )
    return [
        ReceivedStatement(
            from_node=row.counterpart,
            epoch=row.epoch,
            number=row.number,
            hash=bytes(row.hash).hex(),
            kind=row.kind,
            raw=bytes(row.body),
            state="not_understood",
            agency=row.agency,
        )
        for row in rows
    ]


def refused_held(
    connection: Connection, node: str, epoch: int, *, first: int, limit: int
) -> dict[int, str]:
    """Return the reasons for which statements of a counterpart have no effect, by number.

    Args:
        connection: To the store.
        node: Whose statements.
        epoch: Of its log.
        first: Only from this number on.
        limit: Only so many, the newest.
    """
    rows = connection.execute(
        select(_IN.number, _IN.reason)
        .where(
            _IN.counterpart == node,
            _IN.epoch == epoch,
            IS_NOT_APPLIED,
            _IN.state == "refused",
            _IN.number >= first,
        )
        .order_by(_IN.number.desc())
        .limit(limit)
    )
    return {row.number: row.reason for row in rows}


def unread_held(connection: Connection, node: str, epoch: int, *, limit: int) -> list[int]:
    """Return the numbers of a counterpart's statements that wait to be understood, in order."""
    rows = connection.execute(
        select(_IN.number)
        .where(
            _IN.counterpart == node,
            _IN.epoch == epoch,
            IS_NOT_APPLIED,
            _IN.state == "not_understood",
        )
        .order_by(_IN.number)
        .limit(limit)
    )
    return list(rows.scalars())


def is_stated(connection: Connection, node: str, kind: str, about: str) -> bool:
    """Return whether a statement of a kind about something stands in the log for a counterpart, in
    this epoch.
    """
    epoch = log_state(connection, node).epoch
    found = (
        select(_OUT.number)
        .where(
            _OUT.counterpart == node,
            _OUT.kind == kind,
            _OUT.epoch == epoch,
            _OUT.about == about,
        )
        .limit(1)
    )
    return connection.execute(found).first() is not None


def newest_received(connection: Connection, node: str, kind: str) -> StoredStatement | None:
    """Return the newest statement of a kind that a counterpart made in this epoch and that was
    applied; None if there is none.
    """
    epoch = log_state(connection, node).epoch
    row = connection.execute(
        select(_IN.number, _IN.hash, _IN.body)
        .where(
            _IN.counterpart == node,
            _IN.epoch == epoch,
            _IN.kind == kind,
            _IN.state == "applied",
        )
        .order_by((_IN.number + 0).desc())  # by kind, of which there are few
        .limit(1)
    ).first()
    return None if row is None else StoredStatement(row.number, bytes(row.hash).hex(), row.body)


def newest_sent(
    connection: Connection, node: str, kind: str, *, with_refused: bool = False
) -> SentStatement | None:
    """Return the newest statement of a kind for a counterpart in this epoch; None if there is none.

    Args:
        connection: To the store.
        node: The counterpart.
        kind: Of which kind.
        with_refused: Also if it was refused.
    """
    epoch = log_state(connection, node).epoch
    row = connection.execute(
        select(_OUT.version, _OUT.at_us)
        .where(
            _OUT.counterpart == node,
            _OUT.kind == kind,
            _OUT.epoch == epoch,
            *(() if with_refused else (_OUT.refusal == "",)),
        )
        .order_by((_OUT.number + 0).desc())  # by kind, of which there are few
        .limit(1)
    ).first()
    return None if row is None else SentStatement(row.version, from_us(row.at_us))
