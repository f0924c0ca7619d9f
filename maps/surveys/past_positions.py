"""Past positions: of units over some time, read through a desk, and no more than a bound."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

from maps.errors.errors import BadRequest
from patrol.desks.desk import Desk
from patrol.units.wire import Fix, UnitState

_Reduce: TypeAlias = Callable[[UnitState, Sequence[Fix], Fix | None], Sequence[Fix]]


async def past_positions(
    desk: Desk,
    units: Sequence[str],
    start: datetime,
    end: datetime,
    *,
    longest: timedelta,
    most: int,
    is_wanted: Callable[[UnitState], bool] = lambda _state: True,
    reduce: _Reduce = lambda _state, page, _last: page,
) -> AsyncIterator[tuple[UnitState, list[Fix]]]:
    """Yield units with where they were, oldest first; those that were nowhere with nothing.

    Args:
        desk: Of who asks.
        units: Unit ids, in service or not, or radio addresses; none: every unit there is.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.
        longest: Longest time that may be asked for.
        most: Most positions of all units together, of those that are kept.
        is_wanted: Whether to read a unit's.
        reduce: Returns those of a page of a unit that are kept, by the last one kept before.

    Raises:
        BadRequest: If the time is none, too long, or holds too many positions.
        Forbidden: If the role may not.
        NotFound: If there is no such unit, or the user may not know of it.
    """
    if not timedelta() < end - start <= longest:
        raise BadRequest(f"end comes after start, by {longest.days} days at most", field="end")
    count = 0
    for id in (
        dict.fromkeys(units) if units else [state.id for state in desk.history.tracked_units()]
    ):
        state = desk.visible.unit(id, unplaced=True)  # to be named only beside its positions
        if not is_wanted(state):
            continue
        fixes: list[Fix] = []
        async for page in desk.history.pages(id, start=start, end=end):
            some = reduce(state, page, fixes[-1] if fixes else None)
            count += len(some)
            if count > most:
                fault = f"more than {most} positions: ask for less time or fewer units"
                raise BadRequest(fault, field="start")
            fixes += some
        yield state, fixes
