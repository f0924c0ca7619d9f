"""Desk: one user's window on the picture and the records, and the only door to both.

What may pass is decided here and nowhere else: by the table of permissions and by the policy of
the user's agency and role. Orders go to the watch and are answered after their commit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import uuid4

import msgspec

from gis.position import Position, check_place
from patrol.accounts import User
from patrol.changes import Fix, UnitState
from patrol.contacts import Contact
from patrol.errors import Conflict, NotFound
from patrol.permissions import acts_of, require
from patrol.picture import VOICE
from patrol.policy import Policy
from patrol.store import receptions, tracks
from patrol.store.tracks import Span
from patrol.units import Assignment, Unit, UnitKind
from patrol.views import Subscription
from patrol.watch import Watch
from radio_gateway.health import ChannelHealth, RejectedFrame
from radio_gateway.transmission import Transmission

LONGEST_TRACK: Final = 50_000
"""Most positions of one answer."""

TRACK_READ: Final = 20_000
"""Most positions read of one unit before its track is thinned for an overview."""


class UnknownRadio(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A radio that nobody has registered.

    Attributes:
        address: Radio address.
        state: What is known of it now.
        count: Messages stored.
        first_heard_at: Aware UTC.
        last_heard_at: Aware UTC.
        channels: Channels that heard it.
        claims: Address it claims, where that is bound to another channel.
    """

    address: str
    state: UnitState
    count: int
    first_heard_at: datetime
    last_heard_at: datetime
    channels: tuple[str, ...]
    claims: str | None = None


