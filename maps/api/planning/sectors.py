"""Sectors: areas that people draw, or stretches of a river; judged, kept in versions, retired."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from gis.drawing.drawing_rings import DrawingFault
from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import SCHEMAS, answer, answers, described
from maps.forms.form import Form
from patrol.desks.planning.sectors import PastVersion, SectorDesk
from patrol.sector_checks.detection import Detection, Transit
from patrol.sector_checks.drawing import (
    BadShape,
    DrawingCheck,
    RiverStretch,
    SectorShape,
    ShapeVerdict,
)
from patrol.sectors.overlaps import Overlap
from patrol.sectors.river_extent import RiverExtent
from patrol.sectors.sector import Sector, SectorLimits, SectorUse, Whose
from patrol.sectors.site_geography import DeepestPoint

router = APIRouter(prefix="/api/sectors", tags=["sectors"])

LINES: Final = r"^[^\x00-\x09\x0b-\x1f\x7f]*$"
"""Words of several lines, without other control characters."""

Name = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Words = Annotated[str, Field(max_length=2000, pattern=LINES)]
Reason = Annotated[str, Field(max_length=500, pattern=LINES, description="Why, for the journal")]
Kilometre = Annotated[float, Field(ge=-10_000, le=10_000, allow_inf_nan=False)]

Seconds = Annotated[float, Field(ge=300, le=86_400, allow_inf_nan=False)]
Metres = Annotated[float, Field(ge=50, le=1000, allow_inf_nan=False)]

_RING: Final = [[100.40, 20.28], [100.42, 20.28], [100.42, 20.30], [100.40, 20.30], [100.40, 20.28]]
_POLYGON: Final[dict[str, Any]] = {"type": "Polygon", "coordinates": [_RING]}
_REACH: Final[dict[str, Any]] = {"river": "Mekong", "km_from": 2350, "km_to": 2360, "width_m": 2000}


class SectorDetails(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A sector, and how it lies on the ground.

    Attributes:
        sector: As it is kept and as the live stream sends it.
        outline: Its area as GeoJSON, the corridor of a river stretch too; absent where this site
            does not know the river.
        area_km2: How large it is.
        countries: Countries that it surely reaches into, beyond the error of the border's line,
            and where it does so deepest.
        along: Which kilometres of which rivers lie in it.
    """

    sector: Sector
    outline: dict[str, Any] | None = None
    area_km2: float | None = None
    countries: dict[str, DeepestPoint] = {}
    along: tuple[RiverExtent, ...] = ()


class SectorRefused(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is wrong with a sector that cannot be kept.

    Attributes:
        error: Short fixed word for programs: `bad_shape`, or `bad_field` for another field.
        message: What is wrong, for people.
        field: Field at fault, where it is one.
        faults: What is wrong with the shape, ring and vertex named.
        suggestion: The shape mended, to be sent again if it is what was meant; absent where that
            would be a guess.
    """

    error: str
    message: str
    field: str | None = None
    faults: tuple[DrawingFault, ...] = ()
    suggestion: SectorShape | None = None


class StretchForm(Form):
    """A stretch of a river."""

    model_config = ConfigDict(extra="forbid")

    river: Name = Field(description="As the layer of rivers names it", examples=["Mekong"])
    km_from: Kilometre = Field(description="One end, kilometres from the river's mouth")
    km_to: Kilometre = Field(description="The other end")
    width_m: float = Field(
        ge=0,
        le=1_000_000,
        allow_inf_nan=False,
        description="Width in all, half of it on either side of the centreline, metres",
    )


class LimitsForm(Form):
    """What boats may do in a sector before somebody is told; what is absent is not asked."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"loitering_s": 1200, "loitering_within_m": 100},
                {"whose": "others", "meeting_s": 600, "stay_s": 3600, "speed_mps": 8.3},
            ]
        },
    )

    whose: Whose = Field(
        default="all", description="Of all boats, of the agency's units, or of all others"
    )
    loitering_s: Seconds | None = Field(
        default=None, description="How long a boat may keep to one place, seconds"
    )
    loitering_within_m: Metres = Field(
        default=100.0, description="How far from the middle of it is one place, metres"
    )
    meeting_s: Seconds | None = Field(
        default=None, description="How long two boats that came together may stay so, seconds"
    )
    meeting_within_m: Metres = Field(default=100.0, description="How near is together, metres")
    stay_s: Seconds | None = Field(
        default=None, description="How long a boat may be in the sector, seconds"
    )
    speed_mps: float | None = Field(
        default=None, ge=0.5, le=50, allow_inf_nan=False, description="How fast it may be, m/s"
    )

    def limits(self) -> SectorLimits | None:
        """Return them as the desk takes them; None where none is set."""
        fields = self.model_dump(exclude_unset=True)
        if "whose" in fields:
            fields["applies_to"] = fields.pop("whose")
        return SectorLimits(**fields) or None


