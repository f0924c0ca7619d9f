"""The page tells the truth about its stream: when it stops, since when, and when it goes on."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.commander import DESKTOP, Commander, looking
from tests.browser.radio import UdpRadio
from tests.fixtures.server import Server, serving, wait_for

pytestmark = [pytest.mark.browser]

BOAT = 531000202


@pytest.fixture(scope="module")
def own_radio() -> Iterator[UdpRadio]:
    with UdpRadio() as sender:
        yield sender


@pytest.fixture(scope="module")
def own_server(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory, own_radio: UdpRadio
) -> Iterator[Server]:
    """A server that may be stopped without harm to other tests."""
    folder: Path = tmp_path_factory.mktemp("stream")
    with serving(folder, channels=own_radio.table, roles=("commander",)) as running:
        yield running


@pytest.fixture
def page(browser: Browser, own_server: Server) -> Iterator[Commander]:
    opened = looking(browser, own_server, role="commander", size=DESKTOP, palette="day")
    opened.lossy = True
    yield opened
    opened.close()
    assert opened.foreign == []
    assert opened.complaints == []


def _state(page: Commander) -> str:
    return page.page.locator("#stream-state").get_attribute("data-state") or ""


def test_a_stopped_stream_greys_the_map_within_five_seconds_and_says_since_when(
    page: Commander, own_server: Server
) -> None:
    clock = page.page.clock
    clock.install()  # five seconds of the page, however long they take
    page.page.reload()
    wait_for("a live stream", lambda: _state(page) == "live")
    os.kill(own_server.pid, signal.SIGSTOP)
    try:
        clock.pause_at(page.page.evaluate("Date.now()") / 1000 + 2)
        clock.run_for(3000)
        wait_for("the word that it stopped", lambda: _state(page) == "stopped")
        assert page.page.locator(".room").get_attribute("data-stale") == "true"
        assert "grayscale" in page.page.evaluate(
            "getComputedStyle(document.querySelector('.map')).filter"
        )
        assert "No news since" in page.says("#stale")
        assert "UTC" in page.says("#stale")
    finally:
        os.kill(own_server.pid, signal.SIGCONT)
        clock.resume()
    wait_for("a live stream again", lambda: _state(page) == "live")
    assert page.page.locator("#stale").count() == 0
    assert page.page.locator(".room").get_attribute("data-stale") == "false"


def test_receptions_during_a_break_are_on_the_map_after_it(
    page: Commander, own_server: Server, own_radio: UdpRadio
) -> None:
    own_radio.says(BOAT, lon=100.40, lat=20.28)
    name = wait_for("the boat", lambda: next((k for k in page.marks() if str(BOAT) in k), None))
    page.page.context.set_offline(True)
    own_radio.says(BOAT, lon=100.405, lat=20.275)
    time.sleep(0.2)
    own_radio.says(BOAT, lon=100.41, lat=20.27)
    time.sleep(1)
    page.page.context.set_offline(False)
    wait_for(
        "the boat at its newest place",
        lambda: page.marks()[name]["place"] == pytest.approx((100.41, 20.27), abs=2e-4),
    )


def test_the_page_finds_a_server_that_was_started_again(
    page: Commander, own_server: Server, own_radio: UdpRadio
) -> None:
    wait_for("a live stream", lambda: _state(page) == "live")
    own_server.kill()
    wait_for("the word that it stopped", lambda: _state(page) == "stopped")
    own_server.start()
    wait_for("a live stream again", lambda: _state(page) == "live")
    own_radio.says(BOAT, lon=100.42, lat=20.26)
    wait_for(
        "the boat at its newest place",
        lambda: any(
            mark["place"] == pytest.approx((100.42, 20.26), abs=2e-4)
            for mark in page.marks().values()
        ),
    )


def test_a_session_that_ended_is_shown(page: Commander, own_server: Server) -> None:
    wait_for("a live stream", lambda: _state(page) == "live")
    page.page.evaluate("fetch('/api/session', { method: 'DELETE' })")
    own_server.sessions.clear()
    wait_for("the word that one is signed out", lambda: _state(page) == "refused")
    assert "signed out" in page.says("#stale")
