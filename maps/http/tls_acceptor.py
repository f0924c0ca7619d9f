"""TLS acceptor: accepts the web server's TLS connections, and bounds unfinished handshakes.

A server of asyncio's tells of a connection only once its TLS handshake is done: until then nobody
counts it. Whoever opened connections and said nothing took every file that the process may open,
with all its radios and its store, for the minute that each was given for the handshake.

So they are accepted here, as many as there is room for may shake hands at once, and one more sends
away the oldest of the address that has most: whoever comes without end keeps nobody else out.
"""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import structlog

from maps.http.connection_limits import MOST_WAITING
from radio_gateway.errors.errors import fault_of
from radio_gateway.transports.admission import counted_as

HANDSHAKE_S: Final = 30.0
"""How long a handshake may take, seconds."""

MOST_SHAKING: Final = max(8, MOST_WAITING // 4)
"""Connections whose handshake is not done yet."""

_A_TURN: Final = 64  # connections, so that a flood does not starve the rest of the loop
_AGAIN_S: Final = 1.0  # after accepting failed

_log = structlog.get_logger(__name__)


class TlsAcceptor:
    """Accepts TLS connections on one listening socket.

    Args:
        context: Certificate and rules.
        factory: Makes what serves one connection.
        backlog: Connections that wait in the system until they are accepted.

    Attributes:
        context: As given; another one counts for who comes from then on.
    """

    def __init__(
        self, context: ssl.SSLContext, factory: Callable[[], asyncio.Protocol], *, backlog: int
    ) -> None:
        self.context, self._factory, self._backlog = context, factory, backlog
        self._shaking: dict[asyncio.Task[None], str] = {}  # whence, the oldest first
        self._not_begun: dict[asyncio.Task[None], socket.socket] = {}
        self._bound: socket.socket | None = None
        self._retry: asyncio.TimerHandle | None = None
        self._logged_s = float("-inf")

    def open(self, bound: socket.socket) -> None:
        """Take connections from now on."""
        bound.setblocking(False)
        bound.listen(self._backlog)
        self._bound = bound
        asyncio.get_running_loop().add_reader(bound, self._accept)

    async def close(self) -> None:
        """Take no more, and end those whose handshake is not done; who was let in goes on."""
        if self._retry is not None:
            self._retry.cancel()
        if self._bound is not None:
            asyncio.get_running_loop().remove_reader(self._bound)
            self._bound = None
        tasks = list(self._shaking)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _accept(self) -> None:
        for _ in range(_A_TURN):
            if self._bound is None:
                return
            try:
                sock, address = self._bound.accept()
            except (BlockingIOError, InterruptedError):
                return
            except ConnectionError:  # it went before it was accepted
                continue
            except OSError as error:
                self._rest(error)
                return
            self._admit(sock, address)

    def _admit(self, sock: socket.socket, address: Any) -> None:
        sock.setblocking(False)
        task = asyncio.create_task(self._shake_hands(sock), name="tls handshake")
        self._shaking[task], self._not_begun[task] = counted_as(str(address[0])), sock
        task.add_done_callback(self._ended)
        if len(self._shaking) > MOST_SHAKING:
            self._send_away()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._shaking.pop(task, None)
        if task in self._not_begun:  # sent away in the turn in which it came
            self._not_begun.pop(task).close()

    def _send_away(self) -> None:
        """End the oldest handshake of the address that has most."""
        if self._shaking:
            ((most, _),) = Counter(self._shaking.values()).most_common(1)
            oldest = next(task for task, of in self._shaking.items() if of == most)
            del self._shaking[oldest]  # it may take a turn to end
            oldest.cancel()

    async def _shake_hands(self, sock: socket.socket) -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None
        del self._not_begun[task]  # from here on it is closed with its transport
        with suppress(OSError):  # it speaks no TLS, takes too long, or has gone
            await loop.connect_accepted_socket(
                self._factory, sock, ssl=self.context, ssl_handshake_timeout=HANDSHAKE_S
            )

    def _rest(self, error: OSError) -> None:
        """Accept nothing for a moment: what is wrong would only be found again at once."""
        loop, bound = asyncio.get_running_loop(), self._bound
        assert bound is not None
        if loop.time() - self._logged_s > 60:
            self._logged_s = loop.time()
            _log.warning("accepting_failed", fault=fault_of(error), shaking=len(self._shaking))
        self._send_away()  # gives a descriptor back
        loop.remove_reader(bound)
        self._retry = loop.call_later(_AGAIN_S, self._go_on)

    def _go_on(self) -> None:
        if self._bound is not None:
            asyncio.get_running_loop().add_reader(self._bound, self._accept)
