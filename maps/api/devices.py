"""Devices: phones, trackers and gateways that report with a key of their own."""

from __future__ import annotations

import msgspec
from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from maps.access import CallerHere
from maps.api.answers import answer, answers
from maps.people import People
from patrol.accounts import Device

router = APIRouter(prefix="/api/devices", tags=["devices"])

_DEVICE = Device(name="boat-3", agency="joint", origin="hx")


class DeviceKey(msgspec.Struct, frozen=True, kw_only=True):
    """A device's key, shown this once.

    Attributes:
        name: The device's name.
        key: Bearer token, or password of HTTP Basic and MQTT with the device's name as user.
    """

    name: str
    key: str


class NewDevice(BaseModel):
    """A device to add."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"name": "boat-3"}, {"name": "jane/phone"}]},
    )

    name: str = Field(
        pattern=r"^[A-Za-z0-9_.:\-]{1,64}(/[A-Za-z0-9_.:\-]{1,64})?$",
        description="The device id its messages carry; `user/device` for OwnTracks",
    )


@router.get("", responses=answers(list[Device], [_DEVICE], 403))
async def list_devices(caller: CallerHere, request: Request) -> Response:
    """Return the devices of the caller's agency, by name."""
    return answer(await _people(request).devices_for(caller.user))


@router.post(
    "",
    status_code=201,
    responses=answers(DeviceKey, DeviceKey(name="boat-3", key="mZ1…"), 403, 409, 422, status=201),
)
async def add_device(new: NewDevice, caller: CallerHere, request: Request) -> Response:
    """Add a device, or give it a new key in place of the old one; the key is shown this once."""
    key = await _people(request).add_device_for(caller.user, new.name)
    return answer(DeviceKey(name=new.name, key=key), status=201)


# A device's name may hold a slash.
@router.delete("/{name:path}", status_code=204, responses=answers(None, None, 403, 404, status=204))
async def revoke_device(name: str, caller: CallerHere, request: Request) -> Response:
    """Take a device's key away."""
    await _people(request).revoke_device_for(caller.user, name)
    return Response(status_code=204)


def _people(request: Request) -> People:
    people: People = request.app.state.people
    return people
