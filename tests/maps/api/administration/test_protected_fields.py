"""Protected fields over HTTP: read by who must know, and found in plain nowhere else."""

from __future__ import annotations

import io
import logging
import sys
import zipfile
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import structlog

from maps.runtime.logs import set_up_logging
from patrol.protected_fields.field_key import FieldKeys
from patrol.store.backup.backup import back_up
from tests.fixtures.databases import sqlite_only
from tests.maps.accounts.test_access_phones import phone
from tests.maps.servers.running import Running, running, wait_until

WORDS = {
    "names": "ZQ-arrested",
    "informants": "ZQ-informant",
    "witnesses": "ZQ-witness",
    "victims": "ZQ-victim",
}
MARK = "ZQ-"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[Running]:
    async with running(tmp_path) as started:
        yield started


async def logged(client: httpx.AsyncClient, **more: Any) -> str:
    body = {"category": "drugs", "when": datetime.now(UTC).isoformat(), **WORDS, **more}
    answer = await client.post("/api/incidents", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


async def test_a_commander_reads_with_a_purpose_and_a_recent_proof(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with server.signed_in("crew") as crew, server.signed_in("commander") as office:
        id = await logged(crew)
        url = f"/api/protected/incident/{id}"
        assert (await office.post(f"{url}/reading", json={"purpose": ""})).status_code == 422
        answer = await office.post(f"{url}/reading", json={"purpose": "asked by the court"})
        assert answer.status_code == 200, answer.text
        assert answer.headers["cache-control"] == "no-store"
        shown = answer.json()
        assert {each["field"]: each["words"] for each in shown} == WORDS
        one = shown[0]["id"]
        order = {"kind": "incident", "id": id, "reason": "order of a court, 14/2026"}
        hold = (await office.post("/api/legal-holds", json=order)).json()["id"]
        held = await office.post(f"{url}/{one}/redaction", json={"reason": "he asked for it"})
        assert (held.status_code, held.json()["code"]) == (409, "legal_hold"), held.text
        assert "released first" in held.json()["message"]
        freed = await office.post(f"/api/legal-holds/{hold}/release", json={"reason": "it is over"})
        assert freed.status_code == 200, freed.text
        gone = await office.post(f"{url}/{one}/redaction", json={"reason": "he asked for it"})
        assert gone.status_code == 200, gone.text
        assert "words" not in gone.json()
        added = await crew.post(url, json={"field": "witnesses", "words": "ZQ-second"})
        assert added.status_code == 201, added.text
        assert "ZQ-" not in added.text, "who writes is not shown what is there"
        wrong = await office.post(
            "/api/protected/patrol/x/reading", json={"purpose": "asked by the court"}
        )
        assert wrong.status_code == 422
        # what a session of a while ago may not do
        office.auth = httpx.Auth()  # it signs nobody in anew
        monkeypatch.setattr(
            server.office.accounts.proof, "now", lambda: datetime.now(UTC) + timedelta(minutes=6)
        )
        for method, path, body in (
            ("POST", f"{url}/reading", {"purpose": "x"}),
            ("POST", f"{url}/{one}/redaction", {"reason": "x"}),
            ("PUT", f"{url}/readers/liaison", None),
        ):
            refused = await office.request(method, path, json=body)
            assert (refused.status_code, refused.json()["error"]) == (401, "proof_needed"), path


async def test_no_phone_device_or_token_reads_and_a_case_is_given_to_a_person(
    server: Running,
) -> None:
    async with (
        server.signed_in("crew") as crew,
        server.signed_in("commander") as office,
        server.signed_in("liaison") as liaison,
    ):
        url = f"/api/protected/incident/{await logged(crew)}"
        why = {"purpose": "x"}
        for client in (crew, liaison):
            assert (await client.post(f"{url}/reading", json=why)).status_code == 403
        scopes = ["read:picture", "read:patrols", "write:patrols"]
        token = await office.post("/api/tokens", json={"label": "t", "scopes": scopes})
        async with (
            server.stranger(authorization=f"Bearer {token.json()['token']}") as program,
            phone(server, office) as boat,
        ):
            for client in (program, boat):
                assert (await client.post(f"{url}/reading", json=why)).status_code == 403
                wrote = await client.post(url, json={"field": "names", "words": "x"})
                assert wrote.status_code == 403
        given = await office.put(f"{url}/readers/liaison")
        assert given.json()["readers"] == ["liaison"]
        assert "liaison" not in str(given.json()["candidates"])
        assert (await liaison.post(f"{url}/reading", json=why)).status_code == 200
        assert (await office.put(f"{url}/readers/crew")).status_code == 409
        [reader] = (await office.get("/api/protected/readers")).json()
        assert (reader["reader"], reader["by"]) == ("liaison", "commander")
        freed = (await office.delete(f"{url}/readers/liaison")).json()
        assert freed["readers"] == []
        assert {"name": "liaison", "role": "liaison"} in freed["candidates"]
        assert (await liaison.post(f"{url}/reading", json=why)).status_code == 403


async def test_a_report_of_a_phone_that_cannot_be_sealed_stays_on_it(
    server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server.office.watch, "field_keys", FieldKeys(tmp_path / "none"))
    async with server.signed_in("crew") as crew:
        now = datetime.now(UTC).isoformat()
        report = {"id": "0" * 32, "kind": "incident", "at": now, "category": "drugs",
                  "when": now, "informants": WORDS["informants"]}  # fmt: skip
        answer = (await crew.post("/api/crew/reports", json={"reports": [report]})).json()
        assert [each["error"] for each in answer["refused"]] == ["no_field_key"]
        body = {"category": "drugs", "when": now, "informants": WORDS["informants"]}
        refused = await crew.post("/api/incidents", json=body)
        assert (refused.status_code, refused.json()["error"]) == (503, "no_field_key")
        assert "joint-patrol keys make" in refused.json()["message"]
        assert (await crew.get("/api/incidents")).json() == []


@sqlite_only
async def test_the_words_are_in_plain_in_no_file_log_frame_export_or_back_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = structlog.get_config()
    string_i_o = io.StringIO()
    monkeypatch.setattr(sys, "stderr", string_i_o)
    set_up_logging()
    logging.getLogger().setLevel(logging.DEBUG)
    folder = tmp_path / "node"
    folder.mkdir()
    try:
        async with (
            running(folder) as server,
            server.signed_in("crew") as crew,
            server.signed_in("commander") as office,
            server.live(office) as live,
        ):
            frames = [str(await live.frame())]
            id = await logged(crew)
            target = await crew.post(
                "/api/targets",
                json={"what": "vessel", "name": "grey boat", "private_note": "ZQ-note",
                      "informants": ["ZQ-teller"], "witnesses": ["ZQ-seer"],
                      "sighting": {"lon": 100.41, "lat": 20.27, "private_note": "ZQ-sighted"}},
            )  # fmt: skip
            assert target.status_code == 201, target.text
            tid = target.json()["id"]
            async for _ in wait_until("both on the stream"):
                frames.append(str(await live.frame()))
                if id in "".join(frames) and tid in "".join(frames):
                    break
            for kind, document in (("incident", id), ("target", tid)):
                url = f"/api/protected/{kind}/{document}"
                response = await office.post(f"{url}/reading", json={"purpose": "to see"})
                assert MARK in response.text
            found = {
                path: (await office.get(path)).text
                for path in (
                    "/api/incidents", f"/api/incidents/{id}", f"/api/incidents/{id}/versions",
                    "/api/incidents/table.csv", "/api/targets", f"/api/targets/{tid}/versions",
                    "/api/ogc/collections/incidents/items", "/api/health",
                )
            }  # fmt: skip
            day = datetime.now(UTC)
            zipped = await office.get(
                "/api/replay/evidence",
                params={"start": (day - timedelta(hours=1)).isoformat(),
                        "end": (day + timedelta(minutes=1)).isoformat()},
            )  # fmt: skip
            assert zipped.status_code == 200, zipped.text
            with zipfile.ZipFile(io.BytesIO(zipped.content)) as opened:
                found |= {name: opened.read(name).decode() for name in opened.namelist()}
            assert id in found["papers.jsonl"]
            back_up(server.office.settings.store.url, folder / "backup")
            # what is answered may be kept by nobody on the way
            found["frames"], found["log"] = "".join(frames), string_i_o.getvalue()
            on_disk = {each.name: each.read_bytes() for each in folder.rglob("*") if each.is_file()}
    finally:
        structlog.configure(**before)
    assert "papers.jsonl" in found
    assert [name for name, text in found.items() if MARK in text] == []
    assert "backup" in on_disk
    assert [name for name, body in on_disk.items() if MARK.encode() in body] == []
