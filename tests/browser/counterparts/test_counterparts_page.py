"""The page of counterparts: two offices meet, each on its own server, and one ends it."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, expect

from tests.browser.axe import FINGER_PX, too_small, too_wide, violations
from tests.browser.commander import DESKTOP, PHONE, Size
from tests.browser.conftest import QUICK
from tests.fixtures import needs
from tests.fixtures.patience import PATIENCE_S
from tests.fixtures.ports import free_port
from tests.fixtures.server import PASSWORD, Server, wait_for

pytestmark = [pytest.mark.browser]

AGENCIES: Final = {"hx": ("la-hx", "Houay Xai police", "LA"), "ck": ("th-ck", "CK police", "TH")}
PEOPLE: Final = {"kham": "commander", "noy": "liaison", "somchai": "observer"}

Visit = Callable[..., Page]


@contextmanager
def office(folder: Path, node: str, *, settings: str = "") -> Iterator[Server]:
    """Yield the running server of an office, with `PEOPLE` as its users.

    Args:
        folder: Where its files go.
        node: Its id, of `AGENCIES`.
        settings: More tables of its `patrol.toml`.
    """
    folder.mkdir()
    server = Server(folder, channels="", roles=())
    agency, name, country = AGENCIES[node]
    text = server.config.read_text(encoding="utf-8")
    text = text.replace('"test-node"', f'"{node}"').replace("Houay Xai test node", f"BLO {node}")
    text = text.replace('"joint"\nname = "Joint patrol"', f'"{agency}"\nname = "{name}"')
    text += f'country = "{country}"\n{settings}'
    server.config.write_text(text, encoding="utf-8")
    server.add_users((user, role, agency) for user, role in PEOPLE.items())
    server.start()
    try:
        yield server
    finally:
        server.stop()


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two nodes that have never met."""
    with office(tmp_path / "hx", "hx") as hx, office(tmp_path / "ck", "ck") as ck:
        yield hx, ck


@contextmanager
def visits(browser: Browser) -> Iterator[Visit]:
    """Yield what opens the page: `visit(server, user, size=…)`; nothing may go wrong in any."""
    contexts, complaints = [], []

    def visit(server: Server, user: str, *, size: Size = DESKTOP) -> Page:
        context = browser.new_context(viewport={"width": size[0], "height": size[1]})
        context.set_default_timeout(PATIENCE_S * 1000)
        contexts.append(context)
        answer = context.request.post(
            f"{server.url}/api/session",
            data={"name": user, "password": PASSWORD},
            headers={"Origin": server.url},
        )
        assert answer.ok, answer.text()
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda said: (
                complaints.append(said.text)
                if said.type == "error" and "Failed to load" not in said.text
                else None
            ),
        )
        page.goto(f"{server.url}/counterparts")
        expect(page.locator(".card-shown .qr img")).to_be_visible()
        return page

    yield visit
    for each in contexts:
        each.close()
    assert complaints == []


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    with visits(browser) as opened:
        yield opened


def card_text(page: Page) -> str:
    """Return the own card of a page as text."""
    return page.locator(".as-text textarea").input_value()


def paste(page: Page, text: str) -> None:
    """Paste a card and add its office."""
    page.locator("#read-text").fill(text)
    page.locator("#read button[type=submit]").click()


def code_picture(page: Page) -> Image.Image:
    """Return the QR code as the screen shows it, slightly turned as a hand holds it."""
    shown = page.locator(".card-shown .qr img").screenshot()
    with Image.open(io.BytesIO(shown)) as opened:
        return opened.convert("RGB").rotate(4, expand=True, fillcolor="#a0a0a0")


def test_two_offices_meet_and_one_ends_it(
    offices: tuple[Server, Server], visit: Visit, tmp_path: Path
) -> None:
    hx, ck = offices
    ours, theirs = visit(hx, "kham"), visit(ck, "kham")
    expect(ours.locator("#known .empty")).to_be_visible()

    # Theirs is read from a picture of the QR code, ours from the file that was saved.
    picture = tmp_path / "code.png"
    code_picture(theirs).save(picture)
    ours.locator("#read input[type=file]").set_input_files(picture)
    entry = ours.locator(".counterpart")
    expect(entry).to_have_attribute("data-state", "proposed")
    expect(entry).to_contain_text("BLO ck")
    expect(entry).to_contain_text("CK police (th-ck), Thailand")
    with ours.expect_download() as download:
        ours.get_by_role("button", name="Save as file").click()
    assert download.value.suggested_filename == "joint-patrol-card-hx-1.txt"
    theirs.locator("#read input[type=file]").set_input_files(download.value.path())
    digits = ours.locator(".digits")
    expect(digits).to_have_text(theirs.locator(".digits").inner_text())
    assert [len(each) for each in digits.inner_text().split()] == [4] * 6

    # Digits that differ change nothing, and say what to do.
    ours.get_by_role("button", name="Not the same").click()
    expect(ours.get_by_role("alert").filter(has_text="Do not go on")).to_be_visible()
    expect(entry).to_have_attribute("data-state", "proposed")

    ours.get_by_role("button", name="The same", exact=True).click()
    expect(entry).to_have_attribute("data-state", "compared")
    expect(ours.locator(".step")).to_contain_text("You compared the digits")
    expect(ours.get_by_role("button", name="Confirm BLO ck")).to_have_count(0)

    second = visit(hx, "noy")
    second.get_by_role("button", name="Confirm BLO ck").click()
    expect(second.locator(".counterpart")).to_have_attribute("data-state", "confirmed")
    ours.reload()
    expect(entry).to_have_attribute("data-state", "confirmed")
    expect(entry).to_contain_text("kham ·")
    expect(entry).to_contain_text("noy ·")

    # Who may only look finds the same, and nothing to press.
    observer = visit(hx, "somchai")
    expect(observer.locator(".counterpart")).to_have_attribute("data-state", "confirmed")
    expect(observer.locator(".counterpart :is(button, summary, input)")).to_have_count(0)
    expect(observer.locator("#read")).to_have_count(0)

    entry.locator("summary", has_text="Revoke").click()
    expect(entry.locator(".warning")).to_contain_text("nothing is sent to BLO ck")
    entry.get_by_label("Reason").fill("their computer was stolen")
    entry.get_by_role("button", name="Revoke BLO ck for good").click()
    expect(ours.locator("#known .empty")).to_be_visible()
    ours.locator(".revoked summary").click()
    expect(ours.locator(".revoked")).to_contain_text("their computer was stolen")


