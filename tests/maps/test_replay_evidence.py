"""Evidence: signed, whole, noted in the journal; the first thing that does not hold is named."""

from __future__ import annotations

import csv
import io
import json
import re
import threading
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from typer.testing import CliRunner

from maps.__main__ import app
from maps.evidence_file import BadEvidence, Manifest, files_inside, sealed, verify
from maps.signing_journal import key_file
from patrol.audit_key import AuditKey, audit_key
from patrol.replay_desk import LinkedRow
from tests import needs
from tests.maps.agreed import agree
from tests.maps.offices import THAI, Offices
from tests.maps.running import Running
from tests.maps.test_ogc_api import sail
from tests.maps.test_replay import DAY, boat, offices, report  # noqa: F401 - a fixture

Files = dict[str, bytes]


def unzipped(body: bytes) -> Files:
    """Return what is in a zip."""
    with zipfile.ZipFile(io.BytesIO(body)) as packed:
        return {name: packed.read(name) for name in packed.namelist()}


def zipped(files: Files, to: Path) -> Path:
    """Write files as a zip."""
    with zipfile.ZipFile(to, "w") as packed:
        for name, body in files.items():
            packed.writestr(name, body)
    return to


def now_range() -> dict[str, str]:
    """Return a range that holds what happens in a test."""
    now = datetime.now(UTC)
    return {
        "start": (now - timedelta(hours=2)).isoformat(),
        "end": (now + timedelta(minutes=1)).isoformat(),
    }


async def made(server: Running, role: Any = "admin", **query: str) -> bytes:
    """Return the evidence file that a role is given."""
    async with server.signed_in(role) as client:
        answer = await client.get("/api/replay/evidence", params=DAY | query)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "application/zip"
        return answer.content


async def test_what_is_given_out_holds_and_is_noted(server: Running, tmp_path: Path) -> None:
    naga = await sail(server, "=Naga 1", "n1", 30, lon=100.4)
    file = tmp_path / "evidence.zip"
    file.write_bytes(await made(server))
    found = verify(file)
    manifest = found.manifest
    assert manifest.counts["positions"] == 30
    assert manifest.counts["messages"] == 30
    assert (manifest.asked.user, manifest.asked.role) == ("admin", "admin")
    assert manifest.units == ({"id": naga, "call_sign": "=Naga 1"},)
    assert manifest.time_zone == "Asia/Vientiane"
    assert manifest.start_local == "2026-11-23T07:00:00+07:00"
    key = audit_key(key_file(server.office.settings))
    assert found.public_key == key.public
    files = unzipped(file.read_bytes())
    rows = list(csv.DictReader(io.StringIO(files["positions.csv"].decode())))
    assert rows[0]["call_sign"] == "'=Naga 1", "no formula for a spreadsheet"
    assert rows[0]["time_local"] == "2026-11-24T05:00:00+07:00"
    heard = [json.loads(line) for line in files["transmissions.jsonl"].splitlines()]
    assert heard[0]["unit"] == naga
    assert b"Asia/Vientiane" in files["README.txt"]
    async with server.signed_in("admin") as client:
        lines = (await client.get("/api/audit?act=export")).json()["lines"]
    assert lines[0]["subject"] == "export:evidence"
    assert lines[0]["detail"]["units"] == []
    assert re.fullmatch("[0-9a-f]{64}", lines[0]["detail"]["sha256"])
    told = CliRunner().invoke(app, ["evidence", "verify", str(file), "--key", key.public])
    assert told.exit_code == 0, told.output
    assert "everything holds" in told.output


async def test_the_journal_is_proved_and_told_to_who_may_see_it(
    server: Running, tmp_path: Path
) -> None:
    await sail(server, "Naga 1", "n1", 3, lon=100.4)
    for role in ("admin", "commander"):
        file = tmp_path / f"{role}.zip"
        file.write_bytes(await made(server, role, **now_range()))
        found = verify(file)
        rows = found.manifest.counts["journal rows"]
        assert rows > 3
        said = unzipped(file.read_bytes())["journal.jsonl"]
        if role == "admin":
            assert found.rows_told == rows
            assert b'"subject":"unit:' in said
        else:
            assert found.rows_told == 0
            assert b"actor" not in said
            assert any("hang together" in each for each in found.manifest.left_out)
    crew = unzipped(await made(server, "crew"))
    assert "transmissions.jsonl" not in crew
    assert "the role may not see them" in crew["manifest.json"].decode()


