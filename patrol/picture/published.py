"""PublishedState: what viewers have been told of every unit and radio.

While a batch is on its way into the store, the picture is ahead of what is on disk. Whoever asks
meanwhile is answered from here, so that nobody is shown what is not stored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
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

    def move(self, fix: Fix, heard_at: datetime | None) -> None:
        """Note a published position that moved a marker, and when its sender was last heard."""
        self._moved[fix.of] = fix, heard_at

    def put(self, states: Sequence[UnitState], gone: Sequence[tuple[str, str, bool]]) -> None:
        """Note published states, whole and newer than any `move` before, and what left."""
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
