"""The planner's afternoon with sectors: drawn, mended, changed, restored, brought from a file."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Dialog, Page

from tests.browser.axe import violations
from tests.browser.banks import THAI_NAME, Banks, two_banks
from tests.browser.commander import DESKTOP, PHONE, Commander, Size, opened
from tests.browser.request_routing import FirstChange
from tests.fixtures.server import PASSWORD, wait_for

pytestmark = [pytest.mark.browser]

ISLANDS = [[100.44, 20.28], [100.46, 20.28], [100.46, 20.30], [100.44, 20.30], [100.44, 20.28]]
REACH = {"river": "Mekong", "km_from": 2340, "km_to": 2344, "width_m": 2000}

Open = Callable[..., Commander]


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Banks]:
    """Both agencies, a sector of each, shared."""
    with two_banks(tmp_path_factory.mktemp("planner")) as running:
        running.agree("sectors")
        polygon = {"type": "Polygon", "coordinates": [ISLANDS]}
        running.post("somchai", "/api/sectors", {"name": "Islands", "polygon": polygon})
        reach = {"name": "Reach 4", "use": "no_go", "stretch": REACH}
        running.post("malee", "/api/sectors", reach)
        yield running


@pytest.fixture
def plan(browser: Browser, banks: Banks) -> Iterator[Open]:
    """Open the planner's page; at the end nothing may have gone wrong or left the server."""
    open_pages: list[Commander] = []

    def open_page(name: str = "somchai", size: Size = DESKTOP, palette: str = "day") -> Commander:
        page = opened(browser, banks.server, "/planner", role=name, size=size, palette=palette)
        open_pages.append(page)
        wait_for("the map", page.drawn)
        wait_for("the list", lambda: page.page.locator(".sector-row").count() >= 2)
        return page

    yield open_page
    for page in open_pages:
        page.close()
        assert page.foreign == [], "a request left the server"
        assert page.complaints == []


def new_sector(page: Page) -> None:
    page.get_by_role("button", name="New sector").click()
    wait_for("the drawing tool", page.locator(".way", has_text="Polygon").is_enabled)


def pixel(page: Page, lon: float, lat: float) -> tuple[float, float]:
    """Return where a place is on the page."""
    x, y = page.evaluate(
        """([lon, lat]) => {
            const box = jointPatrol.map.getCanvas().getBoundingClientRect();
            const at = jointPatrol.map.project([lon, lat]);
            return [box.x + at.x, box.y + at.y];
        }""",
        [lon, lat],
    )
    return x, y


def press(page: Page, *places: tuple[float, float], off: tuple[float, float] = (0, 0)) -> None:
    """Press on places of the map, some pixels off."""
    for lon, lat in places:
        x, y = pixel(page, lon, lat)
        page.mouse.move(x + off[0] - 3, y + off[1])
        page.mouse.move(x + off[0], y + off[1])
        page.mouse.click(x + off[0], y + off[1])
        page.wait_for_timeout(250)  # two presses at once would be a double press


def draw(page: Page, *places: tuple[float, float]) -> None:
    """Draw a polygon by mouse and end it by Enter."""
    page.keyboard.press("p")
    press(page, *places)
    page.keyboard.press("Enter")
    page.get_by_text("corners", exact=False).first.wait_for()


def pressed(page: Page) -> int:
    """Return how many corners stand on the map of an outline that is not closed."""
    found: int = page.evaluate(
        """() => Math.max(0, ...jointPatrol.map.getStyle().sources["td-polygon"].data.features
            .filter(({ properties }) => properties.currentlyDrawing)
            .map(({ properties }) => properties.committedCoordinateCount))"""
    )
    return found


def ringed(page: Page) -> list[list[float]]:
    """Return the places that the map rings as faulty."""
    found: list[list[float]] = page.evaluate(
        """() => jointPatrol.map.queryRenderedFeatures({ layers: ["planner-faults"] })
            .flatMap(({ geometry: { type, coordinates } }) =>
                type === "Point" ? [coordinates] : coordinates)"""
    )
    return found


