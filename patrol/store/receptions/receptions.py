"""Messages in the store: the last ones of a radio, and summaries of radios."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple, Protocol

from sqlalchemy import (
    ColumnElement,
    Connection,
    Table,
    func,
    select,
    text,
    union,
)

from patrol.reception.receptions import ReceivedMessage, Reception, received_message
from patrol.store.journal import reception_digests
from patrol.store.receptions import insert as bulk
from patrol.store.schema.rows import (
    TRANSMISSION_COLUMNS,
    Row,
    readable,
    transmission_of,
)
from patrol.store.schema.tables import also_heard, from_us, to_us, transmissions
from radio_gateway.messages.transmission import Signal
from radio_gateway.parsing.msgspec_decoders import json_decoder

_T = transmissions.c
_AT_ONCE: Final = 500  # values of one IN

COUNTED: Final = 1_000
"""Most messages of a radio that are counted for a list."""

_LAST: Final = 20  # messages of a radio whose channels are told in a list


class Conditions(Protocol):
    """Decides which records may be read: `patrol.sharing.view_policy.ViewPolicy`."""

    def condition(self, table: Table, *, known: bool) -> ColumnElement[Any]:
        """Return the condition on `table`, which has a column `agency`."""


def recent_addresses(connection: Connection, limit: int) -> list[str]:
    """Return the `limit` addresses that were heard last, newest first.

    Hops from one address to the next in the index, whatever the number of messages.
    """
    hop = select(func.min(_T.address).label("address")).cte("hop", recursive=True)
    following = select(func.min(_T.address)).where(_T.address > hop.c.address).scalar_subquery()
    hop = hop.union_all(select(following).where(hop.c.address.is_not(None)))
    newest_us = select(func.max(_T.time_us)).where(_T.address == hop.c.address).scalar_subquery()
    found = connection.execute(
        select(hop.c.address)
        .where(hop.c.address.is_not(None))
        .order_by(newest_us.desc())
        .limit(limit)
    )
    return list(found.scalars())


def latest(
    connection: Connection, address: str, policy: Conditions, known: bool, limit: int
) -> list[ReceivedMessage]:
    """Return the newest messages of a radio, newest first, with all who heard each.

    Args:
        connection: To the store.
        address: Radio address.
        policy: Decides which may pass.
        known: The address stands for a unit, at one time or another.
        limit: Most messages.
    """
    rows = connection.execute(
        select(transmissions)
        .where(_T.address == address, policy.condition(transmissions, known=known))
        .order_by(_T.time_us.desc(), _T.id.desc())
        .limit(limit)
    ).all()
    also = _also_heard(connection, [row.gid for row in rows])
    return list(
        readable(rows, lambda row: received_message(transmission_of(row), also.get(row.gid, ())))
    )


def is_stored(connection: Connection, gid: bytes) -> bool:
    """Return whether there is a message with this global id."""
    found = connection.execute(select(_T.gid).where(_T.gid == gid).limit(1)).first()
    return found is not None


def _also_heard(connection: Connection, gids: Sequence[bytes]) -> dict[bytes, list[Reception]]:
    """Return the further receptions of some messages, by global id."""
    found: dict[bytes, list[Reception]] = {}
    also = also_heard.c
    for start in range(0, len(gids), _AT_ONCE):
        for row in connection.execute(
            select(also_heard).where(also.gid.in_(gids[start : start + _AT_ONCE]))
        ):
            found.setdefault(row.gid, []).append(
                Reception(
                    reception_id=row.reception_id,
                    channel=row.channel,
                    heard_at=from_us(row.heard_us),
                    rssi_dbm=row.rssi_dbm,
                    snr_db=row.snr_db,
                )
            )
    return found


class Summary(NamedTuple):
    """What is stored of one radio.

    Attributes:
        messages: How many, at most `COUNTED`.
        first_heard_at: When the oldest, by its effective time, was heard; aware UTC.
        last_heard_at: The same of the newest.
        channels: Channels that heard its last messages, in order of name.
    """

    messages: int
    first_heard_at: datetime
    last_heard_at: datetime
    channels: tuple[str, ...]


def summaries(connection: Connection, addresses: Sequence[str], agency: str) -> dict[str, Summary]:
    """Return what is stored of some radios for an agency, by address; nothing of one without.

    A few statements, whose work is bounded for each radio, however many messages it has sent.

    Args:
        connection: To the store.
        addresses: Radio addresses.
        agency: Owner of the messages.
    """
    found: dict[str, Summary] = {}
    for start in range(0, len(addresses), _AT_ONCE):
        some = addresses[start : start + _AT_ONCE]
        parameters = {f"a{number}": address for number, address in enumerate(some)}
        names = ", ".join(f"(CAST(:{name} AS TEXT))" for name in parameters)
        channels: dict[str, list[str]] = {}
        for address, channel in connection.execute(
            text(f"WITH asked(address) AS (VALUES {names}) {_CHANNELS}"),
            parameters | {"agency": agency},
        ):
            channels.setdefault(address, []).append(channel)
        rows = connection.execute(
            text(f"WITH asked(address) AS (VALUES {names}) {_SPANS}"),
            parameters | {"agency": agency},
        )
        for address, count, first_us, last_us in rows:
            if count:
                found[address] = Summary(
                    count, from_us(first_us), from_us(last_us), tuple(sorted(channels[address]))
                )
    return found


_OF: Final = "FROM transmissions AS t WHERE t.address = asked.address AND t.agency = :agency"
_SPANS: Final = f"""
SELECT asked.address,
    (SELECT count(*) FROM (SELECT 1 {_OF} LIMIT {COUNTED}) AS counted),
    (SELECT t.heard_us {_OF} ORDER BY t.time_us LIMIT 1),
    (SELECT t.heard_us {_OF} ORDER BY t.time_us DESC LIMIT 1)
