"""Shared WebSocket: sends frames that are already encoded, without a copy for each viewer.

The bytes of a change are the same for all who may see the same. Through `send_text` each viewer
costs four copies of them (decoded, encoded, framed, joined) and a task that wakes; with many
viewers that is most of what a server does. A connection of `SharedFrames` takes them as they are,
under ASGI's extension `EXTENSION`: an event `websocket.send` may hold `frame`, which returns one
whole text message in UTF-8 when the connection takes it, in the place of `text`; `give` of the
extension sends one at once or says that it has to wait, `taken` tells a number that grows as the
peer takes what it is sent, and `abort` ends the connection without waiting for a peer that takes
nothing. It puts the header before it (RFC 6455, 5.2: from a server, unmasked), once for all viewers
where it is small, and hands both to the transport.

A peer that takes little answers a ping when it has taken what lies before it, and is given time for
that. One that takes nothing keeps its connection no longer than that is being closed.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request
from websockets.protocol import State

from maps.http.tcp_progress import uptake

EXTENSION: Final = "joint_patrol.frame"
"""Stands in a connection's scope, under `extensions`, where it takes whole frames."""

UNSENT_BYTES: Final = 128 * 1024
"""Most bytes that wait in the system for a peer, beside those on their way to it.

The system would take up to 4 MiB: a minute and more of the stream. Who takes little would be shown
all of it before anything of now, and of who takes nothing we would not know.
"""

WAITING_BYTES: Final = 64 * 1024
"""Bytes that wait here from which on a viewer is given no more; over TLS they would be 512 KiB."""

_TEXT: Final = 0x81  # the last frame of a message, text
_SHORT, _LONG = 126, 127
_JOINED_BYTES: Final = 1 << 16  # up to this size header and frame are joined


class SharedFrames(WebSocketsSansIOProtocol):
    """uvicorn's connection, which also takes text messages that are bytes already.

    It is to be used without compression: what it sends as it is would have to be compressed.
    """

    # What is asked for every frame of every viewer, out of some thirty things and side by side.
    __slots__ = ("close_sent", "conn", "disconnected", "transport", "writable")

    def handle_connect(self, event: Request) -> None:
        """Take up a connection and say in its scope what it knows."""
        super().handle_connect(event)
        scope: Any = getattr(self, "scope", None)  # absent when the handshake failed
        if scope is not None:
            scope["extensions"][EXTENSION] = {
                "give": self.give,
                "abort": self.transport.abort,
                "taken": lambda: uptake(self.transport).taken,
            }
            self.transport.set_write_buffer_limits(WAITING_BYTES)
            link = self.transport.get_extra_info("socket")
            if link is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):  # Windows has none
                link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    async def send(self, message: Any) -> None:
        """Send an event of ASGI; `frame` in a `websocket.send` as it is."""
        frame: Callable[[], bytes] | None = message.get("frame")
        if frame is None:
            await super().send(message)
            if self.close_sent:
                self._let_go()
            return
        if not self.writable.is_set():
            await self.writable.wait()
        whole = frame()  # only now: part of it may have been taken out while it waited
        if not self.give(whole):
            await super().send({"type": "websocket.send", "text": whole.decode()})  # as it says

    def send_keepalive_ping(self) -> None:
        """Send a ping, and note what the peer has taken so far."""
        super().send_keepalive_ping()
        self._bytes_taken = uptake(self.transport).taken

    def keepalive_timeout(self) -> None:
        """End the connection, unless the peer still takes what lies before the ping."""
        before, (self._bytes_taken, waits) = self._bytes_taken, uptake(self.transport)
        if waits and self._bytes_taken > before and self.ping_timeout is not None:
            self.pong_timer = self.loop.call_later(self.ping_timeout, self.keepalive_timeout)
            return
        super().keepalive_timeout()
        self._let_go()

    def _let_go(self) -> None:
        """Wait for a peer that is to go, but not for as long as it likes: closed, a transport waits
        until all is taken.
        """
        self.loop.call_later(2 * self.close_timeout, self.transport.abort)

    def give(self, frame: bytes) -> bool:
        """Send one text message if the connection stands and takes it now; return whether."""
        if (
            self.disconnected
            or self.close_sent
            or not self.writable.is_set()
            or self.conn.state is not State.OPEN
        ):
            return False
        if len(frame) > _JOINED_BYTES:
            self.transport.writelines((_header(len(frame)), frame))
        else:
            self.transport.write(_framed(frame))
        return True


@lru_cache(maxsize=8)  # a few views; each has its turn for all its viewers
def _framed(frame: bytes) -> bytes:
    """Return a frame with its header before it, joined once for all viewers of its view.

    One buffer costs the transport less than two.
    """
    return _header(len(frame)) + frame


def _header(size: int) -> bytes:
    """Return the header of an unmasked text message of so many bytes.

    >>> _header(5), _header(300), _header(70_000)
    (b'\\x81\\x05', b'\\x81~\\x01,', b'\\x81\\x7f\\x00\\x00\\x00\\x00\\x00\\x01\\x11p')
    """
    if size < _SHORT:
        return bytes((_TEXT, size))
    if size < 1 << 16:
        return bytes((_TEXT, _SHORT)) + size.to_bytes(2, "big")
    return bytes((_TEXT, _LONG)) + size.to_bytes(8, "big")
