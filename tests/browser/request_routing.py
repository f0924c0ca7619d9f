"""Requests of a page that a test answers, loses or holds."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page, Route

from tests.fixtures.server import wait_for

_PROBE = "/sign-in?routed"


def routed(page: Page, url: str | re.Pattern[str], handler: Callable[[Route], Any]) -> None:
    """Have `handler` decide on what the page asks for, as `Page.route` does, and nothing slip past.

    The process that draws the page is told of it without waiting for it: on a busy machine one
    request in some hundred that a test made right after `Page.route` went to the server (tried),
    and once a page with a service worker asked past it for a minute. So it is routed anew until a
    request of the page comes here.

    Args:
        page: A signed-in one, on the network.
        url: As for `Page.route`.
        handler: As for `Page.route`.
    """
    caught: list[Route] = []

    def catch(route: Route) -> None:
        caught.append(route)
        route.fulfill(body="")

    probe = f"**{_PROBE}"
    page.route(url, handler)
    page.route(probe, catch)

    def has_begun() -> bool:
        page.evaluate("(url) => fetch(url).then(() => undefined)", _PROBE)
        if not caught:  # where nothing else is routed, this ends it all and begins it again
            page.unroute(url, handler)
            page.unroute(probe, catch)
            page.route(url, handler)
            page.route(probe, catch)
        return bool(caught)

    wait_for("the page's requests to be routed", has_begun)


class FirstChange:
    """The first PATCH of a page to what matches `url`: held until it is let go.

    Args:
        page: Which.
        url: As for `Page.route`.
    """

    def __init__(self, page: Page, url: str) -> None:
        self._page = page
        self._held: list[Route] = []
        routed(page, url, self._hold)

    @property
    def is_held(self) -> bool:
        """Whether it was sent, and is held."""
        return bool(self._held)

    def let_go(self) -> None:
        """Let it go on, and hold up nothing more.

        What is routed waits for this process, which does nothing of the kind while it waits for
        something else than the page: a second change would not leave it then.
        """
        self._held[0].continue_()
        self._page.unroute_all()

    def _hold(self, route: Route) -> None:
        if route.request.method == "PATCH" and not self._held:
            self._held.append(route)
        else:
            route.continue_()
