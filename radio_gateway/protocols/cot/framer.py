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
MAX_SECTION = 8 * 1024  # bytes of a comment, a CDATA section or a processing instruction

_SHOWN = 1024  # bytes of what is no event that are handed on

_START = re.compile(rb"<\?xml\b|<!DOCTYPE\b|<event(?=[\s/>])|\xbf")
_XML_STARTS = (b"<?xml", b"<!DOCTYPE", b"<event")
_TAG = re.compile(rb"<[^<>\"']*(?:\"[^\"<]*\"[^<>\"']*|'[^'<]*'[^<>\"']*)*>")
_EVENT_TAG = re.compile(rb"<event[\s/>]")
_EVENT_END = re.compile(rb"</event\s*>")
_END = b"</event>"
_SECTIONS = ((b"<!--", b"-->"), (b"<![CDATA[", b"]]>"), (b"<?", b"?>"))
_LONGEST_MARK = len(b"<![CDATA[")
_SLASH = 0x2F
_WORTH_COUNTING = 1024  # bytes, in which there are several events
_TAK = 0xBF
_MESSAGE_STARTS = (0x0A, 0x12)  # field 1 or 2, with a length
_VARINT_BYTES = 5  # of a length; more would be over 4 GiB


class CotFramer:
    """Cuts events out of one connection's bytes, however they were split into reads.

    Of an event longer than `MAX_EVENT`, or with a section longer than `MAX_SECTION`, the first 1024
    bytes are a payload, so that it is counted and seen; the search goes on behind what was
    understood of it. Where the end comes before any event did, the beginning of what came instead
    is a payload (a cut or foreign datagram); otherwise what the end cuts off is junk (a link that
    broke).

    Attributes:
        junk_bytes: Bytes so far that belonged to no event, white space between events not
            counted.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._data = b""
        self._at = 0  # where in `_data` what is not understood yet begins
        self._scan = _Scan(0)
        self._fresh = True  # nothing came yet: a datagram's header may
        self._framed = False
        self._noise = b""  # what came before the first event

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the events it completed, in order."""
        self._data += data
        payloads: list[bytes] = []
        counted = self._count(payloads)
        self._plain(payloads)
        while self._at < len(self._data) and self._step(payloads):  # mostly all is cut by now
            counted = counted or self._count(payloads)  # behind what the last read had cut
            self._plain(payloads)
        self._data = self._data[self._at :]
        self._scan.move(-self._at)
        self._at = 0
        return payloads

    def close(self) -> list[bytes]:
        """Return the datagram that the end completes, or the one event that it cut."""
        payloads: list[bytes] = []
        rest = self._data
        if self._fresh and _is_mesh(rest, 0):
            payloads = [rest]
        elif not self._framed and _message_end(rest, 0) == 0:
            what = self._noise + rest
            payloads = [what[:_SHOWN]] if what.strip() else []
        else:
            self.junk_bytes += len(rest)
        self._data = self._noise = b""
        self._scan, self._fresh, self._framed = _Scan(0), True, False
        return payloads

    def _count(self, payloads: list[bytes]) -> bool:
        """Cut all whole events from the front at once if nothing else stands there; return whether
        that was to be seen: once in each read, since it looks at everything.
        """
        data, at = self._data, self._at
        if self._scan.at != at:
            return False
        end = data.rfind(_END, at) + len(_END)
        if end - at > _WORTH_COUNTING and (events := plain_events(data[at:end])):
            payloads += events
            self._understood(end)
        return True

    def _plain(self, payloads: list[bytes]) -> None:
        """Cut plain events from the front, one right behind the other, as `_step` would."""
        data, at = self._data, self._at
        if self._scan.at != at:
            return
        while data.startswith(b"<event ", at):
            end = plain_end(data, at)
            if not end:
                break
            payloads.append(data[at:end])
            at = end
        if at > self._at:
            self._understood(at)

    def _step(self, payloads: list[bytes]) -> bool:
        """Cut one event or some junk from the front; return False when more must be read."""
        data, at = self._data, self._at
        if self._fresh:
            mesh = _is_mesh(data, at)
            if mesh is None or (mesh and len(data) - at <= MAX_EVENT):
                return False
        start = _START.search(data, at)
        if start is None:
            self._drop(_possible_start(data, max(at, len(data) - _LONGEST_MARK)))
            return False
        if start.start() > at:
            self._drop(start.start())
            return True
        return self._tak(payloads) if data[at] == _TAK else self._xml(payloads)

    def _tak(self, payloads: list[bytes]) -> bool:
        end = _message_end(self._data, self._at)
        if end is None or end > len(self._data):
            return False
        if end:
            self._cut(end, payloads)
        else:
            self._drop(self._at + 1)
        return True

    def _xml(self, payloads: list[bytes]) -> bool:
        data, at, scan = self._data, self._at, self._scan
        longest = at + MAX_EVENT
        end = plain_end(data, at) if scan.at == at else 0
        if end:
            self._cut(end, payloads)
            return True
        found = scan.run(data, min(len(data), longest))
        if found is not None:
            end, is_event = found
            if is_event:
                self._cut(end, payloads)
            else:
                self._drop(end)
            return True
        if len(data) < longest and not scan.endless:
            return False
        # what was understood belongs to it; what was not may hide the events that follow
        payloads.append(data[at : at + _SHOWN])
        self._framed = True
        following = _START.search(data, max(scan.at, at + 1))
        self._drop(len(data) if following is None else following.start(), counted=False)
        return True

    def _cut(self, end: int, payloads: list[bytes]) -> None:
        payloads.append(self._data[self._at : end])
        self._understood(end)

    def _understood(self, end: int) -> None:
        self._at, self._scan = end, _Scan(end)
        self._fresh, self._framed = False, True

    def _drop(self, end: int, *, counted: bool = True) -> None:
        if end == self._at:
            return
        junk = self._data[self._at : end]
        self._at, self._scan = end, _Scan(end)
        self._fresh = False
        if not self._framed:
            self._noise = (self._noise + junk)[:_SHOWN]
        if counted:
            self.junk_bytes += len(junk) - sum(map(junk.count, (b" ", b"\t", b"\r", b"\n")))


