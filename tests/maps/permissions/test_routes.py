"""Every route: closed to strangers unless listed, and described with examples."""

from __future__ import annotations

import re
from typing import Any, Final

import msgspec
import pytest
from fastapi.routing import APIRoute

from maps.accounts.credentials.scopes import READABLE
from maps.api.responses.responses import schemas
from maps.app.app import ROUTERS
from tests.maps.permissions import who_may
from tests.maps.permissions.who_may import WHO_MAY
from tests.maps.servers.running import Live, Running

PUBLIC: Final = frozenset(route for route, act in WHO_MAY.items() if act == who_may.PUBLIC)
METHODS = {"get", "post", "patch", "delete", "put"}


def routes() -> list[tuple[str, str]]:
    return [
        (method, route.path)
        for router in ROUTERS
        for route in router.routes
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]


async def test_without_a_session_every_route_but_the_public_ones_answers_401(
    server: Running,
) -> None:
    assert len(routes()) > 25
    async with server.stranger() as client:
        for method, path in [*routes(), ("GET", "/api/openapi.json")]:
            if (method, path) in PUBLIC:
                continue
            filled = re.sub(r"{[^}]+}", "x", path)
            answer = await client.request(method, filled)
            assert answer.status_code == 401, f"{method} {path}: {answer.text}"
            assert answer.json()["error"] == "not_signed_in"


async def test_a_bad_session_is_none(server: Running) -> None:
    async with server.stranger(cookie="jp_session=guess") as client:
        assert (await client.get("/api/units")).status_code == 401
    async with server.stranger(authorization="Basic !!!") as client:
        assert (await client.get("/api/units")).status_code == 401


async def test_the_live_stream_tells_a_stranger_to_sign_in(server: Running) -> None:
    async with Live(server.url, "") as live:
        with pytest.raises(Exception, match="4401"):
            await live.frame()


async def described(server: Running) -> dict[str, Any]:
    async with server.signed_in("admin") as client:
        response = await client.get("/api/openapi.json")
        assert response.status_code == 200
        spec: dict[str, Any] = response.json()
        return spec


async def test_the_description_lists_every_route_with_examples_and_refusals(
    server: Running,
) -> None:
    spec = await described(server)
    assert spec["openapi"].startswith("3.1")
    listed = {
        (method.upper(), path.replace(":path", ""))
        for path, item in spec["paths"].items()
        for method in item
    }
    assert listed == {(method, path.replace(":path", "")) for method, path in routes()}
    for path, item in spec["paths"].items():
        for method, route in item.items():
            name = f"{method.upper()} {path}"
            assert route.get("description"), name
            public = (method.upper(), path) in PUBLIC
            assert ("401" in route["responses"]) is (not public or method == "post"), name
            for status, answer in route["responses"].items():
                content = answer.get("content", {})
                if status in ("204", "303", "304"):
                    continue
                assert content, f"{name} {status}"
                assert all("example" in each for each in content.values()), f"{name} {status}"
            for body in route.get("requestBody", {}).get("content", {}).values():
                assert "example" in body or "examples" in body or "$ref" in body["schema"], name
                if "$ref" in body["schema"]:
                    schema = spec["components"]["schemas"][body["schema"]["$ref"].split("/")[-1]]
                    assert schema["examples"], name


async def test_the_description_says_which_sign_in_each_route_takes(server: Running) -> None:
    spec = await described(server)
    assert set(spec["components"]["securitySchemes"]) == {
        "session",
        "device",
        "phone",
        "reader",
        "program",
    }
    assert "security" not in spec
    for path, item in spec["paths"].items():
        for method, route in item.items():
            ways = {way for each in route["security"] for way in each}
            if (method.upper(), path) in PUBLIC:
                assert ways == set(), path
            elif path in ("/api/positions", "/api/crew/reports"):
                assert ways == {"session", "device", "phone"}
            elif path == "/in/{channel}":
                assert ways == {"device", "phone"}
            elif path.startswith("/metrics"):
                assert ways == {"session", "program"}
            elif path.startswith(READABLE) and method == "get":
                assert ways == {"session", "reader"}, path
            else:
                assert ways == {"session"}, path


async def test_the_description_tells_the_refusals_of_the_guard_and_of_wrong_fields(
    server: Running,
) -> None:
    spec = await described(server)
    assert "ValidationError" not in msgspec.json.encode(spec).decode()
    for path, item in spec["paths"].items():
        for method, route in item.items():
            answers = set(route["responses"])
            assert "421" in answers, path
            assert ({"411", "413"} <= answers) is ("requestBody" in route), f"{method} {path}"


async def test_every_reference_in_the_description_leads_somewhere(server: Running) -> None:
    spec = await described(server)
    known = spec["components"]["schemas"]

    def walk(part: Any) -> None:
        if isinstance(part, dict):
            if "$ref" in part:
                start, _, name = part["$ref"].rpartition("/")
                assert start == "#/components/schemas"
                assert name in known, part["$ref"]
            for each in part.values():
                walk(each)
        elif isinstance(part, list):
            for each in part:
                walk(each)

    walk(spec)


def test_schemas_are_those_of_the_structs() -> None:
    body = schemas()
    assert "last" in body["UnitState"]["properties"]
    assert body["Problem"]["required"] == ["error", "message"]
    msgspec.json.encode(body)


async def test_a_path_or_method_that_is_not_there_is_reported_in_json(server: Running) -> None:
    async with server.signed_in() as client:
        missing = await client.get("/api/nothing")
        assert (missing.status_code, missing.json()["error"]) == (404, "not_found")
        wrong = await client.put("/api/units", json={})
        assert (wrong.status_code, wrong.json()["error"]) == (405, "bad_method")
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            missing = await client.request(method, "/api/nothing", json={})
            assert (missing.status_code, missing.json()["error"]) == (404, "not_found"), method


async def test_a_path_no_file_can_have_is_not_found(server: Running) -> None:
    async with server.signed_in() as client:
        for path in ("/%00", "/assets/%00", "/api/units/%00"):
            answer = await client.get(path)
            assert (answer.status_code, answer.json()["error"]) == (404, "not_found"), path
