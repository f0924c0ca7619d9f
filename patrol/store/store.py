"""Store: the database with one writer thread and some reader threads.

Queries are plain functions that take a connection (`tracks.py`, `registry.py`, `accounts.py`);
the store decides on which thread and in which transaction they run.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Concatenate, Final, Literal, ParamSpec, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from patrol.errors.errors import PatrolError, StoreError
from patrol.store.engine import damage, faults
from patrol.store.engine.damage import DamageReport
from patrol.store.engine.engine import commit_proved, connect_to_read, is_postgres, open_engine
from patrol.store.engine.migrate import expect, holds_store, migrate, no_store
from patrol.store.engine.open_file import OpenFile
from patrol.store.engine.postgres import url_without_password
from patrol.store.engine.writer import Writer
from patrol.store.journal.reception_digests import OpenSpan, packed
from patrol.store.receptions import insert as bulk
from patrol.store.schema.rows import Row

P = ParamSpec("P")
T = TypeVar("T")

READERS: Final = 4

log = structlog.get_logger(__name__)


class StoreReader(Protocol):
    """The type of `Store.read`, for objects that only read."""

    async def __call__(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `query`; it sees only complete commits."""


class Store:
    """The records of one node.

    Args:
        engine: The database, already migrated.

    Raises:
        StoreError: If it is a file, and that is gone.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = Writer()
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._writing: Connection | None = None
        self._closed = False
        self._span = OpenSpan()
        self._file: OpenFile | None = None
        self._damage: DamageReport | None = None
        if not is_postgres(engine):
            file = Path(str(engine.url.database))
            self._file, self._damage = OpenFile(file), DamageReport(file)
        self.fence: Callable[[Connection], None] | None = None
        """Called first in each transaction that writes; what it raises undoes that."""

    async def commit(
        self, rows: list[Row], also: list[Row], acts: list[Callable[[Connection], None]]
    ) -> None:
        """Store one batch in one transaction; on disk when this returns.

        A row whose global id is stored already is not changed.

        Args:
            rows: Transmissions, tuples in the order of `TRANSMISSION_COLUMNS`.
            also: Who else heard some, tuples in the order of `ALSO_HEARD_COLUMNS`.
            acts: What else belongs into the transaction.

        Raises:
            StoreError: If the database refused, or something cannot be written at all; nothing of
                the batch was kept.
        """

        def commit() -> None:
            try:
                self._commit(rows, also, acts)
            except (SQLAlchemyError, PatrolError):
                raise
            except Exception as error:  # whatever it is, these very records caused it
                raise StoreError(f"{type(error).__name__}: {error}", transient=False) from error

        await self._done(self._writer.run(commit))

    async def write(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `query` in a transaction of its own on the writer thread; on disk when this returns.

        Raises:
            StoreError: If the database refused; nothing was kept.
        """

        def transaction() -> T:
            connection = self._connection()
            with commit_proved(connection):
                if self.fence is not None:
                    self.fence(connection)
                done = query(connection, *args, **kwargs)
            if self._file is not None:
                self._file.require_after()
            return done

        return await self._done(self._writer.run(transaction))

    async def read(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run `query` on a reader thread; it sees only complete commits.

        Raises:
            StoreError: If the database cannot be read.
        """

        def reading() -> T:
            with connect_to_read(self._engine) as connection:
                return query(connection, *args, **kwargs)

        loop = asyncio.get_running_loop()
        return await self._done(loop.run_in_executor(self._readers, reading))

    async def check_file(self) -> None:
        """Check that the store's file is there, also while nothing is written.

        Raises:
            StoreError: If its file lies there no more, or its server does not answer.
        """
        if self._file is None:
            await self.read(lambda connection: connection.exec_driver_sql("SELECT 1"))
        else:
            await self._done(self._writer.run(self._connection))

    async def migrate(self) -> None:
        """Migrate the database to the newest schema; the caller holds the lease if one is needed.

        Raises:
            StoreError: If it refuses, or was made by a newer version.
        """

        def migrating() -> None:
            migrate(self._engine, first=self.fence)

        await self._done(self._writer.run(migrating))

    async def close(self) -> None:
        """Finish writing and close the database; a second call does nothing."""
        if self._closed:
            return
        self._closed = True

        def close_writer() -> None:
            if self._writing is not None:
                self._writing.close()
                self._writing = None

        await self._done(self._writer.run(close_writer))
        await asyncio.to_thread(self._readers.shutdown)
        await asyncio.to_thread(self._writer.end)
        self._engine.dispose()

    def _commit(
        self, rows: list[Row], also: list[Row], acts: list[Callable[[Connection], None]]
    ) -> None:
        connection = self._connection()
        content = packed(rows)
        if rows and not self._span.has_begun:
            with commit_proved(connection):
                self._span.find_start(connection)
        with commit_proved(connection):
            if self.fence is not None:
                self.fence(connection)
            bulk.put_transmissions(connection, rows)
            bulk.put_also_heard(connection, also)
            for act in acts:
                act(connection)
        if self._file is not None:
            self._file.require_after()
        if self._span.add(connection, content, len(rows)) and rows:
            self._write_digest(connection, origin=rows[-1][-1])

    def _write_digest(self, connection: Connection, *, origin: str) -> None:
        """Journal the digest of messages since the last one; the messages stay stored if this
        fails.
        """
        try:
            with commit_proved(connection):
                if self.fence is not None:
                    self.fence(connection)
                self._span.write(connection, origin)
        except (SQLAlchemyError, PatrolError) as error:
            log.warning("the journal does not tell of what was heard yet", fault=str(error))
            self._span.retry_later()
        else:
            self._span.begin_next()

    def _connection(self) -> Connection:
        """Return the connection that writes, to a store that lies where it was opened."""
        if self._writing is None:
            connection = self._engine.connect()
            if self._file is not None:
                self._file.connected()
            self._writing = connection
        elif self._file is not None:
            self._file.require()
        return self._writing

    async def _done(self, work: Awaitable[T]) -> T:
        """Wait for `work`; turn database errors into `StoreError`."""
        try:
            return await work
        except (UnicodeError, OverflowError) as error:
            raise StoreError(faults.error_text(error), transient=False) from error
        except SQLAlchemyError as error:
            fault = faults.error_text(error)
            if self._damage is not None and faults.is_damage(error):
                fault = await self._damage.describe(fault)
            raise StoreError(fault, transient=faults.is_of_store(error)) from error


def create_store(url: str) -> None:
    """Make an empty store where there is none.

    Args:
        url: As `open_store` takes it; of a database on a server, one that is empty.

    Raises:
        StoreError: If there is a store already, or none can be made.
    """
    engine = open_engine(url, new=True)
    try:
        if holds_store(engine):
            raise StoreError(
                f"{url_without_password(engine)} holds a store already: nothing was changed"
            )
        migrate(engine, new=True)
    except SQLAlchemyError as error:
        raise StoreError(f"{url_without_password(engine)}: {faults.error_text(error)}") from error
    finally:
        engine.dispose()


Migrates = Literal["now", "with the lease", "never"]


def open_store(url: str, *, migrates: Migrates = "now") -> Store:
    """Open the store at `url`.

    Args:
        url: `sqlite:///FILE`, or `postgresql+psycopg://USER@HOST/DATABASE`.
        migrates: When it is brought to the newest schema: now, by who works on it alone; with the
            lease, by who calls `Store.migrate` once it holds that; never, by who works beside a
            Watch.

    Raises:
        StoreError: If there is none, it cannot be opened, was made by a newer version, or is older
            and never to be migrated.
    """
    engine = open_engine(url)
    try:
        if not is_postgres(engine) and not (file := Path(str(engine.url.database))).exists():
            raise no_store(file)
        if migrates == "now":
            migrate(engine)
        else:
            expect(engine, waits=migrates == "with the lease")
        return Store(engine)
    except BaseException as error:  # whatever it is, nothing stays open
        engine.dispose()
        if isinstance(error, SQLAlchemyError):
            fault = f"{url_without_password(engine)}: {faults.error_text(error)}"
            if faults.is_damage(error):
                file = Path(str(engine.url.database))
                fault = damage.damage_text(
                    file, faults.error_text(error), damage.damaged_tables(file)
                )
            raise StoreError(fault) from error
        raise