FROM asked"""  # noqa: S608 - no values
# From the time of the last of them on: PostgreSQL makes no join of a list that depends on a row,
# and would look through all messages for each radio.
_CHANNELS: Final = f""", edge AS (
    SELECT asked.address AS address, COALESCE((SELECT t.time_us {_OF}
        ORDER BY t.time_us DESC LIMIT 1 OFFSET {_LAST - 1}), -9223372036854775807) AS since
    FROM asked)
SELECT edge.address, t.channel FROM edge JOIN transmissions AS t
    ON t.address = edge.address AND t.time_us >= edge.since AND t.agency = :agency
UNION
SELECT edge.address, also.channel FROM edge JOIN transmissions AS t
    ON t.address = edge.address AND t.time_us >= edge.since AND t.agency = :agency
    JOIN also_heard AS also ON also.gid = t.gid"""  # noqa: S608


def newest_of(
    connection: Connection, address: str, agency: str, *, since: datetime | None = None
) -> datetime | None:
    """Return the effective time of the newest message of `address` that is an agency's.

    Args:
        connection: To the store.
        address: Radio address.
        agency: Owner of the message: who heard it, or whose unit the address stood for.
        since: None that is older, aware UTC; None: however old.
    """
    conditions = [_T.address == address, _T.agency == agency]
    if since is not None:
        conditions.append(_T.time_us >= to_us(since))
    newest = select(_T.time_us).where(*conditions).order_by(_T.time_us.desc()).limit(1)
    found = connection.execute(newest).scalar()
    return None if found is None else from_us(found)


def first_time(connection: Connection, address: str) -> datetime | None:
    """Return the effective time of the oldest message of `address`; None if there is none."""
    first = connection.execute(
        select(func.min(_T.time_us)).where(_T.address == address)
    ).scalar_one()
    return None if first is None else from_us(first)


def last_time(connection: Connection, address: str) -> datetime | None:
    """Return the effective time of the newest message of `address`; None if there is none."""
    last = connection.execute(select(func.max(_T.time_us)).where(_T.address == address)).scalar()
    return None if last is None else from_us(last)


def channels_of(connection: Connection, address: str, messages: int = 100) -> list[str]:
    """Return the channels that heard the last `messages` of `address`, in order of name."""
    recent = (
        select(_T.gid, _T.channel)
        .where(_T.address == address)
        .order_by(_T.time_us.desc())
        .limit(messages)
        .cte("lately")
    )
    also = select(also_heard.c.channel).join(recent, recent.c.gid == also_heard.c.gid)
    all_channels = union(select(recent.c.channel), also)
    return sorted(connection.execute(all_channels).scalars())


def put_first(connection: Connection, row: Row) -> None:
    """Replace a stored message by an earlier reception of it.

    Args:
        connection: To the store, in a transaction.
        row: The reception, in the order of `TRANSMISSION_COLUMNS`, under the message's global id.
            The one that stood for the message until now is kept among those that heard it too.
    """
    new = dict(zip(TRANSMISSION_COLUMNS, row, strict=True))
    old = connection.execute(select(transmissions).where(_T.gid == new["gid"])).first()
    if old is None:
        bulk.put_transmissions(connection, [row])
        return
    if (old.heard_us, old.reception_id) <= (new["heard_us"], new["reception_id"]):
        return
    signal = None if old.signal is None else json_decoder(Signal).decode(old.signal)
    known = select(also_heard.c.id).where(also_heard.c.reception_id == old.reception_id)
    if connection.execute(known).first() is None:
        connection.execute(
            also_heard.insert().values(
                reception_id=old.reception_id,
                gid=old.gid,
                channel=old.channel,
                heard_us=old.heard_us,
                rssi_dbm=None if signal is None else signal.rssi_dbm,
                snr_db=None if signal is None else signal.snr_db,
                agency=old.agency,
                origin=old.origin,
            )
        )
    reception_digests.before_replacing(connection, old.id)
    connection.execute(transmissions.update().where(_T.gid == new["gid"]).values(**new))
