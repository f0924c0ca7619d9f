"""A commander's night: real radios, a real broker, two offices, two browsers; all by keys.

A boat is heard from a Kenwood radio on a serial port, another from a tracker over Mosquitto. The
tracker calls for help, the commander answers and writes to the boat nearby; a strange boat crosses
the river and is handed over; then the other office suspends what it shares.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion
from playwright.sync_api import Browser

from tests.browser.banks import THAI_NAME, Banks, two_banks
from tests.browser.commander import Commander, looking
from tests.browser.messages.test_messages import Kenwood
from tests.fixtures.broker import Mosquitto, mosquitto
from tests.fixtures.server import wait_for

pytestmark = [pytest.mark.browser]

RADIO = "kenwood:100:1001"
TRACKER = "position_json:boat-1"


class Tracker:
    """A boat's tracker that reports over the broker."""

    def __init__(self, broker: Mosquitto) -> None:
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id="boat-1")
        self._client.username_pw_set("boat-1", broker.passwords["boat-1"])
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()

    def says(self, *, distress: bool = False) -> None:
        report = {
            "device": "boat-1",
            "lon": 100.4123,
            "lat": 20.2791,
            "speed_mps": 3.0,
            "time": datetime.now(UTC).isoformat(),
        }
        if distress:
            report["distress"] = True
        sent = self._client.publish("joint-patrol/v1/position/boat-1", json.dumps(report), qos=1)
        sent.wait_for_publish(10)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture(scope="module")
def radio() -> Iterator[Kenwood]:
    kenwood = Kenwood()
    yield kenwood
    kenwood.close()


@pytest.fixture(scope="module")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path_factory.mktemp("broker")) as running:
        yield running


@pytest.fixture(scope="module")
def banks(
    tmp_path_factory: pytest.TempPathFactory, radio: Kenwood, broker: Mosquitto
) -> Iterator[Banks]:
    folder: Path = tmp_path_factory.mktemp("night")
    topic = "joint-patrol/v1/position/%2B"
    channels = f"""
[[channels]]
name = "base"
url = "serial://{radio.port}"
protocols = ["kenwood"]
messages_per_minute = 60
listen_only = false

[[channels]]
name = "trackers"
url = "mqtt://127.0.0.1:{broker.port}?topic={topic}&client_id=node"
protocols = ["position_json"]
username = "node"
password = "{broker.passwords["node"]}"
"""
    with two_banks(folder, channels=channels) as running:
        yield running


def _registered(banks: Banks, call_sign: str, address: str) -> str:
    unit = banks.post("somchai", "/api/units", {"call_sign": call_sign, "kind": "boat"})
    banks.post("somchai", "/api/assignments", {"address": address, "unit": unit["id"]})
    return str(unit["id"])


def _page(browser: Browser, banks: Banks, name: str) -> Commander:
    page = looking(browser, banks.server, role=name, size=(1440, 900), palette="red-night")
    wait_for("the stream", lambda: page.says("#stream-state").startswith("Live"))
    page.page.keyboard.press("Shift")  # lets it sound
    return page


def _heard(banks: Banks, unit: str) -> bool:
    return banks.get("somchai", f"/api/units/{unit}").get("last") is not None


def test_a_night(browser: Browser, banks: Banks, radio: Kenwood, broker: Mosquitto) -> None:
    agreement = banks.agree("positions", "targets", "alerts")
    naga, khong = _registered(banks, "Naga 1", RADIO), _registered(banks, "Naga 2", TRACKER)
    tracker = Tracker(broker)

    def both_heard() -> bool:
        radio.place_of(1001)
        tracker.says()
        return _heard(banks, naga) and _heard(banks, khong)

    wait_for("both boats", both_heard)
    lao, thai = _page(browser, banks, "somchai"), _page(browser, banks, "malee")
    try:
        lao.mark("Naga 1")
        wait_for("it across the river too", lambda: "Naga 1" in thai.marks())

        # A call for help comes over the broker: it is answered without the mouse.
        tracker.says(distress=True)
        card = lao.page.locator(".alert", has_text="Naga 2")
        wait_for("the call", card.count)
        lao.page.keyboard.press("q")
        lao.page.keyboard.press("j")
        lao.page.keyboard.press("a")
        wait_for("who knows", lambda: "acknowledged by somchai" in card.inner_text())

        # The boat nearby is told over its serial radio.
        lao.page.keyboard.press("/")
        lao.page.keyboard.type("Naga 1")
        wait_for("it in the list", lao.page.locator("#unit-rows .row", has_text="Naga 1").count)
        lao.page.keyboard.press("Enter")
        wait_for("the detail", lambda: lao.says("#unit-title") == "Naga 1")
        lao.page.keyboard.press("t")
        words = lao.page.locator("#message-text")
        wait_for("the form", lambda: words.count() and words.is_visible())
        words.fill("Go to Naga 2, km 2357")
        lao.page.get_by_role("button", name="Send", exact=True).click()
        assert b"Go to Naga 2, km 2357" in radio.told(15)

        # A strange boat crosses: the other office has it, by one key.
        offer = banks.offered("boat without lights")
        waits = thai.page.locator(".offer, .waiting-card", has_text="boat without lights")
        wait_for("the offer", waits.count)
        thai.page.keyboard.press("q")
        thai.page.keyboard.press("y")

        def custodian() -> object:
            return banks.get("somchai", f"/api/targets/{offer['target']}")["custodian"]

        wait_for("the hand-over", lambda: custodian() == "th-ck")

        # People are safe: the alert ends with words.
        lao.page.keyboard.press("q")
        card.get_by_role("button", name="Resolve", exact=True).click()
        lao.page.locator("#ask-words").fill("towed in, all aboard well")
        dialog = lao.page.get_by_role("dialog")
        dialog.get_by_role("button", name="Resolve", exact=True).click()
        wait_for("no call", lambda: card.count() == 0)

        # The other office stops sharing: who, when and why stand on the page, the boats are gone.
        path = f"/api/agreements/{agreement}/suspend"
        banks.post("kham", path, {"reason": "talks in the capital"})
        wait_for("they are gone", lambda: "Naga 1" not in thai.marks())
        text = thai.page.locator(".queue-bar.suspended").inner_text()
        assert "talks in the capital" in text
        assert THAI_NAME not in text
    finally:
        tracker.close()
        for page in (lao, thai):
            page.close()
    assert [*lao.foreign, *thai.foreign] == []
    assert [*lao.complaints, *thai.complaints] == []
