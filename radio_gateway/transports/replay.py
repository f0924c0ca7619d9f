"""Replay: `replay:///path/to/file?speed=10`; a capture or a file of lines, as if heard now.

Options: `speed` (1 to 1000 times as fast), `rate` (lines a second for a file that tells no times),
`loop` (1: start again at the end), `clock` (`now`: heard now, the default; `capture`: heard when
it was captured).
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from msgspec.structs import replace

from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import LinkError, SettingsError
from radio_gateway.links.link_url import Link, LinkOptions
from radio_gateway.links.transport import Chunk
from radio_gateway.recording.capture import CaptureError, read_capture

_A_TURN_BYTES = 65_536
_LONGEST_PAUSE_S = 60.0  # of silence in the capture, before `speed`


class ReplayTransport:
    """A file, read at the pace at which it was captured.

    Args:
        link: `replay:///path`; a relative path is written `replay:path`.

    Raises:
        SettingsError: If the path is missing or an option is wrong.
    """

    can_wait: ClassVar[bool] = True
    is_local: ClassVar[bool] = True
    is_stream: ClassVar[bool] = False
    reopens_when_silent: ClassVar[bool] = False
    can_send: ClassVar[bool] = False
    fault: ClassVar[str | None] = None

    def __init__(self, link: Link) -> None:
        if link.host or not link.path:
            raise SettingsError("url", f"{link.public_url} needs a file: replay:///path")
        options = LinkOptions(link)
        self._speed = options.number("speed", 1.0, low=1.0, high=1000.0)
        self._rate = options.number("rate", 10.0, low=0.01, high=1_000_000.0)
        self._loop = options.flag("loop", default=False)
        self._as_captured = options.text("clock", "now", choices=("now", "capture")) == "capture"
        options.finish()
        self.is_live = self._as_captured
        self._path, self._public_url = Path(link.path), link.public_url
        self._chunks: Iterator[Chunk] = iter(())
        self._next: Chunk | None = None
        self._due_s = 0.0
        self._captured_now: datetime | None = None

    async def __aenter__(self) -> Self:
        """Open the file. Raises LinkError when it cannot be read."""
        self._rewind()
        if self._next is None:
            raise LinkError(self._public_url, "the file is empty")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the file."""
        self._chunks = iter(())
        self._next = None

    async def read(self) -> list[Chunk]:
        """Return what is due next, after waiting for its time; empty at the end of the file."""
        if self._next is None and self._loop:
            self._rewind()
        if self._next is None:
            return []
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(max(0.0, self._due_s - clock()))
        # uvloop wakes up to a millisecond early; nothing due would read as the end of the file.
        now_s, now = max(clock(), self._due_s), utc_now()
        chunks: list[Chunk] = []
        size = 0
        while self._next is not None and self._due_s <= now_s and size < _A_TURN_BYTES:
            chunk = self._next
            self._captured_now = chunk.heard_at
            chunks.append(chunk if self._as_captured else replace(chunk, heard_at=now))
            size += len(chunk.data)
            self._advance()
        return chunks

    async def send(
        self, data: bytes, *, connection: str | None = None, topic: str | None = None
    ) -> None:
        """Raise LinkError: a recording hears nothing."""
        raise LinkError(self._public_url, "a replay hears nothing")

    def now(self) -> datetime:
        """Return the present: of the capture, if that is the clock in use."""
        if self._as_captured and self._captured_now is not None:
            return self._captured_now
        return utc_now()

    def _rewind(self) -> None:
        self._chunks = read_capture(self._path, lines_per_s=self._rate)
        self._next = self._take()
        self._due_s = asyncio.get_running_loop().time()

    def _advance(self) -> None:
        assert self._next is not None
        before, self._next = self._next.heard_at, self._take()
        if self._next is not None:
            pause = self._next.heard_at - before
            pause = min(max(pause, timedelta(0)), timedelta(seconds=_LONGEST_PAUSE_S))
            self._due_s += pause.total_seconds() / self._speed

    def _take(self) -> Chunk | None:
        try:
            return next(self._chunks, None)
        except CaptureError as error:
            raise LinkError(self._public_url, str(error)) from error
