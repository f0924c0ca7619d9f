"""Desk: one user's window on the picture and the records, and the only door to both.

What the user may see is its `VisibleUnits`. Orders go to the watch and are answered after their
commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import msgspec

from gis.position.position import Position, check_place
from patrol.desks.holdings import HoldingsDesk
from patrol.desks.incidents.audit import AuditDesk
from patrol.desks.incidents.incidents import IncidentDesk
from patrol.desks.incidents.photos import PhotoDesk
from patrol.desks.legal_holds import LegalHoldDesk
from patrol.desks.liaison.agreements import AgreementDesk
from patrol.desks.liaison.hand_offs import HandOffDesk
from patrol.desks.liaison.offers import Offers
from patrol.desks.liaison.targets import TargetDesk
from patrol.desks.marks import MarkDesk
from patrol.desks.places_on_air import PlacesOnAirDesk
from patrol.desks.planning.patrols import PatrolDesk
from patrol.desks.planning.plan import PlanDesk
from patrol.desks.planning.roster import RosterDesk
from patrol.desks.planning.sectors import SectorDesk
from patrol.desks.planning.shifts import ShiftDesk
from patrol.desks.protected_fields import ProtectedFieldDesk
from patrol.desks.replay import ReplayDesk
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.desks.watch_room.alerts import AlertDesk
from patrol.desks.watch_room.crews import CrewDesk
from patrol.desks.watch_room.deliveries import DeliveryDesk
from patrol.desks.watch_room.messages import MessageDesk
from patrol.desks.watch_room.watch_log import WatchLogDesk
from patrol.errors.errors import Conflict, NotFound
from patrol.maintenance.unknown_radios import UnknownRadio
from patrol.picture.picture import VOICE
from patrol.sectors.site_geography import Ground
from patrol.store.receptions import receptions
from patrol.units.accounts import User
from patrol.units.effective_time import BEHIND, check_date
from patrol.units.units import Assignment, Unit, UnitKind
from patrol.units.wire import UnitState
from patrol.watch.watch import Watch
from radio_gateway.health.health import RejectedFrame
from radio_gateway.messages.shown_text import check_shown
from radio_gateway.messages.transmission import Transmission
from radio_gateway.parsing.msgspec_decoders import converted

__all__ = ["Desk", "UnknownRadio"]

CHANGEABLE: Final = frozenset({"call_sign", "kind", "country", "expected_interval_s", "note"})
"""What may be changed of a unit, besides whether it is in service."""

ANY_CHANNEL: Final = "*"
"""In place of a channel's name: the address is believed from every channel of this node."""


