"""What is opened on each page before axe looks at it: every panel, every form, each told by name.

A visit is given a page that was just opened and yields the name of what it shows now; whoever
visits looks at it and goes on.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from playwright.sync_api import Page

from tests.browser.crew.phone import PIN
from tests.fixtures.server import Server


class Scene(NamedTuple):
    """A server with something of everything.

    Attributes:
        server: The server.
        patrol: Id of a patrol with a boat and a sector.
        track: Query of the replay page: a time in which a boat moved.
    """

    server: Server
    patrol: str
    track: str

    def code(self) -> str:
        """Return a fresh code that enrols a phone."""
        with self.server.client() as client:
            made = client.post("/api/devices/enrolments", json={"device": "visit", "unit": None})
            assert made.status_code == 201, made.text
            return str(made.json()["code"])


def _tabs(page: Page) -> list[str]:
    """Return the names of a page's tabs, as its ids have them, once it is drawn."""
    page.locator("[role=tab]").first.wait_for()
    found = page.locator("[role=tab]").evaluate_all("(all) => all.map((each) => each.id)")
    return [str(each).removeprefix("tab-") for each in found]


def commander(page: Page, scene: Scene) -> Iterator[str]:
    """All panels of the map, and the list of keys."""
    if "units" not in _tabs(page):  # on a desktop the list is always there
        page.locator(".row", has_text="Osprey").first.wait_for()
        yield "units"
    for tab in _tabs(page):
        page.locator(f"#tab-{tab}").click()
        if tab == "channels":
            show = page.get_by_role("button", name="Show what was rejected")
            show.click()
            page.locator(".frame").first.wait_for()
            page.get_by_label("MMSI").fill("567000777")
            page.get_by_role("button", name="Ask", exact=True).click()
            page.locator(".hop").first.wait_for()
            page.locator(".why-answer summary").first.click()
        if tab == "unit":
            page.keyboard.press("/")
            page.locator(".row", has_text="Osprey").first.click()
            page.locator("#unit-title", has_text="Osprey").wait_for()
        if tab == "units":
            page.locator(".row", has_text="Osprey").first.wait_for()
        yield tab
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()
    yield "keys"


def planner(page: Page, scene: Scene) -> Iterator[str]:
    """The three tabs: lists, a sector, a patrol, coverage, and the keys."""
    for tab in _tabs(page):
        page.locator(f"#tab-{tab}").click()
        if tab in ("sectors", "patrols"):
            row = page.locator(f".{tab.removesuffix('s')}-row").first
            row.wait_for()
            yield tab
            row.click()
            row.wait_for(state="detached")
            yield tab.removesuffix("s")
        else:
            yield tab
    page.evaluate("document.activeElement.blur()")
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()
    yield "keys"


def replay(page: Page, scene: Scene) -> Iterator[str]:
    """All panels beside the map that plays, and the keys."""
    page.locator("#clock").wait_for()
    for tab in _tabs(page):
        page.locator(f"#tab-{tab}").click()
        if tab == "totals":
            page.locator(".totals td").first.wait_for()
        yield tab
    page.keyboard.press("?")
    page.locator("dialog[open]").wait_for()
    yield "keys"


def reports(page: Page, scene: Scene) -> Iterator[str]:
    """Each report's form, beside a briefing that is looked at."""
    page.locator(".sheet-frame iframe").wait_for()
    page.frame_locator(".sheet-frame iframe").locator("h1").wait_for()
    for kind in page.locator("button.kind").all():
        kind.click()
        page.locator("button.kind[aria-pressed=true]", has_text=kind.inner_text()).wait_for()
        yield kind.inner_text()


def account(page: Page, scene: Scene) -> Iterator[str]:
    """Everything of an administrator's account, with a second factor half set up."""
    page.locator("#tokens .empty, #tokens li").first.wait_for()
    page.get_by_role("button", name="Set up a second factor").click()
    page.locator(".qr img").wait_for()
    page.locator("#people summary").first.click()
    yield "everything"


def counterparts(page: Page, scene: Scene) -> Iterator[str]:
    """The own card, and the form that reads another; nobody is known."""
    page.locator(".card-shown img").wait_for()
    page.locator(".as-text summary").click()
    yield "nobody known"


def crew(page: Page, scene: Scene) -> Iterator[str]:
    """The crew's page before the first PIN, all its tabs behind it, and locked again."""
    page.locator("#again").wait_for()
    yield "before the first PIN"
    page.fill("#pin", PIN)
    page.fill("#again", PIN)
    page.locator(".lock form button").click()
    page.locator("#tab-map:enabled").wait_for()
    tabs = page.locator(".tab-bar button").evaluate_all("(all) => all.map((each) => each.id)")
    for tab in (str(each).removeprefix("tab-") for each in tabs):
        page.locator(f"#tab-{tab}").click()
        page.locator(f"#tab-{tab}[aria-current=page]").wait_for()
        if tab == "patrol":
            page.locator(".check-in, .card").first.wait_for()
        yield tab
        if tab == "report":
            page.locator(".pair button").nth(1).click()
            page.locator("summary").click()
            yield "incident"
    page.reload()
    page.locator("#pin").wait_for()
    yield "locked"


def enrol(page: Page, scene: Scene) -> Iterator[str]:
    """Without a code, with one, and when the phone is known."""
    page.get_by_role("alert").wait_for()
    yield "no code"
    page.goto(f"{scene.server.url}/enrol#code={scene.code()}")
    page.reload()  # the fragment alone loads no page anew
    page.locator("#name").wait_for()
    yield "who it is"
    page.fill("#name", "Kham")
    page.fill("#pin", PIN)
    page.fill("#again", PIN)
    page.locator("form button").click()
    page.locator("a[href='/crew']").wait_for()
    yield "known"


def trust(page: Page, scene: Scene) -> Iterator[str]:
    """At an office without an authority; test_enrolment_tls.py has one and looks at its steps."""
    page.get_by_role("alert").wait_for()
    yield "nothing to trust"


def sign_in(page: Page, scene: Scene) -> Iterator[str]:
    """The two fields, and what is told when they are wrong."""
    page.get_by_label("Name").wait_for()
    yield "fields"
    page.get_by_label("Name").fill("commander")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    page.locator("#sign-in-fault", has_text="wrong").wait_for()
    yield "wrong"
