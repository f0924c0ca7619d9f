"""Targets: vessels, persons on foot and vehicles that are followed, and what is seen of them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.api.responses.times import Moment
from maps.forms.form import Form
from patrol.desks.liaison.targets import MOST_TARGETS
from patrol.targets.custody import BEGUN, GRANTED, CaseStep
from patrol.targets.prediction import Landing, PredictedPoint, Prediction
from patrol.targets.sightings import Sighting
from patrol.targets.target import MOST_PHOTOS, Outcome, Target, TargetKind
from radio_gateway.clock.clock import utc_now

router = APIRouter(prefix="/api/targets", tags=["targets"])

LINES: Final = r"^[^\x00-\x09\x0b-\x1f\x7f]*$"
"""Words of several lines, without other control characters."""

LINE: Final = r"^[^\x00-\x1f\x7f]*$"

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=LINE)]
Person = Annotated[str, Field(min_length=1, max_length=200, pattern=LINE)]
Words = Annotated[str, Field(max_length=2000, pattern=LINES)]
Id = Annotated[str, Field(min_length=1, max_length=100)]
Hash = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]

_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_UNIT = "9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071"
SIGHTING: Final = Sighting(
    at=_AT,
    lon=100.4141,
    lat=20.2705,
    agency="la-hx",
    accuracy_m=30.0,
    speed_mps=8.0,
    course_deg=215.0,
    unit=_UNIT,
    note="two men, no lights",
    place="km 2\u202f356, left bank, LA side, Houay Xai reach (68 km below the Golden Triangle)",
    river="Mekong",
    km=2356.013,
    bank="left",
    country="LA",
    neighbour="TH",
    side_sure=True,
    by="kham",
)
PREDICTION: Final = Prediction(
    since=_AT,
    river="Mekong",
    way="down",
    speed_mps=8.0,
    track=(
        PredictedPoint(
            at=_AT + timedelta(minutes=5),
            lon=100.4122,
            lat=20.2558,
            km=2354.3,
            error_km=0.48,
        ),
    ),
    landing=Landing(
        by="course",
        river="Mekong",
        km=2355.156,
        error_km=0.386,
        bank="right",
        lon=100.40786,
        lat=20.261736,
        eta=_AT + timedelta(seconds=151),
        earliest=_AT + timedelta(seconds=89),
        latest=_AT + timedelta(seconds=213),
    ),
)
TARGET = Target(
    id="0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a",
    case="5b0e8c4f6a1d4e7f9c2b3a4d5e6f7081",
    agency="la-hx",
    origin="hx",
    at=_AT,
    by="kham",
    what="vessel",
    name="grey long-tail boat",
    description="8 m, one engine, tarpaulin over the bow",
    custodian="la-hx",
    unit=_UNIT,
    sightings=(SIGHTING,),
    prediction=PREDICTION,
)


_STEPS = [
    CaseStep(seq=41, at=_AT, act=BEGUN, by="kham", term=1, holder="la-hx"),
    CaseStep(
        seq=44,
        at=_AT + timedelta(minutes=3),
        act=GRANTED,
        term=3,
        holder="th-ck",
        hand_off="7c2d9e1f0a3b4c5d8e6f7a8b9c0d1e2f",
    ),
]


class NewSighting(Form):
    """One look at a target."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "lon": 100.4141,
                    "lat": 20.2705,
                    "accuracy_m": 30,
                    "speed_mps": 8,
                    "course_deg": 215,
                    "note": "two men, no lights",
                }
            ]
        },
    )

    lon: float = Field(ge=-180, le=180, description="Degrees east")
    lat: float = Field(ge=-90, le=90, description="Degrees north")
    at: Moment | None = Field(default=None, description="When; absent: now")
    accuracy_m: float | None = Field(
        default=None,
        ge=0,
        le=100_000,
        description="How wrong the place may be, metres; absent: 50 is assumed",
    )
    speed_mps: float | None = Field(default=None, ge=0, le=100, description="Over ground")
    course_deg: float | None = Field(
        default=None, ge=0, lt=360, description="Over ground, degrees true"
    )
    unit: Id | None = Field(default=None, description="Unit of the own agency that saw it")
    note: Words = Field(default="", description="Crosses with the sighting")
    private_note: Words = Field(default="", description="Never crosses")

    def sighting(self, now: datetime) -> Sighting:
        """Return it as it is kept, without the private note; `now` where it says no time."""
        details = self.model_dump(exclude={"private_note"})
        return Sighting(**(details | {"at": details["at"] or now}))


class NewTarget(Form):
    """A target to be followed."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "what": "vessel",
                    "name": "grey long-tail boat",
                    "description": "8 m, one engine, tarpaulin over the bow",
                    "sighting": {
                        "lon": 100.4141,
                        "lat": 20.2705,
                        "speed_mps": 8,
                        "course_deg": 215,
                    },
                    "informants": ["fisherman at the pier"],
                }
            ]
        },
    )

    what: TargetKind
    name: Name = Field(description="What to call it")
    description: Words = ""
    sighting: NewSighting | None = Field(default=None, description="Where it was seen first")
    patrol: Id | None = Field(default=None, description="Patrol that found it")
    unit: Id | None = Field(default=None, description="Unit of the own agency that found it")
    photos: tuple[Hash, ...] = Field(
        default=(), max_length=MOST_PHOTOS, description="SHA-256 of photos that are kept"
    )
    informants: tuple[Person, ...] = Field(
        default=(), max_length=50, description="Who told of it. Never crosses"
    )
    witnesses: tuple[Person, ...] = Field(
        default=(), max_length=50, description="Who saw it. Never crosses"
    )
    private_note: Words = Field(default="", description="Never crosses")


class ChangedTarget(Form):
    """What is told of a target; what is absent stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"description": "the tarpaulin is gone"}]},
    )

    name: Name | None = None
    description: Words | None = None
    patrol: Id | None = None
    informants: tuple[Person, ...] | None = Field(default=None, max_length=50)
    witnesses: tuple[Person, ...] | None = Field(default=None, max_length=50)
    private_note: Words | None = None

    def as_changes(self) -> dict[str, Any]:
        """Return what is to be changed, by name."""
        return self.model_dump(exclude_none=True)


