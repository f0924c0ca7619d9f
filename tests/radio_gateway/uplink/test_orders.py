"""Orders from a node to a gateway and their results back, through a real Mosquitto."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from radio_gateway.health.health import GatewayHealth
from radio_gateway.orders.order import Order
from radio_gateway.orders.order_result import OrderResult
from radio_gateway.protocols import OUTBOUND, PROTOCOLS
from radio_gateway.uplink.wire.envelope import OrderFor, pack, topic_of, unpack
from radio_gateway.uplink.wire.signing import SIGNATURE_BYTES, Signer
from tests.fixtures.broker import Mosquitto, mosquitto
from tests.fixtures.patience import until
from tests.fixtures.ports import free_port
from tests.radio_gateway.running.orders import order
from tests.radio_gateway.running.plain_radio import Plain
from tests.radio_gateway.uplink.gateways import GW_2_KEY, NODE_KEY, gateway, key_file
from tests.radio_gateway.uplink.posts import Office, TcpRadio, office, post
from tests.radio_gateway.uplink.test_uplink import Client

pytestmark = pytest.mark.broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    careless = "\nuser spy\ntopic readwrite joint-patrol/#\n"
    with mosquitto(tmp_path, users=("node", "gw-1", "gw-2", "spy"), acl=careless) as running:
        yield running


@pytest.fixture
def spy(broker: Mosquitto) -> Iterator[Client]:
    """Who may say and hear all at the broker, as the broker itself might."""
    client = Client(broker, "spy", "joint-patrol/#")
    yield client
    client.close()


@pytest.fixture(autouse=True)
def plain(monkeypatch: pytest.MonkeyPatch) -> Plain:
    """Have the tests' own protocol among those that a channel may speak."""
    module = Plain(answers=False)
    monkeypatch.setitem(PROTOCOLS, "plain", module)
    monkeypatch.setitem(OUTBOUND, "plain", module)
    return module


@pytest.fixture
async def radio() -> AsyncIterator[TcpRadio]:
    radio = TcpRadio(free_port())
    async with radio.listening():
        yield radio


def base(radio: TcpRadio, **more: Any) -> dict[str, Any]:
    return {
        "name": "base",
        "url": f"tcp://127.0.0.1:{radio.port}",
        "protocols": ["plain"],
        "listen_only": False,
        "messages_per_minute": 600,
        **more,
    }


def told_of(spy: Client, name: str) -> GatewayHealth:
    """Return what a gateway told last of how it fares."""
    payloads = [payload for topic, payload in spy.heard if topic == topic_of(name, "health")]
    return unpack(payloads[-1][SIGNATURE_BYTES:], GatewayHealth)


def word(said: object, signer: Signer = NODE_KEY) -> bytes:
    return b"order\n" + signer.sign("order", pack(said))  # type: ignore[arg-type]


def for_(gateway: str, told_at: datetime, what: Order, **more: Any) -> OrderFor:
    fields: dict[str, Any] = {
        "node": "hx",
        "gateway": gateway,
        "sent_at": datetime.now(UTC),
        "health_reported_at": told_at,
        "life_left_s": 60.0,
        "order": what,
    }
    return OrderFor(**(fields | more))


async def test_an_order_is_carried_out_by_the_gateway_it_names_and_only_once(
    broker: Mosquitto, tmp_path: Path, spy: Client, radio: TcpRadio
) -> None:
    other = TcpRadio(free_port())
    async with (
        other.listening(),
        office(broker) as hx,
        post(broker, tmp_path, base(radio)),
        post(broker, tmp_path, base(other), name="gw-2", signer=GW_2_KEY),
    ):
        await hx.reaches("gw-1", "gw-2")
        await hx.receiver.send_order("gw-1", order("o1", channel="base"), life_left_s=60)
        await until(lambda: hx.states("o1")[-1:] == ["sent"])
        [data] = [each for topic, each in spy.heard if each.startswith(b"order\n")]
        told_at = told_of(spy, "gw-2").reported_at
        wrong = [
            data,  # replayed to the other
            word(for_("gw-1", told_at, order("o2", channel="base"))),  # the same, and current
            word(order("o3", channel="base")),  # names no gateway
            word(for_("gw-2", told_at, order("o4", channel="base")), GW_2_KEY),  # forged
        ]
        for each in wrong:
            spy.say(topic_of("gw-2", "node"), each)
        spy.say(topic_of("gw-1", "node"), data)  # replayed to the one it was for
        right = for_("gw-2", told_of(spy, "gw-2").reported_at, order("o5", channel="base"))
        spy.say(topic_of("gw-2", "node"), word(right))
        await until(lambda: hx.states("o5")[-1:] == ["sent"])
        await until(lambda: len(hx.states("o1")) > 2)  # the replay had its last step told again
    assert radio.heard.count(b"TELL") == 1
    assert [line.split(b" ", 2)[2] for line in other.heard.splitlines()] == [b"text 101 come home"]


