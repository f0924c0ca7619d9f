"""Connection limits: bounds on open connections and on requests that arrive slowly.

Below, uvicorn takes a head of any length and waits for the rest of a request for ever. Whoever sent
a header without end filled the memory of a node, signed in or not, and a phone that went out of
reach within a photo left what it had sent of it, and its socket, until the next start. Whoever
opened connections and said nothing took all that the system lets a process have, its files too.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterable
from heapq import nsmallest
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from maps.http.tcp_progress import uptake
from maps.http.upgrades import UPGRADES, refusal, shows_nothing

if sys.platform != "win32":
    import resource


LONGEST_HEAD: Final = 64 * 1024
"""Most bytes of a request before its body, beside those that came with its first and its last."""

SILENT_S: Final = 60.0
"""How long one waits for more of a request, for the first one, or until some of an answer is taken,
seconds.
"""

LONGEST_S: Final = 600.0
"""How long a request may take to come, seconds: 16 MiB at 28 kB/s."""

_MOST: Final = 4096
_AT_ONCE: Final = 16  # one of so many goes
_SPARED: Final = 0.5  # of what a process may open: for viewers, radios and files


def _room() -> int:
    """Return how many connections may wait at once."""
    if sys.platform == "win32":
        return _MOST
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return _MOST if soft < 0 else min(_MOST, int(soft * _SPARED))


MOST_WAITING: Final = _room()
"""Connections of which a request is awaited; one more, and those that said nothing longest go."""


class WholeRequests(HttpToolsProtocol):
    """One connection.

    Attributes:
        heard_s: When something came last, by the loop's clock.
        since_s: Since when the request comes, or is waited for.
    """

    heard_s = since_s = 0.0
    _in_head = False
    _head = _bytes_taken = 0

    @property
    def is_idle(self) -> bool:
        """Whether it waits for a request, or for the rest of one's head."""
        return self.cycle is None or self.cycle.response_complete

    @property
    def is_answered(self) -> bool:
        """Whether it waits for us."""
        cycle = self.cycle
        return not self.is_idle and (
            not cycle.more_body or cycle.waiting_for_100_continue or self.flow.read_paused
        )

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request; should too many wait, one makes room."""
        super().connection_made(transport)
        self.heard_s = self.since_s = self.loop.time()
        if len(self.connections) > MOST_WAITING:
            self._make_room()

    def data_received(self, data: bytes) -> None:
        """Read on, unless a head is too long."""
        self.heard_s = self.loop.time()
        was_in_head, self._head = self._in_head, self._head + len(data)
        super().data_received(data)
        # Only now: a body that came with the end of its head is none of it.
        if was_in_head and self._in_head and self._head > LONGEST_HEAD:
            self.transport.abort()

    def on_message_begin(self) -> None:
        """Begin to count a head."""
        super().on_message_begin()
        self._in_head, self._head, self.since_s = True, 0, self.heard_s

    def on_headers_complete(self) -> None:
        """Let the body come."""
        self._in_head = False
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Begin to wait for the next request."""
        super().on_response_complete()
        self.heard_s = self.since_s = self.loop.time()

    def handle_websocket_upgrade(self) -> None:
        """Refuse who shows nothing to know somebody by; take up all others in their turn."""
        self._in_head = False
        if shows_nothing(self.headers):
            self.transport.write(refusal(self.headers))
            self.transport.close()
            return
        self.transport.pause_reading()  # what comes now is for the WebSocket
        UPGRADES.enter(self._take_up)

    def _take_up(self) -> None:
        if self.transport.is_closing():
            return
        super().handle_websocket_upgrade()
        if not self.transport.is_closing():
            self.transport.resume_reading()

    def timeout_keep_alive_handler(self) -> None:
        """End it as no request comes, but not before the last answer is on its way: over TLS one
        that is closed has half a minute for that.
        """
        if not self.transport.is_closing() and uptake(self.transport).waits:
            self.timeout_keep_alive_task = self.loop.call_later(
                self.timeout_keep_alive, self.timeout_keep_alive_handler
            )
            return
        super().timeout_keep_alive_handler()

    def look(self, now_s: float) -> None:
        """End it if the rest of a request does not come, and nothing of an answer is taken.

        Args:
            now_s: The loop's clock.
        """
        if self.is_answered:
            self.heard_s = now_s
            return
        before, self._bytes_taken = self._bytes_taken, uptake(self.transport).taken
        if self.is_idle and self._bytes_taken > before:  # a long answer on a slow line
            self.heard_s = self.since_s = now_s
            return
        if now_s - self.heard_s > SILENT_S or now_s - self.since_s > LONGEST_S:
            self.transport.abort()

    def _make_room(self) -> None:
        waiting = [
            each
            for each in self.connections
            if isinstance(each, WholeRequests)
            and not each.is_answered
            and not each.transport.is_closing()
        ]
        if len(waiting) > MOST_WAITING:
            some = max(1, MOST_WAITING // _AT_ONCE)  # looking for them takes a millisecond or two
            for each in nsmallest(some, waiting, key=lambda each: (not each.is_idle, each.heard_s)):
                each.transport.abort()


def look_at(connections: Iterable[object], now_s: float) -> None:
    """End the connections of which the rest of a request does not come.

    Args:
        connections: Those of a server, of any kind.
        now_s: The loop's clock.
    """
    for each in list(connections):
        if isinstance(each, WholeRequests):
            each.look(now_s)
