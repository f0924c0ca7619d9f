"""Patrols over HTTP: two agencies plan, sign, run and end one; each keeps its own; a suspension."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.maps.servers.agreement import agree
from tests.maps.servers.offices import LAO, THAI, Offices, two_offices
from tests.maps.servers.running import wait_until

REACH = {"river": "Mekong", "km_from": 2350, "km_to": 2360, "width_m": 2000}


@pytest_asyncio.fixture
async def offices(tmp_path: Path) -> AsyncIterator[Offices]:
    async with two_offices(tmp_path) as started:
        yield started


def good(answer: httpx.Response, status: int = 200) -> Any:
    """Return the body of a good answer."""
    assert answer.status_code == status, answer.text
    return answer.json()


def soon(minutes: float) -> str:
    """Return the time in so many minutes."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()


async def boat(offices: Offices, by: str, call_sign: str, country: str) -> str:
    """Register a boat and return its id."""
    body = {"call_sign": call_sign, "kind": "boat", "country": country}
    return str(good(await offices[by].post("/api/units", json=body), 201)["id"])


async def boats(offices: Offices) -> list[dict[str, Any]]:
    """Return a boat of each side, as members."""
    return [
        {"unit": await boat(offices, "keo", "Naga 1", "LA"), "agency": LAO, "crew": 4},
        {"unit": await boat(offices, "nok", "Khong 2", "TH"), "agency": THAI, "crew": 3},
    ]


async def drafted(offices: Offices, **more: Any) -> dict[str, Any]:
    """Draft a joint patrol of both boats on the reach."""
    sector = {"name": "Reach 4", "stretch": REACH}
    id = good(await offices["noy"].post("/api/sectors", json=sector), 201)["sector"]["id"]
    body = {
        "name": "Night watch",
        "starts_at": soon(10),
        "ends_at": soon(190),
        "agencies": [LAO, THAI],
        "members": await boats(offices),
        "sectors": [id],
        "check_in_interval_s": 1800,
        "legs": [
            {"name": "up", "starts_at": soon(20), "ends_at": soon(60), "lead": THAI},
        ],
    } | more
    told: dict[str, Any] = good(await offices["noy"].post("/api/patrols", json=body), 201)
    return told


async def signed(offices: Offices) -> str:
    """Return the id of a joint patrol that both have signed."""
    path = f"/api/patrols/{(await drafted(offices))['id']}"
    good(await offices["noy"].post(f"{path}/propose"))
    good(await offices["somchai"].post(f"{path}/sign", json={"revision": 1}))
    answer = good(await offices["chai"].post(f"{path}/sign", json={"revision": 1}))
    assert answer["state"] == "signed"
    return path


async def under_way(offices: Offices) -> str:
    """Return the path of a joint patrol under way."""
    path = await signed(offices)
    good(await offices["bounmy"].post(f"{path}/ready"))
    good(await offices["bounmy"].post(f"{path}/start"))
    return path


async def test_two_agencies_plan_sign_run_and_end_a_patrol(offices: Offices) -> None:
    await agree(offices)
    draft = await drafted(offices)
    path = f"/api/patrols/{draft['id']}"
    assert (await offices["malee"].get(path)).status_code == 404, "a draft is its owner's"
    assert good(await offices["noy"].get(f"{path}/conflicts")) == []
    good(await offices["noy"].post(f"{path}/propose"))
    seen = good(await offices["malee"].get(path))
    assert (seen["state"], len(seen["members"]), seen["agencies"]) == ("proposed", 2, [LAO, THAI])
    once = good(await offices["somchai"].post(f"{path}/sign", json={"revision": 1}))
    assert (once["state"], len(once["signatures"])) == ("proposed", 1)
    changed = good(await offices["malee"].patch(path, json={"revision": 1, "note": "no lights"}))
    assert (changed["revision"], changed.get("signatures", [])) == (2, [])
    stale = await offices["somchai"].post(f"{path}/sign", json={"revision": 1})
    assert stale.status_code == 409
    assert "read revision 2, not 1, and sign it" in stale.json()["message"]
    late = await offices["noy"].patch(path, json={"revision": 1, "note": "lights"})
    assert late.status_code == 409
    good(await offices["somchai"].post(f"{path}/sign", json={"revision": 2}))
    both = good(await offices["chai"].post(f"{path}/sign", json={"revision": 2}))
    assert both["state"] == "signed"
    ours = next(each for each in both["signatures"] if each["agency"] == LAO)
    assert "by" not in ours, "no officer's name crosses"
    early = await offices["bounmy"].post(f"{path}/start")
    assert early.status_code == 409
    assert "only by: change, withdraw signature, ready, cancel" in early.json()["message"]
    good(await offices["bounmy"].post(f"{path}/ready"))
    going = good(await offices["bounmy"].post(f"{path}/start"))
    assert (going["state"], going["started_by"]) == ("under way", "order")
    naga, khong = (each["unit"] for each in draft["members"])
    good(await offices["bounmy"].post(f"{path}/check-ins", json={"unit": naga, "note": "well"}))
    wrong = await offices["bounmy"].post(f"{path}/check-ins", json={"unit": khong})
    assert wrong.status_code == 409, "another agency's unit checks in with its own"
    told = good(await offices["malee"].post(f"{path}/check-ins", json={"unit": khong}))
    assert {each["unit"] for each in told["check_ins"]} == {naga, khong}
    assert (await offices["noy"].patch(path, json={"note": "x"})).status_code == 409
    over = good(await offices["malee"].post(f"{path}/end", json={"reason": "dawn"}))
    assert (over["state"], over["ended_by"]) == ("ended", "order")
    assert good(await offices["noy"].get("/api/patrols")) == []
    past = good(
        await offices["noy"].get("/api/patrols/past", params={"start": soon(-5), "end": soon(5)})
    )
    assert [each["id"] for each in past] == [draft["id"]]
    versions = good(await offices["noy"].get(f"{path}/versions"))
    assert [each.get("state", "draft") for each in versions] == [
        "draft", "proposed", "proposed", "proposed", "proposed", "signed", "ready", "under way",
        "under way", "under way", "ended",
    ]  # fmt: skip
    theirs = good(await offices["malee"].get(f"{path}/versions"))
    assert len(theirs) == len(versions) - 1, "the draft was not theirs"


