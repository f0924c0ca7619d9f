"""SharedUnits: what of one agency's units another may see at present.

It follows the owner's picture, behind by the agreement's delay, and lets through what crosses. A
unit is seen at its newest live position if that may cross, and not at all otherwise: whoever saw it
is told to forget it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import msgspec

from patrol.sharing.decisions import Sharing
from patrol.sharing.precision import crossed_fix
from patrol.sharing.terms import Grant
from patrol.units.data_classes import DataClass, crossed
from patrol.units.wire import Fix, UnitState

_Event: TypeAlias = UnitState | Fix | str
"""A state as the owner knows it, a position that joined, or the id of a unit that left."""

_AHEAD: Final = timedelta(minutes=1)


class SharedUnitsChange(msgspec.Struct):
    """What changed in a sight.

    Attributes:
        units: States that changed, whole.
        fixes: Positions that joined, in order.
        forget: Ids of units that are seen no more.
    """

    units: dict[str, UnitState] = {}
    fixes: list[Fix] = []
    forget: dict[str, None] = {}

    def __bool__(self) -> bool:
        """Whether anything did."""
        return bool(self.units or self.fixes or self.forget)


class SharedUnits:
    """One agency's units as another sees them.

    Args:
        owner: Whose units.
        viewer: Who sees them.
        sharing: What may cross.

    Attributes:
        visible: What the viewer holds, by id.
    """

    def __init__(self, owner: str, viewer: str, sharing: Sharing) -> None:
        self.owner, self.viewer = owner, viewer
        self.visible: dict[str, UnitState] = {}
        self._sharing = sharing
        self._latest: dict[str, UnitState] = {}
        self._delayed: deque[tuple[datetime, _Event]] = deque()

    def begin(self, states: Iterable[UnitState], now: datetime) -> SharedUnitsChange:
        """Start over from what the owner's viewers have been told, under the agreements as they
        are now; what was held back and has not been told starts over, too.

        Returns:
            The whole of what is seen now, and what of before is not.
        """
        before = set(self.visible)
        self._delayed.clear()
        self.visible.clear()
        delay = self._delay(now)
        if delay:
            # A state that was let through before is old enough still.
            states = list(states)
            known = {state.id for state in states}
            kept = [state for id, state in self._latest.items() if id in known]
            self._latest.clear()
            news = self._through(kept, now)
            self._delayed.extend((_due(state, now) + delay, state) for state in states)
        else:
            self._latest.clear()
            news = self._through(states, now)
        for id in before - set(self.visible):
            news.forget[id] = None
        return news

    def take(
        self,
        units: Sequence[UnitState],
        fixes: Sequence[Fix],
        gone: Sequence[str],
        now: datetime,
    ) -> SharedUnitsChange:
        """Take what changed in the owner's picture; return what the viewer learns of it, and of
        what was held back until now.
        """
        events: list[_Event] = [*gone, *units, *fixes]
        if not events and not self._delayed:
            return SharedUnitsChange()
        delay = self._delay(now)
        if not delay and not self._delayed:
            return self._through(events, now)
        self._delayed.extend((_due(event, now) + delay, event) for event in events)
        ready: list[_Event] = []
        while self._delayed and self._delayed[0][0] <= now:
            ready.append(self._delayed.popleft()[1])
        return self._through(ready, now)

    # -- inside

    def _delay(self, now: datetime) -> timedelta:
        """Return the longest delay of the agreements in force: none is told too early."""
        if self._sharing.is_remote(self.owner):
            return timedelta()  # its own node has waited
        grants = self._sharing.open_grants(self.owner, self.viewer, now)
        return max((grant.delay for grant in grants), default=timedelta())

    def _through(self, events: Iterable[_Event], now: datetime) -> SharedUnitsChange:
        news = SharedUnitsChange()
        for event in events:
            if isinstance(event, str):
                self._latest.pop(event, None)
                self._hide(event, news)
            elif isinstance(event, UnitState):
                self._latest[event.id] = event
                self._show(event, news, now)
            elif event.live:
                self._move(event, news, now)
            else:
                self._join(event, news, now)
        return news

    def _show(self, state: UnitState, news: SharedUnitsChange, now: datetime) -> None:
        visible = self.crossed(state, now)
        if visible is None:
            self._hide(state.id, news)
        elif self.visible.get(state.id) != visible:
            self.visible[state.id] = news.units[state.id] = visible
            news.forget.pop(state.id, None)

    def _move(self, fix: Fix, news: SharedUnitsChange, now: datetime) -> None:
        state = self._latest.get(fix.of)
        if state is None:
            return
        state = self._latest[fix.of] = msgspec.structs.replace(
            state, last=fix, by_voice="by_voice" in fix.flags
        )
        was = self.visible.get(fix.of)
        if was is not None and not state.distress:
            grants = self._position_grants(state, fix, now)
            if not grants:
                self._hide(fix.of, news)
                return
            # The usual case: it moved, and that is all; what else crosses of it is shown already.
            fix_sent = crossed_fix(fix, grants[0].precision_m)
            self.visible[fix.of] = msgspec.structs.replace(
                was, last=fix_sent, by_voice=state.by_voice
            )
            if was.by_voice != state.by_voice or fix.of in news.units:
                news.units[fix.of] = self.visible[fix.of]
            news.fixes.append(fix_sent)
            return
        visible = self.crossed(state, now)
        if visible is None or visible.last is None:
            self._hide(fix.of, news)
            return
        self.visible[fix.of] = news.units[fix.of] = visible
        news.forget.pop(fix.of, None)
        news.fixes.append(visible.last)

    def _join(self, fix: Fix, news: SharedUnitsChange, now: datetime) -> None:
        """Let a position join the track of a unit that is seen."""
        if fix.of in self.visible:
            grants = self._sharing.grants(
                "tracks",
                owner=self.owner,
                viewer=self.viewer,
                now=now,
                at=fix.time,
                lon=fix.lon,
                lat=fix.lat,
                unit=fix.of,
            )
            if grants:
                news.fixes.append(crossed_fix(fix, grants[0].precision_m))

    def _hide(self, id: str, news: SharedUnitsChange) -> None:
        if self.visible.pop(id, None) is not None:
            news.units.pop(id, None)
            news.fixes = [fix for fix in news.fixes if fix.of != id]
            news.forget[id] = None

    def crossed(self, state: UnitState, now: datetime) -> UnitState | None:
        """Return what the viewer may see of a state; None for nothing."""
        last = state.last
        if state.agency != self.owner or not state.known or last is None:
            return None
        grants = self._position_grants(state, last, now)
        if not grants:
            return None
        classes: set[DataClass] = {"positions"}
        if state.distress and self._sharing.grants(
            "alerts",
            owner=self.owner,
            viewer=self.viewer,
            now=now,
            at=now - self._delay(now),
            lon=last.lon,
            lat=last.lat,
            unit=state.id,
        ):
            classes.add("alerts")
        if state.phrase_at is not None and self._sharing.grants(
            "texts",
            owner=self.owner,
            viewer=self.viewer,
            now=now,
            at=state.phrase_at,
            lon=last.lon,
            lat=last.lat,
            unit=state.id,
        ):
            classes.add("texts")
        visible = crossed(state, classes)
        if visible is None:
            return None
        return msgspec.structs.replace(visible, last=crossed_fix(last, grants[0].precision_m))

    def _position_grants(self, state: UnitState, fix: Fix, now: datetime) -> list[Grant]:
        """Return the agreements under which the viewer may see a unit where it is."""
        return self._sharing.grants(
            "positions",
            owner=self.owner,
            viewer=self.viewer,
            now=now,
            at=fix.time,
            lon=fix.lon,
            lat=fix.lat,
            unit=state.id,
        )


def _due(event: _Event, now: datetime) -> datetime:
    """Return when an event counts as told: a device's clock may be a little ahead of ours."""
    fix = event if isinstance(event, Fix) else event.last if isinstance(event, UnitState) else None
    return now if fix is None else min(max(now, fix.time), now + _AHEAD)
