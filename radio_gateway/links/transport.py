"""Chunk: bytes a transport has read; Transport: what hands them over.

Transports move bytes and know no protocol; what the bytes mean is found out later. A transport is
an async context manager (open while inside) whose `read` waits for what arrives.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Protocol, Self, runtime_checkable

import msgspec

from radio_gateway.decoding.framing import Frame
from radio_gateway.health.health import RejectedFrame

Judged = Callable[[int, list[RejectedFrame]], None]
Reply = Callable[[bytes], None]
TurnAway = Callable[[Frame, str, tuple[str, ...]], None]


class Chunk(msgspec.Struct, frozen=True, gc=False):
    """Bytes read at one moment from one connection.

    Attributes:
        data: The bytes; may be empty when `ended`.
        heard_at: When they were read, aware UTC.
        connection: What keeps the senders of one link apart (peer address, topic); each has its
            own framer and decoder.
        topic: MQTT topic or HTTP path, where there is one.
        source: Peer address, where there is one.
        whole: The bytes are complete messages (a datagram, an MQTT message, an HTTP body), not
            part of a stream.
        ended: The connection has ended with these bytes.
        resent: The link says that it may have handed this over before (MQTT DUP).
        speaks_for: Devices that whoever signed in may speak for, its own name first; one that ends
            with `*` stands for all that begin so. Empty: the link does not know.
        stored: To be called once everything in the chunk is stored or rejected; None when the
            sender waits for no answer.
        judged: To be called, before `stored`, with the number of transmissions decoded and what
            was rejected; None when the sender does not want to know.
        understood: To be called when a frame that these bytes complete is understood; None when
            the transport does not want to know.
        reply: Sends bytes back to the sender, as far as the link still stands; never raises and
            never blocks. None where the link has no way back.
    """

    data: bytes
    heard_at: datetime
    connection: str = ""
    topic: str | None = None
    source: str | None = None
    whole: bool = False
    ended: bool = False
    resent: bool = False
    speaks_for: tuple[str, ...] = ()
    stored: Callable[[], None] | None = None
    judged: Judged | None = None
    understood: Callable[[], None] | None = None
    reply: Reply | None = None


class Transport(Protocol):
    """Moves bytes of one link; may be opened again after it was closed.

    Attributes:
        can_wait: Its senders keep what is not read yet (MQTT, TCP, HTTP), so that it is better
            left unread than dropped.
        is_local: A device of this machine: worth trying again at once.
        is_stream: Bytes flow without borders, so that only one framing can cut them.
        is_live: What is read was said just now; False for a recording of unknown age.
        reopens_when_silent: A dead peer may look like silence, so that a link that is silent for
            too long should be opened again.
        can_send: `send` can do more than raise.
        fault: What is not well although the link is open; None when it is well.
    """

    is_live: bool

    @property
    def can_wait(self) -> bool:
        """See the attributes."""

    @property
    def is_local(self) -> bool:
        """See the attributes."""

    @property
    def is_stream(self) -> bool:
        """See the attributes."""

    @property
    def reopens_when_silent(self) -> bool:
        """See the attributes."""

    @property
    def can_send(self) -> bool:
        """See the attributes."""

    @property
    def fault(self) -> str | None:
        """See the attributes."""

    async def __aenter__(self) -> Self:
        """Open the link.

        Raises:
            LinkError: If it cannot be opened.
        """

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the link and give back every descriptor."""

    async def read(self) -> list[Chunk]:
        """Wait for what arrives and return all of it; empty when nothing will come any more.

        Raises:
            LinkError: If the link broke; what arrived before was returned before.
        """

    async def send(
        self, data: bytes, *, connection: str | None = None, topic: str | None = None
    ) -> None:
        """Send `data` and wait until the system, or the broker, has taken it.

        Args:
            data: What to send.
            connection: Which of the link's connections (`Chunk.connection`); all when None.
            topic: MQTT topic; needed there and not used elsewhere.

        Raises:
            LinkError: If the link is closed, has no such connection, or carries nothing that way.
        """

    def now(self) -> datetime:
        """Return the present on the clock of `Chunk.heard_at`, aware UTC."""


@runtime_checkable
class WindowedTransport(Protocol):
    """A transport whose sender may send only so much before it is answered (MQTT).

    Attributes:
        on_much: Called when so much has come that it is not worth letting more gather.
        at_once: How many chunks a read returns at most. Once so many are heard, those wait to be
            taken before more is read: less than all that may be under way, so that some are left to
            be heard while these are stored.
    """

    on_much: Callable[[], None] | None
    at_once: int


@runtime_checkable
class KeyCheckingTransport(Protocol):
    """A transport that lets only those in who show a good key.

    Attributes:
        on_turned_away: Called with where a request came from (no bytes), `wrong_key` or `no_key`,
            and the names that its sender goes by; never with a key.
    """

    on_turned_away: TurnAway
