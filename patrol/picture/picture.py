"""Picture: what is known now. Pure and in memory: no clock, socket, file or store.

The picture finds who a transmission speaks for (unit or unknown radio), judges its position and
moves what it knows. What changed is collected until `take_changes`.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

import msgspec

from gis.position.accuracy import typical_accuracy_m
from patrol.errors.errors import NotFound
from patrol.picture import lagging_clocks as slow_clocks
from patrol.picture.address_conflicts import Claims
from patrol.picture.contact import Contact
from patrol.picture.distress import is_later
from patrol.picture.link_outages import LinkOutage, Links
from patrol.picture.liveness import HISTORICAL_AFTER
from patrol.picture.man_down import says_man_down
from patrol.picture.register import Register, holding
from patrol.picture.step import Effect, Step
from patrol.picture.step_rules import CLOCK_RULES, STEP_RULES, usual
from patrol.picture.taken_radio import TakenRadio
from patrol.reception.record import Record
from patrol.units.units import Assignment, Unit
from patrol.units.wire import Claim, Fix, UnitState
from radio_gateway.health.health import ChannelHealth
from radio_gateway.messages.transmission import Transmission

VOICE = "voice"
"""Protocol of positions that a person plotted; the device is the unit's id."""

COUNTERPART: Final = "counterpart"
"""Protocol of positions that another office's node tells of its units; the device is the unit's
id."""

UNKNOWN_AT_MOST: Final = 20_000
"""Radios that nobody has registered and that are kept in mind; records keep all."""

TAKEN_FOR: Final = timedelta(days=1)
"""How long it is told that a radio stands for another agency's unit, from the first moment on."""

_DROPPED_AT_ONCE: Final = 50  # one in so many of them, so that looking for the stalest is rare
PERSON: Final = "user:"
"""What the channel begins with of that which a user said, signed in; the user's name follows."""

_LONG_AGO: Final = datetime.min.replace(tzinfo=UTC)


