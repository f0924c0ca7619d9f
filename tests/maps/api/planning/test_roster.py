"""Roster and hand-over over HTTP, two agencies: nobody's watch has a gap, nothing of it crosses."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from patrol.documents.transaction import Filing
from patrol.duty.roster import Shift
from patrol.sectors.sector import Sector
from patrol.store.journal import journal
from patrol.store.proof import verify_journal
from tests.maps.servers.offices import LAO, Offices, two_offices
from tests.patrol.nodes.running import tick

NOW = datetime.now(UTC).replace(microsecond=0)
OFFICE = "Houay Xai"


@pytest.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    async with two_offices(tmp_path) as opened:
        yield opened


def hours(number: float) -> str:
    return (NOW + timedelta(hours=number)).isoformat()


async def plan(
    client: httpx.AsyncClient, officer: str, start: float, end: float, **more: Any
) -> dict[str, Any]:
    body = {
        "office": OFFICE,
        "officer": f"Lt. {officer}",
        "user": officer,
        "phone": "+856 20 5555",
        "starts_at": hours(start),
        "ends_at": hours(end),
    } | more
    answer = await client.post("/api/roster/shifts", json=body)
    assert answer.status_code == 201, answer.text
    planned: dict[str, Any] = answer.json()
    return planned


async def post(client: httpx.AsyncClient, path: str, status: int = 200, **body: Any) -> Any:
    answer = await client.post(f"/api/roster/{path}", json=body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def get(client: httpx.AsyncClient, path: str, **query: Any) -> Any:
    answer = await client.get(f"/api/roster/{path}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def on_duty(offices: Offices) -> list[str]:
    open_documents = offices.server.office.watch.document_service.open_documents
    return [shift.officer for shift in open_documents.all(Shift) if shift.is_on_duty]


async def test_a_shift_is_planned_changed_and_cancelled(offices: Offices) -> None:
    noy = offices["noy"]
    first = await plan(noy, "somchai", 0, 8)
    second = await plan(noy, "kham", 8, 16)
    assert [each["officer"] for each in await get(noy, "shifts")] == ["Lt. somchai", "Lt. kham"]
    changed = await noy.patch(
        f"/api/roster/shifts/{second['id']}",
        json={"version": 1, "officer": "Lt. Noy", "user": "noy", "ends_at": hours(17)},
    )
    assert (changed.json()["officer"], changed.json()["version"]) == ("Lt. Noy", 2)
    stale = await noy.patch(
        f"/api/roster/shifts/{second['id']}", json={"version": 1, "note": "late"}
    )
    assert (stale.status_code, stale.json()["error"]) == (409, "conflict")
    assert "at version 2" in stale.json()["message"]
    gone = await post(noy, f"shifts/{second['id']}/cancel", version=2, reason="ill")
    assert gone["state"] == "cancelled"
    assert len(await get(noy, "shifts")) == 1
    assert (await get(noy, f"shifts/{second['id']}"))["state"] == "cancelled"
    past = await get(noy, "shifts/past", limit=1)
    assert [each["id"] for each in past] == [second["id"]]
    assert first["state"] == "planned"
    again = await noy.post(f"/api/roster/shifts/{second['id']}/begin")
    assert (again.status_code, again.json()["error"]) == (404, "not_found")  # it is over
    other = await noy.post(f"/api/roster/shifts/{first['id']}/begin")
    assert (other.status_code, other.json()["error"]) == (403, "forbidden")


@pytest.mark.parametrize(
    ("start", "end", "message"),
    [
        (7, 9, "keeps the watch in Houay Xai until"),
        (-1, 1, "takes the watch in Houay Xai at"),
        (2, 3, "keeps the watch"),
        (20, 20, "36 h at most"),
        (20, 19, "36 h at most"),
        (20, 60, "36 h at most"),
    ],
)
async def test_shifts_of_an_office_do_not_overlap(
    offices: Offices, start: float, end: float, message: str
) -> None:
    await plan(offices["noy"], "somchai", 0, 8)
    refused = await post(
        offices["noy"],
        "shifts",
        409,
        office=f" {OFFICE.lower()} ",
        officer="X",
        starts_at=hours(start),
        ends_at=hours(end),
    )
    assert message in refused["message"]
    await plan(offices["noy"], "somchai", 0, 8, office="Bokeo")  # another office


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"officer": "X"}, "office"),
        ({"office": "A", "officer": ""}, "officer"),
        ({"office": "A", "officer": "X\u0000"}, "officer"),
        ({"office": "A", "officer": "X", "starts_at": "2026-11-24T00:00:00"}, "starts_at"),
        ({"office": "A", "officer": "X" * 101}, "officer"),
    ],
)
async def test_a_wrong_field_is_named(offices: Offices, body: dict[str, Any], field: str) -> None:
    refused = await post(offices["noy"], "shifts", 422, **body)
    assert (refused["error"], refused["field"]) == ("bad_field", field)


async def begun(offices: Offices) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the shift on duty and the one that is to relieve it."""
    first = await plan(offices["noy"], "somchai", 0, 8)
    second = await plan(offices["noy"], "kham", 8, 16)
    first = await post(offices["somchai"], f"shifts/{first['id']}/begin")
    assert (first["state"], first["taken_at"] is not None) == ("on duty", True)
    return first, second


