"""`joint-patrol check` and `joint-patrol doctor`: what is wrong with a configuration, or a node."""

from __future__ import annotations

import typer

from maps.commands.check import check as check_settings
from maps.commands.command import CONFIG, Config
from maps.commands.doctor import diagnose, lines_of

app = typer.Typer()


@app.command()
def check(config: Config = CONFIG) -> None:
    """Say what is wrong with a configuration; change nothing."""
    found = check_settings(config)
    for warning in found.warnings:
        typer.echo(f"warning: {warning}")
    for fault in found.faults:
        typer.echo(f"fault: {fault}")
    if not found.faults:
        typer.echo(f"{config} can be served" + (", but see above" if found.warnings else ""))
    raise typer.Exit(1 if found.faults else 0)


@app.command()
def doctor(config: Config = CONFIG) -> None:
    """Look at the node where it runs, with all that `check` looks at, and say what to do first.

    Ends with 0 where nothing presses, 1 where something is to be done soon, 2 where it is now.
    """
    found = diagnose(config)
    for line in lines_of(found):
        typer.echo(line)
    raise typer.Exit(found.exit_code)
