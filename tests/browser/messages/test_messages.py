"""Somebody writes to a unit's radio from its panel, and sees what becomes of it."""

from __future__ import annotations

import os
import re
import time
import tty
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Route

from tests.browser.axe import violations
from tests.browser.commander import DESKTOP, PHONE, Commander, Size, looking
from tests.browser.request_routing import routed
from tests.fixtures.server import Server, serving, wait_for

pytestmark = [pytest.mark.browser]

SIZES = pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])


class Kenwood:
    """A Kenwood radio at a pseudo-terminal, with others out on the river."""

    def __init__(self) -> None:
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)
        os.set_blocking(self._ours, False)
        self.port = os.ttyname(self._theirs)

    def close(self) -> None:
        os.close(self._ours)
        os.close(self._theirs)

    def say(self, data: bytes) -> None:
        os.write(self._ours, data)

    def told(self, seconds: float = 10) -> bytes:
        """Return the next thing it is told to transmit."""
        data, end = b"", time.monotonic() + seconds
        while not data.endswith(b"\x03") and time.monotonic() < end:
            with suppress(BlockingIOError):
                data += os.read(self._ours, 4096)
            time.sleep(0.02)
        return data

    def place_of(self, unit: int) -> None:
        """Say where FleetSync unit 100:`unit` is."""
        now = datetime.now(UTC)
        place = "A,2016.40,N,10024.60,E,000.0,000.0"
        body = f"PKLDS,{now:%H%M%S},{place},{now:%d%m%y},004.2,W00,100,{unit},15,00,"
        checksum = 0
        for byte in body.encode():
            checksum ^= byte
        self.say(f"${body}*{checksum:02X}\r\n".encode())


@pytest.fixture(scope="module")
def radios() -> Iterator[tuple[Kenwood, Kenwood]]:
    """One that may transmit, and one that only listens."""
    both = Kenwood(), Kenwood()
    yield both
    for radio in both:
        radio.close()


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, radios: tuple[Kenwood, Kenwood]
) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("messages")
    channels = "".join(
        f'[[channels]]\nname = "{name}"\nurl = "serial://{radio.port}"\n'
        f'protocols = ["kenwood"]\nmessages_per_minute = 60\n{more}\n'
        for name, radio, more in (
            ("base", radios[0], "listen_only = false"),
            ("pier", radios[1], ""),
        )
    )
    with serving(folder, channels=channels, roles=("commander", "planner")) as running:
        with running.client() as client:
            for radio, unit, name in ((radios[0], 1001, "Naga 1"), (radios[1], 1002, "Naga 2")):

                def heard(radio: Kenwood = radio, unit: int = unit) -> bool:
                    radio.place_of(unit)
                    known = client.get("/api/radios/unknown").json()
                    return any(each["address"] == f"kenwood:100:{unit}" for each in known)

                wait_for(f"radio {unit}", heard)
                made = client.post("/api/units", json={"call_sign": name, "kind": "boat"}).json()
                body = {"address": f"kenwood:100:{unit}", "unit": made["id"]}
                assert client.post("/api/assignments", json=body).is_success
        yield running


@pytest.fixture
def look(browser: Browser, server: Server) -> Iterator[object]:
    pages: list[Commander] = []

    def open_page(call_sign: str, *, role: str = "commander", size: Size = DESKTOP) -> Commander:
        page = looking(browser, server, role=role, size=size, palette="day")
        pages.append(page)
        page.page.keyboard.press("/")
        page.page.locator(".row", has_text=call_sign).first.click()
        page.page.keyboard.press("u")
        wait_for("the detail", lambda: page.says("#unit-title") == call_sign)
        return page

    yield open_page
    for page in pages:
        page.close()
    for page in pages:
        assert page.complaints == []


def _states(page: Commander) -> list[str]:
    return page.page.locator(".message-state").all_inner_texts()


@SIZES
def test_a_message_is_written_sent_and_answered(
    look: object, radios: tuple[Kenwood, Kenwood], size: Size
) -> None:
    page = look("Naga 1", size=size)  # type: ignore[operator]
    page.page.keyboard.press("t")
    wait_for("the form", lambda: page.page.evaluate("document.activeElement.id") == "message-text")
    assert "Over base to kenwood:100:1001" in page.says(".message .way")
    page.page.keyboard.type("Return to the pier")
    page.page.get_by_role("button", name="Send", exact=True).click()
    assert radios[0].told() == b"\x02F1001001Return to the pier\x03"
    wait_for("it is sent", lambda: _states(page)[:1] == ["Sent, no answer yet"])
    radios[0].say(b"\x020\x03")
    wait_for("the answer", lambda: _states(page)[:1] == ["Received"])
    assert "Return to the pier" in page.says(".message-log")

    page.page.get_by_role("button", name="Ask position").click()
    page.page.get_by_role("button", name="Ask where it is").click()
    assert radios[0].told() == b"\x02R31001001\x03"
    radios[0].say(b"\x020\x03")
    radios[0].place_of(1001)
    wait_for("its position", lambda: _states(page)[:1] == ["Position came"])


