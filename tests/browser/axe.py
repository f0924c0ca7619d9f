"""Whether somebody is shut out: axe in every palette of an open page, and what is too small to hit.

All tests that ask axe ask it here, so that a page is opened once and looked at in each palette: a
palette is an attribute of the root (`data-palette`, and the crew's `data-sun`), which is all that
`src/browser/preferences.ts`, `src/pages/crew/outbox/sunlight-mode.ts` and `theme-boot.js` set of
it; `theme.css` reads nothing else. axe runs with all its rules each time.
"""

from __future__ import annotations

from typing import Final

from axe_playwright_python.base import AXE_SCRIPT
from playwright.sync_api import Page

PALETTES: Final = ("day", "dark", "red-night")
"""Of every page; `test_accessibility.py` holds it against `src/browser/preferences.ts`."""

SUN: Final = "sun"
"""Black on white, for full sunlight: the crew's page alone has it."""

FINGER_PX: Final = 44
GLOVE_PX: Final = 56

_RUN: Final = """async (palettes) => {
    const root = document.documentElement;
    const before = [root.dataset.palette, root.hasAttribute("data-sun")];
    const found = [];
    for (const palette of palettes) {
        root.dataset.palette = palette === "sun" ? "day" : palette;
        root.toggleAttribute("data-sun", palette === "sun");
        const { violations } = await axe.run({ resultTypes: ["violations"] });
        for (const { id, nodes } of violations) {
            found.push(`${palette}: ${id} ${nodes[0].html.slice(0, 160)}`);
        }
    }
    root.dataset.palette = before[0];
    root.toggleAttribute("data-sun", before[1]);
    return found;
}"""

_SMALL: Final = """([least, byLabel]) => [
        ...document.querySelectorAll("button:not(.bar), input, select, textarea, summary, a[href]"),
    ]
    .filter((each) => each.checkVisibility() && !each.closest("[inert]"))
    .filter((each) => byLabel || !each.classList.contains("hidden"))
    .map((each) => [(byLabel && each.closest("label")) || each, each])
    .map(([area, each]) => [area.getBoundingClientRect(), each])
    .filter(([box]) => box.width > 0 && (box.width < least - 0.5 || box.height < least - 0.5))
    .map(([box, each]) => `${each.outerHTML.slice(0, 90)} ${box.width}x${box.height}`)"""


def violations(page: Page, where: str, palettes: tuple[str, ...] = PALETTES) -> list[str]:
    """Return what axe finds on a page as it stands, in one palette after the other.

    Args:
        page: The page; it is left in the palette that it had.
        where: What is shown, for who reads the finding.
        palettes: In which to look.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE_SCRIPT)
    found: list[str] = page.evaluate(_RUN, list(palettes))
    return [f"{where}, {each}" for each in found]


def too_small(
    page: Page, where: str, least_px: float = FINGER_PX, *, by_label: bool = True
) -> list[str]:
    """Return what can be pressed and is smaller than a finger, a bar of a timeline apart.

    Args:
        page: The page.
        where: What is shown, for who reads the finding.
        least_px: Least width and height, CSS pixels.
        by_label: A label round a field is pressed in its place; else each field must be as large
            itself, one that is hidden behind a button apart.
    """
    found: list[str] = page.evaluate(_SMALL, [least_px, by_label])
    return [f"{where}: too small: {each}" for each in found]


def too_wide(page: Page, where: str) -> list[str]:
    """Return how far a page sticks out over the edge of the screen, if it does."""
    wide: int = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    return [f"{where}: {wide} px too wide"] if wide > 0 else []
