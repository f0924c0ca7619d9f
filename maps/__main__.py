"""The `joint-patrol` command.

What a command needs is imported when it runs: geography alone takes a second to load.
"""

from __future__ import annotations

import os
import re
import tempfile
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from maps.commands.command import (
    CONFIG,
    AgencyId,
    Config,
    agency_named,
    at_desk,
    run_or_exit,
    settings_in,
    with_people,
)
from maps.commands.exchange_commands import export_file, import_file
from maps.commands.gateway_commands import gateway_app
from maps.commands.records.audit_commands import audit_app
from maps.commands.records.backup_commands import backup, restore
from maps.commands.records.backups_commands import backups_app
from maps.commands.records.evidence_commands import evidence_app
from maps.commands.records.holdings_commands import holdings_app
from maps.commands.records.key_commands import keys_app
from maps.commands.records.quarantine_commands import aside_app
from maps.commands.records.store_commands import store_app
from maps.commands.report_commands import make_report
from maps.commands.tls_commands import tls_app
from maps.commands.user_commands import user_app
from patrol.units.units import UnitKind
from radio_gateway.runtime.version import VersionOption

if TYPE_CHECKING:
    from maps.accounts.users_and_devices import UserAccounts
    from maps.settings.settings import Settings
    from patrol.desks.desk import Desk

app = typer.Typer(
    help="The operations picture of a joint border patrol.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
unit_app = typer.Typer(help="What the patrol knows by call sign.", no_args_is_help=True)
device_app = typer.Typer(help="What reports with a key of its own.", no_args_is_help=True)
app.add_typer(user_app, name="user")
app.add_typer(unit_app, name="unit")
app.add_typer(device_app, name="device")
app.add_typer(aside_app, name="set-aside")
app.add_typer(audit_app, name="audit")
app.add_typer(store_app, name="store")
app.add_typer(gateway_app, name="gateway")
app.add_typer(backups_app, name="backups")
app.add_typer(holdings_app, name="holdings")
app.add_typer(keys_app, name="keys")
app.add_typer(tls_app, name="tls")
app.add_typer(evidence_app, name="evidence")
app.command()(backup)
app.command()(restore)
app.command("export")(export_file)
app.command("import")(import_file)
app.command("report")(make_report)


@app.callback()
def _commands(version: VersionOption = False) -> None:
    """Take what is said before any command."""


@app.command(
    add_help_option=False,
    context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
)
def decode(context: typer.Context) -> None:
    """Decode a stream from standard input, or captures, exactly as a channel would."""
    # Its options name every protocol: these take longer to load than any other command here.
    from radio_gateway.__main__ import app as gateway

    gateway(["decode", *context.args], prog_name="joint-patrol")


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Option(help="Keep the records here; deleted at the end if not said.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the pages; 0 takes a free one.")] = 8080,
    speed: Annotated[
        float, typer.Option(help="How many times as fast as real.", min=1, max=5)
    ] = 1.0,
    duration: Annotated[
        float | None, typer.Option(help="Seconds until it ends by itself.", min=1)
    ] = None,
) -> None:
    """Show a joint patrol on the Mekong: everything in one process, on this machine only."""
    from maps.demo.run import DemoOptions, run_demo
    from maps.runtime.logs import set_up_logging

    set_up_logging()
    options = DemoOptions(folder=folder, port=port, speed=speed, duration_s=duration)
    run_or_exit(lambda: run_demo(options))


class ServerRole(StrEnum):
    """Which part of a node a process is."""

    ALL = "all"
    WATCH = "watch"
    WEB = "web"


@app.command()
def serve(
    config: Config = CONFIG,
    role: Annotated[
        ServerRole,
        typer.Option(
            help="all: everything in this process. watch: radios, picture and store, or the standby"
            " of that. web: what people connect to, as often as need be."
        ),
    ] = ServerRole.ALL,
) -> None:
    """Serve one node with the links that the configuration names, or a part of it."""
    from maps.runtime.event_loop import run
    from maps.runtime.logs import set_up_logging
    from radio_gateway.runtime.open_file_limit import allow_open_files

    allow_open_files()
    settings = settings_in(config)
    set_up_logging(level=settings.log.level)

    def read() -> Settings:
        from maps.settings.settings import read_settings

        return read_settings(config)

    if role is ServerRole.WATCH:
        from maps.cluster.watch_server import run_watch

        run_or_exit(lambda: run(run_watch(settings, read)))
    elif role is ServerRole.WEB:
        from maps.cluster.web_server import run_web

        run_or_exit(lambda: run(run_web(settings, read)))
    else:
        from maps.app.server import run_server

        run_or_exit(lambda: run(run_server(settings, read=read)))


