"""Imports: a preview of an uploaded file; nothing of it is kept."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

import msgspec
from fastapi import APIRouter, Query, Request, Response

from gis.files.preview import Preview, PreviewFault, PreviewLayer
from maps.accounts.sessions.access import DeskHere, body_of
from maps.api.responses.responses import answer, answers
from maps.errors.errors import BadRequest
from maps.files.import_preview import ENDINGS, look_into
from patrol.units.permissions import require

Encoding = Literal["utf-8", "cp874", "gb18030", "cp1258", "cp1252"]

router = APIRouter(prefix="/api/imports", tags=["imports"])

_EXAMPLE = Preview(
    layers=[
        PreviewLayer(
            name="waypoints",
            features=2,
            faults=[
                PreviewFault(
                    feature=1,
                    fault="lies at longitude 20.2, latitude 100.4: longitude and latitude look "
                    "swapped",
                )
            ],
            bounds=(100.41, 20.27, 100.41, 20.27),
            collection=msgspec.Raw(b'{"type":"FeatureCollection","features":[]}'),
        )
    ]
)
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/octet-stream": {
                "schema": {"type": "string", "format": "binary"},
                "example": "<gpx version='1.1' …",
            }
        },
    }
}


@router.post(
    "",
    openapi_extra=_BODY,
    responses=answers(
        Preview, msgspec.json.decode(msgspec.json.encode(_EXAMPLE)), 400, 403, 422, 503
    ),
)
async def preview_file(
    request: Request,
    desk: DeskHere,
    name: Annotated[
        str,
        Query(
            min_length=1,
            max_length=200,
            description=f"The file's name; its ending is one of {', '.join(ENDINGS)}.",
            examples=["piers.gpx"],
        ),
    ],
    encoding: Annotated[
        Encoding | None,
        Query(description="How the text of a CSV or Shapefile is encoded, which does not say it."),
    ] = None,
) -> Response:
    """Return what is in a file: each layer's usable features as GeoJSON, the faults of the others.

    GeoJSON, GeoPackage, GPX, KML, KMZ, CSV with longitude and latitude in columns, or a Shapefile
    whose parts are in a zip; at most 16 MiB. What is wrong is told by feature, with the feature
    mended where that is no guess. A file that cannot be used is refused with its name, the layer,
    feature or line, and the fault; with `code` `encoding_needed`, and in `values` how a part of it
    reads in each encoding, where one must be chosen.
    """
    require(desk.user.role, "see the picture")
    body = await body_of(request)
    if not body:
        raise BadRequest("the file is the body of the request, and it is empty")
    found = await look_into(name, body, user=desk.user.name, encoding=encoding)
    details = {"name": name, "bytes": len(body), "sha256": hashlib.sha256(body).hexdigest()}
    await desk.audit.note("look into file", subject="import:preview", detail=details)
    return answer(found)
