"""Gateways and nodes for tests: keys, and both ends of an uplink through a real broker."""

from __future__ import annotations

import asyncio
import os
from base64 import b64encode
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

from radio_gateway.health.health import GatewayHealth
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.link_url import parse_link
from radio_gateway.messages.transmission import Delivery, Transmission
from radio_gateway.uplink.receiver.receiver import Receiver
from radio_gateway.uplink.sender.sender import Uplink
from radio_gateway.uplink.spool.spool import Spool, open_spool
from radio_gateway.uplink.wire.envelope import OrderFor
from radio_gateway.uplink.wire.signing import Signer, Verifier
from radio_gateway.uplink.wire.uplink_settings import UplinkSettings
from tests.fixtures.broker import Mosquitto
from tests.fixtures.patience import PATIENCE_S, until

NODE_KEY, GW_1_KEY, GW_2_KEY = (Signer(os.urandom(32)) for _ in range(3))


def settings(
    broker: Mosquitto,
    user: str,
    signer: Signer,
    *,
    port: int | None = None,
    node_key: Signer = NODE_KEY,
) -> UplinkSettings:
    """Return how `user` reaches `broker`; a gateway believes the node's key."""
    link = parse_link(f"mqtt://{user}:{broker.passwords[user]}@127.0.0.1:{port or broker.port}")
    return UplinkSettings(link=link, signer=signer, node=Verifier(node_key.public))


async def until_health(
    health: Callable[[], Awaitable[GatewayHealth]],
    condition: Callable[[GatewayHealth], bool],
    *,
    within_s: float = PATIENCE_S,
) -> None:
    """Wait until what a gateway tells of how it fares meets `condition`."""

    async def is_met() -> bool:
        return condition(await health())

    await until(is_met, within_s=within_s)


class Ended:
    """One gateway's spool and uplink.

    Attributes:
        spool: Its spool.
        uplink: Its end of the way to the node.
    """

    def __init__(self, spool: Spool, uplink: Uplink) -> None:
        self.spool, self.uplink = spool, uplink

    async def hear(self, transmissions: list[Transmission]) -> None:
        """Put what was heard into the spool and have it sent."""
        self.uplink.enqueue(await self.spool.put(transmissions))

    async def waiting(self) -> int:
        """Return how many transmissions have no receipt."""
        return (await self.spool.state()).waiting

    async def is_open(self) -> None:
        """Wait until the broker lets the uplink in."""
        await until_health(self.uplink.health, lambda health: health.uplink == "open")

    async def empty(self, *, within_s: float = 10.0) -> None:
        """Wait until everything has its receipt."""

        async def nothing_waits() -> bool:
            return not await self.waiting()

        await until(nothing_waits, within_s=within_s)


@asynccontextmanager
async def gateway(
    broker: Mosquitto,
    folder: Path,
    *,
    name: str = "gw-1",
    user: str | None = None,
    signer: Signer = GW_1_KEY,
    port: int | None = None,
    node_key: Signer = NODE_KEY,
    fares: GatewayHealth | None = None,
    on_order: Callable[[OrderFor, float], Awaitable[None]] | None = None,
) -> AsyncIterator[Ended]:
    """Run a gateway's uplink; `port` is that of what lies before the broker.

    `fares` is what the gateway itself knows of how it fares, `on_order` is as for `Uplink`.
    """
    async with await open_spool(folder / f"{name}.db") as spool:
        uplink = Uplink(
            settings(broker, user or name, signer, port=port, node_key=node_key),
            spool,
            gateway=name,
            health=lambda: fares or GatewayHealth(gateway=name, reported_at=datetime.now(UTC)),
            on_order=on_order,
        )
        task = asyncio.create_task(uplink.run())
        try:
            yield Ended(spool, uplink)
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class Node:
    """A node's end, and what it stores: each reception once, nothing while `stores` is unset.

    Attributes:
        receiver: Its end.
        stored: What it stored, in order.
        unbelieved: What it set aside.
        stores: Whether it stores now.
    """

    def __init__(self, receiver: Receiver, inbox: Inbox) -> None:
        self.receiver, self._inbox = receiver, inbox
        self.stored: list[Transmission] = []
        self.unbelieved: list[Delivery] = []
        self._known: set[str] = set()
        self.stores = asyncio.Event()
        self.stores.set()

    async def keep(self) -> None:
        """Store what comes, and tell who waits for that."""
        while True:
            deliveries: list[Delivery] = await self._inbox.take()
            await self.stores.wait()
            for delivery in deliveries:
                transmission = delivery.transmission
                if delivery.refusal is not None:
                    self.unbelieved.append(delivery)
                elif transmission.reception_id not in self._known:  # as a store's unique index
                    self._known.add(transmission.reception_id)
                    self.stored.append(transmission)
                assert delivery.stored is not None
                delivery.stored()


@asynccontextmanager
async def node(
    broker: Mosquitto, *, gateways: dict[str, Verifier] | None = None
) -> AsyncIterator[Node]:
    """Run a node's end for `gw-1` and `gw-2`."""
    if gateways is None:
        gateways = {"gw-1": Verifier(GW_1_KEY.public), "gw-2": Verifier(GW_2_KEY.public)}
    inbox = Inbox()
    receiver = Receiver(settings(broker, "node", NODE_KEY), gateways, inbox, node="hx")
    running = Node(receiver, inbox)
    tasks = [asyncio.create_task(receiver.run()), asyncio.create_task(running.keep())]
    try:
        yield running
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def key_file(path: Path) -> str:
    """Make a key file; return its public key."""
    seed = os.urandom(32)
    path.write_bytes(b64encode(seed))
    path.chmod(0o600)
    return Signer(seed).public
