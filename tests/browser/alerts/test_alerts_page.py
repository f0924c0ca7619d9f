"""What waits for the commander: alerts that ring, offers of the other bank, suspended sharing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from uuid import uuid4

import httpx
import pytest
from playwright.sync_api import Browser

from tests.browser.axe import violations
from tests.browser.banks import LAO_NAME, LAO_SIDE, THAI_NAME, Banks, two_banks
from tests.browser.commander import DESKTOP, PHONE, Commander, Size, looking
from tests.fixtures.server import wait_for

pytestmark = [pytest.mark.browser]

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])

EAR = """
window.notes = [];
const start = OscillatorNode.prototype.start;
OscillatorNode.prototype.start = function (...when) {
    window.notes.push([performance.now(), this.frequency.value]);
    return start.apply(this, when);
};
"""
"""Writes down every note that the page sounds: milliseconds, hertz."""

Look = Callable[..., Commander]


@pytest.fixture(scope="module")
def banks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Banks]:
    with two_banks(tmp_path_factory.mktemp("banks")) as running:
        yield running


@pytest.fixture
def look(browser: Browser, banks: Banks) -> Iterator[Look]:
    """Open the page of an officer, with an ear in it."""
    pages: list[Commander] = []

    def open_page(name: str, *, size: Size = DESKTOP) -> Commander:
        page = looking(browser, banks.server, role=name, size=size, palette="day", script=EAR)
        pages.append(page)
        wait_for("the stream", lambda: page.says("#stream-state").startswith("Live"))
        return page

    yield open_page
    for page in pages:
        page.close()
    for page in pages:
        assert page.foreign == [], "a request left the server"
        assert page.complaints == []


def _notes(page: Commander) -> int:
    return int(page.page.evaluate("notes.length"))


def _unmute(page: Commander) -> None:
    page.page.keyboard.press("Shift")
    wait_for("a page that may sound", lambda: page.page.locator(".icon-mute").count() == 0)


def _calls(banks: Banks, call_sign: str) -> str:
    """A new Lao boat calls for help; its unit id."""
    unit = banks.boat("somchai", call_sign, "LA", lon=100.4123, lat=20.2791)
    banks.calls_for_help("somchai", unit, lon=100.4123, lat=20.2791)
    return unit


@SIZES
def test_an_sos_rings_is_acknowledged_and_resolved(look: Look, banks: Banks, size: Size) -> None:
    page = look("somchai", size=size)
    page.page.keyboard.press("q")
    _unmute(page)
    before = _notes(page)
    name = f"Naga {size[0]}"
    unit = _calls(banks, name)
    card = page.page.locator(".alert", has_text=name)
    wait_for("the card", card.count)
    for words in ("SOS", name, "km 2\u202f356.9 · left bank", "nobody has acknowledged it"):
        wait_for(words, lambda words=words: words in card.inner_text())
    assert _notes(page) > before
    assert "rings" in str(card.get_attribute("class"))
    assert card.get_by_role("button", name="Shelve", exact=True).count() == 0, "not a call for help"

    card.get_by_role("button", name="Acknowledge", exact=True).click()
    wait_for("who knows", lambda: "acknowledged by somchai" in card.inner_text())
    assert "rings" not in str(card.get_attribute("class"))
    [alert] = [each for each in banks.get("somchai", "/api/alerts") if each["unit"] == unit]
    assert alert["acknowledged_by"] == "somchai"

    card.get_by_role("button", name="Resolve", exact=True).click()
    page.page.get_by_role("dialog").get_by_role("button", name="Resolve", exact=True).click()
    assert page.says("dialog .field-fault") == "Write a few words."
    page.page.locator("#ask-words").fill("engine failure, towed in")
    page.page.get_by_role("dialog").get_by_role("button", name="Resolve", exact=True).click()
    wait_for("no card", lambda: card.count() == 0)
    assert banks.get("somchai", f"/api/alerts/{alert['id']}")["note"] == "engine failure, towed in"
    wait_for("no call over the map", lambda: page.page.locator(".distress-card").count() == 0)


def test_the_crews_word_that_it_is_safe_stands_under_its_sos(look: Look, banks: Banks) -> None:
    page = look("somchai")
    page.page.keyboard.press("q")
    unit = banks.boat("somchai", "Naga safe", "LA", lon=100.4123, lat=20.2791)
    asked = {"device": "naga-safe-phone", "unit": unit}
    code = banks.post("somchai", "/api/devices/enrolments", asked)["code"]
    url = banks.server.url
    keys = httpx.post(f"{url}/api/enrolment", json={"code": code}).json()
    card = page.page.locator(".alert", has_text="Naga safe")
    safe = "The crew says that its call for help is over."
    for kind, seen in (("sos", False), ("sos_cancel", True)):
        told = {"id": uuid4().hex, "kind": kind, "at": datetime.now(UTC).isoformat()}
        taken = httpx.post(
            f"{url}/api/crew/reports",
            json={"reports": [told]},
            headers={"authorization": f"Bearer {keys['reporting_key']}"},
        ).json()
        assert taken["taken"] == [told["id"]], taken
        wait_for("the card", card.count)
        wait_for(kind, lambda seen=seen: (safe in card.inner_text()) is seen)
        over = page.page.locator(".distress-card", has_text="Naga safe")
        wait_for("the bar over the map", over.count)
        wait_for("how long", lambda over=over: "SOS for" in over.inner_text())
        assert re.search(r"SOS for \d+ s · position \d+ s ago", over.inner_text())
        word = over.get_by_text("The crew says it is over: check")
        wait_for(kind, lambda word=word, seen=seen: bool(word.count()) is seen)


def test_what_nobody_acknowledges_rings_every_half_minute(look: Look, banks: Banks) -> None:
    for alert in banks.get("somchai", "/api/alerts"):  # nothing else may ring meanwhile
        if alert.get("state", "raised") in ("raised", "escalated"):
            banks.post("somchai", f"/api/alerts/{alert['id']}/acknowledge")
    page = look("somchai")
    _unmute(page)
    _calls(banks, "Naga again")
    wait_for("the first ring", lambda: _notes(page) >= 6)
    first = float(page.page.evaluate("notes[0][0]"))
    wait_for("the second", lambda: _notes(page) >= 12, every=1)
    again = float(page.page.evaluate("notes[6][0]"))
    assert 29_000 < again - first < 32_000
    page.page.keyboard.press("a")
    wait_for("silence", lambda: page.page.locator(".rings").count() == 0)


def test_a_silenced_page_says_so_until_it_may_sound(look: Look) -> None:
    page = look("somchai")
    page.page.reload()
    # What a test asks of the page counts as a press for Chromium: ask nothing while it starts.
    page.page.wait_for_timeout(2000)
    wait_for("that it is silent", lambda: "No sound yet" in page.says(".strip"))
    page.page.get_by_role("button", name="Let it ring").click()
    wait_for("that it is not", lambda: "No sound yet" not in page.says(".strip"))


def test_keys_act_only_on_what_is_seen(look: Look, banks: Banks) -> None:
    unit = _calls(banks, "Naga keys")
    page = look("somchai")
    card = page.page.locator(".alert", has_text="Naga keys")
    wait_for("the card", card.count)
    page.page.keyboard.press("c")
    wait_for("that something waits", lambda: "wait" in page.says(".waiting-card"))
    page.page.keyboard.press("a")  # brings the queue, and no more
    wait_for("the queue", card.count)
    answers = [each for each in banks.get("somchai", "/api/alerts") if each["unit"] == unit]
    assert [each.get("state") in (None, "escalated") for each in answers] == [True]
    page.page.locator(".alert", has_text="Naga keys").locator(".alert-what").focus()
    page.page.keyboard.press("a")
    wait_for("who knows", lambda: "acknowledged by somchai" in card.inner_text())
    page.page.keyboard.press("v")
    wait_for("the note", lambda: page.page.evaluate("document.activeElement.id") == "ask-words")
    page.page.keyboard.press("Escape")
    wait_for("no dialog", lambda: page.page.locator("dialog").count() == 0)


def test_a_key_that_is_held_acknowledges_one_alert(look: Look, banks: Banks) -> None:
    for call_sign in ("Naga held", "Naga next"):
        _calls(banks, call_sign)
    page = look("somchai")
    wait_for("the cards", page.page.locator(".alert", has_text="Naga next").count)

    def calling() -> int:
        answer = banks.get("somchai", "/api/alerts")
        return sum(each.get("state") in (None, "escalated") for each in answer)

    before = calling()
    assert before >= 2
    page.page.keyboard.down("a")
    wait_for("one is known of", lambda: calling() == before - 1)
    for _ in range(10):  # as a keyboard repeats what is held
        page.page.keyboard.down("a")
        page.page.wait_for_timeout(100)
    page.page.keyboard.up("a")
    assert calling() == before - 1


def test_a_press_on_a_card_below_the_chosen_one_is_not_lost(look: Look, banks: Banks) -> None:
    for call_sign in ("Naga below", "Naga above"):  # the newest stands first
        _calls(banks, call_sign)
    page = look("somchai")
    above, below = (
        page.page.locator(".alert", has_text=f"Naga {each}") for each in ("above", "below")
    )
    wait_for("the cards", lambda: above.count() and below.count())
    above.locator(".alert-state").click()
    wait_for("all that it has", above.locator(".alert-more a").count)
    below.get_by_role("button", name="Acknowledge", exact=True).click(delay=300)
    wait_for("who knows", lambda: "acknowledged by somchai" in below.inner_text())
    assert "acknowledged" not in above.inner_text().replace("nobody has acknowledged", "")


def test_who_only_watches_has_no_button_and_no_bell(look: Look, banks: Banks) -> None:
    _calls(banks, "Naga seen")
    page = look("vanh")
    _unmute(page)
    card = page.page.locator(".alert", has_text="Naga seen")
    wait_for("the card", card.count)
    assert card.locator(".alert-acts").count() == 0
    assert _notes(page) == 0


@SIZES
def test_an_offer_cannot_be_missed_and_is_accepted(look: Look, banks: Banks, size: Size) -> None:
    agreement = banks.agree("targets")
    page = look("malee", size=size)
    page.page.keyboard.press("c")
    _unmute(page)
    name = f"grey boat {size[0]}"
    offer = banks.offered(name)
    wait_for("the word over the map", lambda: name in page.says(".waiting-card"))
    assert _notes(page) > 0
    page.page.locator(".waiting-card .button").click()
    card = page.page.locator("article.offer", has_text=name)
    wait_for("the card", card.count)
    text = card.inner_text()
    for words in (LAO_NAME, "Lands", "right bank", "km/h", "Last seen", "within 1"):
        assert words in text
    card.get_by_role("button", name="Accept", exact=True).click()
    wait_for("no card", lambda: card.count() == 0)
    mine = banks.get("somchai", f"/api/targets/{offer['target']}")
    assert (mine["state"], mine["custodian"]) == ("handed over", "th-ck")
    banks.post("kham", f"/api/agreements/{agreement}/end", {"reason": "the test is over"})


def test_an_own_offer_shows_its_state_and_what_became_of_it(look: Look, banks: Banks) -> None:
    agreement = banks.agree("targets")
    page = look("somchai")
    banks.offered("declined boat")
    card = page.page.locator("article.offer", has_text="declined boat")
    wait_for("the card", card.count)
    assert f"Offered to {THAI_NAME}, no answer yet" in card.inner_text()
    other = look("malee")
    other.page.locator("article.offer", has_text="declined boat").get_by_role(
        "button", name="Decline", exact=True
    ).click()
    other.page.locator("#ask-words").fill("no boat free before dawn")
    other.page.get_by_role("dialog").get_by_role("button", name="Decline", exact=True).click()
    bar = page.page.locator(".queue-bar", has_text="declined boat")
    wait_for("the answer", bar.count)
    assert f"{THAI_NAME} declined: no boat free before dawn" in bar.inner_text()
    bar.get_by_role("button").click()
    wait_for("it was read", lambda: bar.count() == 0)

    banks.offered("called boat")
    wait_for("the second card", lambda: "called boat" in page.says("article.offer"))
    page.page.keyboard.press("b")
    page.page.locator("#ask-words").fill("it turned back")
    page.page.get_by_role("dialog").get_by_role("button", name="Call back", exact=True).click()
    wait_for("it is called back", lambda: "Called back" in page.says(".queue-bar"))
    banks.post("kham", f"/api/agreements/{agreement}/end", {"reason": "the test is over"})


def test_a_target_is_offered_by_hand_or_says_why_not(look: Look, banks: Banks) -> None:
    sighting = {**LAO_SIDE, "speed_mps": 4}
    body = {"what": "vessel", "name": "ours to give", "sighting": sighting}
    made = banks.post("somchai", "/api/targets", body)
    page = look("somchai")
    page.lossy = True  # the refusal is what is looked for
    card = page.page.locator(".alert", has_text="ours to give")
    wait_for("the target", card.count)
    assert "with us" in card.inner_text()
    card.get_by_role("button", name="Hand over", exact=True).click()
    give = page.page.get_by_role("dialog").get_by_role("button", name="Hand over", exact=True)
    give.click()
    wait_for("why not", lambda: "Not offered. " in page.says("dialog .field-fault"))
    agreement = banks.agree("targets")
    # What was seen before they agreed does not cross.
    banks.post("somchai", f"/api/targets/{made['id']}/sightings", sighting)
    page.page.locator("#ask-words").fill("heads for the ferry")
    give.click()
    offer = page.page.locator("article.offer", has_text="ours to give")
    wait_for("the offer", offer.count)
    assert "heads for the ferry" in offer.inner_text()
    assert offer.locator(".offer-eta").inner_text().startswith("in ")
    assert card.get_by_role("button", name="Hand over", exact=True).count() == 0
    banks.post("kham", f"/api/agreements/{agreement}/end", {"reason": "the test is over"})


def test_a_suspension_says_who_when_and_why_and_the_boats_leave(look: Look, banks: Banks) -> None:
    agreement = banks.agree("positions", "targets")
    banks.boat("malee", "Khong 7", "TH", lon=100.4005, lat=20.262)
    lao, thai = look("somchai"), look("chai")
    lao.mark("Khong 7")
    banks.offered("cut boat")
    wait_for("the offer", lao.page.locator("article.offer", has_text="cut boat").count)
    thai.page.locator(".shared").get_by_role("button", name="Suspend", exact=True).click()
    thai.page.locator("#ask-words").fill("by order of the ministry")
    thai.page.get_by_role("dialog").get_by_role("button", name="Suspend", exact=True).click()

    def notice() -> str:
        return lao.says(".queue-bar.suspended")

    wait_for("the notice", notice)
    assert f"{THAI_NAME} at " in notice()
    assert "by order of the ministry" in notice()
    assert "chai" not in notice(), "the other side's officer is not named"
    assert "Sharing suspended" in lao.says(".strip")
    wait_for("their boat is gone", lambda: "Khong 7" not in lao.marks())
    assert lao.page.locator(".row", has_text="Khong 7").count() == 0
    cut = lao.page.locator(".queue-bar", has_text="cut boat")
    wait_for("that the offer ended", lambda: cut.count() and "was suspended" in cut.inner_text())
    assert lao.page.get_by_role("button", name="Resume", exact=True).count() == 0

    thai.page.get_by_role("button", name="Resume", exact=True).click()
    thai.page.get_by_role("dialog").get_by_role("button", name="Resume", exact=True).click()
    wait_for("no notice", lambda: lao.page.locator(".queue-bar.suspended").count() == 0)
    banks.post("chai", f"/api/agreements/{agreement}/end", {"reason": "the test is over"})


def test_sectors_and_targets_are_on_the_map(look: Look, banks: Banks) -> None:
    agreement = banks.agree("targets", "sectors")
    square = [[100.408, 20.245], [100.418, 20.245], [100.418, 20.255], [100.408, 20.255]]
    polygon = {"type": "Polygon", "coordinates": [[*square, square[0]]]}
    reach = {"river": "Mekong", "km_from": 2354, "km_to": 2358, "width_m": 600}
    drawn = [
        banks.post("malee", "/api/sectors", body)["sector"]["id"]
        for body in (
            {"name": "Sandbank", "use": "no_go", "polygon": polygon},
            {"name": "Ferry reach", "stretch": reach},
        )
    ]
    banks.offered("mapped boat")
    page = look("malee")

    def shown(layer: str) -> set[str]:
        found = page.page.evaluate(
            """(layer) => jointPatrol.map.queryRenderedFeatures({ layers: [layer] })
                .map((each) => each.properties.label)""",
            layer,
        )
        return set(found)

    wait_for("both sectors", lambda: len(shown("sector-areas")) == 2)
    assert shown("sector-hatch") == {"Sandbank\nno-go"}
    assert shown("sector-edges") == {"Sandbank\nno-go", "Ferry reach"}
    assert shown("target-seen") >= {"mapped boat"}
    assert all(label.startswith("lands ") for label in shown("target-landing"))
    assert shown("target-landing")
    for id in drawn:
        banks.post("malee", f"/api/sectors/{id}/retire", {"reason": "the test is over"})
    wait_for("no sector", lambda: not shown("sector-areas"))
    banks.post("chai", f"/api/agreements/{agreement}/suspend", {"reason": "by order"})
    wait_for("no target of theirs", lambda: "mapped boat" not in shown("target-seen"))
    banks.post("chai", f"/api/agreements/{agreement}/end", {"reason": "the test is over"})


@SIZES
def test_axe_finds_nothing_in_a_full_queue(look: Look, banks: Banks, size: Size) -> None:
    agreement = banks.agree("targets")
    _calls(banks, f"Naga axe {size[0]}")
    banks.offered(f"boat axe {size[0]}")
    page = look("malee", size=size)
    page.page.keyboard.press("q")
    wait_for("the offer", page.page.locator("article.offer").count)
    found = violations(page.page, "offer")
    page.page.keyboard.press("x")
    wait_for("the question", page.page.locator("dialog").count)
    found += violations(page.page, "question")
    page.page.keyboard.press("Escape")
    other = look("somchai", size=size)
    other.page.keyboard.press("q")
    wait_for("the alert", other.page.locator(".alert").count)
    found += violations(other.page, "alert")
    banks.post("chai", f"/api/agreements/{agreement}/suspend", {"reason": "by order"})
    wait_for("the notice", other.page.locator(".queue-bar.suspended").count)
    found += violations(other.page, "suspension")
    small = other.page.evaluate(
        """() => [...document.querySelectorAll(".tab-content button")]
            .filter((each) => each.checkVisibility())
            .map((each) => each.getBoundingClientRect())
            .filter((box) => box.width < 43.5 || box.height < 43.5).length"""
    )
    assert (found, small) == ([], 0)
    banks.post("chai", f"/api/agreements/{agreement}/end", {"reason": "the test is over"})


@SIZES
def test_of_many_calls_the_one_nobody_has_answered_is_seen(
    look: Look, banks: Banks, size: Size
) -> None:
    units = [_calls(banks, f"Alpha {size[0]} {n}") for n in range(7)]
    for alert in banks.get("somchai", "/api/alerts"):
        if alert.get("state", "raised") in ("raised", "escalated"):
            banks.post("somchai", f"/api/alerts/{alert['id']}/acknowledge")
    page = look("somchai", size=size)
    cards = page.page.locator(".distress-card")
    wait_for("the cards", lambda: cards.count() >= len(units))
    units.append(_calls(banks, f"Zulu {size[0]} {'W' * 30}"))
    wait_for("the new one, on top", lambda: "Zulu" in cards.first.inner_text())
    box = page.page.locator(".distress-cards").bounding_box()
    assert box is not None
    assert box["y"] + box["height"] < size[1] * 0.6, "the map stays"
    name = cards.first.locator("h2")
    assert name.evaluate("(each) => each.scrollWidth <= each.clientWidth + 1"), "all of its name"
    cards.last.get_by_role("button").scroll_into_view_if_needed()
    assert cards.last.get_by_role("button").is_visible()
    for unit in units:
        banks.post("somchai", f"/api/units/{unit}/clear-distress")
    wait_for("no card of these", lambda: "Alpha" not in page.says(".distress-cards"))


def test_a_page_of_somebody_else_is_not_left_to_who_signs_in_beside_it(
    look: Look, banks: Banks
) -> None:
    page = look("somchai")
    wait_for("whose it is", lambda: LAO_NAME in page.says(".node"))
    session = banks.server.session("malee")
    page.page.context.add_cookies(  # as another tab does that signs in
        [{"name": "jp_session", "value": session, "url": banks.server.url}]
    )
    page.page.evaluate("window.dispatchEvent(new Event('focus'))")
    wait_for("the page of who is there", lambda: THAI_NAME in page.says(".node"))


def test_a_notification_brings_its_card_on_a_phone_whose_sheet_is_folded(
    look: Look, banks: Banks
) -> None:
    unit = banks.boat("malee", "Garuda 77", "TH", lon=100.405, lat=20.2687)
    banks.calls_for_help("malee", unit, lon=100.405, lat=20.2687)
    page = look("malee", size=PHONE)
    page.page.locator("#tab-alerts").tap()
    card = page.page.locator(".alert", has_text="Garuda 77")
    wait_for("the call", card.count)
    page.page.evaluate("jointPatrol.map.getCanvas().focus()")
    sheet = page.page.locator(".sheet")
    for _ in range(3):
        page.page.locator(".sheet-handle").press("ArrowDown")
    wait_for("a folded sheet", lambda: sheet.get_attribute("data-stop") == "peek")
    id = str(card.get_attribute("id"))
    page.page.evaluate(
        """(url) => navigator.serviceWorker.dispatchEvent(
            new MessageEvent("message", { data: { open: url } }))""",
        f"/?alert={id.removeprefix('card-')}",
    )
    page.page.locator(f"#{id}:focus").wait_for()
    assert sheet.get_attribute("data-stop") != "peek"


def test_an_agreement_is_drafted_and_proposed_on_the_page(look: Look, banks: Banks) -> None:
    lao = look("kham")
    page = lao.page
    page.get_by_role("button", name="Draft an agreement").click()
    dialog = page.get_by_role("dialog")
    propose = dialog.get_by_role("button", name="Propose")
    assert propose.is_disabled()
    dialog.get_by_label("Its name").fill("Night patrols")
    dialog.get_by_label(THAI_NAME).check()
    dialog.get_by_label("marks", exact=True).check()
    dialog.get_by_label("First day").fill("2026-01-01")
    dialog.get_by_label("Last day").fill("2036-12-31")
    dialog.get_by_label("River; empty: anywhere").fill("Mekong")
    dialog.get_by_label("From kilometre").fill("2354")
    dialog.get_by_label("To kilometre").fill("9999")
    dialog.get_by_label("Readable for how many days; empty: no end").fill("90")
    dialog.get_by_label("Legal basis").fill("Memorandum of 2024")
    assert violations(page, "draft") == []
    propose.click()
    dialog.get_by_text("Not proposed. The corridor cannot be drawn").wait_for()
    [refused] = lao.complaints
    assert "409" in refused
    lao.complaints.clear()
    dialog.get_by_label("To kilometre").fill("2362")
    propose.click()
    dialog.wait_for(state="detached")
    theirs = look("chai").page.locator(".shared li", has_text="Night patrols")
    theirs.get_by_text("waits for signatures").wait_for()
    [made] = [each for each in banks.get("chai", "/api/agreements") if each["state"] == "proposed"]
    assert made["terms"]["keep_days"] == 90
    assert made["terms"]["corridor"]["rings"]
    assert made["terms"]["valid_until"] == "2036-12-31T17:00:00Z", "the whole of the last day"
    assert "marks" in made["terms"]["classes"]
    wider = {
        "name": "Night patrols",
        "classes": ["positions", "distress"],
        "valid_from": made["terms"]["valid_from"],
        "valid_until": made["terms"]["valid_until"],
        "corridor": {"river": "Mekong", "km_from": 2354, "km_to": 2362, "from_river_m": 2000},
        "legal_basis": "Memorandum of 2024",
        "keep_days": 90,
        "precision_m": 500,
    }
    banks.put("kham", f"/api/agreements/{made['id']}/terms", {"terms": wider})
    theirs.get_by_role("button", name="Terms and signatures").click()
    changed = theirs.page.get_by_role("dialog")
    changed.get_by_role("button", name="Show what was changed").click()
    changed.get_by_text("Changed: What crosses, How exactly").wait_for()
    assert changed.get_by_role("status").inner_text() == "Changed: What crosses, How exactly"
    assert changed.locator(".agreement-terms").count() == 2
    assert violations(theirs.page, "compared") == []
    banks.post("kham", f"/api/agreements/{made['id']}/end", {"reason": "the test is over"})
