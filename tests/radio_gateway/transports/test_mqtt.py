"""MQTT against a real Mosquitto with the configuration that ships."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import psutil
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from radio_gateway.channels.channel import Channel
from radio_gateway.errors.errors import LinkError
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.receive_buffer import FULL_BYTES, MUCH_BYTES, Mailbox
from radio_gateway.links.transport import Chunk
from radio_gateway.messages.transmission import Delivery
from radio_gateway.transports.mqtt import LEAST_AT_ONCE, MqttTransport
from radio_gateway.transports.mqtt_session import ANSWER_S, MqttSession
from tests.fixtures import broker as brokers
from tests.fixtures import needs
from tests.fixtures.broker import Mosquitto, mosquitto
from tests.fixtures.patience import loop_turns, until
from tests.radio_gateway.running.running import hear, make, open_descriptors, running

pytestmark = pytest.mark.broker
POSITIONS = "joint-patrol/v1/position"


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path) as broker:
        yield broker


def listening(broker: Mosquitto, options: str = "version=5", **settings: Any) -> Channel:
    defaults = {"username": "node", "password": broker.passwords["node"]}
    url = f"mqtt://127.0.0.1:{broker.port}?topic={POSITIONS}/+&{options}"
    return make(url, "position_json", **(defaults | settings))


def publish(
    broker: Mosquitto, *numbers: int, device: str = "boat-3", retain: bool = False, pad: int = 0
) -> None:
    """Publish positions at QoS 1 and return once the broker has them."""
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="publisher")
    client.username_pw_set("gw-1", broker.passwords["gw-1"])
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    for number in numbers:
        message = {"id": f"m{number}", "lon": 100.4, "lat": 20.27, "pad": "x" * pad}
        sent = client.publish(f"{POSITIONS}/{device}", json.dumps(message), qos=1, retain=retain)
        sent.wait_for_publish(10)
    client.disconnect()
    client.loop_stop()


def ids(deliveries: list[Delivery]) -> list[object]:
    return [d.transmission.facts["id"] for d in deliveries]


def say_stored(deliveries: list[Delivery]) -> None:
    for delivery in deliveries:
        assert delivery.stored is not None
        delivery.stored()


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_more_than_is_taken_at_once_waits_for_a_client_that_begins_anew(
    broker: Mosquitto, version: str
) -> None:
    """It comes before the answer to the subscription, for which the client waits 10 s."""
    options = f"client_id=watch&version={version}"
    async with listening(broker, options).transport:
        pass
    numbers = range(2 * FULL_BYTES // 4000)
    await asyncio.to_thread(publish, broker, *numbers, pad=4000)
    transport = listening(broker, options).transport
    async with asyncio.timeout(ANSWER_S / 2), transport:
        came: list[Chunk] = []
        while len(came) < len(numbers):
            came += await transport.read()
    assert [json.loads(chunk.data)["id"] for chunk in came] == [f"m{each}" for each in numbers]


async def test_while_half_of_the_messages_in_flight_are_stored_the_other_half_is_received(
    broker: Mosquitto,
) -> None:
    options = f"client_id=watch&version=5&receive_maximum={2 * LEAST_AT_ONCE}"
    async with listening(broker, options).transport:
        pass
    await asyncio.to_thread(publish, broker, *range(3 * LEAST_AT_ONCE))
    inbox = Inbox()
    async with asyncio.timeout(30), running(listening(broker, options, inbox=inbox)):
        first = await inbox.take()
        assert ids(first) == [f"m{each}" for each in range(LEAST_AT_ONCE)]
        second = await inbox.take()  # nothing is acknowledged yet
        assert ids(second) == [f"m{each}" for each in range(LEAST_AT_ONCE, 2 * LEAST_AT_ONCE)]
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(inbox.take(), 0.2)
        say_stored(first)
        third = await inbox.take()
        while len(third) < LEAST_AT_ONCE:
            third += await inbox.take()
        assert ids(third) == [f"m{each}" for each in range(2 * LEAST_AT_ONCE, 3 * LEAST_AT_ONCE)]


async def test_a_message_that_came_while_opening_failed_is_received_when_it_comes_again(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(broker, "client_id=watch").transport:
        pass
    await asyncio.to_thread(publish, broker, 1, 2, 3)
    transport = listening(broker, "client_id=watch").transport
    assert isinstance(transport, MqttTransport)

    put, came = Mailbox.put, 0

    def counted(mailbox: Mailbox, chunk: Chunk) -> bool:
        nonlocal came
        came += 1
        return put(mailbox, chunk)

    async def comes_to_nothing(_session: MqttSession) -> None:
        await until(lambda: came == 3)
        raise LinkError("mqtt:", "the broker does not answer within 10 s")

    with monkeypatch.context() as patched:
        patched.setattr(Mailbox, "put", counted)
        patched.setattr(MqttSession, "subscribe", comes_to_nothing)
        with pytest.raises(LinkError):
            await transport.__aenter__()
    async with asyncio.timeout(10), transport:
        assert len(await transport.read()) == 3


@pytest.mark.parametrize("version", ["3.1.1", "5"])
async def test_what_is_not_stored_comes_again_and_what_is_stored_does_not(
    broker: Mosquitto, version: str
) -> None:
    options = f"version={version}&client_id=node"
    channel = listening(broker, options)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        await asyncio.to_thread(publish, broker, 1, 2, 3, 4)
        deliveries = await hear(channel.inbox, 4)
        say_stored([deliveries[0], deliveries[2]])
    assert ids(deliveries) == ["m1", "m2", "m3", "m4"]
    assert deliveries[0].transmission.device == "boat-3"
    assert not any(d.transmission.resent for d in deliveries)
    again = listening(broker, options)  # as after a restart: nothing is remembered
    async with running(again):
        resent = await hear(again.inbox, 2)
        say_stored(resent)
    assert sorted(map(str, ids(resent))) == ["m2", "m4"]
    assert all(d.transmission.resent for d in resent)
    third = listening(broker, options)
    async with running(third):
        await asyncio.to_thread(publish, broker, 5)
        assert ids(await hear(third.inbox, 1)) == ["m5"]


async def test_what_comes_at_once_keeps_its_order_across_topics(broker: Mosquitto) -> None:
    """The time heard orders it."""
    channel = listening(broker, "version=3.1.1")
    async with running(channel):
        await until(lambda: channel.health().state == "open")
    client = paho.Client(CallbackAPIVersion.VERSION2, client_id="publisher")
    client.username_pw_set("gw-1", broker.passwords["gw-1"])
    client.connect("127.0.0.1", broker.port)
    client.loop_start()
    devices = [f"boat-{number % 7}" for number in range(200)]
    for number, device in enumerate(devices):
        message = {"id": f"m{number}", "lon": 100.4, "lat": 20.27}
        sent = client.publish(f"{POSITIONS}/{device}", json.dumps(message), qos=1)
    sent.wait_for_publish(10)
    client.disconnect()
    client.loop_stop()
    again = listening(broker, "version=3.1.1")
    async with running(again):
        deliveries = await hear(again.inbox, len(devices))
        say_stored(deliveries)
    assert ids(deliveries) == [f"m{number}" for number in range(len(devices))]
    assert [each.transmission.device for each in deliveries] == devices
    times = [each.transmission.heard_at for each in deliveries]
    assert all(first < next_ for first, next_ in pairwise(times))


async def test_a_burst_is_received_though_the_inbox_rests(broker: Mosquitto) -> None:
    channel = listening(broker)
    inbox = channel.inbox
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        inbox.rest(60.0)
        await asyncio.to_thread(publish, broker, 1)
        await until(lambda: len(inbox))  # it waited for something, and rests after that
        await asyncio.to_thread(publish, broker, 2)
        assert len(inbox) == 1
        await asyncio.to_thread(publish, broker, 3, pad=MUCH_BYTES)
        await until(lambda: channel.health().frames == 3)


async def test_messages_sent_while_nobody_listens_are_stored(broker: Mosquitto) -> None:
    channel = listening(broker)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
    await asyncio.to_thread(publish, broker, *range(30))
    again = listening(broker)
    async with running(again):
        assert len(await hear(again.inbox, 30)) == 30


async def test_a_client_that_is_killed_before_it_stored_hears_everything_again(
    broker: Mosquitto, tmp_path: Path
) -> None:
    script = tmp_path / "listener.py"
    script.write_text(f"""
