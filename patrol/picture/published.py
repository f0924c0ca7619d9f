"""PublishedState: the last state of every unit and radio that was sent to viewers.

While a batch is on its way into the store, the picture is ahead of what is on disk. Whoever asks
meanwhile is answered from here, so that nobody is shown what is not stored.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from patrol.units.wire import Fix, UnitState


class PublishedState:
    """The state of everything as of the last change that was published."""

    def __init__(self) -> None:
        self._states: dict[str, UnitState] = {}
        # A position alone is told without its unit's state: it waits here, so that a flood of
        # positions costs no more than this.
        self._moved: dict[str, tuple[Fix, datetime | None]] = {}

    def put(
        self,
        moved: Mapping[str, tuple[Fix, datetime | None]],
        states: Sequence[UnitState],
        gone: Sequence[tuple[str, str, bool]],
    ) -> None:
        """Note what was published.

        Args:
            moved: Positions that moved a marker, and when their senders were last heard, by id.
            states: Whole, and newer than these.
            gone: `(id, owner, registered)` of what left.
        """
        self._moved |= moved
        for id, _, _ in gone:
            self._states.pop(id, None)
            self._moved.pop(id, None)
        for state in states:
            self._states[state.id] = state
            self._moved.pop(state.id, None)

    def get(self, id: str) -> UnitState | None:
        """Return what was told of `id`; None if nothing."""
        state, moved = self._states.get(id), self._moved.get(id)
        if state is None or moved is None:
            return state
        fix, heard_at = moved
        return msgspec.structs.replace(
            state, last=fix, heard_at=heard_at, by_voice="by_voice" in fix.flags
        )

    def passing(self, passes: Callable[[str, bool], bool]) -> list[UnitState]:
        """Return what was told of everything whose owner and kind (registered or not) pass."""
        found = (
            self.get(id) for id, each in self._states.items() if passes(each.agency, each.known)
        )
        return [state for state in found if state is not None]
