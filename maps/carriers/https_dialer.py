"""HTTPS dialer: keeps a connection to one counterpart that has an address, both directions in it.

One request waits at the other side until that has something to say, for 25 s at most; what this
side has to say meanwhile leaves at once in a second one. When the link breaks it is tried again
after pauses that grow to a minute, each a little other than the last.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Mapping, Sequence
from time import monotonic
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

import httpx
import msgspec

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
from maps.http.write_limit import WriteLimit
from maps.notifications.errors.errors import TemporaryFailure, Undeliverable
from maps.notifications.outbound_http.allowed_addresses import Network, resolve
from radio_gateway.errors.errors import fault_of
from radio_gateway.links.backoff import STABLE_S, Backoff
from radio_gateway.messages.printable_text import cleaned

if TYPE_CHECKING:
    import httpcore  # httpx brings it

CONNECT_S: Final = 30.0
"""How long TCP, and then TLS, may take: a handshake is 3 kB, 20 s at 1.2 kbit/s."""

_GRACE_S: Final = 20.0
_LONGEST_S: Final = 600.0
_WARM_S: Final = 45.0
"""So often something goes by the second connection: what is urgent finds it open."""

_PAUSE_S: Final = 1.0
_LOOK_S: Final = 5.0
_LONGEST_PAUSE_S: Final = 60.0


class LinkBroken(Exception):
    """A request that was not answered as one counterpart answers another: carries why."""


class HttpsDialer:
    """Dials one counterpart.

    Args:
        link: The link to it.
        context: Our certificate, and its own as the only one that is trusted.
        own: This node.
        networks: Private networks where it may be.
        poll_s: How long an answer may wait, seconds.
    """

    def __init__(
        self,
        link: CounterpartLink,
        context: ssl.SSLContext,
        *,
        own: str,
        networks: Sequence[Network] = (),
        poll_s: float = POLL_S,
    ) -> None:
        self._link, self._context, self._own = link, context, own
        self._networks, self._poll_s = tuple(networks), poll_s
        self._limit = WriteLimit(per_s=10.0, burst=50.0)
        self._replies: Sequence[bytes] = ()
        self._is_answered = False
        self._sockets: deque[httpcore.AsyncNetworkStream] = deque(maxlen=8)  # two are open at most

    async def run(self) -> None:
        """Keep the connection until cancelled, or the card counts no longer."""
        link, addresses = self._link, self._link.card.addresses
        backoff = Backoff(local=False, most_s=_LONGEST_PAUSE_S)
        tried = 0
        while not link.is_closed:
            if self._is_spared():
                await asyncio.sleep(_LOOK_S)
                continue
            link.address = addresses[tried % len(addresses)]
            self._is_answered = False
            try:
                await self._connect(link.address)
            except LinkBroken as error:
                link.lost(f"{link.address}: {error}")
                tried += 1
                # Whoever was met is tried again soon, however short it was: links are cut.
                await asyncio.sleep(backoff.next_s(lasted_s=STABLE_S if self._is_answered else 0.0))

    def _is_spared(self) -> bool:
        """Whether the other side dials: of two that could, the one whose id comes first does."""
        return self._own > self._link.card.node and self._link.is_dialed_by_other

    async def _connect(self, address: str) -> None:
        """Meet the counterpart and exchange what there is, until there is no need to any more.

        Raises:
            LinkBroken: If the connection fails.
        """
        parts = urlsplit(address)
        host, port = parts.hostname or "", parts.port or 443
        try:
            found = await resolve(host, port, self._networks)
        except Undeliverable as error:
            raise LinkBroken(f"{error}: `counterparts.networks` lists private networks") from None
        except TemporaryFailure as error:
            raise LinkBroken(str(error)) from None
        async with httpx.AsyncClient(
            base_url=httpx.URL(scheme="https", host=str(found), port=port),
            headers={"Host": parts.netloc, "Content-Type": MEDIA_TYPE},
            verify=self._context,
            trust_env=False,
            follow_redirects=False,
            limits=httpx.Limits(max_connections=2, keepalive_expiry=2 * _WARM_S),
        ) as client:
            polling = asyncio.ensure_future(self._poll(client))
            sending = asyncio.ensure_future(self._send(client))
            try:
                await asyncio.wait((polling, sending), return_when=asyncio.FIRST_COMPLETED)
            finally:
                polling.cancel()
                sending.cancel()
                ended = await asyncio.gather(polling, sending, return_exceptions=True)
                await self._close_sockets()
        for each in ended:
            if isinstance(each, Exception):
                raise each

    async def _note_socket(self, event: str, info: Mapping[str, Any]) -> None:
        """Note each connection: httpx leaves one open that is cancelled in its TLS handshake."""
        if event == "connection.connect_tcp.complete":
            self._sockets.append(info["return_value"])

    async def _close_sockets(self) -> None:
        """Close all connections, whatever became of them."""
        while self._sockets:
            await self._sockets.pop().aclose()

    async def _poll(self, client: httpx.AsyncClient) -> None:
        """Say hello, and let each answer wait until the other side has something to say."""
        link = self._link
        try:
            await self._exchange(client, [link.hello()])
        except LinkBroken as error:
            if isinstance(
                error.__cause__, ConnectionResetError | BrokenPipeError
            ):  # in TLS 1.3 it lets us speak first
                raise LinkBroken(f"{error} before an answer: it may not know our card") from None
            raise
        if not link.is_met:
            raise LinkBroken(link.health().refused_by_them or "a hello was not answered by one")
        wait_s = 0.0  # they know our clock at once, too
        while not (link.is_closed or self._is_spared()):
            began_s = monotonic()
            brought = await self._exchange(client, [link.hello()], wait_s=wait_s)
            if brought <= 1 and monotonic() - began_s < wait_s / 2:
                await asyncio.sleep(_PAUSE_S)  # it ended early and had nothing but a hello to say
            wait_s = self._poll_s

    async def _send(self, client: httpx.AsyncClient) -> None:
        """Send what is due, whenever something is; keep the second connection open."""
        link = self._link
        is_open = False
        while not link.is_closed:
            woken = link.woken
            made = await link.outgoing(ROOM)
            if not made and (is_open or not link.is_met):
                try:
                    async with asyncio.timeout(_WARM_S):
                        await woken.wait()
                        continue
                except TimeoutError:
                    pass
            await self._exchange(client, made)
            is_open = True

    async def _exchange(
        self, client: httpx.AsyncClient, messages: Sequence[bytes], *, wait_s: float | None = None
    ) -> int:
        """Send envelopes and take those of the answer; return how many it had.

        Args:
            client: The connection.
            messages: Sealed envelopes.
            wait_s: How long the answer may wait for something to say; None: not at all.

        Raises:
            LinkBroken: If there is no such answer.
        """
        try:
            self._limit.take("")
        except TooManyWrites as error:  # it answers without end
            await asyncio.sleep(error.wait_s)
        longest_s = wait_s or 0.0
        timeout = httpx.Timeout(CONNECT_S, read=longest_s + _GRACE_S, write=_GRACE_S)
        request = client.build_request(
            "POST",
            PATH,
            content=write_messages(messages),
            headers={} if wait_s is None else {"Prefer": f"wait={wait_s:.0f}"},
            timeout=timeout,
            extensions={"trace": self._note_socket},
        )
        try:
            async with asyncio.timeout(longest_s + _LONGEST_S):
                answer = await client.send(request, stream=True)
                try:
                    body = await _body(answer)
                finally:
                    await answer.aclose()
                received = read_messages(body)
        except TimeoutError:
            raise LinkBroken("no whole answer in time") from None
        except msgspec.DecodeError as error:
            raise LinkBroken(f"an answer is no list of envelopes: {error}") from None
        except (httpx.HTTPError, OSError) as error:
            cause = root_of(error)
            raise LinkBroken(fault_words(cause)) from cause
        self._is_answered = True
        replies = await self._link.receive(received, by="dialed")
        if replies and messages is not self._replies:
            self._replies = replies  # what is answered to these is not answered in turn
            await self._exchange(client, replies)
        return len(received)


async def _body(answer: httpx.Response) -> bytes:
    """Return the body of an answer.

    Raises:
        LinkBroken: If it is too long, or says that the request was not taken.
    """
    body = bytearray()
    async for piece in answer.aiter_raw():
        body += piece
        if len(body) > LONGEST_MESSAGE:
            raise LinkBroken(f"an answer has more than {LONGEST_MESSAGE} bytes")
    if answer.status_code != 200:
        told = cleaned(body[:200].decode(errors="replace"), " ")
        raise LinkBroken(f"answered {answer.status_code}: {told}")
    return bytes(body)


def root_of(error: BaseException) -> BaseException:
    """Return what an error goes back to in the end."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return error


def fault_words(cause: BaseException) -> str:
    """Return why a request failed, in English, of what that goes back to."""
    if isinstance(cause, ssl.SSLCertVerificationError):
        return "it shows another certificate than its card has"
    if isinstance(cause, ssl.SSLError) and "unknown ca" in str(cause):
        return "it does not know our card"
    return fault_of(cause) if isinstance(cause, OSError) else str(cause) or type(cause).__name__
