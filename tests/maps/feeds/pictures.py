"""Pieces of a live stream, as a desk sends them, for feeds to tell."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from patrol.intake.own_messages import OwnMessages, OwnNotes
from patrol.units.wire import Change, Fix, Snapshot, UnitState
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.technician.decode import StreamDecoder

NOON = datetime(2026, 11, 24, 12, 0, 30, tzinfo=UTC)


def fix(of: str, *, lon: float = 100.4102, lat: float = 20.2741, **more: Any) -> Fix:
    """Return a position, of noon unless said otherwise."""
    return Fix(of=of, lon=lon, lat=lat, **{"time": NOON, **more})


def unit(id: str, call_sign: str | None = None, **more: Any) -> UnitState:
    """Return a boat with a position unless said otherwise."""
    given = {"kind": "boat", "agency": "joint", "last": fix(id), **more}
    return UnitState(id=id, call_sign=call_sign or id.upper(), **given)


def own_messages() -> OwnMessages:
    """Return what a node told, at noon: nothing yet."""
    return OwnMessages("test-node", clock=NOON.timestamp)


def notes(*, comes_back: bool = False) -> OwnNotes:
    """Return where a writer notes what it tells."""
    return own_messages().of_feed("feed", comes_back=comes_back)


def snapshot(*units: UnitState) -> bytes:
    """Return the frame that holds the whole picture."""
    return msgspec.json.encode(Snapshot(stream="s", seq=1, time=NOON, units=units))


def change(
    *, units: tuple[UnitState, ...] = (), fixes: tuple[Fix, ...] = (), forget: tuple[str, ...] = ()
) -> bytes:
    """Return the frame that tells a change."""
    return msgspec.json.encode(Change(seq=2, time=NOON, units=units, fixes=fixes, forget=forget))


def later(seconds: float) -> datetime:
    """Return a moment after noon."""
    return NOON + timedelta(seconds=seconds)


def heard(protocol: str, data: bytes) -> list[Transmission]:
    """Return what our own gateway makes of a stream that a feed sent."""
    decoder = StreamDecoder(protocol, received_at=NOON)
    found = [*decoder.feed(data), *decoder.close()]
    assert not any(isinstance(each, FrameError) for each in found), found
    return [each for each in found if isinstance(each, Transmission)]
