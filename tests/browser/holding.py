"""A request that is held under way, so that a test does something meanwhile."""

from __future__ import annotations

from playwright.sync_api import Page, Route


def hold_first_change(page: Page, url: str) -> list[Route]:
    """Hold the first PATCH to what matches `url`.

    Returns:
        Where it is put once it is sent; the test lets it go on.
    """
    held: list[Route] = []

    def hold(route: Route) -> None:
        if route.request.method == "PATCH" and not held:
            held.append(route)
        else:
            route.continue_()

    page.route(url, hold)
    return held
