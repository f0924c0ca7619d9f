"""Sectors over HTTP: drawn, judged with what would do, changed, retired; whose they are."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.maps.servers.agreement import agree
from tests.maps.servers.offices import LAO, THAI, Offices, two_offices

RING = [[100.40, 20.28], [100.42, 20.28], [100.42, 20.30], [100.40, 20.30], [100.40, 20.28]]
POLYGON = {"type": "Polygon", "coordinates": [RING]}
REACH = {"river": "Mekong", "km_from": 2350, "km_to": 2360, "width_m": 2000}


@pytest_asyncio.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    async with two_offices(tmp_path) as started:
        yield started


async def drawn(offices: Offices, by: str = "noy", **more: Any) -> dict[str, Any]:
    """Draw a sector and return it with how it lies."""
    body = {"name": "Islands", "polygon": POLYGON} | more
    answer = await offices[by].post("/api/sectors", json=body)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def test_a_polygon_comes_back_as_geojson_with_how_it_lies(offices: Offices) -> None:
    body = await drawn(offices, note="shallow")
    assert body["outline"] == POLYGON
    assert body["area_km2"] == pytest.approx(4.62, abs=0.02)
    assert set(body["countries"]) == {"LA", "TH"}
    assert body["sector"]["agency"] == LAO
    assert body["sector"]["polygon"] == [RING]
    id = body["sector"]["id"]
    assert (await offices["bounmy"].get(f"/api/sectors/{id}")).json() == body
    [listed] = (await offices["vanh"].get("/api/sectors?use=patrol")).json()
    assert listed == body
    assert (await offices["vanh"].get("/api/sectors?use=no_go")).json() == []


async def test_a_stretch_has_the_outline_of_its_corridor_and_reaches_into_both_countries(
    offices: Offices,
) -> None:
    body = await drawn(offices, polygon=None, stretch=REACH, name="Reach 4")
    assert (body["outline"]["type"], set(body["countries"])) == ("Polygon", {"LA", "TH"})
    assert 18 < body["area_km2"] < 21
    assert body["countries"]["TH"]["border_m"] > 300


async def test_a_bad_shape_is_refused_with_faults_and_a_suggestion_that_is_taken(
    offices: Offices,
) -> None:
    swapped = {"type": "Polygon", "coordinates": [[[lat, lon] for lon, lat in RING[:-1]]]}
    body = {"name": "Islands", "polygon": swapped}
    answer = await offices["noy"].post("/api/sectors", json=body)
    assert answer.status_code == 422
    told = answer.json()
    assert told["error"] == "bad_shape"
    assert [fault["code"] for fault in told["faults"]] == ["swapped", "not_closed"]
    assert "longitude and latitude are swapped: vertex 1" in told["message"]
    checked = await offices["noy"].post("/api/sectors/check", json={"polygon": swapped})
    assert checked.json() == {
        "faults": told["faults"], "usable": False, "suggestion": told["suggestion"],
    }  # fmt: skip
    again = await offices["noy"].post("/api/sectors", json=body | told["suggestion"])
    assert again.status_code == 201, again.text
    beyond = {"name": "Far", "stretch": REACH | {"km_to": 99_99}}
    answer = await offices["noy"].post("/api/sectors", json=beyond)
    assert answer.json()["suggestion"]["stretch"]["km_to"] == pytest.approx(2754.5, abs=0.1)


@pytest.mark.parametrize(
    "body",
    [
        {"name": ""},
        {"name": "x" * 101, "polygon": POLYGON},
        {"name": "a\u0000b", "polygon": POLYGON},
        {"name": "x", "polygon": POLYGON, "use": "fun"},
        {"name": "x", "polygon": POLYGON, "colour": "red"},
        {"name": "x", "polygon": [RING]},
        {"name": "x", "stretch": REACH | {"km_from": "NaN"}},
        {"name": "x", "stretch": REACH | {"width_m": -1}},
    ],
)
async def test_a_wrong_field_is_named(offices: Offices, body: dict[str, Any]) -> None:
    answer = await offices["noy"].post("/api/sectors", json=body)
    assert (answer.status_code, answer.json()["error"]) == (422, "bad_field"), answer.text
    assert answer.json()["field"]


async def test_changes_are_versions_and_a_late_one_is_refused(offices: Offices) -> None:
    id = (await drawn(offices))["sector"]["id"]
    path = f"/api/sectors/{id}"
    moved = await offices["noy"].patch(path, json={"version": 1, "stretch": REACH})
    assert moved.json()["sector"]["version"] == 2
    assert "polygon" not in moved.json()["sector"]
    late = await offices["somchai"].patch(path, json={"version": 1, "use": "no_go"})
    assert (late.status_code, late.json()["error"]) == (409, "conflict")
    assert "at version 2: look at it again" in late.json()["message"]
    bad = await offices["noy"].patch(path, json={"stretch": REACH | {"river": "Nile"}})
    assert bad.json()["faults"][0]["code"] == "unknown_river"
    gone = await offices["noy"].post(f"{path}/retire", json={"reason": "new map"})
    assert gone.json()["sector"]["retired_at"]
    assert (await offices["noy"].get("/api/sectors")).json() == []
    body = (await offices["noy"].get(f"{path}/versions")).json()
    assert [each.get("version", 1) for each in body] == [1, 2, 3]
    assert body[0]["polygon"] == [RING]


async def test_the_other_bank_sees_a_sector_only_under_an_agreement_and_never_changes_it(
    offices: Offices,
) -> None:
    old = (await drawn(offices, name="Before"))["sector"]["id"]
    given_up = (await drawn(offices, name="Given up"))["sector"]["id"]
    assert (
        await offices["noy"].post(f"/api/sectors/{given_up}/retire", json={})
    ).status_code == 200
    agreement = await agree(offices, classes=["sectors"])
    id = (await drawn(offices))["sector"]["id"]
    path = f"/api/sectors/{id}"
    over = await offices["malee"].get(f"/api/sectors/{given_up}")
    assert over.status_code == 404, "what was over before is not told without consent"
    seen, standing = (await offices["malee"].get("/api/sectors")).json()
    if seen["sector"]["id"] == old:
        seen, standing = standing, seen
    assert standing["sector"]["id"] == old, "what stood when they agreed is what they agreed on"
    assert (seen["sector"]["agency"], seen["sector"]["polygon"]) == (LAO, [RING])
    assert "by" not in seen["sector"], "no officer's name crosses"
    assert len((await offices["malee"].get(f"{path}/versions")).json()) == 1
    features = (await offices["malee"].get("/api/ogc/collections/sectors/items")).json()
    assert {each["id"] for each in features["features"]} == {id, old}
    for method, way, body in (
        ("PATCH", path, {"note": "mine"}),
        ("POST", f"{path}/retire", {}),
    ):
        answer = await offices["malee"].request(method, way, json=body)
        assert answer.status_code == 404, answer.text
    stopped = await offices["kham"].post(
        f"/api/agreements/{agreement}/suspend", json={"reason": "by order"}
    )
    assert stopped.status_code == 200, stopped.text
    assert (await offices["malee"].get("/api/sectors")).json() == []
    assert (await offices["malee"].get(path)).status_code == 404
    features = (await offices["malee"].get("/api/ogc/collections/sectors/items")).json()
    assert features["features"] == []
    assert [each["sector"]["id"] for each in (await offices["noy"].get("/api/sectors")).json()]


async def test_who_may_draw(offices: Offices) -> None:
    for name, status in (("bounmy", 403), ("vanh", 403), ("kham", 403), ("keo", 201)):
        answer = await offices[name].post("/api/sectors", json={"name": name, "polygon": POLYGON})
        assert answer.status_code == status, name
    assert (await offices["malee"].get("/api/sectors")).json() == []


async def test_sectors_are_an_ogc_collection_with_boxes_and_pages(offices: Offices) -> None:
    await drawn(offices)
    await drawn(offices, polygon=None, stretch=REACH, name="Reach 4")
    base = "/api/ogc/collections/sectors"
    about = (await offices["vanh"].get(base)).json()
    assert about["title"] == "Sectors"
    found = (await offices["vanh"].get(f"{base}/items?limit=1")).json()
    assert (found["numberMatched"], found["numberReturned"]) == (2, 1)
    following = next(each["href"] for each in found["links"] if each["rel"] == "next")
    rest = (await offices["vanh"].get(following)).json()
    names = {each["properties"]["name"] for each in found["features"] + rest["features"]}
    assert names == {"Islands", "Reach 4"}
    lon, lat = offices.server.office.geography.at_km(2351.0)
    box = f"{lon - 0.001},{lat - 0.001},{lon + 0.001},{lat + 0.001}"
    near = (await offices["vanh"].get(f"{base}/items?bbox={box}")).json()
    assert [each["properties"]["name"] for each in near["features"]] == ["Reach 4"]
    one = near["features"][0]
    assert one["geometry"]["type"] == "Polygon"
    assert (await offices["vanh"].get(f"{base}/items/{one['id']}")).json()["id"] == one["id"]
    assert (await offices["malee"].get(f"{base}/items/{one['id']}")).status_code == 404


async def test_a_check_tells_how_a_drawing_would_lie_and_keeps_nothing(offices: Offices) -> None:
    checked = (await offices["noy"].post("/api/sectors/check", json={"polygon": POLYGON})).json()
    assert checked["usable"], checked
    assert checked["outline"] == POLYGON
    assert checked["area_km2"] == pytest.approx(4.62, abs=0.02)
    assert set(checked["countries"]) == {"LA", "TH"}
    [along] = checked["along"]
    assert along["river"] == "Mekong"
    assert 0 < along["length_km"] <= along["km_to"] - along["km_from"]
    stretch = (await offices["noy"].post("/api/sectors/check", json={"stretch": REACH})).json()
    assert stretch["outline"]["type"] == "Polygon"
    assert stretch["along"][0] == {
        "river": "Mekong", "km_from": 2350.0, "km_to": 2360.0, "length_km": 10.0,
    }  # fmt: skip
    assert (await offices["noy"].get("/api/sectors")).json() == []
    bow = [[100.40, 20.28], [100.42, 20.30], [100.42, 20.28], [100.40, 20.30], [100.40, 20.28]]
    crossed = {"polygon": {"type": "Polygon", "coordinates": [bow]}}
    body = (await offices["noy"].post("/api/sectors/check", json=crossed)).json()
    assert (body["usable"], "outline" in body) == (False, False)


MINES = {
    "type": "Polygon",
    "coordinates": [
        [[100.41, 20.29], [100.43, 20.29], [100.43, 20.31], [100.41, 20.31], [100.41, 20.29]]
    ],
}


async def in_the_way(offices: Offices, by: str = "noy", **more: Any) -> list[tuple[str, str]]:
    """Return name and agency of what a drawing overlaps; it can be a sector all the same."""
    body = {"polygon": POLYGON} | more
    answer = await offices[by].post("/api/sectors/check", json=body)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    assert (told["usable"], told["faults"]) == (True, [])
    for each in told.get("overlaps", []):
        assert 100.41 < each["lon"] < 100.42
        assert 20.29 < each["lat"] < 20.30
        text = f"overlaps {each['use'].replace('_', '-')} {each['name']} of {each['agency']} at "
        assert each["message"] == text + each["place"]
    return [(each["name"], each["agency"]) for each in told.get("overlaps", [])]


async def test_a_check_warns_of_a_no_go_in_the_way_as_far_as_the_caller_may_see_it(
    offices: Offices,
) -> None:
    agreement = await agree(offices, classes=["sectors"])
    await drawn(offices, "malee", name="Mines", polygon=MINES, use="no_go")
    own = (await drawn(offices, name="Rapids", polygon=MINES, use="restricted"))["sector"]
    await drawn(offices, "malee", name="Theirs", polygon=MINES)
    await drawn(offices, "malee", name="Spawning", polygon=MINES, use="fishing_ban")
    old = (await drawn(offices, name="Old", polygon=MINES, use="no_go"))["sector"]["id"]
    assert (await offices["noy"].post(f"/api/sectors/{old}/retire", json={})).status_code == 200
    both = [("Mines", THAI), ("Rapids", LAO)]
    assert await in_the_way(offices) == both
    assert await in_the_way(offices, use="rendezvous") == both
    assert await in_the_way(offices, use="no_go") == [], "nobody is to patrol there anyway"
    beside = [[[lon - 0.01, lat - 0.01] for lon, lat in RING]]
    assert await in_the_way(offices, polygon={"type": "Polygon", "coordinates": beside}) == []
    assert await in_the_way(offices, sector=own["id"]) == both[:1], "it is not in its own way"
    await drawn(offices, name="Kept all the same")
    stopped = await offices["kham"].post(
        f"/api/agreements/{agreement}/suspend", json={"reason": "by order"}
    )
    assert stopped.status_code == 200, stopped.text
    assert await in_the_way(offices) == both[1:], "what is not shared is not given away"
    assert await in_the_way(offices, "malee") == both[:1]
    wrong = await offices["noy"].post("/api/sectors/check", json={"polygon": POLYGON, "use": "fun"})
    assert (wrong.status_code, wrong.json()["field"]) == (422, "use")


async def test_the_history_tells_who_changed_a_sector_when_and_why(offices: Offices) -> None:
    drawn_now = await drawn(offices)
    id = drawn_now["sector"]["id"]
    assert drawn_now["along"][0]["river"] == "Mekong"
    change = {"version": 1, "stretch": REACH, "reason": "after the flood"}
    assert (await offices["noy"].patch(f"/api/sectors/{id}", json=change)).status_code == 200
    first, second = (await offices["noy"].get(f"/api/sectors/{id}/history")).json()
    assert (first["sector"]["polygon"], first.get("reason", "")) == ([RING], "")
    assert first["outline"] == POLYGON
    assert (second["sector"]["version"], second["reason"]) == (2, "after the flood")
    assert second["sector"]["by"] == "noy"
    assert second["area_km2"] > first["area_km2"]
    assert (await offices["malee"].get(f"/api/sectors/{id}/history")).status_code == 404
    await agree(offices, classes=["sectors"])
    [newest] = (await offices["malee"].get(f"/api/sectors/{id}/history")).json()
    assert (newest["sector"]["version"], "reason" in newest) == (2, False)


LIMITS = {"whose": "others", "loitering_s": 1200, "loitering_within_m": 150, "speed_mps": 8.0}


async def test_limits_are_kept_in_versions_changed_and_taken_away(offices: Offices) -> None:
    told = await drawn(offices, limits=LIMITS)
    assert told["sector"]["limits"] == LIMITS
    path = f"/api/sectors/{told['sector']['id']}"
    response = await offices["noy"].patch(path, json={"name": "Isles"})
    assert response.json()["sector"]["limits"] == LIMITS
    other = await offices["noy"].patch(path, json={"limits": {"stay_s": 3600}})
    assert other.json()["sector"]["limits"] == {"stay_s": 3600}
    none = await offices["noy"].patch(path, json={"limits": {}})
    assert "limits" not in none.json()["sector"]
    body = (await offices["noy"].get(f"{path}/history")).json()
    assert [each["sector"].get("limits") for each in body] == [
        LIMITS, LIMITS, {"stay_s": 3600}, None,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("limits", "field"),
    [
        ({"loitering_s": 1}, "limits.loitering_s"),
        ({"loitering_s": 1e9}, "limits.loitering_s"),
        ({"meeting_within_m": 5, "meeting_s": 600}, "limits.meeting_within_m"),
        ({"speed_mps": "NaN"}, "limits.speed_mps"),
        ({"whose": "mine"}, "limits.whose"),
        ({"height_m": 3}, "limits.height_m"),
    ],
)
async def test_a_limit_out_of_bounds_is_named(
    offices: Offices, limits: dict[str, Any], field: str
) -> None:
    body = {"name": "Islands", "polygon": POLYGON, "limits": limits}
    answer = await offices["noy"].post("/api/sectors", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


async def test_the_other_bank_sees_neither_limits_nor_a_reach(offices: Offices) -> None:
    shown = (await drawn(offices, limits=LIMITS))["sector"]["id"]
    await drawn(offices, name="All of it", use="reach", limits=LIMITS, polygon=None, stretch=REACH)
    await agree(offices, classes=["sectors"])
    [seen] = (await offices["malee"].get("/api/sectors")).json()
    assert seen["sector"]["id"] == shown
    assert "limits" not in seen["sector"]
