"""The embedded MQTT broker, for the demo and a lone office; everything else meets a real one.

It listens on loopback or on one named address, and lets nobody in without a name and password: the
server's own channels and publishers get a fresh random password each run, radios give their device
id and device key. A radio may publish only to the topics of its own device
(`maps.mqtt_broker.topic_acl`), and subscribe to nothing.

amqtt looks up and deletes the session of a client id before it asks who is calling, and asks nobody
about a last will. So every CONNECT is read and judged here first, and a session belongs to a name:
the client id that amqtt sees begins with it, and nobody can take over what another has.

Source: MQTT 3.1.1; amqtt 0.12 (broker and plugin configuration).
"""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from amqtt.adapters import BufferReader, StreamWriterAdapter
from amqtt.broker import Broker
from amqtt.contexts import Action
from amqtt.errors import AMQTTError, MQTTError, NoDataError
from amqtt.mqtt.connack import (
    IDENTIFIER_REJECTED,
    NOT_AUTHORIZED,
    SERVER_UNAVAILABLE,
    UNACCEPTABLE_PROTOCOL_VERSION,
    ConnackPacket,
)
from amqtt.mqtt.connect import ConnectPacket
from amqtt.mqtt.protocol.broker_handler import BrokerProtocolHandler
from amqtt.plugins.base import BaseAuthPlugin, BaseTopicPlugin
from amqtt.session import Session

from maps.mqtt_broker.packets import PacketReader
from maps.mqtt_broker.topic_acl import KeyCheck, TopicAcl
from patrol.errors.errors import StoreError
from radio_gateway.transports.admission import counted_as

CONNECT_WITHIN_S = 10.0
MOST_WAITING = 200
"""Connections that have not said who they are."""
MOST_CONNECTED = 1000
LONGEST_CLIENT_ID = 256

# amqtt has no types: these are whole numbers (MQTT 3.1.1 3.2.2.3).
_REFUSED: int = NOT_AUTHORIZED
_COME_BACK: int = SERVER_UNAVAILABLE
_NO_SUCH_ID: int = IDENTIFIER_REJECTED
_NO_SUCH_VERSION: int = UNACCEPTABLE_PROTOCOL_VERSION
_LISTENER = "default"
_MQTT_3_1_1 = 4


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
        self._topic_acl = TopicAcl(user=self.user, password=self.password, knows=knows)
        self._waiting: dict[asyncio.StreamWriter, str] = {}  # whence, the oldest first
        self._connected = 0
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
        broker = _Broker(
            {
                # We hold the socket ourselves: so a free port is known as soon as it is taken.
                "listeners": {_LISTENER: {"type": "external"}},
                "plugins": {
                    "maps.mqtt_broker.broker.PasswordPlugin": {"topic_acl": self._topic_acl},
                    "maps.mqtt_broker.broker.TopicPlugin": {"topic_acl": self._topic_acl},
                },
            }
        )
        broker.topic_acl = self._topic_acl
        await broker.start()
        self._open.push_async_callback(broker.shutdown)

        async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await self._serve(broker, PacketReader(reader), writer)
            except OSError:
                pass  # it went; nothing is owed to it
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

    async def _serve(
        self, broker: Broker, reader: PacketReader, link: asyncio.StreamWriter
    ) -> None:
        """Judge the CONNECT, then hand the client to amqtt."""
        peer = link.get_extra_info("peername") or ("?", 0)
        self._waiting[link] = counted_as(str(peer[0]))
        if len(self._waiting) > MOST_WAITING:
            self._send_away()
        writer = StreamWriterAdapter(link)
        try:
            async with asyncio.timeout(CONNECT_WITHIN_S):
                packet = await _connect(await reader.packet())
                refusal = await self._refusal(packet)
        except (TimeoutError, NoDataError, AMQTTError, MQTTError, ValueError):
            return
        finally:
            self._waiting.pop(link, None)
        if refusal is not None:
            await ConnackPacket.build(0, refusal).to_stream(writer)
            return
        if packet.payload is not None and not packet.payload.client_id_is_random:
            packet.client_id = f"{packet.username!r} {packet.client_id}"
            reader.give_back(bytes(packet.to_bytes()))
        else:
            reader.rewind()
        self._connected += 1
        try:
            await broker.external_connected(reader, writer, _LISTENER)
        finally:
            self._connected -= 1

    def _send_away(self) -> None:
        """End the oldest that has not said who it is, of the address that has most of those:
        whoever opens connections without end keeps no radio out.
        """
        ((most, _),) = Counter(self._waiting.values()).most_common(1)
        oldest = next(link for link, of in self._waiting.items() if of == most)
        del self._waiting[oldest]
        oldest.transport.abort()

    async def _refusal(self, packet: ConnectPacket) -> int | None:
        """Return the CONNACK code to refuse a client with; None when it may come in."""
        if packet.proto_level != _MQTT_3_1_1:
            return _NO_SUCH_VERSION
        name = packet.username if packet.username_flag else None
        password = packet.password if packet.password_flag else None
        try:
            if not await self._topic_acl.opens(name, password):
                return _REFUSED
        except StoreError:
            return _COME_BACK
        if packet.will_flag and not self._topic_acl.allows(name, packet.will_topic, Action.PUBLISH):
            return _REFUSED
        if len(packet.client_id or "") > LONGEST_CLIENT_ID:
            return _NO_SUCH_ID
        return _COME_BACK if self._connected >= MOST_CONNECTED else None


async def _connect(raw: bytes) -> ConnectPacket:
    """Return a CONNECT packet.

    Raises:
        AMQTTError: If it is another packet.
        NoDataError: If it ends too soon.
    """
    packet = await ConnectPacket.from_stream(BufferReader(raw))
    if packet.payload is None or packet.variable_header is None:
        raise NoDataError("an empty CONNECT")
    return packet


class _Broker(Broker):  # type: ignore[misc]
    """amqtt's broker, which asks once more before it publishes a last will."""

    topic_acl: TopicAcl

    async def _handle_disconnect(
        self,
        client_session: Session,
        handler: BrokerProtocolHandler,
        disconnect_waiter: asyncio.Future[Any],
    ) -> None:
        if client_session.will_flag and not await self.topic_acl.lets(
            client_session.username,
            client_session.password,
            client_session.will_topic,
            Action.PUBLISH,
        ):
            client_session.will_flag = False
        await super()._handle_disconnect(client_session, handler, disconnect_waiter)


class PasswordPlugin(BaseAuthPlugin):  # type: ignore[misc]
    """Accepts clients that know a password."""

    @dataclass
    class Config:
        """Configuration of the plugin."""

        topic_acl: Any

    async def authenticate(self, *, session: Session) -> bool | None:
        """Return whether the client may connect."""
        topic_acl: TopicAcl = self.config.topic_acl
        return await topic_acl.opens(session.username, session.password)


class TopicPlugin(BaseTopicPlugin):  # type: ignore[misc]
    """Keeps each radio to its own topics, for as long as its key is good."""

    @dataclass
    class Config:
        """Configuration of the plugin."""

        topic_acl: Any

    async def topic_filtering(
        self,
        *,
        session: Session | None = None,
        topic: str | None = None,
        action: Action | None = None,
    ) -> bool | None:
        """Return whether the client may do `action` on `topic`."""
        topic_acl: TopicAcl = self.config.topic_acl
        if session is None:
            return False
        return await topic_acl.lets(session.username, session.password, topic, action)