import asyncio, os, sys
from radio_gateway.channels.channel import Channel
from radio_gateway.errors.errors import LinkError
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.channels.channel_settings import load_channels

async def main():
    inbox = Inbox()
    (settings,) = load_channels([{{
        "name": "link",
        "url": "mqtt://127.0.0.1:{broker.port}?topic={POSITIONS}/+&client_id=node",
        "protocols": ["position_json"],
        "username": "node",
        "password_env": "PASSWORD",
    }}], "test")
    channel = Channel(settings, inbox, gateway="gw", boot="b")
    running = asyncio.create_task(channel.run())
    heard = 0
    print("ready", flush=True)
    while heard < 20:
        deliveries = await inbox.take()
        for delivery in deliveries[: max(0, 5 - heard)]:
            delivery.stored()
        heard += len(deliveries)
    await asyncio.sleep(0.2)
    print("heard", flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
""")
    environment = {"PASSWORD": broker.passwords["node"], "PYTHONPATH": ":".join(sys.path)}
    listener = await asyncio.create_subprocess_exec(
        sys.executable, str(script), stdout=asyncio.subprocess.PIPE, env=environment
    )
    assert listener.stdout is not None
    try:
        assert await listener.stdout.readline() == b"ready\n"
        await until(lambda: broker.subscribers(f"{POSITIONS}/+"))
        await asyncio.to_thread(publish, broker, *range(20))
        assert await listener.stdout.readline() == b"heard\n"
    finally:
        listener.kill()
        await listener.wait()
    channel = listening(broker, "client_id=node")
    async with running(channel):
        deliveries = await hear(channel.inbox, 15)
    assert ids(deliveries) == [f"m{n}" for n in range(5, 20)]
    assert all(d.transmission.resent for d in deliveries)


async def test_a_broken_connection_hands_nothing_on_twice(broker: Mosquitto) -> None:
    """The broker is killed while messages are being stored, and comes back."""
    channel = listening(broker)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        await asyncio.to_thread(publish, broker, *range(10))
        deliveries = await hear(channel.inbox, 10)
        before = channel.transport
        broker.kill()
        await until(lambda: channel.health().state == "down")
        say_stored(deliveries[:5])  # their connection is gone: no acknowledgement may be sent
        broker.start()
        await until(lambda: channel.health().state == "open")
        await asyncio.to_thread(publish, broker, 10)
        rest = await hear(channel.inbox, 1)
        assert ids(rest) == ["m10"]
        say_stored(deliveries[5:] + rest)
        await asyncio.sleep(0.3)
        assert len(channel.inbox) == 0
        assert channel.transport is before
    # nothing is left to acknowledge
    again = listening(broker)
    async with running(again):
        await asyncio.to_thread(publish, broker, 11)
        assert ids(await hear(again.inbox, 1)) == ["m11"]


async def test_a_sender_gets_an_error_and_is_not_cancelled_when_the_link_is_closed(
    broker: Mosquitto,
) -> None:
    channel = listening(broker)
    transport = channel.transport
    async with transport:
        os.kill(broker.pid, signal.SIGSTOP)  # it takes what is sent and answers nothing
        sending = asyncio.create_task(transport.send(b"{}", topic=f"{POSITIONS}/node"))
        await loop_turns()  # it waits now
    with pytest.raises(LinkError, match="closed"):
        await sending
    os.kill(broker.pid, signal.SIGCONT)


async def test_a_message_that_is_not_understood_is_acknowledged_once_it_is_stored(
    broker: Mosquitto,
) -> None:
    channel = listening(broker)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        await asyncio.to_thread(publish, broker, 1, device="two/levels")
        client = needs.program("mosquitto_pub", hint="mosquitto-clients")
        command = [client, "-p", str(broker.port), "-u", "gw-1", "-P", broker.passwords["gw-1"]]
        command += ["-t", f"{POSITIONS}/boat-3", "-q", "1", "-m", '{"lat": 95, "lon": 1}']
        await asyncio.to_thread(subprocess.run, command, check=True)
        await until(lambda: channel.rejected())
        await asyncio.to_thread(publish, broker, 2)
        say_stored(await hear(channel.inbox, 1))
    (rejected,) = channel.rejected()
    assert rejected.topic == f"{POSITIONS}/boat-3"
    assert rejected.payload == b'{"lat": 95, "lon": 1}'
    again = listening(broker)
    async with running(again):
        await asyncio.to_thread(publish, broker, 3)
        assert ids(await hear(again.inbox, 1)) == ["m3"]
    assert again.rejected() == []


async def test_a_retained_message_is_not_received_again_at_each_start(broker: Mosquitto) -> None:
    await asyncio.to_thread(publish, broker, 1, retain=True)
    for expected in (["m1", "m2"], ["m2"]):
        channel = listening(broker)
        async with running(channel):
            await until(lambda channel=channel: channel.health().state == "open")  # type: ignore[misc]
            await asyncio.to_thread(publish, broker, 2)
            deliveries = await hear(channel.inbox, len(expected))
            say_stored(deliveries)
        assert ids(deliveries) == expected


async def test_nothing_unstored_is_lost_when_more_waits_than_the_inbox_holds(
    broker: Mosquitto,
) -> None:
    inbox = Inbox(20)
    channel = listening(broker, "version=5&receive_maximum=50", inbox=inbox)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        await asyncio.to_thread(publish, broker, *range(300))
        assert len(inbox) <= 50
        deliveries: list[Delivery] = []
        async with asyncio.timeout(20):
            while len(deliveries) < 300:
                some = await inbox.take()
                say_stored(some)
                deliveries += some
    assert ids(deliveries) == [f"m{n}" for n in range(300)]


async def test_a_wrong_password_is_a_fault_that_is_shown(broker: Mosquitto) -> None:
    channel = listening(broker, password="wrong")
    async with running(channel):
        await until(lambda: channel.health().state == "down")
        assert "Not authorized" in (channel.health().fault or "")
        assert "wrong" not in str(channel.health())


async def test_an_absent_broker_is_tried_again_until_it_is_there(broker: Mosquitto) -> None:
    broker.stop()
    channel = listening(broker)
    async with running(channel):
        await until(lambda: channel.health().state == "down")
        assert "refused" in (channel.health().fault or "")
        broker.start()
        await until(lambda: channel.health().state == "open")


async def test_reconnecting_and_closing_cost_no_descriptors(broker: Mosquitto) -> None:
    for _ in range(2):  # the first time fills pools
        before = open_descriptors()
        channel = listening(broker)
        async with running(channel):
            await until(lambda channel=channel: channel.health().state == "open")  # type: ignore[misc]
            broker.stop()
            await until(lambda channel=channel: channel.health().state == "down")  # type: ignore[misc]
            broker.start()
            await until(lambda channel=channel: channel.health().state == "open")  # type: ignore[misc]
        after = open_descriptors()
    assert len(after) == len(before)


async def test_the_access_list_lets_everyone_speak_under_their_own_name_only(
    broker: Mosquitto,
) -> None:
    channel = listening(broker)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        client = paho.Client(CallbackAPIVersion.VERSION2, client_id="boat")
        client.username_pw_set("boat-1", broker.passwords["boat-1"])
        client.connect("127.0.0.1", broker.port)
        client.loop_start()
        for device in ("boat-2", "boat-1"):
            message = json.dumps({"lon": 100.4, "lat": 20.27})
            sent = client.publish(f"{POSITIONS}/{device}", message, qos=1)
            await asyncio.to_thread(sent.wait_for_publish, 5)
        client.disconnect()
        client.loop_stop()
        (delivery,) = await hear(channel.inbox, 1)
    assert delivery.transmission.device == "boat-1"


def tries(broker: Mosquitto, user: str, topics: list[str]) -> dict[str, bool]:
    """Return, by topic, whether what `user` publishes there reaches the node."""
    heard: dict[str, bool] = dict.fromkeys(topics, False)
    subscribed, done = threading.Event(), threading.Event()

    def note(_client: paho.Client, _data: object, message: paho.MQTTMessage) -> None:
        if message.topic.startswith("joint-patrol/v1/raw/"):
            done.set()
        else:
            heard[message.topic] = True

    node, client = (
        paho.Client(CallbackAPIVersion.VERSION2, client_id=each) for each in ("reads", "tries")
    )
    node.on_message = note
    node.on_subscribe = lambda *_: subscribed.set()
    for each, name in ((node, "node"), (client, user)):
        each.username_pw_set(name, broker.passwords[name])
        each.connect("127.0.0.1", broker.port)
        each.loop_start()
    node.subscribe([("joint-patrol/#", 1), ("msh/#", 1), ("owntracks/#", 1)])
    assert subscribed.wait(5)
    for topic in (*topics, f"joint-patrol/v1/raw/{user}/last"):
        client.publish(topic, b"x", qos=1).wait_for_publish(5)
    assert done.wait(5)
    for each in (node, client):
        each.disconnect()
        each.loop_stop()
    return heard


def test_the_shipped_access_list_lets_nobody_write_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(brokers, "SPEAKS_FOR_ALL", "")
    mesh = "!a1b2c3d4"
    with mosquitto(tmp_path, users=("node", "gw-1", mesh)) as broker:
        own = {f"{POSITIONS}/gw-1", "owntracks/gw-1/phone", "joint-patrol/v1/gateways/gw-1/reports"}
        foreign = {f"{POSITIONS}/boat-3", "owntracks/boat-3/phone", "msh/TH/2/e/PATROL/!01020304"}
        heard = tries(broker, "gw-1", [*own, *foreign])
        assert {topic for topic, is_heard in heard.items() if is_heard} == own
        own = {f"msh/TH/2/e/PATROL/{mesh}", f"msh/TH/2/json/PATROL/{mesh}", f"msh/TH/2/stat/{mesh}"}
        foreign = {"msh/TH/2/e/PATROL/!01020304", f"{POSITIONS}/gw-1"}
        heard = tries(broker, mesh, [*own, *foreign])
        assert {topic for topic, is_heard in heard.items() if is_heard} == own


@pytest.mark.parametrize("bound", [True, False])
def test_over_tls_nobody_takes_a_session_over_by_its_id(tmp_path: Path, bound: bool) -> None:
    """And without the shipped line another does, so that the line is what keeps it."""
    running = brokers.Mosquitto(tmp_path / "mosquitto", tls=True)
    for file in (running.config_folder / "conf.d").glob("tls*.conf"):
        text = file.read_text()
        assert "\nuse_username_as_clientid true\n" in text
        if not bound:
            file.write_text(text.replace("use_username_as_clientid true", ""))
    running.start()
    try:
        lost = threading.Event()
        node = paho.Client(CallbackAPIVersion.VERSION2, client_id="hx-boats", clean_session=False)
        node.username_pw_set("node", running.passwords["node"])
        node.on_disconnect = lambda *_: lost.set()
        node.connect("127.0.0.1", running.port)
        node.loop_start()
        thief = paho.Client(CallbackAPIVersion.VERSION2, client_id="hx-boats", clean_session=False)
        thief.username_pw_set("boat-1", running.passwords["boat-1"])
        thief.tls_set(str(running.ca_file))
        let_in = threading.Event()
        thief.on_connect = lambda *_: let_in.set()
        thief.connect("localhost", running.tls_port)
        thief.loop_start()
        assert let_in.wait(5)
        assert lost.wait(0.5) is not bound
        for each in (thief, node):
            each.disconnect()
            each.loop_stop()
    finally:
        running.stop()


def test_the_shipped_configuration_opens_only_loopback(broker: Mosquitto) -> None:
    listening_on = psutil.Process(broker.pid).net_connections(kind="inet")
    assert [tuple(c.laddr) for c in listening_on if c.status == psutil.CONN_LISTEN] == [
        ("127.0.0.1", broker.port)
    ]


async def test_tls_with_password_and_with_certificate(tmp_path: Path) -> None:
    with mosquitto(tmp_path, tls=True, acl="topic read joint-patrol/#\n") as broker:
        # the added line stands in the part of gw-1, so that its certificate may listen
        base = f"?topic={POSITIONS}/+&version=5"
        with_password = make(
            f"mqtts://localhost:{broker.tls_port}{base}",
            "position_json",
            username="node",
            password=broker.passwords["node"],
            ca_file=str(broker.ca_file),
        )
        with_certificate = make(
            f"mqtts://localhost:{broker.tls_client_port}{base}",
            "position_json",
            name="cert",
            ca_file=str(broker.ca_file),
            cert_file=str(broker.client_cert),
            key_file=str(broker.client_key),
        )
        distrusting = make(
            f"mqtts://localhost:{broker.tls_port}{base}",
            "position_json",
            name="distrusting",
            username="node",
            password=broker.passwords["node"],
        )
        channels = with_password, with_certificate
        async with running(*channels, distrusting):
            await until(lambda: all(c.health().state == "open" for c in channels))
            await asyncio.to_thread(publish, broker, *range(200))
            for channel in channels:
                say_stored(await hear(channel.inbox, 200))
            await until(lambda: distrusting.health().state == "down")
            assert "certificate" in (distrusting.health().fault or "").lower()
