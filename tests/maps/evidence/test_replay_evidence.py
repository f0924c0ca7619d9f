"""Evidence: signed, whole, noted in the journal; the first thing that does not hold is named."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tempfile
import threading
import warnings
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from maps.__main__ import app
from maps.evidence.evidence_file import (
    FORMAT,
    SIGNATURE_FORMAT,
    Manifest,
    files_inside,
    row_line,
    sealed,
)
from maps.evidence.evidence_verification import BadEvidence, VerifiedEvidence, verify
from maps.evidence.signing_journal import key_file
from patrol.audit.chain import FIRST, canonical, chained
from patrol.audit.signed_head import signed_head
from patrol.desks.replay import LinkedRow
from patrol.documents.transaction import Note
from patrol.signatures.signing_key import SigningKey, read_or_make_key
from patrol.units.accounts import User
from patrol.units.units import Role
from tests.fixtures import needs
from tests.fixtures.examples import examples
from tests.maps.api.map.test_replay import DAY, boat, offices, report  # noqa: F401 - a fixture
from tests.maps.api.ogc.test_ogc_api import sail
from tests.maps.servers.agreement import agree
from tests.maps.servers.offices import THAI, Offices
from tests.maps.servers.running import Running

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
    assert (manifest.requester.user, manifest.requester.role) == ("admin", "admin")
    assert manifest.units == ({"id": naga, "call_sign": "=Naga 1"},)
    assert manifest.time_zone == "Asia/Vientiane"
    assert manifest.start_local == "2026-11-23T07:00:00+07:00"
    key = read_or_make_key(key_file(server.office.settings))
    assert found.public_key == key.public
    files = unzipped(file.read_bytes())
    rows = list(csv.DictReader(io.StringIO(files["positions.csv"].decode())))
    assert rows[0]["call_sign"] == "'=Naga 1", "no formula for a spreadsheet"
    assert rows[0]["time_local"] == "2026-11-24T05:00:00+07:00"
    answers = [json.loads(line) for line in files["transmissions.jsonl"].splitlines()]
    assert answers[0]["unit"] == naga
    assert b"Asia/Vientiane" in files["README.txt"]
    async with server.signed_in("admin") as client:
        lines = (await client.get("/api/audit?act=export")).json()["lines"]
    assert lines[0]["subject"] == "export:evidence"
    assert lines[0]["detail"]["units"] == []
    assert re.fullmatch("[0-9a-f]{64}", lines[0]["detail"]["sha256"])
    result = CliRunner().invoke(app, ["evidence", "verify", str(file), "--key", key.public])
    assert result.exit_code == 0, result.output
    assert "everything holds" in result.output


async def test_who_called_for_help_without_knowing_where_is_in_it(
    server: Running, tmp_path: Path
) -> None:
    naga = await sail(server, "Naga 1", "n1", 1, lon=100.4)
    called = {"id": "call", "time": "2026-11-25T08:00:00Z", "distress": True, "text": "sinking"}
    async with server.stranger(authorization=f"Bearer {await server.device('n2')}") as boat:
        assert (await boat.post("/api/positions", json=called)).json()["stored"]
    desk = server.office.desk_of(User(name="t", role="admin", agency="joint"))
    mute = await desk.registry.add_unit(call_sign="Naga 2", kind="boat", country="LA")
    await desk.registry.assign(address="position_json:n2", unit=mute.id)
    later = {"start": "2026-11-25T00:00:00Z", "end": "2026-11-26T00:00:00Z"}
    for body in (DAY | later, DAY | later | {"unit": mute.id}):
        file = tmp_path / "evidence.zip"
        file.write_bytes(await made(server, **body))
        manifest = verify(file).manifest
        assert (manifest.counts["positions"], manifest.counts["messages"]) == (0, 1)
        assert manifest.units == ({"id": mute.id, "call_sign": "Naga 2"},)
        assert manifest.left_out == ()
        (line,) = unzipped(file.read_bytes())["transmissions.jsonl"].splitlines()
        assert json.loads(line)["heard"]["text"] == "sinking"
    assert naga not in json.dumps(manifest.units)


async def test_what_a_radio_sent_that_nobody_registered_is_in_it(
    server: Running, tmp_path: Path
) -> None:
    body = {"id": "s", "time": "2026-11-25T08:00:00Z", "lon": 100.4, "lat": 20.27}
    async with server.stranger(authorization=f"Bearer {await server.device('n2')}") as boat:
        assert (await boat.post("/api/positions", json=body)).json()["stored"]
    later = {"start": "2026-11-25T00:00:00Z", "end": "2026-11-26T00:00:00Z"}
    file = tmp_path / "evidence.zip"
    file.write_bytes(await made(server, **later))
    manifest = verify(file).manifest
    assert (manifest.counts["positions"], manifest.counts["messages"]) == (1, 1)
    assert manifest.left_out == ()
    (line,) = unzipped(file.read_bytes())["transmissions.jsonl"].splitlines()
    assert json.loads(line)["unit"] == "position_json:n2"


async def test_the_journal_is_proved_and_shown_to_who_may_see_it(
    server: Running, tmp_path: Path
) -> None:
    await sail(server, "Naga 1", "n1", 3, lon=100.4)
    for role in ("admin", "commander"):
        file = tmp_path / f"{role}.zip"
        file.write_bytes(await made(server, role, **now_range()))
        found = verify(file)
        rows = found.manifest.counts["journal rows"]
        assert rows > 3
        data = unzipped(file.read_bytes())["journal.jsonl"]
        if role == "admin":
            lines = [json.loads(line) for line in data.splitlines()]
            own = [each for each in lines if "act" in each]  # the rest are of the node: digests
            assert 3 < found.rows_proved == len(own)
            assert b'"subject":"unit:' in data
        else:
            assert found.rows_proved == 0
            assert b"actor" not in data
            assert any("hang together" in each for each in found.manifest.left_out)
    crew = unzipped(await made(server, "crew"))
    assert "transmissions.jsonl" not in crew
    assert "the role may not see them" in crew["manifest.json"].decode()


async def test_a_user_who_exports_a_file_is_shown_what_its_manifest_leaves_out(
    server: Running, tmp_path: Path
) -> None:
    await sail(server, "Naga 1", "n1", 3, lon=100.4)
    own = ["journal: the role sees only how its rows hang together"]
    cases: dict[Role, list[str]] = {
        "admin": [],
        "commander": own,
        "planner": ["transmissions: the role may not see them", *own],
    }
    for role, left_out in cases.items():
        async with server.signed_in(role) as client:
            answer = await client.get("/api/replay/evidence", params=DAY)
        file = tmp_path / f"{role}.zip"
        file.write_bytes(answer.content)
        assert list(verify(file).manifest.left_out) == left_out
        assert answer.headers.get("left-out", "") == ", ".join(left_out)


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
    files |= unzipped(_signed(manifest, inside, SigningKey(b"x" * 32)))


def _names(manifest: dict[str, Any]) -> set[str]:
    return {each["name"] for each in manifest["files"]}


def _signed(manifest: dict[str, Any], files: Files, key: SigningKey) -> bytes:
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
    public = read_or_make_key(key_file(server.office.settings)).public
    for number, (tamper, what, why) in enumerate(TAMPERED):
        files = unzipped(body)
        tamper(files)
        file = zipped(files, tmp_path / f"{number}.zip")
        with pytest.raises(BadEvidence) as caught:
            verify(file, public=public)
        assert (caught.value.part, why in caught.value.fault) == (what, True), str(caught.value)
    torn = tmp_path / "torn.zip"
    for kept in (len(body) // 2, len(body) - 30):
        torn.write_bytes(body[:kept])
        with pytest.raises(BadEvidence):
            verify(torn)
    result = CliRunner().invoke(app, ["evidence", "verify", str(torn)])
    assert result.exit_code == 1
    assert "torn.zip" in result.output


async def test_a_signer_cannot_leave_a_row_of_the_journal_out(
    server: Running, tmp_path: Path
) -> None:
    """Even with the node's key: rows hang together, and what they say hangs on their hashes."""
    files = unzipped(await made(server, **now_range()))
    manifest = json.loads(files["manifest.json"])
    key = read_or_make_key(key_file(server.office.settings))
    lines = files["journal.jsonl"].splitlines(keepends=True)
    assert len(lines) > 4
    first = json.loads(lines[0])["seq"]
    own = next(n for n, line in enumerate(lines) if n and b'"actor"' in line)
    changed = json.loads(lines[own]) | {"actor": "nobody"}
    outside = files["positions.csv"] + b"x,N,joint,LA,2020-01-01T00:00:00.000000Z" + b"," * 12
    faults: tuple[tuple[Files, dict[str, int], str], ...] = (
        ({"journal.jsonl": b"".join(lines[:1] + lines[2:])}, {}, f"journal row {first + 1}"),
        (
            {
                "journal.jsonl": b"".join(
                    [*lines[:own], json.dumps(changed).encode() + b"\n", *lines[own + 1 :]]
                )
            },
            {},
            f"journal row {first + own}",
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
        assert caught.value.part.startswith(what), str(caught.value)


# -- whoever signed it may have put anything into it


HOSTILE = SigningKey(b"h" * 32)
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def whole() -> tuple[dict[str, Any], Files]:
    """Return a manifest, files not named, and the files of evidence in which all holds."""
    rows, previous = [], FIRST
    for seq in (1, 2, 3):
        note = Note(act="export", actor="keo", agency="joint", subject=f"export:{seq}")
        entry = chained(note, seq=seq, previous=previous, at=NOON, origin="hx")
        linked = LinkedRow(seq=seq, previous=previous.hex(), hash=entry.hash.hex(), entry=entry)
        rows.append(row_line(linked))
        previous = entry.hash
    head = signed_head(HOSTILE, node="hx", seq=3, last=previous, at=NOON)
    cells = "unit,call_sign,time,lon,lat\r\nu1,Naga 1,2026-11-24T12:00:00.000000Z,100.4,20.27\r\n"
    point = {"type": "Point", "coordinates": [100.4, 20.27]}
    feature = {"type": "Feature", "geometry": point, "properties": {"unit": "u1"}}
    files = {
        "positions.csv": cells.encode(),
        "positions.geojson": json.dumps(
            {"type": "FeatureCollection", "features": [feature]}
        ).encode(),
        "journal.jsonl": b"".join([*rows, msgspec.json.encode(head) + b"\n"]),
        "README.txt": b"read me",
    }
    manifest: dict[str, Any] = {
        "format": FORMAT, "node": "hx", "node_name": "Houay Xai", "software": "ours",
        "made_at": "2026-11-24T13:00:00.000000Z", "start": "2026-11-24T11:00:00.000000Z",
        "end": "2026-11-24T13:00:00.000000Z", "time_zone": "Asia/Vientiane",
        "start_local": "2026-11-24T18:00:00+07:00", "end_local": "2026-11-24T20:00:00+07:00",
        "asked": {"user": "keo", "role": "admin", "agency": "joint"},
        "units": [{"id": "u1", "call_sign": "Naga 1"}], "agreements": [],
        "counts": {"positions": 1, "journal rows": 3}, "left_out": [],
    }  # fmt: skip
    return manifest, files


def signed_by_anybody(manifest: bytes, files: Files, **signature: Any) -> bytes:
    """Return a zip whose signature is good, whatever the manifest and the files are."""
    digest = hashlib.sha256(manifest).hexdigest()
    about = {
        "format": SIGNATURE_FORMAT,
        "manifest_sha256": digest,
        "public_key": HOSTILE.public,
        "signature": HOSTILE.sign(canonical((SIGNATURE_FORMAT, digest))),
    }
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        data = json.dumps(about | signature).encode()
        for name, body in ({"manifest.json": manifest, "signature.json": data} | files).items():
            packed.writestr(name, body)
    return out.getvalue()


def judged(body: bytes) -> VerifiedEvidence | BadEvidence:
    """Return what is found, by the function and by the command, which must say the same."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "evidence.zip"
        file.write_bytes(body)
        found = found_in(file)
        result = CliRunner().invoke(app, ["evidence", "verify", str(file)])
    fails = isinstance(found, BadEvidence)
    assert result.exit_code == int(fails), result.output
    assert not fails or isinstance(result.exception, SystemExit), result.exception
    if fails:
        assert str(found) in result.output
    else:
        assert result.output.split("\n").count("everything holds") == 1
    return found


def found_in(file: Path) -> VerifiedEvidence | BadEvidence:
    """Return what is found in a file: that all holds, or something with a name and a reason."""
    try:
        return verify(file)
    except BadEvidence as bad:
        fault = bad
    assert fault.part
    assert fault.fault
    assert str(fault).isprintable(), "it goes to a terminal"
    return fault


MARKS = st.sampled_from(
    ["\ud800", "\x00", "\x1b[2J", "\neverything holds", "", "2026-11-24T12:00:00", "9" * 5000,
     "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "time", '"', ","]
)  # fmt: skip
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | MARKS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(MARKS | st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=6,
)
BYTES = st.binary(max_size=40) | MARKS.map(lambda text: text.encode("utf-8", "surrogatepass"))


@st.composite
def cut(draw: st.DrawFn, body: bytes) -> bytes:
    """Return a body with a part of it replaced."""
    first = draw(st.integers(0, len(body)))
    last = draw(st.integers(first, min(len(body), first + draw(st.sampled_from((0, 1, 8, 400))))))
    return body[:first] + draw(BYTES) + body[last:]


@st.composite
def altered(draw: st.DrawFn, value: Any) -> Any:
    """Return JSON with one value somewhere in it replaced, taken out or put in."""
    if isinstance(value, (dict, list)) and value and draw(st.integers(0, 4)):
        keys = list(value) if isinstance(value, dict) else range(len(value))
        key = draw(st.sampled_from(list(keys)))
        made = value.copy()
        if draw(st.integers(0, 5)):
            made[key] = draw(altered(value[key]))
        else:
            del made[key]
        return made
    return draw(VALUES)


@st.composite
def hostile(draw: st.DrawFn) -> bytes:
    """Return an evidence file that is signed, and of which something else is not as it should."""
    manifest, files = whole()
    signature: dict[str, Any] = {}
    which = draw(st.sampled_from([*files, "manifest", "signature", "files"]))
    if which in files:
        body = files[which]
        if which == "positions.geojson" and draw(st.booleans()):
            files[which] = json.dumps(draw(altered(json.loads(body)))).encode()
        elif which == "journal.jsonl" and draw(st.booleans()):
            lines = body.splitlines()
            at = draw(st.integers(0, len(lines) - 1))
            lines[at] = json.dumps(draw(altered(json.loads(lines[at])))).encode()
            files[which] = b"\n".join(lines) + b"\n"
        elif draw(st.integers(0, 9)):
            files[which] = draw(cut(body))
        else:
            del files[which]
    listed: Any = [msgspec.to_builtins(each) for each in files_inside(files)]
    if which == "files":
        listed = draw(altered(listed))
    if which == "signature":
        name = draw(st.sampled_from(["format", "manifest_sha256", "public_key", "signature"]))
        signature[name] = draw(VALUES)
    answer: Any = manifest | {"files": listed}
    if which == "manifest":
        answer = draw(altered(answer))
    written = json.dumps(answer).encode()
    if which == "manifest" and draw(st.booleans()):
        written = draw(cut(written))
    return signed_by_anybody(written, files, **signature)


def with_file(name: str, body: bytes) -> bytes:
    """Return evidence in which one file is another."""
    manifest, files = whole()
    files[name] = body
    inside = [msgspec.to_builtins(each) for each in files_inside(files)]
    return signed_by_anybody(json.dumps(manifest | {"files": inside}).encode(), files)


def with_field(**fields: Any) -> bytes:
    """Return evidence whose manifest says otherwise."""
    manifest, files = whole()
    inside = [msgspec.to_builtins(each) for each in files_inside(files)]
    return signed_by_anybody(json.dumps(manifest | {"files": inside} | fields).encode(), files)


def test_of_what_a_hostile_signer_wrote_the_first_fault_is_named() -> None:
    assert isinstance(judged(with_file("README.txt", b"another")), VerifiedEvidence), (
        "the rest is sound"
    )
    deep = b'{"features":' + b"[" * 200_000 + b"]" * 200_000 + b"}"
    faults: dict[str, tuple[bytes, str]] = {
        "no text": (with_file("positions.csv", b"time\r\n\xff\xfe\r\n"), "positions.csv"),
        "no column": (with_file("positions.csv", b"a,b\r\n1,2\r\n"), "positions.csv"),
        "nothing": (with_file("positions.csv", b""), "positions.csv"),
        "a long cell": (
            with_file("positions.csv", b"time\r\n" + b"9" * 140_000 + b"\r\n"), "positions.csv"),
        "no offset": (
            with_file("positions.csv", b"time\r\n2026-11-24T12:00:00\r\n"),
            "positions.csv, line 2"),
        "no JSON": (with_file("positions.geojson", b"{"), "positions.geojson"),
        "a list": (with_file("positions.geojson", b"[]"), "positions.geojson"),
        "a number": (with_file("positions.geojson", b'{"features": 1}'), "positions.geojson"),
        "nested deep": (with_file("positions.geojson", deep), "positions.geojson"),
        "a start that is none": (with_field(start="soon"), "manifest.json"),
        "a start without offset": (with_field(start="2026-11-24T11:00:00"), "manifest.json"),
        "an end before": (with_field(end="2026-11-24T10:00:00Z"), "manifest.json"),
        "no text in the journal": (with_file("journal.jsonl", b"\xff"), "journal.jsonl, last line"),
    }  # fmt: skip
    for name, (body, what) in faults.items():
        found = judged(body)
        assert isinstance(found, BadEvidence), name
        assert found.part == what, f"{name}: {found}"
    sly = judged(with_field(node_name="x)\neverything holds\n\x1b[2J"))
    assert isinstance(sly, VerifiedEvidence)


def packed_anew(body: bytes, method: int, *more: str) -> bytes:
    """Return evidence packed by another method, with files in it once more."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as packed, warnings.catch_warnings(action="ignore"):
        for name, content in unzipped(body).items():
            packed.writestr(name, content)
        for name in more:
            packed.writestr(name, b"")
    return out.getvalue()


def with_photos(*lines: dict[str, str], counted: int) -> bytes:
    """Return evidence of one camera's file and its picture, of which lines tell."""
    manifest, files = whole()
    files |= {
        "originals/a.jpg": b"camera",
        "photos/a.jpg": b"picture",
        "photos.jsonl": b"".join(json.dumps(each).encode() + b"\n" for each in lines),
    }
    inside = [msgspec.to_builtins(each) for each in files_inside(files)]
    counts = manifest["counts"] | {"originals": counted}
    more = {"files": inside, "counts": counts}
    return signed_by_anybody(json.dumps(manifest | more).encode(), files)


def test_a_signature_does_not_make_whole_what_does_not_fit_together() -> None:
    manifest, files = whole()
    inside = [msgspec.to_builtins(each) for each in files_inside(files)]
    full = json.dumps(manifest | {"files": inside}).encode()
    sound = signed_by_anybody(full, files)
    first, second, third, head = files["journal.jsonl"].splitlines(keepends=True)
    astray = second.replace(json.loads(second)["previous"].encode(), b"0" * 64)
    without = [each for each in inside if each["name"] != "journal.jsonl"]
    camera, picture = (hashlib.sha256(each).hexdigest() for each in (b"camera", b"picture"))
    photo = {
        "photo": picture, "sha256": camera, "file": "originals/a.jpg", "shown": "photos/a.jpg",
    }  # fmt: skip
    assert isinstance(judged(with_photos(photo, counted=1)), VerifiedEvidence)
    for body, part, fault in (
        (packed_anew(sound, zipfile.ZIP_DEFLATED, "README.txt"), "README.txt", "is there twice"),
        (packed_anew(sound, zipfile.ZIP_BZIP2), "manifest.json", "is packed in a way"),
        (with_field(format="another"), "manifest.json", "is of no format known here: 'another'"),
        (signed_by_anybody(full, files, format="x"), "signature.json", "is of no format known"),
        (with_field(files=[inside[0] | {"name": ""}]), "manifest.json", "a file without a name"),
        (with_field(files=[inside[0] | {"bytes": 10**12}]), inside[0]["name"], "is larger than"),
        (with_field(files=[inside[0] | {"bytes": 3}]), inside[0]["name"], "was altered"),
        (with_field(node="ck"), "journal.jsonl", "is of node 'hx', the manifest of 'ck'"),
        (with_field(files=without, counts={"positions": 1}), "journal.jsonl", "is not in the"),
        (
            signed_by_anybody(
                json.dumps(manifest | {"files": without}).encode(),
                {name: each for name, each in files.items() if name != "journal.jsonl"},
            ),
            "journal.jsonl",
            "is missing",
        ),
        (with_file("journal.jsonl", first + third + head), "journal row 2", "is missing"),
        (with_file("journal.jsonl", first + astray + third + head), "journal row 2", "not follow"),
        (with_photos(counted=0), "originals/a.jpg", "no line of photos.jsonl tells of it"),
        (with_photos(photo, counted=2), "photos.jsonl", "has not as many lines"),
        (
            with_photos(photo | {"sha256": picture}, counted=1),
            "photos.jsonl, line 1",
            "originals/a.jpg is missing or another file",
        ),
    ):
        found = judged(body)
        assert isinstance(found, BadEvidence), (part, fault)
        assert found.part == part, f"{fault}: {found}"
        assert fault in found.fault, found


@settings(max_examples=examples(250), deadline=None)
@given(hostile())
@example(with_field(start="0001-01-01T00:00:00+14:00"))
@example(with_field(counts={"positions": -1}))
def test_whatever_a_hostile_signer_wrote_there_is_a_finding_and_no_traceback(body: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "evidence.zip"
        file.write_bytes(body)
        found = found_in(file)
    if isinstance(found, VerifiedEvidence):
        judged(body)


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
        data = b"".join((await evidence(officer)).values())
        assert b"zqthai" not in data
        assert thai.encode() not in data
        assert b"malee" not in data
    own = await evidence("nok")
    assert own["transmissions.jsonl"].count(b"\n") == 1
    assert b"malee" in own["journal.jsonl"]
    await agree(offices, precision_m=1000)
    await report(offices, "zqthai", key, datetime.now(UTC), 100.77)
    payloads = await evidence("keo")
    assert payloads["positions.csv"].count(b"zqthai") == 1, "not what was before it"
    assert b"100.77," not in payloads["positions.csv"], "no more exactly than agreed"
    assert "transmissions.jsonl" not in payloads
    assert json.loads(payloads["manifest.json"])["agreements"][0]["state"] == "active"


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


async def test_a_unit_named_twice_is_sent_to_once(server: Running, tmp_path: Path) -> None:
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

    monkeypatch.setattr("patrol.desks.replay.LinkedRow", watched)
    await made(server, **now_range())
    assert beside
    assert all(beside), "two hundred thousand rows would hold up every position"


async def test_messages_that_are_too_many_are_named_as_left_out(
    server: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("1", "2", "3"):
        await sail(server, f"Naga {name}", f"n{name}", 4, lon=100.4)
    for most, kept in ((12, 12), (11, 11), (6, 6), (4, 4)):
        monkeypatch.setattr("maps.evidence.evidence_export.MOST_RAW", most)
        file = tmp_path / f"{most}.zip"
        file.write_bytes(await made(server))
        manifest = verify(file).manifest
        assert manifest.counts["messages"] == kept
        named = "transmissions: more than can be told" in manifest.left_out
        assert named == (most < 12), "what is cut off is said"
