"""The sign-in page: name and password, or a link that is good once."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from tests.server import PASSWORD, Server, wait_for

pytestmark = [pytest.mark.browser]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    yield context.new_page()
    context.close()


def test_without_a_session_one_is_asked_to_sign_in(page: Page, server: Server) -> None:
    page.goto(server.url)
    assert page.url == f"{server.url}/sign-in"
    assert Axe().run(page).response["violations"] == []
    assert page.locator("input").count() == 2, "name and password, nothing else"


def test_name_and_password_open_the_map(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.get_by_label("Name").fill("commander")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.url}/")
    wait_for("the page", lambda: page.locator("#unit-search").count() == 1)


def test_a_wrong_password_is_told_and_the_field_waits(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/sign-in")
    page.get_by_label("Name").fill("commander")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    wait_for("the word", lambda: "wrong" in page.locator("#sign-in-fault").inner_text())
    assert page.evaluate("document.activeElement.id") == "password"
    assert page.evaluate("document.querySelector('#password').value") != ""


def test_a_bad_link_is_told_and_leaves_no_token_in_the_address(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/sign-in#link=never-was")
    wait_for("the word", lambda: "link" in page.locator("#sign-in-fault").inner_text())
    assert page.url == f"{server.url}/sign-in"
