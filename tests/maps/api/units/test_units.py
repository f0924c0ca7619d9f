"""Units over HTTP: register, change, plot by voice, track, distress."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from radio_gateway.messages.transmission import Transmission
from tests.maps.servers.running import Running


async def add(client: httpx.AsyncClient, call_sign: str = "Naga 1") -> str:
    answer = await client.post(
        "/api/units", json={"call_sign": call_sign, "kind": "boat", "country": "LA"}
    )
    assert answer.status_code == 201, answer.text
    unit: str = answer.json()["id"]
    return unit


async def test_a_unit_is_registered_listed_and_changed(server: Running) -> None:
    async with server.signed_in() as client:
        unit = await add(client)
        [listed] = (await client.get("/api/units")).json()
        assert listed["call_sign"] == "Naga 1"
        assert listed.get("liveness", "never") == "never"
        changed = await client.patch(f"/api/units/{unit}", json={"note": "new engine"})
        assert changed.json()["note"] == "new engine"
        assert (await add(client, "Naga 2")) != unit
        taken = await client.patch(f"/api/units/{unit}", json={"call_sign": "naga 2"})
        assert taken.status_code == 409
        body = taken.json()
        assert (body["error"], body["code"]) == ("conflict", "call_sign_taken")
        assert body["values"]["name"] == "Naga 2"
        nothing = await client.patch(f"/api/units/{unit}", json={"kind": None})
        assert (nothing.status_code, nothing.json()["field"]) == (400, "kind")
        retired = await client.patch(f"/api/units/{unit}", json={"retired": True})
        assert retired.json()["retired_at"] is not None


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"kind": "boat"}, "call_sign"),
        ({"call_sign": "A", "kind": "zeppelin"}, "kind"),
        ({"call_sign": "A", "kind": "boat", "country": "Laos"}, "country"),
        ({"call_sign": "A", "kind": "boat", "colour": "red"}, "colour"),
    ],
)
async def test_a_wrong_field_is_named(server: Running, body: object, field: str) -> None:
    async with server.signed_in() as client:
        answer = await client.post("/api/units", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"] == "bad_field"
    assert answer.json()["field"] == field


async def test_a_role_does_only_what_it_may(server: Running) -> None:
    async with server.signed_in("commander") as client:
        unit = await add(client)
    async with server.signed_in("crew") as client:
        assert (await client.get(f"/api/units/{unit}")).status_code == 200
        refused = await client.post("/api/units", json={"call_sign": "X", "kind": "boat"})
        assert (refused.status_code, refused.json()["error"]) == (403, "forbidden")
        assert (await client.post(f"/api/units/{unit}/clear-distress")).status_code == 403


async def test_a_unit_is_plotted_by_voice_at_a_river_kilometre_or_a_point(server: Running) -> None:
    async with server.signed_in() as client:
        unit = await add(client)
        at = (datetime.now(UTC) - timedelta(minutes=10)).isoformat()
        first = await client.post(f"/api/units/{unit}/plot", json={"river_km": 2356, "at": at})
        assert first.status_code == 200, first.text
        assert first.json()["by_voice"] is True
        assert first.json()["last"]["river_km"] == pytest.approx(2356, abs=0.05)
        place = first.json()["last"]["place"]
        assert (place["river"], place["reach"]) == ("Mekong", "Houay Xai")
        assert place["golden_triangle_km"] == pytest.approx(68.07, abs=0.05)
        assert {place["country"], place["neighbour"]} == {"LA", "TH"}
        assert "bank" not in place  # on the line itself nobody knows
        assert "side_sure" not in place
        second = await client.post(
            f"/api/units/{unit}/plot", json={"lon": 100.4096, "lat": 20.2655}
        )
        assert second.json()["last"]["lat"] == 20.2655
        track = (await client.get(f"/api/units/{unit}/track")).json()
        assert track["geometry"]["type"] == "LineString"
        assert track["geometry"]["coordinates"][1] == [100.4096, 20.2655]
        assert len(track["properties"]["times"]) == 2
        assert track["properties"]["river_kms"][0] == pytest.approx(2356, abs=0.05)
        assert track["properties"]["banks"] == [None, None]
        assert all("by_voice" in flags for flags in track["properties"]["flags"])
        tracks = (await client.get("/api/tracks", params={"hours": 1})).json()
        assert [each["properties"]["id"] for each in tracks["features"]] == [unit]


@pytest.mark.parametrize(
    ("place", "status"),
    [
        ({"river_km": 99_999}, 400),
        ({"lon": 100.4}, 422),
        ({"lon": 100.4, "lat": 95}, 422),
        ({"lon": 100.4, "lat": 20.2, "river_km": 2356}, 422),
        ({}, 422),
    ],
)
async def test_a_plot_that_is_no_place_is_refused(
    server: Running, place: object, status: int
) -> None:
    async with server.signed_in() as client:
        unit = await add(client)
        answer = await client.post(f"/api/units/{unit}/plot", json=place)
    assert answer.status_code == status, answer.text


async def test_a_call_for_help_stays_until_a_commander_clears_it(server: Running) -> None:
    key = await server.device("boat-3")
    async with server.signed_in() as client:
        unit = await add(client)
        bound = {"address": "position_json:boat-3", "unit": unit, "channel": "key:boat-3"}
        assert (await client.post("/api/assignments", json=bound)).status_code == 201
        async with server.stranger(authorization=f"Bearer {key}") as boat:
            now = datetime.now(UTC).isoformat()
            body = {"id": "1", "lon": 100.41, "lat": 20.26, "time": now, "distress": True}
            assert (await boat.post("/api/positions", json=body)).status_code == 200
        assert (await client.get(f"/api/units/{unit}")).json()["distress"] is True
        cleared = await client.post(f"/api/units/{unit}/clear-distress")
        assert cleared.json().get("distress", False) is False


async def test_a_radio_whose_own_name_is_track_is_found(server: Running) -> None:
    async with server.signed_in() as client:
        transmission = Transmission(
            protocol="owntracks", kind="text", device="jane/track", heard_at=datetime.now(UTC)
        )
        await server.office.watch.receive([transmission])
        for path in ("owntracks:jane/track", "owntracks:jane%2Ftrack"):
            found = await client.get(f"/api/units/{path}")
            assert found.status_code == 200, found.text
            assert found.json()["id"] == "owntracks:jane/track"
            track = await client.get(f"/api/units/{path}/track")
            assert track.json()["properties"]["id"] == "owntracks:jane/track"


async def test_a_missing_part_is_reported_by_name(server: Running) -> None:
    async with server.signed_in() as client:
        for path in ("/api/units/no-such", "/api/units/no-such/track"):
            answer = await client.get(path)
            assert answer.status_code == 404
            assert "no-such" in answer.json()["message"]
