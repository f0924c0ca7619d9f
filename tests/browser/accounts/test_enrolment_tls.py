"""A phone from the page that leads it to trust the office, to the crew's page that works offline.

A real authority of `joint-patrol tls init`, a real server that speaks TLS by it, and a Chromium
that trusts that authority as its user would have it: in its own store of certificates. No error of
a certificate is overlooked.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from playwright.sync_api import BrowserContext, Page, Playwright, ViewportSize

from tests.browser.axe import violations
from tests.browser.conftest import FLAGS
from tests.fixtures import needs
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, wait_for

pytestmark = [pytest.mark.browser]

PIN = "271828"
PHONE: ViewportSize = {"width": 390, "height": 844}


EVERYTHING_KEPT = """async () => {
    const asked = (request) => new Promise((done) => {
        request.onsuccess = () => done(request.result);
    });
    const text = (_, value) => value instanceof ArrayBuffer || ArrayBuffer.isView(value)
        ? new TextDecoder("latin1").decode(value) : value;
    let kept = JSON.stringify(localStorage);
    for (const { name } of await indexedDB.databases()) {
        const database = await asked(indexedDB.open(name));
        for (const store of database.objectStoreNames) {
            const all = database.transaction(store).objectStore(store).getAll();
            kept += JSON.stringify(await asked(all), text);
        }
        database.close();
    }
    return kept;
}"""
"""All that the page keeps, as far as it is text or bytes."""


class Office(Server):
    """A server that speaks TLS by its own authority."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, channels="", roles=("commander",))
        trust_port = free_port()
        self.plain = f"http://127.0.0.1:{trust_port}"
        words = ["--host", "127.0.0.1", "--port", str(self.port), "--trust-port", str(trust_port)]
        self.said = self.command("tls", "init", *words, "--write")
        text = self.config.read_text(encoding="utf-8")
        # A test listens on this machine alone.
        self.config.write_text(text.replace('host = "0.0.0.0"', 'host = "127.0.0.1"'))
        self.authority = folder / "tls" / "authority.pem"
        self.url = f"https://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    made = Office(tmp_path_factory.mktemp("office"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SSL_CERT_FILE", str(made.authority))  # httpx trusts it, too
        made.start()
        yield made
        made.stop()


def chromium(playwright: Playwright, home: Path, *, trusts: Path | None = None) -> BrowserContext:
    """Start a Chromium of its own, with or without the authority in its store."""
    store = home / ".pki" / "nssdb"
    store.mkdir(parents=True)
    certutil = needs.program("certutil", hint="libnss3-tools")
    words: list[list[str]] = [["-N", "--empty-password"]]
    if trusts is not None:
        words.append(["-A", "-t", "C,,", "-n", "office", "-i", str(trusts)])
    for each in words:
        subprocess.run([certutil, "-d", f"sql:{store}", *each], check=True, capture_output=True)
    return playwright.chromium.launch_persistent_context(
        str(home / "profile"),
        executable_path=needs.program("chromium"),
        args=FLAGS,
        env={**os.environ, "HOME": str(home)},
        viewport=PHONE,
        has_touch=True,
        permissions=["geolocation"],
        geolocation={"longitude": 100.4102, "latitude": 20.2711},
    )


def complained(page: Page) -> list[str]:
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("console", lambda said: found.append(said.text) if said.type == "error" else None)
    return found


def code_for(office: Office, call_sign: str, device: str) -> dict[str, Any]:
    """Return an enrolment code for a new unit."""
    with office.client() as client:
        made = client.post("/api/units", json={"call_sign": call_sign, "kind": "boat"})
        assert made.status_code == 201, made.text
        unit = made.json()["id"]
        code = client.post("/api/devices/enrolments", json={"device": device, "unit": unit})
        assert code.status_code == 201, code.text
        found: dict[str, Any] = code.json()
        return found


def unit_in(code: dict[str, Any]) -> str:
    """Return the id of the unit that a code is for."""
    return str(code["unit"])


def faults(page: Page, where: str) -> list[str]:
    """Return what axe finds in every palette, on a desktop and on a phone; it is left a phone."""
    page.set_viewport_size({"width": 1440, "height": 900})
    found = violations(page, f"{where}, desktop")
    page.set_viewport_size(PHONE)
    return found + violations(page, where)


