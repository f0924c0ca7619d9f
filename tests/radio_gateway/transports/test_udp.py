"""UDP datagrams, from real sockets."""

from __future__ import annotations

import asyncio
import socket

import pytest

from radio_gateway.channel import Channel
from radio_gateway.errors import LinkError
from radio_gateway.inbox import Inbox
from radio_gateway.transports.udp import UdpTransport
from tests.radio_gateway.running import hear, make, rmc, running, until

PARTS = (
    b"!AIVDM,2,1,3,B,55P5TL01VIaAL@7WKO@mBplU@<PDhh000000001S;AJ::4A80?4i@E53,0*3E\r\n",
    b"!AIVDM,2,2,3,B,1@0000000000000,2*55\r\n",
)


def bound_port(channel: Channel) -> int | None:
    assert isinstance(channel.transport, UdpTransport)
    return channel.transport.port


async def test_a_datagram_needs_no_line_end_and_may_hold_several_sentences() -> None:
    inbox = Inbox()
    channel = make("udp://127.0.0.1:0", inbox=inbox)
    async with running(channel):
        await until(lambda: bound_port(channel))
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            sender.sendto(rmc(1).rstrip(), ("127.0.0.1", bound_port(channel)))
            sender.sendto(rmc(2) + rmc(3), ("127.0.0.1", bound_port(channel)))
            await hear(inbox, 3)
    assert channel.health().frames == 3


async def test_peers_are_kept_apart() -> None:
    """Half a message from one and half from another are no message; from one peer they are."""
    inbox = Inbox()
    channel = make("udp://127.0.0.1:0", "ais", inbox=inbox)
    async with running(channel):
        await until(lambda: bound_port(channel))
        with (
            socket.socket(type=socket.SOCK_DGRAM) as one,
            socket.socket(type=socket.SOCK_DGRAM) as other,
        ):
            address = ("127.0.0.1", bound_port(channel))
            one.sendto(PARTS[0], address)
            other.sendto(PARTS[1], address)
            await until(lambda: channel.health().frames == 2)
            assert channel.health().transmissions == 0
            one.sendto(PARTS[1], address)
            (delivery,) = await hear(inbox, 1)
    assert delivery.transmission.kind == "static"


async def test_a_flood_is_shed_and_counted_when_nobody_takes() -> None:
    inbox = Inbox(10)
    channel = make("udp://127.0.0.1:0", inbox=inbox)
    async with running(channel):
        await until(lambda: bound_port(channel))
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            for minute in range(40):
                sender.sendto(rmc(minute), ("127.0.0.1", bound_port(channel)))
            await until(lambda: channel.health().frames == 40)
        await until(lambda: channel.health().transmissions == 40)
        newest = await inbox.take()
    assert channel.health().shed == 30
    minutes = [d.transmission.device_time.minute for d in newest if d.transmission.device_time]
    assert minutes == list(range(30, 40))


async def test_a_port_in_use_is_a_fault_that_is_shown() -> None:
    with socket.socket(type=socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        channel = make(f"udp://127.0.0.1:{taken.getsockname()[1]}")
        async with running(channel):
            await until(lambda: channel.health().state == "down")
    assert channel.health().fault is None  # stopped: nothing is wrong any more


async def test_a_multicast_group_is_joined() -> None:
    inbox = Inbox()
    channel = make("udp://239.255.43.21:0?interface=127.0.0.1", inbox=inbox)
    async with running(channel):
        await until(lambda: bound_port(channel))
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            local = socket.inet_aton("127.0.0.1")
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, local)
            sender.sendto(rmc(1), ("239.255.43.21", bound_port(channel)))
            await hear(inbox, 1)


async def test_a_radio_that_was_not_heard_yet_is_sent_to_by_its_address() -> None:
    channel = make("udp://127.0.0.1:0")
    async with running(channel):
        await until(lambda: bound_port(channel))
        with socket.socket(type=socket.SOCK_DGRAM) as radio:
            radio.bind(("127.0.0.1", 0))
            radio.setblocking(False)
            host, port = radio.getsockname()
            await channel.transport.send(b"where are you", connection=f"{host}:{port}")
            received = await asyncio.wait_for(asyncio.to_thread(_receive, radio), 5)
            assert received == b"where are you"
        with pytest.raises(LinkError, match="nobody is named"):
            await channel.transport.send(b"anyone")


def _receive(radio: socket.socket) -> bytes:
    radio.settimeout(5)
    return radio.recv(100)