def focused(page: Page) -> str:
    """Return the id and words of what has the focus."""
    return str(page.evaluate("`${document.activeElement.id} ${document.activeElement.innerText}`"))


def in_view(page: Page, selector: str) -> bool:
    """Return whether something stands within what its panel shows."""
    seen: bool = page.evaluate(
        """(selector) => {
            const it = document.querySelector(selector);
            const [box, frame] = [it, it.closest(".scroll")].map((e) => e.getBoundingClientRect());
            return box.top >= frame.top && box.bottom <= frame.bottom;
        }""",
        selector,
    )
    return seen


def saved(page: Page, banks: Banks, name: str, version: int = 1) -> dict[str, Any]:
    """Save, wait until the page shows that version, and return what the server keeps."""
    page.get_by_label("Name").fill(name)
    page.keyboard.press("Control+Enter")
    page.get_by_text(f"{name} is saved, version {version}.").wait_for()
    assert page.locator("#sector-title").inner_text() == name
    answer = banks.get("somchai", "/api/sectors")
    return dict(next(each for each in answer if each["sector"]["name"] == name))


def test_a_polygon_is_drawn_by_mouse_snaps_to_a_neighbour_and_is_saved(
    plan: Open, banks: Banks
) -> None:
    page = plan().page
    new_sector(page)
    page.keyboard.press("p")
    press(page, (100.48, 20.31), (100.48, 20.27))
    # Beside the eastern edge of Islands, and beside one of its corners.
    press(page, (100.46, 20.287), off=(7, 0))
    x, y = pixel(page, 100.46, 20.295)
    page.mouse.move(x + 6, y)
    wait_for("a hint", lambda: "On the edge of Islands" in page.locator(".draw-says").inner_text())
    page.keyboard.down("Alt")
    page.mouse.move(x + 5, y)
    wait_for("no hint", lambda: "On the edge" not in page.locator(".draw-says").inner_text())
    page.keyboard.up("Alt")
    press(page, (100.46, 20.30), off=(6, -5))
    assert "km²" in page.locator(".draw-size").inner_text(), "while it is drawn"
    page.keyboard.press("Enter")
    wait_for("it", lambda: "4 corners" in page.locator(".vertices").inner_text())
    page.get_by_text("The shape can be used.").wait_for()
    body = saved(page, banks, "East")
    ring = body["sector"]["polygon"][0]
    assert ring[0] == ring[-1]
    assert ring[0] == pytest.approx([100.48, 20.31], abs=0.002), "in the order of the presses"
    assert ring[1] == pytest.approx([100.48, 20.27], abs=0.002)
    on_edge = [lon for lon, lat in ring if 20.281 < lat < 20.299]
    assert on_edge == pytest.approx([100.46] * len(on_edge), abs=1e-9), "exactly on the edge"
    assert on_edge
    assert [100.46, 20.30] in ring, "exactly on the corner"
    page.get_by_role("button", name="Back to the list").click()
    assert page.locator(".sector-row", has_text="East").is_visible()


def test_a_self_crossing_is_flagged_and_the_repair_is_used(plan: Open, banks: Banks) -> None:
    page = plan().page
    new_sector(page)
    # Clockwise on the whole: the drawing tool turns such a shape round when it is finished.
    draw(page, (100.50, 20.31), (100.55, 20.31), (100.50, 20.27), (100.54, 20.275))
    fault = page.locator('[data-code="self_crossing"]')
    fault.wait_for()
    sides = "The side from corner 2 to 3 crosses the side from 4 to 1."
    assert sides in fault.inner_text()
    assert "Look at corner" not in fault.inner_text()
    wait_for("its ring", lambda: ringed(page) != [])
    for place in ringed(page):
        assert place == pytest.approx([100.5239, 20.2891], abs=0.002), "where they cross"
    page.get_by_label("Name").fill("Bow")
    page.keyboard.press("Control+Enter")
    page.get_by_text("The shape cannot be saved as it is.").wait_for()
    wait_for("the way to it", lambda: "cannot be saved as it is" in focused(page))
    assert in_view(page, '[data-code="self_crossing"]'), "what is wrong stands there"
    dashed = """jointPatrol.map.queryRenderedFeatures({ layers: ["planner-repair"] }).length"""
    wait_for("the repair on the map", lambda: page.evaluate(dashed) > 0)
    page.get_by_role("button", name="Use part 1").click()
    page.get_by_text("The shape can be used.").wait_for()
    assert "3 corners" in page.locator(".vertices").inner_text()
    assert page.locator(".sector-faults [data-code]").count() == 0
    wait_for("no ring", lambda: ringed(page) == [])
    page.locator("#draft-title").click()  # out of the field
    page.keyboard.press("Control+z")
    page.locator('[data-code="self_crossing"]').wait_for()
    page.keyboard.press("Control+y")
    page.get_by_text("The shape can be used.").wait_for()
    assert len(saved(page, banks, "Bow")["sector"]["polygon"][0]) == 4
    page.get_by_role("tab", name="Sectors").click()
    assert page.locator(".sector-row", has_text="Bow").is_visible(), "the tab leads to its list"


