"""Frames and sentences for tests of decoders."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from radio_gateway.decoding.decoder import Decoder
from radio_gateway.decoding.framing import Frame, LineFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.sentence import checksum
from radio_gateway.messages.transmission import Transmission

NOW = datetime(2026, 11, 25, 12, 0, 0, tzinfo=UTC)
CAPTURES = Path(__file__).parent.parent.parent / "captures"


def sentence(body: str, start: str = "$") -> bytes:
    """Return `body` with start character and checksum."""
    return f"{start}{body}*{checksum(body.encode()):02X}".encode()


def frame(payload: bytes, *, after_s: float = 0.0, source: str | None = None) -> Frame:
    """Return a frame heard so long after `NOW`."""
    return Frame(payload, NOW + timedelta(seconds=after_s), None, source)


def heard(decoder: Decoder, payloads: Iterable[bytes]) -> tuple[list[Transmission], list[str]]:
    """Return what is said in a stream of payloads that then ends, and the reasons of errors."""
    transmissions: list[Transmission] = []
    reasons: list[str] = []
    for payload in payloads:
        try:
            transmissions += decoder.decode(frame(payload))
        except FrameError as error:
            reasons.append(error.reason)
    return transmissions + decoder.flush(None), reasons


def capture(name: str) -> list[bytes]:
    """Return the payloads of a capture of lines."""
    framer = LineFramer()
    return framer.feed((CAPTURES / name).read_bytes()) + framer.close()
