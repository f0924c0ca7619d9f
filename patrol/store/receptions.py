"""What radios sent: the last messages of one, and what the picture needs at the start."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, func, select

from patrol.records import Record
from patrol.store.rows import record_from, transmission_of
from patrol.store.tables import also_heard, from_us, to_us, transmissions
from radio_gateway.transmission import Transmission

_T = transmissions.c


def addresses(connection: Connection) -> list[str]:
    """Return every radio address that was ever heard; hops from one to the next in the index."""
    found: list[str] = []
    last = ""
    while True:
        following = connection.execute(
            select(func.min(_T.address)).where(_T.address > last)
        ).scalar_one()
        if following is None:
            return found
        found.append(following)
        last = following


def newest(
    connection: Connection, address: str, count: int, *, before: datetime | None = None
) -> list[Record]:
    """Return the newest `count` records of `address` whose position belongs on a map, oldest first.

    Args:
        connection: To the store.
        address: Radio address.
        count: Most records.
        before: Only records with an earlier time, aware UTC.
    """
    query = select(transmissions).where(_T.address == address, _T.usable == 1)
    if before is not None:
        query = query.where(_T.time_us < to_us(before))
    rows = connection.execute(query.order_by(_T.time_us.desc(), _T.gid.desc()).limit(count)).all()
    return [record_from(row) for row in reversed(rows)]


def latest(connection: Connection, address: str, agency: str, limit: int) -> list[Transmission]:
    """Return the newest `limit` messages of `address`, newest first, whatever they said."""
    rows = connection.execute(
        select(transmissions)
        .where(_T.address == address, _T.agency == agency)
        .order_by(_T.time_us.desc(), _T.id.desc())
        .limit(limit)
    ).all()
    return [transmission_of(row) for row in rows]


def span_of(connection: Connection, address: str) -> tuple[int, datetime, datetime] | None:
    """Return how many messages of `address` are stored, and the first and last time heard."""
    count, first, last = connection.execute(
        select(func.count(), func.min(_T.heard_us), func.max(_T.heard_us)).where(
            _T.address == address
        )
    ).one()
    return None if count == 0 else (count, from_us(first), from_us(last))


def first_time(connection: Connection, address: str) -> datetime | None:
    """Return the effective time of the oldest message of `address`; None if there is none."""
    first = connection.execute(
        select(func.min(_T.time_us)).where(_T.address == address)
    ).scalar_one()
    return None if first is None else from_us(first)


def channels_of(connection: Connection, address: str) -> list[str]:
    """Return the channels that heard `address`, in order of name."""
    heard = select(_T.channel).where(_T.address == address)
    also = (
        select(also_heard.c.channel)
        .join(transmissions, _T.gid == also_heard.c.gid)
        .where(_T.address == address)
    )
    return sorted({row[0] for row in connection.execute(heard.union(also))})


def recent_keys(
    connection: Connection, since: datetime, limit: int
) -> list[tuple[str, str, bytes, datetime]]:
    """Return address, duplicate key, global id and heard time of what was heard since `since`."""
    rows = connection.execute(
        select(_T.address, _T.duplicate_key, _T.gid, _T.heard_us)
        .where(_T.duplicate_key.is_not(None))
        .order_by(_T.id.desc())
        .limit(limit)
    ).all()
    floor = to_us(since)
    return [(row[0], row[1], row[2], from_us(row[3])) for row in rows if row[3] >= floor]
