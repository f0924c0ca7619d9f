"""HTTP: `http:`; messages that a web server received and hands in.

Has no socket of its own: the web server that people use takes the requests, checks who sends them
and calls `submit`, which answers once everything in the body is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Self

import msgspec
from msgspec.structs import replace

from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import LinkError
from radio_gateway.health.health import RejectedFrame
from radio_gateway.links.link_url import Link, LinkOptions
from radio_gateway.links.receive_buffer import Mailbox
from radio_gateway.links.transport import Chunk

MAX_WAITING = 1000
MAX_OUTBOX = 10  # messages that wait for one sender's next request
STORED_WITHIN_S = 30.0
CLOSES_WITHIN_S = 2.0  # of storing what was heard


class HttpOutcome(msgspec.Struct, frozen=True):
    """What became of one body.

    Attributes:
        stored: Transmissions decoded and stored.
        rejected: What was not understood, with reasons.
        answer: What is owed or to be said to the sender, to be the body of the response.
    """

    stored: int
    rejected: list[RejectedFrame]
    answer: bytes = b""


class HttpTransport:
    """Hands the bodies of requests to its channel.

    Args:
        link: `http:`.

    Raises:
        SettingsError: If an option is given.
    """

    can_wait: ClassVar[bool] = True
    is_local: ClassVar[bool] = True
    is_stream: ClassVar[bool] = False
    is_live = True
    reopens_when_silent: ClassVar[bool] = False
    can_send: ClassVar[bool] = True
    fault: ClassVar[str | None] = None

    def __init__(self, link: Link) -> None:
        LinkOptions(link).finish()
        self._public_url = link.public_url
        self._mailbox: Mailbox | None = None
        self._waiting: dict[Callable[[], None], asyncio.Future[None]] = {}
        self._full = False
        self._outbox: dict[str, list[tuple[bytes, asyncio.Future[None]]]] = {}

    async def __aenter__(self) -> Self:
        """Accept bodies from now on."""
        self._mailbox, self._full = Mailbox(), False
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Accept no more, and tell who still waits to come again.

        Whose body was heard waits a moment longer: it will be stored all the same, and a tracker
        that sends no time of its own and comes again would be stored twice.
        """
        assert self._mailbox is not None
        unheard = {chunk.stored for chunk in self._mailbox.drain()}
        self._mailbox = None
        self._refuse(answer for stored, answer in self._waiting.items() if stored in unheard)
        try:
            if unanswered := [answer for answer in self._waiting.values() if not answer.done()]:
                await asyncio.wait(unanswered, timeout=CLOSES_WITHIN_S)
        finally:
            self._refuse(self._waiting.values())
            self._refuse(taken for waits in self._outbox.values() for _, taken in waits)

    def _refuse(self, answers: Iterable[asyncio.Future[None]]) -> None:
        for answer in answers:
            if not answer.done():
                answer.set_exception(LinkError(self._public_url, "the channel was closed"))

    async def read(self) -> list[Chunk]:
        """Return the bodies that came."""
        assert self._mailbox is not None
        return await self._mailbox.take()

    async def send(
        self, data: bytes, *, connection: str | None = None, topic: str | None = None
    ) -> None:
        """Have `data` go with the response to the sender's next request, and wait for that.

        Raises:
            LinkError: If no sender is named, or too much waits for it.
        """
        waits = self._outbox.setdefault(connection or "", [])
        if not connection or self._mailbox is None or len(waits) >= MAX_OUTBOX:
            if not waits:
                del self._outbox[connection or ""]
            raise LinkError(self._public_url, f"{connection or 'nobody'} can be told nothing now")
        taken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waits.append((data, taken))
        try:
            await taken
        finally:
            if (data, taken) in waits:
                waits.remove((data, taken))
            if not waits:
                self._outbox.pop(connection, None)

    def now(self) -> datetime:
        """Return the present."""
        return utc_now()

    async def submit(
        self,
        body: bytes,
        *,
        topic: str = "",
        source: str = "",
        speaks_for: tuple[str, ...] = (),
    ) -> HttpOutcome:
        """Hand in one body and wait until all of it is stored or rejected.

        Args:
            body: One whole body.
            topic: What its sender claims to be, as the protocol wants it (OwnTracks:
                `owntracks/user/device`), or the path of the request.
            source: Who sent it: an address, or better the name that signed in.
            speaks_for: As in `Chunk`.

        Raises:
            LinkError: If the channel does not run, too many wait already, or it was not stored
                within 30 s; the sender should try again later.
        """
        if self._mailbox is None:
            raise LinkError(self._public_url, "the channel does not run")
        if len(self._waiting) >= MAX_WAITING:
            raise LinkError(self._public_url, f"{MAX_WAITING} bodies wait already")
        if self._full:
            raise LinkError(self._public_url, "too many bytes wait already")
        answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        outcome = HttpOutcome(0, [])
        owed: list[bytes] = []

        def judged(transmissions: int, rejected: list[RejectedFrame]) -> None:
            nonlocal outcome
            outcome = HttpOutcome(transmissions, rejected)

        def stored() -> None:
            if not answer.done():
                answer.set_result(None)

        room = self._mailbox.put(
            Chunk(
                body,
                utc_now(),
                connection=source,
                topic=topic or None,
                source=source or None,
                whole=True,
                ended=True,
                speaks_for=speaks_for,
                stored=stored,
                judged=judged,
                reply=owed.append,
            )
        )
        if not room:
            self._full = True
            self._mailbox.call_when_empty(self._resume)
        self._waiting[stored] = answer
        try:
            async with asyncio.timeout(STORED_WITHIN_S):
                await answer
        except TimeoutError as error:
            fault = f"not stored within {STORED_WITHIN_S:g} s"
            raise LinkError(self._public_url, fault) from error
        finally:
            del self._waiting[stored]
        for data, taken in list(self._outbox.get(source, ())):
            if not taken.done():
                taken.set_result(None)
                owed.append(data)
        return replace(outcome, answer=as_body(owed))

    def _resume(self) -> None:
        self._full = False


def as_body(parts: list[bytes]) -> bytes:
    """Return what is to be said as one body: JSON objects in an array, as OwnTracks wants them.

    >>> as_body([b'{"a":1}', b'{"b":2}']), as_body([b"ON"]), as_body([])
    (b'[{"a":1},{"b":2}]', b'ON', b'')
    """
    if parts and all(part.startswith(b"{") for part in parts):
        return b"[" + b",".join(parts) + b"]"
    return b"".join(parts)
