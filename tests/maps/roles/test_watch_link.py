"""The way of a Watch to its web processes."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Self, cast

import msgspec
import pytest

from maps.internal_settings import InternalSettings
from maps.roles.watch_link import WatchLink
from maps.roles.words import BEAT_S, Beat


class Bus:
    """A way to a broker that opens when it is told to; what is said before is lost.

    Attributes:
        said: What was said while it was open.
    """

    def __init__(self, *_: object, moved: Callable[[bool], None], **__: object) -> None:
        self._moved, self._open = moved, False
        self.said: list[msgspec.Struct] = []

    def add(self, _topic: str) -> None:
        pass

    def say(self, _topic: str, what: msgspec.Struct) -> None:
        if self._open:
            self.said.append(what)

    def open(self) -> None:
        self._open = True
        self._moved(True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        pass


async def test_a_watch_is_heard_as_soon_as_its_broker_is_reached(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("maps.roles.watch_link.Bus", Bus)
    link = WatchLink(
        InternalSettings(),
        bytes(32),
        node="hx",
        epoch=7,
        app=cast(Any, None),
        desk_of=cast(Any, None),
        is_well=lambda: True,
    )
    bus = cast(Bus, link._bus)
    async with link:
        await asyncio.sleep(BEAT_S / 10)  # its first beat is lost
        bus.open()
        assert [(each.epoch, each.well) for each in bus.said if isinstance(each, Beat)] == [
            (7, True)
        ]
