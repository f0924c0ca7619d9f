"""Copy: moves a whole SQLite store into an empty PostgreSQL database.

It is one transaction: either all is copied, with the same row counts and the same verified journal,
or nothing. Rows keep their ids, because ids give the order in which rows were stored.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Table, func, select
from sqlalchemy.exc import SQLAlchemyError

from patrol.errors.errors import StoreError
from patrol.store.backup.backup import Inventory
from patrol.store.engine import faults, partitions
from patrol.store.engine.engine import commit_proved, connect_to_read, is_postgres, open_engine
from patrol.store.engine.migrate import expect, holds_store
from patrol.store.engine.postgres import url_without_password
from patrol.store.proof.verify_journal import prove
from patrol.store.receptions import insert as bulk
from patrol.store.schema.tables import metadata, transmissions
from patrol.store.store import create_store

_AT_ONCE: Final = 5000


def copy_store(source: str, target: str) -> Inventory:
    """Copy the store at `source` to `target`; no server may work on either.

    Args:
        source: `sqlite:///FILE`, of the newest schema.
        target: `postgresql+psycopg://USER@HOST/DATABASE`, an empty database.

    Returns:
        What is in the copy.

    Raises:
        StoreError: If one cannot be used so, or something cannot be stored there, by table. Nothing
            was copied then; the database holds an empty store at most.
    """
    old, new = open_engine(source), open_engine(target)
    try:
        if is_postgres(old) or not is_postgres(new):
            raise StoreError("a store is copied from a file to a PostgreSQL database")
        expect(old)
        if holds_store(new):
            _require_empty(new)
        else:
            create_store(target)
        with (
            connect_to_read(old) as reading,
            new.connect() as writing,
            commit_proved(writing),
        ):
            # Nothing is said to the new store while the journal of the old one is proved.
            writing.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
            rows = {
                table.name: _copied(table, reading, writing) for table in metadata.sorted_tables
            }
            _go_on_counting(writing)
            return _proved(reading, writing, rows)
    except SQLAlchemyError as error:
        raise StoreError(f"{url_without_password(new)}: {faults.error_text(error)}") from error
    finally:
        old.dispose()
        new.dispose()


def _require_empty(engine: Any) -> None:
    with connect_to_read(engine) as connection:
        for table in metadata.sorted_tables:
            if connection.execute(select(table).limit(1)).first() is not None:
                raise StoreError(
                    f"{url_without_password(engine)} is not empty: make another database for it"
                )


def _copied(table: Table, reading: Connection, writing: Connection) -> int:
    """Copy a table; return how many rows it has."""
    order = list(table.primary_key.columns)
    found = reading.execution_options(yield_per=_AT_ONCE).execute(select(table).order_by(*order))
    count = 0
    for rows in found.partitions(_AT_ONCE):
        try:
            if table is transmissions:
                partitions.cover(writing, [row.heard_us for row in rows])
            bulk.copy_in(writing, table, [tuple(row) for row in rows])
        except SQLAlchemyError as error:
            key = ", ".join(f"{each.name} {getattr(rows[0], each.name)}" for each in order)
            reason = faults.error_text(error)
            raise StoreError(f"table {table.name}, at or after the row {key}: {reason}") from error
        count += len(rows)
    return count


def _go_on_counting(connection: Connection) -> None:
    """Set each table's sequence so that new rows get ids after the copied ones."""
    for table, column in _counted():
        sequence = f"pg_get_serial_sequence('{table}', '{column}')"
        connection.exec_driver_sql(
            f"SELECT setval({sequence}, greatest(1, (SELECT max({column}) FROM {table})))"  # noqa: S608 - names of our own
            f" WHERE {sequence} IS NOT NULL"
        )


def _counted() -> Iterator[tuple[str, str]]:
    for table in metadata.sorted_tables:
        key = table.autoincrement_column
        if key is not None:
            yield table.name, str(key.name)


def _proved(reading: Connection, writing: Connection, rows: dict[str, int]) -> Inventory:
    """Compare what is in both; raises StoreError if it differs."""
    for table in metadata.sorted_tables:
        count = writing.execute(select(func.count()).select_from(table)).scalar_one()
        if count != rows[table.name]:
            raise StoreError(f"table {table.name} has {count} rows there, {rows[table.name]} here")
    proof, there = prove(reading), prove(writing)
    for of, found in (("here", proof), ("there", there)):
        if found.faults:
            raise StoreError(f"the journal {of} is not as it was written: {found.faults[0]}")
    if there != proof:
        raise StoreError("the journal proves another thing there than here")
    return Inventory(rows=rows, proof=there)
