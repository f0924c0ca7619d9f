"""What a page has loaded until now: requests and bytes on the wire, by kind.

From the browser's own Resource Timing (W3C), of the page and of its workers: a map's worker loads
the layers. Counted are bodies as they came, compressed; what the browser had kept costs nothing,
and what it asked about and was told to keep (304) costs a request. Streams and what a service
worker stores for later are not in it.
"""

from __future__ import annotations

from typing import Final, NamedTuple, TypeAlias

from playwright.sync_api import Page

PAGE, SCRIPT, STYLE, FONT = "page", "script", "style", "font"
LAYER, TILE, API, PICTURE = "layer", "tile", "api", "picture"
KINDS: Final = (PAGE, SCRIPT, STYLE, FONT, LAYER, TILE, API, PICTURE)

_HEADERS: Final = 300
"""What `transferSize` counts for the headers of an answer, whatever they are: Resource Timing."""

_TIMING: Final = """() => [
        ...performance.getEntriesByType("navigation"),
        ...performance.getEntriesByType("resource"),
    ].map((each) => [new URL(each.name).pathname, each.transferSize])"""


class Weight(NamedTuple):
    """What came over the wire.

    Attributes:
        requests: How often the server was asked.
        size: Bytes of bodies.
    """

    requests: int = 0
    size: int = 0

    def __add__(self, other: object) -> Weight:
        """Return both together."""
        assert isinstance(other, Weight)
        return Weight(self.requests + other.requests, self.size + other.size)


Loaded: TypeAlias = dict[str, Weight]
"""By kind."""


def loaded(page: Page) -> Loaded:
    """Return what a page and its workers have loaded since its address was opened.

    Waits until the page asks for nothing more for half a second: what belongs to the first map may
    come after it.
    """
    page.wait_for_load_state("networkidle")
    found = dict.fromkeys(KINDS, Weight())
    for path, transferred in timed(page):
        if transferred:  # else it came out of what the browser had kept
            found[kind_of(path)] += Weight(1, max(0, transferred - _HEADERS))
    return found


def timed(page: Page) -> list[tuple[str, int]]:
    """Return path and `transferSize` of all that a page and its workers have loaded."""
    told: list[tuple[str, int]] = page.evaluate(_TIMING)
    for worker in page.workers:
        told += worker.evaluate(_TIMING)
    return told


def whole(found: Loaded, *, without: tuple[str, ...] = ()) -> Weight:
    """Return all of it together, some kinds left out."""
    return sum((found[kind] for kind in found if kind not in without), Weight())


def kind_of(path: str) -> str:
    """Return the kind of what lies at a path of our server.

    >>> kind_of("/assets/index-CXMeFYKe.js"), kind_of("/api/layers/mekong"), kind_of("/planner")
    ('script', 'layer', 'page')
    """
    if path.startswith(("/tiles/", "/basemap/")):
        return TILE
    if path.startswith("/api/"):
        return LAYER if path.startswith("/api/layers/") else API
    ending = path.rpartition(".")[2]
    known = {"js": SCRIPT, "mjs": SCRIPT, "css": STYLE, "woff2": FONT}
    pictures = dict.fromkeys(("png", "svg", "jpg", "webp", "ico"), PICTURE)
    return (known | pictures).get(ending, PAGE)
