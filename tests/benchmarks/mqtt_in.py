"""MQTT in, acknowledged after the commit, beside a bare paho subscriber that acknowledges at once.

    python -m tests.benchmarks.mqtt_in [--reps 3] [--quick] [--json FILE]

A real Mosquitto takes RMC of 500 boats, a message each, QoS 1, from one publisher that keeps 2,000
on the way. Then either our server subscribes (decodes, checks 1,000 closed areas, commits with
`synchronous=FULL`, sends PUBACK, shows to a signed-in viewer) or paho alone, which calls `ack` for
each message and does nothing else. Rate: from the first message sent to the last one seen by the
viewer, which is after its PUBACK; or to the last `ack`.

The broker's limits are raised, as in `deploy/mosquitto`: with its defaults it has 20 messages on
the way to a subscriber and keeps 1,000 in the queue.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import uvloop

from tests.benchmarks.figures import as_text
from tests.benchmarks.goals import Verdict, table, told
from tests.benchmarks.machine import describe, others_share, read_ticks
from tests.benchmarks.targets.joint_patrol import JointPatrol, Office
from tests.benchmarks.targets.target import TargetError, end_process, launch, wait_for_port
from tests.benchmarks.traffic import BOATS, MEKONG, Traffic
from tests.benchmarks.viewers import Viewer
from tests.fixtures.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

COUNT = 40_000
GOAL = 0.4
WINDOW = 2000
_LIMITS = """\
listener {port} 127.0.0.1
allow_anonymous true
max_inflight_messages {window}
max_queued_messages 0
max_queued_bytes 0
persistence false
set_tcp_nodelay true
log_type error
"""
_CHANNEL = """
[[channels]]
name = "broker"
url = "mqtt://127.0.0.1:{port}?topic=boats/%2B"
protocols = ["nmea0183"]
"""


class Taken(NamedTuple):
    """One run: messages a second by the clock, by CPU time of the subscriber, and the others."""

    rate: float
    per_cpu_s: float
    others: float


def main() -> None:
    """Measure in turn and print."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.mqtt_in")
    parser.add_argument("--reps", type=int, default=3, help="runs behind each median")
    parser.add_argument("--quick", action="store_true", help="one short run each")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    count, reps = (COUNT // 4, 1) if options.quick else (COUNT, options.reps)
    office = Office()
    print(office.prepare(1), flush=True)
    ours: list[Taken] = []
    bare: list[Taken] = []
    for _ in range(reps):
        for name, runs in (("joint-patrol", ours), ("paho", bare)):
            with (
                tempfile.TemporaryDirectory(prefix="joint-patrol-mqtt-") as folder,
                broker(Path(folder)) as port,
            ):
                if name == "paho":
                    run = _by_paho(port, count)
                else:
                    run = uvloop.run(_by_us(office, Path(folder), port, count))
            runs.append(run)
            print(f"{name}: {run.rate:,.0f}/s, {run.per_cpu_s:,.0f}/CPU s, others {run.others:.0%}")
    others = max(run.others for run in (*ours, *bare))

    def ratio(value: Callable[[Taken], float]) -> float:
        return median(map(value, ours)) / median(map(value, bare))

    judged = [
        Verdict(
            goal=5,
            what="MQTT QoS 1 in, committed: against bare paho",
            value=ratio(lambda run: run.rate),
            bound=GOAL,
            others=others,
        ),
        Verdict(
            goal=5,
            what="MQTT QoS 1 in, messages/CPU s: the same",
            value=ratio(lambda run: run.per_cpu_s),
            others=others,
        ),
    ]
    machine = describe()
    for key, value in machine.items():
        print(f"{key}: {value}")
    print(f"\n{as_text(table(judged))}")
    if options.json is not None:
        figures = {"machine": machine, "ours": ours, "paho": bare, "goals": told(judged)}
        options.json.write_text(json.dumps(figures, indent=1))


@contextmanager
def broker(folder: Path) -> Iterator[int]:
    """Run a Mosquitto with raised limits; yield its port."""
    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        raise SystemExit("mosquitto is missing: apt-get install mosquitto")
    port = free_port()
    etc = folder / "broker"
    etc.mkdir()
    (etc / "broker.conf").write_text(_LIMITS.format(port=port, window=WINDOW))
    process: subprocess.Popen[bytes] = launch(
        [program, "-c", str(etc / "broker.conf")], folder=etc, env=dict(os.environ)
    )
    try:
        wait_for_port(port, process, etc / "output.log", 20.0)
        yield port
    finally:
        end_process(process)


async def _by_us(office: Office, folder: Path, port: int, count: int) -> Taken:
    """Return how our server takes what is published."""
    try:
        pid, web_port, _ = await asyncio.to_thread(
            office.start, folder, more=_CHANNEL.format(port=port)
        )
        seat = office.seats(web_port)[0]
        loop = asyncio.get_running_loop()
        _, viewer = await loop.create_connection(
            lambda: Viewer(seat, JointPatrol.gaze, sampled=False), seat.host, seat.port
        )
        await viewer.ready
        await asyncio.sleep(2.0)
        with _publisher(port, count) as (orders, publisher):
            viewer.start()
            orders.send("warm")
            await _seen(viewer, BOATS)
            viewer.start()
            await asyncio.sleep(0.5)
            before = read_ticks([pid], [os.getpid(), publisher])
            orders.send("go")
            await _seen(viewer, count)
            after = read_ticks([pid], [os.getpid(), publisher])
            began: int = await asyncio.to_thread(orders.recv)
        viewer.close()
        if viewer.count != count:
            raise TargetError(f"a viewer saw {viewer.count} of {count}")
        return _taken(count, began, viewer.last_at, before, after)
    finally:
        await asyncio.to_thread(office.stop)


async def _seen(viewer: Viewer, count: int) -> None:
    for _ in range(9_000):  # a minute and a half
        if viewer.count >= count:
            return
        await asyncio.sleep(0.01)


def _by_paho(port: int, count: int) -> Taken:
    """Return how a bare paho subscriber takes what is published."""
    context = multiprocessing.get_context("spawn")
    words, theirs = context.Pipe()
    process = context.Process(target=subscribe, args=(port, (BOATS, count), theirs), daemon=True)
    process.start()
    assert process.pid is not None
    try:
        assert words.recv() == "subscribed"
        with _publisher(port, count) as (orders, publisher):
            orders.send("warm")
            words.recv()
            time.sleep(0.5)
            before = read_ticks([process.pid], [os.getpid(), publisher])
            orders.send("go")
            ended: int = words.recv()
            after = read_ticks([process.pid], [os.getpid(), publisher])
            return _taken(count, orders.recv(), ended, before, after)
    finally:
        process.kill()
        process.join()


def _taken(count: int, began: int, ended: int, before: Any, after: Any) -> Taken:
    used = after.server - before.server
    return Taken(
        count / ((ended - began) / 1e9), count / max(used, 0.01), others_share(before, after)
    )


def subscribe(port: int, parts: tuple[int, ...], words: Connection) -> None:
    """Subscribe with paho and acknowledge each message by hand; say when each part is through."""
    from paho.mqtt import client as paho

    client = paho.Client(
        paho.CallbackAPIVersion.VERSION2,  # type: ignore[attr-defined]
        client_id="bare",
        manual_ack=True,
    )
    left = list(parts)

    def on_message(_client: Any, _data: Any, message: Any) -> None:
        client.ack(message.mid, message.qos)
        left[0] -= 1
        if not left[0]:
            words.send(time.monotonic_ns())
            left.pop(0)
            left.append(-1)

    def on_connect(*_: Any) -> None:
        client.subscribe("boats/+", 1)

    client.on_message, client.on_connect = on_message, on_connect
    client.on_subscribe = lambda *_: words.send("subscribed")
    client.connect("127.0.0.1", port)
    client.loop_forever()


@contextmanager
def _publisher(port: int, count: int) -> Iterator[tuple[Connection, int]]:
    """Run a publisher; yield how to speak with it and its process id."""
    context = multiprocessing.get_context("spawn")
    orders, theirs = context.Pipe()
    process = context.Process(target=publish, args=(port, count, theirs), daemon=True)
    process.start()
    assert process.pid is not None
    try:
        assert orders.recv() == "connected"
        yield orders, process.pid
    finally:
        process.kill()
        process.join()


def publish(port: int, count: int, orders: Connection) -> None:
    """Publish one message of each boat, then `count`, each when told to; say when that began."""
    link = socket.create_connection(("127.0.0.1", port))
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    body = b"\0\4MQTT\4\2\0\0" + struct.pack("!H", 6) + b"feeder"
    link.sendall(b"\x10" + bytes([len(body)]) + body)
    link.recv(4)
    acknowledged = [0]

    def read() -> None:
        while data := link.recv(65_536):
            acknowledged[0] += len(data)

    threading.Thread(target=read, daemon=True).start()
    traffic = Traffic(MEKONG, BOATS + count)
    orders.send("connected")
    orders.recv()
    now = time.time()
    sent = _send(link, [_packet(traffic, n, now) for n in range(BOATS)], acknowledged, 0)
    start = now + 2.0
    packets = [
        _packet(traffic, n, start + 0.01 * (n // BOATS)) for n in range(BOATS, BOATS + count)
    ]
    time.sleep(max(0.0, start + 0.01 * (count // BOATS + 2) - time.time()))
    orders.recv()
    began = time.monotonic_ns()
    _send(link, packets, acknowledged, sent)
    orders.send(began)
    orders.recv()


def _packet(traffic: Traffic, number: int, at: float) -> bytes:
    """Return a PUBLISH of QoS 1 (MQTT 3.1.1, 3.3)."""
    topic = b"boats/R-%04d" % (number % BOATS)
    body = struct.pack("!H", len(topic)) + topic + struct.pack("!H", number % 60_000 + 1)
    body += traffic.rmc(number, at)
    size = len(body)
    length = bytes([size]) if size < 128 else bytes([size % 128 | 128, size // 128])
    return b"\x32" + length + body


def _send(link: socket.socket, packets: list[bytes], acknowledged: list[int], before: int) -> int:
    """Send in blocks, with at most `WINDOW` not acknowledged; return how many were sent in all."""
    for at in range(0, len(packets), 50):
        while before + at - acknowledged[0] // 4 > WINDOW - 50:
            time.sleep(0.0002)
        link.sendall(b"".join(packets[at : at + 50]))
    return before + len(packets)


if __name__ == "__main__":
    main()
