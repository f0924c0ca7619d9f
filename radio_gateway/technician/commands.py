"""The commands of a technician: `radio-gateway ports`, `sniff`, `monitor`, `capture`, `replay`."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from radio_gateway.channels.channel_plugins import allow_channel_plugins
from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import GatewayError, LinkError
from radio_gateway.health.health import GatewayReport
from radio_gateway.links.link_url import Link, parse_link
from radio_gateway.protocols import GREETINGS
from radio_gateway.technician.monitor import ListenOnlyChannels, fetch_report, read_channels, screen
from radio_gateway.technician.ports import ports as find_ports
from radio_gateway.technician.replay import play
from radio_gateway.technician.sniff import BAUDS, SniffResult, sniff, suggestion

RATE_OVER_S = 60.0
PluginOption = Annotated[
    list[str] | None,
    typer.Option(
        "--plugin",
        help="Package whose plug-ins are loaded, as plugins.allowed does; may be given several "
        "times.",
    ),
]
DEFAULT_CONFIG = Path("gateway.toml")


def ports(
    as_json: Annotated[bool, typer.Option("--json", help="One JSON array.")] = False,
) -> None:
    """Show the serial ports of this machine, and who uses them. Opens none of them."""
    found = find_ports()
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return
    if not found:
        typer.echo("no serial port", err=True)
        return
    table = Table("device", "name that lasts", "what it is", "driver", "used by")
    for port in found:
        what = " ".join(filter(None, (port.description, port.usb)))
        state = port.used_by or ("free" if port.permitted else "free; not for this user")
        table.add_row(port.device, port.lasting or "–", what or "–", port.driver or "–", state)
    Console().print(table)


def sniff_port(
    port: Annotated[
        str, typer.Argument(help="A device, or what a channel's url says: tcp://, udp://, mqtt://.")
    ],
    seconds: Annotated[float, typer.Option(help="How long to listen, at each speed.", min=0.1)] = 6,
    baud: Annotated[
        list[int] | None, typer.Option(help="Speed to try; several may be given.")
    ] = None,
    probe: Annotated[
        bool,
        typer.Option(
            "--probe", help="Send the bytes that wake some radios up. Nothing is sent otherwise."
        ),
    ] = False,
    secret_file: Annotated[
        Path | None, typer.Option(help="File with the key, for protocols that encrypt.")
    ] = None,
    plugin: PluginOption = None,
) -> None:
    """Find out what a link speaks, and suggest a channel for it. Reads only."""
    allow_channel_plugins(plugin or ())
    secret = None if secret_file is None else secret_file.read_text("utf-8").strip()
    try:
        tried = asyncio.run(
            sniff(
                link_named(port),
                seconds=seconds,
                bauds=baud or BAUDS,
                probe=probe,
                settings=DecoderSettings(secret=secret),
            )
        )
    except GatewayError as fault:
        _fail(str(fault))
    for each in tried:
        _print_result(each)
    best = suggestion(tried[0])
    if best:
        typer.echo(f"\n{best}", nl=False)
        return
    if not probe and not any(each.bytes_read or each.fault for each in tried):
        typer.echo(
            f"some radios say nothing until they are woken ({', '.join(GREETINGS)}): "
            "--probe writes to the link",
            err=True,
        )
    raise typer.Exit(code=1)


def link_named(text: str) -> Link:
    """Return the link that a device's path, or what a channel's url says, stands for.

    Raises:
        SettingsError: If it is no URL.

    >>> link_named("/dev/serial/by-path/pci-0000:00:14.0-port0?baud=4800").path
    '/dev/serial/by-path/pci-0000:00:14.0-port0'
    """
    is_path = text.startswith(("/", "./", "../")) or ":" not in text
    return parse_link(f"serial://{Path(text).absolute()}" if is_path else text)


def monitor(
    url: Annotated[
        str | None,
        typer.Option(help="A gateway http://127.0.0.1:PORT (metrics_port), a node …/metrics."),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="A settings file, gateway.toml when neither is given: asks the gateway of its "
            "metrics_port; where none runs, listens to the channels itself, answering nobody.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option(help="File with the node's metrics token.", exists=True, dir_okay=False),
    ] = None,
    every: Annotated[float, typer.Option(help="Seconds between looks.", min=0.2)] = 2.0,
    once: Annotated[
        bool, typer.Option("--once", help="Look twice, show that with rates, and end.")
    ] = False,
) -> None:
    """Watch channels live: state, rate, age, errors by reason, what was rejected last."""
    if url is not None and config is not None:
        raise typer.BadParameter("give one of the two", param_hint="--url and --config")
    if url is None and config is None:
        config = DEFAULT_CONFIG
        if not config.is_file():
            fault = f"give --url, or --config: there is no {config} in this folder"
            raise typer.BadParameter(fault, param_hint="--url or --config")
    token = None if token_file is None else token_file.read_text("ascii").strip()
    try:
        if url is not None:
            asyncio.run(
                _watch(lambda: asyncio.to_thread(fetch_report, url, token=token), every, once)
            )
            return
        assert config is not None
        asyncio.run(_watch_file(config, every, once))
    except GatewayError as fault:
        _fail(str(fault))
    except KeyboardInterrupt:
        pass


def replay(
    file: Annotated[
        Path, typer.Argument(help="A capture, or a file of lines.", exists=True, dir_okay=False)
    ],
    to: Annotated[
        str | None,
        typer.Option(
            help="tcp://, tcp-listen://, udp://, serial:// or mqtt://; the bytes go to standard "
            "output when not given."
        ),
    ] = None,
    speed: Annotated[float, typer.Option(help="Times as fast as it was heard.")] = 1.0,
    rate: Annotated[float, typer.Option(help="Lines a second, where a file tells no times.")] = 10,
    username: Annotated[str | None, typer.Option(help="Name to sign in with.")] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File with the password.", exists=True, dir_okay=False)
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="Certificates to trust, PEM.", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Play a capture to a link, or to standard output, at the pace at which it was heard."""
    try:
        link = None if to is None else _signed_in(parse_link(to), username, password_file, ca_file)
        played = asyncio.run(
            play(file, sys.stdout.buffer if link is None else link, speed=speed, lines_per_s=rate)
        )
    except GatewayError as fault:
        _fail(str(fault))
    except (BrokenPipeError, KeyboardInterrupt):
        raise typer.Exit(code=1) from None
    typer.echo(f"{played.bytes_sent} bytes in {played.reads} reads", err=True)


