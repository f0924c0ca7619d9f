"""Description of this service alone, as GIS programs read it at every open: OpenAPI 3.0, short.

The whole interface is described in OpenAPI 3.1 at `/api/openapi.json`, which is a thousand times as
much as a GIS needs and a version that GDAL 3.10 does not know. Here each collection stands with its
own parameters, by which GDAL knows what the server can filter.

Sources: OpenAPI 3.0.3; OGC 17-069r4, 7.3 (API definition) and class OpenAPI 3.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from maps.api.ogc.collection_query import PARAMETERS
from maps.api.ogc.documents import GEOJSON, OPENAPI, SCHEMA, type_of
from maps.api.ogc.source import CollectionSource

_COMPONENT: Final = "#/components/{part}/{name}"
_READER: Final = "A user's name and a reading token; or the token alone as Bearer"


def describe(
    root: str, sources: Mapping[str, CollectionSource], *, parameters: Sequence[dict[str, Any]]
) -> dict[str, Any]:
    """Return the OpenAPI 3.0 document of the service at `root`.

    Args:
        root: Its address.
        sources: Its collections, by name.
        parameters: Those that each collection takes beside its own properties, as OpenAPI has them.
    """
    common = [_ref("parameters", each["name"]) for each in parameters]
    paths: dict[str, Any] = {
        "/": _get("The landing page", "page"),
        "/api": _get("This document", "description"),
        "/conformance": _get("What is kept of the standards", "page"),
        "/collections": _get("All collections", "page"),
    }
    for id, source in sources.items():
        here = f"/collections/{id}"
        own = [
            {"name": name, "in": "query", "schema": type_of(kind)}
            for name, kind in source.properties.items()
            if name not in PARAMETERS
        ]
        paths[here] = _get(source.title, "page")
        paths[f"{here}/queryables"] = _get(f"{source.title}: what a filter may name", "schema")
        paths[f"{here}/items"] = _get(source.title, "features", [*common, *own])
        id_of = {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}
        paths[f"{here}/items/{{id}}"] = _get(
            f"{source.title}: one", "feature", [id_of, _ref("parameters", "crs")]
        )
    return {
        "openapi": "3.0.3",
        "info": {"title": "Joint patrol: OGC API – Features", "version": "1"},
        "servers": [{"url": root}],
        "security": [{"reader": []}],
        "paths": paths,
        "components": {
            "securitySchemes": {
                "reader": {"type": "http", "scheme": "basic", "description": _READER}
            },
            "parameters": {each["name"]: each for each in parameters},
            "responses": {
                "page": _answer("A document", "application/json"),
                "description": _answer("This document", OPENAPI),
                "schema": _answer("JSON Schema", SCHEMA),
                "features": _answer("A page of features", GEOJSON),
                "feature": _answer("One feature", GEOJSON),
                "refusal": _answer("Refused: why, and of which field", "application/json"),
            },
        },
    }


def _get(summary: str, answer: str, parameters: Sequence[Any] = ()) -> dict[str, Any]:
    operation: dict[str, Any] = {"summary": summary}
    if parameters:
        operation["parameters"] = list(parameters)
    operation["responses"] = {
        "200": _ref("responses", answer),
        "default": _ref("responses", "refusal"),
    }
    return {"get": operation}


def _answer(words: str, media_type: str) -> dict[str, Any]:
    return {"description": words, "content": {media_type: {"schema": {"type": "object"}}}}


def _ref(part: str, name: str) -> dict[str, str]:
    return {"$ref": _COMPONENT.format(part=part, name=name)}
