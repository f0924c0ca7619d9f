"""The way of a Watch to its web processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, ClassVar, Self, cast

import msgspec
import pytest

from maps.cluster.bus import OnMessage
from maps.cluster.messages import ANSWER_WITHIN_S, BEAT_S, Request, Topics, WatchHeartbeat
from maps.cluster.rpc_client import RpcClient
from maps.cluster.watch_link import WatchLink
from maps.settings.internal_settings import InternalSettings
from tests.maps.servers.running import wait_until


class Bus:
    """A way to a broker that opens when it is told to; what is said before is lost.

    Attributes:
        said: What was said while it was open.
        hear: What to call with what is heard.
    """

    made: ClassVar[list[Bus]] = []

    def __init__(
        self, *_: object, receive: OnMessage, moved: Callable[[bool], None], **__: object
    ) -> None:
        self._moved, self._open = moved, False
        self.said: list[msgspec.Struct] = []
        self.hear = receive
        self.made.append(self)

    def add(self, _topic: str) -> None:
        pass

    def publish(self, _topic: str, what: msgspec.Struct, **_: object) -> None:
        if self._open:
            self.said.append(what)

    def open(self) -> None:
        self._open = True
        self._moved(True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


async def test_a_watch_is_connected_as_soon_as_its_broker_is_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("maps.cluster.watch_link.Bus", Bus)
    link = WatchLink(
        InternalSettings(),
        bytes(32),
        node="hx",
        epoch=7,
        app=cast(Any, None),
        desk_of=cast(Any, None),
        is_well=lambda: True,
    )
    bus = Bus.made[-1]
    async with link:
        await asyncio.sleep(BEAT_S / 10)  # its first beat is lost
        bus.open()
        assert [
            (each.epoch, each.well) for each in bus.said if isinstance(each, WatchHeartbeat)
        ] == [(7, True)]


async def test_what_lay_in_a_queue_until_nobody_waits_for_it_is_not_done(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("maps.cluster.watch_link.Bus", Bus)
    now_s = 100.0
    monkeypatch.setattr("maps.cluster.watch_link.monotonic", lambda: now_s)
    done: list[str] = []

    async def app(scope: Any, _receive: Any, send: Any) -> None:
        done.append(scope["path"])
        await send({"type": "http.response.start", "status": 201, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    link = WatchLink(
        InternalSettings(),
        bytes(32),
        node="hx",
        epoch=7,
        app=app,
        desk_of=cast(Any, None),
        is_well=lambda: True,
    )
    bus = Bus.made[-1]
    payloads: list[bytes] = []
    asking = RpcClient(web="web-1", send=lambda body, _number: payloads.append(body))

    async def order(path: str) -> bytes:
        asking.beat(next(each for each in reversed(bus.said) if isinstance(each, WatchHeartbeat)))
        request = Request(
            method="POST", path=path, query=b"", scheme="http", headers=[], client=None,
            caller=None, body=b"",
        )  # fmt: skip
        asking_it = asyncio.create_task(asking.call(request))
        await asyncio.sleep(0)
        asking_it.cancel()
        return payloads[-1]

    async with link:
        bus.open()
        soon, hour_old = await order("/soon"), await order("/hour-old")
        now_s += ANSWER_WITHIN_S  # what is asked again for the last time
        bus.hear(Topics("hx").requests_of("web-1"), soon)
        now_s += 3600
        bus.hear(Topics("hx").requests_of("web-1"), hour_old)
        bus.open()  # it says at once that it is there
        fresh = await order("/fresh")
        bus.hear(Topics("hx").requests_of("web-1"), fresh)
        older = msgspec.msgpack.decode(await order("/of-an-older-version"))
        del older["heard"]
        bus.hear(Topics("hx").requests_of("web-1"), msgspec.msgpack.encode(older))
        async for _ in wait_until("the last of them"):
            if "/of-an-older-version" in done:
                break
    assert done == ["/soon", "/fresh", "/of-an-older-version"]
