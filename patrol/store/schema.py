"""Brings a database to the newest schema, by the migrations that ship with the package."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from patrol.errors import StoreError
from patrol.store.tables import metadata


def migrate(engine: Engine) -> None:
    """Run every migration the database has not seen, in one transaction.

    Raises:
        StoreError: If the database was made by a newer version of this software.
    """
    with engine.begin() as connection:
        config = _config(connection)
        script = ScriptDirectory.from_config(config)
        now = MigrationContext.configure(connection).get_current_revision()
        if now is not None and now not in {
            revision.revision for revision in script.walk_revisions()
        }:
            raise StoreError(
                f"{engine.url.database} was made by a newer version (schema {now}): update this one"
            )
        command.upgrade(config, "head")


def _config(connection: Connection) -> Config:
    config = Config()
    # Alembic reads %-signs in paths as its own.
    folder = str(Path(__file__).with_name("migrations")).replace("%", "%%")
    config.set_main_option("script_location", folder)
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    config.attributes["metadata"] = metadata
    return config
