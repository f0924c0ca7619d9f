"""A `joint-patrol demo` in a process of its own."""

from __future__ import annotations

import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx


@dataclass
class Demo:
    """A demo that runs.

    Attributes:
        url: Where.
        links: Token of each role's sign-in link.
        phones: Enrolment code of a crew's phone, by the boat's call sign.
        proves: What to say to `joint-patrol` to prove its journal.
        process: The process.
        sessions: Session cookies of the roles whose links are spent.
    """

    url: str
    links: dict[str, str]
    phones: dict[str, str]
    proves: list[str]
    process: subprocess.Popen[str]
    sessions: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def client(self, role: str) -> Iterator[httpx.Client]:
        """Yield a client signed in with the link of a role, which the first time spends it."""
        with httpx.Client(base_url=self.url, headers={"origin": self.url}, timeout=20) as client:
            if role in self.sessions:
                client.cookies["jp_session"] = self.sessions[role]
            else:
                answer = client.post("/api/session/link", json={"token": self.links[role]})
                assert answer.status_code == 200, answer.text
                self.sessions[role] = client.cookies["jp_session"]
            yield client

    def stop(self) -> tuple[int, str]:
        """Press Ctrl-C; return exit code and what it wrote on standard error."""
        self.process.send_signal(signal.SIGINT)
        _, err = self.process.communicate(timeout=30)
        return self.process.returncode, err


@contextmanager
def demo(folder: Path, *more: str) -> Iterator[Demo]:
    """Yield a running demo that keeps its temporary files in `folder`."""
    process = subprocess.Popen(
        [sys.executable, "-m", "maps", "demo", "--port", "0", *more],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), "TMPDIR": str(folder)},
    )
    assert process.stdout is not None
    url, links, phones, proves = "", {}, {}, []
    try:
        for line in process.stdout:
            if found := re.search(r"([\w-]+) +(http://[^/]+)/sign-in#link=(\S+)", line):
                links[found[1]], url = found[3], found[2]
            if found := re.search(r"crew phone  \S+/enrol#code=(\S+)  (.+)", line):
                phones[found[2]] = found[1]
            if found := re.search(r"joint-patrol (audit verify .+)", line):
                proves = shlex.split(found[1])
            if "Ctrl-C" in line:
                break
        assert url, process.communicate()
        yield Demo(url, links, phones, proves, process)
    finally:
        process.kill()
        process.communicate()
