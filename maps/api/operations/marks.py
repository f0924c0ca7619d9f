"""Marks: places that somebody marked, by a radio or at the office."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere
from maps.api.operations.incidents import INCIDENT
from maps.api.operations.targets import LINES, TARGET, Name, Words
from maps.api.responses.responses import answer, answers
from maps.api.responses.times import Moment
from maps.forms.form import Form
from patrol.desks.marks import MOST_MARKS
from patrol.incidents.incident import Category, Incident
from patrol.marks.mark import Mark
from patrol.targets.target import Target, TargetKind
from radio_gateway.clock.clock import utc_now
from radio_gateway.messages.marked_place import MAX_REMARKS, MOST_POINTS, MarkUse

router = APIRouter(prefix="/api/marks", tags=["marks"])

_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
MARK: Final = Mark(
    id="4c1f0e7a9b2d4e6f8a0c1d2e3f405162",
    agency="la-hx",
    origin="hx",
    at=_AT,
    name="sunken barge",
    use="hazard",
    lon=100.4141,
    lat=20.2705,
    remarks="2 m under water, mid-river",
    place="km 2\u202f356, left bank, LA side, Houay Xai reach (68 km below the Golden Triangle)",
    marked_at=_AT,
    ends_at=_AT + timedelta(days=1),
    unit="9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071",
    sender="LA-P3",
    address="cot:ANDROID-1",
    key="0b7d4f0e-8a1b",
    channel="tak",
)

Place = Annotated[float, Field(allow_inf_nan=False)]


class NewMark(Form):
    """A place to be marked."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "name": "sunken barge",
                    "use": "hazard",
                    "lon": 100.4141,
                    "lat": 20.2705,
                    "remarks": "2 m under water, mid-river",
                }
            ]
        },
    )

    name: Name = Field(description="What to call it")
    use: MarkUse = "place"
    lon: float = Field(ge=-180, le=180, description="Degrees east")
    lat: float = Field(ge=-90, le=90, description="Degrees north")
    path: list[Annotated[list[Place], Field(min_length=2, max_length=2)]] = Field(
        default=[],
        max_length=MOST_POINTS,
        description="A line, or the edge of an area: [lon, lat], degrees",
    )
    closed: bool = Field(default=False, description="The path is the edge of an area")
    radius_m: float | None = Field(
        default=None, gt=0, le=1_000_000, description="It is all that lies so near, metres"
    )
    remarks: str = Field(default="", max_length=MAX_REMARKS, pattern=LINES)
    ends_at: Moment | None = Field(default=None, description="When it ends; absent: in a day")


class ChangedMark(Form):
    """What is told of a mark; what is absent stays."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"use": "hazard"}]})

    name: Name | None = None
    use: MarkUse | None = None
    remarks: str | None = Field(default=None, max_length=MAX_REMARKS, pattern=LINES)
    ends_at: Moment | None = None

    def as_changes(self) -> dict[str, Any]:
        """Return what is to be changed, by name."""
        return self.model_dump(exclude_none=True)


class TargetOfMark(Form):
    """What the target at a mark is."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"what": "vessel"}]})

    what: TargetKind
    name: Name | None = Field(default=None, description="What to call it; absent: as the mark")


class IncidentOfMark(Form):
    """What happened at a mark."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"category": "migrant_smuggling"}]}
    )

    category: Category
    narrative: Words = Field(default="", description="Empty: the mark's name and remarks")


Q = Annotated[
    str,
    Query(
        max_length=100, description="Only those with these words in name, remarks, sender, place"
    ),
]


@router.get("", responses=answers(list[Mark], [MARK], 403, 422))
async def list_marks(
    desk: DeskHere,
    q: Q = "",
    ended_since: Annotated[
        Moment | None,
        Query(description="Return those that ended from this time on, not the standing ones."),
    ] = None,
    ended_until: Annotated[
        Moment | None, Query(description="With `ended_since`: ended before this time.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=MOST_MARKS)] = 100,
) -> Response:
    """Return the standing marks that the caller may see, by name; or ended ones, newest first.

    Own ones whole; of another agency's what an agreement lets cross.
    """
    if ended_since is None:
        return answer(desk.marks.all(words=q)[:limit])
    until = ended_until or utc_now() + timedelta(minutes=1)
    found = await desk.marks.past(since=ended_since, until=until, words=q, limit=limit)
    return answer(found)


@router.post("", status_code=201, responses=answers(Mark, MARK, 400, 403, 409, 422, status=201))
async def mark_place(new: NewMark, desk: DeskHere) -> Response:
    """Mark a place for the caller's agency. It is no unit, and ends by itself."""
    details = new.model_dump() | {"path": tuple((lon, lat) for lon, lat in new.path)}
    return answer(await desk.marks.make(**details), status=201)


@router.get("/{mark}", responses=answers(Mark, MARK, 403, 404))
async def read_mark(mark: str, desk: DeskHere) -> Response:
    """Return one mark, standing or ended."""
    return answer(await desk.marks.one(mark))


@router.patch("/{mark}", responses=answers(Mark, MARK, 403, 404, 409, 422))
async def change_mark(mark: str, changes: ChangedMark, desk: DeskHere) -> Response:
    """Change a mark of the caller's agency, for example into a hazard; 409 once it has ended.

    Its sender may move it from then on, but neither renames it nor takes it back.
    """
    return answer(await desk.marks.change(mark, changes.as_changes()))


@router.get("/{mark}/versions", responses=answers(list[Mark], [MARK], 403, 404))
async def list_mark_versions(mark: str, desk: DeskHere) -> Response:
    """Return every version of a mark of the caller's agency, oldest first.

    Of another agency's mark only what may be seen of the newest.
    """
    return answer(await desk.marks.versions(mark))


@router.post("/{mark}/end", responses=answers(Mark, MARK, 403, 404, 409))
async def end_mark(mark: str, desk: DeskHere) -> Response:
    """End a mark of the caller's agency; the same, said again by its sender, stays ended."""
    return answer(await desk.marks.end(mark))


@router.post(
    "/{mark}/target",
    status_code=201,
    responses=answers(Target, TARGET, 403, 404, 409, 422, status=201),
)
async def create_target_from_mark(mark: str, form: TargetOfMark, desk: DeskHere) -> Response:
    """Open a target where a standing mark is, with the mark as its first sighting."""
    target = await desk.marks.open_target(mark, what=form.what, name=form.name or "")
    return answer(target, status=201)


@router.post(
    "/{mark}/incident",
    status_code=201,
    responses=answers(Incident, INCIDENT, 403, 404, 409, 422, status=201),
)
async def create_incident_from_mark(mark: str, form: IncidentOfMark, desk: DeskHere) -> Response:
    """Log an incident where a standing mark is."""
    incident = await desk.marks.log_incident(mark, category=form.category, narrative=form.narrative)
    return answer(incident, status=201)
