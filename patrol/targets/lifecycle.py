"""Lifecycle of a hand-off: each step as a pure function from documents to a transaction.

Who offers decides: only its own steps raise the term, and only its grant moves custody. What
is between two nodes is in `patrol.targets.remote_hand_off`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from patrol.documents.document import new_id, revise
from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import Filing, Note
from patrol.errors.errors import Conflict
from patrol.targets import custody
from patrol.targets.hand_off import LIFECYCLE, HandOff, OwedMessage, Return, Timetable, Why
from patrol.targets.prediction import Prediction
from patrol.targets.sightings import Sighting
from patrol.targets.target import LIFECYCLE as TARGET_LIFECYCLE
from patrol.targets.target import Target, add_remark, of_case
from patrol.units.data_classes import crossed

MOST_FIXES: Final = 20
"""Newest sightings that go with an offer."""

_WORDS: Final = {"lapse": "not answered", "cut": "cut off"}


def offer(
    target: Target,
    *,
    to: str,
    node: str,
    to_node: str = "",
    office: str = "",
    why: Why = "demand",
    note: str = "",
    fixes: Sequence[Sighting],
    prediction: Prediction | None = None,
    times: Timetable,
    now: datetime,
    by: str,
) -> Filing:
    """Return the filing that offers a target: custody stays where it is.

    Args:
        target: As it stands, of who offers it.
        to: Agency it is offered to.
        node: This node.
        to_node: That agency's node; empty for this one.
        office: Its border liaison office.
        why: What for.
        note: Words to go with it.
        fixes: What may cross of its sightings, oldest first.
        prediction: What may cross of what is expected after the last one.
        times: What silence does.
        now: Aware UTC.
        by: Who offers it; empty for the watch itself.

    Raises:
        IllegalStep: If the target is not the agency's to offer, or is on offer.
        Conflict: If it would be offered to its own agency.
    """
    if to == target.agency:
        raise Conflict(f"{to} has this target already")
    term = target.term + 1
    there = to_node or node
    made = HandOff(
        id=new_id(),
        agency=target.agency,
        origin=node,
        at=now,
        by=by,
        case=target.case,
        target=target.id,
        to_agency=to,
        node=node,
        to_node=there,
        office=office,
        term=term,
        offered_at=now,
        escalates_at=tuple(now + timedelta(seconds=each) for each in times.escalates_s),
        lapses_at=now + timedelta(seconds=times.lapses_s),
        why=why,
        note=note,
        owed_messages=() if there == node else (OwedMessage(what="offer", term=term),),
        **_content(target, fixes, prediction),  # type: ignore[arg-type]
    )
    state = TARGET_LIFECYCLE.next_state(target.state, "offer")
    target = revise(target, at=now, by=by, state=state, term=term, hand_off=made.id)
    return Filing(
        documents=(target, made),
        act="offer hand-off",
        actor=by,
        agency=target.agency,
        notes=(step_note(made, "offer hand-off", term=term, by=by, agency=target.agency),),
    )


def refresh(
    made: HandOff,
    target: Target,
    fixes: Sequence[Sighting],
    prediction: Prediction | None = None,
    *,
    now: datetime,
    by: str,
) -> HandOff:
    """Return an open offer with newer sightings of its target, as far as they may cross."""
    owed = made.owed_messages
    if made.to_node != made.node:
        owed = (OwedMessage(what="offer", term=made.term),)
    return revise(made, at=now, by=by, owed_messages=owed, **_content(target, fixes, prediction))


def accept(
    made: HandOff, target: Target, own: Target | None, *, term: int, now: datetime, by: str
) -> Filing:
    """Return the filing that accepts an offer between agencies of one node: custody moves.

    Args:
        made: The hand-off.
        target: The offerer's document.
        own: The accepting agency's open document about the same case; None if it has none.
        term: Term of the offer that is accepted.
        now: Aware UTC.
        by: Who accepts.

    Raises:
        IllegalStep: If it is answered or over.
        Conflict: If another term is named, or it is too late.
    """
    state = LIFECYCLE.next_state(made.state, "accept")
    check_term(made, term)
    check_time(made, now)
    state = LIFECYCLE.next_state(LIFECYCLE.next_state(state, "grant"), "take")
    theirs = TARGET_LIFECYCLE.next_state(TARGET_LIFECYCLE.next_state(target.state, "grant"), "hear")
    granted_at = target.term + 1
    # The offerer's documents do not name the other side's officer; its journal lines and
    # document do.
    made = revise(made, at=now, by="", state=state, term=granted_at)
    return Filing(
        documents=(
            made,
            revise(target, at=now, by="", state=theirs, term=granted_at, custodian=made.to_agency),
            receive(made, own, now=now, by=by),
        ),
        act="accept hand-off",
        actor=by,
        agency=made.to_agency,
        notes=(
            step_note(made, "accept hand-off", term=term, by=by, agency=made.to_agency),
            custody_note(custody.GRANTED, made, by="", agency=made.agency),
            custody_note(custody.TAKEN, made, by=by, agency=made.to_agency),
            custody_note(custody.HEARD, made, by="", agency=made.agency),
        ),
    )


def decline(
    made: HandOff, target: Target, *, term: int, reason: str, now: datetime, by: str
) -> Filing:
    """Return the filing that declines an offer: the offerer keeps the target, at a new term.

    Raises:
        IllegalStep: If it is answered or over.
        Conflict: If another term is named.
    """
    state = LIFECYCLE.next_state(made.state, "decline")
    check_term(made, term)
    made = revise(made, at=now, by="", state=state, reason=reason, owed_messages=())
    return Filing(
        documents=(made, _retain(target, now=now, by="")),
        act="decline hand-off",
        actor=by,
        agency=made.to_agency,
        notes=(step_note(made, "decline hand-off", term=term, by=by, agency=made.to_agency),),
        reason=reason,
    )


def return_offer(
    made: HandOff, target: Target, act: Return, *, reason: str, now: datetime, by: str
) -> Filing:
    """Return the filing that withdraws an open offer: the offerer keeps the target, at a new term.

    Args:
        made: The hand-off.
        target: The offerer's document.
        act: `withdraw` by a person, `lapse` by time, `cut` by a suspended agreement.
        reason: Why.
        now: Aware UTC.
        by: Who; empty for the watch itself.

    Raises:
        IllegalStep: If it is over or granted.
    """
    own = _retain(target, now=now, by=by)
    owed = () if made.to_node == made.node else (OwedMessage(what=act, term=own.term),)
    made = revise(
        made,
        at=now,
        by=by,
        state=LIFECYCLE.next_state(made.state, act),
        reason=reason,
        owed_messages=owed,
    )
    if act != "withdraw":
        text = f"The offer to {made.to_agency} was {_WORDS[act]}: {reason}"
        remarks = add_remark(own, text, now=now).remarks
        own = msgspec.structs.replace(own, remarks=remarks)
    return Filing(
        documents=(made, own),
        act=f"{act} hand-off",
        actor=by,
        agency=made.agency,
        notes=(step_note(made, f"{act} hand-off", term=own.term, by=by, agency=made.agency),),
        reason=reason,
    )


def escalate(made: HandOff, *, now: datetime) -> Filing:
    """Return the filing that escalates an unanswered offer by one level.

    Raises:
        IllegalStep: If it is answered or over.
    """
    state = LIFECYCLE.next_state(made.state, "escalate")
    made = revise(made, at=now, by="", state=state, level=made.level + 1)
    step = step_note(made, "escalate hand-off", term=made.term, by="", agency=made.agency)
    return Filing(documents=(made,), act="escalate hand-off", agency=made.agency, notes=(step,))


def receive(made: HandOff, own: Target | None, *, now: datetime, by: str) -> Target:
    """Return the taker's document about a target that was granted to it.

    Args:
        made: The hand-off, with the new term.
        own: The taker's open document about the same case; None if it has none.
        now: Aware UTC.
        by: Who took it.
    """
    given = crossed(made, {"targets"})
    fixes = () if given is None else given.fixes
    if own is not None:
        sightings = {(each.at, each.lon, each.lat): each for each in (*own.sightings, *fixes)}
        return revise(
            own,
            at=now,
            by=by,
            state=TARGET_LIFECYCLE.next_state(own.state, "take"),
            term=made.term,
            custodian=made.to_agency,
            hand_off=made.id,
            received_from=made.agency,
            sightings=tuple(sorted(sightings.values(), key=lambda each: each.at)),
            prediction=made.prediction,
        )
    return Target(
        id=new_id(),
        agency=made.to_agency,
        origin=made.to_node,
        at=now,
        by=by,
        case=made.case,
        what=made.what or "vessel",
        name=made.name,
        description=made.description,
        custodian=made.to_agency,
        term=made.term,
        hand_off=made.id,
        sightings=fixes,
        photos=made.photos,
        prediction=made.prediction,
        received_from=made.agency,
    )


def own_of(open_documents: OpenDocuments, made: HandOff) -> Target | None:
    """Return the counterpart's open document about the case of a hand-off; None if it has none."""
    return of_case(open_documents, made.case, made.to_agency)


