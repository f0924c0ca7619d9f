"""Due units: units that one feed may send, and which of them are due. Pure.

It is fed the frames of a live stream, so it never holds more than its agency and role may see.

- A position that moves a unit is told at once, but one unit at most once a second.
- What changes seldom (name, kind) is told with the first position, when it changes, and again
  every six minutes, as AIS does.
- A unit whose position has grown too old is told no more, until there is a new one.
- A call for help is told at once and again every minute until it is over.
- What may not be seen any more is taken back first.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal

import msgspec

from patrol.live.fix_table import all_fixes
from patrol.units.wire import Beat, Change, Fix, Snapshot, UnitState
from radio_gateway.parsing.msgspec_decoders import json_decoder

MOVES_EVERY_S: Final = 1.0
AGAIN_EVERY_S: Final = 360.0
"""ITU-R M.1371-5, annex 1, table 2: static data every 6 minutes."""
CALLS_EVERY_S: Final = 60.0
LOOKS_EVERY_S: Final = 2.0  # for what has grown old, or is due again

Act = Literal["whole", "move", "again", "gone", "forgotten", "call", "call over"]
"""What is to be told of a unit: all of it; where it is; what changes seldom; that its position is
too old; that it may not be seen any more; that it calls for help; that this is over."""


class _SentUnit(msgspec.Struct):
    unit: UnitState
    at_s: float
    again_s: float


_frame = json_decoder(Snapshot | Change | Beat)


class DueUnits:
    """What one feed may tell.

    Args:
        wants: Whether a unit or radio is to be told of at all.
        max_age: A position older than this is not told.
    """

    def __init__(self, *, wants: Callable[[UnitState], bool], max_age: timedelta) -> None:
        self._wants, self._max_age = wants, max_age
        self._states: dict[str, UnitState] = {}
        self._sent: dict[str, _SentUnit] = {}
        self._old: dict[str, UnitState] = {}  # told once, and perhaps still shown somewhere
        self._calls: dict[str, float] = {}
        self._dirty: set[str] = set()
        self._hidden: list[UnitState] = []
        self._looked_s = float("-inf")

    @property
    def unit_count(self) -> int:
        """How many units are told of now."""
        return len(self._sent)

    def holds(self, id: str) -> bool:
        """Return whether a unit or radio may be told of now."""
        return id in self._states

    def ids(self) -> list[str]:
        """Return whom a newcomer must be told of."""
        return list(self._sent.keys() | self._calls.keys())

    def now_of(self, id: str) -> list[tuple[Act, UnitState]]:
        """Return what a newcomer must be told of one of `ids`; nothing once it is told no more."""
        acts: list[tuple[Act, UnitState]] = []
        if id in self._sent:
            acts.append(("whole", self._sent[id].unit))
        if id in self._calls and id in self._states:
            acts.append(("call", self._states[id]))
        return acts

    def take(self, frame: bytes) -> None:
        """Take one frame of a live stream."""
        content = _frame.decode(frame)
        if isinstance(content, Snapshot):
            for id in self._states.keys() - {state.id for state in content.units}:
                self._hide(id)
            for state in content.units:
                self._put(state)
        elif isinstance(content, Change):
            for state in content.units:
                self._put(state)
            for fix in all_fixes(content):
                self._move(fix)
            for id in content.forget:
                self._hide(id)

    def start_over(self) -> None:
        """Have everything told again: whoever listens has heard nothing yet."""
        self._sent.clear()
        self._calls.clear()
        self._dirty.update(self._states)

    def due(self, now: datetime, at_s: float) -> list[tuple[Act, UnitState]]:
        """Return what is due to be told, in order, and take it as told.

        Args:
            now: The present, aware UTC.
            at_s: A clock that only goes forward, seconds.
        """
        acts: list[tuple[Act, UnitState]] = [("forgotten", unit) for unit in self._hidden]
        self._hidden.clear()
        if at_s - self._looked_s >= LOOKS_EVERY_S:
            self._looked_s = at_s
            self._look(acts, now, at_s)
        for id in tuple(self._dirty):
            state, last = self._states[id], self._sent.get(id)
            self._judge_call(acts, state, at_s)
            if last is not None and at_s - last.at_s < MOVES_EVERY_S:
                continue
            self._dirty.discard(id)
            if state.last is None or now - state.last.time > self._max_age:
                if last is not None:
                    self._old[id] = self._sent.pop(id).unit
                    acts.append(("gone", last.unit))
            elif last is None or _identity(last.unit) != _identity(state):
                acts.append(("whole", state))
                self._old.pop(id, None)
                self._sent[id] = _SentUnit(state, at_s, at_s)
            elif _place(last.unit) != _place(state):
                acts.append(("move", state))
                last.unit, last.at_s = state, at_s
        return acts

    def wait_s(self, at_s: float) -> float:
        """Return how long there is nothing due, unless something changes, seconds."""
        if self._hidden:
            return 0.0
        due = [self._looked_s + LOOKS_EVERY_S]
        due += [
            last.at_s + MOVES_EVERY_S if (last := self._sent.get(id)) else at_s
            for id in self._dirty
        ]
        return max(min(due) - at_s, 0.0)

    # -- inside

    def _put(self, state: UnitState) -> None:
        if self._wants(state):
            self._states[state.id] = state
            self._dirty.add(state.id)
        else:
            self._hide(state.id)

    def _move(self, fix: Fix) -> None:
        state = self._states.get(fix.of)
        if state is not None and fix.live:
            self._states[fix.of] = msgspec.structs.replace(state, last=fix)
            self._dirty.add(fix.of)

    def _hide(self, id: str) -> None:
        state = self._states.pop(id, None)
        self._dirty.discard(id)
        last, old = self._sent.pop(id, None), self._old.pop(id, None)
        calls = self._calls.pop(id, None) is not None
        subject = last.unit if last is not None else old or (state if calls else None)
        if subject is not None:
            self._hidden.append(msgspec.structs.replace(subject, distress=calls))

    def _look(self, acts: list[tuple[Act, UnitState]], now: datetime, at_s: float) -> None:
        for id, last in list(self._sent.items()):
            assert last.unit.last is not None
            if now - last.unit.last.time > self._max_age:
                self._dirty.add(id)  # it may have moved meanwhile
            elif at_s - last.again_s >= AGAIN_EVERY_S:
                last.again_s = at_s
                acts.append(("again", last.unit))
        for id, called_s in self._calls.items():
            if at_s - called_s >= CALLS_EVERY_S:
                self._calls[id] = at_s
                acts.append(("call", self._states[id]))

    def _judge_call(self, acts: list[tuple[Act, UnitState]], state: UnitState, at_s: float) -> None:
        if state.distress and state.id not in self._calls:
            self._calls[state.id] = at_s
            acts.append(("call", state))
        elif not state.distress and self._calls.pop(state.id, None) is not None:
            acts.append(("call over", state))


def _identity(unit: UnitState) -> tuple[object, ...]:
    return unit.call_sign, unit.kind, unit.addresses, unit.distress


def _place(unit: UnitState) -> tuple[object, ...] | None:
    fix = unit.last
    return None if fix is None else (fix.time, fix.lon, fix.lat, fix.speed_mps, fix.course_deg)
