"""One connection of an MQTT client, driven by the event loop.

paho does the protocol. It runs on the loop instead of a thread of its own, so that a message is
handed on and acknowledged without crossing threads; only connecting, which blocks, is done aside.
While nothing more is wanted the socket is not read, so TCP holds the broker back.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import msgspec
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion, MQTTProtocolVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from radio_gateway.errors.errors import LinkError, RefusedError, fault_of

_T = TypeVar("_T")
ANSWER_S = 10.0
_PACKETS_PER_TURN = 512  # so that a flood does not starve the rest of the loop


class ClosingSocket(ssl.SSLSocket):
    """A TLS socket that is closed when its handshake fails; paho leaves that to the collector."""

    def do_handshake(self, block: bool = False) -> None:
        """Shake hands. Raises what `SSLSocket` raises."""
        try:
            super().do_handshake(block)
        except (OSError, ValueError):
            self.close()
            raise


class SessionSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What a connection needs to know. `tls` None means plain TCP."""

    host: str
    port: int
    public_url: str
    protocol: MQTTProtocolVersion
    topics: tuple[str, ...]
    qos: int
    client_id: str
    keepalive_s: int
    receive_maximum: int
    session_expiry_s: int
    username: str | None
    password: str | None
    tls: ssl.SSLContext | None

    def __repr__(self) -> str:
        """Return it without the password: a repr may end in a log."""
        return f"SessionSettings({self.public_url!r})"


