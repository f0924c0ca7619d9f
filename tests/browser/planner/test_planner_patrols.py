"""The planner's page: a joint patrol planned, signed on both banks, changed, started; coverage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from playwright.sync_api import Browser, Dialog, Page

from gis.river.river import load_mekong
from tests.browser.axe import too_small, violations
from tests.browser.banks import LAO, THAI, Banks, two_banks
from tests.browser.commander import DESKTOP, PHONE, Commander, Size, opened
from tests.browser.request_routing import FirstChange
from tests.fixtures.server import wait_for

# With the making of both offices the first test takes long where the machine is busy.
pytestmark = [pytest.mark.browser, pytest.mark.timeout(400)]

ZONE = ZoneInfo("Asia/Vientiane")
TOMORROW = (datetime.now(ZONE) + timedelta(days=1)).replace(
    hour=18, minute=0, second=0, microsecond=0
)
Open = Callable[..., Commander]


def iso(hours: float) -> str:
    """Return a time so many hours after tomorrow at 18:00, local time."""
    return (TOMORROW + timedelta(hours=hours)).astimezone(UTC).isoformat()


def field(hours: float) -> str:
    """Return the same as a field of the form has it."""
    return f"{TOMORROW + timedelta(hours=hours):%Y-%m-%d %H:%M}"


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Banks]:
    """Two agencies that share plans, with boats, sectors, a signed patrol and a driven track."""
    with two_banks(tmp_path_factory.mktemp("planner")) as running:
        running.agree("positions", "patrols", "sectors")
        naga = running.boat("somchai", "Naga 1", "LA", lon=100.414, lat=20.27)
        khong = running.boat("malee", "Khong 2", "TH", lon=100.403, lat=20.268)
        for name, use, low in (("Islands", "patrol", 2352), ("Mines", "no_go", 2345)):
            stretch = {"river": "Mekong", "km_from": low, "km_to": low + 4, "width_m": 900}
            body = {"name": name, "use": use, "stretch": stretch}
            running.post("somchai", "/api/sectors", body)
        day = {"name": "Day watch", "starts_at": iso(-8), "ends_at": iso(1), "agencies": [LAO]}
        members = [{"unit": naga, "agency": LAO, "crew": 4}]
        made = running.post("somchai", "/api/patrols", day | {"members": members})
        path = f"/api/patrols/{made['id']}"
        running.post("somchai", f"{path}/propose")
        running.post("somchai", f"{path}/sign", {"revision": 1})
        joint = {"name": "Evening round", "starts_at": iso(60), "ends_at": iso(64)}
        members.append({"unit": khong, "agency": THAI, "crew": 3})
        parties = {"agencies": [LAO, THAI], "members": members}
        made = running.post("somchai", "/api/patrols", joint | parties)
        running.post("somchai", f"/api/patrols/{made['id']}/propose")
        drives(running, naga)
        yield running


def drives(banks: Banks, unit: str) -> None:
    """Have a boat go up 5 km of the Mekong in the last hour, at 5 m/s, heard every 50 s."""
    address = {"address": "position_json:track", "unit": unit, "channel": "*"}
    since = datetime.now(UTC) - timedelta(hours=1)
    banks.post("somchai", "/api/assignments", address | {"start": since.isoformat()})
    lons, lats = load_mekong().at_kms(np.arange(2353, 2357, 0.25))
    for n, (lon, lat) in enumerate(zip(lons, lats, strict=True)):
        at = since + timedelta(seconds=60 + 50 * n)
        place = {"lon": float(lon), "lat": float(lat)}
        report = {"device": "track", "time": at.isoformat()} | place
        banks.post("somchai", "/api/positions", report)


@pytest.fixture
def open_planner(browser: Browser, banks: Banks) -> Iterator[Open]:
    """Open the planner's page as an officer; at the end nothing may have gone wrong in it."""
    pages: list[Commander] = []

    def open_page(
        name: str, size: Size = DESKTOP, tab: str = "patrols", path: str = "/planner"
    ) -> Commander:
        page = opened(browser, banks.server, f"{path}#{tab}", role=name, size=size)
        pages.append(page)
        wait_for("the map", page.drawn)
        return page

    yield open_page
    for page in pages:
        page.close()
    for page in pages:
        assert page.foreign == [], "a request left the server"
        assert page.complaints == []


def says(page: Page, selector: str, words: str) -> None:
    """Wait until an element that `selector` finds contains `words`."""
    found = page.locator(selector)
    wait_for(
        f"{words!r} in {selector}", lambda: any(words in text for text in found.all_inner_texts())
    )


