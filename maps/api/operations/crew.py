"""Crew: what a crew's phone sends until it hears that it was taken, and all that its page shows.

Each report has one effect, however often it comes and whatever fell over between: what the watch
hears is known by the report's id, a filing carries the report's receipt in its transaction, an
incident has the report's id. A receipt that was not written after its effect does no harm: what it
stands for is known when it comes again.
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Annotated, Any, Final, Protocol

import msgspec
from fastapi import APIRouter, Path, Query, Request, Response

from maps.accounts.sessions.access import Caller, CallerHere, DeskHere, ReporterHere, body_of
from maps.api.accounts.session import Node
from maps.api.operations.crew_forms import EXAMPLES, MOST_REPORTS, schema
from maps.api.operations.report_intake import RefusedReport, ReportIntake, ReportsOutcome
from maps.api.responses.responses import answer, answers
from maps.errors.errors import BadRequest
from maps.http.compressed_body import CompressedBody
from maps.language.wording import words_of
from maps.runtime.fair_queue import FairQueue
from patrol.desks.desk import Desk
from patrol.desks.watch_room.crews import (
    CrewDesk,
    CrewMember,
    CrewPatrol,
    CrewSector,
    CrewText,
    CrewUnit,
)
from patrol.errors.errors import Conflict, NotFound
from patrol.units.permissions import require
from radio_gateway.clock.clock import utc_now
from radio_gateway.messages.printable_text import cleaned_values

router = APIRouter(prefix="/api/crew", tags=["crew"])

FARTHEST_KM: Final = 60.0
_PHRASE: Final = "phrase."


class CrewPhrase(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A canned phrase.

    Attributes:
        code: Its code; its words in every language are `phrase.CODE` of the page's words.
        language: Language of a phrase of the agency's own, BCP 47; absent for one with a code of
            ours.
        text: Words of a phrase of the agency's own, to be sent as a text.
        topic: What that is for.
    """

    code: str
    language: str | None = None
    text: str | None = None
    topic: str | None = None


class CrewStatus(msgspec.Struct, frozen=True, kw_only=True):
    """All that a crew's page shows now.

    Attributes:
        server_time: The node's clock, aware UTC.
        node: The office.
        agency: Whose crew it is.
        user: The person who signed in; None for a phone.
        device: The enrolled phone; None for a person.
        unit: The crew's unit; None if it speaks for none.
        patrols: Patrols of the unit that are not over.
        sectors: Their areas, and those of the agency to keep out of.
        texts: To this crew, newest first.
        phrases: What can be said by a code, and the agency's own phrases.
    """

    server_time: datetime
    node: Node
    agency: str
    user: str | None
    device: str | None
    unit: CrewUnit | None
    patrols: tuple[CrewPatrol, ...]
    sectors: tuple[CrewSector, ...]
    texts: tuple[CrewText, ...]
    phrases: tuple[CrewPhrase, ...]


class CrewMapMaker(Protocol):
    """Makes small maps for phones."""

    def around(self, *, lon: float, lat: float, radius_km: float) -> bytes:
        """Return GeoJSON of what is within `radius_km` of a place, some 150 kB at most."""


_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_UNIT = "9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071"
_SECTOR = "5b1f0c9d2e7a4b6f8d3c1a0e9f8b7c6d"
_NOW = CrewStatus(
    server_time=_AT,
    node=Node(id="hx", name="Houay Xai", time_zone="Asia/Vientiane"),
    agency="la-hx",
    user=None,
    device="naga-1-phone",
    unit=CrewUnit(id=_UNIT, call_sign="Naga 1", kind="boat"),
    patrols=(
        CrewPatrol(
            id="0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a",
            name="Night watch",
            state="under way",
            starts_at=_AT,
            ends_at=datetime(2026, 11, 24, 8, 30, tzinfo=UTC),
            check_in_interval_s=1800.0,
            next_check_in_at=datetime(2026, 11, 24, 3, 0, tzinfo=UTC),
            check_in_by_message=True,
            sectors=(_SECTOR,),
            units=(CrewMember(id=_UNIT, call_sign="Naga 1"),),
        ),
    ),
    sectors=(
        CrewSector(
            id=_SECTOR,
            name="Islands",
            use="patrol",
            agency="la-hx",
            polygon=(((100.4, 20.26), (100.42, 20.26), (100.41, 20.28), (100.4, 20.26)),),
        ),
    ),
    texts=(
        CrewText(
            id="7c2d9e1f0a3b4c5d8e6f7a8b9c0d1e2f", at=_AT, by="somchai", text="Return to the pier"
        ),
    ),
    phrases=(CrewPhrase(code="all_well"),),
)
_TOOK = ReportsOutcome(
    stored=["6a7e9f1c5f3a4d2c8b0d9b7c1e2d3b4a"],
    refused=[
        RefusedReport(
            id="0d9b7c1e5f3a4d2c8b6a7e9f1c2d3b4a",
            error="not_found",
            message="no patrol '7e9f1c2d3b4a'",
        )
    ],
)
_BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": schema(), "example": {"reports": EXAMPLES}},
        },
    }
}
_PHOTO: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            media_type: {"schema": {"type": "string", "format": "binary"}, "example": "…"}
            for media_type in ("image/jpeg", "image/png", "application/octet-stream")
        },
    }
}


