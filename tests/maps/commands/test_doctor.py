"""`joint-patrol doctor`: what is wrong with a node that runs, or does not, and what to do first."""

from __future__ import annotations

import asyncio
from pathlib import Path

from maps.commands import doctor
from maps.commands.doctor import Advice, Diagnosis, diagnose, lines_of
from tests.fixtures.databases import sqlite_only
from tests.fixtures.patience import PATIENCE_S
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server
from tests.maps.commands.test_command_line import call, small

pytestmark = sqlite_only


def test_a_node_that_does_not_run_is_reported_first(tmp_path: Path) -> None:
    (tmp_path / "patrol.toml").write_text(small(tmp_path, free_port()), encoding="utf-8")
    out = call_doctor(tmp_path)
    first, *others = [line for line in out.splitlines() if line[0].isdigit()]
    assert first.startswith("1. now: the node is not running, or does not answer: systemctl")
    assert any("nothing makes back-ups by itself" in line for line in others)
    assert "well: configuration, store, certificates and keys: can be used" in out


def call_doctor(folder: Path) -> str:
    out, _ = call("doctor", folder=folder, good=False)
    return out


async def test_of_a_running_node_all_is_looked_at(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("a-token-of-more-than-twenty-letters")
    dead = free_port()
    server = Server(
        tmp_path,
        channels=(
            f'[[channels]]\nname = "pier"\nurl = "tcp://127.0.0.1:{dead}"\n'
            'protocols = ["nmea0183"]\n'
            f'[[channels]]\nname = "boats"\nurl = "udp://127.0.0.1:{free_port()}"\n'
            'protocols = ["nmea0183"]\n[backup]\nfolder = "backups"\n'
        ),
        roles=(),
    )
    config = server.config
    text = config.read_text().replace("[web]\n", '[web]\nmetrics_token_file = "token"\n')
    config.write_text(text, encoding="utf-8")
    server.start()
    try:
        async with asyncio.timeout(PATIENCE_S):
            said = ""
            while ": pier is down since " not in said:  # it tries at its start
                found = await asyncio.to_thread(diagnose, config)
                said = "\n".join(lines_of(found))
    finally:
        server.stop()
    assert "well: node: runs, and takes records" in said
    assert "well: links, gateways and broker: 1 of 2" in said
    assert "well: version: " in said
    assert "GB free, the store has " in said
    assert found.exit_code == 2
    assert not any("is running on" in each.what for each in found.advice)
    assert "back-up: " in said
    assert "restore test: " in said
    assert not [each for each in found.unknown if "running node" in each]


def test_what_is_to_be_done_now_comes_first_and_tells_the_exit_code() -> None:
    found = Diagnosis()
    assert found.exit_code == 0
    found.add("later", "c")
    assert found.exit_code == 0
    found.add("soon", "b")
    assert found.exit_code == 1
    found.add("now", "a")
    assert found.exit_code == 2
    assert found.first()[0] == Advice(urgency="now", what="a")
    assert [line[:8] for line in lines_of(found)] == ["1. now: ", "2. soon:", "3. later"]
    assert doctor.ORDER == ("now", "soon", "later")
