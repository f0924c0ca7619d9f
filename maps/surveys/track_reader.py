"""Track reader: units and their positions over some time, read through a desk and cleaned.

What cannot be true is taken out, and told. Every figure, report, map and export takes its tracks
through here, so that all of them count the same positions.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol, TypeAlias, TypeVar

import msgspec

from gis.position.accuracy import ASSUMED_ACCURACY_M
from gis.tracks.cleaning import clean
from gis.tracks.track import Track
from maps.surveys.past_positions import past_positions
from patrol.desks.desk import Desk
from patrol.units.wire import Fix, UnitState

LONGEST: Final = timedelta(days=31)
MOST_POSITIONS: Final = 300_000
"""Of one survey: 50 boats at a position every 10 s for 16 hours."""

T = TypeVar("T")
Outing: TypeAlias = tuple[datetime, datetime]
"""From when to when a unit was out, aware UTC."""


class ThreadRunner(Protocol):
    """Does work beside the event loop."""

    def __call__(self, work: Callable[[], T], /) -> Awaitable[T]: ...


class FollowedUnit(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A unit and where it was.

    Attributes:
        state: The unit.
        track: Its positions, cleaned.
        removed: How many could not be true, by reason.
    """

    state: UnitState
    track: Track
    removed: dict[str, int]


async def read_tracks(
    desk: Desk,
    units: Sequence[str],
    start: datetime,
    end: datetime,
    *,
    in_thread: ThreadRunner,
    outings: Mapping[str, Sequence[Outing]] | None = None,
    apart: timedelta = timedelta(),
) -> list[FollowedUnit]:
    """Return the units that have a position in that time, by call sign, with their tracks.

    Args:
        desk: Of who asks.
        units: Unit ids or radio addresses; none: every registered unit.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.
        in_thread: Does work beside the event loop (`Survey.in_thread`).
        outings: Only positions in these times of these units; None: of any time.
        apart: Of each unit only positions so long apart, so that more time can be looked at.

    Raises:
        BadRequest: If the time is none, too long, or holds too many positions.
        Forbidden: If the role may not.
        NotFound: If there is no such unit, or the user may not know of it.
    """

    def keep(state: UnitState, page: Sequence[Fix], last: Fix | None) -> Sequence[Fix]:
        some = _spaced(page, apart, last)
        return some if outings is None else _within(some, outings[state.id])

    found: list[FollowedUnit] = []
    async for state, fixes in past_positions(
        desk,
        units,
        start,
        end,
        longest=LONGEST,
        most=MOST_POSITIONS,
        is_wanted=lambda state: outings is None or state.id in outings,
        reduce=keep,
    ):
        if fixes:
            found.append(await in_thread(partial(_follow, state, fixes)))
    return sorted(found, key=lambda each: (each.state.call_sign.casefold(), each.state.id))


def _follow(state: UnitState, fixes: Sequence[Fix]) -> FollowedUnit:
    cleaned = clean(with_accuracy(fixes))
    removed = Counter[str](each.reason for each in cleaned.removed)
    return FollowedUnit(state=state, track=cleaned.track, removed=dict(removed))


def credible(fixes: Sequence[Fix]) -> list[Fix]:
    """Return those of some positions of one unit that can be true, oldest first.

    >>> credible([])
    []
    """
    return [fixes[index] for index in clean(with_accuracy(fixes)).indices.tolist()]


def with_accuracy(fixes: Sequence[Fix]) -> Sequence[Fix]:
    """Return positions that all tell an accuracy where a track must know one: their own, else what
    is typical of radios of their kind. `gis.tracks` takes a receiver's where none is told.
    """
    return [
        fix
        if fix.accuracy_m is not None or fix.typical_accuracy_m == ASSUMED_ACCURACY_M
        else msgspec.structs.replace(fix, accuracy_m=fix.typical_accuracy_m)
        for fix in fixes
    ]


def _spaced(fixes: Sequence[Fix], apart: timedelta, last: Fix | None) -> Sequence[Fix]:
    """Return those of some positions, oldest first, that are so long apart and after the last."""
    if not apart:
        return fixes
    fixes_kept: list[Fix] = []
    for fix in fixes:
        if "jump" not in fix.flags and (last is None or fix.time - last.time >= apart):
            fixes_kept.append(fix)
            last = fix
    return fixes_kept


def _within(fixes: Sequence[Fix], outings: Sequence[Outing]) -> list[Fix]:
    return [fix for fix in fixes if any(start <= fix.time < end for start, end in outings)]
