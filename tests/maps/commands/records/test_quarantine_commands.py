"""`joint-patrol set-aside`: what could not be taken is listed, shown and taken in again."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from maps.node.node import open_office
from maps.settings.settings import settings_of
from tests.fixtures.databases import empty_store, reading, store_table
from tests.maps.commands.test_command_line import call, run
from tests.patrol.nodes.running import said

CONFIG = """
[node]
id = "hx"
name = "BLO Houay Xai"
time_zone = "Asia/Vientiane"
"""
NEVER = (
    "CREATE TRIGGER never BEFORE INSERT ON transmissions WHEN new.text LIKE 'bad%'"
    " BEGIN SELECT RAISE(ABORT, 'not this one'); END"
)


def change(folder: Path, statement: str) -> list[tuple[object, ...]]:
    with reading(folder / "joint-patrol.db") as other:
        done = other.execute(statement)
        return [tuple(row) for row in done] if done.description else []


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    """A node's folder, where two of three reports were set aside."""
    (tmp_path / "patrol.toml").write_text(CONFIG + store_table(tmp_path))
    tables = {
        "node": {"id": "hx", "name": "Houay Xai", "time_zone": "Asia/Vientiane"},
        "store": {"url": empty_store(tmp_path / "joint-patrol.db")},
    }
    settings = settings_of(tables, source="patrol.toml", folder=tmp_path)
    async with open_office(settings) as office:
        change(tmp_path, NEVER)
        await office.watch.receive(
            [
                said("a", 1, text="bad one", raw=b"\x01$a"),
                said("b", 2),
                said("c", 3, text="bad two"),
            ]
        )
    return tmp_path


def test_they_are_listed_and_shown(folder: Path) -> None:
    out, _ = call("set-aside", "list", folder=folder)
    assert len(out.splitlines()) == 2
    assert "test:a" in out
    assert "not this one" in out
    assert len(call("set-aside", "list", "--limit", "1", folder=folder)[0].splitlines()) == 1
    (line,) = (line for line in out.splitlines() if "test:a" in line)
    text, _ = call("set-aside", "show", line[:8], folder=folder)
    assert "bytes       01 24 61" in text
    assert json.loads(text[text.index("{") :])["text"] == "bad one"
    _, fault = call("set-aside", "show", "zz", folder=folder, good=False)
    assert "no" in fault


def test_what_is_taken_in_again_is_set_aside_no_longer_and_the_rest_stays(folder: Path) -> None:
    out, _ = call("set-aside", "retry", "all", folder=folder, good=False)
    assert out.count("it can still not be taken") == 2
    assert "not this one" in out
    change(folder, "DROP TRIGGER never")
    change(folder, NEVER.replace("bad%", "bad two"))
    out, _ = call("set-aside", "retry", "all", folder=folder, good=False)
    assert out.count("is stored") == 1
    assert change(folder, "SELECT address FROM set_aside") == [("test:c",)]
    assert change(folder, "SELECT text FROM transmissions ORDER BY text IS NOT NULL, text") == [
        (None,),
        ("bad one",),
    ]
    change(folder, "DROP TRIGGER never")
    (id,) = (str(row[0]) for row in change(folder, "SELECT id FROM set_aside"))
    out, _ = call("set-aside", "retry", id[:8], folder=folder)
    assert out == f"{id[:8]}  is stored\n"
    assert run("set-aside", "list", folder=folder)[0] == "nothing is set aside\n"


def test_a_record_of_which_only_the_bytes_are_stored_says_so(folder: Path) -> None:
    change(folder, "UPDATE set_aside SET said = NULL")
    change(folder, "DROP TRIGGER never")
    out, _ = call("set-aside", "retry", "all", folder=folder, good=False)
    assert out.count("it can still not be taken: only its bytes are kept") == 2
    assert len(change(folder, "SELECT id FROM set_aside")) == 2