class Desk:
    """What one user may see and do.

    Args:
        watch: The node's watch.
        user: Who sits at it.
        rejected: Returns the last frames a channel did not understand.
    """

    def __init__(
        self,
        watch: Watch,
        user: User,
        *,
        rejected: Callable[[str], Sequence[RejectedFrame]] = lambda _channel: (),
    ) -> None:
        self.user = user
        self.policy = Policy(agency=user.agency, role=user.role)
        self._watch = watch
        self._rejected = rejected

    @property
    def permissions(self) -> tuple[str, ...]:
        """What this user's role may do."""
        return acts_of(self.user.role)

    # -- what is known now

    def subscribe(self, *, stream: str | None = None, since: int | None = None) -> Subscription:
        """Join the live stream, from change `since` of `stream` on if that is still kept.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see the picture")
        return self._watch.board.feed(self.policy).subscribe(stream=stream, since=since)

    def units(self) -> list[UnitState]:
        """Return the state of every registered unit the user may see, by call sign.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see the picture")
        states = [
            contact.state()
            for contact in self._watch.picture.contacts.values()
            if contact.unit is not None and self._passes(contact)
        ]
        return sorted(states, key=lambda state: state.call_sign.casefold())

    def unit(self, id: str) -> UnitState:
        """Return the state of one unit or unknown radio.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._may("see the picture")
        return self._contact(id).state()

    def channels(self) -> list[ChannelHealth]:
        """Return how every channel fares, by name.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see channels")
        channels = self._watch.picture.channels
        return [channels[name] for name in sorted(channels)]

    def rejected(self, channel: str) -> list[RejectedFrame]:
        """Return the last frames that `channel` did not understand, newest first.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such channel.
        """
        self._may("see rejected frames")
        if channel not in self._watch.picture.channels:
            raise NotFound("channel", channel)
        return list(reversed(self._rejected(channel)))

    # -- what was

    async def track(
        self, id: str, *, start: datetime, end: datetime, limit: int = LONGEST_TRACK
    ) -> list[Fix]:
        """Return where a unit or unknown radio was from `start` (in) to `end` (out), oldest first.

        Args:
            id: Unit id or radio address.
            start: First moment wanted, aware UTC.
            end: Moment after the last one wanted, aware UTC.
            limit: Most positions; the newest are kept.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is none, or the user may not know of it.
        """
        self._may("see tracks")
        contact = self._contact(id)
        return await self._watch.store.read(
            tracks.track,
            contact.id,
            self._spans(contact, start, end),
            contact.agency,
            min(limit, LONGEST_TRACK),
        )

    async def tracks(
        self, *, start: datetime, end: datetime, points_each: int = 500
    ) -> dict[str, list[Fix]]:
        """Return the thinned track of everything the user may see, by unit id or address.

        Args:
            start: First moment wanted, aware UTC.
            end: Moment after the last one wanted, aware UTC.
            points_each: Most positions of each track.

        Returns:
            Only what has a position in that time.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see tracks")
        found: dict[str, list[Fix]] = {}
        for contact in list(self._watch.picture.contacts.values()):
            if self._passes(contact) and contact.last is not None:
                fixes = await self._watch.store.read(
                    tracks.track,
                    contact.id,
                    self._spans(contact, start, end),
                    contact.agency,
                    TRACK_READ,
                )
                if fixes:
                    found[contact.id] = tracks.thinned(fixes, points_each)
        return found

    # -- radios

    async def unknown_radios(self) -> list[UnknownRadio]:
        """Return the radios that nobody has registered, last heard first.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see unknown radios")
        found: list[UnknownRadio] = []
        for contact in list(self._watch.picture.contacts.values()):
            if contact.unit is not None or not self._passes(contact):
                continue
            span = await self._watch.store.read(receptions.span_of, contact.id)
            if span is None:
                continue
            count, first, last = span
            claimed, at, _ = contact.id.rpartition("@")
            found.append(
                UnknownRadio(
                    address=contact.id,
                    state=contact.state(),
                    count=count,
                    first_heard_at=first,
                    last_heard_at=last,
                    channels=tuple(
                        await self._watch.store.read(receptions.channels_of, contact.id)
                    ),
                    claims=claimed if at and self._watch.picture.address_taken(claimed) else None,
                )
            )
        return sorted(found, key=lambda radio: radio.last_heard_at, reverse=True)

    async def transmissions(self, address: str, *, limit: int = 100) -> list[Transmission]:
        """Return the last messages of a radio address, newest first.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see what a radio sent")
        return await self._watch.store.read(
            receptions.latest, address, self.policy.agency, min(limit, 1000)
        )

    def assignments(self) -> list[Assignment]:
        """Return from when to when which address stands for which unit, oldest first.

        Raises:
            Forbidden: If the role may not.
        """
        self._may("see unknown radios")
        return sorted(
            (
                assignment
                for assignment in self._watch.picture.assignments.values()
                if self.policy.passes(agency=assignment.agency, known=True)
            ),
            key=lambda assignment: assignment.start,
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
        """Say from when to when a radio address stands for a unit; the track it has comes along.

        Args:
            address: Radio address.
            unit: The unit's id.
            start: First moment, aware UTC; None: since it was first heard, or now.
            end: Moment after the last, aware UTC; None while it lasts.
            channel: The only channel the address is believed from; None for any.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such unit.
            Conflict: If the address stands for a unit at that time already.
        """
        self._may("assign radios")
        owner = self._registered(unit)
        if start is None:
            start = await self._watch.store.read(receptions.first_time, address)
            for other in self.assignments():
                if other.address == address and other.end is not None:
                    start = other.end if start is None else max(start, other.end)
        assignment = Assignment(
            id=uuid4().hex,
            address=address,
            unit=unit,
            start=start or self._watch.now(),
            end=end,
            channel=channel,
            agency=owner.agency,
            origin=self._watch.node,
        )
        await self._watch.registrar.put_assignment(assignment)
        return assignment

    async def end_assignment(self, id: str, *, end: datetime | None = None) -> Assignment:
        """Say that an address stands for its unit no longer, from `end` or now on.

        Raises:
            Forbidden: If the role may not.
            NotFound: If there is no such assignment.
            Conflict: If it would end before it starts.
        """
        self._may("assign radios")
        known = self._watch.picture.assignments.get(id)
        if known is None or not self.policy.passes(agency=known.agency, known=True):
            raise NotFound("assignment", id)
        ended = msgspec.structs.replace(known, end=end or self._watch.now())
        await self._watch.registrar.put_assignment(ended)
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
        await self._watch.registrar.put_unit(unit)
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
            Conflict: If a unit in service has that call sign.
        """
        self._may("manage units")
        unit = self._registered(id)
        values = dict(changes)
        retired = values.pop("retired", None)
        if retired is not None:
            values["retired_at"] = self._watch.now() if retired else None
        changed = msgspec.convert(msgspec.to_builtins(unit) | msgspec.to_builtins(values), Unit)
        await self._watch.registrar.put_unit(changed)
        return changed

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
            Conflict: If that moment is still to come.
        """
        self._may("plot by voice")
        unit = self._registered(id)
        check_place(lon=lon, lat=lat)
        now = self._watch.now()
        if at is not None and at - now > timedelta(seconds=60):
            raise Conflict("a position cannot be plotted ahead of time")
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
            ]
        )

    async def clear_distress(self, id: str) -> UnitState:
        """Say that a call for help is over.

        Raises:
            Forbidden: If the role may not.
            NotFound: If nothing by that id is known.
        """
        self._may("clear distress")
        contact = self._contact(id)
        await self._watch.registrar.clear_distress(contact.id, by=self.user.name)
        return contact.state()

    # -- inside

    def _may(self, act: str) -> None:
        require(self.user.role, act)

    def _passes(self, contact: Contact) -> bool:
        return self.policy.passes(agency=contact.agency, known=contact.unit is not None)

    def _contact(self, id: str) -> Contact:
        contact = self._watch.picture.contact(id)
        if not self._passes(contact):
            raise NotFound("unit or radio", id)
        return contact

    def _registered(self, id: str) -> Unit:
        unit = self._watch.picture.units.get(id)
        if unit is None or not self.policy.passes(agency=unit.agency, known=True):
            raise NotFound("unit", id)
        return unit

    def _spans(self, contact: Contact, start: datetime, end: datetime) -> list[Span]:
        if contact.unit is None:
            return [Span(address=contact.id, start=start, end=end)]
        spans = [Span(address=f"{VOICE}:{contact.id}", start=start, end=end)]
        for each in self._watch.picture.assignments.values():
            if each.unit == contact.id:
                since = max(start, each.start)
                until = end if each.end is None else min(end, each.end)
                if since < until:
                    spans.append(
                        Span(address=each.address, start=since, end=until, channel=each.channel)
                    )
        return spans
