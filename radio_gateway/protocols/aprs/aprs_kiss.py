"""APRS from a TNC: KISS frames, in them AX.25 packets, in them what APRS says.

`kiss` has the frames, `ax25` the packets, `aprs_report` what they say. A KISS frame that is no
data, and an AX.25 frame that is no unnumbered information, say nothing. The fact `port` is the
port of the TNC.

Source: as for those modules.
"""

from __future__ import annotations

from msgspec.structs import replace

from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderError
from radio_gateway.protocols.aprs.ax25 import read_ax25, ui_frame
from radio_gateway.protocols.aprs.kiss import KissFramer, kiss_frame
from radio_gateway.protocols.aprs.order import (
    ANSWER_WITHIN_S,
    ORDERS,
    TOCALL,
    order_info,
    station_call,
)
from radio_gateway.protocols.aprs.report import read_report

__all__ = ["FRAMING", "ORDERS", "AprsKissDecoder", "decoder", "encode", "speaks"]

FRAMING = KissFramer
PATH = ("WIDE1-1", "WIDE2-1")  # two relays, as is usual for who is on the move

_LEAST = 16  # bytes: command, two addresses, control


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a KISS frame with an AX.25 packet: six shifted characters."""
    payload = frame.payload
    if len(payload) < _LEAST:
        return False
    characters = payload[1:7]
    return payload[0] & 0x0F == 0 and all(byte & 1 == 0 and byte >= 0x40 for byte in characters)


def decoder(settings: DecoderSettings) -> AprsKissDecoder:
    """Return a decoder that knows our call sign and which messages mean distress."""
    return AprsKissDecoder(settings)


class AprsKissDecoder(PlainDecoder):
    """Decodes KISS frames; keeps nothing between them."""

    def __init__(self, settings: DecoderSettings) -> None:
        self._settings = settings

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one frame.

        Returns:
            What it says; nothing for a frame that carries no APRS.

        Raises:
            FrameError: `empty`, or as `read_ax25` and `read_report`.
        """
        payload = frame.payload
        if not payload:
            raise FrameError("empty", payload)
        if payload[0] & 0x0F:
            return []
        packet = read_ax25(payload[1:], payload)
        if packet is None:
            return []
        transmissions = read_report(packet, frame, self._settings)
        port = payload[0] >> 4
        return [replace(each, facts={**each.facts, "port": port}) for each in transmissions]


def encode(order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:
    """Return `order` as a KISS frame for the TNC's first port.

    Raises:
        OrderError: `no_station`, `bad_station`, `bad_device`, `empty`, `too_long` or `bad_text`.
    """
    info, answer = order_info(order, number=number)
    try:
        packet = ui_frame(station_call(settings), TOCALL, PATH, info)
    except ValueError as fault:
        raise OrderError("bad_station", str(fault)) from None
    return EncodedOrder(data=kiss_frame(packet), answer=answer, answer_within_s=ANSWER_WITHIN_S)
