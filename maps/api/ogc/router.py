"""OGC API – Features: the picture and the reference layers, as QGIS and GDAL read them.

Sources: OGC 17-069r4 (Features, Part 1: Core, 1.0.1), classes Core, GeoJSON and OpenAPI 3.0; OGC
18-058r1 (Part 2: reference systems); OGC 19-079r2 (Part 3: filters). Coordinates are CRS84,
longitude first, unless another system is asked for. Every answer is what the caller's desk lets
pass.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlencode

import msgspec
from fastapi import APIRouter, Request, Response

from maps.accounts.sessions.access import DeskHere
from maps.api.ogc.collection_query import DEFAULT_LIMIT, LANGUAGES, MOST_ITEMS, only, parse_query
from maps.api.ogc.collections import CollectionCatalogue
from maps.api.ogc.documents import (
    CONFORMANCE,
    GEOJSON,
    OPENAPI,
    QUERYABLES,
    SCHEMA,
    CollectionInfo,
    Collections,
    Conformance,
    LandingPage,
    OgcLink,
    Queryables,
    extent,
    queryables,
)
from maps.api.ogc.filters import LONGEST
from maps.api.ogc.reference_systems import CRS84, SYSTEMS, features_in, system_of
from maps.api.ogc.service_description import describe
from maps.api.responses.responses import answer, answers
from maps.http.compressed_body import CompressedBody
from patrol.desks.desk import Desk

router = APIRouter(prefix="/api/ogc", tags=["ogc api features"])

_LINKS = [OgcLink(href="https://patrol.example/api/ogc", rel="self", title="This document")]
_INFO = CollectionInfo(
    id="units",
    title="Units",
    description="The registered units at their last position.",
    links=_LINKS,
    extent=extent((100.0, 20.0, 101.0, 21.0)),
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
    {
        "name": "filter",
        "in": "query",
        "description": "Condition in CQL2 text on the collection's queryables and `geometry`.",
        "schema": {"type": "string", "maxLength": LONGEST},
    },
    {"name": "filter-lang", "in": "query", "schema": {"type": "string", "enum": [*LANGUAGES]}},
    *(
        {
            "name": name,
            "in": "query",
            "description": f"Reference system of {of}.",
            "schema": {"type": "string", "format": "uri", "enum": [*SYSTEMS], "default": CRS84},
        }
        for name, of in (
            ("crs", "the answer"),
            ("bbox-crs", "the parameter `bbox`"),
            ("filter-crs", "shapes in the parameter `filter`"),
        )
    ),
    {"name": "f", "in": "query", "schema": {"type": "string", "enum": ["json", "geojson"]}},
]
_FEATURE: Final[dict[str, Any]] = {
    "type": "Feature",
    "id": "9f1c",
    "geometry": None,
    "properties": {},
}


class FeatureGeoJson(Response):
    """An answer in GeoJSON."""

    media_type = GEOJSON


class JsonSchema(Response):
    """An answer in JSON Schema."""

    media_type = SCHEMA


class OpenApi(Response):
    """An answer that describes the interface."""

    media_type = OPENAPI


@router.get(
    "",
    responses=answers(
        LandingPage, LandingPage(title="Joint patrol", description="…", links=_LINKS), 400, 403
    ),
)
async def read_landing_page(request: Request, desk: DeskHere) -> Response:  # noqa: ARG001 - signed in
    """Return where to begin: links to the collections, what is kept, and the description."""
    only(request.query_params, ("f",))
    here = _root(request)
    links = [
        OgcLink(href=here, rel="self", title="This document"),
        OgcLink(href=f"{here}/api", rel="service-desc", type=OPENAPI, title="OpenAPI 3.0"),
        OgcLink(
            href=f"{here}/conformance", rel="conformance", title="What this server conforms to"
        ),
        OgcLink(href=f"{here}/collections", rel="data", title="The collections"),
        OgcLink(
            href=f"{here.removesuffix('/api/ogc')}/tiles/tracks.json",
            rel="related",
            title="TileJSON of the tracks of the last seven days",
        ),
    ]
    title = f"{request.app.state.node.name}: joint patrol"
    words = "Units, tracks and reference layers; each caller sees what its agency and role may see."
    return answer(LandingPage(title=title, description=words, links=links))


@router.get(
    "/api",
    response_class=OpenApi,
    responses=answers(dict[str, Any], {"openapi": "3.0.3"}, 400, media_type=OPENAPI),
)
async def read_service_description(request: Request, desk: DeskHere) -> Response:  # noqa: ARG001
    """Return the description of this service alone, OpenAPI 3.0, as GIS programs read it."""
    only(request.query_params, ("f",))
    shelf = _shelf(request)
    sources = {id: await shelf.source(id) for id in shelf.ids()}
    description = describe(_root(request), sources, parameters=_QUERY)
    packed = await asyncio.to_thread(lambda: CompressedBody(msgspec.json.encode(description)))
    return packed.answer(request, OPENAPI, cache="private, no-cache")


@router.get(
    "/conformance", responses=answers(Conformance, Conformance(conforms_to=CONFORMANCE), 400)
)
async def read_conformance(request: Request, desk: DeskHere) -> Response:  # noqa: ARG001
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
    links = [OgcLink(href=here, rel="self", title="This document")]
    return answer(Collections(links=links, collections=infos))


@router.get("/collections/{collection}", responses=answers(CollectionInfo, _INFO, 400, 403, 404))
async def read_collection(collection: str, request: Request, desk: DeskHere) -> Response:
    """Return what one collection is."""
    only(request.query_params, ("f",))
    return answer(await _info(request, desk, collection))


@router.get(
    "/collections/{collection}/items",
    response_class=FeatureGeoJson,
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
    item_query = parse_query(request.query_params, source.properties)
    found = await source.items(desk, item_query)
    base = f"{_root(request)}/collections/{collection}"
    query = dict(request.query_params)
    links = [
        OgcLink(href=_with(f"{base}/items", query), rel="self", type=GEOJSON),
        OgcLink(href=base, rel="collection"),
    ]
    if found.next is not None:
        more = _with(f"{base}/items", {**query, "cursor": found.next})
        links.append(OgcLink(href=more, rel="next", type=GEOJSON))
    head: dict[str, Any] = {"timeStamp": datetime.now(UTC), "numberReturned": len(found.features)}
    if found.matched is not None:
        head["numberMatched"] = found.matched

    def pack() -> CompressedBody:
        features = features_in(found.features, item_query.system)
        return CompressedBody(
            b'{"type":"FeatureCollection",'
            + msgspec.json.encode({**head, "links": links})[1:-1]
            + b',"features":['
            + b",\n".join(features)
            + b"]}"
        )

    packed = await asyncio.to_thread(pack)
    made = packed.answer(request, GEOJSON, cache="private, no-cache")
    made.headers["content-crs"] = f"<{item_query.system}>"
    return made


@router.get(
    "/collections/{collection}/queryables",
    response_class=JsonSchema,
    responses=answers(
        Queryables,
        queryables("https://patrol.example/api/ogc/collections/units/queryables", "Units", {}),
        400,
        404,
        media_type=SCHEMA,
    ),
)
async def read_queryables(collection: str, request: Request, desk: DeskHere) -> Response:  # noqa: ARG001
    """Return the properties that a filter may name, as JSON Schema."""
    only(request.query_params, ("f",))
    source = await _shelf(request).source(collection)
    here = f"{_root(request)}/collections/{collection}/queryables"
    schema = queryables(here, source.title, source.properties)
    return JsonSchema(msgspec.json.encode(schema))


# A layer's own ids may hold slashes.
@router.get(
    "/collections/{collection}/items/{feature:path}",
    response_class=FeatureGeoJson,
    responses=answers(dict[str, Any], _FEATURE, 400, 403, 404, media_type=GEOJSON),
)
async def read_item(collection: str, feature: str, request: Request, desk: DeskHere) -> Response:
    """Return one feature."""
    only(request.query_params, ("crs", "f"))
    system = system_of(request.query_params.get("crs", CRS84), field="crs")
    source = await _shelf(request).source(collection)
    found = await source.item(desk, feature)
    base = f"{_root(request)}/collections/{collection}"
    links = [
        OgcLink(href=f"{base}/items/{feature}", rel="self", type=GEOJSON),
        OgcLink(href=base, rel="collection"),
    ]
    (encoded,) = features_in([found], system)
    body = encoded[:-1] + b',"links":' + msgspec.json.encode(links) + b"}"
    return FeatureGeoJson(body, headers={"content-crs": f"<{system}>"})


async def _info(request: Request, desk: Desk, id: str) -> CollectionInfo:
    source = await _shelf(request).source(id)
    here = f"{_root(request)}/collections/{id}"
    return CollectionInfo(
        id=id,
        title=source.title,
        description=source.description,
        links=[
            OgcLink(href=here, rel="self", title="This document"),
            OgcLink(href=f"{here}/items", rel="items", type=GEOJSON, title=source.title),
            OgcLink(href=f"{here}/queryables", rel=QUERYABLES, type=SCHEMA),
        ],
        extent=await source.extent(desk),
    )


def _shelf(request: Request) -> CollectionCatalogue:
    shelf: CollectionCatalogue = request.app.state.collections
    return shelf


def _root(request: Request) -> str:
    return f"{str(request.base_url).rstrip('/')}/api/ogc"


def _with(address: str, query: dict[str, str]) -> str:
    return f"{address}?{urlencode(query)}" if query else address
