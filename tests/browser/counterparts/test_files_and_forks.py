"""Two offices with no link: files by the page, a back-up that is restored, and both begin anew."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.axe import FINGER_PX, too_small, too_wide, violations
from tests.browser.commander import PHONE
from tests.browser.counterparts.test_counterparts_page import card_text, office, visits
from tests.fixtures.patience import PATIENCE_S
from tests.fixtures.server import Server, wait_for

pytestmark = [pytest.mark.browser]


@pytest.fixture
def offices(tmp_path: Path) -> Iterator[tuple[Server, Server]]:
    """Two nodes that run and have no address."""
    with office(tmp_path / "hx", "hx") as hx, office(tmp_path / "ck", "ck") as ck:
        yield hx, ck


@pytest.fixture
def visit(browser: Browser) -> Iterator[Callable[..., Page]]:
    with visits(browser) as opened:
        yield opened


def meet(offices: tuple[Server, Server], cards: list[str]) -> list[str]:
    """Have each confirm the other's card; return the ids of the counterparts."""
    ids: list[str] = []
    for server, card in zip(offices, reversed(cards), strict=True):
        with server.client("kham") as client:
            known = client.post("/api/counterparts", json={"card": card}).json()
            path = f"/api/counterparts/{known['id']}"
            digits = client.get(f"{path}/digits").json()["digits"]
            client.post(f"{path}/compare", json={"digits": digits}).raise_for_status()
        with server.client("noy") as client:
            client.post(f"{path}/confirm").raise_for_status()
        ids.append(known["id"])
    return ids


def saved(page: Page, name: str, folder: Path) -> Path:
    """Have a page save a file for the other office."""
    with page.expect_download() as download:
        page.get_by_role("button", name=f"Save file for {name}").click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def opened(page: Page) -> Locator:
    """Return the part of a page about files, opened."""
    page.reload()
    part = page.locator(".counterpart details", has=page.locator("text=By stick or mail"))
    part.locator("summary").click()
    return part


def read(page: Page, *files: Path) -> Locator:
    """Have a page read files; return what it says of them."""
    page.locator("input[type=file][accept='.jointpatrol']").set_input_files(files)
    return page.locator(".counterpart .file-report").last


def number_told(server: Server, id: str) -> int:
    """Return how many statements there are for the other."""
    with server.client("kham") as client:
        return int(client.get(f"/api/counterparts/{id}/statements").json()["sent"])


def test_files_go_both_ways_and_a_restored_back_up_is_found_and_mended(
    offices: tuple[Server, Server], visit: Callable[..., Page], tmp_path: Path
) -> None:
    hx, ck = offices
    ours, theirs = visit(hx, "kham"), visit(ck, "kham", size=PHONE)
    here, there = meet(offices, [card_text(ours), card_text(theirs)])
    for server, id in ((hx, here), (ck, there)):
        wait_for("the first head", lambda of=server, at=id: number_told(of, at) >= 2)
    opened(ours)
    opened(theirs)
    first = saved(ours, "BLO ck", tmp_path)
    assert first.name.startswith("hx-to-ck-")
    expect(ours.locator(".file-report").first).to_contain_text(f"Saved: {first.name}")
    cut = tmp_path / "cut.jointpatrol"
    cut.write_bytes(first.read_bytes()[:-20])
    told = read(theirs, cut, first)
    expect(told).to_contain_text("it is cut off")
    expect(told).to_contain_text(f"{first.name}: from hx, written")
    assert violations(theirs, "files") == []
    assert too_wide(theirs, "files") == []
    assert too_small(theirs, "files", FINGER_PX) == []
    expect(read(theirs, first)).to_contain_text("0 new of")
    back = saved(theirs, "BLO hx", tmp_path)
    expect(read(ours, back)).to_contain_text("They have stored ours up to number")
    expect(read(theirs, back)).to_contain_text("it is for hx, and this node is ck")

    # Yesterday's back-up comes back at Houay Xai, which has told more since.
    backup = tmp_path / "yesterday.backup"
    hx.command("backup", str(backup))
    expect(ours.get_by_role("button", name="Tell them now where our journal ends")).to_be_visible()
    ours.get_by_role("button", name="Tell them now where our journal ends").click()
    expect(ours.locator(".counterpart")).to_contain_text("Told; their signature comes back")
    told = read(theirs, saved(ours, "BLO ck", tmp_path))
    expect(told).to_contain_text(re.compile("[1-9] new of"))
    hx.stop()
    for each in hx.folder.glob("patrol.db*"):
        if "node-" not in each.name and "key" not in each.name:
            each.unlink()
    hx.command("restore", str(backup))
    hx.start()
    ours = visit(hx, "kham")
    opened(ours)
    ours.get_by_role("button", name="Tell them now where our journal ends").click()
    expect(ours.locator(".counterpart")).to_contain_text("Told; their signature comes back")
    told = read(theirs, saved(ours, "BLO ck", tmp_path))
    expect(told).to_contain_text("is not the one that is held here")
    opened(theirs)
    told = read(ours, saved(theirs, "BLO hx", tmp_path))
    expect(told).to_contain_text("the logs contradict each other")
    for server in offices:
        wait_for("the alert", lambda of=server: "counterpart_fork" in alerts(of))

    # People speak, then each begins anew; what was stored stays, and files go again.
    for page in (ours, theirs):
        opened(page)
        restart = page.get_by_role("button", name="Begin the logs anew")
        expect(restart).to_be_disabled()
        assert violations(page, "fork") == []
        page.get_by_label("Both offices have spoken").check()
        restart.click()
        expect(restart).to_have_count(0, timeout=PATIENCE_S * 1000)
    for server, id in ((hx, here), (ck, there)):
        wait_for("the card anew", lambda of=server, at=id: number_told(of, at) >= 1)
    opened(ours)
    opened(theirs)
    expect(read(theirs, saved(ours, "BLO ck", tmp_path))).to_contain_text("from hx, written")
    expect(theirs.locator(".file-report .field-fault")).to_have_count(0)
    expect(read(ours, saved(theirs, "BLO hx", tmp_path))).to_contain_text("They have stored ours")
    expect(ours.locator(".file-report .field-fault")).to_have_count(0)


def alerts(server: Server) -> set[str]:
    """Return which rules have an alert at an office."""
    with server.client("kham") as client:
        found = client.get("/api/alerts").json()
    return {each["rule"] for each in found if each.get("state") != "resolved"}
