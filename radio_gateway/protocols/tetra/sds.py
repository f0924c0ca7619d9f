"""Short data of TETRA: texts, delivery reports and what else stands behind a protocol identifier.

    byte 0      protocol identifier (PID); from 0x80 on the transport layer (SDS-TL) follows
    SDS-TL      4 bits message type: 0 TRANSFER, 1 REPORT, 2 ACK
      TRANSFER  2 bits delivery report wanted, 1 service selection, 1 stored and forwarded;
                byte: message reference; if stored, validity period (5 bits) and forward address
      REPORT    1 bit acknowledgement wanted, 2 reserved, 1 stored; byte: delivery status;
                byte: message reference
      ACK       4 bits reserved; byte: delivery status; byte: message reference
    text        1 bit time stamp follows, 7 bits coding; time stamp: 2 bits frame, 4 month, 5 day,
                5 hour, 6 minute, 2 rest; then the text: coding 0 is 7 bits, packed as GSM does,
                1-13 parts of ISO 8859, 14-25 code pages, 26 UTF-16 with the high byte first
    location    byte: coding scheme, 0 for NMEA 0183; then its sentences
    PID         02/82 text, 03/83 location in another system's words, 09/89 immediate text,
                0A location (LIP), 8A text with a user data header

Source: ETSI EN 300 392-2, 29.4 (SDS-TL), 29.5.3 (text messaging), 29.5.5 (location system), tables
29.21 and 29.29.
"""

from __future__ import annotations

import re

import msgspec

from radio_gateway.messages.transmission import Kind

TEXTS = frozenset({0x02, 0x82, 0x09, 0x89, 0x8A})
IMMEDIATE_TEXTS = frozenset({0x09, 0x89})
LOCATIONS = frozenset({0x03, 0x83})
LIP = 0x0A
MAX_TEXT = 2000  # characters

_SENTENCE = re.compile(rb"\$[^$\r\n]+")

_CODINGS = {
    1: "iso8859-1",
    2: "iso8859-2",
    3: "iso8859-3",
    4: "iso8859-4",
    5: "iso8859-5",
    6: "iso8859-6",
    7: "iso8859-7",
    8: "iso8859-8",
    9: "iso8859-9",
    10: "iso8859-10",
    11: "iso8859-13",
    12: "iso8859-14",
    13: "iso8859-15",
    14: "cp437",
    15: "cp737",
    16: "cp850",
    17: "cp852",
    18: "cp855",
    19: "cp857",
    20: "cp860",
    21: "cp861",
    22: "cp863",
    23: "cp865",
    24: "cp866",
    25: "cp869",
    26: "utf-16-be",
}
# GSM 03.38, 6.2.1: what differs from Latin-1 by position, and what follows an escape (0x1B).
_GSM = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_ESCAPED = {10: "\f", 20: "^", 40: "{", 41: "}", 47: "\\", 60: "[", 61: "~", 62: "]", 64: "|"}
_GSM_ESCAPED[101] = "€"


class ShortData(msgspec.Struct, kw_only=True):
    """What one message of short data says, apart from its place.

    Attributes:
        kind: As in Transmission.
        pid: Protocol identifier.
        text: Words for people.
        status: `acknowledged` or `refused` of a delivery report; `waiting` when it may yet come.
        msg_ref: Message reference, by which reports name it.
        facts: Further fields by name.
        flags: Quality flags.
        sentences: Sentences of NMEA 0183 that say where the radio is.
    """

    kind: Kind
    pid: int
    text: str | None = None
    status: str | None = None
    msg_ref: int | None = None
    facts: dict[str, str | int | float | bool] = {}
    flags: list[str] = []
    sentences: list[bytes] = []


def read_short_data(data: bytes) -> ShortData:
    """Take one message of short data (SDS type 4) apart.

    Args:
        data: From the protocol identifier on.

    Raises:
        ValueError: If it is cut short or in a coding that is not known.
    """
    pid = data[0]
    if pid < 0x80:
        if pid in TEXTS:
            return _text(ShortData(kind="text", pid=pid), data[1:])
        if pid in LOCATIONS:
            return _location(ShortData(kind="other", pid=pid), data[1:])
        return ShortData(kind="other", pid=pid)
    if len(data) < 3:
        raise ValueError("the transport layer is cut short")
    type_ = data[1] >> 4
    if type_ in (1, 2):
        if len(data) < 4:
            raise ValueError("the delivery report is cut short")
        return _report(pid, type_, delivery_status=data[2], msg_ref=data[3])
    short_data = ShortData(kind="other", pid=pid, msg_ref=data[2])
    if type_ != 0:
        short_data.facts["message_type"] = type_
        return short_data
    if data[1] >> 2 & 3:
        short_data.facts["report_wanted"] = True
    body = data[3:]
    if data[1] & 1:
        body = _after_forwarding(body)
    if pid in LOCATIONS:
        return _location(short_data, body)
    if pid not in TEXTS:
        return short_data
    short_data.kind = "text"
    return _text(short_data, body)


