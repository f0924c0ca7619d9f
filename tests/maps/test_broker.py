"""The embedded broker: nobody comes in unknown, no radio speaks for another."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from maps.broker import EmbeddedBroker, names_device

POSITION = "joint-patrol/v1/position/boat-3"


async def knows(name: str, key: str) -> bool:
    return (name, key) == ("boat-3", "its key")


@asynccontextmanager
async def client(
    broker: EmbeddedBroker, user: str | None, password: str | None
) -> AsyncIterator[tuple[paho.Client, list[str], asyncio.Queue[tuple[str, bytes]]]]:
    """Yield a connected client, what the broker answered, and what it heard."""
    loop = asyncio.get_running_loop()
    answers: list[str] = []
    heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    connected = asyncio.Event()
    made = paho.Client(CallbackAPIVersion.VERSION2, client_id=f"test-{id(answers)}")

    def on_connect(_c: object, _u: object, _f: object, reason: object, _p: object) -> None:
        answers.append(str(reason))
        loop.call_soon_threadsafe(connected.set)

    def on_message(_c: object, _u: object, message: paho.MQTTMessage) -> None:
        loop.call_soon_threadsafe(heard.put_nowait, (message.topic, bytes(message.payload)))

    made.on_connect = on_connect
    made.on_message = on_message
    if user is not None:
        made.username_pw_set(user, password)
    made.connect_async(broker.host, broker.port)
    made.loop_start()
    try:
        async with asyncio.timeout(10):
            await connected.wait()
        yield made, answers, heard
    finally:
        made.disconnect()
        await asyncio.to_thread(made.loop_stop)


@pytest.mark.parametrize(
    ("user", "password"),
    [(None, None), ("boat-3", "guess"), ("joint-patrol", "guess"), ("nobody", "its key")],
)
async def test_a_stranger_is_not_let_in(user: str | None, password: str | None) -> None:
    async with (
        EmbeddedBroker(knows=knows) as broker,
        client(broker, user, password) as (_, said, _h),
    ):
        assert said[0] == "Not authorized"


async def test_a_radio_publishes_to_its_own_topics_only_and_hears_nothing() -> None:
    async with (
        EmbeddedBroker(knows=knows) as broker,
        client(broker, broker.user, broker.password) as (ours, _, heard),
        client(broker, "boat-3", "its key") as (radio, said, overheard),
    ):
        assert said == ["Success"]
        ours.subscribe("#", 1)
        radio.subscribe("#", 1)
        await asyncio.sleep(0.3)
        radio.publish("joint-patrol/v1/position/boat-4", b"forged", qos=1)
        radio.publish(POSITION, b"own", qos=1)
        async with asyncio.timeout(10):
            assert await heard.get() == (POSITION, b"own")
        await asyncio.sleep(0.3)
        assert heard.empty()
        assert overheard.empty()


async def test_it_listens_on_loopback_with_a_fresh_password_each_run() -> None:
    async with EmbeddedBroker() as one, EmbeddedBroker() as other:
        assert one.host == "127.0.0.1"
        assert one.password != other.password
        assert one.port != other.port


async def test_a_taken_port_is_told() -> None:
    async with EmbeddedBroker() as one:
        with pytest.raises(OSError, match="in use"):
            async with EmbeddedBroker(port=one.port):
                pass


@pytest.mark.parametrize(
    ("topic", "device", "named"),
    [
        ("owntracks/jane/phone", "jane/phone", True),
        ("owntracks/jane/phone/event", "jane/phone", True),
        ("owntracks/jane/phone2", "jane/phone", False),
        ("owntracks/ajane/phone", "jane/phone", False),
        ("a/+/b", "jane", False),
    ],
)
def test_a_topic_names_a_device_by_whole_levels(topic: str, device: str, named: bool) -> None:
    assert names_device(topic, device) is named
