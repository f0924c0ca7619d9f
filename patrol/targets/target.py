"""Target: something suspicious that a patrol follows; exactly one agency has it.

Each agency that ever had a target keeps a document of its own about it; a hand-off makes the other
one's, from what was offered. So a suspended agreement takes from nobody what it follows, and what
one of them notes later stays its own. Documents about one target share their `case`.

`term` counts what its custodian decides about custody: opened, offered, taken back, handed on,
closed. It only grows; a message or click that names an older one has no effect
(`patrol.targets.custody`).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

import msgspec

from patrol.documents.document import Document, new_id, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.state_machine import Lifecycle
from patrol.documents.transaction import Filing
from patrol.errors.errors import Conflict
from patrol.sectors.site_geography import Ground
from patrol.targets import custody
from patrol.targets.prediction import Prediction, predict
from patrol.targets.sightings import Sighting, locate
from patrol.units.data_classes import ENVELOPE, NEVER, TARGETS, DataClass

TargetKind: TypeAlias = Literal["vessel", "person", "vehicle"]
Outcome: TypeAlias = Literal[
    "arrested", "seized", "turned back", "cleared", "lost", "handed over", "other"
]


MOST_SIGHTINGS: Final = 500
MOST_REMARKS: Final = 50
MOST_PHOTOS: Final = 20

LIFECYCLE: Final = Lifecycle(
    "target",
    "followed",
    {
        ("followed", "sight"): "followed",
        ("followed", "change"): "followed",
        ("followed", "offer"): "offered",
        ("followed", "close"): "closed",
        ("offered", "sight"): "offered",
        ("offered", "change"): "offered",
        ("offered", "keep"): "followed",
        ("offered", "grant"): "granted",
        ("granted", "sight"): "granted",
        ("granted", "change"): "granted",
        ("granted", "hear"): "handed over",
        ("handed over", "sight"): "handed over",
        ("handed over", "change"): "handed over",
        ("handed over", "take"): "followed",
        ("handed over", "close"): "closed",
    },
)
"""Life of one agency's document. It has the target while `followed` or `offered`; `granted` is
handed on and the other side has not said that it knows."""

HAD: Final = frozenset({"followed", "offered"})
"""States in which the document's owner is the custodian."""


class Remark(msgspec.Struct, frozen=True, kw_only=True):
    """What the watch has to say about a target to those who have it.

    Attributes:
        at: When, aware UTC.
        text: For people, for example why no offer went.
    """

    at: Annotated[datetime, NEVER]
    text: Annotated[str, NEVER]


class Target(Document, frozen=True, kw_only=True, tag="target"):
    """One version of a target.

    Attributes:
        case: The same in all agencies' documents about it.
        what: What it is.
        name: What people call it.
        description: What it looks like.
        state: In its `LIFECYCLE`.
        custodian: Agency that has it, as far as the owner of this document knows.
        term: Newest term of its custody that is known here.
        hand_off: Id of the hand-off under way or of the last one; empty before the first.
        patrol: Id of the patrol that found it.
        unit: Id of the unit that found it.
        sightings: Oldest first, by the time they were made.
        photos: SHA-256 of each photo, hexadecimal.
        prediction: Where it will be, if it is a vessel on a river.
        received_from: Agency that handed it over; empty if the owner found it.
        outcome: How it ended.
        outcome_note: In words.
        closed_at: When it ended, aware UTC.
        remarks: What the watch has to say, newest last.
    """

    CLASS: ClassVar[DataClass | None] = "targets"
    VIEWING_ACT: ClassVar[str] = "see targets"

    case: Annotated[str, ENVELOPE]
    what: Annotated[TargetKind, TARGETS]
    name: Annotated[str, TARGETS]
    description: Annotated[str, TARGETS] = ""
    state: Annotated[str, TARGETS] = LIFECYCLE.start
    custodian: Annotated[str, TARGETS] = ""
    term: Annotated[int, TARGETS] = 1
    hand_off: Annotated[str, ENVELOPE] = ""
    patrol: Annotated[str | None, NEVER] = None
    unit: Annotated[str | None, TARGETS] = None
    sightings: Annotated[tuple[Sighting, ...], TARGETS] = ()
    photos: Annotated[tuple[str, ...], TARGETS] = ()
    prediction: Annotated[Prediction | None, TARGETS] = None
    received_from: Annotated[str, ENVELOPE] = ""
    outcome: Annotated[Outcome | None, TARGETS] = None
    outcome_note: Annotated[str, TARGETS] = ""
    closed_at: Annotated[datetime | None, TARGETS] = None
    remarks: Annotated[tuple[Remark, ...], NEVER] = ()

    @property
    def is_closed(self) -> bool:
        """Whether its owner is done with it."""
        return self.state == "closed"

    @property
    def is_had(self) -> bool:
        """Whether its owner has it."""
        return self.state in HAD

    @property
    def lon(self) -> float | None:
        """Where it was last seen, degrees east; None before the first sighting."""
        return self.sightings[-1].lon if self.sightings else None

    @property
    def lat(self) -> float | None:
        """Where it was last seen, degrees north; None before the first sighting."""
        return self.sightings[-1].lat if self.sightings else None


