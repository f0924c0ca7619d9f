"""`joint-patrol store`: a new store, which `serve` never makes, and one moved to a server."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer

from maps.backup_commands import show_inventory
from maps.command import CONFIG, Config, settings_in, tell

if TYPE_CHECKING:
    from maps.settings import Settings
    from patrol.filing import Note
    from patrol.store.backup import Inventory

store_app = typer.Typer(help="Where the node keeps its records.", no_args_is_help=True)


@store_app.command("create")
def create(config: Config = CONFIG) -> None:
    """Make an empty store, the first time; never where there is one.

    `serve` makes none: where a disk is not mounted, it would begin anew and acknowledge what the
    next start does not know.
    """
    settings = settings_in(config)

    def made() -> None:
        from maps.lock import store_lock
        from maps.signing_journal import note
        from patrol.store.store import create_store

        with store_lock(settings.store.url):
            create_store(settings.store.url)
            note(settings, _note("create store", settings))

    tell(made)
    typer.echo(f"made an empty store: {settings.store.file or 'in the database'}")


@store_app.command("copy")
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

    def made() -> Inventory:
        from maps.lock import store_lock
        from maps.signing_journal import key_file, note, require_store
        from patrol.store.copy import copy_store

        require_store(settings)
        with store_lock(settings.store.url), store_lock(to):
            found = copy_store(settings.store.url, to)
            note(there, _note("copy store", settings))
        key, new_key = key_file(settings), key_file(there)
        if key.exists() and not new_key.exists():
            new_key.touch(mode=0o600)
            new_key.write_bytes(key.read_bytes())
        return found

    show_inventory(tell(made))
    typer.echo("put this address into [store] of the settings as url, and start the server")


def _note(act: str, settings: Settings) -> Note:
    from patrol.filing import Note

    return Note(
        act=act,
        actor="command line",
        agency=settings.agencies[0].id,
        subject=f"store:{settings.node.id}",
    )
