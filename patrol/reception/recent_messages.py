"""RecentMessages: messages received lately, by key, in order of reception, over a bounded time.

It forgets what was heard longest ago, and knows since when it has forgotten nothing: whoever asks
for something older must look in the store.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from datetime import UTC, datetime
from typing import Final, Generic, NamedTuple, TypeVar

from patrol.reception.bounded_dict import drop_oldest

K = TypeVar("K")

ALWAYS: Final = datetime.min.replace(tzinfo=UTC)
"""Since when nothing is forgotten where nothing ever was."""


class KnownReception(NamedTuple):
    """The reception that stands for a message: when it was heard, its message, its id."""

    heard_at: datetime
    gid: bytes
    reception_id: str

    def comes_after(self, other: KnownReception) -> bool:
        """Return whether `other` rather stands for the message; ids break ties everywhere alike."""
        return (other.heard_at, other.reception_id) < (self.heard_at, self.reception_id)


class _KeyEntry:
    """Messages under one key, in order of heard time; all of them that were heard after `since`."""

    __slots__ = ("receptions", "since")

    def __init__(self, since: datetime) -> None:
        self.receptions: list[KnownReception] = []
        self.since = since


class RecentMessages(Generic[K]):
    """Messages by key. Nothing is forgotten before `trim` is called.

    Args:
        each: Most messages of one key; those that were heard longest ago go.

    Attributes:
        entries: What is remembered, by key; the `receptions` of each are in order of heard time.
        are_long: Keys of which more is remembered than shall be.
    """

    def __init__(self, each: int) -> None:
        self._most_of_key = each
        self.entries: dict[K, _KeyEntry] = {}
        self.are_long: set[K] = set()
        self._since = ALWAYS

    def nearest(self, key: K, heard_at: datetime, reach_s: float) -> bytes | None:
        """Return the message heard nearest to `heard_at`, unless that is further than `reach_s`.

        Of two equally near the one with the smaller id.
        """
        recent = self.entries.get(key)
        if recent is None:
            return None
        known = recent.receptions
        near = [*_group_before(known, heard_at), *_group_from(known, heard_at)]
        if not near:
            return None
        away_s, gid = min((abs((heard_at - at).total_seconds()), other) for at, other, _ in near)
        return gid if away_s <= reach_s else None

    def may_miss(self, key: K, heard_at: datetime, reach_s: float) -> bool:
        """Return whether something within reach may have been forgotten."""
        recent = self.entries.get(key)
        since = self._since if recent is None else recent.since
        return since is not ALWAYS and (heard_at - since).total_seconds() <= reach_s

    def add(self, key: K, new: KnownReception) -> None:
        """Remember a message; one that is remembered already is left as it is."""
        recent = self.entries.pop(key, None)  # put back at the end: the newest
        if recent is None:
            recent = _KeyEntry(self._since)
        self.entries[key] = recent
        known = recent.receptions
        if not known or known[-1] < new:
            known.append(new)
        else:
            place = bisect_left(known, new)
            if known[place] != new:
                known.insert(place, new)
        if len(known) > self._most_of_key:
            self.are_long.add(key)

    def put_first(self, key: K, new: KnownReception) -> bool:
        """Let `new` stand for its message if it was heard before the one that does; tell whether.

        `new` is a reception that `nearest` found the message of.
        """
        recent = self.entries.get(key)
        if recent is None:
            return False
        for known in _group_from(recent.receptions, new.heard_at):
            if known.gid == new.gid and known.comes_after(new):
                del recent.receptions[bisect_left(recent.receptions, known)]
                insort(recent.receptions, new)
                return True
        return False

    def forget(self, key: K, heard_at: datetime) -> None:
        """Forget all under `key`, what was heard until `heard_at` included."""
        recent = self.entries.pop(key, None) or _KeyEntry(self._since)
        newest = recent.receptions[-1].heard_at if recent.receptions else heard_at
        recent.since = max(recent.since, heard_at, newest)
        recent.receptions.clear()
        self.entries[key] = recent

    def forget_until(self, time: datetime) -> None:
        """Note that there was more until `time`, under any key."""
        self._since = max(self._since, time)
        for recent in self.entries.values():
            recent.since = max(recent.since, time)

    def shorten(self) -> None:
        """Forget what is too much of any one key."""
        for key in self.are_long:
            recent = self.entries.get(key)
            if recent is not None and len(recent.receptions) > self._most_of_key:
                too_many = len(recent.receptions) - self._most_of_key
                recent.since = max(recent.since, recent.receptions[too_many - 1].heard_at)
                del recent.receptions[:too_many]
        self.are_long.clear()

    def trim(self, keys: int) -> None:
        """Forget what is too much.

        Args:
            keys: Most keys that stay; those that were added to longest ago go.
        """
        self.shorten()
        for _, removed in drop_oldest(self.entries, keys):
            self._since = max(self._since, removed.since)
            if removed.receptions:
                self._since = max(self._since, removed.receptions[-1].heard_at)


def _group_before(known: list[KnownReception], heard_at: datetime) -> list[KnownReception]:
    """Return those heard last before `heard_at`, all at the same moment."""
    end = bisect_left(known, (heard_at,))
    start = end
    while start and known[start - 1].heard_at == known[end - 1].heard_at:
        start -= 1
    return known[start:end]


def _group_from(known: list[KnownReception], heard_at: datetime) -> list[KnownReception]:
    """Return those heard first from `heard_at` on, all at the same moment."""
    start = bisect_left(known, (heard_at,))
    end = start
    while end < len(known) and known[end].heard_at == known[start].heard_at:
        end += 1
    return known[start:end]
