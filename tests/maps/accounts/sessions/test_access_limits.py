"""Limits: floods, guesses, and locks that end; nobody else's work suffers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import httpx
import pytest

from maps.accounts.sessions.sign_in import KNOWN
from maps.accounts.sessions.sign_in_backoff import SignInBackoff
from maps.errors.errors import TooManyWrites
from maps.http.write_limit import WriteLimit
from tests.fixtures.memory import kept_bytes
from tests.maps.servers.running import AGENCY, PASSWORD, Live, Running, running, wait_until


class Clock:
    """A clock that only goes forward, when told."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_free_and_a_flood_waits() -> None:
    clock = Clock()
    pace = WriteLimit(per_s=2, burst=5, now=clock)
    for _ in range(5):
        pace.take("a")
    with pytest.raises(TooManyWrites) as told:
        pace.take("a")
    assert told.value.wait_s == pytest.approx(0.5)
    pace.take("b")
    clock.now = 0.5
    pace.take("a")
    with pytest.raises(TooManyWrites):
        pace.take("a")
    clock.now = 100
    for _ in range(5):
        pace.take("a")
    with pytest.raises(TooManyWrites):
        pace.take("a")


def test_the_memory_of_paces_is_bounded() -> None:
    pace = WriteLimit(remembered=10, now=Clock())
    kept: list[int] = []
    for number in range(1000):
        pace.take(f"{number:04}")
        kept.append(kept_bytes(pace))
    assert max(kept[100:]) <= max(kept[:100])


async def test_one_callers_flood_of_changes_stops_nobody_else(tmp_path: Path) -> None:
    access = {"writes_per_s": 1, "writes_burst": 10}
    async with (
        running(tmp_path, access=access) as server,
        server.signed_in("planner") as planner,
        server.signed_in("commander") as commander,
    ):
        answers = [await planner.patch("/api/units/x", json={}) for _ in range(15)]
        told = [answer.status_code for answer in answers]
        assert told[:10] == [404] * 10
        assert 429 in told[10:]
        refused = next(answer for answer in answers if answer.status_code == 429)
        assert refused.json()["error"] == "too_many_writes"
        assert int(refused.headers["retry-after"]) >= 1
        assert (await planner.get("/api/units")).status_code == 200, "reading goes on"
        assert (await commander.patch("/api/units/x", json={})).status_code == 404


async def test_devices_and_programs_have_a_measure_of_their_own(tmp_path: Path) -> None:
    access = {"writes_per_s": 1, "writes_burst": 10}
    report = {"lon": 100.4, "lat": 20.2}
    async with running(tmp_path, access=access) as server, server.signed_in() as client:
        keys = [await server.device(f"boat-{number}") for number in range(2)]
        wish = {"label": "x", "scopes": ["write:positions"]}
        keys.append((await client.post("/api/tokens", json=wish)).json()["token"])
        for key in keys:
            async with server.stranger(authorization=f"Bearer {key}") as one:
                answers = [await one.post("/api/positions", json=report) for _ in range(14)]
            told = [answer.status_code for answer in answers]
            assert told[:10] == [200] * 10
            assert 429 in told[10:]
        assert (await client.post("/api/positions", json=report)).status_code == 200


