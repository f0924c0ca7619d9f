"""What is done to a patrol: each act returns its next version, or raises; pure.

Every step of its life goes through `patrol.patrols.patrol.LIFECYCLE`. While a patrol is suspended
nothing joint is done: no proposal, change, signature or start; each party may still check in, end,
withdraw and write its annex.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final, cast

import msgspec

from patrol.documents.document import revise
from patrol.errors.errors import Conflict
from patrol.patrols.patrol import (
    CONTENT,
    LIFECYCLE,
    Annex,
    CheckIn,
    How,
    Patrol,
    PatrolState,
    Signature,
    content_of,
    sha256_of,
)

LONGEST: Final = timedelta(days=31)
"""Of a patrol's window."""

LONGEST_ANNEX: Final = 4000
"""Characters of an annex."""


class PatrolActor(msgspec.Struct, frozen=True, kw_only=True):
    """Who does it.

    Attributes:
        name: A user's name; empty for the watch itself.
        agency: On whose behalf.
    """

    name: str
    agency: str


def change(patrol: Patrol, changes: Mapping[str, Any], *, at: datetime, who: PatrolActor) -> Patrol:
    """Change the content; signatures become void. The same patrol if nothing is different.

    Raises:
        IllegalStep: If it is under way or over.
        Conflict: If it is suspended, its parties would change after it was proposed, or the new
            content is none (`check_content`).
    """
    assert changes.keys() <= set(CONTENT)
    state = _after(patrol, "change")
    if patrol.state != "draft":
        _check_in_force(patrol)
        if set(changes.get("agencies", patrol.agencies)) != set(patrol.agencies):
            raise Conflict(
                "the agencies of a patrol that was proposed stay: cancel it and draft another"
            )
    values = msgspec.structs.replace(patrol, **changes)
    check_content(values)
    if content_of(values) == content_of(patrol):
        return patrol
    return _next(
        patrol,
        at=at,
        who=who,
        **changes,
        state=state,
        revision=patrol.revision + 1,
        signatures=(),
        ready_at=None,
        start_overdue=False,
    )


def check_content(patrol: Patrol) -> None:
    """Raise for a content that no plan can have.

    Raises:
        Conflict: If its window is none or longer than 31 days, something stands in it twice, or
            its owner is no party.
    """
    if patrol.agency not in patrol.agencies:
        raise Conflict(f"{patrol.agency}, whose patrol it is, must be one of its agencies")
    if not timedelta() < patrol.ends_at - patrol.starts_at <= LONGEST:
        raise Conflict(f"a patrol ends after it begins, by {LONGEST.days} days at most")
    for what, names in (
        ("agency", patrol.agencies),
        ("unit", patrol.units),
        ("sector", patrol.sectors),
    ):
        twice = next((each for each in names if names.count(each) > 1), None)
        if twice is not None:
            raise Conflict(f"{what} {twice} stands there twice")


def propose(patrol: Patrol, *, at: datetime, who: PatrolActor) -> Patrol:
    """Show a draft to all its agencies, for their signatures.

    Raises:
        IllegalStep: If it is no draft.
    """
    return _next(patrol, at=at, who=who, state=_after(patrol, "propose"))


def sign(patrol: Patrol, *, revision: int, at: datetime, who: PatrolActor) -> Patrol:
    """Put an agency's signature under the present content; the last one makes it signed.

    Args:
        patrol: The patrol.
        revision: Of the content that the signer has read.
        at: When, aware UTC.
        who: Who signs.

    Raises:
        IllegalStep: If it is not proposed.
        Conflict: If another content was read, the agency has signed, its signature is not asked
            for, or the patrol is suspended.
    """
    missing = patrol.unsigned
    act = "sign last" if missing == (who.agency,) else "sign"
    state = _after(patrol, act)
    _check_in_force(patrol)
    if who.agency not in patrol.agencies:
        raise Conflict(f"the signature of {who.agency} is not asked for")
    if revision != patrol.revision:
        raise Conflict(
            f"its content was changed: read revision {patrol.revision}, not {revision}, and sign it"
        )
    if who.agency not in missing:
        raise Conflict(f"{who.agency} has signed revision {revision} already")
    signature = Signature(
        agency=who.agency, at=at, revision=revision, sha256=sha256_of(patrol), by=who.name
    )
    valid = tuple(each for each in patrol.signatures if each.agency not in missing)
    return _next(patrol, at=at, who=who, state=state, signatures=(*valid, signature))


def withdrawn(patrol: Patrol, *, at: datetime, who: PatrolActor) -> Patrol:
    """Take an agency's signature back; the patrol waits for it again.

    Raises:
        IllegalStep: If it is a draft, under way or over.
        Conflict: If the agency has not signed.
    """
    state = _after(patrol, "withdraw signature")
    left = tuple(each for each in patrol.signatures if each.agency != who.agency)
    if len(left) == len(patrol.signatures):
        raise Conflict(f"{who.agency} has not signed it")
    return _next(
        patrol,
        at=at,
        who=who,
        state=state,
        signatures=left,
        ready_at=None,
        start_overdue=False,
    )


