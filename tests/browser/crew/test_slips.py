"""What a crew does at an odd moment: presses twice, looks away, writes on, presses too soon."""

from __future__ import annotations

import json
from typing import Any

import pytest
from playwright.sync_api import Request, Route

from tests.browser.crew.phone import FULL, Phone, small_photo
from tests.browser.request_routing import routed
from tests.fixtures.server import Server, wait_for

pytestmark = [pytest.mark.browser]

REPORTS = "**/api/crew/reports"
PHOTOS = "**/api/crew/photos/*"

# What the phone remembered of an SOS, sealed with a key that it has no more.
NOT_READABLE = """(profile) => new Promise((done) => {
    indexedDB.open("joint-patrol-crew").onsuccess = ({ target: { result: db } }) => {
        const row = { iv: new Uint8Array(12), data: new Uint8Array(40) };
        const tx = db.transaction("phone", "readwrite");
        tx.objectStore("phone").put(row, `sos ${profile}`);
        tx.oncomplete = done;
    };
})"""
SLOW_CAMERA = """() => {
    const read = createImageBitmap;
    window.createImageBitmap = async (...args) => {
        await new Promise((done) => setTimeout(done, 6000));
        return read(...args);
    };
}"""

BUSY_FOR_3_S = """() => setTimeout(() => {
    for (const end = performance.now() + 3000; performance.now() < end; );
})"""


def begin_incident(phone: Phone, category: str) -> None:
    """Fill in an incident and choose a photo."""
    phone.tab("report")
    phone.page.get_by_role("button", name="Incident").click()
    phone.page.select_option("#category", category)
    phone.page.set_input_files("#photo", small_photo())


def photos_of(server: Server, category: str) -> list[int]:
    """Return how many photos the office has of each incident of a category."""
    with server.client() as office:
        found = office.get("/api/incidents").json()
    return [len(each.get("photos", ())) for each in found if each["category"] == category]


def kinds_in(request: Request) -> list[str]:
    """Return the kinds of the reports that go out."""
    if not request.url.endswith("/api/crew/reports"):
        return []
    return [each["kind"] for each in json.loads(request.post_data or "")["reports"]]


def refuse_all(route: Route) -> None:
    """Refuse reports as the office does."""
    ids = [each["id"] for each in json.loads(route.request.post_data or "")["reports"]]
    refused = [{"id": id, "error": "forbidden", "message": "no"} for id in ids]
    route.fulfill(json={"taken": [], "refused": refused})


def test_a_photo_that_was_refused_is_shown_and_can_be_thrown_away(
    phones: Any, server: Server
) -> None:
    phone: Phone = phones()
    phone.begin()
    page = phone.page
    bad = {"error": "bad_photo", "message": "the file is damaged or no picture"}
    routed(page, PHOTOS, lambda route: route.fulfill(status=422, json=bad))
    begin_incident(phone, "timber")
    page.locator(".photos img").wait_for()
    page.get_by_role("button", name="Report the incident").click()
    page.locator(".kept[data-fate='taken']").wait_for()
    assert photos_of(server, "timber") == [0], "what happened is told without it"
    assert phone.number("refused") == 1
    phone.tab("more")
    page.get_by_text("Photo of an incident").wait_for()
    page.locator(".texts img").wait_for()
    page.get_by_role("button", name="Discard").click()
    page.get_by_role("button", name="Yes, discard").click()
    wait_for("nothing is left of it", lambda: page.locator("#refused").count() == 0)
    wait_for("its list, too", lambda: page.get_by_text("Refused by the office").count() == 0)
    assert page.locator(".badge").count() == 0
    assert phone.stored()["photos"] == []


