"""Listener: takes connections on an address and gives each its place, for every TCP server.

Accepts by itself, since asyncio's servers tell of a connection only after its TLS handshake: until
then nobody counts it. When the process has no descriptor left, the listener waits a second, sends
the oldest stranger away and tries again; `fault` says so meanwhile.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import structlog

from radio_gateway.errors.errors import LinkError, fault_of
from radio_gateway.transports.admission import AdmittedConnection, ConnectionSlots

AGAIN_S = 1.0  # after accepting failed
LOG_EVERY_S = 60.0
_BACKLOG = 128
_A_TURN = 64  # connections, so that a flood does not starve the rest of the loop
_log = structlog.get_logger(__name__)
Serve = Callable[[socket.socket, AdmittedConnection], Awaitable[None]]


class Listener:
    """A listening address and the connections that came in by it.

    Args:
        host: Address or name to listen at.
        port: Port; 0 lets the system choose one.
        url: The link's URL, for faults and logs.
        places: Who gets in.
        serve: Serves one connection until it ends; closes the socket in any case, also when
            cancelled. What it raises is logged, once a minute.

    Attributes:
        port: The port in use while open; None while closed.
        fault: Why no connection is accepted at the moment; None when it is well.
    """

    def __init__(
        self, host: str, port: int, url: str, places: ConnectionSlots, serve: Serve
    ) -> None:
        self._host, self._requested_port, self._public_url = host, port, url
        self._places, self._serve = places, serve
        self._sockets: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self._unattended: dict[AdmittedConnection, socket.socket] = {}  # their tasks have not begun
        self._retry: dict[socket.socket, asyncio.TimerHandle] = {}
        self._logged_s: dict[str, float] = {}
        self.port: int | None = None
        self.fault: str | None = None

    async def open(self) -> None:
        """Listen. Raises LinkError when the address or port cannot be had."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(
                self._host, self._requested_port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )
            for family, kind, protocol, _, address in dict.fromkeys(found):
                self._sockets.append(_listening(family, kind, protocol, address))
        except OSError as error:
            self._close_sockets()
            raise LinkError(self._public_url, fault_of(error)) from error
        self.port = self._sockets[0].getsockname()[1]
        for sock in self._sockets:
            loop.add_reader(sock, self._accept, sock)

    def stop(self) -> None:
        """Take no more connections; those that are there go on."""
        loop = asyncio.get_running_loop()
        for sock in self._sockets:
            loop.remove_reader(sock)
        for timer in self._retry.values():
            timer.cancel()
        self._retry.clear()
        self._close_sockets()
        self.port = self.fault = None

    async def close(self) -> None:
        """Take no more connections and end those that are there."""
        self.stop()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def log_rarely(self, event: str, **facts: object) -> None:
        """Log something that strangers may cause as often as they like, once a minute."""
        if self._is_news(event):
            _log.warning(event, url=self._public_url, **facts)

    def _is_news(self, event: str) -> bool:
        now_s = asyncio.get_running_loop().time()
        if now_s - self._logged_s.get(event, -LOG_EVERY_S) < LOG_EVERY_S:
            return False
        self._logged_s[event] = now_s
        return True

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_A_TURN):
            try:
                sock, address = listening.accept()
            except (BlockingIOError, InterruptedError):
                self.fault = None
                return
            except ConnectionError:  # the peer went before it was accepted
                continue
            except OSError as error:
                self._wait(listening, error)
                return
            self.fault = None
            self._admit(sock, address)

    def _admit(self, sock: socket.socket, address: Any) -> None:
        guest = AdmittedConnection(address[0])
        if not self._places.enter(guest):
            self.log_rarely("connection_refused", peer=address[0], taken=len(self._places))
            sock.close()
            return
        sock.setblocking(False)
        task = asyncio.create_task(self._attend(sock, guest), name=f"peer {self._public_url}")
        guest.leave = task.cancel
        self._unattended[guest] = sock
        self._tasks.add(task)
        task.add_done_callback(partial(self._ended, guest))

    async def _attend(self, sock: socket.socket, guest: AdmittedConnection) -> None:
        del self._unattended[guest]
        try:
            await self._serve(sock, guest)
        except Exception:  # noqa: BLE001 - one connection must not end the others
            if self._is_news("connection_failed"):
                _log.exception("connection_failed", url=self._public_url)

    def _ended(self, guest: AdmittedConnection, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._places.exit(guest)
        sock = self._unattended.pop(guest, None)
        if sock is not None:  # sent away before its task began
            sock.close()

    def _wait(self, listening: socket.socket, error: OSError) -> None:
        """Accept nothing for a moment: what is wrong would only be found again at once."""
        self.fault = f"takes no new connection: {fault_of(error)}"
        self.log_rarely("accepting_failed", fault=fault_of(error), taken=len(self._places))
        self._places.dismiss_stranger()  # gives a descriptor back
        loop = asyncio.get_running_loop()
        loop.remove_reader(listening)
        self._retry[listening] = loop.call_later(AGAIN_S, self._go_on, listening)

    def _go_on(self, listening: socket.socket) -> None:
        del self._retry[listening]
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)
        self._accept(listening)

    def _close_sockets(self) -> None:
        for sock in self._sockets:
            sock.close()
        self._sockets.clear()


def _listening(family: int, kind: int, protocol: int, address: Any) -> socket.socket:
    sock = socket.socket(family, kind, protocol)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        sock.bind(address)
        sock.listen(_BACKLOG)
    except OSError:
        sock.close()
        raise
    return sock
