"""Hand-offs: targets offered to the other bank, and the answers."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere
from maps.api.operations.targets import LINES, PREDICTION, SIGHTING
from maps.api.responses.responses import answer, answers
from maps.api.responses.times import Moment
from maps.forms.form import Form
from patrol.desks.liaison.hand_offs import MOST_HAND_OFFS
from patrol.targets.hand_off import HandOff
from radio_gateway.clock.clock import utc_now

router = APIRouter(prefix="/api/hand-offs", tags=["hand-offs"])

Words = Annotated[str, Field(max_length=1000, pattern=LINES)]

_AT: Final = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_TARGET: Final = "0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a"
_HAND_OFF: Final = HandOff(
    id="7c2d9e1f0a3b4c5d8e6f7a8b9c0d1e2f",
    agency="la-hx",
    origin="hx",
    at=_AT,
    by="kham",
    case="5b0e8c4f6a1d4e7f9c2b3a4d5e6f7081",
    target=_TARGET,
    to_agency="th-ck",
    node="hx",
    to_node="hx",
    office="TH-CKG",
    term=2,
    offered_at=_AT,
    escalates_at=(_AT + timedelta(seconds=120), _AT + timedelta(seconds=300)),
    lapses_at=_AT + timedelta(seconds=900),
    what="vessel",
    name="grey long-tail boat",
    description="8 m, one engine, tarpaulin over the bow",
    fixes=(SIGHTING,),
    prediction=PREDICTION,
    note="heads for the ferry landing",
)


class NewOffer(Form):
    """A target to be offered."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"target": _TARGET, "note": "heads for the ferry landing"}]
        },
    )

    target: str = Field(min_length=1, max_length=100, description="The target's id")
    to: str | None = Field(
        default=None,
        min_length=1,
        max_length=32,
        description="Agency; absent: the one of the counterpart office nearest along the river",
    )
    note: Words = Field(default="", description="Words to go with it")


class AcceptedOffer(Form):
    """That the caller's agency takes the target."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"term": 2}]})

    term: int = Field(
        ge=1, le=10**9, description="Term of the offer as the user saw it; an older one is refused"
    )


class DeclinedOffer(Form):
    """That the caller's agency does not take the target."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"term": 2, "reason": "no boat free before dawn"}]},
    )

    term: int = Field(ge=1, le=10**9, description="Term of the offer as the user saw it")
    reason: Words = Field(default="", description="Why; the offerer reads it")


class TakenBackOffer(Form):
    """That an offer is taken back."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"reason": "it turned back"}]}
    )

    reason: Words = Field(default="", description="Why; the counterpart reads it")


@router.get("", responses=answers(list[HandOff], [_HAND_OFF], 403, 422))
async def list_hand_offs(
    desk: DeskHere,
    ended_since: Annotated[
        Moment | None,
        Query(description="Return those that ended from this time on, in place of the open ones."),
    ] = None,
    ended_until: Annotated[
        Moment | None, Query(description="With `ended_since`: ended before this time.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_HAND_OFFS)] = 100,
) -> Response:
    """Return the hand-offs under way that the caller may see, oldest first; or ended ones, newest
    first.

    Those that the caller's agency made, and those made to it for as long as an agreement lets
    targets cross. What it accepted it has among its targets, whatever becomes of the agreement.
    """
    if ended_since is None:
        return answer(desk.hand_offs.all()[:limit])
    until = ended_until or utc_now() + timedelta(minutes=1)
    return answer(await desk.hand_offs.past(since=ended_since, until=until, limit=limit))


@router.post(
    "",
    status_code=201,
    responses=answers(HandOff, _HAND_OFF, 403, 404, 409, 422, status=201),
)
async def offer_target(new: NewOffer, desk: DeskHere) -> Response:
    """Offer a target to the counterpart, with its last fixes, speed and predicted landing.

    Custody stays with the caller's agency until the other one accepts. Silence escalates the offer
    at two fifths of the time the agreement gives for an answer (120 s of 300 s) and again at its
    end; at three times that it lapses. 409 with the reason when no agreement lets targets cross
    now: who suspended it, when and why; the target's `remarks` keep it.
    """
    return answer(await desk.hand_offs.offer(new.target, to=new.to, note=new.note), status=201)


@router.get("/{hand_off}", responses=answers(HandOff, _HAND_OFF, 403, 404))
async def read_hand_off(hand_off: str, desk: DeskHere) -> Response:
    """Return one hand-off, under way or over."""
    return answer(await desk.hand_offs.one(hand_off))


@router.get("/{hand_off}/versions", responses=answers(list[HandOff], [_HAND_OFF], 403, 404))
async def list_hand_off_versions(hand_off: str, desk: DeskHere) -> Response:
    """Return every version of a hand-off that the caller may see, oldest first."""
    return answer(await desk.hand_offs.versions(hand_off))


@router.post("/{hand_off}/accept", responses=answers(HandOff, _HAND_OFF, 403, 404, 409, 422))
async def accept_hand_off(hand_off: str, accepted: AcceptedOffer, desk: DeskHere) -> Response:
    """Accept an offer made to the caller's agency.

    Of an agency in this node the caller's has the target when this is answered (`taken`), as a
    target of its own; of one in another node once that node's grant is here (`accepted` until
    then). 409 for an older term, when it lapsed or is over, or when the agreement was suspended.
    """
    return answer(await desk.hand_offs.accept(hand_off, term=accepted.term))


@router.post("/{hand_off}/decline", responses=answers(HandOff, _HAND_OFF, 403, 404, 409, 422))
async def decline_hand_off(hand_off: str, refusal: DeclinedOffer, desk: DeskHere) -> Response:
    """Decline an offer made to the caller's agency; who offered keeps the target."""
    return answer(await desk.hand_offs.decline(hand_off, term=refusal.term, reason=refusal.reason))


@router.post("/{hand_off}/withdraw", responses=answers(HandOff, _HAND_OFF, 403, 404, 409, 422))
async def withdraw_hand_off(hand_off: str, withdrawal: TakenBackOffer, desk: DeskHere) -> Response:
    """Take back an offer of the caller's agency; 409 once it is answered or over."""
    return answer(await desk.hand_offs.withdraw(hand_off, reason=withdrawal.reason))
