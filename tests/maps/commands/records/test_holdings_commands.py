"""`joint-patrol holdings search` as an administrator runs it on the machine."""

from __future__ import annotations

from pathlib import Path

from typer.testing import CliRunner

from maps.__main__ import app
from tests.fixtures.databases import empty_store, reading, store_table

CONFIG = """
[node]
id = "hx"
name = "BLO Houay Xai"
time_zone = "Asia/Vientiane"

[[agencies]]
id = "la-hx"
name = "Houay Xai border police"
"""


def test_what_is_held_is_printed_and_the_search_is_noted(tmp_path: Path) -> None:
    config = tmp_path / "patrol.toml"
    config.write_text(CONFIG + store_table(tmp_path))
    run = CliRunner().invoke
    empty_store(tmp_path / "joint-patrol.db")
    added = run(app, ["unit", "add", "Naga 7", "--kind", "boat", "--config", str(config)])
    assert added.exit_code == 0, added.output
    search = ["holdings", "search", "naga 7", "--config", str(config)]
    assert run(app, search).exit_code == 2, "a purpose is asked for"
    found = run(app, [*search, "--purpose", "order of a court"])
    assert found.exit_code == 0, found.output
    assert found.output.startswith("unit ")
    assert "Naga 7" in found.output
    assert run(app, [*search, "--purpose", "why"]).exit_code == 1, "three letters are no purpose"
    with reading(tmp_path / "joint-patrol.db") as opened:
        (row,) = opened.execute("SELECT actor, detail FROM journal WHERE act LIKE 'search%'")
    assert row[0] == "command line"
    assert "order of a court" in row[1]
