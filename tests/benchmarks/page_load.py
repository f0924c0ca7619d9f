"""How smoothly the commander's page draws many moving units, beside a page with Leaflet.

    python -m tests.benchmarks.page_load [--minutes 10] [--load 1000x1] [--page leaflet] [--near]

Chromium opens the built client (`JOINT_PATROL_STATIC` names another build) and gets a live stream
of its format: a snapshot of the units, then once a second a change with the positions that are due.
The stream comes from a small server in this file, so that the figures are the page's and not those
of a store and a watch that share the machine. The Leaflet page gets the same stream and draws a
circle for each unit on one canvas, as folium's pages do, over the same countries and rivers.

From afar all units are in view: the commander's page gathers more than 2,000. `--near` opens both
pages zoomed in, where it draws marks with heading and label. `--json FILE` keeps the figures.

Loads are `UNITSxHZ`: 1,000 units at 1 Hz (1,000 positions a second) and 10,000 at 0.2 Hz (2,000 a
second). For each page and load, over the minutes given:

- frames a second: median and 5 % worst second of what `requestAnimationFrame` sees. A page with
  nothing to draw shows 60: what is lower was missed. Chromium draws without a graphics processor.
- longest gap between two frames, median of the seconds, milliseconds;
- JavaScript heap after garbage collection: at the start, at the end, and its slope, MiB a minute;
- positions a second that the page took, to show that it kept up.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from statistics import median, quantiles
from typing import NamedTuple

from playwright.sync_api import Browser, Page, sync_playwright

from tests.benchmarks.figures import as_text
from tests.benchmarks.goals import Verdict, told
from tests.benchmarks.machine import describe
from tests.benchmarks.page_stream import Load, serving
from tests.browser.conftest import FLAGS
from tests.fixtures import needs

LOADS = (Load(units=1000, hz=1.0), Load(units=10_000, hz=0.2))
PAGES = {"commander": "/", "leaflet": "/leaflet"}
WARM_UP_S = 15.0
HEAP_EVERY_S = 30.0

_WATCH = """
window.seen = { frames: [], gaps: [] };
(() => {
  let [second, frames, gap, last] = [0, 0, 0, performance.now()];
  const look = (now) => {
    gap = Math.max(gap, now - last);
    last = now;
    frames += 1;
    if (now - second >= 1000) {
      if (second > 0) {
        window.seen.frames.push((frames * 1000) / (now - second));
        window.seen.gaps.push(gap);
      }
      [second, frames, gap] = [now, 0, 0];
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})();
"""
_OPENED = """
const Real = window.WebSocket;
window.taken = 0;
window.WebSocket = class extends Real {
  constructor(...words) {
    super(...words);
    this.addEventListener("message", (event) => {
      for (const each of ['"of":', '],["']) {  // alone, or a row of a table
        window.taken += event.data.split(each).length - 1;
      }
    });
  }
};
"""


class Figures(NamedTuple):
    """What one page did under one load."""

    page: str
    units: int
    hz: float
    minutes: float
    fps: float
    fps_worst: float
    gap_ms: float
    heap_start_mib: float
    heap_end_mib: float
    heap_slope_mib_min: float
    taken_hz: float


def main() -> None:
    """Measure, print the table, and write it where asked."""
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("--minutes", type=float, default=10.0)
    words.add_argument("--load", action="append", type=Load.read, help="such as 1000x1")
    words.add_argument("--page", action="append", choices=list(PAGES))
    words.add_argument("--near", action="store_true", help="zoomed in on Houay Xai")
    words.add_argument("--json", type=Path)
    options = words.parse_args()
    chromium = needs.program("chromium")
    found = []
    with sync_playwright() as playwright:
        for load in options.load or LOADS:
            for name in options.page or PAGES:
                flags = [*FLAGS, "--js-flags=--expose-gc", "--enable-precise-memory-info"]
                browser = playwright.chromium.launch(executable_path=chromium, args=flags)
                with serving(load) as url:
                    found.append(_measured(browser, name, url, load, options.minutes, options.near))
                browser.close()
                print(found[-1], flush=True)
    print(as_text(_rows(found)))
    if options.json is not None:
        figures = [each._asdict() for each in found]
        document = {"machine": describe(), "figures": figures, "goals": told(_ratios(found))}
        options.json.write_text(json.dumps(document, indent=1))


def _ratios(found: list[Figures]) -> list[Verdict]:
    """Return the commander's page against the Leaflet page, load by load."""
    ratios = []
    for ours in found:
        for other in found:
            if ours.page.startswith("commander") and other.page.startswith("leaflet"):
                if (ours.units, ours.hz) != (other.units, other.hz):
                    continue
                what = f"page, {ours.units:,} units at {ours.hz:g} Hz: against Leaflet"
                ratios += [
                    Verdict(goal=0, what=f"{what}, frames/s", value=ours.fps / max(other.fps, 0.1)),
                    Verdict(
                        goal=0,
                        what=f"{what}, positions/s",
                        value=ours.taken_hz / max(other.taken_hz, 0.1),
                    ),
                ]
    return ratios


def _rows(found: list[Figures]) -> list[list[str]]:
    head = ["page", "units", "Hz", "min", "frames/s", "worst 5 %", "gap ms", "heap MiB"]
    return [
        [*head, "MiB/min", "positions/s"],
        *(
            [
                each.page,
                f"{each.units:,}",
                f"{each.hz:g}",
                f"{each.minutes:g}",
                f"{each.fps:.1f}",
                f"{each.fps_worst:.1f}",
                f"{each.gap_ms:.0f}",
                f"{each.heap_start_mib:.0f} → {each.heap_end_mib:.0f}",
                f"{each.heap_slope_mib_min:+.2f}",
                f"{each.taken_hz:.0f}",
            ]
            for each in found
        ),
    ]


def _measured(
    browser: Browser, name: str, url: str, load: Load, minutes: float, near: bool
) -> Figures:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.add_init_script(_OPENED)
    if near:
        view = json.dumps({"center": [100.41, 20.27], "zoom": 11})
        context.add_init_script(f"localStorage.setItem('jp.view', {view!r})")
    page = context.new_page()
    page.goto(url + PAGES[name] + ("?near" if near else ""))
    page.wait_for_function("window.taken > 0", timeout=60_000)
    time.sleep(WARM_UP_S)
    page.evaluate(_WATCH)
    taken, began = int(page.evaluate("window.taken")), time.monotonic()
    heap = [(0.0, _heap_mib(page))]
    while (left := began + minutes * 60 - time.monotonic()) > 0:
        time.sleep(min(HEAP_EVERY_S, left))
        heap.append(((time.monotonic() - began) / 60, _heap_mib(page)))
    passed = time.monotonic() - began
    seen: dict[str, list[float]] = page.evaluate("window.seen")
    taken = int(page.evaluate("window.taken")) - taken
    context.close()
    return Figures(
        page=f"{name}, near" if near else name,
        units=load.units,
        hz=load.hz,
        minutes=round(passed / 60, 1),
        fps=median(seen["frames"]),
        fps_worst=quantiles(seen["frames"], n=20)[0],
        gap_ms=median(seen["gaps"]),
        heap_start_mib=heap[0][1],
        heap_end_mib=heap[-1][1],
        heap_slope_mib_min=_slope(heap),
        taken_hz=taken / passed,
    )


def _heap_mib(page: Page) -> float:
    page.evaluate("gc()")
    return float(page.evaluate("performance.memory.usedJSHeapSize")) / 2**20


def _slope(points: list[tuple[float, float]]) -> float:
    """Return the least-squares slope of y over x."""
    mean_x = sum(x for x, _ in points) / len(points)
    mean_y = sum(y for _, y in points) / len(points)
    spread = sum((x - mean_x) ** 2 for x, _ in points)
    return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0


if __name__ == "__main__":
    main()
