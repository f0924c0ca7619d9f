"""The sign-in page: name and password, or a link that is good once."""

from __future__ import annotations

from collections.abc import Iterator

import pyotp
import pytest
from playwright.sync_api import Browser, Page

from maps.accounts.account_services import open_account_services
from maps.settings.settings import read_settings
from tests.browser.axe import violations
from tests.fixtures.background_loop import run_in_background_loop
from tests.fixtures.patience import PATIENCE_S
from tests.fixtures.server import PASSWORD, Server, wait_for

pytestmark = [pytest.mark.browser]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context()
    context.set_default_timeout(PATIENCE_S * 1000)
    yield context.new_page()
    context.close()


def test_without_a_session_one_is_asked_to_sign_in(page: Page, server: Server) -> None:
    page.goto(server.url)
    assert page.url == f"{server.url}/sign-in"
    assert violations(page, "sign-in") == []
    assert page.locator("input").count() == 2, "name and password, nothing else"


def test_name_and_password_open_the_map(page: Page, server: Server) -> None:
    page.goto(server.url)
    page.get_by_label("Name").fill("commander")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.url}/")
    wait_for("the page", lambda: page.locator("#unit-search").count() == 1)


def test_a_link_opens_the_page_of_the_role_unless_the_address_says_where(
    page: Page, server: Server
) -> None:
    for role, address, opened in (
        ("planner", "/sign-in", "/planner"),
        ("crew", "/sign-in", "/crew"),
        ("technician", "/sign-in", "/"),
        ("planner", "/sign-in?next=/reports", "/reports"),
        ("planner", "/sign-in?next=//elsewhere.example", "/planner"),
    ):
        page.context.clear_cookies()
        link = server.command("user", "link", role).rpartition("#link=")[2].strip()
        page.goto("about:blank")
        page.goto(f"{server.url}{address}#link={link}")
        page.wait_for_url(f"{server.url}{opened}")


def test_a_wrong_password_is_reported_and_the_field_has_the_focus(
    page: Page, server: Server
) -> None:
    page.goto(f"{server.url}/sign-in")
    page.get_by_label("Name").fill("commander")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    wait_for("the word", lambda: "wrong" in page.locator("#sign-in-fault").inner_text())
    assert page.evaluate("document.activeElement.id") == "password"
    assert page.evaluate("document.querySelector('#password').value") != ""


def test_a_bad_link_is_reported_and_leaves_no_token_in_the_address(
    page: Page, server: Server
) -> None:
    page.goto(f"{server.url}/sign-in#link=never-was")
    wait_for("the word", lambda: "link" in page.locator("#sign-in-fault").inner_text())
    assert page.url == f"{server.url}/sign-in"


def test_a_user_with_an_authenticator_is_asked_for_its_code(page: Page, server: Server) -> None:
    server.add_users([("coded", "commander", "joint")])
    codes = authenticator(server, "coded")
    page.goto(f"{server.url}/sign-in")
    page.get_by_label("Name").fill("coded")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    wait_for("the field", lambda: page.get_by_label("Code").count() == 1)
    wait_for("focus", lambda: page.evaluate("document.activeElement.id") == "code")
    assert violations(page, "code") == []
    page.keyboard.type("000000")
    page.keyboard.press("Enter")
    wait_for("the word", lambda: "wrong" in page.locator("#sign-in-fault").inner_text())
    page.get_by_label("Code").fill(codes[0])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.url}/")

    page.context.clear_cookies()
    link = server.command("user", "link", "coded").rpartition("#link=")[2].strip()
    page.goto("about:blank")  # from the page itself, the fragment alone would load nothing anew
    page.goto(f"{server.url}/sign-in#link={link}")
    wait_for("the field", lambda: page.get_by_label("Code").count() == 1)
    assert page.locator("input").count() == 1
    page.get_by_label("Code").fill(codes[1])
    page.keyboard.press("Enter")
    page.wait_for_url(f"{server.url}/")


def authenticator(server: Server, name: str) -> list[str]:
    """Give a user a second factor, as the command line does, and return its recovery codes."""

    async def set_up() -> list[str]:
        async with open_account_services(read_settings(server.config)) as accounts:
            found = await accounts.people.user(name)
            assert found is not None
            factor_set_up = await accounts.factors.begin(found[0])
            code = pyotp.TOTP(factor_set_up.secret).now()
            return list((await accounts.factors.confirm(found[0], code)).codes)

    return run_in_background_loop(set_up())
