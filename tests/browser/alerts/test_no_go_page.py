"""No-go areas that boats cross, between reports too: what the commander reads on the page."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.sync_api import Browser

from gis.river.river import load_mekong
from tests.browser.axe import violations
from tests.browser.commander import DESKTOP, looking
from tests.fixtures.server import Server, wait_for

pytestmark = [pytest.mark.browser]

LON, LAT = 100.40, 20.30
EAST_DEG, NORTH_DEG = 1.0 / 104_400.0, 1.0 / 110_700.0
Place = tuple[float, float]


def post(client: httpx.Client, path: str, body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


def off(east_m: float, north_m: float) -> Place:
    return LON + east_m * EAST_DEG, LAT + north_m * NORTH_DEG


def box(west_m: float, east_m: float, *, south_m: float = -200, north_m: float = 200) -> Any:
    corners = [(west_m, south_m), (east_m, south_m), (east_m, north_m), (west_m, north_m)]
    ring = [off(*corner) for corner in (*corners, corners[0])]
    return {"polygon": {"type": "Polygon", "coordinates": [ring]}}


def sail(client: httpx.Client, name: str, places: list[Place], every_s: float) -> None:
    """Let a boat say where it was, the last time now, with nothing of accuracy and speed."""
    start = datetime.now(UTC) - timedelta(seconds=every_s * (len(places) - 1))
    unit = post(client, "/api/units", {"call_sign": name, "kind": "boat"})["id"]
    since = {"start": (start - timedelta(hours=1)).isoformat()}
    device = name.replace(" ", "-")
    address = f"position_json:{device}"
    post(client, "/api/assignments", {"address": address, "unit": unit} | since)
    reports = [
        {"device": device, "lon": lon, "lat": lat}
        | {"time": (start + timedelta(seconds=every_s * n)).isoformat()}
        for n, (lon, lat) in enumerate(places)
    ]
    post(client, "/api/positions", reports)


def test_all_that_is_crossed_is_shown_on_the_page_with_the_time(
    browser: Browser, server: Server, tmp_path: Path
) -> None:
    river = load_mekong()
    gate = {"river": "Mekong", "km_from": 2349.5, "km_to": 2349.8, "width_m": 1600}
    areas = {
        "60 m": box(200, 260),
        "100 m": box(360, 460),
        "400 m": box(560, 960),
        "gate": {"stretch": gate},
        "beside": box(450, 750, south_m=2850, north_m=3150),
    }
    page = looking(browser, server, role="commander", size=DESKTOP, palette="day")
    page.page.keyboard.press("q")
    with server.client() as client:
        for name, shape in areas.items():
            post(client, "/api/sectors", {"name": name, "use": "no_go"} | shape)
        # What passed before a sector is watched is nobody's business: one that lies in the last of
        # them is told of when all are.
        sail(client, "Scout", [off(600, 3000)] * 5, 10)
        cards = page.page.locator(".alert")
        scout = cards.filter(has_text="Scout")
        wait_for("the sectors to be watched", lambda: scout.count() == 1, seconds=60)
        # Each makes itself known by more than three reports before it comes to an area.
        sail(client, "Naga 1", [off(x, 0) for x in range(-200, 1100, 55)], 10)
        # Upward at 5 m/s, a report every 4 minutes: one before the gate, the next beyond it.
        sail(client, "Naga 2", [river.at_km(2344.0 + 1.2 * n) for n in range(6)], 240)
        # Straight past a square on land, which leaves room to go round it.
        sail(client, "Naga 3", [off(-4800 + 1200 * n, 3000) for n in range(6)], 240)
    wait_for("all of them", lambda: cards.count() == len(areas) + 1, seconds=60)
    told = {
        (what, who, severity)
        for severity in ("high", "low")
        for what, who in zip(
            page.page.locator(f".alert-{severity} .alert-title").all_inner_texts(),
            page.page.locator(f".alert-{severity} .alert-who").all_inner_texts(),
            strict=True,
        )
    }
    times = {what: re.findall(r"\d\d:\d\d", what) for what, _, _ in told}
    assert {(re.sub(r"\d\d:\d\d", "T", what), who, how) for what, who, how in told} == {
        ("In no-go sector beside", "Scout", "high"),
        ("In no-go sector 60 m", "Naga 1", "high"),
        ("In no-go sector 100 m", "Naga 1", "high"),
        ("In no-go sector 400 m", "Naga 1", "high"),
        ("Passed no-go sector gate, not seen, between T and T", "Naga 2", "high"),
        ("May have passed no-go sector beside between T and T", "Naga 3", "low"),
    }
    assert {len(set(each)) for each in times.values()} == {0, 2}, "the two reports, 4 min apart"
    passed = cards.filter(has_text="not seen")
    assert "Since" not in passed.inner_text(), "it did not go on from the first of them"
    assert "km 2349" in passed.inner_text().replace("\u202f", ""), "where the area is"
    page.page.screenshot(path=tmp_path / "passed.png")
    assert violations(page.page, "alerts") == []
    page.close()
    assert page.foreign == [], "a request left the server"
    assert page.complaints == []
