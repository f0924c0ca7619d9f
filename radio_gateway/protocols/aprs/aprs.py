r"""APRS as text: the lines that TNCs print and that APRS-IS servers pass on.

    OH7LZB-9>APRS,WIDE1-1,OH2RCH*:!6028.51N/02505.68E>036/010   one packet a line (TNC2)
    # aprsc 2.1 …                                               a server's own words, skipped

`aprs_packet` has the header, `aprs_report` what the information field says. `secret` is the
passcode of an APRS-IS server: with it, and a call sign in `station`, the link signs in when it is
opened; a TNC gets no such line, since it might send it.

Source: APRS Protocol Reference 1.0.1; APRS-IS, "Connecting to APRS-IS".
"""

from __future__ import annotations

import re

from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, Order, OrderError
from radio_gateway.protocols.aprs.order import (
    ANSWER_WITHIN_S,
    ORDERS,
    TOCALL,
    order_info,
    station_call,
)
from radio_gateway.protocols.aprs.packet import read_packet
from radio_gateway.protocols.aprs.packet_lines import PacketLineFramer
from radio_gateway.protocols.aprs.report import read_report

__all__ = ["FRAMING", "ORDERS", "AprsDecoder", "decoder", "encode", "greeting", "speaks"]

FRAMING = PacketLineFramer

_PACKET = re.compile(rb"[A-Za-z0-9-]{1,9}>[A-Za-z0-9-]{1,9}[,: ]")
_PASSCODE = re.compile(r"-1|[0-9]{1,5}", re.ASCII)


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a packet in text form, or like a server's own words."""
    return frame.payload[:2] == b"# " or _PACKET.match(frame.payload) is not None


def decoder(settings: DecoderSettings) -> AprsDecoder:
    """Return a decoder that knows our call sign and which messages mean distress."""
    return AprsDecoder(settings)


class AprsDecoder(PlainDecoder):
    """Decodes lines; keeps nothing between them."""

    def __init__(self, settings: DecoderSettings) -> None:
        self._settings = settings

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one line.

        Returns:
            What it says; nothing for a server's own words.

        Raises:
            FrameError: `empty`, or as `read_packet` and `read_report`.
        """
        line = frame.payload
        if not line.strip():
            raise FrameError("empty", line)
        if line[:1] == b"#":
            return []
        return read_report(read_packet(line, line), frame, self._settings)


def encode(order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:
    """Return `order` as a line.

    Raises:
        OrderError: `no_station`, `bad_station`, `bad_device`, `empty`, `too_long` or `bad_text`.
    """
    info, answer = order_info(order, number=number)
    # a server wants to see that a packet did not come off the air; a TNC must not send that
    path = "" if settings.secret is None else ",TCPIP*"
    header = f"{station_call(settings)}>{TOCALL}{path}:"
    data = header.encode() + info + b"\r\n"
    return EncodedOrder(data=data, answer=answer, answer_within_s=ANSWER_WITHIN_S)


def greeting(settings: DecoderSettings) -> bytes:
    """Return the line that signs in to an APRS-IS server.

    Returns:
        Nothing without a passcode (`secret`; `-1` only listens) and a call sign: then the link
        is a TNC, or a server that asks for no name.
    """
    passcode = (settings.secret or "").strip()
    if not _PASSCODE.fullmatch(passcode):
        return b""
    try:
        station = station_call(settings)
    except OrderError:
        return b""
    return f"user {station} pass {passcode} vers joint-patrol 1\r\n".encode()
