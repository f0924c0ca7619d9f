"""A crew's phone as a test sees it: its page, its network, its place, what lies on it."""

from __future__ import annotations

import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, BrowserContext, FilePayload, Page, Request

from tests.fixtures.patience import PATIENCE_S
from tests.fixtures.server import PASSWORD, Server, wait_for

PIN = "271828"
LON, LAT = 100.409, 20.27

# From here on the browser's storage takes nothing more.
FULL = """() => {
    const full = () => { throw new DOMException("full", "QuotaExceededError"); };
    IDBObjectStore.prototype.add = full;
    IDBObjectStore.prototype.put = full;
}"""

# Bytes as text, so that words in them would be found; of a key only what kind it is.
_DUMP = """async () => {
    const done = (request) => new Promise((tell) => {
        request.onsuccess = () => tell(request.result);
    });
    const seen = (value) => {
        if (value instanceof CryptoKey) {
            return { key: value.algorithm.name, extractable: value.extractable };
        }
        if (value instanceof Uint8Array) {
            return Array.from(value, (each) => String.fromCharCode(each)).join("");
        }
        if (Array.isArray(value)) return value.map(seen);
        if (value === null || typeof value !== "object") return value;
        return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, seen(v)]));
    };
    const all = { local: { ...localStorage }, cached: [] };
    for (const { name } of await indexedDB.databases()) {
        const db = await done(indexedDB.open(name));
        for (const store of db.objectStoreNames) {
            const rows = await done(db.transaction(store).objectStore(store).getAll());
            all[store] = rows.map(seen);
        }
        db.close();
    }
    for (const name of await caches.keys()) {
        const cache = await caches.open(name);
        for (const each of await cache.keys()) all.cached.push(new URL(each.url).pathname);
    }
    return JSON.stringify(all);
}"""


class Phone:
    """One phone with the crew's page.

    Args:
        browser: Where it is opened.
        server: The office.
        size: Of its screen, CSS pixels.
        palette: In which it is drawn.
        language: BCP 47 tag of the browser.
        user: Who signs in on it; nobody when None.

    Attributes:
        page: Playwright's page.
        sent: Ids of all reports of which an answer came back, as often as one did.
        complaints: Errors of the browser that nobody made on purpose.
    """

    def __init__(
        self,
        browser: Browser,
        server: Server,
        *,
        size: tuple[int, int] = (390, 844),
        palette: str = "day",
        language: str = "en",
        user: str | None = "crew",
    ) -> None:
        self.server = server
        self.context: BrowserContext = browser.new_context(
            viewport={"width": size[0], "height": size[1]},
            has_touch=True,
            is_mobile=True,
            locale=language,
            reduced_motion="reduce",
            geolocation={"longitude": LON, "latitude": LAT, "accuracy": 12},
            permissions=["geolocation"],
        )
        self.context.set_default_timeout(PATIENCE_S * 1000)
        # With something routed from the first page on, what a test routes later (`routed`) does not
        # race with the service worker that takes the page over.
        self.context.route("**/nothing-asks-for-this", lambda route: route.abort())
        self.context.add_init_script(
            "if (!localStorage.getItem('jp.palette'))"
            f" localStorage.setItem('jp.palette', '\"{palette}\"')"
        )
        if user is not None:
            answer = self.context.request.post(
                f"{server.url}/api/session",
                data={"name": user, "password": PASSWORD},
                headers={"Origin": server.url},
            )
            assert answer.ok, answer.text()
        self.sent: list[str] = []
        self.complaints: list[str] = []
        self.page = self._new_page()

    def _new_page(self) -> Page:
        page = self.context.new_page()
        page.on("requestfinished", self._sent)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def without_secure_context(self) -> None:
        """Open no page from now on as a secure one: as over HTTP from another machine."""
        self.context.add_init_script(
            "Object.defineProperty(window, 'isSecureContext', { value: false })"
        )

    def crash(self) -> None:
        """Let the page go without a word, and open it anew."""
        self.page.close(run_before_unload=False)
        self.page = self._new_page()
        self.page.goto(f"{self.server.url}/crew")

    def _sent(self, request: Request) -> None:
        if request.url.endswith("/api/crew/reports") and request.post_data:
            self.sent += [each["id"] for each in json.loads(request.post_data)["reports"]]

    def close(self) -> None:
        self.context.close()

    def open(self) -> None:
        """Open the page and wait until it will open again without a network."""
        self.page.goto(f"{self.server.url}/crew")
        self.page.evaluate("navigator.serviceWorker.ready.then(() => true)")
        wait_for("the worker", lambda: self.page.evaluate("!!navigator.serviceWorker.controller"))

    def begin(self) -> None:
        """Open the page and choose a PIN, as a crew member who has signed in."""
        self.open()
        self.page.locator("#again").wait_for()
        self.page.fill("#pin", PIN)
        self.page.fill("#again", PIN)
        self.page.locator(".lock form button").click()
        self.page.locator("#tab-map:enabled").wait_for()

    def enrol(self, device: str, unit: str | None, *, name: str = "Kham") -> None:
        """Take an enrolment of the office as a crew member with a PIN, and open the page."""
        with self.server.client() as office:
            asked = {"device": device, "unit": unit}
            code = office.post("/api/devices/enrolments", json=asked).json()["code"]
        self.page.goto(f"{self.server.url}/enrol#code={code}")
        self.page.fill("#name", name)
        self.page.fill("#pin", PIN)
        self.page.fill("#again", PIN)
        self.page.locator("form button").click()
        wait_for("the phone is enrolled", lambda: self.stored().get("profiles"))
        self.open()
        self.unlock()
        self.page.locator("#tab-map:enabled").wait_for()

    def another_tab(self) -> Page:
        """Open one more tab of this phone, still empty."""
        return self._new_page()

    def unlock(self, pin: str = PIN) -> None:
        """Type a PIN."""
        self.page.fill("#pin", pin)
        self.page.keyboard.press("Enter")

    def tab(self, name: str) -> None:
        """Turn to a part of the page."""
        self.page.locator(f"#tab-{name}").click()

    def number(self, which: str) -> int:
        """Return what the status line counts as urgent, routine or refused."""
        found = self.page.locator(f"#{which}")
        return int(found.inner_text()) if found.count() else 0

    def says(self) -> str:
        """Return the large word of the status line."""
        return self.page.locator(".status h1").inner_text()

    def goes(self, step: int) -> None:
        """Move the phone some 30 m for each step, north."""
        self.context.set_geolocation(
            {"longitude": LON, "latitude": LAT + step * 0.0003, "accuracy": 9}
        )

    def press_sos(self) -> None:
        """Put the finger on the SOS button, or on what stands in its place."""
        box = self.page.locator(".sos").bounding_box()
        assert box is not None
        self.page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        self.page.mouse.down()

    def hold_sos(self, milliseconds: int | None = None) -> None:
        """Keep the SOS button pressed for so long, or until it has called."""
        self.press_sos()
        if milliseconds is None:
            self.page.locator("p.sos").wait_for()
        else:
            self.page.wait_for_timeout(milliseconds)
        self.page.mouse.up()

    def call_off_sos(self) -> None:
        """Press "Do not send", which takes no press in its first second."""
        self.page.wait_for_timeout(1000)
        self.page.get_by_role("button", name="Do not send").click()

    def call_off_as_safe(self) -> None:
        """Cancel an SOS that has gone; the second button takes no press in its first second."""
        self.page.get_by_role("button", name="Cancel the SOS").click()
        self.page.wait_for_timeout(1000)
        self.page.get_by_role("button", name="Yes, we are safe").click()

    def stored(self) -> dict[str, Any]:
        """Return all that lies on the phone: IndexedDB, local storage, caches of answers."""
        text = self.page.evaluate(_DUMP)
        found: dict[str, Any] = json.loads(text)
        return found


