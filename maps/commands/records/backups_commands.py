"""`joint-patrol backups`: those that the node makes by itself: made now, listed, carried away."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated

import typer

from maps.commands.command import CONFIG, Config, run_or_exit, settings_in
from maps.commands.records.backup_commands import store_note
from maps.evidence.signing_journal import note, require_store
from maps.node.backups import plan_of
from maps.settings.settings import Settings
from patrol.maintenance.backup_rounds import (
    BackupPlan,
    BackupRound,
    BackupState,
    backups_in,
    is_backup_due,
    read_state,
    run_round,
)
from patrol.maintenance.backup_rounds import carry as carry_away
from radio_gateway.clock.clock import utc_now

app = typer.Typer(
    help="The back-ups that the node makes by itself, as the settings ask.",
    no_args_is_help=True,
)


@app.command("run")
def run(
    config: Config = CONFIG,
    now: Annotated[bool, typer.Option("--now", help="Do both, due or not.")] = False,
) -> None:
    """Make a back-up, and restore the newest to test it, each if it is due.

    The node does this by itself; a server may run meanwhile. Ends with 1 if something failed.
    """
    settings = settings_in(config)
    plan = _plan(settings)

    def back_up() -> BackupState:
        if hasattr(os, "nice"):
            os.nice(10)  # radios and viewers first
        require_store(settings)
        if now or is_backup_due(plan, read_state(plan.folder, plan.node), utc_now()):
            note(settings, store_note("back up store", settings))
        return run_round(settings.store.url, plan, utc_now(), at_once=now)

    state = run_or_exit(back_up)
    show_state(state)
    if any(each is not None and each.fault for each in (state.backup, state.restore_test)):
        raise typer.Exit(1)


@app.command("list")
def list_backups(config: Config = CONFIG) -> None:
    """List the back-ups, and say how the last one and the last test went."""
    plan = _plan(settings_in(config))
    for each in backups_in(plan.folder, plan.node):
        typer.echo(f"{each}  {each.stat().st_size} bytes")
    state = read_state(plan.folder, plan.node)
    if state is None:
        typer.echo(f"none was made yet in {plan.folder}")
    else:
        show_state(state)


@app.command("carry")
def carry(
    to: Annotated[Path, typer.Argument(help="A folder, such as that of a USB stick.", exists=True)],
    config: Config = CONFIG,
    every: Annotated[
        bool, typer.Option("--all", help="All that are not there yet, not only the newest.")
    ] = False,
) -> None:
    """Copy the newest back-up to another disk, and read it again from there."""
    settings = settings_in(config)
    plan = _plan(settings)

    def carried() -> list[Path]:
        made = carry_away(plan, to, every=every)
        if made:
            names = [each.name for each in made]
            note(settings, store_note("carry back-up", settings, files=names))
        return made

    made = run_or_exit(carried)
    for each in made:
        typer.echo(f"{each}: {each.stat().st_size} bytes, read again from there and the same")
    if not made:
        typer.echo(f"{to} has it already")


def show_state(state: BackupState) -> None:
    """Print how the last back-up and the last test of one went."""
    typer.echo(_line("back-up", state.backup))
    typer.echo(_line("restore test", state.restore_test))


def _line(name: str, last: BackupRound | None) -> str:
    if last is None:
        return f"{name}: none yet"
    if last.fault is None:
        return f"{name}: {last.file} at {last.at:%Y-%m-%d %H:%M} UTC, good"
    good = "never" if last.good_at is None else f"at {last.good_at:%Y-%m-%d %H:%M} UTC"
    return f"{name}: failed at {last.at:%Y-%m-%d %H:%M} UTC: {last.fault} (the last good: {good})"


def _plan(settings: Settings) -> BackupPlan:
    plan = plan_of(settings)
    if plan is None:
        typer.echo(f"{settings.source}: [backup] is missing: it says in which folder", err=True)
        raise typer.Exit(1)
    return plan