class CrewGeoJson(Response):
    """An answer in GeoJSON."""

    media_type = "application/geo+json"


@router.get("", responses=answers(CrewStatus, _NOW, 403, 503))
async def read_crew_status(request: Request, caller: CallerHere, desk: DeskHere) -> Response:
    """Return all that a crew's page shows now; texts are delivered to the phone by that.

    Of another agency there is nothing in it but the areas of the crew's own patrols; their `agency`
    says so, and a phone keeps nothing of them.
    """
    crew = _crew(caller, desk)
    status = CrewStatus(
        server_time=utc_now(),
        node=request.app.state.node,
        agency=caller.user.agency,
        user=caller.user.name if caller.device is None else None,
        device=caller.device,
        unit=crew.own_unit(),
        patrols=crew.patrols(),
        sectors=crew.sectors(),
        texts=await crew.texts(),
        phrases=_phrases(desk),
    )
    return answer(status)


@router.post(
    "/reports",
    openapi_extra=_BODY,
    responses=answers(ReportsOutcome, _TOOK, 400, 403, 422, 503),
)
async def submit_reports(request: Request, caller: ReporterHere) -> Response:
    """Take what a crew's phone reports; answered once what is `taken` is on disk.

    A report whose id was taken before is `taken` again and has no second effect. A refused one
    names why, and holds up no other. A key that only reports (`reporting_key`, a tracker's key) may
    send `position`, `sos` and `sos_cancel`. After 503 all of it may be sent again without harm.
    """
    require(caller.user.role, "report positions")
    reports = _reports(await body_of(request))
    desk: Desk = request.app.state.desk_of(caller.user)
    return answer(await ReportIntake(desk, _crew(caller, desk), caller).take(reports))


@router.put(
    "/photos/{photo}",
    status_code=204,
    openapi_extra=_PHOTO,
    responses=answers(None, None, 400, 403, 409, 422, 503, status=204),
)
async def upload_photo(
    photo: Annotated[str, Path(description="UUID made by the phone, 32 hexadecimal digits")],
    request: Request,
    caller: CallerHere,
    desk: DeskHere,
    small: Annotated[bool, Query(description="Made of the camera's file, which comes later.")] = (
        False
    ),
) -> Response:
    """Keep a photo under the id that the phone gave it: JPEG or PNG, at most 10 MB.

    Sent again with the same id it is not looked at. What is shown is the same as of `/api/photos`:
    a clean JPEG without place, time or camera. What was sent is stored as the camera's own file,
    unless `small` says that it was made of that, which comes to `/api/crew/originals/{photo}`.
    """
    desk.photos.may_add()
    if not _is_uuid(photo):
        raise BadRequest("a photo's id is a UUID in 32 hexadecimal digits", field="photo")
    crew, name = _crew(caller, desk), f"photo:{photo}"
    if name not in await crew.receipts([name]):
        body = await body_of(request)
        turns: FairQueue = request.app.state.photo_turns
        # One may take 250 MB, and the live picture goes first.
        async with turns.turn(desk.user.name):
            stored = await desk.photos.add(body, is_original=not small)
        await crew.note([crew.receipt_for(name, "photo", result_id=stored.sha256)])
    return Response(status_code=204)