def _byte(name: str) -> Callable[[Files], None]:
    def alter(files: Files) -> None:
        body = bytearray(files[name])
        body[len(body) // 2] ^= 1
        files[name] = bytes(body)

    return alter


def _lost(name: str) -> Callable[[Files], None]:
    return lambda files: void(files.pop(name))


def void(_: object) -> None:
    return None


def _more(files: Files) -> None:
    files["more.txt"] = b"put in later"


def _shorter(files: Files) -> None:
    files["positions.csv"] = files["positions.csv"][:-10]


def _other_key(files: Files) -> None:
    """Sign the whole again with a key of one's own, after changing a position."""
    manifest = json.loads(files["manifest.json"])
    inside = {name: body for name, body in files.items() if name in _names(manifest)}
    inside["positions.csv"] = inside["positions.csv"].replace(b"100.4", b"100.5")
    files.clear()
    files |= unzipped(_signed(manifest, inside, AuditKey(b"x" * 32)))


def _names(manifest: dict[str, Any]) -> set[str]:
    return {each["name"] for each in manifest["files"]}


def _signed(manifest: dict[str, Any], files: Files, key: AuditKey) -> bytes:
    said = msgspec.convert(manifest, Manifest)
    return sealed(msgspec.structs.replace(said, files=files_inside(files)), files, key)


TAMPERED: tuple[tuple[Callable[[Files], None], str, str], ...] = (
    (_byte("positions.csv"), "positions.csv", "altered"),
    (_byte("positions.geojson"), "positions.geojson", "altered"),
    (_byte("transmissions.jsonl"), "transmissions.jsonl", "altered"),
    (_byte("journal.jsonl"), "journal.jsonl", "altered"),
    (_byte("README.txt"), "README.txt", "altered"),
    (_byte("manifest.json"), "manifest.json", "altered"),
    (_shorter, "positions.csv", "altered"),
    (_lost("positions.csv"), "positions.csv", "missing"),
    (_lost("journal.jsonl"), "journal.jsonl", "missing"),
    (_lost("signature.json"), "signature.json", "missing"),
    (_lost("manifest.json"), "manifest.json", "missing"),
    (_more, "more.txt", "put in later"),
    (_other_key, "signature.json", "another key"),
)


async def test_each_kind_of_tampering_is_named(server: Running, tmp_path: Path) -> None:
    await sail(server, "Naga 1", "n1", 5, lon=100.4)
    body = await made(server)
    public = audit_key(key_file(server.office.settings)).public
    for number, (tamper, what, why) in enumerate(TAMPERED):
        files = unzipped(body)
        tamper(files)
        file = zipped(files, tmp_path / f"{number}.zip")
        with pytest.raises(BadEvidence) as caught:
            verify(file, public=public)
        assert (caught.value.what, why in caught.value.why) == (what, True), str(caught.value)
    torn = tmp_path / "torn.zip"
    for kept in (len(body) // 2, len(body) - 30):
        torn.write_bytes(body[:kept])
        with pytest.raises(BadEvidence):
            verify(torn)
    told = CliRunner().invoke(app, ["evidence", "verify", str(torn)])
    assert told.exit_code == 1
    assert "torn.zip" in told.output


async def test_a_signer_cannot_leave_a_row_of_the_journal_out(
    server: Running, tmp_path: Path
) -> None:
    """Even with the node's key: rows hang together, and what they say hangs on their hashes."""
    files = unzipped(await made(server, **now_range()))
    manifest = json.loads(files["manifest.json"])
    key = audit_key(key_file(server.office.settings))
    lines = files["journal.jsonl"].splitlines(keepends=True)
    assert len(lines) > 4
    first = json.loads(lines[0])["seq"]
    changed = json.loads(lines[1]) | {"actor": "nobody"}
    outside = files["positions.csv"] + b"x,N,joint,LA,2020-01-01T00:00:00.000000Z" + b"," * 12
    faults: tuple[tuple[Files, dict[str, int], str], ...] = (
        ({"journal.jsonl": b"".join(lines[:1] + lines[2:])}, {}, f"journal row {first + 1}"),
        (
            {
                "journal.jsonl": b"".join(
                    [lines[0], json.dumps(changed).encode() + b"\n", *lines[2:]]
                )
            },
            {},
            f"journal row {first + 1}",
        ),
        ({"journal.jsonl": b"".join(lines[:-2] + lines[-1:])}, {}, "journal row"),
        ({"positions.csv": outside + b"\r\n"}, {"positions": 1}, "positions.geojson"),
    )
    for number, (altered, counts, what) in enumerate(faults):
        inside = {name: body for name, body in files.items() if name in _names(manifest)}
        about = manifest | {"counts": manifest["counts"] | counts}
        file = tmp_path / f"{number}.zip"
        file.write_bytes(_signed(about, inside | altered, key))
        with pytest.raises(BadEvidence) as caught:
            verify(file)
        assert caught.value.what.startswith(what), str(caught.value)


async def test_nothing_of_another_agency_is_in_it_that_may_not_cross(
    offices: Offices,  # noqa: F811
) -> None:
    thai, key = await boat(offices, "zqthai", "malee", THAI)
    await report(offices, "zqthai", key, datetime.now(UTC), 100.77)

    async def evidence(officer: str) -> Files:
        answer = await offices[officer].get("/api/replay/evidence", params=now_range())
        assert answer.status_code == 200, answer.text
        return unzipped(answer.content)

    for officer in ("somchai", "keo", "vanh", "bounmy"):
        told = b"".join((await evidence(officer)).values())
        assert b"zqthai" not in told
        assert thai.encode() not in told
        assert b"malee" not in told
    own = await evidence("nok")
    assert own["transmissions.jsonl"].count(b"\n") == 1
    assert b"malee" in own["journal.jsonl"]
    await agree(offices, precision_m=1000)
    await report(offices, "zqthai", key, datetime.now(UTC), 100.77)
    seen = await evidence("keo")
    assert seen["positions.csv"].count(b"zqthai") == 1, "not what was before it"
    assert b"100.77," not in seen["positions.csv"], "no more exactly than agreed"
    assert "transmissions.jsonl" not in seen
    assert json.loads(seen["manifest.json"])["agreements"][0]["state"] == "active"


async def test_the_page_asks_for_nothing_and_says_its_range(server: Running) -> None:
    needs.web_client()
    await sail(server, "Naga </script> 1", "n1", 30, lon=100.4)
    async with server.signed_in("crew") as client:
        answer = await client.get("/api/replay/page", params=DAY | {"language": "en"})
        assert answer.status_code == 200, answer.text
        page = answer.text
        lao = await client.get("/api/replay/page", params=DAY | {"language": "lo"})
    assert not re.search(r"<(script|link|img|iframe)[^>]* (src|href)=.?(https?:)?//", page)
    assert page.count("</html>") == 1
    assert "Naga </script>" not in page
    assert "Asia/Vientiane" in page
    assert '<html lang="lo">' in lao.text


async def test_a_unit_named_twice_is_told_once(server: Running, tmp_path: Path) -> None:
    naga = await sail(server, "Naga 1", "n1", 5, lon=100.4)
    async with server.signed_in("admin") as client:
        twice: dict[str, Any] = DAY | {"unit": [naga, naga]}
        answer = await client.get("/api/replay/evidence", params=twice)
        totals = (await client.get("/api/replay/totals", params=twice)).json()
    file = tmp_path / "evidence.zip"
    file.write_bytes(answer.content)
    assert verify(file).manifest.counts["positions"] == 5
    assert [each["positions"] for each in totals["units"]] == [5]


async def test_nobody_waits_while_rows_are_laid_out(
    server: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    beside: list[bool] = []

    def watched(**told: Any) -> LinkedRow:
        beside.append(threading.current_thread() is not threading.main_thread())
        return LinkedRow(**told)

    monkeypatch.setattr("patrol.replay_desk.LinkedRow", watched)
    await made(server, **now_range())
    assert beside
    assert all(beside), "two hundred thousand rows would hold up every position"


async def test_messages_that_are_too_many_are_named_as_left_out(
    server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("1", "2", "3"):
        await sail(server, f"Naga {name}", f"n{name}", 4, lon=100.4)
    for most, kept in ((12, 12), (11, 11), (6, 6), (4, 4)):
        monkeypatch.setattr("maps.evidence_making.MOST_RAW", most)
        file = tmp_path / f"{most}.zip"
        file.write_bytes(await made(server))
        manifest = verify(file).manifest
        assert manifest.counts["messages"] == kept
        named = "transmissions: more than can be told" in manifest.left_out
        assert named == (most < 12), "what is cut off is said"
