"""GT06's frames: cutting them out of a byte stream, checking and making them; see `gt06`."""

from __future__ import annotations

import re

import msgspec

from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.crc16 import reflected_crc16

MAX_BYTES = 2048
PLACE_BYTES = 18

_BARE_PLACES = frozenset((0x10, 0x11, 0x12))  # of clones that send neither serial nor CRC

_STARTS = re.compile(rb"xx|yy")
_EARLY_END = re.compile(rb"\r\n(?=xx|yy)")
_END = b"\r\n"
_LEAST = 5  # type, serial and CRC
_JUNK_AT_MOST = 64


crc_x25 = reflected_crc16(0x8408, start=0xFFFF, inverted=True)
"""CRC-16/X25: `crc_x25(b"123456789")` is 0x906E."""


class Gt06Frame(msgspec.Struct, frozen=True, gc=False):
    """One frame out of its envelope.

    Attributes:
        type: What sort of message.
        content: What stands between type and serial.
        serial: Counts the tracker's frames; None for clones that send none.
        extended: It starts with 79 79.
        fault: What is wrong with its CRC; empty when it is right, or when there is none.
    """

    type: int
    content: bytes
    serial: int | None
    extended: bool
    fault: str = ""


def read_frame(payload: bytes) -> Gt06Frame:
    """Take one frame out of its envelope.

    A frame whose CRC is right is whole, even where its stop bit was lost. One whose CRC is wrong
    is given out with its `fault`.

    Raises:
        FrameError: `bad_start`, `truncated` or `bad_length`.
    """
    start = payload[:2]
    if start not in (b"xx", b"yy"):
        raise FrameError("bad_start", payload, "neither 78 78 nor 79 79 at its start")
    extended = start == b"yy"
    head = 4 if extended else 3
    if len(payload) < head + _LEAST:
        raise FrameError("bad_start" if extended else "truncated", payload, "no whole frame")
    length = int.from_bytes(payload[2:head], "big")
    if length > MAX_BYTES:
        raise FrameError("bad_start", payload, f"79 79 and a length of {length}")
    stop = head + length
    if length >= _LEAST and len(payload) >= stop:
        right = crc_x25(payload[2 : stop - 2])
        if right == int.from_bytes(payload[stop - 2 : stop], "big"):
            if not _END.startswith(payload[stop:]):
                raise FrameError("bad_length", payload, f"{len(payload) - stop} bytes behind it")
            serial = int.from_bytes(payload[stop - 4 : stop - 2], "big")
            return Gt06Frame(payload[head], payload[head + 1 : stop - 4], serial, extended)
    if payload[-2:] != _END or len(payload) < head + _LEAST + 2:
        raise FrameError("truncated", payload, "no whole frame")
    return _unchecked(payload, head, extended=extended)


def _unchecked(payload: bytes, head: int, *, extended: bool) -> Gt06Frame:
    """Return a frame to its stop bit, whose CRC is wrong; or missing, where a place fills it."""
    type_, content = payload[head], payload[head + 1 : -2]
    bare = not extended and PLACE_BYTES <= len(content) < PLACE_BYTES + _LEAST - 1
    if bare and type_ in _BARE_PLACES:
        return Gt06Frame(type_, content, None, extended)
    right, crc = crc_x25(payload[2:-4]), int.from_bytes(payload[-4:-2], "big")
    fault = f"computed {right:04X}, received {crc:04X}"
    serial = int.from_bytes(payload[-6:-4], "big")
    return Gt06Frame(type_, content[:-4], serial, extended, fault)


def make_frame(type_: int, content: bytes, serial: int, *, extended: bool = False) -> bytes:
    """Return a frame, 79 79 where that is asked for or its content is too long for 78 78."""
    length = len(content) + _LEAST
    short = length < 256 and not extended
    head = b"xx" + bytes([length]) if short else b"yy" + length.to_bytes(2, "big")
    body = head[2:] + bytes([type_]) + content + serial.to_bytes(2, "big")
    return head[:2] + body + crc_x25(body).to_bytes(2, "big") + _END


class Gt06Framer:
    """Cuts frames out of a byte stream; start and stop bits stay.

    A frame ends where its length says; or, when its length is wrong, at a stop bit that another
    frame follows, or else at the first one. What stands between frames is a payload too, at most
    64 bytes a piece, so that the technician sees it; the decoder rejects it.

    Attributes:
        junk_bytes: Bytes so far that stood between frames.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._rest = b""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the payloads it completed, in order."""
        return self._cut(data, ended=False)

    def close(self) -> list[bytes]:
        """Return what the unfinished frame holds, and forget it."""
        return self._cut(b"", ended=True)

    def _cut(self, data: bytes, *, ended: bool) -> list[bytes]:
        data = self._rest + data
        payloads: list[bytes] = []
        at = 0
        while at < len(data):
            match = _STARTS.search(data, at, at + _JUNK_AT_MOST + 1)
            if match is not None and match.start() == at:
                end = self._frame_end(data, at, ended=ended)
            else:
                end = self._junk_end(data, at, match, ended=ended)
            if end is None:
                break
            payloads.append(data[at:end])
            at = end
        self._rest = data[at:]
        return payloads

    def _frame_end(self, data: bytes, start: int, *, ended: bool) -> int | None:
        """Return where the frame that starts there ends; None when that is not known yet."""
        head = 4 if data[start : start + 2] == b"yy" else 3
        have = len(data) - start
        if have < head:
            return len(data) if ended else None
        whole = int.from_bytes(data[start + 2 : start + head], "big") + head + 2
        if whole > MAX_BYTES:
            whole = MAX_BYTES
        early = _EARLY_END.search(data, start + head, start + whole)
        if early is not None and early.end() < start + whole:
            return self._cut_short(data, start, early.end())
        if have < whole:
            return self._cut_short(data, start, len(data)) if ended else None
        if data[start + whole - 2 : start + whole] == _END:
            return start + whole
        first = data.find(_END, start + head)
        if first < 0 or first > start + MAX_BYTES:
            if have < MAX_BYTES and not ended:
                return None
            return self._cut_short(data, start, start + whole)
        return self._cut_short(data, start, first + 2)

    @staticmethod
    def _cut_short(data: bytes, start: int, end: int) -> int:
        """Return where a broken frame ends: before a whole frame that ends at `end`, or there."""
        for match in _STARTS.finditer(data, start + 2, end):
            head = 4 if match[0] == b"yy" else 3
            at = match.start()
            length = int.from_bytes(data[at + 2 : at + head], "big") + head + 2
            if at + length == end and data[end - 2 : end] == _END:
                return at
        return end

    def _junk_end(
        self, data: bytes, at: int, match: re.Match[bytes] | None, *, ended: bool
    ) -> int | None:
        if match is not None:
            end = match.start()
        elif len(data) - at > _JUNK_AT_MOST:
            end = at + _JUNK_AT_MOST
        elif ended:
            end = len(data)
        else:
            return None
        self.junk_bytes += end - at
        return end
