"""Access: who gets in, how, and what a stranger is told."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Any, Never

import pytest
from sqlalchemy import func, select

from maps.accounts.credentials.passwords import PasswordWork
from maps.accounts.sessions.access import EPOCH_FOR_S
from maps.errors.errors import TooBusy
from maps.http.session_cookie import COOKIE
from patrol.errors.errors import StoreError
from patrol.store.schema.tables import links
from patrol.units.accounts import Device, User
from patrol.units.permissions import acts_of
from tests.fixtures.databases import reading
from tests.fixtures.patience import until
from tests.maps.servers.running import AGENCY, PASSWORD, Running, running


async def test_name_and_password_start_a_session_in_a_cookie_scripts_cannot_read(
    server: Running,
) -> None:
    await server.office.people.add_user("somchai", "commander", AGENCY, PASSWORD)
    async with server.stranger() as client:
        answer = await client.post("/api/session", json={"name": "somchai", "password": PASSWORD})
        assert answer.status_code == 200
        cookie = answer.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "SameSite=strict" in cookie
        body = (await client.get("/api/session")).json()
        assert body["user"] == "somchai"
        assert body["role"] == "commander"
        assert body["agency"] == {
            "id": AGENCY,
            "name": "Joint patrol",
            "country": None,
            "blos": [],
            "node": "",
        }
        assert body["node"]["time_zone"] == "Asia/Vientiane"
        assert "clear distress" in body["permissions"]


async def test_signing_out_ends_the_session_for_good(server: Running) -> None:
    async with server.signed_in() as client:
        token = client.cookies[COOKIE]
        assert (await client.delete("/api/session")).status_code == 204
        client.cookies.set(COOKIE, token)
        assert (await client.get("/api/session")).status_code == 401


@pytest.mark.parametrize("name", ["somchai", "nobody"])
async def test_a_wrong_password_and_a_wrong_name_are_reported_the_same(
    server: Running, name: str
) -> None:
    await server.office.people.add_user("somchai", "commander", AGENCY, PASSWORD)
    async with server.stranger() as client:
        answer = await client.post("/api/session", json={"name": name, "password": "wrong one"})
    assert answer.status_code == 401
    assert answer.json() == {
        "error": "sign_in_refused",
        "message": "name or password is wrong",
    }
    assert "set-cookie" not in answer.headers


async def test_failed_tries_must_wait_even_with_the_right_password(server: Running) -> None:
    await server.office.people.add_user("somchai", "commander", AGENCY, PASSWORD)
    async with server.stranger() as client:
        for _ in range(5):
            body = {"name": "somchai", "password": "wrong one"}
            assert (await client.post("/api/session", json=body)).status_code == 401
        answer = await client.post("/api/session", json={"name": "somchai", "password": PASSWORD})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1
        other = await client.post("/api/session", json={"name": "jane", "password": "wrong one"})
        assert other.status_code == 401


async def test_a_link_is_good_once(server: Running) -> None:
    token = await server.token("planner")
    async with server.stranger() as client:
        first = await client.post("/api/session/link", json={"token": token})
        assert first.json()["role"] == "planner"
        again = await client.post("/api/session/link", json={"token": token})
        assert again.status_code == 401
        assert (await client.post("/api/session/link", json={"token": "x"})).status_code == 401


async def test_a_link_that_is_too_old_is_refused(server: Running) -> None:
    found = await server.office.people.user("crew")
    assert found is not None
    token = await server.office.people.link_for(found[0], minutes=-1)
    async with server.stranger() as client:
        answer = await client.post("/api/session/link", json={"token": token})
        assert answer.status_code == 401


async def test_too_much_password_work_is_refused_with_503(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def busy(*_: object) -> bool:
        raise TooBusy

    monkeypatch.setattr("maps.accounts.credentials.passwords.PasswordWork.verify", busy)
    async with server.stranger() as client:
        answer = await client.post("/api/session", json={"name": "a", "password": "b"})
    assert answer.status_code == 503
    assert answer.json()["error"] == "too_busy"


async def test_a_device_key_speaks_for_its_own_device_only(server: Running) -> None:
    key = await server.device("boat-3")
    async with server.stranger(authorization=f"Bearer {key}") as client:
        report = {"lon": 100.4, "lat": 20.2}
        own = await client.post("/api/positions", json=report)
        assert own.json()["rejected"] == []
        other = await client.post("/api/positions", json={**report, "device": "boat-4"})
        assert other.json()["rejected"][0]["reason"] == "device_mismatch"
        for path in ("/api/users", "/api/units", "/api/session", "/api/layers"):
            assert (await client.get(path)).status_code == 403, path
    async with server.stranger(authorization="Bearer wrong") as client:
        assert (await client.post("/api/positions", json=report)).status_code == 401


async def test_an_administrator_makes_changes_and_shuts_out_users(server: Running) -> None:
    async with server.signed_in("admin") as admin, server.signed_in("crew") as crew:
        made = await admin.post(
            "/api/users", json={"name": "noi", "role": "crew", "password": PASSWORD}
        )
        assert made.status_code == 201
        assert "password" not in made.text
        again = await admin.post("/api/users", json={"name": "noi", "role": "crew"})
        assert again.status_code == 409
        short = {"name": "x", "role": "crew", "password": "short"}
        refused = await admin.post("/api/users", json=short)
        assert refused.status_code == 422
        assert refused.json()["field"] == "password"
        assert "short" not in refused.text.replace("too_short", "")

        assert (await crew.get("/api/session")).status_code == 200
        assert (await crew.get("/api/users")).status_code == 403
        changed = await admin.patch("/api/users/crew", json={"disabled": True})
        assert changed.json()["disabled_at"] is not None
        assert (await crew.get("/api/session")).status_code == 401

        itself = await admin.patch("/api/users/admin", json={"disabled": True})
        assert itself.status_code == 400
        assert (await admin.patch("/api/users/nobody", json={})).status_code == 404
        names = [user["name"] for user in (await admin.get("/api/users")).json()]
        assert names == sorted(names)
        assert "noi" in names


async def test_a_key_is_asked_of_the_store_once_and_no_longer_good_a_second_after_it_is_revoked(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, people = await server.device("boat-3"), server.office.people
    payloads: list[bytes] = []
    device = people.device

    async def counted(key: bytes) -> Device | None:
        payloads.append(key)
        return await device(key)

    now_s = monotonic()
    monkeypatch.setattr("maps.accounts.sessions.access.monotonic", lambda: now_s)
    monkeypatch.setattr(people, "device", counted)
    async with server.stranger(authorization=f"Bearer {key}") as boat:

        async def report() -> int:
            return (await boat.post("/api/positions", json={"lon": 100.4, "lat": 20.2})).status_code

        async def is_remembered() -> bool:
            before = len(payloads)
            assert await report() == 200
            return len(payloads) == before

        await until(is_remembered, "the key, asked of the store, to be remembered")
        count = len(payloads)
        assert [await report() for _ in range(5)] == [200] * 5
        assert len(payloads) == count
        found = await people.user("technician")
        assert found is not None
        # As another process does it: nobody tells this one.
        await people.revoke_device_for(found[0], "boat-3")
        revoked = now_s
        while await report() == 200:
            assert now_s - revoked < EPOCH_FOR_S + 1
            now_s += 0.05
        assert [await report() for _ in range(3)] == [401] * 3


async def test_no_key_is_believed_longer_while_the_store_does_not_answer(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("maps.accounts.sessions.access.EPOCH_FOR_S", 0.3)
    key, people, access = await server.device("boat-3"), server.office.people, server.office.access

    async def away(*_: object) -> Never:
        raise StoreError("away")

    async with server.stranger(authorization=f"Bearer {key}") as boat:

        async def report() -> int:
            return (await boat.post("/api/positions", json={"lon": 100.4, "lat": 20.2})).status_code

        assert [await report() for _ in range(5)] == [200] * 5
        monkeypatch.setattr(people, "device", away)
        monkeypatch.setattr(people, "epoch", away)
        end = monotonic() + 1.0
        while monotonic() < end:  # as live streams ask
            with suppress(StoreError):
                await access.epoch()
            await asyncio.sleep(0.05)
        assert await report() == 503


async def test_a_key_read_while_it_is_revoked_is_not_cached(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    key, people, access = await server.device("boat-3"), server.office.people, server.office.access
    device, event, go_on = people.device, asyncio.Event(), asyncio.Event()

    calls = 0

    async def slow(key: bytes) -> Device | None:
        nonlocal calls
        calls += 1
        found = await device(key)
        event.set()
        await go_on.wait()
        return found

    await access.epoch()
    monkeypatch.setattr(people, "device", slow)
    async with server.stranger(authorization=f"Bearer {key}") as boat:
        place = {"lon": 100.4, "lat": 20.2}
        reading = asyncio.create_task(boat.post("/api/positions", json=place))
        await event.wait()
        access.look_again()
        go_on.set()
        assert (await reading).status_code == 200
        await access.epoch()
        before = calls
        assert (await boat.post("/api/positions", json=place)).status_code == 200
        assert calls == before + 1  # the store is asked anew


async def test_a_device_is_added_given_a_new_key_and_revoked(server: Running) -> None:
    async with server.signed_in("technician") as client:
        first = (await client.post("/api/devices", json={"name": "jane/phone"})).json()["key"]
        second = (await client.post("/api/devices", json={"name": "jane/phone"})).json()["key"]
        assert first != second
        async with server.stranger() as phone:

            async def report(key: str) -> int:
                headers = {"authorization": f"Bearer {key}"}
                said = {"lon": 100.4, "lat": 20.2}
                answer = await phone.post("/api/positions", json=said, headers=headers)
                return answer.status_code

            assert await report(first) == 401
            assert await report(second) == 200
            assert (await client.delete("/api/devices/jane/phone")).status_code == 204
            assert await report(second) == 401
        assert (await client.delete("/api/devices/jane/phone")).status_code == 404
        [device] = (await client.get("/api/devices")).json()
        assert device["name"] == "jane/phone"
        assert device["revoked_at"] is not None


async def test_one_bad_phone_does_not_lock_its_office_out(server: Running) -> None:
    await server.office.people.add_user("somchai", "commander", AGENCY, PASSWORD)
    key = await server.device("boat-3")
    report = {"lon": 100.4, "lat": 20.2}
    bad = {"authorization": "Bearer wrong"}
    async with server.stranger() as client:
        told = [
            (await client.post("/api/positions", json=report, headers=bad)).status_code
            for _ in range(35)
        ]
        assert told[:30] == [401] * 30
        assert told[-1] == 429
        link = await client.post("/api/session/link", json={"token": "guess"})
        assert link.status_code == 429
        good = {"authorization": f"Bearer {key}"}
        answer = await client.post("/api/positions", json=report, headers=good)
        assert answer.status_code == 200
        body = {"token": await server.token("liaison")}
        assert (await client.post("/api/session/link", json=body)).status_code == 200
        body = {"name": "somchai", "password": PASSWORD}
        assert (await client.post("/api/session", json=body)).status_code == 200


async def test_tries_sent_at_once_do_not_slip_past_the_count(server: Running) -> None:
    await server.office.people.add_user("somchai", "commander", AGENCY, PASSWORD)
    body = {"name": "somchai", "password": "wrong one"}
    async with server.stranger() as client:
        answers = await asyncio.gather(*(client.post("/api/session", json=body) for _ in range(15)))
    told = sorted(answer.status_code for answer in answers)
    assert told == [401] * 5 + [429] * 10


async def test_a_try_that_was_not_judged_does_not_count(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    await server.office.people.add_user("somchai", "commander", AGENCY, PASSWORD)

    async def busy(*_: object) -> bool:
        raise TooBusy

    body = {"name": "somchai", "password": PASSWORD}
    async with server.stranger() as client:
        with monkeypatch.context() as patched:
            patched.setattr("maps.accounts.credentials.passwords.PasswordWork.verify", busy)
            for _ in range(8):
                assert (await client.post("/api/session", json=body)).status_code == 503
        assert (await client.post("/api/session", json=body)).status_code == 200


async def test_a_new_password_and_a_disable_at_once_both_count(server: Running) -> None:
    await server.office.people.add_user("bob", "crew", AGENCY, PASSWORD)
    async with server.signed_in("admin") as admin, server.stranger() as client:
        await asyncio.gather(
            admin.patch("/api/users/bob", json={"password": "another long enough"}),
            admin.patch("/api/users/bob", json={"disabled": True}),
            admin.patch("/api/users/bob", json={"role": "planner"}),
        )
        [bob] = [user for user in (await admin.get("/api/users")).json() if user["name"] == "bob"]
        assert bob["disabled_at"] is not None
        assert bob["role"] == "planner"
        await admin.patch("/api/users/bob", json={"disabled": False})
        for password, status in ((PASSWORD, 401), ("another long enough", 200)):
            body = {"name": "bob", "password": password}
            assert (await client.post("/api/session", json=body)).status_code == status


async def test_the_old_password_lets_nobody_in_that_was_changed_while_it_was_looked_at(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = server.office
    await office.people.add_user("bob", "crew", AGENCY, PASSWORD)
    verify = PasswordWork.verify

    async def slowly(work: PasswordWork, password: str, known: str | None) -> bool:
        good = await verify(work, password, known)
        await office.people.set_password("bob", "another long enough")
        return good

    monkeypatch.setattr(PasswordWork, "verify", slowly)
    async with server.stranger() as client:
        answer = await client.post("/api/session", json={"name": "bob", "password": PASSWORD})
        assert answer.status_code == 401, answer.text
        assert "set-cookie" not in answer.headers


async def test_no_token_is_made_by_a_session_that_ends_meanwhile(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    office = server.office
    make = office.accounts.tokens.make

    async def slowly(user: User, **wish: Any) -> Any:
        await office.people.end_sessions(user.name)
        return await make(user, **wish)

    monkeypatch.setattr(office.accounts.tokens, "make", slowly)
    async with server.signed_in() as client:
        wish = {"label": "a program", "scopes": ["read:picture"], "days": 366}
        assert (await client.post("/api/tokens", json=wish)).status_code == 401
    async with server.signed_in() as client:
        assert (await client.get("/api/tokens")).json() == []


async def test_two_users_of_one_name_added_at_once_are_one(server: Running) -> None:
    async with server.signed_in("admin") as admin:
        answers = await asyncio.gather(
            *(
                admin.post("/api/users", json={"name": "noi", "role": role, "password": PASSWORD})
                for role in ("crew", "planner")
            )
        )
    assert sorted(answer.status_code for answer in answers) == [201, 409]


@pytest.mark.parametrize("change", [{"password": "another long enough"}, {"disabled": True}])
async def test_a_new_password_or_a_disable_ends_the_links_that_are_out(
    server: Running, change: dict[str, object]
) -> None:
    token = await server.token("crew")
    async with server.signed_in("admin") as admin, server.stranger() as client:
        assert (await admin.patch("/api/users/crew", json=change)).status_code == 200
        await admin.patch("/api/users/crew", json={"disabled": False})
        answer = await client.post("/api/session/link", json={"token": token})
        assert answer.status_code == 401


async def test_links_that_are_good_no_more_are_forgotten(server: Running) -> None:
    found = await server.office.people.user("crew")
    assert found is not None
    for _ in range(3):
        await server.office.people.link_for(found[0], minutes=-1)
    async with server.signed_in("crew"):
        pass
    await server.token("crew")
    left = await server.office.store.read(
        lambda connection: connection.execute(select(func.count()).select_from(links)).scalar_one()
    )
    assert left == 1


@pytest.mark.parametrize(("proto", "secure"), [("https", True), ("http", False)])
async def test_the_cookie_insists_on_tls_where_a_trusted_proxy_ends_it(
    tmp_path: Path, proto: str, secure: bool
) -> None:
    web = {"port": 0, "trusted_proxies": ["127.0.0.1"]}
    async with (
        running(tmp_path, web=web) as server,
        server.stranger(**{"x-forwarded-proto": proto, "x-forwarded-for": "10.0.0.9"}) as client,
    ):
        body = {"token": await server.token("crew")}
        answer = await client.post("/api/session/link", json=body)
        assert answer.status_code == 200
        assert ("secure" in answer.headers["set-cookie"].lower()) is secure


async def test_agencies_are_listed_with_country_and_offices(tmp_path: Path) -> None:
    agencies: list[dict[str, Any]] = [
        {"id": "th-ck", "name": "Chiang Khong", "country": "TH"},
        {"id": "la-hx", "name": "Houay Xai", "country": "LA", "blos": ["LA-HXI"]},
    ]
    async with running(tmp_path, roles=(), agencies=agencies) as server:
        await server.office.people.add_user("ann", "observer", "th-ck", PASSWORD)
        async with server.stranger() as client:
            said = {"name": "ann", "password": PASSWORD}
            session = (await client.post("/api/session", json=said)).json()
            assert session["agency"] == {**agencies[0], "blos": [], "node": ""}
            body = (await client.get("/api/agencies")).json()
            assert body == [{**agencies[1], "node": ""}, {**agencies[0], "blos": [], "node": ""}]
    stored = await _agencies(tmp_path)
    assert stored == [("la-hx", "LA", "LA-HXI"), ("th-ck", "TH", "")]


async def _agencies(folder: Path) -> list[tuple[str, str, str]]:
    with reading(folder / "joint-patrol.db") as file:
        found = file.execute("SELECT id, country, blos FROM agencies ORDER BY id")
        return [tuple(row) for row in found]


def test_an_observer_sees_and_changes_nothing() -> None:
    # To have alerts brought to one's own browser changes nothing that others see.
    assert {act for act in acts_of("observer") if not act.startswith("see ")} == {
        "subscribe to alerts"
    }


async def test_an_administrator_manages_the_own_agency_only(tmp_path: Path) -> None:
    agencies = [{"id": "la-hx", "name": "A"}, {"id": "th-ck", "name": "B"}]
    async with running(tmp_path, roles=(), agencies=agencies) as server:
        people = server.office.people
        for name, role, agency in (
            ("boss", "admin", "la-hx"),
            ("kham", "crew", "la-hx"),
            ("anong", "crew", "th-ck"),
        ):
            await people.add_user(name, role, agency, PASSWORD)  # type: ignore[arg-type]
        async with server.stranger() as client:
            await client.post("/api/session", json={"name": "boss", "password": PASSWORD})
            names = [user["name"] for user in (await client.get("/api/users")).json()]
            assert names == ["boss", "kham"]
            for method, path in (
                ("PATCH", "/api/users/anong"),
                ("DELETE", "/api/users/anong/sessions"),
                ("DELETE", "/api/users/anong/second-factor"),
            ):
                answer = await client.request(method, path, json={"role": "admin"})
                assert answer.status_code == 404, path
            # an added user is of the own agency, whatever is asked for
            wish = {"name": "noi", "role": "crew", "agency": "th-ck"}
            assert (await client.post("/api/users", json=wish)).status_code == 422
            made = await client.post("/api/users", json={"name": "noi", "role": "crew"})
            assert made.json()["agency"] == "la-hx"
            taken = await client.post("/api/users", json={"name": "anong", "role": "crew"})
            assert taken.status_code == 409