async def test_the_old_shift_is_on_duty_until_the_relief_acknowledges(offices: Offices) -> None:
    first, second = await begun(offices)
    assert on_duty(offices) == ["Lt. somchai"]
    refused = await post(offices["kham"], f"shifts/{second['id']}/begin", 409)
    assert "is on duty and has to hand over" in refused["message"]

    offer = await post(
        offices["somchai"],
        "hand-overs",
        201,
        shift=first["id"],
        relief=second["id"],
        note="Naga 2 has a weak battery",
    )
    assert offer["state"] == "offered"
    assert on_duty(offices) == ["Lt. somchai"]
    assert [each["id"] for each in await get(offices["kham"], "hand-overs")] == [offer["id"]]

    for name in ("somchai", "noy"):  # neither who gives it nor anybody else
        refused = await post(offices[name], f"hand-overs/{offer['id']}/acknowledge", 403, version=1)
        assert on_duty(offices) == ["Lt. somchai"]
    stale = await post(offices["kham"], f"hand-overs/{offer['id']}/acknowledge", 409, version=9)
    assert "look at it again" in stale["message"]

    taken = await post(
        offices["kham"], f"hand-overs/{offer['id']}/acknowledge", version=1, remark="all clear"
    )
    assert (taken["state"], taken["acknowledged_by"]) == ("acknowledged", "kham")
    assert on_duty(offices) == ["Lt. kham"]
    relieved = await get(offices["noy"], f"shifts/{first['id']}")
    began = await get(offices["noy"], f"shifts/{second['id']}")
    assert relieved["state"] == "relieved"
    assert relieved["relieved_at"] == began["taken_at"] == taken["acknowledged_at"]
    again = await post(offices["kham"], f"hand-overs/{offer['id']}/acknowledge", 404, version=2)
    assert again["error"] == "not_found"
    assert (await get(offices["kham"], f"hand-overs/{offer['id']}"))["remark"] == "all clear"
    assert [each["id"] for each in await get(offices["kham"], "hand-overs/past")] == [offer["id"]]


async def test_what_is_open_is_taken_down_and_what_comes_later_is_added(offices: Offices) -> None:
    office = offices.server.office
    first, second = await begun(offices)
    assert await get(offices["somchai"], "open-items") == []
    await alert(offices, "a1", "silent_unit")
    items = await get(offices["somchai"], "open-items")
    assert [(item["kind"], item["id"]) for item in items] == [("alert", "a1")]
    assert "silent_unit" in items[0]["title"]
    offer = await post(
        offices["somchai"], "hand-overs", 201, shift=first["id"], relief=second["id"]
    )
    assert [item["id"] for item in offer["items"]] == ["a1"]
    await alert(offices, "a2", "no_go")
    # A sector is nothing that is open.
    sector = Sector(
        id="s1",
        agency=LAO,
        at=NOW,
        name="Lima 2",
        use="patrol",
        river="Mekong",
        km_from=2350.0,
        km_to=2360.0,
    )
    await office.watch.document_service.file(lambda _b, _n: Filing(documents=(sector,), act="draw"))
    taken = await post(offices["kham"], f"hand-overs/{offer['id']}/acknowledge", version=1)
    assert [item["id"] for item in taken["items"]] == ["a1"]
    # What the rules made of the first meanwhile is new as well.
    assert {item["id"] for item in taken["later"]} - {"a1"} == {"a2"}
    # Of the other bank's alerts nothing is in it.
    assert await get(offices["malee"], "open-items") == []


async def alert(offices: Offices, id: str, rule: str) -> None:
    from patrol.alerts.alert import Alert

    raised = Alert(
        id=id, agency=LAO, at=NOW, rule=rule, subject="u1", severity="medium", raised_at=NOW
    )
    document_service = offices.server.office.watch.document_service
    await document_service.file(lambda _b, _n: Filing(documents=(raised,), act="raise"))


