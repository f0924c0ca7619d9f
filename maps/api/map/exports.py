"""Exports: tracks, units and layers as files for chartplotters, QGIS, Google Earth and ATAK."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request, Response

from gis.files.export_content import ExportContent
from gis.files.formats import FORMATS, Format
from maps.accounts.sessions.access import DeskHere
from maps.api.ogc.collections import LayerFrames
from maps.api.responses.responses import refusals
from maps.api.responses.times import Moment
from maps.errors.errors import BadRequest
from maps.files import exports
from maps.runtime.fair_queue import FairQueue
from patrol.errors.errors import NotFound
from patrol.units.permissions import require

router = APIRouter(prefix="/api/exports", tags=["exports"])

_TOGETHER: Final = FairQueue(2)  # files of this size at once; the picture goes first

_FILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file",
        "content": {
            each.media_type: {"schema": {"type": "string"}, "example": "…"}
            for each in FORMATS.values()
        }
        | {"application/octet-stream": {"schema": {"type": "string"}, "example": "…"}},
    },
    **refusals(400, 401, 403, 404, 503),
}
FormatName = Annotated[
    str,
    Query(alias="format", description=f"One of {', '.join(FORMATS)}.", examples=["gpx", "kml"]),
]


class ExportDownload(Response):
    """A file to keep."""

    media_type = "application/octet-stream"


@router.get("/tracks", responses=_FILE | refusals(409, 422), response_class=ExportDownload)
async def export_tracks(
    desk: DeskHere,
    start: Annotated[Moment | None, Query(examples=["2026-11-24T00:00:00Z"])] = None,
    end: Annotated[Moment | None, Query(examples=["2026-11-24T06:00:00Z"])] = None,
    unit: Annotated[
        list[str], Query(max_length=500, description="Unit id or radio address; all if absent.")
    ] = [],  # noqa: B006 - FastAPI's way
    patrol: Annotated[
        str | None,
        Query(max_length=64, description="Id of a patrol, in place of units, start and end."),
    ] = None,
    file_format: FormatName = "gpx",
) -> Response:
    """Return where units were from `start` to `end`, at most 92 days and 200,000 positions.

    With `patrol`: where its units were while it was under way, as far as the caller may see them.
    Places that nothing could have reached are left out. GeoParquet and the layer `track_points` of
    a GeoPackage have one row a position; the others lines.
    """
    kind = exports.format_named(file_format)
    if patrol is not None:
        if unit or start is not None or end is not None:
            raise BadRequest("give a patrol alone, or units, start and end", field="patrol")
        async with _TOGETHER.turn(desk.user.name):
            made = await exports.patrol_tracks(desk, patrol)
            of = f"patrol:{patrol}"
            await desk.audit.note("export", subject=of, detail={"format": file_format})
            return await _file("patrol", made, kind)
    if start is None or end is None:
        fault = "give start and end, or patrol"
        raise BadRequest(fault, field="start" if start is None else "end")
    async with _TOGETHER.turn(desk.user.name):
        made = await exports.tracks(desk, units=unit, start=start, end=end)
        details = {"start": start, "end": end, "units": unit, "format": file_format}
        await desk.audit.note("export", subject="export:tracks", detail=details)
        return await _file("tracks", made, kind)


@router.get("/units", responses=_FILE, response_class=ExportDownload)
async def export_units(desk: DeskHere, file_format: FormatName = "gpx") -> Response:
    """Return every unit where it was last, as waypoints or points."""
    kind = exports.format_named(file_format)
    async with _TOGETHER.turn(desk.user.name):
        made = exports.units(desk)
        await desk.audit.note("export", subject="export:units", detail={"format": file_format})
        return await _file("units", made, kind)


@router.get("/layers/{name}", responses=_FILE, response_class=ExportDownload)
async def export_layer(
    name: str, request: Request, desk: DeskHere, file_format: FormatName = "gpkg"
) -> Response:
    """Return a reference layer with all its columns; its licence stays that of its source."""
    require(desk.user.role, "see the picture")
    kind = exports.format_named(file_format)
    shelf: LayerFrames = request.app.state.layers
    about = next((each for each in shelf.described() if each.name == name), None)
    if about is None:
        raise NotFound("layer", name)
    async with _TOGETHER.turn(desk.user.name):
        frame = await asyncio.to_thread(shelf.frame, name)
        await desk.audit.note("export", subject=f"layer:{name}", detail={"format": file_format})
        return await _file(name, exports.layer(name, about.title, frame), kind)


async def _file(name: str, content: ExportContent, kind: Format) -> Response:
    body = await exports.write_file(content, kind)
    stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
    saved = f'attachment; filename="{name}-{stamp}{kind.ending}"'
    return ExportDownload(body, media_type=kind.media_type, headers={"content-disposition": saved})
