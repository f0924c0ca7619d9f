"""`joint-patrol set-aside`: quarantined reports, those that could not be stored or judged."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Annotated

import msgspec
import typer
from sqlalchemy import Connection

from maps.commands.command import CONFIG, Config, run_or_exit, settings_in
from maps.node.node import open_office
from maps.runtime.event_loop import run
from maps.settings.settings import Settings
from patrol.errors.errors import CannotRetry
from patrol.maintenance.resubmit import retry
from patrol.store.receptions import rejected as quarantine
from patrol.store.receptions.rejected import QuarantinedReport
from patrol.store.store import open_store
from radio_gateway.uplink.boundary import overreach

app = typer.Typer(help="Reports that could not be taken, kept as they came.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(help="Its id, or the first digits of it.")]


@app.command("list")
def list_aside(
    config: Config = CONFIG,
    limit: Annotated[int, typer.Option(help="Most reports, the newest.", min=1)] = 50,
) -> None:
    """List them, newest first: id, when (UTC), radio, channel, why."""
    reports = _read(settings_in(config), lambda connection: quarantine.newest(connection, limit))
    if not reports:
        typer.echo("nothing is set aside")
    for each in reports:
        typer.echo(
            f"{each.id[:8]}  {each.at:%Y-%m-%d %H:%M:%S}  {each.address:<24} {each.channel:<16}"
            f" {each.fault.splitlines()[0] if each.fault else ''}"
        )


@app.command("show")
def show_aside(id: Id, config: Config = CONFIG) -> None:
    """Show all that is kept of one: what it said as JSON, and its bytes."""
    report = _report_with_id(settings_in(config), id)
    typer.echo(f"id          {report.id}")
    typer.echo(f"set aside   {report.at:%Y-%m-%d %H:%M:%S} UTC")
    typer.echo(f"reception   {report.reception_id}")
    typer.echo(f"radio       {report.address}")
    typer.echo(f"channel     {report.channel}")
    typer.echo(f"why         {report.fault}")
    typer.echo(f"bytes       {report.raw.hex(' ') or 'none'}")
    typer.echo(f"as text     {report.raw.decode('latin-1')!r}")
    if report.transmission_json is None:
        typer.echo("said        only its bytes are kept")
    else:
        typer.echo(msgspec.json.format(report.transmission_json, indent=2).decode(errors="replace"))


@app.command("retry")
def retry_aside(
    ids: Annotated[list[str], typer.Argument(help="Ids, or the first digits; or: all.")],
    config: Config = CONFIG,
) -> None:
    """Take reports in again, as if they came now; the server must not be running.

    What is stored then is set aside no longer. Worth it after an update or a repaired store.
    """
    settings = settings_in(config)
    if ids == ["all"]:
        reports = _all(settings)
    else:
        reports = list(
            {report.id: report for report in (_report_with_id(settings, id) for id in ids)}.values()
        )

    async def work() -> int:
        failed = 0
        async with open_office(settings) as office:
            for report in reports:
                try:
                    await retry(office.watch, report, overreach=overreach)
                except CannotRetry as error:
                    failed += 1
                    typer.echo(f"{report.id[:8]}  {error}")
                else:
                    typer.echo(f"{report.id[:8]}  is stored")
        return failed

    if run_or_exit(lambda: run(work())):
        raise typer.Exit(1)


def _all(settings: Settings) -> list[QuarantinedReport]:
    return _read(settings, lambda connection: quarantine.find(connection, ""))


def _report_with_id(settings: Settings, id: str) -> QuarantinedReport:
    found = _read(settings, lambda connection: quarantine.find(connection, id))
    if not found:
        raise typer.BadParameter(f"nothing set aside has an id that begins with {id!r}")
    if len(found) > 1:
        raise typer.BadParameter(f"{len(found)} ids begin with {id!r}: give more digits")
    return found[0]


def _read(
    settings: Settings, query: Callable[[Connection], list[QuarantinedReport]]
) -> list[QuarantinedReport]:
    """Read from the store; a running server may have it open too."""

    async def read() -> list[QuarantinedReport]:
        store = await asyncio.to_thread(open_store, settings.store.url, migrates="never")
        try:
            return await store.read(query)
        finally:
            await store.close()

    return run_or_exit(lambda: run(read()))
