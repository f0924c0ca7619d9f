"""What `radio-gateway run` and `check` say of folders that cannot be used; nothing is made."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from radio_gateway.__main__ import app
from radio_gateway.recording.journal import Journal
from tests.radio_gateway.uplink.gateways import NODE_KEY, key_file

NOBODY = 65_534


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may look into; pytest's are for their owner only."""
    made = Path(tempfile.mkdtemp())
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


@contextmanager
def without_rights() -> Iterator[str]:
    """Be a user whom permissions bind, and yield its name: root may do anything."""
    if os.geteuid():
        yield ""
        return
    os.seteuid(NOBODY)
    try:
        yield "nobody"
    finally:
        os.seteuid(0)


def told(folder: Path, command: str, *, spool: str = "spool.db", journal: str = "") -> Result:
    """Run `radio-gateway COMMAND` with such settings; return how it ended."""
    key_file(folder / "key")
    (folder / "key").chmod(0o600)
    (folder / "gateway.toml").write_text(
        f"""
[gateway]
id = "gw-1"
spool = "{spool}"

{f'[journal]{os.linesep}folder = "{journal}"' if journal else ""}

[uplink]
url = "mqtt://127.0.0.1:1"
username = "gw-1"
password = "x"
key_file = "key"
node_key = "{NODE_KEY.public}"

[[channels]]
name = "link"
url = "udp://127.0.0.1:0"
protocols = ["nmea0183"]
"""
    )
    if not os.geteuid():
        for name in ("gateway.toml", "key"):
            os.chown(folder / name, NOBODY, NOBODY)
    before = sorted(folder.rglob("*"))
    words = ["--config", str(folder / "gateway.toml")]
    CliRunner().invoke(app, ["check", *words])  # imports what nobody may not read
    with without_rights():
        result = CliRunner().invoke(app, [command, *words])
    assert sorted(folder.rglob("*")) == before
    return result


@pytest.mark.parametrize(("command", "code"), [("check", 2), ("run", 1)])
def test_a_missing_spool_folder_is_named(folder: Path, command: str, code: int) -> None:
    result = told(folder, command, spool="absent/spool.db")
    assert result.exit_code == code
    assert result.stderr == (
        f"gateway.toml: gateway.spool: {folder}/absent/spool.db: "
        f"the folder {folder}/absent is missing\n"
    )


@pytest.mark.parametrize(("command", "code"), [("check", 2), ("run", 1)])
def test_a_spool_folder_that_is_not_ours_is_named_with_the_user(
    folder: Path, command: str, code: int
) -> None:
    (folder / "kept").mkdir(mode=0o555)
    result = told(folder, command, spool="kept/spool.db")
    assert result.exit_code == code
    assert f"gateway.spool: {folder}/kept/spool.db: the folder {folder}/kept" in result.stderr
    assert "is not writable by user " in result.stderr


def test_a_spool_that_another_user_made_is_named(folder: Path) -> None:
    path = folder / "kept"
    path.mkdir()
    (path / "spool.db").touch(mode=0o400)
    if not os.geteuid():
        os.chown(path, NOBODY, NOBODY)
    result = told(folder, "check", spool="kept/spool.db")
    assert (result.exit_code, result.stdout) == (2, "")
    assert f"gateway.spool: {path}/spool.db: is not writable by user" in result.stderr


def test_a_journal_that_cannot_be_kept_is_named_by_check(folder: Path) -> None:
    (folder / "kept").mkdir(mode=0o555)
    (folder / "spool").mkdir(mode=0o777)
    (folder / "spool").chmod(0o777)
    result = told(folder, "check", spool="spool/spool.db", journal="kept/journal")
    assert result.exit_code == 2
    assert result.stderr.startswith(
        f"gateway.toml: journal.folder: {folder}/kept/journal: cannot be made: "
        f"the folder {folder}/kept is not writable"
    )


def test_folders_that_can_be_used_are_sound(folder: Path) -> None:
    (folder / "spool").mkdir()
    (folder / "spool").chmod(0o777)
    result = told(folder, "check", spool="spool/spool.db", journal="spool/journal")
    assert (result.exit_code, result.stderr) == (0, "")


def test_a_journal_that_another_keeps_is_refused_by_name(folder: Path) -> None:
    (folder / "spool").mkdir()
    told(folder, "check", journal="journal", spool="spool/spool.db")
    journal = Journal(folder / "journal")
    try:
        run = subprocess.run(
            [sys.executable, "-m", "radio_gateway", "run", "--config", folder / "gateway.toml"],
            cwd=Path(__file__).parents[3],
            capture_output=True,
            text=True,
            timeout=30,
        )
    finally:
        journal.close()
    assert run.returncode == 1
    assert run.stderr == (
        f"journal.folder: {folder}/journal: another process keeps its journal here; "
        "each needs a folder of its own\n"
    )
