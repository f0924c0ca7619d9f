"""The checksums of the protocols, counted here and not by our decoders: to find them wrong, and to
put them right so that what is changed at random still gets past them.

Source: as in the protocol modules; none of their code is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import reduce
from operator import xor

from radio_gateway.messages.transmission import Transmission

_SENTENCE = re.compile(rb"([$!])([^$!*\\\r\n]*)\*([^\\\r\n]{0,2})")
_TAIP = re.compile(rb"(>[^<>\r\n]*)\*([^*<>\r\n]{0,2})(?=<|$)")
_GPS_A = re.compile(rb"\$\$CRC(.{4}),([^\r\n]*)", re.DOTALL)
_LONE_SENTENCE = re.compile(rb"\$([A-Z]{2}(?:RMC|GGA|GLL|GNS),[^*]*)\*(.{0,2})", re.DOTALL)
_IDENTITY = re.compile(rb"([A-Z0-9/][A-Z0-9/ ]{7},[\x20-\x7e]*)\*[0-9A-Fa-f]{2}")


def is_wrong(protocol: str, transmission: Transmission) -> bool:
    """Return whether what a channel of `protocol` said was made of a frame with a bad checksum."""
    check = _CHECKS.get(protocol)
    return check is not None and check(transmission)


def put_right(protocol: str, data: bytes) -> bytes:
    """Return a stream with the checksums right that can be found in it."""
    repair = _REPAIRS.get(protocol)
    return data if repair is None else repair(data)


def crc_x25(data: bytes) -> int:
    """Return the CRC of HDLC, bit by bit.

    >>> hex(crc_x25(b"123456789"))
    '0x906e'
    """
    crc = 0xFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x8408 if crc & 1 else 0)
    return crc ^ 0xFFFF


def _says(digits: bytes, number: int, width: int = 2) -> bool:
    return digits.upper() == b"%0*X" % (width, number)


def _sentence_is_wrong(raw: bytes) -> bool:
    return any(not _says(match[3], reduce(xor, match[2], 0)) for match in _SENTENCE.finditer(raw))


def _sentences_right(data: bytes) -> bytes:
    def right(match: re.Match[bytes]) -> bytes:
        return b"%s%s*%02X" % (match[1], match[2], reduce(xor, match[2], 0))

    return _SENTENCE.sub(right, data)


def _taip_is_wrong(raw: bytes) -> bool:
    match = _TAIP.search(raw)
    if match is None:
        return False
    total = reduce(xor, match[1])
    return not any(_says(match[2], each) for each in (total, total ^ ord("*")))


def _taip_right(data: bytes) -> bytes:
    def right(match: re.Match[bytes]) -> bytes:
        if _taip_is_wrong(match[0]):
            return b"%s*%02X" % (match[1], reduce(xor, match[1], ord("*")))
        return match[0]

    return _TAIP.sub(right, data)


def _gt06_is_wrong(transmission: Transmission) -> bool:
    raw = transmission.raw[: -2 if transmission.raw.endswith(b"\r\n") else None]
    if not {"no_checksum", "bad_crc"}.isdisjoint(transmission.flags):
        return False  # flagged, as over TCP it may be
    return crc_x25(raw[2:-2]) != int.from_bytes(raw[-2:])


def _gt06_right(data: bytes) -> bytes:
    out = bytearray(data)
    at = 0
    while (at := min((i for s in (b"xx", b"yy") if (i := out.find(s, at)) >= 0), default=-1)) >= 0:
        head = 3 if out[at : at + 1] == b"x" else 4
        end = at + head + int.from_bytes(out[at + 2 : at + head]) + 2
        if len(out) < end or end < at + head + 7 or out[end - 2 : end] != b"\r\n":
            at += 1
            continue
        out[end - 4 : end - 2] = crc_x25(bytes(out[at + 2 : end - 4])).to_bytes(2)
        at = end
    return bytes(out)


def _crc_ibm(data: bytes) -> int:
    crc = 0
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0xA001 if crc & 1 else 0)
    return crc


def _teltonika_is_wrong(transmission: Transmission) -> bool:
    raw = transmission.raw
    if raw[:4] != bytes(4) or not {"bad_crc", "truncated"}.isdisjoint(transmission.flags):
        return False
    return _crc_ibm(raw[8:-4]) != int.from_bytes(raw[-4:])


def _teltonika_right(data: bytes) -> bytes:
    out = bytearray(data)
    at = 0
    while (at := out.find(bytes(4), at)) >= 0:
        end = at + 12 + int.from_bytes(out[at + 4 : at + 8])
        if at + 15 <= end <= len(out):
            out[end - 4 : end] = _crc_ibm(bytes(out[at + 8 : end - 4])).to_bytes(4)
            at = end
        else:
            at += 1
    return bytes(out)


def _hrnp_sum(packet: bytes) -> int:
    words = packet[:10] + packet[12:] + b"\0" * (len(packet) % 2)
    total = sum(int.from_bytes(words[at : at + 2]) for at in range(0, len(words), 2))
    return -total % 0xFFFF if total else 0xFFFF


def _hdap_sum(body: bytes) -> int:
    return 0x33 + ~sum(body) & 0xFF


def _hytera_is_wrong(transmission: Transmission) -> bool:
    """Return whether the sums of the packet are wrong; HDAP stands at its end."""
    raw = transmission.raw
    if raw[:1] == b"\x7e" and _hrnp_sum(raw) % 0xFFFF != int.from_bytes(raw[10:12]) % 0xFFFF:
        return True
    return not any(
        raw[-2] == _hdap_sum(raw[at + 1 : -2])
        for at in range(len(raw) - 6)
        if raw[at] & 0x7F in (0x02, 0x08, 0x09, 0x11, 0x12, 0x13, 0x14)
    )


def _hytera_right(data: bytes) -> bytes:
    out = bytearray(data)
    for at in range(len(out) - 6):
        if out[at] & 0x7F in (0x08, 0x11):
            end = at + 7 + int.from_bytes(out[at + 3 : at + 5])
            if end <= len(out) and out[end - 1] == 0x03:
                out[end - 2] = _hdap_sum(bytes(out[at + 1 : end - 2]))
                break
    at = -1
    while (at := out.find(0x7E, at + 1)) >= 0:
        end = at + int.from_bytes(out[at + 8 : at + 10])
        if at + 12 <= end <= len(out):
            out[at + 10 : at + 12] = _hrnp_sum(bytes(out[at:end])).to_bytes(2)
    return bytes(out)


def _dprs_is_wrong(transmission: Transmission) -> bool:
    for line in re.split(rb"[\r\n]+", transmission.raw):
        start = line.rfind(b"$$CRC")
        if start >= 0:
            match = _GPS_A.match(line, start)
            if match is None or not _says(match[1], crc_x25(match[2] + b"\r"), 4):
                return True
            continue
        match = _LONE_SENTENCE.search(line)  # to the first star, whatever stands between
        if match is not None and not _says(match[2], reduce(xor, match[1], 0)):
            return True
    return False


def _dprs_right(data: bytes) -> bytes:
    data = _GPS_A.sub(lambda match: b"$$CRC%04X,%s" % (crc_x25(match[2] + b"\r"), match[2]), data)
    data = re.sub(
        rb"(?<!\$)\$[^$!*\\\r\n]*\*[^\\\r\n]{0,2}", lambda m: _sentences_right(m[0]), data
    )
    return _IDENTITY.sub(lambda match: b"%s*%02X" % (match[1], reduce(xor, match[1])), data)


def _aprs_is_wrong(transmission: Transmission) -> bool:
    """Return whether a sentence that is a packet's whole information is wrong."""
    information = transmission.raw.partition(b":")[2]
    return information.startswith(b"$GP") and _sentence_is_wrong(information)


_CHECKS: dict[str, Callable[[Transmission], bool]] = {
    "gt06": _gt06_is_wrong,
    "teltonika": _teltonika_is_wrong,
    "hytera": _hytera_is_wrong,
    "taip": lambda said: _taip_is_wrong(said.raw),
    "dprs": _dprs_is_wrong,
    "aprs": _aprs_is_wrong,
    **dict.fromkeys(
        ("nmea0183", "ais", "dsc", "raveon", "gpsgate", "kenwood"),
        lambda said: _sentence_is_wrong(said.raw),
    ),
}
_REPAIRS: dict[str, Callable[[bytes], bytes]] = {
    "gt06": _gt06_right,
    "teltonika": _teltonika_right,
    "hytera": _hytera_right,
    "taip": _taip_right,
    "dprs": _dprs_right,
    **dict.fromkeys(
        ("nmea0183", "ais", "dsc", "raveon", "gpsgate", "kenwood", "aprs"), _sentences_right
    ),
}
