"""Photos: uploaded once, kept without metadata, shown to who may see a document that names them.

The camera's own file is stored beside, and no address gives it out: only what is known of it.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import UTC, datetime
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Path, Request, Response

from maps.accounts.sessions.access import DeskHere, body_of
from maps.api.responses.responses import answer, answers, refusals
from maps.runtime.fair_queue import FairQueue
from patrol.incidents.photo import LONGEST_SIDE, Original

router = APIRouter(prefix="/api/photos", tags=["photos"])


PhotoName = Annotated[str, Path(description="SHA-256, hexadecimal")]


class StoredPhoto(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A photo that is kept, and what its file told beside it.

    Attributes:
        photo: SHA-256 of the picture that is shown, in hexadecimal: its name.
        width_px: Pixels across.
        height_px: Pixels down.
        size: Bytes of the picture.
        original: SHA-256 of the file that was sent; absent where it is not stored, for the agency
            has stored as many bytes of late as it may.
        lon: Degrees east where the camera says it was.
        lat: Degrees north.
        taken_at: When, aware UTC, where the camera knew its offset or a satellite's time.
        taken_local: When by the camera's clock, whatever that was set to.
    """

    photo: str
    width_px: int
    height_px: int
    size: int
    original: str | None = None
    lon: float | None = None
    lat: float | None = None
    taken_at: datetime | None = None
    taken_local: str | None = None


_KEPT = StoredPhoto(
    photo="9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    width_px=2048,
    height_px=1536,
    size=412_345,
    original="60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    lon=100.4178,
    lat=20.27,
    taken_at=datetime(2026, 11, 24, 2, 30, 15, tzinfo=UTC),
    taken_local="2026-11-24T09:30:15",
)
_ORIGINALS = [
    Original(
        photo=_KEPT.photo,
        sha256="60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
        size=4_188_667,
        lon=100.4178,
        lat=20.27,
        taken_at=datetime(2026, 11, 24, 2, 30, 15, tzinfo=UTC),
        taken_local="2026-11-24T09:30:15",
        stored_at=datetime(2026, 11, 24, 2, 31, tzinfo=UTC),
        by="kham",
    )
]
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}, "example": "…"}
            for media_type in (
                "image/jpeg",
                "image/png",
                "image/webp",
                "application/octet-stream",
            )
        },
    }
}
_PHOTO: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": f"JPEG, at most {LONGEST_SIDE} pixels long",
        "content": {
            "image/jpeg": {"schema": {"type": "string", "format": "binary"}, "example": "…"}
        },
    },
    **refusals(401, 403, 404),
}


class Jpeg(Response):
    """A photo."""

    media_type = "image/jpeg"


@router.post(
    "",
    status_code=201,
    openapi_extra=_BODY,
    responses=answers(StoredPhoto, _KEPT, 403, 409, 422, status=201),
)
async def upload_photo(request: Request, desk: DeskHere) -> Response:
    """Keep a photo: the body is the file, JPEG, PNG or WebP, at most 10 MB.

    It is decoded and encoded anew as JPEG, upright and at most 2048 pixels long: that is shown. The
    file itself is sealed: its hash, and where and when the camera says it was, are told to its own
    agency (`/api/photos/{photo}/originals`), and it leaves the node as evidence only. A page may
    offer to write place and time into the incident or target that names the photo. The same photo
    sent again is kept once.
    """
    desk.photos.may_add()
    body = await body_of(request)
    turns: FairQueue = request.app.state.photo_turns
    async with turns.turn(desk.user.name):  # one may take 250 MB, and the live picture goes first
        stored = await desk.photos.add(body)
        digest = await asyncio.to_thread(lambda: hashlib.sha256(body).hexdigest())
    sealed = await desk.photos.originals(stored.sha256)
    photo = StoredPhoto(
        photo=stored.sha256,
        width_px=stored.width_px,
        height_px=stored.height_px,
        size=len(stored.body),
        original=next((each.sha256 for each in sealed if each.sha256 == digest), None),
        lon=stored.lon,
        lat=stored.lat,
        taken_at=stored.taken_at,
        taken_local=stored.taken_local,
    )
    return answer(photo, status=201)


@router.get("/{photo}/originals", responses=answers(list[Original], _ORIGINALS, 403, 404))
async def read_originals(photo: PhotoName, desk: DeskHere) -> Response:
    """Return what is known of the camera's own files of a photo of the caller's agency.

    There is one for each file that the same picture was made of; none while the phone that took it
    has sent the small picture only. Another agency is not told of them.
    """
    return answer(await desk.photos.originals(photo))


@router.get("/{photo}", responses=_PHOTO, response_class=Jpeg)
async def read_photo(photo: PhotoName, desk: DeskHere) -> Response:
    """Return a photo of the caller's agency, or one that a document shared with it names.

    Of another agency's photo the journal notes who saw it.
    """
    return Jpeg(await desk.photos.body(photo), headers={"content-disposition": "inline"})
