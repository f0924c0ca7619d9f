"""Second factors: set up, asked for, good once; recovery codes; what the store gives away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from maps.accounts.credentials.passwords import digest
from maps.accounts.credentials.sealer import Sealer
from maps.accounts.credentials.second_factor import STEP_S, SecondFactors
from maps.errors.errors import SealError
from patrol.errors.errors import Conflict
from patrol.store.accounts import accounts
from patrol.store.accounts.account_changes import begin_session
from patrol.store.store import Store, open_store
from patrol.units.accounts import User
from tests.fixtures.databases import empty_store, reading
from tests.fixtures.examples import examples
from tests.maps.servers.running import AGENCY, PASSWORD, Live, Running, running

NOW = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
KHAM = User(name="kham", role="commander", agency="la-hx", origin="hx")


class Clock:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now

    def move(self, seconds: float) -> None:
        """Go on, or back."""
        self.now += timedelta(seconds=seconds)


@asynccontextmanager
async def kept(folder: Path) -> AsyncIterator[tuple[SecondFactors, Clock, Store]]:
    """Yield second factors on a store of their own, with a user."""
    store = open_store(empty_store(folder / "p.db"))
    clock = Clock()
    await store.write(accounts.put_user, KHAM, "hash", NOW)
    yield SecondFactors(store, Sealer(folder / "key"), issuer="BLO", now=clock), clock, store
    await store.close()


def code_at(secret: str, when: datetime) -> str:
    return pyotp.TOTP(secret).at(when)


async def set_up(factors: SecondFactors, clock: Clock) -> tuple[str, tuple[str, ...]]:
    secret = (await factors.begin(KHAM)).secret
    codes = (await factors.confirm(KHAM, code_at(secret, clock.now))).codes
    return secret, codes


async def test_a_code_is_good_around_its_time_and_once(tmp_path: Path) -> None:
    async with kept(tmp_path) as (factors, clock, _):
        secret, _codes = await set_up(factors, clock)
        first = code_at(secret, clock.now)
        assert not await factors.is_good(KHAM, first), "the one that confirmed is spent"
        clock.move(STEP_S)
        second = code_at(secret, clock.now)
        clock.move(STEP_S)  # typed slowly: still good
        assert await factors.is_good(KHAM, second)
        assert not await factors.is_good(KHAM, second), "a replay"
        clock.move(-STEP_S)
        assert not await factors.is_good(KHAM, second), "nor when the clock goes back"
        clock.move(3 * STEP_S)
        assert not await factors.is_good(KHAM, second), "too old"
        assert not await factors.is_good(KHAM, code_at(secret, clock.now + timedelta(minutes=2)))
        ahead = code_at(secret, clock.now + timedelta(seconds=STEP_S))
        assert await factors.is_good(KHAM, f"{ahead[:3]} {ahead[3:]}")
        assert not await factors.is_good(KHAM, code_at(secret, clock.now)), "an earlier one"


async def test_an_unproved_factor_is_not_asked_for_and_can_be_begun_anew(tmp_path: Path) -> None:
    async with kept(tmp_path) as (factors, clock, _):
        old = (await factors.begin(KHAM)).secret
        new = (await factors.begin(KHAM)).secret
        known = await factors.of(KHAM)
        assert known is not None
        assert known.confirmed_at is None
        with pytest.raises(Exception, match="wrong"):
            await factors.confirm(KHAM, code_at(old, clock.now))
        assert not await factors.is_good(KHAM, code_at(new, clock.now))
        await factors.confirm(KHAM, code_at(new, clock.now))
        with pytest.raises(Conflict, match="already"):
            await factors.begin(KHAM)


async def test_who_showed_none_does_not_come_in_once_there_is_one(tmp_path: Path) -> None:
    """It was turned on while the password was looked at."""
    async with kept(tmp_path) as (factors, clock, store):
        await set_up(factors, clock)
        until = clock.now + timedelta(hours=1)
        for factor in (False, True):
            text = await store.write(
                begin_session, KHAM, b"k" * 32, now=clock.now, expires_at=until, factor=factor
            )
            assert (text is not None) == factor


async def test_recovery_codes_are_good_once_each_and_replaced_as_a_whole(tmp_path: Path) -> None:
    async with kept(tmp_path) as (factors, clock, _):
        _, codes = await set_up(factors, clock)
        assert len(set(codes)) == 10
        assert await factors.is_good(KHAM, codes[0].upper().replace("-", " "))
        assert not await factors.is_good(KHAM, codes[0])
        assert (await factors.state_of(KHAM, required=False)).recovery_left == 9
        fresh = (await factors.fresh_codes(KHAM)).codes
        assert not await factors.is_good(KHAM, codes[1])
        assert await factors.is_good(KHAM, fresh[1])
        other = User(name="other", role="crew", agency="la-hx")
        assert not await factors.is_good(other, fresh[2])


def files(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob("p.db*")))


async def test_nobody_who_has_the_database_alone_can_make_codes(tmp_path: Path) -> None:
    async with kept(tmp_path) as (factors, clock, store):
        secret, codes = await set_up(factors, clock)
        raw = files(tmp_path)
        for text in (secret, *codes, *(code.replace("-", "") for code in codes)):
            assert text.encode() not in raw
        assert (tmp_path / "key").stat().st_mode & 0o077 == 0
        # another key opens nothing, and what was sealed for one user is no other's
        known = await factors.of(KHAM)
        assert known is not None
        with pytest.raises(SealError):
            Sealer(tmp_path / "another").open(known.secret, about="second factor of kham")
        with pytest.raises(SealError):
            Sealer(tmp_path / "key").open(known.secret, about="second factor of boss")
        assert Sealer(tmp_path / "key").open(known.secret, about="second factor of kham") == secret
        broken = SecondFactors(store, Sealer(tmp_path / "another"), issuer="BLO", now=clock)
        clock.move(STEP_S)
        with pytest.raises(SealError):
            await broken.is_good(KHAM, code_at(secret, clock.now))


@given(text=st.text(max_size=200), about=st.text(max_size=40), bit=st.integers(min_value=0))
@settings(max_examples=examples(200), deadline=None)
def test_what_is_sealed_opens_whole_or_not_at_all(
    tmp_path_factory: pytest.TempPathFactory, text: str, about: str, bit: int
) -> None:
    seal = Sealer(tmp_path_factory.getbasetemp() / "property-key")
    sealed = bytearray(seal.seal(text, about=about))
    assert seal.open(bytes(sealed), about=about) == text
    bit %= len(sealed) * 8
    sealed[bit // 8] ^= 1 << (bit % 8)
    with pytest.raises(SealError):
        seal.open(bytes(sealed), about=about)


@pytest.mark.parametrize("content", ["", "not hexadecimal", "ab" * 8])
def test_a_key_file_that_is_none_is_reported(tmp_path: Path, content: str) -> None:
    (tmp_path / "key").write_text(content)
    with pytest.raises(SealError, match="not a key"):
        Sealer(tmp_path / "key").mark("x")


async def enrolled(client: httpx.AsyncClient) -> tuple[str, list[str]]:
    """Set the client's user's second factor up; return secret and recovery codes."""
    answer = (await client.post("/api/session/second-factor")).json()
    assert answer["qr"]["svg"].startswith("<svg")
    assert answer["qr"]["png"].startswith("data:image/png")
    assert "issuer=Test" in answer["address"]
    code = {"code": pyotp.TOTP(answer["secret"]).now()}
    confirmed = await client.post("/api/session/second-factor/confirm", json=code)
    assert confirmed.status_code == 200, confirmed.text
    return answer["secret"], confirmed.json()["codes"]


async def test_signing_in_asks_for_the_code_and_tells_a_wrong_password_the_same_as_ever(
    server: Running,
) -> None:
    await server.office.people.add_user("somchai", "commander", AGENCY, PASSWORD)
    body = {"name": "somchai", "password": PASSWORD}
    async with server.stranger() as client, server.stranger() as other:
        assert (await other.post("/api/session", json=body)).status_code == 200
        assert (await client.post("/api/session", json=body)).status_code == 200
        _, codes = await enrolled(client)
        state = (await client.get("/api/session/second-factor")).json()
        assert state["recovery_left"] == 10
        assert (await client.get("/api/session")).status_code == 200, "this session goes on"
        assert (await other.get("/api/session")).status_code == 401, "those before it end"

        async with server.stranger() as fresh:
            for _ in range(8):  # asking for the code is no failed try
                needed = await fresh.post("/api/session", json=body)
                assert (needed.status_code, needed.json()["error"]) == (401, "code_needed")
                assert "set-cookie" not in needed.headers
            wrong = await fresh.post("/api/session", json={**body, "code": "000000"})
            assert (wrong.status_code, wrong.json()["error"]) == (401, "sign_in_refused")
            bad = await fresh.post(
                "/api/session", json={**body, "password": "wrong one", "code": codes[0]}
            )
            assert bad.json()["message"] == "name or password is wrong"
            good = await fresh.post("/api/session", json={**body, "code": codes[0]})
            assert good.status_code == 200
            again = await fresh.post("/api/session", json={**body, "code": codes[0]})
            assert again.status_code == 401


async def test_guessing_codes_must_wait(server: Running) -> None:
    await server.office.people.add_user("somchai", "commander", AGENCY, PASSWORD)
    body = {"name": "somchai", "password": PASSWORD}
    async with server.stranger() as client:
        await client.post("/api/session", json=body)
        await enrolled(client)
    async with server.stranger() as thief:
        told = [
            (await thief.post("/api/session", json={**body, "code": f"{n:06}"})).status_code
            for n in range(10)
        ]
    assert told.count(401) <= 6
    assert told[-1] == 429


async def test_guessing_codes_with_a_link_must_wait_and_blocks_no_other_link(
    server: Running,
) -> None:
    async with server.signed_in("crew") as client:
        _, codes = await enrolled(client)
    stolen, good = await server.token("crew"), await server.token("crew")
    async with server.stranger() as thief:
        told = [
            (
                await thief.post("/api/session/link", json={"token": stolen, "code": f"{n:06}"})
            ).status_code
            for n in range(10)
        ]
        assert told.count(401) <= 6
        assert told[-1] == 429
        entered = await thief.post("/api/session/link", json={"token": good, "code": codes[0]})
        assert entered.status_code == 200


async def test_a_link_asks_for_the_code_and_stays_good(server: Running) -> None:
    async with server.signed_in("crew") as client:
        _, codes = await enrolled(client)
    token = await server.token("crew")
    async with server.stranger() as client:
        needed = await client.post("/api/session/link", json={"token": token})
        assert needed.json()["error"] == "code_needed"
        wrong = await client.post("/api/session/link", json={"token": token, "code": "1"})
        assert wrong.status_code == 401
        good = await client.post("/api/session/link", json={"token": token, "code": codes[0]})
        assert good.status_code == 200
        spent = await client.post("/api/session/link", json={"token": token, "code": codes[1]})
        assert spent.json()["error"] == "sign_in_refused"


async def test_it_is_turned_off_with_a_code_or_by_the_administrator(server: Running) -> None:
    async with server.signed_in("crew") as crew, server.signed_in("admin") as admin:
        _, codes = await enrolled(crew)
        off = "/api/session/second-factor/off"
        assert (await crew.post(off, json={"code": "123456"})).status_code == 401
        assert (await crew.post(off, json={"code": codes[0]})).status_code == 204
        assert (await crew.get("/api/session")).status_code == 401
        path = "/api/users/crew/second-factor"
        assert (await admin.delete(path)).status_code == 404
        async with server.signed_in("crew") as again:
            await enrolled(again)
            assert (await again.delete(path)).status_code == 403
            assert (await admin.delete(path)).status_code == 204
            assert (await again.get("/api/session")).status_code == 401


async def test_a_role_that_needs_one_may_do_nothing_before(tmp_path: Path) -> None:
    access = {"second_factor": ["commander"]}
    async with running(tmp_path, access=access) as server, server.signed_in() as client:
        for method, path in (
            ("GET", "/api/units"),
            ("POST", "/api/tokens"),
            ("POST", "/api/positions"),
            ("POST", "/api/session/reading-token"),
            ("GET", "/api/openapi.json"),
        ):
            answer = await client.request(method, path, json={})
            assert (answer.status_code, answer.json()["error"]) == (403, "second_factor_needed")
        async with server.live(client) as live:
            with pytest.raises(Exception, match="4403"):
                await live.frame()
        assert (await client.get("/api/session")).status_code == 200
        assert (await client.get("/api/session/second-factor")).json()["required"] is True
        await enrolled(client)
        assert (await client.get("/api/units")).status_code == 200
        async with server.live(client) as live:
            assert (await live.frame())["type"] == "snapshot"
        async with server.signed_in("planner") as planner:
            assert (await planner.get("/api/units")).status_code == 200


async def test_without_the_key_nobody_comes_in_by_mistake_and_others_still_do(
    server: Running, tmp_path: Path
) -> None:
    await server.office.people.add_user("somchai", "commander", AGENCY, PASSWORD)
    body: dict[str, Any] = {"name": "somchai", "password": PASSWORD}
    async with server.stranger() as client:
        await client.post("/api/session", json=body)
        secret, _ = await enrolled(client)
    with reading(tmp_path / "joint-patrol.db") as file:
        file.execute("UPDATE second_factors SET secret = ?", (digest("rubbish") * 2,))
        file.execute("UPDATE second_factors SET last_step = NULL")
    async with server.stranger() as client:
        code = pyotp.TOTP(secret).now()
        answer = await client.post("/api/session", json={**body, "code": code})
        assert (answer.status_code, answer.json()["error"]) == (503, "seal_broken")
        assert "key" not in answer.json()["message"]
    async with server.signed_in("admin") as admin:
        assert (await admin.delete("/api/users/somchai/second-factor")).status_code == 204
    async with server.stranger() as client:
        assert (await client.post("/api/session", json=body)).status_code == 200


async def test_a_token_in_a_cookie_or_a_session_in_a_header_opens_no_stream(
    server: Running,
) -> None:
    async with server.signed_in() as client:
        made = await client.post("/api/tokens", json={"label": "x", "scopes": ["read:picture"]})
        async with Live(server.url, made.json()["token"]) as live:
            with pytest.raises(Exception, match="4401"):
                await live.frame()
