"""A request that was begun with a way in that was lost before its body came does nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from fastapi import FastAPI

from maps.accounts.account_services import AccountServices
from maps.accounts.sessions.access import EPOCH_FOR_S
from maps.cluster import messages as words
from maps.cluster.web_app import create_web_app
from maps.http.session_cookie import COOKIE
from tests.maps.servers.running import Running

JSON = {"content-type": "application/json"}


async def slow(body: bytes, event: asyncio.Event, on: asyncio.Event) -> AsyncIterator[bytes]:
    """Yield the beginning of a body, and the rest once it is to go on."""
    yield body[:1]
    event.set()
    await on.wait()
    yield body[1:]


async def sent(client: httpx.AsyncClient, path: str, body: bytes, lose: object) -> httpx.Response:
    """Send a body of which a part comes once the sender has lost the way in."""
    event, on = asyncio.Event(), asyncio.Event()
    content = slow(body, event, on)
    headers = JSON | {"content-length": str(len(body))}
    task = asyncio.create_task(client.post(path, content=content, headers=headers))
    await event.wait()
    await asyncio.sleep(0.2)  # until it has been let in
    await lose()  # type: ignore[operator]
    await asyncio.sleep(EPOCH_FOR_S)
    on.set()
    return await task


async def test_a_key_that_was_taken_away_reports_no_more(server: Running) -> None:
    key = await server.device("boat-3")

    async def lose() -> None:
        async with server.signed_in("technician") as technician:
            assert (await technician.delete("/api/devices/boat-3")).status_code == 204

    async with server.stranger(authorization=f"Bearer {key}") as boat:
        body = b'{"id": "r-1", "lon": 100.41, "lat": 20.27}'
        answer = await sent(boat, "/api/positions", body, lose)
        assert answer.status_code == 401, answer.text
    async with server.signed_in() as client:
        assert (await client.get("/api/radios/unknown")).json() == []


async def test_a_web_process_passes_on_nothing_of_a_session_that_has_ended(
    server: Running,
) -> None:
    passed: list[words.Request] = []

    async def pass_on(request: words.Request) -> words.Response:
        passed.append(request)
        return words.Response(status=201, headers=[], body=b"{}")

    @asynccontextmanager
    async def opened(_app: FastAPI) -> AsyncIterator[AccountServices]:
        yield server.office.accounts

    app = create_web_app(
        server.office.settings, opened=opened, pass_on=pass_on, metrics_text=lambda: b""
    )

    async def lose() -> None:
        await server.office.people.end_sessions("commander")

    async with server.signed_in() as client, app.router.lifespan_context(app):
        cookies = {COOKIE: client.cookies[COOKIE]}
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(
            transport=transport, base_url="http://127.0.0.1", cookies=cookies
        ) as browser:
            body = b'{"label": "wall screen", "scopes": ["read:picture"]}'
            answer = await sent(browser, "/api/tokens", body, lose)
    assert answer.status_code == 401, answer.text
    assert passed == []
