"""`joint-patrol serve`: one node, or a part of it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from maps.commands.command import CONFIG, Config, run_or_exit, settings_in
from maps.runtime.event_loop import run
from maps.runtime.logs import set_up_logging
from maps.settings.settings import Settings, read_settings
from radio_gateway.runtime.open_file_limit import allow_open_files

app = typer.Typer()


class ServerRole(StrEnum):
    """Which part of a node a process is."""

    ALL = "all"
    WATCH = "watch"
    WEB = "web"


@app.command()
def serve(
    config: Config = CONFIG,
    role: Annotated[
        ServerRole,
        typer.Option(
            help="all: everything in this process. watch: radios, picture and store, or the standby"
            " of that. web: what people connect to, as often as need be."
        ),
    ] = ServerRole.ALL,
) -> None:
    """Serve one node with the links that the configuration names, or a part of it."""
    allow_open_files()
    settings = settings_in(config)
    set_up_logging(level=settings.log.level)

    def read() -> Settings:
        return read_settings(config)

    # A process loads only its own part: it stays loaded for as long as it serves.
    if role is ServerRole.WATCH:
        from maps.cluster.watch_server import run_watch

        run_or_exit(lambda: run(run_watch(settings, read)))
    elif role is ServerRole.WEB:
        from maps.cluster.web_server import run_web

        run_or_exit(lambda: run(run_web(settings, read)))
    else:
        from maps.app.server import run_server

        run_or_exit(lambda: run(run_server(settings, read=read)))
