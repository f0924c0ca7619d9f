"""Over TLS, too, nobody takes all connections by opening them and saying nothing."""

from __future__ import annotations

import asyncio
import gc
import socket
import ssl
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from maps.http import tls_acceptor
from maps.settings.settings_tables import WebSettings
from tests.fixtures.patience import until
from tests.maps.http.test_connection_limits import GET, LAST, Server, serving_at


@pytest.fixture
async def server(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(tls_acceptor, "MOST_SHAKING", 8)
    web = WebSettings(
        host="127.0.0.1",
        port=0,
        tls_certificate=certificate,
        tls_key=certificate.with_name("key.pem"),
    )
    async with serving_at(web) as server:
        yield server


async def asked(server: Server, certificate: Path) -> bytes:
    """Return the first bytes of an answer."""
    trust = ssl.create_default_context(cafile=str(certificate))
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(*server.at, ssl=trust)
        writer.write(GET + LAST)
        answer = await reader.read()
        writer.close()
    return answer[:15]


async def silent(server: Server, count: int, source: str = "127.0.0.1") -> list[socket.socket]:
    """Open connections that say nothing."""
    opened = []
    for _ in range(count):
        link = socket.socket()
        link.setblocking(False)
        link.bind((source, 0))
        await asyncio.get_running_loop().sock_connect(link, server.at)
        opened.append(link)
    return opened


def closed(links: list[socket.socket]) -> list[bool]:
    """Return which the server has closed by now."""

    def is_closed(link: socket.socket) -> bool:
        try:
            return link.recv(1) == b""
        except BlockingIOError:
            return False
        except ConnectionError:
            return True

    return [is_closed(link) for link in links]


async def test_who_says_nothing_makes_room_before_the_handshake(
    server: Server, certificate: Path
) -> None:
    links = await silent(server, 20)
    await until(lambda: sum(closed(links)) >= 12)
    assert closed(links) == [True] * 12 + [False] * 8
    assert await asked(server, certificate) == b"HTTP/1.1 200 OK"
    assert closed(links)[13:] == [False] * 7, "one more may have made room for who asked"
    for link in links:
        link.close()


async def test_who_is_sent_away_in_the_turn_in_which_it_came_leaves_no_socket(
    server: Server,
) -> None:
    with warnings.catch_warnings(record=True) as warning_messages:
        warnings.simplefilter("always", ResourceWarning)
        links = [socket.create_connection(server.at) for _ in range(20)]  # accepted together
        for link in links:
            link.setblocking(False)
        await until(lambda: sum(closed(links)) >= 12)
        assert closed(links) == [True] * 12 + [False] * 8
        gc.collect()
    assert [
        str(each.message) for each in warning_messages if each.category is ResourceWarning
    ] == []
    for link in links:
        link.close()


async def test_who_opens_without_end_sends_away_only_its_own(
    server: Server, certificate: Path
) -> None:
    first = await silent(server, 3, "127.0.0.2")
    flood = await silent(server, 50)
    await until(lambda: sum(closed(flood)) >= 45)
    assert await asked(server, certificate) == b"HTTP/1.1 200 OK"
    assert sum(closed(flood)) <= 46
    assert closed(first) == [False] * 3
    for link in (*first, *flood):
        link.close()


async def test_a_handshake_that_does_not_come_ends(
    server: Server, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tls_acceptor, "HANDSHAKE_S", 0.3)
    links = await silent(server, 2)
    links[0].send(b"GET / HTTP/1.1\r\n\r\n")  # no TLS
    await until(lambda: all(closed(links)), within_s=5)
    assert await asked(server, certificate) == b"HTTP/1.1 200 OK"
    for link in links:
        link.close()


async def test_the_end_waits_for_no_handshake(certificate: Path) -> None:
    web = WebSettings(
        host="127.0.0.1",
        port=0,
        tls_certificate=certificate,
        tls_key=certificate.with_name("key.pem"),
    )
    async with asyncio.timeout(10):
        async with serving_at(web) as server:
            links = await silent(server, 2)
            assert await asked(server, certificate) == b"HTTP/1.1 200 OK"  # who came later
            assert closed(links) == [False, False]
    await until(lambda: all(closed(links)), within_s=5)
    for link in links:
        link.close()
