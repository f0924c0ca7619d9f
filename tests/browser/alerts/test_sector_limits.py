"""A planner gives a sector limits; the commander is told of the boat that goes beyond one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import violations
from tests.browser.banks import Banks, two_banks
from tests.browser.commander import DESKTOP, PHONE, Size, looking, opened
from tests.fixtures.server import wait_for

pytestmark = [pytest.mark.browser]

MID_RIVER = {"lon": 100.43046, "lat": 20.24362}


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Banks]:
    with two_banks(tmp_path_factory.mktemp("limits")) as running:
        running.post("somchai", "/api/units", {"call_sign": "Naga 1", "kind": "boat"})
        yield running


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_limit_is_set_and_a_boat_that_goes_beyond_it_is_reported(
    browser: Browser, banks: Banks, tmp_path: Path, size: Size
) -> None:
    kind = "phone" if size == PHONE else "desktop"
    planner = opened(browser, banks.server, "/planner", role="somchai", size=size)
    page = planner.page
    wait_for("the map", planner.drawn)
    page.get_by_role("button", name="New sector").click()
    page.locator(".way", has_text="km").first.wait_for()
    page.keyboard.press("k")
    # What a no-go area can catch is said before it is saved: a gate is passed between two reports.
    page.select_option("#sector-use", "no_go")
    page.get_by_label("From km").fill("2340")
    page.get_by_label("To km").fill("2340.3")
    page.get_by_label("Width, metres").fill("6000")
    passed = page.locator('.transit [data-detected="after"]')
    passed.wait_for()
    words = "Units that report every 1 min: 1. Told after they have passed, with the next report."
    assert passed.inner_text().strip() == words
    assert "It lies across the whole river." in page.locator(".transit").inner_text()
    page.locator(".transit").scroll_into_view_if_needed()
    page.screenshot(path=tmp_path / f"transit-{kind}.png")
    page.get_by_label("To km").fill("2375")
    page.locator('.transit [data-detected="inside"]').wait_for()
    page.get_by_text("The shape can be used.").wait_for()
    page.locator("#sector-name").fill(f"Golden reach {kind}")
    page.select_option("#sector-use", "reach")
    page.get_by_label("At one place for over, min").fill("2")
    fault = page.get_by_text("A number from 5 to 1440.")
    fault.wait_for()
    page.keyboard.press("Control+Enter")
    assert banks.get("somchai", "/api/sectors?use=reach") == []
    page.get_by_label("At one place for over, min").fill("20")
    wait_for("the fault is gone", lambda: fault.count() == 0)
    page.get_by_label("Faster than, km/h").fill("36")
    page.select_option("#limit-whose", "others")
    page.locator(".limits").scroll_into_view_if_needed()
    page.screenshot(path=tmp_path / f"limits-{kind}.png")
    assert violations(page, "limits") == []
    page.keyboard.press("Control+Enter")
    page.get_by_text("At one place (within 100 m) for over 20 min").wait_for()
    page.get_by_text("Faster than 36 km/h").wait_for()
    page.screenshot(path=tmp_path / f"kept-{kind}.png")
    [answer] = [each["sector"] for each in banks.get("somchai", "/api/sectors?use=reach")]
    assert answer["limits"] == {
        "whose": "others", "loitering_s": 1200, "speed_mps": pytest.approx(10.0),
    }  # fmt: skip
    planner.close()
    assert planner.complaints == []

    now = datetime.now(UTC)
    reports = [
        {
            "device": f"longtail-{kind}",
            **MID_RIVER,
            "time": (now - timedelta(minutes=25 - n)).isoformat(),
        }
        for n in range(26)
    ]
    banks.post("somchai", "/api/positions", reports)
    commander = looking(browser, banks.server, role="somchai", size=size, palette="day")
    commander.page.keyboard.press("q")
    title = f"Loitering in Golden reach {kind}: within 100 m for over 20 min"
    card = commander.page.locator(".alert", has_text=title)
    wait_for("the card", lambda: card.count() == 1)
    card.click()
    wait_for("where", lambda: "km 2" in card.inner_text())
    commander.page.screenshot(path=tmp_path / f"alert-{kind}.png")
    assert violations(commander.page, "alert") == []
    banks.post("somchai", f"/api/sectors/{answer['id']}/retire")
    commander.close()
    assert commander.complaints == []
