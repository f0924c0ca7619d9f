"""Plain HTTP: a small port without TLS that anybody may reach: few connections, none for long.

Whoever opens connections and says nothing, or asks byte by byte, would fill a port that takes few.
Here a connection has some seconds for each request, and when there are too many, the one that has
said nothing for longest makes room for the new one.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.h11_impl import H11Protocol

MOST: Final = 50
"""Connections at a time."""

IDLE_S = 5.0
"""How long one waits for a whole request, seconds."""

ANSWER_S = 60.0
"""How long one answer may take to leave, seconds: a phone far from the mast gets its page."""

_HELD_S: Final = 10.0  # an answer that has taken so long makes room when nothing else can


class SmallPortProtocol(H11Protocol):
    """One connection.

    Attributes:
        since_s: Since when it has waited for what it waits for, by the loop's clock.
    """

    since_s = 0.0
    _limit: asyncio.TimerHandle | None = None

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request, or for the rest of one's head."""
        return self.cycle is None or self.cycle.response_complete

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request; should there be too many, make room."""
        super().connection_made(transport)
        self._begin()
        self._make_room()

    def data_received(self, data: bytes) -> None:
        """Read on; only a whole request begins another time."""
        was_idle = self.is_idle
        super().data_received(data)
        if was_idle and not self.is_idle:
            self._begin()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        if not self.transport.is_closing():
            self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if self._limit is not None:
            self._limit.cancel()
        super().connection_lost(exc)

    # -- inside

    def _begin(self) -> None:
        if self._limit is not None:
            self._limit.cancel()
        self.since_s = self.loop.time()
        self._limit = self.loop.call_later(
            IDLE_S if self.is_idle else ANSWER_S, self.transport.abort
        )

    def _make_room(self) -> None:
        open_ = [
            each
            for each in self.connections
            if isinstance(each, SmallPortProtocol) and not each.transport.is_closing()
        ]
        if len(open_) <= MOST:
            return
        now_s = self.loop.time()
        held = [
            each
            for each in open_
            if each is not self and (each.is_idle or now_s - each.since_s > _HELD_S)
        ]
        # Those that ask for nothing first; if all are being answered, the new one has to go.
        oldest = min(held, key=lambda each: (not each.is_idle, each.since_s), default=self)
        oldest.transport.abort()
