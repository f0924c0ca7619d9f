"""Our own server, as an office runs it: sign-in on, a store on disk, several views.

`joint-patrol serve` runs as a program of its own with one `tcp-listen` channel that speaks
`nmea0183` and a SQLite file (`synchronous=FULL`, as always). The 500 boats are registered units.
The viewers are signed in, each with a session of its own, in turn as commander, planner, liaison
and technician: four views of the picture.

Users, units and sessions are made once, through the command line and the API; each run starts from
a copy of that store.
"""

from __future__ import annotations

import os
import re
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import httpx

from tests.benchmarks.machine import free_port
from tests.benchmarks.targets.target import (
    Started,
    TargetError,
    end_process,
    launch,
    tail_of,
    wait_for_port,
)
from tests.benchmarks.traffic import BOATS, MEKONG
from tests.benchmarks.viewers import Gaze, Seat, upgrade_request

ROLES = ("commander", "planner", "liaison", "technician")

_CONFIG = """\
[node]
id = "bench"
name = "Benchmark"

[store]
url = "sqlite:///patrol.db"

[web]
host = "127.0.0.1"
port = {web_port}

[[agencies]]
id = "joint"
name = "Joint patrol"

[[channels]]
name = "boats"
url = "tcp-listen://127.0.0.1:{feed_port}"
protocols = ["nmea0183"]
"""


class JointPatrol:
    """`joint-patrol serve` of this checkout."""

    name = "joint-patrol"
    ground = MEKONG
    form: Literal["rmc", "cot"] = "rmc"
    hello = b""
    gaze = Gaze(
        # Every fix of a change stands in a list; a unit's last fix does not.
        marks=(b'[{"of":', b',{"of":'),
        latitude=re.compile(rb'[\[,]\{"of":"[^"]*","lon":[-\d.e]+,"lat":([-\d.e]+)'),
    )
    flood = 60_000

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._template: tempfile.TemporaryDirectory[str] | None = None
        self._password = secrets.token_urlsafe(16)
        self._sessions: list[tuple[str, str]] = []

    def prepare(self, cache: Path, *, viewers: int) -> str:
        """Make a store with users, their sessions and 500 registered boats."""
        self._template = tempfile.TemporaryDirectory(prefix="joint-patrol-store-")
        folder = Path(self._template.name)
        web_port, _ = self._configure(folder)
        self._command(folder, "user", "add", "admin", "--role", "admin", "--agency", "joint")
        self._serve(folder, web_port)
        try:
            with self._signed_in(web_port, "admin") as admin:
                for role in ROLES:
                    user = {"name": role, "role": role}
                    _post(admin, "/api/users", user | {"password": self._password})
                for boat in range(BOATS):
                    unit = {"call_sign": f"Boat {boat}", "kind": "boat", "country": "LA"}
                    made = _post(admin, "/api/units", unit)
                    assignment = {"address": f"nmea0183:R-{boat:04d}", "unit": made["id"]}
                    _post(admin, "/api/assignments", assignment)
            for number in range(viewers):
                role = ROLES[number % len(ROLES)]
                with self._signed_in(web_port, role) as client:
                    self._sessions.append((role, client.cookies["jp_session"]))
        finally:
            self.stop()
        return f"{len({role for role, _ in self._sessions})} views, SQLite, synchronous=FULL"

    def start(self, folder: Path) -> Started:
        """Start the server on a copy of the prepared store."""
        assert self._template is not None
        for file in Path(self._template.name).glob("patrol.db*"):
            shutil.copy(file, folder)
        web_port, feed_port = self._configure(folder)
        process = self._serve(folder, web_port)
        log = folder / "output.log"
        wait_for_port(feed_port, process, log, 30.0)
        seats = [
            Seat(
                host="127.0.0.1",
                port=web_port,
                opening=upgrade_request(
                    host="127.0.0.1",
                    port=web_port,
                    path="/api/live",
                    cookie=f"jp_session={session}",
                ),
                view=role,
            )
            for role, session in self._sessions
        ]
        return Started(pids=[process.pid], feed_port=feed_port, seats=seats, log=log)

    def stop(self) -> None:
        """Stop the server."""
        end_process(self._process)

    def _configure(self, folder: Path) -> tuple[int, int]:
        web_port, feed_port = free_port(), free_port()
        (folder / "patrol.toml").write_text(
            _CONFIG.format(web_port=web_port, feed_port=feed_port), encoding="utf-8"
        )
        return web_port, feed_port

    def _command(self, folder: Path, *words: str) -> None:
        done = subprocess.run(
            [sys.executable, "-m", "maps", *words, "--config", str(folder / "patrol.toml")],
            input=f"{self._password}\n{self._password}\n",
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise TargetError(f"joint-patrol {' '.join(words)}: {done.stdout}{done.stderr}")

    def _serve(self, folder: Path, web_port: int) -> subprocess.Popen[bytes]:
        """Start the server and wait until it answers."""
        self._process = launch(
            [sys.executable, "-m", "maps", "serve", "--config", str(folder / "patrol.toml")],
            folder=folder,
            env=dict(os.environ),
        )
        log = folder / "output.log"
        wait_for_port(web_port, self._process, log, 60.0)
        end = time.monotonic() + 30.0
        while time.monotonic() < end:
            answer = httpx.get(f"http://127.0.0.1:{web_port}/api/health", timeout=10.0)
            if answer.status_code == 200:
                return self._process
            time.sleep(0.1)
        raise TargetError(f"the server is not healthy after 30 s: {tail_of(log)}")

    @contextmanager
    def _signed_in(self, web_port: int, name: str) -> Iterator[httpx.Client]:
        base = f"http://127.0.0.1:{web_port}"
        with httpx.Client(base_url=base, headers={"Origin": base}, timeout=30.0) as client:
            _post(client, "/api/session", {"name": name, "password": self._password})
            yield client


def _post(client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(path, json=body)
    if answer.is_error:
        raise TargetError(f"POST {path} {body}: {answer.status_code} {answer.text}")
    found: dict[str, Any] = answer.json() if answer.content else {}
    return found
