"""Incidents over HTTP: logged, confirmed, corrected, counted, exported; who may do what."""

from __future__ import annotations

import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from maps.files.incident_table import COLUMNS
from patrol.units.units import ROLES, Role
from tests.maps.servers.running import AGENCY, Running, running

TH = "th-ck"
AGENCIES = [
    {"id": AGENCY, "name": "Houay Xai", "country": "LA"},
    {"id": TH, "name": "Chiang Khong", "country": "TH"},
]


@pytest_asyncio.fixture
async def border(tmp_path: Path) -> AsyncIterator[Running]:
    """A server of two agencies of two countries, with `malee` as the other side's commander."""
    async with running(tmp_path, agencies=AGENCIES) as server:
        await server.office.people.add_user("malee", "commander", TH, None)
        yield server


@asynccontextmanager
async def malee(server: Running) -> AsyncIterator[httpx.AsyncClient]:
    found = await server.office.people.user("malee")
    assert found is not None
    token = await server.office.people.link_for(found[0], minutes=5)
    async with server.stranger(origin=server.url) as client:
        assert (await client.post("/api/session/link", json={"token": token})).is_success
        yield client


def drugs(**more: Any) -> dict[str, Any]:
    return {
        "category": "drugs",
        "when": "2026-11-24T09:30:00+07:00",
        "seizures": [{"what": "methamphetamine", "amount": 15_000, "unit": "tablets"}],
        "arrested": [{"count": 2, "nationality": "LA"}, {"count": 1}],
        "vehicles": [{"kind": "boat", "description": "long-tail boat"}],
        "lon": 100.4178,
        "lat": 20.27,
        "narrative": "A boat without lights was stopped.",
        "informants": "the ferryman",
    } | more


async def post(client: httpx.AsyncClient, **more: Any) -> dict[str, Any]:
    answer = await client.post("/api/incidents", json=drugs(**more))
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def test_a_crew_logs_and_a_liaison_confirms_and_closes(server: Running) -> None:
    async with server.signed_in("crew") as crew, server.signed_in("liaison") as liaison:
        made = await post(crew)
        assert "state" not in made, "defaults are left out"
        assert made["happened_at"] == "2026-11-24T02:30:00Z"
        assert made["precision"] == "minute"
        assert made["credited"] == [{"agency": AGENCY}]
        assert "Houay Xai" in made["place"]
        url = f"/api/incidents/{made['id']}"
        assert (await crew.post(f"{url}/confirm", json={"version": 1})).status_code == 403
        confirmed = await liaison.post(f"{url}/confirm", json={"version": 1})
        assert confirmed.json()["state"] == "confirmed"
        early = await liaison.post(f"{url}/close", json={"version": 1})
        assert (early.status_code, early.json()["error"]) == (409, "conflict")
        closed = await liaison.post(f"{url}/close", json={"version": 2})
        assert closed.json()["state"] == "closed"
        again = await liaison.post(f"{url}/close", json={"version": 3})
        assert again.status_code == 409
        assert "only by: correct" in again.json()["message"]
        corrected = await liaison.patch(
            url, json={"version": 3, "reason": "counted again", "people_found": 2}
        )
        assert corrected.json()["state"] == "corrected"
        versions = (await crew.get(f"{url}/versions")).json()
        assert [each.get("state", "reported") for each in versions] == [
            "reported", "confirmed", "closed", "corrected",
        ]  # fmt: skip
        gone = await liaison.post(f"{url}/withdraw", json={"version": 4, "reason": "twice"})
        assert gone.json()["state"] == "withdrawn"
        assert (await crew.get("/api/incidents")).json() == []
        assert len((await crew.get("/api/incidents?state=withdrawn")).json()) == 1


