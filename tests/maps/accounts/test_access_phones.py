"""Phones of crews: enrolled by a code, bound to a unit; every way in that is lost ends streams."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.exceptions import ConnectionClosed

from maps.http.session_cookie import COOKIE
from tests.fixtures.command_process import forked_run
from tests.fixtures.databases import store_table
from tests.maps.servers.offices import two_offices
from tests.maps.servers.running import AGENCY, Live, Running, running, wait_until

WITHIN_S = 5.0


async def unit_of(client: httpx.AsyncClient, call_sign: str = "Naga 1") -> str:
    made = await client.post("/api/units", json={"call_sign": call_sign, "kind": "boat"})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def code_for(client: httpx.AsyncClient, **said: Any) -> dict[str, Any]:
    made = await client.post("/api/devices/enrolments", json=said)
    assert made.status_code == 201, made.text
    code: dict[str, Any] = made.json()
    return code


@asynccontextmanager
async def phone(
    server: Running, client: httpx.AsyncClient, device: str = "naga-phone", **said: Any
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield the browser of a phone that was enrolled."""
    code = await code_for(client, device=device, **said)
    async with server.stranger(origin=server.url) as browser:
        answer = await browser.post("/api/enrolment", json={"code": code["code"]})
        assert answer.status_code == 200, answer.text
        yield browser


async def test_a_phone_gets_a_key_once_and_reports_for_its_unit(server: Running) -> None:
    async with server.signed_in("commander") as client:
        unit = await unit_of(client)
        code = await code_for(client, device="naga-phone", unit=unit)
        assert code["qr"]["svg"].startswith("<svg")
        assert code["address"] == f"{server.url}/enrol#code={code['code']}"
        async with server.stranger() as browser:
            answer = await browser.post("/api/enrolment", json={"code": code["code"]})
            body = answer.json()
            assert (body["device"], body["unit"], body["agency"]) == ("naga-phone", unit, AGENCY)
            assert "HttpOnly" in answer.headers["set-cookie"]
            assert browser.cookies[COOKIE] == body["key"]
            again = await browser.post("/api/enrolment", json={"code": code["code"]})
            assert again.status_code == 401

            report = {"lon": 100.41, "lat": 20.26}
            stored = await browser.post("/api/positions", json=report)
            assert stored.json()["rejected"] == []
            async for _ in wait_until("the unit's fix"):
                found = (await browser.get(f"/api/units/{unit}")).json()
                if found.get("last"):
                    assert found["last"]["lon"] == 100.41
                    break
            other = {**report, "device": "boat-4"}
            refused = await browser.post("/api/positions", json=other)
            assert refused.json()["rejected"][0]["reason"] == "device_mismatch"
        async with server.stranger(authorization=f"Bearer {body['key']}") as program:
            assert (await program.post("/api/positions", json=report)).status_code == 200


async def test_a_phone_sees_what_a_crew_sees_and_does_nothing_of_people(server: Running) -> None:
    async with server.signed_in() as client, phone(server, client) as browser:
        assert (await browser.get("/api/units")).status_code == 200
        assert (await browser.get("/api/session")).json()["role"] == "crew"
        async with server.live(browser) as live:
            assert (await live.frame())["type"] == "snapshot"
        for method, path in (
            ("GET", "/api/users"),
            ("GET", "/api/devices"),
            ("POST", "/api/devices/enrolments"),
            ("GET", "/api/tokens"),
            ("POST", "/api/tokens"),
            ("POST", "/api/session/reading-token"),
            ("POST", "/api/session/second-factor"),
            ("POST", "/api/imports"),
            ("GET", "/api/openapi.json"),
        ):
            answer = await browser.request(method, path, json={})
            expected = 200 if path == "/api/openapi.json" else 403
            assert answer.status_code == expected, f"{method} {path}: {answer.text}"


async def test_a_trackers_key_still_shows_nothing(server: Running) -> None:
    key = await server.device("boat-3")
    async with server.stranger(authorization=f"Bearer {key}") as boat:
        for path in ("/api/units", "/api/session", "/api/ogc", "/api/agencies"):
            assert (await boat.get(path)).status_code == 403
    async with server.stranger(cookie=f"{COOKIE}={key}") as page:
        assert (await page.get("/api/units")).status_code == 401


@pytest.mark.parametrize("role", ["crew", "planner", "liaison", "observer"])
async def test_who_may_not_enrol_phones(server: Running, role: Any) -> None:
    async with server.signed_in(role) as client:
        answer = await client.post("/api/devices/enrolments", json={"device": "x"})
        assert answer.status_code == 403


