"""Many WebSockets at once hold up nobody who asks something else."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from fastapi import FastAPI, WebSocket
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

from maps.app.uvicorn_server import serve
from maps.http import upgrades
from maps.http.listen_address import listen
from maps.http.shared_websocket import SharedFrames
from maps.http.upgrades import Upgrades
from maps.settings.settings_tables import WebSettings

MANY = 200
SESSION = b"Cookie: jp_session=made-up\r\n"


def asking(more: bytes = b"") -> bytes:
    """Return a request for the live stream."""
    return (
        b"GET /live HTTP/1.1\r\nHost: here\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"
    ) + (more + b"\r\n")


class Server:
    """A server with one stream.

    Attributes:
        port: Where it is.
        handshakes: How many WebSockets it took up.
        at_answer: How many it had taken up when it answered something else.
    """

    def __init__(self) -> None:
        self.port = 0
        self.handshakes = 0
        self.at_answer: list[int] = []

    async def answer(self) -> str:
        self.at_answer.append(self.handshakes)
        return "well"

    async def live(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.close(4401, "made up")


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Server]:
    server, app = Server(), FastAPI()
    begun = SharedFrames.connection_made

    def counted(self: SharedFrames, transport: asyncio.Transport) -> None:
        server.handshakes += 1
        begun(self, transport)

    monkeypatch.setattr(SharedFrames, "connection_made", counted)
    app.state.failed = None
    app.add_api_route("/", server.answer)
    app.add_api_websocket_route("/live", server.live)
    web, ready = WebSettings(host="127.0.0.1", port=0), asyncio.Event()
    bound = listen(web)
    server.port = bound.getsockname()[1]
    task = asyncio.create_task(serve(app, web, bound, ready=ready.set))
    await ready.wait()
    yield server
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def ask(server: Server, request: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    return reader, writer


async def test_a_client_without_credentials_is_asked_to_sign_in_before_any_handshake(
    server: Server,
) -> None:
    many = [await ask(server, asking(b"Cookie: palette=night\r\n")) for _ in range(MANY)]
    for reader, writer in many:
        data = await reader.read()
        assert data.startswith(b"HTTP/1.1 101 ")
        assert data.endswith(b"\x11\x31sign in first")
        writer.close()
    assert server.handshakes == 0
    with pytest.raises(ConnectionClosed, match="4401"):  # as a page or program reads it
        async with connect(f"ws://127.0.0.1:{server.port}/live") as socket:
            await socket.recv()
    assert server.handshakes == 0


async def test_what_is_asked_for_after_many_who_show_something_is_answered_before_most(
    server: Server,
) -> None:
    many = [await asyncio.open_connection("127.0.0.1", server.port) for _ in range(MANY)]
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    for _, each in many:
        each.write(asking(SESSION))
    writer.write(b"GET / HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n")
    assert (await reader.read()).endswith(b'"well"')
    writer.close()
    for each_reader, each in many:
        assert b" 101 " in await each_reader.read(100)
        each.close()
    assert server.handshakes == MANY
    assert server.at_answer[0] < MANY / 2


async def test_of_those_who_wait_a_few_are_taken_up_in_a_turn_and_one_that_fails_stops_none() -> (
    None
):
    waiting, taken, turns = Upgrades(), list[int](), list[int]()
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: faults.append(context))

    def take(number: int) -> None:
        taken.append(number)
        assert number != 3

    for number in range(20):
        waiting.enter(lambda number=number: take(number))  # type: ignore[misc]
    while len(waiting):
        before = len(taken)
        await asyncio.sleep(0)
        turns.append(len(taken) - before)
    assert taken == list(range(20))
    assert max(turns) <= upgrades.A_TURN
    assert len(faults) == 1
