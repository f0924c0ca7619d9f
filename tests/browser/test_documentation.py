"""The documentation and the page of the interface, as a newcomer reads them on desk and phone.

The server's security policy holds there, too: what it refuses stands in the browser's console.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect

from tests.browser.commander import DESKTOP, PHONE, Size
from tests.fixtures import needs
from tests.fixtures.patience import PATIENCE_S
from tests.fixtures.server import PASSWORD, Server

pytestmark = [pytest.mark.browser]

KINDS = (
    "",
    "tutorials/first-joint-patrol/",
    "guides/set-up/",
    "reference/settings/",
    "reference/api/",
    "explanation/decisions/",
    "repository/deploy/systemd/",
)
"""The first page, and one of each kind."""


@pytest.fixture(params=[DESKTOP, PHONE], ids=["desktop", "phone"])
def reader(browser: Browser, server: Server, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A page of somebody signed in; at the end nothing was refused, nothing has left."""
    needs.manual()
    size: Size = request.param
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    context.set_default_timeout(PATIENCE_S * 1000)
    signed_in = context.request.post(
        f"{server.url}/api/session", data={"name": "technician", "password": PASSWORD}
    )
    assert signed_in.ok
    page = context.new_page()
    wrong: list[str] = []

    def note_message(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            wrong.append(message.text)

    def note_request(request: Request) -> None:
        if not request.url.startswith((server.url, "data:", "blob:")):
            wrong.append(request.url)

    page.on("console", note_message)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("request", note_request)
    yield page
    context.close()
    assert wrong == []


def width_beyond(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - innerWidth"))


def test_each_kind_of_page_fits_and_its_pictures_are_there(reader: Page, server: Server) -> None:
    for path in KINDS:
        reader.goto(f"{server.url}/docs/{path}")
        expect(reader.locator("h1").first).to_be_visible()
        assert width_beyond(reader) <= 0, path
        broken = "[...document.images].filter((each) => each.complete && !each.naturalWidth).length"
        assert reader.evaluate(broken) == 0, path


def test_a_search_finds_and_leads_to_a_page(reader: Page, server: Server) -> None:
    reader.goto(f"{server.url}/docs/")
    if reader.viewport_size == {"width": PHONE[0], "height": PHONE[1]}:
        reader.locator(".md-header label[for=__search]").first.click()
    field = reader.locator(".md-search__input")
    field.click()
    field.press_sequentially("border post")
    found = reader.locator(".md-search-result__link", has_text="A gateway at a border post").first
    found.click()
    expect(reader.locator("h1")).to_contain_text("A gateway at a border post")


def test_the_way_back_leads_to_the_map(reader: Page, server: Server) -> None:
    reader.goto(f"{server.url}/api/docs")
    expect(reader.get_by_role("link", name="Back to the map")).to_have_attribute("href", "/")
    reader.get_by_role("link", name="Documentation").click()
    expect(reader.locator("h1")).to_contain_text("Joint patrol")
    assert reader.locator("a[href='/']", has_text="Back to the map").count() >= 1


def test_the_interface_is_shown_and_what_reads_can_be_tried(reader: Page, server: Server) -> None:
    reader.goto(f"{server.url}/api/docs#/agencies")
    reader.locator(".opblock-summary-path", has_text="/api/agencies").click()
    reader.get_by_role("button", name="Try it out").click()
    reader.get_by_role("button", name="Execute").click()
    status = reader.locator(".live-responses-table tbody .response-col_status").first
    expect(status).to_contain_text("200")
    assert width_beyond(reader) <= 0
