"""What a broker sends is handed on whole and in order, however the network cuts it."""

from __future__ import annotations

import struct
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from radio_gateway.transports import mqtt_client
from radio_gateway.transports.mqtt_client import PublishedMessage, ReadAheadClient

_PING_ANSWER = b"\xd0\x00"


class _Socket:
    """Gives piece after piece, and between them has nothing."""

    def __init__(self, pieces: list[bytes]) -> None:
        self.pieces = pieces

    def recv(self, size: int) -> bytes:
        """Return up to `size` bytes of the piece that has come; nothing more: it would block."""
        if not self.pieces[0]:
            raise BlockingIOError
        taken, self.pieces[0] = self.pieces[0][:size], self.pieces[0][size:]
        return taken

    def come(self) -> bool:
        """Let the next piece come; return whether there is one."""
        self.pieces.pop(0)
        return bool(self.pieces)

    def fileno(self) -> int:
        """Return none: nobody waits for it."""
        return -1

    def close(self) -> None:
        """Do nothing."""


def _packet(message: PublishedMessage) -> bytes:
    """Return a PUBLISH (MQTT 3.1.1, 3.3)."""
    topic = (message.topic or "").encode()
    body = struct.pack("!H", len(topic)) + topic
    body += (struct.pack("!H", message.mid) if message.qos else b"") + message.payload
    size, length = len(body), b""
    while True:
        size, low = divmod(size, 128)
        length += bytes([low | 128 if size else low])
        if not size:
            break
    return bytes([0x30 | message.dup << 3 | message.qos << 1]) + length + body


def _heard(pieces: list[bytes]) -> list[PublishedMessage]:
    """Return what is handed on of a stream that comes in pieces."""
    heard: list[PublishedMessage] = []
    client = ReadAheadClient(CallbackAPIVersion.VERSION2, manual_ack=True)
    client.on_published = heard.extend
    link: Any = _Socket([b"", *pieces])
    client._sock = link
    while link.come():
        client.dry = False
        while not client.dry:
            assert client.loop_read() == paho.MQTT_ERR_SUCCESS
    client._sock = None
    assert not client.read_ahead
    return heard


_MESSAGES = st.builds(
    PublishedMessage,
    topic=st.sampled_from(("boats/R-0001", "ເຮືອ/3", "t")),
    payload=st.one_of(
        st.binary(max_size=40),
        st.sampled_from((b"x" * 125, b"y" * 300, b"z" * 16_400, _PING_ANSWER * 9)),
    ),
    mid=st.integers(1, 65_535),
    qos=st.just(1),
    dup=st.booleans(),
)


@given(
    said=st.lists(st.one_of(_MESSAGES, st.just(_PING_ANSWER)), max_size=12),
    cuts=st.lists(st.floats(0.0, 1.0), max_size=8),
)
def test_messages_are_handed_on_whole_and_in_order_however_they_are_cut(
    said: list[PublishedMessage | bytes], cuts: list[float]
) -> None:
    stream = b"".join(each if isinstance(each, bytes) else _packet(each) for each in said)
    at = [0, *sorted(int(cut * len(stream)) for cut in cuts), len(stream)]
    pieces = [stream[a:b] for a, b in pairwise(at) if b > a]
    assert _heard(pieces) == [each for each in said if isinstance(each, PublishedMessage)]


@pytest.mark.parametrize("payload", [b"", b"z" * 16_400])  # cut here, and by paho
def test_of_a_very_long_topic_the_beginning_is_handed_on(payload: bytes) -> None:
    (heard,) = _heard([_packet(PublishedMessage("boats/" + "ເ" * 3000, payload, 7, 1, False))])
    assert heard.topic == "boats/" + "ເ" * 1018


def test_messages_that_come_together_cost_no_call_of_paho_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    by_paho: list[object] = []
    monkeypatch.setattr(mqtt_client, "_published", by_paho.append)
    said = [
        PublishedMessage("boats/1", b"%d" % number, number, 1, False) for number in range(1, 900)
    ]
    stream = b"".join(map(_packet, said))
    first = len(b"".join(map(_packet, said[:400])))
    assert _heard([stream[:first], stream[first:]]) == said
    assert not by_paho
