"""The socket that the web server listens on, and how the server ends."""

from __future__ import annotations

import asyncio
import socket
from time import monotonic

import httpx
from fastapi import FastAPI

from maps.listening import listen
from maps.serving import serve, serving_beside
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


async def _answered(address: str) -> None:
    async with httpx.AsyncClient() as client:
        assert (await client.get(address)).headers["date"]


async def test_a_server_that_is_told_to_ends_at_once() -> None:
    app = FastAPI()
    app.state.failed = None
    bound = listen(WebSettings(host="127.0.0.1", port=0))
    address = "http://{}:{}".format(*bound.getsockname())
    ready = asyncio.Event()
    serving = asyncio.create_task(serve(app, WebSettings(), bound, ready=ready.set))
    async with asyncio.timeout(5):
        await ready.wait()
        await _answered(address)
    began = monotonic()
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    assert monotonic() - began < 0.4


async def test_one_beside_it_does_too() -> None:
    bound = listen(WebSettings(host="127.0.0.1", port=0))
    address = "http://{}:{}".format(*bound.getsockname())
    async with serving_beside(FastAPI(), bound):
        await _answered(address)
        began = monotonic()
    assert monotonic() - began < 0.4
