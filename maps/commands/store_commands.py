"""`joint-patrol store`: a new store, where `serve` would make none."""

from __future__ import annotations

from typing import TYPE_CHECKING

import typer

from maps.command import CONFIG, Config, settings_in, tell

if TYPE_CHECKING:
    from maps.settings import Settings
    from patrol.filing import Note

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


def _note(act: str, settings: Settings) -> Note:
    from patrol.filing import Note

    return Note(
        act=act,
        actor="command line",
        agency=settings.agencies[0].id,
        subject=f"store:{settings.node.id}",
    )
