"""Signal K: the boat data server of its project, with its own AIS decoder.

signalk-server 2 from npm, installed into the cache and never into this repository, runs as a
program of its own. It dials in to us for the AIS sentences, as its `tcp` provider does, and sends
deltas to WebSocket viewers. It stores and checks nothing; no sign-in, no TLS.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.benchmarks.environments import node_package
from tests.benchmarks.targets.target import Started, Unavailable, end_process, launch, wait_for_port
from tests.benchmarks.traffic import MEKONG, Form
from tests.benchmarks.viewers import Gaze, Seat, upgrade_request
from tests.fixtures.ports import free_port

_PACKAGE = "signalk-server@2"
_STREAM = "/signalk/v1/stream?subscribe=all"


class SignalK:
    """signalk-server with one provider of NMEA 0183 over TCP."""

    name = "Signal K"
    ground = MEKONG
    form: Form = "ais"
    hello = b""
    gaze = Gaze(marks=(b'"latitude":',), latitude=re.compile(rb'"latitude":(-?\d+\.\d+)'))
    flood = 5_000

    def __init__(self) -> None:
        self.dials: int | None = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._program = Path()
        self._viewers = 0

    def prepare(self, cache: Path, *, viewers: int) -> str:
        """Install it where it is missing."""
        if shutil.which("node") is None or shutil.which("npm") is None:
            raise Unavailable("node and npm are missing: apt-get install nodejs npm")
        folder = node_package(cache / "npm", "signalk-server", _PACKAGE)
        self._program = folder / "bin" / "signalk-server"
        self._viewers = viewers
        version = json.loads((folder / "package.json").read_text())["version"]
        return f"signalk-server {version}"

    def start(self, folder: Path) -> Started:
        """Start it on a free port."""
        port = free_port()
        source = {"type": "tcp", "host": "127.0.0.1", "port": self.dials}
        options = {
            "logging": False,
            "type": "NMEA0183",
            "subOptions": source | {"validateChecksum": True},
        }
        pipe = {
            "id": "in",
            "enabled": True,
            "pipeElements": [{"type": "providers/simple", "options": options}],
        }
        settings = {
            "interfaces": {"nmea-tcp": False, "tcp": False, "mdns": False},
            "mdns": False,
            "ssl": False,
            "port": port,
            "enablePluginLogging": False,
            "pipedProviders": [pipe],
        }
        (folder / "settings.json").write_text(json.dumps(settings))
        package = {"name": "bench", "version": "1.0.0", "dependencies": {}}
        (folder / "package.json").write_text(json.dumps(package))
        self._process = launch(
            ["node", str(self._program), "-c", str(folder)],
            folder=folder,
            env=dict(
                os.environ,
                HOME=str(folder),
                SIGNALK_NODE_CONFIG_DIR=str(folder),
                PORT=str(port),
                NODE_ENV="production",
            ),
        )
        log = folder / "output.log"
        wait_for_port(port, self._process, log, 90.0)
        opening = upgrade_request(host="127.0.0.1", port=port, path=_STREAM)
        seats = [
            Seat(host="127.0.0.1", port=port, opening=opening, view="everyone")
            for _ in range(self._viewers)
        ]
        return Started(pids=[self._process.pid], feed_port=0, seats=seats, log=log)

    def stop(self) -> None:
        """Stop it."""
        end_process(self._process)
