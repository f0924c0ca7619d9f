"""TETRA messages for tests, built bit by bit."""

from __future__ import annotations

import pytest

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.tetra import tetra
from tests.radio_gateway.protocols.sentences import frame

RECORDED = DecoderSettings(live=False)


class Bits:
    """Writes numbers as a row of bits, high bits first."""

    def __init__(self) -> None:
        self.row = ""

    def add(self, *fields: tuple[int, int]) -> Bits:
        """Add (value, bits); a negative value in two's complement."""
        for value, count in fields:
            self.row += format(value & (1 << count) - 1, f"0{count}b")
        return self

    def digits(self) -> str:
        """The row as hexadecimal digits, filled with zero bits."""
        row = self.row + "0" * (-len(self.row) % 4)
        return f"{int(row, 2):0{len(row) // 4}X}"


def place(lon: float, lat: float) -> tuple[tuple[int, int], ...]:
    """Return the fields of a place, degrees."""
    return ((round(lon * (1 << 25) / 360), 25), (round(lat * (1 << 24) / 180), 24))


def short(
    lon: float = 100.412,
    lat: float = 20.273,
    *,
    elapsed: int = 0,
    error: int = 1,
    velocity: int = 10,
    direction: int = 4,
    reason: int = 129,
    user_data: int = 0,
) -> str:
    """Return a short location report as digits."""
    bits = Bits().add((0, 2), (elapsed, 2), *place(lon, lat), (error, 3), (velocity, 7))
    return "0A" + bits.add((direction, 4), (user_data, 1), (reason, 8)).digits()


def long(
    *fields: tuple[int, int], time: tuple[tuple[int, int], ...] = ((0, 2),), reason: int = 4
) -> str:
    """Return a long location report as digits; `fields` from the shape to the velocity."""
    bits = Bits().add((1, 2), (3, 4), *time, *fields, (0, 1), (0, 1), (reason, 8))
    return "0A" + bits.digits()


NO_VELOCITY = (0, 3)


def sds(
    digits: str, *, service: int = 12, source: str = "5010021", bits: int | None = None
) -> bytes:
    """Return a short data message as the framer gives it."""
    count = len(digits) * 4 if bits is None else bits
    return f"+CTSDSR: {service},{source},0,9999,0,{count}\n{digits}".encode()


def said_by(payload: bytes, settings: DecoderSettings = RECORDED) -> Transmission:
    """Return the one transmission of a message."""
    (transmission,) = tetra.decoder(settings).decode(frame(payload))
    return transmission


def refused(payload: bytes) -> str:
    """Return why a message is refused."""
    with pytest.raises(FrameError) as caught:
        said_by(payload)
    return caught.value.reason
