"""APRS: what an operator wants said, as an information field.

    text, alert, distress   to one station: a message with a number, which it acknowledges
                            to all: bulletin 0-9, which nobody acknowledges
    poll                    of one station: the query ?APRSP; of all: the query ?APRS?
                            (the answer is an ordinary position report)
    mark                    to all: an object report (`aprs.object`)

Source: APRS Protocol Reference 1.0.1, chapters 13 to 15; aprs.org, "APRS device identifiers"
(`APZ…`: experimental).
"""

from __future__ import annotations

import re

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.formats.aprs_object import object_info
from radio_gateway.orders.order import Order, OrderError, OrderKind, place_of
from radio_gateway.protocols.aprs.message import MAX_NUMBER, MAX_TEXT, message_info
from radio_gateway.protocols.aprs.report import answer_name, own_call

ORDERS: frozenset[OrderKind] = frozenset({"distress", "alert", "poll", "text", "mark"})
TOCALL = "APZJPR"  # names the software, as every sender does
ANSWER_WITHIN_S = 30.0  # several relays, each waiting for a free channel

_STATION = re.compile(r"[A-Z0-9]{3,6}(?:-(?:[1-9]|1[0-5]))?", re.ASCII)
_DEVICE = re.compile(r"[A-Z0-9]{1,9}|[A-Z0-9]{1,7}-[A-Z0-9]{1,2}", re.ASCII)


def station_call(settings: DecoderSettings) -> str:
    """Return our call sign.

    Raises:
        OrderError: `no_station` or `bad_station`.
    """
    station = own_call(settings)
    if station is None:
        raise OrderError("no_station", "APRS needs a call sign of our own; set `station`")
    if not _STATION.fullmatch(station):
        raise OrderError("bad_station", f"{station!r} is no call sign with an SSID of 1 to 15")
    return station


def order_info(order: Order, *, number: int) -> tuple[bytes, str | None]:
    """Return an order as information field, and what the answer to it will be called.

    Args:
        order: What to say.
        number: Numbers the message; the same at every attempt.

    Raises:
        OrderError: `bad_device`, `empty`, `too_long`, `bad_text`, `no_place` or `not_to_one`.
    """
    if order.kind == "mark":
        if order.device is not None:
            raise OrderError("not_to_one", "an object is for all that listen")
        mark, lon, lat = place_of(order)
        return object_info(mark, lon=lon, lat=lat, at=order.created_at), None
    device = None if order.device is None else order.device.upper()
    if device is not None and (not _DEVICE.fullmatch(device) or len(device) > 9):
        raise OrderError("bad_device", f"{device!r} is no call sign")
    if order.kind == "poll":
        return (b"?APRS?" if device is None else message_info(device, b"?APRSP")), None
    text = _text(order.text)
    if device is None:
        return message_info(f"BLN{number % 10}", text), None
    label = str((number - 1) % MAX_NUMBER + 1)
    return message_info(device, text, label), answer_name(device, label)


def _text(text: str) -> bytes:
    content = " ".join(text.split()).encode()
    if not content:
        raise OrderError("empty", "there is nothing to say")
    if len(content) > MAX_TEXT:
        raise OrderError("too_long", f"{len(content)} bytes of UTF-8; a message holds {MAX_TEXT}")
    if re.search(rb"[\x00-\x1f\x7f|~{]", content):
        raise OrderError("bad_text", "|, ~, { and control characters mean something else there")
    if content.startswith(b"?"):
        raise OrderError("bad_text", "a message that starts with ? is a query")
    return content
