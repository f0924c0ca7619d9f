"""One stolen cookie is no way to stay: what makes one asks for password or code again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import httpx
import pyotp
import pytest
from fastapi.routing import APIRoute

from maps.accounts.recent_proof import SENSITIVE
from tests.maps.running import AGENCY, PASSWORD, Running

LATER = timedelta(minutes=6)


@asynccontextmanager
async def boss(server: Running, name: str = "boss") -> AsyncIterator[httpx.AsyncClient]:
    """Yield a browser in which an administrator signed in by password."""
    await server.office.people.add_user(name, "admin", AGENCY, PASSWORD)
    async with server.stranger(origin=server.url) as client:
        said = {"name": name, "password": PASSWORD}
        assert (await client.post("/api/session", json=said)).status_code == 200
        yield client


def pass_time(server: Running, monkeypatch: pytest.MonkeyPatch, by: timedelta = LATER) -> None:
    """Let every proof of before be so much older."""
    monkeypatch.setattr(server.office.accounts.proof, "_now", lambda: datetime.now(UTC) + by)


async def prove(client: httpx.AsyncClient, password: str = PASSWORD) -> httpx.Response:
    return await client.post("/api/session/proof", json={"password": password})


def is_asked(answer: httpx.Response) -> bool:
    return answer.status_code == 401 and answer.json()["error"] == "proof_needed"


async def test_a_session_of_a_while_ago_makes_no_way_in_and_takes_no_factor_away(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with boss(server) as client:
        own = {"password": "a password of the thief"}
        pass_time(server, monkeypatch)
        user = {"name": "thief", "role": "admin", "password": own["password"]}
        for answer in (
            await client.patch("/api/users/boss", json=own),
            await client.patch("/api/users/crew", json={"role": "admin"}),
            await client.delete("/api/users/commander/second-factor"),
            await client.post("/api/users", json=user),
            await client.post("/api/users/commander/link"),
            await client.post("/api/devices", json={"name": "thief"}),
            await client.post("/api/tokens", json={"label": "t", "scopes": ["read:picture"]}),
            await client.post("/api/session/second-factor"),
        ):
            assert is_asked(answer), answer.text
        assert (await client.get("/api/users")).status_code == 200  # to look is not asked for
        assert (await client.delete("/api/users/crew/sessions")).status_code == 204
        assert (await prove(client)).status_code == 204
        assert (await client.patch("/api/users/crew", json={"role": "observer"})).status_code == 200


async def test_a_proof_is_of_one_session_and_ends(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with boss(server) as client, boss(server, "other") as thief:
        pass_time(server, monkeypatch)
        assert (await prove(client)).status_code == 204
        device = {"name": "boat-3"}
        assert (await client.post("/api/devices", json=device)).status_code == 201
        thief.cookies.set("jp_proof", client.cookies["jp_proof"])
        assert is_asked(await thief.post("/api/devices", json=device))
        thief.cookies.set("jp_proof", "9999999999.made-up")
        assert is_asked(await thief.post("/api/devices", json=device))
        pass_time(server, monkeypatch, 2 * LATER)
        assert is_asked(await client.post("/api/devices", json=device))


async def test_a_wrong_password_proves_nothing_and_guessing_must_wait(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with boss(server) as client:
        pass_time(server, monkeypatch)
        told = [(await prove(client, f"a guess {n}")).status_code for n in range(7)]
        assert told == [401] * 5 + [429] * 2
        assert is_asked(await client.post("/api/devices", json={"name": "boat-3"}))


async def test_a_code_of_the_second_factor_proves_it_too(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with boss(server) as client:
        begun = (await client.post("/api/session/second-factor")).json()
        code = pyotp.TOTP(begun["secret"]).now()
        confirmed = await client.post("/api/session/second-factor/confirm", json={"code": code})
        assert confirmed.status_code == 200, confirmed.text
        pass_time(server, monkeypatch)
        assert (await prove(client, confirmed.json()["codes"][0])).status_code == 204
        assert (await client.post("/api/devices", json={"name": "boat-3"})).status_code == 201


async def test_who_came_by_a_link_and_has_no_password_signs_in_again(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server.signed_in("admin") as client:
        pass_time(server, monkeypatch)
        answer = await prove(client, "anything at all")
        assert (answer.status_code, answer.json()["code"]) == (409, "no_proof")


async def test_each_act_that_asks_is_one_that_there_is(server: Running) -> None:
    routes = {
        (method, route.path.replace(":path}", "}"))
        for route in server.app.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert routes >= SENSITIVE
