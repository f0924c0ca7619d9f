"""Orders through real links: a serial port and a broker."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from radio_gateway.channels.outbound import Outbound
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.orders.order_result import OrderResult
from radio_gateway.protocols import PROTOCOLS
from radio_gateway.transports.http import HttpOutcome, HttpTransport
from radio_gateway.transports.tcp_listen import TcpListenTransport
from tests.fixtures.broker import mosquitto
from tests.fixtures.needs import program
from tests.fixtures.patience import until
from tests.radio_gateway.running.answering_radio import AnsweringRadio
from tests.radio_gateway.running.orders import ending, order
from tests.radio_gateway.running.plain_radio import Plain
from tests.radio_gateway.running.running import make, running
from tests.radio_gateway.transports.test_serial_port import Radio

Link = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@pytest.fixture
def plain(monkeypatch: pytest.MonkeyPatch) -> Plain:
    """Have the test's own protocol among those that a channel may speak."""
    module = Plain(answer_within_s=1.0)  # an answer takes hundredths of that
    monkeypatch.setitem(PROTOCOLS, "plain", module)
    return module


async def test_a_radio_on_a_serial_port_is_sent_an_order_and_answers(
    tmp_path: Path, plain: Plain
) -> None:
    radio = AnsweringRadio(tmp_path / "radio", deaf_to=1)
    radio.plug_in()
    inbox = Inbox()
    channel = make(f"serial://{radio.name}", "plain", inbox=inbox, listen_only=False)
    results: list[OrderResult] = []
    out = Outbound(channel, results.append, first_number=7, outbound={"plain": plain})
    async with running(channel):
        task = asyncio.create_task(out.run())
        out.send(order("o1", text="come home"))
        out.send(order("o2", "poll", text=""))
        out.send(order("o3", "alert", text="storm"))
        await until(lambda: sum(result.final for result in results) == 3)
        radio.unplug()
        await until(lambda: channel.health().state == "down")
        out.send(order("o4", text="still there?"))
        await until(lambda: results[-1].reason == "link_down")
        assert [(result.id, result.state) for result in results][-1] == ("o4", "queued")
        radio.plug_in()
        await until(lambda: results[-1].state == "acknowledged")
        await ending(task)
    radio.unplug()
    assert radio.heard == [
        "TELL 9 alert 101 storm",
        "TELL 9 alert 101 storm",  # the same number: it was not answered
        "TELL 8 poll 101 ",
        "TELL 7 text 101 come home",
        "TELL 10 text 101 still there?",
    ]
    final = {result.id: (result.state, result.attempts) for result in results if result.final}
    assert final == {
        "o1": ("acknowledged", 1),
        "o2": ("delivered", 1),
        "o3": ("acknowledged", 2),
        "o4": ("acknowledged", 1),
    }


async def test_a_kenwood_radio_is_polled_and_messaged_through_the_one_at_the_port(
    tmp_path: Path,
) -> None:
    radio = Radio(tmp_path / "radio")
    radio.plug_in()
    os.set_blocking(radio.master, False)
    channel = make(f"serial://{radio.name}", "kenwood", listen_only=False)
    results: list[OrderResult] = []
    out = Outbound(channel, results.append)

    async def burst() -> bytes:
        data = b""
        while not data.endswith(b"\x03"):
            await asyncio.sleep(0.01)
            with suppress(BlockingIOError):
                data += os.read(radio.master, 4096)
        return data

    async with running(channel):
        task = asyncio.create_task(out.run())
        await until(lambda: channel.health().state == "open")
        out.send(order("poll", "poll", device="100:1001", text=""))
        out.send(order("text", device="100:1001", text="come home"))
        async with asyncio.timeout(10):
            assert await burst() == b"\x02R31001001\x03"
            radio.say(b"\x020\x03")
            await until(lambda: states(results, "poll")[-1] == "acknowledged")
            radio.say(kenwood_place())
            await until(lambda: states(results, "poll")[-1] == "delivered")
            assert await burst() == b"\x02F1001001come home\x03"
            radio.say(b"\x021\x03")
            await until(lambda: states(results, "text")[-1] == "failed")
        await ending(task)
    radio.unplug()
    assert results[-1].reason == "radio_refused"


