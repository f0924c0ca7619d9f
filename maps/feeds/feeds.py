"""Feeds: all feeds of a node, run while it works."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager

from maps.feeds.feed import Feed
from maps.feeds.feedback import may_share_server, shares_server
from maps.feeds.health import FeedHealth
from maps.feeds.settings import FeedSettings
from patrol.desks.desk import Desk
from patrol.intake.own_messages import OwnMessages
from patrol.units.accounts import User
from radio_gateway.channels.channel_settings import ChannelSettings


class Feeds:
    """The feeds of a node.

    Args:
        settings: What they are told.
        desk_of: Returns the desk of a user; each feed has one of its own agency and role.
        own_messages: Where the Watch of this node knows again what they tell.
        node: This node's id.
        channels: What this node hears.
    """

    def __init__(
        self,
        settings: Sequence[FeedSettings],
        desk_of: Callable[[User], Desk],
        own_messages: OwnMessages,
        *,
        node: str,
        channels: Sequence[ChannelSettings] = (),
    ) -> None:
        self._feeds = [
            Feed(
                each,
                desk_of(User(name=f"feed {each.name}", role=each.role, agency=each.agency)),
                own_messages,
                node=node,
                comes_back=shares_server(each, channels),
                may_come_back=may_share_server(each, channels),
            )
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