async def test_an_offer_is_withdrawn_and_the_old_shift_goes_on(offices: Offices) -> None:
    first, second = await begun(offices)
    offer = await post(
        offices["somchai"], "hand-overs", 201, shift=first["id"], relief=second["id"]
    )
    twice = await post(
        offices["somchai"], "hand-overs", 409, shift=first["id"], relief=second["id"]
    )
    assert "handing over" in twice["message"]
    gone = await post(offices["noy"], f"shifts/{second['id']}/cancel", 409, version=1)
    assert "withdraw that first" in gone["message"]
    back = await post(offices["somchai"], f"hand-overs/{offer['id']}/withdraw")
    assert back["state"] == "withdrawn"
    assert on_duty(offices) == ["Lt. somchai"]
    late = await post(offices["kham"], f"hand-overs/{offer['id']}/acknowledge", 404, version=2)
    assert late["error"] == "not_found"
    assert (await get(offices["noy"], f"shifts/{first['id']}"))["state"] == "on duty"


async def test_only_what_the_life_allows_is_done(offices: Offices) -> None:
    first, second = await begun(offices)
    for refused in (
        await post(offices["noy"], f"shifts/{first['id']}/cancel", 409, version=2),
        await post(offices["somchai"], f"shifts/{first['id']}/begin", 409),
        await post(offices["somchai"], "hand-overs", 409, shift=first["id"], relief=first["id"]),
    ):
        assert refused["error"] == "conflict"
    not_on_duty = await post(
        offices["kham"], "hand-overs", 409, shift=second["id"], relief=first["id"]
    )
    assert "is not on duty" in not_on_duty["message"]
    response = await offices["noy"].patch(
        f"/api/roster/shifts/{first['id']}", json={"version": 2, "office": "Bokeo"}
    )
    assert (response.status_code, "stays as it is" in response.json()["message"]) == (409, True)
    longer = await offices["noy"].patch(
        f"/api/roster/shifts/{first['id']}", json={"version": 2, "phone": "1"}
    )
    assert longer.json()["phone"] == "1"
    nothing = await offices["noy"].patch(f"/api/roster/shifts/{first['id']}", json={"version": 3})
    assert nothing.status_code == 400


async def test_a_relief_that_does_not_come_is_reported_and_the_old_shift_stays(
    offices: Offices,
) -> None:
    office = offices.server.office
    first, _ = await begun(offices)
    offices.server.clock.moment = lambda: NOW + timedelta(hours=8, minutes=16)
    await tick(office.watch)
    late = await get(offices["noy"], f"shifts/{first['id']}")
    assert (late["relief_overdue"], late["state"]) == (True, "on duty")
    await tick(office.watch)
    assert (await get(offices["noy"], f"shifts/{first['id']}"))["version"] == late["version"]


async def test_nothing_of_a_shift_crosses(offices: Offices) -> None:
    first, second = await begun(offices)
    offer = await post(
        offices["somchai"], "hand-overs", 201, shift=first["id"], relief=second["id"]
    )
    malee = offices["malee"]
    assert await get(malee, "shifts") == []
    assert await get(malee, "shifts/past") == []
    assert await get(malee, "hand-overs") == []
    assert await get(malee, "hand-overs/past") == []
    for path in (f"shifts/{first['id']}", f"hand-overs/{offer['id']}"):
        answer = await malee.get(f"/api/roster/{path}")
        assert (answer.status_code, answer.json()["error"]) == (404, "not_found")
    for path, body in (
        (f"shifts/{first['id']}/begin", {}),
        (f"shifts/{first['id']}/cancel", {"version": 1}),
        (f"hand-overs/{offer['id']}/acknowledge", {"version": 1}),
        (f"hand-overs/{offer['id']}/withdraw", {}),
        ("hand-overs", {"shift": first["id"], "relief": second["id"]}),
    ):
        assert (await malee.post(f"/api/roster/{path}", json=body)).status_code == 404, path
    async with offices.server.live(malee) as live:
        snapshot = await live.until("snapshot")
        assert not [
            document for document in snapshot.get("papers", ()) if document["agency"] == LAO
        ]


