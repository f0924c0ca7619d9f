"""Brings a database to the newest schema, by the migrations that ship with the package.

Alembic is loaded when there is something to migrate; mostly there is not.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from sqlalchemy import Connection, Engine, inspect, text
from sqlalchemy.exc import SQLAlchemyError

from patrol.errors.errors import StoreError
from patrol.store.engine import faults, partitions
from patrol.store.engine.engine import connect_to_read, is_postgres, open_engine
from patrol.store.engine.postgres import require, url_without_password
from patrol.store.schema.tables import metadata

if TYPE_CHECKING:
    from alembic.config import Config

_MIGRATIONS: Final = Path(__file__).parent.parent / "migrations"


def migrate(
    engine: Engine,
    *,
    first: Callable[[Connection], None] | None = None,
    new: bool = False,
) -> None:
    """Run every migration the database has not seen, in one transaction.

    Args:
        engine: The database.
        first: Called in that transaction before anything is changed; what it raises undoes it.
        new: Whether a store is made where there is none; else it is refused, since one that was
            there may have gone.

    Raises:
        StoreError: If the database was made by a newer version of this software, holds no store and
            is to get none, or is on a server that cannot be trusted with it.
    """
    with engine.connect() as connection:
        with connection.begin():
            if is_postgres(engine):
                require(connection)
            if first is not None:
                first(connection)
            now, known = schema_versions(connection)
            if now is None and not new:
                raise no_store(_place(engine))
            if now is not None and now not in known:
                raise _newer(engine, now)
            if now != known[0]:
                from alembic import command

                command.upgrade(alembic_config(connection), "head")
            partitions.make_ahead(connection, datetime.now(UTC))
        if now != known[0] and not is_postgres(engine):
            # A connection of SQLite that has made tables keeps them in the little memory that is
            # meant for its statements, which takes a tenth of their speed. A new one reads them
            # elsewhere.
            connection.invalidate()


def expect(engine: Engine, *, waits: bool = False) -> None:
    """Check that this program can work with the database; change nothing that is in use.

    Args:
        engine: The database.
        waits: An older one will do, as the lease is to be waited for; it is migrated with that.
            One older than leases nobody can hold: it is migrated at once.

    Raises:
        StoreError: If it was made by a newer version, holds no store, or is older and not to be
            waited for.
    """
    with connect_to_read(engine) as connection:
        now, known = schema_versions(connection)
        leased = inspect(connection).has_table("leases")
    if now == known[0]:
        return
    if now is None:
        raise no_store(_place(engine))
    if waits and now in known and not leased:
        migrate(engine)
    elif now not in known:
        raise _newer(engine, now)
    elif not waits:
        raise StoreError(
            f"the store {engine.url.database} is at version {now}, this program needs {known[0]};"
            " the Watch (or `joint-patrol serve`) migrates it when it leads"
        )


def holds_store(engine: Engine) -> bool:
    """Return whether there is a store in a database, of whatever version."""
    with connect_to_read(engine) as connection:
        return _version(connection) is not None


def schema_versions(connection: Connection) -> tuple[str | None, list[str]]:
    """Return the version of a database, None when it is empty, and those known, newest first."""
    # Each file is named by its revision: 0001_first_schema.py. They make one line.
    files = (_MIGRATIONS / "versions").glob("[0-9]*_*.py")
    known = sorted((file.name.partition("_")[0] for file in files), reverse=True)
    return _version(connection), known


def _version(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    return None if found is None else str(found)


def no_store(file: Path | str) -> StoreError:
    """Return the error for a missing store, with what to do.

    Args:
        file: The file that is not there or empty; of a database on a server what it is called.
    """
    held = isinstance(file, str) or file.exists()
    what = f"{file} holds no store" if held else f"there is no store {file}"
    return StoreError(
        f"{what}. If there was one, mount its disk or restore a back-up; a new one, the first time,"
        " is made by: joint-patrol store create"
    )


def _place(engine: Engine) -> Path | str:
    return url_without_password(engine) if is_postgres(engine) else Path(str(engine.url.database))


def _newer(engine: Engine, now: str) -> StoreError:
    return StoreError(
        f"{engine.url.database} was made by a newer version (schema {now}): update this one"
    )


def look(url: str) -> list[str]:
    """Look at a database on a server and change nothing in it.

    Returns:
        What people should know of it.

    Raises:
        StoreError: If it cannot be reached or trusted.
    """
    engine = open_engine(url)
    try:
        with connect_to_read(engine) as connection:
            require(connection, changes=False)
            if _version(connection) is None:
                raise no_store(_place(engine))
            count = partitions.count_strays(connection)
    except SQLAlchemyError as error:
        raise StoreError(f"{url_without_password(engine)}: {faults.error_text(error)}") from error
    finally:
        engine.dispose()
    if not count:
        return []
    return [f"{count} messages (10000: or more) claim to be heard years ago or in the future"]


def alembic_config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    # Alembic reads %-signs in paths as its own.
    folder = str(_MIGRATIONS).replace("%", "%%")
    config.set_main_option("script_location", folder)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config
