"""Statement health: how the logs with counterparts stand, as any process may ask the store."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, and_, func, select

from patrol.counterparts.log_health import CounterpartFault, LogHealth, StatementRefusal
from patrol.counterparts.statement import read_statement
from patrol.store.records.statements import IS_NOT_APPLIED, IS_REFUSED, IS_UNREAD
from patrol.store.schema.tables import (
    from_us,
    statement_logs,
    statement_receipts,
    statements_in,
    statements_out,
)

HEAD: Final = "head"
HEAD_SIGNATURE: Final = "head_signature"

_MOST: Final = 20
_OUT, _IN, _R, _L = statements_out.c, statements_in.c, statement_receipts.c, statement_logs.c


def health(connection: Connection, nodes: Sequence[str]) -> list[LogHealth]:
    """Return how the logs with some counterparts stand, in that order."""
    return [_health(connection, node) for node in nodes]


def faults(connection: Connection, nodes: Collection[str]) -> list[CounterpartFault]:
    """Return what only people can put right with some counterparts: forks, and heads of journals
    that were refused.
    """
    found: list[CounterpartFault] = []
    for node in nodes:
        row = connection.execute(select(statement_logs).where(_L.id == node)).first()
        if row is not None and row.fork:
            found.append(CounterpartFault(node, "fork", from_us(row.forked_us or 0), row.fork))
        epoch = 1 if row is None else row.epoch
        for c, fault, refused in (
            (_IN, _IN.reason, and_(IS_NOT_APPLIED, _IN.state == "refused")),
            (_OUT, _OUT.refusal, IS_REFUSED),
        ):
            head = connection.execute(
                select(c.at_us, fault.label("fault"))
                .where(c.counterpart == node, c.kind == HEAD, c.epoch == epoch, refused)
                .order_by(c.number.desc())
                .limit(1)
            ).first()
            if head is not None:
                found.append(CounterpartFault(node, "head", from_us(head.at_us), head.fault))
    return found


def _health(connection: Connection, node: str) -> LogHealth:
    row = connection.execute(select(statement_logs).where(_L.id == node)).first()
    epoch = 1 if row is None else row.epoch
    of_out = (_OUT.counterpart == node, _OUT.epoch == epoch)
    of_in = (_IN.counterpart == node, _IN.epoch == epoch)
    receipt = connection.execute(
        select(_R.number, _R.at_us)
        .where(_R.counterpart == node, _R.epoch == epoch)
        .order_by(_R.number.desc(), _R.at_us.desc())
        .limit(1)
    ).first()
    sent = _number(connection.execute(select(func.max(_OUT.number)).where(*of_out)).scalar())
    receipted = 0 if receipt is None else receipt.number
    waiting_since = connection.execute(
        select(_OUT.at_us).where(*of_out, _OUT.number == receipted + 1)
    ).scalar()
    held = connection.execute(
        select(_IN.number, _IN.at_us).where(*of_in).order_by(_IN.number.desc()).limit(1)
    ).first()
    head = connection.execute(
        select(_IN.at_us, _IN.body)
        .where(*of_in, _IN.kind == HEAD_SIGNATURE, _IN.state == "applied")
        .order_by(_IN.number.desc())
        .limit(1)
    ).first()
    return LogHealth(
        node=node,
        epoch=epoch,
        their_epoch=0 if row is None else row.their_epoch,
        fork="" if row is None else row.fork,
        forked_at=None if row is None else _at(row.forked_us),
        sent=sent,
        waiting=sent - receipted,
        waiting_since=_at(waiting_since),
        receipted=receipted,
        receipted_at=None if receipt is None else from_us(receipt.at_us),
        held=0 if held is None else held.number,
        held_at=None if held is None else from_us(held.at_us),
        announced=0 if row is None else row.their_end,
        said_at=None if row is None else _at(row.said_us),
        refused_there=tuple(
            StatementRefusal(
                number=each.number,
                kind=each.kind,
                about=each.about,
                at=from_us(each.at_us),
                reason=each.refusal,
            )
            for each in connection.execute(
                select(_OUT.number, _OUT.kind, _OUT.about, _OUT.at_us, _OUT.refusal)
                .where(*of_out, IS_REFUSED)
                .order_by(_OUT.number.desc())
                .limit(_MOST)
            )
        ),
        refused_here=tuple(
            StatementRefusal(
                number=each.number,
                kind=each.kind,
                about="",
                at=from_us(each.at_us),
                reason=each.reason,
            )
            for each in connection.execute(
                select(_IN.number, _IN.kind, _IN.at_us, _IN.reason)
                .where(*of_in, IS_NOT_APPLIED, _IN.state == "refused")
                .order_by(_IN.number.desc())
                .limit(_MOST)
            )
        ),
        unread_there=_count(connection, *of_out, IS_UNREAD),
        unread_here=_count(connection, *of_in, IS_NOT_APPLIED, _IN.state == "not_understood"),
        head_number=0 if head is None else _head_number(head.body),
        head_at=None if head is None else from_us(head.at_us),
    )


def _count(connection: Connection, *conditions: Any) -> int:
    return int(connection.execute(select(func.count()).where(*conditions)).scalar_one())


def _number(found: int | None) -> int:
    return int(found or 0)


def _at(us: int | None) -> datetime | None:
    return None if us is None else from_us(us)


def _head_number(body: bytes) -> int:
    return read_statement(bytes(body)).version
