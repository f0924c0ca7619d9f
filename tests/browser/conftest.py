"""A real server with a real UDP channel, and a real Chromium that looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Playwright, expect, sync_playwright

from tests.browser.commander import Commander, Size, looking
from tests.browser.radio import UdpRadio
from tests.fixtures import needs
from tests.fixtures.patience import PATIENCE_S
from tests.fixtures.server import Server, serving

# SwiftShader draws WebGL without a graphics processor; the rest keeps the browser from calling out.
FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]

QUICK = [*FLAGS, "--disable-gpu-compositing"]
"""For tests: the map is drawn by WebGL all the same, but the page about it not as one more picture
of it: a third less work (what is measured elsewhere is measured with `FLAGS`).
"""

Look = Callable[..., Commander]

expect.set_options(timeout=PATIENCE_S * 1000)


class Chromium:
    """A running Chromium, started again if it fell down.

    Args:
        playwright: What starts it.
        program: Path of it; the quickest that there is if not said.
    """

    def __init__(self, playwright: Playwright, program: str | None = None) -> None:
        self._playwright = playwright
        self._program = program or needs.headless_chromium()
        self._running: Browser | None = None

    def running(self) -> Browser:
        """Return the browser; a context of it shares nothing with another."""
        if self._running is None or not self._running.is_connected():
            self._running = self._playwright.chromium.launch(
                executable_path=self._program, args=QUICK
            )
        return self._running

    def close(self) -> None:
        """Stop it."""
        if self._running is not None:
            self._running.close()


@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    """Playwright keeps an event loop while it runs, so it must not outlive its package: tests that
    run loops of their own could not.
    """
    needs.web_client()
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="package")
def chromium(playwright: Playwright) -> Iterator[Chromium]:
    started = Chromium(playwright)
    yield started
    started.close()


@pytest.fixture(scope="module")
def browser(chromium: Chromium) -> Browser:
    """A running Chromium, the same for all files: every test opens a context of its own."""
    return chromium.running()


@pytest.fixture(scope="module")
def radio() -> Iterator[UdpRadio]:
    with UdpRadio() as sender:
        yield sender


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, radio: UdpRadio) -> Iterator[Server]:
    """A server for each file: what one file leaves on the map moves what another looks at."""
    folder: Path = tmp_path_factory.mktemp("browser")
    roles = ("commander", "planner", "technician", "crew", "admin")
    with serving(folder, channels=radio.table, roles=roles) as running:
        yield running


@pytest.fixture
def look(browser: Browser, server: Server) -> Iterator[Look]:
    """Open the commander's page: `look(role=…, size=…, palette=…)`, and how `opened` does it.

    At the end nothing may have gone wrong in the browser and nothing may have left the server.
    """
    open_pages: list[Commander] = []

    def open_page(
        role: str = "commander",
        size: Size = (1440, 900),
        palette: str = "day",
        **how: Any,
    ) -> Commander:
        page = looking(browser, server, role=role, size=size, palette=palette, **how)
        open_pages.append(page)
        return page

    yield open_page
    for page in open_pages:
        page.close()
    for page in open_pages:
        assert page.foreign == [], "a request left the server"
        assert page.complaints == []
