"""How long starts take: server to its first answer, gateway to its first decode, and imports.

    python -m tests.benchmarks.start_up [--reps 5] [--quick] [--json FILE]

`joint-patrol serve` on the store of `end_to_end` (500 boats, 1,000 closed areas) until
`/api/health` answers 200, and on an empty one. `radio-gateway run` until its metrics count the
first transmission of a radio that has been speaking since before. Each package is imported by an
interpreter of its own; what an interpreter without it takes is taken off. Medians.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import NamedTuple, Self

from radio_gateway.uplink.wire.signing import new_key_file
from tests.benchmarks.figures import as_text
from tests.benchmarks.goals import Verdict, table, told
from tests.benchmarks.machine import describe, read_ticks
from tests.benchmarks.targets.joint_patrol import Office
from tests.benchmarks.targets.target import TargetError, end_process, launch, tail_of
from tests.benchmarks.traffic import MEKONG, Traffic
from tests.fixtures.ports import free_port

PACKAGES = (
    "gis",
    "radio_gateway.gateway.gateway",
    "patrol.watch.watch",
    "maps.app.app",
    "maps.__main__",
)
_GATEWAY = """
[gateway]
id = "post"
metrics_port = {metrics}

[uplink]
url = "mqtt://127.0.0.1:{nobody}"
key_file = "post.key"
node_key = "{key}"

[[channels]]
name = "boats"
url = "tcp://127.0.0.1:{radio}"
protocols = ["nmea0183"]
"""


class Took(NamedTuple):
    """Seconds by the clock, and of CPU time."""

    wall: float
    cpu: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.start_up")
    parser.add_argument("--reps", type=int, default=5, help="starts behind each median")
    parser.add_argument("--quick", action="store_true", help="one start each")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    reps = 1 if options.quick else options.reps
    full, empty = Office(), Office(boats=0, areas=0)
    for office in (full, empty):
        office.prepare(0)
    ways: dict[str, Callable[[], Took]] = {
        "joint-patrol serve, empty store": lambda: _server(empty),
        "joint-patrol serve, 500 boats, 1,000 areas": lambda: _server(full),
        "radio-gateway run, to the first decode": _gateway,
    }
    for package in PACKAGES:
        ways[f"import {package}"] = lambda package=package: _import(package)  # type: ignore[misc]
    took: dict[str, list[Took]] = {name: [] for name in ways}
    for _ in range(reps):
        for name, way in ways.items():
            took[name].append(way())
            print(
                f"{name}: {took[name][-1].wall:.2f} s, CPU {took[name][-1].cpu:.2f} s", flush=True
            )
    judged = [
        Verdict(goal=0, what=f"{name}{kind}", value=value, unit="s")
        for name, found in took.items()
        for kind, value in (
            ("", median(each.wall for each in found)),
            (", CPU", median(each.cpu for each in found)),
        )
    ]
    machine = describe()
    for key, value in machine.items():
        print(f"{key}: {value}")
    print(f"\n{as_text(table(judged))}")
    if options.json is not None:
        figures = {"machine": machine, "took": took, "goals": told(judged)}
        options.json.write_text(json.dumps(figures, indent=1))


def _server(office: Office) -> Took:
    with tempfile.TemporaryDirectory(prefix="joint-patrol-start-") as folder:
        try:
            began = time.monotonic()
            pid = office.start(Path(folder))[0]
            return Took(time.monotonic() - began, read_ticks([pid], []).server)
        finally:
            office.stop()


def _gateway() -> Took:
    """Start a gateway whose broker is not there, beside a radio that speaks all the time."""
    with tempfile.TemporaryDirectory(prefix="joint-patrol-start-") as name, _Radio() as radio:
        folder, metrics = Path(name), free_port()
        key = new_key_file(folder / "post.key").public
        (folder / "gateway.toml").write_text(
            _GATEWAY.format(metrics=metrics, nobody=free_port(), key=key, radio=radio.port)
        )
        began = time.monotonic()
        process = launch(
            [sys.executable, "-m", "radio_gateway", "run"],
            folder=folder,
            env=dict(os.environ, PYTHONPATH=str(Path(__file__).parents[2])),
        )
        try:
            while time.monotonic() - began < 60.0:
                if _decoded(metrics):
                    return Took(time.monotonic() - began, read_ticks([process.pid], []).server)
                time.sleep(0.01)
            raise TargetError(f"the gateway decoded nothing: {tail_of(folder / 'output.log')}")
        finally:
            end_process(process)


def _decoded(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=2.0) as answer:
            lines = answer.read().decode().splitlines()
    except OSError:
        return False
    counts = [
        float(line.rsplit(" ", 1)[1])
        for line in lines
        if line.startswith("radio_gateway_channel_transmissions_total{")
    ]
    return sum(counts) > 0


class _Radio:
    """A TCP server that says where a boat is, ten times a second, to whoever connects."""

    def __enter__(self) -> Self:
        self._server = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._server.getsockname()[1]
        threading.Thread(target=self._speak, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.close()

    def _speak(self) -> None:
        traffic = Traffic(MEKONG, 100_000)
        try:
            while True:
                link, _ = self._server.accept()
                with link:
                    for number in range(100_000):
                        try:
                            link.sendall(traffic.rmc(number, time.time()))
                        except OSError:
                            break
                        time.sleep(0.1)
        except OSError:
            return


def _import(package: str) -> Took:
    bare, whole = _python("pass"), _python(f"import {package}")
    return Took(max(whole.wall - bare.wall, 0.0), max(whole.cpu - bare.cpu, 0.0))


def _python(script: str) -> Took:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run([sys.executable, "-c", script], check=True, cwd=Path(__file__).parents[2])
    after, ended = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Took(ended - began, used)


if __name__ == "__main__":
    main()
