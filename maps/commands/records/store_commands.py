"""`joint-patrol store`: a new one, which `serve` never makes; one moved to a server; one saved."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from maps.carriers.node_key_files import node_key_file, node_tls_file
from maps.commands.command import CONFIG, Config, run_or_exit, settings_in
from maps.commands.records.backup_commands import show_inventory, store_note
from maps.evidence.signing_journal import key_file, note, require_store
from maps.node.lock import store_lock
from patrol.errors.errors import StoreError
from patrol.store.backup.backup import Inventory
from patrol.store.backup.copy import copy_store
from patrol.store.backup.salvage import Rows, Salvage
from patrol.store.backup.salvage import salvage as salvage_file
from patrol.store.store import create_store

app = typer.Typer(help="Where the node keeps its records.", no_args_is_help=True)


@app.command("create")
def create(config: Config = CONFIG) -> None:
    """Make an empty store, the first time; never where there is one.

    `serve` makes none: where a disk is not mounted, it would begin anew and acknowledge what the
    next start does not know.
    """
    settings = settings_in(config)

    def make() -> None:
        with store_lock(settings.store.url):
            create_store(settings.store.url)
            note(settings, store_note("create store", settings))

    run_or_exit(make)
    typer.echo(f"made an empty store: {settings.store.file or 'in the database'}")


@app.command("copy")
def copy(
    to: Annotated[
        str, typer.Option(help="An empty database: postgresql+psycopg://USER@HOST/DATABASE.")
    ],
    config: Config = CONFIG,
) -> None:
    """Copy the store from its file into a PostgreSQL database; the server must not be running.

    All of it or nothing: counted by table, and the journal proved in both. The file stays.
    """
    settings = settings_in(config)
    there = replace(settings, store=settings.store.model_copy(update={"url": to}))

    def copy_all() -> Inventory:
        require_store(settings)
        with store_lock(settings.store.url), store_lock(to):
            found = copy_store(settings.store.url, to)
            note(there, store_note("copy store", settings))
        for file in (key_file, node_key_file, node_tls_file):
            key, new_key = file(settings), file(there)
            if key.exists() and not new_key.exists():
                new_key.touch(mode=0o600)
                new_key.write_bytes(key.read_bytes())
        return found

    show_inventory(run_or_exit(copy_all))
    typer.echo("put this address into [store] of the settings as url, and start the server")


@app.command("salvage")
def salvage(
    damaged: Annotated[
        Path, typer.Argument(help="A copy of the damaged file, with its -wal beside it.")
    ],
    config: Config = CONFIG,
) -> None:
    """Make the store from what can be read of a damaged file, and say what is missing.

    The store must not be there: move the damaged file away first. Its journal tells what is lost;
    everybody signs in anew, as after a restore. Of a file only: a database has tools of its own.
    """
    settings = settings_in(config)

    def salvage_store() -> Salvage:
        if settings.store.file is None:
            raise StoreError("a store on a server is not salvaged: restore a back-up of it")
        with store_lock(settings.store.url):
            found = salvage_file(damaged, settings.store.file)
            lost = {name: each.lost_count for name, each in found.rows.items() if not each.is_whole}
            detail = {"lost": lost, "faults": len(found.faults), "unread": sorted(found.unread)}
            note(settings, store_note("salvage store", settings, **detail))
            return found

    _show_salvage(run_or_exit(salvage_store))


def _show_salvage(found: Salvage) -> None:
    for table, rows in found.rows.items():
        if rows.saved or not rows.is_whole:
            typer.echo(f"  {table}: {rows.saved}{_missing(rows)}")
        for name in rows.lost_names:
            typer.echo(f"    lost: {name}")
    for table, fault in found.unread.items():
        typer.echo(f"  {table}: nothing could be read: {fault}")
    for each in found.faults:
        typer.echo(f"  {each}")
    if found.unproved:
        typer.echo(f"  of {found.unproved} versions of documents no row of the journal tells")
    if found.is_whole:
        typer.echo(
            "nothing is missing: all that was in the file is there, and the journal is whole"
        )
    else:
        typer.echo("all that could be read is there; what is missing is above")
    typer.echo("sessions, tokens, sign-in links and codes for phones have ended")


def _missing(rows: Rows) -> str:
    if rows.is_whole:
        return ""
    where = ", ".join(f"{first} to {last}" for first, last in rows.gaps[:10])
    more = " …" if len(rows.gaps) > 10 else ""
    count = "not known how many" if rows.lost_count is None else str(rows.lost_count)
    return f", lost: {count}" + (f" (row ids {where}{more})" if where else "")
