"""Frame: one message cut out of a byte stream, not yet understood; and what cuts it out.

Framers work on bytes, are bounded, find their place again after noise and never raise.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Protocol

import msgspec


class Frame(msgspec.Struct, frozen=True, gc=False):
    """One message cut out of a byte stream or delivered whole by its transport.

    Attributes:
        payload: Its bytes, line ending or delimiters removed.
        heard_at: When its last byte was read, aware UTC.
        topic: MQTT topic or HTTP path, where there is one.
        source: Peer address, where there is one.
        resent: The link says that it may have handed this over before (MQTT DUP).
    """

    payload: bytes
    heard_at: datetime
    topic: str | None = None
    source: str | None = None
    resent: bool = False


class Framer(Protocol):
    """Cuts one connection's byte stream into payloads."""

    @property
    def junk_bytes(self) -> int:
        """Bytes so far that belonged to no frame."""

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the payloads it completed, in order."""

    def close(self) -> list[bytes]:
        """Return what the end of the stream completes, and forget the rest."""


MAX_LINE = 1024  # bytes; the longest AIS sentence with tag blocks is about 300

_PLAIN = re.compile(rb"[$!][^$!\\]*")
_NAME = re.compile(rb"[A-Za-z0-9/][A-Za-z0-9_./:-]{3,39},?")
_NAMED = re.compile(rb"[A-Za-z0-9/][A-Za-z0-9_./:-]{3,39},?[$!][^$!\\]*")
# Sentences and the ends of their lines. Nothing is given back (`+`).
_LINE = rb"(?:[A-Za-z0-9/][A-Za-z0-9_./:-]{3,39}+,?)?[$!][^$!\\\r\n]*+"
_LINE_END = rb"(?:\r\n?|\n)"
_ONE = re.compile(rb"(" + _LINE + rb")" + _LINE_END)  # as a message of a broker is
_NAMED_LINES = re.compile(rb"(?:" + _LINE + _LINE_END + rb")+")
_PRINTABLE = re.compile(rb"[\x20-\x7e]{4,}")
# A sentence with a tag block before it, or (MarineTraffic feeders) after it.
_SENTENCE = re.compile(
    rb"(?:\\[^\\$!]*\\){0,3}[$!][^$!\\]*(?:\\[^\\$!]*\\(?![$!]|\\[^\\$!]*\\[$!]))?"
)


class LineFramer:
    """Cuts lines of NMEA 0183, AIS and the like out of a byte stream.

    A line ends with CR, LF or both. Within a line a payload runs from its start character (`$`
    or `!`, or the `\\` that opens a tag block before it) to the next one, so that a sentence cut
    short by the start of another costs only itself. Text right before the first start character
    that looks like a device's name stays with the sentence; other bytes outside sentences are
    counted as junk. A line of printable text that has no start character is a payload too: the
    decoder rejects it, and the technician sees it. Of a line longer than `MAX_LINE` only the end
    counts. How a stream was split into reads makes no difference.

    Attributes:
        junk_bytes: Bytes so far that belonged to no payload, line ends not counted.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._rest = b""  # an unfinished line, never longer than MAX_LINE

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the payloads it completed, in order."""
        if not self._rest and len(data) <= MAX_LINE:
            one = _ONE.fullmatch(data)
            if one is not None:
                return [one[1]]
        data = self._rest + data
        end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
        if end == len(data):
            self._rest = b""
            return self._payloads(data)
        self._rest = self._newest(data[end:])
        return self._payloads(data[:end]) if end else []

    def close(self) -> list[bytes]:
        """Return what the unfinished line holds; the framer can be used again."""
        if not self._rest:
            return []
        line, self._rest = self._rest, b""
        return self._payloads(line)

    def _payloads(self, lines: bytes) -> list[bytes]:
        cut = lines.splitlines()  # of bytes: only CR, LF and CRLF end a line
        if cut and _only_sentences(lines, len(cut)) and max(map(len, cut)) <= MAX_LINE:
            return cut
        payloads: list[bytes] = []
        for line in cut:
            if (_PLAIN.fullmatch(line) or _NAMED.fullmatch(line)) and len(line) <= MAX_LINE:
                payloads.append(line)
            elif line:
                payloads += self._cut(self._newest(line))
        return payloads

    def _cut(self, line: bytes) -> list[bytes]:
        """Return the payloads of a line that is not just one sentence."""
        payloads: list[bytes] = []
        end = 0
        for match in _SENTENCE.finditer(line):
            start = match.start()
            if end == 0 and _NAME.fullmatch(line, 0, start):
                start = 0
            self.junk_bytes += start - end
            end = match.end()
            payloads.append(line[start:end])
        if not payloads and _PRINTABLE.fullmatch(line):
            return [line]
        self.junk_bytes += len(line) - end
        return payloads

    def _newest(self, line: bytes) -> bytes:
        if len(line) <= MAX_LINE:
            return line
        self.junk_bytes += len(line) - MAX_LINE
        return line[-MAX_LINE:]


def _only_sentences(lines: bytes, count: int) -> bool:
    """Return whether each of the `count` lines is one sentence: a check of all at once."""
    if lines[:1] not in (b"$", b"!"):
        return _NAMED_LINES.fullmatch(lines) is not None
    starts = 1 + lines.count(b"\n$") + lines.count(b"\n!")
    return starts == count == lines.count(b"$") + lines.count(b"!") and lines.find(b"\\") < 0


class MessageFramer:
    """Takes each datagram, MQTT message or HTTP body as one payload.

    Attributes:
        junk_bytes: Always 0.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Return the message; an empty one too, so that it is counted."""
        return [data]

    def close(self) -> list[bytes]:
        """Return nothing: no message is ever unfinished."""
        return []