async def test_a_code_ends_by_time_by_a_newer_one_and_by_revocation(server: Running) -> None:
    async with server.signed_in() as client, server.stranger() as browser:

        async def spent(code: dict[str, Any]) -> int:
            answer = await browser.post("/api/enrolment", json={"code": code["code"]})
            return answer.status_code

        first = await code_for(client, device="a")
        second = await code_for(client, device="a")
        assert await spent(first) == 401
        assert await spent(second) == 200
        third = await code_for(client, device="a")
        async with server.signed_in("technician") as technician:
            assert (await technician.delete("/api/devices/a")).status_code == 204
        assert await spent(third) == 401
        for device in ("a", "never-enrolled"):  # it speaks no more, or does not yet: the code goes
            out = await code_for(client, device=device)
            async with server.signed_in("technician") as technician:
                path = f"/api/devices/{device}"
                assert (await technician.delete(path)).status_code == 204
                assert (await technician.delete(path)).status_code == 404
            assert await spent(out) == 401
        old = await code_for(client, device="b")
        await server.office.store.write(
            lambda connection: connection.exec_driver_sql(
                "UPDATE enrolments SET expires_us = expires_us - 600000001"
            )
        )
        assert await spent(old) == 401


async def test_one_of_many_who_use_a_code_at_once_gets_the_key(server: Running) -> None:
    async with server.signed_in() as client, server.stranger() as browser:
        code = await code_for(client, device="a")
        answers = await asyncio.gather(
            *(browser.post("/api/enrolment", json={"code": code["code"]}) for _ in range(10))
        )
    assert sorted(answer.status_code for answer in answers) == [200] + [401] * 9


async def test_guessed_codes_must_wait(server: Running) -> None:
    async with server.stranger() as browser:
        told = [
            (await browser.post("/api/enrolment", json={"code": f"guess-{n}"})).status_code
            for n in range(32)
        ]
    assert told[:30] == [401] * 30
    assert told[-1] == 429


async def test_units_and_devices_of_another_agency_are_not_there(tmp_path: Path) -> None:
    agencies = [{"id": "la-hx", "name": "A"}, {"id": "th-ck", "name": "B"}]
    async with running(tmp_path, roles=(), agencies=agencies) as server:
        people = server.office.people
        for name, agency in (("kham", "la-hx"), ("anong", "th-ck")):
            await people.add_user(name, "admin", agency, None)
        async with as_user(server, "kham") as kham, as_user(server, "anong") as anong:
            unit = await unit_of(kham)
            theirs = {"device": "x", "unit": unit}
            assert (await anong.post("/api/devices/enrolments", json=theirs)).status_code == 404
            await code_for(kham, device="mine", unit=unit)
            async with phone(server, kham, device="mine", unit=unit):
                pass
            taken = await anong.post("/api/devices/enrolments", json={"device": "mine"})
            assert taken.status_code == 409
            assert (await anong.post("/api/devices", json={"name": "mine"})).status_code == 409
            assert (await anong.delete("/api/devices/mine")).status_code == 404
            other = await unit_of(kham, "Naga 2")
            moved = {"device": "mine", "unit": other}
            assert (await kham.post("/api/devices/enrolments", json=moved)).status_code == 409
            ours, others = [await code_for(each, device="both") for each in (kham, anong)]
            async with server.stranger(origin=server.url) as browser:
                first = await browser.post("/api/enrolment", json={"code": ours["code"]})
                assert first.status_code == 200, "another agency's code does not end it"
                late = await browser.post("/api/enrolment", json={"code": others["code"]})
                assert late.status_code == 409


