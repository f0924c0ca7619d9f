"""A radio protocol of lines, for tests: it can be told things, numbers them, and answers.

to the radio    TELL <number> <kind> <device> <words>
from the radio  ACK <number> | NAK <number> <why> | HERE <device> <lon> <lat>
"""

from __future__ import annotations

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderError, OrderKind

LONGEST = 40
ANSWER_WITHIN_S = 10.0


class FRAMING:
    """Cuts lines."""

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        *lines, self._rest = (self._rest + data).split(b"\n")
        return [line for line in lines if line]

    def close(self) -> list[bytes]:
        self._rest = b""
        return []


class _Decoder(PlainDecoder):
    def decode(self, frame: Frame) -> list[Transmission]:
        word, *rest = frame.payload.decode(errors="replace").split(" ", 3)
        if word in ("ACK", "NAK"):
            return [
                Transmission(
                    protocol="plain",
                    kind="answer",
                    heard_at=frame.heard_at,
                    status="acknowledged" if word == "ACK" else "refused",
                    text=rest[1] if len(rest) > 1 else None,
                    facts={"answers": rest[0]},
                    raw=frame.payload,
                )
            ]
        if word == "HERE":
            device, lon, lat = rest
            return [
                Transmission(
                    protocol="plain",
                    kind="position",
                    heard_at=frame.heard_at,
                    device=device,
                    position=Position(lon=float(lon), lat=float(lat)),
                    fix=True,
                    raw=frame.payload,
                )
            ]
        raise FrameError("unknown", frame.payload)


class Plain:
    """The protocol module.

    Args:
        answers: Whether the radio is to answer at all.
        answer_within_s: How long to wait for it, seconds.
    """

    FRAMING = FRAMING
    ORDERS: frozenset[OrderKind] = frozenset({"distress", "alert", "poll", "text"})

    def __init__(self, *, answers: bool = True, answer_within_s: float = ANSWER_WITHIN_S) -> None:
        self._answers, self._within_s = answers, answer_within_s

    def speaks(self, frame: Frame) -> bool:
        return frame.payload[:4] in (b"ACK ", b"NAK ", b"HERE")

    def decoder(self, settings: DecoderSettings) -> PlainDecoder:
        return _Decoder()

    def encode(self, order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:
        if len(order.text) > LONGEST:
            raise OrderError("too_long", f"{len(order.text)} characters, at most {LONGEST}")
        line = f"TELL {number} {order.kind} {order.device or '*'} {order.text}\n"
        return EncodedOrder(
            data=line.encode(),
            answer=str(number) if self._answers else None,
            answer_within_s=self._within_s,
        )
