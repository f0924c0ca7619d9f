"""A real server with a real UDP channel, and a real Chromium that looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests import needs
from tests.browser.commander import Commander, Size, looking
from tests.browser.radio import UdpRadio
from tests.server import Server, serving

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

Look = Callable[..., Commander]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running Chromium. Playwright keeps an event loop while it runs, so it must not outlive its
    module: tests that run loops of their own could not.
    """
    needs.web_client()
    chromium = needs.program("chromium")
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        yield running
        running.close()


@pytest.fixture(scope="package")
def radio() -> Iterator[UdpRadio]:
    with UdpRadio() as sender:
        yield sender


@pytest.fixture(scope="package")
def server(tmp_path_factory: pytest.TempPathFactory, radio: UdpRadio) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("browser")
    roles = ("commander", "technician", "crew")
    with serving(folder, channels=radio.table, roles=roles) as running:
        yield running


@pytest.fixture
def look(browser: Browser, server: Server) -> Iterator[Look]:
    """Open the commander's page: `look(role=…, size=…, palette=…)`.

    At the end nothing may have gone wrong in the browser and nothing may have left the server.
    """
    open_pages: list[Commander] = []

    def open_page(
        role: str = "commander", size: Size = (1440, 900), palette: str = "day"
    ) -> Commander:
        page = looking(browser, server, role=role, size=size, palette=palette)
        open_pages.append(page)
        return page

    yield open_page
    for page in open_pages:
        page.close()
    for page in open_pages:
        assert page.foreign == [], "a request left the server"
        assert page.complaints == []