def _write(page: Commander, words: str) -> None:
    page.page.locator("#message-text").fill(words)
    page.page.get_by_role("button", name="Send", exact=True).click()
    wait_for("it is in the log", lambda: words in page.says(".message-log li"))


@SIZES
def test_a_message_that_waits_is_cancelled_in_two_taps(
    look: object, radios: tuple[Kenwood, Kenwood], size: Size
) -> None:
    page = look("Naga 1", size=size)  # type: ignore[operator]
    wait_for("the form", lambda: page.page.locator("#message-text").count() == 1)
    _write(page, "the first")
    assert b"the first" in radios[0].told()
    _write(page, "the second")  # waits: the radio has not answered the first
    newest = page.page.locator(".message-log li").first
    newest.get_by_role("button", name="Cancel").click()
    in_focus = "document.activeElement.innerText"  # a second tap or key calls nothing off
    wait_for("it asks", lambda: page.page.evaluate(in_focus) == "Keep it")
    newest.get_by_role("button", name="Keep it").click()
    assert newest.get_by_role("button").all_inner_texts() == ["Cancel"]
    newest.get_by_role("button", name="Cancel").click()
    newest.get_by_role("button", name="Yes, do not send it").click()
    wait_for("it is cancelled", lambda: _states(page)[0] == "Cancelled, not sent")
    assert newest.get_by_role("button").count() == 0
    radios[0].say(b"\x020\x03")
    assert radios[0].told(seconds=1) == b""


def test_a_user_who_cancels_too_late_is_reported_so(
    look: object, radios: tuple[Kenwood, Kenwood]
) -> None:
    page = look("Naga 1")  # type: ignore[operator]
    page.lossy = True
    wait_for("the form", lambda: page.page.locator("#message-text").count() == 1)
    _write(page, "number one")
    assert b"number one" in radios[0].told()
    _write(page, "number two")
    newest = page.page.locator(".message-log li").first
    newest.get_by_role("button", name="Cancel").click()
    held = re.compile(r"/api/orders\?")
    routed(page.page, held, lambda _route: None)  # a thin network: the page does not hear of it yet
    radios[0].say(b"\x020\x03")
    assert b"number two" in radios[0].told()
    newest.get_by_role("button", name="Yes, do not send it").click()
    wait_for("why", lambda: "Too late to cancel" in newest.inner_text())
    page.page.unroute(held)
    radios[0].say(b"\x020\x03")


def test_what_is_written_while_a_message_is_sent_is_not_lost(
    look: object, radios: tuple[Kenwood, Kenwood]
) -> None:
    page = look("Naga 1")  # type: ignore[operator]
    wait_for("the form", lambda: page.page.locator("#message-text").count() == 1)
    words = page.page.locator("#message-text")
    held: list[Route] = []
    routed(
        page.page, "**/api/orders", lambda route: route.continue_() if held else held.append(route)
    )
    words.fill("wait for us")
    page.page.get_by_role("button", name="Send", exact=True).click()
    wait_for("it is under way", lambda: words.count() and held)
    words.fill("no, go on")
    held[0].continue_()
    assert b"wait for us" in radios[0].told()
    radios[0].say(b"\x020\x03")
    wait_for("it is in the log", lambda: "wait for us" in page.says(".message-log li"))
    assert words.input_value() == "no, go on"
    for name in ("Naga 2", "Naga 1"):  # to look at another loses nothing either
        page.page.locator(".row", has_text=name).first.click()
        wait_for(name, lambda name=name: page.says("#unit-title") == name)
    wait_for("the form", lambda: words.count() == 1)
    assert words.input_value() == "no, go on"
    words.fill("")


def test_a_message_under_way_is_not_found_as_if_it_were_not(
    look: object, radios: tuple[Kenwood, Kenwood]
) -> None:
    page = look("Naga 1")  # type: ignore[operator]
    words = page.page.locator("#message-text")
    wait_for("the form", lambda: words.count() == 1)
    held: list[Route] = []
    routed(
        page.page, "**/api/orders", lambda route: route.continue_() if held else held.append(route)
    )
    words.fill("come to the pier")
    page.page.get_by_role("button", name="Send", exact=True).click()
    wait_for("it is under way", lambda: words.count() and held)
    for name in ("Naga 2", "Naga 1"):
        page.page.locator(".row", has_text=name).first.click()
        wait_for(name, lambda name=name: page.says("#unit-title") == name)
    wait_for("the form", lambda: words.count() == 1)
    assert words.input_value() == "", "who sends it again sends it twice"
    held[0].continue_()
    assert b"come to the pier" in radios[0].told()
    radios[0].say(b"\x020\x03")
    wait_for("it is in the log", lambda: "come to the pier" in page.says(".message-log li"))


