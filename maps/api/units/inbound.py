"""Inbound: where phones and gateways post what a channel `http:` hears.

The key that signs in decides who is speaking: the message reaches the decoder as if it came on the
MQTT topic of that device.
"""

from __future__ import annotations

import re
from typing import Protocol

from fastapi import APIRouter, Request, Response

from maps.accounts.sessions.access import ReporterHere, body_of
from maps.accounts.users_and_devices import UserAccounts
from maps.api.responses.responses import answers
from patrol.errors.errors import Forbidden, NotFound
from patrol.units.permissions import require
from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import FrameError
from radio_gateway.protocols.position_json import TOPIC_PREFIX, decode_items

router = APIRouter(prefix="/in", tags=["inbound"])

_PLAIN = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


class InboundChannel(Protocol):
    """A channel that takes bodies.

    Attributes:
        protocols: What it speaks.
    """

    protocols: tuple[str, ...]

    async def submit(
        self, body: bytes, *, topic: str, source: str, device: str, agency: str
    ) -> bytes:
        """Hand in one body and wait until all of it is stored or rejected.

        Args:
            body: What was posted.
            topic: As what the protocol reads who is speaking.
            source: What stands for the sender.
            device: Whose key was shown.
            agency: Whose device that is.

        Returns:
            What is to be said to the sender, often nothing.

        Raises:
            LinkError: If the channel is down; the sender should try again later.
        """


@router.post(
    "/{channel}",
    responses=answers(list[str], [], 403, 404, 503),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": {"type": "object"},
                    "example": {
                        "_type": "location",
                        "lat": 20.2711,
                        "lon": 100.4102,
                        "tst": 1795487400,
                    },
                }
            },
        }
    },
)
async def submit_frames(channel: str, request: Request, caller: ReporterHere) -> Response:
    """Hand one body to a channel; answered once it is stored or rejected.

    The answer is `[]`, or an array of what is to be said to the device (OwnTracks commands).

    OwnTracks: mode HTTP, user the device's name, password the device's key. A body that is not
    understood is kept with the channel's rejected frames and answered all the same: sending it
    again would not help.
    """
    if caller.device is None:
        raise Forbidden("post to a channel without a device key", caller.user.role)
    require(caller.user.role, "report positions")
    inbound: dict[str, InboundChannel] = request.app.state.inbound
    if channel not in inbound:
        raise NotFound("channel", channel)
    target, body = inbound[channel], await body_of(request)
    if "owntracks" in target.protocols:
        topic = await _owntracks_topic(request, caller.device)
    else:
        topic = f"{TOPIC_PREFIX}{caller.device}"
        _refuse_others(body, caller.device)
    outcome = await target.submit(
        body,
        topic=topic,
        source=caller.source,
        device=caller.device,
        agency=caller.user.agency,
    )
    return Response(outcome or b"[]", media_type="application/json")


async def _owntracks_topic(request: Request, device: str) -> str:
    """Return the topic of a device; one that is named by its user alone names itself.

    Raises:
        Forbidden: If what it names has a key of its own.
    """
    if "/" in device:
        return f"owntracks/{device}"
    second = request.headers.get("x-limit-d", "")
    topic = f"{device}/{second if _PLAIN.fullmatch(second) else 'phone'}"
    people: UserAccounts = request.app.state.people
    if await people.has_device(topic):
        raise Forbidden(f"speak for {topic}", device)
    return f"owntracks/{topic}"


def _refuse_others(body: bytes, device: str) -> None:
    """Raise if anything in a body of our own format names another device.

    Raises:
        Forbidden: If so; what cannot be read is for the channel to reject.
    """
    try:
        items = decode_items(body, heard_at=utc_now(), device=device)
    except FrameError:
        return
    if any(item.error.reason == "device_mismatch" for item in items.rejected):
        raise Forbidden("speak for another device", device)
