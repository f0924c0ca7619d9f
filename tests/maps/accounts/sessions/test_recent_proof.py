"""One stolen cookie is no way to stay: what makes one asks for password or code again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pyotp
import pytest
from fastapi.routing import APIRoute

from maps.accounts.sessions.access import VERIFIED, Caller
from maps.accounts.sessions.recent_proof import SENSITIVE
from patrol.units.accounts import User
from tests.maps.servers.running import AGENCY, PASSWORD, Running

LATER = timedelta(minutes=6)

NOT_ASKED = """
POST /api/agreements
POST /api/agreements/{agreement}/challenge
POST /api/agreements/{agreement}/end
POST /api/agreements/{agreement}/suspend
POST /api/alerts/acknowledge
POST /api/alerts/{alert}/acknowledge
POST /api/alerts/{alert}/escalate
POST /api/alerts/{alert}/resolve
DELETE,POST /api/alerts/{alert}/shelve
POST /api/assignments
PATCH /api/assignments/{assignment}
POST /api/audit/head
POST /api/counterparts
POST /api/counterparts/files
POST /api/counterparts/{counterpart}/files
POST /api/counterparts/{counterpart}/renew
POST /api/counterparts/{counterpart}/statements/head
POST /api/counterparts/{counterpart}/revoke
PUT /api/crew/originals/{photo}
PUT /api/crew/photos/{photo}
POST /api/crew/reports
POST /api/deliveries/browsers
DELETE /api/deliveries/browsers/{browser}
POST /api/deliveries/browsers/{browser}/test
POST /api/deliveries/test
DELETE /api/devices/{name}
POST /api/enrolment
POST /api/enrolment/look
POST /api/hand-offs
POST /api/hand-offs/{hand_off}/accept
POST /api/hand-offs/{hand_off}/decline
POST /api/hand-offs/{hand_off}/withdraw
POST /api/imports
POST /api/incidents
PATCH /api/incidents/{incident}
POST /api/incidents/{incident}/close
POST /api/incidents/{incident}/confirm
POST /api/incidents/{incident}/credit
POST /api/incidents/{incident}/withdraw
POST /api/legal-holds
POST /api/marks
PATCH /api/marks/{mark}
POST /api/marks/{mark}/end
POST /api/marks/{mark}/incident
POST /api/marks/{mark}/target
POST /api/on-air/{of}/{place}
POST /api/orders
DELETE /api/orders/{order}
POST /api/patrols
POST /api/patrols/check
PATCH /api/patrols/{patrol}
PUT /api/patrols/{patrol}/annex
POST /api/patrols/{patrol}/cancel
POST /api/patrols/{patrol}/check-ins
POST /api/patrols/{patrol}/end
POST /api/patrols/{patrol}/propose
POST /api/patrols/{patrol}/ready
POST /api/patrols/{patrol}/sign
POST /api/patrols/{patrol}/start
POST /api/patrols/{patrol}/withdraw
POST /api/photos
POST /api/phrases
DELETE,PATCH /api/phrases/{phrase}
POST /api/positions
POST /api/protected/{kind}/{paper}
DELETE /api/protected/{kind}/{paper}/readers/{reader}
POST /api/report-jobs
DELETE /api/report-jobs/{job}
POST /api/roster/hand-overs
POST /api/roster/hand-overs/{hand_over}/acknowledge
POST /api/roster/hand-overs/{hand_over}/withdraw
POST /api/roster/shifts
PATCH /api/roster/shifts/{shift}
POST /api/roster/shifts/{shift}/begin
POST /api/roster/shifts/{shift}/cancel
DELETE,PUT /api/roster/shifts/{shift}/contact
POST /api/sectors
POST /api/sectors/check
PATCH /api/sectors/{sector}
POST /api/sectors/{sector}/retire
DELETE,POST /api/session
POST /api/session/link
POST /api/session/passkey
POST /api/session/passkey/challenge
POST /api/session/passkeys/confirm
PUT /api/session/password
PUT /api/session/preferences
POST /api/session/proof
POST /api/session/proof/challenge
POST /api/session/proof/passkey
POST /api/session/second-factor/confirm
POST /api/session/second-factor/off
POST /api/session/second-factor/recovery-codes
POST /api/targets
PATCH /api/targets/{target}
POST /api/targets/{target}/close
POST /api/targets/{target}/photos
POST /api/targets/{target}/sightings
DELETE /api/tokens/{token}
POST /api/units
PATCH /api/units/{unit}
POST /api/units/{unit}/clear-distress
POST /api/units/{unit}/plot
DELETE /api/users/{name}/sessions
POST /api/watch-log
POST /in/{channel}
"""
"""Acts that go without: the work of a watch, what takes away and may be needed in a hurry, and what
asks for password, code or an answer to a challenge itself. Whoever adds a route decides."""


@asynccontextmanager
async def boss(server: Running, name: str = "boss") -> AsyncIterator[httpx.AsyncClient]:
    """Yield a browser in which an administrator signed in by password."""
    await server.office.people.add_user(name, "admin", AGENCY, PASSWORD)
    async with server.stranger(origin=server.url) as client:
        body = {"name": name, "password": PASSWORD}
        assert (await client.post("/api/session", json=body)).status_code == 200
        yield client


def pass_time(server: Running, monkeypatch: pytest.MonkeyPatch, by: timedelta = LATER) -> None:
    """Let every proof of before be so much older."""
    monkeypatch.setattr(server.office.accounts.proof, "now", lambda: datetime.now(UTC) + by)


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
        answer = (await client.post("/api/session/second-factor")).json()
        code = pyotp.TOTP(answer["secret"]).now()
        confirmed = await client.post("/api/session/second-factor/confirm", json={"code": code})
        assert confirmed.status_code == 200, confirmed.text
        pass_time(server, monkeypatch)
        assert (await prove(client, confirmed.json()["codes"][0])).status_code == 204
        assert (await client.post("/api/devices", json={"name": "boat-3"})).status_code == 201


async def test_a_web_process_that_has_asked_is_believed_by_the_watch(server: Running) -> None:
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    user = User(name="admin", role="admin", agency=AGENCY)
    caller = Caller(user=user, session="s", factor=True, began_at=hour_ago)

    async def watch(scope: Any, receive: Any, send: Any) -> None:
        await server.app({**scope, VERIFIED: caller}, receive, send)  # without cookies

    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(watch), base_url=server.url, headers={"origin": server.url}
    ) as passed_on:
        made = await passed_on.post("/api/devices", json={"name": "boat-9"})
        assert made.status_code == 201, made.text


async def test_who_came_by_a_link_and_has_no_password_signs_in_again(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server.signed_in("admin") as client:
        pass_time(server, monkeypatch)
        answer = await prove(client, "anything at all")
        assert (answer.status_code, answer.json()["code"]) == (409, "no_proof")


async def test_each_act_asks_or_is_one_that_somebody_decided_not_to(server: Running) -> None:
    routes = {
        (method, route.path.replace(":path}", "}"))
        for route in server.app.routes
        if isinstance(route, APIRoute)
        for method in route.methods or ()
    }
    assert routes >= SENSITIVE
    plain = {
        (method, path)
        for methods, path in (line.split() for line in NOT_ASKED.strip().splitlines())
        for method in methods.split(",")
    }
    acts = {each for each in routes if each[0] in ("POST", "PUT", "PATCH", "DELETE")}
    assert acts == plain | {each for each in SENSITIVE if each[0] != "GET"}
    assert not plain & SENSITIVE
