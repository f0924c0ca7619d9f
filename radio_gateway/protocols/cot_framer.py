"""Cuts Cursor on Target events out of a stream: XML, TAK protocol version 1, or both mixed.

    XML     [<?xml … ?>] <event …> … </event>   or   <event … />
    stream  BF  varint: length of the message  message             TAK protocol over TCP
    mesh    BF  varint: version  BF  message to the datagram's end  TAK protocol over UDP

An event ends at the `</event>` that is markup, not at one inside a comment, a CDATA section or a
quoted value. `<` is never allowed inside a tag, so one there shows that the tag before was cut,
and a new `<event` shows that the event before was.

A message in TAK protocol begins with field 1 or 2, whose own length must fit: a BF for which that
does not hold is noise. No protobuf message begins with BF (there is no wire type 7), so that the
second BF of the mesh header is never a stream's message; a mesh header counts only at the very
start of what was read, where a datagram has it.

Source: MITRE, "Cursor-on-Target Message Router User's Guide" (events on a stream); XML 1.0 (5th
edition), 2.4 to 2.7; TAK protocol, "protocol.txt" of the published ATAK-CIV sources.
"""

from __future__ import annotations

import re

MAX_EVENT = 64 * 1024  # bytes; a drawing with some hundred corners is about 30 KiB

_SHOWN = 1024  # bytes of what is no event that are handed on

_START = re.compile(rb"<\?xml\b|<!DOCTYPE\b|<event(?=[\s/>])|\xbf")
_XML_STARTS = (b"<?xml", b"<!DOCTYPE", b"<event")
_TAG = re.compile(rb"<[^<>\"']*(?:\"[^\"<]*\"[^<>\"']*|'[^'<]*'[^<>\"']*)*>")
_EVENT_TAG = re.compile(rb"<event[\s/>]")
_EVENT_END = re.compile(rb"</event\s*>")
_SECTIONS = ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>"))
_LONGEST_MARK = len(b"<![CDATA[")
_TAK = 0xBF
_MESSAGE_STARTS = (0x0A, 0x12)  # field 1 or 2, with a length
_VARINT_BYTES = 5  # of a length; more would be over 4 GiB


class CotFramer:
    """Cuts events out of one connection's bytes, however they were split into reads.

    Of an event longer than `MAX_EVENT` the first 1024 bytes are a payload, so that it is counted
    and seen; the search goes on inside it. Where the end comes before any event did, the beginning
    of what came instead is a payload (a cut or foreign datagram); otherwise what the end cuts off
    is junk (a link that broke).

    Attributes:
        junk_bytes: Bytes so far that belonged to no event, white space between events not
            counted.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._rest = b""
        self._scan = _Scan()
        self._fresh = True  # nothing came yet: a datagram's header may
        self._framed = False
        self._noise = b""  # what came before the first event

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the events it completed, in order."""
        self._rest += data
        payloads: list[bytes] = []
        while self._step(payloads):
            pass
        return payloads

    def close(self) -> list[bytes]:
        """Return the datagram that the end completes, or the one event that it cut."""
        payloads: list[bytes] = []
        if self._fresh and self._rest[:1] == b"\xbf" and _is_mesh(self._rest):
            payloads = [self._rest]
        elif not self._framed and _message_end(self._rest) == 0:
            what = self._noise + self._rest
            payloads = [what[:_SHOWN]] if what.strip() else []
        else:
            self.junk_bytes += len(self._rest)
        self._rest = self._noise = b""
        self._scan, self._fresh, self._framed = _Scan(), True, False
        return payloads

    def _step(self, payloads: list[bytes]) -> bool:
        """Cut one event or some junk from the front; return False when more must be read."""
        rest = self._rest
        if self._fresh and rest[:1] == b"\xbf":
            mesh = _is_mesh(rest)
            if mesh is None or (mesh and len(rest) <= MAX_EVENT):
                return False
        start = _START.search(rest)
        if start is None:
            # the end may be the first bytes of a start, but of no longer one than these
            keep = min(len(rest), _LONGEST_MARK)
            self._drop(len(rest) - keep + max(_possible_start(rest[len(rest) - keep :]), 0))
            return False
        if start.start():
            self._drop(start.start())
            return True
        if rest[0] == _TAK:
            return self._tak(payloads)
        return self._xml(payloads)

    def _tak(self, payloads: list[bytes]) -> bool:
        length = _message_end(self._rest)
        if length is None:
            return False
        if length == 0:
            self._drop(1)
        elif len(self._rest) < length:
            return False
        else:
            self._cut(length, payloads)
        return True

    def _xml(self, payloads: list[bytes]) -> bool:
        rest = self._rest
        found = self._scan.run(rest[:MAX_EVENT])
        if found is not None:
            end, is_event = found
            if is_event:
                self._cut(end, payloads)
            else:
                self._drop(end)
            return True
        if len(rest) < MAX_EVENT:
            return False
        payloads.append(rest[:_SHOWN])
        self._framed = True
        following = _START.search(rest, 1)
        self._drop(len(rest) if following is None else following.start(), counted=False)
        return True

    def _cut(self, length: int, payloads: list[bytes]) -> None:
        payloads.append(self._rest[:length])
        self._rest, self._scan = self._rest[length:], _Scan()
        self._fresh, self._framed = False, True

    def _drop(self, length: int, *, counted: bool = True) -> None:
        if length:
            junk, self._rest = self._rest[:length], self._rest[length:]
            self._scan = _Scan()
            self._fresh = False
            if not self._framed:
                self._noise = (self._noise + junk)[:_SHOWN]
            if counted:
                self.junk_bytes += len(junk) - sum(map(junk.count, (b" ", b"\t", b"\r", b"\n")))


