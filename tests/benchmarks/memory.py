"""Resident memory: a gateway on its own computer at 500/s, and the server with 10,000 units.

    python -m tests.benchmarks.memory [--quick] [--json FILE]

The gateway (`radio-gateway run`) hears 500 boats over TCP, 500 RMC a second, keeps each in its
spool until the node's receipt, and sends through a real Mosquitto to our server, which 20 viewers
watch. The server alone is then fed by 10,000 registered boats, 2,000 RMC a second, which is one
each in five seconds. Peaks are the greatest resident memory since the start (`VmHWM`). What the
server needs at 500/s with 20 viewers, `end_to_end` tells.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import socket
import sys
import tempfile
import time
from collections.abc import Callable
from functools import reduce
from operator import xor
from pathlib import Path
from typing import NamedTuple

import uvloop

from radio_gateway.uplink.wire.signing import new_key_file
from tests.benchmarks.figures import as_text
from tests.benchmarks.goals import Verdict, table, told
from tests.benchmarks.machine import describe, peak_memory_mb
from tests.benchmarks.mqtt_in import broker
from tests.benchmarks.targets.joint_patrol import JointPatrol, Office
from tests.benchmarks.targets.target import TargetError, end_process, launch, wait_for_port
from tests.benchmarks.traffic import MEKONG, Traffic, along_mekong
from tests.benchmarks.viewers import Viewer
from tests.fixtures.ports import free_port

MANY = 10_000
_NODE = """
[uplink]
url = "mqtt://127.0.0.1:{port}"
key_file = "node.key"

[[gateways]]
id = "post"
key = "{key}"
"""
_POST = """
[gateway]
id = "post"

[uplink]
url = "mqtt://127.0.0.1:{port}"
key_file = "post.key"
node_key = "{key}"

