"""Upgrades: requests for a WebSocket, before the handshake.

A handshake and a look at who comes take a millisecond and more. Hundreds that came at once were all
made before anything else had its turn: whoever asked meanwhile, a phone that calls for help too,
waited for seconds. So who shows nothing to know somebody by is refused here, in bytes that need no
handshake, and of all others a few are taken up in each turn of the loop.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections import deque
from collections.abc import Callable, Iterable
from hashlib import sha1
from typing import Final

from maps.http.session_cookie import COOKIE

A_TURN: Final = 2
"""How many are taken up in one turn of the loop."""

NOT_SIGNED_IN: Final = 4401
"""Close code for who is not signed in."""

_GUID: Final = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"  # RFC 6455, 1.3
_COOKIE: Final = COOKIE.encode() + b"="

Headers = Iterable[tuple[bytes, bytes]]
"""Names in small letters, and values."""


class Upgrades:
    """Those who wait to be taken up, in the order in which they came."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._loop: asyncio.AbstractEventLoop | None = None

    def __len__(self) -> int:
        """Return how many wait."""
        return len(self._waiting)

    def enter(self, take: Callable[[], None]) -> None:
        """Have `take` called in its turn."""
        loop = asyncio.get_running_loop()
        if loop is not self._loop:  # a server of this process that ended before
            self._loop = loop
            self._waiting.clear()
        self._waiting.append(take)
        if len(self._waiting) == 1:
            loop.call_soon(self._go_on)

    def _go_on(self) -> None:
        loop = asyncio.get_running_loop()
        for _ in range(min(A_TURN, len(self._waiting))):
            try:
                self._waiting.popleft()()
            except Exception as error:  # noqa: BLE001 - one of them must not hold up the others
                context = {"message": "a WebSocket could not be taken up", "exception": error}
                loop.call_exception_handler(context)
        if self._waiting:
            loop.call_soon(self._go_on)


UPGRADES: Final = Upgrades()
"""Those of this process."""


def shows_nothing(headers: Headers) -> bool:
    """Return whether a request brings nothing to know somebody by: no session, key or token.

    >>> shows_nothing([(b"host", b"blo"), (b"cookie", b"palette=night")])
    True
    """
    return not any(
        name == b"authorization" or (name == b"cookie" and _COOKIE in value)
        for name, value in headers
    )


def refusal(headers: Headers) -> bytes:
    r"""Return what refuses a WebSocket: the handshake, and that it is closed with `NOT_SIGNED_IN`.

    A page learns the reason of a refusal only so; 400 for who asks without a key.

    >>> refusal([(b"sec-websocket-key", b"dGhlIHNhbXBsZSBub25jZQ==")])[-21:]
    b'\r\n\r\n\x88\x0f\x111sign in first'
    """
    key = next((value for name, value in headers if name == b"sec-websocket-key"), None)
    if key is None:
        return b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    accept = b64encode(sha1(key.strip() + _GUID, usedforsecurity=False).digest())
    reason = NOT_SIGNED_IN.to_bytes(2, "big") + b"sign in first"
    return (
        b"HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
        b"sec-websocket-accept: " + accept + b"\r\n\r\n" + bytes((0x88, len(reason))) + reason
    )
