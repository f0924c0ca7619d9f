"""A capture is played to links and to standard output as it was heard."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from pathlib import Path

import pytest

from radio_gateway.errors.errors import LinkError, SettingsError
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.link_url import parse_link
from radio_gateway.links.transport import Chunk
from radio_gateway.recording.capture import CaptureWriter
from radio_gateway.technician.replay import play
from radio_gateway.transports.tcp_listen import TcpListenTransport
from radio_gateway.transports.udp import UdpTransport
from tests.fixtures.broker import mosquitto
from tests.fixtures.patience import until
from tests.fixtures.ports import free_port
from tests.radio_gateway.recording.test_capture import AT
from tests.radio_gateway.running.running import hear, make, open_descriptors, rmc, running
from tests.radio_gateway.transports.test_mqtt import POSITIONS


@pytest.fixture
def capture(tmp_path: Path) -> Path:
    path = tmp_path / "a.jsonl"
    with CaptureWriter(path, channel="pier") as writer:
        for number in range(3):
            writer.write(Chunk(rmc(number), AT + timedelta(seconds=10 * number)))
    return path


async def test_it_is_received_by_a_listener(capture: Path) -> None:
    before = open_descriptors()
    for url in ("tcp-listen://127.0.0.1:0", "udp://127.0.0.1:0"):
        inbox = Inbox()
        channel = make(url, inbox=inbox)
        transport = channel.transport
        assert isinstance(transport, TcpListenTransport | UdpTransport)
        async with running(channel):
            await until(lambda channel=channel: channel.health().state == "open")  # type: ignore[misc]
            to = parse_link(f"{url[:3]}://127.0.0.1:{transport.port}")
            played = await play(capture, to, speed=100)
            await hear(inbox, 3)
        assert (played.reads, played.bytes_sent) == (3, 3 * len(rmc(1)))
    await until(lambda: open_descriptors() == before)


async def test_a_listener_waits_for_somebody_to_play_to(capture: Path) -> None:
    port = free_port()
    playing = asyncio.create_task(
        play(capture, parse_link(f"tcp-listen://127.0.0.1:{port}"), speed=1000)
    )

    async def connected() -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        assert not playing.done()
        with suppress(ConnectionRefusedError):
            return await asyncio.open_connection("127.0.0.1", port)
        return None

    link = await until(connected, "it to listen", within_s=10)
    assert link is not None
    reader, writer = link
    assert await reader.readexactly(len(rmc(0))) == rmc(0)
    await playing
    writer.close()


@pytest.mark.broker
async def test_messages_go_to_the_topics_they_came_with(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    body = b'{"lon":100.4,"lat":20.2,"id":"a"}'
    with CaptureWriter(path, channel="mqtt") as writer:
        writer.write(Chunk(body, AT, topic=f"{POSITIONS}/boat-3", whole=True))
    with mosquitto(tmp_path) as broker:
        inbox = Inbox()
        url = f"mqtt://127.0.0.1:{broker.port}?topic={POSITIONS}/+"
        password = broker.passwords["node"]
        channel = make(url, "position_json", inbox=inbox, username="node", password=password)
        async with running(channel):
            await until(lambda: channel.health().state == "open")
            user = f"gw-1:{broker.passwords['gw-1']}"
            to = parse_link(f"mqtt://{user}@127.0.0.1:{broker.port}?topic={POSITIONS}/boat-3")
            await play(path, to)
            (delivery,) = await hear(inbox, 1)
    assert delivery.transmission.device == "boat-3"


async def test_what_cannot_be_played_or_played_to_is_a_fault(capture: Path) -> None:
    for url in ("http:", "replay:///a", "udp://127.0.0.1"):
        with pytest.raises(SettingsError):
            await play(capture, parse_link(url))
    with pytest.raises(SettingsError, match="speed"):
        await play(capture, parse_link("udp://127.0.0.1:9"), speed=0)
    with pytest.raises(LinkError):
        await play(capture, parse_link(f"tcp://127.0.0.1:{free_port()}"))
    with pytest.raises(LinkError):
        await play(capture.with_name("absent"), parse_link("udp://127.0.0.1:9"))


def test_the_command_plays_to_standard_output(capture: Path) -> None:
    command = [sys.executable, "-m", "radio_gateway", "replay", str(capture), "--speed", "1000"]
    done = subprocess.run(command, capture_output=True, check=True, timeout=30)
    assert done.stdout == rmc(0) + rmc(1) + rmc(2)
    assert b"3 reads" in done.stderr
