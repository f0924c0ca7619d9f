"""HSTRP and HRNP: what carries Hytera's messages over UDP, and over a serial or USB port.

    HSTRP  "2B" 00 | type | number (2) | options | HDAP
           type     bit 5 options, 4 reject, 3 close, 2 connect, 1 heartbeat, 0 acknowledgement
           option   bit 7 another follows, 6-0 what: 1 realtime, 3 device number (4 bytes),
                    4 slot (1), 5-7 XPT site, index, channel | length | value
           Connect, close and data are acknowledged by the same type with bit 0, the same number
           and options. So are heartbeats, as hyteratak does: a bare heartbeat in answer could be
           answered by a heartbeat without end.
    HRNP   7E | version (4) | block | opcode | source | destination | number (2) | length of all
           (2) | checksum (2) | HDAP
           opcode   FE connect, FD accept, FC reject, FB close, FA closed, 00 data, 10 data
                    acknowledged
           checksum ones' complement of the ones' complement sum of all 16-bit words but itself,
                    an odd last byte padded with 00 (as in IP); ok-dmrlib's "off by one for data"
                    is the carry of that sum

Source: facts and published samples of ok-dmrlib's and hyteratak's descriptions.
"""

from __future__ import annotations

import msgspec

from radio_gateway.errors.errors import FrameError
from radio_gateway.protocols.hytera.hdap import hdap_length

HSTRP_START = b"2B\0"
HRNP_START = 0x7E
MAX_FRAME = 2048
OPTIONS, REJECT, CLOSE, CONNECT, HEARTBEAT, ACK = 0x20, 0x10, 0x08, 0x04, 0x02, 0x01
HRNP_CONNECT, HRNP_ACCEPT, HRNP_REJECT = 0xFE, 0xFD, 0xFC
HRNP_CLOSE, HRNP_CLOSED, HRNP_DATA, HRNP_DATA_ACK = 0xFB, 0xFA, 0x00, 0x10
HRNP_WORDS = {
    HRNP_CONNECT: "hrnp_connect",
    HRNP_ACCEPT: "hrnp_accept",
    HRNP_REJECT: "hrnp_reject",
    HRNP_CLOSE: "hrnp_close",
    HRNP_CLOSED: "hrnp_close_ack",
    HRNP_DATA: "hrnp_data",
    HRNP_DATA_ACK: "hrnp_data_ack",
}
HRNP_HEADER = 12
_US, _RADIO = 0x20, 0x10  # addresses on the cable
_VERSION = 4
_MAX_OPTIONS = 16


class Hstrp(msgspec.Struct, frozen=True, kw_only=True):
    """One HSTRP packet.

    Attributes:
        type: The bits.
        number: Of the packet.
        options: Their bytes, as sent.
        device_id: Of the radio or repeater.
        slot: Of the channel.
        data: What it carries; may be empty.
    """

    type: int
    number: int
    options: bytes
    device_id: int | None
    slot: int | None
    data: bytes


class Hrnp(msgspec.Struct, frozen=True, kw_only=True):
    """One HRNP packet whose checksum is right.

    Attributes:
        version: Of the protocol.
        opcode: What it is for.
        source: Who sends.
        destination: To whom.
        number: Of the packet.
        data: What it carries; may be empty.
    """

    version: int
    opcode: int
    source: int
    destination: int
    number: int
    data: bytes


def read_hstrp(payload: bytes) -> Hstrp:
    """Read a datagram.

    Raises:
        FrameError: `truncated` or `bad_options`.
    """
    if len(payload) < 6:
        raise FrameError("truncated", payload, "the header of HSTRP is cut")
    type_, number = payload[3], int.from_bytes(payload[4:6], "big")
    device_id: int | None = None
    slot: int | None = None
    at = 6
    more = bool(type_ & OPTIONS) and not type_ & HEARTBEAT
    count = 0
    while more:
        count += 1
        if count > _MAX_OPTIONS:
            raise FrameError("bad_options", payload, "too many options")
        if at + 2 > len(payload) or at + 2 + payload[at + 1] > len(payload):
            raise FrameError("truncated", payload, "an option of HSTRP is cut")
        more, what = bool(payload[at] & 0x80), payload[at] & 0x7F
        value = payload[at + 2 : at + 2 + payload[at + 1]]
        at += 2 + len(value)
        if what == 3 and len(value) == 4:
            device_id = int.from_bytes(value, "big")
        elif what == 4 and len(value) == 1:
            slot = value[0]
    return Hstrp(
        type=type_,
        number=number,
        options=payload[6:at],
        device_id=device_id,
        slot=slot,
        data=payload[at:],
    )


def acknowledge(packet: Hstrp) -> bytes | None:
    """Return the acknowledgement of a packet; None for one that wants none."""
    if packet.type & (ACK | REJECT):
        return None
    return write_hstrp(packet.type | ACK, packet.number, packet.options)


def write_hstrp(type_: int, number: int, options: bytes, data: bytes = b"") -> bytes:
    """Return a packet.

    >>> write_hstrp(CONNECT | ACK, 0, b"").hex()
    '324200050000'
    """
    return HSTRP_START + bytes((type_,)) + number.to_bytes(2, "big") + options + data


