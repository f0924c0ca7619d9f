"""DistressIntake: takes the calls for help of counterparts' units, and their ends.

A call becomes a transmission of its unit, so that it is latched on disk and rings as one that was
heard here does. It is named by unit and time: told again, it is the same call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Final, Protocol

import msgspec

from patrol.errors.errors import Conflict
from patrol.exchange.positions.distress_news import (
    MOST_CALLS,
    MOST_ENDED,
    CallForHelp,
    DistressNews,
    DistressReceipt,
    anonymous_id,
)
from patrol.exchange.positions.position_intake import PositionIntake, channel_of, transmission_of
from patrol.picture.picture import COUNTERPART, Picture
from patrol.sharing.decisions import Sharing
from patrol.store.schema.tables import from_us
from patrol.units.units import Unit
from radio_gateway.messages.transmission import Transmission

_FARTHEST_US: Final = 10**17


class EndCall(Protocol):
    """`Registrar.clear_distress`."""

    async def __call__(self, of: str, *, by: str, at: datetime | None = None) -> None:
        """End a call for help."""


class _Received(msgspec.Struct):
    receipt: DistressReceipt | None = None
    refused: int = 0
    reason: str = ""
    refused_at: datetime | None = None


class DistressIntake:
    """Takes what counterparts tell.

    Args:
        position_intake: Registers their units.
        picture: Knows the units.
        sharing: What may cross.
        agencies: Those of this node.
        receive: Takes transmissions in; they are stored when it returns.
        end_call: Ends a call for help.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        position_intake: PositionIntake,
        picture: Picture,
        sharing: Sharing,
        *,
        agencies: Collection[str],
        receive: Callable[[Sequence[Transmission]], Awaitable[None]],
        end_call: EndCall,
        now: Callable[[], datetime],
    ) -> None:
        self._positions, self._picture, self._sharing = position_intake, picture, sharing
        self._agencies, self._receive, self._end_call = agencies, receive, end_call
        self._now = now
        self._received: dict[str, _Received] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def take(self, node: str, news: DistressNews) -> None:
        """Take all calls of a counterpart's units; stored when this returns.

        Args:
            node: The counterpart.
            news: What it says.

        Raises:
            Conflict: If it is none, is about units that are not the counterpart's, or no agreement
                with their agency lets calls for help cross here: it is not receipted.
            StoreError: If the store refuses: it is to be told again.
        """
        if len(news.calls) > MOST_CALLS or len(news.ended) > MOST_ENDED:
            raise Conflict(f"`calls` or `ended` has more than {MOST_CALLS}")
        received = self._received.setdefault(node, _Received())
        async with self._locks.setdefault(node, asyncio.Lock()):
            may_cross = [each for each in news.calls if self._may_cross(each)]
            await self._positions.register(node, [each.unit for each in may_cross])
            transmissions: list[Transmission] = []
            for each in may_cross:
                transmissions += _transmissions(node, each)
            if transmissions:
                await self._receive(transmissions)
            ended = {each.unit: from_us(_within(each.ended_us)) for each in news.ended}
            ended |= {anonymous_id(each.unit.id): self._now() for each in may_cross}
            await self._end(node, ended, {each.unit.id for each in may_cross})
            refused = len(news.calls) - len(may_cross)
            if refused and not all(self._is_in_force(each.unit.agency) for each in news.calls):
                raise Conflict("no agreement with the agency of some units is in force here")
            received.refused += refused
            received.receipt = DistressReceipt(news.number, refused, "")
            if refused:
                received.refused_at = self._now()
                received.reason = "a call for help is outside what is agreed"
                received.receipt = DistressReceipt(news.number, refused, received.reason)

    def receipt_due(self, node: str) -> DistressReceipt | None:
        """Return what a counterpart is to be told of its news; None if nothing."""
        received = self._received.get(node)
        if received is None:
            return None
        receipt, received.receipt = received.receipt, None
        return receipt

    def refused(self, node: str) -> tuple[int, str, datetime | None]:
        """Return how many calls were not taken in this run, why the last, and when."""
        received = self._received.get(node, _Received())
        return received.refused, received.reason, received.refused_at

    # -- inside

    async def _end(self, node: str, ended: dict[str, datetime], lasting: Collection[str]) -> None:
        """End calls by the word of the counterpart."""
        retired: list[Unit] = []
        for unit in list(self._picture.units.values()):
            contact = self._picture.contacts.get(unit.id)
            if unit.origin != node or contact is None or not contact.distress:
                continue
            # What crossed without a name has the id that says nothing.
            at = ended.get(anonymous_id(unit.id), ended.get(unit.id))
            if at is None or unit.id in lasting:
                continue
            await self._end_call(unit.id, by=f"{COUNTERPART} {node}", at=at)
            if unit.id in ended:
                retired.append(msgspec.structs.replace(unit, retired_at=self._now()))
        if retired:
            await self._positions.put_units(retired)

    def _is_in_force(self, owner: str) -> bool:
        now = self._now()
        return any(self._sharing.open_grants(owner, viewer, now) for viewer in self._agencies)

    def _may_cross(self, call: CallForHelp) -> bool:
        position, now = call.position, self._now()
        return any(
            "distress" in classes or {"alerts", "positions"} <= classes
            for viewer in self._agencies
            for classes in (
                self._sharing.classes(
                    owner=call.unit.agency,
                    viewer=viewer,
                    now=now,
                    lon=None if position is None else position.lon,
                    lat=None if position is None else position.lat,
                    unit=call.unit.id,
                ),
            )
        )


def _transmissions(node: str, call: CallForHelp) -> list[Transmission]:
    """Return where a unit is, and then its call in each way that it is made."""
    found: list[Transmission] = []
    if call.position is not None:
        at = from_us(_within(call.position.time_us))
        _within(call.position.heard_us)
        found.append(
            transmission_of(node, msgspec.structs.replace(call.position, unit=call.unit.id), at)
        )
    for since_us, is_man_down in ((call.by_hand_us, False), (call.man_down_us, True)):
        if since_us is None:
            continue
        at, channel = from_us(_within(since_us)), channel_of(node)
        key = f"{at.isoformat()}|{'man_down' if is_man_down else 'sos'}"
        facts: dict[str, str | int | float | bool] = {}
        if is_man_down:
            facts["alarm"] = "man_down"
        if call.people is not None:
            facts["persons_on_board"] = call.people
        found.append(
            Transmission(
                protocol=COUNTERPART,
                kind="distress",
                device=call.unit.id,
                device_time=at,
                heard_at=at,
                distress=not is_man_down,
                facts=facts,
                channel=channel,
                reception_id=f"{channel}/{call.unit.id}/{key}",
                duplicate_key=key,
                duplicate_window_s=None,
            )
        )
    return found


def _within(time_us: int) -> int:
    if abs(time_us) > _FARTHEST_US:
        raise Conflict(f"`calls`: {time_us} is in no calendar")
    return time_us
