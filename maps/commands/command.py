"""Command: what every command of `joint-patrol` begins and ends with.

What a command needs is imported when it runs: geography alone takes a second to load.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from gis.errors.errors import GisError
from maps.errors.errors import MapsError
from patrol.errors.errors import PatrolError
from radio_gateway.errors.errors import GatewayError

if TYPE_CHECKING:
    from maps.accounts.account_stores import AccountStores
    from maps.accounts.users_and_devices import UserAccounts
    from maps.settings.settings import Settings
    from patrol.desks.desk import Desk

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
    from maps.settings.settings import read_settings

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


def with_people(
    settings: Settings, work: Callable[[UserAccounts], Coroutine[Any, Any, None]]
) -> None:
    """Do `work` with the users and devices of a node."""
    with_accounts(settings, lambda accounts: work(accounts.people))


def with_accounts(
    settings: Settings, work: Callable[[AccountStores], Coroutine[Any, Any, None]]
) -> None:
    """Do `work` with all that says who may come in to a node."""
    from maps.accounts.account_stores import open_account_stores
    from maps.runtime.event_loop import run

    async def open_and_work() -> None:
        async with open_account_stores(settings) as accounts:
            await work(accounts)

    run_or_exit(lambda: run(open_and_work()))


def at_desk(
    settings: Settings, agency: str, work: Callable[[Desk], Coroutine[Any, Any, None]]
) -> None:
    """Do `work` at an administrator's desk; the server must not be running."""
    from maps.node.node import open_office
    from maps.runtime.event_loop import run
    from patrol.units.accounts import User

    async def open_and_work() -> None:
        async with open_office(settings) as office:
            await work(office.desk_of(User(name="command line", role="admin", agency=agency)))

    run_or_exit(lambda: run(open_and_work()))


def agency_named(settings: Settings, agency: str | None) -> str:
    """Return the agency of that name; the first one when None."""
    known = [each.id for each in settings.agencies]
    if agency is not None and agency not in known:
        raise typer.BadParameter(f"{agency!r} is none of {', '.join(known)}", param_hint="--agency")
    return agency or known[0]
