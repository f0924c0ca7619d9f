"""`joint-patrol check` names every secret that others on the computer may read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from maps.commands.check import check
from maps.node.health.secret_files import open_to_others
from tests.fixtures.databases import empty_store
from tests.fixtures.ports import free_port


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that anybody may look into, unlike `tmp_path`."""
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield Path(name)


def test_every_kind_of_secret_that_others_may_read_is_named_and_no_other(folder: Path) -> None:
    empty_store(folder / "p.db")
    for name in (
        "metrics",
        "mail",
        "hook",
        "radio.toml",
        "joint-patrol.key",
        "p.db.node-key-before",
    ):
        (folder / name).write_text("a-secret-of-twenty-letters = 'x'\n")
    config = folder / "patrol.toml"
    config.write_text(
        f"""
[store]
url = "sqlite:///p.db"
[web]
port = {free_port()}
metrics_token_file = "metrics"
[backup]
folder = "backups"
[mail]
host = "127.0.0.1"
port = {free_port()}
sender = "office@hx.example"
username = "office"
password_file = "mail"
[[webhooks]]
name = "ministry"
url = "https://127.0.0.1:{free_port()}/"
secret_file = "hook"
[[channels]]
name = "hikers"
url = "mqtt://127.0.0.1:{free_port()}?topic=owntracks/%23"
protocols = ["owntracks"]
secrets_file = "radio.toml"
username = "node"
password = "in the file itself"
""",
        encoding="utf-8",
    )
    (folder / "backups").mkdir(mode=0o755)
    copy = folder / "backups/node-20261203T010000Z.backup"
    copy.write_text("a copy of the store")
    for file in (copy, *(each for each in folder.iterdir() if each.is_file())):
        file.chmod(0o644)
    (folder / "hook").chmod(0o640)
    found = check(config)
    assert found.faults == []
    texts = {line.split(" may read ")[1] for line in found.warnings if " may read " in line}
    assert texts == {
        f"{folder / name}: run chmod 600 on it"
        for name in (
            "p.db.node-key-before",
            "metrics",
            "mail",
            "radio.toml",
            "joint-patrol.key",
            "p.db",
            "backups/node-20261203T010000Z.backup",
            "patrol.toml",
        )
    }


def test_a_closed_folder_closes_what_is_in_it(folder: Path) -> None:
    file = folder / "in" / "key"
    file.parent.mkdir()
    file.touch()
    file.chmod(0o644)
    file.parent.chmod(0o750)
    assert not open_to_others(file)
    file.parent.chmod(0o755)
    assert open_to_others(file)
    file.chmod(0o640)
    assert not open_to_others(file)
