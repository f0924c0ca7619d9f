"""The `radio-gateway` command: work with radio streams without a map."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from msgspec.structs import replace

from radio_gateway.channels.channel_plugins import allow_channel_plugins, unknown_protocol
from radio_gateway.cli.gateway_commands import check, keygen, run
from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import MessageFramer
from radio_gateway.errors.errors import FrameError, GatewayError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import PROTOCOLS
from radio_gateway.runtime.version import VersionOption
from radio_gateway.technician.commands import (
    PluginOption,
    link_named,
    monitor,
    ports,
    replay,
    sniff_port,
)
from radio_gateway.technician.decode import (
    StreamDecoder,
    as_json,
    as_rejection,
    decode_vector,
    protocol_named,
)
from radio_gateway.technician.monitor import read_channels
from radio_gateway.technician.record import record as record_link
from radio_gateway.technician.redecode import decode_captures

PAUSE_S = 0.5  # a silence that ends what a receiver says about one moment

app = typer.Typer(
    help="Hear radios: bytes in, transmissions out.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


app.command()(run)
app.command()(check)
app.command()(keygen)
app.command()(ports)
app.command("sniff")(sniff_port)
app.command()(monitor)
app.command()(replay)


@app.callback()
def _commands(version: VersionOption = False) -> None:
    """Keep the commands' names, however few there are."""


