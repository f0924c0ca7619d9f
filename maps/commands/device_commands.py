"""`joint-patrol device`: what reports with a key of its own."""

from __future__ import annotations

import typer

from maps.accounts.users_and_devices import UserAccounts
from maps.commands.account_command import with_people
from maps.commands.command import CONFIG, AgencyId, Config, agency_named, settings_in
from patrol.documents.transaction import COMMAND_LINE

app = typer.Typer(help="What reports with a key of its own.", no_args_is_help=True)


@app.command("add")
def add_device(name: str, config: Config = CONFIG, agency: AgencyId = None) -> None:
    """Add a device, or give it a new key; prints the key this once."""
    settings = settings_in(config)

    async def add(people: UserAccounts) -> None:
        typer.echo(await people.add_device(name, agency_named(settings, agency), by=COMMAND_LINE))

    with_people(settings, add)
