"""Patrol: planned work of units of one or more agencies, signed by each of them.

What a patrol *is* (window, legs, members, sectors, rendezvous, rules of check-in) is its content. A
signature stands for one content; whatever changes the content makes every signature void. Private
annexes and what happens under way are no content.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet
from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal, Self, TypeAlias

import msgspec

from patrol.documents.document import Document
from patrol.documents.state_machine import Lifecycle
from patrol.units.data_classes import NEVER, PATROLS, DataClass

PatrolState: TypeAlias = Literal[
    "draft", "proposed", "signed", "ready", "under way", "ended", "cancelled"
]
How: TypeAlias = Literal["order", "plan", "movement"]
"""By whom a patrol was started or ended: an order of the crew, the plan's time, or what radios
showed."""

LIFECYCLE: Final = Lifecycle(
    "patrol",
    "draft",
    {
        ("draft", "change"): "draft",
        ("draft", "propose"): "proposed",
        ("draft", "cancel"): "cancelled",
        ("proposed", "change"): "proposed",
        ("proposed", "sign"): "proposed",
        ("proposed", "sign last"): "signed",
        ("proposed", "withdraw signature"): "proposed",
        ("proposed", "cancel"): "cancelled",
        ("signed", "change"): "proposed",
        ("signed", "withdraw signature"): "proposed",
        ("signed", "ready"): "ready",
        ("signed", "cancel"): "cancelled",
        ("ready", "change"): "proposed",
        ("ready", "withdraw signature"): "proposed",
        ("ready", "start"): "under way",
        ("ready", "cancel"): "cancelled",
        ("under way", "check in"): "under way",
        ("under way", "end"): "ended",
    },
)
"""The life of a patrol. `sign last` is the signature that completes them."""

CONTENT: Final = (
    "name",
    "agencies",
    "lead",
    "starts_at",
    "ends_at",
    "members",
    "sectors",
    "legs",
    "rendezvous",
    "check_in_interval_s",
    "check_in_grace_s",
    "check_in_by_message",
    "start_grace_s",
    "start_by_plan",
    "start_by_movement",
    "end_by_plan",
    "end_by_movement",
    "note",
)
"""Fields that a signature stands for."""


class Base(msgspec.Struct, frozen=True, kw_only=True):
    """Where a unit lies when it is not out.

    Attributes:
        lon: Degrees east.
        lat: Degrees north.
        radius_m: It has left when it is surely farther away than this, metres.
    """

    lon: Annotated[float, PATROLS]
    lat: Annotated[float, PATROLS]
    radius_m: Annotated[float, PATROLS] = 300.0


class Member(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A unit that takes part.

    Attributes:
        unit: Its id.
        agency: Its owner's id.
        crew: How many people are on it; None: nobody has said.
        base: Where it lies when it is not out; None: leaving is not seen by its movement.
    """

    unit: Annotated[str, PATROLS]
    agency: Annotated[str, PATROLS]
    crew: Annotated[int | None, PATROLS] = None
    base: Annotated[Base | None, PATROLS] = None


