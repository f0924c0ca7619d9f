"""MessageIds: recently received messages that carry an id of their own, by that id.

A name begins with the time in its content (`records.named_gid`), so what is heard now has names
that lie side by side. There a gap is known: no name in it is stored but of what is remembered, and
the store need not be asked for such a one. What is forgotten makes the gap smaller. Where that
costs many questions, after a restart or when the gap ends at a name of a wrong clock or of no time
at all, the store is asked for the names beside those that are heard now: they make a gap anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, TypeAlias

from patrol.reception.bounded_dict import drop_oldest
from patrol.reception.record import sorts_as

Entry: TypeAlias = tuple[datetime, str, bytes]
"""When it was heard first, by which reception (breaks ties everywhere alike), and the global id it
is stored under. A bare tuple: one is made of each message.
"""

BESIDE: Final = 500
"""Stored names that are asked for on either side; those of the newest are remembered mostly."""

PATIENCE: Final = 100
"""Messages more that the store was asked for than not, until it is asked for a gap."""

_PREFIX: Final = 6
_FIRST: Final = b""
_LAST: Final = b"\xff" * (_PREFIX + 1)
_AHEAD: Final = timedelta(days=1)


class StoredNeighbours(NamedTuple):
    """What is stored beside a name: at most `BESIDE` on either side, the nearest first."""

    before: Sequence[bytes]
    after: Sequence[bytes]


class MessageIds:
    """Remembers messages by name.

    Attributes:
        entries: Messages by name, in the order in which they were remembered.
        in_order: Whatever is stored under a name is stored under that very id, so that the store
            can tell of a gap. Not so while it may hold ids of older kinds.

    >>> from datetime import UTC
    >>> message_ids = MessageIds()
    >>> at = datetime(2026, 11, 28, 10, tzinfo=UTC)
    >>> for hour in ("09", "10"):
    ...     name = sorts_as(f"2026-11-28T{hour}:00:00") + bytes(10)
    ...     message_ids.entries[name] = at, "r", name
    >>> message_ids.trim(1)
    >>> names = [sorts_as(f"2026-11-28T{hour}:00:00") + bytes(10) for hour in ("09", "11")]
    >>> [message_ids.may_miss(name) for name in names]
    [True, False]
    """

    def __init__(self) -> None:
        self.entries: dict[bytes, Entry] = {}
        # How the names just outside the gap begin.
        self._until, self._from = _FIRST, _LAST
        self._open_queries = 0
        self.in_order = False

    def may_miss(self, name: bytes) -> bool:
        """Return whether such a message may be stored though nothing is remembered of it."""
        return not self._until < name[:_PREFIX] < self._from and name not in self.entries

    def trim(self, most: int) -> None:
        """Forget what is too much, oldest first; `most` messages stay."""
        going = drop_oldest(self.entries, most)
        if not going:
            return
        # Of the first that goes: those after it were heard later. What sorts far ahead of when it
        # was heard is beyond what will be heard, and all else before it.
        _, (heard_at, *_) = going[0]
        latest = _latest(heard_at)
        for name, _ in going:
            self._lose(name, ahead=name[:_PREFIX] > latest)

    def forget(self, name: bytes) -> None:
        """Take back that a message was heard: it may be stored or not."""
        self.entries.pop(name, None)
        self._lose(name)

    def forget_all(self) -> None:
        """Note that the store holds messages of which nothing is known."""
        self._until = _LAST
        self._open_queries = PATIENCE  # the first question asks for a gap as well

    def where_to_look(self, unknown: Sequence[bytes], answered: int) -> bytes | None:
        """Return a name whose neighbours would spare many questions to the store; else None.

        Args:
            unknown: Names of a batch that the store is asked for.
            answered: How many others of the batch need no question.
        """
        self._open_queries = max(0, self._open_queries + len(unknown) - answered)
        if self._open_queries < PATIENCE or not unknown or not self.in_order:
            return None
        self._open_queries = 0
        return sorted(unknown)[len(unknown) // 2]

    def look(self, beside: StoredNeighbours) -> None:
        """Take up what the store holds beside the name that was returned by `where_to_look`.

        It must have been asked after all that was ever put was stored, or taken back.
        """
        self._until = self._first_unknown(beside.before, _FIRST)
        self._from = self._first_unknown(beside.after, _LAST)

    def _first_unknown(self, names: Sequence[bytes], end: bytes) -> bytes:
        """Return how the nearest name begins that is not remembered."""
        for name in names:
            if name not in self.entries:
                return name[:_PREFIX]
        return end if len(names) < BESIDE else names[-1][:_PREFIX]

    def _lose(self, name: bytes, *, ahead: bool = False) -> None:
        """Leave a name out of the gap, and what lies on the far side of it."""
        beginning = name[:_PREFIX]
        if self._until < beginning < self._from:
            if ahead:
                self._from = beginning
            else:
                self._until = beginning


def _latest(heard_at: datetime) -> bytes:
    """Return how a name begins that tells a time a day after it was heard."""
    now, then = (sorts_as(f"{time:%Y-%m-%dT%H:%M:%S}") for time in (heard_at, heard_at + _AHEAD))
    return then if now < then else _LAST  # the order starts anew in between