def test_an_outline_is_taken_back_corner_by_corner_after_it_was_closed(
    plan: Open, banks: Banks
) -> None:
    page = plan().page
    new_sector(page)
    corners = [(100.50, 20.31), (100.54, 20.31), (100.545, 20.285), (100.52, 20.275)]
    draw(page, *corners)
    count = page.locator(".vertices summary")
    wait_for("it", lambda: "4 corners" in count.inner_text())
    finish = page.get_by_role("button", name="Finish the shape")
    assert finish.count() == 0
    undo, redo = (page.get_by_role("button", name=name) for name in ("Undo", "Redo"))
    # The closing is a step, and then each corner is.
    undo.click()
    finish.wait_for()
    assert "0 corners" in count.inner_text(), "not closed yet"
    for left in (4, 3, 2, 1, 0):
        wait_for(f"{left} corners", lambda left=left: pressed(page) == left)
        page.keyboard.press("Control+z")
    # Each comes again, and at last the closing.
    for there in (1, 2, 3, 4):
        page.keyboard.press("Control+y")
        wait_for(f"{there} corners", lambda there=there: pressed(page) == there)
        assert "0 corners" in count.inner_text()
    redo.click()
    wait_for("the closing", lambda: "4 corners" in count.inner_text())
    assert finish.count() == 0
    assert redo.is_disabled()
    # One goes on where the corner was wrong, and what was undone does not come over it.
    undo.click()
    undo.click()
    wait_for("3 corners", lambda: pressed(page) == 3)
    press(page, (100.51, 20.28), (100.495, 20.29))
    page.keyboard.press("Control+y")
    page.locator("canvas").first.focus()
    page.keyboard.press("Enter")
    wait_for("five", lambda: "5 corners" in count.inner_text())
    page.get_by_text("The shape can be used.").wait_for()
    # A hole goes in the same way, and leaves the outline as it is.
    page.keyboard.press("h")
    press(page, (100.51, 20.305), (100.53, 20.305), (100.52, 20.295))
    page.keyboard.press("Enter")
    wait_for("eight", lambda: "8 corners" in count.inner_text())
    for left in (3, 2, 1, 0):
        page.keyboard.press("Control+z")
        wait_for(f"{left} corners", lambda left=left: pressed(page) == left)
        assert "5 corners" in count.inner_text()
    page.keyboard.press("Control+z")
    wait_for("the outline opened", lambda: pressed(page) == 5)
    page.keyboard.press("Control+y")
    wait_for("the outline closed", lambda: "5 corners" in count.inner_text())
    # It is offered corner by corner after a reload, too.
    page.get_by_label("Name").fill("Taken back")
    page.on("dialog", Dialog.accept)
    page.reload()
    page.get_by_text("The drawing Taken back of").wait_for()
    page.keyboard.press("o")
    wait_for("the drawing tool", page.locator(".way", has_text="Polygon").is_enabled)
    page.locator("#draft-title").click()
    page.keyboard.press("Control+z")
    wait_for("it opened", lambda: pressed(page) == 5)
    page.keyboard.press("Control+z")
    wait_for("four", lambda: pressed(page) == 4)
    page.keyboard.press("Enter")
    wait_for("closed", lambda: "4 corners" in count.inner_text())
    page.get_by_text("The shape can be used.").wait_for()
    ring = saved(page, banks, "Taken back")["sector"]["polygon"][0]
    for place, pressed_at in zip(ring, [*corners[:3], (100.51, 20.28)], strict=False):
        assert place == pytest.approx(pressed_at, abs=0.002), "in the order of the presses"


