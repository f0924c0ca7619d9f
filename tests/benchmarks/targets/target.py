"""A target: one server that gets the traffic, started and stopped by the benchmark."""

from __future__ import annotations

import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from tests.benchmarks.traffic import Form, Ground
from tests.benchmarks.viewers import Gaze, Seat


class TargetError(Exception):
    """A target did not start, or is not what it should be."""


class Unavailable(Exception):
    """This machine lacks what the target needs; the message says what, and how to get it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A running target.

    Attributes:
        pids: Its processes; their children count too.
        feed_port: Loopback port that takes the traffic; unused where it dials in.
        seats: Where the viewers connect, one each.
        log: File with what it printed.
    """

    pids: list[int]
    feed_port: int
    seats: list[Seat]
    log: Path


class Target(Protocol):
    """What the benchmark asks of a server under test.

    Attributes:
        name: Its name in the tables.
        ground: Where its boats are.
        form: How it is spoken to.
        dials: Our port that it connects to for the traffic; None where it listens itself.
        hello: What the feeder says first.
        gaze: How its viewers recognise a position.
        flood: Messages of a flood that last it two to three seconds; 0 where it is given none.
    """

    name: str
    ground: Ground
    form: Form
    dials: int | None
    hello: bytes
    gaze: Gaze
    flood: int

    def prepare(self, cache: Path, *, viewers: int) -> str:
        """Get what it needs, once; return its version in words.

        Raises:
            Unavailable: If this machine lacks something.
            TargetError: If it cannot be set up.
        """

    def start(self, folder: Path) -> Started:
        """Start it afresh, with its files in the empty `folder`.

        Raises:
            TargetError: If it does not answer in time.
        """

    def stop(self) -> None:
        """Stop it, if it runs."""


def launch(command: list[str], *, folder: Path, env: dict[str, str]) -> subprocess.Popen[bytes]:
    """Start a program in `folder`, its output in `folder`/output.log."""
    with (folder / "output.log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log
        )


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    """Wait until something listens on the loopback `port`.

    Raises:
        TargetError: If `process` ends before, or `seconds` pass.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if process.poll() is not None:
            raise TargetError(f"it ended with {process.returncode}: {tail_of(log)}")
        try:
            socket.create_connection(("127.0.0.1", port), 0.5).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise TargetError(f"nothing listens on its port after {seconds:.0f} s: {tail_of(log)}")


def end_process(process: subprocess.Popen[bytes] | None, *, patience_s: float = 10.0) -> None:
    """Ask `process` to end, and make it end when it does not."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(patience_s)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def tail_of(log: Path) -> str:
    """Return the end of a log file, for an error message."""
    return log.read_text(errors="replace")[-1500:].strip() if log.is_file() else "no output"
