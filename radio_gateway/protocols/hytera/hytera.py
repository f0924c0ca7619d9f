"""Hytera DMR: where radios are (LP), that they are there (RRS) and their texts (TMP).

    UDP 30003 (slot 1: 30001 RRS and LP of the dispatcher; 30007 TMP)   HSTRP or bare HDAP
    serial or USB port of a mobile radio                     HRNP, see `hytera_link`
    LP   A002 report | B003 emergency report | C003 triggered | D003 conditional
         payload: request (4)  radio address (4)  result (2: 0 good, 6 no position, 69 bad format)
         GPS block; D003 and C003 have no result, C003 the time left before the block
         B003 is told in two layouts: as A002, and address (4), kind of emergency (1), GPS block;
         the length says which
         A004 D004: signal strength behind the block; x001 requests, x002 C005 D012 answers
    RRS  0003 registration | 0001 going away | 0082 on-line answer: radio address (4) …
         our answer 0080: address, 00 accepted, seconds until it registers again (4)
    TMP  private and group texts, see `hytera.tmp`
    the radio's number is the low three bytes of its address

Registrations, private texts, HSTRP packets and HRNP data are answered, or the radio keeps on
calling.

Source: facts and published samples of ok-dmrlib's and hyteratak's descriptions; Hytera's own
documents are given to partners only.
"""

from __future__ import annotations

import ipaddress

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.device_clock import corrected
from radio_gateway.messages.transmission import Kind, Transmission
from radio_gateway.protocols.hytera.hdap import (
    GPS_BYTES,
    LP,
    RRS,
    SERVICES,
    TMP,
    Gps,
    Hdap,
    read_gps,
    read_hdap,
    write_hdap,
)
from radio_gateway.protocols.hytera.hstrp_hrnp import (
    ACK,
    CLOSE,
    CONNECT,
    HEARTBEAT,
    HRNP_ACCEPT,
    HRNP_CLOSE,
    HRNP_CLOSED,
    HRNP_CONNECT,
    HRNP_DATA,
    HRNP_DATA_ACK,
    HRNP_START,
    HRNP_WORDS,
    HSTRP_START,
    OPTIONS,
    REJECT,
    Hrnp,
    Hstrp,
    HyteraFramer,
    acknowledge,
    read_hrnp,
    read_hstrp,
    write_hrnp,
    write_hstrp,
)
from radio_gateway.protocols.hytera.tmp import read_text_message, text_acknowledgement

FRAMING = HyteraFramer
RENEW_S = 1800  # registrations cost air time
_LINK_TOLD_EVERY_S = 60.0  # of a link's own packets, one a minute tells that it lives

Facts = dict[str, str | int | float | bool]

# Reports: where the GPS block begins, and whether the result stands before it.
_REPORTS = {
    0xA002: (10, True),
    0xA003: (10, True),
    0xA004: (10, True),
    0xC003: (8, False),
    0xD003: (8, False),
    0xD004: (8, False),
    0xD005: (8, False),
}
_EMERGENCIES = frozenset({0xB003, 0xB004})
_ANSWERS = frozenset({0xB002, 0xC002, 0xC005, 0xD002, 0xD012, 0xE002})
_REQUESTS = frozenset({0xA001, 0xB001, 0xC001, 0xC004, 0xD001, 0xD011, 0xE001})
_RRS_WORDS = {1: "deregister", 2: "status_query", 3: "register", 0x80: "register_answer"}
_REGISTER, _REGISTER_ANSWER, _ONLINE_ANSWER = 0x03, 0x80, 0x82


def speaks(frame: Frame) -> bool:
    """Return whether this looks like HRNP, HSTRP or HDAP."""
    payload = frame.payload
    if payload[:1] == bytes((HRNP_START,)) or payload.startswith(HSTRP_START):
        return True
    return len(payload) >= 7 and payload[0] & 0x7F in SERVICES and payload[-1] == 3


