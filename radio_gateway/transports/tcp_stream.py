"""The receiving end of one TCP connection, shared by client and server.

Under load what comes lies in its mailbox until the watch takes the next batch. A peer that speaks
again meanwhile is read once more just before, and from then on only then, as long as it goes on
like that: to be woken for each of ten messages that then go on together takes more than the
messages. It is read here then, past the loop, which would take two turns to do it. Each is dated
when it is read, a tick late at most; a second where nothing is taken, as while a store is away.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable
from typing import cast

from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import LinkError
from radio_gateway.links.receive_buffer import MUCH_BYTES, Mailbox
from radio_gateway.links.transport import Chunk

# a dead peer is noticed after 30 s + 3 x 10 s, also where no watchdog is set
SEND_S = 10.0
_UNSENT_BYTES = 1 << 16  # answers that a peer does not take; more, and it is not worth having
_LITTLE_BYTES = 1 << 12  # who brings more at a time is read as fast as it comes
_KEEPALIVE = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


class StreamPeer(asyncio.Protocol):
    """Puts what one connection brings into a mailbox, and stops reading while that is full.

    Args:
        mailbox: Where the bytes go.
        on_open: Called with this peer when the connection is made.
        on_lost: Called with this peer and the error, None for a clean end.
        on_understood: Called when something it said was understood.

    Attributes:
        address: The peer's `host:port`.
        closed: Done once the connection is closed.
    """

    def __init__(
        self,
        mailbox: Mailbox,
        *,
        on_open: Callable[[StreamPeer], None],
        on_lost: Callable[[StreamPeer, Exception | None], None],
        on_understood: Callable[[], None] | None = None,
    ) -> None:
        self._mailbox = mailbox
        self._on_open, self._on_lost = on_open, on_lost
        self._on_understood = on_understood
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._fault: OSError | None = None
        self._drained = asyncio.Event()
        self._drained.set()
        self._spoke_after = -1  # which take it last brought something after
        self._has_gathered = False  # what comes now is from while it was not read
        self.address = ""
        self._last_heard_s = self._loop.time()
        self._reads = True
        self.closed: asyncio.Future[None] = self._loop.create_future()

    @property
    def last_heard_s(self) -> float:
        """Loop time when bytes last came, or when the connection was made; now, if it is not read.

        Nobody knows what a peer says that is not read: its silence begins when it is read again.
        """
        return self._last_heard_s if self._reads else self._loop.time()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the peer's address and have the system look after it."""
        # a stream protocol gets a stream transport; uvloop's is not a subclass
        self._transport = cast("asyncio.Transport", transport)
        name = transport.get_extra_info("peername")
        if isinstance(name, tuple):
            host = f"[{name[0]}]" if ":" in name[0] else name[0]
            self.address = f"{host}:{name[1]}"
        keep_alive(transport.get_extra_info("socket"))
        self._on_open(self)

    def data_received(self, data: bytes) -> None:
        """Hand `data` on."""
        self._last_heard_s = self._loop.time()
        chunk = Chunk(
            bytes(data),
            utc_now(),
            connection=self.address,
            source=self.address,
            understood=self._on_understood,
            reply=self.write,
        )
        mailbox, transport = self._mailbox, self._transport
        room = mailbox.put(chunk)
        if transport is None:
            return
        if not room:
            self._pause(transport)
            mailbox.call_when_empty(self._resume)
        elif self._has_gathered and not mailbox.taker_waits and len(data) < MUCH_BYTES:
            self._rest(transport)
        elif self._spoke_after != mailbox.takes:
            self._spoke_after = mailbox.takes
        elif not mailbox.taker_waits and len(data) < _LITTLE_BYTES:
            self._rest(transport)

    def eof_received(self) -> bool:
        """Close: a radio that says no more has nothing to hear from us either."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Mark the end of the connection, so that a half-heard message is not joined to another."""
        self._transport = None
        self._drained.set()
        end = Chunk(b"", utc_now(), connection=self.address, source=self.address, ended=True)
        self._mailbox.put(end)
        if not self.closed.done():
            self.closed.set_result(None)
        self._on_lost(self, exc or self._fault)

    def write(self, data: bytes) -> None:
        """Send `data` to the peer, if it is still there; one that takes nothing is cut off."""
        if self._transport is None or self._transport.is_closing():
            return
        self._transport.write(data)
        if self._transport.get_write_buffer_size() > _UNSENT_BYTES:
            self._transport.abort()

    async def send(self, data: bytes, url: str) -> None:
        """Send `data` and wait until the system has taken it.

        Args:
            data: What to send.
            url: The link's URL, for the fault.

        Raises:
            LinkError: If the connection is closed, or the peer does not take it within 10 s.
        """
        self.write(data)
        try:
            async with asyncio.timeout(SEND_S):
                await self._drained.wait()
        except TimeoutError:
            self.abort()
            raise LinkError(url, f"{self.address} takes nothing for {SEND_S:g} s") from None
        if self._transport is None:
            raise LinkError(url, f"{self.address} closed the connection")

    def pause_writing(self) -> None:
        """Note that the peer is slow."""
        self._drained.clear()

    def resume_writing(self) -> None:
        """Note that the peer took what waited."""
        self._drained.set()

    def abort(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    def _pause(self, transport: asyncio.Transport) -> None:
        self._reads = False
        transport.pause_reading()

    def _rest(self, transport: asyncio.Transport) -> None:
        if os.name == "posix":  # elsewhere nobody reads a transport's socket but itself
            self._pause(transport)
            self._mailbox.call_before_take(self._read_again)

    def _read_again(self) -> None:
        """Hand in what has come meanwhile, and go on resting if that is something, but not much.

        That there was nothing, or that it was the end, the transport finds again by itself.
        """
        transport = self._transport
        if transport is None or transport.is_closing():  # its number may be another file's by now
            return
        try:
            data = os.read(transport.get_extra_info("socket").fileno(), MUCH_BYTES)
        except BlockingIOError:
            data = b""
        except OSError as error:  # which the system tells once
            self._fault = error
            transport.abort()
            return
        self._reads = True
        if data:
            self._has_gathered = True
            self.data_received(data)
            self._has_gathered = False
        if self._reads:
            self._resume()

    def _resume(self) -> None:
        self._reads, self._last_heard_s = True, self._loop.time()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()


def keep_alive(sock: socket.socket) -> None:
    """Have the system ask a silent peer whether it is still there."""
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in _KEEPALIVE:
        if hasattr(socket, name):  # not every system has them
            sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
