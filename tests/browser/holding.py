"""A request that is held under way, so that a test does something meanwhile."""

from __future__ import annotations

from playwright.sync_api import Page, Route


class FirstChange:
    """The first PATCH of a page to what matches `url`: held until it is let go.

    Args:
        page: Which.
        url: As for `Page.route`.
    """

    def __init__(self, page: Page, url: str) -> None:
        self._page, self._url = page, url
        self._held: list[Route] = []
        page.route(url, self._hold)

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
        self._page.unroute(self._url)

    def _hold(self, route: Route) -> None:
        if route.request.method == "PATCH" and not self._held:
            self._held.append(route)
        else:
            route.continue_()