def test_a_rectangle_is_one_step(plan: Open) -> None:
    page = plan().page
    new_sector(page)
    page.keyboard.press("r")
    press(page, (100.50, 20.31), (100.54, 20.28))
    count = page.locator(".vertices summary")
    wait_for("it", lambda: "4 corners" in count.inner_text())
    page.keyboard.press("Control+z")
    wait_for("nothing", lambda: "0 corners" in count.inner_text())
    assert page.get_by_role("button", name="Finish the shape").count() == 0
    page.keyboard.press("Control+y")
    wait_for("it again", lambda: "4 corners" in count.inner_text())


@pytest.mark.parametrize("size", [(1440, 600), PHONE])
def test_a_refused_save_leads_to_what_is_wrong(plan: Open, size: Size) -> None:
    seen = plan(size=size)
    page = seen.page
    new_sector(page)
    save = page.get_by_role("button", name="Save the sector")
    save.click()
    wait_for("the shape", lambda: "Draw a shape first." in focused(page))
    assert in_view(page, "[data-stops]")
    page.locator(".way", has_text="River km").click()
    page.get_by_text("The shape can be used.").wait_for()
    save.click()
    wait_for("the name", lambda: "sector-name" in focused(page))
    assert in_view(page, "#sector-name-fault")
    page.get_by_label("Name").fill("Islands")
    seen.lossy = True  # a browser logs what a server refuses
    save.click()
    page.get_by_text("There is a sector Islands already.").wait_for()
    wait_for("the name that is taken", lambda: "sector-name" in focused(page))
    assert page.locator("#sector-name").get_attribute("aria-invalid") == "true"
    assert in_view(page, "#sector-name-fault")
    seen.lossy = False
    page.get_by_label("Name").fill("Islets")
    assert page.locator("#sector-name-fault").count() == 0, "of the old name"
    page.get_by_label("To km").fill("9999")
    page.locator('[data-code="off_river"]').wait_for()
    save.click()
    wait_for("the fault", lambda: "cannot be saved as it is" in focused(page))
    assert in_view(page, '[data-code="off_river"]')


def test_a_corridor_by_kilometres_is_shown_as_it_is_typed(plan: Open, banks: Banks) -> None:
    page = plan().page
    new_sector(page)
    page.keyboard.press("k")
    page.get_by_label("From km").fill("2348")
    page.get_by_label("To km").fill("2352")
    page.get_by_label("Width, metres").fill("1500")
    wait_for("its length", lambda: "2348.0 to 2352.0" in page.locator(".draw-bar").inner_text())
    text = """jointPatrol.map.queryRenderedFeatures({ layers: ["planner-stretch"] }).length"""
    wait_for("the corridor", lambda: page.evaluate(text) > 0)
    names = page.locator("button:visible").evaluate_all(
        "(all) => all.map((each) => each.ariaLabel ?? each.innerText.trim())"
    )
    assert len(names) == len(set(names)), "two buttons of one name"
    page.get_by_label("To km").fill("9999")
    page.locator('[data-code="off_river"]').wait_for()
    page.get_by_label("To km").fill("2353")
    page.get_by_text("The shape can be used.").wait_for()
    body = saved(page, banks, "Reach 7")
    stretch = {name: body["sector"][name] for name in ("river", "km_from", "km_to", "width_m")}
    assert stretch == {"river": "Mekong", "km_from": 2348, "km_to": 2353, "width_m": 1500}


