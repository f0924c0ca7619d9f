"""A gateway's own web server as it closes: who waits is answered, and no connection stays open."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from radio_gateway.transports import http as http_bodies
from radio_gateway.transports.http_listen import HttpListenTransport
from tests.fixtures.patience import loop_turns, until
from tests.radio_gateway.running.running import make, open_descriptors, peers, running
from tests.radio_gateway.transports.http_listening import POSITION


async def test_requests_in_progress_are_asked_to_retry_when_the_channel_closes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_bodies, "CLOSES_WITHIN_S", 0.05)
    before = open_descriptors()
    channel = make("http-listen://127.0.0.1:0?open=1", "position_json")
    transport = channel.transport
    assert isinstance(transport, HttpListenTransport)
    async with httpx.AsyncClient(trust_env=False) as client:
        async with running(channel):
            await until(lambda: channel.health().state == "open")
            url = f"http://127.0.0.1:{transport.port}/"
            post = asyncio.create_task(client.post(url, json=POSITION | {"device": "b"}))
            await channel.inbox.take()
        assert (await post).status_code == 503
    assert open_descriptors() == before


async def test_what_is_stored_while_the_channel_closes_is_answered_so() -> None:
    channel = make("http-listen://127.0.0.1:0?open=1", "osmand")
    transport = channel.transport
    assert isinstance(transport, HttpListenTransport)
    async with httpx.AsyncClient(trust_env=False) as client:
        async with running(channel):
            await until(lambda: channel.health().state == "open")
            url = f"http://127.0.0.1:{transport.port}/?id=boat-3&lat=20.27&lon=100.41"
            get = asyncio.create_task(client.get(url))
            (delivery,) = await channel.inbox.take()
            assert delivery.stored is not None
            asyncio.get_running_loop().call_later(0.2, delivery.stored)
        assert (await get).status_code == 200


async def test_its_connections_are_closed_though_the_closing_is_cut_short() -> None:
    channel = make("http-listen://127.0.0.1:0?open=1", "osmand")
    transport = channel.transport
    assert isinstance(transport, HttpListenTransport)
    running_ = asyncio.create_task(channel.run())
    await until(lambda: channel.health().state == "open")
    reader, writer = await asyncio.open_connection("127.0.0.1", transport.port)
    writer.write(b"GET /?id=boat-3&lat=20.27&lon=100.41 HTTP/1.1\r\nHost: a\r\n\r\n")
    await channel.inbox.take()
    running_.cancel()
    await loop_turns()  # it waits for what was heard to be stored
    running_.cancel()
    await asyncio.wait([running_])
    async with asyncio.timeout(1.0):
        await reader.read()
    writer.close()
    assert not peers()
