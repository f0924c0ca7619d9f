"""DistressSender: tells counterparts which units call for help, where, and when that is over."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from time import monotonic
from typing import Final

import msgspec

from patrol.alarms.scene import DistressCall
from patrol.errors.errors import NotFound
from patrol.exchange.positions.distress_news import (
    MOST_CALLS,
    MOST_ENDED,
    CallForHelp,
    DistressNews,
    DistressReceipt,
    EndedCall,
    anonymous_id,
)
from patrol.exchange.positions.position_batch import UnitName
from patrol.exchange.positions.shared_positions import SharedPositions, position_of_fix
from patrol.live.live_picture import LivePicture
from patrol.picture.picture import Picture
from patrol.sharing.decisions import Sharing
from patrol.store.schema.tables import to_us
from patrol.units.units import Unit
from patrol.units.wire import UnitState

AGAIN_S: Final = 10.0
"""How long news wait for their receipt before they are told again."""

_ENDED_FOR: Final = timedelta(days=7)


class _Peer(msgspec.Struct):
    """What a counterpart has been told.

    Attributes:
        number: Of the last news.
        told: What they said; None: nothing in this session.
        told_s: When they left, by the steady clock.
        is_stored: They are receipted.
        refused: How many calls it did not take, and why the last.
    """

    number: int = 0
    told: DistressNews | None = None
    told_s: float = 0.0
    is_stored: bool = False
    refused: int = 0
    reason: str = ""


class DistressSender:
    """Tells all counterparts.

    Args:
        picture: Knows the units, and when calls were ended.
        live: What viewers have been told, which is stored.
        sharing: What may cross.
        shared_positions: How exactly a place may be told.
        calls: How units call, by id.
        agencies: Those of this node.
        viewers_of: Returns the agencies of a counterpart; none while it is not spoken to.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        picture: Picture,
        live: LivePicture,
        sharing: Sharing,
        shared_positions: SharedPositions,
        *,
        calls: Mapping[str, DistressCall],
        agencies: Collection[str],
        viewers_of: Callable[[str], Collection[str]],
        now: Callable[[], datetime],
    ) -> None:
        self._picture, self._live, self._sharing = picture, live, sharing
        self._shared, self._calls, self._agencies = shared_positions, calls, agencies
        self._viewers_of, self._now = viewers_of, now
        self._calling: dict[str, UnitState] = {}
        self._peers: dict[str, _Peer] = {}

    def look(self) -> None:
        """Find which units call for help."""
        found: dict[str, UnitState] = {}
        for unit in self._picture.units.values():
            if unit.agency not in self._agencies or unit.retired_at is not None:
                continue
            try:
                state = self._live.state(unit.id)
            except NotFound:
                continue
            if state.distress:
                found[unit.id] = state
        self._calling = found

    def follow(self) -> None:
        """Find where those are that call."""
        if self._calling:
            self.look()

    def begin(self, node: str) -> None:
        """Begin a session: all is told again."""
        self._peer(node).told = None

    def due(self, node: str) -> DistressNews | None:
        """Return what a counterpart is to be told now; None if nothing."""
        viewers, peer, now = self._viewers_of(node), self._peer(node), self._now()
        if not viewers:
            return None
        calls = [
            call
            for state in self._calling.values()
            if (call := self._call(state, viewers, now)) is not None
        ]
        news = DistressNews(peer.number, tuple(calls[:MOST_CALLS]), self._ended(viewers, now))
        if news == peer.told:
            if peer.is_stored or monotonic() - peer.told_s < AGAIN_S:
                return None
        elif peer.told is None and not (news.calls or news.ended):
            return None
        peer.number += 1
        peer.told = msgspec.structs.replace(news, number=peer.number)
        peer.told_s, peer.is_stored = monotonic(), False
        return peer.told

    def take_receipt(self, node: str, receipt: DistressReceipt) -> None:
        """Note that a counterpart has stored news."""
        peer = self._peer(node)
        if receipt.number == peer.number:
            peer.is_stored = True
        if receipt.refused:
            peer.refused += receipt.refused
            peer.reason = receipt.reason

    def refused(self, node: str) -> tuple[int, str]:
        """Return how many calls a counterpart did not take since the start, and why the last."""
        peer = self._peer(node)
        return peer.refused, peer.reason

    # -- inside

    def _call(
        self, state: UnitState, viewers: Collection[str], now: datetime
    ) -> CallForHelp | None:
        unit, call = self._picture.units[state.id], self._calls.get(state.id)
        last = state.last
        classes = {
            viewer: self._sharing.classes(
                owner=unit.agency,
                viewer=viewer,
                now=now,
                lon=None if last is None else last.lon,
                lat=None if last is None else last.lat,
                unit=unit.id,
            )
            for viewer in viewers
        }
        is_named = any({"alerts", "positions"} <= each for each in classes.values())
        is_placed = any("distress" in each for each in classes.values())
        if not (is_named or is_placed):
            return None
        position = None if last is None else position_of_fix(last, state.heard_at)
        name = _name(unit) if is_named else _no_name(unit)
        if position is not None:
            position = msgspec.structs.replace(position, unit=name.id)
            if not is_placed:
                position = self._shared.as_agreed(position, unit, viewers, now)
        since = call or DistressCall(by_hand_at=state.heard_at or now)
        return CallForHelp(
            name,
            None if since.by_hand_at is None else to_us(since.by_hand_at),
            None if since.man_down_at is None else to_us(since.man_down_at),
            since.people,
            position,
        )

    def _ended(self, viewers: Collection[str], now: datetime) -> tuple[EndedCall, ...]:
        """Return the calls that are over."""
        found: list[EndedCall] = []
        for id, at in self._picture.cleared.items():
            unit = self._picture.units.get(id)
            if unit is None or unit.agency not in self._agencies or id in self._calling:
                continue
            if now - at < _ENDED_FOR and self._lets_calls(unit.agency, viewers, now):
                found.append(EndedCall(anonymous_id(id), to_us(at)))
        return tuple(sorted(found, key=lambda each: -each.ended_us)[:MOST_ENDED])

    def _lets_calls(self, owner: str, viewers: Collection[str], now: datetime) -> bool:
        return any(
            grant.lets(data_class, now) and data_class in grant.classes
            for viewer in viewers
            for grant in self._sharing.grants_between(owner, viewer)
            for data_class in ("alerts", "distress")
        )

    def _peer(self, node: str) -> _Peer:
        return self._peers.setdefault(node, _Peer())


def _name(unit: Unit) -> UnitName:
    return UnitName(
        0,
        unit.id,
        unit.call_sign,
        unit.kind,
        unit.agency,
        unit.country,
        unit.expected_interval_s,
    )


def _no_name(unit: Unit) -> UnitName:
    """Return a name that says nothing but whose it is."""
    id = anonymous_id(unit.id)
    return UnitName(0, id, f"SOS {id[:4]}", "boat", unit.agency)