@app.command()
def decode(
    protocol: Annotated[
        str | None, typer.Option(help=f"What the stream speaks: {', '.join(PROTOCOLS)}.")
    ] = None,
    vectors: Annotated[
        Path | None,
        typer.Option(
            help="Decode a file of test vectors instead of standard input: one JSON object a "
            "line with id, protocol and input or input_hex; topic and keys where they apply.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    capture: Annotated[
        list[Path] | None,
        typer.Option(
            help="Decode captures instead of standard input, each read at its own time: a file, "
            "compressed or not, or a folder such as the journal's. May be given several times."
        ),
    ] = None,
    config: Annotated[
        Path | None,
        typer.Option(
            help="Settings file whose channels the captures are of: their keys and codes count.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    hexadecimal: Annotated[
        bool, typer.Option("--hex", help="Standard input is hexadecimal text.")
    ] = False,
    topic: Annotated[str | None, typer.Option(help="MQTT topic or HTTP path.")] = None,
    received_at: Annotated[
        str | None,
        typer.Option(
            help="When it was heard, ISO 8601 with an offset or Z. Times without a date are "
            "dated by it; without it they stay undated."
        ),
    ] = None,
    secret_file: Annotated[
        Path | None,
        typer.Option(
            help="File with the shared secret, for protocols that encrypt.",
            exists=True,
            dir_okay=False,
        ),
    ] = None,
    plugin: PluginOption = None,
) -> None:
    """Decode a stream from standard input, or captures, exactly as a channel would.

    Prints one JSON object a transmission on standard output, and one a rejected frame, with its
    reason, on standard error.
    """
    allow_channel_plugins(plugin or ())
    if vectors is not None:
        _decode_vectors(vectors)
        return
    if capture:
        _decode_captures(capture, protocol, secret_file, config)
        return
    if protocol is None:
        fault = "name a protocol, or a file with --vectors or --capture"
        raise typer.BadParameter(fault, param_hint="protocol")
    name = _protocol(protocol)
    stream = StreamDecoder(
        name,
        topic=topic,
        received_at=None if received_at is None else _moment(received_at),
        secret=_secret(secret_file),
    )
    if hexadecimal:
        _show(stream.feed(_from_hex(sys.stdin.buffer.read())))
    elif PROTOCOLS[name].FRAMING is MessageFramer:
        for message in _messages(sys.stdin.buffer.read()):
            _show(stream.feed(message))
    else:
        for data in _reads(sys.stdin.fileno()):
            _show(stream.feed(data) if data else stream.pause(PAUSE_S))
    _show(stream.close())


@app.command("capture")
@app.command(hidden=True)
def record(
    url: Annotated[str, typer.Argument(help="A device, or what a channel's url says.")],
    file: Annotated[Path, typer.Argument(help="Capture file to write; must not exist.")],
    seconds: Annotated[
        float | None, typer.Option(help="How long; until interrupted when not given.")
    ] = None,
    username: Annotated[str | None, typer.Option(help="Name to sign in with.")] = None,
    password_file: Annotated[
        Path | None, typer.Option(help="File with the password.", exists=True, dir_okay=False)
    ] = None,
    ca_file: Annotated[
        Path | None, typer.Option(help="Certificates to trust, PEM.", exists=True, dir_okay=False)
    ] = None,
) -> None:
    """Record what a link brings, undecoded, to be replayed or decoded later."""
    try:
        link = link_named(url)
        link = replace(
            link,
            username=username or link.username,
            password=password_file.read_text("utf-8").strip() if password_file else link.password,
            ca_file=str(ca_file) if ca_file else None,
            client_id=f"recorder-{os.getpid()}",
        )
        typer.echo(f"recording {link.public_url}", err=True)
        stop_on = (signal.SIGINT, signal.SIGTERM)
        recorded = asyncio.run(record_link(link, file, seconds=seconds, stop_on=stop_on))
    except (GatewayError, OSError) as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(code=1) from None
    typer.echo(f"{recorded.bytes_read} bytes in {recorded.reads} reads", err=True)


def main() -> None:
    """Run the command line."""
    app()


def _decode_vectors(path: Path) -> None:
    with path.open("rb") as lines:
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            try:
                decoded = decode_vector(line, _print_rejected)
            except ValueError as fault:
                typer.echo(f"{path.name}: line {number}: {fault}", err=True)
                raise typer.Exit(code=2) from None
            print(json.dumps(decoded, ensure_ascii=False))


def _print_rejected(rejected: dict[str, Any]) -> None:
    print(json.dumps(rejected, ensure_ascii=False), file=sys.stderr, flush=True)


def _decode_captures(
    paths: list[Path], protocol: str | None, secret_file: Path | None, config: Path | None
) -> None:
    protocols = () if protocol is None else tuple(map(_protocol, protocol.split(",")))
    settings = DecoderSettings(secret=_secret(secret_file))
    try:
        configured = [] if config is None else read_channels(config)[0]
        channels = {each.name: each for each in configured}
        for result in decode_captures(
            paths, protocols=protocols, settings=settings, channels=channels
        ):
            if isinstance(result, FrameError):
                _show([result])
            else:
                at = f"{result.heard_at:%Y-%m-%dT%H:%M:%S.%fZ}"  # all of it: it tells them apart
                line = {"heard_at": at, "channel": result.channel} | as_json(result)
                print(json.dumps(line, ensure_ascii=False))
    except GatewayError as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(code=1) from None


def _protocol(name: str) -> str:
    found = protocol_named(name)
    if found is None:
        raise typer.BadParameter(unknown_protocol(name), param_hint="--protocol")
    return found


def _secret(file: Path | None) -> str | None:
    return None if file is None else file.read_text("utf-8").strip()


def _show(results: Iterable[Transmission | FrameError]) -> None:
    for each in results:
        if isinstance(each, FrameError):
            _print_rejected(as_rejection(each))
        else:
            print(json.dumps(as_json(each), ensure_ascii=False), flush=True)


def _reads(descriptor: int) -> Iterator[bytes]:
    """Yield what was read, and nothing after each pause."""
    while True:
        ready, _, _ = select.select([descriptor], [], [], PAUSE_S)
        if not ready:
            yield b""
            continue
        data = os.read(descriptor, 65536)
        if not data:
            return
        yield data


def _messages(data: bytes) -> list[bytes]:
    """Return the messages of a protocol that has one a packet: all of it, or one a line."""
    try:
        json.loads(data)
    except (ValueError, RecursionError):
        lines = [line for line in data.splitlines() if line.strip()]
        return lines or [data]
    return [data]


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as fault:
        raise typer.BadParameter(str(fault), param_hint="--received-at") from None
    if moment.tzinfo is None:
        raise typer.BadParameter("say the offset, or Z for UTC", param_hint="--received-at")
    return moment.astimezone(UTC)


def _from_hex(text: bytes) -> bytes:
    try:
        return bytes.fromhex(text.decode("ascii"))
    except (UnicodeDecodeError, ValueError) as fault:
        raise typer.BadParameter(f"no hexadecimal text: {fault}", param_hint="--hex") from None


if __name__ == "__main__":
    main()
