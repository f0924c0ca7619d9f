"""`joint-patrol evidence`: checks evidence files, without a server, store or configuration."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maps.commands.command import run_or_exit
from maps.evidence.evidence_verification import one_line
from maps.evidence.evidence_verification import verify as verify_file

app = typer.Typer(help="Check files that were exported as evidence.", no_args_is_help=True)


@app.command("verify")
def verify(
    file: Annotated[Path, typer.Argument(help="The zip that was exported.", dir_okay=False)],
    key: Annotated[
        str | None,
        typer.Option(help="The node's public key, base64, known from elsewhere."),
    ] = None,
) -> None:
    """Check signature, files, journal and positions; name the first thing that does not hold.

    Exit code 1 when something does not.
    """
    found = run_or_exit(lambda: verify_file(file, public=key))
    about = found.manifest
    counts = ", ".join(f"{count} {what}" for what, count in sorted(about.counts.items()))
    _print_line(f"node {about.node} ({about.node_name}), {about.software}")
    _print_line(f"from {about.start} to {about.end} ({about.time_zone})")
    _print_line(f"for {about.requester.user}, {about.requester.role} of {about.requester.agency}")
    _print_line(f"{counts}; {found.rows_proved} rows of the journal are proved with their content")
    for each in about.left_out:
        _print_line(f"left out: {each}")
    _print_line(f"made at {about.made_at}, signed by {found.public_key}")
    if key is None:
        typer.echo("the key is the one in the file: give the node's own with --key to be sure")
    typer.echo("everything holds")


def _print_line(line: str) -> None:
    """Print a line; what whoever signed it put in to move the cursor or begin a line is seen."""
    typer.echo(one_line(line))
