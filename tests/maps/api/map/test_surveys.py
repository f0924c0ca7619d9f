"""Effort and coverage over HTTP, and the simplified line, against what was sent."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import numpy as np
import pytest

from gis.geometry.geodesy import destination, distances_m
from gis.position.position import Position
from gis.river.river import load_mekong
from maps.errors.errors import BadRequest
from maps.surveys.coverage_and_effort import read_area
from radio_gateway.messages.transmission import Transmission
from tests.maps.servers.running import Running

BEGIN = (datetime.now(UTC) - timedelta(hours=2)).replace(microsecond=0)
SPAN = {"start": BEGIN.isoformat(), "end": (BEGIN + timedelta(hours=1)).isoformat()}


async def sails(
    server: Running,
    client: httpx.AsyncClient,
    call_sign: str,
    lons: Any,
    lats: Any,
    *,
    every_s: float = 10.0,
    **more: Any,
) -> str:
    """Register a unit and let its radio report positions from `BEGIN` on."""
    body = {"call_sign": call_sign, "kind": "boat", "country": "LA"} | more
    unit: str = (await client.post("/api/units", json=body)).json()["id"]
    bound = {
        "address": f"test:{call_sign}",
        "unit": unit,
        "start": BEGIN.isoformat(),
        "channel": "*",
    }
    assert (await client.post("/api/assignments", json=bound)).status_code == 201
    transmissions = []
    for n, (lon, lat) in enumerate(zip(lons, lats, strict=True)):
        moment = BEGIN + timedelta(seconds=every_s * n)
        transmissions.append(
            Transmission(
                protocol="test",
                kind="position",
                device=call_sign,
                position=Position(lon=float(lon), lat=float(lat)),
                fix=True,
                device_time=moment,
                heard_at=moment,
                channel="serial",
                reception_id=f"gw/boot/{call_sign}/{n}",
            )
        )
    await server.office.watch.receive(transmissions)
    return unit


def down_the_mekong() -> tuple[Any, Any]:
    """5 km in 50 positions, at 10 m/s."""
    return load_mekong().at_kms(np.arange(2350.0, 2345.0, -0.1))


async def test_effort_tells_kilometres_hours_and_an_unsure_side(server: Running) -> None:
    async with server.signed_in() as client:
        lons, lats = down_the_mekong()
        unit = await sails(server, client, "Naga 1", lons, lats)
        inland = [
            destination(lon=99.0, lat=18.0, bearing_deg=0.0, distance_m=100.0 * n)
            for n in range(31)
        ]
        other = await sails(server, client, "Garuda", *zip(*inland, strict=True), country="TH")
        response = await client.get("/api/effort", params=SPAN)
        assert response.status_code == 200, response.text
        report = response.json()
        way = distances_m(lon1=lons[:-1], lat1=lats[:-1], lon2=lons[1:], lat2=lats[1:]).sum() / 1000
        assert [each["call_sign"] for each in report["units"]] == ["Garuda", "Naga 1"]
        naga = report["units"][1]
        assert naga["unit"] == unit
        assert naga["effort"]["km"] == pytest.approx(way, rel=0.01)
        assert naga["effort"]["hours"] == pytest.approx(490 / 3600)
        assert naga["effort"]["sides"].keys() == {"unsure"}
        assert naga["effort"]["unsure_between"].keys() == {"LA/TH"}
        garuda = report["units"][0]["effort"]
        assert garuda["sides"]["TH"]["km"] == pytest.approx(3.0, abs=0.01)
        assert report["by_country"]["TH"] == garuda
        assert report["total"]["km"] == pytest.approx(naga["effort"]["km"] + garuda["km"])
        area = {
            "type": "Polygon",
            "coordinates": [[[98, 17], [99.5, 17], [99.5, 18.01], [98, 18.01], [98, 17]]],
        }
        one = await client.get(
            "/api/effort", params=SPAN | {"unit": other, "area": json.dumps(area)}
        )
        [only] = one.json()["units"]
        assert only["effort"]["sectors"]["area"]["km"] == pytest.approx(0.01 * 110.68, abs=0.06)


async def test_impossible_fixes_are_no_effort_and_are_counted(server: Running) -> None:
    async with server.signed_in() as client:
        lons, lats = (list(each) for each in down_the_mekong())
        lons[20] += 3.0
        await sails(server, client, "Naga 1", lons, lats)
        [unit] = (await client.get("/api/effort", params=SPAN)).json()["units"]
        assert unit["removed"] == {"speed": 1}
        assert unit["effort"]["km"] < 6.0


async def test_a_moored_boat_with_spikes_went_nowhere(server: Running) -> None:
    begin = BEGIN - timedelta(hours=2)
    key = await server.device("boat-3")
    async with server.signed_in() as client:
        body = {"call_sign": "Naga 1", "kind": "boat", "country": "LA"}
        unit = (await client.post("/api/units", json=body)).json()["id"]
        bound = {
            "address": "position_json:boat-3", "unit": unit, "start": begin.isoformat(),
            "channel": "*",
        }  # fmt: skip
        assert (await client.post("/api/assignments", json=bound)).status_code == 201
        reports = []
        for n in range(3 * 360 + 1):
            lon, lat = 100.4096, 20.2655
            if n % 120 == 60:
                lon, lat = destination(lon=lon, lat=lat, bearing_deg=7.0 * n, distance_m=400.0)
            time = (begin + timedelta(seconds=10 * n)).isoformat()
            said = {"id": f"r-{n}", "lon": lon, "lat": lat, "time": time, "speed_mps": 0.05}
            reports.append(said)
        async with server.stranger(authorization=f"Bearer {key}") as boat:
            for first in range(0, len(reports), 200):
                answer = await boat.post("/api/positions", json=reports[first : first + 200])
                assert len(answer.json()["stored"]) == len(reports[first : first + 200])
        span = {"start": begin.isoformat(), "end": (begin + timedelta(hours=3.5)).isoformat()}
        [told] = (await client.get("/api/effort", params=span)).json()["units"]
        assert told["effort"]["km"] < 0.1
        assert told["effort"]["hours"] == pytest.approx(3.0)
        assert told["removed"] == {"spike": 9}
        [totals] = (await client.get("/api/replay/totals", params=span)).json()["units"]
        assert (totals["km"], totals["removed"]) == (told["effort"]["km"], told["removed"])
        assert totals["positions"] == told["effort"]["positions"]


async def test_a_sparse_reporter_goes_along_the_river_and_that_is_reported(server: Running) -> None:
    async with server.signed_in() as client:
        kms = np.arange(2240.0, 2210.0, -0.01)
        lons, lats = load_mekong().at_kms(kms)
        way = distances_m(lon1=lons[:-1], lat1=lats[:-1], lon2=lons[1:], lat2=lats[1:]).sum() / 1000
        some = np.append(np.arange(0, len(kms) - 1, 250), len(kms) - 1)
        await sails(server, client, "Naga 1", lons[some], lats[some], every_s=240)
        [unit] = (await client.get("/api/effort", params=SPAN)).json()["units"]
        assert unit["effort"]["km"] == pytest.approx(way, rel=0.005)
        assert unit["effort"]["along_river_km"] == unit["effort"]["km"]


async def test_nothing_is_reported_of_the_future(server: Running) -> None:
    async with server.signed_in() as client:
        later = datetime.now(UTC) + timedelta(hours=5)
        asked: dict[str, Any] = SPAN | {"end": later.isoformat(), "km_from": 2340, "km_to": 2360}
        for path in ("/api/effort", "/api/coverage"):
            body = (await client.get(path, params=asked)).json()
            assert datetime.fromisoformat(body["end"]) <= datetime.now(UTC)
        never = asked | {"start": (later - timedelta(hours=1)).isoformat()}
        assert (await client.get("/api/coverage", params=never)).status_code == 400


async def test_coverage_of_kilometres_a_reach_and_an_area(server: Running) -> None:
    async with server.signed_in() as client:
        unit = await sails(server, client, "Naga 1", *down_the_mekong())
        asked = SPAN | {"km_from": 2340, "km_to": 2360, "radius_m": 500}
        response = await client.get("/api/coverage", params=asked)
        assert response.status_code == 200, response.text
        report = response.json()
        assert report["units"] == [unit]
        assert report["seen"]["whole"] == 20.0
        assert report["seen"]["seen"] == pytest.approx(5.9, abs=0.5)
        assert [each["last"] is None for each in report["stretches"]] == [True, False, True]
        assert report["line_error_m"] >= 50.0
        assert report["seen"]["seen_hours"] == pytest.approx(490 / 3600, rel=0.01)
        reach = load_mekong().locate(lon=100.41, lat=20.266)
        assert reach is not None
        by_name = await client.get("/api/coverage", params=SPAN | {"reach": reach.reach})
        assert 0.0 < by_name.json()["seen"]["share"] < 1.0
        lon, lat = load_mekong().at_km(2347.5)
        box = [
            [lon - 0.1, lat - 0.1],
            [lon + 0.1, lat - 0.1],
            [lon + 0.1, lat + 0.1],
            [lon - 0.1, lat + 0.1],
        ]
        area = {"type": "Polygon", "coordinates": [[*box, box[0]]]}
        within = await client.get(
            "/api/coverage",
            params=SPAN | {"area": json.dumps(area), "cells": True, "radius_m": 400},
        )
        found = within.json()
        assert "stretches" not in found
        strip = 2 * 0.4 * 4.9 + math.pi * 0.16
        assert found["seen"]["seen"] == pytest.approx(strip, rel=0.15)  # it bends
        cells = found["cells"]["features"]
        assert sum(c["properties"]["area_km2"] for c in cells) == pytest.approx(
            found["seen"]["whole"], rel=1e-3
        )
        assert {c["geometry"]["type"] for c in cells} <= {"Polygon", "MultiPolygon"}
        assert all(
            (c["properties"]["last"] is None) == (c["properties"]["visits"] == 0) for c in cells
        )


@pytest.mark.parametrize(
    ("path", "more", "status", "field"),
    [
        ("effort", {"end": SPAN["start"]}, 400, "end"),
        ("effort", {"end": (BEGIN + timedelta(days=40)).isoformat()}, 400, "end"),
        ("effort", {"area": "nonsense"}, 400, "area"),
        ("effort", {"unit": "no-such"}, 404, None),
        ("coverage", {}, 400, None),
        ("coverage", {"km_from": 2340}, 400, "km_from"),
        ("coverage", {"km_from": 2340, "km_to": 99_999}, 400, None),
        ("coverage", {"km_from": 2340, "km_to": 2340}, 400, None),
        ("coverage", {"km_from": 1, "km_to": 2, "reach": "x"}, 400, None),
        ("coverage", {"reach": "Nile"}, 400, "reach"),
        ("coverage", {"km_from": 1, "km_to": 2, "radius_m": 0}, 422, "radius_m"),
    ],
)
async def test_what_cannot_be_surveyed_is_refused_by_name(
    server: Running, path: str, more: dict[str, Any], status: int, field: str | None
) -> None:
    async with server.signed_in() as client:
        response = await client.get(f"/api/{path}", params=SPAN | more)
    assert response.status_code == status, response.text
    assert response.json().get("field") == field


async def test_nobody_learns_of_a_unit_of_another_agency(server: Running) -> None:
    async with server.signed_in() as client:
        unit = await sails(server, client, "Naga 1", *down_the_mekong())
        body = (await client.get("/api/effort", params=SPAN)).json()
        assert len(body["units"]) == 1
    await server.office.people.add_user("stranger", "commander", "other", None)
    found = await server.office.people.user("stranger")
    assert found is not None
    token = await server.office.people.link_for(found[0], minutes=5)
    async with server.stranger(origin=server.url) as client:
        assert (await client.post("/api/session/link", json={"token": token})).status_code == 200
        body = (await client.get("/api/effort", params=SPAN)).json()
        assert (body["units"], body["total"]["km"]) == ([], 0.0)
        response = await client.get("/api/coverage", params=SPAN | {"km_from": 2340, "km_to": 2360})
        assert (response.json()["units"], response.json()["seen"]["share"]) == ([], 0.0)
        for path in ("effort", "coverage"):
            asked = (
                SPAN | {"unit": unit} | ({"km_from": 1, "km_to": 2} if path == "coverage" else {})
            )
            assert (await client.get(f"/api/{path}", params=asked)).status_code == 404


async def test_a_track_for_the_screen_has_fewer_vertices_within_the_tolerance(
    server: Running,
) -> None:
    async with server.signed_in() as client:
        turn = [
            destination(lon=100.4, lat=20.3, bearing_deg=90.0, distance_m=50.0 * n)
            for n in range(100)
        ]
        turn += [
            destination(lon=turn[-1][0], lat=turn[-1][1], bearing_deg=180.0, distance_m=50.0 * n)
            for n in range(1, 100)
        ]
        unit = await sails(server, client, "Naga 1", *zip(*turn, strict=True))
        path = f"/api/units/{unit}/track"
        whole = (await client.get(path, params=SPAN)).json()
        thin = (await client.get(path, params=SPAN | {"tolerance_m": 5})).json()
        assert len(whole["geometry"]["coordinates"]) == 199
        assert len(thin["geometry"]["coordinates"]) == 3
        for name in ("times", "speeds_mps", "courses_deg", "flags"):
            assert len(thin["properties"][name]) == 3
        for place, time in zip(
            thin["geometry"]["coordinates"], thin["properties"]["times"], strict=True
        ):
            index = whole["properties"]["times"].index(time)
            assert whole["geometry"]["coordinates"][index] == place
        every = await client.get(
            "/api/tracks", params={"hours": 3, "points_each": 5000, "tolerance_m": 5}
        )
        [feature] = every.json()["features"]
        assert len(feature["geometry"]["coordinates"]) == 3
        assert (await client.get(path, params={"tolerance_m": -1})).status_code == 422


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("{", "no GeoJSON"),
        ("null", "no GeoJSON"),
        ("[1, 2]", "no GeoJSON"),
        ('{"type":"Polygon"}', "empty"),
        ('{"type":"Feature","geometry":null}', "no GeoJSON"),
        ('{"type":"Point","coordinates":[1,2]}', "a Point and not a polygon"),
        ('{"type":"Polygon","coordinates":[[["a","b"],[1,2],[2,2]]]}', "."),
        (
            '{"type":"Polygon","coordinates":[[[20,100],[21,100],[21,101],[20,100]]]}',
            "longitude and latitude are swapped",
        ),
        ('{"type":"Polygon","coordinates":[[[0,0],[2,2],[2,0],[0,2],[0,0]]]}', "cross"),
    ],
)
def test_a_shape_that_is_no_area_is_reported(text: str, fault: str) -> None:
    with pytest.raises(BadRequest, match=fault) as caught:
        read_area(text)
    assert caught.value.field == "area"


def test_an_area_may_be_a_feature() -> None:
    ring = [[100.0, 20.0], [100.1, 20.0], [100.1, 20.1], [100.0, 20.0]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    assert read_area(json.dumps({"type": "Feature", "geometry": shape})).area == pytest.approx(
        0.005
    )


async def test_heat_of_the_river_and_its_sectors(server: Running) -> None:
    async with server.signed_in() as client:
        unit = await sails(server, client, "Naga 1", *down_the_mekong())
        stretch = {"river": "Mekong", "km_from": 2346, "km_to": 2349, "width_m": 400}
        made = await client.post("/api/sectors", json={"name": "Isles", "stretch": stretch})
        assert made.status_code == 201, made.text
        asked = SPAN | {"km_from": 2340, "km_to": 2353.5, "radius_m": 200}
        response = await client.get("/api/coverage/heat", params=asked)
        assert response.status_code == 200, response.text
        body = response.json()
        assert body["units"] == {unit: "Naga 1"}
        bins = body["bins"]
        assert [(each["km_from"], each["km_to"]) for each in bins[-2:]] == [
            (2352.0, 2353.0),
            (2353.0, 2353.5),
        ]
        answers = [each["km_from"] for each in bins if each["visits"]]
        assert answers == [2344.0, 2345.0, 2346.0, 2347.0, 2348.0, 2349.0, 2350.0]
        assert [each["share"] for each in bins if 2346 <= each["km_from"] < 2349] == [1.0] * 3
        assert all((each["last"] is None) == (each["visits"] == 0) for each in bins)
        [sector] = body["sectors"]
        assert (sector["name"], sector["visits"] >= 1) == ("Isles", True)
        assert sector["seen"]["share"] > 0.9
        assert 10 < len(sector["cells"]["features"]) <= 4100
        idle = await client.get("/api/coverage/heat", params=asked | {"on_patrol": True})
        assert idle.json()["units"] == {}, "no patrol was under way"
        assert {each["visits"] for each in idle.json()["bins"]} == {0}
        fine = await client.get("/api/coverage/heat", params=asked | {"step_km": 0.01})
        assert fine.status_code == 422
        many = await client.get(
            "/api/coverage/heat", params=asked | {"km_from": 1000, "step_km": 0.5}
        )
        assert (many.status_code, "1000 stretches" in many.json()["message"]) == (400, True)
