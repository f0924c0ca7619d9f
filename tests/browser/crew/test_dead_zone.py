"""A crew goes through a dead zone: what it did there is on the phone, sealed, and arrives once."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Browser, Route

from tests.browser.crew.phone import PIN, Phone
from tests.browser.request_routing import routed
from tests.fixtures.databases import reading
from tests.fixtures.server import Server, wait_for

pytestmark = [pytest.mark.browser]

WORDS = "two sacks under the tarpaulin"

# The hand of who was pressing already: it is on the button in the moment in which that appears.
TOO_SOON = """() => {
    const pressed = new WeakSet();
    new MutationObserver(() => {
        for (const button of document.querySelectorAll(".sos-bar.on button")) {
            if (pressed.has(button) || !/^(Do not send|Yes)/.test(button.textContent)) continue;
            pressed.add(button);
            button.click();
        }
    }).observe(document.body, { childList: true, subtree: true });
}"""


@pytest.fixture
def phone(browser: Browser, server: Server, documents: dict[str, Any]) -> Iterator[Phone]:
    opened = Phone(browser, server)
    yield opened
    opened.close()
    assert opened.complaints == []


def photo() -> bytes:
    """Return a photo as a phone's camera makes it: large, and with a place written into it."""
    picture = Image.effect_noise((2400, 1800), 60).convert("RGB")
    exif = Image.Exif()
    exif[0x010F] = "Camera of the crew"
    body = io.BytesIO()
    picture.save(body, "JPEG", quality=90, exif=exif)
    return body.getvalue()


def rows(server: Server, query: str) -> list[tuple[Any, ...]]:
    with reading(server.database) as database:
        return [tuple(row) for row in database.execute(query).fetchall()]


def heard(server: Server) -> Counter[str]:
    """Return how often each report that a radio could have said is on disk, by its id."""
    raws = rows(server, "select raw from transmissions where channel = 'user:crew'")
    return Counter(json.loads(raw)["id"] for (raw,) in raws)


