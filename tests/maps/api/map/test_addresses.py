"""Addresses over HTTP: of any place, on every unit, after a restart, by a site's own river."""

from __future__ import annotations

from pathlib import Path

import pytest
from shapely import affinity

from gis.catalogue import layer_catalogue as layers
from tests.maps.servers.running import Running, running

HOUAY_XAI = {"lon": 100.4178, "lat": 20.27}


async def test_a_place_has_an_address_and_marks_along_the_river(server: Running) -> None:
    async with server.signed_in("crew") as client:
        body = (await client.get("/api/address", params=HOUAY_XAI | {"speed_mps": 8})).json()
    assert body["words"].replace("\u202f", " ") == (
        "km 2 356, left bank, LA side, Houay Xai reach (68 km below the Golden Triangle)"
    )
    assert body["error_words"].startswith("river line within 330 m")
    near = {each["id"]: each for each in body["near"]}
    assert "way" not in near["X-LATH-CKHONG"]  # nearer than both are known
    below = {"river_km": 2353, "speed_mps": 8}
    async with server.signed_in("crew") as client:
        body = (await client.get("/api/address", params=below)).json()
    near = {(each["kind"], each.get("way")): each for each in body["near"]}
    bridge = near["crossing", "down"]
    assert bridge["name"] == "Fourth Thai-Lao Friendship Bridge"
    assert bridge["eta_s"][0] < bridge["distance_km"] * 125 < bridge["eta_s"][1]
    assert near["gauge", "up"]["name"] == "Chiang Khong"


async def test_a_place_may_be_given_as_a_kilometre_and_far_away_there_is_little_to_say(
    server: Running,
) -> None:
    async with server.signed_in() as client:
        body = (await client.get("/api/address", params={"river_km": 2356})).json()
        assert body["address"]["km"] == pytest.approx(2356.0, abs=0.001)
        far = (await client.get("/api/address", params={"lon": 0, "lat": 0})).json()
        assert (far["address"], far["words"]) == ({}, "")
        ruak = (await client.get("/api/address", params={"lon": 100.005, "lat": 20.414})).json()
        assert ruak["address"]["river"] == "Ruak"


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ({}, 400),
        ({"lon": 100}, 400),
        (HOUAY_XAI | {"river_km": 5}, 400),
        ({"river_km": 99_999}, 400),
        ({"lon": 500, "lat": 0}, 422),
        (HOUAY_XAI | {"accuracy_m": -1}, 422),
    ],
)
async def test_what_is_no_place_is_refused(
    server: Running, place: dict[str, float], status: int
) -> None:
    async with server.signed_in() as client:
        assert (await client.get("/api/address", params=place)).status_code == status


async def test_the_address_of_a_unit_is_there_again_after_a_restart(tmp_path: Path) -> None:
    async with running(tmp_path) as server, server.signed_in() as client:
        body = {"call_sign": "Naga 1", "kind": "boat", "country": "LA"}
        unit = (await client.post("/api/units", json=body)).json()["id"]
        plotted = (await client.post(f"/api/units/{unit}/plot", json=HOUAY_XAI)).json()
        assert plotted["last"]["place"]["bank"] == "left"
    async with running(tmp_path, roles=()) as server, server.signed_in() as client:
        again = (await client.get(f"/api/units/{unit}")).json()
        assert again["last"]["place"] == plotted["last"]["place"]
        async with server.live(client) as live:
            [answer] = (await live.frame())["units"]
        assert answer["last"]["place"]["reach"] == "Houay Xai"


async def test_a_sites_own_centreline_gives_the_addresses(tmp_path: Path) -> None:
    mekong = layers.load("mekong").assign(error_m=8.0, reach="Surveyed")
    moved = [affinity.translate(shape, yoff=-0.002) for shape in mekong.geometry]
    mekong.set_geometry(moved).to_file(tmp_path / "survey.gpkg", driver="GPKG")
    own = {"replace": {"mekong": {"file": "survey.gpkg", "error_m": 8}}}
    async with running(tmp_path, layers=own) as server, server.signed_in() as client:
        body = (await client.get("/api/address", params={"lon": 100.4108, "lat": 20.2655})).json()
    assert (body["address"]["reach"], body["address"]["error_m"]) == ("Surveyed", 8.0)
    assert body["address"]["bank"] == "left"