def state(page: Page, words: str) -> None:
    """Wait until the patrol that is open is in a state."""
    says(page, ".patrol-state", words)


def test_a_joint_patrol_is_planned_signed_changed_and_started(
    open_planner: Open, banks: Banks
) -> None:
    here = open_planner("somchai").page
    here.keyboard.press("n")
    here.locator("#plan-name").fill("Night watch")
    here.locator("#plan-start").fill(field(0))
    here.locator("#plan-start").blur()
    here.locator("#plan-end").fill(field(6))
    here.locator("#plan-end").blur()
    says(here, "#plan-start-told", f"{TOMORROW.astimezone(UTC):%Y-%m-%d %H:%M} UTC")
    says(here, "#plan-start-told", "Asia/Vientiane +07")
    here.get_by_role("checkbox", name="Naga 1", exact=True).check()
    here.get_by_role("checkbox", name="Khong 2", exact=True).check()
    assert here.locator(".checks input:checked").count() == 4, "its agency joined with the boat"
    assert here.get_by_label("People on Khong 2").input_value() == "", "nobody has said"
    here.get_by_label("People on Naga 1").fill("1")
    here.get_by_label("Islands").check()
    says(here, ".plan-form .conflicts", "Naga 1 is in another patrol, Day watch")
    assert here.locator(".bar.made .conflict-error").count() == 2, "on both boats' rows"

    here.get_by_role("button", name="Add a rendezvous").click()
    here.locator("#meeting-0-place").fill("km 2347")
    here.locator("#meeting-0-place").blur()
    says(here, ".plan-form .conflicts", "Rendezvous 1 is inside Mines of Houay Xai border police")
    here.locator("#meeting-0-place").fill("km 2354")
    here.locator("#meeting-0-place").blur()
    here.locator("#plan-start").fill(field(2))
    here.locator("#plan-start").blur()
    says(here, ".plan-form .conflicts", "Its crew would rest only from")
    wait_for("no error", lambda: here.locator(".plan-form .wrong").count() == 0)
    here.get_by_role("button", name="Save as draft").click()
    state(here, "Draft")
    locator = here.locator(".panel li")
    assert locator.filter(has_text="Naga 1").filter(has_text="1 person").count() == 1
    assert locator.filter(has_text="Khong 2").filter(has_text="people not entered").count() == 1
    here.get_by_role("button", name="Propose to all agencies").click()
    state(here, "Proposed")
    says(here, ".sign-form", "You sign plan 1 of Night watch")
    here.get_by_role("button", name="Sign plan 1").click()
    says(here, ".signatures", "somchai signed plan 1")

    there = open_planner("malee").page
    there.locator(".patrol-row", has_text="Night watch").click()
    seal = there.locator(".sign-form code").get_attribute("title")
    assert seal == here.locator(".signatures .given code").get_attribute("title")
    there.get_by_role("button", name="Sign plan 1").click()
    state(there, "Signed")
    state(here, "Signed")

    bar = here.locator(".timeline-row", has_text="Naga 1").locator(".bar", has_text="Night watch")
    box = bar.bounding_box()
    assert box is not None
    here.mouse.move(box["x"] + box["width"] - 4, box["y"] + 22)
    here.mouse.down()
    here.mouse.move(box["x"] + box["width"] + 20, box["y"] + 22, steps=4)
    here.mouse.up()
    says(here, ".plan-cost", "Saving makes 2 signatures void")
    dragged = here.locator("#plan-end").input_value()
    assert dragged > field(8)
    assert dragged[-2:] in {"00", "15", "30", "45"}
    here.get_by_role("button", name="Save the plan").click()
    state(here, "Proposed")
    says(here, ".signatures", "has not signed yet")
    state(there, "Proposed")

    known = banks.get("malee", "/api/patrols")
    [patrol] = [each for each in known if each["name"] == "Night watch"]
    for name in ("somchai", "malee"):
        banks.post(name, f"/api/patrols/{patrol['id']}/sign", {"revision": 2})
    state(here, "Signed")
    here.get_by_role("button", name="Crews are ready").click()
    here.get_by_role("button", name="Start the patrol").click()
    state(here, "Under way")
    there.get_by_role("button", name="Versions").click()
    says(there, ".plan-versions", "Changed: end")
    link = here.get_by_role("link", name="Briefing").get_attribute("href")
    assert link == f"/reports?report=briefing&patrol={patrol['id']}"


