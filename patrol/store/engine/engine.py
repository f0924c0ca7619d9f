"""Engine: opens SQLite or PostgreSQL by URL, and runs transactions."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DBAPIError

from patrol.errors.errors import StoreError
from patrol.store.engine import faults
from patrol.store.engine.postgres import TRANSACTION, open_postgres, was_committed
from patrol.store.journal import journal, reception_digests, row_digests

BUSY_S: Final = 5.0
"""How long to wait for another process that writes; then the store refuses."""

# Else the driver asks each value, in vain, how it is to be written: 0.1 µs, three times a message.
sqlite3.register_adapter(bytes, bytes)


def open_engine(url: str, *, new: bool = False) -> Engine:
    """Open the database at `url`.

    SQLite runs in WAL mode with `synchronous=FULL`: a commit is on disk when it returns, and
    readers never wait for the writer. So does PostgreSQL as `postgres.require` demands it.

    Args:
        url: `sqlite:///FILE`, or `postgresql+psycopg://USER@HOST/DATABASE`.
        new: Whether a file that is not there is made; else connecting fails.

    Raises:
        StoreError: If the URL is not one we can use.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError("that is no URL of a database") from error
    if parsed.get_backend_name() == "postgresql":
        return _with_listeners(open_postgres(parsed))
    if parsed.get_backend_name() != "sqlite":
        raise StoreError(
            f"no store for {parsed.get_backend_name()!r}: use sqlite:///FILE"
            " or postgresql+psycopg://USER@HOST/DATABASE"
        )
    if parsed.database in (None, "", ":memory:"):
        raise StoreError("a store in memory keeps nothing: use sqlite:///FILE")
    return _with_listeners(_open_sqlite(parsed, new=new))


def _with_listeners(engine: Engine) -> Engine:
    """Record changed rows for the journal; clear that record when a transaction is rolled back."""
    row_digests.record_changes(engine)

    @event.listens_for(engine, "rollback")
    def _rollback(connection: Connection) -> None:
        if not connection.invalidated:
            connection.info.clear()  # what we know of the database may have been taken back

    return engine


def is_postgres(bind: Connection | Engine) -> bool:
    """Return whether that is a PostgreSQL database."""
    return bind.dialect.name == "postgresql"


def connect_to_read(engine: Engine) -> Connection:
    """Return a read-only connection that sees one snapshot of the store."""
    connection = engine.connect().execution_options(reads=True)
    if is_postgres(engine):
        connection = connection.execution_options(
            isolation_level="REPEATABLE READ", postgresql_readonly=True
        )
    return connection


@contextmanager
def commit_proved(connection: Connection) -> Iterator[None]:
    """Run a transaction, and write digests of changed accounts and receptions to the journal.

    If the connection breaks during the commit, ask the server whether it was committed.

    A server that was killed may have written the commit and not have said so. It knows, once it is
    up again, for each transaction by its number.

    Raises:
        StoreError: If it cannot be asked: then nobody knows.
        SQLAlchemyError: If nothing was kept.
    """
    transaction, committing = None, False
    try:
        with connection.begin():
            transaction = connection.info.get(TRANSACTION)
            yield
            reception_digests.close(connection)
            journal.close(connection)
            committing = True
    except DBAPIError as error:
        if not (committing and transaction is not None and faults.is_of_store(error)):
            raise
        if not was_committed(connection.engine, transaction):
            raise


@contextmanager
def raw_cursor(connection: Connection) -> Iterator[Any]:
    """Yield a cursor of the driver; what it raises is raised as SQLAlchemy's.

    For what SQLAlchemy does not have: COPY, and rows that are made as they are taken.
    """
    raw: Any = connection.connection.driver_connection
    base = connection.dialect.loaded_dbapi.Error
    try:
        with closing(raw.cursor()) as cursor:
            yield cursor
    except base as error:
        broken = is_postgres(connection) and bool(raw.closed or raw.broken)
        if broken:
            connection.invalidate()
        raise DBAPIError.instance(
            None,
            None,
            error,
            base,
            connection_invalidated=broken,
            dialect=connection.dialect,
        ) from error


def _open_sqlite(url: URL, *, new: bool) -> Engine:
    # The driver would commit before DDL; we begin transactions ourselves, so that a migration
    # that is cut off leaves nothing behind.
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_S, "check_same_thread": False, "isolation_level": None},
    )

    file = Path(str(url.database)).absolute()
    mode = "rwc" if new else "rw"

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, _words: Any, options: dict[str, Any]) -> Any:
        return sqlite3.connect(f"{file.as_uri()}?mode={mode}", uri=True, **options)

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            # 8 MiB for each connection: measured, eight times as much writes no faster.
            "cache_size=-8192",
            "temp_store=MEMORY",
            # 16 MB between checkpoints: a quarter of the fsyncs, and up to a third faster.
            "wal_autocheckpoint=4000",
        ):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A writer takes the file at once: one that begins by reading could be refused half-way.
        reads = connection.get_execution_options().get("reads", False)
        with raw_cursor(connection) as cursor:  # in a third of the time of SQLAlchemy's own way
            cursor.execute("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine
