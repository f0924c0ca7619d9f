"""Lease: the row that says which process is the node's Watch; every commit of a Watch checks it.

The holder renews the lease. A waiting process takes it when it has not been renewed for one lease
time, measured by the waiting process's monotonic clock; so a wrong wall clock can neither give it
to two processes, nor leave it with a dead one, nor take it from a live one. Taking it raises its
epoch. A Watch names its epoch in each transaction that writes (a fencing token): a process that
lost the lease, even one that was suspended and goes on an hour later, is refused by the database.

One transaction writes at a time, on SQLite and on PostgreSQL as we use it (`postgres.py`), so
looking is enough: nobody takes the lease between the look and the commit.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, bindparam, select, update

from patrol.errors.errors import LeaseLost
from patrol.store.schema.tables import from_us, leases, to_us

# Made once: it is asked in each commit.
_STANDS: Final = select(leases.c.epoch).where(leases.c.id == bindparam("node"))


class Lease(msgspec.Struct, frozen=True, kw_only=True):
    """Who is the Watch of a node.

    Attributes:
        epoch: Raised each time somebody takes it; the first is 1.
        holder: What the holder calls itself, for people.
        renewals: How often it was renewed under this epoch.
        is_held: Whether it is; False once it was given back.
        renewed_at: When it was last renewed by its holder's clock, aware UTC; for people alone.
    """

    epoch: int
    holder: str
    renewals: int
    is_held: bool
    renewed_at: datetime


def read(connection: Connection, node: str) -> Lease | None:
    """Return the lease of `node`; None before there was one."""
    row = connection.execute(select(leases).where(leases.c.id == node)).first()
    if row is None:
        return None
    return Lease(
        epoch=row.epoch,
        holder=row.holder,
        renewals=row.renewals,
        is_held=bool(row.held),
        renewed_at=from_us(row.renewed_us),
    )


def read_and_write(connection: Connection, node: str) -> Lease | None:
    """Return the lease after a write that changes nothing, to show that the database accepts
    writes.

    Args:
        connection: In a transaction that writes.
        node: The node's id.
    """
    connection.execute(update(leases).where(leases.c.id == node).values(id=leases.c.id))
    return read(connection, node)


def take(
    connection: Connection,
    node: str,
    holder: str,
    *,
    previous: Lease | None,
    at: datetime,
    agency: str,
) -> int | None:
    """Take the lease of `node` if it still stands as it was seen.

    Args:
        connection: In a transaction that writes.
        node: The node's id.
        holder: What the process calls itself, for people.
        previous: As `read` returned it.
        at: The present, aware UTC.
        agency: Owner of what is the node's own.

    Returns:
        The epoch that now has to be named; None if it moved since.
    """
    if previous is None:
        if read(connection, node) is not None:
            return None
        connection.execute(
            leases.insert().values(
                id=node,
                epoch=1,
                holder=holder,
                renewals=0,
                held=1,
                renewed_us=to_us(at),
                agency=agency,
                origin=node,
            )
        )
        return 1
    taken = connection.execute(
        update(leases)
        .where(
            leases.c.id == node,
            leases.c.epoch == previous.epoch,
            leases.c.renewals == previous.renewals,
            leases.c.held == int(previous.is_held),
        )
        .values(epoch=previous.epoch + 1, holder=holder, renewals=0, held=1, renewed_us=to_us(at))
    )
    return previous.epoch + 1 if taken.rowcount == 1 else None


def renew(
    connection: Connection, node: str, epoch: int, *, at: datetime, is_held: bool = True
) -> None:
    """Renew the lease; or release it, so that a waiting process takes it at once.

    Raises:
        LeaseLost: If somebody else took it.
    """
    renewed = connection.execute(
        update(leases)
        .where(leases.c.id == node, leases.c.epoch == epoch)
        .values(renewals=leases.c.renewals + 1, held=int(is_held), renewed_us=to_us(at))
    )
    if renewed.rowcount != 1:
        raise _lease_lost(connection, node, epoch)


def check(connection: Connection, node: str, epoch: int) -> None:
    """Check, for the rest of this transaction, that `epoch` is the current one.

    Raises:
        LeaseLost: If somebody else took the lease.
    """
    stands = connection.execute(_STANDS, {"node": node}).scalar()
    if stands != epoch:
        raise _lease_lost(connection, node, epoch)


def _lease_lost(connection: Connection, node: str, epoch: int) -> LeaseLost:
    now = read(connection, node)
    return LeaseLost(epoch, None if now is None else now.epoch, "" if now is None else now.holder)
