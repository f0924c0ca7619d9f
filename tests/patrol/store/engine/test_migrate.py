"""The database: migrated as a whole or not at all, and what every table holds."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect

from patrol.errors.errors import StoreError
from patrol.store.engine.engine import open_engine
from patrol.store.schema.tables import metadata
from patrol.store.store import create_store, open_store
from patrol.store.tracks import newest
from patrol.store.tracks.tracks import AddressSpan
from tests.fixtures.databases import empty_store, sqlite_only
from tests.patrol.nodes.running import at

pytestmark = sqlite_only  # PostgreSQL's: test_postgres.py


def tables(file: Path) -> set[str]:
    with closing(sqlite3.connect(file)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_master")}


def test_every_table_says_whose_a_record_is_and_where_it_was_made(tmp_path: Path) -> None:
    engine = open_engine(empty_store(tmp_path / "p.db"))
    inspector = inspect(engine)
    found = set(inspector.get_table_names()) - {"alembic_version"}
    assert found == set(metadata.tables)
    for table in found:
        columns = {column["name"]: column for column in inspector.get_columns(table)}
        for name in ("agency", "origin"):
            assert columns[name]["nullable"] is False, table
        unique = [set(each["column_names"]) for each in inspector.get_unique_constraints(table)]
        key = set(inspector.get_pk_constraint(table)["constrained_columns"])
        # a global id: made where the record was made, never a counter alone
        assert (
            ("id" in columns and columns["id"]["type"].python_type is str)
            or {"gid"} in unique
            or {"reception_id"} in unique
            or {"hash"} in unique
        ), (table, key)
    engine.dispose()


def test_the_migrations_make_what_the_tables_say(tmp_path: Path) -> None:
    engine = open_engine(empty_store(tmp_path / "p.db"))
    with engine.connect().execution_options(reads=True) as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, metadata) == []
    engine.dispose()


async def test_a_migration_cut_off_half_way_leaves_nothing_and_the_next_start_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "p.db"
    upgrade = command.upgrade

    def cut_off(*arguments: Any) -> None:
        upgrade(*arguments)
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "upgrade", cut_off)
    with pytest.raises(KeyboardInterrupt):
        create_store(f"sqlite:///{file}")
    assert tables(file) == set()
    monkeypatch.undo()
    create_store(f"sqlite:///{file}")
    assert "transmissions" in tables(file)


async def test_a_database_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "p.db"
    create_store(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(StoreError, match=r"newer version \(schema 9999\): update"):
        open_store(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT * FROM alembic_version").fetchall() == [("9999",)]


async def test_opening_it_again_changes_nothing(tmp_path: Path) -> None:
    file = tmp_path / "p.db"
    create_store(f"sqlite:///{file}")
    before = tables(file)
    await open_store(f"sqlite:///{file}").close()
    assert tables(file) == before


def test_a_commit_is_on_disk_when_it_returns(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path / 'p.db'}", new=True)
    with engine.connect() as connection:
        mode = connection.exec_driver_sql("PRAGMA journal_mode").scalar_one()
        full = connection.exec_driver_sql("PRAGMA synchronous").scalar_one()
    engine.dispose()
    assert (mode, full) == ("wal", 2)


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("sqlite://", "memory"),
        ("sqlite:///:memory:", "memory"),
        ("mysql://host/db", "no store for 'mysql'"),
        ("sqlite:////no/such/folder/p.db", "there is no store /no/such/folder/p.db"),
    ],
)
def test_a_url_that_is_no_good_is_refused_with_its_fault(url: str, fault: str) -> None:
    with pytest.raises(StoreError, match=fault):
        open_store(url)


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "p.db"
    file.write_bytes(b"not a database at all" * 1000)
    with pytest.raises(StoreError, match="not a database"):
        open_store(f"sqlite:///{file}")
    assert file.read_bytes().startswith(b"not a database")


async def test_the_database_finds_last_words_by_an_index(tmp_path: Path) -> None:
    store = open_store(empty_store(tmp_path / "p.db"))
    plans: list[str] = []

    def explain(connection: Connection) -> None:
        queries: list[str] = []
        raw = connection.connection.driver_connection
        assert isinstance(raw, sqlite3.Connection)
        raw.set_trace_callback(queries.append)
        newest.for_pictures(connection, [[AddressSpan(address="test:a", start=at(0), end=at(9))]])
        raw.set_trace_callback(None)
        for query in queries:
            if query.startswith("SELECT"):
                plan = raw.execute("EXPLAIN QUERY PLAN " + query).fetchall()
                plans.append(" ".join(row[3] for row in plan))

    await store.read(explain)
    assert [name for plan in plans for name in plan.split() if "transmissions_" in name] == [
        "transmissions_by_address",
        "transmissions_text",
        "transmissions_status",
        "transmissions_static",
        "transmissions_by_address",
    ]
    await store.close()
