"""Spool: what a gateway heard and its node has not yet said to have stored, on disk.

A SQLite file in WAL mode, `synchronous=FULL`: what `put` returns from survives a power cut.
Everything runs on one thread of its own, in the order asked for. Numbers count up and are never
given twice, also after what they stood for is gone.

When the spool grows beyond its limits, or the disk is full, the oldest routine reports go, then
the oldest words for people; distress calls never. Making room on a full disk takes room itself: a
reserve file beside the spool gives it.

Age is the time that the spool was in use since, not a difference of two clock times: a border post
computer starts with a clock of years ago, and setting it right must not make everything old.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Concatenate, NamedTuple, ParamSpec, Self, TypeVar

import structlog

from radio_gateway.errors import fault_of
from radio_gateway.transmission import Transmission
from radio_gateway.uplink.envelope import Item, item_bytes, writable
from radio_gateway.uplink.spool_file import (
    DISTRESS,
    ROUTINE,
    WORDS,
    SpoolError,
    damaged_beside,
    is_damage,
    is_full,
    open_file,
)

REFUSED_KEPT = 1000
URGENT_AT_ONCE = 1000  # more wait their turn in the backlog
RESERVE_BYTES = 2 << 20
FREED_BYTES = 256 * 1024  # at least, when the disk is full: single rows free no whole pages
_FREED_PART = 100  # a spool at its limit makes room for a hundredth of it at a time
_OLD_AT_ONCE = 20_000
_GOING_AT_ONCE = 100
_MANY_PAGES = 1 << 31
_log = structlog.get_logger(__name__)
_P = ParamSpec("_P")
_R = TypeVar("_R")


class SpoolState(NamedTuple):
    """How full the spool is.

    Attributes:
        waiting: Transmissions that wait for a receipt.
        waiting_bytes: Their size.
        oldest_heard_at: When the oldest was heard, aware UTC; None when nothing waits.
        dropped: Dropped for want of room or for age since the start, by channel.
        refused: Kept aside because the node could not read them.
        damaged: Damaged files that lie beside it, for the technician to take away.
    """

    waiting: int
    waiting_bytes: int
    oldest_heard_at: datetime | None
    dropped: dict[str, int]
    refused: int
    damaged: int


class Put(NamedTuple):
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


class Spool:
    """An open spool; use `open_spool`.

    Attributes:
        id: Identity of the file: another one when it was made anew.
        path: The file.
    """

    def __init__(
        self,
        thread: ThreadPoolExecutor,
        path: Path,
        *,
        max_bytes: int,
        max_age: timedelta,
        steady_s: Callable[[], float],
    ) -> None:
        self._thread, self.path = thread, path
        self._max_bytes, self._max_age_s = max_bytes, int(max_age.total_seconds())
        self._steady_s = steady_s
        self._dropped: Counter[str] = Counter()
        self._reserve = path.with_name(f"{path.name}.reserve")
        self._open()

    def _open(self) -> None:
        """Open the file; on the spool's thread, for it reads all of it."""
        database = self._database = open_file(self.path)
        (self.id,) = database.execute("SELECT value FROM about WHERE name = 'id'").fetchone()
        self._count, self._bytes = database.execute(
            "SELECT count(*), coalesce(sum(length(said)), 0) FROM waiting"
        ).fetchone()
        ran_s, last_s = database.execute(
            "SELECT (SELECT value FROM about WHERE name = 'ran_s'), coalesce("
            "(SELECT kept_s FROM waiting ORDER BY number DESC LIMIT 1), 0)"
        ).fetchone()
        self._began_s = self._steady_s() - max(ran_s, last_s)
        self._damaged = len(damaged_beside(self.path))
        self._keep_reserve()

    async def __aenter__(self) -> Self:
        """Return the spool."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close it."""
        with suppress(SpoolError):  # a full disk: the age of what waits is then counted shorter
            await self._run(self._note_age)
        await self._run(lambda database: database.close())
        self._thread.shutdown()

    async def put(self, transmissions: Sequence[Transmission]) -> list[Put]:
        """Keep what was heard; on disk when this returns.

        Raises:
            SpoolError: If the disk does not take it, even after routine reports made room;
                nothing of it is kept then.
        """
        return await self._run(self._put, transmissions)

    async def newest(self) -> list[Put]:
        """Return, for each address, its newest position that waits, and everything urgent."""
        return await self._run(_newest)

    async def items(self, numbers: Iterable[int]) -> list[Item]:
        """Return what waits under `numbers`; what no longer waits is left out."""
        return await self._run(_items, list(numbers))

    async def after(self, number: int, limit: int) -> list[Item]:
        """Return the `limit` oldest that wait with a number above `number`, in order."""
        return await self._run(_after, number, limit)

    async def remove(self, numbers: Iterable[int], *, refused: Iterable[int] = ()) -> None:
        """Forget what the node has stored; keep aside what it could not read.

        Raises:
            SpoolError: If the disk does not take it; it then waits as before.
        """
        await self._run(self._remove, list(numbers), set(refused))

    async def drop_old(self) -> None:
        """Drop routine reports that have waited too long; to be called now and then."""
        await self._run(self._drop_old)

    async def state(self) -> SpoolState:
        """Return how full it is."""
        return await self._run(self._state)

    async def _run(
        self,
        work: Callable[Concatenate[sqlite3.Connection, _P], _R],
        *args: _P.args,
        **keywords: _P.kwargs,
    ) -> _R:
        loop = asyncio.get_running_loop()

        def here() -> _R:
            try:
                try:
                    return work(self._database, *args, **keywords)
                except sqlite3.DatabaseError as error:
                    if not is_damage(error):
                        raise
                    self._database.close()
                    self._open()  # saves what can be read
                    return work(self._database, *args, **keywords)
            except sqlite3.Error as error:
                raise SpoolError(self.path, str(error)) from error
            except OSError as error:
                raise SpoolError(self.path, fault_of(error)) from error

        return await loop.run_in_executor(self._thread, here)

    def _ran_s(self) -> int:
        """Return how long the spool has been in use, over all its openings."""
        return int(self._steady_s() - self._began_s)

    def _put(
        self, database: sqlite3.Connection, transmissions: Sequence[Transmission]
    ) -> list[Put]:
        kept_s = self._ran_s()
        rows = [_row(said, kept_s) for said in transmissions]
        new_bytes = sum(len(row[-1]) for row in rows)
        for attempt in (1, 2, 3):
            try:
                put = _insert(database, rows)
                break
            except sqlite3.OperationalError as error:
                if not is_full(error) or attempt == 3:
                    raise
                if self._keep_reserve():
                    continue  # the disk has room again
                self._stop_growing(database)
                if not self._make_room(database, max(new_bytes, FREED_BYTES)):
                    raise
        self._count += len(rows)
        self._bytes += new_bytes
        excess = self._bytes - self._max_bytes
        if excess > 0:
            self._make_room(database, max(excess, self._max_bytes // _FREED_PART))
        return put

    def _make_room(self, database: sqlite3.Connection, size: int) -> bool:
        """Drop the oldest routine reports until `size` bytes are free; return whether any went."""
        going: list[tuple[int, int]] = []
        dropped: Counter[str] = Counter()
        freed = 0
        for rank in (ROUTINE, WORDS):
            # in the order of the table or an index: a full disk has no room to sort on
            for number, channel, length in database.execute(
                "SELECT number, channel, length(said) FROM waiting WHERE rank = ? ORDER BY number",
                (rank,),
            ):
                if freed >= size:
                    break
                going.append((number, length))
                freed += length
                dropped[channel] += 1
        if not going:
            return False
        self._delete(database, going)
        self._dropped += dropped
        _log.warning("spool_full", dropped=len(going), path=str(self.path))
        return True

    def _stop_growing(self, database: sqlite3.Connection) -> None:
        """On a full disk: the file keeps its size from now on, and freed pages take new rows.

        The room that the reserve gave is then left for the log, without which nothing can be
        freed.
        """
        with suppress(OSError):  # a disk that takes nothing: the next attempt tells
            self._reserve.unlink(missing_ok=True)
        with suppress(sqlite3.OperationalError):
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            (pages,) = database.execute("PRAGMA page_count").fetchone()
            database.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    def _keep_reserve(self) -> bool:
        """Have the reserve, if the disk has room for it and more; the file may then grow again.

        Returns:
            Whether it was missing and is there again.
        """
        path = self._reserve
        try:
            if path.exists() and path.stat().st_size == RESERVE_BYTES:
                return False
            if shutil.disk_usage(path.parent).free <= 2 * RESERVE_BYTES:
                return False
            path.write_bytes(bytes(RESERVE_BYTES))
        except OSError as error:
            _log.warning("no_reserve", path=str(path), fault=str(error))
            return False
        self._database.execute(f"PRAGMA max_page_count = {_MANY_PAGES}").fetchall()
        return True

    def _drop_old(self, database: sqlite3.Connection) -> None:
        self._keep_reserve()
        self._damaged = len(damaged_beside(self.path))
        self._note_age(database)
        before_s = self._ran_s() - self._max_age_s
        going: list[tuple[int, int]] = []
        dropped: Counter[str] = Counter()
        # numbers and ages run the same way: no need to look at more than what is too old
        for number, rank, kept_s, channel, length in database.execute(
            "SELECT number, rank, kept_s, channel, length(said) FROM waiting ORDER BY number"
        ):
            if kept_s >= before_s or len(going) >= _OLD_AT_ONCE:
                break
            if rank < DISTRESS:
                going.append((number, length))
                dropped[channel] += 1
        if going:
            self._delete(database, going)
            self._dropped += dropped
            _log.warning("spool_too_old", dropped=len(going), path=str(self.path))

    def _note_age(self, database: sqlite3.Connection) -> None:
        with database:
            database.execute("UPDATE about SET value = ? WHERE name = 'ran_s'", (self._ran_s(),))

    def _remove(self, database: sqlite3.Connection, numbers: list[int], refused: set[int]) -> None:
        try:
            self._forget(database, numbers, refused)
        except sqlite3.OperationalError as error:
            if not is_full(error):
                raise
            # also what frees room takes some first: little by little, through a short log
            if not self._keep_reserve():
                self._stop_growing(database)
            for at in range(0, len(numbers), _GOING_AT_ONCE):
                self._forget(database, numbers[at : at + _GOING_AT_ONCE], refused)

    def _forget(self, database: sqlite3.Connection, numbers: list[int], refused: set[int]) -> None:
        gone, freed = _forget(database, numbers, refused)
        self._count -= gone
        self._bytes -= freed

    def _delete(self, database: sqlite3.Connection, going: list[tuple[int, int]]) -> None:
        """Delete rows, given as number and bytes, little by little: a full disk has a short log."""
        for at in range(0, len(going), _GOING_AT_ONCE):
            some = going[at : at + _GOING_AT_ONCE]
            with database:
                database.executemany(
                    "DELETE FROM waiting WHERE number = ?", [(n,) for n, _ in some]
                )
            self._count -= len(some)
            self._bytes -= sum(size for _, size in some)

    def _state(self, database: sqlite3.Connection) -> SpoolState:
        row = database.execute("SELECT heard_ms FROM waiting ORDER BY number LIMIT 1").fetchone()
        (refused,) = database.execute("SELECT count(*) FROM refused").fetchone()
        return SpoolState(
            waiting=self._count,
            waiting_bytes=self._bytes,
            oldest_heard_at=None if row is None else datetime.fromtimestamp(row[0] / 1000, UTC),
            dropped=dict(self._dropped),
            refused=refused,
            damaged=self._damaged,
        )


async def open_spool(
    path: Path,
    *,
    max_bytes: int = 500_000_000,
    max_age: timedelta = timedelta(days=90),
    steady_s: Callable[[], float] = time.monotonic,
) -> Spool:
    """Open a spool, making it if need be.

    A file that is damaged is set aside under another name, and what can be read of it goes into a
    new one.

    Args:
        path: The file.
        max_bytes: Beyond this, the oldest routine reports go.
        max_age: After so long in use, routine reports go.
        steady_s: A clock that nobody sets, seconds.

    Raises:
        SpoolError: If it cannot be opened or made, or another process has it open.
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
    loop = asyncio.get_running_loop()

    def here() -> Spool:
        return Spool(thread, path, max_bytes=max_bytes, max_age=max_age, steady_s=steady_s)

    try:
        return await loop.run_in_executor(thread, here)
    except BaseException:
        thread.shutdown()
        raise


_Row = tuple[int, str | None, int, int, int, str, bytes]


def _insert(database: sqlite3.Connection, rows: list[_Row]) -> list[Put]:
    put = []
    with database:
        for row in rows:
            cursor = database.execute(
                "INSERT INTO waiting (rank, address, time_ms, heard_ms, kept_s, channel, said) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                row,
            )
            assert cursor.lastrowid is not None
            put.append(Put(cursor.lastrowid, *row[:4]))
    return put


def _forget(database: sqlite3.Connection, numbers: list[int], refused: set[int]) -> tuple[int, int]:
    """Delete rows, keeping those aside that were refused; return how many went and their bytes."""
    gone = freed = 0
    with database:
        for number in numbers:
            row = database.execute(
                "DELETE FROM waiting WHERE number = ? RETURNING said", (number,)
            ).fetchone()
            if row is None:
                continue
            gone += 1
            freed += len(row[0])
            if number in refused:
                database.execute("INSERT OR IGNORE INTO refused VALUES (?, ?)", (number, *row))
        if refused:
            database.execute(
                "DELETE FROM refused WHERE number <= "
                "(SELECT number FROM refused ORDER BY number DESC LIMIT 1 OFFSET ?)",
                (REFUSED_KEPT,),
            )
    return gone, freed


def _newest(database: sqlite3.Connection) -> list[Put]:
    out = []
    for rank in (DISTRESS, WORDS):
        rows = database.execute(
            "SELECT number, rank, address, time_ms, heard_ms FROM waiting WHERE rank = ? "
            "ORDER BY number LIMIT ?",
            (rank, URGENT_AT_ONCE),
        )
        out += [Put(*row) for row in rows]
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
            out.append(Put(*row))


def _items(database: sqlite3.Connection, numbers: list[int]) -> list[Item]:
    found = []
    for number in numbers:
        row = database.execute("SELECT said FROM waiting WHERE number = ?", (number,)).fetchone()
        if row is not None:
            found.append(Item(number, row[0]))
    return found


def _after(database: sqlite3.Connection, number: int, limit: int) -> list[Item]:
    rows = database.execute(
        "SELECT number, said FROM waiting WHERE number > ? ORDER BY number LIMIT ?",
        (number, limit),
    )
    return [Item(*row) for row in rows]


def _row(said: Transmission, kept_s: int) -> _Row:
    rank = DISTRESS if said.distress else WORDS if said.text and said.kind == "text" else ROUTINE
    shown = said.position is not None and said.fix is not False
    time = said.device_time
    # a clock ahead would keep its report newest for ever; a time without offset is no moment
    if time is None or time.tzinfo is None or time - said.heard_at > timedelta(minutes=2):
        time = said.heard_at
    return (
        rank,
        writable(said.address) if shown else None,
        _ms(time),
        _ms(said.heard_at),
        kept_s,
        said.channel,
        item_bytes(said),
    )


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)
