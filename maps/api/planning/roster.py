"""Roster: who is on watch in each office, hand-over of the watch, and contacts on duty."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.api.responses.times import EARLIEST, LATEST, Moment
from maps.errors.errors import BadRequest
from maps.forms.form import Form
from patrol.desks.visibility.document_access import MOST_CHANGED
from patrol.duty.handover import HandOver, OpenItem
from patrol.duty.roster import DutyContact, Shift

router = APIRouter(prefix="/api/roster", tags=["roster"])

_AT: Final = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
_SHIFT = Shift(
    id="1c0d9b7e5f3a4d2c8b6a7e9f1c2d3b4a",
    agency="la-hx",
    at=_AT,
    by="somchai",
    origin="hx",
    office="Houay Xai",
    officer="Lt. Somchai",
    user="somchai",
    phone="+856 20 5555 0101",
    radio="Base 1",
    starts_at=_AT,
    ends_at=_AT + timedelta(hours=8),
    state="on duty",
    taken_at=_AT,
    version=2,
)
_ITEM = OpenItem(
    kind="alert",
    id="0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a",
    state="acknowledged",
    title="silent_unit · Naga 2",
    since=_AT + timedelta(hours=6),
    version=2,
)
_HAND_OVER = HandOver(
    id="7f3a0d9b1c5e4d2c8b6a7e9f1c2d3b4a",
    agency="la-hx",
    at=_AT + timedelta(hours=8),
    by="somchai",
    origin="hx",
    office="Houay Xai",
    outgoing_shift=_SHIFT.id,
    incoming_shift="2d1e9b7c5f3a4d2c8b6a7e9f1c2d3b4a",
    state="offered",
    items=(_ITEM,),
    note="Naga 2 has a weak battery",
)
_CONTACT = DutyContact(
    id="3e2f9b7c5f3a4d2c8b6a7e9f1c2d3b4a",
    agency="th-ck",
    at=_AT,
    office="Chiang Khong",
    phone="+66 53 555 0101",
    radio="VHF 12",
    languages=("th", "en"),
)

Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Named = Annotated[
    str,
    Field(
        min_length=1,
        max_length=100,
        pattern=r"^[^\x00-\x1f\x7f]*[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$",
    ),
]
Words = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$")]
Language = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]
Version = Annotated[int, Field(ge=1, le=10**9, description="The version that the caller saw")]


class NewShift(Form):
    """A shift to put into the roster."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "office": "Houay Xai",
                    "officer": "Lt. Somchai",
                    "user": "somchai",
                    "phone": "+856 20 5555 0101",
                    "radio": "Base 1",
                    "starts_at": "2026-11-24T12:00:00Z",
                    "ends_at": "2026-11-24T20:00:00Z",
                }
            ]
        },
    )

    office: Named = Field(description="The border liaison office")
    officer: Named = Field(description="Who keeps the watch, for people")
    starts_at: Moment
    ends_at: Moment = Field(description="36 hours after the start at most")
    user: Line = Field(default="", description="Name with which the officer signs in")
    phone: Line = ""
    radio: Line = Field(default="", description="Call sign or channel")
    note: Words = ""


class ShiftChange(Form):
    """What changes of a shift; what is absent stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"version": 1, "officer": "Lt. Malee", "user": "malee"}]},
    )

    version: Version
    office: Named | None = None
    officer: Named | None = None
    starts_at: Moment | None = None
    ends_at: Moment | None = None
    user: Line | None = None
    phone: Line | None = None
    radio: Line | None = None
    note: Words | None = None


class CancelledShift(Form):
    """Why a shift is taken out of the roster."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": 1, "reason": "ill"}]}
    )

    version: Version
    reason: Line = ""


class SharedContact(Form):
    """What counterparts may know of whoever is on duty: this, and nothing else of the shift."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"phone": "+66 53 555 0101", "radio": "VHF 12", "languages": ["th", "en"]}]
        },
    )

    name: Line = Field(default="", description="How the officer wants to be called; may be empty")
    phone: Line = ""
    radio: Line = ""
    languages: list[Language] = Field(default=[], max_length=10, description="BCP 47")


class WatchOffer(Form):
    """The watch, offered to the relief."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "shift": _HAND_OVER.outgoing_shift,
                    "relief": _HAND_OVER.incoming_shift,
                    "note": "Naga 2 has a weak battery",
                }
            ]
        },
    )

    shift: str = Field(min_length=1, max_length=64, description="The shift on duty")
    relief: str = Field(min_length=1, max_length=64, description="The planned shift that relieves")
    note: Words = ""


class WatchTaken(Form):
    """The relief's word that what is open is known."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": 1, "remark": "all clear"}]}
    )

    version: Version
    remark: Words = ""


Since = Annotated[Moment | None, Query(description="Last changed then or later.")]
Until = Annotated[Moment | None, Query(description="Last changed before then.")]
Limit = Annotated[int, Query(ge=1, le=MOST_CHANGED)]


# -- shifts


@router.get("/shifts", responses=answers(list[Shift], [_SHIFT], 403, 422))
async def list_shifts(
    desk: DeskHere,
    office: Annotated[str | None, Query(max_length=100, description="Only of this one.")] = None,
) -> Response:
    """Return the shifts of the caller's agency that are planned or on duty, by their beginning."""
    return answer(desk.shifts.open(office=office))


@router.get("/shifts/past", responses=answers(list[Shift], [_SHIFT], 403, 422))
async def list_past_shifts(
    desk: DeskHere, since: Since = None, until: Until = None, limit: Limit = 100
) -> Response:
    """Return shifts by their last change, newest first, whether they are over or not."""
    found = await desk.shifts.past(since=since or EARLIEST, until=until or LATEST, limit=limit)
    return answer(found)


