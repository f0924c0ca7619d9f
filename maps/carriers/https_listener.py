"""HTTPS listener: takes the connections of counterparts: one POST, mutual TLS 1.3, pinned.

    POST /envelopes        MessagePack, a list of sealed envelopes; answered by such a list
    Prefer: wait=25        the answer may wait so long, seconds, for something to say (RFC 7240)

Who shows no certificate of a confirmed counterpart is sent away in the handshake. Whoever was let
in is looked at again with each request: a counterpart that was revoked meanwhile has no connection
any more.
"""

from __future__ import annotations

import asyncio
import re
import ssl
from collections.abc import Callable, Iterable
from typing import Final

import msgspec
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from maps.carriers.counterpart_link import POLL_S, CounterpartLink
from maps.carriers.message_list import (
    LONGEST_MESSAGE,
    MEDIA_TYPE,
    PATH,
    ROOM,
    read_messages,
    write_messages,
)
from maps.errors.errors import TooManyWrites
from maps.http.connection_limits import WholeRequests, look_at
from maps.http.listen_address import listen
from maps.http.tls_acceptor import TlsAcceptor
from maps.http.write_limit import WriteLimit
from maps.settings.settings_tables import WebSettings

MOST_CONNECTIONS: Final = 4
"""Connections of one counterpart; one more, and the one that was silent longest goes."""

_CERTIFICATE: Final = "joint_patrol.certificate"
_DER: Final = "der"
_LOOK_S: Final = 5.0
_CLOSING_S: Final = 2.0
_LOOKS: Final = 40
_WAIT: Final = re.compile(rb"\s*wait=([0-9]{1,4})\s*")


