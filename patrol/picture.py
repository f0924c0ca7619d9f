"""Picture: what is known now. Pure and in memory: no clock, socket, file or store.

The picture finds who a transmission speaks for (unit or unknown radio), judges its position and
moves what it knows. What changed is collected until `take_changes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import datetime

import msgspec

from patrol.changes import Fix, UnitState
from patrol.contacts import Contact
from patrol.errors import Conflict, NotFound
from patrol.records import Record
from patrol.rules import CLOCK_RULES, STEP_RULES
from patrol.rules.step import Effect, Step
from patrol.units import Assignment, Unit
from radio_gateway.health import ChannelHealth
from radio_gateway.transmission import Transmission

VOICE = "voice"
"""Protocol of positions that a person plotted; the device is the unit's id."""


class Picture:
    """What is known now.

    Args:
        agency: Owner of radios that nobody has registered.
        origin: This node's id.
    """

    def __init__(self, *, agency: str, origin: str) -> None:
        self.agency = agency
        self.origin = origin
        self.units: dict[str, Unit] = {}
        self.assignments: dict[str, Assignment] = {}
        self.channels: dict[str, ChannelHealth] = {}
        self.contacts: dict[str, Contact] = {}
        self.heard: Counter[str] = Counter()
        self._by_address: dict[str, tuple[Assignment, ...]] = {}
        self._touched: dict[str, Contact] = {}
        self._forgotten: set[tuple[str, str]] = set()
        self._channels_touched: set[str] = set()
        self.cleared: dict[str, datetime] = {}

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
        contact.unit, contact.call_sign, contact.agency = unit, unit.call_sign, unit.agency
        self._touched[unit.id] = contact

    def check_assignment(self, assignment: Assignment) -> None:
        """Raise unless `put_assignment` would be right.

        Raises:
            NotFound: If the unit is unknown.
            Conflict: If the address stands for a unit at that time already.
        """
        if assignment.unit not in self.units:
            raise NotFound("unit", assignment.unit)
        for other in self._by_address.get(assignment.address, ()):
            if other.id != assignment.id and _overlap(assignment, other):
                call_sign = self.units[other.unit].call_sign
                raise Conflict(
                    f"{assignment.address} stands for {call_sign} from {other.start:%Y-%m-%d %H:%M}"
                )

    def put_assignment(self, assignment: Assignment) -> None:
        """Add or change from when to when an address stands for a unit, already checked."""
        others = (
            other
            for other in self._by_address.get(assignment.address, ())
            if other.id != assignment.id
        )
        self.assignments[assignment.id] = assignment
        self._by_address[assignment.address] = tuple(
            sorted((*others, assignment), key=lambda each: each.start)
        )
        self._set_addresses(assignment.unit)

    def unit_at(self, address: str, at: datetime) -> Assignment | None:
        """Return the assignment that says whom `address` stood for at `at`, if any."""
        for assignment in self._by_address.get(address, ()):
            if assignment.start <= at and (assignment.end is None or at < assignment.end):
                return assignment
        return None

    def believed_address(self, transmission: Transmission, at: datetime) -> str:
        """Return the address to keep a message under.

        An address that is bound to one channel and claimed from another is kept apart, as
        `address@channel`, and nothing of it is believed of the unit.
        """
        address = transmission.address
        if address in self._by_address:
            assignment = self.unit_at(address, at)
            if (
                assignment is not None
                and assignment.channel is not None
                and assignment.channel != transmission.channel
            ):
                return f"{address}@{transmission.channel}"
        return address

    def address_taken(self, address: str) -> bool:
        """Return whether `address` stands for a unit at any time."""
        return address in self._by_address

    # -- what was heard

    def take(self, record: Record) -> Fix | None:
        """Take one transmission into the picture.

        Args:
            record: The transmission with its effective time; its `unit`, `flags` and `usable`
                are completed here.

        Returns:
            The position that joined, if it carries one that belongs on a map.
        """
        transmission = record.transmission
        address = record.address
        contact = self._whose(record)
        self.heard[address] += 1
        heard_at = transmission.heard_at
        if contact.heard_at is None or heard_at > contact.heard_at:
            contact.heard_at = heard_at
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
                flags=record.flags,
            )
            before = contact.last
            if not contact.place(record, fix):
                late = before is not None and fix.time <= before.time
                if contact.last is not before:  # it confirmed another: the marker moved there
                    self._touched[contact.id] = contact
                    late = True
                record.flags = fix_flags = _with(record.flags, "late" if late else "jump")
                fix = msgspec.structs.replace(fix, live=False, flags=fix_flags)
        self._note(contact, record)
        step = Step(contact=contact, record=record, fix=fix)
        for rule in STEP_RULES:
            effect = rule(step)
            if effect is not None:
                self._apply(contact, effect)
        return fix

    def tick(self, now: datetime) -> None:
        """Run the clock rules: what did *not* arrive."""
        for contact in self.contacts.values():
            for rule in CLOCK_RULES:
                effect = rule(contact, now)
                if effect is not None:
                    self._apply(contact, effect)

    def clear_distress(self, unit: str, at: datetime) -> None:
        """A person says that the call for help is over; one made before `at` is, too.

        Raises:
            NotFound: If nothing by that id is known.
        """
        contact = self.contact(unit)
        contact.cleared_at = self.cleared[unit] = at
        self._apply(contact, Effect(distress=False))

    def put_channels(self, channels: Iterable[ChannelHealth]) -> None:
        """Note how the channels fare."""
        for health in channels:
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

    def states(self) -> Iterator[UnitState]:
        """Yield the state of every unit and unknown radio."""
        for contact in self.contacts.values():
            yield contact.state()

    def take_changes(
        self,
    ) -> tuple[tuple[UnitState, ...], tuple[tuple[str, str], ...], tuple[ChannelHealth, ...]]:
        """Return what changed since the last call, apart from positions.

        Returns:
            States of the units and radios that changed; `(id, agency)` of those that left;
            channels whose health changed.
        """
        units = tuple(contact.state() for contact in self._touched.values())
        gone = tuple(sorted(self._forgotten))
        channels = tuple(self.channels[name] for name in sorted(self._channels_touched))
        self._touched.clear()
        self._forgotten.clear()
        self._channels_touched.clear()
        return units, gone, channels

    def rebuild(self, id: str, records: Iterable[Record], *, distress: bool = False) -> None:
        """Set a contact from its stored positions, oldest first: at start, or once assigned."""
        contact = self.contacts.get(id)
        if contact is None:
            contact = self.contacts[id] = Contact(id, agency=self.agency)
        contact.window.clear()
        contact.cleared_at = self.cleared.get(id)
        contact.last, contact.distress = None, distress
        for record in records:
            self.take(record)
        contact.distress = distress
        self._touched[id] = contact

    def forget(self, id: str) -> None:
        """Take an unknown radio out, for example because it has become a unit's."""
        self._drop(id)

    # -- inside

    def _whose(self, record: Record) -> Contact:
        address = record.address
        transmission = record.transmission
        if transmission.protocol == VOICE and transmission.device in self.units:
            record.unit = transmission.device
            return self.contacts[transmission.device]
        if address in self._by_address:
            assignment = self.unit_at(address, record.time)
            contact = None if assignment is None else self.contacts.get(assignment.unit)
            if assignment is not None and contact is not None:
                record.unit = assignment.unit
                return contact
        contact = self.contacts.get(address)
        if contact is None:
            contact = self.contacts[address] = Contact(address, agency=self.agency)
            contact.addresses = (address,)
            self._touched[address] = contact
        return contact

    def _note(self, contact: Contact, record: Record) -> None:
        """Keep the newest status, text and flags by their own time, not by order of arrival."""
        transmission = record.transmission
        if contact.note("flags", record, record.flags):
            self._touched[contact.id] = contact
        if transmission.status is not None and contact.note("status", record, transmission.status):
            self._touched[contact.id] = contact
        if transmission.text is not None and contact.note("text", record, transmission.text):
            self._touched[contact.id] = contact
        if contact.unit is None and transmission.facts:
            name = transmission.facts.get("ship_name") or transmission.facts.get("callsign")
            if isinstance(name, str) and name and name != contact.call_sign:
                contact.call_sign = name
                self._touched[contact.id] = contact

    def _apply(self, contact: Contact, effect: Effect) -> None:
        if effect.liveness is not None and effect.liveness != contact.liveness:
            contact.liveness = effect.liveness
            self._touched[contact.id] = contact
        if effect.distress is not None and effect.distress != contact.distress:
            contact.distress = effect.distress
            self._touched[contact.id] = contact

    def _set_addresses(self, unit: str) -> None:
        contact = self.contacts.get(unit)
        if contact is None:
            return
        contact.addresses = tuple(
            sorted(
                assignment.address
                for assignment in self.assignments.values()
                if assignment.unit == unit and assignment.end is None
            )
        )
        self._touched[unit] = contact

    def _drop(self, id: str) -> None:
        contact = self.contacts.pop(id, None)
        if contact is not None:
            self._touched.pop(id, None)
            self._forgotten.add((id, contact.agency))


def _overlap(one: Assignment, other: Assignment) -> bool:
    return (one.end is None or other.start < one.end) and (
        other.end is None or one.start < other.end
    )


def _with(flags: tuple[str, ...], flag: str) -> tuple[str, ...]:
    return flags if flag in flags else tuple(sorted((*flags, flag)))
