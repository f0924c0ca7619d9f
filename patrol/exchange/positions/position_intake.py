"""PositionIntake: takes the positions of counterparts' units into the picture, as a channel does.

Each becomes a transmission of its unit with its own times, and is receipted once it is stored. It
is named by unit, time and place, so that it has one effect however often it comes. What the
agreements here do not let pass is not taken, whatever the other side thinks.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import UTC, datetime
from typing import Final, TypeAlias

import msgspec

from gis.position.position import Position
from patrol.errors.errors import Conflict
from patrol.exchange.positions.position_batch import (
    CrossingPosition,
    PositionBatch,
    PositionReceipt,
    UnitName,
    check_name,
    unpack,
)
from patrol.picture.picture import COUNTERPART, Picture
from patrol.sharing.decisions import Sharing
from patrol.store.schema.tables import from_us
from patrol.units.data_classes import DataClass
from patrol.units.units import Assignment, Unit
from radio_gateway.messages.transmission import Transmission

RegisterUnits: TypeAlias = Callable[[Sequence[Unit], Sequence[Assignment]], Awaitable[None]]

_MOST_UNITS: Final = 20_000
_SINCE: Final = datetime(2000, 1, 1, tzinfo=UTC)
_MOST_RECEIPTS: Final = 500


class ReceivedPositions(msgspec.Struct):
    """What of a counterpart's positions came in this run.

    Attributes:
        table: Of the session.
        names: Its units, by number.
        receipts: Batches to be receipted.
        is_unknown: A batch named a unit by a number that is not in the table.
        received_at: When a batch was last stored, aware UTC.
        newest_at: Time of the newest position, aware UTC.
        refused: How many were not taken, and why the last.
        reason: For people who read English.
        refused_at: When, aware UTC.
        told: How many of these the counterpart was told.
    """

    table: int = -1
    names: dict[int, str] = msgspec.field(default_factory=dict)
    receipts: list[int] = msgspec.field(default_factory=list)
    is_unknown: bool = False
    received_at: datetime | None = None
    newest_at: datetime | None = None
    refused: int = 0
    reason: str = ""
    refused_at: datetime | None = None
    told: int = 0


class PositionIntake:
    """Takes what counterparts tell of their units.

    Args:
        picture: Knows the units.
        sharing: What may cross.
        agencies: Those of this node.
        agencies_of: Returns the agencies of a counterpart.
        register: Registers units of others, with what stands for them.
        receive: Takes transmissions in; they are stored when it returns.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        picture: Picture,
        sharing: Sharing,
        *,
        agencies: Collection[str],
        agencies_of: Callable[[str], Collection[str]],
        register: RegisterUnits,
        receive: Callable[[Sequence[Transmission]], Awaitable[None]],
        now: Callable[[], datetime],
    ) -> None:
        self._picture, self._sharing = picture, sharing
        self._agencies, self._agencies_of = agencies, agencies_of
        self._register, self._receive, self._now = register, receive, now
        self._received: dict[str, ReceivedPositions] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    def received(self, node: str) -> ReceivedPositions:
        """Return what came of a counterpart in this run."""
        return self._received.setdefault(node, ReceivedPositions())

    async def take(self, node: str, batch: PositionBatch) -> None:
        """Take one batch; what may pass of it is stored when this returns.

        Args:
            node: The counterpart.
            batch: What it says.

        Raises:
            Conflict: If it is none, is about units that are not the counterpart's, or no agreement
                with their agency is in force here: it is not receipted.
            StoreError: If the store refuses: it is to be told again.
        """
        async with self._locks.setdefault(node, asyncio.Lock()):
            received = self.received(node)
            if received.table != batch.table:
                received.table, received.names, received.receipts = batch.table, {}, []
            await self.register(node, batch.names)
            if len(received.names) + len(batch.names) > _MOST_UNITS:
                raise Conflict(f"`names`: more than {_MOST_UNITS} units")
            received.names |= {each.number: each.id for each in batch.names}
            try:
                positions = unpack(batch, received.names)
            except KeyError:
                received.is_unknown = True
                return
            is_early = await self._take_positions(node, received, positions)
            if is_early:
                raise Conflict("no agreement with the agency of some units is in force here")
            received.receipts = [*received.receipts[1 - _MOST_RECEIPTS :], batch.number]
            received.received_at = self._now()

    def receipt_due(self, node: str) -> PositionReceipt | None:
        """Return what a counterpart is to be told of its batches; None if nothing."""
        received = self.received(node)
        if not received.receipts and not received.is_unknown:
            return None
        receipt = PositionReceipt(
            received.table,
            tuple(received.receipts),
            received.is_unknown,
            received.refused - received.told,
            received.reason,
        )
        received.receipts, received.is_unknown = [], False
        received.told = received.refused
        return receipt

    async def register(self, node: str, names: Sequence[UnitName]) -> None:
        """Register a counterpart's units that are new or changed.

        Raises:
            Conflict: If one is none, or not the counterpart's; it names the field.
            StoreError: If the store refuses.
        """
        units: list[Unit] = []
        assignments: list[Assignment] = []
        for name in names:
            check_name(name)
            known = self._picture.units.get(name.id)
            if name.agency not in self._agencies_of(node) or name.agency in self._agencies:
                raise Conflict(f"`names.agency`: {name.agency[:64]!r} is no agency of {node}")
            if known is not None and (known.agency, known.origin) != (name.agency, node):
                raise Conflict(f"`names.id`: {name.id!r} is no unit of {name.agency} at {node}")
            unit = Unit(
                id=name.id,
                call_sign=name.call_sign,
                kind=name.kind,
                agency=name.agency,
                country=name.country,
                expected_interval_s=name.expected_interval_s,
                origin=node,
                retired_at=None,
            )
            if name.is_retired:
                was = None if known is None else known.retired_at
                unit = msgspec.structs.replace(unit, retired_at=was or self._now())
            if unit != known:
                units.append(unit)
            if not self._picture.assignments_of_unit(unit.id):
                assignments.append(
                    Assignment(
                        id=f"{COUNTERPART}:{unit.id}",
                        address=f"{COUNTERPART}:{unit.id}",
                        unit=unit.id,
                        channel=channel_of(node),
                        start=_SINCE,
                        agency=unit.agency,
                        origin=node,
                    )
                )
        if units:
            await self._register(units, assignments)

    async def put_units(self, units: Sequence[Unit]) -> None:
        """Change units of counterparts.

        Raises:
            StoreError: If the store refuses.
        """
        await self._register(units, ())

    # -- inside

    async def _take_positions(
        self, node: str, received: ReceivedPositions, positions: Sequence[CrossingPosition]
    ) -> bool:
        """Take what may pass; return whether something may as soon as an agreement is in force."""
        now, is_early = self._now(), False
        transmissions: list[Transmission] = []
        newest: datetime | None = None
        for each in positions:
            unit = self._picture.units[each.unit]
            at = from_us(each.time_us)
            if unit.retired_at is not None:
                continue
            if self._may_pass(each, unit.agency, at, now):
                transmissions.append(transmission_of(node, each, at))
                newest = at if newest is None else max(newest, at)
            elif not self._is_in_force(unit.agency, now):
                is_early = True
            elif not self._may_pass(each, unit.agency, at, at):  # else time alone has closed it
                received.refused += 1
                received.refused_at = now
                received.reason = (
                    f"a position of {unit.call_sign} at {at:%Y-%m-%d %H:%M:%S} is outside what is "
                    f"agreed with {unit.agency}"
                )
        if transmissions:
            await self._receive(transmissions)
        if newest is not None:
            received.newest_at = max(received.newest_at or newest, newest)
        return is_early

    def _is_in_force(self, owner: str, now: datetime) -> bool:
        return any(self._sharing.open_grants(owner, viewer, now) for viewer in self._agencies)

    def _may_pass(
        self, position: CrossingPosition, owner: str, at: datetime, now: datetime
    ) -> bool:
        classes: tuple[DataClass, ...] = ("tracks", "positions")
        return any(
            self._sharing.grants(
                data_class,
                owner=owner,
                viewer=viewer,
                now=now,
                at=at,
                lon=position.lon,
                lat=position.lat,
                unit=position.unit,
            )
            for viewer in self._agencies
            for data_class in classes
        )


def channel_of(node: str) -> str:
    """Return the channel by which the units of a counterpart are heard."""
    return f"{COUNTERPART}/{node}"


def transmission_of(node: str, position: CrossingPosition, at: datetime) -> Transmission:
    """Return a position of a counterpart's unit as what a channel heard.

    Args:
        node: The counterpart.
        position: As it came.
        at: Its time, aware UTC.
    """
    channel = channel_of(node)
    # By this it is the same however often, and by whichever batch, it comes.
    key = f"{at.isoformat()}|{position.lon:.7f}|{position.lat:.7f}"
    return Transmission(
        protocol=COUNTERPART,
        kind="position",
        device=position.unit,
        position=Position(
            lon=position.lon,
            lat=position.lat,
            time=at,
            altitude_m=position.altitude_m,
            accuracy_m=position.accuracy_m,
            speed_mps=position.speed_mps,
            course_deg=position.course_deg,
            heading_deg=position.heading_deg,
        ),
        fix=True,
        device_time=at,
        heard_at=from_us(position.heard_us),
        flags=tuple(sorted(position.flags)),
        channel=channel,
        reception_id=f"{channel}/{position.unit}/{key}",
        duplicate_key=key,
        duplicate_window_s=None,
    )
