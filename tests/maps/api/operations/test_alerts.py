"""Alerts over HTTP and WebSocket: from a boat's position to the page, and what people answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from patrol.alerts.alert import LIFECYCLE, SEVERITIES
from patrol.documents.document import new_id
from patrol.documents.transaction import Filing
from patrol.sectors.sector import Sector
from tests.maps.servers.running import AGENCY, Live, Running, wait_until

WEST, EAST, SOUTH, NORTH = 100.41, 100.42, 20.26, 20.28
OUT, IN = 100.409, 100.411


async def draw(server: Running, name: str = "Don Xao") -> str:
    """Draw a no-go sector and wait until it is watched."""
    ring = ((WEST, SOUTH), (EAST, SOUTH), (EAST, NORTH), (WEST, NORTH), (WEST, SOUTH))
    watch = server.office.watch
    sector = Sector(
        id=new_id(),
        agency=AGENCY,
        at=datetime.now(UTC),
        name=name,
        use="no_go",
        polygon=(ring,),
    )
    await watch.document_service.file(
        lambda _open_documents, _now: Filing(documents=(sector,), act="draw sector")
    )
    async for _ in wait_until("the sector is watched"):
        if watch.alarms.geofence_tracker:
            return sector.id
    raise AssertionError


class Boat:
    """A boat whose phone posts where it is.

    Attributes:
        unit: Its id.
    """

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client, self._sent = client, 0
        self._start = datetime.now(UTC) - timedelta(seconds=90)
        self.unit = ""

    async def at(self, lon: float, **more: Any) -> None:
        """Say where it is, ten seconds later than before."""
        self._sent += 1
        time = self._start + timedelta(seconds=10 * self._sent)
        report = {"id": f"r-{self._sent}", "lon": lon, "lat": 20.27, "time": time.isoformat()}
        more = {"speed_mps": 20.0} | more
        answer = await self._client.post("/api/positions", json=report | more)
        assert answer.json()["rejected"] == [], answer.text


@asynccontextmanager
async def boat(server: Running, client: httpx.AsyncClient) -> AsyncIterator[Boat]:
    """Yield a registered boat with a phone."""
    key = await server.device("boat-3")
    async with server.stranger(authorization=f"Bearer {key}") as phone:
        made = Boat(phone)
        await made.at(OUT)
        unit = await client.post("/api/units", json={"call_sign": "Naga 1", "kind": "boat"})
        made.unit = unit.json()["id"]
        bound = {"address": "position_json:boat-3", "unit": made.unit}
        assert (await client.post("/api/assignments", json=bound)).status_code == 201
        yield made


async def next_alert(live: Live, seconds: float = 1.0) -> dict[str, Any]:
    """Return the next version of an alert on the stream."""
    async with asyncio.timeout(seconds):
        while True:
            frame = await live.until("change")
            for document in frame.get("papers", []):
                if document["kind"] == "alert":
                    alert: dict[str, Any] = document
                    return alert


async def test_a_unit_enters_a_no_go_sector_and_people_deal_with_it(server: Running) -> None:
    async with server.signed_in() as client, boat(server, client) as naga:
        sector = await draw(server)
        async with server.live(client) as live:
            await live.until("snapshot")
            for lon in (OUT, OUT, OUT, IN):
                await naga.at(lon)
            raised = await next_alert(live)
            assert raised["rule"] == "no_go"
            assert raised["subject"] == f"{naga.unit}|{sector}"
            assert (raised["severity"], raised["unit"]) == ("high", naga.unit)
            assert raised["facts"]["sector_name"] == "Don Xao"
            assert raised["told"] == ["commander"]

            [listed] = (await client.get("/api/alerts", params={"unit": naga.unit})).json()
            assert listed["id"] == raised["id"]
            path = f"/api/alerts/{raised['id']}"
            known = await client.post(f"{path}/acknowledge", json={"where": "desk 1"})
            assert known.status_code == 200, known.text
            assert known.json()["acknowledged_by"] == "commander"
            assert (await next_alert(live))["state"] == "acknowledged"
            again = await client.post(f"{path}/acknowledge", json={})
            assert (again.status_code, again.json()["error"]) == (409, "conflict")
            assert "acknowledge" in again.json()["message"]

            for lon in (OUT, OUT, OUT):
                await naga.at(lon)
            gone = await next_alert(live)
            assert gone["state"] == "returned_acknowledged"
            over = await client.post(f"{path}/resolve", json={"note": "went round a barge"})
            assert over.status_code == 200, over.text
            assert (await next_alert(live))["state"] == "resolved"

        assert (await client.get("/api/alerts")).json() == []
        assert (await client.get(path)).json()["note"] == "went round a barge"
        versions = (await client.get(f"{path}/versions")).json()
        assert [each.get("state", "raised") for each in versions] == [
            "raised",
            "acknowledged",
            "returned_acknowledged",
            "resolved",
        ]
        [past] = (await client.get("/api/alerts/history")).json()
        assert past == versions[-1]


async def test_an_sos_is_on_the_stream_at_once_and_its_end_clears_the_distress(
    server: Running,
) -> None:
    async with server.signed_in() as client, boat(server, client) as naga:
        async with server.live(client) as live:
            await live.until("snapshot")
            await naga.at(OUT, distress=True)
            sos = await next_alert(live)
            assert (sos["rule"], sos["severity"]) == ("sos", "sos")
            aside = await client.post(f"/api/alerts/{sos['id']}/shelve", json={"minutes": 5})
            assert aside.status_code == 409
            over = await client.post(f"/api/alerts/{sos['id']}/resolve", json={"note": "towed"})
            assert over.json()["state"] == "resolved"
            assert (await next_alert(live))["note"] == "towed"
        assert "distress" not in (await client.get(f"/api/units/{naga.unit}")).json()
        await naga.at(OUT, distress=True)
        async for _ in wait_until("a new call is a new alert"):
            found = (await client.get("/api/alerts")).json()
            if found:
                break
        assert found[0]["id"] != sos["id"]
        cleared = await client.post(f"/api/units/{naga.unit}/clear-distress")
        assert cleared.status_code == 200, cleared.text
        assert (await client.get("/api/alerts")).json() == []


async def test_the_snapshot_holds_what_is_open_and_shelves_end_early(server: Running) -> None:
    async with server.signed_in() as client, boat(server, client) as naga:
        await draw(server)
        for lon in (OUT, OUT, OUT, IN):
            await naga.at(lon)
        async for _ in wait_until("the alert"):
            found = (await client.get("/api/alerts", params={"severity": "high"})).json()
            if found:
                break
        path = f"/api/alerts/{found[0]['id']}"
        shelved = await client.post(f"{path}/shelve", json={"minutes": 5, "reason": "known"})
        assert shelved.json()["state"] == "shelved"
        async with server.live(client) as live:
            snapshot = await live.until("snapshot")
            assert [
                (document["id"], document["state"])
                for document in snapshot["papers"]
                if document["kind"] == "alert"
            ] == [(found[0]["id"], "shelved")]
        assert (await client.get("/api/alerts", params={"state": "shelved"})).json()
        assert (await client.delete(f"{path}/shelve")).json().get("state", "raised") == "raised"
        assert (await client.delete(f"{path}/shelve")).status_code == 409
        many = await client.post("/api/alerts/acknowledge", json={"ids": [found[0]["id"], "x"]})
        assert [each["id"] for each in many.json()["acknowledged"]] == [found[0]["id"]]
        assert [each["id"] for each in many.json()["left"]] == ["x"]
        assert (await client.get("/api/alerts", params={"historical": True})).json() == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("x/shelve", {"minutes": 0}),
        ("x/shelve", {"minutes": 1441}),
        ("x/shelve", {"until": "soon"}),
        ("x/shelve", {"until": "2026-11-24T02:30:00"}),  # without an offset
        ("x/resolve", {"note": ""}),
        ("x/resolve", {"note": "x" * 1001}),
        ("x/resolve", {}),
        ("x/acknowledge", {"where": "x" * 101}),
        ("x/acknowledge", {"where": "two\nlines"}),
        ("x/acknowledge", {"who": "me"}),
        ("acknowledge", {"ids": []}),
        ("acknowledge", {"ids": ["x"] * 1001}),
    ],
)
async def test_what_is_out_of_bounds_is_refused(
    server: Running, path: str, body: dict[str, Any]
) -> None:
    async with server.signed_in() as client:
        answer = await client.post(f"/api/alerts/{path}", json=body)
        assert (answer.status_code, answer.json()["error"]) == (422, "bad_field"), answer.text


async def test_no_such_alert_and_both_ends_of_a_shelf(server: Running) -> None:
    async with server.signed_in() as client:
        for method, path, body in (
            ("GET", "x", None),
            ("GET", "x/versions", None),
            ("POST", "x/acknowledge", {}),
            ("POST", "x/shelve", {"minutes": 5}),
            ("DELETE", "x/shelve", None),
            ("POST", "x/resolve", {"note": "n"}),
        ):
            answer = await client.request(method, f"/api/alerts/{path}", json=body)
            assert (answer.status_code, answer.json()["error"]) == (404, "not_found"), path
        neither = await client.post("/api/alerts/x/shelve", json={})
        assert neither.status_code == 409
        assert (await client.get("/api/alerts", params={"state": "odd"})).status_code == 422


async def test_the_description_names_every_state_and_severity(server: Running) -> None:
    async with server.signed_in() as client:
        spec = (await client.get("/api/openapi.json")).json()
    alert = spec["components"]["schemas"]["Alert"]["properties"]
    assert set(alert["state"]["enum"]) == set(LIFECYCLE.states)
    assert set(alert["severity"]["enum"]) == set(SEVERITIES)
