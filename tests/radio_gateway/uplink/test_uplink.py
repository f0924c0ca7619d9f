"""Between a gateway and its node, through a real Mosquitto with the shipped configuration."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from paho.mqtt import client as paho
from paho.mqtt.enums import CallbackAPIVersion

from gis.position.position import Position
from radio_gateway.clock.clock import DOUBTFUL
from radio_gateway.health.health import ClockDoubt, GatewayHealth
from radio_gateway.messages.transmission import Transmission
from radio_gateway.uplink.boundary import overreach
from radio_gateway.uplink.spool.spool import open_spool
from radio_gateway.uplink.wire.envelope import Envelope, Receipt, digest_of, pack, topic_of, unpack
from radio_gateway.uplink.wire.signing import SIGNATURE_BYTES, Signer
from tests.fixtures.broker import Mosquitto, mosquitto
from tests.fixtures.patience import until
from tests.fixtures.ports import free_port
from tests.radio_gateway.uplink.gateways import (
    GW_1_KEY,
    GW_2_KEY,
    NODE_KEY,
    gateway,
    node,
    until_health,
)
from tests.radio_gateway.uplink.posts import office, post

pytestmark = pytest.mark.broker
AT = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    careless = "\nuser spy\ntopic readwrite joint-patrol/#\n"
    with mosquitto(tmp_path, users=("node", "gw-1", "gw-2", "spy"), acl=careless) as running:
        yield running


def fix(number: int, *, gateway: str = "gw-1", device: int = 0, **said: object) -> Transmission:
    fields: dict[str, object] = {
        "protocol": "ais",
        "kind": "position",
        "device": f"57400000{device}",
        "heard_at": AT + timedelta(seconds=number),
        "position": Position(lon=100.4, lat=20.27),
        "fix": True,
        "channel": "pier",
        "reception_id": f"{gateway}/b/{number}",
    }
    return Transmission(**(fields | said))  # type: ignore[arg-type]


class Client:
    """A plain MQTT client of one user; hears one topic, says anything."""

    def __init__(
        self, broker: Mosquitto, user: str, topic: str | None = None, *, client_id: str = ""
    ) -> None:
        self.heard: list[tuple[str, bytes]] = []
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id, protocol=paho.MQTTv5)
        self._client.username_pw_set(user, broker.passwords[user])
        self._client.on_message = lambda _c, _u, message: self.heard.append(
            (message.topic, bytes(message.payload))
        )
        self._client.connect("127.0.0.1", broker.port)
        self._client.loop_start()
        if topic is not None:
            self._client.subscribe(topic, qos=1)

    def say(self, topic: str, payload: bytes) -> paho.MQTTMessageInfo:
        message = self._client.publish(topic, payload, qos=1)
        message.wait_for_publish(5)
        return message

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@pytest.fixture
def as_node(broker: Mosquitto) -> Iterator[Client]:
    """Who holds the node's broker account, and not its key; hears all that gateways send."""
    client = Client(broker, "node", topic_of("+", "reports"))
    yield client
    client.close()


