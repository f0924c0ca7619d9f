"""A planner makes sectors of files as they come: without an encoding, with faults, packed."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from playwright.sync_api import Browser, Locator, Page

from tests.browser.axe import violations
from tests.browser.commander import Commander, opened
from tests.fixtures.server import Server, wait_for
from tests.gis.files.samples import BOW_TIE, LONELY, OPEN, features
from tests.gis.files.test_attacks import zipped

pytestmark = [pytest.mark.browser]

PIER = "ท่าเรือเชียงของ"
PLACES = [(100.6, 20.2), (100.62, 20.2), (100.62, 20.22), (100.6, 20.22)]
LONG_S = 60.0
"""A file is read in a process of its own: seconds on a busy machine."""


@pytest.fixture
def planner(browser: Browser, server: Server) -> Iterator[Commander]:
    """The planner's page with a form of a new sector that waits for a file."""
    page = opened(browser, server, "/planner", role="planner")
    page.lossy = True  # the browser itself tells of a file that is refused
    page.page.set_default_timeout(LONG_S * 1000)
    wait_for("the map", page.drawn, seconds=LONG_S)
    page.page.get_by_role("button", name="New sector").click()
    page.page.locator(".way", has_text="File").click()
    yield page
    page.close()
    assert page.foreign == [], "a request left the server"
    assert page.complaints == []


def bring(page: Page, file: Path) -> None:
    page.set_input_files("#sector-file", file)


def looked_at(page: Page, part: Locator, folder: Path, name: str) -> None:
    """Look at a part of the form: axe finds nothing, nothing sticks out."""
    part.scroll_into_view_if_needed()
    page.screenshot(path=folder / f"{name}.png")
    assert violations(page, name) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"


def shapefile(folder: Path, name: str, encoding: str) -> Path:
    """Return a zipped Shapefile of one area, which does not say how its text is encoded."""
    parts = folder / encoding
    parts.mkdir()
    frame = gpd.GeoDataFrame({"name": [name]}, geometry=[shapely.Polygon(PLACES)], crs="EPSG:4326")
    frame.to_file(parts / "piers.shp", engine="pyogrio", encoding=encoding)
    content = {each.name: each.read_bytes() for each in parts.iterdir() if each.suffix != ".cpg"}
    return zipped(folder / f"{encoding}.zip", content)


def test_files_become_sectors_and_their_faults_are_asked_about_and_reported(
    planner: Commander, tmp_path: Path
) -> None:
    page = planner.page
    name, well = page.get_by_label("Name"), page.get_by_text("The shape can be used.")

    # A Shapefile that does not say its encoding: the person who can read it chooses.
    bring(page, shapefile(tmp_path, PIER, "cp874"))
    page.get_by_text("Which line reads right?").wait_for()
    locator = page.locator(".encodings")
    looked_at(page, locator, tmp_path, "encoding")
    locator.get_by_role("button", name=PIER).click()
    wait_for("its name", lambda: name.input_value() == PIER, seconds=LONG_S)
    well.wait_for()
    assert locator.count() == 0

    # Faults by feature; what can be mended is offered, and not taken by itself.
    file = tmp_path / "tie.geojson"
    file.write_bytes(features(BOW_TIE, LONELY, OPEN))
    bring(page, file)
    page.get_by_text("3 features are left out").click()
    faults = page.locator(".way-form details li")
    texts = faults.all_inner_texts()
    assert [each[:9] for each in texts] == ["Feature 0", "Feature 1", "Feature 2"]
    assert "self-intersection at longitude 100.45, latitude 20.25" in texts[0]
    assert "has a line of a single point" in texts[1]
    assert "has a ring that is not closed" in texts[2]
    mended = page.get_by_role("button", name="Mended: ")
    assert mended.count() == 3, "two halves of the bow tie, and the ring closed"
    looked_at(page, faults.first, tmp_path, "faults")
    mended.first.click()
    wait_for("it", lambda: "3 corners" in page.locator(".vertices").inner_text(), seconds=LONG_S)
    well.wait_for()

    # A KMZ holds its KML, a table its places.
    words = " ".join(f"{lon},{lat}" for lon, lat in [*PLACES, PLACES[0]])
    kml = (
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>Round</name><Polygon>'
        f"<outerBoundaryIs><LinearRing><coordinates>{words}</coordinates></LinearRing>"
        "</outerBoundaryIs></Polygon></Placemark></kml>"
    )
    bring(page, zipped(tmp_path / "round.kmz", {"doc.kml": kml.encode(), "icon.png": b"x"}))
    area = page.locator(".file-areas button")
    wait_for(
        "the area",
        lambda: area.all_inner_texts()[:1] and "Round" in area.first.inner_text(),
        seconds=LONG_S,
    )
    wait_for(
        "four corners",
        lambda: "4 corners" in page.locator(".vertices").inner_text(),
        seconds=LONG_S,
    )
    table = tmp_path / "round.csv"
    table.write_text(
        "name;lon;lat\n" + "".join(f"p;{lon};{lat}\n".replace(".", ",") for lon, lat in PLACES[:3])
    )
    bring(page, table)
    wait_for(
        "its places", lambda: "3 corners" in page.locator(".vertices").inner_text(), seconds=LONG_S
    )
    page.screenshot(path=tmp_path / "table.png")
