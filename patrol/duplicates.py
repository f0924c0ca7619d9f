"""Duplicates: the same radio message heard more than once, told by its content.

Compared with everything remembered, not only with the last message; in heard time, in both
directions, so that the order of arrival changes nothing. Of all receptions of one message the one
that was heard first stands for it, whichever came first.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, NamedTuple, TypeVar

from patrol.records import Record, named_gid

REMEMBERED: Final = 200_000
"""Messages remembered; at 400 a second more than eight minutes."""

SAME_CONTENT: Final = 8
"""Messages of one sender with one content that are remembered: a moored boat repeats itself."""

RESENT_FOR_S: Final = 24 * 3600.0
"""How much later a link may hand over a message again; after that, equal words are new words."""

K = TypeVar("K")


class _Known(NamedTuple):
    """The reception that stands for a message: when it was heard, its message, its id."""

    heard_at: datetime
    gid: bytes
    reception_id: str

    def comes_after(self, other: _Known) -> bool:
        """Return whether `other` rather stands for the message; ids break ties everywhere alike."""
        return (other.heard_at, other.reception_id) < (self.heard_at, self.reception_id)


_Heard = deque[_Known]


class Duplicates:
    """Remembers what was heard lately.

    Args:
        remembered: Most messages to remember, of each of the three kinds: those that name
            themselves, those that are told apart by when they were heard, and those without a key,
            which only a link that hands them over again can repeat.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._named: dict[bytes, _Known] = {}
        self._by_content: dict[tuple[str, str], _Heard] = {}
        self._by_raw: dict[bytes, _Heard] = {}

    def original(self, record: Record) -> bytes | None:
        """Return the global id of the message that `record` repeats; None, remembering it, if none.

        Only messages of the same believed source are compared: a stranger who repeats somebody's
        message takes nothing away from it.
        """
        said = record.transmission
        content = said.duplicate_key
        gid, heard_at, window_s = record.gid, said.heard_at, said.duplicate_window_s
        if content is not None and window_s is None:
            if gid in self._named:
                return gid
            self._remember_named(_Known(heard_at, gid, said.reception_id))
            return None
        # A call for help is rather taken twice than lost for looking like an earlier one.
        again = said.resent and not said.distress
        if content is None:
            raw = _raw_key(record.address, said.channel, said.raw)
            original = _nearest(self._by_raw.get(raw), heard_at, RESENT_FOR_S) if again else None
            if original is None:
                self._remember(self._by_raw, raw, _Known(heard_at, gid, ""))
            return original
        key = (record.address, content)
        reach_s = RESENT_FOR_S if again else window_s or 0.0
        original = _nearest(self._by_content.get(key), heard_at, reach_s)
        if original is None:
            self._remember(self._by_content, key, _Known(heard_at, gid, said.reception_id))
        return original

    def heard_first(self, record: Record, original: bytes) -> bool:
        """Return whether `record`, which repeats `original`, was heard before all of it so far.

        It stands for the message from now on: it is what later ones are compared with.
        """
        said = record.transmission
        new = _Known(said.heard_at, original, said.reception_id)
        named = self._named.get(original)
        if named is not None:
            if named.comes_after(new):
                self._named[original] = new
                return True
            return False
        heard = self._by_content.get((record.address, said.duplicate_key or ""), ())
        for place, known in enumerate(heard):
            if known.gid == original and known.comes_after(new):
                heard[place] = new  # type: ignore[index]
                return True
        return False

    def remember(
        self, address: str, content: str, gid: bytes, heard_at: datetime, reception_id: str
    ) -> None:
        """Note a message that was stored before a restart."""
        known = _Known(heard_at, gid, reception_id)
        if gid == named_gid(address, content):
            self._remember_named(known)
        else:
            self._remember(self._by_content, (address, content), known)

    def remember_raw(
        self, address: str, channel: str, raw: bytes, gid: bytes, heard_at: datetime
    ) -> None:
        """Note a message without a key that was stored before a restart."""
        self._remember(self._by_raw, _raw_key(address, channel, raw), _Known(heard_at, gid, ""))

    def forget(self, record: Record) -> None:
        """Take back that `record` was heard: it was not stored, and may come again."""
        said = record.transmission
        if said.duplicate_key is None:
            known = self._by_raw.get(_raw_key(record.address, said.channel, said.raw))
        else:
            self._named.pop(record.gid, None)
            known = self._by_content.get((record.address, said.duplicate_key))
        for entry in list(known or ()):
            if entry.gid == record.gid and known is not None:
                known.remove(entry)

    def _remember_named(self, known: _Known) -> None:
        self._named[known.gid] = known
        _trim(self._named, self._remembered)

    def _remember(self, by: dict[K, _Heard], key: K, new: _Known) -> None:
        known = by.pop(key, None)  # put back at the end: the newest
        if known is None:
            known = deque(maxlen=SAME_CONTENT)
        known.append(new)
        by[key] = known
        _trim(by, self._remembered)


def _raw_key(address: str, channel: str, raw: bytes) -> bytes:
    return blake2b(f"{address}\n{channel}\n".encode() + raw, digest_size=16).digest()


def _nearest(known: _Heard | None, heard_at: datetime, reach_s: float) -> bytes | None:
    """Return the one heard nearest to `heard_at`, unless that is further away than `reach_s`."""
    if not known:
        return None
    away_s, gid = min((abs((heard_at - at).total_seconds()), other) for at, other, _ in known)
    return gid if away_s <= reach_s else None


def _trim(known: dict[Any, Any], most: int) -> None:
    if len(known) > most:
        del known[next(iter(known))]
