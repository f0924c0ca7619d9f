"""paho's client, reading ahead: PUBLISH packets cut many at a time, acknowledged as one piece.

What comes in floods is done around paho: whole PUBLISH packets of version 3.1.1 that were read
ahead are cut here and handed on together, and many acknowledgements are sent at once. paho takes
some 30 us for each of the one and sends the others one by one. All else is left to it.

Source: MQTT 3.1.1 (OASIS, 2014) 2.2, 3.3 (PUBLISH), 3.4 (PUBACK).
"""

from __future__ import annotations

import socket
import ssl
import struct
import time
from collections.abc import Callable
from typing import Any

import msgspec
from paho.mqtt import client as paho
from paho.mqtt.enums import MQTTErrorCode

_READ_BYTES = 65_536
_LONGEST_CUT = 16_384 + 3  # bytes of a packet, with the head and two bytes of length
_PUBLISH, _DUP, _QOS = 0x30, 0x08, 0x06  # bits of a first byte (3.1.1, 3.3.1)
_PUBACK = 0x4002 << 16  # and the identifier
_TOPICS_REMEMBERED = 4096
_LONGEST_REMEMBERED = 200  # bytes; long ones would fill the memory, and are rare
_LONGEST_TOPIC = 1024  # characters; it may become a sender's name, of whom thousands are remembered


class PublishedMessage(msgspec.Struct, frozen=True, gc=False):
    """A message that the broker handed over.

    Attributes:
        topic: Its topic, of a very long one the beginning; None when that is no UTF-8, which is
            forbidden (3.1.1, 1.5.3).
        payload: Its bytes.
        mid: Packet identifier; 0 at QoS 0.
        qos: 0 to 2.
        dup: The broker says that it may have handed it over before.
    """

    topic: str | None
    payload: bytes
    mid: int
    qos: int
    dup: bool


class ReadAheadClient(paho.Client):
    """paho, reading ahead: it asks its socket for one or two bytes at a time, four times a message.

    What is overridden is private to paho; were it renamed, reading would be slower and a socket
    that failed its handshake would be closed later.

    Attributes:
        dry: Whether the socket had nothing more when it was last asked.
        wanted: Whether more messages are wanted at the moment.
        on_published: Takes the messages, those at once that one read brought.
    """

    dry = False
    wanted = True
    on_published: Callable[[list[PublishedMessage]], None]

    def __init__(self, *args: Any, **keywords: Any) -> None:
        self._ahead = b""
        self._ahead_at = 0
        # senders have few topics, and a text that is kept need not be hashed again either
        self._topics: dict[bytes, str] = {}
        super().__init__(*args, **keywords)
        self.on_message = lambda _self, _userdata, message: self.on_published([_published(message)])

    @property
    def read_ahead(self) -> bool:
        """Whether bytes wait that were read ahead."""
        return self._ahead_at < len(self._ahead)

    def abandon(self) -> None:
        """Close the socket without a farewell."""
        self._sock_close()

    def acknowledge(self, mids: list[int]) -> None:
        """Send the PUBACK of messages of QoS 1, all as one piece and at once, if nothing waits."""
        packets = struct.pack(f">{len(mids)}I", *[_PUBACK | mid for mid in mids])
        if not self._out_packet:
            try:
                packets = packets[self._sock_send(packets) :]
            except OSError:  # it would block; or it broke, and paho meets the same
                pass
        if packets:
            self._packet_queue(paho.PUBACK, packets, mids[-1], 0)

    def _packet_read(self) -> MQTTErrorCode:
        plain = self.wanted and self.protocol != paho.MQTTv5
        if plain and self._in_packet["command"] == 0:
            if self._cut() or (self._fill() and self._cut()):
                with self._msgtime_mutex:
                    self._last_bytes_received = time.monotonic()  # its keep-alive asks for that
                return paho.MQTT_ERR_SUCCESS
            if self.dry:
                return paho.MQTT_ERR_AGAIN
        return super()._packet_read()

    def _fill(self) -> bool:
        """Read what has come, behind what waits; return whether there was anything.

        What is wrong with the connection is left to paho, who asks again.
        """
        waits = self._ahead[self._ahead_at :]
        if len(waits) > _LONGEST_CUT:  # so it is none that is cut here
            return False
        try:
            came = super()._sock_recv(_READ_BYTES)
        except BlockingIOError:
            self.dry = not waits
            return False
        except OSError:
            return False
        self._ahead, self._ahead_at = waits + came, 0
        return bool(came)

    def _cut(self) -> bool:
        """Hand on the whole PUBLISH packets that were read ahead; return whether there was one.

        What is anything else, or odd in any way, is left to paho.
        """
        data, at = self._ahead, self._ahead_at
        size, topics = len(data), self._topics
        found: list[PublishedMessage] = []
        while at + 4 <= size:
            head, length, body = data[at], data[at + 1], at + 2
            if head & ~(_DUP | 0x03) != _PUBLISH:  # of another kind, or of QoS 2
                break
            if length > 0x7F:
                if data[body] > 0x7F:
                    break  # over 16 KiB
                length = length & 0x7F | data[body] << 7
                body += 1
            end, text = body + length, body + 2
            if end > size or length < 2:
                break
            start = text + (data[body] << 8 | data[body + 1])
            raw, qos, mid = data[text:start], (head & _QOS) >> 1, 0
            if qos:
                start += 2
                if start > end:
                    break
                mid = data[start - 2] << 8 | data[start - 1]
            if start > end or not raw or (qos and not mid):
                break
            topic = topics.get(raw)
            if topic is None:
                topic = self._topic(raw)
            found.append(PublishedMessage(topic, data[start:end], mid, qos, head & _DUP != 0))
            at = end
        if found:
            self._ahead_at = at
            self.on_published(found)
        return bool(found)

    def _topic(self, raw: bytes) -> str | None:
        """Return a topic as text, and remember it; None when it is no UTF-8."""
        topic = _text(raw)
        if len(self._topics) >= _TOPICS_REMEMBERED:
            self._topics.clear()
        if topic is not None and len(raw) <= _LONGEST_REMEMBERED:
            self._topics[raw] = topic
        return topic

    def _ssl_wrap_socket(self, tcp_sock: socket.socket) -> ssl.SSLSocket:
        assert self._ssl_context is not None
        # shakes hands at once, and closes the socket if that fails; the context checks the name
        return self._ssl_context.wrap_socket(tcp_sock, server_hostname=self._host)

    def _sock_recv(self, bufsize: int) -> bytes:
        start = self._ahead_at
        if start >= len(self._ahead):
            try:
                self._ahead = super()._sock_recv(_READ_BYTES)
            except BlockingIOError:
                self.dry = True
                raise
            start = 0
        self._ahead_at = start + bufsize
        return self._ahead[start : start + bufsize]


def _published(message: paho.MQTTMessage) -> PublishedMessage:
    """Return what paho cut."""
    try:
        topic: str | None = message.topic[:_LONGEST_TOPIC]
    except UnicodeDecodeError:
        topic = None
    return PublishedMessage(
        topic, bytes(message.payload), message.mid, message.qos, bool(message.dup)
    )


def _text(topic: bytes) -> str | None:
    try:
        return topic.decode()[:_LONGEST_TOPIC]
    except UnicodeDecodeError:
        return None
