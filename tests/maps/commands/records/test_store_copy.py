"""`joint-patrol store copy`: a store in a file goes into a database whole, and is proved there."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from maps.__main__ import app
from maps.node.lock import store_lock
from patrol.errors.errors import StoreError
from patrol.store.backup.backup import inventory
from patrol.store.backup.copy import copy_store
from patrol.store.store import create_store
from tests.fixtures import databases
from tests.maps.commands.records.test_backup import configure, filled, node_is_the_same
from tests.patrol.nodes.running import Node, address, said


@pytest.fixture
def target() -> str:
    """An empty database on a server."""
    server = databases.server()
    return server.url(server.create())


async def test_what_was_in_the_file_is_in_the_database_and_goes_on_there(
    tmp_path: Path, target: str
) -> None:
    old = f"sqlite:///{tmp_path / 'old.db'}"
    create_store(old)
    node = await filled(old, tmp_path)
    await node.stop()
    there = inventory(old)
    folder = configure(tmp_path / "here", old)
    key = tmp_path / "old.db.audit-key"
    key.write_bytes(b"the key of the journal")
    done = CliRunner().invoke(
        app, ["store", "copy", "--to", target, "--config", str(folder / "patrol.toml")]
    )
    assert done.exit_code == 0, done.output
    assert f"transmissions: {there.rows['transmissions']}\n" in done.output
    assert (folder / "joint-patrol.audit-key").read_bytes() == key.read_bytes()
    copied = inventory(target)
    assert copied.rows == dict(there.rows) | {"journal": there.rows["journal"] + 1}
    assert copied.proof.faults == ()
    assert inventory(old) == there
    again = Node(tmp_path / "new.db", url=target)
    await again.start()
    await node_is_the_same(again)  # it takes new records, too
    boat = next(iter(again.states()))
    await again.desk().registry.assign(address=address("b"), unit=boat, start=None)
    await again.hear(*(said("b", second) for second in range(40, 45)))
    await again.stop()
    assert inventory(target).proof.faults == ()


async def test_of_what_cannot_be_stored_there_nothing_is_and_the_row_is_named(
    tmp_path: Path, target: str
) -> None:
    file = tmp_path / "old.db"
    create_store(f"sqlite:///{file}")
    await (await filled(f"sqlite:///{file}", tmp_path)).stop()

    with sqlite3.connect(file) as database:
        database.execute("UPDATE units SET note = 'a' || char(0) || 'b'")
    database.close()
    with pytest.raises(StoreError, match=r"table units, at or after the row id .*0x00"):
        copy_store(f"sqlite:///{file}", target)
    assert not any(inventory(target).rows.values())


def test_a_store_in_use_or_with_something_in_it_is_left_alone(tmp_path: Path, target: str) -> None:
    old = f"sqlite:///{tmp_path / 'old.db'}"
    create_store(old)
    folder = configure(tmp_path / "here", old)
    words = ["store", "copy", "--to", target, "--config", str(folder / "patrol.toml")]
    with store_lock(old):
        done = CliRunner().invoke(app, words)
    assert (done.exit_code, "is in use by a running server" in done.output) == (1, True)
    assert CliRunner().invoke(app, words).exit_code == 0
    done = CliRunner().invoke(app, words)
    assert (done.exit_code, "is not empty" in done.output) == (1, True), done.output
    with pytest.raises(StoreError, match="from a file to a PostgreSQL database"):
        copy_store(target, old)
