"""Watch link: a Watch's connection to its web processes: heartbeats, requests, view frames."""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from time import monotonic
from typing import Final, Self

import msgspec
import structlog
from starlette.types import ASGIApp

from maps.cluster.bus import Bus
from maps.cluster.frame_publisher import FramePublisher
from maps.cluster.messages import (
    BEAT_S,
    LATE_AFTER_S,
    RpcRequest,
    RpcResponse,
    Topics,
    ViewMessage,
    WatchHeartbeat,
)
from maps.cluster.rpc_server import RpcServer
from maps.settings.internal_settings import InternalSettings
from patrol.desks.desk import Desk
from patrol.units.accounts import User
from radio_gateway.clock.clock import utc_now
from radio_gateway.parsing.msgspec_decoders import msgpack_decoder

_LOOK_S: Final = 0.1
"""How often it is looked whether what may pass has changed; at each full second, in which an
agreement's hours end, too."""

_BEATS_KEPT: Final = 2 * int(LATE_AFTER_S / BEAT_S)

_log = structlog.get_logger(__name__)
_ask = msgpack_decoder(RpcRequest).decode


class WatchLink:
    """The way to the web processes; an async context manager.

    Args:
        settings: Which broker.
        key: What messages are sealed with.
        node: The node's id.
        epoch: Of the lease that this Watch holds.
        app: Its routers.
        desk_of: Returns a user's desk.
        is_well: Returns whether the Watch works.
    """

    def __init__(
        self,
        settings: InternalSettings,
        key: bytes,
        *,
        node: str,
        epoch: int,
        app: ASGIApp,
        desk_of: Callable[[User], Desk],
        is_well: Callable[[], bool],
    ) -> None:
        self._topics, self._epoch, self._is_well = Topics(node), epoch, is_well
        self._id = secrets.token_hex(8)
        self._bus = Bus(
            settings,
            key,
            client_id=f"{node}-watch-{self._id}",
            receive=self._on_message,
            moved=self._bus_moved,
        )
        self._bus.add(self._topics.asks)
        self._showing = FramePublisher(desk_of, by=self._id, publish=self._show)
        self._answering = RpcServer(
            app, self._showing, by=self._id, send=self._answer, is_late=self._is_late
        )
        self._beats = 0
        self._beat_times: deque[float] = deque(maxlen=_BEATS_KEPT)  # the last ones, steady clock

    async def __aenter__(self) -> Self:
        """Begin; goes on until it is left, whatever becomes of the broker."""
        await self._bus.__aenter__()
        self._tasks = [
            asyncio.create_task(self._beat(), name="watch-link"),
            asyncio.create_task(self._look(), name="watch-link-look"),
        ]
        return self

    async def __aexit__(self, *exception: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._answering.close()
        self._showing.close()
        await self._bus.__aexit__(*exception)

    # -- inside

    def _on_message(self, topic: str, body: bytes) -> None:
        try:
            self._answering.take(topic.rpartition("/")[2], _ask(body))
        except msgspec.MsgspecError as error:  # of another version of this software
            _log.error("not_understood", topic=topic, fault=str(error))

    def _answer(self, web: str, answer: RpcResponse) -> None:
        self._bus.publish(self._topics.answer(web), answer, about=b"%d" % answer.number)

    def _show(self, agency: str, role: str, word: ViewMessage) -> None:
        self._bus.publish(self._topics.view(agency, role), word)

    def _bus_moved(self, _is_open: bool) -> None:
        # Viewers wait to hear of us. While there is no way nobody hears this one: by the number
        # that is missing web processes know that frames are, too.
        self._send_beat()

    def _send_beat(self) -> None:
        self._beats += 1
        self._beat_times.append(monotonic())
        beat = WatchHeartbeat(
            watch_id=self._id,
            epoch=self._epoch,
            count=self._beats,
            well=self._is_well(),
            time=utc_now(),
            steady_s=monotonic(),
        )
        self._bus.publish(self._topics.beat, beat)

    def _is_late(self, count: int) -> bool:
        if count == 0:
            return False  # it does not say
        ago = self._beats - count
        if not 0 <= ago < len(self._beat_times):
            return True
        return monotonic() - self._beat_times[-1 - ago] > LATE_AFTER_S

    async def _beat(self) -> None:
        while True:
            try:
                self._send_beat()
                self._answering.tick()
                self._showing.sweep()
            except Exception:  # noqa: BLE001 - logged; it must go on
                _log.exception("watch_link_failed")
            await asyncio.sleep(BEAT_S)

    async def _look(self) -> None:
        while True:
            await asyncio.sleep(_LOOK_S - utc_now().timestamp() % _LOOK_S)
            try:
                self._showing.look()
            except Exception:  # noqa: BLE001 - logged; it must go on
                _log.exception("watch_link_failed")
