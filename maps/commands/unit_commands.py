"""`joint-patrol unit`: what the patrol knows by call sign."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from maps.commands.command import CONFIG, AgencyId, Config, agency_named, settings_in
from maps.commands.desk_command import at_desk
from patrol.desks.desk import Desk
from patrol.units.units import UnitKind

app = typer.Typer(help="What the patrol knows by call sign.", no_args_is_help=True)


@app.command("add")
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
        typer.echo(f"added {call_sign} ({kind}): {state.id}")

    at_desk(settings, agency_named(settings, agency), add)


@app.command("list")
def list_units(config: Config = CONFIG, agency: AgencyId = None) -> None:
    """List the units; the server must not be running."""
    settings = settings_in(config)

    async def show(desk: Desk) -> None:
        for unit in desk.visible.units():
            typer.echo(f"{unit.id}  {unit.call_sign:<24}{unit.kind:<10}{' '.join(unit.addresses)}")

    at_desk(settings, agency_named(settings, agency), show)


def _kind(name: str) -> UnitKind:
    kinds: tuple[UnitKind, ...] = ("boat", "vehicle", "foot", "handheld", "fixed")
    for kind in kinds:
        if kind == name:
            return kind
    raise typer.BadParameter(f"{name!r} is none of {', '.join(kinds)}", param_hint="--kind")
