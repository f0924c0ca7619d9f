"""`joint-patrol replay`: a capture at its own pace or faster, into a server."""

from __future__ import annotations

import asyncio
import socket
import tempfile
from pathlib import Path
from typing import Annotated

import typer

from maps.app.server import run_server
from maps.commands.command import run_or_exit, settings_in
from maps.runtime.event_loop import run
from maps.runtime.logs import set_up_logging
from maps.settings.settings import settings_of
from patrol.store.store import create_store
from radio_gateway.channels.channel_settings import ChannelSettings, read_channel
from radio_gateway.errors.errors import SettingsError
from radio_gateway.links.link_url import Link, parse_link
from radio_gateway.transports.replay import ReplayTransport

ADDRESS = "replay://{path}?speed={speed:g}"

app = typer.Typer()


@app.command()
def replay(
    file: Annotated[Path, typer.Argument(help="A capture, or a file of lines.", exists=True)],
    speed: Annotated[
        float, typer.Option(help="How many times as fast as captured.", min=1, max=1000)
    ] = 1.0,
    protocol: Annotated[
        list[str] | None, typer.Option(help="What it speaks; may be given several times.")
    ] = None,
    to: Annotated[
        str | None,
        typer.Option(help="Send it to a running server: tcp://host:port or udp://host:port."),
    ] = None,
    config: Annotated[
        Path | None, typer.Option(help="Serve this configuration, with the capture as a channel.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the pages without a configuration.")] = 8080,
    again: Annotated[bool, typer.Option("--loop", help="Start again at the end.")] = False,
) -> None:
    """Replay a capture: into a running server, or into one of its own with a page to watch it."""
    set_up_logging()
    if to is not None:
        sent = run_or_exit(lambda: run(send_capture(file, speed=speed, to=to)))
        typer.echo(f"sent {sent} bytes to {to}")
        return
    channel = run_or_exit(
        lambda: replay_channel(file, speed=speed, protocols=protocol or ["nmea0183"], again=again)
    )
    if config is not None:
        settings = settings_in(config)
        run_or_exit(lambda: run(run_server(settings, more=[channel])))
        return
    with tempfile.TemporaryDirectory(prefix="joint-patrol-") as folder:
        tables = {"node": {"id": "replay", "name": f"Replay of {file.name}"}, "web": {"port": port}}
        settings = run_or_exit(lambda: settings_of(tables, source="replay", folder=Path(folder)))
        run_or_exit(lambda: create_store(settings.store.url))
        run_or_exit(lambda: run(run_server(settings, more=[channel])))


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