class Picture(Register):
    """What is known now.

    Args:
        agency: Owner of radios that nobody has registered.
        origin: This node's id.
        sides: Country of each agency of this node, for its people who speak for no unit.

    Attributes:
        unknown_at_most: Radios that nobody has registered to keep in mind; of more, those that
            were not heard for longest are forgotten, never one that calls for help.
    """

    def __init__(
        self,
        *,
        agency: str,
        origin: str,
        sides: Mapping[str, str | None] = MappingProxyType({}),
    ) -> None:
        super().__init__(agency=agency)
        self.origin = origin
        self.unknown_at_most = UNKNOWN_AT_MOST
        self._sides = sides
        self.recordings: AbstractSet[str] = frozenset()
        """Channels that play what was heard once."""
        self.channels: dict[str, ChannelHealth] = {}
        self.contacts: dict[str, Contact] = {}
        self._touched: dict[str, Contact] = {}
        self._heard: dict[str, Contact] = {}
        self._forgotten: set[tuple[str, str, bool]] = set()
        self._channels_touched: set[str] = set()
        self._unknown = 0
        self._timed: set[str] = set()
        self.cleared: dict[str, datetime] = {}
        self.claims = Claims()
        self._links = Links()
        self._were_cut = False
        self._taken_radios: dict[str, TakenRadio] = {}

    # -- who is who

    def put_unit(self, unit: Unit) -> None:
        """Add or change a unit. A retired one leaves the picture."""
        self.units[unit.id] = unit
        if unit.retired_at is not None:
            self._drop(unit.id)
            return
        contact = self.contacts.get(unit.id)
        if contact is None:
            contact = self.contacts[unit.id] = Contact(unit.id, agency=unit.agency, unit=unit)
            self._forgotten.discard((unit.id, unit.agency, True))
            self._timed.add(unit.id)
        contact.unit, contact.call_sign, contact.agency = unit, unit.call_sign, unit.agency
        self._touched[unit.id] = contact

    def put_assignment(self, assignment: Assignment) -> None:
        """Add or change from when to when an address stands for a unit, already checked."""
        super().put_assignment(assignment)
        self._timed.add(assignment.unit)  # whether it stands for it now, the next tick tells

    # -- what was heard

    def take(self, record: Record, *, hear_claims: bool = True) -> Fix | None:
        """Take one transmission into the picture.

        Args:
            record: The transmission with its effective time; its `unit`, `agency`, `flags` and
                `latched` are completed here.
            hear_claims: Whether it is heard now, and may be one of two senders under one address.

        Returns:
            The position that joined, if it carries one that belongs on a map.
        """
        transmission = record.transmission
        if transmission.kind == "waypoint":
            self._take_waypoint(record)
            return None
        if transmission.device is None and self._is_nobodys(record):
            record.agency = self.agency
            return None
        contact, assignment = self._speaker_of(record)
        contact = contact or self._add_unknown(record.address)
        record.agency = contact.agency
        by_voice = transmission.protocol == VOICE
        contact.hear(None if by_voice else transmission.channel, transmission.heard_at)
        fix = None
        if record.usable and transmission.position is not None:
            position = transmission.position
            fix = Fix(
                of=contact.id,
                lon=position.lon,
                lat=position.lat,
                time=record.time,
                speed_mps=position.speed_mps,
                course_deg=position.course_deg,
                heading_deg=position.heading_deg,
                accuracy_m=position.accuracy_m,
                altitude_m=position.altitude_m,
                river_km=record.river_km,
                bank=record.bank,
                place=record.place,
                flags=record.flags,
                typical_accuracy_m=typical_accuracy_m(transmission.protocol, record.flags),
            )
            before = contact.last
            if not contact.place(record, fix):
                late = before is not None and fix.time <= before.time
                if contact.last is not before:  # it confirmed another: the marker moved there
                    self._touched[contact.id] = contact
                    late = True
                # Another office has said itself what came late there: here the newest comes first.
                if not late or transmission.protocol != COUNTERPART:
                    record.flags = _with(record.flags, "late" if late else "jump")
                fix = msgspec.structs.replace(fix, live=False, flags=record.flags)
        if fix is None or not fix.live:
            self._heard[contact.id] = contact  # viewers are told with the next tick
        if contact.note_flags(record):
            self._touched[contact.id] = contact
        if contact.unit is None or transmission.status is not None or transmission.text is not None:
            self._note(contact, record)
        if hear_claims and not by_voice:
            if record.flags and "unbound_source" in record.flags:
                self._note_bound_claim(record)
            elif fix is not None and (assignment is None or assignment.channel is None):
                unit = None if contact.unit is None else contact.id
                self.claims.placed(record, fix, agency=contact.agency, unit=unit)
        if not usual(contact, record, fix):
            step = Step(contact=contact, record=record, fix=fix)
            for rule in STEP_RULES:
                effect = rule(step)
                if effect is not None:
                    record.latched = record.latched or effect.distress is True
                    self._apply(contact, effect)
        return fix

    def note_further_reception(self, record: Record) -> None:
        """Note that a message that is known was heard by somebody else, too."""
        if record.transmission.kind == "waypoint" or self._is_nobodys(record):
            return
        transmission = record.transmission  # viewers are told with the next thing that changes
        contact = self._speaker_of(record)[0] or self._add_unknown(record.address)
        contact.hear(transmission.channel, transmission.heard_at)

    def calls_anew(self, record: Record) -> bool:
        """Return whether a message calls for help after the call before was said to be over."""
        transmission = record.transmission
        if not (transmission.distress or says_man_down(transmission)) or self._is_nobodys(record):
            return False
        contact = self._speaker_of(record)[0] or self._add_unknown(record.address)
        if contact.distress or contact.cleared_at is None:
            return False
        return is_later(transmission, contact.cleared_at)

    def put_first(self, record: Record) -> str | None:
        """Let an earlier reception of a known message stand for it.

        Args:
            record: The reception, under the global id of the message.

        Returns:
            Whom to rebuild from the store, since the message's time orders what is known of it;
            None when nothing known depends on it.
        """
        if record.transmission.kind == "waypoint":
            self._take_waypoint(record)
            return None
        if self._is_nobodys(record):
            record.agency = self.agency
            return None
        contact = self._speaker_of(record)[0] or self._add_unknown(record.address)
        record.agency = contact.agency
        return contact.id if contact.depends_on(record) else None

    def tick(self, now: datetime) -> None:
        """Run the clock rules: what did *not* arrive; see which assignments hold now, and who was
        heard without moving.

        What fails with one of them is raised once all others were looked at.
        """
        self._touched |= self._heard
        self._heard.clear()
        for unit in tuple(self._timed):
            self._set_addresses(unit, now)
        bound_to = {claim.address: self._bound_to(claim.address, now) for claim in self.claims}
        self.claims.tick(now, bound_to)
        self._links.tick(now)
        links = self._links if self._links or self._were_cut else None
        self._were_cut = bool(self._links)
        late, fault = now - HISTORICAL_AFTER, None
        for contact in self.contacts.values():
            try:
                self._look_at(contact, now, late, links)
            except Exception as error:  # noqa: BLE001 - raised below
                fault = fault or error
        if fault is not None:
            raise fault

    def clear_distress(self, unit: str, at: datetime) -> None:
        """A person says that the call for help is over; one made before `at` is, too.

        Raises:
            NotFound: If nothing by that id is known.
        """
        contact = self.contact(unit)
        contact.cleared_at = self.cleared[unit] = at
        contact.forget_sos_words()
        self._apply(contact, Effect(distress=False))

    def forget_channel(self, name: str) -> None:
        """Tell who looks from now on nothing of a channel that is no more."""
        self.channels.pop(name, None)
        self._channels_touched.discard(name)

    def put_channels(self, channels: Iterable[ChannelHealth]) -> None:
        """Note how the channels fare."""
        for health in channels:
            self._links.put(health)
            if self.channels.get(health.name) != health:
                self.channels[health.name] = health
                self._channels_touched.add(health.name)

    # -- what is known

    def contact(self, id: str) -> Contact:
        """Return what is known of a unit or unknown radio.

        Raises:
            NotFound: If nothing by that id is known.
        """
        try:
            return self.contacts[id]
        except KeyError:
            raise NotFound("unit or radio", id) from None

    def take_changes(
        self,
    ) -> tuple[tuple[UnitState, ...], tuple[tuple[str, str, bool], ...]]:
        """Return what changed since the last call, apart from positions and channels.

        Returns:
            States of the units and radios that changed; `(id, agency, known)` of those that left.
        """
        units = tuple([contact.state() for contact in self._touched.values()])
        gone = tuple(sorted(self._forgotten))
        self._touched.clear()
        self._forgotten.clear()
        return units, gone

    def take_channel_changes(self) -> tuple[ChannelHealth, ...]:
        """Return the channels whose health changed since the last call."""
        channels = tuple(self.channels[name] for name in sorted(self._channels_touched))
        self._channels_touched.clear()
        return channels

    def rebuild(self, id: str, records: Iterable[Record], *, distress: bool = False) -> None:
        """Set a contact from what is stored of it: at start, or once something was assigned.

        Args:
            id: Unit in service, or address of a radio nobody has registered.
            records: Its newest positions, and the newest messages that said something else.
            distress: It called for help and nobody has cleared it.
        """
        contact = self.contacts.get(id) or self._add_unknown(id)
        contact.clear()
        contact.cleared_at = self.cleared.get(id)
        for record in sorted(records, key=lambda each: (each.time, each.gid)):
            record.flags = tuple(flag for flag in record.flags if flag not in ("jump", "late"))
            self.take(record, hear_claims=False)
        contact.distress = distress
        self._touched[id] = contact

    def note_taken(self, radio: TakenRadio) -> None:
        """Note that a radio that one agency heard stands for a unit of another's."""
        self._taken_radios[radio.address] = radio

    def radios_taken(self, now: datetime) -> list[TakenRadio]:
        """Return the radios that were so taken lately, and still are."""
        for address, radio in list(self._taken_radios.items()):
            holds = self.unit_at(address, max(now, radio.since))
            if now - radio.since > TAKEN_FOR or holds is None or holds.agency != radio.by:
                del self._taken_radios[address]
        return [radio for radio in self._taken_radios.values() if radio.since <= now]

    def take_up_claim(self, claim: Claim, now: datetime) -> None:
        """Go on with a claim that was raised before a restart."""
        assignment = self.unit_at(claim.address, now)
        owner = None if assignment is None else self.contacts.get(assignment.unit)
        if assignment is not None and owner is not None:
            claim = msgspec.structs.replace(
                claim, agency=owner.agency, unit=owner.id, bound=assignment.channel
            )
        self.claims.take_up(claim, now)

    def vouch(self, transmission: Transmission, agency: str) -> None:
        """Note that a device of an agency's, by its key, or a person speaks under an address; where
        that is another agency's, it stays so.
        """
        self._sources[transmission.channel] = agency
        self._vouch(
            transmission, agency, self.believed_address(transmission, transmission.heard_at)
        )

    def vouch_keyed(self, transmission: Transmission) -> None:
        """Note that a device of an agency's speaks under an address on a keyed channel.

        The node's own has what its channels hear until somebody registers it, as on any other.
        """
        of = self.keyholder(transmission) if transmission.channel in self.keyed else None
        if of not in (None, self.agency):
            self._vouch(
                transmission, of, self.believed_address(transmission, transmission.heard_at)
            )

    def is_another_s(self, transmission: Transmission, of: str) -> bool:
        """As a register says; and what a channel heard before is not theirs who only name it."""
        if super().is_another_s(transmission, of):
            return True
        known = self.contacts.get(transmission.address)
        by_key = (
            transmission.channel == f"key:{transmission.device}"
            or transmission.channel in self.keyed
        )
        return known is not None and known.unit is None and known.agency != of and not by_key

    def _vouch(self, transmission: Transmission, agency: str, address: str) -> None:
        if (
            not self.vouches(transmission, agency)
            or self.stood_for_another_s(transmission.address, agency)
            or self.voucher_of(address) not in (None, agency)
        ):
            return
        self.own(address, agency)
        contact = self.contacts.get(address)
        if contact is not None and contact.unit is None and contact.agency != agency:
            self._forgotten.add((address, contact.agency, False))
            contact.agency, self._touched[address] = agency, contact
            if contact.person:
                contact.country = self._sides.get(agency)

    def forget(self, address: str) -> None:
        """Take an unknown radio out, for example because it has become a unit's."""
        self._drop(address)

    # -- inside

    def _is_nobodys(self, record: Record) -> bool:
        """Return whether it makes no radio: what our own set answers us is kept and not shown."""
        transmission, address = record.transmission, record.address
        return transmission.is_of_no_radio and not (
            address in self.contacts or address in self._by_address
        )

    def _take_waypoint(self, record: Record) -> None:
        """Find whose a marked place is. It makes no radio, and nobody lives or moves by it."""
        contact, _ = self._speaker_of(record)
        record.agency = self.owner_of_radio(record.address) if contact is None else contact.agency

    def _speaker_of(self, record: Record) -> tuple[Contact | None, Assignment | None]:
        """Return who said it, None for nobody known, and the assignment that says so."""
        address = record.address
        transmission = record.transmission
        if transmission.protocol == VOICE and transmission.device in self.contacts:
            record.unit = transmission.device
            return self.contacts[transmission.device], None
        assignment, assignments = None, self._by_address.get(address)
        if assignments is not None:
            assignment = holding(assignments, record.time)
            contact = None if assignment is None else self.contacts.get(assignment.unit)
            if assignment is not None and contact is not None:
                record.unit = assignment.unit
                return contact, assignment
        return self.contacts.get(address), assignment

    def _add_unknown(self, address: str) -> Contact:
        if self._unknown >= self.unknown_at_most:
            stalest = heapq.nsmallest(
                max(1, self.unknown_at_most // _DROPPED_AT_ONCE),
                (each for each in self.contacts.values() if each.unit is None),
                key=lambda each: (each.distress, each.heard_at or _LONG_AGO),
            )
            for each in stalest:
                if not each.distress:
                    self._drop(each.id)
        contact = self.contacts[address] = Contact(address, agency=self.owner_of_radio(address))
        contact.addresses = (address,)
        contact.cleared_at = self.cleared.get(address)
        self._touched[address] = contact
        self._forgotten.discard((address, contact.agency, False))
        self._unknown += 1
        return contact

    def _note(self, contact: Contact, record: Record) -> None:
        """Keep the newest status, text and name by their own time, not by order of arrival."""
        transmission = record.transmission
        if transmission.status is not None and contact.note_words(
            "status", record, transmission.status
        ):
            self._touched[contact.id] = contact
        if transmission.text is not None and contact.note_words("text", record, transmission.text):
            self._touched[contact.id] = contact
        if contact.unit is not None:
            return
        if transmission.facts and contact.note_name(record):
            self._touched[contact.id] = contact
        user, channel = transmission.device, transmission.channel
        if user is not None and channel.startswith(PERSON) and channel == PERSON + user:
            side = self._sides.get(contact.agency)
            if contact.is_person(user, side):
                self._touched[contact.id] = contact

    def _apply(self, contact: Contact, effect: Effect) -> None:
        if effect.liveness is not None and effect.liveness != contact.liveness:
            contact.liveness = effect.liveness
            self._touched[contact.id] = contact
        if effect.distress is not None and effect.distress != contact.distress:
            contact.distress = effect.distress
            self._touched[contact.id] = contact

    def _note_bound_claim(self, record: Record) -> None:
        transmission = record.transmission
        assignment = self.unit_at(transmission.address, record.time)
        owner = None if assignment is None else self.contacts.get(assignment.unit)
        if assignment is not None and owner is not None:
            claim = Claim(
                address=transmission.address,
                channel=transmission.channel,
                agency=owner.agency,
                since=transmission.heard_at,
                unit=owner.id,
                bound=assignment.channel,
            )
            self.claims.claimed(record, claim, owner.last)

    def _look_at(
        self, contact: Contact, now: datetime, late: datetime, links: Links | None
    ) -> None:
        """Run the clock rules for one contact."""
        last = contact.last
        if contact.slow is not None or (
            last is not None and last.time < late and contact.unit is not None
        ):
            slow_clocks.look(contact, now, self.recordings, self.channels)
        if links is not None:
            self._set_cut(contact, links.cut(contact.heard_on))
        if contact.is_ahead(now):
            contact.not_after(now)
            if contact.cleared_at is not None:
                self.cleared[contact.id] = contact.cleared_at
            self._touched[contact.id] = contact
        for rule in CLOCK_RULES:
            effect = rule(contact, now)
            if effect is not None:
                self._apply(contact, effect)

    def _set_cut(self, contact: Contact, cut: LinkOutage | None) -> None:
        if contact.cut != cut:
            contact.cut = cut
            if contact.liveness == "cut":
                self._touched[contact.id] = contact

    def _set_addresses(self, unit: str, now: datetime) -> None:
        """Note which addresses stand for `unit` now, and whether time alone will change that."""
        mine = self.assignments_of_unit(unit)
        if all(each.start <= now and (each.end is None or each.end <= now) for each in mine):
            self._timed.discard(unit)
        contact = self.contacts.get(unit)
        addresses = tuple(
            sorted(
                each.address
                for each in mine
                if each.start <= now and (each.end is None or now < each.end)
            )
        )
        if contact is not None and contact.addresses != addresses:
            for address in addresses:
                radio = self.contacts.get(address)
                if address in contact.addresses or radio is None or radio.distress:
                    continue
                if radio.agency == contact.agency:  # else who heard it keeps what it heard
                    self._drop(address)  # from now on it is the unit
            contact.addresses = addresses
            self._touched[unit] = contact

    def _drop(self, id: str) -> None:
        contact = self.contacts.pop(id, None)
        if contact is not None:
            self._touched.pop(id, None)
            self._heard.pop(id, None)
            self._forgotten.add((id, contact.agency, contact.unit is not None))
            self._unknown -= contact.unit is None


def _with(flags: tuple[str, ...], flag: str) -> tuple[str, ...]:
    return flags if flag in flags else tuple(sorted((*flags, flag)))