def test_the_last_change_is_taken_back_and_a_refusal_is_shown(
    open_planner: Open, banks: Banks
) -> None:
    made = banks.post(
        "somchai",
        "/api/patrols",
        {"name": "Dawn", "starts_at": iso(40), "ends_at": iso(44), "note": "quiet"},
    )
    path = f"/api/patrols/{made['id']}"
    page = open_planner("somchai").page
    page.locator(".patrol-row", has_text="Dawn").click()
    page.keyboard.press("e")
    page.locator("#plan-name").fill("")
    page.get_by_role("button", name="Save the plan").click()
    says(page, "#plan-name-fault", "Give the patrol a name.")
    page.keyboard.press("Escape")
    page.keyboard.press("Control+z")
    wait_for("the name", lambda: page.locator("#plan-name").input_value() == "Dawn")
    for field_id, words in (("#plan-name", "Dusk"), ("#plan-note", "loud")):
        page.locator(field_id).fill(words)
    page.keyboard.press("Escape")
    for note, name in (("quiet", "Dusk"), ("quiet", "Dawn")):  # a field is a step
        page.keyboard.press("Control+z")
        wait_for("the note", lambda note=note: page.locator("#plan-note").input_value() == note)
        assert page.locator("#plan-name").input_value() == name
    page.locator("#plan-note").fill("loud")
    banks.patch("somchai", path, {"note": "louder"})
    says(page, ".plan-notice", "Somebody else changed this plan meanwhile.")
    page.get_by_role("button", name="Put my changes onto it").click()
    page.get_by_role("button", name="Save the plan").click()
    state(page, "Draft")
    assert banks.get("somchai", path)["note"] == "loud"
    page.get_by_role("button", name="Versions").click()
    page.get_by_role("button", name="Undo the last change").click()
    wait_for("it", lambda: banks.get("somchai", path)["note"] == "louder")


def test_what_is_changed_while_it_is_saved_is_not_lost(open_planner: Open, banks: Banks) -> None:
    body = {"name": "Thin line", "starts_at": iso(80), "ends_at": iso(84), "note": "quiet"}
    path = f"/api/patrols/{banks.post('somchai', '/api/patrols', body)['id']}"
    page = open_planner("somchai").page
    page.locator(".patrol-row", has_text="Thin line").click()
    page.keyboard.press("e")
    note = page.locator("#plan-note")
    note.fill("loud")
    first = FirstChange(page, f"**{path}")
    save = page.get_by_role("button", name="Save the plan")
    save.click()
    wait_for("it is under way", lambda: note.count() and first.is_held)
    note.fill("louder")
    first.let_go()
    wait_for("the first is kept", lambda: banks.get("somchai", path)["note"] == "loud")
    wait_for("it may be saved again", save.is_enabled)
    assert note.input_value() == "louder"
    save.click()
    wait_for("the second is kept", lambda: banks.get("somchai", path)["note"] == "louder")


def test_who_was_overtaken_goes_on_though_no_stream_tells_of_it(
    open_planner: Open, banks: Banks
) -> None:
    body = {"name": "No stream", "starts_at": iso(100), "ends_at": iso(104), "note": "quiet"}
    path = f"/api/patrols/{banks.post('somchai', '/api/patrols', body)['id']}"
    seen = open_planner("somchai")
    page = seen.page
    seen.lossy = True
    page.route_web_socket("**/api/live*", lambda socket: socket.close())
    page.reload()
    page.locator(".patrol-row", has_text="No stream").click()
    page.keyboard.press("e")
    page.locator("#plan-note").fill("loud")
    banks.patch("somchai", path, {"name": "No stream at all", "revision": 1})
    page.get_by_role("button", name="Save the plan").click()
    says(page, ".plan-notice", "Somebody else changed this plan meanwhile.")
    page.get_by_role("button", name="Put my changes onto it").click()
    page.get_by_role("button", name="Save the plan").click()
    wait_for("it", lambda: banks.get("somchai", path)["note"] == "loud")
    assert banks.get("somchai", path)["name"] == "No stream at all"


def test_what_stands_in_a_field_is_saved_by_the_key_that_saves(
    open_planner: Open, banks: Banks
) -> None:
    body = {"name": "By key", "starts_at": iso(20), "ends_at": iso(24)}
    path = f"/api/patrols/{banks.post('somchai', '/api/patrols', body)['id']}"
    page = open_planner("somchai").page
    page.locator(".patrol-row", has_text="By key").click()
    page.keyboard.press("e")
    page.locator("#plan-end").select_text()
    page.keyboard.type(f"{TOMORROW + timedelta(hours=26):%Y%m%d %H%M}")
    page.keyboard.press("Control+s")
    state(page, "Draft")
    kept = datetime.fromisoformat(banks.get("somchai", path)["ends_at"])
    assert kept == TOMORROW + timedelta(hours=26)


