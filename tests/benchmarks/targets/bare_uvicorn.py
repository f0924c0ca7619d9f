"""A bare uvicorn WebSocket server: what fan-out costs with nothing around it.

It reads the same lines over TCP, takes the latitude out, and sends it on: one WebSocket message for
each and every viewer, or all of 20 ms as one. It checks, keeps and encodes nothing else.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Literal

from tests.benchmarks import pushing
from tests.benchmarks.targets.target import Started, end_process, launch, wait_for_port
from tests.benchmarks.traffic import MEKONG, Form
from tests.benchmarks.viewers import Gaze, Seat, upgrade_request
from tests.fixtures.ports import free_port


class BareUvicorn:
    """`tests.benchmarks.pushing` as a program of its own.

    Args:
        way: One message each, or all of a tick as one.
    """

    ground = MEKONG
    form: Form = "rmc"
    dials: int | None = None
    hello = b""
    gaze = Gaze(marks=(b'"lat":',), latitude=re.compile(rb'"lat":(-?\d+\.\d+)'))

    def __init__(self, way: Literal["per message", "coalesced"]) -> None:
        self.name = f"uvicorn, {way}"
        self.flood = 2_000 if way == "per message" else 60_000
        self._way = way
        self._process: subprocess.Popen[bytes] | None = None
        self._viewers = 0

    def prepare(self, cache: Path, *, viewers: int) -> str:
        """Remember how many will look on."""
        self._viewers = viewers
        return f"uvicorn {version('uvicorn')}, websockets {version('websockets')}"

    def start(self, folder: Path) -> Started:
        """Start it on two free ports."""
        feed_port, view_port = free_port(), free_port()
        way = "each" if self._way == "per message" else "tick"
        self._process = launch(
            [sys.executable, pushing.__file__, way, str(feed_port), str(view_port)],
            folder=folder,
            env=dict(os.environ),
        )
        log = folder / "output.log"
        for port in (feed_port, view_port):
            wait_for_port(port, self._process, log, 30.0)
        opening = upgrade_request(host="127.0.0.1", port=view_port, path="/")
        seats = [
            Seat(host="127.0.0.1", port=view_port, opening=opening, view="everyone")
            for _ in range(self._viewers)
        ]
        return Started(pids=[self._process.pid], feed_port=feed_port, seats=seats, log=log)

    def stop(self) -> None:
        """Stop it."""
        end_process(self._process)
