"""TCP server: `tcp-listen://127.0.0.1:port?max=64`, to which radios or feeders connect.

`max` bounds the connections of which something was understood, `per_address` those of one address
(see `admission`). When all places are taken, a radio that was understood takes that of the one
silent longest, if that is for more than a minute.
"""

from __future__ import annotations

import asyncio
import socket
from datetime import datetime
from types import TracebackType
from typing import Any, ClassVar, Self

from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import GoneError, LinkError, SettingsError
from radio_gateway.links.link_url import Link, LinkOptions
from radio_gateway.links.receive_buffer import Mailbox
from radio_gateway.links.transport import Chunk
from radio_gateway.transports.admission import AdmittedConnection, ConnectionSlots
from radio_gateway.transports.listener import Listener
from radio_gateway.transports.tcp_stream import StreamPeer

GIVES_WAY_AFTER_S = 60.0


class TcpListenTransport:
    """A listening socket and its connections.

    Args:
        link: `tcp-listen://address:port`; port 0 lets the system choose one.

    Raises:
        SettingsError: If address or port is missing or an option is wrong.
    """

    can_wait: ClassVar[bool] = True
    is_local: ClassVar[bool] = False
    is_stream: ClassVar[bool] = True
    is_live = True
    reopens_when_silent: ClassVar[bool] = False
    can_send: ClassVar[bool] = True

    def __init__(self, link: Link) -> None:
        if not link.host or link.port is None:
            raise SettingsError(
                "url", f"{link.public_url} needs an address and a port: tcp-listen://127.0.0.1:port"
            )
        options = LinkOptions(link)
        self._places = ConnectionSlots.of(options, 64)
        options.finish()
        self._public_url = link.public_url
        self._mailbox = Mailbox()
        self._peers: set[StreamPeer] = set()
        self._connecting: set[asyncio.Future[Any]] = set()  # sent away before they came about
        self._listener = Listener(link.host, link.port, link.public_url, self._places, self._serve)

    @property
    def port(self) -> int | None:
        """The port in use while open; None while closed."""
        return self._listener.port

    @property
    def fault(self) -> str | None:
        """Why no connection is accepted at the moment; None when it is well."""
        return self._listener.fault

    async def __aenter__(self) -> Self:
        """Listen. Raises LinkError when the address or port cannot be had."""
        self._mailbox = Mailbox()
        await self._listener.open()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening and close every connection."""
        await self._listener.close()
        if self._connecting:
            await asyncio.wait(self._connecting)
        for peer in list(self._peers):
            peer.abort()
            await peer.closed

    async def read(self) -> list[Chunk]:
        """Return what the connections brought."""
        return await self._mailbox.take()

    async def send(
        self, data: bytes, *, connection: str | None = None, topic: str | None = None
    ) -> None:
        """Send `data` to one connection, or to all.

        Raises:
            GoneError: When that connection is gone.
            LinkError: When there is none at all, or one does not take it.
        """
        peers = [peer for peer in self._peers if connection in (None, peer.address)]
        if not peers:
            if connection is None:
                raise LinkError(self._public_url, "nobody is connected")
            raise GoneError(self._public_url, f"{connection} is not connected")
        for peer in peers:
            await peer.send(data, self._public_url)

    def now(self) -> datetime:
        """Return the present."""
        return utc_now()

    async def _serve(self, sock: socket.socket, guest: AdmittedConnection) -> None:
        peer = StreamPeer(
            self._mailbox,
            on_open=self._peers.add,
            on_lost=self._on_lost,
            on_understood=lambda: self._places.know(guest),
        )
        loop = asyncio.get_running_loop()

        def silent_since_s() -> float | None:
            last_s = peer.last_heard_s
            return last_s if loop.time() - last_s >= GIVES_WAY_AFTER_S else None

        guest.idle_since_s = silent_since_s
        connecting = asyncio.ensure_future(loop.connect_accepted_socket(lambda: peer, sock))
        try:
            # Cancelled half-way, uvloop closes a connection without a word to its peer, who would
            # be waited for for ever; so it comes about, and ends as any other.
            await asyncio.wait((connecting,))
            fault = connecting.exception()
            if fault is None:
                await asyncio.wait((peer.closed,))
            elif not isinstance(fault, OSError):  # else it has gone already
                raise fault
        finally:
            if connecting.done():
                peer.abort()
            else:
                self._connecting.add(connecting)
                connecting.add_done_callback(lambda done: self._end(done, peer))

    def _on_lost(self, peer: StreamPeer, error: Exception | None) -> None:
        self._peers.discard(peer)

    def _end(self, connecting: asyncio.Future[Any], peer: StreamPeer) -> None:
        """End what was sent away before it had come about."""
        self._connecting.discard(connecting)
        if not connecting.cancelled():
            connecting.exception()  # nobody asks why it did not
        peer.abort()
