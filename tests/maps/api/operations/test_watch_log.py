"""The watch log over HTTP, two agencies: one time line, paged, exported; phrases."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from patrol.alerts.alert import Alert
from patrol.desks.watch_room import watch_log as watch_log_desk
from patrol.documents.document import revise
from patrol.documents.transaction import Filing
from patrol.patrols.patrol import Patrol
from tests.maps.servers.offices import LAO, THAI, Offices, two_offices

NOW = datetime.now(UTC).replace(microsecond=0)


@pytest.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    async with two_offices(tmp_path) as opened:
        yield opened


async def write(client: httpx.AsyncClient, text: str, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/watch-log", json={"text": text, **more})
    assert answer.status_code == 201, answer.text
    entry: dict[str, Any] = answer.json()
    return entry


async def page(client: httpx.AsyncClient, **query: Any) -> dict[str, Any]:
    answer = await client.get("/api/watch-log", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def lines(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await page(client, **query))["lines"]
    return found


async def raise_alert(offices: Offices, id: str, agency: str = LAO) -> None:
    alert = Alert(
        id=id, agency=agency, at=NOW, rule="no_go", subject="u1", severity="high", raised_at=NOW
    )
    document_service = offices.server.office.watch.document_service
    await document_service.file(lambda _b, _n: Filing(documents=(alert,), act="raise alert"))


async def test_what_was_typed_and_what_was_done_stand_in_one_line(offices: Offices) -> None:
    await write(offices["somchai"], "Engine noise, no lights", office="Houay Xai")
    unit = await offices["somchai"].post("/api/units", json={"call_sign": "Naga 1", "kind": "boat"})
    await raise_alert(offices, "a1")
    happened = (NOW - timedelta(minutes=20)).isoformat().replace("+00:00", "Z")
    await write(offices["kham"], "It was a fisherman", happened_at=happened, about="alert:a1")
    found = await lines(offices["noy"])
    assert [(line["act"], line.get("actor", "")) for line in found] == [
        ("write log", "kham"),
        ("raise alert", ""),
        ("add unit", "somchai"),
        ("write log", "somchai"),
    ]
    typed = found[0]
    assert (typed["typed"], typed["text"]) == (True, "It was a fisherman")
    assert (typed["happened_at"], typed["about"]) == (happened, "alert:a1")
    assert (found[1]["text"], found[1]["subject"]) == ("no_go", "alert:a1")
    assert found[2]["subject"] == f"unit:{unit.json()['id']}"
    assert "sha256" not in json.dumps(found)
    assert "salt" not in json.dumps(found)
    # Signing in is nothing for the log.
    assert not [line for line in found if "session" in line["subject"]]
    assert [line["text"] for line in await lines(offices["noy"], typed=True)] == [
        "It was a fisherman",
        "Engine noise, no lights",
    ]
    assert [line["act"] for line in await lines(offices["noy"], typed=False)] == [
        "raise alert",
        "add unit",
    ]


async def test_an_entry_is_put_right_by_a_later_one_and_never_changed(offices: Offices) -> None:
    wrong = await write(offices["somchai"], "Two boats")
    await write(offices["somchai"], "Three boats", corrects=wrong["id"])
    found = await lines(offices["somchai"])
    assert [line["text"] for line in found] == ["Three boats", "Two boats"]
    assert found[0]["corrects"] == wrong["id"]
    for id in ("nothing", (await write(offices["malee"], "Thai"))["id"]):
        refused = await offices["somchai"].post(
            "/api/watch-log", json={"text": "x", "corrects": id}
        )
        assert refused.status_code == 404
    ahead = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    refused = await offices["somchai"].post(
        "/api/watch-log", json={"text": "x", "happened_at": ahead}
    )
    assert (refused.status_code, refused.json()["error"]) == (409, "conflict")


async def test_it_is_read_in_pages_each_line_once(
    offices: Offices, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(25):
        await write(offices["somchai" if number % 3 else "malee"], f"entry {number}")
    monkeypatch.setattr(watch_log_desk, "LOOKED_AT", 7)  # the lines in between are many
    monkeypatch.setattr(watch_log_desk, "READS", 2)
    texts: list[str] = []
    before: int | None = None
    for _ in range(50):
        query = {} if before is None else {"before": before}
        got = await page(offices["kham"], limit=4, **query)
        assert len(got["lines"]) <= 4
        texts += [line["text"] for line in got["lines"]]
        before = got.get("before")
        if before is None:
            break
    assert texts == [f"entry {number}" for number in range(24, -1, -1) if number % 3]


async def test_the_other_bank_has_a_log_of_its_own(offices: Offices) -> None:
    await write(offices["somchai"], "ours")
    await raise_alert(offices, "a1")
    await raise_alert(offices, "a2", THAI)
    assert [line.get("text") for line in await lines(offices["malee"])] == ["no_go"]
    assert [line["subject"] for line in await lines(offices["malee"])] == ["alert:a2"]


async def test_of_a_joint_patrol_the_acts_of_both_stand_in_both_logs_without_names(
    offices: Offices,
) -> None:
    document_service = offices.server.office.watch.document_service
    patrol = Patrol(
        id="p1",
        agency=LAO,
        at=NOW,
        by="somchai",
        name="Night patrol",
        agencies=(LAO, THAI),
        lead=LAO,
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=4),
        state="proposed",
    )
    signed = revise(patrol, at=NOW, by="malee", note="signed")
    own = revise(signed, at=NOW, by="malee", agencies=(THAI,), agency=THAI)
    for document, agency, actor in (
        (patrol, LAO, "somchai"),
        (signed, THAI, "malee"),
        (own, THAI, "malee"),
    ):
        filing = Filing(documents=(document,), act="act", actor=actor, agency=agency, reason="why")
        await document_service.file(lambda _b, _n, filing=filing: filing)  # type: ignore[misc]
    found = await lines(offices["kham"])
    assert [(line["agency"], line.get("actor", "")) for line in found] == [
        (THAI, ""),
        (LAO, "somchai"),
    ]
    assert found[0]["detail"] == {"version": 2, "reason": "why"}
    assert found[0]["text"] == "Night patrol"
    found = await lines(offices["chai"])
    assert [(line["agency"], line.get("actor", "")) for line in found] == [
        (THAI, "malee"),
        (THAI, "malee"),
        (LAO, ""),
    ]


async def test_while_no_agreement_is_in_force_only_its_own_acts_are_reported(
    offices: Offices,
) -> None:
    agreement = await offices.agree("patrols")
    document_service = offices.server.office.watch.document_service
    patrol = Patrol(
        id="p1",
        agency=LAO,
        at=NOW,
        name="Night patrol",
        agencies=(LAO, THAI),
        lead=LAO,
        starts_at=NOW,
        ends_at=NOW + timedelta(hours=4),
        state="proposed",
    )
    await document_service.file(
        lambda _b, _n: Filing(documents=(patrol,), act="propose", agency=LAO)
    )
    assert "patrol:p1" in [line["subject"] for line in await lines(offices["malee"])]
    await offices.desk("kham").agreements.suspend(agreement.id, reason="a row")
    found = await lines(offices["malee"])
    assert "patrol:p1" not in [line["subject"] for line in found]
    assert found[0]["subject"] == f"agreement:{agreement.id}"
    assert (found[0]["agency"], found[0]["detail"]["reason"]) == (LAO, "a row")
    assert "actor" not in found[0]
    # One's own picture never misses a beat.
    assert "patrol:p1" in [line["subject"] for line in await lines(offices["somchai"])]


async def test_lines_are_found_by_time(offices: Offices) -> None:
    now = datetime.now(UTC) + timedelta(minutes=1)  # the journal's clock goes forward
    for number in range(6):
        moment = now + timedelta(minutes=number)
        offices.server.clock.moment = partial(lambda at: at, moment)
        await write(offices["somchai"], f"minute {number}")
    query = {
        "since": (now + timedelta(minutes=1)).isoformat(),
        "until": (now + timedelta(minutes=4)).isoformat(),
    }
    found = await lines(offices["noy"], **query)
    assert [line["text"] for line in found] == ["minute 3", "minute 2", "minute 1"]


async def test_it_is_exported_and_that_is_noted(offices: Offices) -> None:
    await write(offices["somchai"], "=1+1")
    await raise_alert(offices, "a1")
    await write(offices["somchai"], 'said: "ຢຸດ",\nthen left')
    await write(offices["malee"], "theirs")
    query = {
        "since": (NOW - timedelta(hours=1)).isoformat(),
        "until": (NOW + timedelta(hours=1)).isoformat(),
    }
    as_csv = await offices["vanh"].get("/api/watch-log/export", params=query)
    assert as_csv.status_code == 200, as_csv.text
    assert as_csv.headers["content-disposition"].endswith('.csv"')
    rows = list(csv.DictReader(io.StringIO(as_csv.text)))
    assert [row["text"] for row in rows] == ["'=1+1", "no_go", 'said: "ຢຸດ",\nthen left']
    as_json = await offices["vanh"].get(
        "/api/watch-log/export", params={**query, "format": "jsonl"}
    )
    answers = [json.loads(line) for line in as_json.text.splitlines()]
    assert [line["text"] for line in answers] == ["=1+1", "no_go", 'said: "ຢຸດ",\nthen left']
    audit = (await offices["keo"].get("/api/audit", params={"act": "export watch log"})).json()
    assert [(line["actor"], line["detail"]["lines"]) for line in audit["lines"]] == [
        ("vanh", 3),
        ("vanh", 3),
    ]
    for bad in (
        {"since": query["until"], "until": query["since"]},
        {"since": "2026-01-01T00:00:00Z", "until": "2026-11-01T00:00:00Z"},
    ):
        refused = await offices["vanh"].get("/api/watch-log/export", params=bad)
        assert (refused.status_code, refused.json()["field"]) == (400, "until")


async def test_a_long_export_is_read_in_parts(
    offices: Offices, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(11):
        await write(offices["somchai"], f"entry {number}")
    monkeypatch.setattr(watch_log_desk, "EXPORTED_AT_ONCE", 3)
    query = {
        "since": (NOW - timedelta(hours=1)).isoformat(),
        "until": (NOW + timedelta(hours=1)).isoformat(),
        "format": "jsonl",
    }
    response = await offices["noy"].get("/api/watch-log/export", params=query)
    texts = [json.loads(line)["text"] for line in response.text.splitlines()]
    assert texts == [f"entry {number}" for number in range(11)]


async def test_roles_do_only_what_they_may(offices: Offices) -> None:
    for name, status in (("bounmy", 403), ("vanh", 200), ("keo", 200)):
        assert (await offices[name].get("/api/watch-log")).status_code == status, name
        refused = await offices[name].post("/api/watch-log", json={"text": "x"})
        assert (refused.status_code, refused.json()["error"]) == (403, "forbidden"), name
    export = await offices["bounmy"].get(
        "/api/watch-log/export",
        params={"since": "2026-11-01T00:00:00Z", "until": "2026-11-02T00:00:00Z"},
    )
    assert export.status_code == 403


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "text"),
        ({"text": ""}, "text"),
        ({"text": "x" * 4001}, "text"),
        ({"text": "a\u0007"}, "text"),
        ({"text": "x", "about": "no kind"}, "about"),
        ({"text": "x", "happened_at": "yesterday"}, "happened_at"),
        ({"text": "x", "colour": "red"}, "colour"),
    ],
)
async def test_a_wrong_field_is_named(offices: Offices, body: dict[str, Any], field: str) -> None:
    answer = await offices["somchai"].post("/api/watch-log", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field)


# -- phrases


async def test_phrases_are_stored_by_agency_and_language(offices: Offices) -> None:
    kham = offices["kham"]
    made = []
    for language, text in (("th", "กรุณาหยุดเรือ"), ("lo", "ຢຸດເຮືອ"), ("en", "Stop the boat")):
        answer = await kham.post(
            "/api/phrases", json={"language": language, "text": text, "topic": "stop"}
        )
        assert answer.status_code == 201, answer.text
        made.append(answer.json())
    found = (await offices["bounmy"].get("/api/phrases")).json()
    assert [each["language"] for each in found] == ["en", "lo", "th"]
    assert (await kham.get("/api/phrases", params={"language": "lo"})).json() == [made[1]]
    assert (await kham.get("/api/phrases", params={"topic": "x"})).json() == []
    assert (await offices["malee"].get("/api/phrases")).json() == []
    path = f"/api/phrases/{made[0]['id']}"
    same = await kham.post("/api/phrases", json={"language": "lo", "text": "ຢຸດເຮືອ"})
    assert (same.status_code, same.json()["error"]) == (409, "conflict")
    changed = await kham.patch(path, json={"version": 1, "text": "หยุดเรือ"})
    assert (changed.json()["text"], changed.json()["version"]) == ("หยุดเรือ", 2)
    assert (await kham.patch(path, json={"version": 1, "text": "x"})).status_code == 409
    assert (await kham.patch(path, json={"version": 2})).status_code == 400
    assert (await offices["malee"].patch(path, json={"version": 2, "text": "x"})).status_code == 404
    assert (await offices["bounmy"].delete(path, params={"version": 2})).status_code == 403
    assert (await kham.delete(path, params={"version": 1})).status_code == 409
    retired = await kham.delete(path, params={"version": 2})
    assert retired.json()["retired_at"] is not None
    assert (await kham.delete(path, params={"version": 3})).status_code == 404
    assert len((await kham.get("/api/phrases")).json()) == 2
    bad = await kham.post("/api/phrases", json={"language": "Lao!", "text": "x"})
    assert (bad.status_code, bad.json()["field"]) == (422, "language")


async def test_an_agency_keeps_so_many_phrases_and_no_more(
    offices: Offices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watch_log_desk, "MOST_PHRASES", 2)
    for text in ("a", "b"):
        made = await offices["kham"].post("/api/phrases", json={"language": "en", "text": text})
        assert made.status_code == 201
    refused = await offices["kham"].post("/api/phrases", json={"language": "en", "text": "c"})
    assert (refused.status_code, "2 phrases at most" in refused.json()["message"]) == (409, True)