async def test_who_keeps_guessing_at_a_name_does_not_keep_its_owner_out(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The browser in which somebody signed in before is counted apart from the guesser."""
    still = SignInBackoff(free=5, longest_s=120, now=Clock())
    monkeypatch.setattr(server.office.accounts.signing_in, "name_backoff", still)
    await server.office.people.add_user("boss", "admin", AGENCY, PASSWORD)
    body = {"name": "boss", "password": PASSWORD}
    wrong = {"name": "boss", "password": "wrong one"}
    async with server.stranger() as office, server.stranger() as thief:
        assert (await office.post("/api/session", json=body)).status_code == 200
        assert office.cookies[KNOWN]
        for _ in range(8):
            await thief.post("/api/session", json=wrong)
        assert (await thief.post("/api/session", json=wrong)).status_code == 429
        await office.delete("/api/session")
        assert (await office.post("/api/session", json=body)).status_code == 200

        # the mark is for that name only, cannot be made up, and is no way in
        other = {"name": "crew", "password": "wrong one"}
        for _ in range(6):
            await thief.post("/api/session", json=other)
        marked = await office.post("/api/session", json=other)
        assert marked.status_code == 429
        async with server.stranger(cookie=f"{KNOWN}=made.up") as forger:
            assert (await forger.post("/api/session", json=body)).status_code == 429
        async with server.stranger(cookie=f"{KNOWN}={office.cookies[KNOWN]}") as marked_thief:
            assert (await marked_thief.get("/api/session")).status_code == 401
            told = [
                (await marked_thief.post("/api/session", json=wrong)).status_code for _ in range(7)
            ]
            assert told[-1] == 429, "a stolen mark gives a few tries, not all"


async def test_who_guesses_at_a_name_blocks_no_link_of_it_and_no_first_sign_in_elsewhere(
    server: Running,
) -> None:
    boss = await server.office.people.add_user("boss", "admin", AGENCY, PASSWORD)
    link = await server.office.people.link_for(boss, minutes=5)
    wrong = {"name": "boss", "password": "wrong one"}
    async with server.stranger() as thief:
        told = [(await thief.post("/api/session", json=wrong)).status_code for _ in range(12)]
        assert told[-1] == 429
        entered = await thief.post("/api/session/link", json={"token": link})
        assert entered.status_code == 200, entered.text  # even from where the guesses come
    elsewhere = httpx.AsyncHTTPTransport(local_address="127.0.0.2")
    async with httpx.AsyncClient(base_url=server.url, transport=elsewhere) as owner:
        body = {"name": "boss", "password": PASSWORD}
        assert (await owner.post("/api/session", json=body)).status_code == 200


async def test_who_guesses_at_a_name_from_everywhere_must_wait(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = SignInBackoff(free=2, longest_s=120, now=Clock())
    monkeypatch.setattr(server.office.accounts.signing_in, "everywhere_backoff", few)
    wrong, told = {"name": "boss", "password": "wrong one"}, list[int]()
    for number in range(1, 5):
        thief = httpx.AsyncHTTPTransport(local_address=f"127.0.0.{number}")
        async with httpx.AsyncClient(base_url=server.url, transport=thief) as client:
            told.append((await client.post("/api/session", json=wrong)).status_code)
    assert told == [401, 401, 429, 429]


def test_every_wait_has_an_end() -> None:
    clock = Clock()
    names = SignInBackoff(free=5, longest_s=120, now=clock)
    for _ in range(1000):
        names.note_failure("boss")
    clock.now = 120
    names.check("boss")


async def test_the_last_admin_can_be_locked_out_by_nobody(server: Running) -> None:
    await server.office.people.add_user("boss", "admin", AGENCY, PASSWORD)
    async with server.signed_in("admin") as admin:
        assert (await admin.patch("/api/users/boss", json={"role": "crew"})).status_code == 200
        refused = await admin.patch("/api/users/admin", json={"disabled": True})
        assert refused.status_code == 400
    with pytest.raises(Exception, match="last administrator"):
        await server.office.people.change_user("admin", disabled=True)
    await server.office.people.add_user("second", "admin", AGENCY, None)
    assert (await server.office.people.change_user("admin", disabled=True)).disabled_at


async def test_two_admins_cannot_disable_each_other_at_once(server: Running) -> None:
    await server.office.people.add_user("boss", "admin", AGENCY, PASSWORD)
    async with server.signed_in("admin") as admin, server.stranger() as boss:
        body = {"name": "boss", "password": PASSWORD}
        assert (await boss.post("/api/session", json=body)).status_code == 200
        answers = await asyncio.gather(
            admin.patch("/api/users/boss", json={"disabled": True}),
            boss.patch("/api/users/admin", json={"disabled": True}),
        )
    assert sorted(answer.status_code for answer in answers) in ([200, 401], [200, 409])


# -- a flood of sign-ins beside the live stream

FIXES = 20
PAUSE_S = 0.04
JUDGED_PER_FIX = 16


@asynccontextmanager
async def flooding(server: Running, clients: int = 40) -> AsyncIterator[list[int]]:
    """Send sign-ins as fast as they are answered while inside; yield the answers' statuses."""
    told: list[int] = []

    async def flood(number: int) -> None:
        async with server.stranger() as client:
            while True:
                body = {"name": f"nobody-{number}-{len(told)}", "password": "wrong one"}
                answer = await client.post("/api/session", json=body)
                told.append(answer.status_code)

    floods = [asyncio.create_task(flood(number)) for number in range(clients)]
    try:
        yield told
    finally:
        for each in floods:
            each.cancel()
        await asyncio.gather(*floods, return_exceptions=True)


async def report_fixes(boat: httpx.AsyncClient, live: Live) -> None:
    """Report `FIXES` fixes and wait for each on the stream.

    As radios report, which is with pauses: without any, the machine itself is what is measured.
    """
    for number in range(FIXES):
        report = {"lon": 100.4, "lat": 20 + number * 1e-5}
        assert (await boat.post("/api/positions", json=report)).status_code == 200
        await live.until("change")
        await asyncio.sleep(PAUSE_S)


async def test_a_flood_of_sign_ins_does_not_starve_the_live_stream(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both share one machine, whatever else it does: the share is passwords judged for each fix.

    The names are all different and the address waits for none, so that argon2 is really worked on.
    """
    monkeypatch.setattr(
        server.office.accounts.signing_in, "address_backoff", SignInBackoff(free=10**9)
    )
    monkeypatch.setattr(server.office.access, "write_limit", WriteLimit(per_s=1e9, burst=1e9))
    key = await server.device("boat-3")
    async with (
        server.signed_in() as client,
        server.stranger(authorization=f"Bearer {key}") as boat,
        server.live(client) as live,
        flooding(server) as told,
    ):
        await live.until("snapshot")
        async for _ in wait_until("some judged, and those too many refused at once"):
            if {401, 503} <= set(told):
                break
        before = told.count(401)
        await report_fixes(boat, live)
        judged = told.count(401) - before
    assert judged <= FIXES * JUDGED_PER_FIX, f"{judged} passwords while {FIXES} fixes went out"


async def test_a_flood_from_one_address_is_asked_to_wait(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    still = SignInBackoff(free=10, now=Clock())
    monkeypatch.setattr(server.office.accounts.signing_in, "address_backoff", still)
    async with flooding(server, clients=8) as told:
        async for _ in wait_until("many refusals", 60):
            if len(told) > 60:
                break
    assert told.count(401) <= 10
    assert told.count(429) > 40
