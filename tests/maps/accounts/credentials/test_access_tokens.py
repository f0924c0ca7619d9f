"""Tokens of programs: their scopes, their end, and that none makes another."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest
from fastapi.routing import APIRoute

from maps.accounts.credentials.scopes import PHONE, ROUTES, SCOPES, TRACKER, Scope, scope_of
from maps.accounts.credentials.tokens import MOST
from maps.accounts.sessions.recent_proof import SENSITIVE
from maps.app.app import ROUTERS
from patrol.units.permissions import may
from tests.maps.accounts.test_access_phones import as_user
from tests.maps.permissions.who_may import PUBLIC, WHO_MAY
from tests.maps.servers.running import AGENCY, Running, running


async def token_of(client: httpx.AsyncClient, *scopes: str, days: int = 1) -> dict[str, Any]:
    wish = {"label": "a program", "scopes": scopes, "days": days}
    made = await client.post("/api/tokens", json=wish)
    assert made.status_code == 201, made.text
    token: dict[str, Any] = made.json()
    return token


@asynccontextmanager
async def program(server: Running, token: str) -> AsyncIterator[httpx.AsyncClient]:
    async with server.stranger(authorization=f"Bearer {token}") as client:
        yield client


OTHERS = ["/", "/api/live", "/api/openapi.json"]
"""Routes that no router of the table has."""


def routes() -> list[tuple[str, str]]:
    return [
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]


def test_the_table_knows_no_scope_twice_and_no_route_that_is_not_there() -> None:
    assert set(SCOPES) == set(get_args(Scope))
    assert set(SCOPES) >= PHONE >= TRACKER
    there = [path.replace(":path}", "}") for _, path in routes()] + OTHERS
    for _, prefix, scope in ROUTES:
        assert scope is None or scope in SCOPES
        assert any(path == prefix or path.startswith(f"{prefix}/") for path in there), prefix


def test_no_token_is_good_for_what_makes_tokens_or_sessions() -> None:
    for method, path in routes():
        if path.startswith(("/api/tokens", "/api/session/", "/api/enrolment", "/metrics")):
            assert method == "GET" or scope_of(method, path) is None, path
        if "enrolments" in path or path.startswith(("/api/users", "/api/devices")):
            assert scope_of(method, path) == "admin:users", path
    assert not PHONE & {"admin:users", "admin:units", "write:messages"}


def test_what_asks_people_for_a_recent_proof_takes_no_token() -> None:
    """Users and devices have limits of their own; a draft binds nobody."""
    taken = {each for each in SENSITIVE if scope_of(*each) not in (None, "admin:users")}
    assert taken == {("POST", "/api/agreements/{agreement}/propose")}


async def test_a_token_does_what_its_scopes_say_and_no_more(server: Running) -> None:
    async with server.signed_in("commander") as client:
        made = await token_of(client, "read:picture", "read:tracks")
        assert made["token"].startswith("api_")
        assert made["known"]["scopes"] == ["read:picture", "read:tracks"]
        async with program(server, made["token"]) as reads:
            assert (await reads.get("/api/units")).status_code == 200
            assert (await reads.get("/api/tracks?hours=1")).status_code == 200
            for method, path in (
                ("POST", "/api/units"),
                ("GET", "/api/layers"),
                ("GET", "/api/orders"),
                ("GET", "/api/users"),
                ("POST", "/api/tokens"),
                ("GET", "/api/tokens"),
                ("POST", "/api/positions"),
                ("POST", "/api/session/reading-token"),
            ):
                answer = await reads.request(method, path, json={})
                assert (answer.status_code, answer.json()["error"]) == (403, "forbidden"), path


async def test_every_scope_opens_its_own_routes_only(server: Running) -> None:
    """The whole table, each scope alone, on every GET route there is, against the server."""
    async with server.signed_in("admin") as client:
        for scope in SCOPES:
            made = await token_of(client, scope)
            async with program(server, made["token"]) as one:
                for method, path in routes():
                    if method != "GET" or WHO_MAY.get((method, path)) == PUBLIC:
                        continue
                    answer = await one.get(filled(path))
                    refused = answer.status_code == 403 and out_of_scope(answer)
                    text = f"{scope} {path}: {answer.text}"
                    assert refused is (scope_of(method, path) != scope), text


def out_of_scope(answer: httpx.Response) -> bool:
    """Whether a scope was missing, not a role."""
    message: str = answer.json()["message"]
    return message.startswith(("a token may not", "a reading token may not"))


def filled(path: str) -> str:
    for name in ("z", "x", "y"):
        path = path.replace(f"{{{name}}}", "1")
    return "/".join("x" if part.startswith("{") else part for part in path.split("/"))


async def test_a_token_can_do_no_more_than_its_owner(server: Running) -> None:
    async with server.signed_in("observer") as client:
        refused = await client.post("/api/tokens", json={"label": "x", "scopes": ["admin:users"]})
        assert refused.status_code == 403
        made = await token_of(client, "admin:units", "write:positions")
        async with program(server, made["token"]) as writes:
            unit = {"call_sign": "Naga 9", "kind": "boat"}
            assert (await writes.post("/api/units", json=unit)).status_code == 403
            report = {"lon": 100.4, "lat": 20.2}
            assert (await writes.post("/api/positions", json=report)).status_code == 403


async def test_an_admins_token_manages_users_while_the_role_lasts(server: Running) -> None:
    async with server.signed_in("admin") as client:
        await server.office.people.add_user("second", "admin", "joint", None)
        made = await token_of(client, "admin:users")
        async with program(server, made["token"]) as manages:
            assert (await manages.get("/api/users")).status_code == 200
            new = {"name": "noi", "role": "crew"}
            assert (await manages.post("/api/users", json=new)).status_code == 201
            await server.office.people.change_user("admin", role="crew")
            assert (await manages.get("/api/users")).status_code == 401


async def test_a_token_that_manages_users_is_worth_no_sign_in(server: Running) -> None:
    people = server.office.people
    password = "a long pass phrase"
    await people.add_user("second", "admin", AGENCY, None)
    async with server.signed_in("admin") as client:
        made = await token_of(client, "admin:users")
        async with program(server, made["token"]) as manages:
            for method, path, said in (
                ("POST", "", {"name": "eve", "role": "admin"}),
                ("POST", "", {"name": "eve", "role": "observer", "password": password}),
                ("PATCH", "/crew", {"password": password}),
                ("PATCH", "/admin", {"password": password}),
                ("PATCH", "/crew", {"role": "admin"}),
                ("PATCH", "/second", {"disabled": True}),
                ("PATCH", "/second", {"role": "observer"}),
                ("POST", "/crew/link", {}),
                ("DELETE", "/crew/second-factor", None),
            ):
                answer = await manages.request(method, f"/api/users{path}", json=said)
                assert (answer.status_code, answer.json()["error"]) == (403, "forbidden"), path
            assert await people.user("eve") is None
            for said in ({"role": "planner"}, {"disabled": True}, {"disabled": False}):
                assert (await manages.patch("/api/users/crew", json=said)).status_code == 200
        said = {"name": "third", "role": "admin", "password": password}
        assert (await client.post("/api/users", json=said)).status_code == 201


async def test_a_token_is_listed_without_itself_and_ended_by_its_owner_or_admin(
    tmp_path: Path,
) -> None:
    agencies = [{"id": "la-hx", "name": "A"}, {"id": "th-ck", "name": "B"}]
    async with running(tmp_path, roles=(), agencies=agencies) as server:
        for name, role, agency in (
            ("kham", "commander", "la-hx"),
            ("noi", "planner", "la-hx"),
            ("boss", "admin", "la-hx"),
            ("anong", "admin", "th-ck"),
        ):
            await server.office.people.add_user(name, role, agency, None)  # type: ignore[arg-type]
        async with (
            as_user(server, "kham") as kham,
            as_user(server, "noi") as noi,
            as_user(server, "boss") as boss,
            as_user(server, "anong") as anong,
        ):
            first = await token_of(kham, "read:picture")
            second = await token_of(kham, "read:tracks")
            listed = await kham.get("/api/tokens")
            assert [each["scopes"] for each in listed.json()] == [["read:picture"], ["read:tracks"]]
            assert first["token"] not in listed.text
            assert (await noi.get("/api/tokens")).json() == []
            assert (await anong.get("/api/tokens")).json() == []
            assert len((await boss.get("/api/tokens")).json()) == 2
            path = f"/api/tokens/{first['known']['id']}"
            assert (await noi.delete(path)).status_code == 404
            assert (await anong.delete(path)).status_code == 404
            assert (await kham.delete(path)).status_code == 204
            assert (await kham.delete(path)).status_code == 404
            async with program(server, first["token"]) as ended:
                assert (await ended.get("/api/units")).status_code == 401
            async with program(server, second["token"]) as good:
                assert (await good.get("/api/tracks?hours=1")).status_code == 200
                assert (
                    await boss.delete(f"/api/tokens/{second['known']['id']}")
                ).status_code == 204
                assert (await good.get("/api/tracks?hours=1")).status_code == 401
            # a session is no token: its id ends nothing here
            found = await server.office.store.read(
                lambda connection: connection.exec_driver_sql(
                    "SELECT id FROM sessions WHERE \"user\" = 'noi'"
                ).scalar_one()
            )
            assert (await boss.delete(f"/api/tokens/{found}")).status_code == 404


async def test_a_token_ends_by_itself(server: Running) -> None:
    async with server.signed_in() as client:
        made = await token_of(client, "read:picture", days=1)
        async with program(server, made["token"]) as reads:
            assert (await reads.get("/api/units")).status_code == 200
            await server.office.store.write(
                lambda connection: connection.exec_driver_sql(
                    "UPDATE sessions SET expires_us = expires_us - 86400000001 WHERE kind = 'token'"
                )
            )
            assert (await reads.get("/api/units")).status_code == 401


async def test_a_reading_token_is_the_token_of_one_scope(server: Running) -> None:
    async with server.signed_in("crew") as client:
        made = await client.post("/api/session/reading-token", json={"days": 3})
        assert made.json()["token"].startswith("read_")
        [known] = (await client.get("/api/tokens")).json()
        assert known["scopes"] == ["read:features"]
        other = await token_of(client, "read:features")
        assert other["token"].startswith("read_")


async def test_prefixes_cannot_be_swapped(server: Running) -> None:
    """What a token may is part of it: a reading token under another beginning is none."""
    async with server.signed_in("admin") as client:
        reading = (await token_of(client, "read:features"))["token"]
        full = (await token_of(client, "admin:users"))["token"]
    for made in (reading, full):
        bare = made.partition("_")[2]
        for start in ("", "api_", "read_", "phone_"):
            if start + bare == made:
                continue
            async with program(server, start + bare) as thief:
                assert (await thief.get("/api/users")).status_code == 401
            async with server.stranger(cookie=f"jp_session={start}{bare}") as page:
                assert (await page.get("/api/users")).status_code == 401
        async with server.stranger(cookie=f"jp_session={made}") as page:
            assert (await page.get("/api/users")).status_code == 401


async def test_basic_with_another_name_is_none(server: Running) -> None:
    async with server.signed_in() as client:
        made = (await token_of(client, "read:picture"))["token"]
    for name, status in (("commander", 200), ("", 200), ("admin", 401)):
        text = base64.b64encode(f"{name}:{made}".encode()).decode()
        async with server.stranger(authorization=f"Basic {text}") as one:
            assert (await one.get("/api/units")).status_code == status


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"scopes": ["read:everything"]}, "scopes.0"),
        ({"scopes": []}, "scopes"),
        ({"scopes": ["read:picture"], "days": 367}, "days"),
        ({"scopes": ["read:picture"], "label": ""}, "label"),
        ({"scopes": ["read:picture"], "role": "admin"}, "role"),
    ],
)
async def test_a_wish_that_is_no_good(server: Running, wish: dict[str, Any], field: str) -> None:
    async with server.signed_in() as client:
        answer = await client.post("/api/tokens", json={"label": "x", **wish})
        assert (answer.status_code, answer.json()["field"]) == (422, field)


async def test_one_user_has_so_many_tokens_and_no_more(server: Running) -> None:
    async with server.signed_in() as client:
        for _ in range(MOST):
            await token_of(client, "read:picture")
        wish = {"label": "one more", "scopes": ["read:picture"]}
        assert (await client.post("/api/tokens", json=wish)).status_code == 409


def test_only_who_manages_users_gets_the_scope_that_does() -> None:
    assert may("admin", "manage users")
    assert not may("commander", "manage users")
