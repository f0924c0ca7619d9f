"""The socket that the web server listens on."""

from __future__ import annotations

import asyncio
import socket

from maps.listening import listen
from maps.settings_tables import WebSettings


async def test_answers_do_not_wait_for_acknowledgements() -> None:
    """Nagle's algorithm is off on each connection, whatever event loop serves."""
    said: list[int] = []

    async def met(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link: socket.socket = writer.get_extra_info("socket")
        said.append(link.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))
        writer.close()

    bound = listen(WebSettings(host="127.0.0.1", port=0))
    async with await asyncio.start_server(met, sock=bound):
        reader, writer = await asyncio.open_connection(*bound.getsockname())
        await reader.read()
        writer.close()
    assert said
    assert all(said)
