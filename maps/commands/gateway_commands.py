"""`joint-patrol gateway`: gateways on other computers, and the key of one that was stolen."""

from __future__ import annotations

from typing import Annotated

import typer

from maps.commands.command import CONFIG, Config, run_or_exit, settings_in
from maps.evidence.signing_journal import note
from patrol.store.records.revoked_keys import revocation

app = typer.Typer(help="Gateways on other computers.", no_args_is_help=True)


@app.command("revoke")
def revoke(
    gateway: Annotated[str, typer.Argument(help="Its id, as the settings name it.")],
    reason: Annotated[str, typer.Option(help="Why, for the journal.")] = "stolen",
    config: Config = CONFIG,
) -> None:
    """Have the node take nothing more that this gateway's key signs; a running one within seconds.

    It holds for that key for good. Another key in the settings counts from the next start on.
    """
    settings = settings_in(config)
    known = {} if settings.remote is None else settings.remote.gateways
    if gateway not in known:
        names = ", ".join(known) or "none"
        raise typer.BadParameter(f"{gateway!r} is not in [[gateways]]: there is {names}")
    agency = settings.agencies[0].id
    revoked = revocation(gateway, known[gateway].public, reason, agency=agency)
    run_or_exit(lambda: note(settings, revoked))
    typer.echo(f"nothing more of {gateway} is taken that is signed by {known[gateway].public}")
    typer.echo("take its user out of the broker, too: it can still read what it may read there")
