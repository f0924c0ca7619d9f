"""Spool: transmissions on disk that the node has not yet confirmed as stored.

A SQLite file in WAL mode, `synchronous=FULL`: what `put` returns from survives a power cut.
Everything runs on one thread of its own, in the order asked for. Numbers count up and are never
given twice, also after what they stood for is gone.

When the spool grows beyond its limits, or the disk is full, the oldest routine reports go, then
the oldest words for people; distress calls never. Making room on a full disk takes room itself: a
reserve file beside the spool gives it, half for more reports, half for the log.

Age is the time that the spool was in use since, not a difference of two clock times: a border post
computer starts with a clock of years ago, and setting it right must not make everything old.
"""

from __future__ import annotations

import asyncio
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

from radio_gateway.errors.errors import fault_of
from radio_gateway.messages.transmission import Transmission
from radio_gateway.uplink.spool import rows as rows
from radio_gateway.uplink.spool.disk_reserve import Reserve
from radio_gateway.uplink.spool.drops import Drops
from radio_gateway.uplink.spool.rows import SpoolRow
from radio_gateway.uplink.spool.sqlite_file import (
    DISTRESS,
    ROUTINE,
    WORDS,
    SpoolError,
    damaged_beside,
    is_damage,
    is_full,
    open_file,
)
from radio_gateway.uplink.wire.envelope import EnvelopeItem

FREED_BYTES = 256 * 1024  # at least, when the disk is full: single rows free no whole pages
_FREED_PART = 100  # a spool at its limit makes room for a hundredth of it at a time
_OLD_AT_ONCE = 20_000
_GOING_AT_ONCE = 100
_ATTEMPTS = 4
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
        fault: Why reports were dropped within the last minute; None when none were.
    """

    waiting: int
    waiting_bytes: int
    oldest_heard_at: datetime | None
    dropped: dict[str, int]
    refused: int
    damaged: int
    fault: str | None = None


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
        self._drops = Drops(path, steady_s)
        self._reserve = Reserve(path)
        self._is_open = False
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
        self._reserve.keep(self._database)
        self._is_open = True

    def _open_anew(self) -> None:
        """Save what can be read of a file that went bad."""
        self._is_open = False
        self._database.close()
        self._open()

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
        with suppress(SpoolError):  # one that went bad and could not be opened again is closed
            await self._run(lambda database: database.close())
        self._thread.shutdown()

    async def put(self, transmissions: Sequence[Transmission]) -> list[SpoolRow]:
        """Keep what was heard; on disk when this returns.

        Raises:
            SpoolError: If the disk does not take it, even after routine reports made room;
                nothing of it is kept then.
        """
        return await self._run(self._put, transmissions)

    async def newest(self) -> list[SpoolRow]:
        """Return, for each address, its newest position that waits, and everything urgent."""
        return await self._run(rows.newest)

    async def items(self, numbers: Iterable[int]) -> list[EnvelopeItem]:
        """Return what waits under `numbers`; what no longer waits is left out."""
        return await self._run(rows.items, list(numbers))

    async def after(self, number: int, limit: int) -> list[EnvelopeItem]:
        """Return the `limit` oldest that wait with a number above `number`, in order."""
        return await self._run(rows.after, number, limit)

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
                    if not self._is_open:  # the disk had no room for a new file
                        self._open_anew()
                    return work(self._database, *args, **keywords)
                except sqlite3.DatabaseError as error:
                    if not is_damage(error):
                        raise
                    self._open_anew()
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
    ) -> list[SpoolRow]:
        kept_s = self._ran_s()
        new = [rows.row(transmission, kept_s) for transmission in transmissions]
        new_bytes = sum(len(row[-1]) for row in new)
        grown = tried_all = False
        for attempt in range(_ATTEMPTS):
            try:
                put = rows.insert(database, new)
                break
            except sqlite3.OperationalError as error:
                if not is_full(error) or attempt == _ATTEMPTS - 1:
                    raise
                if self._reserve.keep(self._database):
                    continue  # the disk has room again
                if self._reserve.give_up(database) and not grown:
                    grown = True  # by too little, if that is not enough: then something goes
                    continue
                if not self._make_room(database, max(new_bytes, FREED_BYTES), "the disk is full"):
                    if tried_all:
                        raise
                    tried_all = True  # once more all the same: the log was emptied
        self._count += len(new)
        self._bytes += new_bytes
        excess = self._bytes - self._max_bytes
        if excess > 0:
            to_free = max(excess, self._max_bytes // _FREED_PART)
            # What is kept is kept: told otherwise, it would be put once more. The next one tries.
            with suppress(sqlite3.Error):
                self._make_room(database, to_free, "the spool is at its limit")
        return put

    def _make_room(self, database: sqlite3.Connection, size: int, why: str) -> bool:
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
        self._drops.note(dropped, why)
        return True

    def _drop_old(self, database: sqlite3.Connection) -> None:
        self._reserve.keep(self._database)
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
            self._drops.note(dropped, "reports are too old")

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
            if not self._reserve.keep(self._database):
                self._reserve.give_up(database)
            for at in range(0, len(numbers), _GOING_AT_ONCE):
                self._forget(database, numbers[at : at + _GOING_AT_ONCE], refused)

    def _forget(self, database: sqlite3.Connection, numbers: list[int], refused: set[int]) -> None:
        removed, freed = rows.forget(database, numbers, refused)
        self._count -= removed
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
            dropped=dict(self._drops.by_channel),
            refused=refused,
            damaged=self._damaged,
            fault=self._drops.fault(),
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
