"""Frame: one message cut out of a byte stream, not yet understood; and what cuts it out.

Framers work on bytes, are bounded, find their place again after noise and never raise.
"""

from __future__ import annotations

from collections.abc import Callable
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
    """Cuts one connection's byte stream into payloads.

    Attributes:
        junk_bytes: Bytes so far that belonged to no frame.
    """

    junk_bytes: int

    def feed(self, data: bytes) -> list[bytes]:
        """Take what was read and return the payloads it completed, in order."""

    def close(self) -> list[bytes]:
        """Return what the end of the stream completes, and forget the rest."""


FramerFactory = Callable[[], Framer]
