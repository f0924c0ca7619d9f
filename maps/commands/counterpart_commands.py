"""`joint-patrol counterpart`: how this node meets those of other offices, without a page.

Whoever may run this owns the machine, but a meeting needs two officers: `compare` and `confirm` ask
for the password of the officer who does it, and for a code where that officer has an authenticator.
All but `card` and the files write to the store, so the server must not be running: while it runs,
its pages and `/api/counterparts` do the same.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from maps.accounts.credentials.qr import for_terminal
from maps.carriers.node_key_files import node_key_file, previous_key_file
from maps.commands.command import (
    CONFIG,
    AgencyId,
    Config,
    agency_named,
    run_or_exit,
    settings_in,
)
from maps.commands.counterpart_file_commands import By, read_file, write_file
from maps.commands.desk_command import at_desk
from maps.commands.officer_desk import at_officers_desk, counterpart_named
from maps.errors.errors import ServerRunning
from maps.evidence.signing_journal import read_store
from maps.node.node import open_office
from maps.runtime.event_loop import run
from maps.settings.settings import Settings
from patrol.counterparts.card import (
    LONGEST_TEXT,
    SignedCard,
    card_text,
    fingerprint,
    read_card,
)
from patrol.counterparts.counterpart import Counterpart
from patrol.counterparts.own_card import OwnCard, own_card_id
from patrol.desks.desk import Desk
from patrol.documents.document import kind_of
from patrol.documents.transaction import COMMAND_LINE
from patrol.store.records import documents
from patrol.units.accounts import User

app = typer.Typer(
    help="Nodes of other offices: cards, digits to compare, confirmation, revocation.",
    no_args_is_help=True,
)

NodeId = Annotated[str, typer.Argument(help="The other node's id, as `list` shows it.")]
CardFile = Annotated[
    Path | None,
    typer.Argument(help="File with the card's text; standard input if not said.", dir_okay=False),
]

app.command("write-file")(write_file)
app.command("read-file")(read_file)


@app.command("card")
def show_card(
    new_key: Annotated[
        bool, typer.Option("--new-key", help="Make a new key first, which the old one signs.")
    ] = False,
    config: Config = CONFIG,
) -> None:
    """Print this node's card as text and, in a terminal, as a QR code; it is made on first use.

    While the server runs the card is shown as it was made last.
    """
    settings = settings_in(config)

    async def make(desk: Desk) -> None:
        if new_key:
            await desk.counterparts.own_card()  # what counterparts know is signed by the old key
            node_key_file(settings).replace(previous_key_file(settings))
        _print_card(await desk.counterparts.own_card())
        previous_key_file(settings).unlink(missing_ok=True)

    def make_or_show() -> None:
        try:
            run(_at_desk_of(settings, make))
        except ServerRunning:
            stored = None if new_key else _stored_card(settings)
            if stored is None:
                raise
            _print_card(stored)

    run_or_exit(make_or_show)


@app.command("add")
def add(file: CardFile = None, config: Config = CONFIG, agency: AgencyId = None) -> None:
    """Add the node whose card this is, and print the digits to compare.

    The server must not be running. Nothing is said to that node before it is confirmed.
    """
    settings = settings_in(config)
    card = run_or_exit(lambda: read_card(_text(file)))

    async def work(desk: Desk) -> None:
        added = await desk.counterparts.add(card)
        typer.echo(f"added {_in_words(added)}")
        typer.echo(
            f"both offices must see these digits: {await desk.counterparts.digits(added.id)}"
        )

    at_desk(settings, agency_named(settings, agency), work)


@app.command("compare")
def compare(
    node: NodeId,
    digits: Annotated[str, typer.Argument(help="The 24 digits that the other office sees.")],
    by: By,
    config: Config = CONFIG,
) -> None:
    """Say that both offices see the same digits; an officer does, with password.

    The server must not be running.
    """

    async def work(desk: Desk) -> None:
        known = await counterpart_named(desk, node)
        _print_state(await desk.counterparts.compare(known.id, digits=digits))

    _as_officer(settings_in(config), by, work)


@app.command("confirm")
def confirm(node: NodeId, by: By, config: Config = CONFIG) -> None:
    """Confirm a counterpart: another officer than who compared the digits, with password.

    The server must not be running.
    """

    async def work(desk: Desk) -> None:
        known = await counterpart_named(desk, node)
        _print_state(await desk.counterparts.confirm(known.id))

    _as_officer(settings_in(config), by, work)


@app.command("list")
def list_counterparts(
    revoked: Annotated[bool, typer.Option("--revoked", help="Those revoked, too.")] = False,
    config: Config = CONFIG,
    agency: AgencyId = None,
) -> None:
    """List the counterparts; the server must not be running."""
    settings = settings_in(config)

    async def work(desk: Desk) -> None:
        for each in await desk.counterparts.all(revoked=revoked):
            persons = ", ".join(
                f"{what} by {who}"
                for what, who in (
                    ("compared", each.compared_by),
                    ("confirmed", each.confirmed_by),
                    ("revoked", each.revoked_by),
                )
                if who
            )
            typer.echo(f"{_in_words(each)}: {each.state}{f' ({persons})' if persons else ''}")
            typer.echo(f"  key {fingerprint(each.card.signing_key)}")

    at_desk(settings, agency_named(settings, agency), work)


@app.command("renew")
def renew(file: CardFile = None, config: Config = CONFIG, agency: AgencyId = None) -> None:
    """Take a newer card of a node that is known: of the same key, or signed by the old one.

    The server must not be running.
    """
    settings = settings_in(config)
    card = run_or_exit(lambda: read_card(_text(file)))

    async def work(desk: Desk) -> None:
        known = await counterpart_named(desk, card.card.node)
        _print_state(await desk.counterparts.renew(known.id, card))

    at_desk(settings, agency_named(settings, agency), work)


@app.command("revoke")
def revoke(
    node: NodeId,
    reason: Annotated[str, typer.Option(help="Why; stands in the journal.")],
    config: Config = CONFIG,
    agency: AgencyId = None,
) -> None:
    """Revoke a counterpart for good, alone and at once; the server must not be running."""
    settings = settings_in(config)

    async def work(desk: Desk) -> None:
        known = await counterpart_named(desk, node)
        _print_state(await desk.counterparts.revoke(known.id, reason=reason))

    at_desk(settings, agency_named(settings, agency), work)


def _stored_card(settings: Settings) -> SignedCard | None:
    """Return the card that was made last; a running server may have the store open."""
    found = read_store(settings, documents.newest, kind_of(OwnCard), own_card_id(settings.node.id))
    return found.signed if isinstance(found, OwnCard) else None


async def _at_desk_of(settings: Settings, work: Callable[[Desk], Awaitable[None]]) -> None:
    async with open_office(settings) as office:
        user = User(name=COMMAND_LINE, role="admin", agency=settings.agencies[0].id)
        await work(office.desk_of(user))


def _as_officer(settings: Settings, name: str, work: Callable[[Desk], Awaitable[None]]) -> None:
    run_or_exit(lambda: run(at_officers_desk(settings, name, work)))


def _text(file: Path | None) -> str:
    if file is None:
        return sys.stdin.read(2 * LONGEST_TEXT + 1)
    with file.open(encoding="ascii", errors="replace") as opened:
        return opened.read(2 * LONGEST_TEXT + 1)


def _in_words(counterpart: Counterpart) -> str:
    card = counterpart.card
    agencies = ", ".join(f"{each.id} ({each.name})" for each in card.agencies)
    return f"{card.node} ({card.name}), card {card.number}, with {agencies}"


def _print_state(counterpart: Counterpart) -> None:
    typer.echo(f"{counterpart.card.node} is {counterpart.state}")


def _print_card(card: SignedCard) -> None:
    text = card_text(card)
    if sys.stdout.isatty():
        typer.echo(for_terminal(text))
    typer.echo(text)
