"""HTTP server: `http-listen://address:port`; phones, trackers and services that post to us.

For a gateway that has no other web server. One request is one message: the body, or for a request
without a body (OsmAnd, Traccar Client) its target, `/?id=…&lat=…`. It is answered once everything
in it is stored or rejected:

- 200 with what the protocol owes the sender, else `[]` to a body (OwnTracks wants that) and
  nothing to a request without one. A message that is rejected is answered with 200 too, its
  reason in `X-Rejected`: apps send again whatever is not answered so, for ever, and what they
  hear later waits behind it. `refuse=1` answers 400 to it instead.
- 401 without a good key (and a rejected frame of the channel, with reason `wrong_key` or `no_key`
  and the name it goes by), 503 when too much waits or it was not stored within 30 s.

What is sent to a device that signs in waits for its next request and goes into the answer.

Who may speak stands in the channel's `secrets_file` (see `http_keys`); `open=1` takes anybody's
word, for trackers that know no password: then bind to an address that only they can reach.
With `cert_file` and `key_file` it speaks TLS only. Further options: `max`, connections at once
that showed a good key (with `open=1`: that sent a whole request), and `per_address`, connections
of one address (see `admission`). When all places are taken, one that shows a good key takes that of
the one that has been idle longest.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Self

from msgspec.structs import replace

from radio_gateway.clock.clock import utc_now
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import LinkError, SettingsError
from radio_gateway.links.link_url import Link, LinkOptions
from radio_gateway.links.transport import Chunk, TurnAway
from radio_gateway.transports.admission import AdmittedConnection, ConnectionSlots
from radio_gateway.transports.http import HttpOutcome, HttpTransport
from radio_gateway.transports.http_keys import Keys, claimed, credentials
from radio_gateway.transports.http_request import HttpPeer, HttpRequest, HttpRequestError, Limits
from radio_gateway.transports.listener import Listener

WRONG_KEY_S = 0.5  # who tries keys waits
RETRY_AFTER_S = 5


class HttpListenTransport:
    """A listening socket and its connections.

    Args:
        link: `http-listen://address:port`; port 0 lets the system choose one.
        limits: What a connection may cost.

    Raises:
        SettingsError: If address or port is missing, an option is wrong, nobody may speak, or a
            certificate cannot be used.

    Attributes:
        on_turned_away: See `KeyCheckingTransport`.
    """

    can_wait: ClassVar[bool] = True
    is_local: ClassVar[bool] = False
    is_stream: ClassVar[bool] = False
    is_live = True
    reopens_when_silent: ClassVar[bool] = False
    can_send: ClassVar[bool] = True

    def __init__(self, link: Link, *, limits: Limits | None = None) -> None:
        if not link.host or link.port is None:
            raise SettingsError(
                "url",
                f"{link.public_url} needs an address and a port: http-listen://127.0.0.1:port",
            )
        options = LinkOptions(link)
        self._open = options.flag("open", default=False)
        self._refuse = options.flag("refuse", default=False)
        self._places = ConnectionSlots.of(options, 128)
        options.finish()
        if not link.keys and not self._open:
            fault = "names the devices that may speak; or the url says ?open=1: anybody may"
            raise SettingsError("secrets_file", fault)
        if link.keys and self._open:
            raise SettingsError("url", "open=1 lets anybody speak for the devices of secrets_file")
        self._keys = Keys(link.keys)
        self._tls = _tls(link)
        self._limits = limits or Limits()
        self._public_url = link.public_url
        self.on_turned_away: TurnAway = lambda _frame, _reason, _names: None
        self._bodies = HttpTransport(replace(link, options=()))
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
        await self._bodies.__aenter__()
        try:
            await self._listener.open()
        except LinkError:
            await self._bodies.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening, tell who still waits, and close every connection."""
        self._listener.stop()
        try:
            await self._bodies.__aexit__(kind, error, trace)
            await asyncio.sleep(0)  # who waited is told so
        finally:
            await self._listener.close()

    async def read(self) -> list[Chunk]:
        """Return the messages that came."""
        return await self._bodies.read()

    async def send(
        self, data: bytes, *, connection: str | None = None, topic: str | None = None
    ) -> None:
        """Have `data` go with the response to the next request of who signed in as `connection`.

        Raises:
            LinkError: If that cannot be; always where nobody signs in, since another might ask
                for what is not its.
        """
        if self._open:
            raise LinkError(self._public_url, "only a device that signs in can be told anything")
        await self._bodies.send(data, connection=connection)

    def now(self) -> datetime:
        """Return the present."""
        return self._bodies.now()

    async def _serve(self, sock: socket.socket, guest: AdmittedConnection) -> None:
        loop, limits = asyncio.get_running_loop(), self._limits
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        secured = self._tls is not None
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol,
                sock,
                ssl=self._tls,
                ssl_handshake_timeout=limits.request_s if secured else None,
                ssl_shutdown_timeout=limits.response_s if secured else None,
            )
        except OSError:  # it speaks no TLS, or has gone
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        peer = HttpPeer(reader, writer, limits)
        guest.leave, guest.idle_since_s = peer.abort, lambda: peer.idle_since_s
        name = writer.get_extra_info("peername")
        source = f"{name[0]}:{name[1]}" if isinstance(name, tuple) else ""
        try:
            await self._converse(peer, source, guest)
        except OSError:  # the client has gone
            pass
        finally:
            writer.close()
            try:
                await writer.wait_closed()
            except (OSError, TimeoutError):  # it had gone before; TLS says so here
                pass

    async def _converse(self, peer: HttpPeer, source: str, guest: AdmittedConnection) -> None:
        try:
            while (request := await peer.request()) is not None:
                status, body, headers = await self._answer(request, source, guest)
                await peer.respond(status, body, headers)
        except HttpRequestError as refused:
            await peer.respond(refused.status, f"{refused.fault}\n".encode(), _TEXT, close=True)

    async def _answer(
        self, request: HttpRequest, source: str, guest: AdmittedConnection
    ) -> tuple[int, bytes, dict[str, str]]:
        """Return status, body and headers that `request` is answered with."""
        if request.method not in ("GET", "POST", "PUT"):
            return 405, b"", {"allow": "GET, POST, PUT"}
        if request.headers.get("content-encoding", "identity") != "identity":
            return 415, b"send it without Content-Encoding\n", _TEXT
        speaks_for: tuple[str, ...] = ()
        claim = claimed(request.headers)
        if not self._open:
            who = self._keys.owner_of(request.headers)
            if who is None:
                return await self._turn_away(request, source)
            speaks_for = self._keys.speaks_for(who, request.headers)
            source = speaks_for[-1]  # of the phones of one key each is told its own
            claim = next((each for each in speaks_for if "/" in each), None)
        self._places.know(guest)
        has_body = bool(request.body)
        topic = f"owntracks/{claim}" if claim and has_body else request.target.partition("?")[0]
        try:
            outcome = await self._bodies.submit(
                request.body if has_body else request.target.encode("latin-1"),
                topic=topic[:_LONGEST_TOPIC],
                source=source,
                speaks_for=speaks_for,
            )
        except LinkError as error:
            self._listener.log_rarely("not_taken", fault=error.fault)
            return 503, b"try again later\n", _TEXT | {"retry-after": str(RETRY_AFTER_S)}
        return self._response(outcome, has_body=has_body)

    async def _turn_away(
        self, request: HttpRequest, source: str
    ) -> tuple[int, bytes, dict[str, str]]:
        path = request.target.partition("?")[0][:_LONGEST_TOPIC]
        reason = "wrong_key" if credentials(request.headers)[1] else "no_key"
        frame = Frame(b"", utc_now(), topic=path, source=source)
        self.on_turned_away(frame, reason, self._keys.names(request))
        await asyncio.sleep(WRONG_KEY_S)
        words = b"no key was sent\n" if reason == "no_key" else b"the key is not good\n"
        return 401, words, _TEXT | _ASK

    def _response(
        self, outcome: HttpOutcome, *, has_body: bool
    ) -> tuple[int, bytes, dict[str, str]]:
        headers = {"content-type": "application/json"} if has_body else dict(_TEXT)
        if outcome.rejected:
            first = outcome.rejected[0]
            why = " ".join(f"{first.reason}: {first.detail}".rstrip(": ").split())
            printable = "".join(c if c.isprintable() else "?" for c in why)
            headers["x-rejected"] = printable[:200].strip()  # no header ends with a blank
            if self._refuse and not outcome.stored:
                return 400, headers["x-rejected"].encode() + b"\n", headers | _TEXT
        if outcome.answer:
            return 200, outcome.answer, headers
        return 200, b"[]" if has_body else b"", headers


_TEXT = {"content-type": "text/plain; charset=utf-8"}
_ASK = {"www-authenticate": 'Basic realm="radio gateway", charset="UTF-8"'}
_LONGEST_TOPIC = 1024


def _tls(link: Link) -> ssl.SSLContext | None:
    """Return a context with the link's certificate; None where it has none."""
    if link.cert_file is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(link.cert_file, link.key_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError("cert_file", f"{link.cert_file}: {error}") from error
    return context
