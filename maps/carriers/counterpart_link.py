"""Counterpart link: what passes between this node and one counterpart, by whatever connection.

Both ends of a connection use the same: what came is handed in by `receive`, and what leaves next is
asked of `outgoing`. One link may have several connections at a time: one whose answer waits until
there is something to say, and another for what this side has to say meanwhile.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime
from time import monotonic
from typing import Final

import msgspec
import structlog

from patrol.counterparts.card import NodeCard
from patrol.errors.errors import PatrolError, StoreError
from patrol.exchange.body_kinds import BodyKinds
from patrol.exchange.envelope import (
    HELLO,
    REFUSAL,
    EnvelopeRefusal,
    EnvelopeRefused,
    NodeEnvelope,
    seal,
    unseal,
)
from patrol.exchange.hello import (
    ClockDifference,
    NodeHello,
    better_of,
    clock_difference,
    decode_hello,
    encode_hello,
)
from patrol.exchange.link_health import CounterpartLinkHealth, LinkDirection
from patrol.exchange.session import ExchangeSession
from patrol.signatures.signing_key import SigningKey
from radio_gateway.parsing.msgspec_decoders import msgpack_decoder

POLL_S: Final = 25.0
"""How long an answer waits for something to say."""

SILENT_S: Final = 70.0
"""A link on which no word came for so long is not open: two turns and more."""

LONGEST_BODY: Final = 256 * 1024
"""Most bytes of one body that a kind makes."""

_LONGEST_REASON: Final = 300
_ENOUGH: Final = 64  # envelopes of one answer, before the last kind that has some to say
_log = structlog.get_logger(__name__)


class CounterpartLink:
    """The link to one counterpart.

    Args:
        card: Its card.
        own: This node.
        key: Signs what this node sends.
        kinds: What bodies there are.
        software: Version of our software.
        now: Clock, aware UTC.

    Attributes:
        card: As given.
        address: Where this node dials it; empty if it does not.
        is_closed: Its card counts no longer: nothing comes or leaves by it.
        woken: Set once something may be due that was not when this was looked at; then another
            one stands here.
    """

    def __init__(
        self,
        card: NodeCard,
        *,
        own: str,
        key: SigningKey,
        kinds: BodyKinds,
        software: str,
        now: Callable[[], datetime],
    ) -> None:
        self.card: Final = card
        self.address = ""
        self.is_closed = False
        self._own, self._key, self._kinds = own, key, kinds
        self._software, self._now = software, now
        self._session = ExchangeSession(own, card.node, secrets.token_urlsafe(12))
        self._turn = asyncio.Lock()  # what came is taken in order, and nothing leaves twice
        self.woken = asyncio.Event()
        self._begun = ""
        self._word_s = self._received_s = float("-inf")
        self._last_word_at: datetime | None = None
        self._direction: LinkDirection = "none"
        self._echo: tuple[datetime, datetime] | None = None
        self._clock: ClockDifference | None = None
        self._hello: NodeHello | None = None
        self._fault: tuple[str, datetime] | None = None
        self._opened_at: datetime | None = None
        self._closed_at = now()
        self._refused = 0
        self._refused_last: tuple[str, datetime] | None = None
        self._refused_by_them: tuple[str, datetime] | None = None

    @property
    def is_met(self) -> bool:
        """Whether the counterpart's session is known: what is sent will be taken as new."""
        return bool(self._session.other_name)

    @property
    def clock(self) -> ClockDifference | None:
        """How far its clock is from ours; None: not measured yet."""
        return self._clock

    @property
    def is_dialed_by_other(self) -> bool:
        """Whether the counterpart's word came lately by a connection that it opened."""
        return monotonic() - self._received_s <= SILENT_S

    async def receive(self, messages: Sequence[bytes], *, by: LinkDirection) -> list[bytes]:
        """Take envelopes that came; what they bring is stored when this returns.

        Args:
            messages: As they came.
            by: Which side opened the connection.

        Returns:
            What is to be answered at once, sealed: a hello to who knows no session of ours, and
            refusals. None of it changes anything here.
        """
        replies: list[bytes] = []
        async with self._turn:
            for message in messages:
                if not self.is_closed:
                    replies += await self._take(message, by)
        return replies

    def hello(self) -> bytes:
        """Return our word that we are here, sealed."""
        now = self._now()
        return self._seal(HELLO, self._hello_body(now, self._echo), now)

    async def outgoing(self, room: int) -> list[bytes]:
        """Return what is to leave now, sealed, of some `room` bytes; nothing before we have met."""
        made: list[bytes] = []
        async with self._turn:
            for kind in self._kinds:
                if room <= 0 or len(made) >= _ENOUGH or not self.is_met or self.is_closed:
                    break
                if self._hello is None or kind.name not in self._hello.kinds:
                    continue  # it does not understand that
                for body in await kind.due(self.card.node, min(room, LONGEST_BODY)):
                    sealed = self._seal(kind.name, body, self._now())
                    made.append(sealed)
                    room -= len(sealed)
        return made

    def wake(self) -> None:
        """Say that something may be due, or that the link is closed."""
        woken, self.woken = self.woken, asyncio.Event()
        woken.set()

    def lost(self, fault: str) -> None:
        """Note that a connection failed that this side had opened: what left by it may be lost.

        Args:
            fault: Why, in English.
        """
        now = self._now()
        if self._fault is None or self._fault[0] != fault:
            self._fault = (fault, now)
            _log.warning("counterpart_link", node=self.card.node, fault=fault)
        if self._opened_at is not None:
            self._opened_at, self._closed_at = None, now
        for kind in self._kinds:
            kind.begin(self.card.node)

    def note_refused(self, reason: str) -> None:
        """Note that what came was not taken, for a reason in English."""
        self._refused += 1
        self._refused_last = (reason[:_LONGEST_REASON], self._now())
        _log.warning("counterpart_refused", node=self.card.node, fault=reason)

    def close(self) -> None:
        """End it: the card counts no longer."""
        self.is_closed = True
        self.wake()

    def health(self) -> CounterpartLinkHealth:
        """Return how it fares."""
        is_open = self._opened_at is not None and monotonic() - self._word_s <= SILENT_S
        if not is_open and self._opened_at is not None and self._last_word_at is not None:
            self._opened_at, self._closed_at = None, self._last_word_at
        hello, fault = self._hello, None if is_open else self._fault
        return CounterpartLinkHealth(
            node=self.card.node,
            is_open=is_open,
            since=self._opened_at or self._closed_at,
            direction=self._direction,
            address=self.address,
            last_word_at=self._last_word_at,
            clock=self._clock,
            software="" if hello is None else hello.software,
            kinds=() if hello is None else hello.kinds,
            fault=None if fault is None else fault[0],
            fault_since=None if fault is None else fault[1],
            refused=self._refused,
            refused_last=None if self._refused_last is None else self._refused_last[0],
            refused_at=None if self._refused_last is None else self._refused_last[1],
            refused_by_them=None if self._refused_by_them is None else self._refused_by_them[0],
            refused_by_them_at=None if self._refused_by_them is None else self._refused_by_them[1],
        )

    async def _take(self, message: bytes, by: LinkDirection) -> list[bytes]:
        """Take one envelope; return what is to be answered at once."""
        envelope: NodeEnvelope | None = None
        try:
            envelope = unseal(message, public=self.card.signing_key, node=self.card.node)
            if not self._session.accept(envelope):
                return [self._answer(envelope)]
            self._note_word(by)
            await self._read(envelope, message)
        except EnvelopeRefused as error:
            return self._refuse(envelope, error.code, error.reason)
        except StoreError as error:
            public = "not stored now: it is to come again"  # a store's words name machines, files
            return self._refuse(envelope, "not_stored", f"not stored: {error}", public=public)
        except PatrolError as error:
            return self._refuse(envelope, "refused", str(error))
        return []

    async def _read(self, envelope: NodeEnvelope, message: bytes) -> None:
        """Read an envelope that is proven to be the counterpart's and new."""
        try:
            if envelope.kind == HELLO:
                self._note_hello(envelope, decode_hello(envelope.body))
                return
            if envelope.kind == REFUSAL:
                self._note_refusal(_decode_refusal(envelope.body))
                return
        except msgspec.DecodeError as error:
            raise EnvelopeRefused(
                f"a {envelope.kind} cannot be read: {error}",
                code="unreadable",
                sequence=envelope.sequence,
            ) from None
        kind = self._kinds.find(envelope.kind)
        if kind is None:
            raise EnvelopeRefused(
                f"no body of kind {envelope.kind[:64]!r} is understood here",
                code="kind",
                sequence=envelope.sequence,
            )
        await kind.take(self.card.node, envelope.body, message)

    def _answer(self, envelope: NodeEnvelope) -> bytes:
        """Return the answer to a hello that is not proven to be new: nothing is noted of it."""
        now = self._now()
        try:
            echo = (decode_hello(envelope.body).at, now)
        except msgspec.DecodeError:
            raise EnvelopeRefused(
                "a hello cannot be read", code="unreadable", sequence=envelope.sequence
            ) from None
        return self._seal(HELLO, self._hello_body(now, echo), now, to_session=envelope.session)

    def _refuse(
        self, envelope: NodeEnvelope | None, code: str, reason: str, *, public: str = ""
    ) -> list[bytes]:
        """Note that an envelope is not taken; return what its sender is told: why, or less."""
        self.note_refused(reason)
        reason = public or reason
        now = self._now()
        if envelope is None:  # who wrote it is not known: what we tell names no number and session
            if not self.is_met:
                return []
            unread = EnvelopeRefusal(sequence=0, code=code, reason=reason[:_LONGEST_REASON])
            return [self._seal(REFUSAL, _encode_refusal(unread), now)]
        if envelope.kind == REFUSAL:  # a refusal of a refusal would go on for ever
            return []
        refusal = EnvelopeRefusal(
            sequence=envelope.sequence, code=code, reason=reason[:_LONGEST_REASON]
        )
        session = envelope.session
        told = [self._seal(REFUSAL, _encode_refusal(refusal), now, to_session=session)]
        if code == "session":  # it does not know that we have started anew
            told.append(self._seal(HELLO, self._hello_body(now, None), now, to_session=session))
        return told

    def _note_word(self, by: LinkDirection) -> None:
        self._word_s, self._last_word_at, self._direction = monotonic(), self._now(), by
        if by == "listening":
            self._received_s = self._word_s
        if self._opened_at is None:
            self._opened_at = self._last_word_at
        self._fault = None

    def _note_hello(self, envelope: NodeEnvelope, hello: NodeHello) -> None:
        now = self._now()
        self._hello, self._echo = hello, (hello.at, now)
        measured = clock_difference(hello, now)
        if measured is not None:
            self._clock = better_of(self._clock, measured)
        if self._begun != envelope.session:
            self._begun = envelope.session
            for kind in self._kinds:
                kind.begin(self.card.node)
            self.wake()

    def _note_refusal(self, refusal: EnvelopeRefusal) -> None:
        self._refused_by_them = (refusal.reason[:_LONGEST_REASON], self._now())

    def _hello_body(self, now: datetime, echo: tuple[datetime, datetime] | None) -> bytes:
        echo_at, echo_received_at = (None, None) if echo is None else echo
        return encode_hello(
            NodeHello(
                software=self._software,
                kinds=(HELLO, REFUSAL, *self._kinds.names),
                at=now,
                echo_at=echo_at,
                echo_received_at=echo_received_at,
            )
        )

    def _seal(
        self, kind: str, body: bytes, now: datetime, *, to_session: str | None = None
    ) -> bytes:
        envelope = self._session.envelope(kind, body, now, to_session=to_session)
        return seal(envelope, self._key)


_encode_refusal = msgspec.msgpack.Encoder().encode
_decode_refusal = msgpack_decoder(EnvelopeRefusal).decode
