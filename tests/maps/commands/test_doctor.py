"""`joint-patrol doctor`: what is wrong with a node that runs, or does not, and what to do first."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

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


@contextmanager
def answering(answers: Mapping[str, tuple[int, bytes]]) -> Iterator[int]:
    """Yield the port of what answers as a node in a bad way does; 404 to all else."""

    class Node(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body = answers.get(self.path, (404, b""))
            self.send_response(status)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *_: object) -> None:  # noqa: A002 - the library names it
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Node) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server.server_address[1]
        finally:
            server.shutdown()
            thread.join()


def diagnosed(folder: Path, answers: Mapping[str, tuple[int, bytes]], *, token: bool) -> list[str]:
    with answering(answers) as port:
        text = small(folder, port)
        if token:
            (folder / "token").write_text("a-token-of-more-than-twenty-letters")
            text = text.replace("[web]\n", '[web]\nmetrics_token_file = "token"\n')
        (folder / "patrol.toml").write_text(text, encoding="utf-8")
        return list(lines_of(diagnose(folder / "patrol.toml")))


def test_a_watch_that_stores_nothing_is_the_first_thing_to_mend(tmp_path: Path) -> None:
    texts = diagnosed(tmp_path, {"/health": (503, b"")}, token=False)
    first = [line for line in texts if line.startswith(("1. ", "2. "))]
    assert any("stores nothing and answers no radio (health is 503)" in line for line in first)
    unknown = [line for line in texts if line.startswith("not known: ")]
    assert any("set web.metrics_token_file" in line for line in unknown)


def test_what_a_node_does_not_tell_is_not_known(tmp_path: Path) -> None:
    well = {"/api/health": (200, b"")}
    texts = diagnosed(tmp_path, well | {"/metrics": (403, b"")}, token=True)
    assert "well: node: runs, and takes records" in texts
    assert "not known: how the running node fares: /metrics answers 403" in texts
    texts = diagnosed(tmp_path, well | {"/metrics": (200, b"{no metrics")}, token=True)
    assert any(line.startswith("not known: how the running node fares: ") for line in texts)


def test_another_version_that_runs_and_a_disk_that_fills_are_told(tmp_path: Path) -> None:
    metrics = b"""# TYPE joint_patrol_version_info gauge
joint_patrol_version_info{version="0.0.1"} 1
# TYPE joint_patrol_store_disk_days_left gauge
joint_patrol_store_disk_days_left 12
"""
    answers = {"/api/health": (200, b""), "/metrics": (200, metrics)}
    texts = diagnosed(tmp_path, answers, token=True)
    assert any("is installed, 0.0.1 runs: start the node again" in line for line in texts)
    assert any("at the present rate it lasts 12 days" in line for line in texts)


def test_links_to_counterparts_that_are_not_open_are_named(tmp_path: Path) -> None:
    metrics = b"""# TYPE joint_patrol_counterpart_open gauge
joint_patrol_counterpart_open{counterpart="ck"} 0
joint_patrol_counterpart_open{counterpart="vientiane"} 1
"""
    answers = {"/api/health": (200, b""), "/metrics": (200, metrics)}
    texts = diagnosed(tmp_path, answers, token=True)
    assert any("soon: the link to ck's node is not open" in line for line in texts)
    assert "well: link to vientiane's node: open" in texts


def test_a_configuration_that_cannot_be_read_is_all_that_is_told(tmp_path: Path) -> None:
    (tmp_path / "patrol.toml").write_text("[node]\nname = 7\n", encoding="utf-8")
    found = diagnose(tmp_path / "patrol.toml")
    assert found.exit_code == 2
    assert {each.urgency for each in found.advice} == {"now"}
    assert not found.well


def test_of_a_node_in_which_all_is_well_nothing_is_to_be_done() -> None:
    assert list(lines_of(Diagnosis(well=["disk: 8 GB free"]))) == [
        "nothing is to be done",
        "well: disk: 8 GB free",
    ]


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
