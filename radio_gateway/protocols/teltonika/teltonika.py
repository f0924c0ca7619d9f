"""Teltonika (FMB, FMC, FMM, TMT, GH): a tracker's packets over TCP or UDP.

    TCP  log-in   length 2, IMEI (digits); we answer 01
         packet   00000000, length 4, codec 1, number of records 1, records, number of records 1,
                  CRC 4 (CRC-16/IBM from the codec to the second number); we answer the number, 4
         FF       a sign of life, not answered
    UDP  datagram length 2, packet 2, 01, AVL packet 1, length of the IMEI 2, IMEI, then as from
                  the codec to the second number; we answer 0005, packet, 01, AVL packet, number
    codecs        07 08 8E 10 records, see `records`; 0C 0D what a command or a serial port said:
                  type 1, length 4, [0D: time 4 (s)], text

A tracker sends a packet until it is answered, and nothing else before: so what is undamaged is
answered once it is stored, or rejected as nothing that can be read; of many records a wrong one is
rejected alone. What is damaged is left unanswered and comes again. A packet with a wrong CRC whose
records fit exactly is not damage on the way, as TCP lets none through: it is kept with the flag
`bad_crc`, and answered. Of a packet that a lost connection cut, the whole records are told
(`truncated`) and come again with it. On a serial line, and where the channel requires checksums,
both are refused.

An SOS or man-down event (ids 236 and 242 of personal trackers) is a call for help. What else is
one in this fleet, the channel says with `distress_statuses`: `io1=1` (a button at input 1), `panic`
(anything sent with that priority).

Only the log-in names the tracker: packets before it have no device and the flag `no_login`.

Source: "Teltonika Data Sending Protocols", Teltonika's wiki.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec

from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.tracker_report import TrackerReport
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.teltonika.framer import (
    DATAGRAM,
    LOGIN,
    PACKET_HEAD,
    PACKET_REST,
    PING,
    PREAMBLE,
    TeltonikaFramer,
    crc_ibm,
)
from radio_gateway.protocols.teltonika.records import RECORDS, RecordReader

FRAMING = TeltonikaFramer

_ACCEPTED = b"\1"
_COMMAND_TEXT, _TIMED_TEXT = 0x0C, 0x0D
_TEXTS = (_COMMAND_TEXT, _TIMED_TEXT)
_RESPONSE = 0x06
_LOGIN_WINDOW_S = 600.0  # a tracker logs in with each connection
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class _Packet(msgspec.Struct, frozen=True, gc=False):
    """The inside of a packet or datagram: codec, number of records, what lies between, number."""

    codec: int
    count: int
    content: bytes
    flag: str | None = None  # why its bytes may be doubted


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a log-in, a packet or a datagram of such a tracker."""
    payload = frame.payload
    return (
        payload == PING
        or (payload.startswith(PREAMBLE) and payload[8:9] in _CODECS)
        or LOGIN.match(payload) is not None
        or DATAGRAM.match(payload) is not None
    )


_CODECS = frozenset(bytes([codec]) for codec in (*RECORDS, *_TEXTS, 0x0E))


def decoder(settings: DecoderSettings) -> TeltonikaDecoder:
    """Return a decoder for one connection."""
    return TeltonikaDecoder(settings)


