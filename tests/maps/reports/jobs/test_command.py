"""`joint-patrol report`: a file from the records of a node that is not running."""

from __future__ import annotations

import asyncio
import subprocess
from pathlib import Path

import pytest

from tests.fixtures.command_process import forked_run
from tests.fixtures.databases import empty_store
from tests.maps.reports.story import joint_patrol
from tests.maps.servers.offices import AGENCIES


async def _records(folder: Path) -> str:
    async with joint_patrol(folder) as story:
        return story.patrol


def report(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the command in a node's folder."""
    command = ["report", *words, "--config", str(folder / "patrol.toml")]
    return subprocess.CompletedProcess(command, *forked_run(command, Path.cwd(), timeout=100))


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("command")
    patrol = asyncio.run(_records(folder))
    url = empty_store(folder / "joint-patrol.db")
    tables = "".join(
        f'[[agencies]]\nid = "{each["id"]}"\nname = "{each["name"]}"\n' for each in AGENCIES
    )
    (folder / "patrol.toml").write_text(
        f'[node]\nid = "test"\nname = "Test"\ntime_zone = "Asia/Vientiane"\n'
        f'[store]\nurl = "{url}"\n{tables}',
        encoding="utf-8",
    )
    return folder, patrol


def test_a_report_is_written_to_a_file(node: tuple[Path, str]) -> None:
    folder, patrol = node
    out = folder / "debrief.xlsx"
    done = report(folder, "patrol-debrief", "--patrol", patrol, "--out", str(out))
    assert done.returncode == 0, done.stderr
    assert out.read_bytes()[:2] == b"PK"
    assert done.stdout.strip().endswith(f"{out.stat().st_size} bytes")


def test_what_cannot_be_made_ends_the_command_with_a_word(node: tuple[Path, str]) -> None:
    folder, _ = node
    other = report(folder, "other", "--out", str(folder / "x.html"))
    assert other.returncode == 1
    assert "no report 'other'" in other.stderr
    bad = report(folder, "coverage", "--month", "2026-13", "--out", str(folder / "x.html"))
    assert bad.returncode == 2
    assert "2026-10" in bad.stderr
    ending = report(folder, "coverage", "--out", str(folder / "x.docx"))
    assert ending.returncode == 2
