"""Lines of any bytes, as packet radio prints them: APRS text is neither ASCII nor always UTF-8."""

from __future__ import annotations

MAX_LINE = 1400  # bytes: the longest information field, third-party headers and a path


class PacketLineFramer:
    """Cuts a byte stream at CR, LF or both; a line longer than `MAX_LINE` is dropped whole.

    Empty lines are nothing, but a stream (a datagram, say) without any byte is one empty payload,
    so that it is counted. How a stream was split into reads makes no difference.

    Attributes:
        junk_bytes: Bytes so far in lines that were too long.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._rest = b""
        self._skipping = False  # the line being read is too long already
        self._silent = True

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the lines it completed, in order."""
        if not data:
            return []
        self._silent = False
        data = self._rest + data
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        lines = data[:end].splitlines() if end else []  # of bytes: CR, LF and CRLF only
        self._rest = data[end:]
        if self._skipping and lines:
            self.junk_bytes += len(lines.pop(0))
            self._skipping = False
        frames = []
        for line in lines:
            if len(line) > MAX_LINE:
                self.junk_bytes += len(line)
            elif line:
                frames.append(line)
        if self._skipping or len(self._rest) > MAX_LINE:
            self.junk_bytes += len(self._rest)
            self._rest, self._skipping = b"", True
        return frames

    def close(self) -> list[bytes]:
        """Return what the unfinished line holds; the framer can be used again."""
        line, self._rest = self._rest, b""
        silent, self._silent, self._skipping = self._silent, False, False
        return [line] if line or silent else []
