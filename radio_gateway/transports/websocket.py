"""WebSocket client: `ws://host:port/path?query`, `wss://` with TLS; each message is whole.

Path and query are the server's, as they stand. `username` with a password signs in with HTTP Basic,
a password alone (`password_file`) is a token: `Authorization: Bearer …`. A message longer than 1
MiB ends the connection, as does a server that does not answer a ping within 20 s.

Sources: RFC 6455 (WebSocket), RFC 7617 (Basic), RFC 6750 2.1 (Bearer).
"""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Self
from urllib.parse import quote

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidURI

from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import LinkError, SettingsError, fault_of
from radio_gateway.links.link_url import Link
from radio_gateway.links.receive_buffer import Mailbox
from radio_gateway.links.transport import Chunk
from radio_gateway.tls.client_context import trusting

CONNECT_S = 10.0
CLOSE_S = 1.0
PING_S = 20.0
MAX_MESSAGE = 1 << 20  # bytes
_WAITING_MESSAGES = 64
_PORTS = {"ws": 80, "wss": 443}
_SAFE = "/:@!$'()*,;=+~"


class WebSocketTransport:
    """One connection to a server that streams messages.

    Args:
        link: `ws://host:port/path?query`.

    Raises:
        SettingsError: If the host is missing or a certificate cannot be used.
    """

    can_wait: ClassVar[bool] = True
    is_local: ClassVar[bool] = False
    is_stream: ClassVar[bool] = False
    is_live = True
    reopens_when_silent: ClassVar[bool] = True
    can_send: ClassVar[bool] = True
    fault: ClassVar[str | None] = None

    def __init__(self, link: Link) -> None:
        if not link.host:
            raise SettingsError(
                "url", f"{link.public_url} needs a host: {link.scheme}://host:port/path"
            )
        self._public_url = link.public_url
        self._uri = _uri(link)
        self._headers = _sign_in(link)
        self._tls = _tls(link) if link.scheme == "wss" else None
        self._source = f"{link.host}:{link.port or _PORTS[link.scheme]}"
        self._mailbox = Mailbox()
        self._socket: ClientConnection | None = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Connect. Raises LinkError when the server does not answer, or refuses."""
        self._mailbox = Mailbox()
        try:
            self._socket = await connect(
                self._uri,
                additional_headers=self._headers,
                ssl=self._tls,
                proxy=None,
                compression=None,  # on one machine or network it costs more than it saves
                open_timeout=CONNECT_S,
                close_timeout=CLOSE_S,
                ping_interval=PING_S,
                ping_timeout=PING_S,
                max_size=MAX_MESSAGE,
                max_queue=_WAITING_MESSAGES,
            )
        except TimeoutError as error:
            raise LinkError(self._public_url, f"no answer within {CONNECT_S:g} s") from error
        except OSError as error:
            raise LinkError(self._public_url, fault_of(error)) from error
        except (InvalidHandshake, InvalidURI) as error:
            raise LinkError(self._public_url, str(error)) from error
        self._reading = asyncio.create_task(self._read(self._socket))
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
            self._reading = None
        if self._socket is not None:
            await self._socket.close()
            self._socket = None

    async def read(self) -> list[Chunk]:
        """Return the messages that came. Raises LinkError when the connection has ended."""
        return await self._mailbox.take()

    async def send(
        self, data: bytes, *, connection: str | None = None, topic: str | None = None
    ) -> None:
        """Send `data` as one message of text.

        Raises:
            LinkError: If the connection is closed, or `data` is no UTF-8.
        """
        if self._socket is None:
            raise LinkError(self._public_url, "the link is not open")
        try:
            await self._socket.send(data.decode())
        except (ConnectionClosed, UnicodeDecodeError) as error:
            raise LinkError(self._public_url, str(error)) from error

    def now(self) -> datetime:
        """Return the present."""
        return utc_now()

    async def _read(self, socket: ClientConnection) -> None:
        """Put what comes into the mailbox; leave it with the server while nobody takes it."""
        mailbox, taken = self._mailbox, asyncio.Event()
        try:
            while True:
                message = await socket.recv(decode=False)
                chunk = Chunk(bytes(message), utc_now(), source=self._source, whole=True)
                if not mailbox.put(chunk):
                    taken.clear()
                    mailbox.call_when_empty(taken.set)
                    await taken.wait()
        except ConnectionClosed as error:
            mailbox.fail(LinkError(self._public_url, f"the connection ended: {error}"))
        except OSError as error:
            mailbox.fail(LinkError(self._public_url, fault_of(error)))


def _uri(link: Link) -> str:
    host = f"[{link.host}]" if ":" in link.host else link.host
    port = "" if link.port is None else f":{link.port}"
    query = "&".join(f"{quote(name, _SAFE)}={quote(value, _SAFE)}" for name, value in link.options)
    path = quote(link.path or "/", _SAFE)
    return f"{link.scheme}://{host}{port}{path}{'?' if query else ''}{query}"


def _sign_in(link: Link) -> dict[str, str]:
    if link.password is None:
        return {}
    if link.username is None:
        return {"Authorization": f"Bearer {link.password}"}
    name = b64encode(f"{link.username}:{link.password}".encode()).decode()
    return {"Authorization": f"Basic {name}"}


def _tls(link: Link) -> ssl.SSLContext:
    try:
        context = trusting(link.ca_file)
        if link.cert_file is not None:
            context.load_cert_chain(link.cert_file, link.key_file)
    except OSError as error:
        raise SettingsError("ca_file", f"{link.ca_file or link.cert_file}: {error}") from error
    return context