class Desk(MessageDesk):
    """What one user may see and do."""

    def __init__(
        self,
        watch: Watch,
        user: User,
        *,
        rejected: Callable[[str], Sequence[RejectedFrame]] = lambda _channel: (),
    ) -> None:
        super().__init__(watch, user, rejected=rejected)
        self._documents = DocumentAccess(
            store=watch.store,
            filing=watch.clerk,
            field_keys=watch.field_keys,
            now=watch.now,
            user=user,
            policy=self.policy,
        )
        self._ground = watch.ground or Ground()

    @property
    def agreements(self) -> AgreementDesk:
        """What is shared with others, and what crosses now."""
        watch = self._watch
        return AgreementDesk(
            self._documents,
            sharing=watch.sharing,
            publish=watch.board.publish,
            agencies={*watch.agencies, *watch.elsewhere},
            ground=watch.ground,
        )

    @property
    def alerts(self) -> AlertDesk:
        """What needs a person."""
        return AlertDesk(self._documents, clear_distress=self._watch.registrar.clear_distress)

    @property
    def audit(self) -> AuditDesk:
        """The agency's lines of the journal."""
        return AuditDesk(self._documents)

    @property
    def targets(self) -> TargetDesk:
        """Targets."""
        return TargetDesk(
            self._documents,
            offers=self._offers,
            photos=self.photos,
            units=self._watch.picture.units,
            ground=self._watch.ground,
        )

    @property
    def hand_offs(self) -> HandOffDesk:
        """Targets offered to the other bank, and by it."""
        return HandOffDesk(self._documents, offers=self._offers, sharing=self._watch.sharing)

    @property
    def replay(self) -> ReplayDesk:
        """What stood and was known in some stretch of time."""
        return ReplayDesk(
            self._documents,
            picture=self._watch.picture,
            agency=self._watch.agency,
            sectors=self.sectors,
            versions={
                "agreement": self.agreements.versions,
                "alert": self.alerts.versions,
                "hand_off": self.hand_offs.versions,
                "incident": self.incidents.versions_or_newest,
                "patrol": self.patrols.versions,
                "sector": self.sectors.versions,
                "target": self.targets.versions,
            },
        )

    @property
    def roster(self) -> RosterDesk:
        """Hand-over of shifts, and duty contacts."""
        return RosterDesk(self._documents, channels=self._watch.picture.channels)

    @property
    def shifts(self) -> ShiftDesk:
        """Who is on watch, from when to when."""
        return ShiftDesk(self._documents)

    @property
    def log(self) -> WatchLogDesk:
        """The watch log, and phrases."""
        return WatchLogDesk(self._documents)

    @property
    def deliveries(self) -> DeliveryDesk:
        """Alerts that were sent, and the browsers that take them."""
        return DeliveryDesk(self._documents)

    @property
    def sectors(self) -> SectorDesk:
        """Areas that people drew."""
        return SectorDesk(
            self._documents, contacts=self._watch.picture.contacts, ground=self._ground
        )

    @property
    def patrols(self) -> PatrolDesk:
        """Planned work, alone and with others."""
        return PatrolDesk(self._documents, plans=self.plans)

    @property
    def plans(self) -> PlanDesk:
        """What is wrong with plans of patrols."""
        return PlanDesk(
            self._documents,
            units=self._watch.picture.units,
            agencies=self._watch.agencies,
            sharing=self._watch.sharing,
            ground=self._ground,
        )

    @property
    def incidents(self) -> IncidentDesk:
        """What happened, and what it comes to."""
        return IncidentDesk(
            self._documents,
            photos=self.photos,
            agencies=self._watch.agencies,
            epoch=self._watch.lookout.epoch,
            second_person=self._watch.second_person,
            ground=self._watch.ground,
        )

    @property
    def protected_fields(self) -> ProtectedFieldDesk:
        """Who informed, witnessed, suffered or was arrested by name, and private notes."""
        return ProtectedFieldDesk(self._documents)

    @property
    def marks(self) -> MarkDesk:
        """Places that somebody marked."""
        return MarkDesk(self._documents, incidents=self.incidents, ground=self._watch.ground)

    @property
    def on_air(self) -> PlacesOnAirDesk:
        """Marks, targets and sectors that are shown to radios."""
        return PlacesOnAirDesk(
            self._documents,
            sectors=self.sectors,
            channels=self._watch.picture.channels,
            send=self._watch.places_on_air.send,
            refusal_of=self._watch.dispatch.refusal_of,
        )

    @property
    def photos(self) -> PhotoDesk:
        """Photos of incidents and targets."""
        return PhotoDesk(self._documents)

    @property
    def legal_holds(self) -> LegalHoldDesk:
        """What is to be preserved, whatever the retention says."""
        return LegalHoldDesk(self._documents, units=self._watch.picture.units)

    @property
    def holdings(self) -> HoldingsDesk:
        """What the agency holds on somebody or something."""
        return HoldingsDesk(self._documents)

    def crew(self, *, device: str | None, unit: str | None) -> CrewDesk:
        """What the user does as a crew under way.

        Args:
            device: The device that is calling; None for a person.
            unit: Id of the unit that an enrolled phone was made for.
        """
        return CrewDesk(
            self._documents,
            picture=self._watch.picture,
            receive=self._watch.receive,
            tell=self._watch.dispatch.tell,
            handed=self._watch.phones.handed,
            ground=self._ground,
            device=device,
            unit=unit,
        )

    @property
    def _offers(self) -> Offers:
        watch = self._watch
        return Offers(
            sharing=watch.sharing,
            agencies=watch.agencies,
            elsewhere=watch.elsewhere,
            offices=watch.offices,
            node=watch.node,
            user=self.user,
        )

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
        self._may("assign radios")
        check_date(start)
        check_date(end)
        owner = self._registered(unit)
        check_shown(address=address)
        if address.startswith(f"{VOICE}:"):  # where people plotted a unit is that unit's
            raise Conflict(f"{address} is no radio", code="address_taken_there")
        picture = self._watch.picture
        radio, voucher = picture.contacts.get(address), picture.voucher_of(address)
        if voucher not in (None, owner.agency) or (
            radio is not None and radio.agency not in (owner.agency, self._watch.agency)
        ):
            raise Conflict(
                f"{address} stands for another's unit at that time", code="address_taken_there"
            )
        now, hearer = self._watch.now(), picture.owner_of_radio(address)
        is_anothers = owner.agency != hearer
        if is_anothers and start is not None and start < now:
            heard = await self._watch.store.read(receptions.newest_of, address, hearer)
            if heard is not None:
                raise Conflict(
                    "what was heard until now stays with who heard it: the radio can stand for"
                    " the unit from now on",
                    code="heard_by_another",
                )
        if start is None and not is_anothers:
            start = await self._watch.store.read(receptions.first_time, address)
            for other in self._watch.picture.assignments_of(address):
                if other.end is not None:
                    start = other.end if start is None else max(start, other.end)
        if channel is None:
            channels = await self._watch.store.read(receptions.channels_of, address)
            channel = channels[0] if len(channels) == 1 else ANY_CHANNEL
        assignment = Assignment(
            id=uuid4().hex,
            address=address,
            unit=unit,
            start=start or now,
            end=end,
            channel=None if channel == ANY_CHANNEL else channel,
            agency=owner.agency,
            origin=self._watch.node,
        )
        await self._watch.registrar.put_assignment(assignment, by=self.user.name)
        return assignment

    async def end_assignment(self, id: str, *, end: datetime | None = None) -> Assignment:
        """Say that an address stands for its unit no longer, from `end` or now on.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such assignment.
            Conflict: If it would end before it starts, or for a date outside the years 2000 to
                2099.
        """
        self._may("assign radios")
        check_date(end)
        known = self._watch.picture.assignments.get(id)
        if known is None or not self.policy.passes(agency=known.agency, known=True):
            raise NotFound("assignment", id)
        hearer, until = self._watch.picture.owner_of_radio(known.address), known.end
        if until is not None and (end is None or end > until) and known.agency != hearer:
            heard = await self._watch.store.read(
                receptions.newest_of, known.address, hearer, since=until
            )
            if heard is not None:
                raise Conflict(
                    "another agency has heard it since then: assign the radio anew",
                    code="heard_by_another",
                )
        ended = msgspec.structs.replace(known, end=end or self._watch.now())
        await self._watch.registrar.put_assignment(ended, by=self.user.name)
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
        self._may("manage units")
        unit = Unit(
            id=uuid4().hex,
            call_sign=call_sign,
            kind=kind,
            agency=self.policy.agency,
            country=country,
            expected_interval_s=expected_interval_s,
            note=note,
            origin=self._watch.node,
        )
        await self._watch.registrar.put_unit(unit, by=self.user.name)
        return self.unit(unit.id)

    async def change_unit(self, id: str, changes: dict[str, object]) -> Unit:
        """Change what is known of a unit.

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
        self._may("manage units")
        values = {name: value for name, value in changes.items() if name in CHANGEABLE}
        retired = changes.get("retired")
        if retired is not None:
            values["retired_at"] = self._watch.now() if retired else None
        values = msgspec.to_builtins(values)

        def changed() -> Unit:
            return converted(msgspec.to_builtins(self._registered(id)) | values, Unit)

        changed()  # what is wrong with it is told at once
        return await self._watch.registrar.change_unit(changed, by=self.user.name)

    async def plot(
        self, id: str, *, lon: float, lat: float, at: datetime | None = None
    ) -> UnitState:
        """Plot a unit by voice: somebody said on the radio where it is.

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
        self._may("plot by voice")
        unit = self._registered(id)
        check_place(lon=lon, lat=lat)
        check_date(at)
        now = self._watch.now()
        if unit.retired_at is not None:
            raise Conflict(
                f"{unit.call_sign} is out of service", code="out_of_service", name=unit.call_sign
            )
        if at is not None and at - now > timedelta(seconds=60):
            raise Conflict("a position cannot be plotted ahead of time", code="ahead_of_time")
        if at is not None and now - at > BEHIND:  # it would count as of now
            raise Conflict(f"a position can be plotted at most {BEHIND.days} days back")
        await self._watch.receive(
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
                    facts={"by": self.user.name},
                    channel=VOICE,
                    reception_id=f"{self._watch.node}/{VOICE}/{uuid4().hex}",
                )
            ]
        )
        return self.unit(unit.id)

    async def report(self, transmissions: Sequence[Transmission], *, source: str) -> None:
        """Take in what a phone or device reported over HTTP; stored when this returns.

        Args:
            transmissions: What it said.
            source: What stands for a channel: the key or user that vouches for it.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("report positions")
        await self._watch.receive(
            [
                msgspec.structs.replace(
                    said,
                    channel=source,
                    reception_id=f"{self._watch.node}/{source}/{uuid4().hex}",
                )
                for said in transmissions
            ],
            of=self.user.agency,
        )

    async def clear_distress(self, id: str) -> UnitState:
        """Say that a call for help is over.

        Raises:
            Forbidden: If the role may not.
            NotFound: If nothing by that id is known.
        """
        self._may("clear distress")
        self._state(id)
        await self._watch.registrar.clear_distress(id, by=self.user.name)
        return self._state(id)
