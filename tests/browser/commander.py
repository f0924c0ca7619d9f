"""The commander's page as a test sees it: what is drawn, what is said, what went wrong."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Page, Request

from tests.server import PASSWORD, Server, wait_for

Size = tuple[int, int]
PHONE: Size = (390, 844)
DESKTOP: Size = (1440, 900)


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
                const found = map.queryRenderedFeatures({ layers: ["unit-marks", "unit-dots"] });
                return JSON.stringify(found.map((each) => ({
                    ...each.properties,
                    place: each.geometry.coordinates,
                    pixel: map.project(each.geometry.coordinates),
                })));
            }"""
        )
        return {mark["label"].split("\n")[0]: mark for mark in json.loads(text)}

    def mark(self, call_sign: str, *, seconds: float = 20) -> dict[str, Any]:
        """Wait until `call_sign` is drawn, and return what is drawn."""
        found: dict[str, Any] = wait_for(
            f"{call_sign} on the map", lambda: self.marks().get(call_sign), seconds=seconds
        )
        return found

    def says(self, selector: str) -> str:
        """Return the text of the first element that `selector` finds, or nothing."""
        found = self.page.locator(selector).first
        return found.inner_text() if found.count() else ""


def looking(browser: Browser, server: Server, *, role: str, size: Size, palette: str) -> Commander:
    """Sign in and open the commander's page."""
    phone = size[0] < 500
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, has_touch=phone, is_mobile=phone
    )
    context.add_init_script(
        "if (!localStorage.getItem('jp.palette'))"
        f" localStorage.setItem('jp.palette', '\"{palette}\"')"
    )
    answer = context.request.post(
        f"{server.url}/api/session",
        data={"name": role, "password": PASSWORD},
        headers={"Origin": server.url},
    )
    assert answer.ok, answer.text()
    commander = Commander(context.new_page(), server)
    commander.page.goto(server.url)
    wait_for("the map", commander.drawn, seconds=40)
    return commander
