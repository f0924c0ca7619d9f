"""Duplicates: the same radio message received more than once, known by its content.

Compared in heard time, in both directions, so that the order of arrival changes nothing. Of all
receptions of one message the one that was heard first stands for it, whichever came first.

Memory answers for what was heard lately. `query` says what it cannot answer, since it may have
forgotten that; the store is asked for all of a batch at once and the batch joined after `learn`.
Nothing is forgotten before `settle`, when the batch is on disk.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec

from patrol.reception.bounded_dict import are_too_many, drop_oldest
from patrol.reception.message_ids import MessageIds, StoredNeighbours
from patrol.reception.recent_messages import ALWAYS, KnownReception, RecentMessages
from patrol.reception.record import Record, named_gid, unsorted_gid

REMEMBERED: Final = 200_000
"""Names of messages remembered, of all kinds together; at 400 a second more than eight minutes."""

SAME_CONTENT: Final = 8
"""Messages of one sender with one content that are remembered: a moored boat repeats itself."""

RESENT_FOR_S: Final = 24 * 3600.0
"""How much later a link may hand over a message again; after that, equal words are new words."""


class DuplicateQuery(msgspec.Struct, eq=False):
    """What the store is asked about one batch.

    Attributes:
        gids: Messages that name themselves, under each id that one may be stored under.
        receptions: Reception ids.
        spans: Address, heard time and how far around it to look, seconds.
        neighbours_of: Names, at most one: which stored ones are nearest to it.
    """

    gids: list[bytes] = []
    receptions: list[str] = []
    spans: list[tuple[str, datetime, float]] = []
    neighbours_of: list[bytes] = []

    def halves(self) -> list[DuplicateQuery]:
        """Return the same in parts; none if it is one thing only."""
        parts: list[DuplicateQuery] = []
        names = [name for name in self.__struct_fields__ if getattr(self, name)]
        for name in names:
            items = getattr(self, name)
            middle = len(items) // 2 if len(names) == 1 else len(items)
            for some in (items[:middle], items[middle:]):
                if some:
                    part = DuplicateQuery()
                    setattr(part, name, some)
                    parts.append(part)
        return parts if len(parts) > 1 else []


class StoredMessage(NamedTuple):
    """A message that is stored.

    Attributes:
        address: The address it is kept under.
        content: Its duplicate key; None if it has none.
        channel: Channel of the reception that stands for it.
        raw: Its bytes where it has no key.
        reception: The reception that stands for it.
    """

    address: str
    content: str | None
    channel: str
    raw: bytes | None
    reception: KnownReception


class Duplicates:
    """Remembers what was heard lately.

    Args:
        remembered: Most messages to remember, of all three kinds together: those that name
            themselves, those that are told apart by when they were heard, and those without a key,
            which only a link that hands them over again can repeat; and most receptions.

    Attributes:
        remembered: As given.
        message_ids: Messages that name themselves.
        by_content: Those that are told apart by when they were heard, by address and content.
        by_raw: Those without a key, by their bytes.
        receptions: When what was taken in was heard, by reception id. A gateway that got no receipt
            sends the same id again; with another heard time it is one that has lost count.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self.remembered = remembered
        self.message_ids = MessageIds()
        self.by_content: RecentMessages[tuple[str, str]] = RecentMessages(SAME_CONTENT)
        self.by_raw: RecentMessages[bytes] = RecentMessages(SAME_CONTENT)
        self.receptions: dict[str, datetime] = {}
        self._receptions_since = ALWAYS

    # -- one batch

    def query(self, records: Iterable[Record]) -> DuplicateQuery | None:
        """Return what must be asked of the store before `records` are compared; None: nothing."""
        query = DuplicateQuery()
        receptions, since = self.receptions, self._receptions_since
        may_miss = self.message_ids.may_miss
        unknown: list[bytes] = []
        answered = 0
        for record in records:
            transmission = record.transmission
            id, heard_at, content = (
                transmission.reception_id,
                transmission.heard_at,
                transmission.duplicate_key,
            )
            if receptions.get(id) == heard_at:
                continue
            if since is not ALWAYS and heard_at <= since:
                query.receptions.append(id)
                # Whichever channel the address was bound to when it came first.
                query.spans.append((transmission.address, heard_at, 0.0))
                query.spans.append(
                    (f"{transmission.address}@{transmission.channel}", heard_at, 0.0)
                )
            if content is not None and transmission.duplicate_window_s is None:
                if may_miss(record.gid):
                    before = unsorted_gid(record.address, content)
                    query.gids += {record.gid, before}  # the same where the content has no time
                    unknown.append(record.gid)
                else:
                    answered += 1
            elif transmission.resent or content is not None:
                self._add_span(record, query)
        look = self.message_ids.where_to_look(unknown, answered)
        if look is not None:
            query.neighbours_of.append(look)
        return query if query.gids or query.receptions or query.spans else None

    def learn(
        self,
        stored: Iterable[StoredMessage],
        receptions: Iterable[tuple[str, datetime]],
        beside: Iterable[StoredNeighbours] = (),
    ) -> None:
        """Note what the store answered, or what was stored before a restart, oldest first.

        Args:
            stored: Messages.
            receptions: Id and heard time of further receptions.
            beside: What is stored beside the name that was asked for.
        """
        for address, content, channel, raw, known in stored:
            self.receptions[known.reception_id] = known.heard_at
            if content is None:
                key = _raw_key(address, channel, raw or b"")
                self.by_raw.add(key, known._replace(reception_id=""))
                continue
            name = named_gid(address, content)
            if known.gid in (name, unsorted_gid(address, content)):
                self.message_ids.entries[name] = known.heard_at, known.reception_id, known.gid
            else:
                self.by_content.add((address, content), known)
        self.receptions.update(receptions)
        for each in beside:
            self.message_ids.look(each)

    def original(self, record: Record) -> bytes | None:
        """Return the global id of the message that `record` repeats; None, remembering it, if none.

        Only messages of the same believed source are compared: a stranger who repeats somebody's
        message takes nothing away from it.
        """
        transmission = record.transmission
        content = transmission.duplicate_key
        gid, heard_at = record.gid, transmission.heard_at
        if content is not None and transmission.duplicate_window_s is None:
            stored = self.message_ids.entries.get(gid)
            if stored is not None:
                return stored[2]
            self.message_ids.entries[gid] = heard_at, transmission.reception_id, gid
            return None
        if content is None:
            raw = _raw_key(record.address, transmission.channel, transmission.raw)
            original = None
            if _may_be_resent(record):
                original = self.by_raw.nearest(raw, heard_at, RESENT_FOR_S)
            if original is None:
                self.by_raw.add(raw, KnownReception(heard_at, gid, ""))
            return original
        key = (record.address, content)
        original = self.by_content.nearest(key, heard_at, _reach_s(record))
        if original is None:
            self.by_content.add(key, KnownReception(heard_at, gid, transmission.reception_id))
        return original

    def stands_alone(self, record: Record) -> None:
        """Note that `record` is a message of its own though it has the words of another."""
        transmission = record.transmission
        key = (record.address, transmission.duplicate_key or "")
        self.by_content.add(
            key, KnownReception(transmission.heard_at, record.gid, transmission.reception_id)
        )

    def is_earliest(self, record: Record, original: bytes) -> bool:
        """Return whether `record`, which repeats `original`, was heard before all of it so far.

        It stands for the message from now on: it is what later ones are compared with.
        """
        transmission = record.transmission
        name = self._name(record)
        gid = self.message_ids.entries.get(name)
        if gid is not None:
            first = transmission.heard_at, transmission.reception_id, original
            if first < gid:
                self.message_ids.entries[name] = first
                return True
            return False
        new = KnownReception(transmission.heard_at, original, transmission.reception_id)
        return self.by_content.put_first((record.address, transmission.duplicate_key or ""), new)

    def settle(self) -> None:
        """Forget what is too much; to be called once everything taken in is stored.

        Each kind gives up its share, so that all reach back about as far. With room of its own, a
        kind that is one message in twenty would hold hours of them, and memory grow for as long.
        """
        by_name, by_content, by_raw = self.message_ids, self.by_content, self.by_raw
        kinds = (by_name, by_content, by_raw)
        count, most = sum([len(kind.entries) for kind in kinds]), self.remembered
        if are_too_many(count, most):  # seldom: asked after each batch
            for kind in kinds:
                kind.trim(round(len(kind.entries) * most / count))
        else:
            for messages in (by_content, by_raw):
                if messages.are_long:
                    messages.shorten()
        for _, heard_at in drop_oldest(self.receptions, self.remembered):
            self._receptions_since = max(self._receptions_since, heard_at)

    # -- what memory does not hold

    def forget_until(self, time: datetime) -> None:
        """Note that the store holds more than is remembered, heard until `time`, aware UTC."""
        self.message_ids.forget_all()
        self.by_content.forget_until(time)
        self.by_raw.forget_until(time)
        self._receptions_since = max(self._receptions_since, time)

    def ids_are_in_order(self) -> None:
        """Note that no message that names itself is stored under an `unsorted_gid` of its own."""
        self.message_ids.in_order = True

    def forget(self, records: Sequence[Record]) -> None:
        """Take back that `records` were heard: they may be stored or not, and may come again."""
        for record in records:
            transmission = record.transmission
            if transmission.duplicate_key is None:
                raw = _raw_key(record.address, transmission.channel, transmission.raw)
                self.by_raw.forget(raw, transmission.heard_at)
            elif transmission.duplicate_window_s is None:
                self.message_ids.forget(self._name(record))
            else:
                self.by_content.forget(
                    (record.address, transmission.duplicate_key), transmission.heard_at
                )
            self.receptions.pop(transmission.reception_id, None)
            self._receptions_since = max(self._receptions_since, transmission.heard_at)

    def _name(self, record: Record) -> bytes:
        """Return what a message that names itself is remembered under: the id it would get now."""
        transmission = record.transmission
        if (
            transmission.duplicate_key is None
            or transmission.duplicate_window_s is not None
            or self.message_ids.entries.get(record.gid) is not None
        ):
            return record.gid
        return named_gid(record.address, transmission.duplicate_key)

    def _add_span(self, record: Record, query: DuplicateQuery) -> None:
        transmission, reach_s = record.transmission, _reach_s(record)
        if transmission.duplicate_key is None:
            if not _may_be_resent(record):
                return
            raw = _raw_key(record.address, transmission.channel, transmission.raw)
            misses = self.by_raw.may_miss(raw, transmission.heard_at, reach_s)
            here = self.by_raw.nearest(raw, transmission.heard_at, reach_s) if misses else None
        else:
            key = (record.address, transmission.duplicate_key)
            misses = self.by_content.may_miss(key, transmission.heard_at, reach_s)
            here = None
            if misses and transmission.resent:
                here = self.by_content.nearest(key, transmission.heard_at, reach_s)
        # What is handed over again leaves no trace, whichever of several it repeats.
        if misses and here is None:
            query.spans.append((record.address, transmission.heard_at, reach_s))


def _may_be_resent(record: Record) -> bool:
    """Return whether it may be what a link hands over once more.

    A call for help is rather taken twice than lost for looking like an earlier one.
    """
    return record.transmission.resent and not record.transmission.distress


def _reach_s(record: Record) -> float:
    transmission = record.transmission
    if _may_be_resent(record):
        return RESENT_FOR_S
    return 0.0 if transmission.duplicate_key is None else transmission.duplicate_window_s or 0.0


def _raw_key(address: str, channel: str, raw: bytes) -> bytes:
    return blake2b(f"{address}\n{channel}\n".encode() + raw, digest_size=16).digest()
