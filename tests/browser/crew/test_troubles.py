"""A crew's phone in trouble: it is full, or locked with something that only the PIN lets go."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.crew.phone import FULL, Phone, small_photo
from tests.fixtures.server import Server, wait_for

pytestmark = [pytest.mark.browser]


def test_a_full_phone_says_what_it_cannot_keep_and_calls_for_help_all_the_same(
    phones: Any,
) -> None:
    phone: Phone = phones()
    phone.begin()
    page = phone.page
    page.evaluate(FULL)
    phone.tab("texts")
    page.fill("#words", "we take in water")
    page.get_by_role("button", name="Send", exact=True).click()
    wait_for("it is told", lambda: page.get_by_text("This phone can keep nothing").count())
    assert page.input_value("#words") == "we take in water", "nobody has to write it again"
    phone.hold_sos()
    warned = page.get_by_text("The SOS could not be kept on this phone")
    wait_for("it is told that it does not survive the page", warned.is_visible)
    wait_for("it waits all the same", lambda: phone.number("urgent") == 1)
    wait_for("the office has it", lambda: page.get_by_text("The office has your SOS").count())
    assert warned.count() == 0
    assert phone.number("urgent") == 0
    assert len(phone.sent) == 1
    phone.call_off_as_safe()
    safe = page.get_by_text("The office was told that you are safe.")
    wait_for("the office knows", lambda: safe.count())
    assert len(set(phone.sent)) == 2


def test_a_full_phone_does_not_send_a_call_for_help_that_was_called_off(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    phone.page.evaluate(FULL)
    phone.hold_sos()
    phone.call_off_sos()
    locator = phone.page.get_by_text("The SOS was not sent.")
    wait_for("it is said", lambda: locator.count())
    phone.page.wait_for_timeout(5000)
    assert phone.sent == []


def test_a_text_that_waits_for_the_pin_holds_back_no_position(
    phones: Any, documents: dict[str, Any]
) -> None:
    phone: Phone = phones(user=None)
    page = phone.page
    phone.enrol("naga-1-phone", documents["unit"])
    page.locator("#tab-texts:enabled").wait_for()
    phone.context.set_offline(True)
    page.get_by_role("switch").click()
    wait_for("a position waits", lambda: phone.number("routine") >= 1)
    phone.tab("texts")
    page.fill("#words", "behind the island")
    page.get_by_role("button", name="Send", exact=True).click()
    wait_for("a text waits", lambda: phone.number("urgent") == 1)
    phone.tab("more")
    page.get_by_role("button", name="Lock", exact=True).click()
    page.locator("#pin").wait_for()
    phone.context.set_offline(False)
    wait_for("the position is out", lambda: phone.number("routine") == 0)
    assert phone.number("urgent") == 1, "that takes the phone's whole key"
    phone.unlock()
    wait_for("the text is out", lambda: phone.number("urgent") == 0)


def test_what_was_being_written_is_there_after_a_lock(phones: Any) -> None:
    phone: Phone = phones()
    phone.begin()
    page = phone.page
    phone.tab("report")
    page.get_by_role("button", name="Incident").click()
    page.fill("#narrative", "two men ran")
    wait_for(
        "it is kept", lambda: any(each["name"] == "draft" for each in phone.stored()["copies"])
    )
    phone.tab("more")
    page.get_by_role("button", name="Lock", exact=True).click()
    page.locator("#pin").wait_for()
    phone.unlock()
    page.locator("#tab-report:enabled").wait_for()
    phone.tab("report")
    page.locator("#narrative").wait_for()
    wait_for("it is there", lambda: page.input_value("#narrative") == "two men ran")


def test_a_photo_that_comes_while_the_place_is_looked_for_goes_with_its_incident(
    phones: Any, server: Server
) -> None:
    phone: Phone = phones()
    phone.begin()
    page = phone.page
    page.evaluate("navigator.geolocation.getCurrentPosition = () => undefined")  # it takes long
    phone.tab("report")
    page.get_by_role("button", name="Incident").click()
    page.select_option("#category", "wildlife")
    page.get_by_role("button", name="Report the incident").click()
    page.set_input_files("#photo", small_photo())
    page.locator(".photos img").wait_for()
    page.locator(".kept").wait_for()
    wait_for("all is out", lambda: phone.number("urgent") + phone.number("routine") == 0)
    with server.client() as office:
        found = [
            each for each in office.get("/api/incidents").json() if each["category"] == "wildlife"
        ]
    assert [len(each.get("photos", ())) for each in found] == [1]
