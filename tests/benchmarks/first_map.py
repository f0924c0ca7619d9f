"""How long it takes, and how much is loaded, until the first map is drawn: cold and warm.

    python -m tests.benchmarks.first_map [--times 5] [--json FILE]

Three pages, each opened in a fresh browser context (cold: nothing kept) and again in the same
context (warm: what may be kept is, the rest is asked about):

- commander: until MapLibre is idle, that is, all layers, tiles and marks are drawn;
- crew, on a phone's screen: until the canvas of its map tab has something drawn on it. A PIN
  stands between: `page ms` is until it can be typed, `map ms` is that and the time from pressing
  the tab to the drawn map;
- Leaflet: a page with the layers that the commander's page asked for, drawn on one canvas by the
  Leaflet that folium's pages carry; until the frame after the last layer was added.

Commander and crew are served by `joint-patrol serve` with fifty boats, the Leaflet page by a small
server that packs and caches the same layers in the same way. Milliseconds are medians. Requests and
kilobytes (1000 bytes, as they came, compressed) are by kind, until the page asks for nothing more:
see `tests/browser/loading.py`.
Chromium draws without a graphics processor and asks over loopback: compare figures of one run only.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from threading import Thread
from typing import NamedTuple

import uvicorn
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from gis.catalogue.layer_catalogue import as_geojson
from maps.http.compressed_body import CompressedBody
from maps.web_client import built_pages as pages
from tests.benchmarks.figures import as_text
from tests.benchmarks.machine import describe
from tests.browser.commander import DESKTOP, PHONE
from tests.browser.conftest import FLAGS
from tests.browser.crew.phone import LAT, LON, PIN
from tests.browser.loading import KINDS, Loaded, loaded, timed, whole
from tests.fixtures import needs
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, serving

BOATS = 50
COLD, WARM = "cold", "warm"

_IDLE = """() => new Promise((done) => {
    const look = () => {
        const map = window.jointPatrol?.map;
        if (!map) return void setTimeout(look, 5);
        if (map.loaded()) return void done(performance.now());
        map.once("idle", () => done(performance.now()));
    };
    look();
})"""
_DRAWN = """() => new Promise((done) => {
    const begun = performance.now();
    document.getElementById("tab-map").click();
    const look = () => {
        const canvas = document.querySelector(".map-window canvas");
        const pen = canvas && canvas.width > 0 ? canvas.getContext("2d") : null;
        const drawn = pen?.getImageData(0, 0, canvas.width, canvas.height).data.some(Boolean);
        if (drawn) done(performance.now() - begun);
        else requestAnimationFrame(look);
    };
    look();
})"""

_LEAFLET = """<!doctype html>
<meta charset="utf-8"><title>Leaflet</title>
<link rel="stylesheet" href="/folium/leaflet.css"><script src="/folium/leaflet.js"></script>
<style>html, body, #map { height: 100%; margin: 0 }</style>
<div id="map"></div>
<script>
const map = L.map("map", { preferCanvas: true, attributionControl: false });
map.setView([20.27, 100.41], 12);
const pointToLayer = (_, at) => L.circleMarker(at, { radius: 4, weight: 1 });
const added = NAMES.map((name) => fetch("/api/layers/" + name)
    .then((answer) => answer.json())
    .then((found) => L.geoJSON(found, { pointToLayer, weight: 1, interactive: false }).addTo(map)));
window.drawn = Promise.all(added)
    .then(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))))
    .then(() => performance.now());
