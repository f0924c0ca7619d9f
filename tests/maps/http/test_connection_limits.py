"""A request has a head that ends, and comes; whoever waits for us is not cut off."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from maps.app import uvicorn_server
from maps.app.uvicorn_server import serve
from maps.http import connection_limits as whole_requests
from maps.http.listen_address import listen
from maps.http.security_headers import Guard
from maps.settings.settings_tables import WebSettings
from tests.fixtures.patience import until

GET = b"GET / HTTP/1.1\r\nHost: here\r\n"
POST = b"POST / HTTP/1.1\r\nHost: here\r\nContent-Length: 100000\r\n\r\n"
LAST = b"Connection: close\r\n\r\n"
MIB = b"a" * 2**20


class Server:
    """A small server, and what became of the bodies that were sent to it.

    Attributes:
        at: Where it is.
        lost: How many bodies ended before their end.
        answers_after_s: How long it takes for an answer, seconds.
        long: What an answer without a body ends with.
    """

    def __init__(self) -> None:
        self.at = ("", 0)
        self.begun = self.lost = 0
        self.answers_after_s = 0.0
        self.long = ""

    async def answer(self, request: Request) -> PlainTextResponse:
        self.begun += 1
        await asyncio.sleep(self.answers_after_s)
        try:
            body = await request.body()
        except Exception:
            self.lost += 1
            raise
        return PlainTextResponse(str(len(body)) if request.method == "POST" else "0" + self.long)


@asynccontextmanager
async def serving_at(web: WebSettings) -> AsyncIterator[Server]:
    """Serve while inside."""
    server = Server()
    app = FastAPI()
    app.state.failed = None
    app.add_api_route("/", server.answer, methods=["GET", "POST"])
    app.add_middleware(Guard, hosts=["here"], longest_body=200_000)
    bound, ready = listen(web), asyncio.Event()
    server.at = bound.getsockname()
    task = asyncio.create_task(serve(app, web, bound, ready=ready.set))
    await ready.wait()
    yield server
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    monkeypatch.setattr(uvicorn_server, "_TICK_S", 0.1)
    monkeypatch.setattr(uvicorn_server, "_LOOK_S", 0.0)
    async with serving_at(WebSettings(host="127.0.0.1", port=0)) as server:
        yield server


async def told(server: Server, *parts: bytes, pause_s: float = 0.0) -> bytes:
    """Return what is answered to parts of a request, until the connection ends."""
    reader, writer = await asyncio.open_connection(*server.at)
    try:
        async with asyncio.timeout(10):
            for part in parts:
                writer.write(part)
                await writer.drain()
                await asyncio.sleep(pause_s)
            return await reader.read()
    finally:
        writer.close()


async def flood(writer: asyncio.StreamWriter, begins: bytes) -> None:
    """Send much behind a beginning."""
    for part in [begins, *([MIB] * 16)]:
        writer.write(part)
        await writer.drain()


@pytest.mark.parametrize(
    "begins",
    [GET + b"X: ", b"GET /", POST[:-2] + b"X: "],
    ids=["a header", "an address", "a header of what has a body"],
)
async def test_a_head_without_end_is_not_taken(server: Server, begins: bytes) -> None:
    with pytest.raises(ConnectionError):
        await told(server, begins, *([MIB] * 16))


async def test_headers_without_end_are_not_taken(server: Server) -> None:
    with pytest.raises(ConnectionError):
        await told(server, GET, *([b"X: a\r\n" * 10_000] * 100))


async def test_what_follows_a_body_of_unknown_length_is_not_taken(server: Server) -> None:
    reader, writer = await asyncio.open_connection(*server.at)
    writer.write(GET[:-2].replace(b"GET", b"POST") + b"\r\nTransfer-Encoding: chunked\r\n\r\n")
    async with asyncio.timeout(5):
        assert (await reader.readuntil(b"\r\n")).split()[1] == b"411"
        with pytest.raises(ConnectionError):
            await flood(writer, b"0\r\nX: ")
    writer.close()


async def test_a_request_whose_rest_does_not_come_ends(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_requests, "SILENT_S", 0.3)
    for data in (b"", b"GET / HT", POST, POST + b"a" * 1000):
        assert await told(server, data) == b""
    assert server.lost == 2


async def test_a_request_that_comes_drop_by_drop_ends(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_requests, "LONGEST_S", 0.5)
    for data in (GET + b"X: ", POST):
        try:
            assert await told(server, data, *([b"a"] * 30), pause_s=0.1) == b""
        except ConnectionError:
            pass
    assert server.lost == 1


async def test_who_waits_for_an_answer_is_not_cut_off(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_requests, "SILENT_S", 0.3)
    server.answers_after_s = 1.0
    last = b"Connection: close\r\n\r\n"
    assert (await told(server, GET + last)).endswith(b"\r\n\r\n0")
    whole = POST[:-2] + last + b"a" * 100_000
    assert (await told(server, whole)).endswith(b"\r\n\r\n100000")
    expects = POST[:-2] + b"Expect: 100-continue\r\n" + last
    reader, writer = await asyncio.open_connection(*server.at)
    writer.write(expects)
    async with asyncio.timeout(5):
        assert b" 100 " in await reader.readuntil(b"\r\n\r\n")
        writer.write(b"a" * 100_000)
        assert (await reader.read()).endswith(b"\r\n\r\n100000")
    writer.close()


async def test_who_takes_a_long_answer_slowly_gets_all_of_it(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_requests, "SILENT_S", 1.0)
    monkeypatch.setattr(whole_requests, "LONGEST_S", 1.0)
    server.long = "a" * 2**24
    reader, writer = await _taking_little(server)
    got = 0
    async with asyncio.timeout(60):
        while part := await reader.read(2**16):
            got += len(part)
            await asyncio.sleep(0.01)  # 2.5 s in all
    assert got > 2**24
    writer.close()


async def test_who_takes_a_long_answer_slowly_over_tls_gets_all_of_it_too(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when no other request has come for long, and a connection that is closed has not."""
    monkeypatch.setattr("asyncio.constants.SSL_SHUTDOWN_TIMEOUT", 0.5)
    make = whole_requests.WholeRequests.connection_made

    def made(self: whole_requests.WholeRequests, transport: asyncio.Transport) -> None:
        make(self, transport)
        self.timeout_keep_alive = 0.5  # type: ignore[assignment]

    monkeypatch.setattr(whole_requests.WholeRequests, "connection_made", made)
    web = WebSettings(
        host="127.0.0.1",
        port=0,
        tls_certificate=certificate,
        tls_key=certificate.with_name("key.pem"),
    )
    trust = ssl.create_default_context(cafile=str(certificate))
    async with serving_at(web) as server:
        server.long = "a" * 2**24
        reader, writer = await _taking_little(server, trust, last=b"\r\n")
        got = 0
        async with asyncio.timeout(60):
            while part := await reader.read(2**16):  # until it ends, as no request comes
                got += len(part)
                await asyncio.sleep(0.01)  # 2.5 s in all
        assert got > 2**24
        writer.close()


