"""The socket that the web server listens on, and how the server ends."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from maps.app import uvicorn_server
from maps.app.uvicorn_server import serve, serving_beside
from maps.http.listen_address import listen
from maps.settings.settings_tables import WebSettings


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


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that looks once an hour whether it is to end, and waits as long for who is there."""
    monkeypatch.setattr(uvicorn_server, "_TICK_S", 3600.0)
    config = uvicorn.Config

    def patient(*given: Any, **more: Any) -> uvicorn.Config:
        return config(*given, **more | {"timeout_graceful_shutdown": 3600})

    monkeypatch.setattr(uvicorn, "Config", patient)


@pytest.mark.usefixtures("waits")
async def test_a_server_ends_at_once_when_asked_to() -> None:
    app = FastAPI()
    app.state.failed = None
    bound = listen(WebSettings(host="127.0.0.1", port=0))
    address = "http://{}:{}".format(*bound.getsockname())
    ready = asyncio.Event()
    running = asyncio.create_task(serve(app, WebSettings(), bound, ready=ready.set))
    async with asyncio.timeout(20):
        await ready.wait()
        await _answered(address)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


@pytest.mark.usefixtures("waits")
async def test_one_beside_it_does_too() -> None:
    bound = listen(WebSettings(host="127.0.0.1", port=0))
    address = "http://{}:{}".format(*bound.getsockname())
    async with asyncio.timeout(20), serving_beside(FastAPI(), bound):
        await _answered(address)
