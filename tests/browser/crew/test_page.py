"""The crew's page: two crews on one phone, texts, a newer page, the plain page, gloves and eyes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Request

from maps.language.wording import Wording
from tests.browser.axe import GLOVE_PX, too_small, too_wide, violations
from tests.browser.commander import PHONE
from tests.browser.crew.phone import LAT, LON, PIN, Phone
from tests.browser.loading import FONT, LAYER, TILE, Weight, loaded, whole
from tests.browser.read_aloud import listen, read_aloud
from tests.fixtures.server import Server, wait_for

pytestmark = [pytest.mark.browser]

TABS = ("patrol", "map", "report", "texts", "more")
OTHER_PIN = "314159"
CREW_BYTES = 150_000
"""What the crew's page may weigh before fonts, bytes as they come."""

MAP_DRAWN = """() => {
    const canvas = document.querySelector(".map-window canvas");
    const pen = canvas && canvas.width > 0 ? canvas.getContext("2d") : null;
    return pen?.getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean) ?? false;
}"""


def test_two_crews_with_one_phone_read_nothing_of_each_other(
    phones: Any, documents: dict[str, Any]
) -> None:
    phone: Phone = phones(user=None)
    calls: list[tuple[str, str]] = []

    def heard(request: Request) -> None:
        if "/api/" in request.url:
            calls.append((request.url, request.headers.get("authorization", "")))

    page = phone.page
    page.on("request", heard)
    phone.enrol("naga-1-phone", documents["unit"])
    wait_for("the patrol", lambda: page.get_by_text("Night watch").count())
    keys = {key for url, key in calls if url.endswith("/api/crew")}
    assert len(keys) == 1
    [full] = keys
    text = json.dumps(phone.stored())
    assert full.removeprefix("Bearer ") not in text, "the phone's key lies under the PIN only"

    # Kham writes where there is no network, and hands the phone on
    phone.tab("texts")
    phone.context.set_offline(True)
    page.fill("#words", "a secret of Kham")
    page.get_by_role("button", name="Send", exact=True).click()
    wait_for("it is kept", lambda: phone.number("urgent") == 1)
    phone.tab("more")
    page.get_by_role("button", name="Add a crew member").click()
    page.fill("#crew-name", "Noi")
    page.fill("#pin", OTHER_PIN)
    page.fill("#again", OTHER_PIN)
    page.get_by_role("button", name="Add", exact=True).click()
    wait_for("it is Noi's page", lambda: phone.number("urgent") == 0)
    page.locator("#tab-texts:enabled").wait_for()
    phone.context.set_offline(False)
    wait_for("the network is back", lambda: phone.says() == "Online")
    phone.tab("texts")
    page.get_by_role("button", name="On station").click()
    wait_for("Noi's is out", lambda: phone.number("urgent") == 0 and len(set(phone.sent)) == 1)
    assert page.get_by_text("a secret of Kham").count() == 0
    assert len(phone.stored()["outbox"]) == 1, "Kham's waits for Kham"

    # with the page locked only the key that reads nothing is used
    phone.tab("more")
    page.get_by_role("button", name="Lock", exact=True).click()
    page.locator("#pin").wait_for()
    calls.clear()
    phone.hold_sos()
    wait_for("the office has it", lambda: page.get_by_text("The office has your SOS").count())
    used = {key for url, key in calls if url.endswith("/api/crew/reports")}
    assert used
    assert full not in used
    assert not [url for url, _ in calls if url.endswith("/api/crew")]
    phone.call_off_as_safe()

    # Kham is back
    page.get_by_role("button", name="Kham").click()
    wait_for("Kham's waits", lambda: phone.number("urgent") == 1)
    phone.unlock()
    wait_for("it is out", lambda: phone.number("urgent") == 0 and not phone.stored()["outbox"])
    phone.tab("texts")
    assert page.get_by_text("a secret of Kham").count() == 1


