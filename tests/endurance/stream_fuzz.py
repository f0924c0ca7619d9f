"""Stream fuzz: damaged frames among true ones, against a page in a real Chromium.

A real server is followed by its real page. Between the two every true frame of the live stream is
followed by damaged ones, made of frames that were true: a field of another type, out of range, of
an unknown word, missing, doubled; text cut, flipped, of another kind, too deep or too long. All are
numbered as one stream, so that each damaged frame is one that a faulty or newer server could send.
Now and then a boat calls for help: each call must be seen on the page, and soon.

    python -m tests.endurance.stream_fuzz --frames 5000
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter, deque
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from playwright.sync_api import Browser, Page, WebSocketRoute, sync_playwright

from tests.browser.commander import opened
from tests.browser.conftest import QUICK
from tests.fixtures import needs
from tests.fixtures.server import Server, serving, wait_for

EACH: Final = 5
"""Damaged frames to each report of a boat."""

BETWEEN: Final = 100
"""Damaged frames from one call for help to the next."""

SEEN_WITHIN_S: Final = 15.0
"""A call that is not on the page by then is missed: a page that begins anew again and again pauses
for up to 8 s, and what draws nothing for 3 s is drawn by the plain list.
"""

PAUSE_MS: Final = 8.0
"""After each damaged frame: the page may give up the stream because of it, and begin anew."""

BOATS: Final = 12

SIZE: Final = (1000, 640)
"""Of the window: both sides stand beside the map, and little map is drawn."""

_LON, _LAT = 100.41, 20.27

_SEEN: Final = """(name) => {
    const shown = (element) => element.getClientRects().length > 0 && !element.closest("[inert]")
        && element.innerText.includes(name);
    if ([...document.querySelectorAll("[data-sos], [data-sos-unit]")].some(shown)) return "card";
    return [...document.querySelectorAll("#sos-list")].some(shown) ? "list" : "";
}"""

_WORDS: Final = (
    "zz",
    "",
    "delegated",
    "NaN",
    "null",
    "constructor",
    "__proto__",
    "<b>x</b>",
    "\u0000",
)
_VALUES: Final[tuple[Any, ...]] = (
    None, True, False, 0, -1, 1.5, 1e308, -1e308, 2**53, "", [], {}, [[]], [None], {"x": {}},
    "9999-99-99", "1970-01-01T00:00:00Z", "2199-01-01T00:00:00Z", *_WORDS,
)  # fmt: skip


@dataclass
class Result:
    """What came of a run.

    Attributes:
        damaged: Damaged frames that the page was sent.
        true: True frames that it was sent.
        begun: Times that it began with a snapshot.
        seen_s: Seconds from each call for help until it was on the page.
        by: How they were shown: by a `card`, or by the plain `list`.
        missed: Calls that were not shown in time.
        unshown_at_end: Calls that are not on the page once it has a true picture again.
    """

    damaged: int = 0
    true: int = 0
    begun: int = 0
    seen_s: list[float] = field(default_factory=list)
    by: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)
    unshown_at_end: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Whether no call was missed."""
        return bool(self.seen_s) and not self.missed and not self.unshown_at_end


def damage(frame: dict[str, Any], number: int, luck: random.Random) -> str:
    """Return the text of one frame that was true, numbered `number` and damaged at one or more
    places. What says that a thing is over stays out of it: a frame that says so is believed.
    """
    made = deepcopy(frame)
    made.pop("forget", None)
    if made.get("type") == "snapshot":
        made["stream"] += "x"
    made["seq"] = number
    for _ in range(luck.choice((1, 1, 1, 2, 4))):
        _damage_at(_place(made, luck), luck)
    # A number that is one, but not the next, says that others went before it: those are asked for.
    if type(made.get("seq")) is int and 0 <= made["seq"] < 2**53:
        made["seq"] = number
    text = json.dumps(made)
    how = luck.random()
    if how < 0.04:
        return text[: luck.randrange(len(text))]
    if how < 0.08:
        at = luck.randrange(len(text))
        return text[:at] + chr(luck.randrange(1, 0x250)) + text[at + 1 :]
    if how < 0.10:
        return luck.choice(("", "null", "[]", "7", '"change"', "[" * 20_000, text + text))
    if how < 0.12:
        return text.replace('"', '"' + "a" * 100_000 + '", "b": "', 1)
    return text