def test_a_phone_is_enrolled_and_its_page_works_offline(
    office: Office, playwright: Playwright, tmp_path: Path
) -> None:
    code = code_for(office, "Naga 1", "naga-1-phone")
    assert code["address"].startswith(f"{office.url}/enrol#code=")
    context = chromium(playwright, tmp_path, trusts=office.authority)
    try:
        page = context.new_page()
        complaints = complained(page)
        # The page without TLS: what it shows is what the command line said, and the check is real.
        page.goto(f"{office.plain}/")
        assert page.url == f"{office.plain}/trust"
        texts = page.locator(".fingerprint span").all_inner_texts()
        assert ":".join(each.strip() for each in texts) in office.said
        page.get_by_role("button", name="Check whether this phone trusts it").click()
        page.get_by_text("This phone trusts the office.").wait_for()
        assert faults(page, "trust") == []
        page.screenshot(path=str(tmp_path / "trust.png"), full_page=True)

        page.goto(code["address"])
        page.get_by_text("Naga 1", exact=True).wait_for()
        assert page.get_by_text("naga-1-phone", exact=True).is_visible()
        assert faults(page, "enrol") == []
        page.get_by_label("Your name").fill("Kham")
        page.get_by_label("New PIN").fill(PIN)
        page.get_by_label("The same PIN again").fill("271829")
        page.get_by_role("button", name="Make it known").click()
        page.get_by_text("The two PINs are not the same.").wait_for()
        page.get_by_label("The same PIN again").fill(PIN)
        page.get_by_role("button", name="Make it known").click()
        page.get_by_text("This phone is known now.").wait_for()
        assert page.evaluate("location.hash") == ""
        # The key is on the phone under the PIN only: no cookie, nothing in the clear.
        assert context.cookies() == []
        assert "phone_" not in page.evaluate(EVERYTHING_KEPT)

        page.get_by_role("link", name="Open the crew page").click()
        page.wait_for_url(f"{office.url}/crew")
        page.evaluate("navigator.serviceWorker.ready.then(() => 1)")
        page.reload()
        wait_for("the worker", lambda: page.evaluate("!!navigator.serviceWorker.controller"))
        context.set_offline(True)
        page.reload()
        page.get_by_label("PIN of Kham").wait_for()
        context.set_offline(False)

        # Behind the PIN a commander's text comes, and the commander sees that it did.
        with office.client() as client:
            text = {"kind": "text", "unit": unit_in(code), "text": "return to the pier"}
            order = client.post("/api/orders", json=text)
            assert order.status_code == 201, order.text
            page.get_by_label("PIN of Kham").fill(PIN)
            page.get_by_role("button", name="Open").click()
            page.get_by_role("button", name="Texts").click()
            page.get_by_text("return to the pier").wait_for()
            path = f"/api/orders/{order.json()['id']}"
            wait_for("it", lambda: client.get(path).json()["state"] in ("delivered", "read"))
        # Asked in vain: who is signed in, and anything while there is no network.
        expected = ("ERR_INTERNET_DISCONNECTED", "401 (Unauthorized)")
        assert [each for each in complaints if not any(word in each for word in expected)] == []

        # A code works once.
        page.goto(f"{office.url}/enrol")
        page.goto(code["address"])
        page.reload()
        page.get_by_text("This code is not good any more.").wait_for()
    finally:
        context.close()


def test_a_phone_that_does_not_trust_the_office_is_reported(
    office: Office, playwright: Playwright, tmp_path: Path
) -> None:
    context = chromium(playwright, tmp_path)
    try:
        page = context.new_page()
        page.goto(f"{office.plain}/trust")
        page.get_by_role("button", name="Check whether this phone trusts it").click()
        page.get_by_text("This phone does not trust the office yet").wait_for()
        with page.expect_download() as download:
            page.get_by_role("link", name="Get the certificate").click()
        saved = tmp_path / "joint-patrol.crt"
        download.value.save_as(saved)
        with httpx.Client() as client:
            assert (
                saved.read_bytes() == client.get(f"{office.plain}/api/trust/authority.crt").content
            )
        # Its own pages do not open: nothing here overlooks a certificate.
        with pytest.raises(Exception, match="ERR_CERT_AUTHORITY_INVALID"):
            page.goto(office.url)
        # Without TLS nothing can be enrolled, and the way is shown.
        for path in ("/enrol", "/crew", "/sign-in"):
            assert httpx.get(f"{office.plain}{path}").status_code == 404
    finally:
        context.close()


def test_the_commander_makes_the_code_beside_the_unit(
    office: Office, playwright: Playwright, tmp_path: Path
) -> None:
    with office.client() as client:
        made = client.post("/api/units", json={"call_sign": "Gull 2", "kind": "boat"})
        assert made.status_code == 201, made.text
        session = client.cookies["__Host-jp_session"]
    context = chromium(playwright, tmp_path, trusts=office.authority)
    try:
        context.add_cookies(
            [{"name": "__Host-jp_session", "value": session, "url": office.url, "secure": True}]
        )
        page = context.new_page()
        page.set_viewport_size({"width": 1440, "height": 900})
        page.goto(office.url)
        page.locator(".row", has_text="Gull 2").first.click()
        page.get_by_role("button", name="Make a phone known").click()
        assert page.get_by_label("Name of the phone").input_value() == "gull-2-phone"
        page.get_by_role("button", name="Make a QR code").click()
        page.get_by_role("img", name="QR code").wait_for()
        assert page.locator(".qr").bounding_box()["width"] >= 250  # type: ignore[index]
        begin = page.get_by_text("A phone that was never here first opens")
        begin.wait_for()
        assert f"{office.plain}/trust" in begin.inner_text()
        assert violations(page, "QR code") == []
        page.screenshot(path=str(tmp_path / "commander.png"))
        assert urlsplit(page.url).netloc == urlsplit(office.url).netloc
    finally:
        context.close()