def test_what_was_done_without_a_network_arrives_once(
    phone: Phone, server: Server, documents: dict[str, Any]
) -> None:
    phone.begin()
    phone.page.get_by_role("button", name="Start patrol").click()
    wait_for("the start is taken", lambda: phone.number("urgent") == 0 and bool(phone.sent))
    phone.page.get_by_role("switch").click()  # pings by hand only, so that they can be counted
    wait_for("all is out", lambda: phone.number("routine") == 0)
    already = set(phone.sent)

    # -- into the dead zone; once out of it, the first answer is to be lost on the way
    lost: list[str] = []
    is_out: list[bool] = []

    def lose_one(route: Route) -> None:
        if lost or not is_out:
            route.continue_()
            return
        lost.append(route.fetch().text())
        route.abort()

    routed(phone.page, "**/api/crew/reports", lose_one)
    phone.context.set_offline(True)
    wait_for("the page says so", lambda: phone.says() == "No network")
    for step in range(1, 6):
        phone.goes(step)
        phone.page.wait_for_timeout(150)
        phone.page.get_by_role("button", name="Send position now").click()
        wait_for("it is kept", lambda step=step: phone.number("routine") == step)
    phone.page.get_by_role("button", name="Check in").click()
    wait_for("it is kept", lambda: phone.number("urgent") == 1)
    phone.tab("report")
    phone.page.get_by_role("button", name="Incident").click()
    phone.page.select_option("#category", "drugs")
    phone.page.fill("#narrative", WORDS)
    camera = photo()
    phone.page.set_input_files(
        "#photo", {"name": "p.jpg", "mimeType": "image/jpeg", "buffer": camera}
    )
    phone.page.locator(".photos img").wait_for()
    phone.page.get_by_role("button", name="Report the incident").click()
    wait_for("the incident and its photo are kept", lambda: phone.number("routine") == 7)
    phone.tab("texts")
    phone.page.get_by_role("button", name="Boat in sight").click()
    phone.page.fill("#words", "three men on the sandbank")
    phone.page.get_by_role("button", name="Send", exact=True).click()
    wait_for("the texts are kept", lambda: phone.number("urgent") == 3)
    phone.hold_sos()
    wait_for("the SOS is kept", lambda: phone.number("urgent") == 4)
    wait_for(
        "it may be called off no more", lambda: phone.page.get_by_text("Cancel the SOS").count()
    )

    # -- nothing of it can be read from the phone
    stored = phone.stored()
    assert len(stored["outbox"]) == 4 + 6
    assert len(stored["photos"]) == 1
    text = json.dumps(stored)
    for word in (
        WORDS,
        "three men",
        "boat_in_sight",
        "Night watch",
        "Reach 4",
        "tarpaulin",
        "100.40",
    ):
        assert word not in text, word
    assert "JFIF" not in text
    keys = [each for each in stored["phone"] if "extractable" in each]
    assert [each["extractable"] for each in keys] == [False]
    assert not [path for path in stored["cached"] if path.startswith("/api/")]

    # -- the page is closed and opens again, without a network
    phone.page.reload()
    phone.page.locator("#pin").wait_for()
    assert phone.number("urgent") == 4
    assert phone.number("routine") >= 7
    assert phone.page.get_by_text("SOS is not sent yet").count() == 1, "it is told while locked"
    phone.unlock("000111")
    wait_for("the wrong PIN is told", lambda: phone.page.get_by_text("The PIN is wrong").count())
    phone.unlock(PIN)
    phone.page.locator("#tab-map:enabled").wait_for()
    wait_for("the patrol is there", lambda: phone.page.get_by_text("Night watch").count())
    assert phone.page.get_by_text("Under way").count() == 1

    # -- out of it: the phone must send again
    is_out.append(True)
    phone.context.set_offline(False)
    wait_for("all is out", lambda: phone.number("urgent") + phone.number("routine") == 0)
    unheard = json.loads(lost[0])["taken"]
    assert unheard, "the server had taken what the phone did not hear of"
    assert set(unheard) <= set(phone.sent), "it came a second time"
    assert phone.number("refused") == 0
    wait_for("the office has it", lambda: phone.page.get_by_text("The office has your SOS").count())

    # -- the office has each once
    there = heard(server)
    receipts = {id for (id,) in rows(server, "select id from crew_reports where kind != 'photo'")}
    assert set(phone.sent) <= receipts
    assert set(there.values()) == {1}
    assert len([id for id in there if id not in already]) >= 5 + 2 + 1
    with server.client() as office:
        incidents = office.get("/api/incidents").json()
        assert [each["narrative"] for each in incidents] == [WORDS]
        assert len(incidents[0]["photos"]) == 1
        picture = office.get(f"/api/photos/{incidents[0]['photos'][0]}").content
        assert max(Image.open(io.BytesIO(picture)).size) == 1600
        # The small picture went first; what the camera made comes when all else is out.
        wait_for("the original", lambda: rows(server, "select size from originals") != [])
        assert [bytes(body) for (body,) in rows(server, "select body from originals")] == [camera]
        answer = office.get(f"/api/photos/{incidents[0]['photos'][0]}/originals").json()
        assert [each["sha256"] for each in answer] == [hashlib.sha256(camera).hexdigest()]
        alerts = [each for each in office.get("/api/alerts").json() if each["rule"] == "sos"]
        assert [each["unit"] for each in alerts] == [documents["unit"]]
        patrol = office.get(f"/api/patrols/{documents['patrol']}").json()
        assert patrol["state"] == "under way"
    assert len(phone.stored()["outbox"]) == 0


