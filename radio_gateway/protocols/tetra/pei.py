"""Cuts what a TETRA radio says on its peripheral interface (PEI) into messages.

    CRLF +CTSDSR: 12,2269001,0,9999,0,84 CRLF 0A112853A9FF4D4FFFE810 CRLF

A short data message is two lines: what it is, and its bits as hexadecimal digits. Other results
are one line (`OK`, `+CMGS: 0,4,65`). Radios run results together without a line end between.

Source: ETSI EN 300 392-5, 6.13 to 6.17.
"""

from __future__ import annotations

import re

MAX_LINE = 2048  # bytes; a message of 2047 bits has 512 digits
HEADER = b"+CTSDSR:"

_WHOLE = re.compile(rb"\+CTSDSR:[^+]*,\s*\d+[ \t]+[0-9A-Fa-f]+")
_DIGITS_FIRST = re.compile(rb"([0-9A-Fa-f]+)(\+C.*)")
_RESULT = re.compile(rb"\+C|\+GM|OK$|ERROR$|CONNECT|NO ")
_PRINTABLE = re.compile(rb"[\x20-\x7e]{2,}")


class PeiFramer:
    """Cuts a PEI's stream; a payload is one line, or the two of a short data message joined by LF.

    How the stream was split into reads makes no difference. Of a line longer than `MAX_LINE` only
    the end counts.

    Attributes:
        junk_bytes: Bytes so far that belonged to no payload, line ends not counted.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._rest = b""  # an unfinished line
        self._header: bytes | None = None  # whose digits are still to come

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the payloads it completed, in order."""
        data = self._rest + data
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        self._rest = self._newest(data[end:])
        payloads: list[bytes] = []
        for line in data[:end].splitlines():
            self._take(self._newest(line).strip(), payloads)
        return payloads

    def close(self) -> list[bytes]:
        """Return what the unfinished line completes, and a message whose digits never came."""
        payloads: list[bytes] = []
        rest, self._rest = self._rest, b""
        self._take(rest.strip(), payloads)
        if self._header is not None:
            payloads.append(self._header)
            self._header = None
        return payloads

    def _take(self, line: bytes, payloads: list[bytes]) -> None:
        line = line.removeprefix(b"> ")  # the prompt for a message's digits ends no line
        if line.startswith(b"\x1a") or line == b">":
            return
        if not line:
            return
        at = line.rfind(HEADER)
        if self._header is not None:
            split = _DIGITS_FIRST.fullmatch(line)
            if split is not None:  # the next result is glued to the digits
                self._take(split[1], payloads)
                self._take(split[2], payloads)
                return
            if at < 0 and not _RESULT.match(line):
                payloads.append(self._header + b"\n" + line)
                self._header = None
                return
        if at < 0:
            if _PRINTABLE.fullmatch(line):
                payloads.append(line)
            else:
                self.junk_bytes += len(line)
            return
        first = line.find(HEADER)
        if first != at:  # two in one line: each is one
            second = line.find(HEADER, first + 1)
            self._take(line[:second], payloads)
            self._take(line[second:], payloads)
            return
        if self._header is not None:
            payloads.append(self._header)
            self._header = None
        if _WHOLE.fullmatch(line, at):
            payloads.append(line)
        else:
            self._header = line

    def _newest(self, line: bytes) -> bytes:
        if len(line) <= MAX_LINE:
            return line
        self.junk_bytes += len(line) - MAX_LINE
        return line[-MAX_LINE:]
