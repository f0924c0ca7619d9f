"""Positions: what phones and devices report over HTTP, one or many, again without harm.

The same format as over MQTT, and the same decoder: `radio_gateway.protocols.position_json`.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from fastapi import APIRouter, Request, Response

from maps.accounts.sessions.access import ReporterHere, body_of
from maps.api.responses.responses import SCHEMAS, answer, answers, described
from maps.api.units.direct_route import DirectRoute
from maps.errors.errors import BadRequest
from patrol.desks.desk import Desk
from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import FrameError
from radio_gateway.protocols.position_json import PositionObject, PositionObjects, decode_items

router = APIRouter(prefix="/api/positions", tags=["positions"], route_class=DirectRoute)


class RejectedReport(msgspec.Struct, frozen=True, kw_only=True):
    """A report that was refused; sending it again will not help.

    Attributes:
        index: Its place in the array, from 0.
        id: Its `id`, if it has one.
        reason: Short fixed word.
        detail: What exactly is wrong.
    """

    index: int
    id: str | None
    reason: str
    detail: str


class ReportResults(msgspec.Struct, frozen=True, kw_only=True):
    """What became of the reports.

    Attributes:
        stored: `id` of each report that is stored now, or was before; null for one without.
        rejected: The others.
    """

    stored: list[str | None]
    rejected: list[RejectedReport]


_EXAMPLE = ReportResults(
    stored=["7f3c"],
    rejected=[
        RejectedReport(
            index=1, id="7f3d", reason="bad_field", detail="latitude 100.4 is outside -90 to 90"
        )
    ],
)
_SENT = {
    "id": "7f3c",
    "device": "boat-3",
    "lon": 100.4102,
    "lat": 20.2711,
    "time": "2026-11-24T02:30:00Z",
    "speed_mps": 5.1,
    "course_deg": 181.0,
}
_ITEM = {"$ref": SCHEMAS.format(name=described(PositionObject))}
_BODY = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {"oneOf": [_ITEM, {"type": "array", "items": _ITEM, "maxItems": 1000}]},
                "examples": {"one": {"value": _SENT}, "many": {"value": [_SENT]}},
            }
        },
    }
}


@router.post("", openapi_extra=_BODY, responses=answers(ReportResults, _EXAMPLE, 400, 403, 503))
async def report_positions(request: Request, caller: ReporterHere) -> Response:
    """Store one report or an array of them; answered once they are on disk.

    A report that was sent before (same device and `id`) is named as stored and has no further
    effect. A device key speaks only for its own device, a crew only for themselves; any other
    person who names no device speaks as themselves.
    """
    body, now = await body_of(request), utc_now()
    speaker = caller.user.name if caller.user.role == "crew" else None
    try:
        items = decode_items(body, heard_at=now, device=caller.device or speaker)
    except FrameError as error:
        raise BadRequest(
            f"{error.reason}: {error.detail}" if error.detail else error.reason
        ) from None
    if caller.device is None and speaker is None:
        items = _as_themselves(items, caller.user.name, now)
    if items.transmissions:
        desk: Desk = request.app.state.desk_of(caller.user)
        await desk.registry.report(items.transmissions, source=caller.source)
    return answer(
        ReportResults(
            stored=[_id(transmission.facts.get("id")) for transmission in items.transmissions],
            rejected=[
                RejectedReport(
                    index=item.place, id=item.id, reason=item.error.reason, detail=item.error.detail
                )
                for item in items.rejected
            ],
        )
    )


def _as_themselves(items: PositionObjects, name: str, now: datetime) -> PositionObjects:
    """Let what names no device speak for the person who sent it."""
    own = PositionObjects([], [], [])
    by_place = dict(zip(items.places, items.transmissions, strict=True))
    for item in items.rejected:
        if item.error.reason != "no_device":
            own.rejected.append(item)
            continue
        again = decode_items(item.error.payload, heard_at=now, device=name)
        own.rejected.extend(other._replace(place=item.place) for other in again.rejected)
        by_place.update((item.place, transmission) for transmission in again.transmissions)
    for place in sorted(by_place):
        own.places.append(place)
        own.transmissions.append(by_place[place])
    return own


def _id(value: object) -> str | None:
    return value if isinstance(value, str) else None
