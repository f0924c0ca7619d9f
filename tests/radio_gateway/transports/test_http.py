"""Bodies that a web server hands in are answered once they are stored."""

from __future__ import annotations

import asyncio
import json

import pytest

from radio_gateway.channels.channel import Channel
from radio_gateway.errors.errors import LinkError
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.link_url import parse_link
from radio_gateway.links.receive_buffer import FULL_BYTES
from radio_gateway.transports import http as http_bodies
from radio_gateway.transports.http import HttpTransport
from tests.fixtures.patience import loop_turns, until
from tests.radio_gateway.running.running import hear, make, running

POSITION = {"device": "boat-3", "lon": 100.41, "lat": 20.27, "id": "a"}


def http(channel: Channel) -> HttpTransport:
    assert isinstance(channel.transport, HttpTransport)
    return channel.transport


async def test_the_answer_waits_until_everything_is_stored() -> None:
    inbox = Inbox()
    channel = make("http:", "position_json", inbox=inbox)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        body = json.dumps([POSITION, POSITION | {"id": "b"}]).encode()
        answer = asyncio.create_task(http(channel).submit(body, source="boat-3"))
        first, second = await hear(inbox, 2)
        assert first.stored is not None
        assert second.stored is not None
        first.stored()
        await loop_turns()
        assert not answer.done()
        second.stored()
        outcome = await answer
    assert outcome.stored == 2
    assert outcome.rejected == []


async def test_rejected_reports_are_answered_with_the_stored_ones() -> None:
    inbox = Inbox()
    channel = make("http:", "position_json", inbox=inbox)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        body = json.dumps([POSITION, POSITION | {"lat": 95}]).encode()
        answer = asyncio.create_task(http(channel).submit(body))
        (delivery,) = await hear(inbox, 1)
        assert delivery.stored is not None
        delivery.stored()
        outcome = await answer
        assert outcome.stored == 1
        assert len(outcome.rejected) == 1
        outcome = await http(channel).submit(b"no json")
        assert outcome.stored == 0
        assert outcome.rejected[0].payload == b"no json"
    assert sum(channel.health().errors.values()) == 2


async def test_a_topic_reaches_the_decoder() -> None:
    inbox = Inbox()
    channel = make("http:", "owntracks", inbox=inbox)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        body = b'{"_type":"location","lat":20.27,"lon":100.41,"tst":1795000000,"tid":"jp"}'
        answer = asyncio.create_task(http(channel).submit(body, topic="owntracks/jane/phone"))
        (delivery,) = await hear(inbox, 1)
        answer.cancel()
    assert delivery.transmission.device == "jane/phone"


async def test_a_channel_that_does_not_run_refuses() -> None:
    channel = make("http:", "position_json")
    with pytest.raises(LinkError, match="does not run"):
        await http(channel).submit(b"{}")


async def test_callers_get_an_error_when_the_channel_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_bodies, "CLOSES_WITHIN_S", 0.05)
    inbox = Inbox()
    channel = make("http:", "position_json", inbox=inbox)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        answer = asyncio.create_task(http(channel).submit(json.dumps(POSITION).encode()))
        await hear(inbox, 1)
    with pytest.raises(LinkError, match="closed"):
        await answer


async def test_a_report_is_answered_as_stored_though_the_channel_closes_meanwhile() -> None:
    """Its sender would come again, and without a time of its own be stored twice."""
    inbox = Inbox()
    channel = make("http:", "position_json", inbox=inbox)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        answer = asyncio.create_task(http(channel).submit(json.dumps(POSITION).encode()))
        (delivery,) = await hear(inbox, 1)
        assert delivery.stored is not None
        asyncio.get_running_loop().call_later(0.2, delivery.stored)
    assert (await answer).stored == 1


async def test_unreceived_messages_do_not_hold_up_the_closing() -> None:
    transport = HttpTransport(parse_link("http:"))
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    async with transport:
        answer = asyncio.create_task(transport.submit(b"{}"))
        await asyncio.sleep(0)
    assert loop.time() - began_s < http_bodies.CLOSES_WITHIN_S
    with pytest.raises(LinkError, match="closed"):
        await answer


async def test_more_bytes_than_may_wait_are_refused_until_they_are_taken() -> None:
    transport = HttpTransport(parse_link("http:"))
    async with transport:
        first = asyncio.create_task(transport.submit(b"x" * FULL_BYTES))
        await asyncio.sleep(0)
        with pytest.raises(LinkError, match="bytes wait"):
            await transport.submit(b"{}")
        assert len(await transport.read()) == 1
        second = asyncio.create_task(transport.submit(b"{}"))
        await asyncio.sleep(0)
        assert len(await transport.read()) == 1
        for waiting in (first, second):
            waiting.cancel()
        await asyncio.gather(first, second, return_exceptions=True)


async def test_an_order_to_a_sender_goes_with_the_response_to_its_next_request() -> None:
    inbox = Inbox()
    channel = make("http:", "owntracks", inbox=inbox)
    body = b'{"_type":"location","lat":20.27,"lon":100.41,"tst":1795487400}'

    async def submit(source: str) -> bytes:
        asking = asyncio.create_task(
            http(channel).submit(body, topic=f"owntracks/{source}/phone", source=source)
        )
        for delivery in await hear(inbox, 1):
            assert delivery.stored is not None
            delivery.stored()
        return (await asking).answer

    async with running(channel):
        await until(lambda: channel.health().state == "open")
        command = b'{"_type":"cmd","action":"reportLocation"}'
        saying = asyncio.create_task(http(channel).send(command, connection="jane"))
        given_up = asyncio.create_task(http(channel).send(b"{}", connection="jane"))
        await asyncio.sleep(0)
        given_up.cancel()
        assert await submit("joe") == b""
        assert not saying.done()
        assert await submit("jane") == b"[" + command + b"]"
        await saying
        assert await submit("jane") == b""
        with pytest.raises(LinkError, match="nobody"):
            await http(channel).send(command)
        waiting = asyncio.create_task(http(channel).send(command, connection="jane"))
        await asyncio.sleep(0)
    with pytest.raises(LinkError, match="closed"):
        await waiting
