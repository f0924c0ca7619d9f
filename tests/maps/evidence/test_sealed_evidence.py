"""Cameras' own files: from a phone into the store, and out of it as evidence only."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from maps.evidence.evidence_verification import BadEvidence, verify
from tests.maps.api.operations.test_photos import phone_photo
from tests.maps.servers.running import Running

PATH = "/api/replay/evidence/originals"


def today() -> dict[str, str]:
    now = datetime.now(UTC)
    return {
        "start": (now - timedelta(hours=1)).isoformat(),
        "end": (now + timedelta(minutes=5)).isoformat(),
    }


async def test_what_the_camera_made_comes_late_and_leaves_as_evidence_only(
    server: Running, tmp_path: Path
) -> None:
    camera, small, id = phone_photo("olive"), phone_photo("olive", quality=40), uuid4().hex
    digest = hashlib.sha256(camera).hexdigest()
    async with server.signed_in("crew") as crew:
        early = await crew.put(f"/api/crew/originals/{id}", content=camera)
        assert early.status_code == 404, "its small picture is not there"
        first = await crew.put(f"/api/crew/photos/{id}", params={"small": True}, content=small)
        assert first.status_code == 204
        incident = uuid4().hex
        told = {"kind": "incident", "id": incident, "category": "drugs", "photos": [id]}
        told |= {"at": datetime.now(UTC).isoformat(), "when": datetime.now(UTC).isoformat()}
        took = (await crew.post("/api/crew/reports", json={"reports": [told]})).json()
        assert took["taken"] == [incident], took
        (logged,) = (await crew.get("/api/incidents")).json()
        incident, (photo,) = logged["id"], logged["photos"]
        assert (await crew.get(f"/api/photos/{photo}/originals")).json() == []
        bad = await crew.put(f"/api/crew/originals/{id}", content=b"no picture")
        assert (bad.status_code, bad.json()["error"]) == (422, "bad_photo")
        for _ in range(2):
            late = await crew.put(f"/api/crew/originals/{id}", content=camera)
            assert late.status_code == 204, late.text
        (about,) = (await crew.get(f"/api/photos/{photo}/originals")).json()
        assert (about["sha256"], about["lat"]) == (digest, 20.27)
        data = (await crew.get(f"/api/photos/{photo}")).content
        assert (await crew.get(PATH, params=today())).status_code == 403
    async with server.signed_in("planner") as planner:
        another = await planner.put(f"/api/crew/originals/{id}", content=phone_photo("red"))
        assert another.status_code in (403, 404), "only who sent the picture sends its original"
        assert (await planner.get(PATH, params=today())).status_code == 403

    async with server.signed_in("commander") as commander:
        answer = await commander.get(PATH, params=today())
        assert answer.status_code == 200, answer.text
        plain = await commander.get("/api/replay/evidence", params=today())
    names = zipfile.ZipFile(io.BytesIO(plain.content)).namelist()
    assert not [name for name in names if "original" in name or "photo" in name]
    file = tmp_path / "evidence.zip"
    file.write_bytes(answer.content)
    assert verify(file).manifest.counts["originals"] >= 1
    with zipfile.ZipFile(file) as inside:
        assert inside.read(f"originals/{digest}") == camera
        assert inside.read(f"shown/{photo}.jpg") == data
        lines = [json.loads(line) for line in inside.read("photos.jsonl").splitlines()]
        assert "messages.jsonl" in inside.namelist()
    (line,) = [each for each in lines if each["sha256"] == digest]
    assert line["of"] == [f"incident:{incident}"]
    assert (line["taken_at"], line["lon"]) == ("2026-11-24T02:30:15Z", 100.43)
    async with server.signed_in("admin") as admin:
        (row, *_) = (await admin.get("/api/audit", params={"act": "export"})).json()["lines"][1:]
        assert digest in row["detail"]["originals"]


async def test_evidence_with_another_original_in_it_does_not_hold(
    server: Running, tmp_path: Path
) -> None:
    async with server.signed_in("commander") as commander:
        body = (await commander.post("/api/photos", content=phone_photo("plum"))).json()
        logged = await commander.post(
            "/api/incidents",
            json={"category": "drugs", "when": "2026-11-24", "photos": [body["photo"]]},
        )
        assert logged.status_code == 201, logged.text
        answer = await commander.get(PATH, params=today())
    changed = tmp_path / "changed.zip"
    with (
        zipfile.ZipFile(io.BytesIO(answer.content)) as inside,
        zipfile.ZipFile(changed, "w") as out,
    ):
        for name in inside.namelist():
            is_it = name == f"originals/{body['original']}"
            out.writestr(name, phone_photo("pink") if is_it else inside.read(name))
    with pytest.raises(BadEvidence, match=f"originals/{body['original']}"):
        verify(changed)
