"""A node under test: `joint-patrol serve` in one process, or its parts, each in one of its own.

Apart, two are Watches, of which one stands by, and one is what people connect to.
"""

from __future__ import annotations

import os
import re
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

import httpx
from sqlalchemy import create_engine, make_url, text

from tests.fixtures.server import Server

ROLES: Final = ("commander", "planner", "liaison", "technician")
ALONE: Final = "node"
WATCHES: Final = ("watch-1", "watch-2")
WEB: Final = "web"
ANSWERS_WITHIN_S: Final = 180.0


class Node(Server):
    """A node.

    Args:
        folder: Where configuration, logs and, if it is a file, the store go.
        channels: Tables of its configuration, as TOML text.
        store: SQLAlchemy URL of the store; None: a file in `folder`.
        broker: Port and password of the user `node`, for the parts to reach each other; None: it
            is one process.

    Attributes:
        token: What a program shows that reads the metrics.
        store_url: Where the store is.
    """

    def __init__(
        self,
        folder: Path,
        *,
        channels: str,
        store: str | None = None,
        broker: tuple[int, str] | None = None,
    ) -> None:
        super().__init__(folder, channels=channels, roles=())
        self.token = secrets.token_urlsafe(24)
        self.store_url = store or f"sqlite:///{self.database}"
        self._parts: dict[str, subprocess.Popen[bytes]] = {}
        self._said_before: dict[str, int] = {}
        self._names = (ALONE,) if broker is None else (*WATCHES, WEB)
        (folder / "metrics.token").write_text(self.token, encoding="ascii")
        self._change(
            rf"port = {self.port}\n", f'port = {self.port}\nmetrics_token_file = "metrics.token"\n'
        )
        self._change(r'(?m)^url = "(?:sqlite|postgresql)[^"]*"$', f'url = "{self.store_url}"')
        if broker is not None:
            port, password = broker
            (folder / "mqtt.password").write_text(password, encoding="ascii")
            self._change(
                r"\[web\]\n",
                f'[internal]\nurl = "mqtt://127.0.0.1:{port}"\nusername = "node"\n'
                'password_file = "mqtt.password"\n\n[web]\n',
            )
        self.add_users((role, role, "joint") for role in ROLES)

    @property
    def is_apart(self) -> bool:
        """Whether its parts are processes of their own."""
        return self._names != (ALONE,)

    @property
    def is_sqlite(self) -> bool:
        """Whether the store is a file."""
        return self.store_url.startswith("sqlite:")

    @property
    def database_name(self) -> str:
        """Name of the database on its server; of a file its path."""
        name = make_url(self.store_url).database
        assert name is not None
        return name

    def pids(self, *names: str) -> list[int]:
        """Return the ids of the running processes, of all parts if none is named."""
        return [part.pid for name, part in self._parts.items() if not names or name in names]

    def leader(self) -> str:
        """Return the part that holds the lease, or the one that is all.

        Raises:
            RuntimeError: If no running part does.
        """
        if not self.is_apart:
            return ALONE
        engine = create_engine(self.store_url)
        try:
            with engine.connect() as connection:
                holder = connection.execute(text("SELECT holder FROM leases")).scalar_one()
        finally:
            engine.dispose()
        pid = int(str(holder).split(":")[-2])
        for name, part in self._parts.items():
            if part.pid == pid:
                return name
        raise RuntimeError(f"{holder} holds the lease, and is none of the processes that run")

    def stands_by(self, name: str) -> bool:
        """Return whether a part has come so far since it was started that it may take over."""
        with self._log(name).open("rb") as log:
            log.seek(self._said_before[name])
            return b'"event": "standing_by"' in log.read()

    def start(self, *, wrapper: tuple[str, ...] = ()) -> None:
        """Start what does not run, and wait until people are answered."""
        for name in self._names:
            part = self._parts.get(name)
            if part is None or part.poll() is not None:
                self._launch(name, wrapper)
        end = time.monotonic() + ANSWERS_WITHIN_S
        while time.monotonic() < end:
            for name, part in self._parts.items():
                assert part.poll() is None, f"{name} ended: {self._log(name).read_text()[-4000:]}"
            try:
                if httpx.get(f"{self.url}/api/health", timeout=2).status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.05)
        raise AssertionError(f"no answer from the node:\n{self.log.read_text()[-4000:]}")

    def launch(self) -> None:
        """Start what does not run, whatever comes of it."""
        for name in self._names:
            part = self._parts.get(name)
            if part is None or part.poll() is not None:
                self._launch(name, ())

    def start_ended(self, *, within_s: float) -> None:
        """Start parts that ended of themselves within some time, as a service manager would."""
        end = time.monotonic() + within_s
        while time.monotonic() < end:
            self.launch()
            time.sleep(0.2)

    def keep_journal(self, expected: bool) -> None:
        """Have all that the channels read be kept from the next start on, or no longer."""
        table = '[journal]\nfolder = "heard"\n\n'
        if expected:
            self._change(r"\[web\]\n", f"{table}[web]\n")
        else:
            self._change(re.escape(table), "")

    def kill(self, name: str | None = None) -> None:
        """Kill -9 a part; the leader if none is named."""
        part = self._parts.pop(name or self.leader())
        part.kill()
        part.wait(20)

    def signal(self, name: str, number: signal.Signals) -> None:
        """Send a part a signal."""
        self._parts[name].send_signal(number)

    def runs(self, name: str) -> bool:
        """Return whether a part has not ended."""
        return self._parts[name].poll() is None

    def stop(self) -> None:
        """Stop all parts as a service manager would."""
        for name in reversed(self._names):
            part = self._parts.pop(name, None)
            if part is None:
                continue
            part.terminate()
            try:
                part.wait(20)
            except subprocess.TimeoutExpired:
                part.kill()
                part.wait(20)

    def move_store(self, database: Path) -> None:
        """Have the store be another file from the next start on."""
        self.store_url, self.database = f"sqlite:///{database}", database
        self._change(r'(?m)^url = "sqlite[^"]*"$', f'url = "{self.store_url}"')

    def _change(self, pattern: str, words: str) -> None:
        old = self.config.read_text(encoding="utf-8")
        new, count = re.subn(pattern, lambda _found: words, old, count=1)
        assert count == 1, f"{pattern} is not in the configuration"
        self.config.write_text(new, encoding="utf-8")

    def _log(self, name: str) -> Path:
        return self.log if name == ALONE else self.folder / f"{name}.log"

    def _launch(self, name: str, wrapper: tuple[str, ...]) -> None:
        role = [] if name == ALONE else ["--role", "web" if name == WEB else "watch"]
        words = ["-m", "maps", "serve", "--config", str(self.config), *role]
        with self._log(name).open("ab") as log:
            self._said_before[name] = log.tell()
            self._parts[name] = subprocess.Popen(
                [*wrapper, sys.executable, *words],
                stdout=log,
                stderr=log,
                env=os.environ
                | {"PYTHONUNBUFFERED": "1", "PYTHONPATH": str(Path(__file__).parents[2])},
            )
