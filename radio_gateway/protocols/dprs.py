r"""D-STAR position reports: what an Icom radio prints at its data jack. Lines end with CR.

    GPS-A (D-PRS)  $$CRChhhh,OH3BK-D>APRATS,DSTAR*:@165340h6128.23N/02353.52E-…    an APRS packet
                   hhhh: CRC of all behind the comma, the CR included: polynomial 8408
                   (reflected), start FFFF, result inverted

    GPS (NMEA)     $GPGGA,…*hh                       one to several sentences of one moment
                   $GPRMC,…*hh
                   OH3BK  D,BN  *59                  then who said it: call sign (8 characters),
                                                     comma, 20 characters
                   In the 20 characters D-PRS wants a symbol's code, words, and `*` with the
                   exclusive or of all from the call sign to before the `*`; a plain message
                   has no such check.

`OH3BK  D` is `OH3BK-D` in APRS, and so is its device. Sentences that no call sign follows within
some seconds name no sender: the link stands for it, and the flag `sender_unknown` says so.

Source: APRS-IS, "D-PRS"; P. Loveall, "APRS and D-STAR = D-PRS" (2007); the sample and its CRC are
published with aprx.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import msgspec

from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.epoch import merge
from radio_gateway.formats.nmea.fields import SentencePart
from radio_gateway.formats.nmea.sentence import CHECKSUMS, checksum
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.aprs.embedded_nmea import decode_part, sentence_part
from radio_gateway.protocols.aprs.packet import read_packet
from radio_gateway.protocols.aprs.packet_lines import PacketLineFramer
from radio_gateway.protocols.aprs.report import DUPLICATE_S, read_report

FRAMING = PacketLineFramer

PATIENCE = timedelta(seconds=5)  # 900 bit/s beside the voice: a line takes most of a second

_FILLER = b" f\0"  # what the slow data channel carries when there is nothing to say
_GPS_A = re.compile(rb"\$\$CRC([0-9A-Fa-f]{4}),(.*)", re.DOTALL)
_IDENTITY = re.compile(rb"([A-Z0-9/][A-Z0-9/ ]{7}),([\x20-\x7e]{0,20})")
_CHECKED = re.compile(r"(.*)\*([0-9A-Fa-f]{2})\s*")
_SENTENCE = re.compile(rb"\$[A-Z]{2}(?:RMC|GGA|GLL|GNS),.*")


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a line of GPS-A, a sentence or a D-STAR call sign."""
    payload = frame.payload
    return (
        b"$$CRC" in payload
        or _SENTENCE.search(payload) is not None
        or _IDENTITY.fullmatch(payload.lstrip(_FILLER)) is not None
    )


def decoder(settings: DecoderSettings) -> DprsDecoder:
    """Return a decoder for one radio's data jack."""
    return DprsDecoder(settings)


def crc(data: bytes) -> int:
    """Return the CRC of GPS-A.

    >>> f"{crc(b'123456789'):04X}"
    '906E'
    """
    value = 0xFFFF
    for byte in data:
        value = value >> 8 ^ _CRC_OF_BYTE[(value ^ byte) & 0xFF]
    return value ^ 0xFFFF


def _crc_of_byte(value: int) -> int:
    for _ in range(8):
        value = value >> 1 ^ (0x8408 if value & 1 else 0)
    return value


_CRC_OF_BYTE = tuple(_crc_of_byte(byte) for byte in range(256))


class _Open(msgspec.Struct):
    """Sentences that wait for the call sign."""

    part: SentencePart
    names: tuple[str, ...]
    checked: bool
    frame: Frame
    raw: bytes
    last_at: datetime


