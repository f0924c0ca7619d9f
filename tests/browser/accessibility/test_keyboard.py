"""Everything is done from the keyboard: search, list, panels, palette, help."""

from __future__ import annotations

import pytest

from tests.browser.commander import PHONE, Commander
from tests.browser.conftest import Look
from tests.browser.request_routing import routed
from tests.fixtures.server import Server, wait_for

pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="module", autouse=True)
def fleet(server: Server) -> None:
    """Units to search among."""
    with server.client() as client:
        for call_sign, kind, country in [
            ("Kestrel 1", "boat", "LA"),
            ("Kestrel 2", "boat", "TH"),
            ("Heron", "vehicle", "TH"),
        ]:
            made = client.post(
                "/api/units", json={"call_sign": call_sign, "kind": kind, "country": country}
            )
            unit = made.json()["id"]
            plotted = client.post(
                f"/api/units/{unit}/plot",
                json={"lon": 100.42 if kind == "boat" else 100.43, "lat": 20.26},
            )
            assert plotted.is_success, plotted.text


def _focus(page: Commander) -> str:
    return str(page.page.evaluate("document.activeElement.id || document.activeElement.innerText"))


def _rows(page: Commander) -> list[str]:
    return page.page.locator("#unit-rows .row-name").all_inner_texts()


def test_search_narrows_the_list_and_enter_flies_there(look: Look) -> None:
    page = look(moving=True)
    wait_for("the list", lambda: "Heron" in _rows(page))
    page.page.keyboard.press("/")
    page.page.keyboard.type("kestrel thai")
    wait_for("one row", lambda: _rows(page) == ["Kestrel 2"])
    page.page.keyboard.press("Enter")
    wait_for("the detail", lambda: page.says("#unit-title") == "Kestrel 2")

    def in_the_middle() -> bool:
        mark = page.marks().get("Kestrel 2")
        if mark is None:
            return False
        x, y = mark["pixel"]["x"], mark["pixel"]["y"]
        return bool(abs(x - (320 + 1100) / 2) < 60 and abs(y - 450) < 60)

    wait_for("the unit in the middle of the free map", in_the_middle)


def test_arrows_walk_the_list(look: Look) -> None:
    page = look()
    wait_for("the list", lambda: "Heron" in _rows(page))
    page.page.keyboard.press("/")
    page.page.keyboard.press("ArrowDown")
    assert _rows(page)[0] in _focus(page)
    page.page.keyboard.press("ArrowDown")
    assert _rows(page)[1] in _focus(page)
    page.page.keyboard.press("ArrowUp")
    page.page.keyboard.press("ArrowUp")
    assert _focus(page) == "unit-search"


def test_letters_open_panels_and_help_lists_them(look: Look) -> None:
    page = look()
    for key, title in [("c", "Channels"), ("r", "Unknown radios"), ("m", "Map")]:
        page.page.keyboard.press(key)
        wait_for(title, lambda title=title: page.says("#tab-content h2") == title)
    page.page.keyboard.press("?")
    keys = page.says("dialog")
    for words in ("Search units", "Next palette", "Show all units", "Plot the selected unit"):
        assert words in keys
    page.page.keyboard.press("Escape")
    wait_for("no help", lambda: page.page.locator("dialog").count() == 0)


@pytest.mark.parametrize("way", ["Escape", "its button"])
def test_a_dialog_gives_the_focus_back(look: Look, way: str) -> None:
    page = look()
    wait_for("the list", lambda: "Heron" in _rows(page))
    page.page.keyboard.press("/")
    page.page.keyboard.press("ArrowDown")
    page.page.keyboard.press("ArrowDown")
    row = "document.activeElement.closest('#unit-rows [data-at]')?.dataset.at"
    assert page.page.evaluate(row) == "1"
    page.page.keyboard.press("?")
    wait_for("the help", lambda: page.page.locator("dialog[open]").count() == 1)
    if way == "Escape":
        page.page.keyboard.press("Escape")
    else:
        page.page.locator("dialog button").first.click()
    wait_for("no help", lambda: page.page.locator("dialog").count() == 0)
    assert page.page.evaluate(row) == "1"


