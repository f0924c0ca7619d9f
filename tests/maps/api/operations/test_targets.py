"""Targets and hand-offs over HTTP and the live stream: agencies of two countries in one node."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from patrol.units.units import Role
from tests.maps.servers.running import Running, running, wait_until

LAO, THAI = "joint", "th-ck"  # the users of the roles are of the first
AGENCIES = [
    {"id": LAO, "name": "Houay Xai", "country": "LA", "blos": ["LA-HXI"]},
    {"id": THAI, "name": "Chiang Khong", "country": "TH", "blos": ["TH-CKG"]},
]
LAO_SIDE = {"lon": 100.41417, "lat": 20.27053, "accuracy_m": 20, "speed_mps": 8, "course_deg": 215}
THAI_SIDE = {"lon": 100.40284, "lat": 20.26874, "accuracy_m": 20, "speed_mps": 8, "course_deg": 215}


@pytest_asyncio.fixture
async def border(tmp_path: Path) -> AsyncIterator[Running]:
    """A server of both banks, with `malee` as the Thai commander."""
    async with running(tmp_path, agencies=AGENCIES) as server:
        await server.office.people.add_user("malee", "commander", THAI, None)
        yield server


@asynccontextmanager
async def malee(server: Running) -> AsyncIterator[httpx.AsyncClient]:
    found = await server.office.people.user("malee")
    assert found is not None
    token = await server.office.people.link_for(found[0], minutes=5)
    async with server.stranger(origin=server.url) as client:
        assert (await client.post("/api/session/link", json={"token": token})).is_success
        yield client


async def post(client: httpx.AsyncClient, path: str, body: Any = None, status: int = 200) -> Any:
    answer = await client.post(path, json={} if body is None else body)
    assert answer.status_code == status, answer.text
    return answer.json()


async def get(client: httpx.AsyncClient, path: str) -> Any:
    answer = await client.get(path)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def agree(lao: httpx.AsyncClient, thai: httpx.AsyncClient) -> str:
    """Bring an agreement about targets into force."""
    now = datetime.now(UTC)
    terms = {
        "name": "Joint patrols",
        "purposes": ["drugs"],
        "classes": ["targets"],
        "valid_from": (now - timedelta(hours=1)).isoformat(),
        "valid_until": (now + timedelta(days=30)).isoformat(),
    }
    body = {"terms": terms, "agencies": [LAO, THAI]}
    id = (await post(lao, "/api/agreements", body, 201))["id"]
    version = (await post(lao, f"/api/agreements/{id}/propose"))["version"]
    for client in (lao, thai):
        await post(client, f"/api/agreements/{id}/sign", {"version": version})
    return str(id)


def boat(**more: Any) -> dict[str, Any]:
    return {
        "what": "vessel",
        "name": "grey boat",
        "description": "8 m, no lights",
        "sighting": LAO_SIDE,
        "informants": ["the ferryman"],
        "witnesses": ["a monk"],
        "private_note": "ours alone",
    } | more


async def test_a_target_crosses_is_offered_accepted_and_closed_by_who_has_it(
    border: Running,
) -> None:
    async with (
        border.signed_in("crew") as crew,
        border.signed_in("commander") as lao,
        malee(border) as thai,
    ):
        await agree(lao, thai)
        made = await post(crew, "/api/targets", boat(), 201)
        assert (made["custodian"], made["agency"], made.get("version", 1)) == (LAO, LAO, 1)
        assert made["sightings"][0]["river"] == "Mekong"
        landing = made["prediction"]["landing"]
        assert (landing["bank"], landing["by"]) == ("right", "course")
        seen = await post(crew, f"/api/targets/{made['id']}/sightings", THAI_SIDE, 201)
        assert seen["state"] == "offered"
        [offer] = await get(thai, "/api/hand-offs")
        assert (offer["agency"], offer["to"], offer["office"]) == (LAO, THAI, "TH-CKG")
        assert offer["why"] == "border"
        assert len(offer["fixes"]) == 2
        assert {"km", "bank", "eta"} <= offer["prediction"]["landing"].keys()
        for secret in ("ferryman", "monk", "ours alone"):
            assert secret not in str(offer)
        path = f"/api/hand-offs/{offer['id']}"
        taken = await post(thai, f"{path}/accept", {"term": offer["term"]})
        assert taken["state"] == "taken"
        mine = await get(lao, f"/api/targets/{made['id']}")
        assert (mine["state"], mine["custodian"]) == ("handed over", THAI)
        [theirs] = [t for t in await get(thai, "/api/targets") if t["agency"] == THAI]
        assert theirs["received_from"] == LAO
        assert theirs["case"] == made["case"]
        for secret in ("ferryman", "monk", "ours alone"):
            assert secret not in str(await get(thai, "/api/targets"))
        closed = await post(
            thai, f"/api/targets/{theirs['id']}/close", {"outcome": "arrested", "note": "pier"}
        )
        assert (closed["outcome"], closed["state"]) == ("arrested", "closed")
        versions = await get(thai, f"/api/targets/{theirs['id']}/versions")
        assert [each.get("version", 1) for each in versions] == [1, 2]
        since = (datetime.now(UTC) - timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        [past] = await get(thai, f"/api/targets?closed_since={since}")
        assert past["id"] == theirs["id"]
        [over] = await get(lao, f"/api/hand-offs?ended_since={since}")
        assert over["state"] == "taken"
        assert len(await get(lao, f"{path}/versions")) == 2
        given = await get(lao, f"/api/targets/{made['id']}/custody")
        assert [(each["act"], each["term"]) for each in given] == [
            ("begin custody", 1),
            ("step: offer hand-off", 2),
            ("grant custody", 3),
            ("hear custody taken", 3),
        ]
        assert given[2]["holder"] == THAI
        assert "malee" not in str(given)
        had = await get(thai, f"/api/targets/{theirs['id']}/custody")
        assert [(each["act"], each["term"]) for each in had] == [
            ("step: accept hand-off", 2),
            ("take custody", 3),
            ("end custody", 4),
        ]
        answer = await thai.get(f"/api/targets/{made['id']}/custody")
        assert answer.status_code == 404


async def test_a_late_or_repeated_click_moves_nothing(border: Running) -> None:
    async with border.signed_in() as lao, malee(border) as thai:
        await agree(lao, thai)
        made = await post(lao, "/api/targets", boat(), 201)
        offer = await post(lao, "/api/hand-offs", {"target": made["id"], "note": "look"}, 201)
        path = f"/api/hand-offs/{offer['id']}"
        refused = await post(thai, f"{path}/accept", {"term": offer["term"] - 1}, 409)
        assert refused["error"] == "conflict"
        assert "stands at term" in refused["message"]
        await post(lao, f"{path}/accept", {"term": offer["term"]}, 404)
        declined = await post(thai, f"{path}/decline", {"term": offer["term"], "reason": "busy"})
        assert declined["state"] == "declined"
        for act in ("accept", "decline"):
            answer = await post(thai, f"{path}/{act}", {"term": offer["term"]}, 409)
            assert "nothing changes it any more" in answer["message"]
        await post(lao, f"{path}/withdraw", {}, 409)
        again = await post(lao, "/api/hand-offs", {"target": made["id"], "to": THAI}, 201)
        assert again["term"] > offer["term"]
        answer = await post(lao, "/api/hand-offs", {"target": made["id"]}, 409)
        assert "a target that is offered" in answer["message"]
        await post(lao, f"/api/targets/{made['id']}/close", {"outcome": "lost"}, 409)
        back = await post(lao, f"/api/hand-offs/{again['id']}/withdraw", {"reason": "it turned"})
        assert back["state"] == "withdrawn"
        assert (await get(lao, f"/api/targets/{made['id']}")).get("state", "followed") == "followed"


async def test_with_the_agreement_suspended_the_offer_is_refused_with_the_reason(
    border: Running,
) -> None:
    async with border.signed_in() as lao, malee(border) as thai:
        made = await post(lao, "/api/targets", boat(), 201)
        told = await post(lao, "/api/hand-offs", {"target": made["id"]}, 409)
        assert "no agreement between joint and th-ck names targets" in told["message"]
        agreement = await agree(lao, thai)
        offer = await post(lao, "/api/hand-offs", {"target": made["id"]}, 201)
        assert [each["id"] for each in await get(thai, "/api/hand-offs")] == [offer["id"]]
        await post(thai, f"/api/agreements/{agreement}/suspend", {"reason": "a row"})
        assert await get(thai, "/api/hand-offs") == []
        assert await get(thai, "/api/targets") == []
        answer = await thai.get(f"/api/hand-offs/{offer['id']}")
        assert answer.status_code == 404
        told = await post(
            thai, f"/api/hand-offs/{offer['id']}/accept", {"term": offer["term"]}, 409
        )
        assert "a row" in told["message"]
        async for _ in wait_until("the offer is cut", seconds=20):
            if await get(lao, "/api/hand-offs") == []:
                break
        told = await post(lao, "/api/hand-offs", {"target": made["id"]}, 409)
        assert "th-ck suspended" in told["message"]
        assert "a row" in told["message"]
        mine = await get(lao, f"/api/targets/{made['id']}")
        assert "a row" in mine["remarks"][-1]["text"]


async def test_the_live_stream_brings_an_offer_to_the_other_bank_and_nothing_secret(
    border: Running,
) -> None:
    async with border.signed_in() as lao, malee(border) as thai:
        await agree(lao, thai)
        async with border.live(thai) as live:
            await live.until("snapshot")
            made = await post(lao, "/api/targets", boat(), 201)
            offer = await post(lao, "/api/hand-offs", {"target": made["id"]}, 201)
            body: dict[str, Any] = {}
            while offer["id"] not in body:
                frame = await live.until("change")
                body |= {each["id"]: each for each in frame.get("papers", ())}
                assert "ferryman" not in str(frame)
            assert body[offer["id"]]["kind"] == "hand_off"


async def test_a_suspension_takes_an_open_offer_off_the_other_banks_screen(
    border: Running,
) -> None:
    async with border.signed_in() as lao, malee(border) as thai:
        agreement = await agree(lao, thai)
        made = await post(lao, "/api/targets", boat(), 201)
        offer = await post(lao, "/api/hand-offs", {"target": made["id"]}, 201)
        async with border.live(thai) as live:
            held = {each["id"] for each in (await live.until("snapshot"))["papers"]}
            assert {made["id"], offer["id"]} <= held
            await post(thai, f"/api/agreements/{agreement}/suspend", {"reason": "a row"})
            while held & {made["id"], offer["id"]}:
                frame = await live.frame()
                documents = {each["id"] for each in frame.get("papers", ())}
                if frame["type"] == "snapshot":
                    held = documents
                else:
                    held = (held | documents) - set(frame.get("forget", ()))


@pytest.mark.parametrize(
    ("role", "opens", "offers"),
    [
        ("commander", True, True),
        ("crew", True, False),
        ("liaison", True, True),
        ("planner", False, False),
        ("observer", False, False),
        ("technician", False, False),
        ("admin", False, False),
    ],
)
async def test_who_may_open_and_who_may_offer(
    border: Running, role: Role, opens: bool, offers: bool
) -> None:
    async with border.signed_in("commander") as lao, border.signed_in(role) as client:
        made = await post(lao, "/api/targets", boat(), 201)
        await post(client, "/api/targets", boat(), 201 if opens else 403)
        path = f"/api/targets/{made['id']}/sightings"
        await post(client, path, LAO_SIDE, 201 if opens else 403)
        await post(client, "/api/hand-offs", {"target": made["id"]}, 409 if offers else 403)
        response = await client.get("/api/targets")
        assert response.status_code == (403 if role == "technician" else 200)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"what": "submarine"}, "what"),
        ({"name": ""}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"description": "x" * 2001}, "description"),
        ({"sighting": LAO_SIDE | {"lat": 100.4}}, "sighting.lat"),
        ({"sighting": LAO_SIDE | {"course_deg": 360}}, "sighting.course_deg"),
        ({"sighting": LAO_SIDE | {"at": "2026-11-24T12:00:00"}}, "sighting.at"),
        ({"photos": ["nothing"]}, "photos.0"),
        ({"informants": ["x"] * 51}, "informants"),
        ({"custodian": THAI}, "custodian"),
    ],
)
async def test_what_no_target_is_is_refused(
    border: Running, change: dict[str, Any], field: str
) -> None:
    async with border.signed_in() as lao:
        answer = await post(lao, "/api/targets", boat(**change), 422)
        assert answer["field"] == field


async def test_a_target_is_changed_and_its_photos_must_stay(border: Running) -> None:
    async with border.signed_in() as lao, malee(border) as thai:
        made = await post(lao, "/api/targets", boat(), 201)
        path = f"/api/targets/{made['id']}"
        answer = await lao.patch(path, json={"description": "the tarpaulin is gone"})
        assert answer.json()["description"] == "the tarpaulin is gone"
        assert answer.json()["name"] == "grey boat"
        await post(lao, f"{path}/photos", {"sha256": "ab" * 32}, 404)
        assert (await thai.patch(path, json={"name": "mine"})).status_code == 404
        assert (await thai.get(path)).status_code == 404
        assert (await lao.get("/api/targets/none")).status_code == 404
        await post(lao, "/api/hand-offs", {"target": made["id"], "to": "nobody"}, 404)
        told = await post(lao, "/api/hand-offs", {"target": made["id"], "to": LAO}, 409)
        assert "has this target already" in told["message"]
