"""Kenwood: what comes out of a radio's serial port, cut into frames and sentences.

Two kinds of message share one byte stream: frames between STX (02) and ETX (03), and lines that
start with `$`. Some firmware puts STX and ETX around its sentences too; those are taken off. A line
`xE…` stands without either.
"""

from __future__ import annotations

import re

from radio_gateway.decoding.framing import LineFramer

STX, ETX = 0x02, 0x03
MAX_FRAME = 4200  # bytes; the longest message has 4096 characters

_EDGE = re.compile(rb"[\x02\x03]")
_FRAME_END = re.compile(rb"[\x02\x03\r\n$]")


class KenwoodFramer:
    """Cuts frames and sentences out of a byte stream.

    A frame is a payload from STX to ETX, both included. One that is cut short (by the start of
    another frame or sentence, a line end, or the end of the stream) is a payload without ETX, so
    that it is seen and counted. Everything else is lines, as `LineFramer` cuts them.

    Attributes:
        junk_bytes: Bytes so far that belonged to no payload, line ends not counted.
    """

    def __init__(self) -> None:
        self._lines = LineFramer()
        self._frame: bytes | None = None  # what followed an STX; None outside frames
        self._junk_bytes = 0

    @property
    def junk_bytes(self) -> int:
        """Bytes so far that belonged to no payload."""
        return self._junk_bytes + self._lines.junk_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the payloads it completed, in order."""
        payloads: list[bytes] = []
        at = 0
        while at < len(data):
            if self._frame is None:
                at = self._take_lines(data, at, payloads)
            else:
                at = self._take_frame(data, at, payloads)
        return payloads

    def close(self) -> list[bytes]:
        """Return what is unfinished; the framer can be used again."""
        payloads: list[bytes] = []
        self._cut_short(payloads)
        self._frame = None
        _add_lines(self._lines.close(), payloads)
        return payloads

    def _take_lines(self, data: bytes, at: int, payloads: list[bytes]) -> int:
        edge = _EDGE.search(data, at)
        if edge is None:
            _add_lines(self._lines.feed(data[at:]), payloads)
            return len(data)
        # STX and ETX end a line as CR and LF do
        _add_lines(self._lines.feed(data[at : edge.start()] + b"\n"), payloads)
        if data[edge.start()] == STX:
            self._frame = b""
        return edge.end()

    def _take_frame(self, data: bytes, at: int, payloads: list[bytes]) -> int:
        assert self._frame is not None
        end = _FRAME_END.search(data, at)
        stop = len(data) if end is None else end.start()
        self._frame += data[at:stop]
        if len(self._frame) > MAX_FRAME:  # no frame: an STX out of noise
            self._junk_bytes += len(self._frame) + 1
            self._frame = None
            return stop
        if end is None:
            return stop
        sign = data[stop]
        if sign == ETX:
            payloads.append(b"\x02" + self._frame + b"\x03")
            self._frame = None
            return stop + 1
        if sign in b"\r\n" and not self._frame:
            return stop + 1  # a line end between STX and what it starts
        self._cut_short(payloads)
        self._frame = b"" if sign == STX else None
        return stop if sign == 0x24 else stop + 1  # the `$` belongs to its sentence

    def _cut_short(self, payloads: list[bytes]) -> None:
        if self._frame:
            payloads.append(b"\x02" + self._frame)


def _add_lines(lines: list[bytes], payloads: list[bytes]) -> None:
    """Add lines; a status message that stands right before a sentence is one of its own."""
    for line in lines:
        start = line.find(b"$")
        if line.startswith(b"xE") and start > 0:
            payloads += [line[:start], line[start:]]
        else:
            payloads.append(line)