class ShapeForm(Form):
    """Where a sector lies: a polygon or a stretch of a river."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"polygon": _POLYGON}]}
    )

    polygon: dict[str, Any] | None = Field(
        default=None, description="A GeoJSON Polygon, coordinates [lon, lat], 1,000 at most"
    )
    stretch: StretchForm | None = None

    def shape(self) -> SectorShape:
        """Return it as the desk takes it."""
        stretch = None if self.stretch is None else RiverStretch(**self.stretch.model_dump())
        return SectorShape(polygon=self.polygon, stretch=stretch)


class DrawnShape(ShapeForm):
    """A shape that somebody is drawing."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"polygon": _POLYGON, "use": "patrol"}]}
    )

    use: SectorUse = Field(default="patrol", description="What the sector is to be for")
    sector: Name | None = Field(
        default=None, description="The sector that is drawn anew, by id; absent for a new one"
    )
    limits: LimitsForm | None = None


class NewSector(ShapeForm):
    """A sector to be drawn."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"name": "Islands", "polygon": _POLYGON},
                {"name": "Reach 4", "use": "fishing_ban", "stretch": _REACH, "note": "April"},
                {
                    "name": "Whole reach",
                    "use": "reach",
                    "stretch": _REACH,
                    "limits": {"whose": "others", "loitering_s": 1200},
                },
            ]
        },
    )

    name: Name
    use: SectorUse = "patrol"
    limits: LimitsForm | None = None
    note: Words = ""


class SectorChange(ShapeForm):
    """What is to be different; what is absent stays."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": 1, "stretch": _REACH}]}
    )

    version: int | None = Field(
        default=None, ge=1, le=1_000_000, description="That the change is meant for"
    )
    name: Name | None = None
    use: SectorUse | None = None
    limits: LimitsForm | None = Field(
        default=None, description="All of them anew; an empty object takes them away"
    )
    note: Words | None = None
    reason: Reason = ""


class Retirement(Form):
    """That a sector goes out of use."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"version": 2, "reason": "new map"}]}
    )

    version: int | None = Field(
        default=None, ge=1, le=1_000_000, description="That the order is meant for"
    )
    reason: Reason = ""


_SECTOR: Final = Sector(
    id="5b1f0c9d2e7a4b6f8d3c1a0e9f8b7c6d",
    agency="la-hx",
    at=datetime(2026, 11, 24, 2, 30, tzinfo=UTC),
    origin="hx",
    by="somchai",
    name="Islands",
    polygon=(tuple((lon, lat) for lon, lat in _RING),),
)
_DETAILS: Final = SectorDetails(
    sector=_SECTOR,
    outline=_POLYGON,
    area_km2=4.6231,
    countries={"LA": DeepestPoint(lon=100.42, lat=20.30, border_m=3105.2)},
    along=(RiverExtent(river="Mekong", km_from=2358.2, km_to=2360.4, length_km=2.2),),
)
_FAULT: Final = DrawingFault(
    code="not_closed",
    message="outer ring, vertex 4: the ring does not return to vertex 1",
    ring=0,
    vertex=3,
    lon=100.4,
    lat=20.3,
)
_JUDGED: Final = ShapeVerdict(
    faults=(_FAULT,), usable=False, suggestion=SectorShape(polygon=_POLYGON)
)
_CHECKED: Final = DrawingCheck(
    faults=(),
    usable=True,
    outline=_POLYGON,
    area_km2=_DETAILS.area_km2,
    along=_DETAILS.along,
    countries=_DETAILS.countries,
    overlaps=(
        Overlap(
            message="overlaps no-go Don Xao of th-ck at km 2359.4",
            sector="0c1d2e3f4a5b6c7d8e9f0a1b2c3d4e5f",
            name="Don Xao",
            use="no_go",
            agency="th-ck",
            lon=100.41,
            lat=20.29,
            place="km 2359.4",
        ),
    ),
    transit=Transit(
        length_m=300.0,
        across=True,
        speed_mps=10.0,
        detections=(
            Detection(detected="inside", units=6, shortest_s=10, longest_s=30, accuracy_m=15),
            Detection(detected="after", units=1, shortest_s=300, longest_s=300, accuracy_m=15),
        ),
    ),
)
_PAST: Final = PastVersion(
    sector=_SECTOR, reason="after the flood", outline=_POLYGON, area_km2=_DETAILS.area_km2
)
_FAULTY: Final[dict[int | str, dict[str, Any]]] = {
    422: {
        "description": "The shape cannot be a sector, or a field is missing or wrong",
        "content": {
            "application/json": {
                "schema": {"$ref": SCHEMAS.format(name=described(SectorRefused))},
                "example": msgspec.to_builtins(
                    SectorRefused(
                        error="bad_shape",
                        message=_FAULT.message,
                        faults=_JUDGED.faults,
                        suggestion=_JUDGED.suggestion,
                    )
                ),
            }
        },
    }
}


@router.get("", responses=answers(list[SectorDetails], [_DETAILS], 403, 422))
async def list_sectors(
    desk: DeskHere,
    use: Annotated[SectorUse | None, Query(description="Only those for this.")] = None,
) -> Response:
    """Return the sectors in use that the caller may see, by name."""
    sectors = desk.sectors
    return answer(await _details(sectors, sectors.all(use=use)))


@router.post(
    "",
    status_code=201,
    responses=answers(SectorDetails, _DETAILS, 403, 409, status=201) | _FAULTY,
)
async def draw_sector(new: NewSector, desk: DeskHere) -> Response:
    """Draw a sector of the caller's agency: a polygon, or a stretch of a river.

    One that cannot be watched is refused with 422: what is wrong, ring and vertex named, and how it
    could be mended. A shape with warnings alone is kept; `POST /api/sectors/check` tells them.
    """
    sectors = desk.sectors
    return await _sector_answer(
        sectors,
        sectors.draw(
            name=new.name,
            use=new.use,
            limits=None if new.limits is None else new.limits.limits(),
            note=new.note,
            shape=new.shape(),
        ),
        status=201,
    )


@router.post("/check", responses=answers(DrawingCheck, _CHECKED, 403, 422))
async def check_shape(shape: DrawnShape, desk: DeskHere) -> Response:
    """Return what is wrong with a shape, warnings too, and how it could be mended; keep nothing.

    Of one that can be a sector its outline, area, countries and kilometres of rivers, too, and the
    no-go and restricted sectors that it overlaps, of those that the caller may see. Of a no-go or
    restricted one, and of one with limits, `transit` tells what of the agency's boats is told there
    as they report now: with a report from inside, after they have passed, or not for sure.
    """
    limits = None if shape.limits is None else shape.limits.limits()
    return answer(
        await desk.sectors.check(shape.shape(), use=shape.use, limits=limits, id=shape.sector)
    )


@router.get("/{sector}", responses=answers(SectorDetails, _DETAILS, 403, 404))
async def read_sector(sector: str, desk: DeskHere) -> Response:
    """Return one sector, in use or retired."""
    sectors = desk.sectors
    [details] = await _details(sectors, [await sectors.one(sector)])
    return answer(details)


@router.get("/{sector}/versions", responses=answers(list[Sector], [_SECTOR], 403, 404))
async def list_versions(sector: str, desk: DeskHere) -> Response:
    """Return every version of a sector, oldest first; of another agency's the newest alone."""
    return answer(await desk.sectors.versions(sector))


