"""Named: the messages that name themselves and were heard lately, by their names.

A name begins with the time in its content (`records.named_gid`). So what is forgotten is told by
one bound: a message whose name sorts after the names of all that is forgotten is not among them,
and the store need not be asked for it. That is nearly every message that is heard now. Names that
sort far ahead of when they were heard, of a clock that is wrong or of no time at all, would raise
the bound for all others: they stay in mind instead, as long as they are at most a fourth of all.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final, TypeAlias

from patrol.records import sorts_as

Entry: TypeAlias = tuple[datetime, str, bytes]
"""When it was heard first, by which reception (breaks ties everywhere alike), and the global id it
is stored under. A bare tuple: one is made of each message.
"""

_PREFIX: Final = 6
_NOTHING: Final = b""
_ALL: Final = b"\xff" * _PREFIX
_AHEAD: Final = timedelta(days=1)


class Named:
    """Remembers messages by name.

    Args:
        remembered: Most messages to remember. If more than a fourth sort ahead, the store is
            asked for all.

    >>> from datetime import UTC
    >>> named = Named(1)
    >>> at = datetime(2026, 11, 28, 10, tzinfo=UTC)
    >>> for hour in ("09", "10"):
    ...     name = sorts_as(f"2026-11-28T{hour}:00:00") + bytes(10)
    ...     named.put(name, (at, "r", name))
    >>> named.trim()
    >>> [named.may_miss(sorts_as(f"2026-11-28T{hour}:00:00") + bytes(10)) for hour in ("09", "11")]
    [True, False]
    """

    def __init__(self, remembered: int) -> None:
        self._remembered = remembered
        self._kept: dict[bytes, Entry] = {}
        self._ahead: dict[bytes, Entry] = {}
        self._most_ahead = remembered // 4
        self._until = _NOTHING  # the greatest beginning of a name that is forgotten

    def __len__(self) -> int:
        """Return how many messages are remembered."""
        return len(self._kept) + len(self._ahead)

    def get(self, name: bytes) -> Entry | None:
        """Return what is remembered under a name."""
        return self._kept.get(name) or (self._ahead.get(name) if self._ahead else None)

    def put(self, name: bytes, entry: Entry) -> None:
        """Remember a message, or another reception of it that shall stand for it."""
        (self._ahead if name in self._ahead else self._kept)[name] = entry

    def may_miss(self, name: bytes) -> bool:
        """Return whether such a message may be stored though nothing is remembered of it."""
        return name[:_PREFIX] <= self._until and self.get(name) is None

    def trim(self) -> None:
        """Forget what is too much, oldest first."""
        kept, ahead = self._kept, self._ahead
        if len(self) <= self._remembered:
            return
        # Of the first that goes: those after it were heard later, so this errs to the safe side.
        latest = _latest(next(iter(kept.values()))[0])
        while len(kept) + len(ahead) > self._remembered:
            name = next(iter(kept))
            entry = kept.pop(name)
            if name[:_PREFIX] > latest:
                ahead[name] = entry
            else:
                self._until = max(self._until, name[:_PREFIX])
            if len(ahead) > self._most_ahead:
                ahead.clear()
                self._until = _ALL

    def forget(self, name: bytes) -> None:
        """Take back that a message was heard: it may be stored or not."""
        self._kept.pop(name, None)
        self._ahead.pop(name, None)
        self._until = max(self._until, name[:_PREFIX])

    def forget_all(self) -> None:
        """Note that the store holds messages of which nothing is known."""
        self._until = _ALL


def _latest(heard_at: datetime) -> bytes:
    """Return how a name begins that tells a time a day after it was heard."""
    return sorts_as(f"{heard_at + _AHEAD:%Y-%m-%dT%H:%M:%S}")
