"""What a channel takes to be said, and what it tells of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from radio_gateway.channels.channel import Channel
from radio_gateway.channels.channel_settings import ChannelSettings, load_channels
from radio_gateway.channels.outbound import Outbound
from radio_gateway.errors.errors import GoneError, LinkError, SettingsError
from radio_gateway.health.health import ChannelHealth, LinkState
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import EncodedOrder, OrderKind
from radio_gateway.orders.order_queue import AT_MOST
from radio_gateway.orders.order_result import OrderResult
from tests.fixtures.patience import until
from tests.radio_gateway.running.orders import ending, order
from tests.radio_gateway.running.plain_radio import Plain
from tests.radio_gateway.running.running import make

START = datetime(2026, 6, 10, 8, tzinfo=UTC)


class FakeChannel:
    """A channel whose link is played."""

    def __init__(self, state: LinkState = "open", **table: Any) -> None:
        real = make("tcp://127.0.0.1:9", **({"listen_only": False} | table))
        self.settings: ChannelSettings = real.settings
        self.transport = real.transport
        self.state: LinkState = state
        self.fault: str | None = None
        self.sent: list[EncodedOrder] = []
        self.listener: Callable[[list[Transmission]], None] = lambda _heard: None

    async def send(self, outgoing: EncodedOrder) -> None:
        if self.fault is not None:
            raise LinkError("tcp://x", self.fault)
        self.sent.append(outgoing)

    def listen(self, listener: Callable[[list[Transmission]], None]) -> None:
        self.listener = listener

    def connection_of(self, device: str) -> str | None:
        return {"101": "10.0.0.7:5000"}.get(device)

    def health(self) -> ChannelHealth:
        return ChannelHealth(name="link", url="", protocols=(), state=self.state, since=START)


def out_of(
    channel: FakeChannel | Channel, protocol: Plain | None = None
) -> tuple[Outbound, list[OrderResult]]:
    results: list[OrderResult] = []
    spoken = channel.settings.protocols[0]
    outbound = {spoken: protocol or Plain(answers=False)}
    return Outbound(channel, results.append, outbound=outbound), results


def test_a_channel_is_listen_only_unless_its_settings_say_otherwise() -> None:
    channel = FakeChannel()
    table = {"name": "link", "url": "tcp://127.0.0.1:9", "protocols": ["nmea0183"]}
    (silent,) = load_channels([table], "t.toml")
    assert silent.listen_only
    channel.settings = silent
    out, results = out_of(channel)
    out.send(order())
    assert (results[-1].state, results[-1].reason) == ("refused", "listen_only")
    assert "link" in results[-1].detail
    refusal = out.refusal(order())
    assert refusal is not None
    assert refusal.reason == "listen_only"


@pytest.mark.parametrize(
    ("table", "outbound", "kind", "reason"),
    [
        ({"url": "replay:///no/file"}, {"nmea0183": Plain()}, "text", "cannot_send"),
        ({}, {}, "text", "not_spoken"),
        ({}, {"ais": Plain()}, "text", "not_spoken"),
    ],
)
def test_an_order_that_cannot_be_encoded_is_refused_with_the_reason(
    table: dict[str, Any], outbound: dict[str, Any], kind: OrderKind, reason: str
) -> None:
    results: list[OrderResult] = []
    channel = FakeChannel()
    if "url" in table:
        real = make(table["url"], listen_only=False)
        channel.settings, channel.transport = real.settings, real.transport
    out = Outbound(channel, results.append, outbound=outbound)
    out.send(order(kind=kind))
    assert (results[-1].state, results[-1].reason) == ("refused", reason)


def test_what_the_protocol_cannot_say_is_refused_in_its_words() -> None:
    out, results = out_of(FakeChannel())
    out.send(order(text="x" * 41))
    assert (results[-1].state, results[-1].reason) == ("refused", "too_long")
    out.send(order("o2", protocol="ais"))  # no protocol of this channel: any may try
    assert results[-1].state == "queued"


def test_a_full_queue_refuses_and_says_so() -> None:
    out, results = out_of(FakeChannel(state="down"))
    for number in range(AT_MOST + 1):
        out.send(order(f"o{number}"))
    assert (results[-1].state, results[-1].reason) == ("refused", "queue_full")
    out.send(order("d", "distress"))
    assert results[-1].state == "queued"


async def test_the_same_order_twice_is_sent_once_and_reported_again() -> None:
    channel = FakeChannel()
    out, results = out_of(channel)
    given = order()
    out.send(given)
    out.send(given)
    task = asyncio.create_task(out.run())
    await until(lambda: results[-1].state == "sent")
    out.send(given)
    await until(lambda: len(results) == 4)
    out.send(order("behind"))
    await until(lambda: (results[-1].id, results[-1].state) == ("behind", "sent"))
    await ending(task)
    assert len(channel.sent) == 2
    states = [result.state for result in results if result.id == given.id]
    assert states == ["queued", "queued", "sent", "sent"]
    assert channel.sent[0].connection == "10.0.0.7:5000"


async def test_orders_wait_for_a_dead_link_without_a_flood(
    capsys: pytest.CaptureFixture[str],
) -> None:
    channel = FakeChannel(state="down")
    out, results = out_of(channel)
    task = asyncio.create_task(out.run())
    for number in range(10):
        out.send(order(f"o{number}", for_s=0.5 if number == 3 else 60))
    await until(lambda: results[-1].state == "expired")
    assert channel.sent == []
    assert [r.id for r in results if r.state == "expired"] == ["o3"]
    assert all(r.reason == "link_down" for r in results if r.state == "queued")
    down = "the link of channel link is down"
    assert {r.detail for r in results} == {down, f"never sent: {down}"}
    assert capsys.readouterr().out.count("orders_wait_for_link") == 1
    channel.state = "open"
    await until(lambda: len(channel.sent) == 6)  # six a minute
    await ending(task)
    assert len(results) == 10 + 1 + 6


async def test_an_order_says_since_when_its_link_is_down_and_that_it_is_back() -> None:
    channel = FakeChannel(messages_per_minute=1)
    out, results = out_of(channel)
    task = asyncio.create_task(out.run())
    out.send(order("o1"))
    await until(lambda: channel.sent)
    out.send(order("o2"))  # waits for its turn
    assert (results[-1].state, results[-1].reason) == ("queued", "")
    channel.state = "down"
    await until(lambda: results[-1].reason == "link_down")
    assert results[-1].detail == "the link of channel link is down"
    channel.state = "open"
    await until(lambda: (results[-1].state, results[-1].reason) == ("queued", ""))
    await ending(task)
    assert [r.id for r in results] == ["o1", "o1", "o2", "o2", "o2"]


async def test_a_radio_whose_connection_is_gone_is_named() -> None:
    channel = FakeChannel()
    out, results = out_of(channel)

    async def gone(_outgoing: EncodedOrder) -> None:
        raise GoneError("tcp-listen://127.0.0.1:9", "127.0.0.1:53278 is not connected")

    channel.send = gone  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(out.run())
    out.send(order(protocol="nmea0183"))
    await until(lambda: results[-1].reason == "not_connected")
    assert results[-1].detail == "nmea0183:101 is not connected to channel link now"
    await ending(task)


async def test_a_transport_that_fails_in_its_own_way_does_not_end_the_way_out() -> None:
    channel = FakeChannel()
    out, results = out_of(channel)

    async def fail(_outgoing: EncodedOrder) -> None:
        raise RuntimeError("a bug")

    working, channel.send = channel.send, fail  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(out.run())
    out.send(order())
    await until(lambda: results[-1].reason == "link_down")
    channel.send = working  # type: ignore[method-assign]
    await until(lambda: results[-1].state == "sent")
    await ending(task)


async def test_a_link_that_holds_an_order_lets_go_of_it_when_it_expires() -> None:
    channel = FakeChannel()
    out, results = out_of(channel)
    let_go = asyncio.Event()

    async def hold(_outgoing: EncodedOrder) -> None:
        try:
            await asyncio.sleep(60)
        finally:
            let_go.set()

    channel.send = hold  # type: ignore[method-assign,assignment]
    task = asyncio.create_task(out.run())
    out.send(order(for_s=0.3))
    await until(lambda: results[-1].state == "expired")
    assert let_go.is_set()
    assert results[-1].attempts == 0
    await ending(task)


async def test_operator_and_reason_are_logged_and_the_words_are_not(
    capsys: pytest.CaptureFixture[str],
) -> None:
    out, _ = out_of(FakeChannel(state="down"))
    out.send(order(text="meet at the pier"))
    text = capsys.readouterr().out
    assert "somchai" in text
    assert "curfew" in text
    assert "pier" not in text


@pytest.mark.parametrize("value", [0, -1, 601])
def test_an_impossible_rate_is_a_fault_of_the_settings(value: int) -> None:
    with pytest.raises(SettingsError, match="messages_per_minute"):
        make("tcp://127.0.0.1:9", messages_per_minute=value)


def test_name_on_the_air_and_distress_codes_reach_the_decoder() -> None:
    channel_settings = make(
        "tcp://127.0.0.1:9", station="100:1001", distress_statuses=[99, "A1"]
    ).settings
    assert channel_settings.decoder.station == "100:1001"
    assert channel_settings.decoder.distress_statuses == {"99", "A1"}
    with pytest.raises(SettingsError, match="station"):
        make("tcp://127.0.0.1:9", station=" a")
