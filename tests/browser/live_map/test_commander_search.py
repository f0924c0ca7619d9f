"""The commander finds anything by typing, measures, and follows: by keyboard and by hand."""

from __future__ import annotations

import math

import pytest

from tests.browser.axe import violations
from tests.browser.commander import Commander
from tests.browser.conftest import Look
from tests.fixtures.server import Server, wait_for

pytestmark = [pytest.mark.browser]

HERE = (100.41417, 20.27053)


@pytest.fixture(scope="module", autouse=True)
def boat(server: Server) -> str:
    with server.client() as client:
        made = client.post(
            "/api/units", json={"call_sign": "Otter", "kind": "boat", "country": "LA"}
        )
        unit = str(made.json()["id"])
        _plot(server, unit, lon=100.4123, lat=20.2791)
    return unit


def _plot(server: Server, unit: str, *, lon: float, lat: float) -> None:
    with server.client() as client:
        answer = client.post(f"/api/units/{unit}/plot", json={"lon": lon, "lat": lat})
        assert answer.is_success, answer.text


def _rows(page: Commander) -> list[str]:
    return page.page.locator("#unit-rows .row-name").all_inner_texts()


def _search(page: Commander, words: str, expected: str) -> None:
    page.page.keyboard.press("Escape")
    page.page.keyboard.press("/")
    page.page.keyboard.type(words)
    wait_for(expected, lambda: (_rows(page) or [""])[0] == expected)


def _middle(page: Commander) -> tuple[float, float]:
    """Longitude and latitude in the middle of what the sides leave free."""
    lon, lat = page.page.evaluate(
        """() => {
            return jointPatrol.map.unproject([710, (innerHeight - 44) / 2]).toArray();
        }"""
    )
    return float(lon), float(lat)


def _flown(page: Commander, lon: float, lat: float, metres: float) -> None:
    def there() -> bool:
        x, y = _middle(page)
        return math.hypot((x - lon) * 104_300, (y - lat) * 110_700) < metres

    wait_for(f"the map at {lon} {lat}", there)


PLACES: list[tuple[str, str, tuple[float, float]]] = [
    ("เชียงของ", "Chiang Khong", (100.40461, 20.26125)),
    ("ຫ້ວຍຊາຍ", "Houayxay", (100.4178, 20.27)),
    ("chiang saen", "Chiang Saen", (100.08689, 20.27511)),
    ("houay xai", "Houayxay", (100.4178, 20.27)),
    ("47Q PC 47686 42050", "20.27053° N 100.41417° E", HERE),
    ("20°16′13.9″ N 100°24′51.0″ E", "20.27053° N 100.41417° E", HERE),
]


def test_places_are_found_in_any_script_by_kilometre_and_by_coordinates(
    look: Look, server: Server
) -> None:
    with server.client() as client:
        at = client.get("/api/address", params={"river_km": 2360}).json()
        lines = client.get("/api/layers/centrelines").json()["features"]
    [mouth] = [
        each["geometry"]["coordinates"][-1]
        for each in lines
        if each["properties"]["river"] == "Ruak"
    ]
    rivers = [
        ("2360", "km 2\u202f360.0", (at["lon"], at["lat"])),
        ("ruak km 0", "Ruak km 0.0", (mouth[0], mouth[1])),
    ]
    page = look()
    for words, title, place in PLACES + rivers:
        _search(page, words, title)
        page.page.keyboard.press("Enter")
        _flown(page, place[0], place[1], metres=60)
        assert title.split()[0] in page.says("#found")
    page.page.keyboard.press("Escape")  # out of the field
    page.page.keyboard.press("Escape")
    wait_for("no pin", lambda: page.says("#found") == "")


def test_under_a_kilometre_stands_who_is_nearest_along_the_river(
    look: Look, server: Server, boat: str
) -> None:
    _plot(server, boat, lon=100.4123, lat=20.2791)
    with server.client() as client:
        km = client.get(f"/api/units/{boat}").json()["last"]["place"]["km"]
    page = look()
    _search(page, "km 2363", "km 2\u202f363.0")
    row = page.page.locator(".row-near", has_text="Otter")
    wait_for("the boat", row.count)
    assert f"{2363 - km:.1f} km downstream" in row.inner_text()
    row.click()
    wait_for("the detail", lambda: page.says("#unit-title") == "Otter")


