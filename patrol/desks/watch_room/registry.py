"""RegistryDesk: how a user registers units and their radios, and enters reports about them.

Orders go to the watch and are answered after their commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import msgspec

from gis.position.position import Position, check_place
from patrol.desks.visibility.visible_units import VisibleUnits
from patrol.desks.watch_room.crews import Receive
from patrol.errors.errors import Conflict, NotFound
from patrol.picture.picture import VOICE
from patrol.store.receptions import receptions
from patrol.units.effective_time import BEHIND, check_date
from patrol.units.units import Assignment, Unit, UnitKind
from patrol.units.wire import UnitState
from patrol.watch.register_units import Registrar
from radio_gateway.messages.printable_text import check_printable
from radio_gateway.messages.transmission import Transmission
from radio_gateway.parsing.msgspec_decoders import converted

CHANGEABLE: Final = frozenset({"call_sign", "kind", "country", "expected_interval_s", "note"})
"""What may be changed of a unit, besides whether it is in service."""

ANY_CHANNEL: Final = "*"
"""In place of a channel's name: the address is believed from every channel of this node."""


class RegistryDesk:
    """What one user may do with units and radios.

    Args:
        visible: What the user may see.
        registrar: Changes units and assignments.
        receive: Takes in what people or phones report.
        agency: Owner of what nobody else owns.
        node: This node's id.
    """

    def __init__(
        self,
        visible: VisibleUnits,
        *,
        registrar: Registrar,
        receive: Receive,
        agency: str,
        node: str,
    ) -> None:
        self._visible, self._registrar, self._receive = visible, registrar, receive
        self._agency, self._node = agency, node

    async def assign(
        self,
        *,
        address: str,
        unit: str,
        start: datetime | None = None,
        end: datetime | None = None,
        channel: str | None = None,
    ) -> Assignment:
        """Say from when to when a radio address stands for a unit.

        What was heard of it comes along to a unit of the agency that heard it. For another agency's
        it counts from now on: the past stays with who heard it, and that agency is told.

        Args:
            address: Radio address.
            unit: The unit's id.
            start: First moment, aware UTC; None: since it was first heard, or now.
            end: Moment after the last, aware UTC; None while it lasts.
            channel: The only channel the address is believed from; `*` for any. None: the one it
                was heard on; any, if that is none or several.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such unit in service.
            Conflict: If the address stands for a unit at that time already, if another agency has
                heard it and `start` is past, or for a date outside the years 2000 to 2099.
        """
        self._visible.may("assign radios")
        check_date(start)
        check_date(end)
        owner = self._visible.registered(unit)
        check_printable(address=address)
        if address.startswith(f"{VOICE}:"):  # where people plotted a unit is that unit's
            raise Conflict(f"{address} is no radio", code="address_taken_there")
        picture = self._visible.picture
        radio, voucher = picture.contacts.get(address), picture.voucher_of(address)
        if voucher not in (None, owner.agency) or (
            radio is not None and radio.agency not in (owner.agency, self._agency)
        ):
            raise Conflict(
                f"{address} stands for another's unit at that time", code="address_taken_there"
            )
        now, hearer = self._visible.now(), picture.owner_of_radio(address)
        is_anothers = owner.agency != hearer
        if is_anothers and start is not None and start < now:
            last_reception = await self._visible.read(receptions.newest_of, address, hearer)
            if last_reception is not None:
                raise Conflict(
                    "what was heard until now stays with who heard it: the radio can stand for"
                    " the unit from now on",
                    code="heard_by_another",
                )
        if start is None and not is_anothers:
            start = await self._visible.read(receptions.first_time, address)
            for other in self._visible.picture.assignments_of(address):
                if other.end is not None:
                    start = other.end if start is None else max(start, other.end)
        if channel is None:
            channels = await self._visible.read(receptions.channels_of, address)
            channel = channels[0] if len(channels) == 1 else ANY_CHANNEL
        assignment = Assignment(
            id=uuid4().hex,
            address=address,
            unit=unit,
            start=start or now,
            end=end,
            channel=None if channel == ANY_CHANNEL else channel,
            agency=owner.agency,
            origin=self._node,
        )
        await self._registrar.put_assignment(assignment, by=self._visible.user.name)
        return assignment

    async def end_assignment(self, id: str, *, end: datetime | None = None) -> Assignment:
        """Say that an address stands for its unit no longer, from `end` or now on.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such assignment.
            Conflict: If it would end before it starts, or for a date outside the years 2000 to
                2099.
        """
        self._visible.may("assign radios")
        check_date(end)
        known = self._visible.picture.assignments.get(id)
        if known is None or not self._visible.policy.passes(agency=known.agency, known=True):
            raise NotFound("assignment", id)
        hearer, until = self._visible.picture.owner_of_radio(known.address), known.end
        if until is not None and (end is None or end > until) and known.agency != hearer:
            last_reception = await self._visible.read(
                receptions.newest_of, known.address, hearer, since=until
            )
            if last_reception is not None:
                raise Conflict(
                    "another agency has heard it since then: assign the radio anew",
                    code="heard_by_another",
                )
        ended = msgspec.structs.replace(known, end=end or self._visible.now())
        await self._registrar.put_assignment(ended, by=self._visible.user.name)
        return ended

    # -- units

    async def add_unit(
        self,
        *,
        call_sign: str,
        kind: UnitKind,
        country: str | None = None,
        expected_interval_s: float = 60.0,
        note: str = "",
    ) -> UnitState:
        """Register a unit of the user's agency.

        Raises:
            Forbidden: If the role may not.
            Conflict: If a unit in service has that call sign.
        """
        self._visible.may("manage units")
        unit = Unit(
            id=uuid4().hex,
            call_sign=call_sign,
            kind=kind,
            agency=self._visible.policy.agency,
            country=country,
            expected_interval_s=expected_interval_s,
            note=note,
            origin=self._node,
        )
        await self._registrar.put_unit(unit, by=self._visible.user.name)
        return self._visible.unit(unit.id)

    async def change_unit(self, id: str, changes: dict[str, object]) -> Unit:
        """Change registered fields of a unit.

        Args:
            id: The unit's id.
            changes: New values by name: `call_sign`, `kind`, `country`, `expected_interval_s`,
                `note`; `retired` True takes it out of service, False back.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such unit.
            Conflict: If a unit in service has that call sign, or if this one would be taken out
                of service while it calls for help.
        """
        self._visible.may("manage units")
        values = {name: value for name, value in changes.items() if name in CHANGEABLE}
        retired = changes.get("retired")
        if retired is not None:
            values["retired_at"] = self._visible.now() if retired else None
        values = msgspec.to_builtins(values)

        def changed() -> Unit:
            return converted(msgspec.to_builtins(self._visible.registered(id)) | values, Unit)

        changed()  # what is wrong with it is told at once
        return await self._registrar.change_unit(changed, by=self._visible.user.name)

    async def plot(
        self, id: str, *, lon: float, lat: float, at: datetime | None = None
    ) -> UnitState:
        """Plot a unit by a position reported by voice.

        Args:
            id: The unit's id.
            lon: Degrees east.
            lat: Degrees north.
            at: When it was there, aware UTC; None for now.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such unit.
            PositionError: If that is no place on Earth.
            Conflict: If that moment is still to come or more than 30 days ago, or the unit is out
                of service.
        """
        self._visible.may("plot by voice")
        unit = self._visible.registered(id)
        check_place(lon=lon, lat=lat)
        check_date(at)
        now = self._visible.now()
        if unit.retired_at is not None:
            raise Conflict(
                f"{unit.call_sign} is out of service", code="out_of_service", name=unit.call_sign
            )
        if at is not None and at - now > timedelta(seconds=60):
            raise Conflict("a position cannot be plotted ahead of time", code="ahead_of_time")
        if at is not None and now - at > BEHIND:  # it would count as of now
            raise Conflict(f"a position can be plotted at most {BEHIND.days} days back")
        await self._receive(
            [
                Transmission(
                    protocol=VOICE,
                    kind="position",
                    device=unit.id,
                    heard_at=now,
                    device_time=at or now,
                    position=Position(lon=lon, lat=lat),
                    fix=True,
                    flags=("by_voice",),
                    facts={"by": self._visible.user.name},
                    channel=VOICE,
                    reception_id=f"{self._node}/{VOICE}/{uuid4().hex}",
                )
            ]
        )
        return self._visible.unit(unit.id)

    async def report(self, transmissions: Sequence[Transmission], *, source: str) -> None:
        """Take in a report of a phone or device over HTTP; stored when this returns.

        Args:
            transmissions: What it said.
            source: What stands for a channel: the key or user that vouches for it.

        Raises:
            Forbidden: If the role may not.
        """
        self._visible.may("report positions")
        await self._receive(
            [
                msgspec.structs.replace(
                    transmission,
                    channel=source,
                    reception_id=f"{self._node}/{source}/{uuid4().hex}",
                )
                for transmission in transmissions
            ],
            of=self._visible.user.agency,
        )

    async def clear_distress(self, id: str) -> UnitState:
        """Say that a call for help is over.

        Raises:
            Forbidden: If the role may not.
            NotFound: If nothing by that id is known.
        """
        self._visible.may("clear distress")
        self._visible.own_state(id)
        await self._registrar.clear_distress(id, by=self._visible.user.name)
        return self._visible.own_state(id)
