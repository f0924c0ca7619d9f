"""What can be asked of areas, lines and units: the rules.

A rule with `units` speaks of those only, one without of all.
"""

from __future__ import annotations

from datetime import time
from typing import Literal, TypeAlias
from zoneinfo import ZoneInfo

import msgspec

from gis.errors import RuleError

Direction: TypeAlias = Literal["left_to_right", "right_to_left", "both"]
FARTHEST_MEETING_M = 3000.0


class Enter(msgspec.Struct, frozen=True, kw_only=True, tag="enter"):
    """A unit comes into `area`."""

    id: str
    area: str
    units: frozenset[str] | None = None


class Leave(msgspec.Struct, frozen=True, kw_only=True, tag="leave"):
    """A unit goes out of `area`."""

    id: str
    area: str
    units: frozenset[str] | None = None


class Near(msgspec.Struct, frozen=True, kw_only=True, tag="near"):
    """A unit comes near a place: into the `area` around an office or a crossing."""

    id: str
    area: str
    units: frozenset[str] | None = None


class Cross(msgspec.Struct, frozen=True, kw_only=True, tag="cross"):
    """A unit crosses the line `area`, in the direction asked."""

    id: str
    area: str
    direction: Direction = "both"
    units: frozenset[str] | None = None


class Dwell(msgspec.Struct, frozen=True, kw_only=True, tag="dwell"):
    """A unit has been inside `area` for `longer_s` seconds; once each time it is there.

    Told when a fix shows it surely inside after that time, or that it left later.
    """

    id: str
    area: str
    longer_s: float
    units: frozenset[str] | None = None

    def __post_init__(self) -> None:
        """Refuse what could never be met."""
        _above_zero(self.id, "longer_s", self.longer_s)


class Speed(msgspec.Struct, frozen=True, kw_only=True, tag="speed"):
    """A unit inside `area` has been faster than `above_mps`, or slower than `below_mps`.

    For `for_s` seconds without a break, by the speeds that fixes tell, else by the way between
    them (for "slower", less what the fixes may be off). A silence is a break. Give one of the two.
    """

    id: str
    area: str
    above_mps: float | None = None
    below_mps: float | None = None
    for_s: float = 60.0
    units: frozenset[str] | None = None

    def __post_init__(self) -> None:
        """Refuse both limits, or none."""
        if (self.above_mps is None) == (self.below_mps is None):
            raise RuleError(self.id, "needs one of above_mps and below_mps")
        _above_zero(self.id, "for_s", self.for_s)


class Meet(msgspec.Struct, frozen=True, kw_only=True, tag="meet"):
    """Two units have been within `within_m` metres of each other for `for_s` seconds.

    They part when the distance is greater than that by more than both fixes may be off.
    """

    id: str
    within_m: float
    for_s: float
    units: frozenset[str] | None = None

    def __post_init__(self) -> None:
        """Refuse what could never be met."""
        _above_zero(self.id, "for_s", self.for_s)
        if not 0.0 < self.within_m <= FARTHEST_MEETING_M:
            raise RuleError(self.id, f"within_m is above 0 and at most {FARTHEST_MEETING_M:.0f}")


class Void(msgspec.Struct, frozen=True, kw_only=True, tag="void"):
    """No unit of a group was in `area` for `longer_s` seconds between two hours of the day.

    Attributes:
        id: Of the rule.
        area: Which must not be empty.
        units: The group.
        start: Hour of the day in `zone`, from which on somebody should be there.
        end: Hour until which; one at or before `start` is that of the next day.
        zone: IANA name of the time zone, such as "Asia/Vientiane".
        longer_s: How long empty; None means all of those hours.
    """

    id: str
    area: str
    units: frozenset[str]
    start: time
    end: time
    zone: str
    longer_s: float | None = None

    def __post_init__(self) -> None:
        """Refuse an unknown zone and a time that is not above 0."""
        try:
            ZoneInfo(self.zone)
        except (KeyError, OSError, ValueError) as fault:
            raise RuleError(self.id, f"no time zone is called {self.zone!r}") from fault
        if self.start.tzinfo is not None or self.end.tzinfo is not None:
            raise RuleError(self.id, "start and end are hours of the zone and carry no own")
        if self.longer_s is not None:
            _above_zero(self.id, "longer_s", self.longer_s)


Rule: TypeAlias = Enter | Leave | Near | Cross | Dwell | Speed | Meet | Void


def _above_zero(rule: str, name: str, value: float) -> None:
    if not 0.0 < value < float("inf"):
        raise RuleError(rule, f"{name} must be above 0, not {value}")
