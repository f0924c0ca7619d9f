"""Reports over HTTP, answered after the commit, beside a FastAPI route that answers at once.

    python -m tests.benchmarks.http_in [--reps 3] [--quick] [--json FILE]

200 trackers, each with a key of its own, report one position a request over 40 connections that
stay open; the next request of a connection goes out when the last was answered. Ours looks the key
up, judges clock and quality, keeps the picture, and commits (SQLite, `synchronous=FULL`) before it
answers; the other (`tests.benchmarks.answering`) reads the JSON and answers. Neither has viewers.
The client is on the same two cores: the rate of the other is nearly the client's own.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import NamedTuple

import msgspec
import uvloop

from tests.benchmarks.figures import as_text
from tests.benchmarks.goals import Verdict, table, told
from tests.benchmarks.machine import describe, others_share, read_ticks
from tests.benchmarks.targets.target import TargetError, end_process, launch, wait_for_port
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server

COUNT = 20_000
WARM_UP = 2_000
TRACKERS = 200
CONNECTIONS = 40


class Taken(NamedTuple):
    """One run.

    Attributes:
        rate: Reports a second.
        cpu_us: CPU microseconds of the server for each.
        p99_ms: 99th percentile from sending to the answer.
        others: Share of the machine that others used.
    """

    rate: float
    cpu_us: float
    p99_ms: float
    others: float


def main() -> None:
    """Measure in turn and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.http_in")
    parser.add_argument("--reps", type=int, default=3, help="runs behind each median")
    parser.add_argument("--quick", action="store_true", help="one short run each")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    count, reps = (COUNT // 4, 1) if options.quick else (COUNT, options.reps)
    ours: list[Taken] = []
    bare: list[Taken] = []
    for _ in range(reps):
        for name, runs, measured in (("joint-patrol", ours, _by_us), ("FastAPI", bare, _by_bare)):
            with tempfile.TemporaryDirectory(prefix="joint-patrol-http-") as folder:
                run = measured(Path(folder), count)
            runs.append(run)
            print(
                f"{name}: {run.rate:,.0f}/s, {run.cpu_us:,.0f} us CPU each, "
                f"p99 {run.p99_ms:.1f} ms, others {run.others:.0%}",
                flush=True,
            )
    others = max(run.others for run in (*ours, *bare))

    def ratio(value: Callable[[Taken], float]) -> float:
        return median(map(value, ours)) / median(map(value, bare))

    judged = [
        Verdict(
            goal=0,
            what="reports over HTTP, committed: against a FastAPI route that answers at once",
            value=ratio(lambda run: run.rate),
            others=others,
        ),
        Verdict(
            goal=0,
            what="reports over HTTP, CPU each (less is better): the same",
            value=ratio(lambda run: run.cpu_us),
            others=others,
        ),
    ]
    machine = describe()
    for key, value in machine.items():
        print(f"{key}: {value}")
    print(f"\n{as_text(table(judged))}")
    if options.json is not None:
        figures = {"machine": machine, "ours": ours, "bare": bare, "goals": told(judged)}
        options.json.write_text(json.dumps(figures, indent=1))


def _by_us(folder: Path, count: int) -> Taken:
    """Return how our server takes reports."""
    server = Server(folder, channels="")
    keys = server.add_devices(f"tracker-{n}" for n in range(TRACKERS))
    server.start()
    try:
        return _measured(server.port, server.pid, keys, count)
    finally:
        server.stop()


def _by_bare(folder: Path, count: int) -> Taken:
    """Return how a route that does nothing with reports takes them."""
    port = free_port()
    process: subprocess.Popen[bytes] = launch(
        [sys.executable, "-m", "tests.benchmarks.answering", str(port)],
        folder=folder,
        env=dict(os.environ) | {"PYTHONPATH": str(Path(__file__).parents[2])},
    )
    try:
        wait_for_port(port, process, folder / "output.log", 30.0)
        keys = {f"tracker-{n}": "key" for n in range(TRACKERS)}
        return _measured(port, process.pid, keys, count)
    finally:
        end_process(process)


def _measured(port: int, pid: int, keys: dict[str, str], count: int) -> Taken:
    uvloop.run(_report(port, keys, 0, WARM_UP))
    before, began_s = read_ticks([pid], [os.getpid()]), time.perf_counter()
    waits = uvloop.run(_report(port, keys, WARM_UP, count))
    ended_s, after = time.perf_counter(), read_ticks([pid], [os.getpid()])
    return Taken(
        rate=count / (ended_s - began_s),
        cpu_us=(after.server - before.server) / count * 1e6,
        p99_ms=sorted(waits)[int(len(waits) * 0.99)] * 1e3,
        others=others_share(before, after),
    )


async def _report(port: int, keys: dict[str, str], first: int, count: int) -> list[float]:
    """Send reports `first` and on; return how long each waited for its answer, seconds."""
    numbers = iter(range(first, first + count))
    waits: list[float] = []

    async def work() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            request = _request(port, keys, number)
            began_s = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            _, _, length = head.lower().partition(b"content-length:")
            body = await reader.readexactly(int(length.split(b"\r\n", 1)[0]))
            waits.append(time.perf_counter() - began_s)
            if not head.startswith(b"HTTP/1.1 200") or b'"stored":["%d"]' % number not in body:
                raise TargetError(f"report {number} was answered {head[:30]!r} {body[:200]!r}")
        writer.close()

    await asyncio.gather(*(work() for _ in range(CONNECTIONS)))
    return waits


def _request(port: int, keys: dict[str, str], number: int) -> bytes:
    name = f"tracker-{number % TRACKERS}"
    report = {
        "device": name,
        "id": str(number),
        "lon": 100.40 + number % TRACKERS * 1e-4,
        "lat": round(20.25 + number // TRACKERS * 1e-5, 6),
        "time": datetime.now(UTC),
        "speed_mps": 5.1,
        "course_deg": 181.0,
    }
    body = msgspec.json.encode(report)
    head = (
        f"POST /api/positions HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n"
        f"Authorization: Bearer {keys[name]}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


if __name__ == "__main__":
    main()
