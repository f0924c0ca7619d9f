"""Guard: host, origin, length and headers, before any route is asked."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from maps import guard
from maps.access import COOKIE
from tests.maps.running import Live, Running

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
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(guard, "MOST_COMING", 4_000_000, raising=False)
    large, let_in, on = b"x" * 900_000, asyncio.Event(), asyncio.Event()
    take = guard.Guard._take

    async def noted(*given: Any) -> None:
        let_in.set()
        await take(*given)

    monkeypatch.setattr(guard.Guard, "_take", noted)

    async def slow() -> AsyncIterator[bytes]:
        yield large[:1]
        await on.wait()
        yield large[1:]

    async with server.stranger() as client:
        named = {"content-length": str(len(large))}
        post = client.post("/api/session", content=slow(), headers=named)
        first = asyncio.create_task(post)
        await let_in.wait()
        refused = await client.post("/api/session", content=large)
        assert refused.status_code == 503
        assert refused.json()["error"] == "too_busy"
        assert refused.headers["retry-after"] == "5"
        small = await client.post("/api/session", content=b"x" * 60_000)
        assert small.status_code == 422
        on.set()
        assert (await first).status_code == 422
        assert (await client.post("/api/session", content=large)).status_code == 422
        monkeypatch.setattr(guard, "MOST_COMING", 400_000, raising=False)
        alone = await client.post("/api/session", content=large)
        assert alone.status_code == 422, "the only one is taken, however long"


async def test_text_that_a_database_does_not_take_asks_it_nothing(server: Running) -> None:
    async with server.signed_in() as client:
        assert (await client.get("/api/alerts/a%00")).status_code == 404
        query = "/api/exports/tracks?patrol=a%00"
        assert (await client.get(query)).status_code == 400
    async with server.stranger() as client:
        said = {"name": "a\0b", "password": "a long enough pass phrase"}
        assert (await client.post("/api/session", json=said)).status_code == 422


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
