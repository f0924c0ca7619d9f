"""A real `joint-patrol serve` in a process of its own, for tests that use it as its user would."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from msgspec import convert

from maps.accounts.account_office import open_account_office
from maps.accounts.users_and_devices import People
from maps.settings.settings import read_settings
from patrol.units.units import Role
from tests.databases import empty_store
from tests.forked import Forked, forked_run
from tests.patience import PATIENCE_S
from tests.ports import free_port

PASSWORD = "a long enough test password"


class Server:
    """One node: its folder, its configuration, its process.

    Args:
        folder: Where configuration, database and log go.
        channels: `[[channels]]` tables as TOML text.
        roles: A user is made for each, named as the role.

    Attributes:
        sessions: Session cookies of who signed in by `session`, by name.
    """

    def __init__(
        self, folder: Path, *, channels: str, roles: tuple[str, ...] = ("commander", "admin")
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.config = folder / "patrol.toml"
        self.log = folder / "server.log"
        self.database = folder / "patrol.db"
        self.sessions: dict[str, str] = {}
        self._signed_in_s: dict[str, float] = {}
        self._process: subprocess.Popen[bytes] | Forked | None = None
        self.config.write_text(
            f"""
[node]
id = "test-node"
name = "Houay Xai test node"
time_zone = "Asia/Vientiane"

[store]
url = "{empty_store(self.database)}"

[web]
host = "127.0.0.1"
port = {self.port}

[gateway]
id = "test-gateway"

[access]
second_factor = []

[[agencies]]
id = "joint"
name = "Joint patrol"

{channels}
""",
            encoding="utf-8",
        )
        self.add_users((role, role, "joint") for role in roles)

    def add_users(self, users: Iterable[tuple[str, str, str]]) -> None:
        """Add users by name, role and agency, each with `PASSWORD`, before the server starts.

        The command line does the same, one process and seconds for each.
        """
        wanted = list(users)

        async def add(people: People) -> None:
            for name, role, agency in wanted:
                await people.add_user(name, convert(role, Role), agency, PASSWORD)

        if wanted:
            self._with_people(add)

    def add_devices(self, names: Iterable[str]) -> dict[str, str]:
        """Add what reports with a key of its own, before the server starts; return the keys.

        The command line does the same, one process and seconds for each.
        """
        keys: dict[str, str] = {}

        async def add(people: People) -> None:
            for name in names:
                keys[name] = await people.add_device(name, "joint")

        self._with_people(add)
        return keys

    def _with_people(self, work: Callable[[People], Coroutine[Any, Any, None]]) -> None:
        settings = read_settings(self.config)

        async def open_and_work() -> None:
            async with open_account_office(settings) as accounts:
                await work(accounts.people)

        # In a thread: a browser keeps an event loop in this one.
        with ThreadPoolExecutor(1) as thread:
            thread.submit(asyncio.run, open_and_work()).result()

    def command(self, *words: str, input: str | None = None) -> str:
        """Run `joint-patrol WORDS --config …` and return what it printed."""
        said = (*words, "--config", str(self.config))
        code, out, faults = forked_run(said, Path.cwd(), input=input or "")
        assert code == 0, f"{words}: {out}\n{faults}"
        return out

    @property
    def pid(self) -> int:
        """The running server's process id."""
        assert self._process is not None
        return self._process.pid

    def start(self, *, wrapper: tuple[str, ...] = ()) -> None:
        """Start the server and wait until it answers."""
        words = ["serve", "--config", str(self.config)]
        if wrapper:
            with self.log.open("ab") as log:
                self._process = subprocess.Popen(
                    [*wrapper, sys.executable, "-m", "maps", *words],
                    stdout=log,
                    stderr=log,
                    env=os.environ | {"PYTHONUNBUFFERED": "1"},
                )
        else:
            self._process = Forked(words, self.log)
        end = time.monotonic() + 40
        while time.monotonic() < end:
            assert self._process.poll() is None, self.log.read_text(encoding="utf-8")[-4000:]
            try:
                if httpx.get(f"{self.url}/api/health", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                time.sleep(0.05)
        raise AssertionError(f"no answer from the server:\n{self.log.read_text()[-4000:]}")

    def kill(self) -> None:
        """Kill -9, as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait(20)
        self._process = None

    def stop(self) -> None:
        """Stop it as a service manager would."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(20)
        self._process = None

    def session(self, name: str) -> str:
        """Return a session cookie of a user, the same one each time: a password takes long."""
        is_old = time.monotonic() - self._signed_in_s.get(name, 0.0) > 120
        if name not in self.sessions or is_old:  # an old one is asked for its password
            self._signed_in_s[name] = time.monotonic()
            with self.client(name) as client:
                self.sessions[name] = client.cookies["jp_session"]
        return self.sessions[name]

    @contextmanager
    def client(self, role: str = "commander") -> Iterator[httpx.Client]:
        """Yield an HTTP client signed in as `role`."""
        with httpx.Client(base_url=self.url, headers={"Origin": self.url}, timeout=30) as client:
            answer = client.post("/api/session", json={"name": role, "password": PASSWORD})
            assert answer.status_code == 200, answer.text
            yield client


@contextmanager
def serving(
    folder: Path, *, channels: str, roles: tuple[str, ...] = ("commander", "admin")
) -> Iterator[Server]:
    """Yield a running `Server`; stop it at the end."""
    server = Server(folder, channels=channels, roles=roles)
    server.start()
    try:
        yield server
    finally:
        server.stop()


def wait_for(what: str, probe: Any, *, seconds: float = PATIENCE_S, every: float = 0.05) -> Any:
    """Call `probe` until it returns something true, and return that; fail after `seconds`."""
    end = time.monotonic() + seconds
    while True:
        found = probe()
        if found:
            return found
        assert time.monotonic() < end, f"waited {seconds} s in vain for {what}"
        time.sleep(every)