class TargetPhoto(Form):
    """A photo that is kept."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"sha256": "ab" * 32}]}
    )

    sha256: Hash = Field(description="Its hash, as it was answered when it was sent")


class ClosedTarget(Form):
    """How it ended."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"outcome": "arrested", "note": "two men, at the ferry landing"}]
        },
    )

    outcome: Outcome
    note: Words = ""


@router.get("", responses=answers(list[Target], [TARGET], 403, 422))
async def list_targets(
    desk: DeskHere,
    closed_since: Annotated[
        Moment | None,
        Query(description="Return those closed from this time on, in place of the open ones."),
    ] = None,
    closed_until: Annotated[
        Moment | None, Query(description="With `closed_since`: closed before this time.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_TARGETS)] = 100,
) -> Response:
    """Return the open targets that the caller may see, oldest first; or closed ones, newest first.

    Own ones whole; of another agency's what an agreement lets cross. Documents of several agencies
    about one target share their `case`; `custodian` says who has it.
    """
    if closed_since is None:
        return answer(desk.targets.all()[:limit])
    until = closed_until or utc_now() + timedelta(minutes=1)
    return answer(await desk.targets.past(since=closed_since, until=until, limit=limit))


@router.post(
    "",
    status_code=201,
    responses=answers(Target, TARGET, 400, 403, 404, 409, 422, status=201),
)
async def open_target(new: NewTarget, desk: DeskHere) -> Response:
    """Open a target. The caller's agency has it from now on, by term 1 of its custody."""
    details = new.model_dump(exclude={"what", "name", "sighting"})
    sighting = None if new.sighting is None else new.sighting.sighting(utc_now())
    note = "" if new.sighting is None else new.sighting.private_note
    made = await desk.targets.open(
        what=new.what, name=new.name, sighting=sighting, sighting_note=note, **details
    )
    return answer(made, status=201)


@router.get("/{target}", responses=answers(Target, TARGET, 403, 404))
async def read_target(target: str, desk: DeskHere) -> Response:
    """Return one target, open or closed."""
    return answer(await desk.targets.one(target))


@router.patch("/{target}", responses=answers(Target, TARGET, 403, 404, 409, 422))
async def change_target(target: str, changes: ChangedTarget, desk: DeskHere) -> Response:
    """Change what is told of a target of the caller's agency; 409 once it is closed."""
    return answer(await desk.targets.change(target, changes.as_changes()))


@router.get("/{target}/versions", responses=answers(list[Target], [TARGET], 403, 404))
async def list_target_versions(target: str, desk: DeskHere) -> Response:
    """Return every version of a target of the caller's agency, oldest first.

    Of another agency's target only what may be seen of the newest.
    """
    return answer(await desk.targets.versions(target))


@router.get("/{target}/custody", responses=answers(list[CaseStep], _STEPS, 403, 404))
async def list_custody(target: str, desk: DeskHere) -> Response:
    """Return what the journal says of who has a target, oldest first: the own agency's lines.

    `term` only grows; the line of the highest term with a `holder` says who has it.
    """
    return answer(await desk.targets.custody(target))


@router.post(
    "/{target}/sightings",
    status_code=201,
    responses=answers(Target, TARGET, 400, 403, 404, 409, 422, status=201),
)
async def add_sighting(target: str, form: NewSighting, desk: DeskHere) -> Response:
    """Note that a target was seen; a vessel's way along the river is predicted anew.

    A sighting that brings it *surely* (beyond the errors of fix, river line and border) across the
    border or the middle of a border river offers it to the counterpart at once. Where no agreement
    lets that happen, no offer goes, and `remarks` of the target say why.
    """
    sighting = form.sighting(utc_now())
    made = await desk.targets.add_sighting(target, sighting, private_note=form.private_note)
    return answer(made, status=201)


@router.post(
    "/{target}/photos",
    status_code=201,
    responses=answers(Target, TARGET, 403, 404, 409, 422, status=201),
)
async def add_target_photo(target: str, photo: TargetPhoto, desk: DeskHere) -> Response:
    """Add a photo that the caller's agency keeps; the same one again has no effect."""
    return answer(await desk.targets.add_photo(target, photo.sha256), status=201)


@router.post("/{target}/close", responses=answers(Target, TARGET, 403, 404, 409, 422))
async def close_target(target: str, closed: ClosedTarget, desk: DeskHere) -> Response:
    """Close a target of the caller's agency, with its outcome.

    That ends its custody if the agency has it; of a target that was handed over it only puts the
    own document away. 409 while it is on offer or its grant is on the way.
    """
    return answer(await desk.targets.close(target, outcome=closed.outcome, note=closed.note))
