"""Layers: the reference geography that ships, with what a site replaced or added."""

from __future__ import annotations

from typing import Any, Protocol

from fastapi import APIRouter, Request, Response

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.http.compressed_body import CompressedBody
from maps.layers.layer import Layer

router = APIRouter(prefix="/api/layers", tags=["layers"])


class LayerTable(Protocol):
    """The layers of this site."""

    def described(self) -> list[Layer]:
        """Return every layer, in the order a map draws them."""

    async def geojson(self, name: str) -> CompressedBody:
        """Return a layer as GeoJSON.

        Raises:
            NotFound: If there is none of that name.
        """


_LAYER = Layer(
    name="blos",
    title="Border liaison offices",
    source="GeoNames",
    licence="CC-BY-4.0",
    error_m=1000,
    attribution="GeoNames",
)


@router.get("", responses=answers(list[Layer], [_LAYER]))
async def list_layers(request: Request, desk: DeskHere) -> Response:  # noqa: ARG001 - signed in
    """Return every layer, in the order a map draws them."""
    return answer(_shelf(request).described())


class LayerGeoJson(Response):
    """An answer in GeoJSON."""

    media_type = "application/geo+json"


@router.get(
    "/{name}",
    response_class=LayerGeoJson,
    responses=answers(
        dict[str, Any],
        {"type": "FeatureCollection", "features": []},
        404,
        description="GeoJSON (RFC 7946), coordinates [lon, lat] in degrees",
        media_type="application/geo+json",
    )
    | {304: {"description": "Not changed since the entity tag given"}},
)
async def read_layer(name: str, request: Request, desk: DeskHere) -> Response:  # noqa: ARG001
    """Return a layer as GeoJSON, with an entity tag; compressed for who understands gzip."""
    packed = await _shelf(request).geojson(name)
    return packed.answer(request, LayerGeoJson.media_type, cache="private, no-cache")


def _shelf(request: Request) -> LayerTable:
    shelf: LayerTable = request.app.state.layers
    return shelf