async def test_the_same_post_sent_again_has_one_effect(server: Running) -> None:
    async with server.signed_in("crew") as crew, server.signed_in("commander") as commander:
        first = await post(crew, id="phone-7-0001")
        assert await post(crew, id="phone-7-0001") == first
        url = f"/api/incidents/{first['id']}"
        confirmed = (await commander.post(f"{url}/confirm", json={"version": 1})).json()
        assert await post(crew, id="phone-7-0001") == confirmed
        assert len((await crew.get("/api/incidents")).json()) == 1
        other = await crew.post(
            "/api/incidents", json=drugs(id="phone-7-0001", narrative="another")
        )
        assert other.status_code == 409


@pytest.mark.parametrize(
    ("more", "status", "field"),
    [
        ({"category": "gold"}, 422, "category"),
        ({"category": "timber"}, 409, None),  # no tablets of timber
        ({"when": "2026-11-24T09:30:00"}, 422, "when"),
        ({"when": "yesterday"}, 422, "when"),
        ({"when": "2099"}, 409, None),
        ({"seizures": [{"what": "x", "amount": -1, "unit": "kg"}]}, 422, "seizures.0.amount"),
        ({"seizures": [{"what": "x", "amount": "NaN", "unit": "kg"}]}, 422, "seizures.0.amount"),
        ({"seizures": [{"what": "x", "amount": 1e300, "unit": "kg"}]}, 422, "seizures.0.amount"),
        ({"seizures": [{"what": "x", "amount": 1, "unit": "stone"}]}, 422, "seizures.0.unit"),
        ({"seizures": [{"what": "x", "amount": 0.5, "unit": "tablets"}]}, 409, None),
        ({"arrested": [{"count": 1, "nationality": "Lao"}]}, 422, "arrested.0.nationality"),
        ({"arrested": [{"count": 0}]}, 422, "arrested.0.count"),
        ({"arrested": [{"count": 1, "name": "Somchai"}]}, 422, "arrested.0.name"),
        ({"lat": None}, 409, None),
        ({"lat": 100}, 422, "lat"),
        ({"narrative": "a\x00b"}, 422, "narrative"),
        ({"narrative": "a" * 10_001}, 422, "narrative"),
        ({"photos": ["x"]}, 422, "photos.0"),
        ({"photos": ["0" * 64]}, 404, None),
        ({"patrol": "nowhere"}, 404, None),
        ({"credited": ["nobody"]}, 404, None),
        ({"credited": [AGENCY, AGENCY]}, 409, None),
        ({"id": "a/b"}, 422, "id"),
        ({"state": "closed"}, 422, "state"),
        ({"agency": TH}, 422, "agency"),
    ],
)
async def test_the_impossible_is_refused_and_nothing_is_stored(
    server: Running, more: dict[str, Any], status: int, field: str | None
) -> None:
    async with server.signed_in("crew") as crew:
        answer = await crew.post("/api/incidents", json=drugs(**more))
        assert (answer.status_code, answer.json().get("field")) == (status, field), answer.text
        assert (await crew.get("/api/incidents")).json() == []


async def test_a_correction_takes_back_a_place_and_leaves_the_rest(server: Running) -> None:
    async with server.signed_in("crew") as crew:
        made = await post(crew)
        url = f"/api/incidents/{made['id']}"
        new = {"lon": None, "lat": None, "when": "2026-11", "place_name": "Ban Mom"}
        right = await crew.patch(url, json={"version": 1, **new})
        assert right.status_code == 200, right.text
        body = right.json()
        assert "lon" not in body
        assert "place" not in body
        assert (body["happened_at"], body["precision"]) == ("2026-11-01T00:00:00Z", "month")
        assert body["seizures"] == made["seizures"]
        for bad in ({"version": 2}, {"version": 2, "category": None}, {"version": 2, "by": "x"}):
            assert (await crew.patch(url, json=bad)).status_code in (409, 422)


