"""Capture replay: sends a capture, at its own pace or faster, to a TCP or UDP server."""

from __future__ import annotations

import asyncio
import socket
from pathlib import Path

from radio_gateway.channels.channel_settings import ChannelSettings, read_channel
from radio_gateway.errors.errors import SettingsError
from radio_gateway.links.link_url import Link, parse_link
from radio_gateway.transports.replay import ReplayTransport

ADDRESS = "replay://{path}?speed={speed:g}"


def replay_channel(
    file: Path, *, speed: float, protocols: list[str], again: bool
) -> ChannelSettings:
    """Return a channel that reads `file`.

    Args:
        file: A capture, or a file of lines.
        speed: How many times as fast as it was captured, 1 to 1000.
        protocols: What it speaks.
        again: Start again at its end, for ever.

    Raises:
        SettingsError: If the file's format, speed or a protocol cannot be used.
    """
    url = ADDRESS.format(path=file.resolve(), speed=speed) + ("&loop=1" if again else "")
    table = {"name": "replay", "url": url, "protocols": protocols}
    return read_channel(table, where="replay")


async def send_capture(file: Path, *, speed: float, to: str) -> int:
    """Send what `file` holds to `to` and return how many bytes went.

    Args:
        file: A capture, or a file of lines.
        speed: How many times as fast as it was captured, 1 to 1000.
        to: `tcp://host:port` or `udp://host:port`, where a server listens.

    Raises:
        SettingsError: If `to` is no such URL.
        LinkError: If the file cannot be read.
        OSError: If the server does not take it.
    """
    link = parse_link(to)
    if link.scheme not in ("tcp", "udp") or not link.host or not link.port:
        raise SettingsError("--to", "must be tcp://host:port or udp://host:port")
    kind = socket.SOCK_STREAM if link.scheme == "tcp" else socket.SOCK_DGRAM
    sent = 0
    with socket.socket(socket.AF_INET6 if ":" in link.host else socket.AF_INET, kind) as out:
        out.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(out, (link.host, link.port))
        async with ReplayTransport(_replay_link(file, speed)) as capture:
            while chunks := await capture.read():
                for chunk in chunks:
                    await loop.sock_sendall(out, chunk.data)
                    sent += len(chunk.data)
    return sent


def _replay_link(file: Path, speed: float) -> Link:
    return parse_link(ADDRESS.format(path=file.resolve(), speed=speed))