@router.put(
    "/originals/{photo}",
    status_code=204,
    openapi_extra=_PHOTO,
    responses=answers(None, None, 400, 403, 404, 409, 422, 503, status=204),
)
async def upload_original(
    photo: Annotated[str, Path(description="Id under which the phone sent the small picture")],
    request: Request,
    caller: CallerHere,
    desk: DeskHere,
) -> Response:
    """Store the camera's own file of a photo that the same crew has sent: at most 16 MiB.

    JPEG, PNG, WebP or HEIF, as the camera made it. Nobody is shown it: its hash, and where and when
    the camera says it was, are told to its own agency, and it leaves the node as evidence only.
    Sent again it is not looked at.
    """
    desk.photos.may_add()
    if not _is_uuid(photo):
        raise BadRequest("a photo's id is a UUID in 32 hexadecimal digits", field="photo")
    crew, of, name = _crew(caller, desk), f"photo:{photo}", f"original:{photo}"
    receipts = await crew.receipts([of, name])
    sent = receipts.get(of)
    if sent is None or sent.by != crew.receipt_for(of, "photo").by:
        raise NotFound("photo", photo)
    if name not in receipts:
        body = await body_of(request)
        turns: FairQueue = request.app.state.photo_turns
        async with turns.turn(desk.user.name):
            if not await desk.photos.add_original(sent.result_id, body):
                raise Conflict("the agency has stored as many originals of late as it may")
        await crew.note([crew.receipt_for(name, "original", result_id=sent.result_id)])
    return Response(status_code=204)


@router.get(
    "/map",
    response_class=CrewGeoJson,
    responses=answers(
        dict[str, Any],
        {"type": "FeatureCollection", "features": []},
        403,
        422,
        description="GeoJSON (RFC 7946), coordinates [lon, lat] in degrees; `layer` of each"
        " feature's properties says what it is",
        media_type="application/geo+json",
    )
    | {304: {"description": "Not changed since the entity tag given"}},
)
async def read_crew_map(
    request: Request,
    desk: DeskHere,
    lon: Annotated[float, Query(ge=-180, le=180, allow_inf_nan=False)],
    lat: Annotated[float, Query(ge=-90, le=90, allow_inf_nan=False)],
    radius_km: Annotated[float, Query(gt=0, le=FARTHEST_KM, allow_inf_nan=False)] = 25.0,
) -> Response:
    """Return a small map for a phone without a network: rivers, border, offices, crossings, km.

    Lines are simplified until all of it has at most 150 kB; the places of marks are not moved.
    """
    maps: CrewMapMaker = request.app.state.crew_map
    turns: FairQueue = request.app.state.map_turns
    # It takes a processor for a while, and the live picture goes first.
    async with turns.turn(desk.user.name):
        body = await asyncio.to_thread(maps.around, lon=lon, lat=lat, radius_km=radius_km)
        packed = await asyncio.to_thread(CompressedBody, body)
    return packed.answer(request, CrewGeoJson.media_type, cache="private, no-cache")


def _crew(caller: Caller, desk: Desk) -> CrewDesk:
    return desk.crew(device=caller.device, unit=caller.unit)


def _reports(body: bytes) -> list[dict[str, Any]]:
    """Return the reports of a body, each yet to be understood.

    Raises:
        BadRequest: If it holds none that could be.
    """
    try:
        content = cleaned_values(msgspec.json.decode(body))  # nobody is there to type it anew
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
        raise BadRequest(f"no JSON: {fault}") from None
    reports = content.get("reports") if isinstance(content, dict) else None
    if not isinstance(reports, list) or not all(isinstance(each, dict) for each in reports):
        raise BadRequest('give {"reports": [...]}, each an object', field="reports")
    if not 1 <= len(reports) <= MOST_REPORTS:
        raise BadRequest(f"1 to {MOST_REPORTS} reports at a time", field="reports")
    return reports


def _phrases(desk: Desk) -> tuple[CrewPhrase, ...]:
    own = tuple(
        CrewPhrase(code=each.id, language=each.language, text=each.text, topic=each.topic)
        for each in desk.log.phrases()
    )
    codes = (key.removeprefix(_PHRASE) for key in words_of("en") if key.startswith(_PHRASE))
    return (*(CrewPhrase(code=code) for code in codes), *own)


def _is_uuid(text: str) -> bool:
    return len(text) == 32 and all(each in "0123456789abcdef" for each in text)
