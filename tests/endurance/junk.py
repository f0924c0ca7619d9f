"""Junk: a process that says nonsense on every input, ten times as often as the fleet reports.

The serial lines are the exception: their radio, in the senders' process, says it there.

Half of it is noise, half are good messages that were cut, joined or bent. None of it bears the name
of a boat of the fleet, and it comes from an address of its own, as somebody else's would. What
needs a password or key has a good one: the nonsense is to reach the decoders.
"""

from __future__ import annotations

import asyncio
import os
import random
import socket
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from multiprocessing.connection import Connection
from typing import Any, Final

import paho.mqtt.client as paho
from paho.mqtt.enums import CallbackAPIVersion

from tests.endurance.fleet import WAYS, Fleet
from tests.endurance.senders import Endpoints

TURN_S: Final = 0.02
_LONGEST: Final = 700
_STRANGER: Final = b"ZZ-9"


@dataclass(frozen=True, slots=True, kw_only=True)
class JunkPlan:
    """What to say, and where.

    Attributes:
        ends: Where the fleet's reports go.
        key: A good device key.
        gateway_password: The broker's, of the gateway.
        source: Address to come from, where the kernel lets us choose.
        rate: Messages a second, over all inputs.
        boats: Size of the fleet.
        seed: Of the chance that bends messages.
    """

    ends: Endpoints
    key: str = field(repr=False)
    gateway_password: str = field(repr=False)
    source: str
    rate: float
    boats: int
    seed: int = 1


def talk(plan: JunkPlan, orders: Connection) -> None:
    """Talk until `orders` says something or is closed; then say how much was said on each input."""
    asyncio.run(_Talking(plan, orders).run())


class _Talking:
    def __init__(self, plan: JunkPlan, orders: Connection) -> None:
        self._plan, self._orders = plan, orders
        self._fleet, self._chance = Fleet(plan.boats), random.Random(plan.seed)
        self._said: dict[str, int] = {}
        self._queues: dict[str, asyncio.Queue[bytes]] = {}
        self._workers: list[Coroutine[Any, Any, None]] = []

    async def run(self) -> None:
        outs = self._open()
        tasks = [asyncio.create_task(work) for work in self._workers]
        end = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_reader(self._orders.fileno(), end.set)
        due, last = 0.0, time.monotonic()
        names = list(outs)
        boats = {name: self._fleet.boats_of(name) for name in names}
        while not end.is_set():
            await asyncio.sleep(TURN_S)
            now = time.monotonic()
            due = min(due + (now - last) * self._plan.rate, self._plan.rate)
            last = now
            for _ in range(int(due)):
                name = self._chance.choice(names)
                like = boats.get(name) or range(self._fleet.boats)
                if outs[name](self._nonsense(self._chance.choice(like))):
                    self._said[name] = self._said.get(name, 0) + 1
            due -= int(due)
        loop.remove_reader(self._orders.fileno())
        for task in tasks:
            task.cancel()
        self._orders.send(("said", self._said))

    def _nonsense(self, boat: int) -> bytes:
        chance = self._chance
        if chance.random() < 0.5:
            return os.urandom(chance.randint(1, _LONGEST))
        fleet = self._fleet
        good = fleet.message(boat, time.time()).replace(fleet.name(boat).encode(), _STRANGER)
        turn = chance.random()
        if turn < 0.3:
            return good[: chance.randrange(len(good))]
        if turn < 0.6:
            at = chance.randrange(len(good))
            return good[:at] + os.urandom(chance.randint(1, 8)) + good[at:]
        if turn < 0.8:
            return good[chance.randrange(len(good)) :] + good
        return good.replace(b"2", b"\xff").replace(b",", b",,")

    def _open(self) -> dict[str, Callable[[bytes], bool]]:
        plan, ends = self._plan, self._plan.ends
        outs: dict[str, Callable[[bytes], bool]] = {}
        for way in WAYS:
            host = ends.gateway if way.by_gateway else ends.node
            port = ends.ports.get(way.name, 0)
            if way.name.endswith("udp"):
                outs[way.name] = self._datagrams(host, port)
            elif way.name.endswith("tcp"):
                outs[way.name] = self._queued(way.name)
                self._workers.append(self._stream(way.name, host, port))
            elif way.name.endswith(("http", "osmand")):
                outs[way.name] = self._queued(way.name)
                key = "" if way.by_gateway else plan.key
                for _ in range(4):
                    self._workers.append(self._posts(way.name, host, port, key))
        outs["mqtt"] = self._publisher(
            ends.broker_user, ends.broker_password, "joint-patrol/v1/position/ZZ-9"
        )
        outs["uplink"] = self._publisher(
            "gw-1", plan.gateway_password, "joint-patrol/v1/gateways/gw-1/reports"
        )
        return outs

    def _queued(self, name: str) -> Callable[[bytes], bool]:
        queue = self._queues[name] = asyncio.Queue(200)

        def put(junk: bytes) -> bool:
            if queue.full():  # they take no more: that is their right
                return False
            queue.put_nowait(junk)
            return True

        return put

    def _datagrams(self, host: str, port: int) -> Callable[[bytes], bool]:
        link = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        link.setblocking(False)
        if host.startswith("127."):
            link.bind((self._plan.source, 0))

        def send(junk: bytes) -> bool:
            try:
                return link.sendto(junk, (host, port)) > 0
            except OSError:
                return False

        return send

    def _publisher(self, user: str, password: str, topic: str) -> Callable[[bytes], bool]:
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"junk-{user}")
        client.username_pw_set(user, password)
        client.max_queued_messages_set(1000)
        client.connect("127.0.0.1", self._plan.ends.broker_port)
        client.loop_start()
        return lambda junk: client.publish(topic, junk, qos=1).rc == paho.MQTT_ERR_SUCCESS

    async def _connect(self, host: str, port: int) -> tuple[asyncio.StreamReader,
                                                            asyncio.StreamWriter]:  # fmt: skip
        local = (self._plan.source, 0) if host.startswith("127.") else None
        return await asyncio.open_connection(host, port, local_addr=local)

    async def _stream(self, name: str, host: str, port: int) -> None:
        queue = self._queues[name]
        while True:
            try:
                reader, writer = await self._connect(host, port)
                drain = asyncio.create_task(reader.read())
                try:
                    while not drain.done():
                        writer.write(await queue.get() + b"\r\n")
                        await writer.drain()
                finally:
                    drain.cancel()
                    writer.transport.abort()
            except OSError:
                pass
            await asyncio.sleep(0.1)

    async def _posts(self, name: str, host: str, port: int, key: str) -> None:
        queue = self._queues[name]
        target = "/" if not key else "/api/positions"
        login = f"Authorization: Bearer {key}\r\n" if key else ""
        while True:
            try:
                reader, writer = await self._connect(host, port)
                try:
                    while True:
                        junk = await queue.get()
                        head = (
                            f"POST {target} HTTP/1.1\r\nHost: {host}:{port}\r\n{login}"
                            f"Content-Type: application/json\r\nContent-Length: {len(junk)}\r\n\r\n"
                        )
                        writer.write(head.encode() + junk)
                        answer = await reader.readuntil(b"\r\n\r\n")
                        length = answer.lower().partition(b"content-length:")[2]
                        await reader.readexactly(int(length.split(b"\r\n")[0] or b"0"))
                finally:
                    writer.transport.abort()
            except (OSError, EOFError, ValueError):
                await asyncio.sleep(0.1)
