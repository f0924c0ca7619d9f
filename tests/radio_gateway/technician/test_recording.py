"""A link is recorded as it is, and a node that listens beside the recorder loses nothing."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from radio_gateway.errors.errors import SettingsError
from radio_gateway.links.link_url import parse_link
from radio_gateway.recording.capture import read_capture
from radio_gateway.technician.record import record
from tests.fixtures.broker import mosquitto
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import hear, make, rmc, running
from tests.radio_gateway.transports.test_mqtt import POSITIONS, publish
from tests.radio_gateway.transports.test_serial_port import Radio
from tests.radio_gateway.transports.test_tcp import serving


async def test_a_link_is_recorded_as_it_is_until_the_time_is_over(tmp_path: Path) -> None:
    data = rmc(1) + b"\x00noise"
    async with serving(data, close=False) as (port, _):
        link = parse_link(f"tcp://127.0.0.1:{port}")
        recorded = await record(link, tmp_path / "a.jsonl", seconds=0.5)
    assert recorded.bytes_read == len(data)
    chunks = list(read_capture(tmp_path / "a.jsonl"))
    assert b"".join(chunk.data for chunk in chunks) == data
    assert {chunk.source for chunk in chunks} == {f"127.0.0.1:{port}"}


@pytest.mark.parametrize("url", ["http:", "replay:///a", "xmpp://a"])
async def test_what_cannot_be_recorded_is_refused(tmp_path: Path, url: str) -> None:
    with pytest.raises(SettingsError, match="cannot be recorded"):
        await record(parse_link(url), tmp_path / "a.jsonl")
    assert not (tmp_path / "a.jsonl").exists()


@pytest.mark.broker
async def test_recording_takes_no_message_from_a_node(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        url = f"mqtt://127.0.0.1:{broker.port}?topic={POSITIONS}/+"
        password = broker.passwords["node"]
        channel = make(url, "position_json", username="node", password=password)
        link = replace(parse_link(url), username="node", password=password)
        path = tmp_path / "a.jsonl"
        recording = asyncio.create_task(record(link, path, stop_on=(signal.SIGUSR1,)))
        async with running(channel):
            await until(lambda: len(broker.subscribers(f"{POSITIONS}/+")) == 2)
            await asyncio.to_thread(publish, broker, 1, 2, 3)
            await hear(channel.inbox, 3)
            await until(lambda: path.read_bytes().count(b"\n") == 1 + 3)
            os.kill(os.getpid(), signal.SIGUSR1)
            recorded = await recording
    assert recorded.reads == 3
    topics = {chunk.topic for chunk in read_capture(path)}
    assert topics == {f"{POSITIONS}/boat-3"}


async def test_the_command_records_until_it_is_interrupted(tmp_path: Path) -> None:
    radio = Radio(tmp_path / "radio")
    radio.plug_in()
    path = tmp_path / "a.jsonl"
    command = ["-m", "radio_gateway", "record", f"serial://{radio.name}?baud=4800", str(path)]
    recorder = await asyncio.create_subprocess_exec(
        sys.executable, *command, stderr=asyncio.subprocess.PIPE
    )
    assert recorder.stderr is not None
    assert b"radio" in await recorder.stderr.readline()
    async with asyncio.timeout(10):
        while not (path.exists() and b'"hex"' in path.read_bytes()):
            radio.say(rmc(1))
            await asyncio.sleep(0.1)
    recorder.send_signal(signal.SIGINT)
    summary = await recorder.stderr.read()
    assert await recorder.wait() == 0
    recorded = b"".join(chunk.data for chunk in read_capture(path))
    assert summary.startswith(b"%d bytes" % len(recorded))
    assert recorded.startswith(rmc(1))
    radio.unplug()
