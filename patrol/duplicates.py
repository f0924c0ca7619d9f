"""Duplicates: the same radio message heard more than once, told by its content.

Compared with everything remembered, not only with the last message; in heard time, in both
directions, so that the order of arrival changes nothing.
"""

from __future__ import annotations

from collections import deque
from datetime import datetime
from typing import Any, Final

from patrol.records import Record, named_gid

REMEMBERED: Final = 200_000
"""Messages remembered; at 400 a second more than eight minutes."""

SAME_CONTENT: Final = 8
"""Messages of one sender with one content that are remembered: a moored boat repeats itself."""

_Key = tuple[str, str]


class Duplicates:
    """Remembers what was heard lately.

    Args:
        remembered: Most messages to remember, of each of the two kinds: those that name themselves
            and those that are told apart by when they were heard.
    """

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._named: dict[bytes, None] = {}
        self._by_content: dict[_Key, deque[tuple[datetime, bytes]]] = {}

    def original(self, record: Record) -> bytes | None:
        """Return the global id of the message that `record` repeats; None, remembering it, if none.

        Only messages of the same believed source are compared: a stranger who repeats somebody's
        message takes nothing away from it.
        """
        said = record.transmission
        content = said.duplicate_key
        if content is None:
            return None
        gid = record.gid
        if said.duplicate_window_s is None:
            if gid in self._named:
                return gid
            self._remember_named(gid)
            return None
        known = self._by_content.get((record.address, content))
        if known:
            heard_at, window_s = said.heard_at, said.duplicate_window_s
            away_s, original = min(
                (abs((heard_at - at).total_seconds()), other) for at, other in known
            )
            if said.resent or away_s <= window_s:
                return original
        self._remember_content(record.address, content, gid, said.heard_at)
        return None

    def remember(self, address: str, content: str, gid: bytes, heard_at: datetime) -> None:
        """Note a message that was stored before a restart."""
        if gid == named_gid(address, content):
            self._remember_named(gid)
        else:
            self._remember_content(address, content, gid, heard_at)

    def forget(self, record: Record) -> None:
        """Take back that `record` was heard: it was not stored, and may come again."""
        content = record.transmission.duplicate_key
        if content is None:
            return
        self._named.pop(record.gid, None)
        known = self._by_content.get((record.address, content))
        if known is not None and (entry := (record.transmission.heard_at, record.gid)) in known:
            known.remove(entry)

    def _remember_named(self, gid: bytes) -> None:
        self._named[gid] = None
        _trim(self._named, self._remembered)

    def _remember_content(self, address: str, content: str, gid: bytes, heard_at: datetime) -> None:
        key = (address, content)
        known = self._by_content.pop(key, None)  # put back at the end: the newest
        if known is None:
            known = deque(maxlen=SAME_CONTENT)
        known.append((heard_at, gid))
        self._by_content[key] = known
        _trim(self._by_content, self._remembered)


def _trim(known: dict[Any, Any], most: int) -> None:
    if len(known) > most:
        del known[next(iter(known))]