@contextmanager
def phones_of(browser: Browser, server: Server) -> Iterator[Callable[..., Phone]]:
    """Phones as they are asked for, each with the words of `Phone`; none may have complained."""
    opened: list[Phone] = []

    def take(**how: Any) -> Phone:
        opened.append(Phone(browser, server, **how))
        return opened[-1]

    yield take
    for phone in opened:
        phone.close()
        assert phone.complaints == []


def small_photo() -> FilePayload:
    """Return a photo as it is chosen from a phone's files, small."""
    body = io.BytesIO()
    Image.effect_noise((320, 240), 60).convert("RGB").save(body, "JPEG")
    return {"name": "p.jpg", "mimeType": "image/jpeg", "buffer": body.getvalue()}


def crewed(server: Server, *, user: str = "crew", call_sign: str = "Naga 1") -> dict[str, Any]:
    """Give the office a unit whose crew is `user`, and a patrol of it that is ready to start."""
    with server.client() as client:
        unit = client.post(
            "/api/units", json={"call_sign": call_sign, "kind": "boat", "country": "LA"}
        ).json()
        bound = {
            "address": f"position_json:{user}",
            "unit": unit["id"],
            "channel": f"user:{user}",
        }
        assert client.post("/api/assignments", json=bound).is_success
    now = datetime.now(UTC)
    with server.client("planner") as client:
        stretch = {"river": "Mekong", "km_from": 2353, "km_to": 2358, "width_m": 1500}
        sector = client.post("/api/sectors", json={"name": "Reach 4", "stretch": stretch})
        assert sector.is_success, sector.text
        made = client.post(
            "/api/patrols",
            json={
                "name": "Night watch",
                "starts_at": (now - timedelta(minutes=5)).isoformat(),
                "ends_at": (now + timedelta(hours=3)).isoformat(),
                "agencies": ["joint"],
                "members": [{"unit": unit["id"], "agency": "joint", "crew": 4}],
                "sectors": [sector.json()["sector"]["id"]],
                "check_in_interval_s": 1800,
            },
        )
        assert made.is_success, made.text
        path = f"/api/patrols/{made.json()['id']}"
        assert client.post(f"{path}/propose").is_success
    with server.client() as client:
        signed = client.post(f"{path}/sign", json={"revision": 1})
        assert signed.is_success, signed.text
        ready = client.post(f"{path}/ready")
        assert ready.is_success, ready.text
    return {"unit": unit["id"], "patrol": made.json()["id"]}
