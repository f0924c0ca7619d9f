"""Runs channels for tests, and waits for what they hear."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from radio_gateway.channels.channel import Channel
from radio_gateway.channels.channel_settings import load_channels
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.messages.transmission import Delivery
from tests.fixtures.patience import PATIENCE_S, until


def make(url: str, *protocols: str, inbox: Inbox | None = None, **settings: Any) -> Channel:
    """Return a channel named `link` unless `name` says otherwise, with an inbox of its own."""
    table = {"name": "link", "url": url, "protocols": list(protocols) or ["nmea0183"]} | settings
    (channel,) = load_channels([table], "test.toml: channels")
    return Channel(channel, Inbox() if inbox is None else inbox, gateway="gw", boot="b")


@asynccontextmanager
async def running(*channels: Channel) -> AsyncIterator[None]:
    """Run `channels` inside, and wait until they have ended."""
    tasks = [asyncio.create_task(channel.run()) for channel in channels]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for ended in await asyncio.gather(*tasks, return_exceptions=True):
            if isinstance(ended, Exception):
                raise ended


def peers() -> int:
    """Return how many connections the listeners of this event loop attend to."""
    return sum(task.get_name().startswith("peer ") for task in asyncio.all_tasks())


async def hear(inbox: Inbox, count: int, *, within_s: float = PATIENCE_S) -> list[Delivery]:
    """Take from `inbox` until `count` deliveries have come; nothing is called stored."""
    deliveries: list[Delivery] = []
    async with asyncio.timeout(within_s):
        while len(deliveries) < count:
            deliveries += await inbox.take()
    return deliveries


async def hear_while(say: Callable[[], object], inbox: Inbox, *, within_s: float = 10.0) -> None:
    """Speak over and over until something is in `inbox`, as a radio does."""
    await until(lambda: say() or len(inbox), within_s=within_s, every_s=0.05)


def rmc(minute: int, *, speed_kn: float = 5.0) -> bytes:
    """Return an RMC sentence off Houay Xai at 08:MM:00 on 10 June 2024, with its line end."""
    body = (
        f"GPRMC,08{minute:02d}00.00,A,2016.{minute:02d}00,N,10024.6000,E,{speed_kn},90.0,100624,,,A"
    )
    checksum = 0
    for byte in body.encode():
        checksum ^= byte
    return f"${body}*{checksum:02X}\r\n".encode()


def open_descriptors() -> list[str]:
    """Return what the process's open descriptors lead to, sorted."""
    found = []
    for descriptor in Path("/proc/self/fd").iterdir():
        try:
            found.append(str(descriptor.readlink()))
        except OSError:  # the one that listed them
            continue
    return sorted(found)
