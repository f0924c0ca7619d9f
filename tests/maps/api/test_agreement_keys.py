"""An officer signs agreements with a passkey: what is done, and anybody can prove it later."""

from __future__ import annotations

from base64 import b64decode
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest_asyncio
from msgspec.structs import replace
from sqlalchemy import Connection, create_engine, update

from maps.evidence.agreement_signatures import prove_signatures, signature_fault
from patrol.agreements.agreement import Agreement
from patrol.store.records import documents
from patrol.store.schema import tables
from tests.maps.accounts.credentials.software_passkey import PRESENT, VERIFIED, SoftwarePasskey
from tests.maps.accounts.credentials.test_passkeys import at_a_name, device, make
from tests.maps.servers.offices import LAO, THAI, Offices, two_offices


class Officer:
    """An officer who came by the office's name and has a passkey.

    Attributes:
        client: The browser.
        key: The passkey.
    """

    def __init__(self, client: httpx.AsyncClient, key: SoftwarePasskey) -> None:
        self.client, self.key = client, key

    async def asked(self, path: str, act: str, **what: Any) -> dict[str, Any]:
        answer = await self.client.post(f"{path}/challenge", json={"act": act} | what)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def answered(self, body: dict[str, Any]) -> dict[str, str]:
        return self.key.used(body["options"]) | {"nonce": body["nonce"]}

    async def do(self, path: str, act: str, *, version: int = 0, **what: Any) -> Any:
        answers = {"passkey": self.answered(await self.asked(path, act, **what))} | what
        if act == "change":
            answer = await self.client.put(f"{path}/terms", json=answers)
        else:
            more = {"version": version} if act == "sign" else {}
            answer = await self.client.post(f"{path}/{act}", json=answers | more)
        assert answer.status_code == 200, answer.text
        return answer.json()


@asynccontextmanager
async def officer(offices: Offices, name: str) -> AsyncIterator[Officer]:
    found = await offices.server.office.people.user(name)
    assert found is not None
    async with at_a_name(offices.server) as client:
        token = await offices.server.office.people.link_for(found[0], minutes=5)
        assert (await client.post("/api/session/link", json={"token": token})).is_success
        key = device(client)
        assert (await make(client, key)).status_code == 201
        yield Officer(client, key)


@pytest_asyncio.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    async with two_offices(tmp_path, access={"passkey_signatures": True}) as found:
        yield found


def terms(**changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "name": "Joint patrols",
        "purposes": ["safety of crews"],
        "classes": ["positions", "distress"],
        "valid_from": (now - timedelta(hours=1)).isoformat(),
        "valid_until": (now + timedelta(days=30)).isoformat(),
    } | changes


async def proposed(offices: Offices, **changes: Any) -> str:
    body = {"agencies": [LAO, THAI], "terms": terms(**changes)}
    made = await offices["noy"].post("/api/agreements", json=body)
    path = f"/api/agreements/{made.json()['id']}"
    assert (await offices["noy"].post(f"{path}/propose")).status_code == 200
    return path


async def test_what_officers_sign_with_passkeys_is_proved_from_the_record_alone(
    offices: Offices,
) -> None:
    async with AsyncExitStack() as stack:
        kham = await stack.enter_async_context(officer(offices, "kham"))
        chai = await stack.enter_async_context(officer(offices, "chai"))
        path = await proposed(offices)
        by_session = await chai.client.post(f"{path}/sign", json={"version": 2})
        assert (by_session.status_code, by_session.json()["code"]) == (409, "passkey_needed")
        await kham.do(path, "sign", version=2, office="BLO Houay Xai")
        answer = await chai.do(path, "sign", version=3, office="BLO Chiang Khong")
        assert answer["state"] == "active"
        theirs, own = (each["key"] for each in answer["signatures"])
        assert own["label"] == "phone"
        assert "label" not in theirs, "what their officer calls the key stays there"
        suspended = await kham.do(path, "suspend", reason="by order", also=["distress"])
        assert suspended["state"] == "suspended"
        stretch = {
            "start": (datetime.now(UTC) - timedelta(minutes=2)).isoformat(),
            "end": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(),
            "classes": ["positions"],
        }
        await kham.do(path, "resume", reason="settled", backfill=stretch)
        await chai.do(path, "backfill", backfill=stretch, reason="asked for")
        in_a_hurry = await chai.client.post(f"{path}/suspend", json={"reason": "at once"})
        assert in_a_hurry.status_code == 200, "with the key at hand or not"
        await chai.do(path, "change", terms=terms(precision_m=500), reason="less exact")
        await kham.do(path, "end", reason="over")

    rows = (await offices["keo"].get("/api/audit", params={"act": "add passkey"})).json()
    introduced = {row["detail"]["key_sha256"] for row in rows["lines"]}
    assert sha256(b64decode(theirs["public_key"])).hexdigest() in introduced
    store = offices.server.office.watch.store
    proof = await store.read(prove_signatures)
    assert proof.faults == ()
    assert (proof.by_key, proof.by_session) == (7, 1)
    await store.write(forge, path.rpartition("/")[2])
    [fault] = (await store.read(prove_signatures)).faults
    assert "version 8: it is not what the parties' words come to" in fault


