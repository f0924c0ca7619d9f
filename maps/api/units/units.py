"""Units: what the patrol knows by call sign; where each is and was; a fix by voice; a distress."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Body, Query, Request, Response
from pydantic import ConfigDict, Field, model_validator

from gis.address.address import Address
from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.api.responses.times import Moment
from maps.api.units.features import ToleranceM, TrackFeature, track_feature
from maps.errors.errors import BadRequest
from maps.forms.form import Form
from maps.http.compressed_body import large_answer
from patrol.errors.errors import NotFound
from patrol.units.details import UnitDetails, details
from patrol.units.units import Unit, UnitKind
from patrol.units.wire import Fix, UnitState
from radio_gateway.clock.clock import utc_now

router = APIRouter(prefix="/api/units", tags=["units"])

_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_STATE = UnitState(
    id="9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071",
    call_sign="Naga 1",
    agency="joint",
    kind="boat",
    country="LA",
    liveness="live",
    expected_interval_s=10,
    last=Fix(
        of="9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071",
        lon=100.4096,
        lat=20.2655,
        time=_AT,
        speed_mps=8.7,
        course_deg=141.0,
        river_km=2356.2,
        bank="left",
        place=Address(
            river="Mekong",
            km=2356.2,
            bank="left",
            offset_m=412.0,
            error_m=330.0,
            km_error_share=0.015,
            reach="Houay Xai",
            golden_triangle_km=67.9,
            country="LA",
            neighbour="TH",
            border_m=402.3,
            border_error_m=315.0,
            side_sure=True,
        ),
    ),
    heard_at=_AT,
    addresses=("nmea0183:@pier-radio",),
)
_UNIT = Unit(
    id=_STATE.id, call_sign="Naga 1", kind="boat", agency="joint", country="LA", origin="hx"
)
_DETAILS = details(_STATE, _UNIT)

CallSign = Annotated[str, Field(min_length=1, max_length=40, pattern=r"\S")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166-1 alpha-2")]
IntervalS = Annotated[float, Field(gt=0, le=7 * 86_400)]
Note = Annotated[str, Field(max_length=2000)]


class NewUnit(Form):
    """A unit to register."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {
                    "call_sign": "Naga 1",
                    "kind": "boat",
                    "country": "LA",
                    "expected_interval_s": 10,
                }
            ]
        },
    )

    call_sign: CallSign
    kind: UnitKind
    country: Country | None = None
    expected_interval_s: IntervalS = 60.0
    note: Note = ""


class UnitChange(Form):
    """What changes of a unit; what is absent stays."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"note": "new engine"}, {"retired": True}]},
    )

    call_sign: CallSign | None = None
    kind: UnitKind | None = None
    country: Country | None = None
    expected_interval_s: IntervalS | None = None
    note: Note | None = None
    retired: bool | None = Field(
        default=None, description="true takes it out of service, false back"
    )


class VoicePlot(Form):
    """Where somebody said on the radio that a unit is: a point, or a river kilometre."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"river_km": 2356}, {"lon": 100.4096, "lat": 20.2655}],
        },
    )

    lon: float | None = Field(default=None, ge=-180, le=180)
    lat: float | None = Field(default=None, ge=-90, le=90)
    river_km: float | None = Field(default=None, description="Kilometres from the sea")
    at: Moment | None = Field(default=None, description="When it was there; now if absent")

    @model_validator(mode="after")
    def _one_place(self) -> VoicePlot:
        point = self.lon is not None and self.lat is not None
        if (self.lon is None) != (self.lat is None) or point == (self.river_km is not None):
            raise ValueError("give lon and lat, or river_km")
        return self


@router.get("", responses=answers(list[UnitDetails], [_DETAILS], 403, 422))
async def list_units(
    desk: DeskHere,
    retired: Annotated[bool, Query(description="Those out of service, too.")] = False,
) -> Response:
    """Return every registered unit the caller may see, by call sign."""
    return answer(desk.visible.units(retired=retired))


@router.post(
    "", status_code=201, responses=answers(UnitDetails, _DETAILS, 403, 409, 422, status=201)
)
async def add_unit(new: NewUnit, desk: DeskHere) -> Response:
    """Register a unit of the caller's agency."""
    return answer(await desk.registry.add_unit(**new.model_dump()), status=201)


@router.get(
    "/{unit:path}/track",
    responses=answers(
        TrackFeature,
        track_feature(_STATE.id, [_STATE.last] * 2 if _STATE.last else []),
        403,
        404,
        422,
    ),
)
async def read_track(
    unit: str,
    request: Request,
    desk: DeskHere,
    start: Moment | None = None,
    end: Moment | None = None,
    limit: Annotated[int, Query(ge=1, le=50_000)] = 50_000,
    tolerance_m: ToleranceM = None,
) -> Response:
    """Return where a unit or radio was, as one GeoJSON LineString feature.

    Coordinates are [lon, lat] in degrees; `properties.times` holds one UTC time a vertex, and the
    other lists one value a vertex. Fewer than two positions give a null geometry. Without `start`
    the last three hours; of more than `limit` positions the newest. With `tolerance_m`, for a
    screen, as few of those as draw the same line, each with its own time, without what cannot be
    true; between sparse reports on a river it goes along it, by vertices of which only a time is
    told.
    """
    until = end or utc_now() + timedelta(minutes=2)
    since = start or until - timedelta(hours=3)
    try:
        fixes = await desk.visible.track(unit, start=since, end=until, limit=limit)
    except NotFound:
        whole = f"{unit}/track"  # a radio may be called so itself: `owntracks:jane/track`
        with suppress(NotFound):
            return answer(desk.visible.unit(whole))
        raise
    rivers = request.app.state.layers.rivers
    return await large_answer(
        request, lambda: track_feature(unit, fixes, tolerance_m=tolerance_m, rivers=rivers)
    )


@router.post("/{unit:path}/plot", responses=answers(UnitDetails, _DETAILS, 400, 403, 404, 409, 422))
async def add_voice_position(
    unit: str, place: Annotated[VoicePlot, Body()], desk: DeskHere, request: Request
) -> Response:
    """Plot a unit where its crew said by voice that it is; the fix is marked `by_voice`."""
    lon, lat = place.lon, place.lat
    if place.river_km is not None:
        lon, lat = request.app.state.at_km(place.river_km)
    if lon is None or lat is None:
        raise BadRequest("give lon and lat, or river_km")
    return answer(await desk.registry.plot(unit, lon=lon, lat=lat, at=place.at))


@router.post("/{unit:path}/clear-distress", responses=answers(UnitDetails, _DETAILS, 403, 404))
async def clear_distress(unit: str, desk: DeskHere) -> Response:
    """Say that a call for help is over."""
    return answer(await desk.registry.clear_distress(unit))


# After the routes that go on behind the unit: a unit may be an address, which may hold slashes
# (`owntracks:jane/phone`).
@router.get("/{unit:path}", responses=answers(UnitDetails, _DETAILS, 403, 404))
async def read_unit(unit: str, desk: DeskHere) -> Response:
    """Return one unit, or one unknown radio by its address."""
    return answer(desk.visible.unit(unit))


@router.patch("/{unit:path}", responses=answers(Unit, _UNIT, 400, 403, 404, 409, 422))
async def change_unit(unit: str, change: UnitChange, desk: DeskHere) -> Response:
    """Change a unit; `country` null means not known."""
    fields = change.model_dump(exclude_unset=True)
    for name, value in fields.items():
        if value is None and name != "country":
            raise BadRequest("may not be null", field=name)
    return answer(await desk.registry.change_unit(unit, fields))