def test_a_photo_that_was_removed_from_an_incident_is_on_the_phone_no_more(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    begin_incident(phone, "other")
    phone.page.locator(".photos img").wait_for()
    assert len(phone.stored()["photos"]) == 1
    phone.page.get_by_role("button", name="Remove the photo").click()
    wait_for("it is gone", lambda: phone.stored()["photos"] == [])


def test_an_incident_waits_for_the_photo_that_is_being_made_ready(
    phones: Any, server: Server
) -> None:
    phone: Phone = phones()
    phone.begin()
    phone.page.evaluate(SLOW_CAMERA)
    begin_incident(phone, "wildlife")
    phone.page.locator("form.card button.primary").click()  # it waits until it can be pressed
    phone.page.locator(".kept[data-fate='taken']").wait_for()
    assert photos_of(server, "wildlife") == [1]
    assert phone.page.locator(".photos img").count() == 0


def test_a_text_that_was_begun_is_there_after_a_look_at_the_map(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    phone.tab("texts")
    phone.page.fill("#words", "two boats at km")
    phone.tab("map")
    phone.tab("texts")
    assert phone.page.input_value("#words") == "two boats at km"
    phone.tab("more")
    phone.page.get_by_role("button", name="Lock", exact=True).click()
    phone.unlock()
    phone.page.locator("#tab-texts:enabled").click()
    assert phone.page.input_value("#words") == "", "another crew member may come next"


def test_the_plain_page_clears_no_words_it_did_not_send_and_sends_none_twice(
    phones: Any, server: Server
) -> None:
    phone: Phone = phones()
    phone.without_secure_context()
    page = phone.page
    page.goto(f"{server.url}/crew")
    ids: list[str] = []
    held: list[Route] = []

    def first_is_lost(route: Route) -> None:
        ids.extend(each["id"] for each in json.loads(route.request.post_data or "")["reports"])
        if len(ids) == 1:
            route.fetch()
            route.abort()
        else:
            held.append(route)

    routed(page, REPORTS, first_is_lost)
    send = page.get_by_role("button", name="Send", exact=True)
    page.fill("#words", "at the pier")
    send.click()
    page.get_by_text("It was not sent").wait_for()
    send.click()
    wait_for("it is under way", lambda: page.locator("form").count() and len(held) == 1)
    page.fill("#words", "and now at the island")
    held.pop().continue_()
    page.get_by_text("The office has it.").wait_for()
    assert page.input_value("#words") == "and now at the island"
    assert len(ids) == 2
    assert len(set(ids)) == 1, "the office may have had it the first time"
    send.click()
    wait_for("it is under way", lambda: page.locator("form").count() and len(held) == 1)
    held.pop().continue_()
    wait_for("it is taken", lambda: page.input_value("#words") == "")
    assert len(set(ids)) == 2


def test_a_press_counts_as_long_as_it_was_though_a_busy_phone_notices_late(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    phone.press_sos()
    phone.page.evaluate(BUSY_FOR_3_S)
    phone.page.wait_for_timeout(2300)
    phone.page.mouse.up()
    phone.page.locator("p.sos").wait_for()
    phone.call_off_sos()
    phone.page.get_by_text("The SOS was not sent.").wait_for()


def test_who_presses_do_not_send_twice_tells_the_office_nothing(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    texts: list[str] = []
    phone.page.on("request", lambda request: texts.extend(kinds_in(request)))
    phone.hold_sos()
    phone.page.wait_for_timeout(1100)
    button = phone.page.get_by_role("button", name="Do not send")
    button.evaluate("(it) => { it.click(); it.click(); }")
    phone.page.get_by_text("The SOS was not sent.").wait_for()
    phone.page.wait_for_timeout(5500)
    assert [each for each in texts if each != "position"] == []


def test_who_presses_start_twice_starts_once(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    texts: list[str] = []
    phone.page.on("request", lambda request: texts.extend(kinds_in(request)))
    button = phone.page.get_by_role("button", name="Start patrol")
    button.evaluate("(it) => { it.click(); it.click(); }")
    phone.page.get_by_text("Under way").wait_for()
    wait_for("it is told", lambda: phone.number("urgent") == 0 and "patrol_start" in texts)
    assert texts.count("patrol_start") == 1
    assert phone.number("refused") == 0


def test_who_presses_add_twice_adds_one_crew_member_and_a_full_phone_says_so(
    phones: Any, documents: dict[str, Any]
) -> None:
    phone: Phone = phones(user=None)
    phone.enrol("slips-phone", documents["unit"])
    page = phone.page
    for full in (False, True):
        if full:
            page.evaluate(FULL)
        phone.tab("more")
        page.get_by_role("button", name="Add a crew member").click()
        page.fill("#crew-name", "Noi")
        page.fill("#pin", "314159")
        page.fill("#again", "314159")
        add = page.get_by_role("button", name="Add", exact=True)
        add.evaluate("(it) => { it.click(); it.click(); }")
        if full:
            page.locator("form .field-fault", has_text="can keep nothing").wait_for()
        else:
            page.locator("[aria-current]", has_text="Patrol").wait_for()
            page.locator("#tab-texts:enabled").wait_for()
    page.wait_for_timeout(1000)
    assert sorted(each["name"] for each in phone.stored()["profiles"]) == ["Kham", "Noi"]


def test_an_sos_that_was_refused_and_discarded_is_not_shown_as_delivered(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    page = phone.page
    routed(page, REPORTS, refuse_all)
    phone.hold_sos()
    wait_for("it is refused", lambda: phone.number("refused") >= 1)
    phone.tab("more")
    item = page.locator(".texts li", has=page.get_by_text("SOS", exact=True))
    item.get_by_role("button", name="Discard").click()
    item.get_by_role("button", name="Yes, discard").click()
    wait_for("it can be called anew", lambda: page.locator("button.sos").count())
    assert page.get_by_text("The office has your SOS").count() == 0


def test_a_phone_that_cannot_read_its_last_sos_opens_its_page_all_the_same(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    phone.page.evaluate(NOT_READABLE, phone.stored()["profiles"][0]["id"])
    phone.page.reload()
    phone.page.locator("#pin").wait_for()
    phone.unlock()
    phone.page.locator("#tab-map:enabled").wait_for()
    assert phone.page.locator("button.sos").count() == 1
