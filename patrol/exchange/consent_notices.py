"""Consent notices: a node says again and again that its parties still consent, before all else.

They go in lane 1, several in the time for which one is good, and at once when a party says
something: that it withholds its consent is with the other node before the statement of it. They are
no statements: only the newest counts, and one that is lost is made up for by the next. One may come
before the statement by which the other node learns of the agreement, and is nothing to it then; so
what is new is told again soon, and ever less often until it is as often as is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple

import msgspec

from patrol.agreements.agreement import Agreement
from patrol.agreements.consent_lease import (
    MOST_PER_FRESHNESS,
    ConsentNotice,
    ReceivedNotice,
    earliest,
    last_counter,
    notice_of,
)
from patrol.documents.document import Document
from patrol.errors.errors import Conflict
from patrol.exchange.body_kinds import BodyKinds
from patrol.exchange.hello import ClockDifference
from patrol.filing.file_documents import DocumentService
from patrol.sharing.consent_leases import ConsentLeases
from patrol.store.records import consent_notices
from patrol.store.store import Store
from radio_gateway.parsing.msgspec_decoders import msgpack_decoder

CONSENT_LANE: Final = 1

MOST_NOTICES: Final = 200
"""Notices of one body."""

_OFTEN: Final = timedelta(seconds=5)
_SELDOM: Final = timedelta(minutes=5)


class ConsentBody(msgspec.Struct, frozen=True, kw_only=True):
    """The body of kind `consent`.

    Attributes:
        at: When it was made, by the sender's clock, aware UTC.
        notices: One for each agreement and party of the sender's that has said something.
    """

    at: datetime
    notices: tuple[ConsentNotice, ...]


class _Sent(NamedTuple):
    """What a node was told last: when, and after how long it is to be told again at the latest."""

    at: datetime
    notices: tuple[ConsentNotice, ...]
    pause: timedelta


class ConsentNotices:
    """Tells counterparts that the parties of this node consent, and notes what theirs tell.

    Args:
        kinds: Carries it.
        document_service: Says how agreements stand, and when that changes.
        store: Where what came outlasts a restart.
        leases: What follows from it.
        node: This node.
        agencies: Those of this node.
        agencies_of: Returns those on the card of each confirmed counterpart, by its node.
        clock_of: Returns how far another node's clock is from ours; None: not measured.
        publish: Tells viewers that what they may see may have changed.
        now: Clock, aware UTC.

    Attributes:
        name: What envelopes call it.
        lane: Where it leaves.
    """

    name: Final = "consent"
    lane: Final = CONSENT_LANE

    def __init__(
        self,
        kinds: BodyKinds,
        document_service: DocumentService,
        store: Store,
        leases: ConsentLeases,
        *,
        node: str,
        agencies: Collection[str],
        agencies_of: Callable[[], Mapping[str, Collection[str]]],
        clock_of: Callable[[str], ClockDifference | None],
        publish: Callable[[], None],
        now: Callable[[], datetime],
    ) -> None:
        self._kinds, self._store, self._leases = kinds, store, leases
        self._open_documents = document_service.open_documents
        self._node, self._agencies = node, frozenset(agencies)
        self._agencies_of, self._clock_of = agencies_of, clock_of
        self._publish, self._now = publish, now
        self._ended: dict[str, Agreement] = {}
        self._sent: dict[str, _Sent] = {}
        document_service.listeners.append(self._see)
        kinds.add(self)

    async def load(self) -> None:
        """Take up what counterparts said before this start.

        Raises:
            StoreError: If the store refuses.
        """
        self._leases.load(await self._store.read(consent_notices.all_received))
        self._publish()

    def look(self, nodes: Iterable[str]) -> None:
        """Wake the carrier for each node that is to be told something by now."""
        for node in nodes:
            if self._due(node):
                self._kinds.wake(node)

    async def due(self, node: str, room: int) -> Sequence[bytes]:  # noqa: ARG002 - it is small
        """Return what is to be said to a counterpart now."""
        notices = self._due(node)
        if not notices:
            return ()
        now, before = self._now(), self._sent.get(node)
        pause = _OFTEN
        if before is not None and before.notices == notices:
            pause = min(2 * before.pause, _SELDOM)
        self._sent[node] = _Sent(now, notices, pause)
        return (msgspec.msgpack.encode(ConsentBody(at=now, notices=notices)),)

    def begin(self, node: str) -> None:
        """Begin a session: what was said may have been lost."""
        self._sent.pop(node, None)

    async def take(self, node: str, body: bytes, message: bytes) -> None:  # noqa: ARG002
        """Take what a counterpart says of its parties; stored when this returns.

        Raises:
            Conflict: If it speaks for others, or is out of bounds.
            StoreError: If the store refuses.
        """
        said = _read(body)
        now, clock = self._now(), self._clock_of(node)
        made_at = earliest(
            said.at,
            now,
            difference_s=None if clock is None else clock.difference_s,
            error_s=0.0 if clock is None else clock.error_s,
        )
        theirs = self._agencies_of().get(node, ())
        for each in said.notices:
            if each.agency not in theirs:
                raise Conflict(f"`notices.agency`: {each.agency[:64]!r} is no agency of {node}")
        received = [
            ReceivedNotice(notice=each, made_at=made_at, received_at=now)
            for each in said.notices
            if self._is_party(each)
        ]
        await self._store.write(consent_notices.put_received, node, received, origin=self._node)
        self._leases.load(received)
        self._publish()

    # -- inside

    def _is_party(self, notice: ConsentNotice) -> bool:
        agreement = self._open_documents.find(Agreement, notice.agreement)
        return agreement is not None and notice.agency in agreement.agencies

    def _see(self, filed: Sequence[Document]) -> None:
        """Note that words were said: they may change what is to be told, and end an agreement."""
        for each in filed:
            if isinstance(each, Agreement) and each.proposed_at is not None:
                if each.is_closed:
                    self._ended[each.id] = each
                self._kinds.wake()

    def _due(self, node: str) -> tuple[ConsentNotice, ...]:
        """Return what is to be told; none while that was told lately."""
        notices, freshness_s = self._notices(node)
        if not notices or node not in self._sent:
            return notices
        sent = self._sent[node]
        every = timedelta(seconds=freshness_s / MOST_PER_FRESHNESS)
        every = min(max(every, _OFTEN), sent.pause)
        is_late = not timedelta() <= self._now() - sent.at < every
        return notices if is_late or notices != sent.notices else ()

    def _notices(self, node: str) -> tuple[tuple[ConsentNotice, ...], float]:
        """Return what there is to tell a node, and for how long that is good at least, seconds."""
        theirs = self._agencies_of().get(node, ())
        found: list[ConsentNotice] = []
        freshness_s = _SELDOM.total_seconds() * MOST_PER_FRESHNESS
        for agreement in (*self._open_documents.all(Agreement), *self._ended.values()):
            if agreement.proposed_at is None or not set(theirs) & set(agreement.agencies):
                continue
            for agency in agreement.agencies:
                if agency in self._agencies and last_counter(agreement, agency):
                    found.append(notice_of(agreement, agency))
                    freshness_s = min(freshness_s, agreement.terms.freshness_s)
        return tuple(found[-MOST_NOTICES:]), freshness_s


def _read(body: bytes) -> ConsentBody:
    try:
        said: ConsentBody = msgpack_decoder(ConsentBody).decode(body)
    except (msgspec.MsgspecError, ValueError) as error:
        raise Conflict(f"no consent: {error}") from None
    if said.at.tzinfo is None:
        raise Conflict("no consent: `at` has no offset")
    if len(said.notices) > MOST_NOTICES:
        raise Conflict(f"no consent: `notices` has {len(said.notices)}, {MOST_NOTICES} is the most")
    for each in said.notices:
        if not 0 <= each.counter <= 10**6:
            raise Conflict("no consent: `notices.counter` is none of 0 to 1000000")
        if max(len(each.agreement), len(each.agency), len(each.text_sha256)) > 64:
            raise Conflict("no consent: a line of `notices` is longer than 64 characters")
    return said