class _Scan:
    """Where the search for the end of an event stands: what came before `at` is understood."""

    __slots__ = ("at", "doctype", "endless", "in_event", "start")

    def __init__(self, start: int) -> None:
        self.start = self.at = start
        self.in_event = self.doctype = False
        self.endless = False  # what begins at `at` has no end within `MAX_SECTION`

    def move(self, by: int) -> None:
        """Follow the bytes, which now stand elsewhere."""
        self.start += by
        self.at += by

    def run(self, data: bytes, limit: int) -> tuple[int, bool] | None:
        """Return where what began at `start` ends, and whether it is an event; None: not yet."""
        while True:
            tag = data.find(b"<", self.at, limit)
            if not self.in_event and not self.doctype:
                between = data[self.at : limit if tag < 0 else tag]
                if between.strip():
                    return self.at + len(between) - len(between.lstrip()), False
            if tag < 0:
                self.at = limit
                return None
            self.at = tag
            head = data[tag : min(tag + _LONGEST_MARK, limit)]
            section = next((s for s in _SECTIONS if head.startswith(s[0])), None)
            if section is not None:
                opening, closing = section
                last = tag + MAX_SECTION
                end = data.find(closing, tag + len(opening), min(limit, last))
                if end < 0:
                    self.endless = limit >= last
                    return None
                self.at = end + len(closing)
                continue
            if len(head) < _LONGEST_MARK and any(s[0].startswith(head) for s in _SECTIONS):
                return None
            if self.in_event and _EVENT_TAG.match(head):
                return tag, True  # the one before was cut: the decoder says so
            match = _TAG.match(data, tag, limit)
            if match is None:
                following = data.find(b"<", tag + 1, limit)
                if following < 0:
                    return None
                # cut by the tag that follows: what a decoder makes of it is its business
                if not self.in_event and not self.doctype:
                    if head.startswith(b"<event"):
                        self.in_event = True
                    elif head.startswith(b"<!DOCTYPE"):
                        self.doctype = True
                    else:
                        return following, False
                elif head.startswith(b"<event"):
                    self.in_event = True
                self.at = following
                continue
            self.at = match.end()
            if self.in_event:
                if _EVENT_END.match(match.group()):
                    return self.at, True
            elif _EVENT_TAG.match(head):
                if match.group().endswith(b"/>"):
                    return self.at, True
                self.in_event = True
            elif head.startswith(b"<!DOCTYPE"):
                self.doctype = True
            elif not (self.doctype and head.startswith(b"<!")):
                return self.at, False


