"""What differs between the databases, in one place."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, create_engine, event
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.engine import make_url

from patrol.errors import StoreError

BUSY_S: Final = 5.0
"""How long to wait for another process that writes; then the store refuses."""


def open_engine(url: str) -> Engine:
    """Open the database at `url`.

    SQLite runs in WAL mode with `synchronous=FULL`: a commit is on disk when it returns, and
    readers never wait for the writer.

    Raises:
        StoreError: If the URL is not one we can use.
    """
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite":
        raise StoreError(f"no store for {parsed.get_backend_name()!r}: use sqlite:///FILE")
    if parsed.database in (None, "", ":memory:"):
        raise StoreError("a store in memory keeps nothing: use sqlite:///FILE")
    # The driver would commit before DDL; we begin transactions ourselves, so that a migration
    # that is cut off leaves nothing behind.
    engine = create_engine(
        parsed,
        connect_args={"timeout": BUSY_S, "check_same_thread": False, "isolation_level": None},
    )

    @event.listens_for(engine, "connect")
    def _prepare(connection: Any, _record: Any) -> None:
        cursor = connection.cursor()
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "cache_size=-65536",
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
        connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")

    return engine


def insert_unless_known(table: Table, columns: tuple[str, ...], engine: Engine) -> str:
    """Return SQL that inserts one positional row and leaves a known one alone."""
    values = dict.fromkeys(columns)
    statement = sqlite_insert(table).values(values).on_conflict_do_nothing()
    compiled = statement.compile(dialect=engine.dialect)
    if tuple(compiled.positiontup or ()) != columns:
        raise StoreError(f"columns of {table.name} compiled out of order")
    return str(compiled)
