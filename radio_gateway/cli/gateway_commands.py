"""The commands of a gateway on its own: `radio-gateway run`, `check` and `keygen`."""

from __future__ import annotations

import asyncio
import logging
import signal
import sys
from pathlib import Path
from typing import Annotated

import structlog
import typer

from radio_gateway.cli.gateway_check import check_gateway
from radio_gateway.errors.errors import GatewayError
from radio_gateway.gateway.folder_checks import spool_fault
from radio_gateway.gateway.gateway import Gateway
from radio_gateway.gateway.gateway_settings import GatewaySettings, read_gateway
from radio_gateway.runtime.open_file_limit import allow_open_files
from radio_gateway.uplink.wire.signing import new_key_file, read_key_file

ConfigFile = Annotated[
    Path, typer.Option("--config", help="The gateway's settings file.", dir_okay=False)
]


def run(config: ConfigFile = Path("gateway.toml")) -> None:
    """Hear radios, keep what they say on disk, and send it to the node."""
    allow_open_files()
    settings = _settings(config)
    fault = spool_fault(settings.spool)
    if fault is not None:
        typer.echo(f"{config.name}: gateway.spool: {fault}", err=True)
        raise typer.Exit(code=1)
    _log_to_stderr()
    try:
        asyncio.run(_run(settings))
    except GatewayError as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(code=1) from None


def check(config: ConfigFile = Path("gateway.toml")) -> None:
    """Say what is wrong with a settings file, and with the folders and devices that it names.

    Opens nothing and changes nothing. Run it as the user that the gateway runs as.
    """
    found = check_gateway(config)
    for warning in found.warnings:
        typer.echo(f"warning: {warning}", err=True)
    for fault in found.faults:
        typer.echo(fault, err=True)
    settings = found.settings
    if found.faults or settings is None:
        raise typer.Exit(code=2)
    names = ", ".join(channel.name for channel in settings.channels)
    typer.echo(f"{config}: sound; gateway {settings.id}, channels {names}")


def keygen(
    file: Annotated[Path, typer.Argument(help="File to write the secret key to; must not exist.")],
    show: Annotated[
        bool, typer.Option("--show", help="Only print the public key of an existing file.")
    ] = False,
) -> None:
    """Make the key that a gateway or a node signs with, and print its public key.

    The gateway's public key goes into the node's settings, the node's into the gateway's.
    """
    try:
        signer = read_key_file(file) if show else new_key_file(file)
    except FileExistsError:
        typer.echo(f"{file} exists; a key is never overwritten (--show prints it)", err=True)
        raise typer.Exit(code=1) from None
    except OSError as fault:
        typer.echo(f"{file}: {fault.strerror}", err=True)
        raise typer.Exit(code=1) from None
    except GatewayError as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(code=1) from None
    typer.echo(signer.public)


def _settings(config: Path) -> GatewaySettings:
    try:
        return read_gateway(config)
    except GatewayError as fault:
        typer.echo(str(fault), err=True)
        raise typer.Exit(code=2) from None


async def _run(settings: GatewaySettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await Gateway(settings).run(stop)


def _log_to_stderr() -> None:
    """Log one line of key=value an event: what a service manager's journal takes."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.KeyValueRenderer(key_order=["timestamp", "level", "event"]),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )
