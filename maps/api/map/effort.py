"""Effort: how far units went and how long they were out, by unit, side and area."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from gis.tracks.effort import Amount, Effort
from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answers
from maps.api.responses.times import Moment
from maps.http.compressed_body import large_answer
from maps.surveys.coverage_and_effort import EffortReport, Survey, UnitEffort, read_area

router = APIRouter(prefix="/api/effort", tags=["surveys"])

Units = Annotated[
    list[str] | None,
    Query(
        max_length=500,
        description="Unit ids or radio addresses; every registered unit if absent.",
        examples=[["9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071"]],
    ),
]
Start = Annotated[Moment, Query(examples=["2026-11-24T00:00:00Z"])]
End = Annotated[Moment, Query(examples=["2026-11-24T12:00:00Z"])]
Area = Annotated[
    str | None,
    Query(
        max_length=60_000,
        description="A Polygon or MultiPolygon in GeoJSON, coordinates [lon, lat].",
        examples=[
            '{"type":"Polygon","coordinates":[[[100.4,20.2],[100.5,20.2],[100.4,20.3],[100.4,20.2]]]}'
        ],
    ),
]

_EFFORT = Effort(
    km=41.7,
    hours=5.9,
    gap_hours=0.3,
    positions=2120,
    sides={"LA": Amount(km=3.1, hours=1.2), "unsure": Amount(km=38.6, hours=4.7)},
    unsure_between={"LA/TH": Amount(km=38.6, hours=4.7)},
)
_EXAMPLE = EffortReport(
    start=datetime(2026, 11, 24, tzinfo=UTC),
    end=datetime(2026, 11, 24, 12, tzinfo=UTC),
    units=[
        UnitEffort(
            unit="9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071",
            call_sign="Naga 1",
            country="LA",
            effort=_EFFORT,
            removed={"speed": 2},
        )
    ],
    by_country={"LA": _EFFORT},
    total=_EFFORT,
)


@router.get("", responses=answers(EffortReport, _EXAMPLE, 400, 403, 404, 422))
async def read_effort(
    request: Request,
    desk: DeskHere,
    start: Start,
    end: End,
    unit: Units = None,
    area: Area = None,
) -> Response:
    """Return how far units went and how long they were out, from `start` to `end`.

    Kilometres are ways over ground, without the noise of a moored boat's receiver; hours are those
    in which it was heard at least every ten minutes. `sides` tells where they were: a country only
    where that is sure, `unsure` within the error of the border's line (which of them:
    `unsure_between`). At most 31 days and 300,000 positions. Only units that the caller may see.
    """
    survey: Survey = request.app.state.survey
    report = await survey.effort(
        desk,
        units=unit or [],
        start=start,
        end=end,
        area=None if area is None else read_area(area),
    )
    return await large_answer(request, lambda: report)
