"""Duplicates: the same radio message heard more than once, told by its content.

Compared with everything remembered, not only with the last message; in heard time, in both
directions, so that the order of arrival changes nothing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from patrol.records import Record

REMEMBERED: Final = 200_000
"""Messages remembered; at 400 a second more than eight minutes."""


class Duplicates:
    """Remembers what was heard lately."""

    def __init__(self, remembered: int = REMEMBERED) -> None:
        self._remembered = remembered
        self._known: dict[tuple[str, str], tuple[bytes, datetime]] = {}

    def original(self, record: Record) -> bytes | None:
        """Return the global id of the message that `record` repeats; None, remembering it, if none.

        Only messages of the same believed source are compared: a stranger who repeats somebody's
        message takes nothing away from it.
        """
        transmission = record.transmission
        content = transmission.duplicate_key
        if content is None:
            return None
        key = (record.address, content)
        known = self._known.get(key)
        heard_at = transmission.heard_at
        if known is not None:
            window_s = transmission.duplicate_window_s
            if (
                window_s is None
                or transmission.resent
                or abs((heard_at - known[1]).total_seconds()) <= window_s
            ):
                return known[0]
            del self._known[key]  # so that the new one counts as the newest
        self.remember(record.address, content, record.gid, heard_at)
        return None

    def remember(self, address: str, content: str, gid: bytes, heard_at: datetime) -> None:
        """Note a message, for example one that was stored before a restart."""
        self._known[(address, content)] = (gid, heard_at)
        if len(self._known) > self._remembered:
            del self._known[next(iter(self._known))]