async def test_both_sides_are_shown_the_same_seal_before_they_sign(offices: Offices) -> None:
    await agree(offices)
    draft = await drafted(offices)
    path = f"/api/patrols/{draft['id']}"
    assert (await offices["chai"].get(f"{path}/seal")).status_code == 404, "it is a draft"
    good(await offices["noy"].post(f"{path}/propose"))
    ours = good(await offices["noy"].get(f"{path}/seal"))
    assert (ours["revision"], ours["unsigned"]) == (1, [LAO, THAI])
    assert good(await offices["chai"].get(f"{path}/seal")) == ours
    answer = good(await offices["chai"].post(f"{path}/sign", json={"revision": 1}))
    assert answer["signatures"][0]["sha256"] == ours["sha256"]
    left = good(await offices["noy"].get(f"{path}/seal"))
    assert left == ours | {"unsigned": [LAO]}
    changed = good(await offices["noy"].patch(path, json={"note": "no lights"}))
    assert good(await offices["noy"].get(f"{path}/seal"))["sha256"] != ours["sha256"]
    assert changed["revision"] == 2


async def test_a_plan_with_errors_is_refused_with_all_of_them(offices: Offices) -> None:
    draft = await drafted(offices)
    path = f"/api/patrols/{draft['id']}"
    found = good(await offices["noy"].get(f"{path}/conflicts"))
    assert {each["code"] for each in found} == {"no_agreement", "over_border"}
    refused = await offices["noy"].post(f"{path}/propose")
    assert refused.status_code == 409
    body = refused.json()
    assert body["error"] == "plan_conflicts"
    assert body["conflicts"] == found
    assert f"no agreement between {LAO} and {THAI} names patrols" in body["message"]
    await agree(offices)
    # the reach was drawn before anything was agreed, and stood when they agreed: it is shown
    sector = draft["sectors"][0]
    answer = good(await offices["malee"].get("/api/sectors"))
    assert sector in {each["sector"]["id"] for each in answer}
    good(await offices["noy"].post(f"{path}/propose"))
    mine = {"name": "Mines", "use": "no_go", "stretch": REACH | {"km_from": 2359, "km_to": 2370}}
    no_go = good(await offices["malee"].post("/api/sectors", json=mine), 201)["sector"]["id"]
    found = good(await offices["noy"].get(f"{path}/conflicts"))
    assert [(each["code"], each["other"]) for each in found] == [("no_go", no_go)]
    assert "overlaps no-go Mines of th-ck at km 2" in found[0]["words"]
    refused = await offices["somchai"].post(f"{path}/sign", json={"revision": 1})
    assert refused.json()["error"] == "plan_conflicts"