def test_a_no_go_in_the_way_is_reported_in_the_form_and_does_not_keep_from_saving(
    plan: Open, banks: Banks
) -> None:
    page = plan().page
    locator = page.locator('.sector-faults [data-code="no_go"]')
    well = page.get_by_text("The shape can be used.")
    new_sector(page)
    page.keyboard.press("k")
    page.get_by_label("From km").fill("2343")
    page.get_by_label("To km").fill("2346")
    page.get_by_label("Width, metres").fill("1500")
    locator.wait_for()
    words = f"The shape overlaps Reach 4 of {THAI_NAME}, where nobody goes: "
    assert locator.inner_text().strip().startswith(words)
    assert "warns" in (locator.get_attribute("class") or "")
    assert locator.count() == 1
    assert well.count() == 0
    wait_for("its ring", lambda: ringed(page) != [])
    # What is itself to be kept out of is in nobody's way, not even its own as it is changed.
    page.select_option("#sector-use", "no_go")
    well.wait_for()
    assert locator.count() == 0
    saved(page, banks, "Reach 5")
    page.keyboard.press("e")
    page.select_option("#sector-use", "patrol")
    locator.wait_for()
    assert locator.count() == 1
    assert "Reach 4" in locator.inner_text()
    sector = saved(page, banks, "Reach 5", version=2)["sector"]
    assert (sector.get("use", "patrol"), sector["km_from"]) == ("patrol", 2343)
    # It is told while somebody draws, too, and no longer than it is so.
    page.get_by_role("button", name="Back to the list").click()
    new_sector(page)
    draw(page, (100.50, 20.31), (100.54, 20.31), (100.54, 20.275))
    well.wait_for()
    around = [[100.49, 20.27], [100.55, 20.27], [100.55, 20.32], [100.49, 20.32], [100.49, 20.27]]
    polygon = {"type": "Polygon", "coordinates": [around]}
    body = {"name": "Rapids", "use": "restricted", "polygon": polygon}
    rapids = banks.post("malee", "/api/sectors", body)
    locator.wait_for()
    assert f"Rapids of {THAI_NAME}" in locator.inner_text()
    banks.post("malee", f"/api/sectors/{rapids['sector']['id']}/retire")
    well.wait_for()
    assert locator.count() == 0


def test_a_change_is_a_new_version_that_others_may_overtake_and_an_old_one_is_restored(
    plan: Open, banks: Banks
) -> None:
    square = [[100.30, 20.20], [100.32, 20.20], [100.32, 20.22], [100.30, 20.22], [100.30, 20.20]]
    polygon = {"type": "Polygon", "coordinates": [square]}
    made = banks.post("somchai", "/api/sectors", {"name": "Ferry", "polygon": polygon})
    id = made["sector"]["id"]
    seen = plan()
    page = seen.page
    page.locator(".sector-row", has_text="Ferry").click()
    page.keyboard.press("e")
    page.locator(".vertices summary").click()
    page.get_by_label("Latitude of corner 3").fill("20.23")
    page.get_by_label("Why").fill("the pier moved")
    assert "4 corners" in page.locator(".vertices").inner_text()
    # It is there after a reload, which warns before.
    warned: list[str] = []

    def go_on(dialog: Dialog) -> None:
        warned.append(dialog.type)
        dialog.accept()

    page.on("dialog", go_on)
    page.reload()
    page.get_by_text("The drawing Ferry of").wait_for()
    assert warned == ["beforeunload"]
    page.keyboard.press("o")
    assert "4 corners" in page.locator(".vertices").inner_text()
    assert page.get_by_label("Why").input_value() == "the pier moved"
    wait_for("the map again", seen.drawn)
    # Somebody else saves first.
    banks.patch("somchai", f"/api/sectors/{id}", {"note": "shallow in April"})
    page.get_by_text("Somebody saved version 2 meanwhile.").wait_for()
    page.get_by_role("button", name="Look at it").click()
    looked = """jointPatrol.map.queryRenderedFeatures({ layers: ["planner-looked"] }).length"""
    wait_for("the other version", lambda: page.evaluate(looked) > 0)
    page.get_by_role("button", name="Save mine over it").click()
    page.get_by_text("Ferry is saved, version 3.").wait_for()
    page.keyboard.press("v")
    cards = page.locator(".versions .card")
    wait_for("three versions", lambda: cards.count() == 3)
    assert "the pier moved" in cards.nth(0).inner_text()
    assert "somchai" in cards.nth(2).inner_text()
    page.get_by_role("button", name="Restore version 1").click()
    page.get_by_role("button", name="Restore", exact=True).click()
    page.get_by_text("Ferry is as in version 1 again.").wait_for()
    now = banks.get("somchai", f"/api/sectors/{id}")["sector"]
    assert (now["version"], now["polygon"], now.get("note", "")) == (4, [square], "")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Retire", exact=True).click()
    page.locator("dialog").get_by_role("button", name="Retire").click()
    page.get_by_text("Ferry is retired.").wait_for()
    assert page.locator(".sector-row", has_text="Ferry").count() == 0


