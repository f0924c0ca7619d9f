"""Kenwood: a position poll or a text as the radio takes it at its serial port.

    STX R3 1001001 ETX                 FleetSync poll           STX gR3U00001 ETX      NEXEDGE poll
    STX F 1001001 text ETX             up to 48 characters      STX gFU00001 text ETX
    STX G 1001001 text ETX             up to 4096               STX gGU00001 text ETX
    STX F 0000000 text ETX             to everyone              STX gFG00000 text ETX

without the blanks. The radio answers STX 0 ETX when the other one took it, STX 1 ETX when it did
not answer; a message to everyone is not answered. A set that is programmed for messages of 48 or
1024 characters does not transmit longer ones.

Each is a burst of noise to those who listen on the channel.

Source: reverse-engineered by the authors of NCSSAR radiolog and of ksync; 9600 baud 8N1.
"""

from __future__ import annotations

import re

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.orders.order import EncodedOrder, Order, OrderError, OrderKind

ORDERS: frozenset[OrderKind] = frozenset({"distress", "alert", "poll", "text"})
SHORT, LONG = 48, 4096  # characters
ANSWER_WITHIN_S = 12.0  # the radio repeats its burst before it gives up

_FLEETSYNC = re.compile(r"(\d{3}):(\d{4})", re.ASCII)
_NEXEDGE = re.compile(r"U\d{5}", re.ASCII)  # how eight digits are written is not known
_EVERY_FLEETSYNC, _EVERY_NEXEDGE = "0000000", "G00000"


def encode(order: Order, settings: DecoderSettings, *, number: int) -> EncodedOrder:  # noqa: ARG001
    """Return an order as the bytes that the radio at the serial port takes.

    To everyone means everyone on FleetSync, unless our own name on the air (`settings.station`) is
    a NEXEDGE one.

    Raises:
        OrderError: `no_device` (a poll needs one), `bad_device`, `empty_text`, `too_long`, or
            `bad_character`: only printable ASCII can be sent.
    """
    if order.device is None:
        if order.kind == "poll":
            raise OrderError("no_device", "a poll asks one radio for its position")
        nexedge = _NEXEDGE.fullmatch(settings.station or "") is not None
        target = _EVERY_NEXEDGE if nexedge else _EVERY_FLEETSYNC
    else:
        fleetsync = _FLEETSYNC.fullmatch(order.device)
        nexedge = fleetsync is None
        if fleetsync is not None:
            target = fleetsync[1] + fleetsync[2]
        elif _NEXEDGE.fullmatch(order.device):
            target = order.device
        else:
            raise OrderError("bad_device", f"{order.device!r} is no 100:1001 and no U00001")
    body = "R3" + target if order.kind == "poll" else _text(order.text, target)
    return EncodedOrder(
        data=b"\x02" + ("g" if nexedge else "").encode() + body.encode("ascii") + b"\x03",
        answer=None if order.device is None else "",
        answer_within_s=ANSWER_WITHIN_S,
    )


def _text(text: str, target: str) -> str:
    if not text:
        raise OrderError("empty_text", "there is nothing to say")
    if len(text) > LONG:
        raise OrderError("too_long", f"{len(text)} characters, at most {LONG}")
    if not (text.isascii() and text.isprintable()):
        raise OrderError("bad_character", "only printable ASCII characters can be sent")
    return ("F" if len(text) <= SHORT else "G") + target + text