def open_target(
    target: Target, sighting: Sighting | None, *, ground: Ground | None, by: str
) -> Filing:
    """Return the filing that opens a target: its first version, and its custody at term 1."""
    target = msgspec.structs.replace(target, custodian=target.agency, term=1, state=LIFECYCLE.start)
    if sighting is not None:
        target = _with_sightings(target, [locate(sighting, ground)], ground)
    chain = custody.note(
        custody.BEGUN,
        case=target.case,
        term=1,
        holder=target.agency,
        actor=by,
        agency=target.agency,
    )
    return Filing(
        documents=(target,), act="open target", actor=by, agency=target.agency, notes=(chain,)
    )


def sight(
    target: Target, sighting: Sighting, *, ground: Ground | None, now: datetime, by: str
) -> Target:
    """Return a target with one more sighting, put in by its time, and a new prediction.

    Args:
        target: As it stands.
        sighting: Already placed.
        ground: For the prediction.
        now: When it is entered, aware UTC.
        by: Who enters it.

    Raises:
        IllegalStep: If it is closed.
        Conflict: If it has too many.
    """
    state = LIFECYCLE.next_state(target.state, "sight")
    if len(target.sightings) >= MOST_SIGHTINGS:
        raise Conflict(f"a target keeps at most {MOST_SIGHTINGS} sightings: close it, open another")
    together = sorted([*target.sightings, sighting], key=lambda each: each.at)
    return _with_sightings(revise(target, at=now, by=by, state=state), together, ground)


def change(target: Target, *, now: datetime, by: str, **values: object) -> Target:
    """Return a target with changes that do not touch its custody.

    Raises:
        IllegalStep: If it is closed.
    """
    return revise(
        target, at=now, by=by, state=LIFECYCLE.next_state(target.state, "change"), **values
    )


def add_remark(target: Target, text: str, *, now: datetime) -> Target:
    """Return a target with a remark of the watch, unless that was its last one already."""
    if target.remarks and target.remarks[-1].text == text:
        return target
    remarks = (*target.remarks, Remark(at=now, text=text))[-MOST_REMARKS:]
    return change(target, now=now, by="", remarks=remarks)


def close(target: Target, outcome: Outcome, note: str, *, now: datetime, by: str) -> Filing:
    """Return the filing that closes a target and ends its custody, if its owner has it.

    Raises:
        IllegalStep: If it is closed, or an offer of it or its granting is under way.
    """
    had = target.is_had
    term = target.term + 1 if had else target.term
    ended = revise(
        target,
        at=now,
        by=by,
        state=LIFECYCLE.next_state(target.state, "close"),
        term=term,
        outcome=outcome,
        outcome_note=note,
        closed_at=now,
    )
    line = custody.note(
        custody.ENDED,
        case=target.case,
        term=term,
        holder=target.agency,
        actor=by,
        agency=target.agency,
    )
    return Filing(
        documents=(ended,),
        act="close target",
        actor=by,
        agency=target.agency,
        notes=(line,) if had else (),
    )


def of_case(open_documents: OpenDocuments, case: str, agency: str) -> Target | None:
    """Return an agency's open document about a case; None if it has none."""
    for target in open_documents.all(Target):
        if target.case == case and target.agency == agency:
            return target
    return None


def new_target(
    *,
    agency: str,
    origin: str,
    what: TargetKind,
    name: str,
    at: datetime,
    by: str,
    **more: object,
) -> Target:
    """Return the first version of a target, of a new case."""
    return Target(
        id=new_id(),
        case=new_id(),
        agency=agency,
        origin=origin,
        what=what,
        name=name,
        at=at,
        by=by,
        **more,  # type: ignore[arg-type]
    )


def _with_sightings(target: Target, sightings: Sequence[Sighting], ground: Ground | None) -> Target:
    expected = predict(sightings, ground) if target.what == "vessel" else None
    return msgspec.structs.replace(target, sightings=tuple(sightings), prediction=expected)
