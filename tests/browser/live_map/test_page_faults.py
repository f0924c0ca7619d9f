"""A page that cannot read or show one thing shows the rest, and every call for help."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, WebSocketRoute

from tests.browser.banks import LAO_SIDE, Banks, two_banks
from tests.browser.commander import DESKTOP, Commander, looking, opened
from tests.fixtures.server import wait_for

pytestmark = [pytest.mark.browser]

Change = Callable[[dict[str, Any]], None]


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Banks]:
    with two_banks(tmp_path_factory.mktemp("faults")) as running:
        yield running


def _looking(browser: Browser, banks: Banks, change: Change, path: str = "/") -> Commander:
    """Open a page whose frames `change` changes on their way."""
    page = opened(browser, banks.server, "/sign-in", role="somchai", size=DESKTOP)

    def routed(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def said(message: str | bytes) -> None:
            frame = json.loads(message)
            change(frame)
            route.send(json.dumps(frame))

        server.on_message(said)

    page.page.route_web_socket(lambda url: "/api/live" in url, routed)
    page.page.goto(banks.server.url + path)
    return page


def _calls(banks: Banks, call_sign: str) -> str:
    lon, lat = LAO_SIDE["lon"], LAO_SIDE["lat"]
    unit = banks.boat("somchai", call_sign, "LA", lon=lon, lat=lat)
    banks.calls_for_help("somchai", unit, lon=lon, lat=lat)
    return unit


def _documents(frame: dict[str, Any]) -> list[dict[str, Any]]:
    documents: list[dict[str, Any]] = frame.get("papers", [])
    return documents


def test_an_alert_in_an_unknown_state_is_shown_and_a_later_sos_as_well(
    browser: Browser, banks: Banks
) -> None:
    def newer(frame: dict[str, Any]) -> None:
        for document in _documents(frame):
            if "Naga first" in str(document.get("facts", {})) or document.get("unit") in first:
                document["state"] = "delegated"

    first: list[str] = []
    page = _looking(browser, banks, newer)
    wait_for("the stream", lambda: page.says("#stream-state").startswith("Live"))
    lon, lat = LAO_SIDE["lon"], LAO_SIDE["lat"]
    first.append(banks.boat("somchai", "Naga first", "LA", lon=lon, lat=lat))
    banks.calls_for_help("somchai", first[0], lon=lon, lat=lat)
    page.page.keyboard.press("q")
    card = page.page.locator(".alert", has_text="Naga first")
    wait_for("its card", card.count)
    assert "in a state that this page does not know" in card.inner_text()
    _calls(banks, "Naga later")
    wait_for("the later call", page.page.locator(".alert", has_text="Naga later").count)
    assert page.complaints == []
    page.close()


def test_unreadable_parts_are_skipped_and_reported(browser: Browser, banks: Banks) -> None:
    bad = [{"id": 7}, None, {"kind": "alert", "id": "x", "severity": "dire"}]

    def damaged(frame: dict[str, Any]) -> None:
        if frame["type"] == "snapshot":
            frame["units"] = [*bad[:2], *frame["units"]]
            frame["papers"] = [*frame["papers"], bad[2]]

    page = _looking(browser, banks, damaged)
    banks.boat("somchai", "Naga sound", "LA", lon=100.41, lat=20.27)
    wait_for("the rest", page.page.locator(".row", has_text="Naga sound").count)
    wait_for("the word", page.page.locator("#page-notices").count)
    assert "cannot be read by this page" in page.says("#page-notices")
    assert page.complaints
    assert all("not read" in each for each in page.complaints)
    page.close()


def test_a_page_of_another_build_offers_to_load_anew_once(browser: Browser, banks: Banks) -> None:
    def upgraded(frame: dict[str, Any]) -> None:
        if frame["type"] == "snapshot":
            assert len(frame["build"]) == 16
            frame["build"] = "0123456789abcdef"

    page = _looking(browser, banks, upgraded)
    wait_for("the offer", page.page.locator("#page-notices").count)
    assert "newer version" in page.says("#page-notices")
    page.page.get_by_role("button", name="Load anew").click()
    wait_for("the stream", lambda: page.says("#stream-state").startswith("Live"))
    assert page.page.locator("#page-notices").count() == 0, "loaded anew, and it is the same"
    page.close()


def test_the_page_of_the_servers_build_offers_nothing(browser: Browser, banks: Banks) -> None:
    page = looking(browser, banks.server, role="somchai", size=DESKTOP, palette="day")
    wait_for("the stream", lambda: page.says("#stream-state").startswith("Live"))
    assert page.page.locator("#page-notices").count() == 0
    page.close()


def test_a_call_for_help_is_listed_where_the_page_itself_cannot_start(
    browser: Browser, banks: Banks
) -> None:
    page = opened(browser, banks.server, "/sign-in", role="somchai", size=DESKTOP)
    page.page.route("**/assets/*.js", lambda route: route.abort())
    page.page.goto(banks.server.url + "/")
    assert page.page.locator("#app > *").count() == 0
    unit = _calls(banks, "Naga alone")
    listed = page.page.locator("#sos-list p", has_text="Naga alone calls for help")
    wait_for("the plain list", listed.count)
    banks.post("somchai", f"/api/units/{unit}/clear-distress")
    wait_for("its end", lambda: listed.count() == 0)
    page.close()


def test_a_call_for_help_that_no_card_shows_is_listed(browser: Browser, banks: Banks) -> None:
    page = looking(browser, banks.server, role="somchai", size=DESKTOP, palette="day")
    _calls(banks, "Naga shown")
    wait_for("its card", page.page.locator(".distress-card", has_text="Naga shown").count)
    page.page.add_style_tag(content=".distress-cards, .queue { display: none }")
    wait_for("the plain list", page.page.locator("#sos-list p", has_text="Naga shown").count)
    page.page.add_style_tag(content=".distress-cards { display: flex !important }")
    wait_for("no list", lambda: page.page.locator("#sos-list").count() == 0)
    page.close()
