"""MQTT client: `mqtt://host:1883?topic=owntracks/+/+&version=5`, `mqtts://` with TLS.

Options: `topic` (several times), `qos` (1, or 0), `version` (`3.1.1` or `5`), `client_id`,
`keepalive_s`, `receive_maximum`, `session_expiry_s` (version 5).

The session outlives the connection, and a message is acknowledged (PUBACK) only once it is stored,
on the connection that brought it: packet identifiers mean nothing on another. When the broker
sends an unacknowledged message again on a new connection, it is recognised (MQTT 3.1.1 4.4: same
identifier, DUP set) and not handed on twice while this process lives; after a restart it is handed
on marked `resent`.

Sources: MQTT 3.1.1 (OASIS, 2014) 3.1.2.4, 4.3.2, 4.4; MQTT 5.0 (OASIS, 2019) 3.1.2.11, 4.9.
"""

from __future__ import annotations

import asyncio
import ssl
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import ClassVar, Self

import msgspec
from paho.mqtt import client as paho

from radio_gateway.clock.clock import utc_now
from radio_gateway.errors.errors import LinkError, SettingsError
from radio_gateway.links.link_url import Link, LinkOptions
from radio_gateway.links.receive_buffer import Mailbox
from radio_gateway.links.transport import Chunk
from radio_gateway.tls.client_context import trusting
from radio_gateway.transports.mqtt_session import ClosingSocket, MqttSession, SessionSettings

STORED_WITHIN_S = 2.0
LEAST_AT_ONCE = 400  # smaller batches cost more than they win
_LONGEST_TOPIC = 1024  # characters; it may become a sender's name, of whom thousands are remembered


class _Receipt(msgspec.Struct):
    """A QoS 1 message that was handed on; called once it is stored.

    Attributes:
        mid: Packet identifier.
        mark: Hash of topic and payload.
        session: The connection that may be told.
        stored: Whether it is stored.
    """

    mid: int
    mark: int
    session: MqttSession
    stored: bool = False

    def __call__(self) -> None:
        self.stored = True
        session = self.session
        session.unstored -= 1
        session.acknowledge(self.mid)


