"""Guard: host, origin, length and headers, before any route is asked."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import Any

import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send
from websockets.exceptions import ConnectionClosed, InvalidStatus

from maps.http import security_headers as guard
from maps.http.session_cookie import COOKIE
from tests.maps.servers.running import Live, Running

FOREIGN = "http://evil.example"


async def test_another_host_name_is_refused(server: Running) -> None:
    async with server.stranger(host="evil.example") as client:
        answer = await client.get("/api/health")
    assert answer.status_code == 421
    assert answer.json()["error"] == "wrong_host"


@pytest.mark.parametrize("origin", [FOREIGN, "null", "http://127.0.0.1:1", "http://["])
async def test_a_page_of_another_server_cannot_change_anything(
    server: Running, origin: str
) -> None:
    async with server.signed_in("admin") as client:
        unit = {"call_sign": "Naga 1", "kind": "boat"}
        answer = await client.post("/api/units", json=unit, headers={"origin": origin})
        assert answer.status_code == 403
        assert answer.json()["error"] == "wrong_origin"
        site = {"origin": server.url, "sec-fetch-site": "cross-site"}
        assert (await client.post("/api/units", json=unit, headers=site)).status_code == 403
        assert (await client.post("/api/units", json=unit)).status_code == 201


async def test_a_program_that_names_no_origin_may(server: Running) -> None:
    async with server.stranger() as client:
        token = await server.token("admin")
        answer = await client.post("/api/session/link", json={"token": token})
    assert answer.status_code == 200


async def test_a_page_of_another_server_cannot_watch(server: Running) -> None:
    async with server.signed_in() as client:
        session = client.cookies[COOKIE]
        with pytest.raises((ConnectionClosed, InvalidStatus)):
            async with Live(server.url, session, origin=FOREIGN) as live:
                await live.frame()
        async with Live(server.url, session, origin=server.url) as live:
            assert (await live.frame())["type"] == "snapshot"


async def test_a_body_is_bounded_and_names_its_length(server: Running) -> None:
    async with server.stranger() as client:
        long = await client.post("/api/session", content=b"x" * 1_000_001)
        assert long.status_code == 413

        async def chunks() -> object:
            yield b"{}"

        unnamed = await client.post("/api/session", content=chunks())  # type: ignore[arg-type]
        assert unnamed.status_code == 411


async def test_no_more_large_bodies_come_at_once_than_there_is_room_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guard, "MOST_COMING", 16_000_000)
    large, let_in, on = b"x" * 900_000, asyncio.Event(), asyncio.Event()

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["path"] == "/slow":
            let_in.set()
            await on.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    guarded: Any = guard.Guard(app, hosts=["here"], longest_body=1_000_000)
    asks = httpx.ASGITransport(guarded)
    async with httpx.AsyncClient(transport=asks, base_url="http://here") as client:
        first = asyncio.create_task(client.post("/slow", content=large))
        await let_in.wait()
        refused = await client.post("/", content=large)
        assert refused.status_code == 503
        assert refused.json()["error"] == "too_busy"
        assert refused.headers["retry-after"] == "5"
        assert (await client.post("/", content=b"x" * 60_000)).status_code == 204
        on.set()
        assert (await first).status_code == 204
        assert (await client.post("/", content=large)).status_code == 204
        monkeypatch.setattr(guard, "MOST_COMING", 400_000)
        alone = await client.post("/", content=large)
        assert alone.status_code == 204, "the only one is taken, however long"


async def test_who_sends_slowly_without_signing_in_keeps_no_photo_out() -> None:
    on = asyncio.Event()

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        if scope["path"] != "/photos":
            await on.wait()  # for the rest, which is read before anybody asks who that is
        await send({"type": "http.response.start", "status": 204, "headers": []})

    guarded = guard.Guard(
        app, hosts=["here"], longest_body=1_000_000, longer_bodies={"/photos": 16_000_000}
    )

    async def post(path: str, size: int, peer: str) -> int:
        messages: list[Message] = []

        async def send(message: Message) -> None:
            messages.append(message)

        async def receive() -> Message:
            return {"type": "http.request"}

        headers = [(b"host", b"here"), (b"content-length", b"%d" % size)]
        scope = {"type": "http", "method": "POST", "path": path, "client": (peer, 1)}
        await guarded({**scope, "query_string": b"", "headers": headers}, receive, send)
        status: int = messages[0]["status"]
        return status

    slow = [
        asyncio.create_task(post("/session", 1_000_000, f"2001:db8::{number % 9}"))
        for number in range(300)
    ]
    await asyncio.sleep(0)
    assert await post("/photos", 10_000_000, "10.0.0.9") == 204
    on.set()
    assert Counter([await each for each in slow]) == {204: 50, 503: 250}
    assert await post("/session", 1_000_000, "10.0.0.9") == 204


async def test_text_that_a_database_does_not_take_asks_it_nothing(server: Running) -> None:
    async with server.signed_in() as client:
        assert (await client.get("/api/alerts/a%00")).status_code == 404
        query = "/api/exports/tracks?patrol=a%00"
        assert (await client.get(query)).status_code == 400
    async with server.stranger() as client:
        body = {"name": "a\0b", "password": "a long enough pass phrase"}
        assert (await client.post("/api/session", json=body)).status_code == 422


@pytest.mark.parametrize("path", ["/sign-in", "/api/health", "/api/units", "/no-such-thing"])
async def test_every_answer_has_the_security_headers(server: Running, path: str) -> None:
    async with server.stranger() as client:
        headers = (await client.get(path)).headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    if path.startswith("/api/"):
        assert headers["cache-control"] == "no-store"
    assert "server" not in headers
