"""Inbound: where phones and gateways post what a channel `http:` hears.

The key that signs in decides who is speaking: the message reaches the decoder as if it came on the
MQTT topic of that device.
"""

from __future__ import annotations

import re
from typing import Protocol

from fastapi import APIRouter, Request, Response

from maps.access import ReporterHere
from maps.api.answers import answer, answers
from patrol.errors import Forbidden, NotFound
from patrol.permissions import require

router = APIRouter(prefix="/in", tags=["inbound"])

_PLAIN = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


class InboundChannel(Protocol):
    """A channel that takes bodies.

    Attributes:
        protocols: What it speaks.
    """

    protocols: tuple[str, ...]

    async def submit(self, body: bytes, *, topic: str, source: str) -> object:
        """Hand in one body and wait until all of it is stored or rejected.

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
async def submit(channel: str, request: Request, caller: ReporterHere) -> Response:
    """Hand one body to a channel; answered, with `[]`, once it is stored or rejected.

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
    target = inbound[channel]
    topic = f"joint-patrol/v1/position/{caller.device}"
    if "owntracks" in target.protocols:
        topic = _owntracks_topic(caller.device, request.headers.get("x-limit-d", ""))
    await target.submit(await request.body(), topic=topic, source=caller.source)
    return answer([])


def _owntracks_topic(device: str, second: str) -> str:
    """Return the topic of a device; one that is named by its user alone may name itself.

    >>> _owntracks_topic("jane/phone", "other"), _owntracks_topic("jane", "phone")
    ('owntracks/jane/phone', 'owntracks/jane/phone')
    """
    if "/" in device:
        return f"owntracks/{device}"
    return f"owntracks/{device}/{second if _PLAIN.fullmatch(second) else 'phone'}"