class DprsDecoder(PlainDecoder):
    """Decodes the lines of one radio; keeps the sentences that wait for their call sign."""

    def __init__(self, settings: DecoderSettings) -> None:
        self._settings = settings
        self._open: _Open | None = None

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one line.

        Returns:
            What is complete with it.

        Raises:
            FrameError: `empty`, `bad_crc`, `bad_checksum`, `unknown_line`, or as `read_report` and
                `read_part`.
        """
        payload = frame.payload
        if not payload.strip():
            raise FrameError("empty", payload)
        start = payload.rfind(b"$$CRC")
        if start >= 0:  # what stands before it is filler
            return self._gps_a(payload[start:], frame)
        sentence = _SENTENCE.search(payload)
        text = payload.lstrip(_FILLER) if sentence is None else sentence[0]
        if text[:1] == b"$":
            return self._sentence(text, frame)
        return self._identity(payload, frame)

    def flush(self, now: datetime | None) -> list[Transmission]:
        """Return the sentences that no call sign has followed; all when `now` is None."""
        if self._open is None or (now is not None and now - self._open.last_at < PATIENCE):
            return []
        return self._close(None, "")

    def waiting(self) -> bool:
        """Return whether sentences wait for a call sign."""
        return self._open is not None

    def _gps_a(self, line: bytes, frame: Frame) -> list[Transmission]:
        match = _GPS_A.fullmatch(line)
        if match is None:
            raise FrameError("bad_crc", frame.payload, "no four hexadecimal digits and a comma")
        right = crc(match[2] + b"\r")
        if int(match[1], 16) != right:
            detail = f"computed {right:04X}, received {match[1].decode()}"
            raise FrameError("bad_crc", frame.payload, detail)
        return read_report(read_packet(match[2], frame.payload), frame, self._settings)

    def _sentence(self, text: bytes, frame: Frame) -> list[Transmission]:
        read = sentence_part(text, frame.payload)
        held = self._open
        if read is None:  # satellites and the like
            if held is not None and frame.heard_at - held.last_at <= PATIENCE:
                held.last_at = frame.heard_at
            return []
        part, checked = read
        transmissions: list[Transmission] = []
        if held is not None:
            same_time = None in (held.part.time_of_day, part.time_of_day) or (
                held.part.time_of_day == part.time_of_day
            )
            late = frame.heard_at - held.last_at > PATIENCE
            if same_time and part.name not in held.names and not late:
                merge(held.part, part)
                held.names = (*held.names, part.name)
                held.checked = held.checked and checked
                held.raw += b"\r" + frame.payload
                held.last_at = frame.heard_at
                return []
            transmissions = self._close(None, "")
        self._open = _Open(part, (part.name,), checked, frame, frame.payload, frame.heard_at)
        return transmissions

    def _identity(self, line: bytes, frame: Frame) -> list[Transmission]:
        match = _IDENTITY.fullmatch(line.lstrip(_FILLER))
        if match is None:
            raise FrameError("unknown_line", line, "no sentence, no packet and no call sign")
        message = match[2].decode()
        check = _CHECKED.fullmatch(message)
        if check is not None:
            star = match[0].rindex(b"*")
            if checksum(match[0][:star]) != CHECKSUMS[check[2]]:
                raise FrameError("bad_checksum", line, "of the line with the call sign")
            message = check[1]
        held = self._open
        if held is None or frame.heard_at - held.last_at > PATIENCE:
            return [*self._close(None, ""), self._voice_call(match[1], message, frame)]
        held.raw += b"\r" + line
        return self._close(match[1], message)

    def _close(self, call: bytes | None, message: str) -> list[Transmission]:
        """Return the sentences that wait, as what `call` has said; nothing when none wait."""
        held, self._open = self._open, None
        if held is None:
            return []
        heard_at = held.frame.heard_at
        read = decode_part(held.part, heard_at, checked=held.checked, live=self._settings.live)
        flags, facts = set(read.flags), read.facts
        device = None if call is None else _device(call)
        if device is None:
            flags.add("sender_unknown")
        if message.strip():
            facts["comment"] = message.strip()
        return [
            Transmission(
                protocol="aprs",
                kind="empty" if held.part.empty else "position",
                heard_at=heard_at,
                device=device,
                position=read.position,
                fix=read.fix,
                device_time=read.device_time,
                flags=tuple(sorted(flags)),
                facts=facts,
                raw=held.raw,
                duplicate_key=f"{held.part.time_of_day}|{held.part.lon}|{held.part.lat}",
                duplicate_window_s=DUPLICATE_S,
                resent=held.frame.resent,
            )
        ]

    def _voice_call(self, call: bytes, message: str, frame: Frame) -> Transmission:
        """Return what a call sign without sentences says: who spoke."""
        return Transmission(
            protocol="aprs",
            kind="static",
            heard_at=frame.heard_at,
            device=_device(call),
            text=message.strip() or None,
            raw=frame.payload,
            duplicate_window_s=DUPLICATE_S,
            resent=frame.resent,
        )


def _device(call: bytes) -> str:
    """Return a D-STAR call sign as APRS writes it.

    >>> _device(b"OH3BK  D"), _device(b"HS0ABC  "), _device(b"HS0ABCDE")
    ('OH3BK-D', 'HS0ABC', 'HS0ABCDE')
    """
    return "-".join(call.decode().split())
