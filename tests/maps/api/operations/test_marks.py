"""Marks over HTTP: what radios say of marked places, what the office makes of it, who may."""

from __future__ import annotations

from typing import Any

from tests.maps.servers.running import Running

PLACE = {"name": "sunken barge", "use": "hazard", "lon": 100.4141, "lat": 20.2705}


async def test_office_marks_finds_changes_and_ends(server: Running) -> None:
    async with server.signed_in("commander") as client, server.signed_in("observer") as other:
        made = await client.post("/api/marks", json=PLACE | {"remarks": "2 m under water"})
        assert made.status_code == 201, made.text
        mark: dict[str, Any] = made.json()
        assert "Houay Xai" in mark["place"]
        url = f"/api/marks/{mark['id']}"
        found = (await other.get("/api/marks", params={"q": "WATER barge"})).json()
        assert [each["id"] for each in found] == [mark["id"]]
        assert (await other.get("/api/marks", params={"q": "bridge"})).json() == []
        assert (await other.post("/api/marks", json=PLACE)).status_code == 403
        assert (await other.post(f"{url}/end")).status_code == 403
        changed = await client.patch(url, json={"name": "barge", "use": "place"})
        assert (changed.json()["name"], changed.json()["version"]) == ("barge", 2)
        assert len((await client.get(f"{url}/versions")).json()) == 2
        target = await client.post(f"{url}/target", json={"what": "vessel"})
        assert (target.status_code, target.json()["name"]) == (201, "barge")
        again = await client.post(f"{url}/target", json={"what": "vessel"})
        assert again.status_code == 409
        incident = await client.post(f"{url}/incident", json={"category": "drugs"})
        assert incident.status_code == 201, incident.text
        assert (await client.post(f"{url}/end")).json()["end"] == "ended"
        assert (await client.post(f"{url}/end")).status_code == 409
        assert (await client.get("/api/marks")).json() == []
        past = await client.get("/api/marks", params={"ended_since": "2020-01-01T00:00:00Z"})
        assert [each["id"] for each in past.json()] == [mark["id"]]
        assert (await client.get(url)).json()["state"] == "ended"


async def test_what_cannot_be_marked_is_refused_by_its_field(server: Running) -> None:
    async with server.signed_in("commander") as client:
        for wrong, field in (
            ({"lat": 95}, "lat"),
            ({"name": ""}, "name"),
            ({"use": "parking"}, "use"),
            ({"radius_m": -1}, "radius_m"),
        ):
            answer = await client.post("/api/marks", json=PLACE | wrong)
            assert (answer.status_code, answer.json()["field"]) == (422, field)
        far = await client.post("/api/marks", json=PLACE | {"ends_at": "2020-01-01T00:00:00Z"})
        assert far.status_code == 409
        assert (await client.get("/api/marks/none")).status_code == 404


async def test_who_may_not_message_radios_sees_and_shows_nothing_on_air(server: Running) -> None:
    async with server.signed_in("commander") as client, server.signed_in("observer") as other:
        mark = (await client.post("/api/marks", json=PLACE)).json()
        url = f"/api/on-air/marks/{mark['id']}"
        assert (await client.get(url)).json() == {"channels": [], "orders": []}
        refused = await client.post(url, json={"channel": "mesh"})
        assert refused.status_code == 409
        assert "nothing can be sent over mesh" in refused.text
        assert (await other.post(url, json={"channel": "mesh"})).status_code == 403
        assert (await client.get("/api/on-air/targets/none")).status_code == 404
        assert (await client.get(f"/api/on-air/units/{mark['id']}")).status_code == 422
        await client.post(f"/api/marks/{mark['id']}/end")
        assert (await client.post(url, json={"channel": "mesh"})).status_code == 404
