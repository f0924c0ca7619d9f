"""`joint-patrol holdings`: what the node's records hold on somebody, from the machine itself."""

from __future__ import annotations

from typing import Annotated

import typer

from maps.commands.command import CONFIG, AgencyId, Config, agency_named, run_or_exit, settings_in
from maps.evidence.signing_journal import note, read_store, require_store
from patrol.desks.holdings import check_search, search_note
from patrol.documents.transaction import COMMAND_LINE
from patrol.holdings.mention import Mentions
from patrol.store.records import holdings as records

app = typer.Typer(help="What the records hold on somebody.", no_args_is_help=True)


@app.command("search")
def search(
    words: Annotated[str, typer.Argument(help="A name, call sign, number or device id.")],
    purpose: Annotated[str, typer.Option(help="Why; it stands in the journal.")],
    config: Config = CONFIG,
    agency: AgencyId = None,
) -> None:
    """Print all that an agency's records hold on some words; works beside a running server.

    One line each: kind, id, when, name, in which fields.
    """
    settings = settings_in(config)

    def find() -> Mentions:
        sought, why = check_search(words, purpose)
        require_store(settings)
        of = agency_named(settings, agency)
        found = read_store(settings, records.search, of, sought)
        note(settings, search_note(COMMAND_LINE, of, sought, why, found))
        return found

    found = run_or_exit(find)
    for each in found.mentions:
        at = "" if each.at is None else f"{each.at:%Y-%m-%d %H:%M}Z"
        fields = ", ".join(each.fields)
        typer.echo(f"{each.kind:<12} {each.id:<34} {at:<17} {each.name}  ({fields})")
    for kind in found.more:
        typer.echo(f"{kind}: there is more than is printed")
    if not found.mentions:
        typer.echo("nothing is held on that")
