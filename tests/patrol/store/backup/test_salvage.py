"""Salvage: of a store with damaged pages the rest is saved, and what is lost is named."""

from __future__ import annotations

import asyncio
import os
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from patrol.documents.transaction import Note
from patrol.errors.errors import StoreError
from patrol.store.backup.backup import inventory
from patrol.store.backup.salvage import salvage
from patrol.store.engine.damage import damaged_tables
from patrol.store.journal import journal
from tests.fixtures.databases import sqlite_only
from tests.fixtures.ports import free_port
from tests.maps.commands.test_command_line import call, small
from tests.patrol.nodes.running import Node, address, at, running, said

pytestmark = sqlite_only

MESSAGES, ROWS = 400, 300


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with much in it, all in its one file."""
    file = tmp_path_factory.mktemp("sound") / "p.db"
    asyncio.run(fill(file))
    with closing(sqlite3.connect(file)) as database:
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return file


async def fill(file: Path) -> None:
    async with running(file) as node:
        boat = await node.boat()
        await node.desk().registry.assign(address=address(), unit=boat, start=at(-1))
        await node.hear(*(said("a", second) for second in range(MESSAGES)))
        notes = [
            Note(act="read", actor="kham", agency="la-hx", subject=f"unit:{number}")
            for number in range(ROWS)
        ]
        await node.store.write(journal.append, notes, at(0), origin="hx")


def leaves(file: Path, table: str) -> list[int]:
    """Return the pages below the first one of a table, which must be an inner one."""
    with closing(sqlite3.connect(file)) as database:
        query = "SELECT rootpage FROM sqlite_master WHERE type = 'table' AND name = ?"
        (root,) = database.execute(query, (table,)).fetchone()
        (size,) = database.execute("PRAGMA page_size").fetchone()
    page = file.read_bytes()[(root - 1) * size : root * size]
    assert page[0] == 5, "an inner page of a table (sqlite.org/fileformat2.html, 1.6)"
    cells = [12 + 2 * each for each in range(int.from_bytes(page[3:5]))]
    found = [int.from_bytes(page[(at := int.from_bytes(page[c : c + 2])) : at + 4]) for c in cells]
    return [*found, int.from_bytes(page[8:12])]


def spoil(file: Path, *pages: int) -> None:
    """Write nonsense over pages, as a failing disk would."""
    with file.open("rb+") as opened:
        for page in pages:
            opened.seek((page - 1) * 4096)
            opened.write(os.urandom(4096))


@pytest.fixture
def damaged(sound: Path, tmp_path: Path) -> Path:
    """A copy of it to be damaged."""
    return Path(shutil.copy(sound, tmp_path / "damaged.db"))


def test_of_a_sound_store_nothing_is_missing(damaged: Path, tmp_path: Path) -> None:
    before = inventory(f"sqlite:///{damaged}")
    found = salvage(damaged, tmp_path / "new.db")
    assert found.is_whole, found
    after = inventory(f"sqlite:///{tmp_path / 'new.db'}")
    assert (after.rows, after.proof) == (before.rows, before.proof)


async def test_what_lies_on_pages_that_can_be_read_is_saved_and_lost_rows_are_named(
    damaged: Path, tmp_path: Path
) -> None:
    pages = leaves(damaged, "transmissions")
    spoil(
        damaged, pages[1], pages[-1]
    )  # one in the middle, and the last: nothing says where it ends
    spoil(damaged, leaves(damaged, "journal")[1])
    assert set(damaged_tables(damaged)) == {"transmissions", "journal"}
    found = salvage(damaged, tmp_path / "new.db")
    rows, lines = found.rows["transmissions"], found.rows["journal"]
    assert rows.lost_count is not None
    assert lines.lost_count is not None
    assert 0 < rows.lost_count < 60
    assert rows.saved + rows.lost_count == MESSAGES
    assert len(rows.gaps) == 2
    assert len(rows.lost_names) == rows.lost_count
    assert all(each.startswith(f"{address()} ") for each in rows.lost_names)
    assert lines.lost_names[0].startswith("unit:")
    assert {each.what for each in found.faults} == {"missing"}
    assert found.rows["units"].is_whole
    assert damaged_tables(tmp_path / "new.db") == {}
    node = Node(tmp_path / "new.db")
    await node.start()  # and it is a store: the watch works on it
    (state,) = node.states().values()
    assert state.call_sign == "Boat 3"
    await node.hear(said("a", MESSAGES + 5))
    await node.stop()


def test_a_table_whose_first_page_is_gone_is_named_and_the_others_are_saved(
    damaged: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(damaged)) as database:
        query = "SELECT rootpage FROM sqlite_master WHERE name = 'transmissions'"
        (root,) = database.execute(query).fetchone()
    spoil(damaged, root)
    found = salvage(damaged, tmp_path / "new.db")
    rows = found.rows["transmissions"]
    assert (rows.saved, rows.lost_count) == (0, MESSAGES)
    assert found.rows["journal"].is_whole
    assert found.faults == ()


def test_altered_values_on_a_readable_page_are_found_by_the_journal(
    damaged: Path, tmp_path: Path
) -> None:
    with closing(sqlite3.connect(damaged)) as database, database:
        database.execute("UPDATE journal SET actor = 'nobody' WHERE seq IN (20, 40)")
    found = salvage(damaged, tmp_path / "new.db")
    assert [(each.seq, each.what) for each in found.faults] == [(20, "altered"), (40, "altered")]


def test_nothing_is_written_over_and_what_is_no_store_is_refused(
    damaged: Path, tmp_path: Path
) -> None:
    new = tmp_path / "new.db"
    new.write_text("mine")
    with pytest.raises(StoreError, match="move it away first"):
        salvage(damaged, new)
    assert new.read_text() == "mine"
    new.unlink()
    spoil(damaged, 1)
    with pytest.raises(StoreError, match="nothing can be read of"):
        salvage(damaged, new)
    assert list(tmp_path.glob("new.db*")) == []


def test_the_command_says_what_is_missing_and_the_journal_too(
    damaged: Path, tmp_path: Path
) -> None:
    (tmp_path / "patrol.toml").write_text(small(tmp_path, free_port()), encoding="utf-8")
    spoil(damaged, leaves(damaged, "transmissions")[2])
    out, err = call("store", "salvage", str(damaged), folder=tmp_path, good=False)
    assert "move it away first" in out + err
    for each in tmp_path.glob("joint-patrol.db*"):
        each.unlink()
    out, _ = call("store", "salvage", str(damaged), folder=tmp_path)
    assert f"    lost: {address()} " in out
    assert "what is missing is above" in out
    with closing(sqlite3.connect(tmp_path / "joint-patrol.db")) as database:
        query = "SELECT detail FROM journal WHERE act = 'salvage store'"
        (detail,) = database.execute(query).fetchone()
    assert '"transmissions":' in detail
