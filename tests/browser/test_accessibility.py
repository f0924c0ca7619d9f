"""Nobody is shut out: axe finds nothing, targets fit a finger, red night shows only reds."""

from __future__ import annotations

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browser.commander import DESKTOP, PHONE, Size
from tests.browser.conftest import Look
from tests.browser.pixels import pixels
from tests.browser.radio import UdpRadio
from tests.server import Server, wait_for

pytestmark = [pytest.mark.browser]

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
TABS = ["alerts", "unit", "unknown", "channels", "map"]


@pytest.fixture(scope="module", autouse=True)
def busy(server: Server, radio: UdpRadio) -> None:
    """Something in every panel: units, an unknown radio, a call for help, a rejected frame."""
    with server.client() as client:
        unit = client.post(
            "/api/units", json={"call_sign": "Osprey", "kind": "boat", "country": "LA"}
        ).json()
        client.post(f"/api/units/{unit['id']}/plot", json={"river_km": 2356})
        client.post(
            "/api/positions",
            json={"device": "sos-1", "lon": 100.409, "lat": 20.27, "distress": True},
        )
        claimed = {"address": "ais:567000778", "unit": unit["id"], "channel": "pier"}
        client.post("/api/assignments", json=claimed)
    radio.says(567000777, lon=100.415, lat=20.262)
    radio.says(567000778, lon=100.515, lat=20.262)  # from elsewhere than it is bound to
    radio.raw(b"$GPRMC,023000,A,2016.2,N,10024.6,E,0.1,,241126,,*00\r\n")


@SIZES
@pytest.mark.parametrize("palette", ["day", "dark", "red-night"])
def test_axe_finds_nothing_on_any_panel(look: Look, size: Size, palette: str) -> None:
    page = look(role="technician", size=size, palette=palette)
    axe = Axe()
    found: list[str] = []
    for tab in TABS:
        page.page.locator(f"#tab-{tab}").click()
        if tab == "channels":
            show = page.page.get_by_role("button", name="Show what was rejected")
            wait_for("a rejected frame", lambda show=show: show.count() > 0)
            show.click()
            wait_for("it", lambda: page.page.locator(".frame").count() > 0)
            page.page.get_by_label("MMSI").fill("567000777")
            page.page.get_by_role("button", name="Ask", exact=True).click()
            wait_for("the answer", lambda: page.page.locator(".hop").count() > 0)
            page.page.locator(".why-answer summary").first.click()
        if tab == "unit":
            page.page.keyboard.press("/")
            page.page.locator(".row", has_text="Osprey").first.click()
            wait_for("the detail", lambda: page.says("#unit-title") == "Osprey")
        results = axe.run(page.page)
        found += [
            f"{tab}: {v['id']} {v['nodes'][0]['html'][:160]}"
            for v in results.response["violations"]
        ]
    page.page.keyboard.press("?")
    found += [f"help: {v['id']}" for v in axe.run(page.page).response["violations"]]
    assert found == []


@SIZES
def test_everything_to_press_fits_a_finger(look: Look, size: Size) -> None:
    page = look(size=size)
    for tab in TABS:
        page.page.locator(f"#tab-{tab}").click()
        small = page.page.evaluate(
            """() => [...document.querySelectorAll("button, input, select, a[href]")]
                .filter((each) => each.checkVisibility() && !each.closest("[inert]"))
                .map((each) => [each.closest("label") ?? each, each])
                .map(([area, each]) => [area.getBoundingClientRect(), each])
                .filter(([box]) => box.width > 0 && (box.width < 43.5 || box.height < 43.5))
                .map(([box, each]) => each.outerHTML.slice(0, 90) + `${box.width}x${box.height}`)"""
        )
        assert small == [], tab


def test_red_night_shows_no_colour_but_red(look: Look) -> None:
    page = look(palette="red-night")
    page.page.keyboard.press("m")
    wait_for("the map", page.drawn)
    seen = pixels(page.page.screenshot()).reshape(-1, 3).astype(int)
    red, rest = seen[:, 0], seen[:, 1:].max(axis=1)
    assert rest.max() <= 64, "no green or blue worth the name"
    assert np.all(rest <= red + 2)


def test_the_palette_is_there_before_the_first_paint(look: Look) -> None:
    page = look(palette="dark")
    scripts = page.page.evaluate(
        """[...document.head.querySelectorAll("script")]
            .map((each) => [each.type, each.getAttribute("src")])"""
    )
    assert ["", "/theme-boot.js"] in scripts, "a plain script, which blocks painting"
