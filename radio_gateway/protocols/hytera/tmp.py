"""TMP: the text messages of Hytera's radios, inside HDAP; see `hytera`.

    opcode     flags 1 (bit 7: wants no acknowledgement, 6: option), what 1: A1 private text, A2 its
               acknowledgement, B1 text to a group, B2 its acknowledgement; AE AF BE BF the same of
               short data
    payload    [option: its length 2] request 4, destination 4 (a radio's address, or a group's
               number), source 4 (not in B2), then the text (UTF-16, low byte first) or a result 1
               (0: good) [option]

Source: facts of ok-dmrlib's and Hytera_Homebrew_Bridge's descriptions. They disagree about what bit
7 means; the latter's reading is taken. In which order an acknowledgement names the two addresses no
published sample shows.
"""

from __future__ import annotations

import msgspec

from radio_gateway.errors.errors import FrameError
from radio_gateway.protocols.hytera.hdap import TMP, Hdap, write_hdap

MAX_TEXT = 2000

PRIVATE_TEXT, PRIVATE_ACK, GROUP_TEXT, GROUP_ACK = 0xA1, 0xA2, 0xB1, 0xB2
_TEXTS = frozenset({PRIVATE_TEXT, GROUP_TEXT})
_ACKS = frozenset({PRIVATE_ACK, 0xAF, GROUP_ACK, 0xBF})
_OF_GROUP = frozenset({GROUP_ACK, 0xBF})
_NO_ANSWER, _OPTION = 0x80, 0x40


class TextMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message.

    Attributes:
        what: Its service, such as `PRIVATE_TEXT`.
        request: Number of the message.
        destination: Address of a radio, or a group's number, as sent.
        source: Address of the radio that sent it; empty where the message has none.
        text: The words; None: it is no text.
        result: Of an acknowledgement; 0: good.
        wants_answer: It is to be acknowledged.
    """

    what: int
    request: int
    destination: bytes
    source: bytes
    text: str | None = None
    result: int | None = None
    wants_answer: bool = False

    @property
    def is_group(self) -> bool:
        """Whether it goes to a group."""
        return self.what & 0xF0 == 0xB0


def read_text_message(message: Hdap, frame: bytes) -> TextMessage:
    """Read a message of service TMP.

    Args:
        message: It.
        frame: The frame it came in, for the error.

    Raises:
        FrameError: `truncated` or `bad_text`.
    """
    flags, what = message.opcode >> 8, message.opcode & 0xFF
    payload = message.payload
    if flags & _OPTION:
        option = int.from_bytes(payload[:2], "big")
        payload = payload[2:]
        if option > len(payload):
            raise FrameError("truncated", frame, "the option of a text message is cut")
        payload = payload[: len(payload) - option]
    head = 8 if what in _OF_GROUP else 12
    if len(payload) < head:
        raise FrameError("truncated", frame, f"{len(payload)} bytes of a text message")
    request, rest = int.from_bytes(payload[:4], "big"), payload[head:]
    destination, source = payload[4:8], payload[8:head]
    if what in _ACKS:
        if not rest:
            raise FrameError("truncated", frame, "an acknowledgement without its result")
        return TextMessage(
            what=what, request=request, destination=destination, source=source, result=rest[0]
        )
    return TextMessage(
        what=what,
        request=request,
        destination=destination,
        source=source,
        text=_text(rest, frame) if what in _TEXTS else None,
        wants_answer=what == PRIVATE_TEXT and not flags & _NO_ANSWER,
    )


def text_acknowledgement(message: TextMessage) -> bytes:
    """Return the acknowledgement of a private text: it is here."""
    payload = message.request.to_bytes(4, "big") + message.source + message.destination + b"\0"
    return write_hdap(TMP, PRIVATE_ACK, payload)


def _text(content: bytes, frame: bytes) -> str:
    try:
        text = content[: len(content) & ~1].decode("utf-16-le")
    except UnicodeDecodeError:
        raise FrameError("bad_text", frame, "the text is no UTF-16") from None
    text = text.partition("\0")[0]
    printable = "".join(each if each.isprintable() or each == "\n" else " " for each in text)
    return printable.strip()[:MAX_TEXT]
