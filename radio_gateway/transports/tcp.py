"""TCP client: `tcp://host:port?greeting=…`.

`greeting` is sent once connected, followed by a line end; gpsd wants
`?WATCH={"enable":true,"nmea":true}` (written `%3FWATCH={"enable":true,"nmea":true}`).
"""

from __future__ import annotations

import asyncio
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Self

from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import LinkError, SettingsError, fault_of
from radio_gateway.links.link_url import Link, LinkOptions
from radio_gateway.links.receive_buffer import Mailbox
from radio_gateway.links.transport import Chunk
from radio_gateway.transports.tcp_stream import StreamPeer

CONNECT_S = 10.0


class TcpTransport:
    """One connection to a server that streams.

    Args:
        link: `tcp://host:port`.

    Raises:
        SettingsError: If host or port is missing or an option is wrong.
    """

    can_wait: ClassVar[bool] = True
    is_local: ClassVar[bool] = False
    is_stream: ClassVar[bool] = True
    is_live = True
    reopens_when_silent: ClassVar[bool] = True
    can_send: ClassVar[bool] = True
    fault: ClassVar[str | None] = None

    def __init__(self, link: Link) -> None:
        if not link.host or not link.port:
            raise SettingsError(
                "url", f"{link.public_url} needs a host and a port: tcp://host:port"
            )
        options = LinkOptions(link)
        greeting = options.text("greeting", "")
        options.finish()
        self._greeting = f"{greeting}\r\n".encode() if greeting else b""
        self._host, self._port, self._public_url = link.host, link.port, link.public_url
        self._mailbox = Mailbox()
        self._peer: StreamPeer | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises LinkError when nobody answers within 10 s."""
        self._mailbox = mailbox = Mailbox()
        try:
            async with asyncio.timeout(CONNECT_S):
                _, self._peer = await asyncio.get_running_loop().create_connection(
                    lambda: StreamPeer(mailbox, on_open=self._opened, on_lost=self._on_lost),
                    self._host,
                    self._port,
                )
        except TimeoutError as error:
            raise LinkError(self._public_url, f"no answer within {CONNECT_S:g} s") from error
        except OSError as error:
            raise LinkError(self._public_url, fault_of(error)) from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        if self._peer is not None:
            self._peer.abort()
            await self._peer.closed
            self._peer = None

    async def read(self) -> list[Chunk]:
        """Return what the server sent. Raises LinkError when it has closed."""
        return await self._mailbox.take()

    async def send(
        self, data: bytes, *, connection: str | None = None, topic: str | None = None
    ) -> None:
        """Send `data`. Raises LinkError when the connection is closed or does not take it."""
        if self._peer is None:
            raise LinkError(self._public_url, "the link is not open")
        await self._peer.send(data, self._public_url)

    def now(self) -> datetime:
        """Return the present."""
        return utc_now()

    def _opened(self, peer: StreamPeer) -> None:
        if self._greeting:
            peer.write(self._greeting)

    def _on_lost(self, peer: StreamPeer, error: Exception | None) -> None:
        fault = f"{peer.address} closed the connection" if error is None else str(error)
        self._mailbox.fail(LinkError(self._public_url, fault))
