"""Marked places on the commander's page: seen, found, opened, made into targets, and ended; and
sectors sent to radios from the planner's page.
"""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.browser.axe import violations
from tests.browser.commander import PHONE, Commander, opened
from tests.browser.conftest import Look
from tests.fixtures.ports import free_port
from tests.fixtures.server import Server, serving, wait_for

pytestmark = [pytest.mark.browser]

HERE = (100.4128, 20.2688)


@pytest.fixture(scope="module")
def port() -> int:
    return free_port(socket.SOCK_DGRAM)


@pytest.fixture(scope="module")
def tnc() -> Iterator[socket.socket]:
    """Where an APRS station's radio is reached."""
    with socket.create_server(("127.0.0.1", 0)) as door:
        door.settimeout(60)
        yield door


@pytest.fixture(scope="module")
def server(
    tmp_path_factory: pytest.TempPathFactory, port: int, tnc: socket.socket
) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("marks")
    table = (
        f'[[channels]]\nname = "tak"\nurl = "udp://127.0.0.1:{port}"\nprotocols = ["cot", "tak"]\n'
        f'[[channels]]\nname = "tnc"\nurl = "tcp://127.0.0.1:{tnc.getsockname()[1]}"\n'
        'protocols = ["aprs"]\nstation = "XW1PAT-7"\nlisten_only = false\n'
    )
    with serving(folder, channels=table, roles=("commander", "observer")) as running:
        yield running


def says(
    port: int, uid: str, type_: str, name: str, *, detail: str = "", lat: float = HERE[1]
) -> None:
    """Let ATAK's user `ANDROID-1` put something on the map."""
    now = datetime.now(UTC)
    time, stale = (each.strftime("%Y-%m-%dT%H:%M:%SZ") for each in (now, now + timedelta(hours=6)))
    event = (
        f'<event version="2.0" uid="{uid}" type="{type_}" how="h-g-i-g-o" time="{time}"'
        f' start="{time}" stale="{stale}"><point lat="{lat}" lon="{HERE[0]}" hae="0" ce="5"'
        f' le="5"/><detail><contact callsign="{name}"/>{detail}'
        '<link uid="ANDROID-1" type="a-f-G-U-C" relation="p-p"/></detail></event>'
    )
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(event.encode(), ("127.0.0.1", port))


def signs(page: Commander) -> dict[str, dict[str, Any]]:
    """Return what the map draws for marks: name to properties and pixel."""
    text = page.page.evaluate(
        """() => {
            const map = window.jointPatrol && jointPatrol.map;
            if (!map || !map.getLayer("mark-signs")) return "[]";
            return JSON.stringify(map.queryRenderedFeatures({ layers: ["mark-signs"] }).map(
                (each) => ({ ...each.properties, pixel: map.project(each.geometry.coordinates) })));
        }"""
    )
    return {each["label"].split("\n")[0]: each for each in json.loads(text)}


def press(page: Commander, name: str) -> None:
    pixel = wait_for(f"{name} on the map", lambda: signs(page).get(name))["pixel"]
    page.page.mouse.click(pixel["x"], pixel["y"])
    wait_for("its card", lambda: name in page.says("#mark-card h2"))


def test_what_a_phone_marks_is_on_the_map_and_becomes_hazard_target_and_incident(
    look: Look, server: Server, port: int
) -> None:
    page = look()
    says(port, "m-1", "b-m-p-s-m", "Sunken barge", detail="<remarks>2 m under water</remarks>")
    corner = '<link point="{},{}"/>'
    ring = [(20.2690, 100.405), (20.2710, 100.405), (20.2710, 100.409), (20.2690, 100.405)]
    says(
        port,
        "m-2",
        "u-d-f",
        "Shoal",
        detail="".join(corner.format(*each) for each in ring),
        lat=20.2700,
    )
    page.page.keyboard.press("/")
    page.page.keyboard.type("barge")
    rows = page.page.locator("#unit-rows .row-name")
    wait_for("it is found", lambda: "Sunken barge" in rows.all_inner_texts())
    page.page.keyboard.press("Enter")
    wait_for("its card", lambda: "Sunken barge" in page.says("#mark-card h2"))
    page.page.keyboard.press("Escape")
    press(page, "Sunken barge")
    card = page.page.locator("#mark-card")
    words = card.inner_text()
    assert "ANDROID-1" in words
    assert "2 m under water" in words
    assert "until" in words
    assert page.marks() == {}, "who marks a place is no unit"
    assert violations(page.page, "marks") == []

    card.get_by_role("button", name="Make it a hazard").click()
    wait_for("a hazard", lambda: signs(page)["Sunken barge"]["use"] == "hazard")
    card.get_by_role("button", name="Make a target").click()
    page.page.get_by_role("dialog").get_by_role("button", name="Make a target").click()
    wait_for("the target", lambda: "A target was made" in card.inner_text())
    card.get_by_role("button", name="Log an incident").click()
    page.page.get_by_role("dialog").get_by_role("button", name="Log an incident").click()
    wait_for("the incident", lambda: "An incident was logged" in card.inner_text())
    with server.client() as client:
        assert [each["name"] for each in client.get("/api/targets").json()] == ["Sunken barge"]
        assert len(client.get("/api/incidents").json()) == 1
    card.get_by_role("button", name="End it").click()
    page.page.get_by_role("dialog").get_by_role("button", name="End it").click()
    wait_for("it is gone", lambda: "Sunken barge" not in signs(page))
    assert page.page.locator("#mark-card").count() == 0
    says(port, "m-1", "b-m-p-s-m", "Sunken barge", detail="<remarks>2 m under water</remarks>")
    says(port, "m-3", "b-m-p-c", "Meet at dawn", lat=20.2750)
    wait_for("the next one", lambda: "Meet at dawn" in signs(page))
    assert "Sunken barge" not in signs(page), "what the office ended stays ended"


