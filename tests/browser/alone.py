"""A browser for files outside `tests/browser`: it ends with the file.

Playwright keeps an event loop while it runs; the files beside these run loops of their own.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import Chromium
from tests.fixtures import needs


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A running Chromium of one file."""
    needs.web_client()
    with sync_playwright() as playwright:
        started = Chromium(playwright)
        yield started.running()
        started.close()
