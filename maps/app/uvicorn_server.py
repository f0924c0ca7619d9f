"""Uvicorn server: runs uvicorn on our own socket, ended by a signal, without an access log.

An access log would hold who asked for what, and tokens in addresses; what matters is logged where
it happens.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import signal
import socket
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import Any

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from maps.http.connection_limits import WholeRequests, look_at
from maps.http.shared_websocket import SharedFrames
from maps.http.tls_acceptor import TlsAcceptor
from maps.settings.settings_tables import WebSettings
from radio_gateway.runtime import systemd as service

_TICK_S = 1.0
_LOOK_S = 5.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Server(uvicorn.Server):
    """A server that leaves signals to us: uvicorn's own way would end us before we clean up."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._stopped = asyncio.Event()
        self._looked_s = float("-inf")
        self._tls_acceptor: TlsAcceptor | None = None

    def stop(self) -> None:
        """End, once what was asked is answered."""
        self.should_exit = True
        self._stopped.set()

    async def on_tick(self, counter: int) -> bool:
        """Look at the connections every five seconds, too."""
        now_s = asyncio.get_running_loop().time()
        if now_s - self._looked_s >= _LOOK_S:
            self._looked_s = now_s
            look_at(self.server_state.connections, now_s)
        return await super().on_tick(counter)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so once requests are answered."""
        secured = self.config.is_ssl and sockets is not None
        try:
            await super().startup([] if secured else sockets)
        except SystemExit:  # its word for an app that does not start
            self.should_exit = True
        if self.started:
            if secured:
                self._accept_tls(sockets or [])
            spare_the_collector()
            take_short_turns()
            self._ready()

    def _accept_tls(self, sockets: list[socket.socket]) -> None:
        """Take connections over TLS ourselves: uvicorn would not know of those that say nothing."""
        config = self.config
        kind: Any = config.http_protocol_class
        assert config.ssl is not None
        (bound,) = sockets
        self._tls_acceptor = TlsAcceptor(
            config.ssl,
            lambda: kind(
                config=config, server_state=self.server_state, app_state=self.lifespan.state
            ),
            backlog=config.backlog,
        )
        self._tls_acceptor.open(bound)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Take no more connections and end, once what was asked is answered."""
        if self._tls_acceptor is not None:
            await self._tls_acceptor.close()
        await super().shutdown(sockets)

    async def main_loop(self) -> None:
        """Tell the time once a second until stopped; uvicorn looks ten times whether it is."""
        while not await self.on_tick(0):
            with suppress(TimeoutError):
                async with asyncio.timeout(_TICK_S):
                    await self._stopped.wait()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none."""
        yield


def spare_the_collector() -> None:
    """Leave what a start made (geography, code) out of every later collection of garbage.

    The hot path makes no cycles; looking through all that for some cost a tenth of its time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


def take_short_turns() -> None:
    """Let threads of this process take turns of a millisecond.

    A commit gives the interpreter up at every row. Beside a thread that reckons for long, such as
    a report, it waited for a whole turn each time, Python's usual 5 ms: 3.0 ms a row, now 0.5.
    """
    sys.setswitchinterval(0.001)


async def serve(
    app: FastAPI,
    web: WebSettings,
    bound: socket.socket,
    *,
    ready: Callable[[], None],
    reload: Callable[[], Awaitable[bool]] | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM, or until the task is cancelled.

    Args:
        app: What is served; why it did not start stands in its `state.failed`.
        web: How.
        bound: Where.
        ready: Called once requests are answered.
        reload: Called at SIGHUP; if it returns True, connections from then on are shown the
            certificate as its files are now. None: that signal is left alone.

    Raises:
        Exception: Whatever kept the app from starting.
    """
    # Why the app does not start is raised below; uvicorn would print its trace as well.
    logger = logging.getLogger("uvicorn.error")
    logger.setLevel(logging.CRITICAL)

    def begin() -> None:
        logger.setLevel(logging.WARNING)
        ready()
        service.notify("READY=1")

    def stop() -> None:
        service.notify("STOPPING=1")
        server.stop()

    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            http=WholeRequests,
            proxy_headers=bool(web.trusted_proxies),
            forwarded_allow_ips=list(web.trusted_proxies),
            ssl_certfile=web.tls_certificate,
            ssl_keyfile=web.tls_key,
            ws=SharedFrames,
            ws_max_size=4096,  # viewers have nothing to say
            ws_per_message_deflate=False,  # once for each viewer would cost more than all the rest
            timeout_graceful_shutdown=5,
        ),
        begin,
    )
    loop = asyncio.get_running_loop()

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    reloading: set[asyncio.Task[None]] = set()

    async def load(again: Callable[[], Awaitable[bool]]) -> None:
        if await again() and server.config.ssl is not None and web.tls_certificate is not None:
            server.config.ssl.load_cert_chain(web.tls_certificate, web.tls_key)

    def hang_up(again: Callable[[], Awaitable[bool]]) -> None:
        task = asyncio.create_task(load(again), name="reload")
        reloading.add(task)
        task.add_done_callback(reloading.discard)

    if reload is not None:
        loop.add_signal_handler(signal.SIGHUP, hang_up, reload)
    alive = asyncio.create_task(service.notify_watchdog(), name="service-alive")
    serving = asyncio.create_task(server.serve(sockets=[bound]), name="serving")
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.stop()
        await serving
    finally:
        alive.cancel()
        if reload is not None:
            loop.remove_signal_handler(signal.SIGHUP)
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        bound.close()
    if not server.started and app.state.failed is not None:
        raise app.state.failed


@asynccontextmanager
async def serving_beside(app: ASGIApp, bound: socket.socket) -> AsyncIterator[None]:
    """Serve something small without TLS beside the node, to whoever comes, while inside.

    Args:
        app: What is served.
        bound: Where; closed at the end.
    """
    from maps.http.plain_http import SmallPortProtocol  # brings h11

    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            http=SmallPortProtocol,
            ws="none",
            timeout_graceful_shutdown=1,
        ),
        lambda: None,
    )
    task = asyncio.create_task(server.serve(sockets=[bound]), name="serving beside")
    try:
        yield
    finally:
        server.stop()
        await asyncio.gather(task, return_exceptions=True)
        bound.close()
