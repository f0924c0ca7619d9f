"""UDP datagrams, from real sockets."""

from __future__ import annotations

import asyncio
import gc
import socket
from datetime import UTC, datetime, timedelta

import pytest

from radio_gateway.channels.channel import Channel
from radio_gateway.errors.errors import LinkError
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.transport import Chunk
from radio_gateway.protocols import PROTOCOLS
from radio_gateway.protocols.ais import fragments
from radio_gateway.transports.udp import UdpTransport
from tests.fixtures.memory import kept_bytes
from tests.fixtures.patience import until
from tests.radio_gateway.running.ingest_bench import IngestBench
from tests.radio_gateway.running.running import hear, make, rmc, running

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


async def test_senders_that_say_nothing_push_out_no_radio_and_cost_bounded_memory(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each datagram from an address of its own, as an inventor of addresses sends them."""
    # However busy this machine is: the first half does not grow too old.
    monkeypatch.setattr(fragments, "TIMEOUT", timedelta(hours=1))
    inbox = Inbox()
    channel = make("udp://127.0.0.1:0", "ais", inbox=inbox)
    async with running(channel):
        await until(lambda: bound_port(channel))
        address = ("127.0.0.1", bound_port(channel))
        with socket.socket(type=socket.SOCK_DGRAM) as radio:
            radio.sendto(PARTS[0], address)
            await until(lambda: channel.health().frames == 1)
            noise = b"no sentence" * 200
            sent, memory = 0, []
            for turn in range(4):
                for host in range(2, 250):
                    with socket.socket(type=socket.SOCK_DGRAM) as stranger:
                        stranger.bind((f"127.0.{turn}.{host}", 0))
                        stranger.sendto(noise, address)
                    sent += len(noise)
                    if host % 16 == 0 or host == 249:
                        await until(lambda: channel.health().bytes_read >= sent)  # noqa: B023
                gc.collect()
                memory.append(kept_bytes(channel))
            assert memory[3] - memory[1] < 50_000
            radio.sendto(PARTS[1], address)
            (delivery,) = await hear(inbox, 1)
            assert delivery.transmission.kind == "static"  # the first half is remembered


async def test_invented_senders_that_are_understood_are_bounded_too() -> None:
    inbox = Inbox()
    channel = make("udp://127.0.0.1:0", inbox=inbox)
    async with running(channel):
        await until(lambda: bound_port(channel))
        address = ("127.0.0.1", bound_port(channel))
        sent, memory = 0, []
        for turn in range(3):
            for number in range(1250):
                with socket.socket(type=socket.SOCK_DGRAM) as stranger:
                    stranger.bind((f"127.1.{turn * 5 + number // 250}.{2 + number % 250}", 0))
                    stranger.sendto(rmc(1), address)
                sent += 1
                if number % 50 == 49:
                    await until(lambda: channel.health().frames == sent)  # noqa: B023
            await hear(inbox, 1250)
            inbox.rest(0.0)
            gc.collect()
            memory.append(kept_bytes(channel))
        assert memory[2] - memory[1] < 50_000


async def test_a_connection_keeps_nothing_of_what_it_received() -> None:
    link = IngestBench("udp://127.0.0.1:0", Inbox(), nmea0183=PROTOCOLS["nmea0183"])
    before = kept_bytes(link)
    data = b"no sentence" * 5000
    link.hear(Chunk(data, datetime.now(UTC), connection="a", whole=True))
    assert kept_bytes(link) - before < len(data) / 2


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


async def test_a_radio_that_was_not_received_yet_is_sent_to_by_its_address() -> None:
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