class TeltonikaDecoder(SessionDecoder):
    """Decodes the packets of one connection; keeps who logged in on it."""

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._settings = settings
        self._device: str | None = None

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one packet.

        Returns:
            What its records say, in their order.

        Raises:
            FrameError: `bad_start`, `truncated`, `bad_crc`, `bad_length`, `bad_count` or
                `unknown_codec`; of one record among many, `rejected` tells.
        """
        payload = frame.payload
        if payload == PING:
            return []
        if payload.startswith(PREAMBLE):
            packet = self._stream_packet(payload)
            if packet.flag is None and packet.codec not in _TEXTS:
                self._answers.append(packet.count.to_bytes(4, "big"))
            transmissions = self._read(packet, frame, self._device)
            if packet.flag == "bad_crc" and packet.codec in RECORDS:
                self._answers.append(packet.count.to_bytes(4, "big"))
            return transmissions
        login = LOGIN.fullmatch(payload)
        if login is not None and payload[1] == len(login[1]):
            self._device = login[1].decode()
            self._answers.append(_ACCEPTED)
            return [self._login(frame)]
        datagram = DATAGRAM.match(payload)
        if datagram is None or payload[7] > len(datagram[4]):
            raise FrameError("bad_start", payload, "neither a log-in nor a packet")
        packet = _datagram_packet(payload)
        answer = b"\0\5" + datagram[2] + b"\1" + datagram[3] + bytes([packet.count])
        self._answers.append(answer)
        return self._read(packet, frame, payload[8 : 8 + payload[7]].decode())

    def _stream_packet(self, payload: bytes) -> _Packet:
        if len(payload) < PACKET_REST + 3:
            raise FrameError("truncated", payload, f"{len(payload)} bytes of a packet")
        length = int.from_bytes(payload[4:PACKET_HEAD], "big")
        inside = payload[PACKET_HEAD:-4]
        crc, right = int.from_bytes(payload[-4:], "big"), crc_ibm(inside)
        flag: str | None = None
        if length and length != len(inside):
            flag, fault = "truncated", f"{length} bytes said, {len(inside)} are"
        elif crc != right:
            flag, fault = "bad_crc", f"computed {right:04X}, received {crc:04X}"
        if flag is not None and (self._settings.checksum_required or self._settings.damageable):
            raise FrameError(flag, payload, fault)
        return _Packet(inside[0], inside[1], inside[2:], flag)

    def _read(self, packet: _Packet, frame: Frame, device: str | None) -> list[Transmission]:
        if packet.codec in _TEXTS:
            reports = [_read_text(packet, frame.payload)]
        elif packet.codec in RECORDS:
            reports = self._records(packet, frame.payload)
        else:
            raise FrameError("unknown_codec", frame.payload, f"codec {packet.codec:02X}")
        transmissions: list[Transmission] = []
        for report in reports:
            report.device = device
            if device is None:
                report.flags.add("no_login")
            if packet.flag is not None:
                report.flags.add(packet.flag)
            try:
                transmissions.append(
                    report.transmission("teltonika", frame, live=self._settings.live)
                )
            except FrameError as fault:
                self._rejected.append(fault)
        return transmissions

    def _records(self, packet: _Packet, payload: bytes) -> list[TrackerReport]:
        """Return the records, which must fill the packet exactly; of a cut one the whole ones."""
        faults: list[FrameError] = []
        for sixteen in (False, True):
            reader = RecordReader(
                packet.codec,
                packet.content,
                payload,
                calls=self._settings.distress_statuses,
                sixteen=sixteen,
            )
            reports: list[TrackerReport] = []
            try:
                while len(reports) < packet.count:
                    reports.append(reader.read())
            except FrameError as error:
                faults.append(error)
            else:
                if packet.content[reader.at :] == bytes([packet.count]):
                    return reports
                fault = f"{packet.count} records do not fill it"
                faults.append(FrameError("bad_count", payload, fault))
            if packet.flag == "truncated" and reports:
                self._rejected.append(faults[-1])
                return reports
        raise faults[0]

    def _login(self, frame: Frame) -> Transmission:
        report = TrackerReport(kind="status", device=self._device, status="login")
        report.facts["kind"] = "none"
        result = report.transmission("teltonika", frame, live=self._settings.live)
        return msgspec.structs.replace(
            result, duplicate_key="login", duplicate_window_s=_LOGIN_WINDOW_S
        )


def _datagram_packet(payload: bytes) -> _Packet:
    if int.from_bytes(payload[:2], "big") + 2 != len(payload):
        raise FrameError("bad_length", payload, "the datagram is not as long as it says")
    inside = payload[8 + payload[7] :]
    if len(inside) < 3:
        raise FrameError("truncated", payload, "a datagram without records")
    return _Packet(inside[0], inside[1], inside[2:])


def _read_text(packet: _Packet, payload: bytes) -> TrackerReport:
    """Return what a command answered, or a device on the tracker's serial port said."""
    type_, words = packet.content[0], packet.content[5:-1]
    if len(packet.content) < 6 + 4 * (packet.codec == _TIMED_TEXT):
        raise FrameError("truncated", payload, "a text is cut")
    report = TrackerReport(kind="answer" if type_ == _RESPONSE else "other")
    report.facts |= {"kind": "no_position", "type": type_}
    if packet.codec == _TIMED_TEXT:
        seconds = int.from_bytes(words[:4], "big")
        report.time, words = _UNIX_EPOCH + timedelta(seconds=seconds), words[4:]
    text = words.decode("ascii", "replace").strip("\0\r\n ")
    if text.isprintable() and "\ufffd" not in text:
        report.text = text[:2000] or None
    else:
        report.facts["payload_hex"] = words[:200].hex()
    return report