@router.get("/{sector}/history", responses=answers(list[PastVersion], [_PAST], 403, 404))
async def read_history(sector: str, desk: DeskHere) -> Response:
    """Return the versions of a sector, oldest first, each with its outline and why it was made.

    Of another agency's sector the newest alone, without why.
    """
    return answer(await desk.sectors.history(sector))


@router.patch("/{sector}", responses=answers(SectorDetails, _DETAILS, 403, 404, 409) | _FAULTY)
async def change_sector(sector: str, change: SectorChange, desk: DeskHere) -> Response:
    """Change a sector of the caller's agency; the earlier versions are kept.

    With `version`, it is refused with 409 when somebody else was faster.
    """
    moved = change.polygon is not None or change.stretch is not None
    values = change.model_dump(include={"name", "use", "note"}, exclude_none=True)
    if change.limits is not None:
        values["limits"] = change.limits.limits()
    sectors = desk.sectors
    return await _sector_answer(
        sectors,
        sectors.change(
            sector,
            version=change.version,
            shape=change.shape() if moved else None,
            reason=change.reason,
            **values,
        ),
    )


@router.post("/{sector}/retire", responses=answers(SectorDetails, _DETAILS, 403, 404, 409, 422))
async def retire_sector(sector: str, order: Retirement, desk: DeskHere) -> Response:
    """Take a sector out of use for good; refused while a patrol that is not over covers it."""
    sectors = desk.sectors
    return await _sector_answer(
        sectors, sectors.retire(sector, version=order.version, reason=order.reason)
    )


async def _sector_answer(
    sectors: SectorDesk, doing: Awaitable[Sector], *, status: int = 200
) -> Response:
    try:
        sector = await doing
    except BadShape as bad:
        refused = SectorRefused(
            error="bad_shape",
            message=str(bad),
            faults=bad.judged.faults,
            suggestion=bad.judged.suggestion,
        )
        return answer(refused, status=422)
    [details] = await _details(sectors, [sector])
    return answer(details, status=status)


async def _details(desk: SectorDesk, sectors: Sequence[Sector]) -> list[SectorDetails]:
    """Return how sectors lie, found out in a thread: the first time it takes a while."""

    def work() -> list[SectorDetails]:
        geographies = [(sector, desk.geography_of(sector)) for sector in sectors]
        return [
            SectorDetails(
                sector=sector,
                outline=geography.outline,
                area_km2=geography.area_km2,
                countries=geography.countries,
                along=geography.along,
            )
            for sector, geography in geographies
        ]

    return await asyncio.to_thread(work)
