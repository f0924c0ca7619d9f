"""End comparison: what a counterpart says of both logs, held against what the store has."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec
from sqlalchemy import Connection

from patrol.counterparts.statement import LogEnds, read_statement
from patrol.exchange.catch_up import CatchUp, compare
from patrol.store.records import statement_logs, statements
from patrol.store.schema.tables import statements_out


class ComparedEnds(NamedTuple):
    """What came of it.

    Attributes:
        ours: Where both logs end here.
        found: Whether they agree, and what is to be sent again.
    """

    ours: LogEnds
    found: CatchUp


def compare_ends(
    connection: Connection,
    node: str,
    theirs: LogEnds,
    at: datetime,
    *,
    slack: timedelta = timedelta(),
) -> ComparedEnds:
    """Compare what a counterpart says of both logs with one state of the store.

    Args:
        connection: To the store.
        node: The counterpart.
        theirs: What it says.
        at: Now, aware UTC.
        slack: See `compare`.
    """
    ours = statement_logs.ends(connection, node, at)
    number = theirs.held.number
    own_hash = statement_logs.hash_at(connection, statements_out, node, ours.epoch, number)
    held = statements.last_held(connection, node, ours.epoch)
    found = compare(
        ours,
        theirs,
        held_made_at=None if held is None else _made_at(held.raw),
        sent_hash={number: own_hash}.get,
        slack=slack,
    )
    return ComparedEnds(ours, found)


def _made_at(raw: bytes) -> datetime | None:
    try:
        made_at = read_statement(raw).made_at
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return None
    return made_at if made_at.tzinfo is not None else None
