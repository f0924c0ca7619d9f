"""The technician's page: links, rejected frames, second senders, and why a radio is missing."""

from __future__ import annotations

import re

import pytest

from tests.browser.commander import DESKTOP, PHONE, Size
from tests.browser.conftest import Look
from tests.browser.radio import UdpRadio
from tests.fixtures.server import Server, wait_for

pytestmark = [pytest.mark.browser]

BAD = b"$GPRMC,023000,A,2016.2,N,10024.6,E,0.1,,241126,,*00\r\n"


@pytest.fixture(scope="module", autouse=True)
def heron(server: Server, radio: UdpRadio) -> str:
    """A boat that is bound to a link that is not there, and a second sender under its address."""
    with server.client() as client:
        unit = client.post("/api/units", json={"call_sign": "Bittern", "kind": "boat"}).json()
        client.post(f"/api/units/{unit['id']}/plot", json={"river_km": 2356})
        bound = {"address": "ais:567000880", "unit": unit["id"], "channel": "pier"}
        assert client.post("/api/assignments", json=bound).status_code == 201
    radio.says(567000880, lon=100.515, lat=20.262)
    radio.says(567000881, lon=100.415, lat=20.262)
    radio.raw(BAD)
    return str(unit["id"])


def test_a_link_shows_how_much_it_hears_and_what_it_rejects(look: Look, radio: UdpRadio) -> None:
    page = look(role="technician")
    page.page.locator("#tab-channels").click()
    card = page.page.locator(".card", has_text="river")
    wait_for("the reason", lambda: "Wrong checksum" in card.inner_text())
    for figure in ("A minute", "Last heard", "Messages", "Rejected"):
        assert figure in card.inner_text()
    card.get_by_role("button", name="Show what was rejected").click()
    wait_for("the frame", lambda: card.locator(".frame").count() > 0)
    frame = card.locator(".frame").first.inner_text()
    assert "$GPRMC,023000" in frame
    assert "24 47 50 52 4D 43".lower() in frame.lower()
    for _ in range(3):
        radio.says(567000881, lon=100.415, lat=20.262)
    wait_for("the rate", lambda: "counting" not in card.inner_text())


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_technician_asks_why_a_radio_is_missing(look: Look, size: Size) -> None:
    page = look(role="technician", size=size)
    page.page.locator("#tab-channels").click()
    field = page.page.get_by_label("MMSI")
    field.fill("ais:567000888")
    field.press("Enter")
    verdict = page.page.locator(".why-verdict")
    wait_for("a verdict", lambda: verdict.count() > 0)
    assert "was never heard" in verdict.inner_text()
    page.page.locator(".why-close button", has_text="ais:567000881").click()
    wait_for("another", lambda: "unknown radio" in verdict.inner_text())
    assert "Assign it to its unit." in page.page.locator(".why-answer").inner_text()
    assert page.page.locator(".hop").count() == 6
    hops = page.page.locator(".hops").inner_text()
    # With its date, if midnight in Bangkok has passed since.
    assert re.search(r"Last heard at (\d{4}-\d\d-\d\d )?\d\d:\d\d \(\+07\) by river", hops)
    assert "UTC" not in hops
    page.page.locator(".why-answer summary").first.click()
    assert "!AIVDM" in page.page.locator(".why-answer pre").first.inner_text()


def test_a_user_who_may_make_no_units_is_shown_whom_to_ask(look: Look) -> None:
    for role, may in (("technician", False), ("commander", True)):
        page = look(role=role)
        page.page.locator("#tab-unknown").click()
        page.page.locator(".row", has_text="567000881").click()
        page.page.get_by_role("button", name="Assign to a unit").click()
        dialog = page.page.locator("dialog")
        offered = dialog.locator("#assign-unit option").all_inner_texts()
        assert "Bittern" in offered
        assert ("New unit" in offered) is may
        told = "Ask a commander or administrator to make the unit" in dialog.inner_text()
        assert told is not may


def test_a_second_sender_stands_in_the_strip_the_unit_and_the_list(look: Look) -> None:
    page = look()
    item = page.page.locator(".claim-item")
    wait_for("the item", lambda: item.count() > 0)
    page.page.keyboard.press("/")
    page.page.locator(".row", has_text="Bittern").first.click()
    note = page.page.locator(".claim-notes")
    wait_for("the note", lambda: note.count() > 0)
    text = note.first.inner_text()
    assert "ais:567000880 is also claimed from river, " in text
    assert "km away, since " in text
    page.page.locator("#tab-unknown").click()
    row = page.page.locator(".row", has_text="ais:567000880@river")
    assert "Two senders" in row.inner_text()
    row.click()
    wait_for("the note", lambda: page.page.locator(".radio-more .claim-notes").count() > 0)
