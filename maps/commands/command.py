"""Command: what every command of `joint-patrol` begins and ends with."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from gis.errors.errors import GisError
from maps.errors.errors import MapsError
from maps.settings.settings import Settings, read_settings
from patrol.errors.errors import PatrolError
from radio_gateway.errors.errors import GatewayError

T = TypeVar("T")

Config = Annotated[
    Path,
    typer.Option(help="The configuration.", envvar="JOINT_PATROL_CONFIG", dir_okay=False),
]
CONFIG = Path("patrol.toml")
AgencyId = Annotated[
    str | None, typer.Option(help="Agency it belongs to; the first one if not said.")
]


def settings_in(config: Path) -> Settings:
    """Return what a configuration says; its faults end the command."""
    return run_or_exit(lambda: read_settings(config))


def run_or_exit(work: Callable[[], T]) -> T:
    """Do `work`; an error on purpose is told in its own words and ends the command."""
    try:
        return work()
    except (MapsError, PatrolError, GatewayError, GisError) as error:
        fault = str(error)
    except OSError as error:
        fault = error.strerror or str(error)
        if error.filename:
            fault = f"{os.fsdecode(error.filename)}: {fault}"
    typer.echo(fault, err=True)
    raise typer.Exit(1)


def agency_named(settings: Settings, agency: str | None) -> str:
    """Return the agency of that name; the first one when None."""
    known = [each.id for each in settings.agencies]
    if agency is not None and agency not in known:
        raise typer.BadParameter(f"{agency!r} is none of {', '.join(known)}", param_hint="--agency")
    return agency or known[0]