async def test_a_plan_is_checked_before_it_is_saved(offices: Offices) -> None:
    await agree(offices)
    path = await signed(offices)
    known = good(await offices["noy"].get(path))
    naga = known["members"][0]
    body = {"starts_at": soon(60), "ends_at": soon(100), "agencies": [LAO], "members": [naga]}
    found = good(await offices["noy"].post("/api/patrols/check", json=body))
    assert [(each["code"], each["severity"], each["other"]) for each in found] == [
        ("two_patrols", "error", known["id"])
    ]
    later = {"patrol": known["id"], "ends_at": soon(60 * 24 * 40)}
    codes = [
        each["code"] for each in good(await offices["noy"].post("/api/patrols/check", json=later))
    ]
    assert codes == ["agreement_window"]
    assert good(await offices["noy"].get(path)) == known, "nothing is kept"
    nothing = await offices["noy"].post("/api/patrols/check", json={"starts_at": soon(60)})
    assert (nothing.status_code, nothing.json()["field"]) == (400, "ends_at")
    draft = good(await offices["noy"].post("/api/patrols", json=body | {"name": "x"}), 201)
    theirs = await offices["malee"].post("/api/patrols/check", json={"patrol": draft["id"]})
    assert theirs.status_code == 404


async def test_each_agency_reads_and_writes_only_its_own_annex(offices: Offices) -> None:
    await agree(offices)
    path = await signed(offices)
    good(await offices["kham"].put(f"{path}/annex", json={"text": "informant at the pier"}))
    theirs = good(await offices["malee"].put(f"{path}/annex", json={"text": "engine is weak"}))
    assert [each["text"] for each in theirs["annexes"]] == ["engine is weak"]
    ours = await offices["vanh"].get(path)
    assert [each["text"] for each in good(ours)["annexes"]] == ["informant at the pier"]
    assert good(ours)["state"] == "signed", "an annex is no content"
    for answer in (
        await offices["malee"].get(path),
        await offices["malee"].get(f"{path}/versions"),
        await offices["malee"].get("/api/patrols"),
    ):
        assert "informant" not in answer.text
        assert "kham" not in answer.text


async def test_when_the_agreement_is_suspended_each_side_keeps_only_its_own_part(
    offices: Offices,
) -> None:
    agreement = await agree(offices)
    path = await under_way(offices)
    both = good(await offices["malee"].get(path))
    naga, khong = (each["unit"] for each in both["members"])
    async with offices.server.live(offices["malee"]) as live:
        first = await live.until("snapshot")
        [patrol] = [each for each in first["papers"] if each["kind"] == "patrol"]
        assert len(patrol["members"]) == 2
        good(
            await offices["kham"].post(
                f"/api/agreements/{agreement}/suspend", json={"reason": "by order"}
            )
        )
        cut = good(await offices["malee"].get(path))
        assert cut["suspended"] is True, "in the same turn"
        assert "by order" in cut["suspended_why"]
        assert "la-hx suspended" in cut["suspended_why"]
        assert [each["unit"] for each in cut["members"]] == [khong]
        for answer in (
            await offices["malee"].get("/api/patrols"),
            await offices["malee"].get(f"{path}/versions"),
            await offices["malee"].get(f"{path}/conflicts"),
        ):
            assert answer.status_code == 200
            assert naga not in answer.text
        own = good(await offices["bounmy"].get(path))
        assert [each["unit"] for each in own["members"]] == [naga]
        good(await offices["bounmy"].post(f"{path}/check-ins", json={"unit": naga}))
        after = good(await offices["malee"].get(path))
        assert not after.get("check_ins")
    good(await offices["kham"].post(f"/api/agreements/{agreement}/resume", json={}))
    again = good(await offices["malee"].get(path))
    assert not again.get("suspended")
    assert len(again["members"]) == 2


async def test_a_patrol_starts_and_ends_by_its_plan(offices: Offices) -> None:
    member = {"unit": await boat(offices, "keo", "Naga 1", "LA"), "agency": LAO}
    body = {
        "name": "Pier",
        "starts_at": soon(0.03),
        "ends_at": soon(0.08),
        "members": [member],
        "start_by_plan": True,
        "end_by_plan": True,
    }
    id = good(await offices["noy"].post("/api/patrols", json=body), 201)["id"]
    path = f"/api/patrols/{id}"
    good(await offices["noy"].post(f"{path}/propose"))
    good(await offices["somchai"].post(f"{path}/sign", json={"revision": 1}))
    good(await offices["bounmy"].post(f"{path}/ready"))
    async for _ in wait_until("the end", 15):
        answer = good(await offices["vanh"].get(path))
        if answer["state"] == "ended":
            break
    assert (answer["started_by"], answer["ended_by"]) == ("plan", "plan")