def test_a_phrase_of_the_office_is_read_in_the_crews_language(
    phones: Any, server: Server, documents: dict[str, Any]
) -> None:
    phone: Phone = phones(language="lo")
    lao = Wording("lo")
    phone.begin()
    with server.client() as office:
        order = {
            "kind": "text",
            "unit": documents["unit"],
            "channel": "phone",
            "address": "position_json:crew",
            "phrase": "returning_to_base",
        }
        sent = office.post("/api/orders", json=order)
        assert sent.status_code == 201, sent.text
        phone.page.reload()
        phone.unlock()
        phone.page.locator("#tab-texts:enabled").click()
        words = lao.text_if_any("phrase.returning_to_base") or "Returning to base"
        wait_for("the text", lambda: phone.page.locator(".texts li", has_text=words).count() == 1)

        def state() -> str:
            return str(office.get(f"/api/orders/{sent.json()['id']}").json()["state"])

        wait_for("the office knows that it was read", lambda: state() == "read")


def test_a_newer_page_waits_until_the_crew_says_so_and_loses_nothing(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    phone.tab("texts")
    phrase = phone.page.get_by_role("button", name="All well")
    phrase.wait_for()  # the phrases have come
    phone.context.set_offline(True)
    phrase.click()
    wait_for("it is kept", lambda: phone.number("urgent") == 1)
    phone.tab("report")
    phone.page.fill("#name", "grey boat without lights")
    phone.page.wait_for_timeout(900)  # it is kept a moment after the last letter
    phone.context.set_offline(False)
    phone.page.evaluate("navigator.serviceWorker.register('/sw.js?newer', { scope: '/crew' })")
    button = phone.page.get_by_role("button", name="New version: reload")
    button.wait_for()
    assert phone.page.input_value("#name") == "grey boat without lights", "nothing has happened yet"
    with phone.page.expect_navigation():
        button.click()
    phone.page.locator("#pin").wait_for()
    phone.unlock()
    phone.page.locator("#tab-report:enabled").click()
    wait_for(
        "what was being written",
        lambda: phone.page.input_value("#name") == "grey boat without lights",
    )
    phone.page.get_by_role("button", name="Report the sighting").click()
    phone.page.get_by_text("The office has the sighting").wait_for()
    wait_for("all is out", lambda: phone.number("urgent") == 0)
    assert phone.number("refused") == 0
    with phone.server.client() as office:
        names = [each["name"] for each in office.get("/api/targets").json()]
    assert names == ["grey boat without lights"]


def test_without_a_secure_context_a_plain_page_says_why_and_still_reports(
    phones: Any, server: Server
) -> None:
    phone: Phone = phones()
    phone.without_secure_context()
    page = phone.page
    page.goto(f"{server.url}/crew")
    page.get_by_text("This address is not secure").wait_for()
    page.fill("#km", "2356")
    page.get_by_role("button", name="Send position").click()
    page.get_by_text("The office has it.").wait_for()
    page.fill("#words", "the plain page works")
    page.get_by_role("button", name="Send", exact=True).click()
    wait_for("it is taken", lambda: page.input_value("#words") == "")
    page.locator(".sos").click()
    assert faults(page, "plain") == []
    page.get_by_role("button", name="Yes, send SOS").click()
    page.get_by_text("The office has it.").wait_for()
    assert len(phone.sent) == 3
    assert phone.stored()["local"].get("jp.crew") is None


def test_a_user_without_a_unit_is_reported_so_and_offered_no_step(phones: Any) -> None:
    phone: Phone = phones(user=None)
    page = phone.page
    phone.enrol("spare-phone", None)
    page.get_by_text("You report for no unit.").wait_for()
    page.get_by_text("Night watch").wait_for()
    for words in ("Start patrol", "End patrol", "Check in: all well"):
        assert page.get_by_role("button", name=words).count() == 0


def test_a_missing_category_is_reported_in_the_language_of_the_page(phones: Any) -> None:
    phone: Phone = phones(language="lo")
    phone.begin()
    phone.tab("report")
    phone.page.locator(".pair button").nth(1).click()
    phone.page.locator("form button.primary").click()
    words = Wording("lo").text_if_any("crew.incident.missing")
    locator = phone.page.locator("#category-fault")
    wait_for("it is told", lambda: locator.inner_text() == words)
    assert phone.page.evaluate("document.activeElement.id") == "category"
    phone.page.select_option("#category", "drugs")
    wait_for("it is gone", lambda: locator.inner_text() == "")


def test_a_tab_opens_at_its_top(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    phone.tab("report")
    top = "document.querySelector('.crew main').scrollTop"
    phone.page.evaluate("document.querySelector('.crew main').scrollTo(0, 9999)")
    assert phone.page.evaluate(top) > 0, "there is something to scroll"
    phone.tab("more")
    assert phone.page.evaluate(top) == 0
    phone.context.set_offline(True)
    wait_for("no network", lambda: phone.page.locator(".status .icon-offline").count() == 1)


def faults(page: Page, where: str, palette: str = "day") -> list[str]:
    """Return what axe finds, what is too small for a glove, and what sticks out."""
    small = too_small(page, where, GLOVE_PX, by_label=False)
    return violations(page, where, (palette,)) + small + too_wide(page, where)


@pytest.mark.parametrize(("palette", "language"), [("dark", "km"), ("red-night", "my")])
def test_axe_finds_nothing_and_everything_fits_a_glove_in_the_longest_scripts(
    phones: Any, palette: str, language: str
) -> None:
    """English, in every palette, is in the table of test_accessibility.py."""
    phone: Phone = phones(palette=palette, language=language)
    phone.open()
    phone.page.locator("#again").wait_for()
    found = faults(phone.page, "first", palette)
    phone.begin()
    for tab in TABS:
        phone.tab(tab)
        phone.page.wait_for_timeout(150)
        found += faults(phone.page, tab, palette)
        if tab == "report":
            phone.page.locator(".pair button").nth(1).click()
            phone.page.locator("summary").click()
            found += faults(phone.page, "incident", palette)
    phone.page.reload()
    phone.page.locator("#pin").wait_for()
    found += faults(phone.page, "locked", palette)
    assert found == []


def test_the_page_and_its_small_map_are_light(
    browser: Browser, server: Server, documents: Any
) -> None:
    """All that comes until the map tab is drawn, its ground too; fonts and what is kept for no
    network apart (test_bundle_budget.py holds that).
    """
    context = browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]},
        service_workers="block",
        permissions=["geolocation"],
        geolocation={"longitude": LON, "latitude": LAT, "accuracy": 12},
    )
    session = server.session("crew")
    context.add_cookies([{"name": "jp_session", "value": session, "url": server.url}])
    page = context.new_page()
    page.goto(f"{server.url}/crew")
    page.locator("#again").wait_for()
    page.fill("#pin", PIN)
    page.fill("#again", PIN)
    page.locator(".lock form button").click()
    page.locator("#tab-map:enabled").click()
    page.wait_for_function(MAP_DRAWN)
    found = loaded(page)
    context.close()
    weight = whole(found, without=(FONT,))
    assert weight.size <= CREW_BYTES, found
    assert found[LAYER] == found[TILE] == Weight(), "its ground is one small file"


def test_beside_the_next_check_in_stands_why_it_moves_by_itself(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    phone.page.get_by_role("button", name="Start patrol").click()
    card = phone.page.locator(".check-in")
    card.get_by_text("Next check-in in").wait_for()
    words = "Anything that the office hears of your unit counts as a check-in."
    assert card.locator("p.dim").all_inner_texts() == [words]


def test_how_old_a_call_for_help_is_is_not_read_aloud_each_second(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    phone.hold_sos()
    state = phone.page.locator("p.sos[role=alert]")
    wait_for("the office has it", lambda: "The office has your SOS" in state.inner_text())
    listen(phone.page)
    before = state.inner_text()
    wait_for("time", lambda: state.inner_text() != before)
    assert not [words for words in read_aloud(phone.page) if "ago" in words]
    phone.call_off_as_safe()