</script>
"""


class Opened(NamedTuple):
    """One opening of a page.

    Attributes:
        page_ms: Until the page could be used, milliseconds since its address was opened.
        map_ms: Until its map was drawn.
        weight: What was loaded until then.
    """

    page_ms: float
    map_ms: float
    weight: Loaded


Open = Callable[[BrowserContext, str], Opened]


def main() -> None:
    """Measure, print the table, and write it where asked."""
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("--times", type=int, default=5, help="how often each page is opened")
    words.add_argument("--json", type=Path)
    options = words.parse_args()
    found: dict[tuple[str, str], list[Opened]] = {}
    names: set[str] = set()
    office: dict[str, tuple[Open, str]] = {
        "commander": (lambda context, url: _commander(context, url, names), "commander"),
        "crew": (_crew, "crew"),
    }
    with (
        tempfile.TemporaryDirectory() as folder,
        sync_playwright() as playwright,
        serving(Path(folder), channels="", roles=("commander", "crew")) as server,
    ):
        _fill(server)
        browser = playwright.chromium.launch(executable_path=needs.program("chromium"), args=FLAGS)
        for page, (opener, user) in office.items():
            for _ in range(options.times):
                session = {"name": "jp_session", "value": server.session(user), "url": server.url}
                _twice(browser, found, page, opener, server.url, session)
        with _leaflet_server(sorted(names - {""})) as url:
            for _ in range(options.times):
                _twice(browser, found, "leaflet", _leaflet, url, None)
        browser.close()
    print(as_text(_rows(found)))
    if options.json is not None:
        rows = [dict(zip(_HEAD, row, strict=True)) for row in _rows(found)[1:]]
        options.json.write_text(json.dumps({"machine": describe(), "figures": rows}, indent=1))


_HEAD = [
    "page",
    "cache",
    "page ms",
    "map ms",
    "requests",
    "kB",
    *(f"{each} n/kB" for each in KINDS),
]


def _rows(found: dict[tuple[str, str], list[Opened]]) -> list[list[str]]:
    rows = [_HEAD]
    for (page, cache), all_ in found.items():
        weight = sorted(all_, key=lambda each: whole(each.weight).size)[len(all_) // 2].weight
        sums = whole(weight)
        rows.append(
            [
                page,
                cache,
                f"{median(each.page_ms for each in all_):.0f}",
                f"{median(each.map_ms for each in all_):.0f}",
                f"{sums.requests}",
                f"{sums.size / 1000:.0f}",
                *(f"{weight[kind].requests}/{weight[kind].size / 1000:.1f}" for kind in KINDS),
            ]
        )
    return rows


def _twice(
    browser: Browser,
    found: dict[tuple[str, str], list[Opened]],
    page: str,
    opener: Open,
    url: str,
    session: dict[str, str] | None,
) -> None:
    """Open a page with nothing kept, and again."""
    width, height = PHONE if page == "crew" else DESKTOP
    context = browser.new_context(
        viewport={"width": width, "height": height},
        permissions=["geolocation"],
        geolocation={"longitude": LON, "latitude": LAT, "accuracy": 12},
    )
    if session is not None:
        context.add_cookies([session])  # type: ignore[list-item]
    for cache in (COLD, WARM):
        found.setdefault((page, cache), []).append(opener(context, url))
    context.close()


def _commander(context: BrowserContext, url: str, names: set[str]) -> Opened:
    """Open the commander's page, and note the layers that its map asks for."""
    page = context.new_page()
    page.goto(url)
    drawn = float(page.evaluate(_IDLE))
    names |= {path.partition("/api/layers/")[2] for path, _ in timed(page)}
    told = Opened(_first_paint(page), drawn, loaded(page))
    page.close()
    return told


def _crew(context: BrowserContext, url: str) -> Opened:
    page = context.new_page()
    page.goto(f"{url}/crew")
    page.locator("#pin").wait_for()
    first = _first_paint(page)
    page.fill("#pin", PIN)
    if page.locator("#again").count():
        page.fill("#again", PIN)
    page.locator(".lock form button").click()
    page.locator("#tab-map:enabled").wait_for(timeout=20_000)
    told = Opened(first, first + float(page.evaluate(_DRAWN)), loaded(page))
    page.close()
    return told


def _leaflet(context: BrowserContext, url: str) -> Opened:
    page = context.new_page()
    page.goto(f"{url}/leaflet")
    drawn = float(page.evaluate("drawn"))
    told = Opened(_first_paint(page), drawn, loaded(page))
    page.close()
    return told


def _first_paint(page: Page) -> float:
    """Return when something of the page was painted first, milliseconds."""
    name = "first-contentful-paint"
    found = page.evaluate(f"performance.getEntriesByName('{name}')[0]?.startTime ?? 0")
    return float(found)


def _fill(server: Server) -> None:
    """Give the office boats on the river."""
    with server.client() as client:
        for number in range(BOATS):
            boat = {"call_sign": f"Naga {number}", "kind": "boat", "country": "LA"}
            unit = client.post("/api/units", json=boat).json()["id"]
            client.post(f"/api/units/{unit}/plot", json={"river_km": 2340 + number * 0.5})
        known = client.get("/api/units").json()
        address = {"address": "position_json:crew", "unit": known[0]["id"], "channel": "user:crew"}
        client.post("/api/assignments", json=address).raise_for_status()


@contextmanager
def _leaflet_server(names: list[str]) -> Iterator[str]:
    """Serve the Leaflet page and some layers, packed once and asked about as ours are."""
    app, client, packed = FastAPI(openapi_url=None), pages.Pages(), dict[str, CompressedBody]()

    @app.get("/leaflet")
    async def leaflet() -> HTMLResponse:
        return HTMLResponse(_LEAFLET.replace("NAMES", json.dumps(names)))

    @app.get("/api/layers/{name}")
    async def layer(name: str, request: Request) -> Response:
        if name not in packed:
            packed[name] = CompressedBody(await asyncio.to_thread(as_geojson, name))
        return packed[name].answer(request, "application/geo+json", cache="no-cache")

    @app.get("/{name:path}")
    async def file(name: str, request: Request) -> Response:
        return await client.answer(name, request)

    port = free_port()
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_level="critical")
    server = uvicorn.Server(config)
    thread = Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.05)
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join(timeout=10)


if __name__ == "__main__":
    main()