async def test_who_takes_nothing_of_a_long_answer_is_not_waited_for(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole_requests, "SILENT_S", 0.3)
    server.long = "a" * 2**24
    reader, writer = await _taking_little(server)
    await asyncio.sleep(1)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(2**24)
    writer.close()


async def _taking_little(
    server: Server, trust: ssl.SSLContext | None = None, *, last: bytes = LAST
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Ask for something over a connection on which little is under way."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2**16)
    link.connect(server.at)
    reader, writer = await asyncio.open_connection(
        sock=link, ssl=trust, server_hostname=server.at[0] if trust else None
    )
    writer.write(GET + last)
    return reader, writer


async def test_who_says_nothing_makes_room(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    server.answers_after_s = 0.8
    last = b"Connection: close\r\n\r\n"
    waits = [asyncio.create_task(told(server, GET + last)) for _ in range(8)]
    sends = asyncio.create_task(told(server, POST[:-2] + last, b"a" * 100_000, pause_s=0.3))
    await until(lambda: server.begun >= 9, within_s=5)
    monkeypatch.setattr(whole_requests, "MOST_WAITING", 5, raising=False)
    silent = []
    for _ in range(20):
        silent.append(await asyncio.open_connection(*server.at))
        await asyncio.sleep(0)
    await until(lambda: sum(reader.at_eof() for reader, _ in silent) >= 15, within_s=0.5)
    assert not silent[-1][0].at_eof(), "the newest stays"
    assert (await told(server, GET + last)).endswith(b"0")
    assert all(each.endswith(b"\r\n\r\n0") for each in await asyncio.gather(*waits))
    assert (await sends).endswith(b"100000")
    for _, writer in silent:
        writer.close()


async def test_a_long_head_that_ends_is_answered(server: Server) -> None:
    long = GET + b"X: " + b"a" * 60_000
    got = await told(server, long, b"\r\nConnection: close\r\n\r\n", pause_s=0.1)
    assert got.split()[1] == b"200"


async def test_a_large_body_behind_the_rest_of_a_head_is_none_of_it() -> None:
    got: list[bytes] = []

    class Link(asyncio.Transport):
        def is_closing(self) -> bool:
            return b"aborted" in got

        def write(self, data: bytes | bytearray | memoryview) -> None:
            got.append(bytes(data))

        def abort(self) -> None:
            got.append(b"aborted")

        def pause_reading(self) -> None:
            pass

        resume_reading = close = pause_reading

    async def nothing(_scope: Scope, _receive: Receive, _send: Send) -> None:
        pass

    config = uvicorn.Config(nothing)
    config.load()
    state = uvicorn.server.ServerState()
    connection = whole_requests.WholeRequests(config, state, {})
    connection.connection_made(Link())
    connection.data_received(POST[:20])
    connection.data_received(POST[20:] + b"a" * 90_000)
    assert not got
    assert len(connection.cycle.body) == 90_000
    await asyncio.gather(*state.tasks)


def test_all_is_looked_at() -> None:
    whole_requests.look_at({object()}, 0.0)  # others' connections are left alone
