"""Trackers on a listening channel: who is answered, and when."""

from __future__ import annotations

import asyncio
import socket

import pytest

from radio_gateway.inbox.inbox import Inbox
from radio_gateway.protocols.gt06.frame import make_frame
from radio_gateway.transports.tcp_listen import TcpListenTransport
from radio_gateway.transports.udp import UdpTransport
from tests.fixtures.patience import until
from tests.radio_gateway.protocols.trackers import (
    test_gps103,
    test_gt06,
    test_teltonika,
    test_tk103,
)
from tests.radio_gateway.running.running import hear, make, running


@pytest.mark.parametrize(
    ("protocol", "said", "answer"),
    [
        ("gps103", test_gps103.LOGIN, b"LOAD"),
        ("gps103", test_gps103.NO_FIX, b"**,imei:359710049075097,E;"),
        ("tk103", test_tk103.LOGIN_PLACE, b"(013632782450AP05)"),
        ("gt06", test_gt06.LOGIN + test_gt06.PLACE, make_frame(1, b"", 7)),
        ("teltonika", test_teltonika.LOGIN, b"\1"),
        ("teltonika", test_teltonika.PLACE, b"\0\0\0\1"),
    ],
)
async def test_tracker_is_answered_only_after_its_report_is_stored(
    protocol: str, said: bytes, answer: bytes
) -> None:
    inbox = Inbox()
    channel = make("tcp-listen://127.0.0.1:0", protocol, inbox=inbox)
    assert isinstance(channel.transport, TcpListenTransport)
    async with running(channel):
        await until(lambda: channel.transport.port)  # type: ignore[attr-defined]
        reader, writer = await asyncio.open_connection("127.0.0.1", channel.transport.port)
        writer.write(said)
        (delivery,) = await hear(inbox, 1)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(reader.read(1), 0.3)
        assert delivery.stored is not None
        delivery.stored()
        assert (await asyncio.wait_for(reader.read(100), 5)).startswith(answer)
        writer.close()
        await writer.wait_closed()


async def test_log_in_alone_is_decoded_soon_and_then_answered() -> None:
    inbox = Inbox()
    channel = make("tcp-listen://127.0.0.1:0", "gt06", inbox=inbox)
    assert isinstance(channel.transport, TcpListenTransport)
    async with running(channel):
        await until(lambda: channel.transport.port)  # type: ignore[attr-defined]
        reader, writer = await asyncio.open_connection("127.0.0.1", channel.transport.port)
        writer.write(test_gt06.LOGIN)
        (delivery,) = await hear(inbox, 1)
        assert delivery.transmission.status == "login"
        if delivery.stored is not None:
            delivery.stored()
        assert await asyncio.wait_for(reader.read(100), 5) == make_frame(1, b"", 7)
        writer.close()
        await writer.wait_closed()


async def test_tracker_over_udp_is_answered_only_after_its_report_is_stored() -> None:
    inbox = Inbox()
    channel = make("udp://127.0.0.1:0", "teltonika", inbox=inbox)
    assert isinstance(channel.transport, UdpTransport)
    async with running(channel):
        await until(lambda: channel.transport.port)  # type: ignore[attr-defined]
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as tracker:
            tracker.setblocking(False)
            tracker.connect(("127.0.0.1", channel.transport.port))
            tracker.send(test_teltonika.datagram(test_teltonika.record()))
            (delivery,) = await hear(inbox, 1)
            with pytest.raises(BlockingIOError):
                tracker.recv(100)
            assert delivery.stored is not None
            delivery.stored()
            loop = asyncio.get_running_loop()
            answer = await asyncio.wait_for(loop.sock_recv(tracker, 100), 5)
            assert answer == bytes.fromhex("0005cafe010501")
