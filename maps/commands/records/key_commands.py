"""`joint-patrol keys`: the keys with which agencies seal who informed, witnessed or suffered."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from maps.accounts.credentials.qr import for_terminal, qr_code
from maps.commands.command import CONFIG, AgencyId, Config, run_or_exit, settings_in
from maps.evidence.signing_journal import note, require_store
from maps.node.lock import store_lock
from maps.settings.settings import Settings
from patrol.documents.transaction import COMMAND_LINE, Note
from patrol.protected_fields.field_key import FieldKey, FieldKeys, key_from, new_key
from patrol.store.protection.plain_words import seal_store

app = typer.Typer(
    help="Keys of protected fields: informants, witnesses, victims, names, private notes.",
    no_args_is_help=True,
)


@app.command("make")
def make(config: Config = CONFIG, agency: AgencyId = None) -> None:
    """Make an agency's key, once; without it no protected field can be written.

    It lies in the folder that `key_folder` names, outside the store and every back-up. Print it:
    whoever loses it loses all that was sealed with it.
    """
    settings = settings_in(config)
    keys, name = _keys(settings), _agency(settings, agency)

    def make_key() -> FieldKey:
        key = new_key()
        keys.write(name, key)
        return key

    key = run_or_exit(make_key)
    typer.echo(f"made the field key {key.id} of {name}: {keys.file(name)}")
    typer.echo(f"now put it on paper: joint-patrol keys print --agency {name}")


@app.command("print")
def print_key(
    config: Config = CONFIG,
    agency: AgencyId = None,
    to: Annotated[
        Path | None, typer.Option(help="HTML file to print from; else it is shown here.")
    ] = None,
) -> None:
    """Show an agency's key as text and QR code, to be kept on paper in a safe.

    The journal notes that it was. A file is for its owner only: print it, then delete it.
    """
    settings = settings_in(config)
    keys, name = _keys(settings), _agency(settings, agency)
    key = run_or_exit(lambda: keys.read(name))

    def printed() -> None:
        note(settings, _note("print field key", name, key))
        if to is not None:
            _write_page(to, name, key)
        keys.note_printed(name, key)

    run_or_exit(printed)
    if to is not None:
        typer.echo(f"print {to}, put the paper into a safe, and delete the file")
        return
    typer.echo(f"Field key {key.id} of {name}. Whoever has it reads all protected fields.")
    typer.echo(for_terminal(key.text))
    typer.echo(key.text)


@app.command("restore")
def restore(config: Config = CONFIG, agency: AgencyId = None) -> None:
    """Make an agency's key file again from its paper, typed or scanned here."""
    settings = settings_in(config)
    keys, name = _keys(settings), _agency(settings, agency)
    text = typer.prompt("The 14 groups of four letters", hide_input=True)

    def restore_key() -> FieldKey:
        key = key_from(text)
        keys.write(name, key)
        keys.note_printed(name, key)
        note(settings, _note("restore field key", name, key))
        return key

    key = run_or_exit(restore_key)
    typer.echo(f"the field key {key.id} of {name} is there: {keys.file(name)}")


@app.command("seal")
def seal(config: Config = CONFIG) -> None:
    """Seal protected words that stand in incidents and targets in plain; the server must not run.

    A store of before this version holds them so, and no page shows them until this was done. They
    are taken out of every version, sealed beside it with the agency's key, and written over in the
    file; the journal says of each version what it was and is, and `audit verify` proves both. It
    needs as much room as the store has. Back-ups made before hold the plain words still.
    """
    settings = settings_in(config)
    keys = _keys(settings)

    def seal_text() -> int:
        require_store(settings)
        with store_lock(settings.store.url):
            return seal_store(
                settings.store.url,
                keys.read,
                now=datetime.now(UTC),
                actor=COMMAND_LINE,
                origin=settings.node.id,
            )

    count = run_or_exit(seal_text)
    if not count:
        typer.echo("no incident or target holds protected words in plain")
        return
    typer.echo(f"sealed the protected words of {count} incidents and targets")
    typer.echo("back-ups made before hold them in plain: make a new one, and destroy the old")


def _keys(settings: Settings) -> FieldKeys:
    return FieldKeys(settings.protected.key_folder)


def _agency(settings: Settings, agency: str | None) -> str:
    known = [each.id for each in settings.agencies]
    if agency is not None and agency not in known:
        typer.echo(f"{settings.source}: no agency {agency!r}: {', '.join(known)}", err=True)
        raise typer.Exit(1)
    return agency or known[0]


def _note(act: str, agency: str, key: FieldKey) -> Note:
    return Note(act=act, actor=COMMAND_LINE, agency=agency, subject=f"field_key:{key.id}")


def _write_page(file: Path, agency: str, key: FieldKey) -> None:
    """Write the paper copy, for its owner only; never over another file."""
    page = (
        "<!doctype html><meta charset=utf-8>"
        f"<title>Field key {key.id}</title>"
        f"<h1>Field key {key.id} of {agency}</h1>"
        "<p>Whoever has it reads all protected fields of the agency. Without it nobody does."
        " Keep it in a safe; <code>joint-patrol keys restore</code> takes it.</p>"
        f'<p><img alt="" src="{qr_code(key.text).png}"></p>'
        f"<p style='font:20px monospace'>{key.text.replace('-', ' ')}</p>"
    )
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as opened:
        opened.write(page)
