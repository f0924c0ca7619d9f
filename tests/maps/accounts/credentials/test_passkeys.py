"""Passkeys: made, used to sign in and as a proof, and good for nothing else."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import cbor2
import httpx
import pytest

from maps.accounts.credentials import passkeys
from maps.api.accounts.passkeys import NewPasskey
from maps.settings.access_settings import AccessSettings
from patrol.errors.errors import Conflict
from patrol.units.units import Role
from tests.maps.accounts.credentials.software_passkey import PRESENT, SoftwarePasskey, text_of
from tests.maps.accounts.sessions.test_recent_proof import is_asked, pass_time
from tests.maps.servers.running import AGENCY, PASSWORD, Running, running

NAME = "localhost"
OWN = "/api/session/passkeys"
IN = "/api/session/passkey"


def at_a_name(server: Running) -> httpx.AsyncClient:
    """Return a browser in which the server's name was typed, and not its address."""
    port = server.url.rpartition(":")[2]
    return server.stranger(host=f"{NAME}:{port}", origin=f"http://{NAME}:{port}")


@asynccontextmanager
async def person(
    server: Running, name: str, role: Role = "commander"
) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a browser in which a new user signed in by password."""
    await server.office.people.add_user(name, role, AGENCY, PASSWORD)
    async with at_a_name(server) as client:
        body = {"name": name, "password": PASSWORD}
        assert (await client.post("/api/session", json=body)).status_code == 200
        yield client


def device(client: httpx.AsyncClient) -> SoftwarePasskey:
    return SoftwarePasskey(NAME, client.headers["origin"])


async def asked(client: httpx.AsyncClient, path: str) -> dict[str, Any]:
    answer = await client.post(path)
    assert answer.status_code == 200, answer.text
    options: dict[str, Any] = answer.json()["options"]
    return options


async def make(client: httpx.AsyncClient, key: SoftwarePasskey) -> httpx.Response:
    body = key.made(await asked(client, OWN)) | {"label": "phone"}
    return await client.post(f"{OWN}/confirm", json=body)


async def sign_in(client: httpx.AsyncClient, key: SoftwarePasskey) -> httpx.Response:
    return await client.post(IN, json=key.used(await asked(client, f"{IN}/challenge")))


async def test_a_passkey_signs_in_without_password_and_is_a_second_factor(server: Running) -> None:
    async with person(server, "keo") as client, at_a_name(server) as other:
        key = device(client)
        made = await make(client, key)
        assert made.status_code == 201, made.text
        codes = made.json()["codes"]
        assert len(codes) == 10
        [known] = (await client.get(OWN)).json()["passkeys"]
        assert (known["label"], known["rp_id"], known["here"]) == ("phone", NAME, True)
        assert (await sign_in(other, key)).json()["user"] == "keo"
        assert (await other.get("/api/session")).json()["role"] == "commander"
        body = {"name": "keo", "password": PASSWORD}
        assert (await other.post("/api/session", json=body)).json()["error"] == "code_needed"
        assert (await other.post("/api/session", json=body | {"code": codes[0]})).is_success


@pytest.mark.parametrize("wrong", ["origin", "rp_id", "flags", "purpose", "key", "late"])
async def test_what_is_not_of_this_office_this_moment_and_this_person_lets_nobody_in(
    server: Running, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    async with person(server, f"bad-{wrong}") as client, at_a_name(server) as other:
        key = device(client)
        assert (await make(client, key)).status_code == 201
        options = await asked(other, f"{IN}/challenge")
        if wrong == "origin":
            key.origin = "https://patrol.example"
        elif wrong == "rp_id":
            key.rp_id = "patrol.example"
        elif wrong == "flags":
            key.flags = PRESENT  # nobody was asked for finger, face or PIN
        elif wrong == "purpose":
            options = await asked(client, "/api/session/proof/challenge")
        elif wrong == "key":
            id, key = key.id, device(client)
            key.id = id
        else:
            monkeypatch.setattr(passkeys, "GOOD_FOR", timedelta(seconds=-1))
        refused = await other.post(IN, json=key.used(options))
        assert (refused.status_code, refused.json()["error"]) == (401, "sign_in_refused")
        assert (await other.get("/api/session")).status_code == 401


async def test_an_answer_is_good_once(server: Running) -> None:
    async with person(server, "noi") as client, at_a_name(server) as other:
        key = device(client)
        await make(client, key)
        body = key.used(await asked(other, f"{IN}/challenge"))
        assert (await other.post(IN, json=body)).status_code == 200
        assert (await at_once(server, body)).status_code == 401


async def at_once(server: Running, body: dict[str, str]) -> httpx.Response:
    async with at_a_name(server) as thief:
        return await thief.post(IN, json=body)


async def test_a_passkey_is_made_in_ones_own_session_only(server: Running) -> None:
    async with person(server, "tik") as client, person(server, "tok") as other:
        options = await asked(client, OWN)
        body = device(client).made(options) | {"label": "theirs"}
        assert (await other.post(f"{OWN}/confirm", json=body)).status_code == 401
        assert (await client.post(f"{OWN}/confirm", json=body)).status_code == 201
        again = await client.post(f"{OWN}/confirm", json=body)
        assert again.status_code == 409
        assert len((await client.get(OWN)).json()["passkeys"]) == 1


async def test_a_passkey_that_no_device_made_is_refused_and_one_of_an_ended_session_too(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with person(server, "mek") as client:
        body = device(client).made(await asked(client, OWN)) | {"label": "made up"}
        statement = {"response": 7, "ver": "1"}
        about = cbor2.loads(urlsafe_b64decode(body["attestation"] + "=="))
        about |= {"fmt": "android-safetynet", "attStmt": statement}
        wrong = body | {"attestation": text_of(cbor2.dumps(about))}
        refused = await client.post(f"{OWN}/confirm", json=wrong)
        assert (refused.status_code, refused.json()["error"]) == (401, "sign_in_refused")
        monkeypatch.setattr(passkeys, "MOST", 0)  # asked for before there were so many
        assert (await client.post(f"{OWN}/confirm", json=body)).status_code == 409
        monkeypatch.undo()
        user, _ = await server.office.people.user("mek") or (None, None)
        assert user is not None
        name = passkeys.Name(rp_id=NAME, origin=client.headers["origin"])
        own = server.office.accounts.passkeys
        key = device(client)
        made = NewPasskey(**key.made(await own.begin(user, name, session="gone")), label="late")
        with pytest.raises(Conflict, match="session has ended"):
            await own.add(user, name, made.as_made(), label="late", session="gone")
        assert (await client.get(OWN)).json()["passkeys"] == []


async def test_a_passkey_is_a_recent_proof_for_who_holds_it(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with person(server, "mali", "admin") as client, person(server, "boun") as other:
        key, theirs = device(client), device(other)
        await make(client, key)
        await make(other, theirs)
        pass_time(server, monkeypatch)
        boat = {"name": "boat-7"}
        assert is_asked(await client.post("/api/devices", json=boat))
        path = "/api/session/proof/challenge"
        proof = "/api/session/proof/passkey"
        stolen = theirs.used(await asked(client, path))
        assert (await client.post(proof, json=stolen)).status_code == 401
        body = key.used(await asked(client, path))
        assert (await client.post(proof, json=body)).status_code == 204
        assert (await client.post("/api/devices", json=boat)).status_code == 201


async def test_a_passkey_that_is_removed_lets_in_no_more_and_its_codes_go_with_the_last(
    server: Running,
) -> None:
    async with person(server, "kham") as client, at_a_name(server) as other:
        key = device(client)
        await make(client, key)
        [known] = (await client.get(OWN)).json()["passkeys"]
        assert (await client.delete(f"{OWN}/{known['id']}")).status_code == 204
        assert (await client.delete(f"{OWN}/{known['id']}")).status_code == 404
        assert (await sign_in(other, key)).status_code == 401
        body = {"name": "kham", "password": PASSWORD}
        assert (await other.post("/api/session", json=body)).status_code == 200
        state = (await other.get("/api/session/second-factor")).json()
        assert (state["passkeys"], state["recovery_left"]) == (0, 0)


async def test_who_helps_somebody_that_lost_it_all_removes_passkeys_too(server: Running) -> None:
    async with person(server, "sone") as client, person(server, "head", "admin") as head:
        key = device(client)
        await make(client, key)
        gone = await head.delete("/api/users/sone/second-factor")
        assert gone.status_code == 204
        async with at_a_name(server) as other:
            assert (await sign_in(other, key)).status_code == 401


async def test_a_new_administrator_is_led_to_one_and_can_do_nothing_else_until_then(
    tmp_path: Path,
) -> None:
    needed = AccessSettings().second_factor
    assert set(needed) == {"admin", "liaison"}
    async with (
        running(tmp_path, access={"second_factor": needed}) as server,
        person(server, "boss", "admin") as client,
    ):
        for path in ("/api/users", "/api/units", "/api/tokens"):
            refused = await client.get(path)
            assert (refused.status_code, refused.json()["error"]) == (403, "second_factor_needed")
        assert (await client.get("/api/session/second-factor")).json()["required"]
        assert (await make(client, device(client))).status_code == 201
        assert (await client.get("/api/users")).status_code == 200


async def test_there_are_none_at_an_address_that_is_a_number(server: Running) -> None:
    async with server.signed_in() as client:
        assert (await client.get(OWN)).json() == {"possible": False, "passkeys": []}
        assert not (await client.get("/api/session/ways")).json()["passkeys"]
        for path in (OWN, f"{IN}/challenge", "/api/session/proof/challenge"):
            refused = await client.post(path)
            assert (refused.status_code, refused.json()["code"]) == (409, "no_name")
    async with at_a_name(server) as there:
        assert (await there.get("/api/session/ways")).json()["passkeys"]
