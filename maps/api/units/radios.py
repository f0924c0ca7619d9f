"""Radios: those nobody has registered, what they sent, and the units addresses stand for."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import msgspec
from fastapi import APIRouter, Query, Response
from pydantic import ConfigDict, Field

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers, printable
from maps.api.responses.times import Moment
from maps.forms.form import Form
from patrol.desks.desk import UnknownRadio
from patrol.reception import receptions
from patrol.reception.receptions import Reception
from patrol.units.units import Assignment
from patrol.units.wire import Claim, UnitState
from radio_gateway.messages.transmission import Signal

router = APIRouter(prefix="/api", tags=["radios"])

_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_RADIO = UnknownRadio(
    address="ais:567000871",
    state=UnitState(
        id="ais:567000871", call_sign="MEKONG TRADER", agency="joint", known=False, liveness="live"
    ),
    count=41,
    first_heard_at=_AT,
    last_heard_at=_AT,
    channels=("ais-receiver",),
)
_ASSIGNMENT = Assignment(
    id="4b1f9d0c2e7a4c4f9b8d1a2b3c4d5e6f",
    address="ais:567000142",
    unit="9f1c6a5e0b7d4f0e8a1b2c3d4e5f6071",
    start=_AT,
    channel="ais-receiver",
    agency="joint",
    origin="hx",
)
_CLAIM = Claim(
    address="ais:574123456",
    channel="udp-2",
    agency="joint",
    since=_AT,
    unit=_ASSIGNMENT.unit,
    bound="ais-receiver",
    distance_m=12_140.0,
)


class MessageReception(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who heard a message.

    Attributes:
        channel: Channel.
        gateway: Gateway.
        heard_at: When, by its clock.
        rssi_dbm: Received signal strength, dBm.
        snr_db: Signal to noise ratio, dB.
    """

    channel: str
    gateway: str
    heard_at: datetime
    rssi_dbm: float | None = None
    snr_db: float | None = None


class TechnicianMessage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One message of a radio, as a technician reads it.

    Attributes:
        heard_at: When the gateway read it.
        kind: What sort of thing was said.
        channel: Channel that heard it.
        protocol: Protocol.
        device_time: The device's own clock.
        lon: Degrees east.
        lat: Degrees north.
        distress: Someone needs help.
        text: Words for people.
        status: Code or state.
        flags: Quality flags.
        facts: Further fields by name.
        signal: How well it was heard, by the one that heard it first.
        heard_by: All who heard it, the first one first.
        best: The one of them that heard it best; absent where no signal was measured.
        hex: The bytes as received, two digits each.
        raw: The same as ASCII; a dot for what cannot be printed.
    """

    heard_at: datetime
    kind: str
    channel: str
    protocol: str
    device_time: datetime | None = None
    lon: float | None = None
    lat: float | None = None
    distress: bool = False
    text: str | None = None
    status: str | None = None
    flags: tuple[str, ...] = ()
    facts: dict[str, str | int | float | bool] = {}
    signal: Signal | None = None
    heard_by: tuple[MessageReception, ...] = ()
    best: MessageReception | None = None
    hex: str = ""
    raw: str = ""


def _heard_at(reception: Reception) -> MessageReception:
    return MessageReception(
        channel=reception.channel,
        gateway=reception.gateway,
        heard_at=reception.heard_at,
        rssi_dbm=reception.rssi_dbm,
        snr_db=reception.snr_db,
    )


def technician_message(message: receptions.ReceivedMessage) -> TechnicianMessage:
    """Return a message as a technician reads it."""
    transmission = message.transmission
    at = transmission.position
    return TechnicianMessage(
        heard_at=transmission.heard_at,
        kind=transmission.kind,
        channel=transmission.channel,
        protocol=transmission.protocol,
        device_time=transmission.device_time,
        lon=None if at is None else at.lon,
        lat=None if at is None else at.lat,
        distress=transmission.distress,
        text=transmission.text,
        status=transmission.status,
        flags=transmission.flags,
        facts=transmission.facts,
        signal=transmission.signal,
        heard_by=tuple(map(_heard_at, message.heard_by)),
        best=None if message.best is None else _heard_at(message.best),
        hex=transmission.raw.hex(),
        raw=printable(transmission.raw),
    )


HEARD = TechnicianMessage(
    heard_at=_AT, kind="position", channel="ais-receiver", protocol="ais", lon=100.41, lat=20.26
)
"""An example."""


class NewAssignment(Form):
    """From when to when an address stands for a unit."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"address": "ais:567000142", "unit": _ASSIGNMENT.unit, "channel": "ais-receiver"}
            ]
        },
    )

    address: str = Field(min_length=1, max_length=200, pattern=r"^[^:\s]+:\S")
    unit: str = Field(min_length=1, max_length=64)
    start: Moment | None = Field(
        default=None,
        description="First moment. Absent: since it was first heard; for a unit of another agency"
        " than heard it, now, and never earlier",
    )
    end: Moment | None = Field(default=None, description="Moment after the last")
    channel: str | None = Field(
        default=None,
        max_length=100,
        description="Only channel (or `key:DEVICE`, `user:NAME`) that is believed; `*` for any."
        " Absent: the one it was heard on, or any if that were several or none",
    )


class AssignmentEnd(Form):
    """When an assignment ends."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"examples": [{"end": "2026-11-24T03:00:00Z"}]}
    )

    end: Moment | None = Field(default=None, description="Now if absent")


@router.get("/radios/unknown", responses=answers(list[UnknownRadio], [_RADIO], 403))
async def list_unknown_radios(desk: DeskHere) -> Response:
    """Return the radios that nobody has registered, last heard first."""
    return answer(await desk.visible.unknown_radios())


@router.get("/radios/claims", responses=answers(list[Claim], [_CLAIM], 403))
async def list_address_conflicts(desk: DeskHere) -> Response:
    """Return the radio addresses that a second sender uses now: possible false senders."""
    return answer(desk.visible.claims())


# An address may hold slashes (`owntracks:jane/phone`).
@router.get(
    "/radios/{address:path}/transmissions",
    responses=answers(list[TechnicianMessage], [HEARD], 403, 404),
)
async def list_transmissions(
    address: str, desk: DeskHere, limit: Annotated[int, Query(ge=1, le=1000)] = 100
) -> Response:
    """Return the last messages of a radio address, newest first; none for one never heard.

    A message that several gateways heard is one, and names them all.
    """
    return answer(
        [
            technician_message(each)
            for each in await desk.visible.received_messages(address, limit=limit)
        ]
    )


@router.get("/assignments", responses=answers(list[Assignment], [_ASSIGNMENT], 403))
async def list_assignments(desk: DeskHere) -> Response:
    """Return from when to when which address stands for which unit, oldest first."""
    return answer(desk.visible.assignments())


@router.post(
    "/assignments",
    status_code=201,
    responses=answers(Assignment, _ASSIGNMENT, 403, 404, 409, 422, status=201),
)
async def assign_radio(new: NewAssignment, desk: DeskHere) -> Response:
    """Say that an address stands for a unit.

    The track that the address has comes along where the unit's agency heard it. Else it counts from
    now on, and the agency that heard it is told.
    """
    return answer(await desk.registry.assign(**new.model_dump()), status=201)


@router.patch(
    "/assignments/{assignment}", responses=answers(Assignment, _ASSIGNMENT, 403, 404, 409, 422)
)
async def end_assignment(assignment: str, change: AssignmentEnd, desk: DeskHere) -> Response:
    """Say that an address stands for its unit no longer."""
    return answer(await desk.registry.end_assignment(assignment, end=change.end))
