"""Spool: what a gateway heard and its node has not yet said to have stored, on disk.

A SQLite file in WAL mode, `synchronous=FULL`: what `put` returns from survives a power cut.
Everything runs on one thread of its own, in the order asked for. Numbers count up and are never
given twice, also after what they stood for is gone.

When the spool grows beyond its limits, or the disk is full, the oldest routine reports go; distress
calls never. Making room on a full disk takes room itself: a reserve file beside the spool gives it.
"""

from __future__ import annotations

import asyncio
import secrets
import shutil
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Concatenate, NamedTuple, ParamSpec, Self, TypeVar

import structlog

from radio_gateway.errors import GatewayError
from radio_gateway.transmission import Transmission
from radio_gateway.uplink.envelope import Item, item_bytes

VERSION = 1
REFUSED_KEPT = 1000
RESERVE_BYTES = 2 << 20
FREED_BYTES = 256 * 1024  # at least, when the disk is full: single rows free no whole pages
_MANY_PAGES = 1 << 31
_SCHEMA = """
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE waiting (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  urgent INTEGER NOT NULL,  -- 2 distress, 1 words for people, 0 routine
  address TEXT,             -- of a position that is worth showing at once; else NULL
  time_ms INTEGER NOT NULL, -- the device's clock, or when it was heard
  heard_ms INTEGER NOT NULL,
  channel TEXT NOT NULL,
  said BLOB NOT NULL
);
CREATE INDEX waiting_newest ON waiting (address, time_ms) WHERE address IS NOT NULL;
CREATE INDEX waiting_urgent ON waiting (number) WHERE urgent > 0;
CREATE TABLE refused (number INTEGER PRIMARY KEY, said BLOB NOT NULL);
"""
_log = structlog.get_logger(__name__)
_P = ParamSpec("_P")
_R = TypeVar("_R")


class SpoolError(GatewayError):
    """The spool cannot be opened, read or written.

    Args:
        path: The file.
        fault: What happened.
    """

    def __init__(self, path: Path, fault: str) -> None:
        self.path, self.fault = path, fault
        super().__init__(f"{path}: {fault}")


class SpoolState(NamedTuple):
    """How full the spool is.

    Attributes:
        waiting: Transmissions that wait for a receipt.
        waiting_bytes: Their size.
        oldest_heard_at: When the oldest was heard, aware UTC; None when nothing waits.
        dropped: Dropped for want of room or for age since the start, by channel.
        refused: Kept aside because the node could not read them.
    """

    waiting: int
    waiting_bytes: int
    oldest_heard_at: datetime | None
    dropped: dict[str, int]
    refused: int


class Put(NamedTuple):
    """Where one transmission went.

    Attributes:
        number: Its number.
        urgent: Whether it goes before all else.
        address: Whose newest place it may be; None when it is no position to be shown.
        time_ms: The time that decides which is newest.
    """

    number: int
    urgent: bool
    address: str | None
    time_ms: int


