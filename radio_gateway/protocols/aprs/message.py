"""APRS messages: words for one station or for all, and the acknowledgements of them.

    :ADDRESSEE:text{nnnnn      a message; with a number an acknowledgement is wanted
    :ADDRESSEE:text{mm}aa      the same, and aa acknowledges a message received (reply-ack)
    :ADDRESSEE:acknnnnn        received        :ADDRESSEE:rejnnnnn   cannot be taken
    :ADDRESSEE:?APRSP          a query for one station, here for its position
    :BLNn     :text            bulletin n (0-9) or announcement n (A-Z) for all;  BLNnGROUP
    :ADDRESSEE:PARM. UNIT. EQNS. BITS.   what the sender's telemetry means

The addressee is padded with blanks to 9 characters, the text has up to 67.

Source: APRS Protocol Reference 1.0.1, chapters 13 to 15; APRS 1.1 addendum, "Reply-acks".
"""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from radio_gateway.errors.errors import FrameError

MAX_TEXT = 67  # bytes; many radios show no more
MAX_NUMBER = 99_999  # five characters

MessageKind = Literal["message", "acknowledged", "refused", "query", "telemetry", "bulletin"]

_MESSAGE = re.compile(rb":([A-Za-z0-9 _/-]{9}):(.*)", re.DOTALL)
_ANSWER = re.compile(rb"(ack|rej)([A-Za-z0-9]{1,5})(?:\}[A-Za-z0-9]{0,5})?\s*")
_NUMBERED = re.compile(rb"(.*)\{([A-Za-z0-9]{1,5})(?:\}([A-Za-z0-9]{0,5}))?\s*", re.DOTALL)
_TELEMETRY = (b"PARM.", b"UNIT.", b"EQNS.", b"BITS.")


class AprsMessage(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message.

    Attributes:
        kind: What it is.
        addressee: Whom it is for; `BLN` and an identifier for a bulletin.
        text: Its words, as bytes.
        number: Its number; of an acknowledgement, the number that it acknowledges.
        also_acknowledges: Number of another message that a reply acknowledges.
    """

    kind: MessageKind
    addressee: str
    text: bytes = b""
    number: str | None = None
    also_acknowledges: str | None = None


def read_message(info: bytes, payload: bytes) -> AprsMessage:
    """Read a message.

    Args:
        info: Information field, `:` first.
        payload: The frame, for errors.

    Raises:
        FrameError: `bad_message` when the addressee does not end where it must.
    """
    match = _MESSAGE.fullmatch(info)
    if match is None or not match[1].strip():
        raise FrameError("bad_message", payload, "no addressee of nine characters")
    addressee, text = match[1].decode().rstrip(), match[2]
    if addressee.startswith("BLN"):
        return AprsMessage(kind="bulletin", addressee=addressee, text=text.strip())
    answer = _ANSWER.fullmatch(text)
    if answer is not None:
        kind: MessageKind = "acknowledged" if answer[1] == b"ack" else "refused"
        return AprsMessage(kind=kind, addressee=addressee, number=answer[2].decode())
    if text.startswith(_TELEMETRY):
        return AprsMessage(kind="telemetry", addressee=addressee, text=text.strip())
    numbered = _NUMBERED.fullmatch(text)
    number: str | None = None
    also: str | None = None
    if numbered is not None:
        text, number = numbered[1], numbered[2].decode()
        also = numbered[3].decode() if numbered[3] else None
    return AprsMessage(
        kind="query" if text.startswith(b"?") else "message",
        addressee=addressee,
        text=text.strip(),
        number=number,
        also_acknowledges=also,
    )


def message_info(addressee: str, text: bytes, number: str | None = None) -> bytes:
    """Return the information field of a message.

    >>> message_info("HS0ABC-9", b"come home", "12")
    b':HS0ABC-9 :come home{12'
    """
    tail = b"" if number is None else b"{" + number.encode()
    return b":" + addressee.encode().ljust(9) + b":" + text + tail
