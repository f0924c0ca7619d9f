"""OpenID Connect against a real provider on loopback: who comes in, and what is not believed."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey, OctKey, RSAKey

from maps.accounts.sessions.open_id import OpenId
from maps.http.session_cookie import COOKIE
from maps.language.wording import words_of
from maps.settings.settings import settings_of
from maps.settings.settings_tables import AgencySettings
from tests.fixtures.memory import kept_bytes
from tests.fixtures.ports import free_port
from tests.maps.accounts.sessions.provider import CLIENT, SECRET, Provider, providing, query_of
from tests.maps.servers.running import PASSWORD, Running, running

ANONG = {"sub": "248289761001", "preferred_username": "anong", "groups": ["th-liaison", "staff"]}
AGENCIES = [
    {"id": "la-hx", "name": "Houay Xai", "country": "LA"},
    {"id": "th-ck", "name": "Chiang Khong", "country": "TH"},
]
USERS = [
    {"value": "th-liaison", "agency": "th-ck", "role": "liaison"},
    {"value": "la-admin", "agency": "la-hx", "role": "admin"},
    {"value": "staff", "agency": "la-hx", "role": "observer"},
]


@asynccontextmanager
async def office(
    folder: Path, account: dict[str, Any], **more: Any
) -> AsyncIterator[tuple[Running, Provider]]:
    """Yield an office and the provider it believes."""
    (folder / "client").write_text(f"{SECRET}\n")
    port = free_port()
    async with providing(account, more.pop("key", None)) as provider:
        open_id = {
            "issuer": provider.issuer,
            "client_id": CLIENT,
            "client_secret_file": "client",
            "address": f"http://127.0.0.1:{port}",
            "users": USERS,
            **more,
        }
        async with running(
            folder, roles=(), agencies=AGENCIES, open_id=open_id, web={"port": port}
        ) as server:
            yield server, provider


async def sent_back(client: httpx.AsyncClient) -> str:
    """Begin at the office, go through the provider, and return where it sends the browser."""
    response = await client.get("/api/session/open-id")
    assert response.status_code == 303, response.text
    async with httpx.AsyncClient() as browser:
        there = await browser.get(response.headers["location"])
    assert there.status_code == 302
    return there.headers["location"]


async def tried(client: httpx.AsyncClient) -> httpx.Response:
    """Go the whole way."""
    return await client.get(await sent_back(client))


async def test_who_is_in_the_table_comes_in_as_what_it_says(tmp_path: Path) -> None:
    async with office(tmp_path, ANONG) as (server, _), server.stranger() as client:
        answer = await tried(client)
        assert answer.status_code == 200, answer.text
        assert "samesite=strict" in answer.headers["set-cookie"].lower()
        body = (await client.get("/api/session")).json()
        assert (body["user"], body["role"], body["agency"]["id"]) == ("anong", "liaison", "th-ck")
        [user] = await server.office.people.all()
        assert user.name == "anong"
        password = {"name": "anong", "password": PASSWORD}
        async with server.stranger() as other:
            assert (await other.post("/api/session", json=password)).status_code == 401


async def test_keys_of_an_elliptic_curve_and_no_second_factor_asked(tmp_path: Path) -> None:
    key = ECKey.generate_key("P-256", {"kid": "curve"})
    async with office(tmp_path, ANONG, key=key) as (server, _), server.stranger() as client:
        assert (await tried(client)).status_code == 200


async def test_the_claims_of_today_count(tmp_path: Path) -> None:
    account = dict(ANONG)
    async with office(tmp_path, account) as (server, _), server.stranger() as client:
        assert (await tried(client)).status_code == 200
        account["groups"] = ["staff"]
        async with server.stranger() as again:
            assert (await tried(again)).status_code == 200
            body = (await again.get("/api/session")).json()
            assert (body["role"], body["agency"]["id"]) == ("observer", "la-hx")
        # and what was signed in under the old role is out
        assert (await client.get("/api/session")).status_code == 401
        account["groups"] = []
        async with server.stranger() as out:
            assert (await tried(out)).status_code == 403
            assert COOKIE not in out.cookies


@pytest.mark.parametrize("groups", [None, [], ["other"], "other", 7, {"th-liaison": True}, [["x"]]])
async def test_nobody_else_comes_in(tmp_path: Path, groups: object) -> None:
    account = {**ANONG, "groups": groups}
    async with office(tmp_path, account) as (server, _), server.stranger() as client:
        answer = await tried(client)
        assert answer.status_code == 403
        assert "not let in here" in answer.text
        assert await server.office.people.all() == []


async def test_its_pages_speak_the_readers_language(tmp_path: Path) -> None:
    account = {**ANONG, "groups": []}
    reads = {"accept-language": "th-TH,th;q=0.9,en;q=0.5"}
    async with (
        office(tmp_path, account, title="Ministry") as (server, _),
        server.stranger(**reads) as client,
    ):
        ways = (await client.get("/api/session/ways")).json()
        assert ways == {"provider": "Ministry", "passkeys": False}
        refused = await tried(client)
        assert refused.status_code == 403
        assert '<html lang="th">' in refused.text
        assert words_of("th")["open_id.refused"] in refused.text
        account["groups"] = ["staff"]
        done = await tried(client)
        assert done.status_code == 200
        assert words_of("th")["open_id.go_on"] in done.text


async def test_a_local_user_of_that_name_is_not_taken_over(tmp_path: Path) -> None:
    async with office(tmp_path, ANONG) as (server, _), server.stranger() as client:
        await server.office.people.add_user("anong", "admin", "la-hx", PASSWORD)
        answer = await tried(client)
        assert answer.status_code == 403
        assert (await client.get("/api/session")).status_code == 401


async def test_who_is_disabled_here_stays_out(tmp_path: Path) -> None:
    async with office(tmp_path, ANONG) as (server, _), server.stranger() as client:
        assert (await tried(client)).status_code == 200
        await server.office.people.change_user("anong", disabled=True)
        assert (await client.get("/api/session")).status_code == 401
        assert (await tried(client)).status_code == 403


STRANGER = RSAKey.generate_key(2048, {"kid": "one"})


@pytest.mark.parametrize(
    "what",
    [
        {"spoil": lambda claims: {**claims, "iss": "http://127.0.0.1:1"}},
        {"spoil": lambda claims: {**claims, "aud": "another"}},
        {"spoil": lambda claims: {**claims, "aud": [CLIENT, "another"]}},
        {"spoil": lambda claims: {**claims, "azp": "another"}},
        {"spoil": lambda claims: {**claims, "nonce": "of another sign-in"}},
        {"spoil": lambda claims: {k: v for k, v in claims.items() if k != "nonce"}},
        {"spoil": lambda claims: {k: v for k, v in claims.items() if k != "exp"}},
        {"spoil": lambda claims: {k: v for k, v in claims.items() if k != "sub"}},
        {"spoil": lambda claims: {**claims, "exp": int(time.time()) - 3600}},
        {"spoil": lambda claims: {**claims, "iat": int(time.time()) + 3600}},
        {"signing": STRANGER},
        {"header": {"alg": "HS256"}, "signing": OctKey.import_key(SECRET)},
        {"header": {"kid": "unknown"}},
        {"raw_token": "eyJhbGciOiJub25lIn0.e30."},
        {"raw_token": "no token"},
    ],
)
async def test_a_word_that_is_not_proved_is_not_believed(
    tmp_path: Path, what: dict[str, Any]
) -> None:
    async with office(tmp_path, ANONG) as (server, provider), server.stranger() as client:
        for name, value in what.items():
            setattr(provider, name, value)
        answer = await tried(client)
        assert answer.status_code == 403, answer.text
        assert COOKIE not in client.cookies
        assert await server.office.people.all() == []


async def test_new_keys_of_the_provider_are_fetched_but_not_for_every_forgery(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with office(tmp_path, ANONG) as (server, provider), server.stranger() as client:
        assert (await tried(client)).status_code == 200
        provider.key = RSAKey.generate_key(2048, {"kid": "two"})
        assert (await tried(client)).status_code == 403  # the keys were fetched just now
        monkeypatch.setattr("maps.accounts.sessions.open_id._FRESH_KEYS_AFTER_S", 0.0)
        assert (await tried(client)).status_code == 200
        monkeypatch.undo()
        fetched = provider.asked.count("/keys")
        provider.signing = STRANGER
        for _ in range(5):
            assert (await tried(client)).status_code == 403
        assert provider.asked.count("/keys") <= fetched + 1


async def test_an_answer_counts_once_and_in_the_browser_that_asked(tmp_path: Path) -> None:
    async with office(tmp_path, ANONG) as (server, _), server.stranger() as client:
        back = await sent_back(client)
        async with server.stranger() as thief:  # log-in CSRF: another browser brings it
            assert (await thief.get(back)).status_code == 403
        back = await sent_back(client)
        assert (await client.get(back)).status_code == 200
        assert (await client.get(back)).status_code == 403
        for query in ("", "?code=x", "?state=x&code=x"):
            answer = await client.get("/api/session/open-id/back" + query)
            assert answer.status_code == 403


async def test_another_issuer_or_code_in_the_answer_is_refused(tmp_path: Path) -> None:
    async with office(tmp_path, ANONG) as (server, provider), server.stranger() as client:
        mixed = (await sent_back(client)).replace(f"iss={provider.issuer}", "iss=http://evil")
        assert (await client.get(mixed)).status_code == 403
        none = (await sent_back(client)).replace(f"&iss={provider.issuer}", "")
        assert (await client.get(none)).status_code == 403
        back = await sent_back(client)
        code = query_of(back)["code"]
        assert (await client.get(back.replace(code, "another"))).status_code == 403


@pytest.mark.parametrize(
    ("told", "fault"),
    [
        ({"issuer": "http://evil.example"}, 503),
        ({"token_endpoint": "http://169.254.169.254/token"}, 503),
        ({"jwks_uri": "http://localhost/keys"}, 503),
        ({"authorization_endpoint": "https://evil.example/authorize"}, 503),
        ({"token_endpoint": "http://user@127.0.0.1/token"}, 503),
        ({"jwks_uri": None}, 503),
    ],
)
async def test_only_listed_hosts_are_asked(
    tmp_path: Path, told: dict[str, Any], fault: int
) -> None:
    async with office(tmp_path, ANONG) as (server, provider), server.stranger() as client:
        provider.discovery = told
        answer = await client.get("/api/session/open-id")
        assert answer.status_code == fault
        assert set(provider.asked) == {"/.well-known/openid-configuration"}


async def test_a_provider_that_is_away_is_reported_and_nothing_else_is_hurt(tmp_path: Path) -> None:
    away = f"http://127.0.0.1:{free_port()}"
    async with (
        office(tmp_path, ANONG, issuer=away) as (server, _),
        server.stranger() as client,
    ):
        answer = await client.get("/api/session/open-id")
        assert (answer.status_code, answer.json()["error"]) == (503, "provider_down")
        await server.office.people.add_user("kham", "admin", "la-hx", PASSWORD)
        body = {"name": "kham", "password": PASSWORD}
        assert (await client.post("/api/session", json=body)).status_code == 200


async def test_without_a_provider_there_is_none(server: Running) -> None:
    async with server.stranger() as client:
        assert (await client.get("/api/session/open-id")).status_code == 404
        assert (await client.get("/api/session/open-id/back?code=x&state=y")).status_code == 404


async def test_answers_that_nobody_fetches_are_forgotten(tmp_path: Path) -> None:
    async with office(tmp_path, ANONG) as (server, _):
        open_id = server.office.accounts.open_id
        assert isinstance(open_id, OpenId)
        async with server.stranger() as client:
            text = await sent_back(client)
            kept: list[int] = []
            for _ in range(3):
                for _ in range(1100):
                    await open_id.begin("10.9.9.9")
                kept.append(kept_bytes(open_id))
            assert kept[2] - kept[1] < 100_000  # of some 500 bytes each
            # who begins without end keeps nobody else out
            assert (await client.get(text)).status_code == 200


def test_a_table_that_names_no_agency_of_ours_is_a_fault(tmp_path: Path) -> None:
    tables = {
        "agencies": AGENCIES,
        "open_id": {
            "issuer": "http://idp.example",
            "client_id": "x",
            "address": "https://blo.example",
            "users": [{"value": "x", "agency": "mm-tl", "role": "crew"}],
        },
    }
    with pytest.raises(Exception, match="issuer must be https"):
        settings_of(tables, source="patrol.toml", folder=tmp_path)
    tables["open_id"]["issuer"] = "https://idp.example"  # type: ignore[index]
    with pytest.raises(Exception, match=r"open_id.users\[0\].agency: 'mm-tl' is no agency"):
        settings_of(tables, source="patrol.toml", folder=tmp_path)


def test_an_office_of_the_other_side_is_a_fault() -> None:
    with pytest.raises(ValueError, match="TH-CKG is not an office of LA"):
        AgencySettings(id="la-hx", name="Houay Xai", country="LA", blos=("LA-HXI", "TH-CKG"))
