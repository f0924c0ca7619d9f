"""CrewDesk: reports of a crew under way, and the plans and phrases that its phone needs.

Nothing of another agency is in it but the areas of the crew's own patrols, marked as that agency's.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import uuid4

import msgspec
import shapely

from gis.errors.errors import GisError
from patrol.desks.visibility.document_access import DocumentAccess
from patrol.documents.transaction import PhoneReceipt
from patrol.errors.errors import NotFound
from patrol.messages.message import Message
from patrol.messages.phrase_codes import code_of
from patrol.patrols.patrol import Patrol, PatrolState
from patrol.picture.picture import Picture
from patrol.sectors.sector import KEPT_OUT_OF, Rings, Sector, SectorUse
from patrol.sectors.site_geography import Ground
from patrol.store.records import crew_reports, messages
from patrol.units.units import UnitKind
from patrol.watch.phone_queue import PHONE, address_of
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order_result import OrderResult

TEXTS_FOR: Final = timedelta(hours=72)
MOST_TEXTS: Final = 100
MOST_SECTORS: Final = 100
_ROUGH_DEG: Final = 0.0001  # 11 m: how far the drawn edge of a stretch of river may be off
_SEEN: Final = frozenset({"delivered", "read"})


class CrewUnit(msgspec.Struct, frozen=True, kw_only=True):
    """The crew's own unit.

    Attributes:
        id: Its id.
        call_sign: Name on the radio.
        kind: What it is.
        distress: It called for help and nobody has cleared it.
    """

    id: str
    call_sign: str
    kind: UnitKind
    distress: bool = False


class CrewMember(msgspec.Struct, frozen=True, kw_only=True):
    """A unit of the crew's agency in a patrol.

    Attributes:
        id: Its id.
        call_sign: Name on the radio.
    """

    id: str
    call_sign: str


class CrewPatrol(msgspec.Struct, frozen=True, kw_only=True):
    """A patrol of the crew.

    Attributes:
        id: Its id.
        name: What people call it.
        state: How far it has come.
        starts_at: When it is to begin, aware UTC.
        ends_at: When it is to be over, aware UTC.
        check_in_interval_s: Longest time between two check-ins; None: none are asked.
        next_check_in_at: When the crew's unit is to check in; None unless it is under way.
        check_in_by_message: Whether anything heard of the unit counts as its check-in.
        sectors: Ids of what it covers.
        units: Those of the crew's own agency.
    """

    id: str
    name: str
    state: PatrolState
    starts_at: datetime
    ends_at: datetime
    check_in_interval_s: float | None
    next_check_in_at: datetime | None
    check_in_by_message: bool
    sectors: tuple[str, ...]
    units: tuple[CrewMember, ...]


class CrewSector(msgspec.Struct, frozen=True, kw_only=True):
    """An area of the crew's patrols, or one of its agency to keep out of.

    Attributes:
        id: Its id.
        name: What people call it.
        use: What it is for.
        agency: Whose it is: of another agency's a phone keeps nothing.
        polygon: Rings of [lon, lat], the outer first.
    """

    id: str
    name: str
    use: SectorUse
    agency: str
    polygon: Rings


class CrewText(msgspec.Struct, frozen=True, kw_only=True, rename={"by": "from"}):
    """A text to the crew.

    Attributes:
        id: Its id.
        at: When it was given, aware UTC.
        by: Who gave it.
        text: The words.
        phrase: Code of the canned phrase that they are, to be read in the crew's own language.
        read_at: When the crew said that it has read it; None until then.
    """

    id: str
    at: datetime
    by: str
    text: str | None = None
    phrase: str | None = None
    read_at: datetime | None = None


class Receive(Protocol):
    """`Watch.receive`."""

    async def __call__(
        self, transmissions: Sequence[Transmission], *, of: str | None = None
    ) -> None:
        """Take in direct reports of people or phones."""


class CrewDesk:
    """What one crew may report and see.

    Args:
        access: What the user may read, see and file.
        picture: What is known of units and radios now.
        receive: Takes in what a radio or phone says.
        store_result: Notes how a text to a phone fares.
        note_fetched: Takes a text from the queue of those that wait for their phones.
        ground: Rivers and borders of this site.
        device: The device that is calling; None for a person.
        unit: Id of the unit that an enrolled phone was made for.
    """

    def __init__(
        self,
        access: DocumentAccess,
        *,
        picture: Picture,
        receive: Receive,
        store_result: Callable[[OrderResult], Awaitable[None]],
        note_fetched: Callable[[str], None],
        ground: Ground,
        device: str | None,
        unit: str | None,
    ) -> None:
        self._access, self._picture, self._ground = access, picture, ground
        self._receive, self._store_result, self._note_fetched = receive, store_result, note_fetched
        self.device: Final = device or access.user.name
        self._unit = unit

    @property
    def address(self) -> str:
        """The radio address under which it reports."""
        return address_of(self.device)

    @property
    def unit(self) -> str | None:
        """Id of the unit that it speaks for; None if for none of its agency."""
        id = self._unit
        if id is None:
            assigned = self._picture.unit_at(self.address, self._access.now())
            id = None if assigned is None else assigned.unit
        known = None if id is None else self._picture.units.get(id)
        return known.id if known is not None and known.agency == self._access.user.agency else None

    # -- reports

    async def receipts(self, ids: Sequence[str]) -> Mapping[str, PhoneReceipt]:
        """Return the receipts of reports that were taken before, by their ids.

        Raises:
            Forbidden: If the role may not.
            StoreError: If the store cannot be read.
        """
        self._access.may("report positions")
        return await self._access.read(crew_reports.stored_receipts, self._access.user.agency, ids)

    def receipt_for(self, id: str, kind: str, *, result_id: str = "") -> PhoneReceipt:
        """Return the receipt for a report of this crew."""
        return PhoneReceipt(
            id=id,
            agency=self._access.user.agency,
            kind=kind,
            by=self._access.user.name,
            result_id=result_id,
        )

    async def note(self, receipts: Sequence[PhoneReceipt]) -> None:
        """Note that reports are taken whose effects are on disk; those noted before stay.

        Raises:
            StoreError: If the store refuses.
        """
        now = self._access.now()
        await self._access.write(crew_reports.put, receipts, now, origin=self._access.node)

    async def take(self, transmissions: Sequence[Transmission], *, source: str) -> None:
        """Take in transmissions of the crew; stored when this returns.

        Args:
            transmissions: What it said.
            source: The key or user that vouches for it.

        Raises:
            Forbidden: If the role may not.
            StoreError: If the store refuses.
        """
        self._access.may("report positions")
        node = self._access.node
        await self._receive(
            [
                msgspec.structs.replace(
                    transmission, channel=source, reception_id=f"{node}/{source}/{uuid4().hex}"
                )
                for transmission in transmissions
            ],
            of=self._access.user.agency,
        )

    async def read_text(self, id: str) -> None:
        """Note that the crew has read a text; on disk when this returns.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such text to this crew.
            StoreError: If the store refuses.
        """
        self._access.may("report positions")
        found = await self._access.read(messages.find, id)
        if found is None or not self._is_own_text(found):
            raise NotFound("text", id)
        await self._store_result(
            OrderResult(id=id, state="read", at=self._access.now(), final=True)
        )
        self._note_fetched(id)

    # -- what the phone shows

    def own_unit(self) -> CrewUnit | None:
        """Return the state of the crew's unit; None if it has none.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("report positions")
        id = self.unit
        if id is None:
            return None
        unit = self._picture.units[id]
        contact = self._picture.contacts.get(id)
        return CrewUnit(
            id=id,
            call_sign=unit.call_sign,
            kind=unit.kind,
            distress=contact is not None and contact.distress,
        )

    def patrols(self) -> tuple[CrewPatrol, ...]:
        """Return the patrols that are not over and that the crew's unit is in, by their start.

        Who speaks for no unit gets those of all units of the agency.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("report positions")
        return tuple(self._crew_patrol(patrol) for patrol in self._own_patrols())

    def sectors(self) -> tuple[CrewSector, ...]:
        """Return the areas of those patrols, and those of the agency to keep out of.

        Raises:
            Forbidden: If the role may not.
        """
        self._access.may("report positions")
        covered = {id for patrol in self._own_patrols() for id in _covered(patrol)}
        own = self._access.user.agency
        found = [
            each
            for each in self._access.open(Sector)
            if each.id in covered or (each.agency == own and each.use in KEPT_OUT_OF)
        ]
        drawn = ((each, self._rings(each)) for each in found[:MOST_SECTORS])
        return tuple(
            CrewSector(id=each.id, name=each.name, use=each.use, agency=each.agency, polygon=rings)
            for each, rings in drawn
            if rings
        )

    async def texts(self) -> tuple[CrewText, ...]:
        """Return the texts to this crew of three days, newest first; the phone has them by that.

        Raises:
            Forbidden: If the role may not.
            StoreError: If the store refuses.
        """
        self._access.may("report positions")
        now = self._access.now()
        found = await self._access.read(
            messages.to_address,
            self._access.user.agency,
            PHONE,
            self.address,
            since=now - TEXTS_FOR,
            limit=MOST_TEXTS,
        )
        texts = []
        for each in found:
            if each.state == "queued" and each.expires_at > now:
                await self._store_result(
                    OrderResult(id=each.id, state="delivered", at=now, final=True)
                )
                self._note_fetched(each.id)
            elif each.state not in _SEEN:
                continue
            read = (step.at for step in each.history if step.state == "read")
            texts.append(
                CrewText(
                    id=each.id,
                    at=each.created_at,
                    by=each.operator,
                    text=each.text,
                    phrase=code_of(each.text),
                    read_at=next(read, None),
                )
            )
        return tuple(texts)

    # -- inside

    def _is_own_text(self, message: Message) -> bool:
        return (message.agency, message.channel, message.address) == (
            self._access.user.agency,
            PHONE,
            self.address,
        )

    def _own_patrols(self) -> list[Patrol]:
        unit, own = self.unit, self._access.user.agency
        found = [
            each
            for each in self._access.open(Patrol)
            if own in each.parties
            and each.state != "draft"
            and (unit is None or unit in each.units)
            and any(member.agency == own for member in each.members)
        ]
        return sorted(found, key=lambda each: (each.starts_at, each.id))

    def _crew_patrol(self, patrol: Patrol) -> CrewPatrol:
        units = self._picture.units
        return CrewPatrol(
            id=patrol.id,
            name=patrol.name,
            state=patrol.state,
            starts_at=patrol.starts_at,
            ends_at=patrol.ends_at,
            check_in_interval_s=patrol.check_in_interval_s,
            next_check_in_at=self._next_check_in(patrol),
            check_in_by_message=patrol.check_in_by_message,
            sectors=_covered(patrol),
            units=tuple(
                CrewMember(id=each.unit, call_sign=units[each.unit].call_sign)
                for each in patrol.members
                if each.agency == self._access.user.agency and each.unit in units
            ),
        )

    def _next_check_in(self, patrol: Patrol) -> datetime | None:
        """Return when the next check-in of the crew's unit is due; see `patrol.watch.clock`."""
        unit, interval = self.unit, patrol.check_in_interval_s
        if unit is None or patrol.state != "under way" or interval is None:
            return None
        contact = self._picture.contacts.get(unit)
        known = [
            patrol.started_at,
            *(each.at for each in patrol.check_ins if each.unit == unit),
            contact.heard_at if contact is not None and patrol.check_in_by_message else None,
        ]
        last = max((at for at in known if at is not None), default=None)
        return None if last is None else last + timedelta(seconds=interval)

    def _rings(self, sector: Sector) -> Rings:
        if sector.polygon is not None:
            return sector.polygon
        try:
            area = self._ground.area(sector).geometry
        except GisError:  # a river that this site does not know
            return ()
        parts = [
            each for each in getattr(area, "geoms", (area,)) if isinstance(each, shapely.Polygon)
        ]
        if not parts:
            return ()
        largest = max(parts, key=lambda each: each.area).simplify(_ROUGH_DEG)
        assert isinstance(largest, shapely.Polygon)
        return (tuple((round(lon, 5), round(lat, 5)) for lon, lat in largest.exterior.coords),)


def _covered(patrol: Patrol) -> tuple[str, ...]:
    legs = (id for leg in patrol.legs for id in leg.sectors)
    return tuple(dict.fromkeys((*patrol.sectors, *legs)))
