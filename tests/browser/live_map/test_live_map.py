"""What a radio sends is on the map, at its place, in its colours, and in the list."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser

from tests.browser.commander import Commander, opened
from tests.browser.conftest import Look
from tests.browser.loading import API, Weight, loaded, whole
from tests.browser.pixels import pixels
from tests.browser.radio import UdpRadio
from tests.browser.request_routing import routed
from tests.fixtures.server import Server, wait_for

pytestmark = [pytest.mark.browser]

NAGA, PLACE = 531000101, (100.4123, 20.2791)
STRANGER = 567000999

FIRST_MAP: Final = {"cold": Weight(56, 1_570_000), "warm": Weight(22, 2_000)}
"""The most that the commander's first map asks for, and bytes of bodies, what the server tells of
its units apart: as `python -m tests.benchmarks.first_map` measured it, and a tenth more."""


@pytest.fixture(scope="module")
def naga(server: Server, radio: UdpRadio) -> str:
    """A Lao boat that is heard over UDP; its unit id."""
    with server.client() as client:
        made = client.post(
            "/api/units",
            json={
                "call_sign": "Naga 1",
                "kind": "boat",
                "country": "LA",
                "expected_interval_s": 30,
            },
        )
        assert made.status_code == 201, made.text
        unit: str = made.json()["id"]
        bound = client.post("/api/assignments", json={"address": f"ais:{NAGA}", "unit": unit})
        assert bound.status_code == 201, bound.text
    radio.says(NAGA, lon=PLACE[0], lat=PLACE[1], course=90)
    return unit


def _select(page: Commander, call_sign: str) -> None:
    page.page.locator(".row", has_text=call_sign).first.click()
    wait_for("the detail", lambda: page.says("#unit-title") == call_sign)


def test_a_unit_is_drawn_where_its_radio_says(look: Look, naga: str) -> None:
    mark = look().mark("Naga 1")
    assert mark["id"] == naga
    assert mark["place"] == pytest.approx(PLACE, abs=2e-4)
    assert (mark["code"], mark["shape"], mark["state"]) == ("LA", "boat", "live")
    assert mark["bow"] == pytest.approx(90)


def test_the_mark_has_its_sides_colour_on_the_screen(look: Look, naga: str) -> None:
    page = look(sharp=True, geography=True)
    pixel = page.mark("Naga 1")["pixel"]
    wait_for("a still map", page.drawn)
    near = {"x": pixel["x"] - 20, "y": pixel["y"] - 20, "width": 40, "height": 40}
    seen = pixels(page.page.screenshot(clip=near)).reshape(-1, 3).astype(int)  # type: ignore[arg-type]
    blue = np.abs(seen - np.array([0x00, 0x72, 0xB2])).max(axis=1) < 12
    assert blue.sum() > 100


def test_a_unit_moves_with_its_next_position(look: Look, naga: str, radio: UdpRadio) -> None:
    page = look()
    page.mark("Naga 1")
    radio.says(NAGA, lon=PLACE[0] + 0.001, lat=PLACE[1] - 0.002)
    wait_for(
        "the boat at its new place",
        lambda: page.marks()["Naga 1"]["place"] == pytest.approx((100.4133, 20.2771), abs=2e-4),
    )
    radio.says(NAGA, lon=PLACE[0], lat=PLACE[1])


def test_a_radio_that_nobody_registered_is_listed_drawn_and_assigned(
    look: Look, server: Server, radio: UdpRadio
) -> None:
    radio.says(STRANGER, lon=100.42, lat=20.268)
    page = look()
    mark = (
        page.mark(str(STRANGER)) if str(STRANGER) in page.marks() else page.mark(f"ais:{STRANGER}")
    )
    assert (mark["code"], mark["shape"]) == ("?", "radio")
    page.page.keyboard.press("r")
    row = page.page.locator(".radio .row", has_text=str(STRANGER))
    row.click()
    wait_for("what it sent", lambda: "20.268" in page.says(".messages"))
    page.page.get_by_role("button", name="Assign to a unit").click()
    page.page.get_by_label("Unit", exact=True).select_option(label="New unit")
    page.page.get_by_label("Call sign", exact=True).fill("Khong 9")
    page.page.get_by_label("Side", exact=True).select_option("TH")
    page.page.get_by_role("button", name="Assign", exact=True).click()
    mark = page.mark("Khong 9")
    assert (mark["code"], mark["shape"]) == ("TH", "boat")
    assert mark["place"] == pytest.approx((100.42, 20.268), abs=2e-4)
    with server.client() as client:
        assert str(STRANGER) not in client.get("/api/radios/unknown").text


def test_from_now_is_from_now_by_the_servers_clock(
    look: Look, server: Server, radio: UdpRadio
) -> None:
    wrong = "{ const now = Date.now; Date.now = () => now() + 7200000 }"  # two hours ahead
    radio.says(STRANGER + 1, lon=100.42, lat=20.268)
    page = look(script=wrong)
    page.page.keyboard.press("r")
    page.page.locator(".radio .row", has_text=str(STRANGER + 1)).click()
    page.page.get_by_role("button", name="Assign to a unit").click()
    page.page.get_by_label("Unit", exact=True).select_option(label="New unit")
    page.page.get_by_label("Call sign", exact=True).fill("Khong 10")
    page.page.locator("#assign-since").select_option("now")
    page.lossy = True
    routed(page.page, "**/api/assignments", lambda route: route.abort())
    page.page.get_by_role("button", name="Assign", exact=True).click()
    wait_for("why not", lambda: "Not assigned" in page.says("dialog"))
    page.page.unroute_all()
    unit = page.page.locator("#assign-unit")
    wait_for("the unit, made already", lambda: unit.input_value() not in ("", "+"))
    with page.page.expect_response("**/api/assignments") as told:
        page.page.get_by_role("button", name="Assign", exact=True).click()
    start = datetime.fromisoformat(told.value.json()["start"])
    assert abs(start - datetime.now(UTC)) < timedelta(minutes=5)
    with server.client() as client:
        names = [each["call_sign"] for each in client.get("/api/units").json()]
    assert names.count("Khong 10") == 1


def test_the_detail_tells_place_age_and_radio(look: Look, naga: str) -> None:
    page = look()
    page.mark("Naga 1")
    _select(page, "Naga 1")
    detail = page.says("#tab-content")
    assert "20.2791" in detail
    assert "100.4123" in detail
    assert f"ais:{NAGA}" in detail
    assert "UTC" in detail
    assert "Boat · Lao PDR" in detail
    assert "km 2" in detail, "the river address"
    page.page.keyboard.press("d")
    wait_for("degrees, minutes, seconds", lambda: "20°16′44" in page.says("#tab-content"))


def test_the_track_of_the_selected_unit_is_drawn(look: Look, naga: str, radio: UdpRadio) -> None:
    for step in range(4):
        radio.says(NAGA, lon=PLACE[0], lat=PLACE[1] + step * 0.0005)
    page = look()
    page.mark("Naga 1")
    _select(page, "Naga 1")

    def points() -> int:
        found: int = page.page.evaluate(
            """() => Math.max(0, ...jointPatrol.map.querySourceFeatures("selected-track")
                .map((each) => each.geometry.coordinates.length))"""
        )
        return found

    wait_for("the track", lambda: points() >= 2)


def test_a_unit_is_plotted_by_voice_at_a_river_kilometre(look: Look, server: Server) -> None:
    with server.client() as client:
        client.post("/api/units", json={"call_sign": "Boat 3", "kind": "boat", "country": "TH"})
    page = look()
    _select(page, "Boat 3")
    assert "No position yet" in page.says("#tab-content")
    page.page.keyboard.press("p")
    wait_for("the field", lambda: page.page.evaluate("document.activeElement.id") == "plot-km")
    page.page.keyboard.type("2356")
    page.page.keyboard.press("Enter")
    mark = page.mark("Boat 3")
    assert mark["place"] == pytest.approx((100.41, 20.27), abs=0.05)
    assert "Plotted from a voice report" in page.says("#tab-content")


def test_a_unit_is_plotted_by_a_press_on_the_map(look: Look, server: Server) -> None:
    with server.client() as client:
        client.post("/api/units", json={"call_sign": "Team 5", "kind": "foot", "country": "LA"})
    page = look()
    _select(page, "Team 5")
    page.page.get_by_role("button", name="Choose on the map").click()
    page.page.mouse.click(640, 520)
    expected = page.page.evaluate("jointPatrol.map.unproject([640, 520]).toArray()")
    assert page.mark("Team 5")["place"] == pytest.approx(expected, abs=1e-3)


def test_a_call_for_help_is_the_loudest_thing_until_it_is_cleared(
    look: Look, server: Server, naga: str
) -> None:
    with server.client() as client:
        sent = client.post(
            "/api/positions",
            json={"device": "pole-4", "lon": 100.408, "lat": 20.272, "distress": True},
        )
        assert sent.is_success, sent.text
        unit = client.post("/api/units", json={"call_sign": "Pole 4", "kind": "handheld"}).json()
        client.post(
            "/api/assignments", json={"address": "position_json:pole-4", "unit": unit["id"]}
        )
    page = look()
    wait_for("the card", lambda: "Pole 4 calls for help" in page.says(".distress-cards"))
    assert page.mark("Pole 4")["distress"] is True
    card = page.page.locator(".distress-card", has_text="Pole 4")
    card.get_by_role("button", name="Show").click()
    page.page.get_by_role("button", name="Clear SOS").click()
    asks = page.page.get_by_role("dialog")
    assert "Clear the SOS of Pole 4?" in asks.inner_text()
    clocks = page.says(".clocks")
    wait_for("the page goes on meanwhile", lambda: page.says(".clocks") != clocks)
    asks.get_by_role("button", name="Cancel").click()
    assert card.count() == 1
    page.page.get_by_role("button", name="Clear SOS").click()
    with page.page.expect_response("**/clear-distress") as told:
        asks.get_by_role("button", name="Clear SOS").click()
    assert told.value.ok, told.value.text()
    wait_for("no card", lambda: card.count() == 0)
    wait_for("no question", lambda: asks.count() == 0)
    wait_for("a plain mark", lambda: not page.mark("Pole 4")["distress"])


def test_the_servers_own_layers_are_read_once_they_are_switched_on_and_drawn(look: Look) -> None:
    page = look()
    wait_for("the map", page.drawn)
    texts: list[str] = []
    page.page.on("request", lambda request: texts.append(urlsplit(request.url).path))
    page.page.reload()
    wait_for("the map again", page.drawn)
    page.page.keyboard.press("m")
    assert "/api/layers/countries" in texts
    body = {"Border liaison offices": "blos", "Crossings": "crossings", "Borders": "borders",
             "Rivers": "mekong", "Towns": "places"}  # fmt: skip
    switched_off = {f"/api/layers/{name}" for name in body.values()}
    # The offices' counterparts are told of wherever one is found: those are read in any case.
    assert switched_off & set(texts) <= {"/api/layers/blos"}
    for words in body:
        page.page.get_by_label(words, exact=True).check()

    def names(layer: str) -> set[str]:
        return set(
            page.page.evaluate(
                f"""jointPatrol.map.queryRenderedFeatures({{ layers: ["{layer}"] }})
                .map((each) => each.properties.name ?? each.layer.id)"""
            )
        )

    page.page.evaluate("void jointPatrol.map.jumpTo({ center: [100.41, 20.27], zoom: 11 })")
    wait_for("the offices", lambda: len(names("blos")) >= 2)
    assert any("Chiang Khong" in name for name in names("blos"))
    assert names("border-line")
    assert names("mekong")
    assert names("land")
    wait_for("the crossings", lambda: names("crossings"))
    assert "OpenStreetMap" in page.says(".attribution")
    assert switched_off <= set(texts)
    page.page.get_by_label("Rivers", exact=True).uncheck()
    wait_for("no river", lambda: not names("mekong"))
    page.page.get_by_label("Rivers", exact=True).check()
    wait_for("the river again", lambda: names("mekong"))
    assert texts.count("/api/layers/mekong") == 1, "what was read stays read"


def test_a_layer_that_cannot_be_read_is_reported_and_the_rest_works(look: Look, naga: str) -> None:
    page = look(geography=True)
    page.lossy = True
    routed(page.page, "**/api/layers/rivers", lambda route: route.abort())
    page.page.reload()
    page.mark("Naga 1")
    page.page.keyboard.press("m")
    broken = page.page.locator(".checks .fault")
    wait_for("the word", lambda: "Could not be loaded" in page.says(".checks"))
    page.page.unroute_all()
    with page.page.expect_response("**/api/layers/rivers", timeout=60_000) as again:
        pass
    assert again.value.ok
    wait_for("it is told no more", lambda: broken.count() == 0)


def test_the_first_map_keeps_its_budget_with_and_without_a_cache(
    browser: Browser, server: Server
) -> None:
    cold = opened(browser, server, role="commander", geography=True)
    context = cold.page.context
    found: dict[str, Weight] = {}
    for cache in FIRST_MAP:
        page = cold if cache == "cold" else Commander(context.new_page(), server)
        if cache == "warm":
            page.page.goto(server.url)
        wait_for("the map", page.drawn)
        found[cache] = whole(loaded(page.page), without=(API,))
        page.page.close()
        assert page.complaints == []
    context.close()
    assert found["warm"].size < found["cold"].size / 10, "what does not change is kept"
    for cache, most in FIRST_MAP.items():
        assert found[cache].requests <= most.requests, (cache, found)
        assert found[cache].size <= most.size, (cache, found)
