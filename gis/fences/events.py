"""Fence events: which unit entered, left or passed which area, when, and on what evidence."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, TypeAlias

import msgspec

Kind: TypeAlias = Literal["enter", "leave", "passed", "may_have_passed"]


class FenceEvent(msgspec.Struct, frozen=True, kw_only=True):
    """That a unit came, went or passed through.

    Attributes:
        kind: "enter" and "leave"; "passed" where it must have crossed the area between two fixes
            and none of them is inside; "may_have_passed" where its likely way leads through, or
            where it was inside by one to three fixes off a line that it kept before and after.
        unit: Who.
        area: Id of the area.
        time: When, aware UTC, interpolated between two fixes.
        earliest: The fix before it, or `time` where none is.
        latest: The fix after it.
        lon: Where, degrees.
        lat: Where, degrees.
        appeared: The unit was inside when it was first heard; when it came is not known.
    """

    kind: Kind
    unit: str
    area: str
    time: datetime
    earliest: datetime
    latest: datetime
    lon: float
    lat: float
    appeared: bool = False


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What some fixes changed.

    Attributes:
        added: Events that are now known, by time.
        withdrawn: Events told before that a late fix has shown to be otherwise, by time; where only
            the time is now known better, the event as it was is here and as it is in `added`.
    """

    added: tuple[FenceEvent, ...] = ()
    withdrawn: tuple[FenceEvent, ...] = ()