async def test_effort_and_coverage_are_given_by_side_as_far_as_tracks_are_shared(
    offices: Offices,
) -> None:
    agreement = await agree(offices)
    path = await signed(offices)
    members = good(await offices["noy"].get(path))["members"]
    for name, member in zip(("keo", "nok"), members, strict=True):
        body = {"address": f"position_json:{name}", "unit": member["unit"], "channel": "*"}
        body["start"] = soon(-60)
        good(await offices[name].post("/api/assignments", json=body), 201)
    good(await offices["bounmy"].post(f"{path}/ready"))
    early = await offices["noy"].get(f"{path}/effort")
    assert (early.status_code, early.json()["error"]) == (409, "conflict")
    good(await offices["bounmy"].post(f"{path}/start"))
    began = datetime.now(UTC)
    lon, lat = offices.server.office.geography.at_km(2355.0)
    for name, agency in (("keo", LAO), ("nok", THAI)):
        key = await offices.server.office.people.add_device(name, agency)
        reports = [
            {
                "id": f"{name}-{number}",
                "lon": lon + number * 1e-5,
                "lat": lat,
                "time": (began + timedelta(milliseconds=20 * number)).isoformat(),
                "accuracy_m": 5,
            }
            for number in range(1, 6)
        ]
        async with offices.server.stranger(authorization=f"Bearer {key}") as phone:
            good(await phone.post("/api/positions", json=reports))
    await asyncio.sleep(0.2)  # what was told of the next tenth of a second has been
    effort = good(await offices["noy"].get(f"{path}/effort"))
    assert set(effort["by_agency"]) == {LAO, THAI}
    assert effort["unseen"] == 0
    assert {each["country"] for each in effort["report"]["units"]} == {"LA", "TH"}
    assert effort["report"]["total"]["positions"] == 10
    answer = good(await offices["noy"].get(f"{path}/coverage?radius_m=500"))
    sides = {each["side"]: each["report"] for each in answer["sectors"]}
    assert set(sides) == {LAO, THAI, "all"}
    of_all, of_one = sides["all"]["seen"]["seen"], sides[LAO]["seen"]["seen"]
    rounding_km2 = 1e-9  # a square millimetre is 1e-12 km2: areas of shapes joined in another order
    assert of_all >= of_one - rounding_km2
    assert of_one > 0.5
    good(await offices["kham"].post(f"/api/agreements/{agreement}/suspend", json={"reason": "x"}))
    alone = good(await offices["noy"].get(f"{path}/effort"))
    assert set(alone["by_agency"]) == {LAO}
    assert members[1]["unit"] not in str(alone)
    export = await offices["noy"].get(
        "/api/exports/tracks", params={"patrol": path.rpartition("/")[2], "format": "geojson"}
    )
    assert export.status_code == 200, export.text
    assert "Naga 1" in export.text
    assert "Khong 2" not in export.text


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"),
        ({"starts_at": "2026-11-24T12:00:00"}, "starts_at"),
        ({"members": [{"unit": "u", "agency": LAO, "crew": -1}]}, "members.0.crew"),
        ({"members": [{"unit": "u" * 65, "agency": LAO}]}, "members.0.unit"),
        ({"sectors": ["x"] * 51}, "sectors"),
        ({"check_in_interval_s": 1}, "check_in_interval_s"),
        ({"legs": [{"name": "x"}]}, "legs.0.starts_at"),
        ({"rendezvous": [{"name": "x", "lon": 200, "lat": 0, "at": soon(1)}]}, "rendezvous.0.lon"),
        ({"annexes": []}, "annexes"),
        ({"state": "ended"}, "state"),
    ],
)
async def test_a_wrong_field_is_named(offices: Offices, change: Any, field: str) -> None:
    body = {"name": "x", "starts_at": soon(1), "ends_at": soon(2)} | change
    answer = await offices["noy"].post("/api/patrols", json=body)
    assert (answer.status_code, answer.json()["field"]) == (422, field), answer.text


async def test_who_may_do_what(offices: Offices) -> None:
    await agree(offices)
    path = await signed(offices)
    body = {"name": "x", "starts_at": soon(1), "ends_at": soon(2)}
    for name in ("bounmy", "vanh", "kham", "keo"):
        assert (await offices[name].post("/api/patrols", json=body)).status_code == 403, name
    for name in ("noy", "vanh", "kham"):
        assert (await offices[name].post(f"{path}/ready")).status_code == 403, name
    assert (await offices["vanh"].get(path)).status_code == 200
    unknown = "/api/patrols/none"
    assert (await offices["somchai"].get(unknown)).status_code == 404
    assert (await offices["somchai"].post(f"{unknown}/ready")).status_code == 404
    cancelled = await offices["malee"].post(f"{path}/cancel", json={})
    assert cancelled.status_code == 409
    assert "only la-hx can cancel" in cancelled.json()["message"]
    back = good(await offices["chai"].post(f"{path}/withdraw", json={"reason": "no boat"}))
    assert (back["state"], [each["agency"] for each in back["signatures"]]) == ("proposed", [LAO])
    good(await offices["noy"].post(f"{path}/cancel", json={"reason": "no boat"}))
