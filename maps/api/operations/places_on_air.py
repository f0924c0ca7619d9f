"""Places on air: marks, targets and sectors that are shown to radios, and what became of it."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum
from typing import Final

import msgspec
from fastapi import APIRouter, Response
from msgspec.structs import replace
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers
from maps.api.units.orders import EXAMPLE, ToRadios
from patrol.desks.places_on_air import Shown
from patrol.errors.errors import NotFound
from patrol.marks.mark import Mark
from patrol.messages.message import Message
from patrol.sectors.sector import Sector
from patrol.targets.target import Target
from radio_gateway.messages.marked_place import MarkedPlace

router = APIRouter(tags=["orders"])

_ORDER: Final = replace(
    EXAMPLE,
    kind="mark",
    channel="mesh",
    unit=None,
    address=None,
    text="sunken barge",
    mark=MarkedPlace(
        id="joint-patrol.hx.4c1f0e7a9b2d4e6f8a0c1d2e3f405162",
        lon=100.4141,
        lat=20.2705,
        name="sunken barge",
        use="hazard",
        remarks="2 m under water, mid-river",
        ends_at=EXAMPLE.created_at + timedelta(days=1),
    ),
    reason="",
    state="sent",
    history=EXAMPLE.history[:2],
)


class PlaceRadios(msgspec.Struct, frozen=True, kw_only=True):
    """Who may be shown a place, and who was.

    Attributes:
        channels: Channels that may show it to their radios now.
        orders: What showed it to radios, or took it back, newest first.
    """

    channels: tuple[str, ...]
    orders: tuple[Message, ...]


_RADIOS: Final = PlaceRadios(channels=("mesh",), orders=(_ORDER,))


class PlaceKind(StrEnum):
    """What may be shown to radios."""

    MARKS = "marks"
    TARGETS = "targets"
    SECTORS = "sectors"


_KINDS: Final[dict[PlaceKind, type[Shown]]] = {
    PlaceKind.MARKS: Mark,
    PlaceKind.TARGETS: Target,
    PlaceKind.SECTORS: Sector,
}


class PlaceToRadios(ToRadios):
    """Over which channel a place is shown."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"channel": "mesh"}]})

    channel: str = Field(min_length=1, max_length=130, description="All that listen on it see it")


@router.get("/api/on-air/{of}/{place}", responses=answers(PlaceRadios, _RADIOS, 403, 404, 422))
async def list_place_channels(of: PlaceKind, place: str, desk: DeskHere) -> Response:
    """Return which channels may show a mark, target or sector to their radios, and what became of
    it there.
    """
    kind = _KINDS[of]
    orders = await desk.on_air.orders(kind, place)
    try:
        channels = tuple(desk.on_air.channels(kind, place))
    except NotFound:  # it has ended
        channels = ()
    return answer(PlaceRadios(channels=channels, orders=tuple(orders)))


@router.post(
    "/api/on-air/{of}/{place}",
    status_code=201,
    responses=answers(Message, _ORDER, 403, 404, 409, 422, status=201),
)
async def send_place_to_radios(
    of: PlaceKind, place: str, form: PlaceToRadios, desk: DeskHere
) -> Response:
    """Show a standing mark, a target where it was last seen, or the midst of a sector, of the
    caller's agency, to all radios that listen on a channel.

    Meshtastic nodes get it as a waypoint, APRS stations as an object; once it ends they are told
    that it is taken back. 409 and the reason when the channel does not take it: every channel is
    listen-only unless its settings say otherwise.
    """
    details = form.model_dump(exclude={"id"})
    sent = await desk.on_air.show(_KINDS[of], place, order=form.id, **details)
    return answer(sent, status=201)
