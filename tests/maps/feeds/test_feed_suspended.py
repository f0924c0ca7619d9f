"""What a suspension takes back does not leave by a feed that is still telling what it knew."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Self

import pytest

from maps.feeds.feed import UNITS_AT_ONCE, Feed
from maps.feeds.outlets.outlets import OUTLETS
from maps.feeds.settings import FeedSettings
from tests.maps.servers.running import wait_until
from tests.patrol.nodes.agreements import share
from tests.patrol.nodes.running import AGENCY, OTHER, address, at, running, said


class Slow:
    """A way out that takes a few messages and then has no room until it is told to go on."""

    clients, cut_off = 1, 0

    def __init__(self, *_: Any) -> None:
        self.sent: list[bytes] = []
        self.full, self.go_on = asyncio.Event(), asyncio.Event()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass

    def send(self, message: bytes) -> None:
        self.sent.append(message)

    async def room(self) -> None:
        self.full.set()
        await self.go_on.wait()


async def test_who_waits_for_room_tells_nothing_of_what_was_suspended_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = Slow()
    monkeypatch.setitem(OUTLETS, "tcp", lambda *_: out)
    settings = FeedSettings(
        name="tak", url="tcp://127.0.0.1:9", speaks="cot", agency=AGENCY, role="crew"
    )
    async with running(tmp_path / "p.db") as node:
        for number in range(UNITS_AT_ONCE + 5):
            boat = await node.boat(f"Secret {number}", OTHER)
            radio = address(f"b{number}")
            await node.desk("admin", OTHER).registry.assign(address=radio, unit=boat, start=at(-1))
        agreement = await share(node)
        await node.hear(*(said(f"b{number}", 1) for number in range(UNITS_AT_ONCE + 5)))
        own = node.watch.own_messages
        feed = Feed(settings, node.desk("crew"), own, node="test", now=lambda: node.time)
        running_feed = asyncio.create_task(feed.run())
        try:
            async with asyncio.timeout(10):
                await out.full.wait()
                told = len(out.sent)
                assert told == UNITS_AT_ONCE
                other = node.desk("liaison", OTHER)
                await other.agreements.suspend(agreement.id, reason="now")
                out.go_on.set()
                async for _ in wait_until("what takes all of it back"):
                    if len(out.sent) >= told + UNITS_AT_ONCE:
                        break
        finally:
            running_feed.cancel()
            await asyncio.gather(running_feed, return_exceptions=True)
    assert [message for message in out.sent[told:] if b"Secret" in message] == []