class MqttSession:
    """One connection, from connect to close; never used again after it broke.

    Args:
        settings: Where to connect and how.
        on_message: Called with this session and each message that comes, in order.
        on_fault: Called with a LinkError when the connection breaks.

    Attributes:
        unstored: Messages of this connection that are still to be stored.
    """

    def __init__(
        self,
        settings: SessionSettings,
        on_message: Callable[[MqttSession, paho.MQTTMessage], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        self._settings, self._on_message, self._on_fault = settings, on_message, on_fault
        self._loop = asyncio.get_running_loop()
        self._connected: asyncio.Future[bool] = self._loop.create_future()
        self._subscribed: asyncio.Future[None] = self._loop.create_future()
        self._published: dict[int, asyncio.Future[None]] = {}
        self._settled = asyncio.Event()
        self.unstored = 0
        self._socket: Any = None
        self._reading = False
        self._is_message = False  # whether the last read brought one
        self._tick: asyncio.TimerHandle | None = None
        self._client = self._make_client()

    async def connect(self) -> bool:
        """Connect.

        Returns:
            Whether the broker still knows the session.

        Raises:
            LinkError: If the broker is absent, refuses or does not answer within 10 s.
        """
        settings = self._settings
        properties = None
        if settings.protocol == paho.MQTTv5:
            properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
            properties.SessionExpiryInterval = settings.session_expiry_s
            properties.ReceiveMaximum = settings.receive_maximum
        try:
            await self._connect_on_thread(
                partial(
                    self._client.connect,
                    settings.host,
                    settings.port,
                    settings.keepalive_s,
                    clean_start=False if properties else paho.MQTT_CLEAN_START_FIRST_ONLY,
                    properties=properties,
                )
            )
        except (OSError, ValueError) as error:  # ssl errors are OSErrors
            raise LinkError(settings.public_url, f"cannot connect: {fault_of(error)}") from error
        self._socket = self._client.socket()
        self._client.on_socket_register_write = self._register_write
        self._client.on_socket_unregister_write = self._unregister_write
        self._client.on_socket_close = self._socket_closes
        self.go_on_reading()
        if self._client.want_write():
            self._loop.add_writer(self._socket, self._client.loop_write)
        self._keep_alive()
        return await self._answer(self._connected)

    async def subscribe(self) -> None:
        """Subscribe to the topics.

        Raises:
            LinkError: If the broker refuses one or does not answer within 10 s.
        """
        settings = self._settings
        filters: Any
        if settings.protocol == paho.MQTTv5:
            # retained messages only for a subscription that is new: not again at each start
            how = SubscribeOptions(qos=settings.qos, retainHandling=1)
            filters = [(topic, how) for topic in settings.topics]
        else:
            filters = [(topic, settings.qos) for topic in settings.topics]
        self._client.subscribe(filters)
        await self._answer(self._subscribed)

    async def publish(self, topic: str, data: bytes) -> None:
        """Publish at QoS 1 and wait until the broker has it.

        Raises:
            RefusedError: If the broker does not take it (MQTT 5).
            LinkError: If the connection breaks first or the broker does not say so within 10 s.
        """
        if self._socket is None:
            raise LinkError(self._settings.public_url, "the connection broke")
        taken: asyncio.Future[None] = self._loop.create_future()
        message = self._client.publish(topic, data, qos=1)
        self._published[message.mid] = taken
        try:
            await self._answer(taken)
        finally:
            self._published.pop(message.mid, None)

    def acknowledge(self, mid: int) -> None:
        """Tell the broker that message `mid` of this connection is stored; not once it broke."""
        if self._socket is not None:
            self._client.ack(mid, 1)
        if self.unstored <= 0:
            self._settled.set()

    async def settled(self, timeout_s: float) -> None:
        """Wait until every message is stored, or the connection broke, or `timeout_s` is over."""
        if self.unstored <= 0 or self._socket is None:
            return
        self._settled.clear()
        try:
            async with asyncio.timeout(timeout_s):
                await self._settled.wait()
        except TimeoutError:
            return

    def stop_reading(self) -> None:
        """Leave what comes unread: the broker then waits."""
        if self._reading and self._socket is not None:
            self._reading = False
            self._loop.remove_reader(self._socket)

    def go_on_reading(self) -> None:
        """Read again."""
        if not self._reading and self._socket is not None:
            self._reading = True
            self._loop.add_reader(self._socket, self._read)
            self._loop.call_soon(self._read)  # TLS may hold what the system no longer shows

    def close(self) -> None:
        """Disconnect, keeping the session."""
        if self._tick is not None:
            self._tick.cancel()
        # not cancelled: whoever waits for one would take that for a cancellation of its own
        self._fail_awaited(LinkError(self._settings.public_url, "the link was closed"))
        self._client.on_disconnect = None
        if self._socket is not None:
            self._client.disconnect()
            self._client.loop_write()
        if self._socket is not None:  # the buffer was full, so the farewell could not be sent
            self._abandon()

    def _make_client(self) -> paho.Client:
        settings = self._settings
        client = paho.Client(
            CallbackAPIVersion.VERSION2,
            client_id=settings.client_id,
            clean_session=None if settings.protocol == paho.MQTTv5 else False,
            protocol=settings.protocol,
            reconnect_on_failure=False,
            manual_ack=True,
        )
        client.connect_timeout = ANSWER_S
        if settings.username is not None:
            client.username_pw_set(settings.username, settings.password)
        if settings.tls is not None:
            client.tls_set_context(settings.tls)
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_disconnect = self._on_disconnect
        client.on_message = self._message_came
        return client

    async def _connect_on_thread(self, connect: Callable[[], object]) -> None:
        """Run `connect`, which blocks, on a thread; leave no socket behind when cancelled."""
        thread = self._loop.run_in_executor(None, connect)
        try:
            await asyncio.shield(thread)
        except asyncio.CancelledError:
            thread.add_done_callback(self._too_late)
            raise

    def _too_late(self, thread: asyncio.Future[object]) -> None:
        if not thread.cancelled():
            thread.exception()  # noted
        self._abandon()

    def _abandon(self) -> None:
        """Close the socket without a farewell."""
        sock: Any = self._client.socket()
        if sock is None:
            return
        if self._socket is not None:
            self._socket_closes(self._client, None, sock)
        self._client.on_socket_close = self._client.on_socket_unregister_write = None
        sock.close()

    async def _answer(self, answer: asyncio.Future[_T]) -> _T:
        try:
            async with asyncio.timeout(ANSWER_S):
                return await answer
        except TimeoutError as error:
            fault = f"the broker does not answer within {ANSWER_S:g} s"
            raise LinkError(self._settings.public_url, fault) from error

    def _awaited(self) -> list[asyncio.Future[Any]]:
        return [self._connected, self._subscribed, *self._published.values()]

    def _read(self) -> None:
        for _ in range(_PACKETS_PER_TURN):
            if not self._reading:
                return
            self._is_message = False
            if self._client.loop_read() != paho.MQTT_ERR_SUCCESS:
                return
            if not (self._is_message or self._has_decrypted()):
                return
        self._loop.call_soon(self._read)

    def _has_decrypted(self) -> bool:
        """Whether TLS holds bytes that were taken from the system and not yet read."""
        return isinstance(self._socket, ssl.SSLSocket) and self._socket.pending() > 0

    def _message_came(
        self, _client: paho.Client, _userdata: object, message: paho.MQTTMessage
    ) -> None:
        self._is_message = True
        self._on_message(self, message)

    def _keep_alive(self) -> None:
        self._tick = self._loop.call_later(1.0, self._keep_alive)
        self._client.loop_misc()

    def _register_write(self, _client: paho.Client, _userdata: object, sock: Any) -> None:
        self._loop.add_writer(sock, self._client.loop_write)

    def _unregister_write(self, _client: paho.Client, _userdata: object, sock: Any) -> None:
        self._loop.remove_writer(sock)

    def _socket_closes(self, _client: paho.Client, _userdata: object, sock: Any) -> None:
        self._reading = False
        self._socket = None
        self._settled.set()
        self._loop.remove_reader(sock)
        self._loop.remove_writer(sock)

    def _on_connect(
        self,
        _client: paho.Client,
        _userdata: object,
        flags: paho.ConnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        if self._connected.done():
            return
        if reason.is_failure:
            fault = f"the broker refuses the connection: {reason}"
            self._connected.set_exception(LinkError(self._settings.public_url, fault))
        else:
            self._connected.set_result(flags.session_present)

    def _on_subscribe(
        self,
        _client: paho.Client,
        _userdata: object,
        _mid: int,
        reasons: list[ReasonCode],
        _properties: Properties | None,
    ) -> None:
        if self._subscribed.done():
            return
        refused = [
            f"{topic} ({reason})"
            for topic, reason in zip(self._settings.topics, reasons, strict=False)
            if reason.is_failure
        ]
        if refused:
            fault = f"the broker refuses the topic {', '.join(refused)}"
            self._subscribed.set_exception(LinkError(self._settings.public_url, fault))
        else:
            self._subscribed.set_result(None)

    def _on_publish(
        self,
        _client: paho.Client,
        _userdata: object,
        mid: int,
        reason: ReasonCode,
        _properties: Properties,
    ) -> None:
        taken = self._published.get(mid)
        if taken is None or taken.done():
            return
        if reason.is_failure:
            fault = f"the broker refuses the message: {reason}"
            taken.set_exception(RefusedError(self._settings.public_url, fault))
        else:
            taken.set_result(None)

    def _on_disconnect(
        self,
        _client: paho.Client,
        _userdata: object,
        _flags: paho.DisconnectFlags,
        reason: ReasonCode,
        _properties: Properties | None,
    ) -> None:
        fault = LinkError(self._settings.public_url, f"the connection broke: {reason}")
        if self._tick is not None:
            self._tick.cancel()
        self._fail_awaited(fault)
        self._on_fault(fault)

    def _fail_awaited(self, fault: LinkError) -> None:
        for answer in self._awaited():
            if not answer.done():
                answer.set_exception(fault)
                answer.exception()  # noted: nobody may be waiting for it
