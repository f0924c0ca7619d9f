"""A link of so many bytes a second between a gateway and its broker."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def slow_link(port: int, *, bytes_s: int) -> AsyncIterator[int]:
    """Pass bytes on to `port` of this machine, so many a second each way.

    Its buffers are as small as the system allows, as those of a modem are.

    Yields:
        The port to connect to.
    """
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        there, away = await asyncio.open_connection("127.0.0.1", port)
        try:
            await asyncio.gather(_pass(reader, away, bytes_s), _pass(there, writer, bytes_s))
        except (ConnectionError, asyncio.CancelledError):
            pass
        finally:
            for each in (writer, away):
                each.close()
            tasks.discard(task)

    listener = socket.create_server(("127.0.0.1", 0))
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # what is accepted inherits it
    server = await asyncio.start_server(serve, sock=listener, limit=4096)
    try:
        yield listener.getsockname()[1]
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, bytes_s: int) -> None:
    while data := await reader.read(max(bytes_s // 10, 1)):
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(len(data) / bytes_s)
    with suppress(OSError):
        writer.write_eof()