def check_term(made: HandOff, term: int) -> None:
    """Raise unless `term` is that of the offer: late or repeated answers move nothing.

    Raises:
        Conflict: If it is another.
    """
    if term != made.term:
        raise Conflict(
            f"the offer stands at term {made.term}, not {term}: look at it again",
            code="changed_meanwhile",
        )


def check_time(made: HandOff, now: datetime) -> None:
    """Raise when an offer is too old to be accepted.

    Raises:
        Conflict: If it is.
    """
    if now >= made.lapses_at:
        raise Conflict(f"the offer lapsed at {made.lapses_at:%H:%M:%S} UTC", code="offer_lapsed")


def _retain(target: Target, *, now: datetime, by: str) -> Target:
    state = TARGET_LIFECYCLE.next_state(target.state, "keep")
    return revise(target, at=now, by=by, state=state, term=target.term + 1)


def _content(
    target: Target, fixes: Sequence[Sighting], prediction: Prediction | None
) -> dict[str, object]:
    sightings = (crossed(each, {"targets"}) for each in fixes[-MOST_FIXES:])
    return {
        "what": target.what,
        "name": target.name,
        "description": target.description,
        "fixes": tuple(each for each in sightings if each is not None),
        "photos": target.photos,
        "prediction": prediction,
    }


def step_note(made: HandOff, act: str, *, term: int, by: str, agency: str) -> Note:
    """Return a line for the journal: a step of a hand-off, with the term it names."""
    detail: dict[str, object] = {"term": term, "hand_off": made.id, "state": made.state}
    return Note(
        act=f"step: {act}",
        actor=by,
        agency=agency,
        subject=custody.subject_of(made.case),
        detail=detail,
    )


def custody_note(act: str, made: HandOff, *, by: str, agency: str) -> Note:
    """Return a line for the journal: custody by a hand-off that has its new term."""
    return custody.note(
        act,
        case=made.case,
        term=made.term,
        holder=made.to_agency,
        actor=by,
        agency=agency,
        hand_off=made.id,
    )