async def test_an_order_that_refers_to_another_run_or_to_long_ago_is_not_believed(
    broker: Mosquitto, tmp_path: Path, spy: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a record of an order is worth nothing once the gateway has forgotten that order."""
    taken: list[str] = []

    async def take(order_for: OrderFor, _life_left_s: float) -> None:
        taken.append(order_for.order.id)

    async with gateway(broker, tmp_path, on_order=take) as gw:
        await until(lambda: any(topic.endswith("/health") for topic, _ in spy.heard))
        earlier = told_of(spy, "gw-1").reported_at
        spy.say(topic_of("gw-1", "node"), word(for_("gw-1", earlier, order("now"))))
        await until(lambda: taken == ["now"])
        monkeypatch.setattr("radio_gateway.uplink.sender.report_times.ORDER_WITHIN_S", 0.05)
        await asyncio.sleep(0.1)
        spy.say(topic_of("gw-1", "node"), word(for_("gw-1", earlier, order("late"))))
        await until(lambda: gw.uplink.unbelieved.total() == 1)
        monkeypatch.undo()
    async with gateway(broker, tmp_path, on_order=take) as gw:
        await until(lambda: told_of(spy, "gw-1").reported_at > earlier)
        spy.say(topic_of("gw-1", "node"), word(for_("gw-1", earlier, order("replayed"))))
        await until(lambda: gw.uplink.unbelieved.total() == 1)
    assert taken == ["now"]


async def test_a_border_posts_clock_decides_nothing(
    broker: Mosquitto, tmp_path: Path, spy: Client, radio: TcpRadio
) -> None:
    """By a clock that is an hour ahead a good order looks expired; by one behind, a stale good."""
    now = datetime.now(UTC)
    async with office(broker) as hx, post(broker, tmp_path, base(radio)):
        await hx.reaches("gw-1")
        ahead = order("ahead", channel="base", expires_at=now - timedelta(hours=1))
        await hx.receiver.send_order("gw-1", ahead, life_left_s=60)
        await until(lambda: hx.states("ahead")[-1:] == ["sent"])
        told_at = told_of(spy, "gw-1").reported_at
        await asyncio.sleep(0.3)  # a broker that holds it back
        behind = order("behind", channel="base", expires_at=now + timedelta(hours=1))
        held = for_("gw-1", told_at, behind, life_left_s=0.2)
        spy.say(topic_of("gw-1", "node"), word(held))
        await until(lambda: hx.states("behind")[-1:] == ["expired"])
    assert radio.heard.count(b"TELL") == 1


async def test_an_order_that_waits_at_the_gateway_ends_by_the_steady_clock(
    broker: Mosquitto, tmp_path: Path
) -> None:
    absent = TcpRadio(free_port())
    async with office(broker) as hx, post(broker, tmp_path, base(absent)):
        await hx.reaches("gw-1")
        for_an_hour = order("o1", channel="base", for_s=3600)
        await hx.receiver.send_order("gw-1", for_an_hour, life_left_s=0.5)
        await until(lambda: hx.states("o1") == ["queued", "expired"])


async def test_an_order_that_waits_at_the_gateway_can_be_called_off(
    broker: Mosquitto, tmp_path: Path
) -> None:
    radio = TcpRadio(free_port())
    async with office(broker) as hx, post(broker, tmp_path, base(radio)):
        await hx.reaches("gw-1")
        waits, never_came = order("o1", channel="base"), order("o2", channel="base")
        send = hx.receiver.send_order
        await send("gw-1", waits, life_left_s=60)
        await until(lambda: hx.states("o1") == ["queued"])
        for each in (waits, never_came):
            await send("gw-1", each, life_left_s=60, cancelled=True)
        await until(
            lambda: all(hx.states(each.id)[-1:] == ["cancelled"] for each in (waits, never_came))
        )
        await send("gw-1", never_came, life_left_s=60)  # said before, and came late
        async with radio.listening():
            await send("gw-1", order("o3", channel="base"), life_left_s=60)
            await until(lambda: hx.states("o3")[-1:] == ["sent"])
            await send("gw-1", order("o3", channel="base"), life_left_s=60, cancelled=True)
            await until(lambda: hx.states("o3")[-2:] == ["sent", "sent"])
    assert radio.heard.count(b"TELL") == 1


async def test_a_result_is_receipted_once_it_is_stored(
    broker: Mosquitto, tmp_path: Path, spy: Client
) -> None:
    def heard(purpose: bytes) -> bool:
        return any(data.startswith(purpose + b"\n") for _, data in spy.heard)

    async with office(broker) as hx, gateway(broker, tmp_path) as gw:
        hx.unstored = []
        await hx.reaches("gw-1")
        gw.uplink.queue_result(OrderResult(id="o1", state="sent", at=datetime.now(UTC)))
        gw.uplink.queue_result(OrderResult(id="o2", state="sent", at=datetime.now(UTC)))
        await until(lambda: len(hx.told) == 2)
        first, second = hx.unstored
        first()
        await hx.receiver.send_order("gw-1", order("o3"), life_left_s=60)
        await until(lambda: heard(b"order"))
        assert not heard(b"receipt")
        second()
        await until(lambda: heard(b"receipt"))


async def test_a_channel_says_why_it_takes_no_order(
    broker: Mosquitto, tmp_path: Path, radio: TcpRadio
) -> None:
    deaf = base(radio, name="deaf", protocols=["nmea0183"])
    silent = base(radio, name="silent", listen_only=True)
    async with office(broker) as hx, post(broker, tmp_path, base(radio), silent, deaf):
        await hx.reaches("gw-1")
        channels = {each.name: each for each in hx.receiver.health()}
    assert channels["gw-1/base"].refuses is None
    assert channels["gw-1/base"].orders == ("alert", "distress", "poll", "text")
    for name, reason in (("silent", "listen_only"), ("deaf", "not_spoken")):
        channel = channels[f"gw-1/{name}"]
        assert channel.orders == ()
        assert channel.refuses is not None
        assert channel.refuses.reason == reason


# -- a gateway that is killed


@asynccontextmanager
async def program(
    folder: Path, broker: Mosquitto, radio: TcpRadio
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Run `radio-gateway run` as gw-1 with a Kenwood radio behind TCP; kill it in the end."""
    if not (folder / "key").exists():
        key_file(folder / "key")
    (folder / "gateway.toml").write_text(
        f"""
[gateway]
id = "gw-1"
[uplink]
url = "mqtt://127.0.0.1:{broker.port}"
username = "gw-1"
password = "{broker.passwords["gw-1"]}"
key_file = "key"
node_key = "{NODE_KEY.public}"
[[channels]]
name = "base"
url = "tcp://127.0.0.1:{radio.port}"
protocols = ["kenwood"]
listen_only = false
"""
    )
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])}
    with (folder / "log").open("ab") as log:
        process = subprocess.Popen(  # noqa: ASYNC220
            [sys.executable, "-m", "radio_gateway", "run"],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=log,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait(10)


def kenwood(id: str, **more: Any) -> Order:
    return order(id, channel="base", device="100:1001", protocol="kenwood", **more)


@pytest.fixture
def post_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have the node believe the key of the gateway in the folder that is returned."""
    folder = tmp_path / "post"
    folder.mkdir()
    public = key_file(folder / "key")

    class Known:
        def __init__(self) -> None:
            self.public = public

    monkeypatch.setattr("tests.radio_gateway.uplink.posts.GW_1_KEY", Known())
    return folder


async def again(hx: Office, given: Order, *, until_state: str) -> None:
    """Give an order until the gateway says that it has come so far, as the node does."""

    async def has_come() -> bool:
        if hx.states(given.id)[-1:] == [until_state]:
            return True
        if hx.receiver.unreached("gw-1") is None:
            await hx.receiver.send_order("gw-1", given, life_left_s=60)
        return False

    await until(has_come, within_s=30, every_s=0.2)


@pytest.mark.system
async def test_what_a_killed_gateway_had_begun_is_not_sent_again_and_says_so(
    broker: Mosquitto, post_key: Path, radio: TcpRadio
) -> None:
    async with office(broker) as hx:
        async with program(post_key, broker, radio) as process:
            # at the first byte on the air, before the gateway can note that it was sent
            radio.on_heard = lambda _data: os.kill(process.pid, signal.SIGKILL)
            await until(lambda: hx.receiver.unreached("gw-1") is None, within_s=30)
            given = kenwood("o1")
            await hx.receiver.send_order("gw-1", given, life_left_s=60)
            await until(lambda: process.poll() is not None, within_s=30)
        radio.on_heard = lambda _data: None
        hx.told.clear()
        async with program(post_key, broker, radio):
            # told without being asked
            await until(lambda: hx.states("o1")[-1:] == ["failed"], within_s=30)
            assert hx.last("o1").final
            assert hx.last("o1").reason == "broken_off"
            hx.told.clear()
            await again(hx, given, until_state="failed")  # told again, and not sent again
            await again(hx, kenwood("o2", text="and now"), until_state="sent")
    assert radio.heard.count(b"come home") == 1
    assert radio.heard.count(b"and now") == 1


@pytest.mark.system
async def test_what_a_killed_gateway_had_not_begun_goes_when_it_is_given_again(
    broker: Mosquitto, post_key: Path
) -> None:
    radio = TcpRadio(free_port())
    async with office(broker) as hx:
        given = kenwood("o1")
        async with program(post_key, broker, radio) as process:
            await again(hx, given, until_state="queued")
            process.kill()
            await until(lambda: process.poll() is not None)
        hx.told.clear()
        async with radio.listening(), program(post_key, broker, radio):
            await again(hx, given, until_state="sent")
    assert radio.heard.count(b"come home") == 1