def forge(connection: Connection, id: str) -> None:
    """Write into a store that a suspended agreement is in force, as its machine's owner can."""
    suspended = documents.at_version(connection, "agreement", id, 8)
    assert isinstance(suspended, Agreement)
    assert suspended.state == "suspended"
    given = tuple(replace(each, is_given=True) for each in suspended.consents)
    forged = replace(suspended, state="active", consents=given)
    table = tables.documents
    connection.execute(
        update(table)
        .where(table.c.id == id, table.c.version == 8)
        .values(body=msgspec.json.encode(forged))
    )


def test_what_was_stored_before_words_were_kept_is_proved_as_it_was() -> None:
    lines = Path("tests/patrol/data/agreement_versions.jsonl").read_bytes().splitlines()
    versions = [msgspec.json.decode(each, type=Agreement) for each in lines]
    with create_engine("sqlite://").begin() as connection:
        tables.documents.create(connection)
        for version in versions:
            documents.put(connection, version)
        proof = prove_signatures(connection)
    assert (proof.faults, proof.by_key, proof.by_session) == ((), 7, 1)


async def test_a_signature_is_of_one_text_one_agreement_one_officer_and_one_moment(
    offices: Offices,
) -> None:
    async with AsyncExitStack() as stack:
        kham = await stack.enter_async_context(officer(offices, "kham"))
        somchai = await stack.enter_async_context(officer(offices, "somchai"))
        path, other = await proposed(offices), await proposed(offices, name="Another")

        async def refused(said: dict[str, Any], at: str = path, **what: Any) -> None:
            body = {"version": 2, "office": "BLO", "passkey": said} | what
            answer = await kham.client.post(f"{at}/sign", json=body)
            assert (answer.status_code, answer.json()["error"]) == (401, "sign_in_refused")
            offices.server.office.accounts.codes.forget_failures("kham")  # not this is tried here

        asked = await kham.asked(path, "sign", office="BLO")
        await refused(kham.answered(asked), at=other)
        await refused(kham.answered(asked), office="BLO Houay Xai")
        await refused(somchai.answered(asked))
        await refused(kham.answered(asked) | {"nonce": "1.a.b"})
        stranger = SoftwarePasskey(kham.key.rp_id, kham.key.origin)
        stranger.id = kham.key.id
        await refused(Officer(kham.client, stranger).answered(asked))
        kham.key.flags = PRESENT  # nobody was asked for finger, face or PIN
        await refused(kham.answered(asked))
        kham.key.flags, kham.key.origin = PRESENT | VERIFIED, "https://patrol.example"
        await refused(kham.answered(asked))
        kham.key.origin = kham.client.headers["origin"]

        said = kham.answered(asked)
        await somchai.do(path, "change", terms=terms(classes=["positions", "tracks"]))
        await refused(said)  # of other terms than these
        said = kham.answered(await kham.asked(path, "sign", office="BLO"))
        body = {"version": 3, "office": "BLO", "passkey": said}
        signed = await kham.client.post(f"{path}/sign", json=body)
        assert signed.status_code == 200, signed.text
        await refused(said)  # once

    agreement = await offices.desk("kham").agreements.one(path.rpartition("/")[2])
    [signature] = agreement.signatures
    signed_by = signature.key
    assert signed_by is not None

    def fault(version: Agreement, **changed: Any) -> str | None:
        key = replace(signed_by, **changed)
        return signature_fault(version, "sign", LAO, signature.at, key)

    assert fault(agreement) is None
    longer = replace(agreement.terms, valid_until=agreement.terms.valid_until + timedelta(days=1))
    word = agreement.words[-1]
    moved = replace(word, content=replace(word.content, office="Vientiane"))
    for altered in (
        replace(agreement, terms=longer),
        replace(agreement, id="another"),
        replace(agreement, agencies=(LAO, THAI, "mm-tl")),
        replace(agreement, words=(*agreement.words[:-1], moved)),
    ):
        assert "signed something else" in str(fault(altered))
    text = signed_by.text.replace('"agency":"la-hx"', '"agency":"th-ck"')
    assert fault(agreement, text=text)
    assert fault(agreement, nonce=signed_by.nonce.replace(".", "1.", 1))
    assert fault(agreement, rp_id="patrol.example")
    for no_key in (signed_by.credential, b"", b"a\x15", b"\xa0", b"\x04", b"\x80"):
        assert fault(agreement, public_key=no_key)
    late = signature.at + timedelta(days=1)
    assert signature_fault(agreement, "sign", LAO, late, signed_by)
