"""What stands between the messages of a tracker's stream, where none should.

A line of printable text is handed on for the decoder to reject, so that the technician sees what a
device says that is not understood; anything else is counted as junk.
"""

from __future__ import annotations

import re

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
