"""TLS of a gateway's own web server."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
import uvloop
from msgspec.structs import replace

from radio_gateway.links.link_url import parse_link
from radio_gateway.transports.http_listen import HttpListenTransport
from tests.fixtures.certificates import self_signed
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import make, peers
from tests.radio_gateway.transports.http_listening import (
    POSITION,
    exchange,
    stored,
    storing,
)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for 127.0.0.1 that nobody signed; its key lies beside it."""
    return self_signed(tmp_path, alternative="IP:127.0.0.1")


async def test_tls_is_spoken_where_a_certificate_is_given(certificate: Path) -> None:
    channel = make(
        "http-listen://127.0.0.1:0?open=1",
        "position_json",
        cert_file=str(certificate),
        key_file=str(certificate.with_name("key.pem")),
    )
    trust = ssl.create_default_context(cafile=str(certificate))
    transport = channel.transport
    assert isinstance(transport, HttpListenTransport)
    async with storing(channel, verify=trust) as client:
        answer = await client.post("/", json=POSITION | {"device": "b"})
        assert answer.status_code == 200
        assert len(await exchange(transport, b"GET / HTTP/1.0\r\n\r\n")) < 100  # an alert at most
    assert len(stored(channel)) == 1


def open_sockets() -> set[tuple[object, ...]]:
    """Return the sockets of the process that are open, other than a loop's own.

    By their ends, too: another test's that closes meanwhile gives its number to one of this test's.
    """
    every = psutil.Process().net_connections(kind="inet")
    return {(each.fd, each.laddr, each.raddr) for each in every}


@pytest.mark.parametrize("loop_factory", [asyncio.new_event_loop, uvloop.new_event_loop])
def test_half_a_handshake_takes_a_place_and_makes_way(
    certificate: Path, loop_factory: Callable[[], asyncio.AbstractEventLoop]
) -> None:
    """Connections that never finish TLS are bounded, and do not keep out one that does."""
    link = replace(
        parse_link("http-listen://127.0.0.1:0?open=1&max=8"),
        cert_file=str(certificate),
        key_file=str(certificate.with_name("key.pem")),
    )
    trust = ssl.create_default_context(cafile=str(certificate))

    async def crowd() -> tuple[int, int, bytes]:
        transport = HttpListenTransport(link)
        before = open_sockets()
        async with transport:
            socks = [socket.create_connection(("127.0.0.1", transport.port)) for _ in range(40)]
            for sock in socks:
                sock.sendall(b"\x16\x03\x01")  # a handshake begins so
            await until(lambda: peers() >= 9)
            await asyncio.sleep(0.2)
            at_once = peers()
            ours = len(open_sockets() - before) - len(socks)
            reader, writer = await asyncio.open_connection("127.0.0.1", transport.port, ssl=trust)
            writer.write(b"GET /?a=1 HTTP/1.0\r\n\r\n")
            (chunk,) = await transport.read()
            assert chunk.stored is not None
            chunk.stored()
            answer = await reader.read()
            writer.close()
            for sock in socks:
                sock.close()
        await until(lambda: not open_sockets() - before)
        return at_once, ours, answer

    with asyncio.Runner(loop_factory=loop_factory) as runner:
        at_once, ours, answer = runner.run(crowd())
    assert at_once == 9
    assert ours <= 9 + 1  # and the listening one
    assert b"200" in answer
