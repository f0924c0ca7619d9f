"""`joint-patrol counterpart write-file` and `read-file`: what goes by stick or mail.

An officer does it, with password. While the server runs it is asked to: it alone writes to the
store. Else the command does the same at the officer's desk.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, Protocol
from urllib.parse import quote

import msgspec
import typer

from maps.commands.command import CONFIG, Config, run_or_exit, settings_in
from maps.commands.officer_desk import (
    ask_code,
    ask_password,
    at_officers_desk,
    counterpart_named,
)
from maps.commands.running_server import RunningServer, SignedInServer
from maps.errors.errors import CodeNeeded, MapsError, ServerRunning
from maps.runtime.event_loop import run
from maps.settings.settings import Settings
from patrol.counterparts.counterpart import Counterpart
from patrol.desks.desk import Desk
from patrol.errors.errors import BadCounterpartFile, NotFound
from patrol.exchange.file_report import FileReport, WrittenFile
from patrol.exchange.sealed_file import LARGEST_FILE
from radio_gateway.parsing.msgspec_decoders import json_decoder

ANSWERS_WITHIN_S: Final = 120.0
"""How long the server may take for one file."""

By = Annotated[str, typer.Option("--by", help="The officer who does it; asks for the password.")]


def write_file(
    node: Annotated[str, typer.Argument(help="The other node's id, as `list` shows it.")],
    by: By,
    out: Annotated[
        Path, typer.Option("--out", help="Folder to write to, for example of a stick.")
    ] = Path(),
    after: Annotated[
        int | None,
        typer.Option(
            min=0,
            help="Begin after this number: where the other office says that statements are"
            " missing. Else after the last that it has receipted.",
        ),
    ] = None,
    config: Config = CONFIG,
) -> None:
    """Write all that a counterpart lacks into files sealed for it, for a stick or a mail.

    One file, or several of at most 2 MiB each, which only their owner can read.
    """

    async def work(files: Files) -> None:
        begin = after
        while True:
            made = await files.write(node, begin)
            path = out / made.name
            _put(path, made.content)
            what = (
                f"statements {made.first} to {made.last}, and the receipt for theirs"
                if made.statements
                else "no statements, but the receipt for theirs"
            )
            typer.echo(f"{path}: {what} ({len(made.content)} bytes)")
            begin = made.next
            if begin is None:
                return

    _with_files(settings_in(config), by, work)


def read_file(
    files: Annotated[list[Path], typer.Argument(help="Files of a counterpart.", dir_okay=False)],
    by: By,
    config: Config = CONFIG,
) -> None:
    """Take files that a counterpart wrote, and say what was new in each.

    They may be read twice, late and in any order. One that cannot be read keeps no other from it.
    """
    bad: list[Path] = []

    async def work(taken: Files) -> None:
        for path in sorted(files, key=lambda each: each.name):
            try:
                report = await taken.read(path.name, _content(path))
            except (BadCounterpartFile, MapsError, OSError) as error:
                bad.append(path)
                typer.echo(str(error), err=True)
            else:
                for line in _lines(path.name, report):
                    typer.echo(line)

    _with_files(settings_in(config), by, work)
    if bad:
        raise typer.Exit(1)


class Files(Protocol):
    """Who writes and reads: this process, or the server."""

    async def write(self, node: str, after: int | None) -> WrittenFile:
        """Return the next file for a node."""

    async def read(self, name: str, content: bytes) -> FileReport:
        """Take a file."""


class _AtDesk:
    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    async def write(self, node: str, after: int | None) -> WrittenFile:
        known = await counterpart_named(self._desk, node)
        return await self._desk.counterpart_files.write(known.id, after=after)

    async def read(self, name: str, content: bytes) -> FileReport:
        return await self._desk.counterpart_files.read(content, name=name)


class _AtServer:
    def __init__(self, server: SignedInServer) -> None:
        self._server = server

    async def write(self, node: str, after: int | None) -> WrittenFile:
        listed = json_decoder(list[Counterpart]).decode(
            self._server.ask("GET", "/api/counterparts")
        )
        known = next((each.id for each in listed if each.card.node == node), None)
        if known is None:
            raise NotFound("counterpart", node)
        wish = msgspec.json.encode({"after": after})
        made = self._server.ask("POST", f"/api/counterparts/{known}/files", wish)
        return json_decoder(WrittenFile).decode(made)

    async def read(self, name: str, content: bytes) -> FileReport:
        address = f"/api/counterparts/files?name={quote(name, safe='')}"
        media_type = "application/octet-stream"
        said = self._server.ask("POST", address, content, media_type=media_type)
        return json_decoder(FileReport).decode(said)


def _with_files(settings: Settings, by: str, work: Callable[[Files], Awaitable[None]]) -> None:
    """Do `work` at an officer's desk, or, while the server runs, by asking that."""

    def at_desk_or_server() -> None:
        try:
            run(at_officers_desk(settings, by, lambda desk: work(_AtDesk(desk))))
        except ServerRunning:
            with _signed_in(settings, by) as server:
                asyncio.run(_await(work(_AtServer(server))))

    run_or_exit(at_desk_or_server)


async def _await(work: Awaitable[None]) -> None:
    await work


@contextmanager
def _signed_in(settings: Settings, name: str) -> Iterator[SignedInServer]:
    server, password = RunningServer(settings.web, within_s=ANSWERS_WITHIN_S), ask_password(name)
    try:
        with server.signed_in(name, password) as signed_in:
            yield signed_in
    except CodeNeeded:
        with server.signed_in(name, password, ask_code()) as signed_in:
            yield signed_in


def _put(path: Path, content: bytes) -> None:
    """Write a file that was not there, which its owner alone can read."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as opened:
            opened.write(content)
            opened.flush()
            os.fsync(opened.fileno())
    except OSError:
        path.unlink()
        raise


def _content(path: Path) -> bytes:
    with path.open("rb") as opened:
        return opened.read(LARGEST_FILE + 1)


def _lines(name: str, report: FileReport) -> Iterator[str]:
    """Yield what people read of a file that was taken."""
    yield (
        f"{name}: from {report.node}, written {report.made_at:%F %T} UTC: {report.statements}"
        f" statements, {report.new} of them new; theirs are stored up to {report.held}"
    )
    if report.receipted is not None:
        yield f"  they have stored ours up to {report.receipted}"
    if report.missing_from:
        yield (
            f"  statements {report.missing_from} to {report.missing_to} are missing: read the file"
            f" that holds them, or have one written with --after {report.missing_from - 1}"
        )
    for each in report.refused:
        yield f"  refused: statement {each.number}: {each.reason}"
    for fault in report.faults:
        yield f"  not taken: part {fault.place} of {report.envelopes}: {fault.reason}"