def decoder(settings: DecoderSettings) -> HyteraDecoder:
    """Return a decoder for one connection."""
    return HyteraDecoder(settings)


def greeting(settings: DecoderSettings) -> bytes:  # noqa: ARG001
    """Return what opens the service on a radio's serial port; it does not reach the air."""
    return write_hrnp(HRNP_CONNECT, 0)


class HyteraDecoder(SessionDecoder):
    """Decodes packets; numbers what it answers."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._live = settings.live
        self._number = 0

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one packet or datagram.

        Raises:
            FrameError: `truncated`, `bad_checksum`, `bad_end`, `bad_length`, `bad_options`,
                `unknown_opcode`, `unknown_service`, or what is wrong with a position that is
                not an emergency's.
        """
        payload = frame.payload
        if payload[:1] == bytes((HRNP_START,)):
            return [self._hrnp(read_hrnp(payload), frame)]
        if payload.startswith(HSTRP_START):
            return [self._hstrp(read_hstrp(payload), frame)]
        message = read_hdap(payload, payload)
        transmissions = self._message(message, frame, {})
        self._answers += _reply(message)
        return [transmissions]

    def _hrnp(self, packet: Hrnp, frame: Frame) -> Transmission:
        def answer(opcode: int, number: int, data: bytes = b"") -> bytes:
            return write_hrnp(
                opcode,
                number,
                data,
                source=packet.destination,
                destination=packet.source,
                version=packet.version,
            )

        if packet.opcode != HRNP_DATA or not packet.data:
            reply = {HRNP_CONNECT: HRNP_ACCEPT, HRNP_CLOSE: HRNP_CLOSED}.get(packet.opcode)
            if reply is not None:
                self._answers.append(answer(reply, packet.number))
            return _link(HRNP_WORDS[packet.opcode], frame, {})
        message = read_hdap(packet.data, frame.payload)
        transmissions = self._message(message, frame, {})
        self._answers.append(answer(HRNP_DATA_ACK, packet.number))
        for reply_data in _reply(message):
            self._answers.append(answer(HRNP_DATA, self._next(), reply_data))
        return transmissions

    def _hstrp(self, packet: Hstrp, frame: Frame) -> Transmission:
        facts: Facts = {}
        if packet.device_id is not None:
            facts["device_id"] = packet.device_id
        if packet.slot is not None:
            facts["slot"] = packet.slot
        acknowledgement = acknowledge(packet)
        owed = [] if acknowledgement is None else [acknowledgement]
        if packet.data and not packet.type & (REJECT | CLOSE | CONNECT | HEARTBEAT | ACK):
            message = read_hdap(packet.data, frame.payload)
            transmissions = self._message(message, frame, facts)
            owed += [
                write_hstrp(OPTIONS if packet.options else 0, self._next(), packet.options, reply)
                for reply in _reply(message)
            ]
        else:
            transmissions = _link(_hstrp_word(packet.type), frame, facts)
        self._answers += owed
        return transmissions

    def _next(self) -> int:
        self._number = self._number % 0xFFFF + 1
        return self._number

    def _message(self, message: Hdap, frame: Frame, facts: Facts) -> Transmission:
        if message.service == LP:
            return self._location(message, frame, facts)
        if message.service == RRS:
            return _registration(message, frame, facts)
        if message.service == TMP:
            return _text(message, frame, facts)
        facts |= {"kind": SERVICES[message.service], "opcode": f"{message.opcode:04x}"}
        return _plain("other", frame, facts)

    def _location(self, message: Hdap, frame: Frame, facts: Facts) -> Transmission:
        opcode, payload = message.opcode, message.payload
        if opcode in _EMERGENCIES:
            return self._emergency(payload, frame, facts)
        if len(payload) < 8:
            raise FrameError("truncated", frame.payload, f"{len(payload)} bytes of a location")
        facts["request_id"] = int.from_bytes(payload[:4], "big")
        device = _device(payload[4:8], facts)
        if opcode in _REPORTS:
            start, has_result = _REPORTS[opcode]
            result = int.from_bytes(payload[8:10], "big") if has_result else 0
            if opcode == 0xC003:
                start = max(start, len(payload) - GPS_BYTES)
            block = payload[start : start + GPS_BYTES]
            if result and (len(block) < GPS_BYTES or not any(block)):
                return _result("lp_error", result, frame, device, facts)
            if len(block) < GPS_BYTES:
                raise FrameError("truncated", frame.payload, "the GPS block is cut")
            if result:
                facts["result_code"] = result
            if payload[start + GPS_BYTES :]:
                facts["signal_raw"] = payload[start + GPS_BYTES :].hex()[:40]
            return self._report(read_gps(block, frame.payload), frame, device, facts, set())
        if opcode in _ANSWERS and len(payload) >= 10:
            result = int.from_bytes(payload[-2:], "big")
            return _result("lp_answer", result, frame, device, facts)
        facts |= {
            "kind": "lp_request" if opcode in _REQUESTS else "lp",
            "opcode": f"{opcode:04x}",
        }
        return _plain("command" if opcode in _REQUESTS else "other", frame, facts, device)

    def _emergency(self, payload: bytes, frame: Frame, facts: Facts) -> Transmission:
        """Return a call for help, whatever may be wrong with its place."""
        flags: set[str] = set()
        gps = Gps(current=False)
        device: str | None = None
        if len(payload) >= 10 + GPS_BYTES:
            facts["request_id"] = int.from_bytes(payload[:4], "big")
            device, start = _device(payload[4:8], facts), 10
        elif len(payload) >= 5 + GPS_BYTES:
            facts["emergency_type"] = payload[4]
            device, start = _device(payload[:4], facts), 5
        else:
            flags.add("layout_unknown")
            start = len(payload)
        block = payload[start : start + GPS_BYTES]
        if len(block) == GPS_BYTES:
            try:
                gps = read_gps(block, frame.payload)
            except FrameError as error:
                flags.add(error.reason)
        return self._report(gps, frame, device, facts, flags, distress=True)

    def _report(
        self,
        gps: Gps,
        frame: Frame,
        device: str | None,
        facts: Facts,
        flags: set[str],
        *,
        distress: bool = False,
    ) -> Transmission:
        time = gps.time
        if time is not None:
            time, doubt = corrected(time, frame.heard_at, live=self._live)
            if doubt is not None:
                flags.add(doubt)
        if gps.odd:
            flags.add("bad_field")
        position: Position | None = None
        key, window_s = frame.payload.hex(), _REPEATED_WITHIN_S
        if gps.lon is not None and gps.lat is not None:
            position = Position(
                lon=gps.lon, lat=gps.lat, speed_mps=gps.speed_mps, course_deg=gps.course_deg
            )
            if not gps.current:
                flags.add("stale_position")
            # an emergency without a current fix has the place and time of the one before
            if gps.time is not None and (gps.current or not distress):
                key, window_s = f"{gps.time.isoformat()}|{gps.lon}|{gps.lat}|{distress}", None
        elif not flags:
            flags.add("no_fix")
        return Transmission(
            protocol="hytera",
            kind="distress" if distress and position is None else "position",
            heard_at=frame.heard_at,
            device=device,
            position=position,
            fix=gps.current and position is not None,
            device_time=time,
            distress=distress,
            flags=tuple(sorted(flags)),
            facts=facts,
            raw=frame.payload,
            duplicate_key=key,
            duplicate_window_s=window_s,
            resent=frame.resent,
        )


