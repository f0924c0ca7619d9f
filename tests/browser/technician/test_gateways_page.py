"""The page of a node whose gateways report through a broker, and that broker is away."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser

from radio_gateway.uplink.wire.signing import Signer
from tests.browser.commander import DESKTOP, PHONE, Commander, Size, looking
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, serving, wait_for
from tests.radio_gateway.uplink.gateways import key_file

pytestmark = [pytest.mark.browser]


@pytest.fixture(scope="module")
def broker_port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory, broker_port: int) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("gateways")
    key_file(folder / "node.key")
    tables = f"""
[uplink]
url = "mqtt://127.0.0.1:{broker_port}"
key_file = "node.key"

[[gateways]]
id = "gw-1"
key = "{Signer(os.urandom(32)).public}"
"""
    with serving(folder, channels=tables, roles=("technician",)) as running:
        yield running


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_a_broker_that_is_away_is_reported_once_and_not_as_the_gateways_fault(
    browser: Browser, server: Server, broker_port: int, size: Size
) -> None:
    page: Commander = looking(browser, server, role="technician", size=size, palette="day")
    page.page.locator("#tab-channels").click()
    own = page.page.locator(".card", has_text="This office's way to its broker")
    fault = f"this office cannot reach its broker at 127.0.0.1:{broker_port}: Connection refused"
    wait_for("the fault", lambda: fault in own.inner_text())
    assert page.page.get_by_text("Connection refused").count() == 1
    gateway = page.page.locator(".gateway-head")
    assert "Gateway gw-1" in gateway.inner_text()
    assert "not known: this office does not reach its broker" in gateway.inner_text()
    if size == DESKTOP:
        assert "This office does not reach its broker" in page.says(".strip")
    assert page.complaints == []
    page.close()
