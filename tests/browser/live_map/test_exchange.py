"""Files out and in, long tracks and the basemap, as somebody at the page uses them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from gis.files.formats import FORMATS
from gis.files.import_file import read_file
from tests.browser.commander import DESKTOP, PHONE, Commander, Size, looking
from tests.fixtures.server import Server, serving, wait_for
from tests.gis.files.samples import material
from tests.maps.layers.basemaps import raster_file, vector_file

pytestmark = [pytest.mark.browser]

DAYS = 5
Open = Callable[..., Commander]


def sail(server: Server) -> str:
    """Let a boat go up and down the river for five days, and return its id."""
    key = server.add_devices(["boat-1"])["boat-1"]
    server.start()
    now = datetime.now(UTC)
    reports = [
        {
            "id": f"r{number}",
            "lon": 100.41 + 0.03 * abs((number % 80) / 40 - 1) + 0.002 * (number // 288),
            "lat": 20.285 - 0.05 * abs((number % 80) / 40 - 1),
            "time": (now - timedelta(minutes=5 * number)).isoformat(),
        }
        for number in range(DAYS * 288)
    ]
    with server.client() as client:
        for first in range(0, len(reports), 500):
            some = reports[first : first + 500]
            sent = client.post(
                "/api/positions", json=some, headers={"authorization": f"Bearer {key}"}
            )
            assert len(sent.json()["stored"]) == len(some), sent.text
        made = client.post(
            "/api/units", json={"call_sign": "Naga 1", "kind": "boat", "country": "LA"}
        )
        unit: str = made.json()["id"]
        client.post("/api/assignments", json={"address": "position_json:boat-1", "unit": unit})
    return unit


@pytest.fixture(scope="module")
def river(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with a vector basemap and a boat that sailed for days."""
    folder: Path = tmp_path_factory.mktemp("exchange")
    vector_file(folder / "hx.mbtiles")
    server = Server(
        folder, channels='[basemap]\nfile = "hx.pmtiles"\nattribution = "© <b>ours</b>"\n'
    )
    sail(server)
    yield server
    server.stop()


@pytest.fixture
def page_of(browser: Browser) -> Iterator[Open]:
    """Open a page of a server; at the end nothing may have gone wrong in it or left the server."""
    open_pages: list[Commander] = []

    def open_page(server: Server, size: Size = DESKTOP, palette: str = "day") -> Commander:
        page = looking(browser, server, role="commander", size=size, palette=palette)
        open_pages.append(page)
        return page

    yield open_page
    for page in open_pages:
        page.close()
        assert page.foreign == [], "a request left the server"
        assert page.complaints == []


def drawn(page: Commander, layer: str) -> int:
    """Return how many features of a layer are drawn."""
    return len(told(page, layer, "id"))


def told(page: Commander, layer: str, name: str) -> list[Any]:
    """Return one property of each feature of a layer that is drawn."""
    found: list[Any] = page.page.evaluate(
        """([layer, name]) => window.jointPatrol
            ? jointPatrol.map.queryRenderedFeatures({ layers: [layer] })
                .map((each) => each.properties[name] ?? null)
            : []""",
        [layer, name],
    )
    return found


def open_map_tab(page: Commander) -> None:
    page.page.locator("#tab-map").click()
    page.page.locator("#map-title").wait_for()


@pytest.mark.parametrize("palette", ["day", "dark", "red-night"])
def test_the_basemap_lies_under_our_layers(river: Server, page_of: Open, palette: str) -> None:
    page = page_of(river, palette=palette)
    wait_for(
        "the basemap", lambda: drawn(page, "basemap-water") and drawn(page, "basemap-roads-wide")
    )
    order = page.page.evaluate("jointPatrol.map.getStyle().layers.map((each) => each.id)")
    assert order.index("land") < order.index("basemap-water") < order.index("mekong")
    assert order.index("basemap-places") < order.index("unit-marks")
    assert "© ours" in page.says(".attribution")
    assert not page.page.locator(".attribution b").count(), "words only"
    open_map_tab(page)
    page.page.get_by_label("Detailed background").uncheck()
    wait_for("no basemap", lambda: drawn(page, "basemap-water") == 0)


def test_a_raster_basemap_is_dimmed_at_night(tmp_path: Path, page_of: Open) -> None:
    raster_file(tmp_path / "survey.pmtiles")
    with serving(tmp_path, channels='[basemap]\nfile = "survey.pmtiles"\n') as server:
        page = page_of(server, palette="red-night")
        veil = page.page.evaluate(
            "jointPatrol.map.getPaintProperty('basemap-veil', 'background-opacity')"
        )
        assert veil == pytest.approx(0.8)
        wait_for("the tiles", lambda: page.page.evaluate("jointPatrol.map.areTilesLoaded()"))
        page.close()  # before its server ends, of which it would complain


