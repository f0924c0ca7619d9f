"""The river address as people read it: in the list, beside the unit, on a call for help."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.browser.commander import DESKTOP, PHONE, Size
from tests.browser.conftest import Look
from tests.fixtures.server import Server, wait_for

pytestmark = [pytest.mark.browser]

SHOTS = os.environ.get("JOINT_PATROL_SHOTS")  # a folder to keep what was seen


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_unit_is_described_by_kilometre_bank_side_and_reach(
    server: Server, look: Look, size: Size
) -> None:
    name = f"Naga {size[0]}"
    with server.client() as client:
        body = {"call_sign": name, "kind": "boat", "country": "LA"}
        unit = client.post("/api/units", json=body).json()["id"]
        client.post(f"/api/units/{unit}/plot", json={"lon": 100.4178, "lat": 20.27})
        sure = f"Unsure {size[0]}"
        other = client.post("/api/units", json=body | {"call_sign": sure}).json()["id"]
        client.post(f"/api/units/{other}/plot", json={"lon": 100.4096, "lat": 20.2655})
    page = look(size=size).page
    if size == PHONE:
        handle = page.locator(".sheet-handle")
        handle.focus()
        handle.press("ArrowUp")
    row = page.locator("#unit-rows .row", has_text=name)
    row.wait_for()
    page.locator("#unit-search").fill(str(size[0]))  # a short sheet draws only what fits
    assert row.locator(".row-place").inner_text() == "km 2\u202f355.8 · left bank · LA side"
    unsure = page.locator("#unit-rows .row", has_text=sure).locator(".row-place")
    assert unsure.inner_text() == "km 2\u202f355.5 · bank, side unsure"
    if SHOTS:
        page.screenshot(path=Path(SHOTS) / f"list{size[0]}.png")
    row.click()
    facts = page.locator(".facts").first
    wait_for("the reach", lambda: "Houay Xai reach" in facts.inner_text())
    text = facts.inner_text()
    assert "68 km below the Golden Triangle" in text
    assert "river's line may be off by 330 m, a distance along it by 3.5 %" in text
    assert "may be off by 550 m together" in text
    if SHOTS:
        page.wait_for_timeout(2500)
        page.screenshot(path=Path(SHOTS) / f"unit{size[0]}.png")
