"""The plug-ins of a node on its page of channels: one that runs, one not allowed, one broken."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from tests.browser.commander import DESKTOP, PHONE, Size, looking
from tests.browser.radio import UdpRadio
from tests.fixtures.plugin_packages import on_the_path, write_package
from tests.fixtures.server import Server, serving, wait_for

pytestmark = [pytest.mark.browser]

EXAMPLE = Path(__file__).parents[3] / "docs" / "plugins" / "example-protocol"
ALLOWED = """[plugins]
allowed = ["joint-patrol-beacon", "joint-patrol-broken", "joint-patrol-sms"]
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, radio: UdpRadio) -> Iterator[Server]:
    packages: Path = tmp_path_factory.mktemp("packages")
    source = (EXAMPLE / "joint_patrol_beacon.py").read_text(encoding="utf-8")
    protocols = "joint_patrol.protocols"
    for package, name, text in (
        ("joint-patrol-beacon", "beacon", source),
        ("joint-patrol-flare", "flare", source),
        ("joint-patrol-broken", "broken", "import a_module_that_is_nowhere\n"),
    ):
        write_package(packages, package, text, {protocols: {name: package.replace("-", "_")}})
    ways = "joint_patrol.notifications"
    source = "def request(message, service): ...\n"
    write_package(packages, "joint-patrol-sms", source, {ways: {"sms": "joint_patrol_sms"}})
    folder = tmp_path_factory.mktemp("node")
    roles = ("technician", "commander")
    tables = radio.table + ALLOWED
    with on_the_path(packages), serving(folder, channels=tables, roles=roles) as running:
        yield running


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_technician_sees_which_plugins_run_and_what_is_wrong(
    browser: Browser, server: Server, size: Size
) -> None:
    page = looking(browser, server, role="technician", size=size, palette="day")
    page.page.locator("#tab-channels").click()
    cards = page.page.locator(".plugins .card")
    wait_for("the plug-ins", lambda: cards.count() >= 4)
    texts = {each.split("\n", 1)[0]: each for each in cards.all_inner_texts()}
    assert "Runs" in texts["beacon"]
    assert "Protocol · joint-patrol-beacon 1.0" in texts["beacon"]
    assert "Way of notification · joint-patrol-sms 1.0" in texts["sms"]
    assert "Not allowed" in texts["flare"]
    assert "the settings do not name its package" in texts["flare"]
    assert "Could not be loaded" in texts["broken"]
    assert "No module named 'a_module_that_is_nowhere'" in texts["broken"]
    assert page.complaints == []
    page.close()


def test_who_may_not_see_rejected_frames_is_shown_no_plugins(
    browser: Browser, server: Server
) -> None:
    page = looking(browser, server, role="commander", size=DESKTOP, palette="day")
    requests: list[str] = []
    page.page.on("request", lambda request: requests.append(request.url))
    page.page.locator("#tab-channels").click()
    wait_for("the channels", lambda: page.page.locator(".card", has_text="river").count() > 0)
    assert page.page.locator(".plugins").count() == 0
    assert not [url for url in requests if url.endswith("/api/plugins")]
    assert page.complaints == []
    page.close()
