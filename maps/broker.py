"""The embedded MQTT broker, for the demo and a lone office; everything else meets a real one.

It listens on loopback or on one named address, and lets nobody in without a name and password: the
server's own channels and publishers get a fresh random password each run, radios give their device
id and device key. A radio may publish only to topics that name its own device, and subscribe to
nothing.

Source: MQTT 3.1.1; amqtt 0.12 (broker and plugin configuration).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

KeyCheck = Callable[[str, str], Awaitable[bool]]
"""Says whether a device id and a device key belong together."""

EMBEDDED = "embedded"
"""Host in a channel's URL that means this broker: `mqtt://embedded?topic=…`."""

_LISTENER = "default"


class EmbeddedBroker:
    """An MQTT 3.1.1 broker in this process; an async context manager.

    Args:
        host: Address to listen on.
        port: Port; 0 takes a free one.
        knows: Checks the name and key of a radio; None lets no radio in.

    Attributes:
        port: The port it listens on, once entered.
        user: Name for the server's own clients.
        password: Password for them, fresh each run.
    """

    def __init__(
        self, *, host: str = "127.0.0.1", port: int = 0, knows: KeyCheck | None = None
    ) -> None:
        self.host, self.port = host, port
        self.user, self.password = "joint-patrol", secrets.token_urlsafe(24)
        self._knows = knows
        self._open = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start listening.

        Raises:
            OSError: If the address cannot be listened on.
        """
        # It calls every client that goes in the middle of a message an error; how our own links
        # fare, our channels tell.
        logging.getLogger("amqtt").setLevel(logging.CRITICAL)
        logging.getLogger("transitions").setLevel(logging.WARNING)
        door = Door(user=self.user, password=self.password, knows=self._knows)
        broker = Broker(
            {
                # We hold the socket ourselves: so a free port is known as soon as it is taken.
                "listeners": {_LISTENER: {"type": "external"}},
                "plugins": {
                    "maps.broker.PasswordPlugin": {"door": door},
                    "maps.broker.TopicPlugin": {"door": door},
                },
            }
        )
        await broker.start()
        self._open.push_async_callback(broker.shutdown)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await broker.external_connected(
                    StreamReaderAdapter(reader), StreamWriterAdapter(writer), _LISTENER
                )
            finally:
                writer.close()

        try:
            server = await asyncio.start_server(connected, self.host, self.port)
        except BaseException:
            await self._open.aclose()
            raise
        self._open.callback(server.close)
        self.port = server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop listening and let every client go."""
        await self._open.aclose()


@dataclass(frozen=True)
class Door:
    """Who may come in, and what they may publish to.

    Attributes:
        user: Name of the server's own clients.
        password: Their password.
        knows: Checks the name and key of a radio.
    """

    user: str
    password: str
    knows: KeyCheck | None

    async def opens(self, name: str | None, password: str | None) -> bool:
        """Return whether `name` may come in with `password`."""
        if not name or not password:
            return False
        if name == self.user:
            return secrets.compare_digest(password.encode(), self.password.encode())
        return self.knows is not None and await self.knows(name, password)

    def allows(self, name: str | None, topic: str | None, action: Action | None) -> bool:
        """Return whether `name` may do `action` on `topic`."""
        if name == self.user:
            return True
        return action == Action.PUBLISH and bool(name) and names_device(topic or "", name or "")


def names_device(topic: str, device: str) -> bool:
    """Return whether whole levels of `topic` say `device`, which may have several levels itself.

    >>> names_device("owntracks/jane/phone/event", "jane/phone")
    True
    >>> names_device("joint-patrol/v1/position/boat-30", "boat-3")
    False
    """
    return f"/{device}/" in f"/{topic}/"


class PasswordPlugin(BaseAuthPlugin):  # type: ignore[misc]
    """Lets in who knows a password."""

    @dataclass
    class Config:
        """What the plugin is told."""

        door: Any

    async def authenticate(self, *, session: Session) -> bool | None:
        """Return whether the client may come in."""
        door: Door = self.config.door
        return await door.opens(session.username, session.password)


class TopicPlugin(BaseTopicPlugin):  # type: ignore[misc]
    """Keeps each radio to its own topics."""

    @dataclass
    class Config:
        """What the plugin is told."""

        door: Any

    async def topic_filtering(
        self,
        *,
        session: Session | None = None,
        topic: str | None = None,
        action: Action | None = None,
    ) -> bool | None:
        """Return whether the client may do `action` on `topic`."""
        door: Door = self.config.door
        return door.allows(session.username if session else None, topic, action)
