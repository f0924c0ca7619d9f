"""Tiles: long histories as vector tiles, for maps that could not hold them whole."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers, refusals
from maps.api.responses.times import Moment
from maps.errors.errors import BadRequest
from maps.files.exports import LONGEST
from maps.http.compressed_body import CompressedBody
from maps.surveys.histories import DEEPEST, Histories
from patrol.errors.errors import NotFound
from patrol.units.permissions import require

router = APIRouter(prefix="/tiles", tags=["tiles"])

_USUAL: Final = timedelta(days=7)
TILE = "application/vnd.mapbox-vector-tile"
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The tile: one layer, `tracks`",
        "content": {TILE: {"schema": {"type": "string", "format": "binary"}, "example": "…"}},
    },
    204: {"description": "Nothing was there then"},
    **refusals(400, 401, 403, 404, 422, 503),
}


class VectorTile(Response):
    """A vector tile."""

    media_type = TILE


class VectorLayer(msgspec.Struct, frozen=True, kw_only=True):
    """A layer of the tiles: its name and, by name, what its properties are."""

    id: str
    fields: dict[str, str]


class TileJson(msgspec.Struct, frozen=True, kw_only=True):
    """What a map client must know of a set of tiles (TileJSON 3.0.0).

    Attributes:
        tiles: Address of a tile, with places for zoom, column and row.
        vector_layers: What is in them.
        name: For people.
        minzoom: First zoom.
        maxzoom: Last zoom; a map stretches these when it goes nearer.
        tilejson: Version of TileJSON.
        scheme: Rows are counted from the north.
    """

    tiles: list[str]
    vector_layers: list[VectorLayer]
    name: str = "Tracks"
    minzoom: int = 0
    maxzoom: int = DEEPEST
    tilejson: str = "3.0.0"
    scheme: str = "xyz"


_FIELDS: Final = {
    "id": "String",
    "call_sign": "String",
    "kind": "String",
    "side": "String",
    "start": "Number: seconds since 1970",
    "end": "Number: seconds since 1970",
}
_TILE_JSON = TileJson(
    tiles=["https://patrol.example/tiles/{z}/{x}/{y}.mvt?start=…&end=…"],
    vector_layers=[VectorLayer(id="tracks", fields=_FIELDS)],
)


@router.get("/tracks.json", responses=answers(TileJson, _TILE_JSON, 400, 403, 422))
async def read_tile_json(
    request: Request,
    desk: DeskHere,
    start: Annotated[Moment | None, Query(examples=["2026-11-01T00:00:00Z"])] = None,
    end: Annotated[Moment | None, Query(examples=["2026-11-24T00:00:00Z"])] = None,
    unit: Annotated[
        list[str], Query(max_length=100, description="Unit id or radio address; all if absent.")
    ] = [],  # noqa: B006 - FastAPI's way
) -> Response:
    """Return the TileJSON of the tracks from `start` to `end`: of the last seven days if absent."""
    require(desk.user.role, "see tracks")
    until = datetime.now(UTC) if end is None else end
    since = until - _USUAL if start is None else start
    _check(since, until)
    times = [("start", since.isoformat()), ("end", until.isoformat())]
    query = urlencode([*times, *(("unit", each) for each in unit)])
    here = str(request.base_url).rstrip("/")
    address = f"{here}/tiles/{{z}}/{{x}}/{{y}}.mvt?{query}"
    return answer(msgspec.structs.replace(_TILE_JSON, tiles=[address]))


def _check(start: datetime, end: datetime) -> None:
    if not timedelta() < end - start <= LONGEST:
        raise BadRequest(f"end comes after start, by {LONGEST.days} days at most", field="end")


@router.get("/{z}/{x}/{y}.mvt", responses=_ANSWERS, response_class=VectorTile)
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
    _check(start, end)
    histories: Histories = request.app.state.histories
    history = await histories.of(desk, start=start, end=end, ids=unit)
    made = await asyncio.to_thread(history.tile, z, x, y)
    if not made:
        return Response(status_code=204, headers={"cache-control": "no-store"})
    packed = await asyncio.to_thread(CompressedBody, made)
    return packed.answer(request, TILE, cache="no-store")
