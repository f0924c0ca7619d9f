"""An uplink on a link that is slow, with a disk that is full, and with what no broker takes."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

import pytest
from msgspec.structs import replace

from radio_gateway.health.health import ChannelHealth, GatewayHealth
from radio_gateway.uplink.sender.envelope_size import LEAST_BYTES
from radio_gateway.uplink.spool.sqlite_file import SpoolError
from radio_gateway.uplink.wire.envelope import pack, topic_of, unpack
from radio_gateway.uplink.wire.signing import SIGNATURE_BYTES
from tests.fixtures.broker import Mosquitto, mosquitto
from tests.fixtures.patience import until
from tests.radio_gateway.uplink.gateways import GW_1_KEY, gateway, node
from tests.radio_gateway.uplink.slow_link import slow_link
from tests.radio_gateway.uplink.test_uplink import Client, fix

pytestmark = pytest.mark.broker


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    careless = "\nuser spy\ntopic readwrite joint-patrol/#\n"
    with mosquitto(tmp_path, users=("node", "gw-1", "gw-2", "spy"), acl=careless) as running:
        yield running


async def test_on_a_slow_link_a_distress_call_overtakes_the_backlog_and_all_arrives(
    broker: Mosquitto, tmp_path: Path
) -> None:
    """3,000 bytes a second, as of a satellite link; behind it waits what takes many seconds."""
    async with (
        slow_link(broker.port, bytes_s=3000) as port,
        node(broker) as hx,
        gateway(broker, tmp_path, port=port) as gw,
    ):
        spy = Client(broker, "spy", topic_of("gw-1", "reports"))
        noise = [fix(number, device=number % 5, raw=os.urandom(150)) for number in range(300)]
        await gw.hear(noise)
        await until(lambda: len(hx.stored) >= 20, within_s=60)
        began_s = asyncio.get_running_loop().time()
        await gw.hear([fix(900, kind="distress", distress=True, position=None, device=7)])
        await until(lambda: any(each.distress for each in hx.stored), within_s=20)
        assert asyncio.get_running_loop().time() - began_s < 10.0
        assert len(hx.stored) < 301
        await gw.empty(within_s=120)
        assert len(hx.stored) == 301
        spy.close()
        sizes = [len(envelope) for _, envelope in spy.heard]
        assert max(sizes) < 30_000  # ten seconds each
        assert median(sizes) > LEAST_BYTES, "they do not get smaller and smaller"


async def test_what_is_larger_than_a_message_may_be_is_set_aside_and_stops_nothing(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with node(broker) as hx, gateway(broker, tmp_path) as gw:
        await gw.hear([fix(1), fix(2, raw=os.urandom(300_000)), fix(3)])
        await gw.empty()
        assert {each.reception_id for each in hx.stored} == {"gw-1/b/1", "gw-1/b/3"}
        assert (await gw.spool.state()).refused == 1


async def test_what_cannot_leave_the_spool_yet_is_not_sent_again_and_breaks_nothing(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with node(broker) as hx, gateway(broker, tmp_path) as gw:
        remove, refusals = gw.spool.remove, 2

        async def full(numbers: Iterable[int], *, refused: Iterable[int] = ()) -> None:
            nonlocal refusals
            if refusals:
                refusals -= 1
                raise SpoolError(gw.spool.path, "database or disk is full")
            await remove(numbers, refused=refused)

        monkeypatch.setattr(gw.spool, "remove", full)
        await gw.hear([fix(1), fix(2)])
        await until(lambda: gw.uplink.remove_fault is not None)
        health = await gw.uplink.health()
        assert (health.uplink, health.spool_fault) == ("open", "database or disk is full")
        await gw.empty()
        assert gw.uplink.remove_fault is None
        assert (await gw.uplink.health()).sent == 2
        assert len(hx.stored) == 2


async def test_health_that_was_recorded_does_not_make_a_dead_gateway_live(
    broker: Mosquitto, tmp_path: Path
) -> None:
    recorder = Client(broker, "spy", topic_of("gw-1", "health"))
    try:
        async with node(broker) as hx:
            async with gateway(broker, tmp_path):
                await until(lambda: hx.receiver.health()[0].state == "open")
                await until(lambda: len(recorder.heard) >= 2)
            heard_at = hx.receiver.health()[0].last_heard_at
            record = [payload for _, payload in recorder.heard]
            for payload in record:
                recorder.say(topic_of("gw-1", "health"), payload)
            await until(lambda: hx.receiver.health()[0].errors.get("bad_envelope"))
            assert hx.receiver.health()[0].last_heard_at == heard_at
        async with node(broker) as hx:  # and a node that has just come knows none of them
            await until(lambda: hx.receiver.broker().state == "open")
            newest = unpack(record[-1][SIGNATURE_BYTES:], GatewayHealth)
            assert newest.answers
            forged = pack(replace(newest, count=99))
            recorder.say(topic_of("gw-1", "health"), GW_1_KEY.sign("health", forged))
            await until(lambda: hx.receiver.health()[0].errors.get("bad_envelope"))
            assert hx.receiver.health()[0].last_heard_at is None
    finally:
        recorder.close()


async def test_nothing_of_a_gateway_whose_key_was_revoked_is_taken(
    broker: Mosquitto, tmp_path: Path
) -> None:
    async with node(broker) as hx, gateway(broker, tmp_path) as gw:
        await gw.hear([fix(1)])
        await gw.empty()
        hx.receiver.revoke({GW_1_KEY.public})
        await gw.hear([fix(2)])
        await until(lambda: hx.receiver.health()[0].errors.get("revoked_key"))
        way, other = hx.receiver.health()[0], hx.receiver.health()[-1]
        assert (way.state, "its key was revoked" in str(way.fault)) == ("down", True)
        assert "its key was revoked" in str(hx.receiver.unreached("gw-1"))
        assert "revoked" not in str(other.fault)
        assert [each.reception_id for each in hx.stored] == ["gw-1/b/1"]
        assert await gw.waiting() == 1  # it has no receipt: what was heard is not lost


async def test_what_a_gateway_says_of_itself_is_shown_without_hidden_characters(
    broker: Mosquitto, tmp_path: Path
) -> None:
    now = datetime.now(UTC)
    link = ChannelHealth(
        name="pier\u202e", url="udp://\0", protocols=(), state="down", since=now, fault="no\r radio"
    )
    gateway_health = GatewayHealth(
        gateway="gw-1", reported_at=now, channels=(link,), spool_fault="full\u2066"
    )
    async with node(broker) as hx, gateway(broker, tmp_path, fares=gateway_health):
        await until(lambda: hx.receiver.health()[0].gateway)
        way, far, *_ = hx.receiver.health()
        assert way.gateway is not None
        assert (far.name, far.url, far.fault) == ("gw-1/pier\\u202e", "udp://\\0", "no\\r radio")
        assert all(text.isprintable() for text in (way.fault or "", str(way.gateway.spool_fault)))
