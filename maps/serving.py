"""Serving: uvicorn on a socket of ours, ended by a signal, without an access log.

An access log would hold who asked for what, and tokens in addresses; what matters is logged where
it happens.
"""

from __future__ import annotations

import asyncio
import errno
import gc
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any, TypeVar

import uvicorn
from fastapi import FastAPI
from starlette.types import ASGIApp

from maps.frames import SharedFrames
from maps.settings_tables import WebSettings

T = TypeVar("T")

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class _Server(uvicorn.Server):
    """A server that leaves signals to us: uvicorn's own way would end us before we clean up."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, and say so once requests are answered."""
        try:
            await super().startup(sockets)
        except SystemExit:  # its word for an app that does not start
            self.should_exit = True
        if self.started:
            spare_the_collector()
            self._ready()

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


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run `work` on an event loop of its own: uvloop's, where there is one."""
    with asyncio.Runner(loop_factory=_loop_factory()) as runner:
        return runner.run(work)


def listen(web: WebSettings) -> socket.socket:
    """Return a socket bound where `web` says; port 0 takes a free one.

    Raises:
        OSError: If it cannot be bound.
    """
    family = socket.AF_INET6 if ":" in web.host else socket.AF_INET
    # The protocol is named: asyncio leaves Nagle's algorithm on for a socket of protocol 0, and
    # then each answer on a kept connection waits 40 ms for the acknowledgement of the one before.
    bound = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((web.host, web.port))
    except OSError as error:
        bound.close()
        fault = f"cannot listen on {web.host} port {web.port}: {error.strerror}"
        if error.errno == errno.EADDRINUSE:
            fault += "; choose another with --port (0 takes a free one) or web.port"
        raise OSError(error.errno, fault) from None
    return bound


def address_of(web: WebSettings, bound: socket.socket) -> str:
    """Return the address people type, without a slash at the end."""
    return address_with(web, bound.getsockname()[1])


def address_with(web: WebSettings, port: int) -> str:
    """Return the address people type to reach `port`, without a slash at the end."""
    host = web.host if web.loopback or not web.allowed_hosts else web.allowed_hosts[0]
    shown = f"[{host}]" if ":" in host else host
    return f"{'https' if web.tls else 'http'}://{shown}:{port}"


async def serve(
    app: FastAPI, web: WebSettings, bound: socket.socket, *, ready: Callable[[], None]
) -> None:
    """Serve until SIGINT or SIGTERM, or until the task is cancelled.

    Args:
        app: What is served; why it did not start stands in its `state.failed`.
        web: How.
        bound: Where.
        ready: Called once requests are answered.

    Raises:
        Exception: Whatever kept the app from starting.
    """
    # Why the app does not start is raised below; uvicorn would print its trace as well.
    logger = logging.getLogger("uvicorn.error")
    logger.setLevel(logging.CRITICAL)

    def begin() -> None:
        logger.setLevel(logging.WARNING)
        ready()

    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
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

    def stop() -> None:
        server.should_exit = True

    for number in _SIGNALS:
        loop.add_signal_handler(number, stop)
    serving = asyncio.create_task(server.serve(sockets=[bound]), name="serving")
    try:
        await asyncio.shield(serving)
    except asyncio.CancelledError:
        server.should_exit = True
        await serving
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)
        bound.close()
    if not server.started and app.state.failed is not None:
        raise app.state.failed


@asynccontextmanager
async def serving_beside(app: ASGIApp, bound: socket.socket) -> AsyncIterator[None]:
    """Serve something small without TLS beside the node, while inside.

    Args:
        app: What is served.
        bound: Where; closed at the end.
    """
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            lifespan="off",
            limit_concurrency=50,
            timeout_graceful_shutdown=1,
        ),
        lambda: None,
    )
    task = asyncio.create_task(server.serve(sockets=[bound]), name="serving beside")
    try:
        yield
    finally:
        server.should_exit = True
        await asyncio.gather(task, return_exceptions=True)
        bound.close()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    try:
        import uvloop
    except ImportError:  # there is none for Windows
        return None
    return uvloop.new_event_loop