def plain_events(data: bytes) -> list[bytes]:
    """Return the events in `data`, if nothing else stands there and none holds anything tricky.

    Only faster than `plain_end` for one after the other, which would say the same.
    """
    events = data.split(_END)
    if events.pop() or data.count(b"event") != 2 * len(events) or b"'" in data:
        return []
    for mark, section in ((b"!", b"<!"), (b"?", b"<?")):
        if mark in data and section in data:
            return []
    for event in events:
        # the first `>` ends the first tag if each quote before it is closed
        root = event.find(b">")
        if (
            root < 0
            or not event.startswith(b"<event ")
            or event[root - 1] == _SLASH
            or event.count(b'"', 0, root) % 2
            or event.find(b"<", 1, root) >= 0
            or len(event) > MAX_EVENT - len(_END)
        ):
            return []
    return [event + _END for event in events]


def plain_end(data: bytes, at: int) -> int:
    """Return where an event at `at` ends that holds nothing tricky, as nearly all do; else 0.

    Only faster than `_Scan`, which would say the same.
    """
    found = data.find(_END, at, at + MAX_EVENT)
    end = found + len(_END)
    if found < 0:
        return 0
    for mark, section in ((b"!", b"<!"), (b"?", b"<?")):
        # One byte is found at once; two that begin as every tag does are not.
        if data.find(mark, at, end) >= 0 and data.find(section, at, end) >= 0:
            return 0
    if data.find(b"<event", at + 1, end) >= 0 or data.find(b"</event", at, found) >= 0:
        return 0
    root = _TAG.match(data, at, end)
    return end if root is not None and data[root.end() - 2] != _SLASH else 0


def _possible_start(data: bytes, at: int) -> int:
    """Return where, from `at` on, the first bytes of a start may stand at the end of `data`."""
    while at < len(data) and not any(start.startswith(data[at:]) for start in _XML_STARTS):
        at += 1
    return at


def read_varint(data: bytes, at: int) -> tuple[int, int] | None:
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


def _is_mesh(data: bytes, at: int) -> bool | None:
    """Return whether a datagram's header stands at `at`; None: too short to say."""
    if data[at : at + 1] != b"\xbf":
        return False
    version = read_varint(data, at + 1)
    if version is None:
        return None
    value, end = version
    if value < 0:
        return False
    return None if end >= len(data) else data[end] == _TAK


def _message_end(data: bytes, start: int) -> int | None:
    """Return where the stream's message at `start` ends; 0: it is none, None: too short to say."""
    if data[start : start + 1] != b"\xbf":
        return 0
    length = read_varint(data, start + 1)
    if length is None:
        return None
    size, at = length
    if not 2 <= size <= MAX_EVENT:
        return 0
    if at >= len(data):
        return None
    if data[at] not in _MESSAGE_STARTS:
        return 0
    inner = read_varint(data, at + 1)
    if inner is None:
        return None
    inner_size, inner_at = inner
    end = at + size
    if inner_size < 0 or inner_at + inner_size > end:
        return 0
    return end
