"""`joint-patrol statements`: what a counterpart is told and tells, looked at and begun anew.

They write beside a server, which takes up what they wrote within seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import typer

from maps.commands.command import CONFIG, Config, run_or_exit, settings_in
from maps.evidence.signing_journal import current_head, read_store, write_store
from maps.settings.settings import Settings
from patrol.counterparts.counterpart import Counterpart
from patrol.counterparts.log_health import LogHealth
from patrol.documents.document import kind_of
from patrol.documents.transaction import COMMAND_LINE
from patrol.exchange.journal_heads import state_head
from patrol.store.records import documents, statement_health
from patrol.store.records.statement_logs import restart_logs

app = typer.Typer(
    help="What this node and a counterpart tell each other, in order.", no_args_is_help=True
)


@app.command("head")
def tell_head(node: str, config: Config = CONFIG) -> None:
    """Tell a counterpart where the journal ends; it signs that, and its signature is filed."""
    settings = _settings(config, node)
    head = run_or_exit(lambda: current_head(settings))
    number = run_or_exit(
        lambda: write_store(
            settings, state_head, node, head, datetime.now(UTC), agency=settings.agencies[0].id
        )
    )
    typer.echo(f"statement {number} for {node}: the journal ends at line {head.seq}")


@app.command("show")
def show_statements(node: str, config: Config = CONFIG) -> None:
    """Say what waits between this node and a counterpart, and what was refused."""
    settings = _settings(config, node)
    (found,) = run_or_exit(lambda: read_store(settings, statement_health.health, [node]))
    for line in _lines(found):
        typer.echo(line)


@app.command("restart")
def restart_statements(node: str, config: Config = CONFIG) -> None:
    """Begin the logs with a counterpart anew, after a fork; its office does the same."""
    settings = _settings(config, node)
    epoch = run_or_exit(
        lambda: write_store(
            settings,
            restart_logs,
            node,
            datetime.now(UTC),
            actor=COMMAND_LINE,
            agency=settings.agencies[0].id,
            origin=settings.node.id,
        )
    )
    typer.echo(f"epoch {epoch} with {node}: statements go again once it is there, too")


def _settings(config: Path, node: str) -> Settings:
    """Return the settings of this node; a node that is no counterpart of it ends the command."""
    settings = settings_in(config)
    known = run_or_exit(lambda: read_store(settings, documents.of_kind, kind_of(Counterpart)))
    nodes = sorted(
        {
            each.card.node
            for each in known
            if isinstance(each, Counterpart) and each.state == "confirmed"
        }
    )
    if node not in nodes:
        raise typer.BadParameter(
            f"{node!r} is none of {', '.join(nodes)}" if nodes else "no counterpart is confirmed",
            param_hint="NODE",
        )
    return settings


def _lines(found: LogHealth) -> Iterator[str]:
    """Yield what people read of the logs with a counterpart."""
    if found.fork:
        yield f"FORK, found {_when(found.forked_at)}: {found.fork}"
    theirs = "" if found.their_epoch in (0, found.epoch) else f"; there {found.their_epoch}"
    yield f"epoch {found.epoch}{theirs}"
    since = f", the first since {_when(found.waiting_since)}" if found.waiting else ""
    yield f"to it: {found.sent} statements, {found.waiting} wait for a receipt{since}"
    if found.receipted_at is not None:
        yield f"  its last receipt: up to {found.receipted}, {_when(found.receipted_at)}"
    waits = max(0, found.announced - found.held)
    yield f"from it: {found.held} statements, {waits} more announced"
    if found.held_at is not None:
        yield f"  the last one came {_when(found.held_at)}"
    for where, refused, unread in (
        ("there", found.refused_there, found.unread_there),
        ("here", found.refused_here, found.unread_here),
    ):
        if unread:
            yield f"not understood {where} yet: {unread}"
        for each in refused:
            yield f"refused {where}: {each.number} ({each.kind or '?'}): {each.reason}"
    if found.head_at is not None:
        yield f"it signed line {found.head_number} of the journal, {_when(found.head_at)}"


def _when(at: datetime | None) -> str:
    return "?" if at is None else f"{at:%F %T} UTC"