def unpack_gsm(data: bytes) -> str:
    """Return text of 7 bits a character, packed as in GSM short messages.

    >>> unpack_gsm(bytes.fromhex("e8329bfd4697d9ec37"))
    'hellohello'
    """
    count = len(data) * 8 // 7
    packed = int.from_bytes(data, "little")
    codes = [packed >> 7 * index & 0x7F for index in range(count)]
    if count % 8 == 0 and codes and codes[-1] == 0:
        codes.pop()  # seven characters leave seven bits over
    out: list[str] = []
    escaped = False
    for code in codes:
        if escaped:
            out.append(_GSM_ESCAPED.get(code, _GSM[code]))
            escaped = False
        elif code == 0x1B:
            escaped = True
        else:
            out.append(_GSM[code])
    return "".join(out)


def encode_text(text: str, *, msg_ref: int, immediate: bool = False) -> bytes:
    """Return a text as SDS-TL TRANSFER that asks for a report of receipt.

    Args:
        text: The words; in Latin-1 if that has all of them, otherwise in UTF-16.
        msg_ref: Message reference, 0 to 255.
        immediate: The radio is to show it at once, whatever it does.
    """
    try:
        coding, body = 1, text.encode("iso8859-1")
    except UnicodeEncodeError:
        coding, body = 26, text.encode("utf-16-be")
    return bytes((0x89 if immediate else 0x82, 0x04, msg_ref, coding)) + body


def _text(short_data: ShortData, body: bytes) -> ShortData:
    """Read the text after the transport layer; PID 8A has a user data header before the words."""
    if not body:
        raise ValueError("the text is cut short")
    coding, rest = body[0] & 0x7F, body[1:]
    if body[0] & 0x80:
        if len(rest) < 3:
            raise ValueError("the time stamp is cut short")
        short_data.facts |= _time_stamp(rest)
        rest = rest[3:]
    if short_data.pid == 0x8A:
        if not rest or len(rest) < 1 + rest[0]:
            raise ValueError("the user data header is cut short")
        header, rest = rest[1 : 1 + rest[0]], rest[1 + rest[0] :]
        if header[:1] == b"\0" and len(header) >= 5:  # part of a longer message
            short_data.facts |= {"series": header[2], "parts": header[3], "part": header[4]}
    if short_data.pid in IMMEDIATE_TEXTS:
        short_data.facts["immediate"] = True
    if coding == 0:
        text = unpack_gsm(rest)
    elif coding in _CODINGS:
        if coding == 26 and len(rest) % 2:
            rest = rest[:-1]
        text = rest.decode(_CODINGS[coding], "replace")
        if "\ufffd" in text:
            short_data.flags.append("garbled_text")
    else:
        raise ValueError(f"text coding {coding} is not known")
    short_data.text = text.rstrip("\0")[:MAX_TEXT]
    return short_data


def _location(short_data: ShortData, body: bytes) -> ShortData:
    """Read a location after the transport layer; of other coding schemes than NMEA only which."""
    if not body:
        raise ValueError("the location is cut short")
    short_data.sentences = [line.rstrip(b"\0") for line in _SENTENCE.findall(body)]
    if not short_data.sentences:
        short_data.facts["location_coding"] = body[0]
    return short_data


def _time_stamp(data: bytes) -> dict[str, str | int | float | bool]:
    """Return when a text was written, which says no year."""
    bits = int.from_bytes(data[:3], "big")
    month, day, hour, minute = bits >> 18 & 15, bits >> 13 & 31, bits >> 8 & 31, bits >> 2 & 63
    if not (1 <= month <= 12 and 1 <= day <= 31 and hour < 24 and minute < 60):
        return {}
    return {"written": f"{month:02}-{day:02} {hour:02}:{minute:02}"}


def _after_forwarding(body: bytes) -> bytes:
    """Return what follows the store-and-forward information.

    5 bits validity period, 3 bits type of the forward address: 0 short number (8 bits), 1 SSI
    (24), 2 TSI (48), 7 none. External numbers are digits of 4 bits after their count.
    """
    if not body:
        raise ValueError("the forwarding information is cut short")
    type_ = body[0] & 7
    if type_ == 3:
        digits = body[1] if len(body) > 1 else 0
        return body[2 + (digits + 1) // 2 :]
    return body[1 + {0: 1, 1: 3, 2: 6}.get(type_, 0) :]


def _report(pid: int, type_: int, *, delivery_status: int, msg_ref: int) -> ShortData:
    """Return a delivery report: 00-1F delivered, 20-3F not yet, 40-5F failed, 60-7F to wait."""
    sort = delivery_status >> 5
    status = {0: "acknowledged", 2: "refused"}.get(sort, "waiting")
    facts: dict[str, str | int | float | bool] = {
        "message": "report" if type_ == 1 else "ack",
        "delivery_status": delivery_status,
        "answers": f"sds-{msg_ref}",
    }
    return ShortData(kind="answer", pid=pid, status=status, msg_ref=msg_ref, facts=facts)