class Spool:
    """An open spool; use `open_spool`.

    Attributes:
        id: Identity of the file: another one when it was made anew.
        path: The file.
    """

    def __init__(
        self,
        database: sqlite3.Connection,
        thread: ThreadPoolExecutor,
        path: Path,
        *,
        max_bytes: int,
        max_age: timedelta,
    ) -> None:
        self._database, self._thread, self.path = database, thread, path
        self._max_bytes, self._max_age = max_bytes, max_age
        self._dropped: Counter[str] = Counter()
        self.id: str = _about(database, "id")
        self._count, self._bytes = _totals(database)
        self._reserve = path.with_name(f"{path.name}.reserve")
        self._keep_reserve(database)

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

    async def drop_old(self, now: datetime) -> None:
        """Drop routine reports that were heard too long ago; to be called now and then."""
        await self._run(self._drop_old, now)

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
                return work(self._database, *args, **keywords)
            except sqlite3.Error as error:
                raise SpoolError(self.path, str(error)) from error

        return await loop.run_in_executor(self._thread, here)

    def _put(
        self, database: sqlite3.Connection, transmissions: Sequence[Transmission]
    ) -> list[Put]:
        rows = [_row(said) for said in transmissions]
        new_bytes = sum(len(row[-1]) for row in rows)
        for attempt in (1, 2, 3):
            try:
                with database:
                    put = []
                    for row in rows:
                        cursor = database.execute(
                            "INSERT INTO waiting "
                            "(urgent, address, time_ms, heard_ms, channel, said) "
                            "VALUES (?, ?, ?, ?, ?, ?)",
                            row,
                        )
                        assert cursor.lastrowid is not None
                        put.append(Put(cursor.lastrowid, row[0] > 0, row[1], row[2]))
                break
            except sqlite3.OperationalError as error:
                full = error.sqlite_errorcode & 0xFF in (sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR)
                if not full or attempt == 3:
                    raise
                self._stop_growing(database)
                if not self._make_room(database, max(new_bytes, FREED_BYTES)):
                    raise
        self._count += len(rows)
        self._bytes += new_bytes
        excess = self._bytes - self._max_bytes
        if excess > 0:
            self._make_room(database, excess)
        return put

    def _make_room(self, database: sqlite3.Connection, size: int) -> bool:
        """Drop the oldest routine reports until `size` bytes are free; return whether any went."""
        going: list[int] = []
        freed = 0
        for number, channel, length in database.execute(
            "SELECT number, channel, length(said) FROM waiting WHERE urgent < 2 "
            "ORDER BY urgent, number"
        ):
            if freed >= size:
                break
            going.append(number)
            freed += length
            self._dropped[channel] += 1
        if not going:
            return False
        _log.warning("spool_full", dropped=len(going), path=str(self.path))
        self._delete(database, going, freed)
        return True

    def _stop_growing(self, database: sqlite3.Connection) -> None:
        """On a full disk: the file keeps its size from now on, and freed pages take new rows.

        The room that the reserve gave is then left for the log, without which nothing can be
        freed.
        """
        self._reserve.unlink(missing_ok=True)
        with suppress(sqlite3.OperationalError):  # then the next attempt tells
            database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
            (pages,) = database.execute("PRAGMA page_count").fetchone()
            database.execute(f"PRAGMA max_page_count = {pages}").fetchall()

    def _keep_reserve(self, database: sqlite3.Connection) -> None:
        """Have the reserve, if the disk has room for it and more; the file may then grow again."""
        path = self._reserve
        try:
            if path.exists() and path.stat().st_size == RESERVE_BYTES:
                return
            if shutil.disk_usage(path.parent).free > 2 * RESERVE_BYTES:
                path.write_bytes(bytes(RESERVE_BYTES))
                database.execute(f"PRAGMA max_page_count = {_MANY_PAGES}").fetchall()
        except OSError as error:
            _log.warning("no_reserve", path=str(path), fault=str(error))

    def _drop_old(self, database: sqlite3.Connection, now: datetime) -> None:
        self._keep_reserve(database)
        before_ms = _ms(now - self._max_age)
        old = database.execute(
            "SELECT number, channel, length(said) FROM waiting WHERE urgent < 2 AND heard_ms < ?",
            (before_ms,),
        ).fetchall()
        if old:
            for _, channel, _ in old:
                self._dropped[channel] += 1
            _log.warning("spool_too_old", dropped=len(old), path=str(self.path))
            self._delete(database, [row[0] for row in old], sum(row[2] for row in old))

    def _remove(self, database: sqlite3.Connection, numbers: list[int], refused: set[int]) -> None:
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
        self._count -= gone
        self._bytes -= freed

    def _delete(self, database: sqlite3.Connection, numbers: list[int], size: int) -> None:
        with database:
            database.executemany("DELETE FROM waiting WHERE number = ?", [(n,) for n in numbers])
        self._count -= len(numbers)
        self._bytes -= size

    def _state(self, database: sqlite3.Connection) -> SpoolState:
        row = database.execute("SELECT heard_ms FROM waiting ORDER BY number LIMIT 1").fetchone()
        (refused,) = database.execute("SELECT count(*) FROM refused").fetchone()
        return SpoolState(
            waiting=self._count,
            waiting_bytes=self._bytes,
            oldest_heard_at=None if row is None else datetime.fromtimestamp(row[0] / 1000, UTC),
            dropped=dict(self._dropped),
            refused=refused,
        )


