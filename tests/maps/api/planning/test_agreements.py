"""Agreements over HTTP: the whole life, who may do what, and what each party is told."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio
import shapely

from patrol.units.data_classes import DATA_CLASSES
from tests.maps.servers.agreement import agree
from tests.maps.servers.offices import LAO, THAI, Offices, two_offices


@pytest_asyncio.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    async with two_offices(tmp_path) as found:
        yield found


def terms(**changes: Any) -> dict[str, Any]:
    now = datetime.now(UTC)
    return {
        "name": "Joint patrols",
        "purposes": ["safety of crews"],
        "classes": ["positions", "alerts"],
        "valid_from": (now - timedelta(hours=1)).isoformat(),
        "valid_until": (now + timedelta(days=30)).isoformat(),
    } | changes


async def done(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def draft(offices: Offices, **changes: Any) -> httpx.Response:
    body = {"agencies": [LAO, THAI], "terms": terms(**changes)}
    return await offices["noy"].post("/api/agreements", json=body)


async def test_the_whole_life(offices: Offices) -> None:
    made = await done(await draft(offices), 201)
    path = f"/api/agreements/{made['id']}"
    assert "state" not in made  # a draft, as by default
    assert (await offices["chai"].get(path)).status_code == 404
    assert (await offices["chai"].get("/api/agreements")).json() == []
    sent = await done(await offices["noy"].post(f"{path}/propose"))
    assert sent["state"] == "proposed"
    said = {"version": sent["version"], "office": "Commander, BLO Houay Xai"}
    signed = await done(await offices["somchai"].post(f"{path}/sign", json=said))
    assert signed["signatures"][0]["by"] == "somchai"
    active = await done(await offices["chai"].post(f"{path}/sign", json=said))
    assert active["state"] == "active"
    assert "by" not in active["signatures"][0], "names of the others' officers stay there"
    assert active["signatures"][0]["office"] == "Commander, BLO Houay Xai"

    reason = {"reason": "ຄຳສັ່ງ / by order"}
    suspended = await done(await offices["malee"].post(f"{path}/suspend", json=reason))
    assert suspended["state"] == "suspended"
    again = await offices["malee"].post(f"{path}/suspend", json=reason)
    assert (again.status_code, again.json()["error"]) == (409, "conflict")
    seen = await done(await offices["bounmy"].get(path))
    (word,) = [each for each in seen["consents"] if not each["given"]]
    assert (word["agency"], word["reason"]) == (THAI, reason["reason"])
    assert "by" not in word
    resumed = await done(await offices["chai"].post(f"{path}/resume", json={}))
    assert resumed["state"] == "active"

    changed = {"terms": terms(precision_m=500), "reason": "less exact"}
    changed_ = await done(await offices["chai"].put(f"{path}/terms", json=changed))
    assert (changed_["state"], changed_.get("signatures", [])) == ("proposed", [])
    old = await offices["kham"].post(f"{path}/sign", json={"version": resumed["version"]})
    assert old.status_code == 409
    said = {"version": changed_["version"]}
    for name in ("kham", "malee"):
        active = await done(await offices[name].post(f"{path}/sign", json=said))
    assert active["state"] == "active"
    ended = await done(await offices["kham"].post(f"{path}/end", json={"reason": "over"}))
    assert (ended["state"], ended["ended_by"]) == ("ended", LAO)
    assert (await offices["kham"].post(f"{path}/suspend", json=reason)).status_code == 404
    assert (await offices["chai"].get("/api/agreements")).json() == []
    closed = (await offices["chai"].get("/api/agreements?closed=true")).json()
    assert [each["id"] for each in closed] == [made["id"]]

    own = (await offices["noy"].get(f"{path}/versions")).json()
    theirs = (await offices["chai"].get(f"{path}/versions")).json()
    assert [each.get("version", 1) for each in own] == list(range(1, len(own) + 1))
    assert [each["version"] for each in theirs] == list(range(2, len(own) + 1))
    assert "somchai" not in str(theirs)
    assert "noy" not in str(theirs)


async def test_what_is_open_and_why_not(offices: Offices) -> None:
    assert (await offices["bounmy"].get("/api/agreements/open")).json() == []
    id = await agree(offices, classes=("positions", "alerts"))
    body = (await offices["bounmy"].get("/api/agreements/open")).json()
    assert len(body) == 2 * len(DATA_CLASSES)
    assert {(each["owner"], each["viewer"]) for each in body} == {(LAO, THAI), (THAI, LAO)}
    assert {each["data_class"] for each in body if each["open"]} == {"positions", "alerts"}
    assert {each["why_not"] for each in body if each["data_class"] == "texts"} == {
        f"no agreement between {a} and {b} names texts" for a, b in ((LAO, THAI), (THAI, LAO))
    }
    await offices["malee"].post(f"/api/agreements/{id}/suspend", json={"reason": "by order"})
    body = (await offices["bounmy"].get("/api/agreements/open")).json()
    assert not any(each["open"] for each in body)
    why = next(each["why_not"] for each in body if each["data_class"] == "positions")
    assert why.startswith("th-ck suspended “Joint patrols” at ")
    assert why.endswith(": by order")


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"classes": []}, 422),
        ({"classes": ["secrets"]}, 422),
        ({"name": "x" * 201}, 422),
        ({"name": ""}, 422),
        ({"precision_m": -1}, 422),
        ({"delay_s": 1e9}, 422),
        ({"informants": True}, 422),
        ({"hours": {"time_zone": "Mars/Olympus"}}, 422),
        ({"hours": {"time_zone": "../../etc/passwd"}}, 422),
        ({"hours": {"time_zone": "Asia/Bangkok", "start": "25:00"}}, 422),
        ({"hours": {"time_zone": "Asia/Bangkok", "days": []}}, 422),
        ({"keep_days": 0}, 422),
        ({"keep_days": 3651}, 422),
        ({"prevailing_language": "lo"}, 422),
        ({"languages": ["Lao"]}, 422),
        ({"approvals": [{"agency": LAO}]}, 422),
        ({"approvals": [{"agency": LAO, "authority": "Ministry", "file_sha256": "abc"}]}, 422),
        ({"approvals": [{"agency": "mm-tl", "authority": "Ministry"}]}, 409),
        ({"valid_until": "2020-01-01T00:00:00Z"}, 409),
        ({"valid_until": "2020-01-01T00:00:00"}, 422),
        ({"corridor": {"river": "Styx", "km_from": 1, "km_to": 2, "from_river_m": 500}}, 409),
        ({"corridor": {"river": "Mekong", "km_from": 1, "km_to": 9999, "from_river_m": 500}}, 409),
        ({"corridor": {"river": "Mekong", "km_from": 5, "km_to": 5, "from_river_m": 500}}, 409),
    ],
)
async def test_terms_that_make_no_sense_are_refused(
    offices: Offices, changes: dict[str, Any], status: int
) -> None:
    answer = await draft(offices, **changes)
    assert answer.status_code == status, answer.text


async def test_parties_must_be_known_and_the_drafter_one_of_them(offices: Offices) -> None:
    for agencies in ([LAO, "mm-tl"], [LAO, LAO], [THAI, "joint"]):
        body = {"agencies": agencies, "terms": terms()}
        answer = await offices["noy"].post("/api/agreements", json=body)
        assert answer.status_code == 409, answer.text


async def test_a_corridor_is_drawn_along_the_real_river(offices: Offices) -> None:
    body = {"river": "Mekong", "km_from": 2340, "km_to": 2370, "from_river_m": 2000}
    made = await done(await draft(offices, corridor=body), 201)
    narrow = await done(await draft(offices, corridor=body | {"from_border_m": 400}), 201)

    def area(answer: dict[str, Any]) -> Any:
        rings = answer["terms"]["corridor"]["rings"]
        return shapely.union_all([shapely.Polygon(ring) for ring in rings])

    wide, thin = area(made), area(narrow)
    assert wide.is_valid
    river = offices.server.office.geography.river
    lon, lat = river.at_km(2356.0)
    assert wide.contains(shapely.Point(lon, lat))
    assert not wide.contains(shapely.Point(*river.at_km(2390.0)))
    assert 90 < wide.area * 111.195**2 * 0.938 < 130, "30 km by 4 km"
    assert 0.05 * wide.area < thin.area < 0.5 * wide.area
    border = await offices.server.office.geography.border()
    for ring in narrow["terms"]["corridor"]["rings"]:
        for place in ring[::20]:
            side = border.side(lon=place[0], lat=place[1])
            assert side.distance_to_border_m < 450, place


async def test_a_stretch_of_river_crosses_where_it_keeps_near_the_border(offices: Offices) -> None:
    said = {"river": "Mekong", "km_from": 2340, "km_to": 2370, "from_river_m": 2000}
    said |= {"from_border_m": 1500}
    await agree(offices, corridor=said, classes=["sectors", "patrols"])

    async def drawn(name: str, km_from: float, km_to: float, width_m: float) -> str:
        stretch = {"river": "Mekong", "km_from": km_from, "km_to": km_to, "width_m": width_m}
        body = {"name": name, "use": "patrol", "stretch": stretch}
        made = await done(await offices["noy"].post("/api/sectors", json=body), 201)
        return str(made["sector"]["id"])

    reach = await drawn("reach", 2350, 2362, 1000)
    await drawn("as wide as the border lets it", 2350, 2362, 3900)  # 1,950 m to each side
    beyond = await drawn("beyond the corridor", 2335, 2350, 1000)
    response = await offices["chai"].get("/api/sectors")
    assert [each["sector"]["name"] for each in response.json()] == ["reach"]

    now = datetime.now(UTC)
    times = {"starts_at": now + timedelta(hours=1), "ends_at": now + timedelta(hours=2)}
    body: dict[str, Any] = {name: at.isoformat() for name, at in times.items()}
    body |= {"agencies": [LAO, THAI], "sectors": [reach, beyond]}
    found = (await offices["noy"].post("/api/patrols/check", json=body)).json()
    kept = [(each["sector"], each["agency"]) for each in found if each["code"] == "hidden_sector"]
    assert kept == [(beyond, THAI)], found


@pytest.mark.parametrize("act", ["suspend", "resume", "sign", "end", "backfill"])
async def test_who_may_not_may_not(offices: Offices, act: str) -> None:
    id = await agree(offices)
    bodies: dict[str, Any] = {
        "suspend": {"reason": "x"},
        "resume": {},
        "sign": {"version": 9},
        "end": {"reason": "x"},
        "backfill": {
            "backfill": {
                "start": "2026-01-01T00:00:00Z",
                "end": "2026-01-01T01:00:00Z",
                "classes": ["tracks"],
            }
        },
    }
    for name in ("noy", "bounmy", "keo", "vanh", "nok"):
        answer = await offices[name].post(f"/api/agreements/{id}/{act}", json=bodies[act])
        assert (answer.status_code, answer.json()["error"]) == (403, "forbidden"), name
    assert (await offices["kham"].get(f"/api/agreements/{id}")).json()["state"] == "active"
