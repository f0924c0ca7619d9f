"""taky: the quickest of the TAK servers measured; it relays CoT and neither stores nor checks.

It runs from its own environment as a program of its own and is spoken to over its TCP port.
"""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

from tests.benchmarks.environments import environment
from tests.benchmarks.targets.target import Started, end_process, launch, wait_for_port
from tests.benchmarks.traffic import MEKONG, Form, cot_event
from tests.benchmarks.viewers import Gaze, Seat
from tests.fixtures.ports import free_port

_VERSION = "0.10"
_CONFIG = """\
[taky]
hostname = localhost
bind_ip = 127.0.0.1
root_dir = {folder}
[cot_server]
port = {port}
[dp_server]
upload_path = {folder}/uploads
[ssl]
enabled = false
"""
_LONG_AGO = ("2026-01-01T00:00:00.000Z", "2036-01-01T00:00:00.000Z")


def _greeting(uid: str) -> bytes:
    """Return the event with which a TAK client makes itself known, far from the traffic."""
    return cot_event(uid, lon=0.0, lat=-60.0, times=_LONG_AGO)


class Taky:
    """taky with its defaults, TLS off."""

    name = "taky"
    ground = MEKONG
    form: Form = "cot"
    dials: int | None = None
    hello = _greeting("FEEDER")
    gaze = Gaze(marks=(b' lat="',), latitude=re.compile(rb' lat="(-?\d+\.\d+)"'))
    flood = 6_000

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._program = Path()
        self._viewers = 0

    def prepare(self, cache: Path, *, viewers: int) -> str:
        """Install taky where it is missing."""
        python = environment(
            cache / "venvs" / "taky", f"taky=={_VERSION}", "setuptools<81"
        )  # for pkg_resources
        self._program = python.with_name("taky")
        self._viewers = viewers
        return f"taky {_VERSION}"

    def start(self, folder: Path) -> Started:
        """Start taky on a free port."""
        port = free_port()
        config = folder / "taky.conf"
        config.write_text(_CONFIG.format(folder=folder, port=port))
        self._process = launch(
            [str(self._program), "-c", str(config), "-l", "warning"],
            folder=folder,
            env=dict(os.environ),
        )
        log = folder / "output.log"
        wait_for_port(port, self._process, log, 30.0)
        seats = [
            Seat(
                host="127.0.0.1",
                port=port,
                opening=_greeting(f"VIEWER-{number:03d}"),
                websocket=False,
                view="everyone",
            )
            for number in range(self._viewers)
        ]
        return Started(pids=[self._process.pid], feed_port=port, seats=seats, log=log)

    def stop(self) -> None:
        """Stop taky."""
        end_process(self._process)