def test_no_key_acts_behind_a_dialog_that_lost_the_focus(look: Look) -> None:
    page = look()
    page.page.keyboard.press("m")
    wait_for("the map's panel", lambda: page.says("#tab-content h2") == "Map")
    page.page.keyboard.press("?")
    page.page.locator("dialog h2").click()
    page.page.evaluate("document.activeElement.blur()")
    page.page.keyboard.press("c")
    page.page.wait_for_timeout(300)
    assert page.says("#tab-content h2") == "Map"
    page.page.keyboard.press("Escape")
    wait_for("no help", lambda: page.page.locator("dialog").count() == 0)
    page.page.keyboard.press("c")
    wait_for("the channels", lambda: page.says("#tab-content h2") == "Channels")


def test_keys_work_on_a_keyboard_that_writes_thai_and_with_a_locked_shift(look: Look) -> None:
    page = look()
    press = "(how) => document.body.dispatchEvent(new KeyboardEvent('keydown', how))"
    for how, title in (
        ({"key": "แ", "code": "KeyC"}, "Channels"),
        ({"key": "R", "code": "KeyR", "modifierCapsLock": True}, "Unknown radios"),
    ):
        page.page.evaluate(press, how | {"bubbles": True})
        wait_for(title, lambda title=title: page.says("#tab-content h2") == title)


def test_a_user_who_cannot_be_signed_out_is_reported_so(look: Look) -> None:
    page = look()
    page.lossy = True
    routed(
        page.page,
        "**/api/session",
        lambda route: route.abort() if route.request.method == "DELETE" else route.continue_(),
    )
    page.page.get_by_role("button", name="Sign out commander").click()
    wait_for("the word", lambda: "You are still signed in." in page.says(".notice"))
    assert page.page.locator("#unit-search").count() == 1
    assert page.says("#stream-state").startswith("Live")
    page.page.unroute_all()


def test_folding_a_side_does_not_move_the_map(look: Look) -> None:
    page = look()
    place = "JSON.stringify([jointPatrol.map.getCenter(), jointPatrol.map.getZoom()])"
    before = page.page.evaluate(place)
    for key in "[]":
        page.page.keyboard.press(key)
    wait_for("folded sides", lambda: page.page.locator(".side-inner:visible").count() == 0)
    assert page.page.evaluate(place) == before
    page.page.keyboard.press("[")
    wait_for("the list again", lambda: page.page.locator("#unit-search").is_visible())


def test_palettes_follow_each_other_and_survive_a_reload(look: Look) -> None:
    page = look()
    answers = []
    for _ in range(3):
        page.page.keyboard.press("n")
        answers.append(page.page.evaluate("document.documentElement.dataset.palette"))
    assert answers == ["dark", "red-night", "day"]
    page.page.keyboard.press("n")
    page.page.reload()
    assert page.page.evaluate("document.documentElement.dataset.palette") == "dark"


def test_a_phone_has_a_sheet_with_three_stops(look: Look) -> None:
    page = look(size=PHONE)
    sheet, handle = page.page.locator(".sheet"), page.page.locator(".sheet-handle")
    assert sheet.get_attribute("data-stop") == "peek"
    handle.focus()
    for key, stop in [("ArrowUp", "half"), ("ArrowUp", "full"), ("ArrowDown", "half")]:
        page.page.keyboard.press(key)
        assert sheet.get_attribute("data-stop") == stop
    box = handle.bounding_box()
    assert box is not None
    page.page.mouse.move(195, box["y"] + 20)
    page.page.mouse.down()
    page.page.mouse.move(195, 820, steps=5)
    page.page.mouse.up()
    wait_for("the low sheet", lambda: sheet.get_attribute("data-stop") == "peek")
    page.page.locator("#tab-units").tap()
    page.page.locator(".row", has_text="Heron").tap()
    wait_for("the detail", lambda: page.says("#unit-title") == "Heron")
    page.page.locator(".pages summary").tap()
    links = page.page.locator(".pages nav a").all()
    assert links
    for link in links:
        at = link.bounding_box()
        assert at is not None
        assert 0 <= at["x"] <= PHONE[0] - at["width"]
        assert 0 <= at["y"] <= PHONE[1] - at["height"]


def test_a_crew_sees_no_button_for_what_it_may_not_do(look: Look) -> None:
    page = look(role="crew")
    wait_for("the list", lambda: "Heron" in _rows(page))
    page.page.locator(".row", has_text="Heron").click()
    wait_for("the detail", lambda: page.says("#unit-title") == "Heron")
    assert page.page.locator("#plot-km").count() == 0
