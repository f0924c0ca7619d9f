"""Pseudonyms: ids under which another agency's positions are passed on, and ends of their pages.

The id of a message is a digest of its radio address and, often, of its place: whoever knows the
rest could try one after the other until it fits, and so learn an address, which never crosses, or a
place more exactly than agreed. So a position that crosses is named by its time, which is told
anyhow, and its number among those of that moment.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Final

from patrol.store.schema.tables import from_us, to_us
from patrol.store.tracks.history import Mark
from patrol.units.wire import Fix

_TIME_BYTES: Final = 8
_NEVER: Final = datetime.max.replace(tzinfo=UTC)
_LAST: Final = b"\xff" * 16
"""After the ids of all messages of a moment."""


class Naming:
    """Names positions in order of time; those of a moment must come one after the other."""

    def __init__(self) -> None:
        self._time: datetime | None = None
        self._number = 0

    def names(self, fixes: Iterable[Fix]) -> list[bytes]:
        """Return the name of each of the next positions."""
        found = []
        for fix in fixes:
            self._number = self._number + 1 if fix.time == self._time else 0
            self._time = fix.time
            number = min(self._number, 255)
            found.append(
                to_us(fix.time).to_bytes(_TIME_BYTES, "big", signed=True) + bytes((number,))
            )
        return found


def moment_of(name: bytes) -> datetime | None:
    """Return the time of the position of that name; None if it is no such name."""
    if len(name) != _TIME_BYTES + 1:
        return None
    time_us = int.from_bytes(name[:_TIME_BYTES], "big", signed=True)
    time = from_us(time_us)
    return time if to_us(time) == time_us and time < _NEVER else None


def end_of_moment(time: datetime) -> Mark:
    """Return where a page ends that holds all of a moment: nothing is told by it but the time."""
    return to_us(time), _LAST
