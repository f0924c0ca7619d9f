"""A border post's whole gateway in the test's event loop, and the node's end of the way to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from radio_gateway.channels.channel_settings import load_channels
from radio_gateway.gateway.gateway import Gateway
from radio_gateway.gateway.gateway_settings import GatewaySettings
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.orders.order_result import OrderResult
from radio_gateway.uplink.receiver.receiver import Receiver
from radio_gateway.uplink.wire.signing import Signer, Verifier
from tests.fixtures.broker import Mosquitto
from tests.fixtures.patience import until
from tests.radio_gateway.uplink.gateways import GW_1_KEY, GW_2_KEY, NODE_KEY, settings, until_health


@asynccontextmanager
async def post(
    broker: Mosquitto,
    folder: Path,
    *channels: dict[str, Any],
    name: str = "gw-1",
    signer: Signer = GW_1_KEY,
    node_key: Signer = NODE_KEY,
) -> AsyncIterator[Gateway]:
    """Run a gateway until its end; what it keeps is in `folder`."""
    gateway = Gateway(
        GatewaySettings(
            id=name,
            spool=folder / f"{name}.db",
            spool_max_bytes=1 << 20,
            spool_max_age=timedelta(days=1),
            journal=None,
            metrics_port=None,
            uplink=settings(broker, name, signer, node_key=node_key),
            channels=load_channels(list(channels), "test.toml: channels"),
        )
    )
    stop = asyncio.Event()
    task = asyncio.create_task(gateway.run(stop))
    try:
        await until_health(gateway.health, lambda health: health.uplink == "open")
        yield gateway
    finally:
        stop.set()
        await task


class Office:
    """The node's end, and what gateways told of orders.

    Attributes:
        receiver: Its end.
        told: What was told, in order.
        unstored: What to call when each of it is stored; None: it is stored at once.
    """

    def __init__(self, broker: Mosquitto) -> None:
        self.told: list[tuple[str, OrderResult]] = []
        self.unstored: list[Callable[[], None]] | None = None
        gateways = {"gw-1": Verifier(GW_1_KEY.public), "gw-2": Verifier(GW_2_KEY.public)}
        self.receiver = Receiver(
            settings(broker, "node", NODE_KEY), gateways, Inbox(), node="hx", on_result=self._told
        )

    def _told(self, gateway: str, result: OrderResult, stored: Callable[[], None]) -> None:
        self.told.append((gateway, result))
        if self.unstored is None:
            stored()
        else:
            self.unstored.append(stored)

    def states(self, id: str) -> list[str]:
        """Return the states of an order, as they were told."""
        return [result.state for _, result in self.told if result.id == id]

    def last(self, id: str) -> OrderResult:
        """Return the last that was told of an order."""
        return [result for _, result in self.told if result.id == id][-1]

    async def reaches(self, *gateways: str) -> None:
        """Wait until orders can be passed on to them."""
        await until(lambda: all(self.receiver.unreached(name) is None for name in gateways))


@asynccontextmanager
async def office(broker: Mosquitto) -> AsyncIterator[Office]:
    """Run the node's end."""
    running = Office(broker)
    task = asyncio.create_task(running.receiver.run())
    try:
        yield running
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class TcpRadio:
    """A radio that a gateway's `tcp://` channel connects to; it answers nothing by itself.

    Attributes:
        port: Where it listens.
        heard: What it was told.
        connections: How many came.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.heard = b""
        self.connections = 0
        self._writers: list[asyncio.StreamWriter] = []
        self.on_heard: Callable[[bytes], None] = lambda _data: None

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Be there."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        try:
            yield
        finally:
            server.close()
            for writer in self._writers:
                writer.close()
            await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.connections += 1
        while data := await reader.read(4096):
            self.heard += data
            self.on_heard(data)
        writer.close()
