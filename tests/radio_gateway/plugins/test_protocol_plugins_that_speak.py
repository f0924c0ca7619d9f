"""A protocol of others that also writes to radios and wakes them, as those built in do."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from radio_gateway.channels.channel_plugins import allow_channel_plugins
from radio_gateway.channels.outbound import Outbound
from radio_gateway.orders.order_result import OrderResult
from radio_gateway.plugins import plugin as limits
from radio_gateway.plugins.plugins import PLUGINS
from radio_gateway.protocols import GREETINGS, OUTBOUND, PROTOCOLS
from tests.fixtures.patience import until
from tests.fixtures.plugin_packages import on_the_path, write_package
from tests.radio_gateway.running.answering_radio import AnsweringRadio
from tests.radio_gateway.running.orders import ending, order
from tests.radio_gateway.running.running import make, running

GREETING = b"TELL 0 text * good morning\n"
SPEAKING = """
    from tests.radio_gateway.running.plain_radio import EncodedOrder, OrderError, Plain

    class Speaking(Plain):
        def encode(self, order, settings, *, number):
            {encode}
            return super().encode(order, settings, number=number)

        def greeting(self, settings):
            {greeting}

    PROTOCOL = Speaking()
    {more}
"""


@pytest.fixture
def packages(tmp_path: Path) -> Iterator[Path]:
    with on_the_path(tmp_path):
        yield tmp_path


def load(folder: Path, **parts: str) -> None:
    given = {"encode": "pass", "greeting": f"return {GREETING!r}", "more": ""} | parts
    write_package(
        folder,
        "speaking-radio",
        SPEAKING.format(**given),
        {"joint_patrol.protocols": {"plain": "speaking_radio:PROTOCOL"}},
    )
    allow_channel_plugins(("speaking-radio",))


def fault() -> str:
    (plugin,) = PLUGINS.found()
    return str(plugin.fault)


async def test_it_wakes_a_radio_tells_it_something_and_hears_that_it_was_taken(
    packages: Path,
) -> None:
    load(packages)
    radio = AnsweringRadio(packages / "radio")
    radio.plug_in()
    channel = make(f"serial://{radio.name}", "plain", listen_only=False)
    results: list[OrderResult] = []
    out = Outbound(channel, results.append)
    assert out.kinds == {"distress", "alert", "poll", "text"}
    sending = asyncio.create_task(out.run())
    async with running(channel):
        await until(lambda: radio.heard, "the greeting")
        assert radio.heard == [GREETING.decode().strip()]
        out.send(order())
        await until(lambda: len(radio.heard) == 2, "the order")
        assert radio.heard[1] == "TELL 1 text 101 come home"
        await until(lambda: results[-1].state == "acknowledged", "its answer")
    await ending(sending)
    radio.unplug()


async def test_what_is_listen_only_is_told_nothing(packages: Path) -> None:
    load(packages)
    refusal = Outbound(make("tcp://127.0.0.1:9", "plain"), lambda _result: None).refusal(order())
    assert refusal is not None
    assert refusal.reason == "listen_only"


@pytest.mark.parametrize(
    ("encode", "reason", "why"),
    [
        ("raise OrderError('too_long', '99 characters')", "too_long", "99 characters"),
        ("raise KeyError('x')", "plugin_failed", "raised KeyError: 'x'"),
        ("return b'x'", "plugin_failed", "writes what is no EncodedOrder: bytes"),
        ("return EncodedOrder(data='x')", "plugin_failed", "writes what is no EncodedOrder"),
        ("return EncodedOrder(data=bytes(70_000))", "plugin_failed", "more than 65536 bytes"),
        ("while True: pass", "plugin_failed", "took longer than 0.2 s and was broken off"),
    ],
)
async def test_an_order_that_it_fails_to_write_is_refused_with_the_reason(
    packages: Path, encode: str, reason: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LIMIT_S", 0.2)
    load(packages, encode=encode)
    results: list[OrderResult] = []
    out = Outbound(make("tcp://127.0.0.1:9", "plain", listen_only=False), results.append)
    out.send(order())
    assert (results[-1].state, results[-1].reason) == ("refused", reason)
    assert why in results[-1].detail
    assert reason == "too_long" or why in fault()


@pytest.mark.parametrize(
    ("greeting", "why"),
    [
        ("raise ValueError('on purpose')", "raised ValueError: on purpose"),
        ("return 'text'", "greets with what is no bytes"),
    ],
)
async def test_a_greeting_that_it_fails_to_make_is_not_sent_and_the_channel_opens(
    packages: Path, greeting: str, why: str
) -> None:
    load(packages, greeting=greeting)
    radio = AnsweringRadio(packages / "radio")
    radio.plug_in()
    channel = make(f"serial://{radio.name}", "plain")
    async with running(channel):
        await until(lambda: channel.health().state == "open", "the link")
        await until(lambda: why in fault(), "the fault")
        radio.say(b"HERE 101 100.41 20.27\n")
        await until(lambda: len(channel.inbox), "a position")
    assert radio.heard == []
    radio.unplug()


@pytest.mark.parametrize(
    "more", ["Speaking.ORDERS = {'sing'}", "Speaking.ORDERS = 7", "Speaking.encode = None"]
)
def test_one_whose_orders_are_none_is_not_written_and_is_named(packages: Path, more: str) -> None:
    before = set(OUTBOUND), set(GREETINGS)
    load(packages, more=more)
    assert (set(OUTBOUND), set(GREETINGS)) == before
    assert "plain" in PROTOCOLS  # its channel opens, and says why
    assert fault() == "its ORDERS are no kinds of order, or it offers no encode"