async def test_roles_do_only_what_they_may(offices: Offices) -> None:
    first, _ = await begun(offices)
    crew, observer = offices["bounmy"], offices["vanh"]
    assert (await crew.get("/api/roster/shifts")).status_code == 200
    assert (await crew.get("/api/roster/open-items")).status_code == 403
    for client in (crew, observer):
        body = {"office": "A", "officer": "X", "starts_at": hours(90), "ends_at": hours(91)}
        assert (await client.post("/api/roster/shifts", json=body)).status_code == 403
        begin = await client.post(f"/api/roster/shifts/{first['id']}/begin")
        assert (begin.status_code, begin.json()["error"]) == (403, "forbidden")


# -- contacts


async def test_a_contact_is_what_the_officer_marked_and_ends_with_the_shift(
    offices: Offices,
) -> None:
    first, second = await begun(offices)
    path = f"/api/roster/shifts/{first['id']}/contact"
    assert (await offices["kham"].put(path, json={"phone": "1"})).status_code == 403
    shared = await offices["somchai"].put(
        path, json={"phone": "+856 20", "radio": "VHF 12", "languages": ["lo", "th"]}
    )
    assert shared.status_code == 200, shared.text
    assert shared.json().get("name", "") == ""
    [own] = await get(offices["kham"], "contacts")
    assert (own["phone"], own["office"]) == ("+856 20", OFFICE)
    # Without an agreement that names texts nothing of it crosses.
    assert await get(offices["malee"], "contacts") == []
    offer = await post(
        offices["somchai"], "hand-overs", 201, shift=first["id"], relief=second["id"]
    )
    await post(offices["kham"], f"hand-overs/{offer['id']}/acknowledge", version=1)
    assert await get(offices["kham"], "contacts") == []
    late = await offices["somchai"].put(path, json={"phone": "1"})
    assert late.status_code == 404
    path = f"/api/roster/shifts/{second['id']}/contact"
    assert (await offices["kham"].put(path, json={"name": "Kham"})).status_code == 200
    assert (await offices["kham"].delete(path)).status_code == 200
    assert (await offices["kham"].delete(path)).status_code == 404
    assert (await offices["kham"].put(path, json={"name": "Kham"})).status_code == 200


async def test_the_counterpart_sees_what_is_marked_while_an_agreement_names_texts(
    offices: Offices,
) -> None:
    agreement = await offices.agree("texts")
    first, _ = await begun(offices)
    assert await get(offices["malee"], "contacts") == []  # nothing is marked
    path = f"/api/roster/shifts/{first['id']}/contact"
    said = {"phone": "+856 20", "radio": "VHF 12", "languages": ["lo", "th"]}
    async with offices.server.live(offices["malee"]) as live:
        await live.until("snapshot")
        assert (await offices["somchai"].put(path, json=said)).status_code == 200
        change = await live.until("change")
        [streamed] = change["papers"]
        [contact] = await get(offices["malee"], "contacts")
        assert contact == streamed
        assert {name: contact[name] for name in said} == said
        assert (contact["agency"], contact["office"]) == (LAO, OFFICE)
        text = str(contact)
        for never in ("somchai", "Somchai", first["id"], "+856 20 5555"):
            assert never not in text
        assert (await offices["malee"].get(f"/api/roster/shifts/{first['id']}")).status_code == 404

        await offices.desk("kham").agreements.suspend(agreement.id, reason="a row")
        assert await get(offices["malee"], "contacts") == []
        while contact["id"] not in change.get("forget", ()):
            change = await live.until("change")
    [own] = await get(offices["kham"], "contacts")
    assert own["phone"] == "+856 20"


async def test_an_agreement_that_does_not_name_texts_shows_no_contact(offices: Offices) -> None:
    await offices.agree("positions", "tracks", "alerts")
    first, _ = await begun(offices)
    path = f"/api/roster/shifts/{first['id']}/contact"
    assert (await offices["somchai"].put(path, json={"name": "S."})).status_code == 200
    assert await get(offices["malee"], "contacts") == []


async def test_every_act_is_in_the_journal_and_proved(offices: Offices) -> None:
    first, second = await begun(offices)
    offer = await post(
        offices["somchai"], "hand-overs", 201, shift=first["id"], relief=second["id"]
    )
    await post(offices["kham"], f"hand-overs/{offer['id']}/acknowledge", version=1)
    store = offices.server.office.store
    lines = await store.read(journal.of_agency, LAO, subject="shift:", limit=100)
    assert [(line.act, line.actor) for line in reversed(lines)] == [
        ("plan shift", "noy"),
        ("plan shift", "noy"),
        ("begin shift", "somchai"),
        ("offer watch", "somchai"),
        ("take watch", "kham"),
        ("take watch", "kham"),
    ]
    assert (await store.read(verify_journal.prove)).faults == ()