LOG = re.compile(r"/api/orders\?")


def _lose_answers(page: Commander) -> None:
    """Have the server take each message, and the page never hear of it."""

    def lose(route: Route) -> None:
        route.fetch()
        route.abort()

    page.lossy = True
    routed(page.page, "**/api/orders", lose)


def test_a_message_whose_answer_was_lost_is_sent_again_and_arrives_once(
    look: object, radios: tuple[Kenwood, Kenwood]
) -> None:
    page = look("Naga 1")  # type: ignore[operator]
    words = page.page.locator("#message-text")
    send = page.page.get_by_role("button", name="Send", exact=True)
    wait_for("the form", lambda: words.count() == 1)
    routed(page.page, LOG, lambda route: route.abort())  # nor of what became of it
    _lose_answers(page)
    words.fill("only once")
    send.click()
    wait_for("it is said", lambda: "Not sent." in page.says(".message .field-fault"))
    assert b"only once" in radios[0].told()
    radios[0].say(b"\x020\x03")

    words.fill("only once!")  # mended, and mended back
    words.fill("only once")
    send.click()
    wait_for("it is said again", lambda: "Not sent." in page.says(".message .field-fault"))
    for name in ("Naga 2", "Naga 1"):
        page.page.locator(".row", has_text=name).first.click()
        wait_for(name, lambda name=name: page.says("#unit-title") == name)
    wait_for("the form", lambda: words.count() == 1)
    assert words.input_value() == "only once"
    page.page.unroute("**/api/orders")
    page.page.locator("#message-expires").select_option("60")
    send.click()
    wait_for("it is gone", lambda: words.input_value() == "")
    page.page.unroute(LOG)
    assert radios[0].told(seconds=2) == b""

    words.fill("only once")  # and later, as another
    send.click()
    assert b"only once" in radios[0].told()
    radios[0].say(b"\x020\x03")


def test_a_message_whose_answer_was_lost_is_taken_from_the_form_once_it_is_in_the_log(
    look: object, radios: tuple[Kenwood, Kenwood]
) -> None:
    page = look("Naga 1")  # type: ignore[operator]
    words = page.page.locator("#message-text")
    wait_for("the form", lambda: words.count() == 1)
    _lose_answers(page)
    words.fill("wait at the bend")
    page.page.get_by_role("button", name="Send", exact=True).click()
    assert b"wait at the bend" in radios[0].told()
    radios[0].say(b"\x020\x03")
    wait_for("it is in the log", lambda: "wait at the bend" in page.says(".message-log li"))
    wait_for("it left the form", lambda: words.input_value() == "")
    assert page.page.locator(".message .field-fault").count() == 0


def test_a_message_without_words_is_not_sent(look: object) -> None:
    page = look("Naga 1")  # type: ignore[operator]
    wait_for("the form", lambda: page.page.locator("#message-text").count() == 1)
    page.page.get_by_role("button", name="Send", exact=True).click()
    assert page.says(".message .field-fault") == "Write what to say."


def test_a_channel_that_only_listens_says_so_and_offers_nothing(
    look: object, radios: tuple[Kenwood, Kenwood]
) -> None:
    page = look("Naga 2")  # type: ignore[operator]
    wait_for("why", lambda: "Cannot be sent over pier" in page.says(".message"))
    assert "only listens" in page.says(".message")
    assert page.page.locator(".message button, .message textarea").count() == 0
    assert radios[1].told(seconds=0.3) == b""


def test_a_user_who_may_not_send_reads_the_messages(look: object) -> None:
    page = look("Naga 1", role="planner")  # type: ignore[operator]
    wait_for("the log", lambda: page.page.locator(".message-log li").count() > 0)
    assert page.page.locator(".message textarea, .message button").count() == 0


@SIZES
def test_axe_finds_nothing_and_everything_fits_a_finger(look: object, size: Size) -> None:
    page = look("Naga 1", size=size)  # type: ignore[operator]
    wait_for("the form", lambda: page.page.locator("#message-text").count() == 1)
    page.page.locator(".message").scroll_into_view_if_needed()
    assert violations(page.page, "message") == []
    small = page.page.evaluate(
        """() => [...document.querySelectorAll(".message :is(button, input, select, textarea)")]
            .map((each) => [each.getBoundingClientRect(), each.outerHTML.slice(0, 90)])
            .filter(([box]) => box.width < 43.5 || box.height < 43.5)"""
    )
    assert small == []
