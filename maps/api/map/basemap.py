"""Basemap: the site's own detailed background, if it has one; a web process answers by itself."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any

from fastapi import APIRouter, Path, Request, Response

from maps.accounts.sessions.access import CallerHere
from maps.api.responses.responses import answer, answers, refusals
from maps.layers.basemap import Basemap, BasemapInfo, unpacked
from patrol.errors.errors import NotFound

router = APIRouter(tags=["basemap"])

_INFO = BasemapInfo(
    title="Bokeo and Chiang Rai",
    kind="vector",
    schema="protomaps",
    min_zoom=0,
    max_zoom=15,
    bounds=(99.0, 19.0, 101.5, 21.0),
    attribution="© OpenStreetMap contributors",
    layers=("earth", "water", "roads"),
    version="18bcfe568-1f4a",
)
_TILE: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The tile, as it stands in the file",
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}, "example": "…"}
            for kind in (
                "application/vnd.mapbox-vector-tile",
                "image/png",
                "image/jpeg",
                "image/webp",
                "application/octet-stream",
            )
        },
    },
    204: {"description": "There is none there"},
    **refusals(401, 404, 422),
}


class BasemapTile(Response):
    """A tile, as it stands in the file."""

    media_type = "application/octet-stream"


@router.get("/api/basemap", responses=answers(BasemapInfo | None, _INFO))
async def read_basemap(request: Request, caller: CallerHere) -> Response:  # noqa: ARG001 - signed in
    """Return what the site's basemap is; null without one."""
    basemap: Basemap | None = request.app.state.basemap
    return answer(None if basemap is None else basemap.info)


@router.get("/basemap/{z}/{x}/{y}", responses=_TILE, response_class=BasemapTile)
async def read_tile(
    z: Annotated[int, Path(ge=0, le=22)],
    x: Annotated[int, Path(ge=0)],
    y: Annotated[int, Path(ge=0)],
    request: Request,
    caller: CallerHere,  # noqa: ARG001 - signed in
) -> Response:
    """Return one tile of the basemap, in the web's grid."""
    basemap: Basemap | None = request.app.state.basemap
    if basemap is None:
        raise NotFound("basemap", "tile")
    found = await asyncio.to_thread(basemap.tile, z, x, y)
    headers = {"cache-control": "private, max-age=3600", "vary": "accept-encoding"}
    if found is None:
        return Response(status_code=204, headers=headers)
    body, packed = found
    if packed and "gzip" in request.headers.get("accept-encoding", ""):
        headers["content-encoding"] = "gzip"
    elif packed:
        body = await asyncio.to_thread(unpacked, body)
    return BasemapTile(body, headers=headers, media_type=basemap.media_type)
