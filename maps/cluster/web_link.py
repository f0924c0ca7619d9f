"""Web link: a web process's connection to the Watch: requests, heartbeats, view frames."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from time import monotonic
from typing import Any, Self

import msgspec
import structlog
from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest

from maps.cluster.bus import Bus
from maps.cluster.messages import (
    WANTED_EVERY_S,
    Request,
    Response,
    RpcResponse,
    Topics,
    ViewMessage,
    ViewsInUse,
    WatchHeartbeat,
)
from maps.cluster.remote_views import RemoteViews
from maps.cluster.rpc_client import RpcClient
from maps.settings.internal_settings import InternalSettings
from radio_gateway.parsing.msgspec_decoders import msgpack_decoder

TICK_S = 0.5

_log = structlog.get_logger(__name__)
_beat = msgpack_decoder(WatchHeartbeat).decode
_answer = msgpack_decoder(RpcResponse).decode
_word = msgpack_decoder(ViewMessage).decode


class WebLink:
    """The way to the Watch; an async context manager.

    Args:
        settings: Which broker.
        key: What messages are sealed with.
        node: The node's id.
        now: A clock that only goes forward, seconds.

    Attributes:
        asking: What is asked, and whether there is a Watch.
        views: The views that viewers look at.
    """

    def __init__(
        self,
        settings: InternalSettings,
        key: bytes,
        *,
        node: str,
        now: Callable[[], float] = monotonic,
    ) -> None:
        self._topics = Topics(node)
        self._id = secrets.token_hex(8)
        self._bus = Bus(
            settings,
            key,
            client_id=f"{node}-web-{self._id}",
            receive=self._on_message,
            moved=self._bus_moved,
            part=self._part,
        )
        self._answers = self._topics.answer(self._id)
        self._bus.add(self._topics.beat)
        self._bus.add(self._answers)
        self.asking = RpcClient(web=self._id, send=self._send, moved=self._watch_moved, now=now)
        self.views = RemoteViews(
            self.asking.call,
            subscribe=lambda *view: self._bus.subscribe(self._topics.view(*view)),
            unsubscribe=lambda *view: self._bus.unsubscribe(self._topics.view(*view)),
            wait_for_watch=self.asking.wait,
            now=self.asking.time,
        )
        self._view_start = self._topics.view("", "").removesuffix("/")

    async def __aenter__(self) -> Self:
        """Begin; goes on until it is left, whatever becomes of broker and Watch."""
        await self._bus.__aenter__()
        self._ticking = asyncio.create_task(self._tick(), name="web-link")
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._ticking.cancel()
        await asyncio.gather(self._ticking, return_exceptions=True)
        self.views.close()
        await self._bus.__aexit__(*exception)

    async def pass_on(self, request: Request) -> Response:
        """Return what the Watch answers to a request.

        Raises:
            WatchUnreachable, NoAnswer: If it does not.
        """
        answer: Response = await self.asking.call(request)
        return answer

    def is_well(self) -> bool:
        """Return whether there is a Watch, and it works."""
        return self.asking.well

    def metrics(self) -> bytes:
        """Return what can be counted of this process, as Prometheus reads it."""
        registry = CollectorRegistry()
        for name, text, value in (
            ("watch", "Whether the watch is reached", float(bool(self.asking.watch))),
            ("viewers", "Viewers that are connected", float(self.views.viewers)),
            ("views", "Views that are followed", float(len(self.views.views))),
        ):
            Gauge(f"joint_patrol_web_{name}", text, registry=registry).set(value)
        for name, text, count in (
            ("requests", "What was asked of the watch", self.asking.requests),
            ("unanswered", "What it did not answer", self.asking.unanswered),
            ("strange", "Messages not sealed with this node's key", self._bus.strange),
        ):
            Counter(f"joint_patrol_web_{name}", text, registry=registry).inc(count)
        return generate_latest(registry)

    # -- inside

    def _send(self, body: bytes, number: int) -> None:
        self._bus.pass_on(
            self._topics.requests_of(self._id), body, reply=self._answers, about=b"%d" % number
        )

    def _bus_moved(self, is_open: bool) -> None:
        if not is_open:
            self.asking.note_lost("the broker is not reached")

    def _part(self, topic: str) -> None:
        if topic == self._answers or topic.startswith(self._view_start):
            self.asking.coming()

    def _watch_moved(self) -> None:
        self.views.close()  # their viewers come again, and go on where they stopped

    def _on_message(self, topic: str, body: bytes) -> None:
        try:
            if topic == self._topics.beat:
                self.asking.beat(_beat(body))
            elif topic == self._answers:
                self.asking.answer(_answer(body))
            elif topic.startswith(self._view_start):
                agency, _, role = topic.removeprefix(self._view_start).partition("/")
                word = _word(body)
                if word.watch_id == self.asking.watch:
                    self.views.take(agency, role, word)
        except msgspec.MsgspecError as error:  # of another version of this software
            _log.error("not_understood", topic=topic, fault=str(error))

    async def _tick(self) -> None:
        looked = 0.0
        loop = asyncio.get_running_loop()
        while True:
            await asyncio.sleep(TICK_S)
            try:
                self.asking.tick()
                self.views.sweep()
                if loop.time() - looked > WANTED_EVERY_S:
                    looked = loop.time()
                    self._want()
            except Exception:  # noqa: BLE001 - logged; it must go on
                _log.exception("web_link_failed")

    def _want(self) -> None:
        views: Any = self.views.views
        if views:
            self.asking.notify(ViewsInUse(views=views))
