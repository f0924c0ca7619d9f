"""Mailbox: what a transport has read and its channel has not yet taken."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from radio_gateway.links.transport import Chunk

FULL_BYTES = 1 << 17
MUCH_BYTES = 1 << 15  # some hundred messages
LONGEST_REST_S = 1.0  # that somebody leaves unread what comes, where nothing is taken


class Mailbox:
    """Chunks that wait for `take`; used on one event loop only.

    Args:
        full_bytes: From how many waiting bytes on the mailbox is full; one more read still fits.

    Attributes:
        on_much: Called when much comes to wait, which it is worth taking at once.
        taker_waits: Whether somebody waits for what comes; else it lies until the next `take`.
        takes: How often something was taken.
    """

    def __init__(self, full_bytes: int = FULL_BYTES) -> None:
        self._chunks: list[Chunk] = []
        self._bytes = 0
        self._full_bytes = full_bytes
        self._arrived = asyncio.Event()
        self._fault: Exception | None = None
        self._wakers: list[Callable[[], None]] = []
        self._resting: list[Callable[[], None]] = []
        self._rest_ends: asyncio.TimerHandle | None = None
        self.taker_waits = False
        self.takes = 0
        self.on_much: Callable[[], None] | None = None

    @property
    def is_full(self) -> bool:
        """Whether nothing more should come until something was taken."""
        return self._bytes >= self._full_bytes

    def put(self, chunk: Chunk) -> bool:
        """Add `chunk`; return False when the mailbox is now full and nothing more should come."""
        self._chunks.append(chunk)
        size = len(chunk.data) or 1  # or empty ones could come for ever
        self._bytes += size
        self._arrived.set()
        if self.on_much is not None and self._bytes >= MUCH_BYTES > self._bytes - size:
            self.on_much()
        return self._bytes < self._full_bytes

    def call_when_empty(self, wake: Callable[[], None]) -> None:
        """Call `wake` once, when everything has been taken."""
        self._wakers.append(wake)

    def call_before_take(self, wake: Callable[[], None]) -> None:
        """Call `wake` once, as the next `take` begins; what it puts here is taken with it.

        Within a second in any case: while a store is away nothing may be taken for minutes, and
        what comes is to be dated, and the end of a connection noticed, all the same.
        """
        self._resting.append(wake)
        if self._rest_ends is None:
            loop = asyncio.get_running_loop()
            self._rest_ends = loop.call_later(LONGEST_REST_S, self._end_rest)

    def fail(self, fault: Exception) -> None:
        """Make `take` raise `fault` once everything has been taken; the first fault counts."""
        self._fault = self._fault or fault
        self._arrived.set()

    async def take(self, at_most: int | None = None) -> list[Chunk]:
        """Wait until something is there and return all of it.

        Args:
            at_most: How many chunks to return; what is left is worth taking at once. None: all.

        Raises:
            Exception: What `fail` was told.
        """
        if self._resting:
            self._wake_resting()
        while not self._chunks:
            if self._fault is not None:
                raise self._fault
            self._arrived.clear()
            self.taker_waits = True
            try:
                await self._arrived.wait()
            finally:
                self.taker_waits = False
        chunks = self.drain()
        if at_most is not None and len(chunks) > at_most:
            self._leave(chunks[at_most:])
            del chunks[at_most:]
        elif self._wakers:
            wakers, self._wakers = self._wakers, []
            for wake in wakers:
                wake()
        return chunks

    def _end_rest(self) -> None:
        self._rest_ends = None
        self._wake_resting()

    def _wake_resting(self) -> None:
        resting, self._resting = self._resting, []
        for wake in resting:
            wake()

    def _leave(self, chunks: list[Chunk]) -> None:
        self._chunks = chunks
        self._bytes = sum([len(chunk.data) or 1 for chunk in chunks])
        if self.on_much is not None:
            self.on_much()

    def drain(self) -> list[Chunk]:
        """Return what waits, perhaps nothing, and wake nobody."""
        chunks, self._chunks = self._chunks, []
        self._bytes = 0
        self.takes += 1
        return chunks
