"""A node makes its back-ups by itself, in a process of its own, and tells how they went."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path

from maps.node.backups import Backups
from maps.node.health.store_metrics import store_metrics
from maps.settings.settings import read_settings
from tests.fixtures.databases import sqlite_only
from tests.fixtures.patience import until
from tests.fixtures.ports import free_port
from tests.maps.commands.test_command_line import call, run, small

pytestmark = sqlite_only


async def test_the_first_is_made_at_once_and_is_listed_carried_and_counted(tmp_path: Path) -> None:
    config = tmp_path / "patrol.toml"
    config.write_text(
        small(tmp_path, free_port()) + '\n[backup]\nfolder = "backups"\n', encoding="utf-8"
    )
    backups = Backups(read_settings(config))
    running = asyncio.create_task(backups.run())
    try:
        await until(lambda: backups.state is not None)
    finally:
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert backups.faults == {}
    text = store_metrics(True, None, backups).decode()
    assert "joint_patrol_backup_ok 1.0" in text
    assert "joint_patrol_restore_test_ok 1.0" in text
    assert "joint_patrol_backup_missing 0.0" in text
    out, _ = call("backups", "list", folder=tmp_path)
    assert "restore test: hx-" in out
    assert "UTC, good" in out
    stick = tmp_path / "stick"
    stick.mkdir()
    out, _ = call("backups", "carry", str(stick), folder=tmp_path)
    assert "read again from there and the same" in out
    assert len(list(stick.iterdir())) == 2
    for each in (tmp_path / "backups").glob("*.backup"):
        each.unlink()
    backups.look()
    assert "is not there any more" in backups.faults["backup"]
    text = store_metrics(True, None, backups).decode()
    assert "joint_patrol_backup_missing 1.0" in text
    assert "joint_patrol_restore_test_missing 0.0" in text


def test_one_is_made_when_asked_for_and_carried_away_once(tmp_path: Path) -> None:
    config = tmp_path / "patrol.toml"
    config.write_text(
        small(tmp_path, free_port()) + '\n[backup]\nfolder = "backups"\n', encoding="utf-8"
    )
    stick = tmp_path / "stick"
    stick.mkdir()
    out, _ = call("backups", "list", folder=tmp_path)
    assert out == f"none was made yet in {tmp_path / 'backups'}\n"
    out, _ = run("backups", "run", "--now", folder=tmp_path)
    made, tested = out.splitlines()
    assert made.startswith("back-up: hx-")
    assert tested.startswith("restore test: hx-")
    assert made.endswith("UTC, good")
    out, _ = call("backups", "carry", str(stick), folder=tmp_path)
    assert "read again from there and the same" in out
    out, _ = call("backups", "carry", str(stick), folder=tmp_path)
    assert out == f"{stick} has it already\n"
    (tmp_path / "joint-patrol.db").write_bytes(b"no store any more")
    _, err = run("backups", "run", "--now", folder=tmp_path, good=False)
    assert "file is not a database" in err


def test_a_store_in_postgres_needs_a_database_for_its_tests(tmp_path: Path) -> None:
    config = tmp_path / "patrol.toml"
    config.write_text(
        '[store]\nurl = "postgresql+psycopg://p@/p"\n[backup]\nfolder = "b"\n', encoding="utf-8"
    )
    out, _ = call("check", folder=tmp_path, good=False)
    assert "backup.restore_test_url: is missing" in out


def test_without_the_table_the_commands_say_so(tmp_path: Path) -> None:
    (tmp_path / "patrol.toml").write_text(small(tmp_path, free_port()), encoding="utf-8")
    _, err = call("backups", "run", folder=tmp_path, good=False)
    assert "[backup] is missing" in err
