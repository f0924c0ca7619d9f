"""What tests of a gateway's own web server begin with: one that is asked, and who asks it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from radio_gateway.channels.channel import Channel
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.link_url import parse_link
from radio_gateway.transports.http_listen import HttpListenTransport
from radio_gateway.transports.http_request import Limits
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import make, running

KEY, OTHER_KEY = "k3y-of-boat-3-xx", "k3y-of-jane-xxxx"
POSITION = {"lon": 100.41, "lat": 20.27, "id": "a"}
LOCATION = {"_type": "location", "lat": 20.27, "lon": 100.41, "tst": 1_795_000_000, "tid": "jp"}


def keyed(folder: Path, *protocols: str, inbox: Inbox, query: str = "", **more: Any) -> Channel:
    """Return a channel that knows three senders by their keys, and a service."""
    (folder / "keys.toml").write_text(
        f'"boat-3" = "{KEY}"\njane = "{OTHER_KEY}"\n"jane/tablet" = "k3y-of-the-tablet"\n'
        '"3004*" = "k3y-of-the-service"\n'
    )
    url = f"http-listen://127.0.0.1:0{query}"
    return make(url, *protocols, inbox=inbox, secrets_file=str(folder / "keys.toml"), **more)


@asynccontextmanager
async def storing(channel: Channel, *, verify: Any = True) -> AsyncIterator[httpx.AsyncClient]:
    """Run `channel`, store at once what it hears, and yield a client of it."""
    transport = channel.transport
    assert isinstance(transport, HttpListenTransport)
    channel.stored = []  # type: ignore[attr-defined]

    async def store() -> None:
        while True:
            for delivery in await channel.inbox.take():
                channel.stored.append(delivery.transmission)  # type: ignore[attr-defined]
                if delivery.stored is not None:
                    delivery.stored()

    async with running(channel):
        await until(lambda: channel.health().state == "open")
        task = asyncio.create_task(store())
        scheme = "http" if verify is True else "https"
        base = f"{scheme}://127.0.0.1:{transport.port}"
        async with httpx.AsyncClient(base_url=base, verify=verify, trust_env=False) as client:
            yield client
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def stored(channel: Channel) -> list[Any]:
    """Return what `storing` has stored of a channel."""
    return channel.stored  # type: ignore[attr-defined, no-any-return]


LIMITS = Limits(body_bytes=1000, request_s=0.3, idle_s=0.3, response_s=0.3)
"""So short that a test can wait for them."""


async def exchange(transport: HttpListenTransport, *parts: bytes, pause_s: float = 0.0) -> bytes:
    """Send `parts` and return everything that comes until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", transport.port)
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause_s)
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.close()


@asynccontextmanager
async def bounded(query: str = "", limits: Limits = LIMITS) -> AsyncIterator[HttpListenTransport]:
    """Run a transport with short limits, and call stored whatever it reads."""
    link = parse_link(f"http-listen://127.0.0.1:0?open=1{query}")
    transport = HttpListenTransport(link, limits=limits)

    async def store() -> None:
        while True:
            for chunk in await transport.read():
                assert chunk.stored is not None
                chunk.stored()

    async with transport:
        task = asyncio.create_task(store())
        yield transport
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