def make_ready(patrol: Patrol, *, at: datetime, who: PatrolActor) -> Patrol:
    """Say that crews are briefed and boats are fit.

    Raises:
        IllegalStep: If it is not signed.
        Conflict: If it is suspended.
    """
    state = _after(patrol, "ready")
    _check_in_force(patrol)
    return _next(patrol, at=at, who=who, state=state, ready_at=at)


def start(patrol: Patrol, *, how: How = "order", at: datetime, who: PatrolActor) -> Patrol:
    """Begin.

    Raises:
        IllegalStep: If it is not ready.
        Conflict: If it is suspended.
    """
    state = _after(patrol, "start")
    _check_in_force(patrol)
    return _next(
        patrol, at=at, who=who, state=state, started_at=at, started_by=how, start_overdue=False
    )


def check_in(
    patrol: Patrol, *, unit: str, note: str = "", told_at: datetime, at: datetime, who: PatrolActor
) -> Patrol:
    """Return the version with the check-in of a unit of the user's agency.

    Args:
        patrol: The patrol.
        unit: The unit's id.
        note: Words that came with it.
        told_at: When it said so, aware UTC; a later one that is known stays.
        at: When it is noted, aware UTC.
        who: Who notes it.

    Raises:
        IllegalStep: If the patrol is not under way.
        Conflict: If the unit is no member of that agency, or `told_at` is still to come.
    """
    state = _after(patrol, "check in")
    if not any(each.unit == unit and each.agency == who.agency for each in patrol.members):
        raise Conflict(f"no unit {unit} of {who.agency} is in this patrol")
    if told_at > at:
        raise Conflict("nobody checks in ahead of time")
    known = next((each for each in patrol.check_ins if each.unit == unit), None)
    if known is not None and known.at >= told_at:
        return patrol
    check_in = CheckIn(
        unit=unit, agency=who.agency, at=told_at, note=note, during_suspension=patrol.suspended
    )
    others = tuple(each for each in patrol.check_ins if each.unit != unit)
    return _next(patrol, at=at, who=who, state=state, check_ins=(*others, check_in))


def end(patrol: Patrol, *, how: How = "order", at: datetime, who: PatrolActor) -> Patrol:
    """Return the ended version of a patrol under way.

    Raises:
        IllegalStep: If it is not under way.
    """
    state = _after(patrol, "end")
    return _end(patrol, state, how, at=at, who=who)


def cancel(patrol: Patrol, *, at: datetime, who: PatrolActor) -> Patrol:
    """Call it off before it began.

    Raises:
        IllegalStep: If it is under way or over.
        Conflict: If it is another agency's; that one withdraws its signature.
    """
    state = _after(patrol, "cancel")
    if who.agency != patrol.agency:
        raise Conflict(f"only {patrol.agency} can cancel its patrol: withdraw your signature")
    return _end(patrol, state, "order", at=at, who=who)


def annex(patrol: Patrol, text: str, *, at: datetime, who: PatrolActor) -> Patrol:
    """Write one's own annex; empty takes it out. Signatures stay: it is no content.

    Raises:
        Conflict: If it is too long, or the patrol is over.
    """
    if patrol.is_closed:
        raise Conflict(f"a patrol that is {patrol.state} cannot be changed")
    if len(text) > LONGEST_ANNEX:
        raise Conflict(f"an annex has at most {LONGEST_ANNEX} characters")
    others = tuple(each for each in patrol.annexes if each.agency != who.agency)
    mine = (Annex(agency=who.agency, text=text, at=at, by=who.name),) if text else ()
    return _next(patrol, at=at, who=who, annexes=(*others, *mine))


def suspend(patrol: Patrol, why: str | None, *, at: datetime, who: PatrolActor) -> Patrol:
    """Flag it suspended for `why`, or no longer for None; the same if it is so already."""
    if patrol.suspended == (why is not None) and patrol.suspension_reason == (why or ""):
        return patrol
    return _next(patrol, at=at, who=who, suspended=why is not None, suspension_reason=why or "")


def flag(
    patrol: Patrol,
    *,
    start_overdue: bool,
    check_in_overdue: tuple[str, ...],
    at: datetime,
    who: PatrolActor,
) -> Patrol:
    """Return the version with overdue flags set; the same version if they are set already."""
    if (start_overdue, check_in_overdue) == (patrol.start_overdue, patrol.check_in_overdue):
        return patrol
    return _next(
        patrol, at=at, who=who, start_overdue=start_overdue, check_in_overdue=check_in_overdue
    )


# -- inside


def _after(patrol: Patrol, act: str) -> PatrolState:
    return cast(PatrolState, LIFECYCLE.next_state(patrol.state, act))


def _check_in_force(patrol: Patrol) -> None:
    if patrol.suspended:
        raise Conflict(f"it is suspended: {patrol.suspension_reason}")


def _end(patrol: Patrol, state: PatrolState, how: How, *, at: datetime, who: PatrolActor) -> Patrol:
    return _next(
        patrol,
        at=at,
        who=who,
        state=state,
        ended_at=at,
        ended_by=how,
        start_overdue=False,
        check_in_overdue=(),
    )


def _next(patrol: Patrol, *, at: datetime, who: PatrolActor, **changes: Any) -> Patrol:
    return revise(patrol, at=at, by=who.name, by_agency=who.agency, **changes)
