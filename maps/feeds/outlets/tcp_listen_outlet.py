"""`tcp-listen://address:port?max=64`: clients such as chartplotters connect to us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Self

import structlog

from maps.feeds.outlets.peer import Peer
from maps.feeds.settings import FeedSettings, most_clients
from radio_gateway.errors.errors import LinkError, fault_of
from radio_gateway.links.link_url import LinkOptions

_log = structlog.get_logger(__name__)


class TcpListenOutlet:
    """A listening socket and its clients.

    Args:
        settings: The feed.
        on_peer: Called with each client that came; it hears what is sent from then on.

    Attributes:
        port: The port in use while open.
        cut_off: Clients cut off because they did not take what was sent, or were too many.
    """

    def __init__(self, settings: FeedSettings, *, on_peer: Callable[[Peer], None]) -> None:
        self._name, self._link, self._on_peer = settings.name, settings.link, on_peer
        self._most = most_clients(LinkOptions(self._link))
        self._peers: set[Peer] = set()
        self._server: asyncio.Server | None = None
        self.port: int | None = None
        self.cut_off = 0

    @property
    def clients(self) -> int:
        """How many clients are connected."""
        return len(self._peers)

    async def __aenter__(self) -> Self:
        """Listen. Raises LinkError when the address or port cannot be had."""
        try:
            self._server = await asyncio.get_running_loop().create_server(
                lambda: Peer(on_open=self._opened, on_lost=self._drop),
                self._link.host,
                self._link.port,
            )
        except OSError as error:
            raise LinkError(self._link.public_url, fault_of(error)) from error
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
            await peer.closed.wait()
        await self._server.wait_closed()
        self._server = self.port = None

    def send(self, message: bytes) -> None:
        """Send to every client."""
        for peer in tuple(self._peers):
            peer.write(message)

    async def room(self) -> None:
        """Let others work; no client is waited for."""
        await asyncio.sleep(0)

    def _opened(self, peer: Peer) -> None:
        if len(self._peers) >= self._most:
            _log.warning("feed_full", feed=self._name, limit=self._most)
            peer.cut("is one too many")
            return
        self._peers.add(peer)
        self._on_peer(peer)

    def _drop(self, peer: Peer, why: str) -> None:
        self._peers.discard(peer)
        if peer.cut_off:
            self.cut_off += 1
            _log.warning("feed_client_cut_off", feed=self._name, why=why)