def test_what_is_changed_while_it_is_saved_is_not_lost(plan: Open, banks: Banks) -> None:
    square = [[100.30, 20.24], [100.32, 20.24], [100.32, 20.26], [100.30, 20.26], [100.30, 20.24]]
    polygon = {"type": "Polygon", "coordinates": [square]}
    made = banks.post("somchai", "/api/sectors", {"name": "Thin line", "polygon": polygon})
    page = plan().page
    page.locator(".sector-row", has_text="Thin line").click()
    page.keyboard.press("e")
    note = page.locator("#sector-note")
    note.fill("shallow")
    first = FirstChange(page, "**/api/sectors/*")
    page.keyboard.press("Control+Enter")
    wait_for("it is under way", lambda: note.count() and first.is_held)
    note.fill("shallow in April")
    first.let_go()
    page.get_by_text("Thin line is saved, version 2.").wait_for()
    assert note.input_value() == "shallow in April"
    page.keyboard.press("Control+Enter")
    page.get_by_text("Thin line is saved, version 3.").wait_for()
    now = banks.get("somchai", f"/api/sectors/{made['sector']['id']}")["sector"]
    assert now["note"] == "shallow in April"


def test_nothing_of_a_drawing_outlives_the_sign_out(plan: Open, banks: Banks) -> None:
    held = "() => JSON.stringify([{ ...sessionStorage }, { ...localStorage }])"
    seen = plan()
    page = seen.page
    page.on("dialog", Dialog.accept)
    new_sector(page)
    draw(page, (100.50, 20.31), (100.54, 20.31), (100.54, 20.275))
    page.get_by_label("Name").fill("Night lane")
    wait_for("it to be kept", lambda: "Night lane" in page.evaluate(held))
    page.reload()
    page.get_by_text("The drawing Night lane of").wait_for()
    seen.lossy = True  # the session ends under the page
    other = page.context.new_page()
    other.goto(banks.server.url)
    # This machine's clock is an hour ahead, and is put right before anybody signs in again.
    other.evaluate("() => { const now = Date.now; Date.now = () => now() + 3_600_000 }")
    other.get_by_role("button", name="Sign out somchai").click()
    page.wait_for_url("**/sign-in?next=*")
    banks.server.sessions.clear()  # this one has ended
    other.wait_for_url("**/sign-in")
    assert "Night lane" not in page.evaluate(held)
    assert "Night lane" not in other.evaluate(held)
    page.get_by_label("Name").fill("somchai")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    new_sector(page)
    assert page.get_by_text("was not saved").count() == 0
    # What is thrown away is not offered a second time.
    page.get_by_label("Name").fill("Day lane")
    page.reload()
    page.get_by_text("The drawing Day lane of").wait_for()
    page.get_by_role("button", name="Throw it away").click()
    page.reload()
    page.locator(".sector-row").first.wait_for()
    assert page.get_by_text("was not saved").count() == 0