def test_groups_are_walked_with_the_arrows_and_coordinates_turn(look: Look) -> None:
    page = look()
    _search(page, "chiang", "Chiang Saen")
    heads = page.page.locator("#unit-rows h3").all_inner_texts()
    assert heads[:2] == ["Border liaison offices", "Crossings"]
    for _ in range(2):
        page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("Enter")
    wait_for("the second", lambda: page.says("#found").startswith("Chiang Khong"))
    page.page.keyboard.press("d")
    page.page.keyboard.press("d")
    wait_for("MGRS", lambda: "47Q PC " in page.says("#found"))
    page.page.keyboard.press("d")
    assert "100.40461° E" in page.says("#found")
    assert violations(page.page, "a place") == []


def test_measuring_by_hand_and_by_keyboard_tells_metres_and_river(look: Look) -> None:
    page = look()
    page.page.keyboard.press("l")
    page.page.mouse.click(600, 500)
    page.page.mouse.click(700, 600)
    wait_for("a length", lambda: page.says("#measured") != "")
    [(lon, lat), (other, north)] = page.page.evaluate(
        "[[600, 500], [700, 600]].map((at) => jointPatrol.map.unproject(at).toArray())"
    )
    expected = math.hypot((lon - other) * 104_560, (lat - north) * 110_720)
    assert abs(_metres(page) - expected) < expected * 0.01
    drawn = "jointPatrol.map.querySourceFeatures('measure').length"
    wait_for("the line on the map", lambda: page.page.evaluate(drawn) > 0)
    page.page.keyboard.press("Escape")
    wait_for("nothing", lambda: page.page.locator(".measure-card").count() == 0)

    page.page.keyboard.press("l")
    for words in ("km 2356", "km 2360"):
        page.page.locator("#measure-to").fill(words)
        page.page.keyboard.press("Enter")
        title = words.replace("2", "2\u202f", 1) + ".0"
        wait_for(words, lambda title=title: title in page.says(".measure-card"))
    wait_for("along the river", lambda: "4.00 km" in page.says("#measured-river"))
    assert 3300 < _metres(page) < 4000
    assert "nautical miles" in page.says("#measured")
    assert "Bearing" in page.says(".measure-card")
    assert violations(page.page, "measured") == []
    page.page.keyboard.press("Escape")  # out of the field
    page.page.keyboard.press("Escape")
    wait_for("nothing", lambda: page.page.locator(".measure-card").count() == 0)


def _metres(page: Commander) -> int:
    return int(page.says("#measured").split(" m")[0])


def test_the_map_follows_until_it_is_moved(look: Look, server: Server, boat: str) -> None:
    page = look(moving=True)
    _plot(server, boat, lon=100.4123, lat=20.2791)
    _search(page, "otter", "Otter")
    page.page.keyboard.press("Enter")
    wait_for("the detail", lambda: page.says("#unit-title") == "Otter")
    page.page.locator(".maplibregl-canvas").focus()
    page.page.keyboard.press("w")
    wait_for("that it follows", lambda: "follows Otter" in page.says("#following"))
    _flown(page, 100.4123, 20.2791, metres=60)
    _plot(server, boat, lon=100.4201, lat=20.2601)
    _flown(page, 100.4201, 20.2601, metres=60)
    page.page.mouse.move(700, 500)
    page.page.mouse.down()
    page.page.mouse.move(760, 560, steps=4)
    page.page.mouse.up()
    wait_for("the word", lambda: "no longer follows Otter" in page.says(".notice"))
    assert page.page.locator("#following").count() == 0
    _plot(server, boat, lon=100.4123, lat=20.2791)
    wait_for("the boat drawn there", lambda: abs(page.mark("Otter")["place"][1] - 20.2791) < 1e-4)
    page.page.wait_for_timeout(800)
    x, y = _middle(page)
    assert math.hypot(x - 100.4123, y - 20.2791) > 0.005
