"""Our own server, as an office runs it: sign-in on, a store on disk, several views, closed areas.

`joint-patrol serve` runs as a program of its own with a SQLite file (`synchronous=FULL`, as always)
and three `tcp-listen` channels, one each for `nmea0183`, `cot` and `ais`: a run feeds one of them,
with the bytes that the peer beside it gets. The 500 boats are registered units. 1,000 areas of 50
corners are closed to all (sectors for `no_go`), so that each position is checked against them and
comings and goings raise and end alerts. The viewers are signed in, each with a session of its own,
in turn as commander, planner, liaison and technician: four views of the picture.

Users and sessions are made once, through the command line and the API, units written into the
store and sectors filed, for all forms together; each run starts from a copy of that store.
"""

from __future__ import annotations

import asyncio
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
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import Connection

from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing
from patrol.sectors.sector import Sector
from patrol.store.records import registry
from patrol.store.store import open_store
from patrol.units.units import Assignment, Unit
from patrol.watch.watch import Watch
from tests.benchmarks.targets.target import (
    Started,
    TargetError,
    end_process,
    launch,
    tail_of,
    wait_for_port,
)
from tests.benchmarks.traffic import BOATS, FIRST_MMSI, MEKONG, Form, closed_areas
from tests.benchmarks.viewers import Gaze, Seat, upgrade_request
from tests.fixtures.ports import free_port

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

[access]
second_factor = []
writes_per_s = 10000
writes_burst = 100000

[[channels]]
name = "boats"
url = "tcp-listen://127.0.0.1:{rmc}"
protocols = ["nmea0183"]

[[channels]]
name = "tak"
url = "tcp-listen://127.0.0.1:{cot}"
protocols = ["cot"]

