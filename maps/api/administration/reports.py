"""Reports: pages that leave the system as one file."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse

from maps.accounts.sessions.access import CallerHere, DeskHere
from maps.api.responses.responses import refusals
from maps.api.responses.times import Moment
from maps.errors.errors import BadRequest
from maps.language.wording import Wording
from maps.reports.document.request import ReportRequest
from maps.reports.kinds.debrief import debrief
from patrol.errors.errors import NotFound

router = APIRouter(prefix="/api/reports", tags=["reports"])

LONGEST = timedelta(days=7)

_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The page",
        "content": {
            "text/html": {"schema": {"type": "string"}, "example": "<!DOCTYPE html><html>…"}
        },
    },
    **refusals(400, 401, 403, 404, 422, 503),
}


@router.get("/{name}", responses=_ANSWERS, response_class=HTMLResponse)
async def make_report(
    request: Request,
    desk: DeskHere,
    caller: CallerHere,
    name: str,
    unit: Annotated[str, Query(max_length=200, description="Unit id or radio address.")],
    start: Annotated[Moment, Query(examples=["2026-11-24T00:00:00Z"])],
    end: Annotated[Moment, Query(examples=["2026-11-24T06:00:00Z"])],
) -> Response:
    """Return a report as one self-contained HTML file, to keep or to hand on.

    `debrief` is the map of where one unit was from `start` to `end`, at most seven days. The
    journal notes that it was given out.
    """
    if name != "debrief":
        raise NotFound("report", name)
    if not timedelta() < end - start <= LONGEST:
        raise BadRequest("end comes after start, by seven days at most", field="end")
    words = Wording(
        caller.user.language or "en",
        calendar=caller.user.calendar,
        zone=ZoneInfo(request.app.state.node.time_zone),
    )
    report_request = ReportRequest(site=request.app.state.report_site, desk=desk, words=words)
    made = await debrief(report_request, unit=unit, start=start, end=end)
    from maps.reports.rendering.folium_page import folium_page  # folium is for this alone

    page = await asyncio.to_thread(folium_page, made)
    parameters = {"unit": unit, "start": start, "end": end}
    await desk.audit.note("export", subject="export:debrief", detail=parameters)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    return HTMLResponse(
        page,
        headers={"content-disposition": f'attachment; filename="{name}-{stamp}.html"'},
    )
