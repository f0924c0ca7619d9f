"""What stands in the way of a crew's reports: another tab, a photo, the disk, a thin network, a
portal that answers in the office's place.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, Route

from tests.browser.crew.phone import Phone, small_photo
from tests.browser.request_routing import routed
from tests.fixtures.server import PASSWORD, Server, wait_for

pytestmark = [pytest.mark.browser]

OTHER_PIN = "314159"
PORTAL = "<!doctype html><title>Welcome to the pier's network</title>"
REPORTS = "**/api/crew/reports"
PHOTOS = "**/api/crew/photos/*"
ORIGINALS = "**/api/crew/originals/*"

# As after the system took the connection away: nothing can be read or written any more.
LOST = """() => {
    IDBDatabase.prototype.transaction = () => {
        throw new DOMException("Connection to Indexed Database server lost", "UnknownError");
    };
}"""
# From here on the browser's storage takes no new row.
FULL = """() => {
    IDBObjectStore.prototype.add = () => { throw new DOMException("full", "QuotaExceededError"); };
}"""
# Somebody holds every table until `letGo()`: whoever comes waits.
HANGS = """() => new Promise((begun) => {
    indexedDB.open("joint-patrol-crew").onsuccess = ({ target: { result: db } }) => {
        const held = db.transaction([...db.objectStoreNames], "readwrite");
        let goes = true;
        const spin = () => {
            if (goes) held.objectStore("phone").get("nothing").onsuccess = spin;
        };
        window.letGo = () => { goes = false; };
        spin();
        begun();
    };
})"""
# What takes longer than this counts as no answer.
IMPATIENT = """() => {
    const within = AbortSignal.timeout;
    AbortSignal.timeout = (ms) => within.call(AbortSignal, Math.min(ms, 400));
}"""


def hangs(route: Route) -> None:
    """Take a request and say nothing, as a network does that carries nothing."""


def portal(statuses: dict[str, int | None], url: str) -> Callable[[Route], None]:
    """Answer what goes to `url` as who lets into a network does, or let it through for None."""

    def answer(route: Route) -> None:
        status = statuses[url]
        if status is None:
            route.continue_()
        else:
            route.fulfill(status=status, content_type="text/html", body=PORTAL)

    return answer


def report_with_photo(page: Page, phone: Phone, category: str) -> None:
    phone.tab("report")
    page.get_by_role("button", name="Incident").click()
    page.select_option("#category", category)
    page.set_input_files("#photo", small_photo())
    page.locator(".photos img").wait_for()
    page.get_by_role("button", name="Report the incident").click()
    page.locator(".kept").wait_for()


def incidents_of(server: Server, category: str) -> list[dict[str, Any]]:
    with server.client() as office:
        found: list[dict[str, Any]] = office.get("/api/incidents").json()
    return [each for each in found if each["category"] == category]


def has_sos(page: Page) -> bool:
    return page.get_by_text("The office has your SOS").count() > 0


def test_two_tabs_with_two_crews_send_each_their_own(
    phones: Any, documents: dict[str, Any]
) -> None:
    phone: Phone = phones(user=None)
    phone.enrol("two-tabs-phone", documents["unit"])
    kham, noi = phone.page, phone.another_tab()
    noi.goto(f"{phone.server.url}/crew")
    phone.page = noi
    phone.unlock()
    noi.locator("#tab-more:enabled").wait_for()
    phone.tab("more")
    noi.get_by_role("button", name="Add a crew member").click()
    noi.fill("#crew-name", "Noi")
    noi.fill("#pin", OTHER_PIN)
    noi.fill("#again", OTHER_PIN)
    noi.get_by_role("button", name="Add", exact=True).click()
    noi.locator("[aria-current]", has_text="Patrol").wait_for()  # it is locked and opened anew
    for page, words in ((kham, "of who came first"), (noi, "of who came after")):
        phone.page = page
        page.bring_to_front()
        page.locator("#tab-texts:enabled").click()
        page.fill("#words", words)
        page.get_by_role("button", name="Send", exact=True).click()
        page.locator(".texts li", has_text="the office has it").wait_for()
        assert phone.number("urgent") == 0
    assert phone.stored()["outbox"] == []
    kham.reload()
    kham.locator("label", has_text="Kham").wait_for()  # it is Kham's tab still


def test_a_call_for_help_waits_for_no_photo_that_is_under_way(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    page = phone.page
    page.route(PHOTOS, hangs)
    with page.expect_request(PHOTOS):
        report_with_photo(page, phone, "wildlife")
    phone.hold_sos()
    wait_for("the office has it", lambda: has_sos(page))
    phone.call_off_as_safe()
    wait_for("the office knows", lambda: page.get_by_text("was told that you are safe").count())


def test_an_original_that_makes_way_for_a_call_for_help_goes_soon_after(
    phones: Any, server: Server
) -> None:
    phone: Phone = phones()
    phone.begin()
    page = phone.page
    routes: list[Route] = []

    def first_hangs(route: Route) -> None:
        routes.append(route)
        if len(routes) > 1:
            route.continue_()

    routed(page, ORIGINALS, first_hangs)
    with page.expect_request(ORIGINALS):
        report_with_photo(page, phone, "ozone_depleting")
    with page.expect_response(ORIGINALS) as answer:
        phone.hold_sos()  # it ends what is under way
    assert answer.value.status == 204
    phone.call_off_as_safe()
    (incident,) = incidents_of(server, "ozone_depleting")
    with server.client() as office:
        stored = office.get(f"/api/photos/{incident['photos'][0]}/originals").json()
    assert len(stored) == 1


def test_a_call_for_help_waits_for_no_other_tab(phones: Any, server: Server) -> None:
    phone: Phone = phones()
    phone.begin()
    whose = phone.stored()["profiles"][0]["id"]
    frozen = phone.another_tab()
    frozen.goto(f"{server.url}/trust")
    for name in ("joint-patrol-crew-send", f"joint-patrol-crew-send {whose}"):
        hold = "(name) => new Promise((got) => navigator.locks.request(name, () => {"
        frozen.evaluate(f"{hold} got(); return new Promise(() => undefined); }}))", name)
    phone.page.bring_to_front()
    phone.hold_sos()
    wait_for("the office has it", lambda: has_sos(phone.page))
    phone.call_off_as_safe()


def test_a_call_for_help_goes_out_of_a_page_that_lost_its_database(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    page = phone.page
    page.evaluate(LOST)
    phone.hold_sos()
    warned = page.get_by_text("The SOS could not be kept on this phone")
    wait_for("nobody believes that it survives the page", warned.is_visible)
    wait_for("the office has it", lambda: has_sos(page))
    assert len(set(phone.sent)) == 1
    phone.call_off_as_safe()
    wait_for("the office knows", lambda: page.get_by_text("was told that you are safe").count())
    page.goto("about:blank")
    phone.complaints.clear()  # it complained, and may


def test_a_call_for_help_waits_for_no_disk_that_hangs_and_is_gone_once_it_was_taken(
    phones: Any,
) -> None:
    phone: Phone = phones()
    phone.begin()
    page = phone.page
    page.evaluate(HANGS)
    phone.hold_sos()
    wait_for("it counts down", lambda: page.get_by_text("SOS goes out in").count())
    wait_for("the office has it", lambda: has_sos(page))
    page.evaluate("letGo()")
    wait_for("it is over with", lambda: phone.stored()["outbox"] == [])
    page.wait_for_timeout(500)
    assert phone.stored()["outbox"] == []
    assert has_sos(page)
    assert phone.number("urgent") == 0
    assert len(phone.sent) == len(set(phone.sent)), "nothing went out twice"
    phone.call_off_as_safe()
    wait_for("the office knows", lambda: page.get_by_text("was told that you are safe").count())


def test_one_that_is_on_no_disk_and_was_refused_is_not_shown_as_delivered(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    page = phone.page

    def refuse(route: Route) -> None:
        ids = [each["id"] for each in json.loads(route.request.post_data or "")["reports"]]
        refused = [{"id": id, "error": "forbidden", "message": "no"} for id in ids]
        route.fulfill(json={"taken": [], "refused": refused})

    routed(page, REPORTS, refuse)
    page.evaluate(FULL)
    with page.expect_response(REPORTS):  # it may go out before the finger is lifted
        phone.hold_sos()
        page.get_by_text("The SOS could not be kept on this phone").wait_for()
    page.wait_for_timeout(1000)
    assert not has_sos(page)
    assert page.get_by_text("SOS is not sent yet").count() == 1


def test_a_portals_page_takes_nothing_and_refuses_nothing(phones: Any, server: Server) -> None:
    phone: Phone = phones()
    page = phone.page
    statuses: dict[str, int | None] = {REPORTS: 400, PHOTOS: 400}
    # Before the page asks for anything: a request under way as routing begins may get no answer.
    for url in statuses:
        page.route(url, portal(statuses, url))
    phone.begin()
    report_with_photo(page, phone, "timber")
    phone.tab("texts")
    page.fill("#words", "behind the portal")
    with page.expect_response(REPORTS):
        page.get_by_role("button", name="Send", exact=True).click()
    page.wait_for_timeout(1500)  # it tries again, too
    assert (phone.number("urgent"), phone.number("routine"), phone.number("refused")) == (1, 2, 0)
    statuses[REPORTS] = statuses[PHOTOS] = 200
    with page.expect_response(REPORTS):
        page.evaluate("dispatchEvent(new Event('online'))")
    page.wait_for_timeout(1500)
    assert (phone.number("urgent"), phone.number("routine"), phone.number("refused")) == (1, 2, 0)
    statuses[REPORTS] = None  # it lets reports through before it lets photos through
    page.evaluate("dispatchEvent(new Event('online'))")
    wait_for("the text is there", lambda: phone.number("urgent") == 0)
    page.wait_for_timeout(1000)
    assert phone.number("routine") == 2
    statuses[PHOTOS] = None
    page.evaluate("dispatchEvent(new Event('online'))")
    wait_for("all is out", lambda: phone.number("routine") == 0)
    assert phone.number("refused") == 0
    assert [len(each["photos"]) for each in incidents_of(server, "timber")] == [1]


def test_an_incident_of_a_patrol_that_was_started_without_a_network_is_of_that_patrol(
    phones: Any, server: Server, documents: dict[str, Any]
) -> None:
    phone: Phone = phones()
    phone.begin()
    phone.page.get_by_role("button", name="Start patrol").wait_for()
    phone.context.set_offline(True)
    phone.page.get_by_role("button", name="Start patrol").click()
    wait_for("it is kept", lambda: phone.number("urgent") == 1)
    report_with_photo(phone.page, phone, "precursors")
    phone.context.set_offline(False)
    wait_for("it is there", lambda: incidents_of(server, "precursors"))
    assert [each["patrol"] for each in incidents_of(server, "precursors")] == [documents["patrol"]]


def test_a_user_signed_out_calls_for_help_and_is_asked_to_sign_in(
    phones: Any, server: Server
) -> None:
    phone: Phone = phones()
    phone.begin()
    page = phone.page
    page.reload()
    page.locator("#pin").wait_for()
    phone.context.clear_cookies()
    phone.hold_sos()
    page.get_by_text("SOS is not sent yet").wait_for()
    wait_for("it is said why", lambda: phone.says() == "You are signed out. Sign in again.")
    page.get_by_role("link", name="Sign in").click()
    page.locator("input[name='name']").fill("crew")
    page.locator("input[name='password']").fill(PASSWORD)
    page.keyboard.press("Enter")
    wait_for("the office has it", lambda: has_sos(page))
    phone.call_off_as_safe()


def test_a_user_signed_out_is_not_promised_that_calls_for_help_are_still_sent(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    page = phone.page
    wait_for("the office is there", lambda: phone.says() == "Online")
    phone.context.clear_cookies()
    page.evaluate("dispatchEvent(new Event('online'))")
    page.locator(".notice", has_text="You are signed out").wait_for()
    assert page.get_by_text("SOS is still sent").count() == 0
    assert page.locator(".notice").get_by_role("link", name="Sign in").count() == 1


def test_a_call_for_help_from_the_plain_page_waits_for_no_place(
    phones: Any, server: Server
) -> None:
    phone: Phone = phones()
    phone.without_secure_context()
    page = phone.page
    page.route("**/api/address?*", hangs)
    page.goto(f"{server.url}/crew")
    page.fill("#km", "2356")
    page.locator(".sos").click()
    page.get_by_role("button", name="Yes, send SOS").click()
    page.get_by_text("The office has it.").wait_for()


def test_a_thin_network_is_given_less_at_a_time(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    page = phone.page
    page.evaluate(IMPATIENT)

    def carries_two(route: Route) -> None:
        if len(json.loads(route.request.post_data or "")["reports"]) <= 2:
            route.continue_()

    routed(page, REPORTS, carries_two)
    phone.context.set_offline(True)
    for step in range(1, 8):
        page.get_by_role("button", name="Send position now").click()
        wait_for("it is kept", lambda step=step: phone.number("routine") == step)
    phone.context.set_offline(False)
    wait_for("all is out", lambda: phone.number("routine") == 0)
