"""What a rule has to say: which unit did what, when, and how that is known."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

How: TypeAlias = Literal["between", "gap", "possible", "appeared"]


class FenceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """Something that a rule waits for.

    Attributes:
        rule: Id of the rule.
        kind: What the rule is: "enter", "leave", "cross", "dwell", "speed", "near", "meet", "void".
        units: Who; two of a meeting, in order of their ids; none of a void.
        time: When it happened (aware UTC), interpolated between two fixes; of dwell, speed, meeting
            and void, when it had lasted long enough.
        earliest: The fix before it, or `time` where no move is behind it.
        latest: The fix after it.
        area: Id of the area or line; None of a meeting.
        lon: Where, degrees; None of a void.
        lat: Where, degrees.
        bearing_deg: Where the move was going, clockwise from true north.
        side: Of a crossing, "left_to_right" or "right_to_left" of the line.
        how: "between": between two fixes close in time, or at a fix. "gap": it happened, but
            somewhere in a silence too long to say when; `earliest` and `latest` bound it.
            "possible": the straight line over such a silence passes there; nobody saw it.
            "appeared": the unit was there when it was first heard; when it came is not known.
    """

    rule: str
    kind: str
    units: tuple[str, ...]
    time: datetime
    earliest: datetime
    latest: datetime
    area: str | None = None
    lon: float | None = None
    lat: float | None = None
    bearing_deg: float | None = None
    side: str | None = None
    how: How = "between"


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What some fixes changed.

    Attributes:
        added: Events that are now known, by time.
        withdrawn: Events told before that a late fix has shown to be otherwise, by time; where only
            the time is now known better, the event is in both.
    """

    added: tuple[FenceEvent, ...] = ()
    withdrawn: tuple[FenceEvent, ...] = ()
