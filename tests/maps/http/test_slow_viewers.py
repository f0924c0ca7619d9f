"""Viewers that take little, or nothing: who is alive gets all of it, and no more than that."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from maps.api.units import live as route
from maps.http.session_cookie import COOKIE
from maps.http.shared_websocket import SharedFrames
from patrol.live.feeds import LocalViewStream
from tests.benchmarks.viewers import upgrade_request
from tests.maps.servers.running import Running, running, wait_until

MIB = 2**20


@asynccontextmanager
async def slow(
    server: Running, client: httpx.AsyncClient, trust: ssl.SSLContext | None = None
) -> AsyncIterator[asyncio.StreamReader]:
    """What comes for a viewer at whose end little waits."""
    host, port = server.url.rpartition("/")[2].split(":")
    with socket.socket() as viewer:
        viewer.setblocking(False)
        viewer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 16_384)
        await asyncio.get_running_loop().sock_connect(viewer, (host, int(port)))
        reader, writer = await asyncio.open_connection(
            sock=viewer, limit=4096, ssl=trust, server_hostname=host if trust else None
        )
        name = next(each for each in client.cookies if each.endswith(COOKIE))  # __Host- under TLS
        cookie = f"{name}={client.cookies[name]}"
        opening = upgrade_request(host=host, port=int(port), path="/api/live", cookie=cookie)
        writer.write(opening.replace(b"Origin: http:", b"Origin: https:") if trust else opening)
        assert b" 101 " in await reader.readuntil(b"\r\n\r\n")
        try:
            yield reader
        finally:
            writer.transport.abort()


async def taken(viewer: asyncio.StreamReader, most: int, *, each_s: float = MIB / 3) -> int:
    """Take up to so many bytes, few each second; return how many there were."""
    size = 0
    while size < most and (data := await viewer.read(8192)):
        size += len(data)
        await asyncio.sleep(len(data) / each_s)
    return size


@pytest.fixture
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """A picture of a MiB, and less time for who takes nothing than it takes who takes little."""
    monkeypatch.setattr(LocalViewStream, "snapshot", lambda _: b'"%s"' % (b"x" * MIB))
    monkeypatch.setattr(route, "BEAT_S", 0.1)
    monkeypatch.setattr(route, "CHECK_S", 0.1)
    monkeypatch.setattr(route, "STUCK_S", 2.0)


@pytest.mark.usefixtures("large")
async def test_who_takes_little_of_a_large_picture_gets_all_of_it(server: Running) -> None:
    async with server.signed_in() as client, slow(server, client) as viewer:
        assert await taken(viewer, MIB) >= MIB


@asynccontextmanager
async def slow_over_tls(
    folder: Path, certificate: Path
) -> AsyncIterator[tuple[Running, asyncio.StreamReader]]:
    """A server with a certificate, and what comes from it for such a viewer."""
    web = {"port": 0, "tls_certificate": "certificate.pem", "tls_key": "key.pem"}
    trust = ssl.create_default_context(cafile=str(certificate))
    async with (
        running(folder, web=web) as server,
        httpx.AsyncClient(
            base_url=server.url, verify=trust, headers={"origin": server.url}
        ) as client,
    ):
        token = await server.token("commander")
        answer = await client.post("/api/session/link", json={"token": token})
        assert answer.status_code == 200, answer.text
        async with slow(server, client, trust) as viewer:
            yield server, viewer


@pytest.mark.usefixtures("large")
async def test_who_takes_little_over_tls_gets_all_of_it_too(
    tmp_path: Path, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what comes while the picture is on its way; beneath TLS nobody tells what waits."""
    monkeypatch.setattr(LocalViewStream, "snapshot", lambda _: b'"%s"' % (b"x" * 2 * MIB))
    async with slow_over_tls(tmp_path, certificate) as (server, viewer):
        found = await server.office.people.user("commander")
        assert found is not None
        feed = server.office.desk_of(found[0]).visible.feed()
        size = await taken(viewer, 1)
        for _ in range(8):
            feed.publish(b',"more":"%s"' % (b"x" * (MIB // 8)))
        size += await taken(viewer, 5 * MIB // 2 - size, each_s=MIB / 2)
        assert size >= 5 * MIB // 2


@pytest.mark.usefixtures("large")
async def test_who_signs_out_while_taking_little_is_cut_off(server: Running) -> None:
    async with server.signed_in() as client, slow(server, client) as viewer:
        await taken(viewer, MIB // 4)
        assert (await client.delete("/api/session")).status_code == 204
        with suppress(ConnectionResetError):
            assert await taken(viewer, MIB) < MIB // 2, "what the system had is all that comes"


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[SharedFrames]:
    """The server's ends of live streams, as they are taken up."""
    found: list[SharedFrames] = []
    take_up = SharedFrames.handle_connect

    def noted(self: SharedFrames, event: Any) -> None:
        take_up(self, event)
        found.append(self)

    monkeypatch.setattr(SharedFrames, "handle_connect", noted)
    return found


@pytest.mark.usefixtures("large")
async def test_who_takes_little_has_time_to_answer_a_ping_and_no_more_than_it_needs(
    server: Running, connections: list[SharedFrames], monkeypatch: pytest.MonkeyPatch
) -> None:
    start = SharedFrames.start_keepalive

    def soon(self: SharedFrames) -> None:
        self.ping_interval, self.ping_timeout = 0.2, 0.5
        start(self)

    monkeypatch.setattr(SharedFrames, "start_keepalive", soon)
    async with server.signed_in() as client, slow(server, client) as viewer:
        await taken(viewer, 3 * MIB // 4)
        assert not connections[0].close_sent, "the ping is before it yet"
        async with asyncio.timeout(10):
            await taken(viewer, 2 * MIB)  # it answers none
        assert connections[0].close_sent


async def test_who_is_signed_out_and_takes_nothing_does_not_keep_its_socket(
    server: Running, connections: list[SharedFrames], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(route, "BEAT_S", 0.1)
    async with server.signed_in() as client, slow(server, client):
        (connection,) = connections
        connection.close_timeout = 0.2
        while not connection.transport.get_write_buffer_size():
            connection.give(b"x" * 1024)
        assert connection.writable.is_set(), "it could be told, too"
        assert (await client.delete("/api/session")).status_code == 204
        async for _ in wait_until("its socket to be closed", 5):
            if connection.disconnected:
                break


async def test_little_waits_in_the_system_for_who_takes_nothing(
    server: Running, connections: list[SharedFrames]
) -> None:
    """What waits there is shown before anything newer, and cannot be taken back."""
    async with server.signed_in() as client, slow(server, client):
        (connection,) = connections
        frame, given = b"x" * 8192, 0
        while given < 16 * MIB and connection.give(frame):
            given += len(frame)
            await asyncio.sleep(0)  # the transport writes between two turns
        assert not connection.writable.is_set()
        assert given < MIB


async def test_no_more_waits_here_over_tls_than_without(
    tmp_path: Path, certificate: Path, connections: list[SharedFrames]
) -> None:
    async with slow_over_tls(tmp_path, certificate):
        (connection,) = connections
        for _ in range(16 * MIB // 8192):
            if not connection.give(b"x" * 8192):
                break
            await asyncio.sleep(0)
        assert not connection.writable.is_set()
        assert connection.transport.get_write_buffer_size() < MIB // 8
