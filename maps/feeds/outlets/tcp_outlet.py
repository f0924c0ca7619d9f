"""`tcp://host:port`: we connect to a TAK server, or to whatever takes a feed; TLS if wanted."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from types import TracebackType
from typing import Self

from maps.feeds.outlets.peer import Peer
from maps.feeds.settings import FeedSettings
from radio_gateway.errors.errors import LinkError, fault_of

CONNECT_S = 10.0


class TcpOutlet:
    """One connection to a server.

    Args:
        settings: The feed.
        on_lost: Called with the reason when the connection is lost.

    Attributes:
        cut_off: Times we closed it because the server did not take what was sent.
    """

    def __init__(self, settings: FeedSettings, *, on_lost: Callable[[str], None]) -> None:
        self._settings, self._link, self._on_lost = settings, settings.link, on_lost
        self._peer: Peer | None = None
        self.cut_off = 0

    @property
    def clients(self) -> int:
        """1 while connected."""
        return int(self._peer is not None and not self._peer.closed.is_set())

    async def __aenter__(self) -> Self:
        """Connect. Raises LinkError when nobody answers within 10 s, or not as TLS wants it."""
        url = self._link.public_url
        try:
            tls = await asyncio.to_thread(self._settings.tls)
            async with asyncio.timeout(CONNECT_S):
                _, self._peer = await asyncio.get_running_loop().create_connection(
                    lambda: Peer(on_open=lambda _peer: None, on_lost=self._drop),
                    self._link.host,
                    self._link.port or 0,
                    ssl=tls,
                    server_hostname=None if tls is None else self._settings.server_name,
                )
        except TimeoutError as error:
            raise LinkError(url, f"no answer within {CONNECT_S:g} s") from error
        except ssl.SSLError as error:
            why = getattr(error, "verify_message", None) or error.reason or "TLS failed"
            raise LinkError(url, str(why)) from error
        except OSError as error:
            raise LinkError(url, fault_of(error)) from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        peer, self._peer = self._peer, None
        if peer is not None:
            peer.abort()
            await peer.closed.wait()

    def send(self, message: bytes) -> None:
        """Send to the server."""
        if self._peer is not None:
            self._peer.write(message)

    async def room(self) -> None:
        """Return once the server has taken what was sent, or is gone."""
        if self._peer is not None:
            await self._peer.drained.wait()
        await asyncio.sleep(0)

    def _drop(self, peer: Peer, why: str) -> None:
        self.cut_off += peer.cut_off
        self._on_lost(why)
