"""gpsd: the daemon in C that most programs get positions from; it stores and checks nothing.

It dials in to us for AIS sentences and sends each as JSON to its watchers over TCP. In a flood it
drops what its watchers do not take at once (31 to 52 % were seen), so that it is given none.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.benchmarks.targets.target import Started, Unavailable, end_process, launch, wait_for_port
from tests.benchmarks.traffic import MEKONG, Form
from tests.benchmarks.viewers import Gaze, Seat
from tests.fixtures.ports import free_port


class Gpsd:
    """gpsd in the foreground, on a port of its own."""

    name = "gpsd"
    ground = MEKONG
    form: Form = "ais"
    hello = b""
    gaze = Gaze(marks=(b'"lat":',), latitude=re.compile(rb'"lat":(-?\d+\.\d+)'))
    flood = 0

    def __init__(self) -> None:
        self.dials: int | None = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._viewers = 0

    def prepare(self, cache: Path, *, viewers: int) -> str:
        """See whether it is installed."""
        program = shutil.which("gpsd") or shutil.which("gpsd", path="/usr/sbin")
        if program is None:
            raise Unavailable("gpsd is missing: apt-get install gpsd")
        self._program = program
        self._viewers = viewers
        result = subprocess.run([program, "-V"], capture_output=True, text=True, check=False)
        return (result.stdout + result.stderr).strip().splitlines()[0]

    def start(self, folder: Path) -> Started:
        """Start it on a free port."""
        port = free_port()
        self._process = launch(
            [self._program, "-N", "-n", "-S", str(port), f"tcp://127.0.0.1:{self.dials}"],
            folder=folder,
            env=dict(os.environ),
        )
        log = folder / "output.log"
        wait_for_port(port, self._process, log, 30.0)
        seats = [
            Seat(
                host="127.0.0.1",
                port=port,
                opening=b'?WATCH={"enable":true,"json":true,"scaled":true};\n',
                websocket=False,
                view="everyone",
            )
            for _ in range(self._viewers)
        ]
        return Started(pids=[self._process.pid], feed_port=0, seats=seats, log=log)

    def stop(self) -> None:
        """Stop it."""
        end_process(self._process)