def test_an_sos_goes_out_with_the_page_locked_even_after_a_crash(
    phone: Phone, server: Server
) -> None:
    phone.begin()
    phone.context.set_offline(True)
    phone.page.reload()
    phone.page.locator("#pin").wait_for()
    phone.hold_sos(700)
    assert phone.page.get_by_text("Keep it pressed").count() == 1, "a touch is not enough"
    assert phone.number("urgent") == 0
    phone.hold_sos()
    phone.call_off_sos()
    wait_for("it was called off", lambda: phone.number("urgent") == 0)
    phone.hold_sos()
    wait_for("it is kept", lambda: phone.number("urgent") == 1)
    phone.crash()
    phone.page.locator("#pin").wait_for()
    before = sum(heard(server).values())
    phone.context.set_offline(False)
    wait_for("the office has it", lambda: phone.page.get_by_text("The office has your SOS").count())
    wait_for("it is on disk", lambda: sum(heard(server).values()) > before)
    phone.call_off_as_safe()
    wait_for("the word is out", lambda: phone.number("urgent") == 0 and len(set(phone.sent)) >= 2)


def test_who_presses_sos_again_does_not_call_it_off(phone: Phone) -> None:
    phone.begin()
    page = phone.page
    button = page.locator(".sos").bounding_box()
    assert button is not None
    middle = (button["x"] + button["width"] / 2, button["y"] + button["height"] / 2)
    page.evaluate(TOO_SOON)
    phone.hold_sos()
    place = page.locator(".sos").bounding_box()
    assert place is not None
    assert page.get_by_text("SOS goes out in").count() == 1
    for side in ("y", "height"):
        assert place[side] == button[side], "the place stays while it counts"
    page.mouse.click(*middle)
    phone.hold_sos(1500)
    wait_for("the office has it", lambda: page.get_by_text("The office has your SOS").count())
    for _ in range(3):
        page.mouse.click(*middle)
    page.get_by_role("button", name="Cancel the SOS").click()
    page.get_by_role("button", name="Keep it").click()  # "Yes" was pressed too soon
    phone.call_off_as_safe()
    wait_for("it is over", lambda: page.locator("button.sos").count())


def test_an_sos_that_was_called_off_is_shown_as_not_sent(phone: Phone) -> None:
    phone.begin()
    locator = phone.page.locator(".sos-bar p[role='status']").first
    assert locator.inner_text() == ""
    phone.hold_sos()
    phone.call_off_sos()
    wait_for("it is said", lambda: locator.inner_text() == "The SOS was not sent.")
    phone.page.wait_for_timeout(5000)
    assert locator.is_visible(), "it stays"
    assert phone.number("urgent") == 0
    assert phone.page.get_by_text("The office has your SOS").count() == 0
    phone.hold_sos(300)
    assert locator.inner_text() == "", "the next press is something else"


def test_an_sos_sends_positions_while_it_is_on_and_no_longer(phone: Phone) -> None:
    phone.begin()
    switch = phone.page.get_by_role("switch")
    assert switch.get_attribute("aria-checked") == "false"
    phone.hold_sos()
    assert switch.get_attribute("aria-checked") == "true"
    assert switch.is_disabled()
    assert phone.page.get_by_text("While the SOS is on, positions go out").count() == 1
    phone.call_off_sos()
    wait_for("as it was", lambda: switch.get_attribute("aria-checked") == "false")
    assert switch.is_enabled()
    assert phone.stored()["local"].get("jp.crew.pinging") == "false"


def test_the_crew_is_shown_as_safe_once_the_office_knows(phone: Phone) -> None:
    phone.begin()
    locator = phone.page.locator(".sos-bar p[role='status']").first
    phone.hold_sos()
    text = phone.page.get_by_text("The office has your SOS")
    wait_for("the office has it", lambda: text.count())
    phone.context.set_offline(True)
    phone.call_off_as_safe()
    wait_for("it waits", lambda: locator.inner_text().startswith("The office does not know yet"))
    wait_for("it is counted", lambda: phone.number("urgent") == 1)
    phone.context.set_offline(False)
    safe = "The office was told that you are safe."
    wait_for("the office knows", lambda: locator.inner_text() == safe)
    wait_for("nothing waits", lambda: phone.number("urgent") == 0)