def _place(thing: Any, luck: random.Random) -> tuple[Any, Any]:
    """Return a container somewhere in `thing`, and the key or index of what is in it."""
    while True:
        keys = list(thing) if isinstance(thing, dict) else list(range(len(thing)))
        key = luck.choice(keys)
        inner = thing[key]
        if not isinstance(inner, dict | list) or not inner or luck.random() < 0.15:
            return thing, key
        thing = inner


def _damage_at(place: tuple[Any, Any], luck: random.Random) -> None:
    container, key = place
    how = luck.randrange(6)
    if how == 0 and len(container) > 1:
        del container[key]
    elif how == 1 and isinstance(container, list):
        container.extend([deepcopy(container[key])] * luck.randrange(1, 4))
    elif how == 2 and isinstance(container, dict):
        container[luck.choice(_WORDS)] = deepcopy(luck.choice(_VALUES))
    else:
        container[key] = deepcopy(luck.choice(_VALUES))


class DamagedStream:
    """What stands between the page and the server's stream.

    Args:
        page: Whose stream is damaged.
        luck: What is damaged, and how.
    """

    def __init__(self, page: Page, luck: random.Random) -> None:
        self.result = Result()
        self._luck = luck
        self._pool: deque[dict[str, Any]] = deque(maxlen=200)
        self._live: WebSocketRoute | None = None
        self._number = -1
        page.route_web_socket(lambda url: "/api/live" in url, self._opened)

    def _opened(self, route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def said(message: str | bytes) -> None:
            frame = json.loads(message)
            self.result.true += 1
            if frame["type"] == "snapshot":
                self.result.begun += 1
                self._live, self._number = route, frame["seq"]
                frame["stream"] += "x"  # a stream of ours: the server has no place in it to go on
            else:
                self._number += frame["type"] == "change"
            frame["seq"] = self._number
            self._pool.append(frame)
            route.send(json.dumps(frame))

        def closed(code: int | None, reason: str | None) -> None:
            if self._live is route:
                self._live = None
            server.close(code=1000)

        server.on_message(said)
        route.on_close(closed)

    def damage(self) -> None:
        """Send one damaged frame, if the page follows the stream."""
        if self._live is not None:
            self.result.damaged += 1
            self._number += 1
            self._live.send(damage(self._luck.choice(self._pool), self._number, self._luck))

    def begin_anew(self) -> None:
        """Cut the page off, so that it begins with a true snapshot."""
        if self._live is not None:
            self._live.close(code=1013)


class Boats:
    """Boats that report, and call for help.

    Args:
        client: Of an officer who may register them.
    """

    def __init__(self, client: httpx.Client) -> None:
        self._client = client
        self._luck = random.Random(1)
        self.units: list[str] = []
        self.calling: dict[str, str] = {}
        for n in range(BOATS):
            self.units.append(self._registered(f"Naga {n}", f"naga-{n}"))
        self.calls = 0

    def _registered(self, name: str, device: str) -> str:
        made = self._post("/api/units", {"call_sign": name, "kind": "boat", "country": "LA"})
        unit = str(made["id"])
        self._post("/api/positions", {"device": device, "lon": _LON, "lat": _LAT})
        self._post("/api/assignments", {"address": f"position_json:{device}", "unit": unit})
        return unit

    def report(self) -> None:
        """Have one boat say where it is."""
        n = self._luck.randrange(BOATS)
        lon, lat = _LON + self._luck.uniform(-0.01, 0.01), _LAT + self._luck.uniform(-0.01, 0.01)
        self._post("/api/positions", {"device": f"naga-{n}", "lon": lon, "lat": lat})

    def call_for_help(self) -> str:
        """Have a boat that was never heard of call for help; return its name."""
        self.calls += 1
        name = f"Caller {self.calls:03d}"
        device = f"caller-{self.calls}"
        self.calling[name] = self._registered(name, device)
        self._post("/api/positions", {"device": device, "lon": _LON, "lat": _LAT, "distress": True})
        return name

    def answer(self, name: str) -> None:
        """End a call for help."""
        self._post(f"/api/units/{self.calling.pop(name)}/clear-distress", {})

    def _post(self, path: str, body: Any) -> Any:
        answer = self._client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()


def fuzz(
    browser: Browser,
    server: Server,
    *,
    frames: int,
    path: str = "/",
    seed: int = 1,
    say: Callable[[str], None] = lambda _: None,
) -> Result:
    """Damage the stream of a page and see whether it shows every call for help.

    Args:
        browser: In which the page is.
        server: Whose page.
        frames: How many damaged frames it is sent.
        path: Of the page.
        seed: Of what is damaged and how.
        say: Takes a line now and then of how it goes.
    """
    shown = opened(browser, server, path="/sign-in", role="commander", size=SIZE)
    page = shown.page
    stream = DamagedStream(page, random.Random(seed))
    page.goto(server.url + path)
    result = stream.result
    with server.client("commander") as client:
        boats = Boats(client)
        page.wait_for_selector(".room", timeout=60_000)
        wait_for("the map", shown.drawn)
        due = 0
        while result.damaged < frames:
            boats.report()
            for _ in range(EACH):
                stream.damage()
                page.wait_for_timeout(PAUSE_MS)
            if result.damaged < due:
                continue
            due = result.damaged + BETWEEN
            name = boats.call_for_help()
            # No damage until it is seen: a picture without the call would be believed as well.
            began, how = time.monotonic(), ""
            while not how and time.monotonic() - began < SEEN_WITHIN_S:
                page.wait_for_timeout(50)
                how = page.evaluate(_SEEN, name)
            if how:
                result.seen_s.append(time.monotonic() - began)
                result.by[how] += 1
            else:
                result.missed.append(name)
            for old in list(boats.calling)[:-3]:
                boats.answer(old)
            say(f"{result.damaged} damaged, {result.begun} begun, {name} {how or 'MISSED'}")
        stream.begin_anew()
        end = time.monotonic() + SEEN_WITHIN_S
        while time.monotonic() < end:
            page.wait_for_timeout(100)
            result.unshown_at_end = [n for n in boats.calling if not page.evaluate(_SEEN, n)]
            if not result.unshown_at_end:
                break
    shown.close()
    return result


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> None:
    """Run the fuzz and say what came of it."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.endurance.stream_fuzz", description=(__doc__ or "").split("\n\n")[0]
    )
    parser.add_argument("--frames", type=int, default=5000, help="damaged frames to send")
    parser.add_argument("--page", default="/", help="path of the page: / or /planner")
    parser.add_argument("--seed", type=int, default=1, help="of what is damaged, and how")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=needs.headless_chromium(), args=QUICK)
        with serving(Path(folder), channels="", roles=("commander",)) as server:
            result = fuzz(
                browser,
                server,
                frames=options.frames,
                path=options.page,
                seed=options.seed,
                say=_say,
            )
        browser.close()
    slowest = max(result.seen_s, default=float("nan"))
    sys.stdout.write(
        f"{result.damaged} damaged frames among {result.true} true ones, "
        f"begun {result.begun} times; "
        f"calls for help: {len(result.seen_s)} seen ({dict(result.by)}), slowest {slowest:.1f} s, "
        f"missed {result.missed}, unshown at the end {result.unshown_at_end}\n"
    )
    sys.exit(0 if result.passed else 1)


if __name__ == "__main__":
    main()
