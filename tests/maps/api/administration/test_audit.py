"""An agency's journal over HTTP: its own lines, for administrators and observers, in pages."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from patrol.audit.chain import chained
from patrol.documents.transaction import Note
from patrol.store.journal import journal
from patrol.store.proof import verify_journal
from tests.maps.servers.offices import LAO, THAI, Offices, two_offices
from tests.patrol.nodes.running import reading, tick


@pytest.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    async with two_offices(tmp_path) as opened:
        yield opened


async def page(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/api/audit", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def add_unit(client: httpx.AsyncClient, call_sign: str) -> str:
    answer = await client.post("/api/units", json={"call_sign": call_sign, "kind": "boat"})
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


async def test_an_agency_reads_its_own_lines_and_no_other(offices: Offices) -> None:
    lao = await add_unit(offices["somchai"], "Naga 1")
    thai = await add_unit(offices["malee"], "Chai 1")
    [line] = (await page(offices["keo"], subject="unit:"))["lines"]
    assert (line["act"], line["actor"], line["agency"]) == ("add unit", "somchai", LAO)
    assert line["subject"] == f"unit:{lao}"
    assert line["detail"]["call_sign"] == "Naga 1"
    [line] = (await page(offices["nok"], subject="unit:"))["lines"]
    assert line["subject"] == f"unit:{thai}"
    for name, agency in (("keo", LAO), ("vanh", LAO), ("nok", THAI)):
        lines = (await page(offices[name], limit=1000))["lines"]
        assert lines
        assert {line["agency"] for line in lines} == {agency}


async def test_only_administrators_and_observers_read_it(offices: Offices) -> None:
    for name in ("somchai", "kham", "noy", "bounmy", "malee", "chai"):
        answer = await offices[name].get("/api/audit")
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden"), name
    for name in ("keo", "vanh", "nok"):
        assert (await offices[name].get("/api/audit")).status_code == 200, name


async def test_it_is_read_in_pages_each_line_once(offices: Offices) -> None:
    document_service = offices.server.office.watch.document_service
    for number in range(23):
        agency = LAO if number % 3 else THAI
        await document_service.note(
            Note(act="count", actor="kham", agency=agency, detail={"n": number})
        )
    seen: list[int] = []
    before: dict[str, int] = {}
    while True:
        got = await page(offices["keo"], act="count", limit=4, **before)
        seen += [line["detail"]["n"] for line in got["lines"]]
        if "before" not in got:
            break
        before = {"before": got["before"]}
    assert seen == [number for number in range(22, -1, -1) if number % 3]


async def test_hashes_about_another_agency_s_line_do_not_tell_what_it_says(
    offices: Offices,
) -> None:
    """Whoever guesses all of a short line, its time too, cannot know it by the hashes shown."""
    await offices["keo"].get("/api/session")  # signs in, by a link that is a line of its own
    document_service = offices.server.office.watch.document_service
    said = Note(act="make sign-in link", actor="keo", agency=LAO, subject="user:somchai")
    for note in (said, said):
        await document_service.note(Note(act="count", actor="nok", agency=THAI))
        await document_service.note(note)
    await document_service.note(Note(act="count", actor="nok", agency=THAI))
    theirs = (await page(offices["keo"], act=said.act))["lines"]
    after, between, before = (await page(offices["nok"], act="count"))["lines"]
    for known, line, next_ in ((before, theirs[1], between), (between, theirs[0], after)):
        guess = chained(
            said,
            seq=known["seq"] + 1,
            previous=bytes.fromhex(known["hash"]),
            at=datetime.fromisoformat(line["at"]),
            origin=line["origin"],
        )
        assert guess.previous.hex() == line["previous"]
        assert guess.hash.hex() != next_["previous"]
    assert [line["detail"] for line in theirs[:2]] == [{}, {}]


async def test_lines_are_found_by_time_and_person(offices: Offices) -> None:
    watch = offices.server.office.watch
    now = datetime.now(UTC) + timedelta(minutes=1)
    for number in range(5):
        moment = now + timedelta(minutes=number)
        offices.server.clock.moment = partial(lambda at: at, moment)
        note = Note(act="count", actor=f"user{number % 2}", agency=LAO, detail={"n": number})
        await watch.document_service.note(note)
    query = {
        "since": (now + timedelta(minutes=1)).isoformat(),
        "until": (now + timedelta(minutes=3)).isoformat(),
    }
    found = (await page(offices["keo"], act="count", **query))["lines"]
    assert [line["detail"]["n"] for line in found] == [2, 1]
    found = (await page(offices["keo"], act="count", actor="user1"))["lines"]
    assert [line["detail"]["n"] for line in found] == [3, 1]


@pytest.mark.parametrize(
    "query",
    [
        {"limit": 0},
        {"limit": 1001},
        {"before": 0},
        {"before": 2**63},
        {"since": "yesterday"},
        {"since": "2026-11-24T00:00:00"},
        {"subject": "x" * 301},
    ],
)
async def test_what_is_asked_is_bounded(offices: Offices, query: dict[str, Any]) -> None:
    answer = await offices["keo"].get("/api/audit", params=query)
    assert (answer.status_code, answer.json()["field"]) == (422, next(iter(query)))


async def test_what_comes_over_http_is_proved(offices: Offices) -> None:
    unit = await add_unit(offices["somchai"], "Naga 1")
    await offices["somchai"].patch(f"/api/units/{unit}", json={"note": "new engine"})
    await offices["somchai"].post(f"/api/units/{unit}/plot", json={"lon": 100.4, "lat": 20.27})
    await offices["somchai"].post(f"/api/units/{unit}/clear-distress")
    store = offices.server.office.store
    assert (await store.read(verify_journal.prove)).faults == ()
    acts = [entry.act for entry in await store.read(journal.page) if unit in entry.subject]
    assert acts == ["add unit", "change unit", "plot by voice", "clear distress"]


async def test_sign_ins_and_what_administrators_do_are_in_it(offices: Offices) -> None:
    keo = offices["keo"]
    made = await keo.post(
        "/api/users", json={"name": "tik", "role": "crew", "password": "a long pass phrase"}
    )
    assert made.status_code == 201, made.text
    async with offices.server.stranger(origin=offices.server.url) as tik:
        wrong = await tik.post("/api/session", json={"name": "tik", "password": "wrong one here"})
        assert wrong.status_code == 401
        good = {"name": "tik", "password": "a long pass phrase"}
        assert (await tik.post("/api/session", json=good)).status_code == 200
        assert (await tik.delete("/api/session")).status_code == 204
        assert (await tik.post("/api/session", json=good)).status_code == 200
    assert (await keo.patch("/api/users/tik", json={"role": "liaison"})).status_code == 200
    assert (await keo.post("/api/devices", json={"name": "boat-3"})).status_code == 201
    assert (await keo.delete("/api/devices/boat-3")).status_code == 204
    assert (await keo.delete("/api/devices/boat-3")).status_code == 404
    found = (await page(keo, limit=1000))["lines"]
    about = [line for line in reversed(found) if "tik" in line["subject"]]
    assert [(line["act"], line["actor"]) for line in about] == [
        ("add user", "keo"),
        ("sign-in refused", "tik"),
        ("sign in", "tik"),
        ("sign out", "tik"),
        ("sign in", "tik"),
        ("change user", "keo"),
    ]
    devices = [line["act"] for line in reversed(found) if line["subject"] == "device:boat-3"]
    assert devices == ["add device", "revoke device"]
    assert "pass phrase" not in str(found)
    assert (await offices.server.office.store.read(verify_journal.prove)).faults == ()


async def test_what_an_administrator_does_is_there_with_its_line_or_not_at_all(
    offices: Offices, tmp_path: Path
) -> None:
    keo = offices["keo"]
    assert (await keo.post("/api/devices", json={"name": "boat-3"})).status_code == 201
    with reading(tmp_path / "joint-patrol.db") as other:
        other.execute(
            "CREATE TRIGGER refuse BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        bodies = {"name": "tik", "role": "crew", "password": "a long pass phrase"}
        assert (await keo.post("/api/users", json=bodies)).status_code == 503
        assert (await keo.delete("/api/devices/boat-3")).status_code == 503
        assert (await keo.patch("/api/users/noy", json={"disabled": True})).status_code == 503
        other.execute("DROP TRIGGER refuse")
        names = [row["name"] for row in other.execute("SELECT name FROM users")]
        assert "tik" not in names
        row = other.execute("SELECT revoked_us FROM devices WHERE name = 'boat-3'").fetchone()
        assert row["revoked_us"] is None
    # Nobody's session ended, since nobody was disabled.
    assert (await offices["noy"].get("/api/units")).status_code == 200


async def views(offices: Offices) -> list[tuple[str, str]]:
    """Return owner and class of what the Thai side was shown, as the journal has it."""
    await tick(offices.server.office.watch)
    found = (await page(offices["nok"], act="see shared records"))["lines"]
    return [(line["detail"]["owner"], line["detail"]["class"]) for line in reversed(found)]


async def test_that_one_side_was_shown_what_is_the_others_is_in_its_journal(
    offices: Offices,
) -> None:
    await offices.agree("positions", "tracks", "alerts")
    unit = await add_unit(offices["somchai"], "Naga 1")
    plot = {"lon": 100.4, "lat": 20.27}
    assert (await offices["somchai"].post(f"/api/units/{unit}/plot", json=plot)).status_code == 200
    assert (await offices["somchai"].get("/api/units")).status_code == 200
    assert await views(offices) == []  # nobody of the other side has looked
    assert [each["id"] for each in (await offices["malee"].get("/api/units")).json()] == [unit]
    assert await views(offices) == [(LAO, "positions")]
    assert (await offices["malee"].get("/api/units")).status_code == 200
    assert (await offices["malee"].get(f"/api/units/{unit}")).status_code == 200
    assert await views(offices) == [(LAO, "positions")]  # once an hour is enough
    track = await offices["malee"].get(f"/api/units/{unit}/track")
    assert track.status_code == 200, track.text
    assert await views(offices) == [(LAO, "positions"), (LAO, "tracks")]
    assert (await page(offices["keo"], act="see shared records"))["lines"] == []


async def test_what_the_live_stream_shows_of_the_others_is_in_the_journal(
    offices: Offices,
) -> None:
    await offices.agree("positions", "alerts")
    unit = await add_unit(offices["somchai"], "Naga 1")
    async with offices.server.live(offices["malee"]) as live:
        await live.until("snapshot")
        assert await views(offices) == []
        plot = {"lon": 100.4, "lat": 20.27}
        path = f"/api/units/{unit}/plot"
        assert (await offices["somchai"].post(path, json=plot)).status_code == 200
        change = await live.until("change")
        while unit not in str(change):
            change = await live.until("change")
        assert await views(offices) == [(LAO, "positions")]
