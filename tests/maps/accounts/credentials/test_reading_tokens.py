"""Reading tokens: what a program may read with one, and all that it may not."""

from __future__ import annotations

import base64

import httpx
import pytest

from maps.http.session_cookie import COOKIE
from tests.maps.servers.running import PASSWORD, Running


async def token_of(client: httpx.AsyncClient, days: int = 90) -> str:
    answer = await client.post("/api/session/reading-token", json={"days": days})
    assert answer.status_code == 201, answer.text
    token: str = answer.json()["token"]
    return token


def basic(name: str, key: str) -> str:
    return "Basic " + base64.b64encode(f"{name}:{key}".encode()).decode()


async def test_a_token_reads_as_bearer_and_as_a_password(server: Running) -> None:
    async with server.signed_in() as client:
        token = await token_of(client)
    for header in (f"Bearer {token}", basic("commander", token), basic("", token)):
        async with server.stranger(authorization=header) as program:
            answer = await program.get("/api/ogc/collections/units/items")
            assert answer.status_code == 200, answer.text
            assert (await program.get("/api/layers")).status_code == 200


async def test_a_token_opens_nothing_else(server: Running) -> None:
    async with server.signed_in("admin") as client:
        token = await token_of(client)
    async with server.stranger(authorization=f"Bearer {token}") as program:
        for method, path in (
            ("GET", "/api/users"),
            ("GET", "/api/session"),
            ("POST", "/api/session/reading-token"),
            ("POST", "/api/units"),
            ("POST", "/api/positions"),
            ("GET", "/metrics"),
        ):
            answer = await program.request(method, path, json={})
            assert answer.status_code in (401, 403), f"{method} {path}: {answer.status_code}"
        assert (await program.get("/", follow_redirects=False)).status_code in (303, 403)


async def test_a_token_is_no_session(server: Running) -> None:
    async with server.signed_in() as client:
        token = await token_of(client)
        cookie = client.cookies[COOKIE]
    async with server.stranger(cookie=f"{COOKIE}={token}") as thief:
        assert (await thief.get("/api/units")).status_code == 401
        assert (await thief.get("/api/ogc")).status_code == 401
    async with server.stranger(authorization=f"Bearer {cookie}") as thief:
        assert (await thief.get("/api/ogc")).status_code == 401
    async with server.stranger() as thief:
        for query in (f"?token={token}", f"?access_token={token}"):
            assert (await thief.get("/api/ogc" + query)).status_code == 401


@pytest.mark.parametrize("key", ["read_guess", "read_", "guess"])
async def test_a_made_up_token_is_none(server: Running, key: str) -> None:
    for header in (f"Bearer {key}", basic("commander", key)):
        async with server.stranger(authorization=header) as stranger:
            assert (await stranger.get("/api/ogc")).status_code == 401


async def test_a_token_under_another_name_is_none(server: Running) -> None:
    async with server.signed_in("crew") as client:
        token = await token_of(client)
    async with server.stranger(authorization=basic("admin", token)) as stranger:
        assert (await stranger.get("/api/ogc")).status_code == 401


async def test_a_token_ends_with_the_password_and_with_the_user(server: Running) -> None:
    async with server.signed_in("crew") as client:
        token = await token_of(client)
    async with server.stranger(authorization=f"Bearer {token}") as program:
        assert (await program.get("/api/ogc")).status_code == 200
        await server.office.people.set_password("crew", PASSWORD)
        assert (await program.get("/api/ogc")).status_code == 401


async def test_a_device_key_reads_no_collections(server: Running) -> None:
    key = await server.device("boat-3")
    async with server.stranger(authorization=f"Bearer {key}") as boat:
        assert (await boat.get("/api/ogc")).status_code == 403


@pytest.mark.parametrize("days", [0, 367, "x"])
async def test_how_long_a_token_may_be_good(server: Running, days: object) -> None:
    async with server.signed_in() as client:
        answer = await client.post("/api/session/reading-token", json={"days": days})
        assert (answer.status_code, answer.json()["field"]) == (422, "days")
