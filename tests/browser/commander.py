"""The commander's page as a test sees it: what is drawn, what is said, what went wrong."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.fixtures.patience import PATIENCE_S
from tests.fixtures.server import Server, wait_for

Size = tuple[int, int]
PHONE: Size = (390, 844)
DESKTOP: Size = (1440, 900)
DRAFT = 0.25
"""Pixels of the screen for each CSS pixel, where no test looks at pixels: a sixteenth to draw."""
GEOGRAPHY = ("places", "crossings", "borders", "blos", "rivers", "river_km")
"""What people can switch off of the map under all that moves: a third of the work of a page."""


class Commander:
    """One open page.

    Attributes:
        page: Playwright's page.
        foreign: Addresses asked for that are not the server's.
        complaints: Errors and warnings of the browser's console, and uncaught errors.
    """

    def __init__(self, page: Page, server: Server) -> None:
        self.page = page
        self.foreign: list[str] = []
        self.complaints: list[str] = []
        self._host = urlsplit(server.url).netloc
        self.lossy = False
        page.on("request", self._asked)
        page.on("console", self._told)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _asked(self, request: Request) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https", "ws", "wss") and parts.netloc != self._host:
            self.foreign.append(request.url)

    def _told(self, message: ConsoleMessage) -> None:
        if message.type not in ("error", "warning"):
            return
        # What a test breaks on purpose is complained of by the browser itself.
        if self.lossy and ("WebSocket" in message.text or "Failed to load" in message.text):
            return
        if "GPU stall due to ReadPixels" in message.text:
            return
        self.complaints.append(message.text)

    def close(self) -> None:
        """Close the page and its browser context."""
        self.page.context.close()

    def drawn(self) -> bool:
        """Return whether the map has drawn all that it has."""
        return bool(self.page.evaluate("!!window.jointPatrol && jointPatrol.map.loaded()"))

    def marks(self) -> dict[str, dict[str, Any]]:
        """Return what the map has drawn for units: label to properties, place and pixel."""
        text = self.page.evaluate(
            """() => {
                if (!window.jointPatrol) return "[]";
                const map = jointPatrol.map;
                const layers = ["unit-marks", "unit-dots"];
                if (!layers.every((layer) => map.getLayer(layer))) return "[]";  // not there yet
                const found = map.queryRenderedFeatures({ layers });
                return JSON.stringify(found.map((each) => ({
                    ...each.properties,
                    place: each.geometry.coordinates,
                    pixel: map.project(each.geometry.coordinates),
                })));
            }"""
        )
        return {mark["label"].split("\n")[0]: mark for mark in json.loads(text)}

    def mark(self, call_sign: str, *, seconds: float = PATIENCE_S) -> dict[str, Any]:
        """Wait until `call_sign` is drawn, and return what is drawn."""
        found: dict[str, Any] = wait_for(
            f"{call_sign} on the map", lambda: self.marks().get(call_sign), seconds=seconds
        )
        return found

    def says(self, selector: str) -> str:
        """Return the text of the first element that `selector` finds, or nothing."""
        found = self.page.locator(selector).first
        return found.inner_text() if found.count() else ""


def opened(
    browser: Browser,
    server: Server,
    path: str = "/",
    *,
    role: str | None,
    size: Size = DESKTOP,
    palette: str = "day",
    moving: bool = False,
    sharp: bool = False,
    geography: bool = False,
    at: tuple[float, float] | None = None,
    script: str = "",
) -> Commander:
    """Open a page of the server.

    Args:
        browser: In which.
        server: Whose page.
        path: Of the page.
        role: Name of who is signed in; a stranger when None.
        size: Of the window, CSS pixels.
        palette: In which it is drawn until one is chosen on it.
        moving: Let the map fly and what rings pulse. Without, the browser says that its user wants
            no motion, as a system's settings have it: the page shows the same, at once, and does
            not draw itself sixty times a second.
        sharp: Draw every pixel, for who looks at them; else `DRAFT`.
        geography: Show the reference layers from the start, for who looks at them. Without, they
            are off until they are switched on, as for a user who switched them off on the page.
        at: Longitude and latitude that the browser tells; none when None.
        script: Runs in the page before its own.
    """
    phone = size[0] < 500
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        has_touch=phone,
        is_mobile=phone,
        reduced_motion="no-preference" if moving else "reduce",
        device_scale_factor=1 if sharp else DRAFT,
    )
    context.set_default_timeout(PATIENCE_S * 1000)
    if at is not None:
        context.grant_permissions(["geolocation"], origin=server.url)
        context.set_geolocation({"longitude": at[0], "latitude": at[1], "accuracy": 12})
    chosen = {"jp.palette": palette, "jp.hidden": [] if geography else GEOGRAPHY}
    # The frame of a report's preview has no storage, which is as it should be.
    context.add_init_script(
        f"try {{ for (const [name, value] of Object.entries({json.dumps(chosen)}))"
        " if (!localStorage.getItem(name)) localStorage.setItem(name, JSON.stringify(value))"
        " } catch {}"
    )
    if script:
        context.add_init_script(script)
    if role is not None:
        session = server.session(role)
        context.add_cookies([{"name": "jp_session", "value": session, "url": server.url}])
    page = Commander(context.new_page(), server)
    page.page.goto(server.url + path)
    return page


def looking(
    browser: Browser,
    server: Server,
    *,
    role: str,
    size: Size,
    palette: str,
    **how: Any,
) -> Commander:
    """Open the commander's page as somebody, as `opened` does, and wait until its map is drawn."""
    page = opened(browser, server, role=role, size=size, palette=palette, **how)
    wait_for("the map", page.drawn)
    return page
