"""One APRS packet: who sent it to whom over which relays, and its information field.

The text form that TNCs and APRS-IS servers print (TNC2):

    SOURCE>DESTINATION,RELAY1,RELAY2*,qAR,STATION:information
                                    ^ the relays up to here have repeated it

`DESTINATION` names the sender's software or radio (Mic-E puts half a position there). On APRS-IS
a construct `qA?` tells how a packet came in; the name after it is the station that heard it.

Source: APRS Protocol Reference 1.0.1, chapters 4 and 17; APRS-IS, "Q Construct" and "Connecting".
"""

from __future__ import annotations

import re

import msgspec

from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Signal

MAX_INFO = 1024  # bytes; the standard has 256, APRS-IS lines end at 512

_HEADER = re.compile(rb"([^>:]*)>([^:]*?)(?: ?<[^>]*>| ?\[[^\]]*\])?:")
_CALL = re.compile(rb"[A-Za-z0-9-]{1,9}")
_RELAY = re.compile(rb"([A-Za-z0-9-]{1,9}|[0-9A-F]{32})(\*?)")
_GENERIC = re.compile(r"(?:WIDE|TRACE|NOGATE|RELAY|GATE|RFONLY|TCPIP|TCPXX)[0-9]?(?:-[0-9]+)?")
_CONSTRUCT = re.compile(r"qA[A-Zor]")


class Packet(msgspec.Struct, frozen=True, gc=False):
    """One packet, not yet understood.

    Attributes:
        source: Call sign of the sender, with SSID.
        destination: What it is addressed to.
        relays: Path, without marks of use.
        used: How many of `relays` have repeated it.
        info: Information field; any bytes.
    """

    source: str
    destination: str
    relays: tuple[str, ...]
    used: int
    info: bytes

    @property
    def path(self) -> str:
        """The path as TNCs print it; empty when the packet was heard directly."""
        path = list(self.relays)
        if self.used:
            path[self.used - 1] += "*"
        return ",".join(path)

    def signal(self) -> Signal | None:
        """Return who heard it and over how many relays; None when the path is empty."""
        if not self.relays:
            return None
        station: str | None = None
        relays = self.relays
        at = next((at for at, name in enumerate(relays) if _CONSTRUCT.fullmatch(name)), None)
        if at is not None:
            station = relays[at + 1] if at + 1 < len(relays) else None
            relays = relays[:at]
        used = relays[: self.used]
        if any(name.startswith("TCP") for name in used):
            return Signal(station=station)
        # a relay puts its own name before the generic one that it has used up
        stations = [name for name in used if not _GENERIC.fullmatch(name)]
        return Signal(station=station, hops=len(stations or used))


def read_packet(line: bytes, payload: bytes) -> Packet:
    """Take apart a packet in text form.

    Args:
        line: From the source to the last byte of the information field.
        payload: The frame, for errors.

    Raises:
        FrameError: `bad_header`, `bad_source`, `bad_destination`, `bad_path`, `no_body`,
            `empty_body` or `too_long`.

    >>> packet = read_packet(b"HS0ABC-9>APRS,HS0XYZ*,WIDE2-1:>on patrol", b"")
    >>> packet.source, packet.path, packet.info
    ('HS0ABC-9', 'HS0XYZ*,WIDE2-1', b'>on patrol')
    """
    match = _HEADER.match(line)
    if match is None:
        has_header = b">" in line.partition(b":")[0]
        reason = "no_body" if has_header else "bad_header"
        raise FrameError(reason, payload, "no `SOURCE>DESTINATION:` at the start")
    source, addressed = match[1], match[2].split(b",")
    if not _CALL.fullmatch(source):
        raise FrameError("bad_source", payload, f"{source!r} is no call sign")
    if not _CALL.fullmatch(addressed[0]):
        raise FrameError("bad_destination", payload, f"{addressed[0]!r} is no call sign")
    relays: list[str] = []
    used = 0
    for number, name in enumerate(addressed[1:], 1):
        relay = _RELAY.fullmatch(name)
        if relay is None:
            raise FrameError("bad_path", payload, f"{name!r} is no call sign")
        relays.append(relay[1].decode())
        if relay[2]:
            used = number
    info = line[match.end() :]
    check_info(info, payload)
    return Packet(source.decode(), addressed[0].decode(), tuple(relays), used, info)


def check_info(info: bytes, payload: bytes) -> None:
    """Raise unless the information field says something and is not longer than any may be.

    Raises:
        FrameError: `empty_body` or `too_long`.
    """
    if not info.strip():
        raise FrameError("empty_body", payload, "the information field is empty")
    if len(info) > MAX_INFO:
        raise FrameError("too_long", payload, f"{len(info)} bytes, at most {MAX_INFO}")
