"""The spool's rows: what is written for a transmission, and what is read of it again.

Every function is for the spool's thread, and raises what SQLite raises.
"""

from __future__ import annotations

import sqlite3
from datetime import datetime, timedelta
from typing import NamedTuple, TypeAlias

from radio_gateway.messages.transmission import Transmission
from radio_gateway.uplink.spool.sqlite_file import DISTRESS, ROUTINE, WORDS
from radio_gateway.uplink.wire.envelope import EnvelopeItem, item_bytes, writable

REFUSED_KEPT = 1000
URGENT_AT_ONCE = 1000  # more wait their turn in the backlog


class SpoolRow(NamedTuple):
    """Where one transmission went.

    Attributes:
        number: Its number.
        rank: `DISTRESS`, `WORDS` for people, or `ROUTINE`.
        address: Whose newest place it may be; None when it is no position to be shown.
        time_ms: The time that decides which is newest.
        heard_ms: When it was heard, by this machine's clock.
    """

    number: int
    rank: int
    address: str | None
    time_ms: int
    heard_ms: int


Row: TypeAlias = tuple[int, str | None, int, int, int, str, bytes]


def insert(database: sqlite3.Connection, rows: list[Row]) -> list[SpoolRow]:
    """Write rows in one transaction; return where each went."""
    put = []
    with database:
        for row in rows:
            cursor = database.execute(
                "INSERT INTO waiting (rank, address, time_ms, heard_ms, kept_s, channel, said) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            assert cursor.lastrowid is not None
            put.append(SpoolRow(cursor.lastrowid, *row[:4]))
    return put


def forget(database: sqlite3.Connection, numbers: list[int], refused: set[int]) -> tuple[int, int]:
    """Delete rows, keeping those aside that were refused; return how many went and their bytes."""
    removed = freed = 0
    with database:
        for number in numbers:
            row = database.execute(
                "DELETE FROM waiting WHERE number = ? RETURNING said", (number,)
            ).fetchone()
            if row is None:
                continue
            removed += 1
            freed += len(row[0])
            if number in refused:
                database.execute("INSERT OR IGNORE INTO refused VALUES (?, ?)", (number, *row))
        if refused:
            database.execute(
                "DELETE FROM refused WHERE number <= "
                "(SELECT number FROM refused ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (REFUSED_KEPT,),
            )
    return removed, freed


def newest(database: sqlite3.Connection) -> list[SpoolRow]:
    """Return what is urgent, oldest first, and the newest place of each radio."""
    out = []
    for rank in (DISTRESS, WORDS):
        rows = database.execute(
            "SELECT number, rank, address, time_ms, heard_ms FROM waiting WHERE rank = ? "
            "ORDER BY number LIMIT ?",
            (rank, URGENT_AT_ONCE),
        )
        out += [SpoolRow(*row) for row in rows]
    address = ""
    while True:  # from address to address, not over every report of each
        row = database.execute(
            "SELECT address FROM waiting WHERE address > ? ORDER BY address LIMIT 1", (address,)
        ).fetchone()
        if row is None:
            return out
        (address,) = row
        row = database.execute(
            "SELECT number, rank, address, time_ms, heard_ms FROM waiting WHERE address = ? "
            "ORDER BY time_ms DESC LIMIT 1",
            (address,),
        ).fetchone()
        if row[1] == ROUTINE:
            out.append(SpoolRow(*row))


def items(database: sqlite3.Connection, numbers: list[int]) -> list[EnvelopeItem]:
    """Return what waits under `numbers`."""
    found = []
    for number in numbers:
        row = database.execute("SELECT said FROM waiting WHERE number = ?", (number,)).fetchone()
        if row is not None:
            found.append(EnvelopeItem(number, row[0]))
    return found


def after(database: sqlite3.Connection, number: int, limit: int) -> list[EnvelopeItem]:
    """Return the `limit` oldest above `number`."""
    rows = database.execute(
        "SELECT number, said FROM waiting WHERE number > ? ORDER BY number LIMIT ?",
        (number, limit),
    )
    return [EnvelopeItem(*row) for row in rows]


def row(transmission: Transmission, kept_s: int) -> Row:
    """Return the row of a transmission; `kept_s` is how long the spool has been in use."""
    rank = (
        DISTRESS
        if transmission.distress
        else WORDS
        if transmission.text and transmission.kind == "text"
        else ROUTINE
    )
    has_fix = transmission.position is not None and transmission.fix is not False
    time = transmission.device_time
    # a clock ahead would keep its report newest for ever; a time without offset is no moment
    if time is None or time.tzinfo is None or time - transmission.heard_at > timedelta(minutes=2):
        time = transmission.heard_at
    return (
        rank,
        writable(transmission.address) if has_fix else None,
        _ms(time),
        _ms(transmission.heard_at),
        kept_s,
        transmission.channel,
        item_bytes(transmission),
    )


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)
