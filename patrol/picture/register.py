"""Register: who is who: the units, and from when to when which radio address stands for which."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from patrol.errors.errors import Conflict, NotFound
from patrol.units.units import Assignment, Unit
from radio_gateway.messages.transmission import Transmission


class Register:
    """Who is who, in memory.

    Args:
        agency: Owner of radios that nobody has registered.

    Attributes:
        units: By id, those out of service too.
        assignments: By id.
        keyed: Channels whose senders sign in with a device key.
    """

    def __init__(self, *, agency: str) -> None:
        self.agency = agency
        self.units: dict[str, Unit] = {}
        self.assignments: dict[str, Assignment] = {}
        self._by_address: dict[str, tuple[Assignment, ...]] = {}
        self._by_unit: dict[str, tuple[Assignment, ...]] = {}
        self._vouched: dict[str, str] = {}
        self._sources: dict[str, str] = {}  # whose key or user stands for a channel, by that
        self.keyed: frozenset[str] = frozenset()
        self._keys: dict[str, str] = {}  # agency of each device whose key was shown, by its name

    def check_assignment(self, assignment: Assignment) -> None:
        """Raise unless `put_assignment` would be right.

        Raises:
            NotFound: If the unit is unknown.
            Conflict: If the address stands for a unit at that time already.
        """
        if assignment.id not in self.assignments and not self._in_service(assignment.unit):
            raise NotFound("unit", assignment.unit)
        for other in self._by_address.get(assignment.address, ()):
            if other.id != assignment.id and _overlap(assignment, other):
                unit = self.units[other.unit]
                if unit.agency != assignment.agency:  # whose, and since when, stays with them
                    raise Conflict(
                        f"{assignment.address} stands for another's unit at that time",
                        code="address_taken_there",
                    )
                raise Conflict(
                    f"{assignment.address} stands for {unit.call_sign} "
                    f"from {other.start:%Y-%m-%d %H:%M}",
                    code="address_taken",
                    name=unit.call_sign,
                )

    def put_assignment(self, assignment: Assignment) -> None:
        """Add or change from when to when an address stands for a unit, already checked."""
        self.assignments[assignment.id] = assignment
        for known, of in ((self._by_address, assignment.address), (self._by_unit, assignment.unit)):
            others = (other for other in known.get(of, ()) if other.id != assignment.id)
            known[of] = tuple(sorted((*others, assignment), key=lambda each: each.start))

    def assignments_of(self, address: str) -> tuple[Assignment, ...]:
        """Return for whom `address` ever stood or will stand, oldest first."""
        return self._by_address.get(address, ())

    def assignments_of_unit(self, unit: str) -> tuple[Assignment, ...]:
        """Return which addresses ever stood or will stand for `unit`, oldest first."""
        return self._by_unit.get(unit, ())

    def owner_at(self, address: str, at: datetime) -> str:
        """Return the agency that owns what `address` says at `at`."""
        assignment = self.unit_at(address, at) if address in self._by_address else None
        return self.agency if assignment is None else self.units[assignment.unit].agency

    def owner_of_radio(self, address: str) -> str:
        """Return the agency that owns a radio that nobody has registered.

        That of the device whose key vouches for it; what claims a unit's address from elsewhere
        may be that unit, and is its agency's; else the node's own.
        """
        claimed, at, _ = address.rpartition("@")
        known = self._by_address.get(claimed, ()) if at else ()
        if known:
            return self.units[known[-1].unit].agency
        return self._vouched.get(address, self.agency)

    def own(self, address: str, agency: str) -> None:
        """Note whose a radio is while nobody has registered it; an empty id says nothing."""
        if agency:
            self._vouched[address] = agency

    def voucher_of(self, address: str) -> str | None:
        """Return the agency whose key or user speaks under an address; None where none does."""
        return self._vouched.get(address)

    def speaks(self, device: str, agency: str) -> None:
        """Note that a key of an agency's stands for a device on the keyed channels, where nobody
        speaks for it without; it never comes to be another agency's.
        """
        self._keys[device] = agency

    def keyholder(self, transmission: Transmission) -> str | None:
        """Return by whose key something was said on a keyed channel."""
        device = transmission.device or ""
        of = self._keys.get(device)
        # An OwnTracks user's key speaks for those of its phones that have none.
        return self._keys.get(device.partition("/")[0]) if of is None else of

    def vouches(self, transmission: Transmission, agency: str) -> bool:
        """Return whether what a key or user of an agency says makes the radio that agency's.

        What the node's own agency passes on under another's name is as what its channels hear:
        nobody's, until somebody registers it.
        """
        itself = transmission.channel in (
            f"key:{transmission.device}",
            f"user:{transmission.device}",
        )
        return itself or agency != self.agency

    def stood_for_another_s(self, address: str, agency: str) -> bool:
        """Return whether an address ever stood, or will stand, for a unit of another agency."""
        known = self._by_address.get(address, ())
        return any(self.units[each.unit].agency != agency for each in known)

    def unit_at(self, address: str, at: datetime) -> Assignment | None:
        """Return the assignment that says whom `address` stood for at `at`, if any."""
        return holding(self._by_address.get(address, ()), at)

    def _bound_to(self, address: str, at: datetime) -> str | None:
        assignment = self.unit_at(address, at) if address in self._by_address else None
        return None if assignment is None else assignment.channel

    def believed_address(self, transmission: Transmission, at: datetime) -> str:
        """Return the address to keep a message under.

        An address that is bound to one channel and claimed from another is kept apart, as
        `address@channel`, and nothing of it is believed of the unit. So is what a key or user of
        one agency says under an address of another's: that of a unit which is bound to no channel,
        or of a radio that nobody has registered and for which that one's vouched first.
        """
        address, channel = transmission.address, transmission.channel
        of = self._sources.get(channel)
        if of is None and channel in self.keyed:
            of = self.keyholder(transmission)
        assignments = self._by_address.get(address)
        assignment = None if assignments is None else holding(assignments, at)
        if assignment is None:
            apart = of is not None and self.is_another_s(transmission, of)
        elif assignment.channel is None:
            apart = of is not None and self.units[assignment.unit].agency != of
        else:
            apart = assignment.channel != channel
        return f"{address}@{channel}" if apart else address

    def is_another_s(self, transmission: Transmission, of: str) -> bool:
        """Return whether a radio that nobody has registered is not that agency's whose key or user
        speaks under its address.
        """
        return self._vouched.get(transmission.address, of) != of

    def address_taken(self, address: str) -> bool:
        """Return whether `address` stands for a unit at any time."""
        return address in self._by_address

    def _in_service(self, unit: str) -> bool:
        known = self.units.get(unit)
        return known is not None and known.retired_at is None


def holding(assignments: Iterable[Assignment], at: datetime) -> Assignment | None:
    """Return the one of the assignments of an address that holds at `at`, if any does."""
    for assignment in assignments:
        if assignment.start <= at and (assignment.end is None or at < assignment.end):
            return assignment
    return None


def _overlap(one: Assignment, other: Assignment) -> bool:
    return (one.end is None or other.start < one.end) and (
        other.end is None or one.start < other.end
    )
