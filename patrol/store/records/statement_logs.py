"""Statement logs: where the two logs with each counterpart end, their epoch, and their forks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias

from sqlalchemy import Connection, Table, select, update

from patrol.counterparts.statement import FIRST_HASH, LogEnd, LogEnds
from patrol.documents.transaction import Note
from patrol.errors.errors import Conflict
from patrol.store.journal import journal
from patrol.store.schema.tables import statement_logs, statements_in, statements_out, to_us

FORKED: Final = "find fork of statements"
NEW_EPOCH: Final = "begin statements anew"

Log: TypeAlias = Table
"""One of the two tables of statements."""

_L = statement_logs.c


class LogState(NamedTuple):
    """What only people change of the logs with a counterpart.

    Attributes:
        epoch: Of both logs.
        fork: How it was found that they contradict each other; empty while they do not.
    """

    epoch: int = 1
    fork: str = ""


def log_state(connection: Connection, node: str) -> LogState:
    """Return how the logs with a counterpart stand."""
    row = connection.execute(select(_L.epoch, _L.fork).where(_L.id == node)).first()
    return LogState() if row is None else LogState(row.epoch, row.fork)


def log_end(connection: Connection, table: Table, node: str, epoch: int) -> LogEnd:
    """Return where one of the two logs with a counterpart ends."""
    row = connection.execute(
        select(table.c.number, table.c.hash)
        .where(table.c.counterpart == node, table.c.epoch == epoch)
        .order_by(table.c.number.desc())
        .limit(1)
    ).first()
    return LogEnd() if row is None else LogEnd(row.number, bytes(row.hash).hex())


def ends(connection: Connection, node: str, at: datetime) -> LogEnds:
    """Return where the log for a counterpart ends, and how far its own is held."""
    state = log_state(connection, node)
    return LogEnds(
        at=at,
        epoch=state.epoch,
        sent=log_end(connection, statements_out, node, state.epoch),
        held=log_end(connection, statements_in, node, state.epoch),
        fork=state.fork,
    )


def stands(connection: Connection, nodes: Collection[str]) -> dict[str, tuple[LogState, int]]:
    """Return for each counterpart the state of its logs and the number of the last statement for
    it.
    """
    found: dict[str, tuple[LogState, int]] = {}
    for node in nodes:
        state = log_state(connection, node)
        found[node] = state, log_end(connection, statements_out, node, state.epoch).number
    return found


def hash_at(connection: Connection, table: Log, node: str, epoch: int, number: int) -> str | None:
    """Return the hash of a statement, `FIRST_HASH` before the first; None if there is none."""
    if number == 0:
        return FIRST_HASH
    found = connection.execute(
        select(table.c.hash).where(
            table.c.counterpart == node, table.c.epoch == epoch, table.c.number == number
        )
    ).scalar()
    return None if found is None else bytes(found).hex()


def put_fork(
    connection: Connection, node: str, fault: str, at: datetime, *, agency: str, origin: str
) -> tuple[Note, ...]:
    """Note that the logs with a counterpart contradict each other; nothing if that is known."""
    state = log_state(connection, node)
    if state.fork:
        return ()
    _put_log(connection, node, agency, origin, forked_us=to_us(at), fork=fault)
    detail = {"epoch": state.epoch, "fault": fault}
    return (Note(act=FORKED, actor="", agency=agency, subject=f"node:{node}", detail=detail),)


def put_their_ends(
    connection: Connection, node: str, theirs: LogEnds, at: datetime, *, agency: str, origin: str
) -> None:
    """Note what a counterpart said of its log."""
    _put_log(
        connection,
        node,
        agency,
        origin,
        their_epoch=theirs.epoch,
        their_end=theirs.sent.number,
        said_us=to_us(at),
    )


def restart_logs(
    connection: Connection,
    node: str,
    at: datetime,
    *,
    actor: str,
    agency: str,
    origin: str,
    seen: int | None = None,
) -> int:
    """Begin both logs with a counterpart anew, as its people do there; return the epoch.

    A server that runs beside takes that up with its next look.

    Args:
        connection: To the store.
        node: The counterpart.
        at: Now, aware UTC.
        actor: Who does it.
        agency: On whose behalf.
        origin: This node.
        seen: The epoch that whoever does it has seen; None: whatever it is.

    Raises:
        Conflict: If the epoch is another than was seen.
    """
    epoch = log_state(connection, node).epoch + 1
    if seen is not None and seen != epoch - 1:
        raise Conflict(f"the logs with {node} have epoch {epoch - 1} by now, and not {seen}")
    _put_log(connection, node, agency, origin, epoch=epoch, forked_us=None, fork="")
    note = Note(
        act=NEW_EPOCH,
        actor=actor,
        agency=agency,
        subject=f"node:{node}",
        detail={"epoch": epoch},
    )
    journal.append(connection, (note,), at, origin=origin)
    return epoch


def _put_log(connection: Connection, node: str, agency: str, origin: str, **values: Any) -> None:
    changed = connection.execute(update(statement_logs).where(_L.id == node).values(**values))
    if changed.rowcount == 0:
        new = {"epoch": 1, "fork": "", "their_epoch": 0, "their_end": 0} | values
        connection.execute(
            statement_logs.insert().values(id=node, agency=agency, origin=origin, **new)
        )
