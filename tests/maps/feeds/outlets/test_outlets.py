"""Ways out, by real sockets: a client that takes nothing is cut off and holds nobody up."""

from __future__ import annotations

import asyncio
import socket
import ssl
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from maps.feeds.outlets import peer
from maps.feeds.outlets.peer import Peer
from maps.feeds.outlets.tcp_listen_outlet import TcpListenOutlet
from maps.feeds.outlets.tcp_outlet import TcpOutlet
from maps.feeds.outlets.udp_outlet import UdpOutlet
from maps.feeds.settings import FeedSettings
from radio_gateway.errors.errors import LinkError
from tests.fixtures.certificates import self_signed
from tests.fixtures.ports import free_port
from tests.maps.servers.running import wait_until


def feed(url: str, **more: Any) -> FeedSettings:
    given = {"name": "f", "speaks": "ais", "agency": "joint", "role": "crew", **more}
    return FeedSettings(url=url, **given)


def quiet(_peer: Peer) -> None:
    """Tell a newcomer nothing."""


async def stalled(port: int) -> socket.socket:
    """Return a connection whose owner never reads, with little room in the system for it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.setblocking(False)
    await asyncio.get_running_loop().sock_connect(sock, ("127.0.0.1", port))
    return sock


async def test_a_client_that_reads_nothing_is_cut_off_and_delays_nobody() -> None:
    outlet = TcpListenOutlet(feed("tcp-listen://127.0.0.1:0"), on_peer=quiet)
    async with outlet:
        assert outlet.port is not None
        dead = await stalled(outlet.port)
        reader, writer = await asyncio.open_connection("127.0.0.1", outlet.port)
        async for _ in wait_until("two clients"):
            if outlet.clients == 2:
                break
        beside = 0
        line = b"x" * 9_999 + b"\n"
        for number in range(1500):  # 15 MB: more than any system buffer takes
            outlet.send(line)
            assert await reader.readexactly(len(line)) == line, number
            beside += outlet.clients == 2
        assert beside * len(line) > peer.UNSENT_BYTES, "lines came while the other took none"
        async for _ in wait_until("the stalled one to be cut off"):
            if outlet.clients == 1:
                break
        assert outlet.cut_off == 1
        dead.close()
        writer.close()
        await writer.wait_closed()


async def test_a_client_that_takes_nothing_for_long_is_cut_off_with_little_to_take(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(peer, "STUCK_S", 0.2)
    monkeypatch.setattr(peer, "UNSENT_BYTES", 1 << 30)
    outlet = TcpListenOutlet(feed("tcp-listen://127.0.0.1:0"), on_peer=quiet)
    async with outlet:
        assert outlet.port is not None
        dead = await stalled(outlet.port)
        async for _ in wait_until("the client"):
            if outlet.clients == 1:
                break
        outlet.send(b"x" * 20_000_000)
        async for _ in wait_until("it to be cut off"):
            if outlet.clients == 0:
                break
        assert outlet.cut_off == 1
        dead.close()


async def test_one_client_too_many_is_sent_away() -> None:
    outlet = TcpListenOutlet(feed("tcp-listen://127.0.0.1:0?max=1"), on_peer=quiet)
    async with outlet:
        first, first_writer = await asyncio.open_connection("127.0.0.1", outlet.port)
        async for _ in wait_until("the client"):
            if outlet.clients == 1:
                break
        second, second_writer = await asyncio.open_connection("127.0.0.1", outlet.port)
        try:
            assert await second.read() == b""
        except ConnectionResetError:
            pass  # closed either way
        outlet.send(b"still here\n")
        assert await first.readline() == b"still here\n"
        for writer in (first_writer, second_writer):
            writer.close()
            await asyncio.gather(writer.wait_closed(), return_exceptions=True)


async def test_a_port_that_is_taken_is_a_fault_of_the_link() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        outlet = TcpListenOutlet(
            feed(f"tcp-listen://127.0.0.1:{taken.getsockname()[1]}"), on_peer=quiet
        )
        with pytest.raises(LinkError, match="Address already in use"):
            await outlet.__aenter__()


async def test_a_server_that_is_not_there_is_a_fault_and_one_that_goes_is_reported() -> None:
    lost: list[str] = []
    with pytest.raises(LinkError, match="Connection refused"):
        await TcpOutlet(feed(f"tcp://127.0.0.1:{free_port()}"), on_lost=lost.append).__aenter__()
    came: list[asyncio.StreamWriter] = []

    async def serve(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, TcpOutlet(feed(f"tcp://127.0.0.1:{port}"), on_lost=lost.append) as outlet:
        assert outlet.clients == 1
        async for _ in wait_until("the connection"):
            if came:
                break
        came[0].close()
        await came[0].wait_closed()
        async for _ in wait_until("the loss to be told"):
            if lost:
                break
        assert outlet.clients == 0
        outlet.send(b"into the void")


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for the name `tak` that nobody signed; its key lies beside it."""
    return self_signed(tmp_path, alternative="DNS:tak")


