"""Handing across: the steps of a hand-off whose two agencies are in different nodes.

Each step is filed by one node and told to the other until it is receipted
(`patrol.exchange.messages`). Custody moves at the grant, which the offerer's node files upon an
acceptance of the offer's term in time; `patrol.targets.custody` says what that proves.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

import msgspec

from patrol.documents.document import revise
from patrol.documents.transaction import NOTHING, Filing
from patrol.targets import custody
from patrol.targets.hand_off import LIFECYCLE, HandOff, OwedMessage
from patrol.targets.lifecycle import check_term, check_time, custody_note, receive, step_note
from patrol.targets.target import LIFECYCLE as TARGET_LIFECYCLE
from patrol.targets.target import Target

ENDINGS: Final = ("withdraw", "lapse", "cut")
"""How the offerer ends an offer."""

_NOTHING_TOLD: Final[dict[str, Any]] = {
    "what": None,
    "name": "",
    "description": "",
    "fixes": (),
    "photos": (),
    "prediction": None,
    "note": "",
}
_TOLD: Final = tuple(_NOTHING_TOLD)


def receive_offer(made: HandOff, *, now: datetime) -> Filing:
    """Return the filing that stores an offer of another node.

    Args:
        made: As it crossed, at version 1.
        now: Aware UTC.
    """
    made = msgspec.structs.replace(
        made,
        version=1,
        at=now,
        by="",
        origin=made.node,
        state=LIFECYCLE.start,
        level=0,
        reason="",
        answered_by="",
        owed_messages=(),
    )
    step = step_note(made, "hear offer", term=made.term, by="", agency=made.to_agency)
    return Filing(documents=(made,), act="hear offer", agency=made.to_agency, notes=(step,))


def renew(made: HandOff, offer: HandOff, *, now: datetime) -> Filing:
    """Return the filing of an open offer with newer facts from its node; empty if there are
    none.
    """
    if made.fixes and (not offer.fixes or offer.fixes[-1].at <= made.fixes[-1].at):
        return NOTHING
    fields = {name: getattr(offer, name) for name in _TOLD}
    made = revise(made, at=now, by="", **fields)
    return Filing(documents=(made,), act="hear offer", agency=made.to_agency)


def end_remotely(made: HandOff, act: str, *, term: int, reason: str, now: datetime) -> Filing:
    """Return the filing that ends an offer of another node and removes its facts.

    Args:
        made: As it stands here.
        act: One of `ENDINGS`.
        term: Term that the offerer goes on with.
        reason: Why.
        now: Aware UTC.

    Raises:
        IllegalStep: If it is over or granted.
    """
    state = LIFECYCLE.next_state(made.state, act)
    made = revise(
        made, at=now, by="", state=state, reason=reason, owed_messages=(), **_NOTHING_TOLD
    )
    return _ended(made, act, term)


def end_unreceived(
    *, id: str, case: str, agency: str, to: str, node: str, to_node: str, act: str, term: int,
    reason: str, now: datetime,
) -> Filing:  # fmt: skip
    """Return the filing that remembers an offer whose end arrived before the offer itself.

    Args:
        id: The hand-off's id.
        case: The target's case.
        agency: Who offered it.
        to: To whom.
        node: The offerer's node.
        to_node: This node.
        act: One of `ENDINGS`.
        term: Term that the offerer goes on with.
        reason: Why.
        now: Aware UTC.
    """
    made = HandOff(
        id=id,
        agency=agency,
        origin=node,
        at=now,
        case=case,
        target="",
        to_agency=to,
        node=node,
        to_node=to_node,
        state=LIFECYCLE.next_state(LIFECYCLE.start, act),
        term=term,
        offered_at=now,
        lapses_at=now,
        reason=reason,
    )
    return _ended(made, act, term)


def _ended(made: HandOff, act: str, term: int) -> Filing:
    step = step_note(made, f"hear {act}", term=term, by="", agency=made.to_agency)
    return Filing(documents=(made,), act=f"hear {act}", agency=made.to_agency, notes=(step,))


def accept_remotely(made: HandOff, *, term: int, now: datetime, by: str) -> Filing:
    """Return the filing that accepts an offer of another node: custody waits for that node's grant.

    Raises:
        IllegalStep: If it is answered or over.
        Conflict: If another term is named, or it is too late.
    """
    state = LIFECYCLE.next_state(made.state, "accept")
    check_term(made, term)
    check_time(made, now)
    owed = (OwedMessage(what="accept", term=term),)
    made = revise(made, at=now, by=by, state=state, answered_by=by, owed_messages=owed)
    step = step_note(made, "accept hand-off", term=term, by=by, agency=made.to_agency)
    return Filing(
        documents=(made,), act="accept hand-off", actor=by, agency=made.to_agency, notes=(step,)
    )


def decline_remotely(made: HandOff, *, term: int, reason: str, now: datetime, by: str) -> Filing:
    """Return the filing that declines an offer of another node.

    Raises:
        IllegalStep: If it is answered or over.
        Conflict: If another term is named.
    """
    state = LIFECYCLE.next_state(made.state, "decline")
    check_term(made, term)
    owed = (OwedMessage(what="decline", term=term),)
    made = revise(
        made, at=now, by=by, state=state, reason=reason, answered_by=by, owed_messages=owed
    )
    step = step_note(made, "decline hand-off", term=term, by=by, agency=made.to_agency)
    return Filing(
        documents=(made,),
        act="decline hand-off",
        actor=by,
        agency=made.to_agency,
        notes=(step,),
        reason=reason,
    )


def grant(made: HandOff, target: Target, *, now: datetime) -> Filing:
    """Return the filing that grants a target to another node that accepted it: custody moves now.

    Raises:
        IllegalStep: If the offer is over.
    """
    state = LIFECYCLE.next_state(LIFECYCLE.next_state(made.state, "accept"), "grant")
    term = target.term + 1
    owed = (OwedMessage(what="grant", term=term),)
    made = revise(made, at=now, by="", state=state, term=term, owed_messages=owed)
    theirs = TARGET_LIFECYCLE.next_state(target.state, "grant")
    return Filing(
        documents=(
            made,
            revise(target, at=now, by="", state=theirs, term=term, custodian=made.to_agency),
        ),
        act="grant hand-off",
        agency=made.agency,
        notes=(custody_note(custody.GRANTED, made, by="", agency=made.agency),),
    )


def take_over(made: HandOff, own: Target | None, *, term: int, now: datetime) -> Filing:
    """Return the filing that takes custody of a target upon another node's grant.

    Args:
        made: The hand-off, as accepted here.
        own: The taker's open document about the same case; None if it has none.
        term: Term of the grant.
        now: Aware UTC.

    Raises:
        IllegalStep: If it was not accepted here.
    """
    state = LIFECYCLE.next_state(LIFECYCLE.next_state(made.state, "grant"), "take")
    made = revise(made, at=now, by="", state=state, term=term, owed_messages=())
    return Filing(
        documents=(made, receive(made, own, now=now, by=made.answered_by)),
        act="take hand-off",
        agency=made.to_agency,
        notes=(custody_note(custody.TAKEN, made, by="", agency=made.to_agency),),
    )


def receive_grant(made: HandOff, target: Target | None, *, now: datetime) -> Filing:
    """Return the filing that notes that the other node has the grant and alone has custody now.

    Args:
        made: The hand-off, as granted.
        target: The granter's document; None if it is closed.
        now: Aware UTC.
    """
    made = revise(
        made, at=now, by="", state=LIFECYCLE.next_state(made.state, "take"), owed_messages=()
    )
    documents: tuple[HandOff | Target, ...] = (made,)
    # A late receipt, of one that has come back since, leaves the target alone.
    if target is not None and target.hand_off == made.id and target.state == "granted":
        state = TARGET_LIFECYCLE.next_state(target.state, "hear")
        documents = (made, revise(target, at=now, by="", state=state))
    return Filing(
        documents=documents,
        act="hear hand-off",
        agency=made.agency,
        notes=(custody_note(custody.HEARD, made, by="", agency=made.agency),),
    )
