"""The account page: a person's own language, ways in, notifications, tokens; users and devices."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pyotp
import pytest
from playwright.sync_api import Browser, Page, Playwright

from tests.browser.axe import violations
from tests.browser.commander import DESKTOP
from tests.browser.conftest import Chromium
from tests.fixtures import needs
from tests.fixtures.databases import reading
from tests.fixtures.patience import PATIENCE_S
from tests.fixtures.server import PASSWORD, Server, serving, wait_for

pytestmark = [pytest.mark.browser]

PUSH = """
[push]
key_file = "push.pem"
contact = "mailto:t@hx.example"

[[agencies]]
id = "th-ck"
name = "Chiang Khong police"
country = "TH"
"""


@pytest.fixture(scope="module")
def browser(playwright: Playwright) -> Iterator[Browser]:
    """The whole Chromium: its headless shell shows no notifications."""
    started = Chromium(playwright, needs.program("chromium"))
    yield started.running()
    started.close()


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("account")
    with serving(folder, channels=PUSH, roles=("admin",)) as running:
        add(running, "commander", "crew")
        yield running


def add(office: Server, *roles: str, name: str | None = None) -> None:
    """Add a user for each role, as an administrator does."""
    with office.client("admin") as client:
        for role in roles:
            body = {"name": name or role, "role": role, "password": PASSWORD}
            client.post("/api/users", json=body).raise_for_status()


class Visit:
    """One browser at the account page.

    Attributes:
        page: Playwright's page.
        complaints: What the browser complained of.
    """

    def __init__(self, page: Page, office: Server) -> None:
        self.page, self._office = page, office
        self.complaints: list[str] = []
        page.on("console", self._told)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _told(self, message: Any) -> None:
        # A refusal that a test provokes is complained of by the browser itself, and software that
        # draws a map by the way it is drawn (as in `Commander`).
        itself = ("Failed to load", "GPU stall due to ReadPixels")
        if message.type in ("error", "warning") and not any(
            words in message.text for words in itself
        ):
            self.complaints.append(message.text)

    def come(self, name: str) -> Page:
        """Sign in and open the page."""
        answer = self.page.context.request.post(
            f"{self._office.url}/api/session",
            data={"name": name, "password": PASSWORD},
            headers={"Origin": self._office.url},
        )
        assert answer.ok, answer.text()
        self.page.goto(f"{self._office.url}/account")
        wait_for("the page", lambda: self.page.locator("#tokens .empty, #tokens li").count() > 0)
        return self.page


@pytest.fixture
def visit(browser: Browser, office: Server) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": DESKTOP[0], "height": DESKTOP[1]})
    context.set_default_timeout(PATIENCE_S * 1000)
    context.grant_permissions(["notifications"], origin=office.url)
    made = Visit(context.new_page(), office)
    yield made
    context.close()
    assert made.complaints == []


def test_the_page_speaks_another_language_at_once_and_on_every_machine(
    visit: Visit, browser: Browser, office: Server
) -> None:
    page = visit.come("crew")
    thai = page.get_by_role("button", name="ไทย")
    thai.focus()
    page.keyboard.press("Enter")
    wait_for("Thai", lambda: page.evaluate("document.documentElement.lang") == "th")
    assert page.evaluate("document.activeElement.id") == "language-th"
    assert page.locator("#language-th").get_attribute("aria-pressed") == "true"
    page.locator("#calendar-buddhist").click()
    wait_for("saved", lambda: page.evaluate("localStorage.getItem('jp.calendar')") == '"buddhist"')
    assert page.evaluate("localStorage.getItem('jp.language')") == '"th"'
    elsewhere = browser.new_context()
    try:
        page = Visit(elsewhere.new_page(), office).come("crew")
        assert page.evaluate("document.documentElement.lang") == "th"
        assert page.locator("#calendar-buddhist").get_attribute("aria-pressed") == "true"
        page.locator("#language-en").click()
        wait_for("English", lambda: page.get_by_role("heading", name="My account").count() == 1)
    finally:
        elsewhere.close()


def test_a_second_factor_is_set_up_used_and_turned_off(visit: Visit, office: Server) -> None:
    add(office, "planner", name="pim")
    page = visit.come("pim")
    page.get_by_role("button", name="Set up a second factor").click()
    code = pyotp.TOTP(page.locator("#signing-in form code").inner_text())
    page.locator("#factor-first").fill("000000")
    page.keyboard.press("Enter")
    wait_for("the word", lambda: page.get_by_text("The code is wrong").count() == 1)
    page.locator("#factor-first").fill(code.now())
    page.keyboard.press("Enter")
    wait_for("recovery codes", lambda: page.locator(".codes li").count() == 10)
    recovery = page.locator(".codes code").all_inner_texts()
    page.get_by_role("button", name="I have kept it").click()
    wait_for("it is on", lambda: page.get_by_text("10 recovery codes are left.").count() == 1)
    assert recovery[0] not in page.content(), "shown once"
    page.locator("#factor-code").fill(recovery[0])
    page.get_by_role("button", name="Turn it off").click()
    page.locator(".sure").get_by_role("button", name="Turn it off").click()
    page.wait_for_url(f"{office.url}/sign-in?next=/account")
    visit.come("pim")
    wait_for("it is off", lambda: page.get_by_text("It is off.").count() == 1)


def test_what_is_shown_only_once_survives_another_language(visit: Visit, office: Server) -> None:
    add(office, "planner", name="ton")
    page = visit.come("ton")

    def speak(language: str) -> None:
        page.locator(f"#language-{language}").click()
        wait_for(language, lambda: page.evaluate("document.documentElement.lang") == language)
        wait_for("saved", lambda: page.locator("#reading .said").inner_text() != "")
        assert page.evaluate("document.activeElement.id") == f"language-{language}"

    page.get_by_role("button", name="Set up a second factor").click()
    secret = page.locator("#signing-in form code").inner_text()
    page.locator("#factor-first").fill("12")
    speak("th")
    assert page.locator("#signing-in form code").inner_text() == secret
    assert page.locator("#signing-in .qr img").count() == 1
    assert page.locator("#factor-first").input_value() == "12"
    page.locator("#factor-first").fill(pyotp.TOTP(secret).now())
    page.keyboard.press("Enter")
    wait_for("recovery codes", lambda: page.locator(".codes li").count() == 10)
    recovery, title = page.locator(".codes code").all_inner_texts(), page.locator(".once h3")
    thai = title.inner_text()
    speak("vi")
    assert page.locator(".codes code").all_inner_texts() == recovery
    assert title.inner_text() != thai
    page.locator(".once .primary").click()
    wait_for("they are kept", lambda: page.locator(".codes").count() == 0)

    page.locator("#token-label").fill("wall screen")
    page.locator("#tokens form input[type=checkbox]").first.check()
    page.locator("#tokens form .primary").click()
    wait_for("the token", lambda: page.locator("#tokens .secret").count() == 1)
    token = page.locator("#tokens .secret").inner_text()
    speak("en")
    assert page.locator("#tokens .secret").inner_text() == token


def test_the_own_password_is_changed_by_who_knows_it(visit: Visit, office: Server) -> None:
    add(office, "planner", name="nid")
    page = visit.come("nid")

    def change(present: str, new: str) -> None:
        for field, value in (("present", present), ("fresh", new), ("again", new)):
            page.locator(f"#password-{field}").fill(value)
        page.get_by_role("button", name="Change the password").click()

    change("not the password", "another long pass phrase")
    wait_for("the word", lambda: page.get_by_text("The present password is wrong.").count() == 1)
    change(PASSWORD, "short")
    wait_for("the word", lambda: page.get_by_text("fewer than 12 characters").count() == 1)
    change(PASSWORD, "another long pass phrase")
    wait_for("the word", lambda: page.get_by_text("The password is changed.").count() == 1)
    page.reload()  # in a fresh session, not signed out
    wait_for("the page", lambda: page.locator("#password-present").count() == 1)
    body = {"name": "nid", "password": PASSWORD}
    assert httpx.post(f"{office.url}/api/session", json=body).status_code == 401


def test_a_token_is_shown_once_works_and_is_revoked(visit: Visit, office: Server) -> None:
    page = visit.come("commander")
    page.get_by_label("What it is for").fill("wall screen")
    page.get_by_role("button", name="Make a token").click()
    wait_for("the word", lambda: page.get_by_text("Tick at least one thing").count() == 1)
    page.get_by_label("See units, radios and channels as they are now").check()
    page.get_by_role("button", name="Make a token").click()
    wait_for("the token", lambda: page.locator(".secret").count() == 1)
    token = page.locator(".secret").inner_text()

    def units() -> int:
        bearer = {"authorization": f"Bearer {token}"}
        return httpx.get(f"{office.url}/api/units", headers=bearer).status_code

    assert units() == 200
    page.get_by_role("button", name="I have kept it").click()
    assert token not in page.content()
    page.locator("#tokens li").get_by_role("button", name="Revoke").click()
    page.locator(".sure").get_by_role("button", name="Revoke").click()
    wait_for("none left", lambda: page.get_by_text("You have no tokens.").count() == 1)
    assert units() == 401


def test_a_session_of_a_while_ago_is_asked_for_its_password_and_goes_on(
    visit: Visit, office: Server
) -> None:
    page = visit.come("commander")
    with reading(office.database) as answer:  # as if an hour had passed since
        answer.execute("UPDATE sessions SET created_us = created_us - 3600000000")
    page.get_by_label("What it is for").fill("wall screen")
    page.get_by_label("See units, radios and channels as they are now").check()
    page.get_by_role("button", name="Make a token").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Password").fill("not my password")
    dialog.get_by_role("button", name="Go on").click()
    dialog.get_by_text("The password or code is wrong.").wait_for()
    dialog.get_by_label("Password").fill(PASSWORD)
    dialog.get_by_role("button", name="Go on").click()
    dialog.wait_for(state="detached")
    wait_for("the token", lambda: page.locator(".secret").count() == 1)  # without another click


def test_an_administrator_keeps_users_and_devices(visit: Visit, office: Server) -> None:
    page = visit.come("admin")
    page.get_by_label("Name to sign in with").fill("lek")
    page.get_by_label("Role", exact=True).select_option("observer")
    page.get_by_role("button", name="Add a user").click()
    wait_for("lek", lambda: page.locator("#role-lek").count() == 1)
    assert page.locator("#role-lek").input_value() == "observer"
    page.locator("#role-lek").select_option("liaison")
    wait_for("the word", lambda: page.get_by_text("lek is changed.").count() == 1)
    lek = page.locator("#people li", has_text="lek")
    lek.locator("summary").click()
    lek.get_by_role("button", name="Make a sign-in link").click()
    wait_for("a link", lambda: lek.locator(".secret").count() == 1)
    link = lek.locator(".secret").inner_text()
    token = {"token": link.partition("#link=")[2]}
    assert httpx.post(f"{office.url}/api/session/link", json=token).json()["role"] == "liaison"
    lek.get_by_role("button", name="I have kept it").click()
    lek.get_by_role("button", name="Disable").click()
    lek.locator(".sure").get_by_role("button", name="Disable").click()
    wait_for("disabled", lambda: "disabled" in lek.locator(".entry-name").inner_text())

    page.get_by_label("Name that its messages carry").fill("boat-7")
    page.get_by_role("button", name="Add a tracker").click()
    wait_for("its key", lambda: page.locator(".secret").count() == 1)
    bearer = {"authorization": f"Bearer {page.locator('.secret').inner_text()}"}
    body = {"id": "boat-7", "lon": 100.41, "lat": 20.27}
    response = httpx.post(f"{office.url}/api/positions", json=body, headers=bearer)
    assert response.status_code < 300, response.text
    page.get_by_role("button", name="I have kept it").click()
    page.get_by_label("Name of the phone").fill("naga-phone")
    page.get_by_role("button", name="Enrol a phone").click()
    wait_for("a QR code", lambda: page.locator("#people .qr img").count() == 1)
    boat = page.locator("#people li", has_text="boat-7")
    boat.get_by_role("button", name="Revoke").click()
    boat.locator(".sure").get_by_role("button", name="Revoke").click()
    wait_for("revoked", lambda: "revoked" in boat.locator(".entry-name").inner_text())


def test_a_crew_is_offered_nothing_of_others(visit: Visit) -> None:
    page = visit.come("crew")
    assert page.locator("#people").count() == 0


def test_what_is_pushed_is_shown_in_its_own_words(visit: Visit, office: Server) -> None:
    """The real service worker; only the push service of the browser's maker is not asked."""
    page = visit.come("commander")
    page.evaluate("navigator.serviceWorker.register('/push.js', { scope: '/account' })")
    wait_for(
        "the worker",
        lambda: page.evaluate(
            "navigator.serviceWorker.getRegistration('/account')"
            ".then((found) => found?.active?.state === 'activated')"
        ),
    )
    devtools = page.context.new_cdp_session(page)
    ids: list[str] = []
    devtools.on(
        "ServiceWorker.workerRegistrationUpdated",
        lambda event: ids.extend(each["registrationId"] for each in event["registrations"]),
    )
    devtools.send("ServiceWorker.enable")
    page.wait_for_timeout(200)  # events of DevTools come while Playwright waits
    assert ids
    pushed = {
        "title": "[Test] SOS: ນາກາ 1",
        "body": "ຍັງບໍ່ມີໃຜຮັບຮູ້",
        "language": "lo",
        "severity": "sos",
        "tag": "a1",
        "url": "/?alert=a1",
    }
    devtools.send(
        "ServiceWorker.deliverPushMessage",
        {"origin": office.url, "registrationId": ids[-1], "data": json.dumps(pushed)},
    )
    answer = wait_for(
        "the notification",
        lambda: page.evaluate(
            "navigator.serviceWorker.getRegistration('/account')"
            ".then((found) => found.getNotifications())"
            ".then((all) => all.map((each) => [each.title, each.body, each.lang, each.tag]))"
        ),
    )
    assert answer == [["[Test] SOS: ນາກາ 1", "ຍັງບໍ່ມີໃຜຮັບຮູ້", "lo", "a1"]]


