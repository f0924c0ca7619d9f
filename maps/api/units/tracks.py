"""Tracks: where everything was in the last hours, thinned for drawing."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answers
from maps.api.units.features import ToleranceM, TrackCollection, track_feature
from maps.http.compressed_body import large_answer
from patrol.units.wire import Fix
from radio_gateway.clock.clock import utc_now

router = APIRouter(prefix="/api/tracks", tags=["tracks"])

_FIXES = [
    Fix(of="ais:567000871", lon=100.41, lat=20.26, time=datetime(2026, 11, 24, 2, 30, tzinfo=UTC)),
    Fix(of="ais:567000871", lon=100.42, lat=20.25, time=datetime(2026, 11, 24, 2, 35, tzinfo=UTC)),
]
_EXAMPLE = TrackCollection(features=[track_feature("ais:567000871", _FIXES, brief=True)])


@router.get("", responses=answers(TrackCollection, _EXAMPLE, 403, 422))
async def list_tracks(
    request: Request,
    desk: DeskHere,
    hours: Annotated[float, Query(gt=0, le=72)] = 3.0,
    points_each: Annotated[int, Query(ge=2, le=5000)] = 500,
    tolerance_m: ToleranceM = None,
) -> Response:
    """Return one LineString for each unit and unknown radio that moved in the last `hours`.

    Of more than `points_each` positions the newest of each part of the time; with `tolerance_m`
    as few of those as draw the same line. What cannot be true is left out, and between sparse
    reports on a river the line goes along it.
    """
    rivers = request.app.state.layers.rivers
    end = utc_now() + timedelta(minutes=2)
    tracks = await desk.visible.tracks(
        start=end - timedelta(hours=hours), end=end, points_each=points_each
    )
    return await large_answer(
        request,
        lambda: TrackCollection(
            features=[
                track_feature(of, fixes, brief=True, tolerance_m=tolerance_m, rivers=rivers)
                for of, fixes in tracks.items()
            ]
        ),
    )
