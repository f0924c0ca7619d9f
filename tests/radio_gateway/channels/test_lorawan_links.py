"""LoRaWAN network servers at our links: through a real Mosquitto, and as they post."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from radio_gateway.inbox.inbox import Inbox
from tests.fixtures.broker import Mosquitto, mosquitto
from tests.fixtures.patience import until
from tests.radio_gateway.protocols.test_lorawan import EUI, PLACE, chirpstack, things
from tests.radio_gateway.running.running import hear, make, running
from tests.radio_gateway.transports.http_listening import stored, storing

KEY = "k3y-of-the-server"
TOPICS = ("application/+/device/+/event/+", "v3/+/devices/+/up")
ACL = "topic write application/#\ntopic write v3/#\n"


def publish(broker: Mosquitto, topic: str, message: dict[str, Any]) -> None:
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="network-server")
    client.username_pw_set("gw-1", broker.passwords["gw-1"])
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    client.publish(topic, json.dumps(message), qos=1).wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


@pytest.mark.broker
async def test_servers_that_publish_to_mosquitto_are_received(tmp_path: Path) -> None:
    with mosquitto(tmp_path, acl=ACL) as broker:
        inbox = Inbox()
        url = f"mqtt://127.0.0.1:{broker.port}?" + "&".join(f"topic={each}" for each in TOPICS)
        login = {"username": "node", "password": broker.passwords["node"]}
        channel = make(url, "lorawan", inbox=inbox, **login)
        async with running(channel):
            await until(lambda: all(broker.subscribers(each) for each in TOPICS))
            for topic, message in (
                (f"application/a1/device/{EUI}/event/up", chirpstack(PLACE)),
                ("v3/patrol@ttn/devices/boat-3/up", things({"sos": True})),
            ):
                await asyncio.to_thread(publish, broker, topic, message)
            place, call = [each.transmission for each in await hear(inbox, 2)]
    assert place.position is not None
    assert (place.address, place.position.lat) == (f"lorawan:{EUI}", 20.27)
    assert (call.address, call.distress) == (f"lorawan:{EUI}", True)


async def test_servers_that_post_with_their_key_are_received(tmp_path: Path) -> None:
    (tmp_path / "keys.toml").write_text(f'"70b3d57e*" = "{KEY}"\n')
    keys = {"secrets_file": str(tmp_path / "keys.toml")}
    channel = make("http-listen://127.0.0.1:0", "lorawan", inbox=Inbox(), **keys)
    headers = {"authorization": f"Bearer {KEY}"}
    other = chirpstack(PLACE)
    other["deviceInfo"]["devEui"] = "0102030405060708"
    async with storing(channel) as client:
        answers = [
            await client.post("/?event=up", json=message, headers=headers)
            for message in (chirpstack(PLACE), things(PLACE), other)
        ]
        unknown = await client.post("/?event=up", json=chirpstack(PLACE))
    assert [answer.status_code for answer in (*answers, unknown)] == [200, 200, 200, 401]
    assert answers[2].headers["x-rejected"].startswith("device_mismatch")
    assert [said.device for said in stored(channel)] == [EUI, EUI]
