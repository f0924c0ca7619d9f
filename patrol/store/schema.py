"""Brings a database to the newest schema, by the migrations that ship with the package."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from patrol.errors import StoreError
from patrol.store import faults, partitions
from patrol.store.dialects import connect_to_read, open_engine
from patrol.store.postgres import is_postgres, named, require
from patrol.store.tables import metadata


def migrate(engine: Engine) -> None:
    """Run every migration the database has not seen, in one transaction.

    Raises:
        StoreError: If the database was made by a newer version of this software, or is on a server
            that cannot be trusted with it.
    """
    with engine.begin() as connection:
        if is_postgres(engine):
            require(connection)
        config = _config(connection)
        script = ScriptDirectory.from_config(config)
        now = MigrationContext.configure(connection).get_current_revision()
        if now is not None and now not in {
            revision.revision for revision in script.walk_revisions()
        }:
            raise StoreError(
                f"{engine.url.database} was made by a newer version (schema {now}): update this one"
            )
        if now != script.get_current_head():
            command.upgrade(config, "head")
        partitions.make_ahead(connection, datetime.now(UTC))


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
            now = MigrationContext.configure(connection).get_current_revision()
            if now is None:
                return ["the database is empty: the first start makes its tables"]
            count = partitions.stray(connection)
    except SQLAlchemyError as error:
        raise StoreError(f"{named(engine)}: {faults.said(error)}") from error
    finally:
        engine.dispose()
    if not count:
        return []
    return [f"{count} messages (10000: or more) claim to be heard years ago or in the future"]


def _config(connection: Connection) -> Config:
    config = Config()
    # Alembic reads %-signs in paths as its own.
    folder = str(Path(__file__).with_name("migrations")).replace("%", "%%")
    config.set_main_option("script_location", folder)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config
