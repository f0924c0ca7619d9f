"""Bus: one process's MQTT 5 connection to the broker: it publishes and subscribes.

Nothing is kept for who is away: a session ends with its connection, and what was missed is asked
for again. paho works on a thread of its own; all that is heard is handed on in the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final, Self

import msgspec
import structlog
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from maps.cluster.envelope import Envelopes
from maps.errors.errors import WatchUnreachable
from maps.settings.internal_settings import InternalSettings

KEEPALIVE_S: Final = 10
ANSWER_S: Final = 5.0
MOST_QUEUED: Final = 5000
"""Messages that may wait for the broker; more are not sent, and who waits for one asks again."""

OnMessage = Callable[[str, bytes], None]
"""Called with a topic and a body that came whole."""

_log = structlog.get_logger(__name__)
_encode = msgspec.msgpack.Encoder().encode


class Bus:
    """The way to the broker; an async context manager.

    Args:
        settings: Which broker.
        key: What messages are sealed with.
        client_id: Not to be guessed: who connects under another's id throws that one out.
        receive: Called with all that comes on the topics that were subscribed to.
        moved: Called when the way opens or breaks.
        part: Called with a topic when a part of a body came that is not whole yet.
    """

    def __init__(
        self,
        settings: InternalSettings,
        key: bytes,
        *,
        client_id: str,
        receive: OnMessage,
        moved: Callable[[bool], None] = lambda _open: None,
        part: Callable[[str], None] = lambda _topic: None,
    ) -> None:
        self._settings, self._receive, self._moved, self._part = settings, receive, moved, part
        self._envelopes = Envelopes(key)
        self._topics: set[str] = set()
        self._waiting: dict[int, asyncio.Future[None]] = {}
        self._logged_fault: str | None = None
        self.is_open = False
        client = self._client = paho.Client(
            CallbackAPIVersion.VERSION2, client_id=client_id, protocol=paho.MQTTv5
        )
        client.max_queued_messages_set(MOST_QUEUED)
        client.max_inflight_messages_set(200)
        client.reconnect_delay_set(1, 4)
        client.connect_timeout = ANSWER_S
        context = settings.tls_context()
        if context is not None:
            client.tls_set_context(context)
        client.on_connect, client.on_disconnect = self._on_connect, self._on_disconnect
        client.on_connect_fail = self._on_connect_fail
        client.on_message, client.on_subscribe = self._on_message, self._on_subscribe

    @property
    def strange(self) -> int:
        """How many messages came that were not sealed with our key for their topic."""
        return self._envelopes.strange

    async def __aenter__(self) -> Self:
        """Begin to connect; goes on until it is left, whatever becomes of the broker.

        Raises:
            OSError: If the password cannot be read.
        """
        self._loop = asyncio.get_running_loop()
        self._client.username_pw_set(self._settings.username, self._settings.password())
        host, port = self._settings.broker
        self._client.connect_async(host, port, KEEPALIVE_S)
        self._client.loop_start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._client.on_disconnect = None
        self._client.disconnect()
        await asyncio.to_thread(self._client.loop_stop)

    def publish(self, topic: str, what: msgspec.Struct, *, about: bytes = b"") -> None:
        """Say something on a topic, in one message or several; lost while there is no way.

        Args:
            topic: Where.
            what: What.
            about: What an answer is known by.
        """
        self.pass_on(topic, _encode(what), about=about)

    def pass_on(self, topic: str, body: bytes, *, reply: str = "", about: bytes = b"") -> None:
        """Say what is encoded already."""
        if not self.is_open:
            return
        properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
        if reply:
            # For whoever looks at the broker; what counts stands inside, where nobody can alter it.
            properties.ResponseTopic = reply
        if about:
            properties.CorrelationData = about
        for message in self._envelopes.seal(body, topic=topic):
            published = self._client.publish(topic, message, qos=1, properties=properties)
            if published.rc == paho.MQTT_ERR_QUEUE_SIZE:
                _log.warning("bus_full", broker=self._settings.broker_url)
                return

    async def subscribe(self, topic: str) -> None:
        """Hear a topic from now on, on this connection and later ones.

        Raises:
            WatchUnreachable: If the broker is not there, refuses or does not answer.
        """
        self._topics.add(topic)
        code, number = self._client.subscribe(topic, qos=1)
        if code != paho.MQTT_ERR_SUCCESS or number is None:
            raise WatchUnreachable("the broker is not reached")
        taken = self._waiting[number] = self._loop.create_future()
        try:
            async with asyncio.timeout(ANSWER_S):
                await taken
        except TimeoutError:
            raise WatchUnreachable("the broker does not answer") from None
        finally:
            self._waiting.pop(number, None)

    def unsubscribe(self, topic: str) -> None:
        """Hear a topic no more."""
        self._topics.discard(topic)
        self._client.unsubscribe(topic)

    def add(self, topic: str) -> None:
        """Hear a topic on all connections to come."""
        self._topics.add(topic)

    def take(self, topic: str, message: bytes) -> None:
        """Take a message of the broker's, in the loop: hand on a body that is whole with it."""
        strange = self._envelopes.strange
        body = self._envelopes.open(message, topic=topic)
        if body is not None:
            self._receive(topic, body)
        elif self._envelopes.strange == strange:
            self._part(topic)
        elif strange == 0:
            _log.error(
                "not_sealed_by_us",
                topic=topic,
                hint="is internal.key_file the same for all processes of this node?",
            )

    # -- on paho's thread

    def _post(self, act: Callable[..., None], *args: object) -> None:
        try:
            self._loop.call_soon_threadsafe(act, *args)
        except RuntimeError:
            pass  # the loop has ended, and we with it

    def _on_connect(
        self, client: paho.Client, _data: object, _flags: object, reason: ReasonCode, _: object
    ) -> None:
        if reason.is_failure:
            self._post(self._log_fault, f"the broker refuses the connection: {reason}")
            return
        for topic in list(self._topics):
            client.subscribe(topic, qos=1)
        self._post(self._opened)

    def _on_connect_fail(self, _client: paho.Client, _data: object) -> None:
        self._post(self._log_fault, "the broker does not answer")

    def _on_disconnect(
        self, _client: paho.Client, _data: object, _flags: object, reason: ReasonCode, _: object
    ) -> None:
        self._post(self._note_break, str(reason))

    def _on_message(self, _client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        self._post(self.take, message.topic, message.payload)

    def _on_subscribe(
        self, _client: paho.Client, _data: object, number: int, reasons: list[ReasonCode], _: Any
    ) -> None:
        refused = next((str(each) for each in reasons if each.is_failure), None)
        self._post(self._subscribed, number, refused)

    # -- in the loop

    def _opened(self) -> None:
        self.is_open, self._logged_fault = True, None
        _log.info("bus_open", broker=self._settings.broker_url)
        self._moved(True)

    def _note_break(self, reason: str) -> None:
        was_open, self.is_open = self.is_open, False
        self._log_fault(f"the connection broke: {reason}")
        if was_open:
            self._moved(False)

    def _log_fault(self, fault: str) -> None:
        if fault != self._logged_fault:
            self._logged_fault = fault
            _log.warning("bus_down", broker=self._settings.broker_url, fault=fault)

    def _subscribed(self, number: int, refused: str | None) -> None:
        if refused is not None:
            _log.error("bus_refused", broker=self._settings.broker_url, fault=refused)
        waiting = self._waiting.get(number)
        if waiting is None or waiting.done():
            return
        if refused is None:
            waiting.set_result(None)
        else:
            waiting.set_exception(WatchUnreachable(f"the broker refuses a topic: {refused}"))
            waiting.exception()  # noted: nobody may wait for it