class MqttTransport:
    """A subscriber with a persistent session.

    Args:
        link: `mqtt://` or `mqtts://`.

    Raises:
        SettingsError: If host or topics are missing, or an option or certificate is wrong.
    """

    can_wait: ClassVar[bool] = True
    is_local: ClassVar[bool] = False
    is_stream: ClassVar[bool] = False
    is_live = True
    reopens_when_silent: ClassVar[bool] = False
    can_send: ClassVar[bool] = True
    fault: ClassVar[str | None] = None

    def __init__(self, link: Link) -> None:
        if not link.host:
            raise SettingsError("url", f"{link.public_url} needs a host: mqtt://host:1883?topic=…")
        options = LinkOptions(link)
        topics = tuple(options.many("topic"))
        version = options.text("version", "3.1.1", choices=("3.1.1", "5"))
        self._public_url = link.public_url
        self._receive_maximum = options.whole("receive_maximum", 2000, low=1, high=65_535)
        # Half of what a broker sends before it is answered; 3.1.1 has no way to tell it how much.
        self.at_once = max(LEAST_AT_ONCE, self._receive_maximum // 2)
        self._settings = SessionSettings(
            host=link.host,
            port=link.port or (8883 if link.scheme == "mqtts" else 1883),
            public_url=link.public_url,
            protocol=paho.MQTTv5 if version == "5" else paho.MQTTv311,
            topics=topics,
            qos=options.whole("qos", 1, low=0, high=1),
            client_id=options.text("client_id", link.client_id),
            keepalive_s=options.whole("keepalive_s", 30, low=5, high=3600),
            receive_maximum=self._receive_maximum,
            session_expiry_s=options.whole("session_expiry_s", 7 * 86_400, low=0, high=2**32 - 1),
            username=link.username,
            password=link.password,
            tls=_tls(link) if link.scheme == "mqtts" else None,
        )
        options.finish()
        if not topics:
            raise SettingsError("url", f"{link.public_url} names no topic: add ?topic=…")
        for topic in topics:
            if not _is_filter(topic):
                raise SettingsError("url", f"topic={topic} is not an MQTT topic filter")
        self.on_much: Callable[[], None] | None = None
        self._mailbox = Mailbox()
        self._session: MqttSession | None = None
        self._receipts: OrderedDict[int, _Receipt] = OrderedDict()
        self._subscribed = self._is_opening = False

    async def __aenter__(self) -> Self:
        """Connect and subscribe. Raises LinkError when the broker is absent or refuses."""
        self._mailbox = Mailbox()
        self._mailbox.on_much = self.on_much
        self._session = session = MqttSession(self._settings, self._on_message, self._mailbox.fail)
        self._is_opening = True
        try:
            known = await session.connect()
            if not known:
                # the broker forgot the session: its identifiers start anew
                self._receipts.clear()
            if not (known and self._subscribed):
                await session.subscribe()
                self._subscribed = True
        except BaseException:
            self._leave_untaken(session)
            session.close()
            raise
        finally:
            self._is_opening = False
        if self._mailbox.is_full:
            self._read_when_empty(session)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait a moment for what is being stored to be acknowledged, then disconnect."""
        session = self._session
        assert session is not None
        session.stop_reading()
        self._leave_untaken(session)
        if not isinstance(error, LinkError | asyncio.CancelledError | None):
            # what the channel was busy with is lost, and it is not known what that was
            for mid in [mid for mid, receipt in self._receipts.items() if not receipt.stored]:
                del self._receipts[mid]
            session.unstored = 0
        try:
            await session.settled(STORED_WITHIN_S)
        finally:
            self._session = None
            session.close()

    async def read(self) -> list[Chunk]:
        """Return the messages that came. Raises LinkError when the connection broke."""
        return await self._mailbox.take(self.at_once)

    async def send(
        self, data: bytes, *, connection: str | None = None, topic: str | None = None
    ) -> None:
        """Publish `data` at QoS 1 and wait for the broker. Raises LinkError when it has not it."""
        if self._session is None:
            raise LinkError(self._public_url, "the link is not open")
        if not topic:
            raise LinkError(self._public_url, "no topic to publish to")
        await self._session.publish(topic, data)

    def now(self) -> datetime:
        """Return the present."""
        return utc_now()

    def _on_message(self, session: MqttSession, message: paho.MQTTMessage) -> None:
        topic, payload, receipt = _topic(message), bytes(message.payload), None
        if message.qos:
            receipt = self._receipt(session, message, hash((topic, payload)))
            if receipt is None:
                return
        chunk = Chunk(
            payload,
            self.now(),
            connection=topic or "",
            topic=topic,
            whole=True,
            resent=bool(message.dup),
            stored=receipt,
        )
        # What waited for the session comes before the answer to subscribing, which is wanted too.
        if not self._mailbox.put(chunk) and not self._is_opening:
            self._read_when_empty(session)

    def _receipt(
        self, session: MqttSession, message: paho.MQTTMessage, mark: int
    ) -> _Receipt | None:
        """Return the receipt of a message; None when it was handed on before."""
        receipts, mid = self._receipts, message.mid
        known = receipts.get(mid)
        if known is not None:
            if message.dup and known.mark == mark:
                known.session = session
                if known.stored:
                    session.acknowledge(mid)
                else:
                    session.unstored += 1
                return None
            del receipts[mid]  # the next one stands last
        receipt = receipts[mid] = _Receipt(mid, mark, session)
        session.unstored += 1
        while len(receipts) > 2 * self._receive_maximum:
            receipts.popitem(last=False)
        return receipt

    def _read_when_empty(self, session: MqttSession) -> None:
        session.stop_reading()
        self._mailbox.call_when_empty(session.go_on_reading)

    def _leave_untaken(self, session: MqttSession) -> None:
        """Forget what came and was not taken: nobody will store it, so it must come again."""
        for chunk in self._mailbox.drain():
            receipt = chunk.stored
            if isinstance(receipt, _Receipt):
                session.unstored -= 1
                if self._receipts.get(receipt.mid) is receipt:
                    del self._receipts[receipt.mid]


def _topic(message: paho.MQTTMessage) -> str | None:
    """Return the topic, of a very long one the beginning; None when it is no UTF-8.

    That is forbidden (3.1.1, 1.5.3), and the decoder rejects it.
    """
    try:
        return message.topic[:_LONGEST_TOPIC]
    except UnicodeDecodeError:
        return None


def _is_filter(topic: str) -> bool:
    """Whether `topic` is a topic filter (MQTT 3.1.1 4.7.1)."""
    levels = topic.split("/")
    return (
        0 < len(topic.encode()) < 65_536
        and "\0" not in topic
        and all(level in ("+", "#") or not set(level) & {"+", "#"} for level in levels)
        and "#" not in levels[:-1]
    )


def _tls(link: Link) -> ssl.SSLContext:
    """Return a context that checks the broker's name and certificate."""
    try:
        context = trusting(link.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError("ca_file", f"{link.ca_file}: {error}") from error
    context.sslsocket_class = ClosingSocket
    if link.cert_file is not None:
        try:
            context.load_cert_chain(link.cert_file, link.key_file)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError("cert_file", f"{link.cert_file}: {error}") from error
    return context
