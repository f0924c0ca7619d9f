"""The minimal loop: a measurement prototype that shows what the machine could do.

It decodes RMC, checks 1,000 sectors, commits to SQLite and sends one frame a tick to all viewers;
it has no sign-in, no clocks, no quality checks and one view. It lives outside the repository, in
the folder that `JOINT_PATROL_SHARED` names, and runs as a program of its own with these settings:
uvloop, uvicorn, vectorised geometry, one commit a tick with `synchronous=FULL`, tick 20 ms.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.benchmarks.environments import environment, has_modules
from tests.benchmarks.targets.target import Started, Unavailable, end_process, launch, wait_for_port
from tests.benchmarks.traffic import SECTORS, Form
from tests.benchmarks.viewers import Gaze, Seat, upgrade_request
from tests.fixtures.ports import free_port

_MODULES = ("fastapi", "msgspec", "numpy", "orjson", "shapely", "uvicorn", "uvloop", "websockets")
_REQUIREMENTS = tuple("websockets<16" if name == "websockets" else name for name in _MODULES)
_FLAGS = (
    "loop=uvloop",
    "rd=proto",
    "dec=fold",
    "geo=batch",
    "db=batch",
    "enc=msgspec",
    "fan=tick",
    "ws=uvicorn",
    "tick=20",
    "sync=FULL",
)


class MinimalLoop:
    """The prototype with batches throughout."""

    name = "minimal loop"
    ground = SECTORS
    form: Form = "rmc"
    dials: int | None = None
    hello = b""
    gaze = Gaze(marks=(b'"lat":',), latitude=re.compile(rb'"lat":(-?\d+\.\d+)'))
    flood = 120_000

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._script = Path()
        self._python = Path(sys.executable)
        self._viewers = 0

    def prepare(self, cache: Path, *, viewers: int) -> str:
        """Find the prototype and an interpreter that can run it."""
        shared = os.environ.get("JOINT_PATROL_SHARED")
        if shared is None:
            raise Unavailable("JOINT_PATROL_SHARED does not name the folder that holds it")
        self._script = Path(shared).resolve() / "bench" / "proto.py"
        if not self._script.is_file():
            raise Unavailable("bench/proto.py is not in the folder of JOINT_PATROL_SHARED")
        self._viewers = viewers
        if not has_modules(self._python, _MODULES):
            self._python = environment(cache / "venvs" / "main", *_REQUIREMENTS)
        return f"bench/proto.py {' '.join(_FLAGS)}"

    def start(self, folder: Path) -> Started:
        """Start the prototype on two free ports."""
        feed_port, view_port = free_port(), free_port()
        self._process = launch(
            [
                str(self._python),
                str(self._script),
                *_FLAGS,
                f"port={feed_port}",
                f"wsport={view_port}",
                f"dbp={folder / 'positions.db'}",
            ],
            folder=folder,
            env=dict(os.environ, BENCH_ROOT=str(folder), PYTHONDONTWRITEBYTECODE="1"),
        )
        log = folder / "output.log"
        for port in (feed_port, view_port):
            wait_for_port(port, self._process, log, 30.0)
        opening = upgrade_request(host="127.0.0.1", port=view_port, path="/ws")
        seats = [
            Seat(host="127.0.0.1", port=view_port, opening=opening, view="everyone")
            for _ in range(self._viewers)
        ]
        return Started(pids=[self._process.pid], feed_port=feed_port, seats=seats, log=log)

    def stop(self) -> None:
        """Stop the prototype."""
        end_process(self._process)
