"""Pictures of every page of a demo, to be looked at: `python -m tests.browser.screenshots`.

Each page × language × palette × size, and one contact sheet of all of them. Texts that are cut off,
or that stick out of what holds them, are told by name: they are what a long language breaks.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from patrol.units.accounts import LANGUAGES
from tests.browser.conftest import FLAGS
from tests.maps.demo.demo_process import Demo, demo

SIZES: Final = {"desktop": (1440, 900), "phone": (390, 844)}
THUMB: Final = 360
PIN: Final = "271828"
BOAT: Final = "Naga 1"

# Elements whose text is wider than they are though nothing tells the reader that it goes on.
CUT_OFF: Final = """() => {
    const texts = "button, a, label, h1, h2, h3, th, dt, .tabs *, summary";
    const wide = document.documentElement.scrollWidth;
    return [...document.querySelectorAll(texts)]
        .filter((each) => each.checkVisibility() && !each.closest("[inert], .hidden, svg"))
        .filter((each) => each.clientWidth > 0 && each.scrollWidth > each.clientWidth + 2)
        .filter((each) => getComputedStyle(each).overflowX !== "visible")
        .map((each) => each.textContent.trim().slice(0, 60))
        .concat(wide > innerWidth + 1 ? [`page is ${wide} px wide`] : []);
}"""


@dataclass(frozen=True)
class Shot:
    """One page in one state.

    Attributes:
        name: Of the file.
        path: Of the page.
        role: Who looks; None for a stranger.
        act: What to do before the picture.
        enrolled: Whether it is a phone that a crew has enrolled and opened with its PIN.
    """

    name: str
    path: str
    role: str | None = "commander"
    act: Callable[[Page], None] = lambda page: None
    enrolled: bool = False


def _tab(name: str) -> Callable[[Page], None]:
    return lambda page: page.locator(f"#tab-{name}").click()


def _first(selector: str) -> Callable[[Page], None]:
    def press(page: Page) -> None:
        found = page.locator(selector).first
        if found.count():
            found.click()

    return press


def _unit(page: Page) -> None:
    page.keyboard.press("/")
    page.locator("#unit-search").fill("Naga 1")
    page.keyboard.press("Enter")
    page.keyboard.press("u")


def _search(page: Page) -> None:
    page.keyboard.press("/")
    page.locator("#unit-search").fill("chiang")


def _in_patrols(page: Page) -> None:
    page.locator("#tab-patrols").click()
    page.locator(".rows button", has_text="Morning patrol").click()


def _played(name: str) -> Callable[[Page], None]:
    def load(page: Page) -> None:
        page.locator("#load").click()
        page.locator(".scrubber[data-ready=true]").wait_for()
        _tab(name)(page)

    return load


def _preview(page: Page) -> None:
    page.locator("form [type=submit]").click()
    page.locator("iframe").wait_for()
    page.wait_for_timeout(1500)


SHOTS: Final = (
    Shot("sign-in", "/sign-in", role=None),
    Shot("map", "/"),
    Shot("map-alerts", "/", act=_tab("alerts")),
    Shot("map-unit", "/", act=_unit),
    Shot("map-layers", "/", act=_tab("map")),
    Shot("map-channels", "/", act=_tab("channels")),
    Shot("map-unknown", "/", act=_tab("unknown")),
    Shot("map-search", "/", act=_search),
    Shot("planner-sectors", "/planner", role="planner"),
    Shot("planner-sector", "/planner", role="planner", act=_first(".rows button")),
    Shot("planner-patrol", "/planner", role="planner", act=_in_patrols),
    Shot("planner-patrols", "/planner", role="planner", act=_first("#tab-patrols")),
    Shot("planner-coverage", "/planner", role="planner", act=_first("#tab-coverage")),
    Shot("replay", "/replay"),
    *(Shot(f"replay-{tab}", "/replay", act=_played(tab)) for tab in ("then", "totals", "save")),
    Shot("reports", "/reports"),
    Shot("report", "/reports", act=_preview),
    Shot("account", "/account", role="admin"),
    Shot("counterparts", "/counterparts"),
    Shot("crew", "/crew", role="crew"),
    *(
        Shot(f"crew-{tab}", "/crew", role=None, act=_tab(tab), enrolled=True)
        for tab in ("patrol", "map", "report", "texts", "more")
    ),
    Shot("enrol", "/enrol#code=unknown", role=None),
    Shot("trust", "/trust", role=None),
)


class Photographer:
    """Takes pictures of one demo.

    Args:
        browser: A running Chromium.
        running: The demo.
        folder: Where pictures go.
    """

    def __init__(self, browser: Browser, running: Demo, folder: Path) -> None:
        self._browser, self._running, self._folder = browser, running, folder
        self._cookies: dict[str, str] = {}
        self.faults: list[str] = []

    def take(self, shot: Shot, language: str, palette: str, size: str) -> Path:
        """Take one picture and return its file."""
        with self._context(shot.role, language, palette, size) as context:
            page = context.new_page()
            name = f"{shot.name}-{size}-{palette}-{language}"
            page.on("pageerror", lambda error: self.faults.append(f"{name}: {error}"))
            if shot.enrolled:
                self._enrol(page, name)
            page.goto(self._running.url + shot.path)
            page.wait_for_load_state("load")
            if shot.enrolled:
                page.fill("#pin", PIN)
                page.keyboard.press("Enter")
                page.locator("#tab-map:enabled").wait_for()
            _settle(page)
            shot.act(page)
            page.wait_for_timeout(700)
            self.faults += [f"{name}: cut off: {text}" for text in page.evaluate(CUT_OFF)]
            file = self._folder / f"{name}.png"
            page.screenshot(path=file)
            return file

    @contextmanager
    def _context(
        self, role: str | None, language: str, palette: str, size: str
    ) -> Iterator[BrowserContext]:
        width, height = SIZES[size]
        phone = size == "phone"
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, has_touch=phone, is_mobile=phone
        )
        for key, value in (("palette", palette), ("language", language)):
            context.add_init_script(f"localStorage.setItem('jp.{key}', '\"{value}\"')")
        if role is not None:
            context.add_cookies(
                [{"name": "jp_session", "value": self._cookie(role), "url": self._running.url}]
            )
        yield context
        context.close()

    def _enrol(self, page: Page, device: str) -> None:
        """Make the page's browser the phone of a boat of the demo."""
        with self._running.client("admin") as office:
            boats = office.get("/api/units").json()
            boat = next(each for each in boats if each["call_sign"] == BOAT)
            body = {"device": device, "unit": boat["id"]}
            code = office.post("/api/devices/enrolments", json=body).json()["code"]
        page.goto(f"{self._running.url}/enrol#code={code}")
        page.fill("#name", "Kham")
        page.fill("#pin", PIN)
        page.fill("#again", PIN)
        page.locator("form button").click()
        page.locator("form").wait_for(state="detached")

    def _cookie(self, role: str) -> str:
        if role not in self._cookies:
            with self._running.client(role) as client:
                self._cookies[role] = client.cookies["jp_session"]
        return self._cookies[role]


