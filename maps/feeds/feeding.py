"""Feeding: all feeds of a node, run while it works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from maps.feeds.feed import Feed
from maps.feeds.health import FeedHealth
from maps.feeds.settings import FeedSettings
from patrol.accounts import User
from patrol.desk import Desk


class Feeds:
    """The feeds of a node.

    Args:
        settings: What they are told.
        desk_of: Returns the desk of a user; each feed has one of its own agency and role.
    """

    def __init__(self, settings: Sequence[FeedSettings], desk_of: Callable[[User], Desk]) -> None:
        self._feeds = [
            Feed(each, desk_of(User(name=f"feed {each.name}", role=each.role, agency=each.agency)))
            for each in settings
        ]

    def health(self, agency: str) -> list[FeedHealth]:
        """Return how the feeds of an agency fare, by name; other agencies' are not told."""
        fares = [each.health() for each in self._feeds if each.settings.agency == agency]
        return sorted(fares, key=lambda each: each.name)

    @asynccontextmanager
    async def working(self) -> AsyncIterator[None]:
        """Feed while inside."""
        tasks = [
            asyncio.create_task(feed.run(), name=f"feed {feed.settings.name}")
            for feed in self._feeds
        ]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
