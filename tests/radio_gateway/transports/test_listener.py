"""The listener that all TCP servers share: places, and a process without descriptors."""

from __future__ import annotations

import asyncio
import resource
import socket
from collections.abc import Callable

import pytest
import uvloop

from radio_gateway.channels.channel import Channel
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.transports import listener
from radio_gateway.transports.admission import AdmittedConnection, ConnectionSlots
from radio_gateway.transports.http_listen import HttpListenTransport
from radio_gateway.transports.tcp_listen import TcpListenTransport
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import hear, make, open_descriptors, rmc, running


def entering(
    places: ConnectionSlots, address: str, left: list[AdmittedConnection]
) -> AdmittedConnection:
    """Return a guest that tried to enter; whoever leaves is put into `left`."""
    guest = AdmittedConnection(address)
    guest.leave = lambda: left.append(guest)
    if not places.enter(guest):
        left.append(guest)
    return guest


def test_the_oldest_stranger_makes_way_and_a_known_one_never() -> None:
    left: list[AdmittedConnection] = []
    places = ConnectionSlots(8)
    known = [entering(places, f"192.0.2.{n}", left) for n in range(8)]
    for guest in known:
        places.know(guest)
    strangers = [entering(places, f"198.51.100.{n}", left) for n in range(50)]
    assert left == strangers[:-1]
    assert len(places) == 9
    places.know(strangers[-1])  # none of the others is idle: it stays at the door
    assert not strangers[-1].known
    known[5].idle_since_s = lambda: 70.0
    known[6].idle_since_s = lambda: 60.0
    places.know(strangers[-1])
    assert left[-1] is known[6]
    assert strangers[-1].known
    assert len(places) == 8


def test_one_address_gets_a_quarter_and_its_own_strangers_make_way_first() -> None:
    left: list[AdmittedConnection] = []
    places = ConnectionSlots(64)
    other = entering(places, "192.0.2.1", left)
    phones = [entering(places, "203.0.113.9", left) for _ in range(17)]
    assert left == phones[:1]
    for guest in phones[1:]:
        places.know(guest)
    late = entering(places, "203.0.113.9", left)
    assert left == [phones[0], late]
    for guest in (other, *phones):
        places.exit(guest)
    assert len(places) == 0
    left.clear()
    for _ in range(16):
        entering(places, "203.0.113.9", left)
    assert left == []  # who went counts no more


@pytest.mark.parametrize(
    ("addresses", "at_once"),
    [
        ([f"2001:db8:1:2::{n:x}" for n in range(60)], 16),  # one network
        ([f"2001:db8:1:{n:x}::1" for n in range(60)], 60),
        (["127.0.0.1"] * 60, 60),  # a web server of this machine, in front of us
        (["::1"] * 60, 60),
        (["::ffff:192.0.2.1", "192.0.2.1"] * 30, 16),
    ],
)
def test_what_counts_as_one_address(addresses: list[str], at_once: int) -> None:
    places = ConnectionSlots(64)
    for address in addresses:
        places.know(entering(places, address, []))
    assert len(places) == at_once


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
@pytest.mark.parametrize("scheme", ["tcp-listen", "http-listen"])
def test_without_descriptors_it_says_so_and_goes_on_by_itself(
    scheme: str,
    loop_factory: Callable[[], asyncio.AbstractEventLoop],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(listener, "AGAIN_S", 0.05)

    async def starve() -> None:
        inbox = Inbox()
        url = f"{scheme}://127.0.0.1:0" + ("?open=1" if scheme == "http-listen" else "")
        protocol = "osmand" if scheme == "http-listen" else "nmea0183"
        channel = make(url, protocol, inbox=inbox)
        data = b"GET /?id=a&lat=20&lon=100 HTTP/1.0\r\n\r\n" if scheme == "http-listen" else rmc(1)
        async with running(channel):
            await until(lambda: channel.health().state == "open")
            client = socket.socket()
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (len(open_descriptors()) + 20, hard))
            spare = []
            try:
                while True:
                    try:
                        spare.append(socket.socket())
                    except OSError:
                        break
                client.connect(("127.0.0.1", port_of(channel)))
                client.sendall(data)
                await until(lambda: channel.health().fault)
                assert channel.health().fault == "takes no new connection: Too many open files"
                assert channel.health().state == "open"
                tries = counting(monkeypatch)
                await asyncio.sleep(0.3)
                assert 1 <= tries() <= 10  # it does not spin
            finally:
                for sock in spare:
                    sock.close()
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
            await hear(inbox, 1)
            assert channel.health().fault is None
            client.close()

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        runner.run(starve())


def port_of(channel: Channel) -> int:
    """Return the port that a listening channel has."""
    transport = channel.transport
    assert isinstance(transport, TcpListenTransport | HttpListenTransport)
    assert transport.port is not None
    return transport.port


def counting(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Count how often accepting fails from now on."""
    dismiss, count = ConnectionSlots.dismiss_stranger, 0

    def counted(places: ConnectionSlots) -> None:
        nonlocal count
        count += 1
        dismiss(places)

    monkeypatch.setattr(ConnectionSlots, "dismiss_stranger", counted)  # makes room each time
    return lambda: count
