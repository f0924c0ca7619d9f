"""`joint-patrol demo`: a joint patrol on the Mekong, to be looked at."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from maps.commands.command import run_or_exit
from maps.demo.office import JOINT, OFFICES
from maps.demo.run import DemoOptions, run_demo
from maps.demo.two_nodes import run_two_nodes
from maps.runtime.logs import set_up_logging

app = typer.Typer()


@app.command()
def demo(
    folder: Annotated[
        Path | None, typer.Option(help="Keep the records here; deleted at the end if not said.")
    ] = None,
    port: Annotated[int, typer.Option(help="Port of the pages; 0 takes a free one.")] = 8080,
    speed: Annotated[
        float, typer.Option(help="How many times as fast as real.", min=1, max=5)
    ] = 1.0,
    duration: Annotated[
        float | None, typer.Option(help="Seconds until it ends by itself.", min=1)
    ] = None,
    two_nodes: Annotated[
        bool,
        typer.Option(
            "--two-nodes",
            help="Each office in a process of its own, with a store and keys of its own, paired.",
        ),
    ] = False,
    office: Annotated[str | None, typer.Option(hidden=True)] = None,
    link_port: Annotated[int | None, typer.Option(hidden=True)] = None,
) -> None:
    """Show a joint patrol on the Mekong: everything in one process, on this machine only."""
    set_up_logging()
    if two_nodes:
        run_or_exit(lambda: run_two_nodes(folder, port, speed, duration))
        return
    options = DemoOptions(
        folder=folder,
        port=port,
        speed=speed,
        duration_s=duration,
        office=JOINT if office is None else OFFICES[office],
        link_port=link_port,
    )
    run_or_exit(lambda: run_demo(options))
