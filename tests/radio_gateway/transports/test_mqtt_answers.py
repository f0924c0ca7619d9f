"""Acknowledgements go out many at once, as soon as there are many, and in order."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Iterator

import pytest
from paho.mqtt import client as paho

from radio_gateway.transports.mqtt_session import MqttSession, SessionSettings
from tests.radio_gateway.running.running import until

_SETTINGS = SessionSettings(
    host="broker",
    port=1883,
    shown="mqtt://broker",
    protocol=paho.MQTTv311,
    topics=("boats/+",),
    qos=1,
    client_id="node",
    keepalive_s=30,
    receive_maximum=1000,
    session_expiry_s=0,
    username=None,
    password=None,
    tls=None,
)


@pytest.fixture
def link() -> Iterator[tuple[socket.socket, socket.socket]]:
    """Make two ends of a link that holds little: ours and the broker's."""
    ours, brokers = socket.socketpair()
    for end in (ours, brokers):
        end.setblocking(False)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
    with ours, brokers:
        yield ours, brokers


def _session(ours: socket.socket) -> MqttSession:
    """Return a session that stands on `ours`."""
    session = MqttSession(_SETTINGS, lambda *_: None, lambda _: None)
    session._socket = session._client._sock = ours
    session._client.on_socket_register_write = session._register_write
    session._client.on_socket_unregister_write = session._unregister_write
    return session


def _said(brokers: socket.socket) -> list[int]:
    """Return the identifiers that have come, each in a PUBACK."""
    data = b""
    try:
        while more := brokers.recv(65_536):
            data += more
    except BlockingIOError:
        pass
    packets = struct.unpack(f">{len(data) // 4}I", data)
    assert all(packet >> 16 == 0x4002 for packet in packets)
    return [packet & 0xFFFF for packet in packets]


async def test_a_broker_hears_of_many_before_the_turn_ends(
    link: tuple[socket.socket, socket.socket],
) -> None:
    ours, brokers = link
    session = _session(ours)
    for mid in range(1, 201):
        session.acknowledge(mid)
    early = _said(brokers)
    assert 100 < len(early) < 200
    await asyncio.sleep(0)
    assert early + _said(brokers) == list(range(1, 201))


async def test_what_the_link_does_not_take_at_once_follows_in_order(
    link: tuple[socket.socket, socket.socket],
) -> None:
    ours, brokers = link
    session = _session(ours)
    count = 20_000
    for mid in range(1, count + 1):
        session.acknowledge(mid)
    assert session._client.want_write()
    said: list[int] = []
    async with asyncio.timeout(10):
        while len(said) < count:
            said += _said(brokers)
            await asyncio.sleep(0)
    assert said == list(range(1, count + 1))


async def test_a_link_that_broke_is_found_so_by_the_loop_and_not_by_who_acknowledges(
    link: tuple[socket.socket, socket.socket],
) -> None:
    ours, brokers = link
    faults: list[Exception] = []
    session = _session(ours)
    session._on_fault = faults.append
    session._client.on_socket_close = session._socket_closes
    brokers.close()
    for mid in range(1, 201):
        session.acknowledge(mid)
    assert not faults
    await until(lambda: faults)
