"""What stands between the messages of a tracker's stream, where none should.

A line of printable text is handed on for the decoder to reject, so that the technician sees what a
device says that is not understood; anything else is counted as junk.
"""

from __future__ import annotations

import re
from collections.abc import Callable

AT_MOST = 256

_PRINTABLE = re.compile(rb"[\x20-\x7e]{4,}")
_LINE_END = re.compile(rb"[\r\n\0]")


class StrayBytes:
    """Gathers stray bytes into lines; how the stream was split makes no difference.

    Attributes:
        junk_bytes: Bytes so far that were no printable line of four or more, line ends not
            counted.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._line = b""  # what no line end has followed yet, shorter than AT_MOST

    def add(self, data: bytes) -> list[bytes]:
        """Take stray bytes; return the lines they complete. A long one is told in pieces."""
        *lines, rest = _LINE_END.split(self._line + data)
        pieces: list[bytes] = []
        for line in (*lines, rest):
            pieces += (line[at : at + AT_MOST] for at in range(0, len(line), AT_MOST))
        whole = not rest or len(rest) % AT_MOST == 0
        self._line = b"" if whole else pieces.pop()
        return [piece for piece in pieces if self._shows(piece)]

    def end(self) -> list[bytes]:
        """Return the line that the start of a message, or the end of the stream, completes."""
        line, self._line = self._line, b""
        return [line] if line and self._shows(line) else []

    def _shows(self, line: bytes) -> bool:
        if _PRINTABLE.fullmatch(line):
            return True
        self.junk_bytes += len(line)
        return False


class MarkedFramer:
    """Cuts messages that begin with a mark out of a byte stream; the marks stay.

    What stands between them is stray; a mark that no end follows in time is, too.
    """

    def __init__(
        self, mark: bytes, max_bytes: int, end: Callable[[bytes, int], int | None]
    ) -> None:
        """Make a framer.

        Args:
            mark: The byte that begins a message.
            max_bytes: How long a message is at most.
            end: Given bytes and where a message starts in them: where it ends; None while that
                is not known.
        """
        self._mark, self._max_bytes, self._end = mark, max_bytes, end
        self._stray = StrayBytes()
        self._rest = b""

    @property
    def junk_bytes(self) -> int:
        """Bytes so far that belonged to no payload, line ends not counted."""
        return self._stray.junk_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the payloads it completed, in order."""
        data = self._rest + data
        payloads: list[bytes] = []
        at = 0
        while True:
            start = data.find(self._mark, at)
            if start < 0:
                payloads += self._stray.add(data[at:])
                self._rest = b""
                return payloads
            payloads += self._stray.add(data[at:start])
            end = self._end(data, start)
            if end is not None:
                payloads += self._stray.end()
                payloads.append(data[start:end])
                at = end
            elif len(data) - start >= self._max_bytes:
                payloads += self._stray.add(self._mark)
                at = start + 1
            else:
                self._rest = data[start:]
                return payloads

    def close(self) -> list[bytes]:
        """Return what the unfinished message holds, and forget it."""
        rest, self._rest = self._rest, b""
        return self._stray.end() + ([rest] if rest else [])