async def test_a_server_is_believed_by_its_certificate_and_name_only(certificate: Path) -> None:
    key = certificate.with_name("key.pem")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    context.load_verify_locations(certificate)
    context.verify_mode = ssl.CERT_REQUIRED  # it wants to know us, too
    lines: asyncio.Queue[bytes] = asyncio.Queue()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        lines.put_nowait(await reader.readline())
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=context)
    url = f"tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    lost: list[str] = []
    own = {"ca_file": certificate, "cert_file": certificate, "key_file": key}
    async with server, asyncio.timeout(20):
        feed_settings = feed(url, **own, server_name="tak")
        async with TcpOutlet(feed_settings, on_lost=lost.append) as outlet:
            outlet.send(b"hello\n")
            assert await lines.get() == b"hello\n"
        with pytest.raises(LinkError, match="IP address mismatch"):
            await TcpOutlet(feed(url, **own), on_lost=lost.append).__aenter__()


def receiver(group: str | None = None) -> socket.socket:
    """Return a socket that hears datagrams on a free port, of a group if given."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.bind(("" if group else "127.0.0.1", 0))
    if group:
        expected = struct.pack("4s4s", socket.inet_aton(group), socket.inet_aton("127.0.0.1"))
        sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, expected)
    sock.setblocking(False)
    return sock


@pytest.mark.parametrize(
    ("url", "group"),
    [
        (lambda port: f"udp://127.0.0.1:{port}", None),
        (lambda port: f"udp://239.2.3.1:{port}?ttl=0&interface=127.0.0.1", "239.2.3.1"),
    ],
)
async def test_datagrams_reach_a_host_and_a_group(
    url: Callable[[int], str], group: str | None
) -> None:
    with receiver(group) as sock:
        lost: list[str] = []
        async with UdpOutlet(feed(url(sock.getsockname()[1])), on_lost=lost.append) as outlet:
            outlet.send(b"one")
            outlet.send(b"two")
            loop = asyncio.get_running_loop()
            async with asyncio.timeout(5):
                assert await loop.sock_recv(sock, 100) == b"one"
                assert await loop.sock_recv(sock, 100) == b"two"
        assert lost == []


async def test_a_host_where_nobody_listens_yet_stops_no_datagram() -> None:
    lost: list[str] = []
    port = free_port(socket.SOCK_DGRAM)
    async with UdpOutlet(feed(f"udp://127.0.0.1:{port}"), on_lost=lost.append) as outlet:
        for _ in range(3):
            outlet.send(b"nobody hears")
            await asyncio.sleep(0.01)
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
            sock.bind(("127.0.0.1", port))
            sock.setblocking(False)
            outlet.send(b"now somebody does")
            async with asyncio.timeout(5):
                data = await asyncio.get_running_loop().sock_recv(sock, 100)
    assert data == b"now somebody does"
    assert lost == []
