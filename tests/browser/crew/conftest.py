"""What tests of the crew's page begin with: a server with a crew, its patrol, and phones."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.crew.phone import Phone, crewed, phones_of
from tests.fixtures.server import Server, serving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serve a commander, a planner and a crew; each file has a server of its own."""
    folder = tmp_path_factory.mktemp("crew")
    with serving(folder, channels="", roles=("commander", "planner", "crew")) as running:
        yield running


@pytest.fixture(scope="module")
def documents(server: Server) -> dict[str, Any]:
    """Return the crew's unit and its patrol, ready to start."""
    return crewed(server)


@pytest.fixture
def phones(
    browser: Browser, server: Server, documents: dict[str, Any]
) -> Iterator[Callable[..., Phone]]:
    """Yield what opens phones of the crew."""
    with phones_of(browser, server) as take:
        yield take