@asynccontextmanager
async def as_user(server: Running, name: str) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client signed in as a user."""
    found = await server.office.people.user(name)
    assert found is not None
    token = await server.office.people.link_for(found[0], minutes=5)
    async with server.stranger(origin=server.url) as client:
        assert (await client.post("/api/session/link", json={"token": token})).status_code == 200
        yield client


# -- a way in that is lost

Lose = Callable[[Running, httpx.AsyncClient, httpx.AsyncClient], Awaitable[None]]


async def _disabled(server: Running, admin: httpx.AsyncClient, _: httpx.AsyncClient) -> None:
    assert (await admin.patch("/api/users/crew", json={"disabled": True})).status_code == 200


async def _demoted(server: Running, admin: httpx.AsyncClient, _: httpx.AsyncClient) -> None:
    assert (await admin.patch("/api/users/crew", json={"role": "observer"})).status_code == 200


async def _ended(server: Running, admin: httpx.AsyncClient, _: httpx.AsyncClient) -> None:
    assert (await admin.delete("/api/users/crew/sessions")).status_code == 204


async def _password(server: Running, admin: httpx.AsyncClient, _: httpx.AsyncClient) -> None:
    body = {"password": "another long enough"}
    assert (await admin.patch("/api/users/crew", json=body)).status_code == 200


async def _signed_out(server: Running, _: httpx.AsyncClient, crew: httpx.AsyncClient) -> None:
    assert (await crew.delete("/api/session")).status_code == 204


async def closed_after(live: Live) -> float:
    """Return how long the stream stays open, reading all it brings."""
    start = time.monotonic()
    with pytest.raises(ConnectionClosed, match="4401"):
        await _to_its_end(live)
    return time.monotonic() - start


async def _to_its_end(live: Live) -> None:
    while True:
        await live.frame(WITHIN_S + 5)


@pytest.mark.parametrize("lose", [_disabled, _demoted, _ended, _password, _signed_out])
async def test_a_lost_way_in_closes_the_users_streams_and_nobody_elses(
    server: Running, lose: Lose
) -> None:
    async with (
        server.signed_in("admin") as admin,
        server.signed_in("crew") as crew,
        server.live(crew) as watching,
        server.live(admin) as other,
    ):
        assert (await watching.frame())["type"] == "snapshot"
        await lose(server, admin, crew)
        assert await closed_after(watching) < WITHIN_S
        assert (await other.until("beat"))["type"] == "beat"


async def test_a_stream_that_is_busy_closes_as_soon(server: Running) -> None:
    key = await server.device("boat-3")
    async with (
        server.signed_in("admin") as admin,
        server.signed_in("crew") as crew,
        server.stranger(authorization=f"Bearer {key}") as boat,
        server.live(crew) as watching,
    ):

        async def report() -> None:
            for number in range(10_000):
                await boat.post("/api/positions", json={"lon": 100.4, "lat": 20 + number * 1e-5})

        reporting = asyncio.create_task(report())
        await watching.until("snapshot")
        await _disabled(server, admin, crew)
        assert await closed_after(watching) < WITHIN_S
        reporting.cancel()
        await asyncio.gather(reporting, return_exceptions=True)


async def test_a_revoked_phone_is_cut_off(server: Running) -> None:
    async with (
        server.signed_in("admin") as admin,
        phone(server, admin) as browser,
        phone(server, admin, device="other-phone") as async_client,
        server.live(browser) as watching,
        server.live(async_client) as other,
    ):
        assert (await watching.frame())["type"] == "snapshot"
        assert (await admin.delete("/api/devices/naga-phone")).status_code == 204
        assert await closed_after(watching) < WITHIN_S
        assert (await other.until("beat"))["type"] == "beat"
        assert (await browser.get("/api/units")).status_code == 401


async def test_a_phone_enrolled_anew_is_cut_off_where_its_old_key_is(server: Running) -> None:
    async with (
        server.signed_in("admin") as admin,
        phone(server, admin) as lost,
        server.live(lost) as watching,
    ):
        assert (await watching.frame())["type"] == "snapshot"
        async with phone(server, admin) as found:
            assert await closed_after(watching) < WITHIN_S
            assert (await found.get("/api/units")).status_code == 200


async def test_an_ended_token_is_cut_off(server: Running) -> None:
    async with server.signed_in("planner") as client:
        wish = {"label": "wall", "scopes": ["read:picture"]}
        made = (await client.post("/api/tokens", json=wish)).json()
        async with watching_with(server, made["token"]) as watching:
            assert (await watching.frame())["type"] == "snapshot"
            assert (await client.delete(f"/api/tokens/{made['known']['id']}")).status_code == 204
            assert await closed_after(watching) < WITHIN_S


@asynccontextmanager
async def watching_with(server: Running, token: str) -> AsyncIterator[Live]:
    """Yield a stream opened by a program with a token."""
    async with Live(server.url, "", Authorization=f"Bearer {token}") as live:
        yield live


async def test_a_session_that_runs_out_is_cut_off(tmp_path: Path) -> None:
    async with (
        running(tmp_path, web={"port": 0, "session_hours": 1.5 / 3600}) as server,
        server.signed_in("crew") as crew,
        server.live(crew) as watching,
    ):
        assert (await watching.frame())["type"] == "snapshot"
        assert await closed_after(watching) < 1.5 + WITHIN_S


async def test_the_command_line_cuts_off_too(tmp_path: Path) -> None:
    """Another process changes the same store; the server is told by nobody."""
    (tmp_path / "patrol.toml").write_text(
        f'[node]\nid = "test"\n{store_table(tmp_path)}', encoding="utf-8"
    )
    async with (
        running(tmp_path) as server,
        server.signed_in("crew") as crew,
        server.live(crew) as watching,
    ):
        assert (await watching.frame())["type"] == "snapshot"
        code, _, faults = await asyncio.to_thread(forked_run, ("user", "disable", "crew"), tmp_path)
        assert code == 0, faults
        assert await closed_after(watching) < WITHIN_S


async def test_no_device_is_named_so_that_it_speaks_for_another_agency_s(tmp_path: Path) -> None:
    """OwnTracks over HTTP: the key of `jane` speaks for `jane/phone` until that has one."""
    async with two_offices(tmp_path) as offices:
        answer = await offices["keo"].post("/api/devices", json={"name": "jane"})
        assert answer.status_code == 201, answer.text
        answer = await offices["nok"].post("/api/devices", json={"name": "jane/phone"})
        assert answer.status_code == 409, answer.text
        answer = await offices["nok"].post("/api/devices", json={"name": "janet/phone"})
        assert answer.status_code == 201, answer.text
        answer = await offices["keo"].post("/api/devices", json={"name": "jane/phone"})
        assert answer.status_code == 201, answer.text