_REPEATED_WITHIN_S: float | None = 3.0  # HSTRP sends again what was not acknowledged


def _reply(message: Hdap) -> list[bytes]:
    """Return what a message is answered with: a registration is accepted, a text acknowledged."""
    if message.service == TMP:
        text = read_text_message(message, message.payload)
        return [text_acknowledgement(text)] if text.wants_answer else []
    if (message.service, message.opcode) != (RRS, _REGISTER) or len(message.payload) < 4:
        return []
    accepted = message.payload[:4] + b"\0" + RENEW_S.to_bytes(4, "big")
    return [write_hdap(RRS, _REGISTER_ANSWER, accepted)]


def _registration(message: Hdap, frame: Frame, facts: Facts) -> Transmission:
    payload = message.payload
    if len(payload) < 4:
        raise FrameError("truncated", frame.payload, "a registration without an address")
    device = _device(payload[:4], facts)
    if message.opcode == _ONLINE_ANSWER:
        facts["kind"] = "status_answer"
        status = "offline" if payload[4:5] == b"\1" else "online"
        return _plain("status", frame, facts, device, status=status)
    facts["kind"] = _RRS_WORDS.get(message.opcode, f"rrs_{message.opcode:04x}")
    return _plain("status", frame, facts, device)


def _text(message: Hdap, frame: Frame, facts: Facts) -> Transmission:
    """Return a radio's words to us or to a group, or its answer to ours."""
    content = read_text_message(message, frame.payload)
    facts["request_id"] = content.request
    device = _device(content.source, facts) if len(content.source) == 4 else None
    if content.result is not None:
        return _result("text_ack", content.result, frame, device, facts)
    if content.text is None:
        facts |= {"kind": "short_data", "opcode": f"{message.opcode:04x}"}
        return _plain("other", frame, facts, device)
    name = "group" if content.is_group else "to"
    facts[name] = int.from_bytes(content.destination[1:], "big")
    return Transmission(
        protocol="hytera",
        kind="text",
        heard_at=frame.heard_at,
        device=device,
        text=content.text or None,
        facts=facts,
        raw=frame.payload,
        duplicate_key=f"tmp|{content.request}|{content.text}",
        duplicate_window_s=_TEXT_WINDOW_S,
        resent=frame.resent,
    )