[[channels]]
name = "boats"
url = "tcp-listen://127.0.0.1:{feed}"
protocols = ["nmea0183"]
"""


class Peaks(NamedTuple):
    """Greatest resident memory, MiB, and the share of positions that a viewer saw."""

    gateway: float
    node: float
    many: float
    seen: float


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.memory")
    parser.add_argument("--quick", action="store_true", help="ten seconds each, not a minute")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    peaks = uvloop.run(_measured(10.0 if options.quick else 60.0))
    judged = [
        Verdict(
            goal=11,
            what="500/s: peak memory of the gateway alone",
            value=peaks.gateway,
            bound=90.0,
            at_least=False,
            unit="MiB",
        ),
        Verdict(
            goal=11,
            what="500/s: peak memory of the node behind that gateway",
            value=peaks.node,
            bound=250.0,
            at_least=False,
            unit="MiB",
        ),
        Verdict(goal=11, what="10,000 units: peak memory", value=peaks.many, unit="MiB"),
    ]
    machine = describe()
    for key, value in machine.items():
        print(f"{key}: {value}")
    print(f"\n{as_text(table(judged))}")
    if options.json is not None:
        figures = {"machine": machine, "peaks": peaks._asdict(), "goals": told(judged)}
        options.json.write_text(json.dumps(figures, indent=1))


async def _measured(seconds: float) -> Peaks:
    gateway, node, seen = await _through_a_gateway(seconds)
    if seen < 1.0:
        raise TargetError(f"a viewer behind the gateway saw {seen:.1%} of the positions")
    return Peaks(gateway, node, await _of_many(seconds), seen)


async def _through_a_gateway(seconds: float) -> tuple[float, float, float]:
    office = Office()
    await asyncio.to_thread(office.prepare, 20)
    with (
        tempfile.TemporaryDirectory(prefix="joint-patrol-memory-") as name,
        broker(Path(name)) as port,
    ):
        folder, node_key = _place(name, "node")
        post, post_key = _place(name, "post")
        feed = free_port()
        (post / "gateway.toml").write_text(_POST.format(port=port, key=node_key, feed=feed))
        gateway = None
        try:
            pid, web_port, _ = await asyncio.to_thread(
                office.start, folder, more=_NODE.format(port=port, key=post_key)
            )
            viewers = await _looking_on(office, web_port)
            gateway = launch(
                [sys.executable, "-m", "radio_gateway", "run"],
                folder=post,
                env=dict(os.environ, PYTHONPATH=str(Path(__file__).parents[2])),
            )
            await asyncio.to_thread(wait_for_port, feed, gateway, post / "output.log", 30.0)
            count = int(500 * seconds)
            traffic = Traffic(MEKONG, count)
            for viewer in viewers:
                viewer.start()
            await asyncio.to_thread(_paced, feed, traffic.rmc, count, 500.0)
            await _settled(viewers[0], count)
            peaks = peak_memory_mb([gateway.pid]), peak_memory_mb([pid])
            seen = viewers[0].count / count
            for viewer in viewers:
                viewer.close()
            return *peaks, seen
        finally:
            await asyncio.to_thread(end_process, gateway)
            await asyncio.to_thread(office.stop)


async def _of_many(seconds: float) -> float:
    """Return the peak of a server with 10,000 registered boats that all report."""
    office = Office(boats=MANY)
    await asyncio.to_thread(office.prepare, 20)
    with tempfile.TemporaryDirectory(prefix="joint-patrol-memory-") as name:
        try:
            pid, web_port, feeds = await asyncio.to_thread(office.start, Path(name))
            viewers = await _looking_on(office, web_port)
            for viewer in viewers:
                viewer.start()
            count = int(2000 * max(seconds, 10.0))
            await asyncio.to_thread(_paced, feeds["rmc"], _of_one, count, 2000.0)
            await _settled(viewers[0], count)
            if viewers[0].count < count:
                raise TargetError(f"a viewer saw {viewers[0].count} of {count}")
            peak = peak_memory_mb([pid])
            for viewer in viewers:
                viewer.close()
            return peak
        finally:
            await asyncio.to_thread(office.stop)


async def _looking_on(office: Office, web_port: int) -> list[Viewer]:
    loop = asyncio.get_running_loop()
    viewers = []
    for seat in office.seats(web_port):
        _, viewer = await loop.create_connection(
            lambda seat=seat: Viewer(seat, JointPatrol.gaze, sampled=False),  # type: ignore[misc]
            seat.host,
            seat.port,
        )
        await viewer.ready
        viewers.append(viewer)
    await asyncio.sleep(1.0)
    return viewers


async def _settled(viewer: Viewer, count: int) -> None:
    """Wait until a viewer has seen all, or nothing comes any more."""
    seen, since = -1, time.monotonic()
    while viewer.count < count and time.monotonic() - since < 15.0:
        if viewer.count != seen:
            seen, since = viewer.count, time.monotonic()
        await asyncio.sleep(0.1)


def _paced(port: int, make: Callable[[int, float], bytes], count: int, rate: float) -> None:
    """Send `count` messages, `rate` a second, in hundredths of a second."""
    with socket.create_connection(("127.0.0.1", port)) as link:
        start, block = time.monotonic(), int(rate / 100)
        for at in range(0, count, block):
            time.sleep(max(0.0, start + at / rate - time.monotonic()))
            now = time.time()
            link.sendall(b"".join(make(n, now) for n in range(at, min(at + block, count))))
        time.sleep(0.5)


def _of_one(number: int, at: float) -> bytes:
    """Return an RMC of one of 10,000 boats, which stand side by side on the river."""
    boat, turn = number % MANY, number // MANY
    lat = 20.2 + boat * 1.9e-5 + turn * 2e-6
    lon = along_mekong(boat, 20.2 + boat * 1.9e-5)
    when = time.gmtime(at)
    body = (
        f"GPRMC,{time.strftime('%H%M%S', when)}.{int(at % 1 * 100):02d},A,"
        f"{int(lat):02d}{lat % 1 * 60:08.5f},N,{int(lon):03d}{lon % 1 * 60:08.5f},E,12.4,0.0,"
        f"{time.strftime('%d%m%y', when)},,,A"
    ).encode()
    return b"R-%04d,$%b*%02X\r\n" % (boat, body, reduce(xor, body))


def _place(folder: str, name: str) -> tuple[Path, str]:
    """Make a folder with a key in it; return both, of the key what others are told."""
    place = Path(folder, name)
    place.mkdir()
    return place, new_key_file(place / f"{name}.key").public


if __name__ == "__main__":
    main()