def test_a_plan_that_is_not_saved_is_not_lost_to_another(open_planner: Open, banks: Banks) -> None:
    body = {"name": "Other plan", "starts_at": iso(28), "ends_at": iso(32)}
    banks.post("somchai", "/api/patrols", body)
    page = open_planner("somchai").page
    page.keyboard.press("n")
    name = page.locator("#plan-name")
    name.fill("Half a plan")
    page.get_by_role("tab", name="Patrols").click()
    for again in ("e", "n"):
        page.locator(".patrol-row", has_text="Other plan").click()
        page.keyboard.press(again)
        says(page, ".notice", "Save or discard the plan that is open first.")
        assert name.input_value() == "Half a plan"
        page.get_by_role("tab", name="Patrols").click()
    page.get_by_role("button", name="Go on").click()
    assert name.input_value() == "Half a plan"


def test_private_notes_that_are_not_saved_are_there_again(open_planner: Open, banks: Banks) -> None:
    body = {"name": "Two notes", "starts_at": iso(120), "ends_at": iso(124)}
    path = f"/api/patrols/{banks.post('somchai', '/api/patrols', body)['id']}"
    page = open_planner("somchai").page
    notes = page.locator(".annex textarea")
    row = page.locator(".patrol-row", has_text="Two notes")
    row.click()
    notes.fill("ask the harbour first")
    page.get_by_role("button", name="Back to the list").click()
    row.click()
    assert notes.input_value() == "ask the harbour first"
    page.get_by_role("button", name="Save private notes").click()
    wait_for("they are kept", lambda: "harbour" in str(banks.get("somchai", path).get("annexes")))
    notes.fill("ask the harbour first, twice")
    notes.fill("ask the harbour first")
    assert page.get_by_role("button", name="Save private notes").is_disabled()


