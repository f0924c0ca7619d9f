"""Replay: plays a capture to a link, or as plain bytes, at its recorded pace."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO, NamedTuple

from msgspec.structs import replace

from radio_gateway.errors.errors import LinkError, SettingsError, fault_of
from radio_gateway.links.link_url import Link
from radio_gateway.links.transport import Chunk, Transport
from radio_gateway.transports import TRANSPORTS
from radio_gateway.transports.replay import ReplayTransport

SOMEBODY_S = 0.2  # how often a listener looks whether somebody has connected
Say = Callable[[Chunk], Awaitable[None]]


class ReplayResult(NamedTuple):
    """What was played.

    Attributes:
        reads: How many reads of the capture.
        bytes_sent: How many bytes they held.
    """

    reads: int
    bytes_sent: int


async def play(
    file: Path, to: Link | BinaryIO, *, speed: float = 1.0, lines_per_s: float = 10.0
) -> ReplayResult:
    """Play `file` once.

    Args:
        file: A capture, compressed or not, or a file of lines.
        to: A link to write to: `tcp://`, `tcp-listen://` (waits for somebody to connect),
            `udp://`, `serial://`, or `mqtt://`, where each message goes to the topic that it came
            with, or to that of the URL; or a file for the bare bytes.
        speed: How many times as fast as it was heard, 1 to 1000.
        lines_per_s: Rate of a file of lines that tells no times.

    Raises:
        SettingsError: If nothing can be written to such a link, or speed or rate is out of range.
        LinkError: If the capture cannot be read or the link breaks.
    """
    options = (("speed", f"{speed:g}"), ("rate", f"{lines_per_s:g}"))
    source = ReplayTransport(
        Link(scheme="replay", path=str(file), options=options, public_url=str(file))
    )
    reads = sent = 0
    async with _saying(to) as say, source:
        while chunks := await source.read():
            for chunk in chunks:
                if chunk.data or chunk.whole:
                    await say(chunk)
                    reads += 1
                    sent += len(chunk.data)
    return ReplayResult(reads, sent)


@asynccontextmanager
async def _saying(to: Link | BinaryIO) -> AsyncIterator[Say]:
    if not isinstance(to, Link):
        file = to

        async def write(chunk: Chunk) -> None:
            file.write(chunk.data)
            file.flush()

        yield write
        return
    if to.scheme == "udp":
        async with _datagrams(to) as say:
            yield say
        return
    if to.scheme not in ("tcp", "tcp-listen", "serial", "mqtt", "mqtts"):
        raise SettingsError("url", f"nothing can be played to {to.public_url}")
    topic = next((value for name, value in to.options if name == "topic"), None)
    if to.scheme in ("mqtt", "mqtts") and topic is None:
        # a subscriber must subscribe to something; nobody publishes here
        to = replace(to, options=(*to.options, ("topic", "joint-patrol/replay/none")))
    transport = TRANSPORTS[to.scheme](to)
    async with transport:
        reading = asyncio.create_task(_read_away(transport))
        try:
            if to.scheme == "tcp-listen":
                await _somebody(transport)

            async def send(chunk: Chunk) -> None:
                await transport.send(chunk.data, topic=topic or chunk.topic)

            yield send
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)


@asynccontextmanager
async def _datagrams(to: Link) -> AsyncIterator[Say]:
    if not to.host or not to.port:
        raise SettingsError("url", f"{to.public_url} needs a host and a port: udp://host:port")
    loop = asyncio.get_running_loop()
    try:
        endpoint, _ = await loop.create_datagram_endpoint(
            asyncio.DatagramProtocol, remote_addr=(to.host, to.port)
        )
    except OSError as error:
        raise LinkError(to.public_url, fault_of(error)) from error

    async def send(chunk: Chunk) -> None:
        endpoint.sendto(chunk.data)

    try:
        yield send
    finally:
        endpoint.close()


async def _read_away(transport: Transport) -> None:
    """Take what the other side says, so that it is not held up."""
    while await transport.read():
        pass


async def _somebody(transport: Transport) -> None:
    while True:
        try:
            await transport.send(b"")
        except LinkError:
            await asyncio.sleep(SOMEBODY_S)
        else:
            return
