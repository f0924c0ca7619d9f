"""What a peer takes grows as it takes some, also where the system tells nothing."""

from __future__ import annotations

import asyncio
import socket
import sys
from typing import Any

import pytest

from maps.http.tcp_progress import uptake
from tests.maps.servers.running import wait_until


class Told(asyncio.Transport):
    """A transport in which so much waits, of a connection of which nothing is told."""

    def __init__(self, link: socket.socket | None) -> None:
        super().__init__({"socket": link})
        self.left = 0

    def get_write_buffer_size(self) -> int:
        return self.left


@pytest.mark.parametrize("kind", ["none", "no TCP", "closed"])
def test_where_the_system_tells_nothing_the_transport_does(kind: str) -> None:
    one, other = socket.socketpair()
    with one, other:
        if kind == "closed":
            one.close()
        transport = Told(None if kind == "none" else one)
        transport.left = 500
        before = uptake(transport)
        transport.left = 0
        after = uptake(transport)
    assert before.taken < after.taken
    assert (before.waits, after.waits) == (True, False)


@pytest.mark.skipif(sys.platform == "win32", reason="uvloop is none of Windows'")
def test_of_a_connection_that_is_gone_nothing_is_reported() -> None:
    import uvloop

    async def gone() -> None:
        came: asyncio.Queue[Any] = asyncio.Queue()

        class Link(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                came.put_nowait(transport)

        loop = asyncio.get_running_loop()
        async with await loop.create_server(Link, "127.0.0.1", 0) as server:
            address: Any = server.sockets[0].getsockname()
            with socket.create_connection(address):
                transport = await came.get()
                assert uptake(transport).taken == 0
                transport.abort()
                await asyncio.sleep(0.01)
                assert uptake(transport) == (0, False)

    uvloop.run(gone())  # as a server runs


@pytest.mark.skipif(sys.platform != "linux", reason="other systems tell it otherwise")
async def test_the_system_tells_what_was_taken() -> None:
    ended = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()
        await writer.wait_closed()
        ended.set()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as server:
        address: Any = server.sockets[0].getsockname()
        _, writer = await asyncio.open_connection(*address)
        before = uptake(writer.transport)  # type: ignore[arg-type]
        writer.write(b"x" * 1000)
        async for _ in wait_until("what was sent to be taken"):
            after = uptake(writer.transport)  # type: ignore[arg-type]
            if (after.taken - before.taken, after.waits) == (1000, False):
                break
        writer.close()
        await writer.wait_closed()
        async with asyncio.timeout(5):
            await ended.wait()
