"""Teltonika's packets: cutting them out of a TCP stream or a datagram; see `teltonika`."""

from __future__ import annotations

import re

from radio_gateway.formats.crc16 import reflected_crc16

MAX_BYTES = 8192  # a packet of records has at most 1,280; a camera's are larger
PING = b"\xff"
PREAMBLE = b"\0\0\0\0"
PACKET_HEAD = 8  # preamble and length
PACKET_REST = 12  # what the length leaves out: preamble, length, CRC

LOGIN = re.compile(rb"\0[\x0e-\x11](\d{14,17})")
DATAGRAM = re.compile(rb"(..)(..)[\x00-\xff](.)\0[\x0e-\x11](\d{14,17})", re.DOTALL)
_START = re.compile(
    rb"\0{6}[\x00-\x1f][\x00-\xff][\x07\x08\x0c\x0d\x0e\x10\x8e]|\0[\x0e-\x11]\d{14}", re.DOTALL
)
_JUNK_AT_MOST = 64
_LONGEST_START = 16


crc_ibm = reflected_crc16(0xA001, start=0, inverted=False)
"""CRC-16/ARC, which Teltonika calls IBM: `crc_ibm(b"123456789")` is 0xBB3D."""


class TeltonikaFramer:
    """Cuts log-ins, packets and datagrams by their lengths.

    What stands between them is a payload too, at most 64 bytes a piece, so that the technician sees
    it; the decoder rejects it. A packet that gives its length as 0 ends where the next one begins,
    or with the stream.

    Attributes:
        junk_bytes: Bytes so far that belonged to no packet.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the payloads it completed, in order."""
        return self._cut(data, ended=False)

    def close(self) -> list[bytes]:
        """Return what the unfinished packet holds, and forget it."""
        return self._cut(b"", ended=True)

    def _cut(self, data: bytes, *, ended: bool) -> list[bytes]:
        data = self._rest + data
        payloads: list[bytes] = []
        at = 0
        while at < len(data):
            end = self._end(data, at, ended=ended)
            if end is None:
                break
            payloads.append(data[at:end])
            at = end
        self._rest = data[at:]
        return payloads

    def _end(self, data: bytes, at: int, *, ended: bool) -> int | None:
        """Return where what begins at `at` ends; None when that is not known yet."""
        have = len(data) - at
        if data[at : at + 1] == PING:
            return at + 1
        whole = _length(data[at : at + PACKET_HEAD + 17])
        if whole is None:
            return len(data) if ended else None
        if whole > 0:
            if have >= whole:
                return at + whole
            return len(data) if ended else None
        lengthless = whole < 0
        most = MAX_BYTES if lengthless else _JUNK_AT_MOST
        start = at + (PACKET_HEAD + 1 if lengthless else 1)
        match = _START.search(data, start, at + most + _LONGEST_START)
        if match is not None and match.start() <= at + most:
            end = match.start()
        elif have >= most + _LONGEST_START:
            end = at + most
        elif ended:
            end = len(data)
        else:
            return None
        if not lengthless:
            self.junk_bytes += end - at
        return end


def _length(head: bytes) -> int | None:
    """Return how long what begins so is; None: not known yet; 0: nothing does; -1: it says 0."""
    if len(head) < 2:
        return None
    length = int.from_bytes(head[:2], "big")
    if length == 0:
        if not PREAMBLE.startswith(head[:4]):
            return 0
        if len(head) < PACKET_HEAD:
            return None
        length = int.from_bytes(head[4:PACKET_HEAD], "big")
        if length > MAX_BYTES:
            return 0
        return length + PACKET_REST if length else -1
    if 14 <= length <= 17:
        digits = head[2 : 2 + length]
        return length + 2 if not digits or digits.isdigit() else 0
    if length > MAX_BYTES:
        return 0
    if len(head) < 8:
        return None
    imei = head[8:]
    plausible = head[6] == 0 and 14 <= head[7] <= 17 and (not imei or imei[:14].isdigit())
    return length + 2 if plausible and length > 8 + head[7] else 0
