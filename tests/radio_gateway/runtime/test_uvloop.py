"""The server runs on uvloop, whose transports are not asyncio's: the same channels, heard there."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from radio_gateway.channels.channel import Channel
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.link_url import parse_link
from radio_gateway.transports.replay import ReplayTransport
from radio_gateway.transports.tcp_listen import TcpListenTransport
from radio_gateway.transports.udp import UdpTransport
from tests.fixtures.broker import mosquitto
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import hear, make, peers, rmc, running
from tests.radio_gateway.transports.test_mqtt import POSITIONS, publish
from tests.radio_gateway.transports.test_serial_port import Radio

uvloop = pytest.importorskip("uvloop")


async def _hear_everything(
    broker_url: str, password: str, radio: Radio, say: Callable[[], None]
) -> None:
    inbox = Inbox()
    listener = make("tcp-listen://127.0.0.1:0", inbox=inbox, name="listener")
    udp = make("udp://127.0.0.1:0", inbox=inbox, name="udp")
    mqtt = make(
        broker_url,
        "position_json",
        inbox=inbox,
        name="mqtt",
        username="node",
        password=password,
    )
    serial_port = make(f"serial://{radio.name}", inbox=inbox, name="serial")
    channels: list[Channel] = [listener, udp, mqtt, serial_port]
    async with running(*channels):
        await until(lambda: all(c.health().state == "open" for c in channels))
        assert isinstance(listener.transport, TcpListenTransport)
        assert isinstance(udp.transport, UdpTransport)
        address = ("127.0.0.1", listener.transport.port)
        client = make(f"tcp://127.0.0.1:{listener.transport.port}", name="client")
        async with running(client):
            await until(lambda: client.health().state == "open")
        with (
            socket.create_connection(address) as stream,
            socket.socket(type=socket.SOCK_DGRAM) as datagrams,
        ):
            stream.sendall(rmc(1) + rmc(2))
            datagrams.sendto(rmc(3) + rmc(4), ("127.0.0.1", udp.transport.port))
            radio.say(rmc(5) + rmc(6))
            say()
            deliveries = await hear(inbox, 7)
            for delivery in deliveries:
                if delivery.stored is not None:
                    delivery.stored()
    assert {d.transmission.channel for d in deliveries} == {"listener", "udp", "mqtt", "serial"}
    assert not any(c.health().errors for c in channels)


@pytest.mark.broker
def test_every_transport_works_on_uvloop(tmp_path: Path) -> None:
    radio = Radio(tmp_path / "radio")
    radio.plug_in()
    with mosquitto(tmp_path) as broker:
        url = f"mqtt://127.0.0.1:{broker.port}?topic={POSITIONS}/+"
        password = broker.passwords["node"]
        uvloop.run(_hear_everything(url, password, radio, lambda: publish(broker, 1)))
    radio.unplug()


def test_a_capture_is_replayed_to_its_end(tmp_path: Path) -> None:
    """uvloop wakes a little early; that must not look like the end of the file."""
    file = tmp_path / "log.nmea"
    line = b"!AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,0*5C\r\n"
    file.write_bytes(line * 300)

    async def read_all() -> int:
        lines = 0
        async with ReplayTransport(parse_link(f"replay://{file}?speed=100")) as capture:
            while chunks := await capture.read():
                lines += sum(chunk.data.count(b"\n") for chunk in chunks)
        return lines

    assert uvloop.run(read_all()) == 300


def test_a_listener_that_sends_many_away_as_they_come_lets_go_of_all_and_ends() -> None:
    """Sent away half-way, one would be waited for for ever, and keep a server from ending."""

    async def flood() -> None:
        loop = asyncio.get_running_loop()
        transport = TcpListenTransport(parse_link("tcp-listen://127.0.0.1:0?max=1"))
        sockets = [socket.socket() for _ in range(300)]
        try:
            async with asyncio.timeout(30), transport:
                for each in sockets:
                    each.setblocking(False)
                for some in range(0, len(sockets), 60):
                    connecting = [
                        loop.sock_connect(each, ("127.0.0.1", transport.port))
                        for each in sockets[some : some + 60]
                    ]
                    await asyncio.gather(*connecting)
                await until(lambda: peers() <= 2)
            assert not peers()
        finally:
            for each in sockets:
                each.close()

    uvloop.run(flood())
