"""One damaged page: who meets it names the file, the table and what to do."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from patrol.errors.errors import StoreError
from patrol.store.backup.backup import back_up
from patrol.store.engine.damage import damaged_tables
from patrol.store.store import open_store
from tests.fixtures.databases import sqlite_only
from tests.fixtures.ports import free_port
from tests.maps.commands.test_command_line import call, run, small
from tests.patrol.nodes.running import running, said

pytestmark = sqlite_only


def damage(file: Path, table: str) -> None:
    """Write nonsense over the first page of a table, as a failing disk would."""
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        query = "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = ?"
        (page,) = database.execute(query, (table,)).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    with file.open("rb+") as opened:
        opened.seek((page - 1) * size)
        opened.write(os.urandom(size))


async def test_the_error_of_a_damaged_store_names_file_table_and_remedy(
    tmp_path: Path,
) -> None:
    file = tmp_path / "p.db"
    async with running(file) as node:
        await node.hear(*(said("a", second) for second in range(50)))
    assert damaged_tables(file) == {}
    damage(file, "transmissions")
    assert list(damaged_tables(file)) == ["transmissions"]
    store = open_store(f"sqlite:///{file}")
    with pytest.raises(StoreError) as found:
        await store.read(lambda c: c.exec_driver_sql("SELECT count(lon) FROM transmissions").all())
    await store.close()
    for words in (f"{file} is damaged, in the table transmissions (", "restore the newest back-up"):
        assert words in str(found.value)
    with pytest.raises(StoreError, match=r"is damaged, in the table transmissions \("):
        back_up(f"sqlite:///{file}", tmp_path / "b")


@pytest.mark.parametrize("table", ["journal", "sqlite_master"])
def test_check_and_serve_name_it(tmp_path: Path, table: str) -> None:
    (tmp_path / "patrol.toml").write_text(small(tmp_path, free_port()), encoding="utf-8")
    call("unit", "add", "Naga 1", folder=tmp_path)
    file = tmp_path / "joint-patrol.db"
    if table == "sqlite_master":
        with file.open("rb+") as opened:
            opened.seek(100)  # behind the header, which alone says that it is a database
            opened.write(os.urandom(4000))
    else:
        damage(file, table)
    out, _ = call("check", folder=tmp_path, good=False)
    assert f"joint-patrol.db is damaged, in the table {table} (" in out
    assert "restore the newest back-up (docs/guides/store.md" in out
    _, complaint = run("serve", folder=tmp_path, good=False)
    assert f"joint-patrol.db is damaged, in the table {table} (" in complaint
