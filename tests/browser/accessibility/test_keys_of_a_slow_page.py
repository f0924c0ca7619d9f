"""Keys on a machine that draws slowly: each key finds what the key before it opened.

A commander's letters are orders, so letters that are meant for a field must never reach the page.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.browser.banks import Banks, two_banks
from tests.browser.commander import DESKTOP, Commander, looking
from tests.fixtures.server import wait_for

pytestmark = [pytest.mark.browser]

SLOW_MS = 700
SLOW = f"""() => {{
    window.requestAnimationFrame = (draw) => setTimeout(() => draw(performance.now()), {SLOW_MS});
    window.cancelAnimationFrame = clearTimeout;
}}"""
"""So long the page waits for its next picture."""


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Banks]:
    with two_banks(tmp_path_factory.mktemp("slow")) as running:
        unit = running.boat("somchai", "Naga 1", "LA", lon=100.41, lat=20.27)
        running.boat("somchai", "Naga 2", "LA", lon=100.42, lat=20.27)
        running.calls_for_help("somchai", unit, lon=100.41, lat=20.27)
        yield running


@pytest.fixture
def page(browser: Browser, banks: Banks) -> Iterator[Commander]:
    """The page of an officer who is told of a call for help, and draws slowly from now on."""
    page = looking(browser, banks.server, role="somchai", size=DESKTOP, palette="day")
    wait_for("the call", lambda: "nobody has acknowledged" in page.says(".alert-state"))
    page.page.evaluate(SLOW)
    yield page
    palette = page.page.evaluate("document.documentElement.dataset.palette")
    call = page.page.locator(".alert").first.inner_text() if page.says("#alerts-title") else ""
    page.close()
    assert page.complaints == []
    assert palette == "day", "a letter acted as a key"
    assert "acknowledged by" not in call


def _at(page: Commander) -> str:
    return str(page.page.evaluate("document.activeElement.id"))


def _after_the_picture(page: Commander) -> None:
    page.page.wait_for_timeout(2 * SLOW_MS + 300)


def test_the_card_that_a_key_chose_takes_nothing_from_the_search(page: Commander) -> None:
    for key in "qj/":
        page.page.keyboard.press(key)
    page.page.keyboard.type("Nag")
    _after_the_picture(page)
    page.page.keyboard.type("a 2")
    assert page.page.locator("#unit-search").input_value() == "Naga 2"
    page.page.keyboard.press("Enter")
    wait_for("the detail", lambda: page.says("#unit-title") == "Naga 2")


def test_a_side_that_was_folded_has_the_next_letter(page: Commander) -> None:
    page.page.keyboard.press("[")
    wait_for("a folded side", lambda: not page.page.locator("#unit-search").is_visible())
    page.page.keyboard.press("/")
    page.page.keyboard.type("anna")
    assert page.page.locator("#unit-search").input_value() == "anna"
    _after_the_picture(page)
    assert _at(page) == "unit-search"


def test_a_question_has_the_next_letter(page: Commander) -> None:
    page.page.keyboard.press("v")
    page.page.keyboard.type("an engine")
    assert page.page.locator("#ask-words").input_value() == "an engine"
    page.page.keyboard.press("Escape")
    wait_for("no question", lambda: page.page.locator("dialog").count() == 0)


def test_a_form_of_the_unit_has_the_next_figure(page: Commander) -> None:
    page.page.locator(".row", has_text="Naga 2").click()
    page.page.keyboard.press("q")
    page.page.keyboard.press("p")
    page.page.keyboard.type("2356")
    assert page.page.locator("#plot-km").input_value() == "2356"
    _after_the_picture(page)
    assert _at(page) == "plot-km"