@pytest.mark.parametrize("role", ROLES)
async def test_each_role_may_do_what_the_table_says(server: Running, role: Role) -> None:
    sees = role in ("commander", "planner", "crew", "liaison", "admin", "observer")
    logs = role in ("commander", "planner", "crew", "liaison")
    confirms = role in ("commander", "liaison")
    async with server.signed_in("crew") as crew, server.signed_in(role) as client:
        made = await post(crew)
        url = f"/api/incidents/{made['id']}"
        for path in ("", "/totals", "/table.csv", f"/{made['id']}", f"/{made['id']}/versions"):
            answer = await client.get(f"/api/incidents{path}")
            assert answer.status_code == (200 if sees else 403), path
        items = await client.get("/api/ogc/collections/incidents/items")
        assert items.status_code == (200 if sees else 403)
        assert (await client.get("/api/ogc/collections")).status_code == 200
        answer = await client.post("/api/incidents", json=drugs())
        assert answer.status_code == (201 if logs else 403)
        answer = await client.patch(url, json={"version": 1, "people_found": 1})
        assert answer.status_code == (200 if logs else 403)
        own = await client.post(f"{url}/confirm", json={"version": 2 if logs else 1})
        assert own.status_code == (409 if confirms else 403), "who told some of it does not"
        url = f"/api/incidents/{(await post(crew))['id']}"
        version = 1
        for step in ("confirm", "close"):
            answer = await client.post(f"{url}/{step}", json={"version": version})
            assert answer.status_code == (200 if confirms else 403), step
            version += 1
        answer = await client.post(f"{url}/withdraw", json={"version": 1, "reason": "x"})
        assert answer.status_code == (409 if confirms else 403)


async def test_totals_count_a_joint_incident_once_for_the_region(border: Running) -> None:
    async with border.signed_in("crew") as crew:
        await post(crew, credited=[AGENCY, TH])
        await post(crew, when="2025")
        # a quarter past midnight on new year's day in Vientiane
        await post(crew, when="2025-12-31T17:15:00Z", category="other")
        totals = (await crew.get("/api/incidents/totals")).json()
        assert totals["region"]["reports"] == 3
        assert totals["region"]["seized"] == {"methamphetamine": {"tablets": 45_000}}
        assert totals["region"]["arrested_by_nationality"] == {"LA": 6, "unknown": 3}
        assert totals["by_country"]["LA"]["reports"] == 3
        assert set(totals["by_country"]) == {"LA"}, "the other side has not said yes"
        assert totals["by_year"]["2025"]["reports"] == 1
        assert totals["by_year_and_country"]["2026"]["LA"]["arrested"] == 6
        assert set(totals["by_category"]) == {"drugs", "other"}
        only = (await crew.get("/api/incidents/totals?country=TH")).json()
        assert only["region"]["reports"] == 1
        assert (await crew.get("/api/incidents/totals?sure=true")).json()["region"] == {
            "reports": 0, "cases": 0, "arrested": 0, "arrested_by_nationality": {},
            "people_found": 0, "vehicles": 0, "seized": {}, "at_least": [],
        }  # fmt: skip


async def test_the_list_comes_newest_first_in_pages(server: Running) -> None:
    async with server.signed_in("crew") as crew:
        for day in (3, 1, 2):
            await post(crew, when=f"2026-10-0{day}")
        pages = [
            (await crew.get("/api/incidents", params={"limit": 2, "skip": skip})).json()
            for skip in (0, 2)
        ]
        assert [[each["happened_at"][:10] for each in page] for page in pages] == [
            ["2026-10-03", "2026-10-02"],
            ["2026-10-01"],
        ]
        found = await crew.get(
            "/api/incidents",
            params={"start": "2026-10-02T00:00:00+07:00", "end": "2026-10-03T00:00:00+07:00"},
        )
        assert [each["happened_at"][:10] for each in found.json()] == ["2026-10-02"]
        for bad in ("limit=0", "limit=1001", "category=gold", "country=Laos", "start=yesterday"):
            assert (await crew.get(f"/api/incidents?{bad}")).status_code == 422, bad


