"""Peer: one connection that a feed writes to. It never waits and is never waited for.

What a peer does not take is kept for it up to a bound; one that is further behind, or that has not
taken it all for 20 s, is cut off. What it says is not read beyond its end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final, cast

from radio_gateway.errors.errors import fault_of
from radio_gateway.transports.tcp_stream import keep_alive

UNSENT_BYTES: Final = 256 * 1024
STUCK_S: Final = 20.0


class Peer(asyncio.Protocol):
    """One connection.

    Args:
        on_open: Called with this peer when the connection is made.
        on_lost: Called with this peer and why, once it is closed.

    Attributes:
        drained: Set while the system has taken all that was written.
        closed: Set once the connection is closed.
        cut_off: We closed it, because it did not take what was sent.
    """

    def __init__(
        self, *, on_open: Callable[[Peer], None], on_lost: Callable[[Peer, str], None]
    ) -> None:
        self._on_open, self._on_lost = on_open, on_lost
        self._transport: asyncio.Transport | None = None
        self._stuck: asyncio.TimerHandle | None = None
        self._close_reason: str | None = None
        self.drained = asyncio.Event()
        self.drained.set()
        self.closed = asyncio.Event()
        self.cut_off = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Have every byte that is not taken noticed, and a dead peer found out."""
        # a stream protocol gets a stream transport; uvloop's is not a subclass
        self._transport = cast("asyncio.Transport", transport)
        self._transport.set_write_buffer_limits(high=0)
        keep_alive(transport.get_extra_info("socket"))
        self._on_open(self)

    def data_received(self, data: bytes) -> None:
        """Take no notice: a feed only speaks."""

    def eof_received(self) -> bool:
        """Close with the peer."""
        return False

    def pause_writing(self) -> None:
        """Give the peer some time to take what waits."""
        self.drained.clear()
        loop = asyncio.get_running_loop()
        self._stuck = loop.call_later(STUCK_S, self.cut, f"is {STUCK_S:g} s behind")

    def resume_writing(self) -> None:
        """Note that it took all."""
        self.drained.set()
        if self._stuck is not None:
            self._stuck.cancel()
            self._stuck = None

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell that it is gone."""
        self._transport = None
        self.resume_writing()
        self.closed.set()
        why = fault_of(exc) if isinstance(exc, OSError) else "the connection was closed"
        self._on_lost(self, self._close_reason or why)

    def write(self, data: bytes) -> None:
        """Send `data`, or keep it until the peer takes it; nothing once the connection is lost."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > UNSENT_BYTES:
            self.cut("is too far behind")

    def cut(self, why: str) -> None:
        """Cut the peer off."""
        self.cut_off, self._close_reason = True, why
        self.abort()

    def abort(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()