class _Scan:
    """Where the search for the end of an event stands: what came before `at` is understood."""

    __slots__ = ("at", "doctype", "in_event")

    def __init__(self) -> None:
        self.at = 0
        self.in_event = self.doctype = False

    def run(self, data: bytes) -> tuple[int, bool] | None:
        """Return where what starts at 0 ends, and whether it is an event; None: not yet."""
        while True:
            tag = data.find(b"<", self.at)
            if not self.in_event and not self.doctype:
                between = data[self.at : len(data) if tag < 0 else tag]
                if between.strip():
                    return self.at + len(between) - len(between.lstrip()), False
            if tag < 0:
                self.at = len(data)
                return None
            self.at = tag
            head = data[tag : tag + _LONGEST_MARK]
            section = next((s for s in _SECTIONS if head.startswith(s[0])), None)
            if section is not None:
                opening, closing = section
                end = data.find(closing, tag + len(opening))
                if end < 0:
                    return None
                self.at = end + len(closing)
                continue
            if len(head) < _LONGEST_MARK and any(s[0].startswith(head) for s in _SECTIONS):
                return None
            if self.in_event and tag and _EVENT_TAG.match(data, tag):
                return tag, True  # the one before was cut: the decoder says so
            match = _TAG.match(data, tag)
            if match is None:
                if data.find(b"<", tag + 1) < 0:
                    return None
                # cut by the tag that follows: what a decoder makes of it is its business
                if self.in_event or head.startswith((b"<event", b"<!DOCTYPE")):
                    self._enter(head)
                    self.at = data.find(b"<", tag + 1)
                    continue
                return data.find(b"<", tag + 1), False
            self.at = match.end()
            if not self.in_event:
                if head.startswith(b"<!"):
                    self.doctype |= head.startswith(b"<!DOCTYPE")
                    if self.doctype:
                        continue
                    return self.at, False
                if not _EVENT_TAG.match(head):
                    return self.at, False
                if match.group().endswith(b"/>"):
                    return self.at, True
                self.in_event = True
            elif _EVENT_END.match(match.group()):
                return self.at, True

    def _enter(self, head: bytes) -> None:
        if head.startswith(b"<event"):
            self.in_event = True
        elif head.startswith(b"<!DOCTYPE"):
            self.doctype = True


def _possible_start(tail: bytes) -> int:
    """Return where the beginning of a start may stand in `tail`, its length for nowhere."""
    for at in range(len(tail)):
        part = tail[at:]
        if any(start.startswith(part) for start in _XML_STARTS):
            return at
    return len(tail)


def _varint(data: bytes, at: int) -> tuple[int, int] | None:
    """Return a varint and where it ends; (-1, at) when it is too long, None when it is cut."""
    value = 0
    for index in range(_VARINT_BYTES):
        if at + index >= len(data):
            return None
        byte = data[at + index]
        value |= (byte & 0x7F) << 7 * index
        if byte < 0x80:
            return value, at + index + 1
    return -1, at


def _is_mesh(data: bytes) -> bool | None:
    """Return whether `data`, from its BF on, has the header of a datagram; None: too short."""
    version = _varint(data, 1)
    if version is None:
        return None
    value, end = version
    if value < 0:
        return False
    return None if end >= len(data) else data[end] == _TAK


def _message_end(data: bytes) -> int | None:
    """Return where the stream's message at 0 ends; 0 when it is none, None when too short."""
    if data[:1] != b"\xbf":
        return 0
    length = _varint(data, 1)
    if length is None:
        return None
    size, at = length
    if not 2 <= size <= MAX_EVENT:
        return 0
    if at >= len(data):
        return None
    if data[at] not in _MESSAGE_STARTS:
        return 0
    inner = _varint(data, at + 1)
    if inner is None:
        return None
    inner_size, inner_at = inner
    end = at + size
    if inner_size < 0 or inner_at + inner_size > end:
        return 0
    return end