_TEXT_WINDOW_S = 60.0  # a radio that hears no acknowledgement sends its text again


def _result(word: str, result: int, frame: Frame, device: str | None, facts: Facts) -> Transmission:
    """Return the answer to a request: done, or the code of what went wrong."""
    facts |= {"kind": word, "result_code": result, "answers": str(facts["request_id"])}
    status = "refused" if result else "acknowledged"
    return _plain("answer", frame, facts, device, status=status)


def _hstrp_word(type_: int) -> str:
    if type_ & HEARTBEAT:
        return "heartbeat"
    for bit, word in ((REJECT, "reject"), (CLOSE, "close"), (CONNECT, "connect"), (ACK, "ack")):
        if type_ & bit:
            return f"hstrp_{word}"
    return "hstrp_empty"


def _link(word: str, frame: Frame, facts: Facts) -> Transmission:
    """Return that a link speaks of itself; once a minute is enough."""
    facts["kind"] = word
    return Transmission(
        protocol="hytera",
        kind="status",
        heard_at=frame.heard_at,
        facts=facts,
        raw=frame.payload,
        duplicate_key=word,
        duplicate_window_s=_LINK_TOLD_EVERY_S,
    )


def _plain(
    kind: Kind,
    frame: Frame,
    facts: Facts,
    device: str | None = None,
    *,
    status: str | None = None,
) -> Transmission:
    return Transmission(
        protocol="hytera",
        kind=kind,
        heard_at=frame.heard_at,
        device=device,
        status=status,
        facts=facts,
        raw=frame.payload,
        duplicate_key=frame.payload.hex(),
        duplicate_window_s=_REPEATED_WITHIN_S,
        resent=frame.resent,
    )


def _device(address: bytes, facts: Facts) -> str:
    """Return a radio's address as text; its number becomes a fact."""
    facts["radio_id"] = int.from_bytes(address[1:], "big")
    return str(ipaddress.IPv4Address(address))
