"""OrderLog: which orders a gateway has begun to transmit, on disk before it does.

After a crash, an order that was given again is not transmitted again: of what was under way the log
says that nobody knows, of what had ended it tells the end. A SQLite file beside the spool, WAL,
`synchronous=FULL`, on a thread of its own.

An id is kept for as long as the order could live, and an hour. That is counted in seconds that the
gateway has run, not by its calendar: one set a year ahead would forget everything.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from types import TracebackType
from typing import Final, Self, TypeVar

import msgspec
import structlog
from msgspec.structs import replace

from radio_gateway.errors.errors import GatewayError
from radio_gateway.orders.order_result import OrderResult
from radio_gateway.parsing.msgspec_decoders import msgpack_decoder

AT_MOST: Final = 100_000
KEPT_BEYOND_S: Final = 3600.0
FORGET_EVERY_S: Final = 600.0
VERSION: Final = 1
BROKEN_OFF: Final = "broken_off"
"""Why an order failed that was under way when the gateway stopped."""

_SCHEMA: Final = """
CREATE TABLE orders (
  number INTEGER PRIMARY KEY,
  id TEXT NOT NULL UNIQUE,
  kept_s REAL NOT NULL,     -- for how much longer
  sending INTEGER NOT NULL, -- it was handed to the link, which has not said yet
  result BLOB NOT NULL      -- OrderResult, MessagePack
);
"""
_R = TypeVar("_R")
_log = structlog.get_logger(__name__)
_encode = msgspec.msgpack.Encoder().encode
_decode = msgpack_decoder(OrderResult).decode


class OrderLogError(GatewayError):
    """The log cannot be opened, read or written.

    Args:
        path: The file.
        fault: What happened.
    """

    def __init__(self, path: Path, fault: str) -> None:
        self.path, self.fault = path, fault
        super().__init__(f"{path}: {fault}")


class OrderLog:
    """An open log; use `open_order_log`.

    Args:
        database: Its file, open.
        thread: Where everything runs.
        path: The file.
        now_s: A clock that is never set, seconds.
    """

    def __init__(
        self,
        database: sqlite3.Connection,
        thread: ThreadPoolExecutor,
        path: Path,
        now_s: Callable[[], float],
    ) -> None:
        self._database, self._thread, self._path, self._now_s = database, thread, path, now_s
        self._is_open = True
        self._last_purge_s = now_s()

    async def __aenter__(self) -> Self:
        """Return the log."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what was noted, and close it."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._database.close)
        self._thread.shutdown()

    async def begin(self, result: OrderResult, *, life_left_s: float) -> None:
        """Note that an order is handed to the link; on disk when this returns.

        Args:
            result: How far it has come.
            life_left_s: For how long the order is worth something, seconds.

        Raises:
            OrderLogError: If that cannot be written; the order must not go then.
        """
        await self._run(lambda: self._begin(result, life_left_s))

    async def note_unsent(self, id: str) -> None:
        """Note that the link did not take an order that was never sent before."""
        await self._run(lambda: self._write("DELETE FROM orders WHERE id = ?", id))

    async def last(self, id: str) -> OrderResult | None:
        """Return the last step of an order that was begun; None of any other.

        Raises:
            OrderLogError: If that cannot be read.
        """
        return await self._run(lambda: self._last(id))

    def note(self, result: OrderResult) -> None:
        """Note a step of an order that was begun; of any other nothing is kept."""
        update = "UPDATE orders SET sending = 0, result = ? WHERE id = ?"
        encoded = _encode(result)
        self._thread.submit(
            self._do, lambda: self._write(update, encoded, result.id)
        ).add_done_callback(self._noted)

    async def end_of_last_run(self, now: datetime, most: int) -> list[OrderResult]:
        """Return how the orders of earlier runs ended, the newest `most`, oldest first.

        What was under way when the last run ended has failed, and says so. To be called once,
        before any order is begun.

        Args:
            now: The present, aware UTC.
            most: How many.
        """
        return await self._run(lambda: self._end_of_last_run(now, most))

    # -- inside; on the thread

    async def _run(self, work: Callable[[], _R]) -> _R:
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._do, work)

    def _do(self, work: Callable[[], _R]) -> _R:
        """Do it; a file that goes bad is set aside for a new one, as at the start."""
        try:
            try:
                if not self._is_open:  # there was no room for a new one
                    self._open_anew()
                return work()
            except sqlite3.DatabaseError as error:
                if not _is_damage(error):
                    raise
                self._open_anew()
                return work()
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise OrderLogError(self._path, f"the record of orders: {error}") from error

    def _open_anew(self) -> None:
        self._is_open = False
        self._database.close()
        self._database = _open(self._path)
        self._is_open = True

    def _noted(self, done: Future[None]) -> None:
        if not done.cancelled() and (error := done.exception()) is not None:
            _log.error("order_not_noted", path=str(self._path), fault=str(error))

    def _write(self, statement: str, *values: object) -> None:
        with self._database:
            self._database.execute(statement, values)

    def _begin(self, result: OrderResult, life_left_s: float) -> None:
        self._forget()
        with self._database:
            known = self._database.execute(
                "UPDATE orders SET sending = 1 WHERE id = ?", (result.id,)
            ).rowcount
            if known:
                return
            (count,) = self._database.execute("SELECT count(*) FROM orders").fetchone()
            if count >= AT_MOST:
                raise sqlite3.OperationalError(f"holds {count} orders, and no more")
            self._database.execute(
                "INSERT INTO orders (id, kept_s, sending, result) VALUES (?, ?, 1, ?)",
                (result.id, life_left_s + KEPT_BEYOND_S, _encode(result)),
            )

    def _forget(self) -> None:
        """Count down what is kept, and forget what has been long enough."""
        passed_s = self._now_s() - self._last_purge_s
        if passed_s < FORGET_EVERY_S:
            return
        self._last_purge_s += passed_s
        with self._database:
            self._database.execute("UPDATE orders SET kept_s = kept_s - ?", (passed_s,))
            self._database.execute("DELETE FROM orders WHERE kept_s <= 0")

    def _last(self, id: str) -> OrderResult | None:
        row = self._database.execute("SELECT result FROM orders WHERE id = ?", (id,)).fetchone()
        return None if row is None else _decode(row[0])

    def _end_of_last_run(self, now: datetime, most: int) -> list[OrderResult]:
        ended: list[OrderResult] = []
        with self._database:
            rows = self._database.execute("SELECT id, sending, result FROM orders ORDER BY number")
            for id, sending, order in rows.fetchall():
                result = _decode(order)
                if sending or not result.final:
                    result = _broken_off(result, now, sending=bool(sending))
                    self._database.execute(
                        "UPDATE orders SET sending = 0, result = ? WHERE id = ?",
                        (_encode(result), id),
                    )
                ended.append(result)
        return ended[-most:]


