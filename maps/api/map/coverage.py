"""Coverage: which share of an area, a reach or a range of kilometres was seen, when, how long."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from gis.tracks.coverage import Coverage, Stretch
from gis.tracks.river_bins import RiverBin
from maps.accounts.sessions.access import DeskHere
from maps.api.map.effort import Area, End, Start, Units
from maps.api.responses.responses import answers
from maps.errors.errors import BadRequest
from maps.http.compressed_body import large_answer
from maps.surveys.coverage_and_effort import CoverageReport, Survey, read_area
from maps.surveys.heat_map import HeatReport, SectorHeat, heat_of

router = APIRouter(prefix="/api/coverage", tags=["surveys"])

Kilometre = Annotated[
    float | None, Query(description="Kilometre from the sea along the Mekong.", examples=[2350.0])
]

_SEEN = Coverage(
    whole=20.0,
    seen=14.2,
    share=0.71,
    first=datetime(2026, 11, 24, 1, 12, tzinfo=UTC),
    last=datetime(2026, 11, 24, 10, 40, tzinfo=UTC),
    seen_hours=6.2,
    unit_hours=8.9,
)
_EXAMPLE = CoverageReport(
    start=datetime(2026, 11, 24, tzinfo=UTC),
    end=datetime(2026, 11, 24, 12, tzinfo=UTC),
    radius_m=500.0,
    units=["9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071"],
    seen=_SEEN,
    stretches=(
        Stretch(km_from=2340.0, km_to=2345.8, last=None, hours=0.0),
        Stretch(km_from=2345.8, km_to=2360.0, last=_SEEN.first, hours=0.4),
    ),
    line_error_m=300.0,
)
_HEAT = HeatReport(
    start=_EXAMPLE.start,
    end=_EXAMPLE.end,
    radius_m=500.0,
    units={"9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071": "Naga 1"},
    river=_SEEN,
    bins=(
        RiverBin(km_from=2340.0, km_to=2345.0, share=0.0, last=None, visits=0, hours=0.0),
        RiverBin(km_from=2345.0, km_to=2350.0, share=0.84, last=_SEEN.last, visits=2, hours=0.3),
    ),
    sectors=[
        SectorHeat(
            sector="5b1f0c9d2e7a4b6f8d3c1a0e9f8b7c6d",
            name="Islands",
            agency="la-hx",
            seen=_SEEN,
            visits=2,
            cells={"type": "FeatureCollection", "features": []},
        )
    ],
    line_error_m=300.0,
)


@router.get("/heat", responses=answers(HeatReport, _HEAT, 400, 403, 404, 422))
async def read_heat_map(
    request: Request,
    desk: DeskHere,
    start: Start,
    end: End,
    km_from: Annotated[
        float, Query(description="Kilometre from the sea along the Mekong.", examples=[2340.0])
    ],
    km_to: Annotated[float, Query(description="The other end.", examples=[2380.0])],
    step_km: Annotated[float, Query(ge=0.1, le=100, description="How long a stretch is.")] = 1.0,
    radius_m: Annotated[float, Query(ge=10, le=20_000, description="How far a unit sees.")] = 500.0,
    unit: Units = None,
    on_patrol: Annotated[
        bool, Query(description="Only while units were in a patrol that was under way.")
    ] = False,
) -> Response:
    """Return when and how often each stretch of the river and each sector was last visited.

    Of the sectors for patrols that the caller may see, with their cells as GeoJSON, and of the
    Mekong in at most 1,000 stretches of `step_km`. At most 31 days and 300,000 positions. Only
    units and patrols that the caller may see.
    """
    heat = await heat_of(
        request.app.state.survey,
        desk,
        units=unit or [],
        start=start,
        end=end,
        radius_m=radius_m,
        km_from=km_from,
        km_to=km_to,
        step_km=step_km,
        on_patrol=on_patrol,
    )
    return await large_answer(request, lambda: heat)


@router.get("", responses=answers(CoverageReport, _EXAMPLE, 400, 403, 404, 422))
async def read_coverage(
    request: Request,
    desk: DeskHere,
    start: Start,
    end: End,
    radius_m: Annotated[float, Query(ge=10, le=20_000, description="How far a unit sees.")] = 500.0,
    unit: Units = None,
    km_from: Kilometre = None,
    km_to: Kilometre = None,
    reach: Annotated[str | None, Query(max_length=100, examples=["Houay Xai"])] = None,
    area: Area = None,
    cells: Annotated[bool, Query(description="Of an area, its cells too, as GeoJSON.")] = False,
) -> Response:
    """Return how much was within `radius_m` of a unit from `start` to `end`, when, how long.

    Of what: `km_from` and `km_to` of the Mekong, or a `reach` of it by name, or an `area`; one of
    them. A river counts as seen where its centreline was, which itself may be `line_error_m` off.
    At most 31 days and 300,000 positions. Only units that the caller may see.
    """
    survey: Survey = request.app.state.survey
    if sum((km_from is not None or km_to is not None, reach is not None, area is not None)) != 1:
        raise BadRequest("give km_from and km_to, or reach, or area")
    if area is not None:
        report = await survey.area(
            desk,
            units=unit or [],
            start=start,
            end=end,
            radius_m=radius_m,
            area=read_area(area),
            cells=cells,
        )
    else:
        low, high = (km_from, km_to) if reach is None else survey.reach(reach)
        if low is None or high is None:
            raise BadRequest("give both km_from and km_to", field="km_from")
        report = await survey.river(
            desk,
            units=unit or [],
            start=start,
            end=end,
            radius_m=radius_m,
            km_from=low,
            km_to=high,
        )
    return await large_answer(request, lambda: report)
