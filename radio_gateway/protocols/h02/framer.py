"""Cuts H02's text (`*…#`) and binary (`$…`) messages out of one byte stream.

A binary message says nowhere how long it is (32, 42, 45 or 48 bytes), so its first 32 bytes, which
hold all that is known, are the payload and are handed on at once; up to 16 bytes after them are its
tail. Within a tail a `$` starts another message only when id, time and date behind it are such.
"""

from __future__ import annotations

import re

from radio_gateway.formats.junk_bytes import StrayBytes
from radio_gateway.protocols.h02.binary import MARK, SHORT, id_end

MAX_BYTES = 2048  # a text of many lines is the longest
TAIL = 16

_STARTS = re.compile(rb"[*$]")
_TEXT = re.compile(rb"\*[A-Za-z0-9]{2},")
_TEXT_START = 4
_TEXT_END = re.compile(rb"#|\*[A-Za-z0-9]{2},")


class H02Framer:
    """Cuts messages out of a byte stream; start and end marks stay.

    A text cut short by the start of another one is a payload too, without its end mark; so is
    what starts like a binary message and is none.
    """

    def __init__(self) -> None:
        self._stray = StrayBytes()
        self._rest = b""
        self._tail = 0  # how many bytes more may belong to the last binary message

    @property
    def junk_bytes(self) -> int:
        """Bytes so far that belonged to no payload or tail, line ends not counted."""
        return self._stray.junk_bytes

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the payloads it completed, in order."""
        payloads, at = self._cut(self._rest + data, ended=False)
        self._rest = (self._rest + data)[at:]
        return payloads

    def close(self) -> list[bytes]:
        """Return what the unfinished message holds, and forget it."""
        payloads, _ = self._cut(self._rest, ended=True)
        self._rest, self._tail = b"", 0
        return payloads + self._stray.end()

    def _cut(self, data: bytes, *, ended: bool) -> tuple[list[bytes], int]:
        """Return the payloads and where what is not decided yet starts."""
        payloads: list[bytes] = []
        at = 0
        while True:
            match = _STARTS.search(data, at)
            if match is None:
                payloads += self._skip(data[at:])
                return payloads, len(data)
            start = match.start()
            payloads += self._skip(data[at:start])
            text = match[0] == b"*"
            need = _TEXT_START if text else SHORT
            if len(data) - start < need and not ended:
                return payloads, start
            if not text:
                at = self._binary(data, start, payloads)
            elif not _TEXT.match(data, start):
                payloads += self._skip(b"*")
                at = start + 1
            else:
                end = _text_end(data, start)
                if end is None and not ended and len(data) - start < MAX_BYTES:
                    return payloads, start
                if end is None and not ended:
                    payloads += self._skip(b"*")
                    at = start + 1
                else:
                    at = len(data) if end is None else end
                    self._tail = 0
                    payloads += self._stray.end()
                    payloads.append(data[start:at])

    def _binary(self, data: bytes, start: int, payloads: list[bytes]) -> int:
        message = data[start : start + SHORT]
        if len(message) == SHORT and id_end(message) is not None:
            payloads += self._stray.end()
            payloads.append(message)
            self._tail = TAIL
            return start + SHORT
        if self._tail:
            payloads += self._skip(MARK)
            return start + 1
        following = _STARTS.search(message, 1)
        if following is not None:
            message = message[: following.start()]
        payloads += self._stray.end()
        if len(message) > 1:
            payloads.append(message)
        else:
            payloads += self._stray.add(message)
        return start + len(message)

    def _skip(self, data: bytes) -> list[bytes]:
        within = min(self._tail, len(data))
        self._tail -= within
        return self._stray.add(data[within:])


def _text_end(data: bytes, start: int) -> int | None:
    """Return where a text ends, its end mark included; None when that is not known yet."""
    match = _TEXT_END.search(data, start + 1, start + MAX_BYTES)
    if match is None:
        return None
    return match.end() if match[0] == b"#" else match.start()
