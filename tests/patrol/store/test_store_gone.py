"""A store that is gone is noticed: what would go into a nameless file is answered to nobody."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

import pytest
from sqlalchemy import Connection

from patrol.errors.errors import StoreError, StoreReturned
from patrol.store.engine.open_file import OpenFile
from patrol.store.records import registry
from patrol.store.store import create_store, open_store
from tests.fixtures.databases import empty_store, reading, sqlite_only
from tests.fixtures.patience import until
from tests.patrol.nodes.running import Node, running, said

pytestmark = sqlite_only


def files(store: Path) -> list[Path]:
    """Return the files of a store that is open."""
    return [store, store.with_name(f"{store.name}-wal"), store.with_name(f"{store.name}-shm")]


async def until_state(node: Node, state: str) -> str:
    """Wait until the store is told to be so; return its fault."""
    channels = node.watch.picture.channels
    await until(lambda: "store" in channels and channels["store"].state == state, within_s=20)
    return channels["store"].fault or ""


@pytest.mark.parametrize("number", range(3))
async def test_nothing_is_answered_while_a_file_of_the_store_is_away_and_all_is_after_it_is_back(
    tmp_path: Path, number: int
) -> None:
    async with running(tmp_path / "p.db") as node:
        await node.hear(said("a", 1))
        gone = files(node.file)[number]
        away = tmp_path / "away"
        gone.rename(away)
        (answer,) = node.offer(said("a", 2))
        assert f"{gone} is gone" in await until_state(node, "down")
        assert not answer.is_set()
        away.rename(gone)
        async with asyncio.timeout(20):
            await answer.wait()
        await until_state(node, "open")
        with reading(node.file) as outside:
            (count,) = outside.execute("SELECT count(*) FROM transmissions").fetchone()
        assert count == 2


async def test_it_is_noticed_also_while_nothing_is_received_and_orders_are_refused(
    tmp_path: Path,
) -> None:
    async with running(tmp_path / "p.db") as node:
        node.file.unlink()
        began = asyncio.get_running_loop().time()
        assert "its disk is not mounted" in await until_state(node, "down")
        assert asyncio.get_running_loop().time() - began < 10  # it looks each second
        with pytest.raises(StoreError, match="is gone"):
            await node.desk("admin").registry.add_unit(call_sign="Naga 9", kind="boat")
    assert not node.file.exists()  # nobody made another


async def test_another_store_of_that_name_is_not_taken_for_it(tmp_path: Path) -> None:
    async with running(tmp_path / "p.db") as node:
        for each in files(node.file):
            each.unlink()
        create_store(f"sqlite:///{node.file}")  # or one that lay below the mount point
        (answer,) = node.offer(said("a", 2))
        assert "another file than the one that was opened" in await until_state(node, "down")
        assert not answer.is_set()
        with reading(node.file) as outside:
            assert outside.execute("SELECT count(*) FROM transmissions").fetchone()[0] == 0


async def test_what_was_committed_as_it_went_is_not_answered_and_ends_the_writing(
    tmp_path: Path,
) -> None:
    file = tmp_path / "p.db"
    store = open_store(empty_store(file))
    away = tmp_path / "away"

    def goes(connection: Connection) -> None:
        registry.all_units(connection)
        file.rename(away)

    with pytest.raises(StoreError, match="went while it was written to"):
        await store.write(goes)
    with pytest.raises(StoreError, match="is gone"):
        await store.check_file()
    away.rename(file)
    with pytest.raises(StoreReturned, match="has to start anew"):
        await store.write(registry.all_units)
    await store.close()


async def test_the_process_is_asked_to_end_once_such_a_store_is_back(tmp_path: Path) -> None:
    async with running(tmp_path / "p.db") as node:
        away = tmp_path / "away"
        with pytest.raises(StoreError, match="went while it was written to"):
            await node.store.write(lambda connection: node.file.rename(away))
        assert "is gone" in await until_state(node, "down")
        assert not node.must_end.is_set()
        away.rename(node.file)
        async with asyncio.timeout(20):
            await node.must_end.wait()


def test_a_store_that_cannot_be_reached_says_why(tmp_path: Path) -> None:
    file = tmp_path / "p.db"
    with pytest.raises(StoreError, match=r"p\.db is gone"):
        OpenFile(file)
    if os.geteuid() != 0:
        file.touch()
        tmp_path.chmod(0)
        try:
            with pytest.raises(StoreError, match="cannot be reached: Permission denied"):
                OpenFile(file)
        finally:
            tmp_path.chmod(0o700)