def test_a_plan_begun_on_an_empty_row_is_picked_on_the_map_and_outlives_a_reload(
    open_planner: Open, banks: Banks
) -> None:
    seen = open_planner("malee")
    page = seen.page
    page.on("dialog", Dialog.accept)
    row = page.locator(".timeline-row", has_text="Khong 2")
    box = row.locator(".empty-track").bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 6.2 / 7, y)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 6.6 / 7, y, steps=6)
    assert " to " in row.locator(".sketch").inner_text()
    page.mouse.up()
    start = page.locator("#plan-start")
    start.wait_for()
    assert page.locator(".bar.made").count() == 1
    assert page.get_by_role("checkbox", name="Khong 2", exact=True).is_checked()
    week = TOMORROW.replace(hour=0) - timedelta(days=1)
    begun, ends = (moment(page, id) - week for id in ("#plan-start", "#plan-end"))
    assert begun / timedelta(days=1) == pytest.approx(6.2, abs=0.05), "where the pointer went down"
    assert ends / timedelta(days=1) == pytest.approx(6.6, abs=0.05), "where it came up"

    # Times in words: what is wrong, and what the keys do.
    end = page.locator("#plan-end")
    for typed, words in (
        ("11/26/2026 06:00 PM", "This is no date with a time. Write it as "),
        ("2569-11-26 18:00", "2569 is a year of the Buddhist era. Write 2026."),
        ("2026-11-31 18:00", "This month has only the days 1 to 30."),
    ):
        end.fill(typed)
        end.blur()
        says(page, "#plan-end-fault", words)
        assert end.get_attribute("aria-invalid") == "true"
        assert end.input_value() == typed, "it stays to be mended"
    page.locator("#plan-name").fill("Dawn sweep")
    page.get_by_role("button", name="Save as draft").click()
    wait_for("the field", lambda: end.evaluate("(each) => each === document.activeElement"))
    end.fill(f"{week + timedelta(days=6, hours=20, minutes=50):%Y%m%d%H%M}")
    end.blur()
    end.focus()
    end.press("End")
    end.press("ArrowUp")
    assert end.input_value() == f"{week + timedelta(days=6, hours=21, minutes=5):%Y-%m-%d %H:%M}"
    assert page.locator("#plan-end-fault").inner_text() == ""

    # What is pressed on the map: a sector in and out and in again, then the place of a rendezvous.
    lons, lats = load_mekong().at_kms(np.array([2354.0, 2355.0]))
    (lon, lat), (met_lon, met_lat) = zip(lons.tolist(), lats.tolist(), strict=True)
    islands = page.get_by_label("Islands").first
    for chosen in (True, False, True):
        page.mouse.click(*pixel(page, lon, lat))
        wait_for("the sector", lambda wanted=chosen: islands.is_checked() == wanted)
        page.wait_for_timeout(400)  # two presses at once would be a double press
    page.get_by_role("button", name="Add a rendezvous").click()
    page.get_by_role("button", name="On the map").click()
    says(page, ".plan-piece", "Press the place on the map.")
    page.mouse.click(*pixel(page, met_lon, met_lat))
    place = page.locator("#meeting-0-place")
    wait_for("the place", lambda: place.input_value() != "")
    assert page.get_by_text("Press the place on the map.").count() == 0
    says(page, ".plan-piece", "km 2\u202f355")
    assert islands.is_checked(), "the press was for the rendezvous alone"

    typed_place, typed_start = place.input_value(), start.input_value()
    years(page, banks, "buddhist")
    page.reload()
    says(page, ".unsaved", "The plan Dawn sweep of")
    page.get_by_role("button", name="Take it up again").click()
    assert page.locator("#plan-name").input_value() == "Dawn sweep"
    assert place.input_value() == typed_place
    assert start.input_value() == typed_start, "Gregorian, whatever the reader's years are"
    says(page, "#plan-start-told", f"{int(typed_start[:4]) + 543}{typed_start[4:10]} BE")
    years(page, banks, "gregorian")
    wait_for("the check", lambda: page.locator('.plan-checked[data-state="told"]').count() == 1)
    page.get_by_role("button", name="Save as draft").click()
    state(page, "Draft")
    [made] = [each for each in banks.get("malee", "/api/patrols") if each["name"] == "Dawn sweep"]
    [meeting] = made["rendezvous"]
    assert meeting["lon"] == pytest.approx(met_lon, abs=5e-4)
    assert meeting["lat"] == pytest.approx(met_lat, abs=5e-4)
    assert len(made["sectors"]) == 1
    page.get_by_role("tab", name="Patrols").click()
    assert page.locator(".patrol-row", has_text="Dawn sweep").is_visible(), "the tab leads home"
    assert page.locator(".unsaved").count() == 0
    banks.post("malee", f"/api/patrols/{made['id']}/cancel", {"reason": "only a test"})


def moment(page: Page, id: str) -> datetime:
    """Return the local time that a field has."""
    text = page.locator(id).input_value()
    return datetime.strptime(text, "%Y-%m-%d %H:%M").replace(tzinfo=ZONE)


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


def years(page: Page, banks: Banks, calendar: str) -> None:
    """Have the person who is signed in count years so, from the next page on."""
    answer = page.context.request.put(
        f"{banks.server.url}/api/session/preferences",
        data={"language": "en", "calendar": calendar},
        headers={"Origin": banks.server.url},
    )
    assert answer.ok, answer.text()


def test_coverage_of_a_driven_track(open_planner: Open) -> None:
    page = open_planner("somchai", tab="coverage").page
    says(page, ".empty", "Nothing to show yet.")
    page.locator("#coverage-km-from").fill("2350")
    page.locator("#coverage-km-to").fill("2360")
    page.get_by_role("button", name="Show coverage").click()
    says(page, ".empty", "No unit has a track in this time.")
    page.get_by_label("Only while on patrol").uncheck()
    page.get_by_role("button", name="Show coverage").click()
    says(page, ".coverage", "Units with a track: Naga 1")
    cells = page.locator(".coverage-strip .heat")
    assert cells.count() == 10
    fresh = [each.get_attribute("class") == "heat heat-fresh" for each in cells.all()]
    assert fresh == [False] * 2 + [True] * 6 + [False] * 2
    row = page.locator(".coverage-table tr", has_text="Islands").inner_text()
    assert "ago" in row
    assert "0 %" not in row.split("\n")
    page.get_by_role("button", name="Show on map").click()
    wait_for("the heat on the map", lambda: "fresh" in heat(page))
    assert heat(page) == {"fresh", "never"}
    with page.expect_download() as kept:
        page.get_by_role("button", name="Save the table (CSV)").click()
    text = kept.value.path().read_text(encoding="utf-8-sig")
    assert len(text.splitlines()) == 12
    assert "Islands" in text
    # Days of one's own are whole local days.
    page.locator("#coverage-days").select_option("0")
    page.locator("#coverage-from").fill("2026-02-30")
    page.locator("#coverage-from").blur()
    says(page, "#coverage-from-fault", "This month has only the days 1 to 28.")
    today = TOMORROW - timedelta(days=1)
    page.locator("#coverage-from").fill(f"{today - timedelta(days=1):%Y-%m-%d}")
    page.locator("#coverage-until").fill(f"{today:%Y-%m-%d}")
    with page.expect_request("**/api/coverage/heat?*") as asked:
        page.get_by_role("button", name="Show coverage").click()
    first = (today - timedelta(days=1)).replace(hour=0).astimezone(UTC)
    assert f"start={first:%Y-%m-%dT%H}%3A00%3A00Z" in asked.value.url
    assert f"end={first + timedelta(days=2):%Y-%m-%dT%H}%3A00%3A00Z" in asked.value.url
    says(page, ".coverage", "Units with a track: Naga 1")


