"""Pipe: `pipe:///run/receiver`, a named pipe that another program writes what it hears into."""

from __future__ import annotations

import asyncio
import os
import stat
from datetime import datetime
from types import TracebackType
from typing import Self

from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import LinkError, SettingsError, fault_of
from radio_gateway.links.link_url import Link, LinkOptions
from radio_gateway.links.transport import Chunk


class PipeTransport:
    """Reads one named pipe.

    Args:
        link: `pipe:///path`.

    Raises:
        SettingsError: If it names no file, or has options.
    """

    can_wait = True  # what is not read stays in the pipe, and its writer waits
    is_local = True
    is_stream = True
    is_live = True
    reopens_when_silent = False
    can_send = False
    fault: str | None = None

    def __init__(self, link: Link) -> None:
        LinkOptions(link).finish()
        if not link.path:
            raise SettingsError("url", f"{link.public_url} names no file: pipe:///path")
        self._path, self._url = link.path, link.public_url
        self._pipe = -1

    async def __aenter__(self) -> Self:
        """Open the pipe. Raises LinkError when there is none."""
        try:
            # for writing, too: then a writer that goes away is no end of what comes
            self._pipe = os.open(self._path, os.O_RDWR | os.O_NONBLOCK)
        except OSError as error:
            raise LinkError(self._url, fault_of(error)) from error
        if not stat.S_ISFIFO(os.fstat(self._pipe).st_mode):
            os.close(self._pipe)
            raise LinkError(self._url, "is no named pipe")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the pipe."""
        os.close(self._pipe)

    async def read(self) -> list[Chunk]:
        """Return what was written into the pipe."""
        while True:
            try:
                return [Chunk(os.read(self._pipe, 65_536), utc_now())]
            except BlockingIOError:
                await self._wait()

    async def _wait(self) -> None:
        loop, ready = asyncio.get_running_loop(), asyncio.Event()
        loop.add_reader(self._pipe, ready.set)
        try:
            await ready.wait()
        finally:
            loop.remove_reader(self._pipe)

    async def send(
        self, data: bytes, *, connection: str | None = None, topic: str | None = None
    ) -> None:
        """Raise LinkError: nobody reads what we would write."""
        raise LinkError(self._url, "nothing can be sent into this pipe")

    def now(self) -> datetime:
        """Return the present."""
        return utc_now()