def test_the_office_marks_a_place_by_hand_sends_it_to_radios_and_an_observer_only_looks(
    look: Look, tnc: socket.socket
) -> None:
    page = look()
    page.page.keyboard.press("m")
    page.page.get_by_role("button", name="Mark a place").click()
    page.page.mouse.click(700, 300)
    dialog = page.page.get_by_role("dialog")
    dialog.get_by_label("What for").select_option("hazard")
    dialog.get_by_label("Name").fill("Log in the river")
    dialog.get_by_role("button", name="Mark a place").click()
    wait_for("its card", lambda: "Log in the river" in page.says("#mark-card h2"))
    assert "this office" in page.says("#mark-card")
    wait_for("its sign", lambda: signs(page).get("Log in the river", {}).get("use") == "hazard")

    radio, _ = tnc.accept()
    with radio, radio.makefile("rb") as lines:
        page.page.locator("#mark-card").get_by_role("button", name="Send to radios").click()
        dialog = page.page.get_by_role("dialog")
        dialog.get_by_label("Channel").select_option("tnc")
        dialog.get_by_role("button", name="Send to radios").click()
        radio.settimeout(60)
        assert b":;LOGINT" in lines.readline()
        sent = page.page.locator("#mark-card .message-log")
        wait_for("what became of it", lambda: "Sent" in (sent.all_inner_texts() or [""])[0])
        assert violations(page.page, "mark on radios") == []

    other = look(role="observer", size=PHONE)
    other.page.locator("#tab-map").click()
    other.page.locator("#marks").get_by_text("Log in the river").click()
    wait_for("its card", lambda: "Log in the river" in other.says("#mark-card h2"))
    assert other.page.locator("#mark-card .actions button").count() == 0


def test_a_sector_is_sent_to_radios_from_the_planners_page(
    browser: Browser, server: Server, tnc: socket.socket
) -> None:
    ring = [[100.44, 20.28], [100.46, 20.28], [100.46, 20.30], [100.44, 20.30], [100.44, 20.28]]
    with server.client() as client:
        polygon = {"type": "Polygon", "coordinates": [ring]}
        made = client.post("/api/sectors", json={"name": "Islands", "polygon": polygon})
        assert made.status_code == 201, made.text
    plan = opened(browser, server, "/planner", role="commander")
    try:
        page = plan.page
        page.locator(".sector-row", has_text="Islands").click()
        radio, _ = tnc.accept()
        with radio, radio.makefile("rb") as lines:
            radio.settimeout(60)
            # The channel is back once it is there to choose.
            dialog = page.get_by_role("dialog")

            def asks() -> bool:
                page.get_by_role("button", name="Send to radios").click()
                dialog.or_(page.locator(".notice.bad")).first.wait_for()
                return dialog.count() == 1

            wait_for("the question", asks)
            assert "a point in its middle" in dialog.inner_text()
            dialog.get_by_label("Channel").select_option("tnc")
            dialog.get_by_role("button", name="Send to radios").click()
            data = lines.readline()
            assert b":;ISLAND" in data
            assert b"2017.40N/10027.00E" in data
            sent = page.locator(".sector-radios .message-log")
            wait_for("what became of it", lambda: "Sent" in (sent.all_inner_texts() or [""])[0])
            assert violations(page, "sector on radios") == []
        assert plan.complaints == []
    finally:
        plan.close()
