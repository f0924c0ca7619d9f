"""A screen reader is told once what happened, not each second how long ago that is."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.commander import DESKTOP, looking
from tests.browser.read_aloud import listen, read_aloud
from tests.fixtures.server import Server, serving, wait_for

pytestmark = [pytest.mark.browser]


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[Server]:
    """A server that may be stopped without harm to other tests."""
    with serving(tmp_path, channels="", roles=("commander",)) as running:
        yield running


def test_ages_that_grow_on_the_commanders_page_are_not_read_each_second(
    browser: Browser, own_server: Server
) -> None:
    with own_server.client() as client:
        body = {"device": "pole-4", "lon": 100.408, "lat": 20.272, "distress": True}
        client.post("/api/positions", json=body).raise_for_status()
    page = looking(browser, own_server, role="commander", size=DESKTOP, palette="day")
    page.lossy = True
    wait_for("the card", lambda: "calls for help" in page.says(".distress-cards"))
    listen(page.page)
    os.kill(own_server.pid, signal.SIGSTOP)
    try:
        wait_for("the word that it stopped", lambda: "No news since" in page.says("#stale"))
        assert any("No news since" in words for words in read_aloud(page.page))
        listen(page.page)
        for place in ("#stale", ".distress-cards"):
            before = page.says(place)
            wait_for(f"time in {place}", lambda p=place, b=before: page.says(p) != b)
        assert read_aloud(page.page) == []
    finally:
        os.kill(own_server.pid, signal.SIGCONT)
    page.close()
    assert page.complaints == []
