"""Contact: what is known of one unit, or of one radio that nobody has registered.

Where it is now follows from its newest positions *in order of their time*, kept in a short window,
so that the order in which they arrive changes nothing. A position that nothing could have reached
is held back until the next one confirms it.
"""

from __future__ import annotations

from bisect import insort
from datetime import datetime
from typing import Final

from patrol.changes import Fix, UnitState
from patrol.quality import UNSURE_CLOCK_S, is_jump
from patrol.units import Liveness, Unit

WINDOW: Final = 8
"""Newest positions kept; an outlier is recognised among so many."""

_Entry = tuple[datetime, bytes, Fix, float]
"""Effective time, global id (breaks ties the same way everywhere), the fix, clock slack in s."""


class Contact:
    """One unit or unknown radio, changed in place by the picture alone.

    Args:
        id: Unit id, or radio address.
        agency: Owner's id.
        unit: The unit; None for an unknown radio.
    """

    __slots__ = (
        "addresses",
        "agency",
        "call_sign",
        "distress",
        "flags",
        "heard_at",
        "id",
        "last",
        "liveness",
        "status",
        "text",
        "unit",
        "window",
    )

    def __init__(self, id: str, *, agency: str, unit: Unit | None = None) -> None:
        self.id = id
        self.agency = agency
        self.unit = unit
        self.call_sign = id if unit is None else unit.call_sign
        self.window: list[_Entry] = []
        self.last: Fix | None = None
        self.heard_at: datetime | None = None
        self.liveness: Liveness = "never"
        self.distress = False
        self.status: str | None = None
        self.text: str | None = None
        self.flags: tuple[str, ...] = ()
        self.addresses: tuple[str, ...] = ()

    @property
    def expected_interval_s(self) -> float:
        """Longest normal time between two positions, seconds."""
        return 60.0 if self.unit is None else self.unit.expected_interval_s

    def place(self, fix: Fix, gid: bytes, *, clock_unsure: bool) -> bool:
        """Take one believable position.

        Args:
            fix: The position.
            gid: Global id of its record.
            clock_unsure: Its time is the gateway's, not the device's.

        Returns:
            Whether the marker moved to it.
        """
        slack = UNSURE_CLOCK_S if clock_unsure else 1.0
        entry = (fix.time, gid, fix, slack)
        window = self.window
        if window:
            newest = window[-1]
            if entry[:2] > newest[:2] and self.last is newest[2] and not _jump(entry, newest):
                window.append(entry)  # the usual case: newer, and reachable
                if len(window) > WINDOW:
                    del window[0]
                self.last = fix
                return True
            if len(window) == WINDOW and entry[:2] < window[0][:2]:
                return False
            if any(known[1] == gid for known in window):
                return False
            insort(window, entry, key=_order)
            if len(window) > WINDOW:
                del window[0]
        else:
            window.append(entry)
        before = self.last
        self.last = _newest_believable(window)
        return self.last is fix and before is not fix

    def state(self) -> UnitState:
        """Return what viewers are told."""
        unit, last = self.unit, self.last
        return UnitState(
            id=self.id,
            call_sign=self.call_sign,
            agency=self.agency,
            kind=None if unit is None else unit.kind,
            country=None if unit is None else unit.country,
            known=unit is not None,
            liveness=self.liveness,
            expected_interval_s=self.expected_interval_s,
            last=last,
            heard_at=self.heard_at,
            addresses=self.addresses,
            distress=self.distress,
            by_voice=last is not None and "by_voice" in last.flags,
            status=self.status,
            text=self.text,
            flags=self.flags,
        )


def _order(entry: _Entry) -> tuple[datetime, bytes]:
    return entry[0], entry[1]


def _jump(entry: _Entry, before: _Entry) -> bool:
    fix, was = entry[2], before[2]
    return is_jump(
        lon=fix.lon,
        lat=fix.lat,
        time=entry[0],
        from_lon=was.lon,
        from_lat=was.lat,
        from_time=before[0],
        slack_s=entry[3] + before[3],
        accuracy_m=(fix.accuracy_m or 0.0) + (was.accuracy_m or 0.0),
    )


def _newest_believable(window: list[_Entry]) -> Fix:
    """Walk the window in order of time; a jump counts once the position after it agrees with it."""
    anchor, suspect = window[0], None
    for entry in window[1:]:
        if not _jump(entry, anchor):
            anchor, suspect = entry, None
        elif suspect is not None and not _jump(entry, suspect):
            anchor, suspect = entry, None
        else:
            suspect = entry
    return anchor[2]