@router.post(
    "/shifts", status_code=201, responses=answers(Shift, _SHIFT, 403, 409, 422, status=201)
)
async def plan_shift(new: NewShift, desk: DeskHere) -> Response:
    """Put a shift into the roster; 409 where it overlaps another one of the office."""
    return answer(await desk.shifts.plan(**new.model_dump()), status=201)


@router.get("/shifts/{shift}", responses=answers(Shift, _SHIFT, 403, 404))
async def read_shift(shift: str, desk: DeskHere) -> Response:
    """Return one shift, over or not."""
    return answer(await desk.shifts.one(shift))


@router.patch("/shifts/{shift}", responses=answers(Shift, _SHIFT, 400, 403, 404, 409, 422))
async def change_shift(shift: str, change: ShiftChange, desk: DeskHere) -> Response:
    """Change a planned shift; of one on duty all but where it is and from when.

    409 when somebody else has changed it meanwhile.
    """
    changes = change.model_dump(exclude_unset=True, exclude={"version"})
    for name, value in changes.items():
        if value is None:
            raise BadRequest(f"{name} cannot be nothing", field=name)
    if not changes:
        raise BadRequest("nothing is to be changed")
    return answer(await desk.shifts.change(shift, change.version, changes))


@router.post("/shifts/{shift}/cancel", responses=answers(Shift, _SHIFT, 403, 404, 409, 422))
async def cancel_shift(shift: str, why: CancelledShift, desk: DeskHere) -> Response:
    """Take a planned shift out of the roster; 409 for one on duty, which is handed over."""
    return answer(await desk.shifts.cancel(shift, why.version, reason=why.reason))


@router.post("/shifts/{shift}/begin", responses=answers(Shift, _SHIFT, 403, 404, 409))
async def begin_shift(shift: str, desk: DeskHere) -> Response:
    """Begin the first shift of an office; 409 while somebody is on duty, who hands over."""
    return answer(await desk.shifts.begin(shift))


@router.put("/shifts/{shift}/contact", responses=answers(DutyContact, _CONTACT, 403, 404, 409, 422))
async def share_contact(shift: str, shared: SharedContact, desk: DeskHere) -> Response:
    """Let counterparts know how to reach the officer on duty, until the shift is over.

    Only what is given here crosses, and only under an agreement that names texts. A name is not
    needed.
    """
    details = shared.model_dump()
    languages = tuple(details.pop("languages"))
    return answer(await desk.roster.share_contact(shift, languages=languages, **details))


@router.delete("/shifts/{shift}/contact", responses=answers(DutyContact, _CONTACT, 403, 404))
async def withdraw_contact(shift: str, desk: DeskHere) -> Response:
    """Share the contact of a shift no longer."""
    return answer(await desk.roster.take_contact_back(shift))


@router.get("/contacts", responses=answers(list[DutyContact], [_CONTACT], 403))
async def list_contacts(desk: DeskHere) -> Response:
    """Return the contacts on duty: the agency's own, and those that counterparts share."""
    return answer(desk.roster.contacts())


# -- hand-over


@router.get("/open-items", responses=answers(list[OpenItem], [_ITEM], 403))
async def list_open_items(desk: DeskHere) -> Response:
    """Return what is open now: alerts, targets, hand-offs, patrols under way, silent channels."""
    return answer(desk.roster.open_items())


@router.get("/hand-overs", responses=answers(list[HandOver], [_HAND_OVER], 403))
async def list_hand_overs(desk: DeskHere) -> Response:
    """Return the hand-overs that wait for the relief, oldest first."""
    return answer(desk.roster.hand_overs())


@router.get("/hand-overs/past", responses=answers(list[HandOver], [_HAND_OVER], 403, 422))
async def list_past_hand_overs(
    desk: DeskHere, since: Since = None, until: Until = None, limit: Limit = 100
) -> Response:
    """Return hand-overs by their last change, newest first, those that wait too."""
    found = await desk.roster.past_hand_overs(
        since=since or EARLIEST, until=until or LATEST, limit=limit
    )
    return answer(found)


@router.post(
    "/hand-overs",
    status_code=201,
    responses=answers(HandOver, _HAND_OVER, 403, 404, 409, 422, status=201),
)
async def offer_hand_over(offer: WatchOffer, desk: DeskHere) -> Response:
    """Offer the watch to the relief, with what is open in this moment.

    Whoever is on duty stays so until the relief acknowledges.
    """
    return answer(await desk.roster.offer_hand_over(**offer.model_dump()), status=201)


@router.get("/hand-overs/{hand_over}", responses=answers(HandOver, _HAND_OVER, 403, 404))
async def read_hand_over(hand_over: str, desk: DeskHere) -> Response:
    """Return one hand-over, over or not."""
    return answer(await desk.roster.hand_over(hand_over))


@router.post(
    "/hand-overs/{hand_over}/withdraw", responses=answers(HandOver, _HAND_OVER, 403, 404, 409)
)
async def withdraw_hand_over(hand_over: str, desk: DeskHere) -> Response:
    """Take an offer back; the old shift goes on."""
    return answer(await desk.roster.withdraw_hand_over(hand_over))


@router.post(
    "/hand-overs/{hand_over}/acknowledge",
    responses=answers(HandOver, _HAND_OVER, 403, 404, 409, 422),
)
async def acknowledge_hand_over(hand_over: str, form: WatchTaken, desk: DeskHere) -> Response:
    """Take the watch, as the officer of the relief: the old shift ends in the moment this begins.

    What came up since the offer is in `later` of the answer.
    """
    return answer(await desk.roster.acknowledge(hand_over, form.version, remark=form.remark))