def _settle(page: Page) -> None:
    """Wait for the map if there is one, at most as long as a person would."""
    end = time.monotonic() + 12
    page.wait_for_timeout(500)
    while time.monotonic() < end:
        drawn = page.evaluate(
            "!document.querySelector('.maplibregl-canvas')"
            " || !window.jointPatrol?.map || jointPatrol.map.loaded()"
        )
        if drawn:
            return
        page.wait_for_timeout(250)


def contact_sheet(files: Sequence[Path], to: Path, *, columns: int) -> None:
    """Put pictures on one sheet, each `THUMB` pixels high."""
    images = []
    for file in files:
        with Image.open(file) as opened:
            share = THUMB / opened.height
            images.append(opened.convert("RGB").resize((round(opened.width * share), THUMB)))
    width = max(image.width for image in images)
    rows = -(-len(images) // columns)
    sheet = Image.new("RGB", (columns * (width + 6), rows * (THUMB + 6)), "#888")
    for number, image in enumerate(images):
        row, column = divmod(number, columns)
        sheet.paste(image, (column * (width + 6), row * (THUMB + 6)))
    sheet.save(to)


def main() -> None:
    """Run a demo, take the pictures, tell what is cut off."""
    parser = argparse.ArgumentParser(prog="python -m tests.browser.screenshots")
    parser.add_argument("--out", type=Path, required=True, help="folder for the pictures")
    parser.add_argument("--pages", nargs="*", help="names of pages; all if not said")
    parser.add_argument("--languages", nargs="*", default=["en", "th", "lo", "my", "km", "zh"],
                        choices=LANGUAGES)  # fmt: skip
    parser.add_argument("--palettes", nargs="*", default=["day", "red-night"])
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--wait", type=float, default=110, help="seconds of story before the first")
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as home, demo(Path(home)) as running:
        time.sleep(options.wait)
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(
                executable_path=os.environ.get("CHROMIUM", "/usr/bin/chromium"), args=FLAGS
            )
            photographer = Photographer(browser, running, options.out)
            for size in options.sizes:
                for shot in SHOTS:
                    if options.pages and shot.name not in options.pages:
                        continue
                    files = [
                        photographer.take(shot, language, palette, size)
                        for palette in options.palettes
                        for language in options.languages
                    ]
                    sheet = options.out / f"sheet-{shot.name}-{size}.png"
                    contact_sheet(files, sheet, columns=len(options.languages))
                    sys.stdout.write(f"{sheet}\n")
                    sys.stdout.flush()
            browser.close()
    sys.stdout.write("\n".join(photographer.faults) + "\n")


if __name__ == "__main__":
    main()