def test_shapes_come_from_files(plan: Open, banks: Banks, tmp_path: Path) -> None:
    page = plan().page
    for ending, text in FILES.items():
        file = tmp_path / f"plan.{ending}"
        file.write_text(text, encoding="utf-8")
        new_sector(page)
        page.keyboard.press("i")
        page.set_input_files("#sector-file", file)
        if ending == "geojson":
            page.get_by_role("button", name="Second").click()
        page.get_by_text("The shape can be used.").wait_for()
        assert page.get_by_label("Name").input_value() in ("Round", "Second")
        body = saved(page, banks, f"From {ending}")
        assert {tuple(place) for place in body["sector"]["polygon"][0]} == set(_PLACES)
        page.get_by_role("button", name="Back to the list").click()


_PLACES = [(100.6, 20.2), (100.62, 20.2), (100.62, 20.22), (100.6, 20.22)]
_POINTS = "".join(f'<trkpt lon="{lon}" lat="{lat}"/>' for lon, lat in _PLACES)
_WORDS = " ".join(f"{lon},{lat}" for lon, lat in [*_PLACES, _PLACES[0]])
_RING = str([list(place) for place in [*_PLACES, _PLACES[0]]])
FILES = {
    "gpx": '<gpx version="1.1" xmlns="http://www.topografix.com/GPX/1/1"><trk><name>Round</name>'
    f"<trkseg>{_POINTS}</trkseg></trk></gpx>",
    "kml": '<kml xmlns="http://www.opengis.net/kml/2.2"><Placemark><name>Round</name><Polygon>'
    f"<outerBoundaryIs><LinearRing><coordinates>{_WORDS}</coordinates></LinearRing>"
    "</outerBoundaryIs></Polygon></Placemark></kml>",
    "geojson": '{"type": "FeatureCollection", "features": ['
    '{"type": "Feature", "properties": {"name": "First"}, "geometry": {"type": "Polygon",'
    ' "coordinates": [[[101, 20], [101.1, 20], [101.1, 20.1], [101, 20]]]}},'
    '{"type": "Feature", "properties": {"name": "Second"}, "geometry": {"type": "Polygon",'
    f' "coordinates": [{_RING}]}}}}]}}',
}


def test_on_a_phone_a_sector_is_drawn_by_finger(plan: Open, banks: Banks) -> None:
    page = plan(size=PHONE).page
    new_sector(page)
    page.locator(".way", has_text="Polygon").click()
    for x, y in [(110, 250), (300, 250), (300, 420), (110, 420)]:
        page.touchscreen.tap(x, y)
        page.wait_for_timeout(350)
    page.get_by_role("button", name="Finish the shape").click()
    wait_for("it", lambda: "4 corners" in page.locator(".vertices").inner_text())
    page.get_by_text("The shape can be used.").wait_for()
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE[0], "nothing sticks out"
    saved(page, banks, "By finger")


def test_axe_finds_nothing_and_another_agency_s_sector_is_only_read(plan: Open) -> None:
    page = plan().page
    found: list[str] = []

    def look(where: str) -> None:
        found.extend(violations(page, where))

    look("list")
    page.locator(".sector-row", has_text="Reach 4").click()
    assert THAI_NAME in page.locator(".sector-note").inner_text()
    assert page.get_by_role("button", name="Change", exact=True).count() == 0
    look("theirs")
    page.keyboard.press("Escape")
    page.locator(".sector-row", has_text="Islands").click()
    page.keyboard.press("v")
    page.locator(".versions .card").first.wait_for()
    look("versions")
    page.keyboard.press("Escape")
    page.keyboard.press("e")
    page.locator(".vertices summary").click()
    page.get_by_label("Latitude of corner 1").fill("20.32")
    page.get_by_label("Latitude of corner 2").focus()
    page.locator(".sector-faults li").first.wait_for()
    look("change")
    small = page.evaluate(
        """() => [...document.querySelectorAll("button, input, select, summary, a[href]")]
            .filter((each) => each.checkVisibility() && !each.closest("[inert]"))
            .map((each) => [each.getBoundingClientRect(), each])
            .filter(([box]) => box.width > 0 && (box.width < 43.5 || box.height < 43.5))
            .map(([box, each]) => each.outerHTML.slice(0, 90) + `${box.width}x${box.height}`)"""
    )
    assert small == []
    page.locator("#draft-title").click()
    page.keyboard.press("?")
    look("keys")
    assert found == []
