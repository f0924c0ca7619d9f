"""Metrics server: tells programs of this machine how the gateway fares.

`GET /metrics` is what Prometheus scrapes; `GET /report` is the same with the last rejected frames,
as JSON, for `radio-gateway monitor`. It listens on loopback only, changes nothing, and answers to
no other name than this machine's own, so that no web page can ask through a browser.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager

import msgspec
import structlog

from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import LinkError, fault_of
from radio_gateway.health.health import GatewayHealth, GatewayReport, RejectedFrame
from radio_gateway.transports.http_request import HttpPeer, HttpRequest, HttpRequestError, Limits

_LIMITS = Limits(body_bytes=0, request_s=5.0, idle_s=75.0)
_MOST = 16  # connections at once
_HOSTS = ("127.0.0.1", "localhost", "[::1]")
_TEXT = {"content-type": "text/plain; charset=utf-8"}
_log = structlog.get_logger(__name__)


@asynccontextmanager
async def serving_metrics(
    port: int,
    health: Callable[[], Awaitable[GatewayHealth]],
    rejected: Callable[[], Mapping[str, Sequence[RejectedFrame]]],
) -> AsyncIterator[int]:
    """Serve on 127.0.0.1 while inside.

    Args:
        port: Port to listen on; 0 lets the system choose one.
        health: Returns how the gateway fares now.
        rejected: Returns the last rejected frames by channel, oldest first.

    Yields:
        The port in use.

    Raises:
        LinkError: If the port cannot be had.
    """
    tasks: set[asyncio.Task[None]] = set()

    def met(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        peer = HttpPeer(reader, writer, _LIMITS)
        if len(tasks) >= _MOST:
            peer.abort()
            return
        task = asyncio.create_task(_serve(peer, writer, health, rejected))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    try:
        server = await asyncio.start_server(met, "127.0.0.1", port)
    except OSError as error:
        raise LinkError(f"http://127.0.0.1:{port}/metrics", fault_of(error)) from error
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        ending = list(tasks)
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        await server.wait_closed()


async def _serve(
    peer: HttpPeer,
    writer: asyncio.StreamWriter,
    health: Callable[[], Awaitable[GatewayHealth]],
    rejected: Callable[[], Mapping[str, Sequence[RejectedFrame]]],
) -> None:
    try:
        while (request := await peer.request()) is not None:
            refusal = _refusal(request)
            if refusal is not None:
                await peer.respond(refusal, b"", _TEXT)
                continue
            metrics = await health()
            if request.target == "/metrics":
                from radio_gateway.health.metrics import (  # not all ask for it
                    CONTENT_TYPE,
                    metrics_text,
                )

                text = metrics_text((), gateways=(metrics,), now=utc_now())
                await peer.respond(200, text, {"content-type": CONTENT_TYPE})
            else:
                report = GatewayReport(
                    health=metrics,
                    rejected={name: list(frames) for name, frames in rejected().items()},
                )
                body = msgspec.json.encode(report)
                await peer.respond(200, body, {"content-type": "application/json"})
    except HttpRequestError as refused:
        await peer.respond(refused.status, b"", _TEXT, close=True)
    except OSError:  # the client has gone
        pass
    except Exception:  # noqa: BLE001 - logged; whoever asks may ask again
        _log.exception("metrics_failed")
    finally:
        writer.close()
        try:
            await writer.wait_closed()
        except OSError:
            pass


def _refusal(request: HttpRequest) -> int | None:
    """Return the status that refuses `request`; None when it may be answered."""
    host = request.headers.get("host", "127.0.0.1")
    if host.rpartition(":")[0] not in _HOSTS and host not in _HOSTS:
        return 421
    if request.method != "GET":
        return 405
    return None if request.target in ("/metrics", "/report") else 404
