"""Small no-go areas and seldom reports, on a running server: what the commander is told."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx

from gis.fences.area import corridor
from gis.river.river import load_mekong
from patrol.documents.document import new_id
from patrol.documents.transaction import Filing
from patrol.sectors.sector import Sector
from tests.maps.servers.running import AGENCY, Running, wait_until

LON, LAT, METRE_DEG = 100.40, 20.30, 1.0 / 104_400.0


async def drawn(server: Running, **rings: Sequence[tuple[float, float]]) -> None:
    """Draw no-go sectors by name and wait until they are watched."""
    watch, at = server.office.watch, datetime.now(UTC) - timedelta(hours=2)
    sectors = tuple(
        Sector(id=new_id(), agency=AGENCY, at=at, name=name, use="no_go", polygon=(tuple(ring),))
        for name, ring in rings.items()
    )
    await watch.document_service.file(
        lambda _open_documents, _now: Filing(documents=sectors, act="draw sector")
    )
    async for _ in wait_until("the sectors are watched"):
        if watch.alarms.geofence_tracker:
            return


async def sail(
    server: Running, client: httpx.AsyncClient, places: Sequence[tuple[float, float]], every_s: int
) -> None:
    """Let a boat say where it was, the last time now, with nothing of accuracy and speed."""
    key = await server.device("boat-9")
    made = await client.post("/api/units", json={"call_sign": "Naga 9", "kind": "boat"})
    start = datetime.now(UTC) - timedelta(seconds=every_s * (len(places) - 1))
    async with server.stranger(authorization=f"Bearer {key}") as phone:
        for n, (lon, lat) in enumerate(places):
            time = (start + timedelta(seconds=every_s * n)).isoformat()
            report = {"id": f"r-{n}", "lon": lon, "lat": lat, "time": time}
            answer = await phone.post("/api/positions", json=report)
            assert answer.json()["rejected"] == [], answer.text
            if n == 0:
                bound = {"address": "position_json:boat-9", "unit": made.json()["id"]}
                since = {"start": (start - timedelta(hours=1)).isoformat()}
                answer = await client.post("/api/assignments", json=bound | since)
                assert answer.status_code == 201, answer.text


async def told(client: httpx.AsyncClient, rule: str) -> set[str]:
    """Return the names of the sectors of which alerts of a rule tell the commander."""
    found = (await client.get("/api/alerts")).json()
    return {each["facts"]["sector_name"] for each in found if each["rule"] == rule}


async def test_areas_of_60_100_and_400_m_are_seen_to_be_crossed(server: Running) -> None:
    wide = {"m60": (200, 260), "m100": (360, 460), "m400": (560, 960)}
    rings = {
        name: [
            (LON + x * METRE_DEG, LAT + y * METRE_DEG)
            for x, y in ((a, -200), (b, -200), (b, 200), (a, 200), (a, -200))
        ]
        for name, (a, b) in wide.items()
    }
    async with server.signed_in() as client:
        await drawn(server, **rings)
        way = [(LON + x * METRE_DEG, LAT) for x in range(-200, 1100, 55)]
        await sail(server, client, way, 10)
        async with asyncio.timeout(10):
            while await told(client, "no_go") != set(wide):  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.05)


async def test_one_across_the_river_is_passed_between_two_reports(server: Running) -> None:
    river = load_mekong()
    across = corridor("across", river, km_from=2349.5, km_to=2349.8, width_m=1600.0)
    ring = [(lon, lat) for lon, lat in across.geometry.exterior.coords]
    async with server.signed_in() as client:
        await drawn(server, across=ring)
        # Upward at 5 m/s: 2348.8 before the area, 2350.0 beyond it.
        way = [river.at_km(2344.0 + 1.2 * n) for n in range(6)]
        await sail(server, client, way, 240)
        async with asyncio.timeout(10):
            while await told(client, "no_go_passed") != {"across"}:  # noqa: ASYNC110 - over HTTP
                await asyncio.sleep(0.05)
        [alert] = (await client.get("/api/alerts")).json()
        assert (alert["severity"], alert.get("state", "raised")) == ("high", "raised")
        after = datetime.fromisoformat(alert["raised_at"])
        until = datetime.fromisoformat(alert["facts"]["until"])
        assert 239 <= (until - after).total_seconds() <= 241