class HttpsListener:
    """Takes the connections of counterparts.

    Args:
        link_of: Returns the link of who shows a certificate, DER; None for a stranger.

    Attributes:
        port: Where it listens; 0 until it does.
    """

    def __init__(self, link_of: Callable[[bytes], CounterpartLink | None]) -> None:
        self.port = 0
        self._link_of = link_of
        self._writes = WriteLimit(per_s=20.0, burst=100.0)
        self._polls: dict[str, int] = {}
        self._state = ServerState()
        self._acceptor: TlsAcceptor | None = None
        self._is_closing = False
        self._context: ssl.SSLContext | None = None
        self._config = uvicorn.Config(
            self.answer,
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            lifespan="off",
            interface="asgi3",
            proxy_headers=False,
            http=_Connection,
            ws="none",
            timeout_keep_alive=int(4 * POLL_S),
        )

    async def run(self, host: str, port: int) -> None:
        """Listen until cancelled; what waits is answered before this returns.

        Only once `trust` has said whom to take.

        Raises:
            OSError: If the address cannot be listened on.
        """
        self._config.load()
        like_web = WebSettings(host=host, port=port, allowed_hosts=("counterparts",))
        bound = listen(like_web, setting="counterparts.listen")
        self.port = bound.getsockname()[1]
        assert self._context is not None
        acceptor = TlsAcceptor(
            self._context,
            lambda: _Connection(config=self._config, server_state=self._state, app_state={}),
            backlog=128,
        )
        self._acceptor, self._is_closing = acceptor, False
        acceptor.open(bound)
        loop = asyncio.get_running_loop()
        try:
            while True:
                await asyncio.sleep(_LOOK_S)
                look_at(self._state.connections, loop.time())
        finally:
            self._is_closing = True
            await acceptor.close()
            bound.close()
            await self._end()

    @property
    def connections(self) -> int:
        """How many connections there are."""
        return len(self._state.connections)

    def trust(self, context: ssl.SSLContext) -> None:
        """Use another TLS for who comes from now on, and end the connections of strangers."""
        self._context = context
        if self._acceptor is not None:
            self._acceptor.context = context
        for each in self._connections():
            if self._link_of(each.certificate) is None:
                each.transport.abort()

    async def answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        link = self._link_of(scope["extensions"][_CERTIFICATE][_DER])
        if link is None:
            await _send(send, 403, b"no counterpart of this node")
        elif (scope["method"], scope["path"]) != ("POST", PATH):
            await _send(send, 404, b"POST " + PATH.encode())
        else:
            await self._exchange(link, scope, receive, send)

    async def _exchange(
        self, link: CounterpartLink, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            self._writes.take(link.card.node)
        except TooManyWrites as error:
            await _send(send, 429, str(error).encode())
            return
        headers = dict(scope["headers"])
        body = await _body(headers, receive)
        if body is None:
            link.note_refused(f"a request has more than {LONGEST_MESSAGE} bytes")
            await _send(send, 413, b"at most %d bytes" % LONGEST_MESSAGE)
            return
        try:
            messages = read_messages(body)
        except msgspec.DecodeError as error:
            link.note_refused(f"a request is no list of envelopes: {error}")
            await _send(send, 400, f"no list of envelopes: {error}".encode())
            return
        replies = await link.receive(messages, by="listening")
        wait = _WAIT.fullmatch(headers.get(b"prefer", b""))
        if wait is not None and not replies:
            replies = await self._poll(link, min(float(wait[1]), POLL_S), receive)
        elif link.is_met:
            replies += await link.outgoing(ROOM)
        await _send(send, 200, write_messages(replies))

    async def _poll(self, link: CounterpartLink, wait_s: float, receive: Receive) -> list[bytes]:
        """Return what is to leave, once there is something, or after `wait_s` our hello alone."""
        node = link.card.node
        mine = self._polls[node] = self._polls.get(node, 0) + 1
        link.wake()  # an older one ends: its connection may not be there any more
        gone = asyncio.ensure_future(_disconnected(receive))
        loop = asyncio.get_running_loop()
        end_s = loop.time() + wait_s
        try:
            while True:
                woken = link.woken
                if link.is_closed or self._is_closing or gone.done() or self._polls[node] != mine:
                    return []
                made = await link.outgoing(ROOM)
                left_s = end_s - loop.time()
                if made or left_s <= 0:
                    return [link.hello(), *made]
                waiting = asyncio.ensure_future(woken.wait())
                await asyncio.wait(
                    (waiting, gone), timeout=left_s, return_when=asyncio.FIRST_COMPLETED
                )
                waiting.cancel()
        finally:
            gone.cancel()

    def _connections(self) -> Iterable[_Connection]:
        return [each for each in self._state.connections if isinstance(each, _Connection)]

    async def _end(self) -> None:
        for each in self._connections():
            each.shutdown()
        for _ in range(_LOOKS):
            if not self._state.connections:
                return
            await asyncio.sleep(_CLOSING_S / _LOOKS)
        for each in self._connections():
            each.transport.abort()


class _Connection(WholeRequests):
    """One connection of a counterpart.

    Attributes:
        certificate: What it showed, DER.
    """

    certificate = b""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Note who it is."""
        shown: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        self.certificate = (shown and shown.getpeercert(binary_form=True)) or b""
        super().connection_made(transport)
        same = [
            each
            for each in self.connections
            if isinstance(each, _Connection) and each.certificate == self.certificate
        ]
        if len(same) > MOST_CONNECTIONS:
            min(same, key=lambda each: (each.is_answered, each.heard_s)).transport.abort()

    def on_message_begin(self) -> None:
        """Tell the application who it is."""
        super().on_message_begin()
        self.scope["extensions"] = {_CERTIFICATE: {_DER: self.certificate}}


async def _body(headers: dict[bytes, bytes], receive: Receive) -> bytes | None:
    """Return the body of a request; None if it is too long, of which the rest is not read."""
    declared = headers.get(b"content-length", b"0")
    if not declared.isdigit() or int(declared) > LONGEST_MESSAGE:
        return None
    body = bytearray()
    while True:
        event = await receive()
        body += event.get("body", b"")
        if len(body) > LONGEST_MESSAGE:
            return None
        if event["type"] == "http.disconnect" or not event.get("more_body", False):
            return bytes(body)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send(send: Send, status: int, body: bytes) -> None:
    media_type = MEDIA_TYPE.encode() if status == 200 else b"text/plain; charset=utf-8"
    headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(body))]
    if status == 413:
        headers.append((b"connection", b"close"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
