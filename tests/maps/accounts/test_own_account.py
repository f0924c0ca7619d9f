"""What a person does with the own account: password, language, how one may sign in here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from maps.http.session_cookie import COOKIE
from tests.maps.servers.running import AGENCY, PASSWORD, Running, running

NEW = "another long pass phrase"
PATH = "/api/session/password"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path, roles=("admin", "planner")) as started:
        await started.office.people.add_user("somchai", "commander", AGENCY, PASSWORD)
        yield started


async def test_the_password_is_changed_by_who_knows_it(server: Running) -> None:
    body = {"name": "somchai", "password": PASSWORD}
    async with server.stranger(origin=server.url) as client, server.stranger() as other:
        assert (await client.post("/api/session", json=body)).status_code == 200
        assert (await other.post("/api/session", json=body)).status_code == 200
        made = {"label": "screen", "scopes": ["read:picture"]}
        token = (await client.post("/api/tokens", json=made)).json()["token"]
        wrong = await client.put(PATH, json={"present": "not the password", "new": NEW})
        assert (wrong.status_code, wrong.json()["error"]) == (401, "sign_in_refused")
        assert (await other.get("/api/session")).status_code == 200, "nothing has changed"
        short = await client.put(PATH, json={"present": PASSWORD, "new": "short"})
        assert short.status_code == 422
        before = client.cookies[COOKIE]
        done = await client.put(PATH, json={"present": PASSWORD, "new": NEW})
        assert done.status_code == 204, done.text
        assert client.cookies[COOKIE] != before, "in a fresh session"
        assert (await client.get("/api/session")).status_code == 200
        assert (await other.get("/api/session")).status_code == 401
        bearer = {"authorization": f"Bearer {token}"}
        assert (await other.get("/api/units", headers=bearer)).status_code == 401
    async with server.stranger() as client:
        assert (await client.post("/api/session", json=body)).status_code == 401
        good = await client.post("/api/session", json=body | {"password": NEW})
        assert good.status_code == 200


async def test_guessing_the_present_password_is_slowed_down(server: Running) -> None:
    async with server.stranger(origin=server.url) as client:
        body = {"name": "somchai", "password": PASSWORD}
        assert (await client.post("/api/session", json=body)).status_code == 200
        states = [
            (await client.put(PATH, json={"present": f"guess {n}", "new": NEW})).status_code
            for n in range(7)
        ]
        assert states[:5] == [401] * 5
        assert states[-1] == 429


async def test_who_has_no_password_cannot_make_one(server: Running) -> None:
    async with server.signed_in("planner") as client:
        answer = await client.put(PATH, json={"present": "x", "new": NEW})
        assert (answer.status_code, answer.json()["error"]) == (409, "conflict")


async def test_an_administrator_makes_a_link_and_no_token_does(server: Running) -> None:
    async with server.signed_in("admin") as admin, server.stranger() as client:
        made = await admin.post("/api/users/planner/link")
        assert made.status_code == 201, made.text
        token = made.json()["address"].partition("/sign-in#link=")[2]
        assert (await client.post("/api/session/link", json={"token": token})).status_code == 200
        assert (await client.post("/api/session/link", json={"token": token})).status_code == 401
        said = {"label": "script", "scopes": ["admin:users"]}
        token = (await admin.post("/api/tokens", json=said)).json()["token"]
        bearer = {"authorization": f"Bearer {token}"}
        refused = await client.post("/api/users/planner/link", headers=bearer)
        assert refused.status_code == 403
        await admin.patch("/api/users/planner", json={"disabled": True})
        assert (await admin.post("/api/users/planner/link")).status_code == 409
        assert (await admin.post("/api/users/nobody/link")).status_code == 404
        lines = (await admin.get("/api/audit")).text
        assert "make sign-in link" in lines


async def test_without_a_provider_none_is_offered(server: Running) -> None:
    async with server.stranger() as client:
        assert (await client.get("/api/session/ways")).json() == {
            "provider": None,
            "passkeys": False,
        }


async def test_a_role_that_needs_a_second_factor_is_led_to_it(tmp_path: Path) -> None:
    access = {"second_factor": ["commander"]}
    async with (
        running(tmp_path, roles=("commander",), access=access) as server,
        server.signed_in() as client,
    ):
        for page in ("/", "/planner"):
            answer = await client.get(page)
            assert (answer.status_code, answer.headers["location"]) == (303, "/account")
        assert (await client.get("/account")).status_code in (200, 503)  # 503: not built here
        wish = {"language": "lo", "calendar": "buddhist"}
        assert (await client.put("/api/session/preferences", json=wish)).status_code == 204
        assert (await client.put(PATH, json={"present": "x", "new": NEW})).status_code == 403
