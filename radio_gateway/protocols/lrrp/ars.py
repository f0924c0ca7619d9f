"""ARS: how a MOTOTRBO radio registers, over UDP port 4005; until it has, it gives no locations.

    u16 length of what follows | header | …
    header    bit 7 another header byte follows, 6 wants an answer (in an answer: refused),
              5 priority, 4 control message, 3-0 what it is: 0 registration, 1 going away,
              4 are you there, 5 user registration, 6 user going away, 15 answer
    registration: header, event (bits 6-5: 1 first, 2 again), then device, user and password, each
              a byte of length and so many characters
    our answer 00 02 BF 01: accepted, register again within 30 minutes

Source: packets published by readers of ARS (the Perl module TRBO::ARS, lrrpdec); the meaning of
the header's bits from ok-dmrlib's description.
"""

from __future__ import annotations

import msgspec

from radio_gateway.protocols.lrrp.mbxml import MbxmlError, Reader

ACCEPTED = bytes.fromhex("0002bf01")
_REGISTER, _LEAVE, _QUERY, _USER_REGISTER, _USER_LEAVE, _ANSWER = 0, 1, 4, 5, 6, 15
_WORDS = {
    _REGISTER: "register",
    _LEAVE: "deregister",
    _QUERY: "status_query",
    _USER_REGISTER: "user_register",
    _USER_LEAVE: "user_deregister",
    _ANSWER: "status_answer",
}


class ArsMessage(msgspec.Struct, frozen=True, kw_only=True):
    """One message.

    Attributes:
        word: What it is: `register`, `deregister`, `user_register`, `user_deregister`,
            `status_query`, `status_answer`.
        radio_id: The radio's number, where it says; a radio that does not is known by its
            network address.
        user: Who signed in, where it says. The password is not kept.
        wants_answer: It is to be told that it is registered.
    """

    word: str
    radio_id: str | None = None
    user: str | None = None
    wants_answer: bool = False


def is_ars(payload: bytes) -> bool:
    """Return whether a datagram has the length and a header of ARS."""
    if len(payload) < 3 or int.from_bytes(payload[:2], "big") != len(payload) - 2:
        return False
    return payload[0] == 0 and payload[2] & 0x0F in _WORDS and bool(payload[2] & 0x10)


def read_ars(payload: bytes) -> ArsMessage:
    """Read a message.

    Raises:
        MbxmlError: `truncated` or `bad_text`.
    """
    reader = Reader(payload[2:])
    header = reader.byte()
    kind = header & 0x0F
    if kind not in (_REGISTER, _USER_REGISTER):
        return ArsMessage(word=_WORDS[kind])
    if header & 0x80:
        reader.byte()
    radio_id, user = _text(reader), _text(reader)
    return ArsMessage(
        word=_WORDS[kind],
        radio_id=radio_id or None,
        user=user or None,
        wants_answer=bool(header & 0x40),
    )


def _text(reader: Reader) -> str:
    """Return a short text; some radios leave out the last ones."""
    if not reader.left:
        return ""
    data = reader.take(reader.byte())
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise MbxmlError("bad_text", "a name is no UTF-8") from None