def test_days_of_tracks_come_as_tiles(river: Server, page_of: Open) -> None:
    page = page_of(river)
    assert drawn(page, "history") == 0
    open_map_tab(page)
    page.page.locator("#history-days").select_option("7")
    wait_for("long tracks", lambda: drawn(page, "history") > 10)
    ends = told(page, "history", "end")
    assert max(ends) - min(ends) > (DAYS - 1) * 86_400
    page.page.locator("#history-days").select_option("0")
    wait_for("none", lambda: drawn(page, "history") == 0)


def test_a_track_is_saved_in_a_chosen_format(river: Server, page_of: Open, tmp_path: Path) -> None:
    page = page_of(river)
    page.page.locator(".row", has_text="Naga 1").first.click()
    page.page.locator("#track-hours").select_option("72")
    for name in ("gpx", "kml", "gpkg"):
        page.page.locator("#track-format").select_option(name)
        with page.page.expect_download() as waiting:
            page.page.get_by_role("button", name="Save as a file").click()
        file = tmp_path / waiting.value.suggested_filename
        waiting.value.save_as(file)
        assert file.suffix == FORMATS[name].ending
        assert "Naga 1" in {
            str(answer) for each in read_file(file) for answer in each.frame["name"]
        }
    page.page.get_by_role("button", name="Show on the map").click()
    wait_for("its long track", lambda: drawn(page, "history"))


def test_a_layer_is_saved_and_a_token_is_made(river: Server, page_of: Open, tmp_path: Path) -> None:
    page = page_of(river)
    open_map_tab(page)
    page.page.locator("#layer-name").select_option("blos")
    page.page.locator("#layer-format").select_option("kml")
    with page.page.expect_download() as waiting:
        page.page.get_by_role("button", name="Save as a file").click()
    file = tmp_path / waiting.value.suggested_filename
    waiting.value.save_as(file)
    assert len(read_file(file)[0].frame) == 70
    page.page.get_by_role("button", name="Make a token that only reads").click()
    page.page.get_by_text("Copy it now").wait_for()
    assert "read_" in page.page.locator(".facts-plain").inner_text()
    assert "/api/ogc" in page.page.locator(".facts-plain").inner_text()


def test_a_file_is_brought_looked_at_and_taken_off(
    river: Server, page_of: Open, tmp_path: Path
) -> None:
    good = tmp_path / "sectors ຫ້ວຍຊາຍ.kml"
    good.write_bytes(FORMATS["kml"].write(material()))
    page = page_of(river)
    open_map_tab(page)
    page.page.set_input_files("#overlay-file", good)
    wait_for("the file", lambda: drawn(page, "overlay-areas") and drawn(page, "overlay-points"))
    assert good.name in page.page.locator(".overlay-file").inner_text()
    page.page.locator(".overlay-file input").last.uncheck()
    wait_for("no areas", lambda: drawn(page, "overlay-areas") == 0)
    page.page.get_by_label(f"Take {good.name} off the map").click()
    wait_for("nothing", lambda: drawn(page, "overlay-lines") == 0)


def test_faults_of_a_file_are_reported(river: Server, page_of: Open, tmp_path: Path) -> None:
    bad = tmp_path / "cut.gpx"
    bad.write_text("<gpx>\n<wpt")
    half = tmp_path / "half.gpx"
    half.write_text(
        '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1">'
        '<wpt lat="20.27" lon="100.41"><name>pier</name></wpt><wpt lat="100" lon="20"/></gpx>'
    )
    page = page_of(river)
    page.lossy = True  # the browser itself tells of the refusal
    open_map_tab(page)
    page.page.set_input_files("#overlay-file", bad)
    fault = page.page.locator(".exchange .field-fault")
    fault.wait_for()
    assert "cut.gpx: is no whole XML: unclosed token: line 2" in fault.inner_text()
    page.page.set_input_files("#overlay-file", half)
    page.page.get_by_text("1 feature is left out").click()
    assert (
        "longitude and latitude look swapped"
        in page.page.locator(".overlay-faults li").inner_text()
    )
    assert not fault.count()


def test_on_a_phone_the_same_is_there(river: Server, page_of: Open, tmp_path: Path) -> None:
    good = tmp_path / "plan.gpx"
    good.write_bytes(FORMATS["gpx"].write(material()))
    page = page_of(river, size=PHONE)
    open_map_tab(page)
    page.page.set_input_files("#overlay-file", good)
    wait_for("the file", lambda: drawn(page, "overlay-lines"))
    wide = page.page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE[0], "nothing sticks out"
