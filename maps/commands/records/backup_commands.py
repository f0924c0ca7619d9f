"""`joint-patrol backup` and `joint-patrol restore`: the node's store in one file, and back."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maps.commands.command import CONFIG, Config, run_or_exit, settings_in
from maps.evidence.signing_journal import note, require_store
from maps.node.lock import store_lock
from maps.settings.settings import Settings
from patrol.documents.transaction import COMMAND_LINE, Note
from patrol.store.backup import backup as backups
from patrol.store.backup.backup import Inventory, back_up

app = typer.Typer()


@app.command("backup")
def backup(
    file: Annotated[Path, typer.Argument(help="The file to write; it must not be there yet.")],
    config: Config = CONFIG,
) -> None:
    """Write the whole store to one file. A running server goes on meanwhile.

    A store in a file is copied, opened and proved by its journal. Of a PostgreSQL database
    `pg_dump` writes the file. Settings and keys are not in it: keep a copy of their folder too.
    """
    settings = settings_in(config)

    def write() -> Inventory | None:
        require_store(settings)
        note(settings, store_note("back up store", settings))
        return back_up(settings.store.url, file)

    found = run_or_exit(write)
    typer.echo(f"{file}: {file.stat().st_size} bytes")
    if found is not None:
        show_inventory(found)


@app.command("restore")
def restore(
    file: Annotated[Path, typer.Argument(help="A file that `joint-patrol backup` wrote.")],
    config: Config = CONFIG,
) -> None:
    """Make the store from a back-up and prove it by its journal.

    The store must not be there: move its file away, or name an empty database in the settings.
    Everybody signs in anew: sessions, tokens, sign-in links and codes for phones end.
    """
    settings = settings_in(config)

    def restore_file() -> Inventory:
        with store_lock(settings.store.url):
            found = backups.restore(file, settings.store.url)
            note(settings, store_note("restore store", settings))
            return found

    show_inventory(run_or_exit(restore_file))
    typer.echo("sessions, tokens, sign-in links and codes for phones have ended")
    typer.echo(
        "users, roles, passwords, devices and second factors are as they were when the back-up was"
        " made: take out again who and what was taken out since"
    )


def store_note(act: str, settings: Settings, **detail: object) -> Note:
    """Return a line of the journal on what a command did with the store."""
    return Note(
        act=act,
        actor=COMMAND_LINE,
        agency=settings.agencies[0].id,
        subject=f"store:{settings.node.id}",
        detail=detail,
    )


def show_inventory(found: Inventory) -> None:
    """Print what is in a store."""
    for table, rows in found.rows.items():
        if rows:
            typer.echo(f"  {table}: {rows}")
    proof = found.proof
    typer.echo(
        f"{proof.entries} rows of the journal are proved, and {proof.documents} versions of papers"
    )
    if proof.entries:
        typer.echo(f"the last is of {proof.at}, its hash {proof.hash.hex()}")
