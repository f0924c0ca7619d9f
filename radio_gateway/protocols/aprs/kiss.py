"""KISS: how a TNC hands packets over, on a serial line or over TCP.

    C0 command data… C0     C0 (FEND) ends a frame and may begin it
    DB DC stands for C0     DB DD stands for DB     (FESC, TFEND, TFESC)
    command                 high half: port of the TNC; low half: 0 data, else settings of the
                            TNC (TXDELAY 1 … SetHardware 6); FF: leave KISS

Source: M. Chepponis, P. Karn, "The KISS TNC" (1987).
"""

from __future__ import annotations

import re

MAX_FRAME = 2048  # bytes unescaped; an AX.25 frame over eight relays has up to 330

_ESCAPED = {0xDC: b"\xc0", 0xDD: b"\xdb"}
_ESCAPE = re.compile(rb"\xdb(.?)", re.DOTALL)


class KissFramer:
    """Cuts KISS frames out of a byte stream; each payload is the command byte and its data.

    What stands before the first FEND is the end of a frame whose start was missed: junk. A frame
    longer than `MAX_FRAME` is dropped whole. How a stream was split into reads makes no difference.

    Attributes:
        junk_bytes: Bytes so far that belonged to no frame.
    """

    def __init__(self) -> None:
        self.junk_bytes = 0
        self._rest = b""  # an unfinished frame, still escaped
        self._inside = False

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the frames it completed, in order."""
        *complete, rest = (self._rest + data).split(b"\xc0")
        frames: list[bytes] = []
        for escaped in complete:
            if not self._inside or len(escaped) > 2 * MAX_FRAME:
                self.junk_bytes += len(escaped)
            elif escaped:  # FENDs may follow each other
                frame = _ESCAPE.sub(_unescaped, escaped)
                if len(frame) <= MAX_FRAME:
                    frames.append(frame)
                else:
                    self.junk_bytes += len(escaped)
            self._inside = True
        if len(rest) > 2 * MAX_FRAME or (rest and not self._inside):
            self.junk_bytes += len(rest)
            rest, self._inside = b"", False
        self._rest = rest
        return frames

    def close(self) -> list[bytes]:
        """Forget the unfinished frame; the framer can be used again."""
        self.junk_bytes += len(self._rest)
        self._rest, self._inside = b"", False
        return []


def kiss_frame(data: bytes, *, port: int = 0) -> bytes:
    """Return a packet as a KISS data frame.

    Args:
        data: The packet.
        port: Port of the TNC, 0 to 15.

    >>> kiss_frame(bytes([0xC0, 0x41])).hex(" ")
    'c0 00 db dc 41 c0'
    """
    escaped = (
        (bytes([port << 4]) + data).replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
    )
    return b"\xc0" + escaped + b"\xc0"


def _unescaped(match: re.Match[bytes]) -> bytes:
    # an escape of anything else is an error to be passed over
    following = match[1]
    return _ESCAPED.get(following[0], following) if following else b""
