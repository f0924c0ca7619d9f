"""TCP server: `tcp-listen://127.0.0.1:port?max=64`, to which radios or feeders connect.

`max` bounds the connections. When they are all taken, a newcomer takes the place of the one that
has been silent longest, if that is for more than a minute; else it is sent away.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from types import TracebackType
from typing import ClassVar, Self

import structlog

from radio_gateway.chunk import Chunk
from radio_gateway.errors import LinkError, SettingsError, fault_of
from radio_gateway.link import Link, Options
from radio_gateway.transports.mailbox import Mailbox
from radio_gateway.transports.streams import StreamPeer

GIVES_WAY_AFTER_S = 60.0
_log = structlog.get_logger(__name__)


class TcpListenTransport:
    """A listening socket and its connections.

    Args:
        link: `tcp-listen://address:port`; port 0 lets the system choose one.

    Attributes:
        port: The port in use while open; None while closed.

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
                "url", f"{link.shown} needs an address and a port: tcp-listen://127.0.0.1:port"
            )
        options = Options(link)
        self._max = options.whole("max", 64, low=1, high=10_000)
        options.finish()
        self._host, self._wanted_port, self._shown = link.host, link.port, link.shown
        self._mailbox = Mailbox()
        self._peers: set[StreamPeer] = set()
        self._server: asyncio.Server | None = None
        self.port: int | None = None

    async def __aenter__(self) -> Self:
        """Listen. Raises LinkError when the address or port cannot be had."""
        self._mailbox = mailbox = Mailbox()
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: StreamPeer(mailbox, on_open=self._opened, on_lost=self._lost),
                self._host,
                self._wanted_port,
            )
        except OSError as error:
            raise LinkError(self._shown, fault_of(error)) from error
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening and close every connection."""
        assert self._server is not None
        self._server.close()
        peers = list(self._peers)
        for peer in peers:
            peer.abort()
        for peer in peers:
            await peer.closed
        await self._server.wait_closed()
        self._server = self.port = None

    async def read(self) -> list[Chunk]:
        """Return what the connections brought."""
        return await self._mailbox.take()

    async def send(
        self, data: bytes, *, connection: str | None = None, topic: str | None = None
    ) -> None:
        """Send `data` to one connection, or to all. Raises LinkError when there is none."""
        peers = [peer for peer in self._peers if connection in (None, peer.address)]
        if not peers:
            who = "nobody" if connection is None else f"{connection} not"
            raise LinkError(self._shown, f"{who} is connected")
        for peer in peers:
            await peer.send(data, self._shown)

    def now(self) -> datetime:
        """Return the present."""
        return datetime.now(UTC)

    def _opened(self, peer: StreamPeer) -> None:
        if len(self._peers) >= self._max:
            quietest = min(self._peers, key=lambda other: other.last_heard_s)
            if asyncio.get_running_loop().time() - quietest.last_heard_s < GIVES_WAY_AFTER_S:
                _log.warning(
                    "connection_refused", url=self._shown, peer=peer.address, limit=self._max
                )
                peer.abort()
                return
            self._peers.discard(quietest)
            quietest.abort()
        self._peers.add(peer)

    def _lost(self, peer: StreamPeer, error: Exception | None) -> None:
        self._peers.discard(peer)
