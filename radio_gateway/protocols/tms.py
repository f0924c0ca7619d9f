"""TMS: text messages of MOTOTRBO radios, over their IP network.

    UDP 4007   length 2 (of what follows) | header | address length 1 | address | … | text
    header     bit 7 more headers follow, 6 wants an acknowledgement, 5 set in texts, 4 control,
               3-0: text 0 (no control), are you there 0 (control), acknowledgement 15 (control)
    a text or its acknowledgement then has its number: bit 7 another byte follows, 4-0 low bits; of
               that byte 6-5 the high bits, 4-0 the encoding (4: UTF-16, low byte first)
    text       begins with CR LF from most radios

The radio is the sender's address (12.x.y.z: the last three bytes are its number), the same that it
has in `lrrp`, so that a radio that says where it is and what it wants to say is one. A text to a
group arrives like any other: to whom it went is seen in no byte of it. What wants an
acknowledgement gets it once it is stored; the radio sends the text again else.

Source: the description of TMS by BG7NYT (github.com/netkiller/Mototrbo) and what ok-dmrlib's tests
show of numbers and acknowledgements; Motorola's own document is not public.
"""

from __future__ import annotations

import ipaddress

from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Kind, Transmission

FRAMING = MessageFramer
MAX_BYTES = 2048
MAX_TEXT = 2000
REPEATED_WITHIN_S = 60.0

_MORE, _WANTS_ANSWER, _CONTROL, _TYPE = 0x80, 0x40, 0x10, 0x0F
_TEXT, _AVAILABILITY, _ACKNOWLEDGEMENT = 0x00, 0x10, 0x1F
_HERE = bytes.fromhex("00021f00")
_UTF_16 = 4


def speaks(frame: Frame) -> bool:
    """Return whether this has the length and the header of such a message."""
    payload = frame.payload
    if len(payload) < 4 or int.from_bytes(payload[:2], "big") != len(payload) - 2:
        return False
    return payload[2] & (_CONTROL | _TYPE) in (_TEXT, _AVAILABILITY, _ACKNOWLEDGEMENT)


def decoder(settings: DecoderSettings) -> TmsDecoder:  # noqa: ARG001
    """Return a decoder."""
    return TmsDecoder()


class TmsDecoder(SessionDecoder):
    """Decodes datagrams; keeps only what it owes as answers."""

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one datagram.

        Raises:
            FrameError: `empty`, `too_long`, `bad_length`, `truncated`, `unknown_type` or
                `bad_text`.
        """
        payload = frame.payload
        if not payload:
            raise FrameError("empty", payload)
        if len(payload) > MAX_BYTES:
            raise FrameError("too_long", payload, f"{len(payload)} bytes, at most {MAX_BYTES}")
        if len(payload) < 4:
            raise FrameError("truncated", payload, f"{len(payload)} bytes of a message")
        length = int.from_bytes(payload[:2], "big")
        if length != len(payload) - 2:
            raise FrameError("bad_length", payload, f"{length} said, {len(payload) - 2} are")
        header = payload[2]
        start = 4 + payload[3]
        if start > len(payload):
            raise FrameError("truncated", payload, "its address is cut")
        type_ = header & (_CONTROL | _TYPE)
        if type_ == _AVAILABILITY:
            if header & _WANTS_ANSWER:
                self._answers.append(_HERE)
            return [_transmission(frame, "status", status="text_service", key=None)]
        number, encoding, start = _read_number(payload, start, header)
        if type_ == _ACKNOWLEDGEMENT:
            facts: dict[str, str | int | float | bool] = {}
            if number is not None:
                facts["answers"] = str(number)
            return [_transmission(frame, "answer", status="acknowledged", key=None, facts=facts)]
        if type_ != _TEXT:
            raise FrameError("unknown_type", payload, f"header {header:02X}")
        text = _read_text(payload[start:], encoding, payload)
        if header & _WANTS_ANSWER:
            self._answers.append(acknowledgement(number))
        key = f"{number}|{text}"
        facts = {} if number is None else {"number": number}
        if payload[3]:
            facts["to"] = payload[4 : 4 + payload[3]].hex()
        return [_transmission(frame, "text", text=text or None, key=key, facts=facts)]


def acknowledgement(number: int | None) -> bytes:
    """Return the acknowledgement of a text.

    >>> acknowledgement(53).hex(), acknowledgement(8).hex(), acknowledgement(None).hex()
    ('00049f009520', '00039f0008', '00021f00')
    """
    if number is None:
        return _HERE
    rest = bytes((number,)) if number < 32 else bytes((_MORE | number & 0x1F, number & 0x60))
    return (2 + len(rest)).to_bytes(2, "big") + bytes((_MORE | _ACKNOWLEDGEMENT, 0)) + rest


def _read_number(payload: bytes, start: int, header: int) -> tuple[int | None, int, int]:
    """Return number, encoding and where the text begins."""
    if not header & _MORE:
        return None, _UTF_16, start
    if start >= len(payload):
        raise FrameError("truncated", payload, "no number")
    first = payload[start]
    if not first & _MORE:
        return first & 0x1F, _UTF_16, start + 1
    if start + 1 >= len(payload):
        raise FrameError("truncated", payload, "half a number")
    second = payload[start + 1]
    end = start + 2
    while payload[end - 1] & _MORE and end < len(payload):
        end += 1  # headers that nobody has described
    return first & 0x1F | second & 0x60, second & 0x1F or _UTF_16, end


def _read_text(content: bytes, encoding: int, payload: bytes) -> str:
    try:
        text = content.decode("utf-16-le" if encoding == _UTF_16 else "utf-8")
    except UnicodeDecodeError:
        raise FrameError("bad_text", payload, f"no text in encoding {encoding}") from None
    printable = "".join(each if each.isprintable() or each == "\n" else " " for each in text)
    return printable.strip()[:MAX_TEXT]


def _transmission(
    frame: Frame,
    kind: Kind,
    *,
    key: str | None,
    text: str | None = None,
    status: str | None = None,
    facts: dict[str, str | int | float | bool] | None = None,
) -> Transmission:
    device, number = _device(frame.source)
    facts = facts or {}
    if number is not None:
        facts["radio_id"] = number
    return Transmission(
        protocol="lrrp",
        kind=kind,
        heard_at=frame.heard_at,
        device=device,
        text=text,
        status=status,
        facts=facts,
        raw=frame.payload,
        duplicate_key=None if key is None else f"tms|{key}",
        duplicate_window_s=REPEATED_WITHIN_S,
        resent=frame.resent,
    )


def _device(source: str | None) -> tuple[str | None, int | None]:
    """Return the address of a sender `address:port` and the radio's number."""
    try:
        address = ipaddress.IPv4Address((source or "").rpartition(":")[0])
    except ValueError:
        return None, None
    return str(address), int(address) & 0xFF_FFFF
