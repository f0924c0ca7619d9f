"""The senders: one process that reports for the whole fleet, each boat in its way.

Who can be answered reports again until it is: the phones (HTTP) and MQTT with QoS 1. A radio, a
socket without an answer, and a serial line report once. Each report is stamped when it is first
handed over, so that the time until it is seen includes all trying again.
"""

from __future__ import annotations

import asyncio
import os
import pty
import random
import socket
import threading
import time
import tty
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Final

import paho.mqtt.client as paho
import uvloop
from paho.mqtt.enums import CallbackAPIVersion

from tests.endurance.fleet import WAYS, Fleet
from tests.endurance.http_out import HttpOut
from tests.endurance.ledger import BY_BROKER, LOST_HERE, SENT, Ledger

TURN_S: Final = 0.005
HEARD_TWICE: Final = 10
"""Of what the gateway hears over TCP, every so manieth report the node hears itself, too."""

Out = Callable[[int, bytes], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoints:
    """Where the reports go.

    Attributes:
        node: Address of the node.
        gateway: Address of the gateway.
        ports: By the name of the way; the two serial ones have none.
        keys: Device key by boat, of those that report to the node over HTTP.
        broker_port: Where the broker listens, on loopback.
        broker_user: Who may write any position there.
        broker_password: Of that user.
    """

    node: str
    gateway: str
    ports: dict[str, int]
    keys: dict[int, str] = field(repr=False)
    broker_port: int
    broker_user: str
    broker_password: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class SendPlan:
    """Who reports, and how often.

    Attributes:
        boats: Size of the fleet.
        ledger: Name of the ledger's shared memory.
        capacity: Most reports.
    """

    boats: int
    ledger: str
    capacity: int


def send(plan: SendPlan, orders: Connection) -> None:
    """Report until told to stop.

    First it says `("serial", {way: device})`: it is the radio at the other end of two serial
    lines. Then it takes `("go", Endpoints)`; `("rate", reports a second)` and `("junk", nonsense a
    second on each serial line)` any number of times; and `("stop", seconds)`: it goes on trying for
    so long and says `("stopped", reports still untold)`.
    """
    with Ledger(plan.capacity, plan.ledger) as ledger:
        uvloop.run(_Sending(Fleet(plan.boats), ledger, orders).run())


class _Sending:
    def __init__(self, fleet: Fleet, ledger: Ledger, orders: Connection) -> None:
        self._fleet, self._ledger, self._orders = fleet, ledger, orders
        self._rate = self._junk_rate = 0.0
        self._lines = {way.name: SerialOut(ledger) for way in WAYS if way.name.endswith("serial")}
        self._outs: list[Out] = []
        self._twice: Callable[[int, bytes], object] | None = None
        self._waiting: list[Callable[[], int]] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._told: asyncio.Queue[tuple[str, Any]] = asyncio.Queue()

    async def run(self) -> None:
        loop = asyncio.get_running_loop()
        self._orders.send(("serial", {name: line.path for name, line in self._lines.items()}))
        loop.add_reader(self._orders.fileno(), self._hear)
        pacing: asyncio.Task[None] | None = None
        while True:
            word, value = await self._told.get()
            if word == "go":
                await self._open(value)
                pacing = asyncio.create_task(self._pace())
                pacing.add_done_callback(self._ended)
                self._tasks.append(asyncio.create_task(self._junk()))
            elif word == "rate":
                self._rate = value
            elif word == "failed":
                raise RuntimeError("the fleet fell silent") from value
            elif word == "junk":
                self._junk_rate = value
            elif word == "stop":
                break
        if pacing is not None:
            pacing.cancel()
        end = loop.time() + value
        while loop.time() < end and self._untold():  # noqa: ASYNC110 - rings no bell
            await asyncio.sleep(0.05)
        untold = self._untold()
        for task in self._tasks:
            task.cancel()
        self._orders.send(("stopped", untold))

    def _hear(self) -> None:
        try:
            self._told.put_nowait(self._orders.recv())
        except (EOFError, OSError):
            asyncio.get_running_loop().remove_reader(self._orders.fileno())
            self._told.put_nowait(("stop", 0.0))

    def _ended(self, pacing: asyncio.Task[None]) -> None:
        """End with it: nobody may take silence for a fleet that reports."""
        if not pacing.cancelled():
            self._told.put_nowait(("failed", pacing.exception()))

    def _untold(self) -> int:
        return sum(waiting() for waiting in self._waiting)

    async def _open(self, ends: Endpoints) -> None:
        by_name: dict[str, Out] = {name: line.send for name, line in self._lines.items()}
        for way in WAYS:
            host = ends.gateway if way.by_gateway else ends.node
            port = ends.ports.get(way.name, 0)
            if way.name.endswith("tcp"):
                link = TcpOut(host, port, self._ledger)
                self._tasks.append(asyncio.create_task(link.run()))
                by_name[way.name] = link.send
                if way.name == "tcp":
                    self._twice = link.also
            elif way.name.endswith("udp"):
                by_name[way.name] = UdpOut(host, port, self._ledger).send
            elif way.name.endswith(("http", "osmand")):
                keys = {} if way.by_gateway else ends.keys
                asking = HttpOut(way, host, port, self._fleet, self._ledger, keys)
                self._tasks += [asyncio.create_task(work) for work in asking.workers()]
                self._waiting.append(lambda asking=asking: asking.waiting)  # type: ignore[misc]
                by_name[way.name] = asking.send
        mqtt = MqttOut(ends, self._fleet, self._ledger)
        await asyncio.to_thread(mqtt.open)
        self._waiting.append(lambda: mqtt.waiting)
        by_name["mqtt"] = mqtt.send
        self._outs = [by_name[way.name] for way in WAYS]
        await asyncio.sleep(0.5)  # the connections

    async def _pace(self) -> None:
        fleet, ledger, outs = self._fleet, self._ledger, self._outs
        boats, message, way_of = fleet.boats, fleet.message, fleet.way
        last, due, begun = time.monotonic(), 0.0, 0
        heard_twice = next(i for i, way in enumerate(WAYS) if way.name == "gw-tcp")
        while True:
            await asyncio.sleep(TURN_S)
            now = time.monotonic()
            due += (now - last) * self._rate
            last = now
            count = min(int(due), ledger.capacity - begun)
            due -= count
            for number in range(begun, begun + count):
                report = message(number, time.time())
                ledger.sent_at[number] = time.monotonic_ns()
                way = way_of(number % boats)
                outs[way](number, report)
                if way == heard_twice and number // boats % HEARD_TWICE == 0 and self._twice:
                    self._twice(number, report)
            begun += count
            ledger.begun = begun

    async def _junk(self) -> None:
        """Print nonsense among what the base radios hear."""
        while True:
            await asyncio.sleep(1.0 / self._junk_rate if self._junk_rate else 0.1)
            if self._junk_rate:
                for line in self._lines.values():
                    line.print(os.urandom(random.randint(1, 200)) + b"\r\n")


class TcpOut:
    """A feeder's connection to a TCP channel; opened again when it is lost."""

    def __init__(self, host: str, port: int, ledger: Ledger) -> None:
        self._host, self._port, self._ledger = host, port, ledger
        self._writer: asyncio.StreamWriter | None = None

    async def run(self) -> None:
        """Keep it open."""
        while True:
            try:
                async with asyncio.timeout(3.0):
                    reader, writer = await asyncio.open_connection(self._host, self._port)
            except (OSError, TimeoutError):
                await asyncio.sleep(0.2)
                continue
            self._writer = writer
            try:
                while await reader.read(65_536):
                    pass
            except OSError:
                pass
            finally:
                self._writer = None
                writer.transport.abort()

    def send(self, number: int, report: bytes) -> None:
        """Send it once, if there is anybody to take it."""
        self._ledger.state[number] = SENT if self.also(number, report) else LOST_HERE

    def also(self, _number: int, report: bytes) -> bool:
        """Send what another way answers for; return whether anybody took it."""
        if self._writer is None or self._writer.transport.is_closing():
            return False
        self._writer.write(report)
        return True


class UdpOut:
    """Datagrams to a UDP channel."""

    def __init__(self, host: str, port: int, ledger: Ledger) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._to, self._ledger = (host, port), ledger

    def send(self, number: int, report: bytes) -> None:
        """Send it once."""
        try:
            self._socket.sendto(report, self._to)
        except OSError:
            self._ledger.state[number] = LOST_HERE
        else:
            self._ledger.state[number] = SENT


class SerialOut:
    """A base radio at a serial line: it prints what it hears, whether or not somebody reads.

    Attributes:
        path: The line's device.
    """

    def __init__(self, ledger: Ledger) -> None:
        self._ours, self._theirs = pty.openpty()
        tty.setraw(self._ours)
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.path = os.ttyname(self._theirs)
        self._ledger = ledger

    def send(self, number: int, report: bytes) -> None:
        """Print it once."""
        self._ledger.state[number] = SENT if self.print(report) else LOST_HERE

    def print(self, words: bytes) -> bool:
        """Print words; return whether there was room for all of them."""
        try:
            return os.write(self._ours, words) == len(words)
        except OSError:
            return False


class MqttOut:
    """A forwarder that publishes positions with QoS 1."""

    def __init__(self, ends: Endpoints, fleet: Fleet, ledger: Ledger) -> None:
        self._ends, self._fleet, self._ledger = ends, fleet, ledger
        self._lock = threading.Lock()
        self._pending: dict[int, int] = {}
        self._early: set[int] = set()
        client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id="endurance-fleet", clean_session=False
        )
        client.username_pw_set(ends.broker_user, ends.broker_password)
        client.reconnect_delay_set(1, 1)
        client.max_inflight_messages_set(500)
        client.max_queued_messages_set(0)
        client.on_publish = self._confirmed
        self._client = client

    @property
    def waiting(self) -> int:
        """How many were not confirmed yet."""
        return len(self._pending)

    def open(self) -> None:
        """Connect, and stay so on a thread of its own."""
        self._client.connect("127.0.0.1", self._ends.broker_port)
        self._client.loop_start()

    def send(self, number: int, report: bytes) -> None:
        """Publish it; again after a new connection, until it is confirmed."""
        name = self._fleet.name(number % self._fleet.boats)
        # never with our lock: the client holds its own while it tells us of another
        mid = self._client.publish(f"joint-patrol/v1/position/{name}", report, qos=1).mid
        with self._lock:
            if mid not in self._early:
                self._pending[mid] = number
                return
            self._early.discard(mid)
        self._ledger.state[number] = BY_BROKER

    def _confirmed(self, _client: object, _data: object, mid: int, *_more: object) -> None:
        with self._lock:
            number = self._pending.pop(mid, None)
            if number is None:
                self._early.add(mid)
        if number is not None:
            self._ledger.state[number] = BY_BROKER
