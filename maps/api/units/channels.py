"""Channels: how each link to radios fares, and what it did not understand."""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from fastapi import APIRouter, Response

from maps.accounts.sessions.access import DeskHere
from maps.api.responses.responses import answer, answers, printable
from radio_gateway.health.health import ChannelHealth, RejectedFrame

router = APIRouter(prefix="/api/channels", tags=["channels"])

_AT = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
_HEALTH = ChannelHealth(
    name="pier-radio",
    url="serial:///dev/ttyUSB0?baud=4800",
    protocols=("nmea0183",),
    state="open",
    since=_AT,
    last_heard_at=_AT,
    expected_interval_s=10,
    bytes_read=21_504,
    frames=336,
    transmissions=112,
    errors={"bad_checksum": 2},
)


class FrameRejection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A frame that was not understood.

    Attributes:
        channel: The channel's name.
        heard_at: When it was read.
        reason: Short fixed word.
        detail: What exactly is wrong.
        hex: Its bytes, two digits each.
        text: Its bytes as ASCII; a dot for what cannot be printed.
        topic: MQTT topic or HTTP path.
        source: Peer address.
    """

    channel: str
    heard_at: datetime
    reason: str
    detail: str
    hex: str
    text: str
    topic: str | None = None
    source: str | None = None


def frame_rejection(frame: RejectedFrame) -> FrameRejection:
    """Return a rejected frame as a technician reads it."""
    return FrameRejection(
        channel=frame.channel,
        heard_at=frame.heard_at,
        reason=frame.reason,
        detail=frame.detail,
        hex=frame.payload.hex(),
        text=printable(frame.payload),
        topic=frame.topic,
        source=frame.source,
    )


_REJECTED = frame_rejection(
    RejectedFrame(
        channel="pier-radio",
        heard_at=_AT,
        reason="bad_checksum",
        detail="says 6A, is 6B",
        payload=b"$GPRMC,023000,A,2016.2,N,10024.6,E,0.1,,241126,,*6A",
    )
)


@router.get("", responses=answers(list[ChannelHealth], [_HEALTH], 403))
async def list_channels(desk: DeskHere) -> Response:
    """Return how every channel fares, by name."""
    return answer(desk.visible.channels())


@router.get("/{name:path}/rejected", responses=answers(list[FrameRejection], [_REJECTED], 403, 404))
async def list_rejected_frames(name: str, desk: DeskHere) -> Response:
    """Return the last frames a channel did not understand, newest first."""
    return answer([frame_rejection(frame) for frame in desk.visible.rejected(name)])
