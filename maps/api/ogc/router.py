"""OGC API – Features: the picture and the reference layers, as QGIS and GDAL read them.

Source: OGC 17-069r4 (Features, Part 1: Core, 1.0.1), classes Core and GeoJSON. Coordinates are
CRS84: longitude first, degrees. Every answer is what the caller's desk lets pass.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Request, Response

from maps.access import DeskHere
from maps.api.answers import answer, answers
from maps.api.ogc.asking import DEFAULT_LIMIT, MOST_ITEMS, asked, only
from maps.api.ogc.collections import Shelf
from maps.api.ogc.documents import (
    CONFORMANCE,
    GEOJSON,
    OPENAPI,
    CollectionInfo,
    Collections,
    Conformance,
    Extent,
    LandingPage,
    Link,
    Spatial,
    Temporal,
)
from maps.packed import Packed
from patrol.desk import Desk

router = APIRouter(prefix="/api/ogc", tags=["ogc api features"])

# The region of the reference layers; where units are beyond it, their own box widens it.
REGION: Final = (92.0, 8.0, 110.0, 27.0)

_LINKS = [Link(href="https://patrol.example/api/ogc", rel="self", title="This document")]
_INFO = CollectionInfo(
    id="units",
    title="Units",
    description="The registered units at their last position.",
    links=_LINKS,
    extent=Extent(spatial=Spatial(bbox=[(100.0, 20.0, 101.0, 21.0)])),
)
_QUERY: Final[list[dict[str, Any]]] = [
    {
        "name": "bbox",
        "in": "query",
        "description": "West, south, east, north in degrees; west beyond east spans 180°.",
        "explode": False,
        "schema": {"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6},
    },
    {
        "name": "datetime",
        "in": "query",
        "description": "RFC 3339 time, or an interval `start/end` with `..` for open.",
        "schema": {"type": "string"},
    },
    {
        "name": "limit",
        "in": "query",
        "description": "Most features of one answer.",
        "schema": {
            "type": "integer",
            "minimum": 1,
            "maximum": MOST_ITEMS,
            "default": DEFAULT_LIMIT,
        },
    },
    {
        "name": "cursor",
        "in": "query",
        "description": "Of the link `next`; means nothing by itself.",
        "schema": {"type": "string"},
    },
    {"name": "f", "in": "query", "schema": {"type": "string", "enum": ["json", "geojson"]}},
]
_FEATURE: Final[dict[str, Any]] = {
    "type": "Feature",
    "id": "9f1c",
    "geometry": None,
    "properties": {},
}


class GeoJson(Response):
    """An answer in GeoJSON."""

    media_type = GEOJSON


class OpenApi(Response):
    """An answer that describes the interface."""

    media_type = OPENAPI


@router.get(
    "",
    responses=answers(
        LandingPage, LandingPage(title="Joint patrol", description="…", links=_LINKS), 400, 403
    ),
)
async def landing_page(request: Request, desk: DeskHere) -> Response:  # noqa: ARG001 - signed in
    """Return where to begin: links to the collections, what is kept, and the description."""
    only(request.query_params, ("f",))
    here = _root(request)
    links = [
        Link(href=here, rel="self", title="This document"),
        Link(href=f"{here}/api", rel="service-desc", type=OPENAPI, title="OpenAPI 3.1"),
        Link(href=f"{here}/conformance", rel="conformance", title="What this server conforms to"),
        Link(href=f"{here}/collections", rel="data", title="The collections"),
    ]
    title = f"{request.app.state.node.name}: joint patrol"
    words = "Units, tracks and reference layers; each caller sees what its agency and role may see."
    return answer(LandingPage(title=title, description=words, links=links))


@router.get(
    "/api",
    response_class=OpenApi,
    responses=answers(dict[str, Any], {"openapi": "3.1.0"}, 400, media_type=OPENAPI),
)
async def service_description(request: Request, desk: DeskHere) -> Response:  # noqa: ARG001
    """Return the description of the whole interface, OpenAPI 3.1."""
    only(request.query_params, ("f",))
    return OpenApi(msgspec.json.encode(request.app.openapi()))


@router.get(
    "/conformance", responses=answers(Conformance, Conformance(conforms_to=CONFORMANCE), 400)
)
async def conformance(request: Request, desk: DeskHere) -> Response:  # noqa: ARG001
    """Return the requirement classes that this server keeps."""
    only(request.query_params, ("f",))
    return answer(Conformance(conforms_to=CONFORMANCE))


@router.get(
    "/collections",
    responses=answers(Collections, Collections(links=_LINKS, collections=[_INFO]), 400, 403),
)
async def list_collections(request: Request, desk: DeskHere) -> Response:
    """Return every collection."""
    only(request.query_params, ("f",))
    here = f"{_root(request)}/collections"
    infos = [await _info(request, desk, id) for id in _shelf(request).ids()]
    links = [Link(href=here, rel="self", title="This document")]
    return answer(Collections(links=links, collections=infos))


@router.get("/collections/{collection}", responses=answers(CollectionInfo, _INFO, 400, 403, 404))
async def read_collection(collection: str, request: Request, desk: DeskHere) -> Response:
    """Return what one collection is."""
    only(request.query_params, ("f",))
    return answer(await _info(request, desk, collection))


@router.get(
    "/collections/{collection}/items",
    response_class=GeoJson,
    openapi_extra={"parameters": _QUERY},
    responses=answers(
        dict[str, Any],
        {"type": "FeatureCollection", "features": [_FEATURE], "numberReturned": 1, "links": []},
        400,
        403,
        404,
        description="GeoJSON, coordinates [lon, lat] in degrees; `next` links to the next page",
        media_type=GEOJSON,
    ),
)
async def read_items(collection: str, request: Request, desk: DeskHere) -> Response:
    """Return features of a collection, a page at a time."""
    source = await _shelf(request).source(collection)
    wanted = asked(request.query_params)
    found = await source.items(desk, wanted)
    base = f"{_root(request)}/collections/{collection}"
    query = dict(request.query_params)
    links = [
        Link(href=_with(f"{base}/items", query), rel="self", type=GEOJSON),
        Link(href=base, rel="collection"),
    ]
    if found.next is not None:
        more = _with(f"{base}/items", {**query, "cursor": found.next})
        links.append(Link(href=more, rel="next", type=GEOJSON))
    head: dict[str, Any] = {"timeStamp": datetime.now(UTC), "numberReturned": len(found.features)}
    if found.matched is not None:
        head["numberMatched"] = found.matched
    body = (
        b'{"type":"FeatureCollection",'
        + msgspec.json.encode({**head, "links": links})[1:-1]
        + b',"features":['
        + b",\n".join(found.features)
        + b"]}"
    )
    return Packed(body).answer(request, GEOJSON, cache="private, no-cache")


# A layer's own ids may hold slashes.
@router.get(
    "/collections/{collection}/items/{feature:path}",
    response_class=GeoJson,
    responses=answers(dict[str, Any], _FEATURE, 400, 403, 404, media_type=GEOJSON),
)
async def read_item(collection: str, feature: str, request: Request, desk: DeskHere) -> Response:
    """Return one feature."""
    only(request.query_params, ("f",))
    source = await _shelf(request).source(collection)
    found = await source.item(desk, feature)
    base = f"{_root(request)}/collections/{collection}"
    links = [
        Link(href=f"{base}/items/{feature}", rel="self", type=GEOJSON),
        Link(href=base, rel="collection"),
    ]
    body = found[:-1] + b',"links":' + msgspec.json.encode(links) + b"}"
    return GeoJson(body)


async def _info(request: Request, desk: Desk, id: str) -> CollectionInfo:
    source = await _shelf(request).source(id)
    here = f"{_root(request)}/collections/{id}"
    return CollectionInfo(
        id=id,
        title=source.title,
        description=source.description,
        links=[
            Link(href=here, rel="self", title="This document"),
            Link(href=f"{here}/items", rel="items", type=GEOJSON, title=source.title),
        ],
        extent=Extent(
            spatial=Spatial(bbox=[await source.bounds(desk) or REGION]),
            temporal=Temporal(interval=[(None, None)]) if source.timed else msgspec.UNSET,
        ),
    )


def _shelf(request: Request) -> Shelf:
    shelf: Shelf = request.app.state.collections
    return shelf


def _root(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}/api/ogc"


def _with(address: str, query: dict[str, str]) -> str:
    return f"{address}?{urlencode(query)}" if query else address
