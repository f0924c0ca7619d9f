"""What must not be missed: help above offers, banner, tab, sound, and that sharing stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.browser.banks import LAO_NAME, THAI_NAME, Banks, two_banks
from tests.browser.commander import DESKTOP, PHONE, Commander, Size, looking
from tests.browser.test_alerts_page import EAR
from tests.server import wait_for

pytestmark = [pytest.mark.browser]

Look = Callable[..., Commander]
OFFER_HZ, SOS_HZ = {880, 660}, 1100


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Banks]:
    with two_banks(tmp_path_factory.mktemp("queue")) as running:
        yield running


@pytest.fixture
def look(browser: Browser, banks: Banks) -> Iterator[Look]:
    pages: list[Commander] = []

    def open_page(name: str, *, size: Size = DESKTOP, palette: str = "day") -> Commander:
        page = looking(browser, banks.server, role=name, size=size, palette=palette)
        pages.append(page)
        return page

    yield open_page
    for page in pages:
        page.close()
        assert page.complaints == []


def _heard(page: Commander) -> list[float]:
    return [float(hz) for _, hz in page.page.evaluate("notes")]


def test_help_comes_before_offers_and_neither_can_be_missed(look: Look, banks: Banks) -> None:
    banks.agree("targets")
    page = look("malee")
    page.page.add_init_script(EAR)
    page.page.reload()
    wait_for("the stream", lambda: page.says("#stream-state").startswith("Live"))
    page.page.keyboard.press("]")
    wait_for("a folded side", lambda: page.page.locator("#tab-alerts:visible").count() == 0)
    plain = page.page.title()

    banks.offered("Grey longtail")
    banner = page.page.locator(".waiting-offer")
    wait_for("the banner", banner.count, seconds=8)
    words = banner.inner_text()
    assert f"{LAO_NAME} offers Grey longtail." in words
    assert "Answer within 1" in words
    box, canvas = banner.bounding_box(), page.page.viewport_size
    assert box
    assert canvas
    assert box["width"] > canvas["width"] - 320 - 200, "across the whole free map"
    wait_for("its tune", lambda: set(_heard(page)) == OFFER_HZ)
    wait_for("the count on the tab", lambda: page.page.title() == f"(1) {plain}")
    badge = page.page.locator('link[rel="icon"]').get_attribute("href")
    assert str(badge).startswith("data:image/png")
    assert Axe().run(page.page).response["violations"] == []

    # Quiet for ten minutes: it says how long, and a call for help sounds all the same.
    page.page.keyboard.press("z")
    wait_for("the time left", lambda: "Quiet for 9 min" in page.says("#quiet-left"))
    before = len(_heard(page))
    banks.offered("Second longtail")
    wait_for("two", lambda: page.page.title().startswith("(2)"))
    page.page.wait_for_timeout(700)
    assert len(_heard(page)) == before, "an offer is quiet"
    unit = banks.boat("malee", "Garuda 9", "TH", lon=100.403, lat=20.2687)
    banks.calls_for_help("malee", unit, lon=100.403, lat=20.2687)
    wait_for("its tune", lambda: SOS_HZ in _heard(page)[before:], seconds=8)
    wait_for("the tab", lambda: page.page.title().startswith("SOS (3)"))

    page.page.keyboard.press("q")
    first = page.page.locator(".alert, .offer").first
    wait_for("the card", lambda: "Garuda 9" in first.inner_text())
    assert "SOS" in first.inner_text()
    page.page.keyboard.press("a")
    wait_for("who knows", lambda: "acknowledged by malee" in first.inner_text())
    assert "Garuda 9" in first.inner_text(), "it stays above the offers"
    page.page.keyboard.press("z")
    wait_for("sound again", lambda: page.page.locator("#quiet-left").count() == 0)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_suspended_sharing_says_who_when_and_why_where_units_are_missed(
    look: Look, banks: Banks, size: Size
) -> None:
    agreement = banks.agree("positions")
    name = f"Garuda {size[0]}"
    banks.boat("malee", name, "TH", lon=100.4, lat=20.266)
    page = look("somchai", size=size)
    page.mark(name)
    if size == DESKTOP:
        page.page.locator(".row", has_text=name).click()
    banks.post("chai", f"/api/agreements/{agreement}/suspend", {"reason": "ordered from above"})
    wait_for("that it is gone", lambda: name not in page.marks(), seconds=8)
    edge = page.page.locator(".map-edge")
    wait_for("the edge", edge.count)
    for words in (THAI_NAME, "s ago", "“ordered from above”", "no longer shown"):
        wait_for(words, lambda words=words: words in edge.inner_text())
    assert name not in edge.inner_text(), "what may not be held is not named either"
    page.page.locator("#tab-units").click() if size == PHONE else None
    gone = page.page.locator(".row-gone", has_text=THAI_NAME)
    wait_for("the row", lambda: "“ordered from above”" in gone.inner_text())
    if size == DESKTOP:
        assert "No longer shown" in page.says("#tab-content")
    assert Axe().run(page.page).response["violations"] == []
    banks.post("chai", f"/api/agreements/{agreement}/resume", {"reason": ""})
    page.mark(name)
    wait_for("no edge", lambda: edge.count() == 0)
    assert gone.count() == 0
    banks.post("chai", f"/api/agreements/{agreement}/end", {"reason": "the test is over"})
