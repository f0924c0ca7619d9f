"""Version: which one is installed, for people who ask for help and those who give it."""

from __future__ import annotations

from importlib import metadata
from typing import Annotated, TypeAlias

import typer


def version() -> str:
    """Return the name and version of what is installed, as `joint-patrol 0.2.0`.

    A gateway installed alone has that of the whole, which pins it to its own.
    """
    return f"joint-patrol {metadata.version('joint-patrol-gateway')}"


def _print_version(asked_for: bool) -> None:
    if asked_for:
        typer.echo(version())
        raise typer.Exit


VersionOption: TypeAlias = Annotated[
    bool,
    typer.Option(
        "--version", callback=_print_version, is_eager=True, help="Say which version this is."
    ),
]
"""The option of a command line that tells the version and does nothing else."""
