"""Tiles: long histories as vector tiles, for maps that could not hold them whole."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request, Response

from maps.access import DeskHere
from maps.api.answers import refusals
from maps.api.times import Moment
from maps.errors import BadRequest
from maps.exporting import LONGEST
from maps.histories import DEEPEST, Histories
from maps.packed import Packed
from patrol.errors import NotFound

router = APIRouter(prefix="/tiles", tags=["tiles"])

TILE = "application/vnd.mapbox-vector-tile"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The tile: one layer, `tracks`",
        "content": {TILE: {"schema": {"type": "string", "format": "binary"}, "example": "…"}},
    },
    204: {"description": "Nothing was there then"},
    **refusals(400, 401, 403, 404, 422, 503),
}


class Tile(Response):
    """A vector tile."""

    media_type = TILE


@router.get("/{z}/{x}/{y}.mvt", responses=_ANSWERS, response_class=Tile)
async def read_tile(
    z: Annotated[int, Path(ge=0)],
    x: Annotated[int, Path(ge=0)],
    y: Annotated[int, Path(ge=0)],
    request: Request,
    desk: DeskHere,
    start: Annotated[Moment, Query(examples=["2026-11-01T00:00:00Z"])],
    end: Annotated[Moment, Query(examples=["2026-11-24T00:00:00Z"])],
    unit: Annotated[
        list[str], Query(max_length=100, description="Unit id or radio address; all if absent.")
    ] = [],  # noqa: B006 - FastAPI's way
) -> Response:
    """Return the tracks from `start` to `end` (at most 92 days) in one tile of the web's grid.

    Each feature is part of a track, with `id`, `call_sign`, `kind`, `side`, and `start` and `end`
    in seconds since 1970; a silence of half an hour ends a part. Tiles are kept for a minute.
    """
    if z > DEEPEST or max(x, y) >= 2**z:
        raise NotFound("tile", f"{z}/{x}/{y}")
    if not timedelta() < end - start <= LONGEST:
        raise BadRequest(f"end comes after start, by {LONGEST.days} days at most", field="end")
    histories: Histories = request.app.state.histories
    history = await histories.of(desk, start=start, end=end, ids=unit)
    made = await asyncio.to_thread(history.tile, z, x, y)
    if not made:
        return Response(status_code=204, headers={"cache-control": "no-store"})
    packed = await asyncio.to_thread(Packed, made)
    return packed.answer(request, TILE, cache="no-store")
