"""A Meshtastic mesh behind a real Mosquitto: what its gateways publish, and what it is told.

The mesh is written with Google's protobuf from the published field numbers and encrypted as the
firmware does (`meshtastic_messages`): it shares no code with what hears it.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from radio_gateway.channels.outbound import Outbound
from radio_gateway.orders.order_result import OrderResult
from tests.fixtures.broker import Mosquitto, mosquitto
from tests.fixtures.patience import until
from tests.radio_gateway.protocols.meshtastic import meshtastic_messages as mesh
from tests.radio_gateway.running.orders import ending, order
from tests.radio_gateway.running.running import hear, make, running

pytestmark = pytest.mark.broker

KEY = bytes(range(200, 232))
OURS = "msh/TH/2/e/PATROL/!0badcafe"
SECOND_GATEWAY = "!01020304"
ACL = "user node\ntopic readwrite msh/#\nuser gw-1\ntopic readwrite msh/#\n"


def here(**fields: Any) -> bytes:
    """Return the boat's Position of a minute ago."""
    return mesh.position(time=int(time.time()) - 60, **fields)


class Mesh:
    """The gateways of a mesh, at the broker.

    Args:
        broker: Where they publish.
    """

    def __init__(self, broker: Mosquitto) -> None:
        self.client = paho.Client(CallbackAPIVersion.VERSION2, client_id="mesh")
        self.client.username_pw_set("gw-1", broker.passwords["gw-1"])
        self.client.on_message = self._told
        self.client.connect("127.0.0.1", broker.port)
        self.client.subscribe(OURS, qos=1)
        self.client.loop_start()
        self.texts: list[str] = []

    def publish(
        self,
        packet: Any,
        *,
        channel: str = "PATROL",
        gateway: str = mesh.GATEWAY,
        retain: bool = False,
    ) -> None:
        """Publish a packet as a gateway that heard it."""
        payload = mesh.envelope(packet, channel=channel, gateway=gateway)
        self.publish_raw(f"msh/TH/2/e/{channel}/{gateway}", payload, retain=retain)

    def publish_raw(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Publish any payload and return once the broker has it."""
        self.client.publish(topic, payload, qos=1, retain=retain).wait_for_publish(10)

    def _told(self, client: paho.Client, userdata: object, message: paho.MQTTMessage) -> None:
        """Be the boat: read what it is told and acknowledge it."""
        packet = mesh.message("ServiceEnvelope")
        packet.ParseFromString(message.payload)
        packet = packet.packet
        data = mesh.message("Data")
        plain = mesh.crypt(packet.encrypted, KEY, packet.id, getattr(packet, "from"))
        data.ParseFromString(plain)
        self.texts.append(data.payload.decode())
        acknowledgement = mesh.packet(
            5,
            mesh.encoded("Routing", error_reason=0),
            key=KEY,
            request_id=packet.id,
            to=getattr(packet, "from"),
            id=packet.id + 1,
        )
        payload = mesh.envelope(acknowledgement, channel="PATROL")
        client.publish(f"msh/TH/2/e/PATROL/{mesh.GATEWAY}", payload, qos=1)


@contextmanager
def meshed(broker: Mosquitto) -> Iterator[Mesh]:
    """Yield a mesh; sign it off at the end."""
    found = Mesh(broker)
    try:
        yield found
    finally:
        found.client.disconnect()
        found.client.loop_stop()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path, acl=ACL) as broker:
        yield broker


def listening(broker: Mosquitto, folder: Path, **more: Any) -> Any:
    secrets = folder / "mesh-keys.toml"
    secrets.write_text(f'PATROL = "{mesh.b64(KEY)}"\n')
    return make(
        f"mqtt://127.0.0.1:{broker.port}?topic={quote('msh/#', safe='')}",
        "meshtastic_mqtt",
        "meshtastic_json",
        username="node",
        password=broker.passwords["node"],
        secrets_file=str(secrets),
        **more,
    )


async def test_mesh_is_received_through_a_real_broker(broker: Mosquitto, tmp_path: Path) -> None:
    channel = listening(broker, tmp_path)
    with meshed(broker) as boats:

        def speak() -> None:
            place = here()
            boats.publish(mesh.packet(3, place, key=KEY, rx_rssi=-90, hop_start=3))
            boats.publish(mesh.packet(3, place, key=KEY), gateway=SECOND_GATEWAY)
            boats.publish(mesh.packet(11, b"help", key=KEY, id=2))
            boats.publish(
                mesh.packet(3, here(latitude_i=202800000), key=mesh.DEFAULT_KEY, id=3),
                channel="LongFast",
            )
            boats.publish(mesh.packet(3, here(), key=bytes(32), id=4))  # not our key
            boats.publish_raw(f"msh/TH/2/e/PATROL/{mesh.GATEWAY}", b"\x0a\x7f\x0d")
            text = {"from": mesh.BOAT, "to": -1, "id": 5, "sender": mesh.GATEWAY, "timestamp": 0}
            text |= {"type": "text", "payload": {"text": "all well"}}
            boats.publish_raw("msh/TH/2/json/PATROL/" + mesh.GATEWAY, json.dumps(text).encode())

        async with running(channel):
            await until(lambda: channel.health().state == "open")
            await asyncio.to_thread(speak)
            transmissions = [each.transmission for each in await hear(channel.inbox, 5)]
            await until(lambda: sum(channel.health().errors.values()) == 2)
    assert {transmission.address for transmission in transmissions} == {"meshtastic:!a1b2c3d4"}
    assert [transmission.kind for transmission in transmissions] == [
        "position",
        "position",
        "distress",
        "position",
        "text",
    ]
    first, again, alert, public, text = transmissions
    assert first.position is not None
    assert (first.position.lat, first.position.lon) == (20.273, 100.412)
    # one packet by two gateways: whoever keeps the picture joins them, and has both signals
    assert first.duplicate_key == again.duplicate_key
    assert [transmission.facts["gateway"] for transmission in (first, again)] == [
        mesh.GATEWAY,
        SECOND_GATEWAY,
    ]
    assert first.signal is not None
    assert (first.signal.rssi_dbm, first.signal.hops) == (-90.0, 3)
    assert (alert.distress, alert.text) == (True, "help")
    assert public.position is not None
    assert public.position.lat == 20.28
    assert text.text == "all well"
    assert channel.health().errors == {"decrypt_failed": 1, "protobuf": 1}


async def test_retained_packet_is_known_again_after_a_reconnection(
    broker: Mosquitto, tmp_path: Path
) -> None:
    keys = []
    with meshed(broker) as boats:
        packet = mesh.packet(3, here(), key=KEY)
        await asyncio.to_thread(boats.publish, packet, retain=True)
        for _ in range(2):
            channel = listening(broker, tmp_path)
            async with running(channel):
                for delivery in await hear(channel.inbox, 1):
                    transmission = delivery.transmission
                    keys.append((transmission.address, transmission.duplicate_key))
                    assert transmission.duplicate_window_s is None
    # the second time it comes as retained, and because nobody said that it was stored
    assert len(keys) >= 2
    assert len(set(keys)) == 1
    assert keys[0][1] is not None


async def test_boat_is_sent_a_message_through_a_real_broker_and_acknowledges(
    broker: Mosquitto, tmp_path: Path
) -> None:
    channel = listening(broker, tmp_path, station=OURS, listen_only=False)
    results: list[OrderResult] = []
    out = Outbound(channel, results.append)
    with meshed(broker) as boats:
        async with running(channel):
            await until(lambda: channel.health().state == "open")
            task = asyncio.create_task(out.run())
            out.send(order("o1", device="!a1b2c3d4", text="come home"))
            await until(lambda: any(result.final for result in results))
            await ending(task)
    assert boats.texts == ["come home"]
    assert [(result.id, result.state) for result in results if result.final] == [
        ("o1", "acknowledged")
    ]
