"""How the way to the node is told: what flaps once, and what stands and is no good."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from radio_gateway.errors.errors import LinkError, RefusedError
from radio_gateway.health.health import GatewayHealth
from radio_gateway.links.link_url import parse_link
from radio_gateway.uplink.sender import uplink_health as condition
from radio_gateway.uplink.sender.sender import Uplink
from radio_gateway.uplink.sender.uplink_health import UNSIGNED, UplinkCondition
from radio_gateway.uplink.spool.spool import open_spool
from radio_gateway.uplink.wire.envelope import topic_of
from radio_gateway.uplink.wire.uplink_settings import read_uplink
from tests.fixtures.broker import Mosquitto, mosquitto
from tests.fixtures.patience import until
from tests.radio_gateway.uplink.gateways import (
    GW_2_KEY,
    NODE_KEY,
    Ended,
    gateway,
    key_file,
    node,
    until_health,
)
from tests.radio_gateway.uplink.test_uplink import Client, fix

BROKE = LinkError("mqtt://box", "the connection broke: Unspecified error")
TAKEN_OVER = LinkError("mqtt://box", "the connection broke: Session taken over")


def way(now_s: float = 0.0, *, user: str = "gw-1") -> UplinkCondition:
    return UplinkCondition(parse_link(f"mqtt://{user}@box:1883"), "gw-1", now_s)


async def fault_of(gw: Ended) -> str:
    """Wait until the gateway tells a fault of its uplink; return it."""

    async def fault() -> str | None:
        return (await gw.uplink.health()).uplink_fault

    return await until(fault, within_s=10) or ""


def test_a_connection_that_breaks_as_soon_as_it_stands_is_one_fault_logged_now_and_then() -> None:
    uplink = way()
    with capture_logs() as logs:
        uplink.opened(0)
        for second in range(1, 1201, 2):
            uplink.note_failure(TAKEN_OVER, second)
            assert "with id gw-1?" in (uplink.fault(second) or "")
            uplink.opening()
            uplink.opened(second + 1)
            uplink.answered(second + 1)  # between two take-overs a word may get through
            uplink.look(second + 1)
            assert "another client uses this id or user" in (uplink.fault(second + 1) or "")
        uplink.look(1211)
    assert uplink.fault(1211) is None
    assert [log["event"] for log in logs] == [
        "uplink_open",
        "uplink_broke",
        "uplink_broke",
        "uplink_open",
    ]
    assert logs[2]["times"] == 300


def test_faults_that_take_turns_are_reported_once_each() -> None:
    uplink = way(1000)
    with capture_logs() as logs:
        for second in range(1000, 1500, 10):
            uplink.note_failure((BROKE, TAKEN_OVER)[second // 10 % 2], second)
            uplink.opened(second + 1)
    assert [log["event"] for log in logs] == ["uplink_broke", "uplink_broke"]


def test_a_way_is_well_again_when_the_node_answers_or_it_has_stood_for_a_while() -> None:
    for answered in (True, False):
        uplink = way()
        with capture_logs() as logs:
            uplink.note_failure(BROKE, 0)
            uplink.opened(1)
            uplink.look(2)
            assert uplink.fault(2) == BROKE.fault
            if answered:
                uplink.answered(3)
            else:
                uplink.look(11)
        assert uplink.fault(11) is None
        assert [log["event"] for log in logs] == ["uplink_broke", "uplink_open"]


def test_a_refused_message_names_the_user_that_is_not_the_gateways_id() -> None:
    refused = RefusedError("mqtt://box", "the broker refuses the message: Not authorized")
    uplink = way(user="gw-2")
    uplink.note_failure(refused, 0)
    assert "'gw-2' may write under that name only: gateway.id is 'gw-1'" in (uplink.fault(0) or "")
    uplink = way()
    uplink.note_failure(refused, 0)
    assert uplink.fault(0) == refused.fault


def test_a_node_that_does_not_answer_is_reported_once_and_once_that_it_does_again() -> None:
    uplink = way()
    with capture_logs() as logs:
        uplink.opened(0)
        for second in range(600):
            uplink.look(second)
        assert uplink.fault(600) is None  # nothing was sent: it has nothing to say
        for second in range(600, 700):
            uplink.note_request(second)
            uplink.look(second)
            text = uplink.fault(second)
            assert (text is None) == (second <= 630)
        assert (uplink.fault(700) or "").startswith("the node has not answered since ")
        assert (uplink.fault(700) or "").endswith(" UTC")
        assert uplink.unanswered_s(700) == 700
        uplink.note_failure(BROKE, 700)
        uplink.opened(701)
        uplink.look(720)  # it had no time to answer yet
        assert uplink.fault(720) is None
        uplink.answered(721)
        assert uplink.fault(721) is None
        assert uplink.unanswered_s(722) == 1
    events = [log["event"] for log in logs]
    assert events == [
        "uplink_open",
        "node_not_heard",
        "uplink_broke",
        "uplink_open",
        "node_heard_again",
    ]


def test_a_message_signed_with_another_key_is_reported_for_a_while() -> None:
    uplink = way()
    with capture_logs() as logs:
        uplink.opened(0)
        for second in range(5, 100, 10):
            uplink.note_unsigned(second)
            assert uplink.fault(second + 9) == UNSIGNED
        uplink.look(200)
        assert uplink.fault(200) is None
        uplink.answered(201)
    assert [log["event"] for log in logs] == ["uplink_open", "node_not_heard", "node_heard_again"]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    with mosquitto(tmp_path, users=("node", "gw-1", "gw-2")) as running:
        yield running


@pytest.mark.broker
async def test_a_wrong_node_key_is_reported(broker: Mosquitto, tmp_path: Path) -> None:
    async with node(broker), gateway(broker, tmp_path, node_key=GW_2_KEY) as gw:
        assert await fault_of(gw) == UNSIGNED
        assert (await gw.uplink.health()).uplink == "open"


@pytest.mark.broker
async def test_a_node_that_is_away_is_reported_and_is_well_when_it_is_back(
    broker: Mosquitto, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(condition, "UNANSWERED_S", 0.5)
    async with gateway(broker, tmp_path) as gw:
        await gw.is_open()
        assert (await gw.uplink.health()).uplink_fault is None
        await gw.hear([fix(1)])
        assert (await fault_of(gw)).startswith("the node has not answered since ")
        async with node(broker):
            await gw.empty()
            health = await gw.uplink.health()
        assert health.uplink_fault is None
        assert (health.unanswered_s or 0.0) < 5


@pytest.mark.broker
async def test_a_password_that_is_set_right_is_taken_without_a_restart(
    broker: Mosquitto, tmp_path: Path
) -> None:
    key_file(tmp_path / "key")
    (tmp_path / "password").write_text("wrong\n")
    table = {
        "url": f"mqtt://127.0.0.1:{broker.port}",
        "username": "gw-1",
        "password_file": "password",
        "key_file": "key",
        "node_key": NODE_KEY.public,
    }
    uplink_settings = read_uplink(table, where="uplink", folder=tmp_path, at_node=False)
    async with await open_spool(tmp_path / "spool.db") as spool:
        uplink = Uplink(
            uplink_settings,
            spool,
            gateway="gw-1",
            health=lambda: GatewayHealth(gateway="gw-1", reported_at=datetime.now(UTC)),
        )
        task = asyncio.create_task(uplink.run())
        gw = Ended(spool, uplink)
        assert "Not authorized" in await fault_of(gw)
        (tmp_path / "password").unlink()
        await until_health(
            uplink.health, lambda health: "uplink.password_file" in (health.uplink_fault or "")
        )
        (tmp_path / "password").write_text(broker.passwords["gw-1"])
        await gw.is_open()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@pytest.mark.broker
async def test_a_gateway_under_a_user_of_another_name_says_so(
    broker: Mosquitto, tmp_path: Path
) -> None:
    with capture_logs() as logs:
        async with gateway(broker, tmp_path, name="gw-1", user="gw-2") as gw:
            await until(lambda: len([1 for log in logs if log["event"] == "uplink_broke"]) > 0)
            await asyncio.sleep(3)
            fault = (await gw.uplink.health()).uplink_fault or ""
    assert "Not authorized" in fault
    assert "gateway.id is 'gw-1'" in fault
    assert [log["event"] for log in logs].count("uplink_broke") == 1


@pytest.mark.broker
async def test_a_second_client_of_one_id_is_named(broker: Mosquitto, tmp_path: Path) -> None:
    async with gateway(broker, tmp_path) as gw:
        await gw.is_open()
        topic = topic_of("gw-1", "node")
        await until(lambda: broker.subscribers(topic))
        other = Client(broker, "gw-1", client_id=broker.subscribers(topic)[0])
        try:
            words = "another client uses this id or user: is a second gateway running with id gw-1?"
            # the broker's word may be lost with the connection; the next take-over tells it
            await until_health(
                gw.uplink.health, lambda health: (health.uplink_fault or "").endswith(words)
            )
        finally:
            other.close()