async def test_a_report_leaves_the_spool_when_the_node_has_stored_it(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with node(broker) as hx, gateway(broker, tmp_path) as gw:
        hx.stores.clear()
        await gw.hear([fix(1), fix(2)])
        await until(lambda: hx.receiver.health()[0].transmissions == 2)
        await asyncio.sleep(0.2)
        assert await gw.waiting() == 2
        hx.stores.set()
        await gw.empty()
        assert {(each.channel, each.reception_id) for each in hx.stored} == {
            ("gw-1/pier", "gw-1/b/1"),
            ("gw-1/pier", "gw-1/b/2"),
        }
        assert hx.stored[0].heard_at in (fix(1).heard_at, fix(2).heard_at)


async def test_that_a_broker_took_it_deletes_nothing(broker: Mosquitto, tmp_path: Path) -> None:
    async with gateway(broker, tmp_path) as gw:
        await gw.hear([fix(1)])
        await until_health(gw.uplink.health, lambda health: health.sent > 0)
        await asyncio.sleep(0.5)
        assert await gw.waiting() == 1
    async with node(broker) as hx, gateway(broker, tmp_path) as gw:
        await gw.empty()
        assert hx.stored == [fix(1, channel="gw-1/pier")]


async def test_the_newest_place_of_each_boat_comes_before_the_backlog(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with await open_spool(tmp_path / "gw-1.db") as spool:
        await spool.put([fix(number, device=number % 5) for number in range(2000)])
    async with node(broker) as hx:
        await until(lambda: hx.receiver.broker().state == "open")
        async with gateway(broker, tmp_path) as gw:
            await gw.empty()
            assert len(hx.stored) == 2000
            assert {each.reception_id for each in hx.stored[:5]} == {
                f"gw-1/b/{number}" for number in range(1995, 2000)
            }


async def test_a_distress_call_comes_before_everything(broker: Mosquitto, tmp_path: Path) -> None:
    async with await open_spool(tmp_path / "gw-1.db") as spool:
        await spool.put([fix(number, device=number % 5) for number in range(500)])
        await spool.put([fix(500, kind="distress", distress=True, position=None, device=7)])
        await spool.put([fix(number, device=number % 5) for number in range(501, 900)])
    async with node(broker) as hx:
        await until(lambda: hx.receiver.broker().state == "open")
        async with gateway(broker, tmp_path) as gw:
            await gw.empty()
            assert hx.stored[0].distress
            assert len(hx.stored) == 900


async def test_a_forged_a_foreign_and_a_replayed_receipt_delete_nothing(
    broker: Mosquitto, tmp_path: Path, as_node: Client
) -> None:
    """Said with the node's own broker account: only its key makes a receipt."""
    async with gateway(broker, tmp_path) as gw:
        await gw.hear([fix(1)])
        await until(lambda: as_node.heard)
        body = as_node.heard[0][1][SIGNATURE_BYTES:]
        envelope = unpack(body, Envelope)
        right = Receipt(node="hx", gateway="gw-1", spool=envelope.spool, envelope=digest_of(body))

        def receipt(receipt: Receipt, signer: Signer, purpose: str = "receipt") -> bytes:
            return b"receipt\n" + signer.sign(purpose, pack(receipt))  # type: ignore[arg-type]

        def with_(**fields: object) -> Receipt:
            body = {name: getattr(right, name) for name in right.__struct_fields__}
            return Receipt(**(body | fields))

        topic = topic_of("gw-1", "node")
        wrong = [
            receipt(right, Signer(os.urandom(32))),  # forged
            receipt(right, GW_1_KEY),  # by the gateway itself
            receipt(right, GW_2_KEY),  # by another gateway
            receipt(right, NODE_KEY, "hello"),  # signed as something else
            receipt(with_(gateway="gw-2"), NODE_KEY),  # for another gateway
            receipt(with_(spool="0" * 16), NODE_KEY),  # for another spool
            receipt(with_(envelope=bytes(16)), NODE_KEY),  # for what was never sent
            b"receipt\n" + bytes(SIGNATURE_BYTES) + pack(right),
            b"receipt\n" + receipt(right, NODE_KEY)[8:-1],  # cut short
            b"receipt\n",
            b"",
        ]
        for each in wrong:
            as_node.say(topic, each)
        await until(lambda: gw.uplink.unbelieved.total() == len(wrong))
        assert await gw.waiting() == 1
        spoken = receipt(right, NODE_KEY)
        as_node.say(topic, spoken)
        await gw.empty()
        await gw.hear([fix(2)])
        as_node.say(topic, spoken)  # replayed: its envelope is done with
        await until(lambda: gw.uplink.unbelieved.total() == len(wrong) + 1)
        assert await gw.waiting() == 1
    # the same after a restart, when the gateway no longer knows what it sent
    async with gateway(broker, tmp_path) as gw:
        await gw.is_open()
        as_node.say(topic, spoken)
        await until(lambda: gw.uplink.unbelieved["unknown_envelope"] == 1)
        assert await gw.waiting() == 1


async def test_a_gateway_speaks_only_for_its_own_topics(broker: Mosquitto, tmp_path: Path) -> None:
    """The access list keeps the other's topics closed; where it is open, the key does."""
    data = pack(Envelope(gateway="gw-1", spool="s", nonce=b"n", sent_at=AT, items=[]))
    async with node(broker) as hx, gateway(broker, tmp_path, name="gw-2", signer=GW_2_KEY) as gw:
        other = Client(broker, "gw-2", topic_of("gw-1", "node"))
        try:
            message = other.say(topic_of("gw-1", "reports"), GW_2_KEY.sign("reports", data))
            assert message.rc == paho.MQTT_ERR_SUCCESS
            await gw.hear([fix(1, gateway="gw-2")])
            await gw.empty()
            way = hx.receiver.health()[0]
            assert (way.name, way.errors, way.last_heard_at) == ("gw-1", {}, None)
            assert other.heard == []  # the node greets gw-1, which is nobody else's to read
        finally:
            other.close()
        anyone = Client(broker, "spy")
        try:
            anyone.say(topic_of("gw-1", "reports"), GW_2_KEY.sign("reports", data))
            anyone.say(topic_of("gw-1", "reports"), GW_1_KEY.sign("health", data))
            await until(lambda: hx.receiver.health()[0].errors == {"not_signed": 2})
        finally:
            anyone.close()
        assert [each.channel for each in hx.stored] == ["gw-2/pier"]


async def test_everything_comes_once_through_restarts_of_the_broker(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with node(broker) as hx, gateway(broker, tmp_path) as gw:
        for number in range(20):
            await gw.hear([fix(number * 10 + each, device=each % 3) for each in range(10)])
            if number % 6 == 3:
                await asyncio.to_thread(broker.kill)
                await asyncio.to_thread(broker.start)
            await asyncio.sleep(0.05)
        await gw.empty(within_s=30)
        assert {each.reception_id for each in hx.stored} == {
            f"gw-1/b/{number}" for number in range(200)
        }


async def test_a_gateway_that_sends_nothing_is_silent_and_so_are_its_channels(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "radio_gateway.uplink.receiver.receiver.SILENT_AFTER", timedelta(seconds=0.5)
    )
    async with node(broker) as hx:
        async with gateway(broker, tmp_path):
            await until(lambda: hx.receiver.health()[0].state == "open")
            assert hx.receiver.gateways()[0].uplink == "open"
        await until(lambda: hx.receiver.health()[0].state == "silent")
        assert "has not been heard since" in (hx.receiver.health()[0].fault or "")


async def test_a_gateways_doubt_of_its_clock_and_its_backlog_are_reported(
    broker: Mosquitto, tmp_path: Path
) -> None:
    doubt = ClockDoubt(kind="set", by_s=-3600.0, at=AT)
    fares = GatewayHealth(gateway="gw-1", reported_at=AT, clock=doubt, inbox=350)
    async with node(broker) as hx, gateway(broker, tmp_path, fares=fares):
        await until(lambda: hx.receiver.health()[0].state == "open")
        way = hx.receiver.health()[0]
        assert way.clock == doubt
        assert "set back by 1:00:00 at 2026-11-25 03:00:00 UTC" in (way.fault or "")
        assert way.gateway is not None
        assert way.gateway.inbox == 350


@pytest.mark.parametrize("by_s", [-3600, 3600])
async def test_a_gateway_whose_clock_is_wrong_from_its_start_is_reported(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by_s: int
) -> None:
    wrong = timedelta(seconds=by_s)
    monkeypatch.setattr(
        "radio_gateway.uplink.sender.sender.utc_now", lambda: datetime.now(UTC) + wrong
    )
    async with node(broker) as hx, gateway(broker, tmp_path):
        await until(lambda: hx.receiver.health()[0].state == "open")
        way = hx.receiver.health()[0]
        assert way.clock is not None
        assert way.clock.kind == "gateway"
        assert way.clock.by_s == pytest.approx(by_s, abs=5)
        assert f"clock is 1:00:00 {'behind' if by_s < 0 else 'ahead of'}" in (way.fault or "")


@pytest.mark.parametrize(
    ("by_s", "heard_ago", "calls", "others"),
    [
        (0, timedelta(0), False, False),
        (-10, timedelta(0), True, False),  # it would seem heard before the last was cleared
        (10, timedelta(0), False, False),
        (-3600, timedelta(0), True, True),
        (0, timedelta(days=700), True, False),  # before its clock was set
    ],
)
async def test_receptions_of_a_gateway_with_another_clock_have_a_doubtful_time(
    broker: Mosquitto,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    by_s: int,
    heard_ago: timedelta,
    calls: bool,
    others: bool,
) -> None:
    wrong = timedelta(seconds=by_s)
    monkeypatch.setattr(
        "radio_gateway.uplink.sender.sender.utc_now", lambda: datetime.now(UTC) + wrong
    )
    async with node(broker) as hx, gateway(broker, tmp_path) as gw:
        await until(lambda: hx.receiver.health()[0].state == "open")
        heard_at = datetime.now(UTC) + wrong - heard_ago
        await gw.hear([fix(1, heard_at=heard_at), fix(2, heard_at=heard_at, distress=True)])
        await gw.empty()
    flagged = {each.distress: DOUBTFUL in each.flags for each in hx.stored}
    assert flagged == {True: calls, False: others}


async def test_a_message_of_another_key_is_reported_as_that_and_not_as_silence(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with node(broker) as hx:
        async with gateway(broker, tmp_path, signer=GW_2_KEY):  # a new card with a new key
            await until(lambda: bool(hx.receiver.health()[0].errors.get("not_signed")))
            way = hx.receiver.health()[0]
            assert way.state == "silent"
            assert "signed by another key" in (way.fault or "")
            assert "radio-gateway keygen --show" in (way.fault or "")
        monkeypatch.setattr("radio_gateway.uplink.receiver.remote_gateway.FORGED_FOR_S", 0.0)
        assert hx.receiver.health()[0].fault == "the gateway has not been heard"


async def test_a_forger_beside_the_gateway_is_reported_while_the_gateway_is_connected(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with node(broker) as hx, gateway(broker, tmp_path):
        await until(lambda: hx.receiver.health()[0].state == "open")
        assert hx.receiver.health()[0].fault is None
        anyone = Client(broker, "spy")
        try:
            anyone.say(topic_of("gw-1", "health"), GW_2_KEY.sign("health", b"well"))
            await until(lambda: hx.receiver.health()[0].fault is not None)
        finally:
            anyone.close()
        way = hx.receiver.health()[0]
        assert (way.state, "signed by another key" in (way.fault or "")) == ("open", True)


async def test_a_broker_that_is_away_is_reported_once_and_is_not_the_gateways_fault(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with node(broker) as hx, gateway(broker, tmp_path):
        await until(lambda: hx.receiver.health()[0].state == "open")
        assert (hx.receiver.broker().state, hx.receiver.broker().fault) == ("open", None)
        await asyncio.to_thread(broker.kill)
        refused = f"this office cannot reach its broker at 127.0.0.1:{broker.port}: "
        refused += "Connection refused"
        await until(lambda: hx.receiver.broker().fault == refused)
        since = hx.receiver.broker().since
        ways = hx.receiver.health()
        assert [each.state for each in ways] == ["silent", "silent"]
        assert all("Connection refused" not in (each.fault or "") for each in ways)
        assert ways[0].since == since  # gw-1 was heard until then
        assert ways[1].since < since  # gw-2 never was
        states: set[str] = set()

        def has_tried() -> bool:
            states.add(hx.receiver.broker().state)
            return states >= {"opening", "down"}

        await until(has_tried, within_s=10, every_s=0.0)
        assert hx.receiver.broker().since == since


async def test_channels_of_a_silent_gateway_are_silent_since_it_is(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("radio_gateway.uplink.receiver.receiver.SILENT_AFTER", timedelta(seconds=2))
    port = free_port()
    radio = {"name": "pier", "url": f"udp://127.0.0.1:{port}", "protocols": ["ais"]}
    async with office(broker) as hx:
        async with post(broker, tmp_path, radio):
            await until(lambda: len(hx.receiver.health()) == 3)
            opened = hx.receiver.health()[1]
            assert (opened.name, opened.state) == ("gw-1/pier", "open")
        await until(lambda: hx.receiver.health()[0].state == "silent")
        way, pier = hx.receiver.health()[:2]
        assert way.last_heard_at is not None
        assert pier.state == "silent"
        assert pier.since == way.since == way.last_heard_at + timedelta(seconds=2)
        assert pier.since > opened.since


async def test_an_impossible_transmission_or_foreign_reception_is_not_believed_and_reported_once(
    broker: Mosquitto, tmp_path: Path
) -> None:
    """Signed with the gateway's own key, by whoever has broken into it."""
    plotted = fix(1, protocol="voice", distress=True)
    others = fix(2, gateway="gw-2")
    async with node(broker) as hx, gateway(broker, tmp_path) as gw:
        await gw.hear([plotted, others, fix(3)])
        await gw.empty()  # it is kept there, so it is receipted
        assert [each.reception_id for each in hx.stored] == ["gw-1/b/3"]
        assert {each.transmission.reception_id: each.refusal for each in hx.unbelieved} == {
            "gw-1/b/1": "no decoder of a gateway makes 'voice'",
            "gw-2/b/2": "reception 'gw-2/b/2' is not its own",
        }
        health = hx.receiver.health()[0]
        assert health.errors == {"not_its_to_say": 2}
        assert health.overreach is not None
        assert health.overreach.fault in {each.refusal for each in hx.unbelieved}
        first = health.overreach
        await gw.hear([fix(4, protocol="voice")])
        await gw.empty()
        assert hx.receiver.health()[0].overreach == first
        assert hx.receiver.health()[0].errors == {"not_its_to_say": 3}


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"channel": "pier\0"}, "no channel is called 'pier\\x00'"),
        ({"channel": "gw-2/pier"}, "no channel is called 'gw-2/pier'"),
        ({"reception_id": "gw-1/b/\0"}, "its reception or a flag holds what no gateway writes"),
        ({"flags": ("no fix\u202e",)}, "its reception or a flag holds what no gateway writes"),
        ({"protocol": "user"}, "no decoder of a gateway makes 'user'"),
    ],
)
def test_names_that_no_gateway_gives_are_not_its_to_say(said: dict[str, Any], why: str) -> None:
    assert overreach(fix(1, **said), "gw-1") == why
    assert overreach(fix(1), "gw-1") is None
