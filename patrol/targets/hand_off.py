"""Hand-off: the offer of a target to the counterpart, and how custody moves with it.

The document belongs to the agency that offers. The counterpart sees it only as far as an agreement
lets targets cross; what it accepted it keeps as a target of its own.

Custody stays with the offerer until the *grant*, which it alone writes, upon an acceptance that
names the term of the offer in time. In one node acceptance, grant and taking are one transaction.
Between two nodes they are three, and `patrol.targets.custody` says who has the target in between.

**An agreement suspended during an open offer** cuts it: custody stays with the offerer, an
acceptance has no effect any more, and the counterpart holds nothing but the notice. It is not
resumed with the agreement: the commander offers anew. What was granted before stays granted.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

import msgspec

from patrol.documents.document import Document
from patrol.documents.state_machine import Lifecycle
from patrol.targets.prediction import Prediction
from patrol.targets.sightings import Sighting
from patrol.targets.target import TargetKind
from patrol.units.data_classes import ENVELOPE, NEVER, TARGETS, DataClass

Why: TypeAlias = Literal["border", "river", "demand"]
Return: TypeAlias = Literal["withdraw", "lapse", "cut"]

_OPEN: Final = ("offered", "escalated")

LIFECYCLE: Final = Lifecycle(
    "hand-off",
    "offered",
    {(state, "escalate"): "escalated" for state in _OPEN}
    | {(state, "accept"): "accepted" for state in _OPEN}
    | {(state, "decline"): "declined" for state in _OPEN}
    | {
        (state, act): after
        for state in (*_OPEN, "accepted")
        for act, after in (("withdraw", "withdrawn"), ("lapse", "lapsed"), ("cut", "cut"))
    }
    | {("accepted", "grant"): "granted", ("granted", "take"): "taken"},
)
"""Life of a hand-off. `accepted` and `granted` last only between two nodes: the counterpart has
`accepted` until the grant comes, the offerer has `granted` until it hears that it was taken."""

ANSWER_WITHIN_S: Final = 300.0
"""Where no agreement says how long an offer waits for an answer."""


class Timetable(msgspec.Struct, frozen=True, kw_only=True):
    """What silence does.

    Attributes:
        escalates_s: Seconds after the offer at which it goes one level up.
        lapses_s: Seconds after which it is over; custody never moved.
    """

    escalates_s: tuple[float, ...]
    lapses_s: float


def timetable(answer_within_s: float = ANSWER_WITHIN_S) -> Timetable:
    """Return the timetable of an offer that should be answered within so many seconds.

    It is escalated at two fifths of that, again when it is over, and lapses at three times that.

    >>> timetable()
    Timetable(escalates_s=(120.0, 300.0), lapses_s=900.0)
    """
    return Timetable(
        escalates_s=(0.4 * answer_within_s, answer_within_s), lapses_s=3.0 * answer_within_s
    )


class OwedMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A message to the other node that it has not receipted (`patrol.exchange.messages`).

    Attributes:
        what: `offer`, `accept`, `decline`, `withdraw`, `lapse`, `cut` or `grant`.
        term: Term that it names.
    """

    what: Annotated[str, NEVER]
    term: Annotated[int, NEVER]


class HandOff(
    Document,
    frozen=True,
    kw_only=True,
    tag="hand_off",
    rename={"owed_messages": "owed", "to_agency": "to"},
):
    """One version of an offer.

    Attributes:
        case: Case of the target (`Target.case`).
        target: Id of the offerer's document about it.
        to_agency: Agency that it is offered to.
        node: Node of the offerer.
        to_node: Node of the counterpart; the same one where both are in one.
        office: Border liaison office of the counterpart, by its id in the gazetteer.
        state: In its `LIFECYCLE`.
        term: Term of custody that an answer must name; after the grant, the new custodian's.
        level: How often silence has escalated it.
        offered_at: When it was made, aware UTC.
        escalates_at: When silence escalates it, aware UTC.
        lapses_at: When it is over without an answer, aware UTC.
        why: It was offered because the target crossed the `border` or the middle of the `river`,
            or on `demand`.
        what: What the target is.
        name: What people call it.
        description: What it looks like.
        fixes: Its last sightings, oldest first.
        photos: SHA-256 of each photo, hexadecimal.
        prediction: Where it will be and land.
        note: Words of who offered it.
        reason: Why it was declined, taken back or cut.
        answered_by: User who answered an offer of another node, in the copy of the own node.
        owed_messages: What the other node has not receipted.
    """

    CLASS: ClassVar[DataClass | None] = "targets"
    VIEWING_ACT: ClassVar[str] = "see targets"

    case: Annotated[str, ENVELOPE]
    target: Annotated[str, ENVELOPE]
    to_agency: Annotated[str, ENVELOPE]
    node: Annotated[str, ENVELOPE] = ""
    to_node: Annotated[str, ENVELOPE] = ""
    office: Annotated[str, ENVELOPE] = ""
    state: Annotated[str, ENVELOPE] = LIFECYCLE.start
    term: Annotated[int, ENVELOPE]
    level: Annotated[int, ENVELOPE] = 0
    offered_at: Annotated[datetime, ENVELOPE]
    escalates_at: Annotated[tuple[datetime, ...], ENVELOPE] = ()
    lapses_at: Annotated[datetime, ENVELOPE]
    why: Annotated[Why, TARGETS] = "demand"
    what: Annotated[TargetKind | None, TARGETS] = None
    name: Annotated[str, TARGETS] = ""
    description: Annotated[str, TARGETS] = ""
    fixes: Annotated[tuple[Sighting, ...], TARGETS] = ()
    photos: Annotated[tuple[str, ...], TARGETS] = ()
    prediction: Annotated[Prediction | None, TARGETS] = None
    note: Annotated[str, TARGETS] = ""
    reason: Annotated[str, TARGETS] = ""
    answered_by: Annotated[str, NEVER] = ""
    owed_messages: Annotated[tuple[OwedMessage, ...], NEVER] = ()

    @property
    def is_open(self) -> bool:
        """Whether it waits for an answer."""
        return self.state in _OPEN

    @property
    def is_over(self) -> bool:
        """Whether its life has come to an end."""
        return LIFECYCLE.is_end(self.state)

    @property
    def is_closed(self) -> bool:
        """Whether its lifecycle is over and no message is outstanding."""
        return not self.owed_messages and LIFECYCLE.is_end(self.state)

    @property
    def speed_mps(self) -> float | None:
        """Speed of the target over ground, metres per second; None unknown."""
        if self.prediction is not None:
            return self.prediction.speed_mps
        return self.fixes[-1].speed_mps if self.fixes else None

    @property
    def lon(self) -> float | None:
        """Where the target was last seen, degrees east; None unknown."""
        return self.fixes[-1].lon if self.fixes else None

    @property
    def lat(self) -> float | None:
        """Where the target was last seen, degrees north; None unknown."""
        return self.fixes[-1].lat if self.fixes else None
