"""Speakers: nobody who signed in may speak for another."""

from __future__ import annotations

from collections.abc import Callable

from msgspec.structs import replace

from radio_gateway.decoding.framing import Frame
from radio_gateway.links.transport import Chunk
from radio_gateway.messages.transmission import Transmission


def own_words(
    chunk: Chunk, transmissions: list[Transmission], reject: Callable[[Frame, str, str], None]
) -> list[Transmission]:
    """Return what the sender of `chunk` may say of what it said.

    What names no sender comes from the device that signed in. What names another is rejected.

    Args:
        chunk: What was read.
        transmissions: What was decoded from it.
        reject: Called with frame, reason and detail for each that is refused.
    """
    if not chunk.speaks_for:
        return transmissions
    own: list[Transmission] = []
    name = chunk.speaks_for[0]
    for transmission in transmissions:
        device = transmission.device
        if device is None and not name.endswith("*"):
            own.append(replace(transmission, device=name))
        elif device is not None and may_speak(chunk.speaks_for, device):
            own.append(transmission)
        else:
            frame = Frame(transmission.raw, transmission.heard_at, chunk.topic, chunk.source)
            reject(frame, "device_mismatch", f"{name} may not speak for {device or 'the link'}")
    return own


def may_speak(speaks_for: tuple[str, ...], device: str) -> bool:
    """Return whether a sender that may speak for `speaks_for` may speak for `device`.

    >>> may_speak(("boat-3",), "boat-4"), may_speak(("3004*",), "300434030000001")
    (False, True)
    """
    return any(
        device.startswith(each[:-1]) if each.endswith("*") else device == each
        for each in speaks_for
    )
