"""The embedded broker: nobody comes in unknown, no radio speaks for another."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import paho.mqtt.client as paho
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from maps.mqtt_broker.broker import EmbeddedBroker
from maps.mqtt_broker.topic_acl import is_of_device
from tests.fixtures.patience import until
from tests.maps.servers.running import running

POSITION = "joint-patrol/v1/position/boat-3"


async def knows(name: str, key: str) -> bool:
    return (name, key) == ("boat-3", "its key")


@asynccontextmanager
async def client(
    broker: EmbeddedBroker,
    user: str | None,
    password: str | None,
    *,
    client_id: str | None = None,
    clean: bool = True,
    will: str | None = None,
) -> AsyncIterator[tuple[paho.Client, list[str], asyncio.Queue[tuple[str, bytes]]]]:
    """Yield a connected client, what the broker answered, and what it heard."""
    loop = asyncio.get_running_loop()
    answers: list[str] = []
    queue: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    connected = asyncio.Event()
    made = paho.Client(
        CallbackAPIVersion.VERSION2,
        client_id=client_id or f"test-{id(answers)}",
        clean_session=clean,
    )
    if will is not None:
        made.will_set(will, b"gone", 1)

    def on_connect(_c: object, _u: object, _f: object, reason: object, _p: object) -> None:
        answers.append(str(reason))
        loop.call_soon_threadsafe(connected.set)

    def on_message(_c: object, _u: object, message: paho.MQTTMessage) -> None:
        loop.call_soon_threadsafe(queue.put_nowait, (message.topic, bytes(message.payload)))

    made.on_connect = on_connect
    made.on_message = on_message
    if user is not None:
        made.username_pw_set(user, password)
    made.connect_async(broker.host, broker.port)
    made.loop_start()
    try:
        async with asyncio.timeout(10):
            await connected.wait()
        yield made, answers, queue
    finally:
        made.disconnect()
        await asyncio.to_thread(made.loop_stop)


async def subscribe(made: paho.Client, *topics: str, qos: int = 1) -> None:
    """Subscribe, and wait until the broker has answered: what is published then is heard."""
    loop = asyncio.get_running_loop()
    answered: asyncio.Queue[int] = asyncio.Queue()

    def on_subscribe(_c: object, _u: object, number: int, _r: object, _p: object) -> None:
        loop.call_soon_threadsafe(answered.put_nowait, number)

    made.on_subscribe = on_subscribe
    asked = {made.subscribe(topic, qos)[1] for topic in topics}
    async with asyncio.timeout(10):
        while asked:
            asked.discard(await answered.get())


@pytest.mark.parametrize(
    ("user", "password"),
    [(None, None), ("boat-3", "guess"), ("joint-patrol", "guess"), ("nobody", "its key")],
)
async def test_a_stranger_is_not_let_in(user: str | None, password: str | None) -> None:
    async with (
        EmbeddedBroker(knows=knows) as broker,
        client(broker, user, password) as (_, texts, _h),
    ):
        assert texts[0] == "Not authorized"


async def test_a_radio_publishes_to_its_own_topics_only_and_hears_nothing() -> None:
    async with (
        EmbeddedBroker(knows=knows) as broker,
        client(broker, broker.user, broker.password) as (ours, _, queue),
        client(broker, "boat-3", "its key") as (radio, texts, overheard),
    ):
        assert texts == ["Success"]
        await subscribe(ours, "#")
        await subscribe(radio, "#")
        radio.publish("joint-patrol/v1/position/boat-4", b"forged", qos=1)
        radio.publish(POSITION, b"own", qos=1)
        async with asyncio.timeout(10):
            assert await queue.get() == (POSITION, b"own")
            radio.publish(POSITION, b"behind", qos=1)
            assert await queue.get() == (POSITION, b"behind")
            last = radio.publish(POSITION, b"last", qos=1)
            assert await queue.get() == (POSITION, b"last")
            # its acknowledgement comes behind what the radio would have heard
            await until(last.is_published)
        assert overheard.empty()


async def test_a_phone_hears_what_is_asked_of_it_and_of_nobody_else() -> None:
    async def knows_all(_name: str, _key: str) -> bool:
        return True

    async with (
        EmbeddedBroker(knows=knows_all) as broker,
        client(broker, broker.user, broker.password) as (ours, _, _h),
        client(broker, "jane/phone", "its key") as (phone, texts, queue),
    ):
        assert texts == ["Success"]
        others = ("#", "owntracks/+/+/cmd", "owntracks/joe/phone/cmd", "owntracks/jane/phone")
        await subscribe(phone, *others, "owntracks/jane/phone/cmd")
        for device in ("joe/phone", "jane/phone"):
            ours.publish(f"owntracks/{device}", b"{}", qos=1)
            ours.publish(f"owntracks/{device}/cmd", b"where?", qos=1)
        async with asyncio.timeout(10):
            assert await queue.get() == ("owntracks/jane/phone/cmd", b"where?")
            ours.publish("owntracks/jane/phone/cmd", b"behind", qos=1)
            assert await queue.get() == ("owntracks/jane/phone/cmd", b"behind")


async def test_it_listens_on_loopback_with_a_fresh_password_each_run() -> None:
    async with EmbeddedBroker() as one, EmbeddedBroker() as other:
        assert one.host == "127.0.0.1"
        assert one.password != other.password
        assert one.port != other.port


async def test_a_taken_port_is_reported() -> None:
    async with EmbeddedBroker() as one:
        with pytest.raises(OSError, match="in use"):
            async with EmbeddedBroker(port=one.port):
                pass


@pytest.mark.parametrize(
    ("topic", "device", "own"),
    [
        ("owntracks/jane/phone", "jane/phone", True),
        ("owntracks/jane/phone/event", "jane/phone", True),
        ("owntracks/jane/phone2", "jane/phone", False),
        ("owntracks/jane/phone/boat-9", "boat-9", False),
        ("owntracks/jane/phone/event", "event", False),
        ("owntracks/jane/phone", "jane", False),
        ("x/owntracks/jane/phone", "jane/phone", False),
        ("joint-patrol/v1/position/boat-3", "boat-3", True),
        ("joint-patrol/v1/position/boat-3/x", "boat-3", False),
        ("joint-patrol/v1/position/", "", False),
        ("a/+/b", "jane", False),
    ],
)
def test_a_device_has_its_own_topics_and_no_others(topic: str, device: str, own: bool) -> None:
    assert is_of_device(topic, device) is own


@pytest.mark.parametrize(("user", "password"), [(None, None), ("boat-3", "its key")])
@pytest.mark.parametrize("clean", [True, False])
async def test_nobody_takes_over_the_session_of_another_by_its_client_id(
    user: str | None, password: str | None, clean: bool
) -> None:
    async with (
        EmbeddedBroker(knows=knows) as broker,
        client(broker, broker.user, broker.password, client_id="ours", clean=False) as (
            ours,
            _,
            queue,
        ),
    ):
        await subscribe(ours, "#")
        async with client(broker, user, password, client_id="ours", clean=clean) as (
            _t,
            _s,
            stolen,
        ):
            await asyncio.sleep(0.3)
            async with client(broker, "boat-3", "its key") as (radio, _r, _h):
                radio.publish(POSITION, b"here", qos=1)
                async with asyncio.timeout(10):
                    assert await queue.get() == (POSITION, b"here")
            assert stolen.empty()


async def test_a_last_will_for_another_device_is_refused_on_connect() -> None:
    async with EmbeddedBroker(knows=knows) as broker:
        will = "joint-patrol/v1/position/boat-4"
        async with client(broker, "boat-3", "its key", will=will) as (_, texts, _h):
            assert texts[0] == "Not authorized"
        async with client(broker, "boat-3", "its key", will=POSITION) as (_, texts, _h):
            assert texts == ["Success"]


async def test_a_key_that_is_taken_away_publishes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("maps.mqtt_broker.topic_acl.ASKED_AGAIN_S", 0.0)
    good = True

    async def still_knows(name: str, key: str) -> bool:
        return good and await knows(name, key)

    async with (
        EmbeddedBroker(knows=still_knows) as broker,
        client(broker, broker.user, broker.password) as (ours, _, queue),
        client(broker, "boat-3", "its key", will=POSITION) as (radio, _s, _h),
    ):
        await subscribe(ours, "#")
        radio.publish(POSITION, b"1", qos=1)
        async with asyncio.timeout(10):
            assert await queue.get() == (POSITION, b"1")
        good = False
        refused = radio.publish(POSITION, b"2", qos=1)
        await until(refused.is_published)  # the broker has it, and has judged it
        link = radio.socket()
        assert isinstance(link, socket.socket)
        link.shutdown(socket.SHUT_RDWR)  # goes without a word: its last will is due
        await asyncio.sleep(0.5)
        assert queue.empty()


async def test_a_packet_that_is_too_long_ends_the_connection() -> None:
    async with (
        EmbeddedBroker(knows=knows) as broker,
        client(broker, broker.user, broker.password) as (ours, _, queue),
        client(broker, "boat-3", "its key") as (radio, _s, _h),
    ):
        await subscribe(ours, "#", qos=0)
        radio.publish(POSITION, b"x" * 200_000, qos=0)
        async with asyncio.timeout(10):
            assert len((await queue.get())[1]) == 200_000
        radio.publish(POSITION, b"", qos=0)
        async with asyncio.timeout(10):
            assert (await queue.get())[1] == b""
        ended, loop = asyncio.Event(), asyncio.get_running_loop()

        def on_disconnect(*_: Any) -> None:
            loop.call_soon_threadsafe(ended.set)

        radio.on_disconnect = on_disconnect
        radio.publish(POSITION, b"x" * 300_000, qos=0)
        async with asyncio.timeout(10):
            await ended.wait()
        ours.publish("behind", b"it", qos=0)
        async with asyncio.timeout(10):
            assert await queue.get() == ("behind", b"it")


async def test_who_opens_connections_and_says_nothing_keeps_no_radio_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("maps.mqtt_broker.broker.MOST_WAITING", 5)
    async with EmbeddedBroker(knows=knows) as broker:
        silent = [await asyncio.open_connection(broker.host, broker.port) for _ in range(20)]
        async with client(broker, "boat-3", "its key") as (_, texts, _h):
            assert texts == ["Success"]
        async with asyncio.timeout(5):
            assert [await reader.read() for reader, _ in silent[:15]] == [b""] * 15
        for _, writer in silent:
            writer.close()


async def test_beyond_the_most_connections_a_radio_is_asked_to_come_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("maps.mqtt_broker.broker.MOST_CONNECTED", 1)
    async with (
        EmbeddedBroker(knows=knows) as broker,
        client(broker, "boat-3", "its key") as (_, first, _h),
        client(broker, "boat-3", "its key") as (_c, second, _q),
    ):
        assert first == ["Success"]
        assert second[0] == "Server unavailable"


async def test_our_own_channels_have_a_client_id_nobody_can_guess(tmp_path: Path) -> None:
    channel = {
        "name": "phones",
        "url": "mqtt://embedded?topic=owntracks/%23",
        "protocols": ["owntracks"],
    }
    texts: list[str] = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        async with running(folder, broker={"enabled": True, "port": 0}, channels=[channel]) as one:
            texts.append(one.office.channels["phones"].settings.link.client_id)
    assert len(set(texts)) == 2
    assert all(len(each) >= 32 for each in texts)