[[channels]]
name = "ships"
url = "tcp-listen://127.0.0.1:{ais}"
protocols = ["ais"]
{more}"""
_FORMS: tuple[Form, ...] = ("rmc", "cot", "ais")
_NAMES: dict[Form, str] = {
    "rmc": "joint-patrol",
    "cot": "joint-patrol, CoT",
    "ais": "joint-patrol, AIS",
}


class Office:
    """A store with everything in it, made once, and the server on a copy of it.

    Args:
        boats: How many are registered.
        areas: How many areas are closed to them.
    """

    def __init__(self, *, boats: int = BOATS, areas: int = 1000) -> None:
        self.sessions: list[tuple[str, str]] = []
        self._boats, self._areas = boats, areas
        self._process: subprocess.Popen[bytes] | None = None
        self._template: tempfile.TemporaryDirectory[str] | None = None
        self._password = secrets.token_urlsafe(16)

    def prepare(self, viewers: int) -> str:
        """Make users, their sessions, registered boats and closed areas; say what there is."""
        if self._template is None:
            self._template = tempfile.TemporaryDirectory(prefix="joint-patrol-store-")
            folder = Path(self._template.name)
            web_port, _ = self._configure(folder, "")
            self._command(folder, "store", "create")
            self._command(folder, "user", "add", "admin", "--role", "admin", "--agency", "joint")
            asyncio.run(_register(folder / "patrol.db", self._boats, self._areas))
            self._serve(folder, web_port)
            try:
                self._fill(web_port, viewers)
            finally:
                self.stop()
        views = len({role for role, _ in self.sessions})
        return (
            f"{views} views, {self._boats:,} boats, {self._areas:,} closed areas, SQLite, "
            "synchronous=FULL"
        )

    def start(self, folder: Path, *, more: str = "") -> tuple[int, int, dict[Form, int]]:
        """Start the server on a copy of the store.

        Args:
            folder: An empty one.
            more: Further lines of its settings.

        Returns:
            Its process id, its web port and the port of each form.
        """
        assert self._template is not None
        for file in Path(self._template.name).glob("patrol.db*"):
            shutil.copy(file, folder)
        web_port, feeds = self._configure(folder, more)
        process = self._serve(folder, web_port)
        for port in feeds.values():
            wait_for_port(port, process, folder / "output.log", 30.0)
        return process.pid, web_port, feeds

    def seats(self, web_port: int) -> list[Seat]:
        """Return where the viewers connect."""
        return [
            Seat(
                host="127.0.0.1",
                port=web_port,
                opening=upgrade_request(
                    host="127.0.0.1",
                    port=web_port,
                    path="/api/live?tables=true",
                    cookie=f"jp_session={session}",
                ),
                view=role,
            )
            for role, session in self.sessions
        ]

    def stop(self) -> None:
        """Stop the server."""
        end_process(self._process)

    def _fill(self, web_port: int, viewers: int) -> None:
        with self._signed_in(web_port, "admin") as admin:
            for role in ROLES:
                user = {"name": role, "role": role}
                _post(admin, "/api/users", user | {"password": self._password})
        for number in range(viewers):
            role = ROLES[number % len(ROLES)]
            with self._signed_in(web_port, role) as client:
                self.sessions.append((role, client.cookies["jp_session"]))

    def _configure(self, folder: Path, more: str) -> tuple[int, dict[Form, int]]:
        web_port = free_port()
        feeds: dict[Form, int] = {form: free_port() for form in _FORMS}
        text = _CONFIG.format(web_port=web_port, more=more, **feeds)
        (folder / "patrol.toml").write_text(text, encoding="utf-8")
        return web_port, feeds

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
        wait_for_port(web_port, self._process, log, 180.0)
        end = time.monotonic() + 60.0
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


async def _register(file: Path, boats: int, areas: int) -> None:
    """Write boats, the addresses that stand for them and closed areas into a store, at once."""
    store = open_store(f"sqlite:///{file}")
    start = datetime.now(UTC) - timedelta(days=1)

    def put(connection: Connection) -> None:
        for boat in range(boats):
            unit = f"{boat:032x}"
            registry.put_unit(
                connection,
                Unit(
                    id=unit,
                    call_sign=f"Boat {boat}",
                    kind="boat",
                    agency="joint",
                    country="LA",
                    origin="bench",
                ),
            )
            addresses = (f"nmea0183:R-{boat:04d}", f"cot:R-{boat:04d}", f"ais:{FIRST_MMSI + boat}")
            for number, address in enumerate(addresses):
                registry.put_assignment(
                    connection,
                    Assignment(
                        id=f"{boat:030x}{number:02x}",
                        address=address,
                        unit=unit,
                        start=start,
                        agency="joint",
                        origin="bench",
                    ),
                )

    def drawn(_: OpenDocuments, now: datetime) -> Filing:
        return Filing(
            documents=tuple(
                Sector(
                    id=f"{number:032x}",
                    agency="joint",
                    at=now,
                    origin="bench",
                    by="planner",
                    name=f"Closed {number}",
                    use="no_go",
                    polygon=(tuple((lon, lat) for lon, lat in ring),),
                )
                for number, ring in enumerate(closed_areas(areas))
            ),
            act="draw sector",
            actor="planner",
            agency="joint",
        )

    try:
        await store.write(put)
        watch = Watch(store, node="bench", agency="joint")
        await watch.start()
        await watch.document_service.file(drawn)
    finally:
        await store.close()


def _post(client: httpx.Client, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = client.post(path, json=body)
    if answer.is_error:
        raise TargetError(f"POST {path} {body}: {answer.status_code} {answer.text}")
    found: dict[str, Any] = answer.json() if answer.content else {}
    return found


class JointPatrol:
    """`joint-patrol serve` of this checkout, fed in one form.

    Args:
        office: The store to start from, shared by all forms.
        form: How it is spoken to.
    """

    ground = MEKONG
    dials: int | None = None
    hello = b""
    gaze = Gaze(
        # One fix stands in a list, as a unit's last does not; several are rows of a table, each
        # after another or after the names of its columns.
        marks=(b'[{"o', b'],["'),
        latitude=re.compile(
            rb'(?:\[\{"of":"[^"]*","lon":|\],\["[^"]*",)[-\d.e]+,(?:"lat":)?([-\d.e]+)'
        ),
    )

    def __init__(self, office: Office, form: Form = "rmc") -> None:
        self.name = _NAMES[form]
        self.form: Form = form
        self.flood = 60_000 if form == "rmc" else 30_000
        self._office = office

    def prepare(self, cache: Path, *, viewers: int) -> str:
        """Make the store, if nobody has."""
        return self._office.prepare(viewers)

    def start(self, folder: Path) -> Started:
        """Start the server on a copy of the prepared store."""
        pid, web_port, feeds = self._office.start(folder)
        return Started(
            pids=[pid],
            feed_port=feeds[self.form],
            seats=self._office.seats(web_port),
            log=folder / "output.log",
        )

    def stop(self) -> None:
        """Stop the server."""
        self._office.stop()