async def open_spool(
    path: Path, *, max_bytes: int = 500_000_000, max_age: timedelta = timedelta(days=90)
) -> Spool:
    """Open a spool, making it if need be.

    A file that is damaged is set aside under another name, never deleted, and a new one begun: a
    gateway that hears is worth more than one that waits for a technician.

    Args:
        path: The file.
        max_bytes: Beyond this, the oldest routine reports go.
        max_age: After this, routine reports go.

    Raises:
        SpoolError: If it cannot be opened or made, or another process has it open.
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="spool")
    loop = asyncio.get_running_loop()
    try:
        database = await loop.run_in_executor(thread, _open, path)
    except BaseException:
        thread.shutdown()
        raise
    return Spool(database, thread, path, max_bytes=max_bytes, max_age=max_age)


def _open(path: Path) -> sqlite3.Connection:
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if code not in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
            raise SpoolError(path, _said(error)) from error
        aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S}")
        path.rename(aside)
        for rest in ("-wal", "-shm"):
            path.with_name(path.name + rest).unlink(missing_ok=True)
        _log.error("spool_damaged", path=str(path), kept_as=str(aside), fault=str(error))
    try:
        return _connect(path)
    except sqlite3.DatabaseError as error:
        raise SpoolError(path, _said(error)) from error


def _said(error: sqlite3.Error) -> str:
    if getattr(error, "sqlite_errorcode", 0) & 0xFF == sqlite3.SQLITE_BUSY:
        return "another process has it open"
    return str(error)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False, timeout=1.0)
    try:
        # one process only: two would send everything twice
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        # a short log beside the file: on a full disk, moving it into the file takes room
        database.execute("PRAGMA wal_autocheckpoint = 128")
        database.execute("PRAGMA journal_size_limit = 1048576")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            database.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
            with database:
                database.execute("INSERT INTO about VALUES ('id', ?)", (secrets.token_hex(8),))
        elif version != VERSION:
            raise SpoolError(path, f"is of version {version}, this program writes {VERSION}")
        problem = database.execute("PRAGMA quick_check(1)").fetchone()[0]
        if problem != "ok":
            error = sqlite3.DatabaseError(problem)
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
    except BaseException:
        database.close()
        raise
    return database


def _about(database: sqlite3.Connection, name: str) -> str:
    (value,) = database.execute("SELECT value FROM about WHERE name = ?", (name,)).fetchone()
    return str(value)


def _totals(database: sqlite3.Connection) -> tuple[int, int]:
    count, size = database.execute(
        "SELECT count(*), coalesce(sum(length(said)), 0) FROM waiting"
    ).fetchone()
    return count, size


def _newest(database: sqlite3.Connection) -> list[Put]:
    urgent = database.execute(
        "SELECT number, address, time_ms FROM waiting WHERE urgent > 0 ORDER BY number"
    )
    out = [Put(number, True, address, time_ms) for number, address, time_ms in urgent]
    # SQLite gives the bare column of the row that has the maximum
    newest = database.execute(
        "SELECT number, address, max(time_ms) FROM waiting WHERE address IS NOT NULL "
        "GROUP BY address"
    )
    return out + [Put(number, False, address, time_ms) for number, address, time_ms in newest]


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


def _row(said: Transmission) -> tuple[int, str | None, int, int, str, bytes]:
    urgent = 2 if said.distress else 1 if said.text and said.kind == "text" else 0
    shown = said.position is not None and said.fix is not False
    time = said.device_time
    if time is None or time - said.heard_at > timedelta(minutes=2):
        time = said.heard_at  # a clock ahead would keep its report newest for ever
    return (
        urgent,
        said.address if shown else None,
        _ms(time),
        _ms(said.heard_at),
        said.channel,
        item_bytes(said),
    )


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)