async def test_the_table_holds_no_secret_and_no_formula(server: Running) -> None:
    async with server.signed_in("crew") as crew:
        await post(crew, narrative='=HYPERLINK("http://x","y")', place_name="@pier, old",
                   names="Mr A", witnesses="Ms B", victims="Ms C")  # fmt: skip
        answer = await crew.get("/api/incidents/table.csv")
        assert answer.headers["content-type"].startswith("text/csv")
        assert "attachment" in answer.headers["content-disposition"]
        (row,) = csv.DictReader(StringIO(answer.text))
        assert tuple(row) == COLUMNS
        assert row["narrative"] == '\'=HYPERLINK("http://x","y")'
        assert row["place_name"] == "'@pier, old"
        assert row["seizures"] == "15000 tablets methamphetamine"
        assert row["arrested_by_nationality"] == "LA 2; unknown 1"
        assert float(row["lon"]) == 100.4178
        for secret in ("Mr A", "Ms B", "Ms C", "ferryman"):
            assert secret not in answer.text


async def test_the_collection_shows_places_and_no_secret(server: Running) -> None:
    url = "/api/ogc/collections/incidents"
    async with server.signed_in("crew") as crew:
        made = await post(crew)
        without_place = (await post(crew, lon=None, lat=None, when="2025"))["id"]
        gone = await post(crew)
        async with server.signed_in("commander") as commander:
            await commander.post(
                f"/api/incidents/{gone['id']}/withdraw", json={"version": 1, "reason": "x"}
            )
        body = (await crew.get(url)).json()
        assert body["extent"]["spatial"]["bbox"] == [[100.4178, 20.27, 100.4178, 20.27]]
        answer = await crew.get(f"{url}/items")
        found = {each["id"]: each for each in answer.json()["features"]}
        assert set(found) == {made["id"], without_place}
        assert found[made["id"]]["geometry"]["coordinates"] == [100.4178, 20.27]
        assert found[made["id"]]["properties"]["seizures"] == "15000 tablets methamphetamine"
        assert found[without_place]["geometry"] is None
        assert "ferryman" not in answer.text
        one = await crew.get(f"{url}/items/{made['id']}")
        assert one.json()["properties"]["time"] == "2026-11-24T02:30:00Z"
        assert (await crew.get(f"{url}/items/{gone['id']}")).status_code == 404
        boxed = (await crew.get(f"{url}/items?bbox=100,20,101,21")).json()
        assert boxed["numberMatched"] == 1
        timed = await crew.get(f"{url}/items?datetime=2025-06-01T00:00:00Z/2025-07-01T00:00:00Z")
        assert [each["id"] for each in timed.json()["features"]] == [without_place]
        first = (await crew.get(f"{url}/items?limit=1")).json()
        following = next(each["href"] for each in first["links"] if each["rel"] == "next")
        second = (await crew.get(following)).json()
        assert {first["features"][0]["id"], second["features"][0]["id"]} == set(found)


async def test_the_other_side_sees_nothing_without_an_agreement(border: Running) -> None:
    async with border.signed_in("crew") as crew, malee(border) as other:
        made = await post(crew, credited=[AGENCY, TH])
        assert made["credited"] == [
            {"agency": AGENCY, "country": "LA"},
            {"agency": TH, "country": "TH"},
        ]
        id = made["id"]
        assert (await other.get("/api/incidents")).json() == []
        assert (await other.get("/api/incidents/totals")).json()["region"]["reports"] == 0
        assert (await other.get("/api/incidents/table.csv")).text.count("\n") == 1
        assert (await other.get("/api/ogc/collections/incidents/items")).json()["features"] == []
        for method, path, body in (
            ("GET", id, None),
            ("GET", f"{id}/versions", None),
            ("PATCH", id, {"version": 1, "people_found": 1}),
            ("POST", f"{id}/confirm", {"version": 1}),
            ("POST", f"{id}/close", {"version": 1}),
            ("POST", f"{id}/withdraw", {"version": 1, "reason": "x"}),
            ("GET", f"../ogc/collections/incidents/items/{id}", None),
        ):
            answer = await other.request(method, f"/api/incidents/{path}", json=body)
            assert answer.status_code == 404, path