def test_the_link_of_a_mail_leads_through_signing_in_to_its_alert(
    visit: Visit, office: Server
) -> None:
    with office.client("commander") as client:
        body = {"device": "boat-1", "lon": 100.41, "lat": 20.27, "distress": True}
        client.post("/api/positions", json=body).raise_for_status()
        body = {"device": "boat-2", "lon": 100.42, "lat": 20.27, "distress": True}
        client.post("/api/positions", json=body).raise_for_status()

        def older() -> Any:
            found = client.get("/api/alerts").json()
            return len(found) == 2 and min(found, key=lambda each: str(each["raised_at"]))["id"]

        alert = wait_for("two alerts", older)
    page = visit.page
    page.goto(f"{office.url}/?alert={alert}")
    assert page.url == f"{office.url}/sign-in?next=/%3Falert%3D{alert}"
    page.get_by_label("Name").fill("commander")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    # Its card in focus, on the page that comes after the sign-in.
    page.locator(f"#card-{alert}:focus").wait_for()
    assert page.url == f"{office.url}/", "a reload comes back to what was looked at since"


def test_a_passkey_is_made_signs_in_is_shown_again_and_signs_an_agreement(
    visit: Visit, office: Server
) -> None:
    """With a virtual device of Chromium's, at a name: at an address there are none."""
    add(office, "liaison", name="mali")
    page = visit.page
    url = office.url.replace("127.0.0.1", "localhost")
    device = page.context.new_cdp_session(page)
    device.send("WebAuthn.enable")
    kind = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    id = device.send("WebAuthn.addVirtualAuthenticator", {"options": kind})["authenticatorId"]
    page.goto(f"{url}/sign-in?next=/account")
    page.get_by_label("Name", exact=True).fill("mali")
    page.get_by_label("Password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_label("Name of the passkey").fill("this computer")
    page.get_by_role("button", name="Make a passkey").click()
    page.locator("#passkeys .codes li").first.wait_for()
    assert page.locator("#passkeys .codes li").count() == 10
    page.get_by_role("button", name="I have kept it").click()
    assert page.locator("#passkeys .entries").get_by_text("this computer").count() == 1
    assert violations(page, "passkeys") == []

    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url(f"{url}/sign-in**")
    refused = {"authenticatorId": id, "isUserVerified": False}
    device.send("WebAuthn.setUserVerified", refused)
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.get_by_text("No passkey let you in").wait_for()
    device.send("WebAuthn.setUserVerified", refused | {"isUserVerified": True})
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url(f"{url}/")

    page.goto(f"{url}/account")
    page.get_by_label("What it is for").fill("script")
    page.locator("#tokens input[type=checkbox]").first.check()
    with reading(office.database) as file:
        file.execute("UPDATE sessions SET created_us = created_us - 360000000 WHERE user = 'mali'")
    page.get_by_role("button", name="Make a token").click()
    page.get_by_role("button", name="Use a passkey").click()
    page.get_by_role("button", name="I have kept it").wait_for()

    propose(office)
    page.goto(f"{url}/")
    page.locator(".shared").get_by_role("button", name="Terms and signatures").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("Your passkey signs exactly these terms.").wait_for()
    for words in (
        "90 days",
        "Memorandum on drug control along the Mekong",
        "Ministry of Public Security",
        "ລາວ, ไทย. Where they differ, ລາວ counts",
    ):
        assert dialog.get_by_text(words).count() == 1, words
    assert violations(page, "agreement") == []
    device.send("WebAuthn.setUserVerified", refused)
    dialog.get_by_role("button", name="Sign", exact=True).click()
    dialog.get_by_text("No passkey was used.").wait_for()
    dialog.get_by_role("button", name="Close").click()
    device.send("WebAuthn.setUserVerified", refused | {"isUserVerified": True})
    page.locator(".shared").get_by_role("button", name="Terms and signatures").click()
    dialog.get_by_text("Your passkey signs exactly these terms.").wait_for()
    dialog.get_by_role("button", name="Sign", exact=True).click()
    dialog.wait_for(state="detached")
    page.locator(".shared").get_by_role("button", name="Terms and signatures").click()
    dialog.get_by_text("signed with passkey this computer").wait_for()
    dialog.get_by_role("button", name="End agreement").click()
    dialog.get_by_label("Why; the other side reads it").fill("a better one is drafted")
    dialog.get_by_role("button", name="End agreement").click()
    page.locator(".shared").wait_for(state="detached")
    with office.client("commander") as client:
        [over] = client.get("/api/agreements?closed=true").json()
    assert (over["state"], over["key"]["label"]) == ("ended", "this computer")


def propose(office: Server) -> None:
    """Have the commander put an agreement before both agencies."""
    with office.client("commander") as client:
        agency = client.get("/api/session").json()["agency"]["id"]
        terms = {
            "name": "Joint patrols",
            "classes": ["positions", "tracks", "distress"],
            "purposes": ["safety of crews"],
            "valid_from": "2026-01-01T00:00:00Z",
            "valid_until": "2036-01-01T00:00:00Z",
            "precision_m": 100,
            "keep_days": 90,
            "legal_basis": "Memorandum on drug control along the Mekong",
            "approvals": [{"agency": agency, "authority": "Ministry of Public Security"}],
            "languages": ["lo", "th"],
            "prevailing_language": "lo",
        }
        said = {"agencies": [agency, "th-ck"], "terms": terms}
        made = client.post("/api/agreements", json=said).raise_for_status().json()
        client.post(f"/api/agreements/{made['id']}/propose").raise_for_status()