def test_the_link_of_two_that_have_met_is_shown(visit: Visit, tmp_path: Path) -> None:
    port = free_port()
    listens = f"""
[counterparts]
listen = "127.0.0.1:{port}"
addresses = ["https://127.0.0.1:{port}"]
"""
    dials = '[counterparts]\nnetworks = ["127.0.0.0/8"]\n'
    with (
        office(tmp_path / "hx", "hx", settings=dials) as hx,
        office(tmp_path / "ck", "ck", settings=listens) as ck,
    ):
        cards = [card_text(visit(each, "kham")) for each in (hx, ck)]
        for server, card in ((hx, cards[1]), (ck, cards[0])):
            with server.client("kham") as client:
                known = client.post("/api/counterparts", json={"card": card}).json()
                path = f"/api/counterparts/{known['id']}"
                digits = client.get(f"{path}/digits").json()["digits"]
                client.post(f"{path}/compare", json={"digits": digits}).raise_for_status()
            with server.client("noy") as client:
                client.post(f"{path}/confirm").raise_for_status()
        for server in (hx, ck):
            up = wait_for("the link", lambda of=server: is_up(of))
            entry = visit(server, "somchai").locator(".counterpart")
            expect(entry.locator(".link-open")).to_contain_text("Up since")
            expect(entry).to_contain_text(f"Their software{up['software']}")
            expect(entry.locator("dt", has_text="Their clock")).to_have_count(
                0 if up["clock"] is None else 1
            )
            expect(entry.locator("dt", has_text="Their last receipt")).to_have_count(1)
            expect(entry.locator("dt", has_text="Waits for them")).to_have_count(1)
        ck.stop()
        wait_for("its end", lambda: not is_up(hx))
        page = visit(hx, "kham", size=PHONE)
        expect(page.locator(".link-down")).to_contain_text("Down since")
        assert violations(page, "link down") == []
        assert too_wide(page, "link down") == []


def is_up(server: Server) -> dict[str, Any] | None:
    """Return the link of a server to its one counterpart once it is up."""
    with server.client("kham") as client:
        found = client.get("/api/counterpart-links").json()
    return next((each for each in found if each["is_open"]), None)


def test_what_is_no_card_or_the_own_one_is_refused_in_words(
    offices: tuple[Server, Server], visit: Visit, tmp_path: Path
) -> None:
    page = visit(offices[0], "kham")
    fault = page.locator("#read .field-fault")
    paste(page, "https://ck.example")
    expect(fault).to_contain_text("This holds no card")
    paste(page, card_text(page)[:-40])
    expect(fault).to_contain_text("cut off")
    paste(page, card_text(page))
    expect(fault).to_contain_text("card of this node")
    blank = tmp_path / "blank.png"
    Image.new("RGB", (400, 300), "#888").save(blank)
    page.locator("#read input[type=file]").set_input_files(blank)
    expect(fault).to_contain_text("No QR code")
    expect(page.locator(".counterpart")).to_have_count(0)


def test_a_card_is_scanned_with_the_camera(
    offices: tuple[Server, Server], playwright: Playwright, tmp_path: Path
) -> None:
    """The camera is Chromium's own, which shows a film of the other office's screen."""
    hx, ck = offices
    film = tmp_path / "film.mjpeg"
    camera = (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={film}",
    )
    program = needs.headless_chromium()
    browser = playwright.chromium.launch(executable_path=program, args=[*QUICK, *camera])
    with visits(browser) as visit:
        code = code_picture(visit(ck, "kham"))
        frame, drawn = Image.new("RGB", (1280, 720), "#404040"), io.BytesIO()
        code.thumbnail((700, 700))
        frame.paste(code, (300, 10))
        frame.save(drawn, "JPEG", quality=85)
        film.write_bytes(drawn.getvalue() * 10)
        page = visit(hx, "kham")
        page.get_by_role("button", name="Scan with the camera").click()
        expect(page.locator(".counterpart")).to_contain_text("BLO ck")
        expect(page.locator("video:visible")).to_have_count(0)
    browser.close()


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_nobody_is_shut_out(offices: tuple[Server, Server], visit: Visit, size: Size) -> None:
    """In each state that `test_accessibility.py` has no second office for."""
    hx, ck = offices
    page = visit(hx, "kham", size=size)
    paste(page, card_text(visit(ck, "kham")))
    expect(page.locator(".digits")).to_be_visible()
    page.get_by_role("button", name="Not the same").click()
    for each in page.locator(".counterparts details").all():
        each.locator("summary").click()
    found = violations(page, "digits")
    page.get_by_role("button", name="The same", exact=True).click()
    expect(page.locator(".counterpart")).to_have_attribute("data-state", "compared")
    found += violations(page, "compared")
    assert found == []
    assert too_small(page, "counterparts", FINGER_PX) == []
    assert too_wide(page, "counterparts") == []