async def open_order_log(path: Path, *, now_s: Callable[[], float] = monotonic) -> OrderLog:
    """Open a log, making it if need be; a damaged one is set aside under another name.

    Args:
        path: The file.
        now_s: A clock that is never set, seconds.

    Raises:
        OrderLogError: If it cannot be opened or made.
    """
    thread = ThreadPoolExecutor(1, thread_name_prefix="orders")
    loop = asyncio.get_running_loop()
    try:
        database = await loop.run_in_executor(thread, _open, path)
    except BaseException:
        thread.shutdown()
        raise
    return OrderLog(database, thread, path, now_s)


def _broken_off(result: OrderResult, now: datetime, *, sending: bool) -> OrderResult:
    if sending:
        detail = "the gateway stopped while it was being sent: it may or may not have gone"
    else:
        detail = "the gateway restarted while it waited for the answer"
    return replace(result, state="failed", at=now, final=True, reason=BROKEN_OFF, detail=detail)


def _open(path: Path) -> sqlite3.Connection:
    with _faults(path):
        try:
            return _connect(path)
        except sqlite3.DatabaseError as error:
            if not _is_damage(error):
                raise
            aside = path.with_name(f"{path.name}.damaged-{datetime.now(UTC):%Y%m%dT%H%M%S.%f}")
            # its log first: were the process killed between, a new file must not find an old one's
            for rest in ("-wal", "-shm", ""):
                with suppress(FileNotFoundError):
                    path.with_name(path.name + rest).rename(aside.with_name(aside.name + rest))
            _log.error("order_log_damaged", path=str(path), kept_as=str(aside), fault=str(error))
        return _connect(path)


def _is_damage(error: sqlite3.Error) -> bool:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    return code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)


def _connect(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(path, check_same_thread=False, timeout=1.0)
    try:
        database.execute("PRAGMA locking_mode = EXCLUSIVE")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA synchronous = FULL")
        database.execute("PRAGMA journal_size_limit = 1048576")
        (version,) = database.execute("PRAGMA user_version").fetchone()
        if version == 0:
            database.executescript(f"BEGIN; {_SCHEMA} PRAGMA user_version = {VERSION}; COMMIT;")
        elif version != VERSION:
            raise sqlite3.OperationalError(
                f"is of version {version}, this program writes {VERSION}"
            )
        (problem,) = database.execute("PRAGMA quick_check(1)").fetchone()
        if problem != "ok":
            error = sqlite3.DatabaseError(problem)
            error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
            raise error
    except BaseException:
        database.close()
        raise
    return database


@contextmanager
def _faults(path: Path) -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise OrderLogError(path, str(error)) from error