@app.command()
def check(config: Config = CONFIG) -> None:
    """Say what is wrong with a configuration; change nothing."""
    from maps.commands.check import check as examine

    found = examine(config)
    for warning in found.warnings:
        print(f"warning: {warning}")
    for fault in found.faults:
        print(f"fault: {fault}")
    if not found.faults:
        print(f"{config} can be served" + (", but see above" if found.warnings else ""))
    raise typer.Exit(1 if found.faults else 0)


@app.command()
def doctor(config: Config = CONFIG) -> None:
    """Look at the node where it runs, with all that `check` looks at, and say what to do first.

    Ends with 0 where nothing presses, 1 where something is to be done soon, 2 where it is now.
    """
    from maps.commands.doctor import diagnose, lines_of

    found = diagnose(config)
    for line in lines_of(found):
        print(line)
    raise typer.Exit(found.exit_code)


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
    from maps.app.server import run_server
    from maps.commands.capture_replay import replay_channel, send_capture
    from maps.runtime.event_loop import run
    from maps.runtime.logs import set_up_logging
    from maps.settings.settings import settings_of
    from patrol.store.store import create_store

    set_up_logging()
    if to is not None:
        sent = run_or_exit(lambda: run(send_capture(file, speed=speed, to=to)))
        print(f"sent {sent} bytes to {to}")
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


@unit_app.command("add")
def add_unit(
    call_sign: str,
    kind: Annotated[str, typer.Option(help="boat, vehicle, foot, handheld, fixed")] = "boat",
    country: Annotated[str | None, typer.Option(help="Side, two letters.")] = None,
    interval: Annotated[
        float, typer.Option(help="Longest normal time between two positions, seconds.", min=1)
    ] = 60.0,
    address: Annotated[
        list[str] | None,
        typer.Option(help="Radio address that stands for it, for example ais:574123456."),
    ] = None,
    config: Config = CONFIG,
    agency: AgencyId = None,
) -> None:
    """Register a unit, with its radio addresses; the server must not be running."""
    for each in address or ():
        if not re.fullmatch(r"[^:\s]+:\S.*", each):
            raise typer.BadParameter(
                f"{each!r} is no radio address: give protocol:device, for example ais:574123456",
                param_hint="--address",
            )
    settings = settings_in(config)
    checked = _kind(kind)

    async def add(desk: Desk) -> None:
        state = await desk.registry.add_unit(
            call_sign=call_sign, kind=checked, country=country, expected_interval_s=interval
        )
        for each in address or ():
            await desk.registry.assign(address=each, unit=state.id)
        print(f"added {call_sign} ({kind}): {state.id}")

    at_desk(settings, agency_named(settings, agency), add)


@unit_app.command("list")
def list_units(config: Config = CONFIG, agency: AgencyId = None) -> None:
    """List the units; the server must not be running."""
    settings = settings_in(config)

    async def show(desk: Desk) -> None:
        for unit in desk.visible.units():
            print(f"{unit.id}  {unit.call_sign:<24}{unit.kind:<10}{' '.join(unit.addresses)}")

    at_desk(settings, agency_named(settings, agency), show)


@device_app.command("add")
def add_device(name: str, config: Config = CONFIG, agency: AgencyId = None) -> None:
    """Add a device, or give it a new key; prints the key this once."""
    settings = settings_in(config)

    async def add(people: UserAccounts) -> None:
        print(await people.add_device(name, agency_named(settings, agency), by="command line"))

    with_people(settings, add)


def main() -> None:
    """Run the command line."""
    os.umask(0o077)  # records, hashes and keys are nobody else's
    app()


def _kind(name: str) -> UnitKind:
    kinds: tuple[UnitKind, ...] = ("boat", "vehicle", "foot", "handheld", "fixed")
    for kind in kinds:
        if kind == name:
            return kind
    raise typer.BadParameter(f"{name!r} is none of {', '.join(kinds)}", param_hint="--kind")


if __name__ == "__main__":
    main()