def _signed_in(
    link: Link, username: str | None, password_file: Path | None, ca_file: Path | None
) -> Link:
    return msgspec.structs.replace(
        link,
        username=username or link.username,
        password=password_file.read_text("utf-8").strip() if password_file else link.password,
        ca_file=str(ca_file) if ca_file else None,
        client_id=f"replay-{os.getpid()}",
    )


def _print_result(sniffed: SniffResult) -> None:
    lines = [f"{sniffed.bytes_read} bytes"] if sniffed.bytes_read or not sniffed.fault else []
    lines += [sniffed.fault] if sniffed.fault else []
    typer.echo(f"{sniffed.url}: {'; '.join(lines)}")
    for each in sniffed.findings[:6]:
        share = 100 * each.understood_bytes / max(1, sniffed.bytes_read)
        line = f"  {each.protocol}: {each.transmissions} transmissions, {share:.0f} % of the bytes"
        if each.rejected:
            reasons = ", ".join(f"{count} {reason}" for reason, count in each.rejected.items())
            line += f"; rejected: {reasons}"
        typer.echo(line)
    if not sniffed.protocols and sniffed.start:
        printable = "".join(chr(byte) if 32 <= byte < 127 else "·" for byte in sniffed.start[:64])
        typer.echo(f"  begins {sniffed.start[:32].hex(' ')}\n         {printable}")


async def _watch_file(config: Path, every_s: float, once: bool) -> None:
    channels, port = await asyncio.to_thread(read_channels, config)
    if port:
        address = f"http://127.0.0.1:{port}"
        try:
            await asyncio.to_thread(fetch_report, address)
        except LinkError:
            typer.echo(f"no gateway answers at {address}; listening without it", err=True)
        else:
            await _watch(lambda: asyncio.to_thread(fetch_report, address), every_s, once)
            return
    listening = ListenOnlyChannels(channels)
    if listening.left_out:
        names = ", ".join(listening.left_out)
        typer.echo(f"not opened, since whoever connects forgets what it sent: {names}", err=True)

    async def look() -> GatewayReport:
        return listening.report()

    async with listening.running():
        await _watch(look, every_s, once)


async def _watch(look: Callable[[], Awaitable[GatewayReport]], every_s: float, once: bool) -> None:
    """Show what `look` returns until interrupted; a gateway that does not answer may come back."""
    report = await look()
    if once:
        await asyncio.sleep(every_s)
        Console().print(screen(await look(), report, now=datetime.now(UTC)))
        return
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGINT, stop.set)
    looks = [report]
    with Live(screen(report, None, now=datetime.now(UTC)), auto_refresh=False) as live:
        while not stop.is_set():
            try:
                async with asyncio.timeout(every_s):
                    await stop.wait()
            except TimeoutError:
                pass
            try:
                looks.append(await look())
            except LinkError as error:
                live.update(f"{error}; asking again", refresh=True)
                continue
            looks = looks[-max(2, round(RATE_OVER_S / every_s)) :]
            view = screen(looks[-1], looks[0], now=datetime.now(UTC))
            live.update(view, refresh=True)


def _fail(fault: str) -> NoReturn:
    typer.echo(fault, err=True)
    raise typer.Exit(code=1)