async def test_a_text_goes_to_the_connection_that_the_radio_was_last_received_on(
    plain: Plain,
) -> None:
    channel = make("tcp-listen://127.0.0.1:0", "plain", listen_only=False)
    transport = channel.transport
    assert isinstance(transport, TcpListenTransport)
    results: list[OrderResult] = []
    out = Outbound(channel, results.append, outbound={"plain": Plain(answers=False)})
    payloads: dict[str, bytes] = {}
    async with running(channel):
        task = asyncio.create_task(out.run())
        await until(lambda: transport.port is not None)
        north = await asyncio.open_connection("127.0.0.1", transport.port)
        south = await asyncio.open_connection("127.0.0.1", transport.port)

        async def said_by(link: Link, device: str) -> None:
            count = channel.health().transmissions
            link[1].write(f"HERE {device} 100.41 20.27\n".encode())
            await until(lambda: channel.health().transmissions > count)

        async def told_to(id: str) -> None:
            out.send(order(id, device="101", text=id))
            await until(lambda: states(results, id)[-1:] == ["sent"])

        await said_by(south, "102")
        await said_by(north, "101")
        await told_to("north-1")
        await said_by(south, "101")  # the boat has come into the other's reach
        await said_by(north, "103")
        await told_to("south-1")
        await said_by(north, "101")
        await told_to("north-2")
        await ending(task)
        for name, (reader, writer) in (("north", north), ("south", south)):
            async with asyncio.timeout(5):
                payloads[name] = await reader.read(4096)
            writer.close()
    words = {
        name: [line.split(" ")[-1] for line in data.decode().splitlines()]
        for name, data in payloads.items()
    }
    assert words == {"north": ["north-1", "north-2"], "south": ["south-1"]}


def states(order_results: list[OrderResult], id: str) -> list[str]:
    return [result.state for result in order_results if result.id == id]


def kenwood_place() -> bytes:
    """Return where FleetSync unit 100:1001 is now, as the radio at the port passes it on."""
    now = datetime.now(UTC)
    place = "A,2016.40,N,10024.60,E,000.0,000.0"
    body = f"PKLDS,{now:%H%M%S},{place},{now:%d%m%y},004.2,W00,100,1001,15,00,"
    checksum = 0
    for byte in body.encode():
        checksum ^= byte
    return f"${body}*{checksum:02X}\r\n".encode()


async def test_words_for_a_phone_that_posts_go_with_the_answer_to_its_next_request() -> None:
    channel = make("http:", "osmand", listen_only=False)
    transport = channel.transport
    assert isinstance(transport, HttpTransport)
    results: list[OrderResult] = []
    out = Outbound(channel, results.append)

    async def post() -> HttpOutcome:
        body = b"id=123456&lat=20.27&lon=100.41&timestamp=%d" % datetime.now(UTC).timestamp()
        posted = asyncio.create_task(transport.submit(body, source="phone"))
        for delivery in await channel_inbox.take():
            if delivery.stored is not None:
                delivery.stored()
        return await posted

    channel_inbox = channel.inbox
    async with running(channel):
        task = asyncio.create_task(out.run())
        await until(lambda: channel.health().state == "open")
        assert not (await post()).answer
        out.send(order(device="123456", text="come home"))
        await asyncio.sleep(0.2)
        assert [result.state for result in results][-1] == "queued"
        assert (await post()).answer == b"come home"
        await until(lambda: results[-1].state == "sent")
        await ending(task)


@pytest.mark.broker
async def test_a_phone_is_asked_through_a_real_broker(tmp_path: Path) -> None:
    sub = program("mosquitto_sub", hint="mosquitto-clients")
    with mosquitto(tmp_path, users=("node", "jane")) as broker:
        phone = subprocess.Popen(  # noqa: ASYNC220
            [sub, "-p", str(broker.port), "-u", "jane", "-P", broker.passwords["jane"],
             "-q", "1", "-t", "owntracks/jane/phone/cmd", "-F", "%t %q %p", "-C", "1", "-W", "30"],
            stdout=subprocess.PIPE,
        )  # fmt: skip
        try:
            channel = make(
                f"mqtt://127.0.0.1:{broker.port}?topic=owntracks/+/+",
                "owntracks",
                username="node",
                password=broker.passwords["node"],
                listen_only=False,
            )
            results: list[OrderResult] = []
            out = Outbound(channel, results.append)
            async with running(channel):
                task = asyncio.create_task(out.run())
                await until(lambda: channel.health().state == "open")
                await until(lambda: broker.subscribers("owntracks/jane/phone/cmd"), within_s=20)
                out.send(order(kind="poll", device="jane/phone", text=""))
                data, _ = await asyncio.to_thread(phone.communicate, timeout=30)
                await until(lambda: results[-1].state == "sent")
                await broker_says(broker.port, broker.passwords["jane"])
                await until(lambda: results[-1].state == "delivered")
                await ending(task)
        finally:
            phone.kill()
            phone.wait()
    topic, qos, payload = data.decode().split(" ", 2)
    assert (topic, qos) == ("owntracks/jane/phone/cmd", "1")
    assert json.loads(payload) == {"_type": "cmd", "action": "reportLocation"}


async def broker_says(port: int, password: str) -> None:
    """Publish the phone's location, as its app answers."""
    tst = int(datetime.now(UTC).timestamp())
    place = {"_type": "location", "lat": 20.27, "lon": 100.41, "tst": tst, "t": "r"}
    process = await asyncio.create_subprocess_exec(
        program("mosquitto_pub", hint="mosquitto-clients"), "-p", str(port), "-u", "jane",
        "-P", password, "-q", "1", "-t", "owntracks/jane/phone", "-m", json.dumps(place),
    )  # fmt: skip
    assert await process.wait() == 0
