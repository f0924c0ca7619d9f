"""What must not be missed: help above offers, banner, tab, sound, and that sharing stopped."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from playwright.sync_api import Browser

from tests.browser.alerts.test_alerts_page import EAR
from tests.browser.axe import violations
from tests.browser.banks import LAO_NAME, THAI_NAME, Banks, two_banks
from tests.browser.commander import DESKTOP, PHONE, Commander, Size, looking
from tests.browser.crew.phone import Phone
from tests.fixtures.server import wait_for

pytestmark = [pytest.mark.browser]

Look = Callable[..., Commander]
OFFER_HZ, SOS_HZ, TEXT_HZ = {880, 660}, 1100, 587


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Banks]:
    with two_banks(tmp_path_factory.mktemp("queue")) as running:
        yield running


@pytest.fixture
def look(browser: Browser, banks: Banks) -> Iterator[Look]:
    pages: list[Commander] = []

    def open_page(name: str, *, size: Size = DESKTOP) -> Commander:
        page = looking(browser, banks.server, role=name, size=size, palette="day", script=EAR)
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
    wait_for("the stream", lambda: page.says("#stream-state").startswith("Live"))
    page.page.keyboard.press("]")
    wait_for("a folded side", lambda: page.page.locator("#tab-alerts:visible").count() == 0)
    plain = page.page.title()

    banks.offered("Grey longtail")
    banner = page.page.locator(".waiting-offer")
    wait_for("the banner", banner.count)
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
    assert violations(page.page, "offers") == []

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
    wait_for("its tune", lambda: SOS_HZ in _heard(page)[before:])
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
    wait_for("that it is gone", lambda: name not in page.marks())
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
    assert violations(page.page, "suspended") == []
    banks.post("chai", f"/api/agreements/{agreement}/resume", {"reason": ""})
    page.mark(name)
    wait_for("no edge", lambda: edge.count() == 0)
    assert gone.count() == 0
    banks.post("chai", f"/api/agreements/{agreement}/end", {"reason": "the test is over"})


def _reports(banks: Banks, kind: str, **said: object) -> None:
    """Have the crew user, who has no boat, report something."""
    report = {"id": uuid4().hex, "kind": kind, "at": datetime.now(UTC).isoformat(), **said}
    took = banks.post("somsak", "/api/crew/reports", {"reports": [report]})
    assert took["refused"] == []


def test_who_has_no_boat_is_no_stranger_and_a_text_is_not_missed(
    look: Look, banks: Banks, browser: Browser
) -> None:
    phone = Phone(browser, banks.server, user="somsak")
    phone.begin()
    phone.page.get_by_text("You report as somsak, without a boat.").wait_for()
    phone.close()
    page = look("somchai")
    page.page.add_init_script(EAR)
    page.page.reload()
    wait_for("the stream", lambda: page.says("#stream-state").startswith("Live"))
    page.page.keyboard.press("c")
    page.page.keyboard.press("/")
    page.page.keyboard.type("som")
    _reports(banks, "position", lon=100.4123, lat=20.2791)
    row = page.page.locator("#unit-rows .row", has_text="somsak")
    wait_for("the person among the units", row.count)
    assert page.mark("somsak")["side"] == "LA"

    waited = int(page.says("#tab-alerts .badge") or 0)
    silent = len(_heard(page))
    _reports(banks, "text", text="fog at the bend")
    wait_for("the count", lambda: int(page.says("#tab-alerts .badge") or 0) == waited + 1)
    wait_for("its tune", lambda: TEXT_HZ in _heard(page)[silent:])
    assert page.page.title().startswith(("(", "SOS ("))
    assert "1 text is not read yet." in page.says(".waiting-card")
    typing = page.page.evaluate("[document.activeElement.id, document.activeElement.value]")
    assert typing == ["unit-search", "som"], "nobody is torn out of what they do"

    page.page.keyboard.press("Escape")
    page.page.keyboard.press("q")
    card = page.page.locator(".queue .said", has_text="somsak")
    wait_for("the card", card.count)
    assert "fog at the bend" in card.inner_text()
    assert violations(page.page, "text") == []
    page.page.reload()
    page.page.locator("#tab-alerts").click()
    wait_for("it waits still", card.count)
    page.page.keyboard.press("e")
    wait_for("it is read", lambda: card.count() == 0)
    page.page.reload()
    wait_for("the stream", lambda: page.says("#stream-state").startswith("Live"))
    page.page.locator("#tab-alerts").click()
    page.mark("somsak")
    assert card.count() == 0, "what was read stays read"
    _reports(banks, "text", text="fog at the bend")
    wait_for("the same words are another text", card.count)
    card.locator(".alert-what").click()
    wait_for("who wrote", lambda: page.says("#unit-title") == "somsak")
    assert "Crew member without a boat" in page.says(".unit-head")
    page.page.get_by_role("button", name="Mark as read").click()
    wait_for("it is read", lambda: page.page.locator(".said .alert-what").count() == 0)

    page.page.get_by_role("button", name="Add as a unit").click()
    fields = ("call-sign", "kind", "side")
    filled = [page.page.locator(f"#new-{each}").input_value() for each in fields]
    assert filled == ["somsak", "foot", "LA"]
    page.page.get_by_role("dialog").get_by_role("button", name="Assign", exact=True).click()
    wait_for("the unit", lambda: "Foot team" in page.says(".unit-head"))
    [unit] = [each for each in banks.get("somchai", "/api/units") if each["call_sign"] == "somsak"]
    assert unit["addresses"] == ["position_json:somsak"]
    assert banks.get("somsak", "/api/crew")["unit"]["id"] == unit["id"]