def heat(page: Page) -> set[Any]:
    """Return the classes that the map has drawn."""
    layers = ["heat-cells", "heat-never", "heat-river", "heat-river-never"]
    found = page.evaluate(
        "layers => jointPatrol.map.queryRenderedFeatures({ layers })"
        ".map((each) => each.properties.heat)",
        layers,
    )
    return set(found)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_axe_finds_nothing_in_any_palette(open_planner: Open, size: Size) -> None:
    page = open_planner("malee", size=size).page
    page.locator("#tab-patrols").click()
    page.locator(".patrol-row", has_text="Evening round").click()
    found = violations(page, "patrol")
    page.get_by_role("button", name="Back to the list").click()
    page.get_by_role("button", name="New patrol").click()
    page.get_by_role("checkbox", name="Khong 2", exact=True).check()
    page.get_by_role("button", name="Add a leg").click()
    page.get_by_role("button", name="Add a rendezvous").click()
    found += violations(page, "plan") + too_small(page, "plan")
    page.get_by_role("button", name="Leave the plan").click()
    page.get_by_role("button", name="Discard").click()
    page.locator("#tab-coverage").click()
    page.get_by_label("Only while on patrol").uncheck()
    page.get_by_role("button", name="Show coverage").click()
    says(page, ".coverage", "Units with a track")
    found += violations(page, "coverage")
    assert found == []
    if size == PHONE:
        assert page.locator(".timeline").count() == 0, "a phone has the list by day"
        page.locator("#tab-patrols").click()
        assert page.locator(".patrol-day").count() >= 1


def test_the_side_that_suspended_is_named_and_the_other_sides_boats_go(
    open_planner: Open, banks: Banks
) -> None:
    page = open_planner("malee").page
    page.locator(".patrol-row", has_text="Evening round").click()
    says(page, ".plan-facts", "Naga 1")
    [agreement] = banks.get("kham", "/api/agreements")
    banks.post("kham", f"/api/agreements/{agreement['id']}/suspend", {"reason": "by order"})
    says(page, ".plan-notice", "Houay Xai border police suspended")
    says(page, ".plan-notice q", "by order")
    wait_for("their boat to go", lambda: "Naga 1" not in page.locator(".plan-facts").inner_text())
    assert THAI in [each["id"] for each in banks.get("malee", "/api/agencies")]


def test_a_replay_names_who_called_for_help_though_others_were_chosen(
    open_planner: Open, banks: Banks
) -> None:
    since = datetime.now(UTC) - timedelta(minutes=5)
    unit = banks.boat("somchai", "Naga 8", "LA", lon=100.42, lat=20.28)
    banks.calls_for_help("somchai", unit, lon=100.42, lat=20.28)
    wait_for("the alert", lambda: _calls(banks, unit))
    banks.patch("somchai", f"/api/units/{unit}", {"call_sign": "Naga 9"})
    [chosen] = [
        each for each in banks.get("somchai", "/api/units") if each["call_sign"] == "Naga 1"
    ]
    query = {"from": since.isoformat(), "to": datetime.now(UTC).isoformat(), "unit": chosen["id"]}
    page = open_planner("somchai", path=f"/replay?{urlencode(query)}", tab="").page
    wait_for("the replay", lambda: page.locator("#clock").count() == 1)
    page.keyboard.press("End")
    page.keyboard.press("h")
    says(page, ".then", "Naga 9")
    assert unit not in page.locator(".then").inner_text()


def _calls(banks: Banks, unit: str) -> bool:
    return any(each.get("unit") == unit for each in banks.get("somchai", "/api/alerts"))