def read_hrnp(payload: bytes) -> Hrnp:
    """Read a packet.

    Raises:
        FrameError: `truncated`, `unknown_opcode` or `bad_checksum`.
    """
    length = hrnp_length(payload)
    if length == 0:
        raise FrameError("unknown_opcode", payload, "no HRNP header of a version we know")
    if length is None or len(payload) != length:
        raise FrameError("truncated", payload, f"{len(payload)} bytes of {length or 'a packet'}")
    checksum_sent, right = int.from_bytes(payload[10:12], "big"), hrnp_checksum(payload)
    if checksum_sent != right:
        raise FrameError("bad_checksum", payload, f"{checksum_sent:04x}, should be {right:04x}")
    return Hrnp(
        version=payload[1],
        opcode=payload[3],
        source=payload[4],
        destination=payload[5],
        number=int.from_bytes(payload[6:8], "big"),
        data=payload[HRNP_HEADER:],
    )


def write_hrnp(
    opcode: int,
    number: int,
    data: bytes = b"",
    *,
    source: int = _US,
    destination: int = _RADIO,
    version: int = _VERSION,
) -> bytes:
    """Return a packet, by default from us to the radio.

    >>> write_hrnp(HRNP_CONNECT, 0).hex()
    '7e0400fe20100000000c60e1'
    """
    head = bytes((HRNP_START, version, 0, opcode, source, destination))
    head += number.to_bytes(2, "big") + (HRNP_HEADER + len(data)).to_bytes(2, "big")
    packet = head + b"\0\0" + data
    return head + hrnp_checksum(packet).to_bytes(2, "big") + data


def hrnp_checksum(packet: bytes) -> int:
    """Return the checksum that a packet should have, whatever stands in its place.

    >>> f"{hrnp_checksum(bytes.fromhex('7e0400002010000100189b6002040005006400000001c403')):04x}"
    '9b60'
    """
    words = packet[:10] + packet[12:] + b"\0" * (len(packet) % 2)
    total = sum(int.from_bytes(words[at : at + 2], "big") for at in range(0, len(words), 2))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def hrnp_length(data: bytes) -> int | None:
    """Return how long the packet at the start of `data` is; 0: none begins here; None: unknown."""
    for at, right in ((0, (HRNP_START,)), (1, range(_VERSION + 1)), (3, HRNP_WORDS)):
        if len(data) <= at:
            return None
        if data[at] not in right:
            return 0
    if len(data) < 10:
        return None
    length = int.from_bytes(data[8:10], "big")
    return length if HRNP_HEADER <= length <= MAX_FRAME else 0


class HyteraFramer:
    """Cuts HRNP packets out of a serial stream; takes a datagram of HSTRP or HDAP whole.

    A packet whose checksum is wrong is handed on, so that it is counted and seen; the search goes
    on inside it, as what looked like its header may have been noise. What begins inside it and is
    wrong as well is not handed on again: noise full of headers would come out many times as long.

    Attributes:
        junk_bytes: Bytes so far that belonged to no packet.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._rest = b""
        self._fresh = True  # a datagram may begin here
        self._framed = False
        self._handled_bytes = 0  # of what is left, handed on already in a packet that was wrong
        self._noise = b""  # what came before the first packet

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the packets it completed, in order."""
        self._rest += data
        payloads: list[bytes] = []
        while self._step(payloads):
            pass
        return payloads

    def close(self) -> list[bytes]:
        """Return the datagram that the end completes; of a stream, what came instead of one."""
        rest, what = self._rest, self._noise + self._rest
        whole = bool(what) if not self._framed else bool(rest) and self._fresh
        self._rest, self._noise, self._fresh, self._framed = b"", b"", True, False
        self._handled_bytes = 0
        if whole:
            return [what[:MAX_FRAME]]
        self.junk_bytes += len(rest)
        return []

    def _step(self, payloads: list[bytes]) -> bool:
        rest = self._rest
        if not rest:
            return False
        if self._fresh and rest[0] != HRNP_START:
            return self._datagram(payloads)
        length = hrnp_length(rest)
        if length is None or (length and len(rest) < length):
            return False
        if not length:
            self._drop(self._next(1))
            return True
        packet = rest[:length]
        wrong = int.from_bytes(packet[10:12], "big") != hrnp_checksum(packet)
        if not (wrong and self._handled_bytes):
            payloads.append(packet)
        self._framed, self._fresh = True, False
        if wrong:
            self._handled_bytes = self._handled_bytes or length
            length = min(length, self._next(1))
        self._take(length)
        return True

    def _datagram(self, payloads: list[bytes]) -> bool:
        """Take HDAP by its length; leave HSTRP until the datagram's end."""
        rest = self._rest
        if rest.startswith(HSTRP_START) or HSTRP_START.startswith(rest):
            if len(rest) <= MAX_FRAME:
                return False
        else:
            length = hdap_length(rest)
            if length is None or (length and len(rest) < length):
                return False
            if length:
                payloads.append(rest[:length])
                self._take(length)
                self._framed = True
                return True
        self._drop(self._next(1))
        return True

    def _next(self, start: int) -> int:
        """Return where the next header may begin, from `start` on."""
        found = self._rest.find(HRNP_START, start)
        return len(self._rest) if found < 0 else found

    def _drop(self, count: int) -> None:
        self.junk_bytes += count
        if not self._framed:
            self._noise = (self._noise + self._rest[:count])[:MAX_FRAME]
        self._take(count)
        self._fresh = False

    def _take(self, count: int) -> None:
        self._rest = self._rest[count:]
        self._handled_bytes = max(self._handled_bytes - count, 0)