def test_since_when_the_office_has_an_sos_is_counted_from_when_it_had_it(phone: Phone) -> None:
    phone.begin()
    phone.context.set_offline(True)
    phone.hold_sos()
    phone.page.wait_for_timeout(15_000)
    phone.context.set_offline(False)

    def age() -> int | None:
        found = re.search(r"office has your SOS\. It came (\d+) s ago", bar.inner_text())
        return None if found is None else int(found[1])

    bar = phone.page.locator(".sos-bar")
    wait_for("the office has it", lambda: age() is not None)
    assert (age() or 0) < 12, "the press was more than 15 s ago"
    phone.page.wait_for_timeout(2000)
    before = age() or 0
    phone.page.reload()
    phone.page.locator("#pin").wait_for()
    wait_for("it is known still", lambda: (age() or 0) >= before)
    phone.call_off_as_safe()


def test_all_waiting_reports_are_counted_and_an_incident_is_shown_as_delivered_once_it_is(
    phone: Phone, server: Server
) -> None:
    phone.begin()
    page = phone.page
    wait_for("nothing waits", lambda: phone.number("urgent") + phone.number("routine") == 0)
    phone.context.set_offline(True)
    phone.tab("texts")
    page.fill("#words", "a sack on the bank")
    page.get_by_role("button", name="Send", exact=True).click()
    wait_for("the text is kept", lambda: phone.number("urgent") == 1)
    phone.tab("report")
    page.get_by_role("button", name="Incident").click()
    locator = page.locator(".kept")
    page.evaluate(
        "window.saw = []; new MutationObserver(() => {"
        " saw.push(document.querySelector('.kept')?.textContent ?? ''); })"
        ".observe(document.body, { childList: true, subtree: true, characterData: true })"
    )
    for waiting, files in ((1, 0), (3, 1)):
        page.select_option("#category", "timber")
        if files:
            page.set_input_files(
                "#photo", {"name": "p.jpg", "mimeType": "image/jpeg", "buffer": photo()}
            )
            page.locator(".photos img").wait_for()
        page.get_by_role("button", name="Report the incident").click()
        wait_for("it is kept", lambda waiting=waiting: phone.number("routine") == waiting)
        locator.get_by_text("The incident is kept on this phone").wait_for()
    assert phone.number("urgent") == 1
    assert len(phone.stored()["outbox"]) == 3
    assert len(phone.stored()["photos"]) == 1
    saw = page.evaluate("window.saw")
    assert any("is kept on" in each for each in saw)
    assert not [each for each in saw if "office has" in each], "nobody has it yet"
    phone.context.set_offline(False)
    locator.get_by_text("The office has the incident.").wait_for()
    with server.client() as office:
        found = [
            each for each in office.get("/api/incidents").json() if each["category"] == "timber"
        ]
    assert sorted(len(each.get("photos", ())) for each in found) == [0, 1]
    wait_for("nothing waits", lambda: phone.number("urgent") + phone.number("routine") == 0)


def test_wrong_pins_cost_a_wait_and_nothing_else(phone: Phone, server: Server) -> None:
    phone.begin()
    phone.tab("texts")
    phone.context.set_offline(True)
    phone.page.get_by_role("button", name="All well").click()
    wait_for("it is kept", lambda: phone.number("urgent") == 1)
    phone.page.reload()
    phone.page.locator("#pin").wait_for()
    for n in range(1, 11):
        phone.unlock(f"99887{n:02d}")
        wait_for(
            "an answer", lambda n=n: phone.page.get_by_text(f"Wrong tries: {n}").count() or n == 10
        )
    wait_for("a wait", lambda: phone.page.get_by_text("Too many wrong PINs").count())
    assert phone.page.locator("#pin").is_disabled()
    assert phone.number("urgent") == 1
    phone.page.reload()
    phone.page.locator("#pin").wait_for()
    assert phone.page.locator("#pin").is_disabled(), "a reload is no way round it"
    phone.page.clock.install()
    phone.page.reload()
    phone.page.clock.fast_forward("00:45")
    wait_for("it is over", lambda: phone.page.locator("#pin").is_enabled())
    phone.unlock(PIN)
    phone.page.locator("#tab-map:enabled").wait_for()
    assert phone.number("urgent") == 1