class Leg(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One part of a patrol, with a window and a lead of its own.

    Attributes:
        name: What people call it.
        starts_at: When it begins, aware UTC.
        ends_at: When it is over, aware UTC.
        lead: Agency that leads it; None: the patrol's lead.
        sectors: Ids of those that it covers; none: the patrol's.
    """

    name: Annotated[str, PATROLS]
    starts_at: Annotated[datetime, PATROLS]
    ends_at: Annotated[datetime, PATROLS]
    lead: Annotated[str | None, PATROLS] = None
    sectors: Annotated[tuple[str, ...], PATROLS] = ()


class Rendezvous(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where and when units meet.

    Attributes:
        name: What people call it.
        lon: Degrees east.
        lat: Degrees north.
        at: When, aware UTC.
        units: Who: ids of members; none: all of them.
        radius_m: Who is within this of the place is there, metres.
        grace_s: How much later is still in time, seconds.
    """

    name: Annotated[str, PATROLS]
    lon: Annotated[float, PATROLS]
    lat: Annotated[float, PATROLS]
    at: Annotated[datetime, PATROLS]
    units: Annotated[tuple[str, ...], PATROLS] = ()
    radius_m: Annotated[float, PATROLS] = 300.0
    grace_s: Annotated[float, PATROLS] = 900.0


class Signature(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """That an agency agreed to one content.

    Attributes:
        agency: Whose.
        at: When, aware UTC.
        revision: Of the patrol's content.
        sha256: Of that content, hexadecimal.
        by: Who signed: a user's name, which does not leave the agency.
    """

    agency: Annotated[str, PATROLS]
    at: Annotated[datetime, PATROLS]
    revision: Annotated[int, PATROLS]
    sha256: Annotated[str, PATROLS]
    by: Annotated[str, NEVER] = ""


class Seal(msgspec.Struct, frozen=True, kw_only=True):
    """The content for which a signature stands, before it is given.

    Attributes:
        revision: Of the patrol's content.
        sha256: Of that content, hexadecimal: the same for every party.
        unsigned: Ids of the agencies whose signature of it is missing.
    """

    revision: int
    sha256: str
    unsigned: tuple[str, ...]


class Annex(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Notes of one agency on a patrol, for itself alone.

    Attributes:
        agency: Whose.
        text: Whatever it wants.
        at: When it was written, aware UTC.
        by: Who wrote it.
    """

    agency: Annotated[str, NEVER]
    text: Annotated[str, NEVER]
    at: Annotated[datetime, NEVER]
    by: Annotated[str, NEVER] = ""


class CheckIn(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    omit_defaults=True,
    rename={"during_suspension": "apart"},
):
    """The last check-in of a unit.

    Attributes:
        unit: Its id.
        agency: Its owner's id.
        at: When, aware UTC.
        note: Words that came with it.
        during_suspension: It was told while the patrol was suspended: its agency's alone,
            afterwards, too.
    """

    unit: Annotated[str, PATROLS]
    agency: Annotated[str, PATROLS]
    at: Annotated[datetime, PATROLS]
    note: Annotated[str, PATROLS] = ""
    during_suspension: Annotated[bool, PATROLS] = False


class Patrol(
    Document, frozen=True, kw_only=True, tag="patrol", rename={"suspension_reason": "suspended_why"}
):
    """One version of a patrol.

    Attributes:
        name: What people call it.
        state: Where it is in its life (`LIFECYCLE`).
        agencies: Ids of those whose signatures it needs; the owner is one of them.
        lead: Agency that leads where no leg says otherwise.
        starts_at: When it is to begin, aware UTC.
        ends_at: When it is to be over, aware UTC.
        members: Units that take part.
        sectors: Ids of the sectors that it covers.
        legs: Parts with windows and leads of their own.
        rendezvous: Where and when units meet.
        check_in_interval_s: Longest time between two check-ins of a unit under way, seconds;
            None: none are asked for.
        check_in_grace_s: How much later is still in time, seconds.
        check_in_by_message: Whether anything heard of a unit counts as its check-in.
        start_grace_s: How long after `starts_at` its start is overdue, seconds.
        start_by_plan: Whether it starts by itself when its time has come.
        start_by_movement: Whether it starts when a member leaves its base or enters a sector.
        end_by_plan: Whether it ends by itself when its time is over.
        end_by_movement: Whether it ends once all members that have a base are back.
        note: Anything else that all parties may read.
        revision: Number of its content, counted up by each change of that.
        signatures: Of the present content; a change makes them void and takes them out.
        annexes: What each agency keeps for itself.
        ready_at: When it was said to be ready, aware UTC.
        started_at: When it began, aware UTC.
        started_by: What began it.
        ended_at: When it ended or was cancelled, aware UTC.
        ended_by: What ended it.
        check_ins: The last one of each unit that was told by order.
        start_overdue: Whether it should have begun and has not.
        check_in_overdue: Ids of units that should have checked in and have not.
        suspended: Whether an agreement that it rests on is not in force now.
        suspension_reason: Who suspended that, when and why.
        by_agency: Whose user, or on whose behalf the watch, made this version.
    """

    CLASS: ClassVar[DataClass | None] = "patrols"
    VIEWING_ACT: ClassVar[str] = "see patrols"

    name: Annotated[str, PATROLS]
    agencies: Annotated[tuple[str, ...], PATROLS]
    lead: Annotated[str, PATROLS]
    starts_at: Annotated[datetime, PATROLS]
    ends_at: Annotated[datetime, PATROLS]
    state: Annotated[PatrolState, PATROLS] = "draft"
    members: Annotated[tuple[Member, ...], PATROLS] = ()
    sectors: Annotated[tuple[str, ...], PATROLS] = ()
    legs: Annotated[tuple[Leg, ...], PATROLS] = ()
    rendezvous: Annotated[tuple[Rendezvous, ...], PATROLS] = ()
    check_in_interval_s: Annotated[float | None, PATROLS] = None
    check_in_grace_s: Annotated[float, PATROLS] = 120.0
    check_in_by_message: Annotated[bool, PATROLS] = True
    start_grace_s: Annotated[float, PATROLS] = 900.0
    start_by_plan: Annotated[bool, PATROLS] = False
    start_by_movement: Annotated[bool, PATROLS] = False
    end_by_plan: Annotated[bool, PATROLS] = False
    end_by_movement: Annotated[bool, PATROLS] = False
    note: Annotated[str, PATROLS] = ""
    revision: Annotated[int, PATROLS] = 1
    signatures: Annotated[tuple[Signature, ...], PATROLS] = ()
    annexes: Annotated[tuple[Annex, ...], NEVER] = ()
    ready_at: Annotated[datetime | None, PATROLS] = None
    started_at: Annotated[datetime | None, PATROLS] = None
    started_by: Annotated[How | None, PATROLS] = None
    ended_at: Annotated[datetime | None, PATROLS] = None
    ended_by: Annotated[How | None, PATROLS] = None
    check_ins: Annotated[tuple[CheckIn, ...], PATROLS] = ()
    start_overdue: Annotated[bool, PATROLS] = False
    check_in_overdue: Annotated[tuple[str, ...], PATROLS] = ()
    suspended: Annotated[bool, PATROLS] = False
    suspension_reason: Annotated[str, PATROLS] = ""
    by_agency: Annotated[str, NEVER] = ""

    @property
    def is_closed(self) -> bool:
        """Whether it is ended or cancelled."""
        return LIFECYCLE.is_end(self.state)

    @property
    def parties(self) -> frozenset[str]:
        """Its owner alone while it is a draft, then all its agencies."""
        if self.state == "draft":
            return frozenset((self.agency,))
        return frozenset((self.agency, *self.agencies))

    @property
    def is_joint(self) -> bool:
        """Whether several agencies take part."""
        return len(self.agencies) > 1

    @property
    def units(self) -> tuple[str, ...]:
        """Ids of the units that take part."""
        return tuple(member.unit for member in self.members)

    @property
    def all_sectors(self) -> tuple[str, ...]:
        """Ids of the sectors that it or one of its legs covers."""
        legs = (id for leg in self.legs for id in leg.sectors)
        return tuple(dict.fromkeys((*self.sectors, *legs)))

    @property
    def unsigned(self) -> tuple[str, ...]:
        """Agencies whose signature of the present content is missing."""
        signed = set[str]()
        if self.signatures:
            sha256 = sha256_of(self)
            signed = {
                each.agency
                for each in self.signatures
                if each.revision == self.revision and each.sha256 == sha256
            }
        return tuple(agency for agency in self.agencies if agency not in signed)

    def part_for(self, agency: str) -> Self | None:
        """Return what a party holds: all but the annexes and officers' names of the others, and
        what these told while it was suspended.

        While it is suspended, of what is joint only the party's own part.
        """
        if agency not in self.parties:
            return None
        held = msgspec.structs.replace(
            self,
            annexes=tuple(each for each in self.annexes if each.agency == agency),
            signatures=tuple(
                each if each.agency == agency else msgspec.structs.replace(each, by="")
                for each in self.signatures
            ),
            check_ins=tuple(
                each
                for each in self.check_ins
                if each.agency == agency or not each.during_suspension
            ),
            by=self.by if self.by_agency == agency else "",
        )
        return held.own_part(agency) if self.suspended and self.is_joint else held

    def shared(self, allowed: AbstractSet[DataClass]) -> Self | None:
        """Return what an agency that is no party may see: no draft, and the owner's part alone."""
        if self.state == "draft":
            return None
        return super(Patrol, self.own_part(self.agency)).shared(allowed)

    def own_part(self, agency: str) -> Self:
        """Return what is left to one party when nothing of the others may pass.

        The window, the sectors' ids and whose patrol it is stay, since the party signed them;
        units, check-ins, legs, meetings, annexes and signatures of others go.
        """
        units = {member.unit for member in self.members if member.agency == agency}
        return msgspec.structs.replace(
            self,
            members=tuple(each for each in self.members if each.agency == agency),
            legs=tuple(each for each in self.legs if (each.lead or self.lead) == agency),
            rendezvous=tuple(
                each for each in self.rendezvous if each.units and set(each.units) <= units
            ),
            signatures=tuple(each for each in self.signatures if each.agency == agency),
            annexes=tuple(each for each in self.annexes if each.agency == agency),
            check_ins=tuple(each for each in self.check_ins if each.unit in units),
            check_in_overdue=tuple(each for each in self.check_in_overdue if each in units),
            by=self.by if self.by_agency == agency else "",
        )


def content_of(patrol: Patrol) -> bytes:
    """Return the signed content, as JSON in a fixed order."""
    return msgspec.json.encode([getattr(patrol, name) for name in CONTENT], order="deterministic")


def sha256_of(patrol: Patrol) -> str:
    """Return the SHA-256 of a patrol's content, hexadecimal."""
    return hashlib.sha256(content_of(patrol)).hexdigest()
