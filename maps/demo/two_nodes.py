"""Two nodes: the demo as it is in the field: each office runs a node of its own, and they pair.

Each office is a process with a store, keys and a name of its own. They talk to this one by their
pipes, a line each way: an office says who it is and shows its card; it is given the other's card,
and two of its people compare and confirm it, as two officers would with both screens side by side.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final, Literal, TypeVar

import msgspec

from maps.demo.office import OFFICES
from maps.demo.pairing import LONGEST_LINE, OfficePaired, OfficeReady
from maps.errors.errors import MapsError
from radio_gateway.parsing.msgspec_decoders import json_decoder

T = TypeVar("T", bound=msgspec.Struct)

_STOPS_WITHIN_S: Final = 20.0


class OfficeFailed(MapsError):
    """An office of the demo that did not open, or ended by itself."""


def run_two_nodes(folder: Path | None, port: int, speed: float, duration_s: float | None) -> None:
    """Run both offices until the demo is interrupted or its time is over.

    Args:
        folder: Where each keeps its store, in a folder of its own; deleted at the end when None.
        port: Port of the pages of Houay Xai, the next one of Chiang Khong; 0 takes free ones.
        speed: How many times as fast as real the script runs.
        duration_s: When it ends by itself; None for never.

    Raises:
        OfficeFailed: If an office does not open; it has said why.
    """
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        asyncio.run(_run(folder, port, speed, duration_s))
        return
    with tempfile.TemporaryDirectory(prefix="joint-patrol-") as made:
        asyncio.run(_run(Path(made), port, speed, duration_s))


async def _run(folder: Path, port: int, speed: float, duration_s: float | None) -> None:
    link_port, interrupted = _free_port(), asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    story = asyncio.create_task(_play(folder, port, link_port, speed))
    ends: list[asyncio.Task[None] | asyncio.Task[Literal[True]]] = [story]
    ends.append(asyncio.create_task(interrupted.wait()))
    try:
        await asyncio.wait(ends, timeout=duration_s, return_when=asyncio.FIRST_COMPLETED)
        if story.done():
            story.result()
    finally:
        for each in ends:
            each.cancel()
        await asyncio.gather(*ends, return_exceptions=True)


async def _play(folder: Path, port: int, link_port: int, speed: float) -> None:
    """Run both offices until this is cancelled.

    Raises:
        OfficeFailed: If one does not open, or ends.
    """
    started: list[asyncio.subprocess.Process] = []
    try:
        for number, office in enumerate(OFFICES):
            command = [sys.executable, "-m", "maps", "demo", "--office", office]
            command += ["--folder", str(folder / office), "--speed", str(speed)]
            command += ["--port", str(port + number if port else 0)]
            command += ["--link-port", str(link_port)]
            started.append(
                await asyncio.create_subprocess_exec(
                    *command,
                    stdin=asyncio.subprocess.PIPE,
                    stdout=asyncio.subprocess.PIPE,
                    limit=LONGEST_LINE,
                    start_new_session=True,  # Ctrl-C is ours to pass on
                )
            )
        here, across = await asyncio.gather(*(_read(each, OfficeReady) for each in started))
        for process, other in zip(started, (across, here), strict=True):
            assert process.stdin is not None
            process.stdin.write(f"{other.card}\n".encode())
        paired, _ = await asyncio.gather(*(_read(each, OfficePaired) for each in started))
        _welcome(here, across, paired.digits)
        ends = [asyncio.create_task(each.wait()) for each in started]
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        raise OfficeFailed("an office of the demo ended; it has said why")
    finally:
        await _stop(started)


async def _read(process: asyncio.subprocess.Process, kind: type[T]) -> T:
    assert process.stdout is not None
    line = await process.stdout.readline()
    if not line:
        raise OfficeFailed("an office of the demo did not open")
    return json_decoder(kind).decode(line)


async def _stop(started: list[asyncio.subprocess.Process]) -> None:
    for each in started:
        with contextlib.suppress(ProcessLookupError):
            each.send_signal(signal.SIGINT)
    for each in started:
        try:
            async with asyncio.timeout(_STOPS_WITHIN_S):
                await each.wait()
        except TimeoutError:
            each.kill()
            await each.wait()


def _free_port() -> int:
    with socket.socket() as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def _welcome(here: OfficeReady, across: OfficeReady, digits: str) -> None:
    say: Callable[[str], object] = sys.stdout.write
    say(f"Houay Xai and Chiang Khong each run a node: {here.address} and {across.address}\n\n")
    say(f"They have exchanged their cards and compared these digits: {digits}\n\n")
    say("Open one of these links; each signs in once, in its role:\n\n")
    say("\n".join((*here.lines, "", *across.lines)) + "\n\n")
    say("Nothing leaves this machine. Ctrl-C ends it.\n")
    sys.stdout.flush()
