"""What does this link speak: found out by listening only, with a channel to copy."""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import sys
import tomllib
import tty
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest
import serial
from typer.testing import CliRunner

from radio_gateway.__main__ import app
from radio_gateway.channels.channel_settings import load_channels
from radio_gateway.errors.errors import SettingsError
from radio_gateway.links.link_url import parse_link
from radio_gateway.links.transport import Chunk
from radio_gateway.technician.sniff import judge, sniff, suggestion
from tests.fixtures.patience import until
from tests.fixtures.ports import free_port
from tests.radio_gateway.recording.test_capture import AT
from tests.radio_gateway.running.running import open_descriptors, rmc
from tests.radio_gateway.transports.test_tcp import serving

AIS = b"!AIVDM,1,1,,B,15M67FC000G?ufbE`FepT@3n00Sa,0*5C\r\n"


class Talker:
    """A device at a pseudo-terminal that talks, and notes what is said to it.

    Attributes:
        master: The device's end of the terminal.
        name: The other end, as the system names it.
        heard: What was said to it.
    """

    def __init__(self, data: bytes) -> None:
        self._said = data
        self.master, theirs = os.openpty()
        tty.setraw(theirs)
        os.set_blocking(self.master, False)
        self.name = os.ttyname(theirs)
        self._slave = theirs
        self.heard = b""

    @asynccontextmanager
    async def talking(self) -> AsyncIterator[None]:
        async def talk() -> None:
            while True:
                if self._said:
                    os.write(self.master, self._said)
                try:
                    self.heard += os.read(self.master, 4096)
                except BlockingIOError:
                    pass
                await asyncio.sleep(0.05)

        task = asyncio.create_task(talk())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            self.close()

    def close(self) -> None:
        os.close(self.master)
        os.close(self._slave)


async def test_a_serial_receiver_is_recognised_and_a_channel_suggested() -> None:
    before = open_descriptors()
    talker = Talker(rmc(1) + AIS)
    async with talker.talking():
        tried = await sniff(parse_link(f"serial://{talker.name}"), seconds=0.6)
    assert len(tried) == 1  # the first speed already gives sense on a pseudo-terminal
    best = tried[0]
    assert best.understood > 0.8
    assert set(best.protocols) >= {"nmea0183", "ais"}
    tables = tomllib.loads(suggestion(best))
    (channel,) = load_channels(tables["channels"], "suggested")
    assert channel.url == f"serial://{talker.name}?baud=4800"
    assert channel.expected_interval_s is None or channel.expected_interval_s >= 10
    assert talker.heard == b""
    assert open_descriptors() == before


async def test_what_makes_no_sense_is_tried_at_every_speed_and_nothing_is_suggested() -> None:
    talker = Talker(bytes(range(128, 250)) * 3)
    async with talker.talking():
        tried = await sniff(parse_link(f"serial://{talker.name}"), seconds=0.3, bauds=(4800, 9600))
    assert {each.url.rpartition("=")[2] for each in tried} == {"4800", "9600"}
    assert suggestion(tried[0]) == ""
    assert tried[0].bytes_read > 0


@pytest.mark.parametrize("probe", [False, True])
async def test_nothing_is_written_unless_asked_for(probe: bool) -> None:
    talker = Talker(b"")
    async with talker.talking():
        url = f"serial://{talker.name}?baud=9600"
        (only,) = await sniff(parse_link(url), seconds=1.5, probe=probe)
        if probe:
            await until(lambda: talker.heard)
        await asyncio.sleep(0.2)
    assert only.bytes_read == 0
    assert bool(talker.heard) is probe


async def test_a_stream_over_tcp_is_recognised() -> None:
    async with serving(AIS * 20, close=False) as (port, _):
        (only,) = await sniff(parse_link(f"tcp://127.0.0.1:{port}"), seconds=0.4)
    assert only.findings[0].protocol == "ais"
    assert only.protocols == ("ais",)


async def test_datagrams_are_recognised() -> None:
    port = free_port()

    async def say() -> None:
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            for _ in range(10):
                await asyncio.sleep(0.05)
                sender.sendto(AIS, ("127.0.0.1", port))

    saying = asyncio.create_task(say())
    (only,) = await sniff(parse_link(f"udp://127.0.0.1:{port}"), seconds=0.7)
    await saying
    assert only.findings[0].protocol == "ais"


async def test_a_link_that_cannot_be_had_says_why() -> None:
    (only,) = await sniff(parse_link("serial:///dev/absent"), seconds=0.2)
    assert only.fault == "there is no such port; `radio-gateway ports` lists them"
    for url in ("http:", "xmpp://a", "tcp://127.0.0.1:1?greeting=hello"):
        with pytest.raises(SettingsError):
            await sniff(parse_link(url), seconds=0.1)


def test_what_is_recognised_and_rejected_is_counted_by_reason() -> None:
    bad = AIS.replace(b"*5C", b"*5D")
    found = {each.protocol: each for each in judge([Chunk(bad * 3 + AIS, AT)], is_stream=True)}
    assert found["ais"].rejected == {"bad_checksum": 3}
    assert found["ais"].transmissions == 1
    assert judge([], is_stream=True) == []


@pytest.mark.parametrize("command", ["sniff", "capture"])
def test_a_port_that_cannot_be_had_is_reported_in_words_and_no_probe_is_advised(
    tmp_path: Path, command: str
) -> None:
    talker = Talker(b"")
    more = ["--seconds", "0.3"] if command == "sniff" else [str(tmp_path / "new.capture")]
    absent = CliRunner().invoke(app, [command, str(tmp_path / "a:b" / "tty"), *more])
    more = more if command == "sniff" else [str(tmp_path / "other.capture")]
    with serial.Serial(talker.name, exclusive=True):
        busy = CliRunner().invoke(app, [command, talker.name, *more])
    talker.close()
    for result, words in (
        (absent, "there is no such port; `radio-gateway ports` lists them"),
        (busy, "another program has it open; `radio-gateway ports` says which"),
    ):
        assert result.exit_code == 1
        assert words in result.output
        assert "0 bytes" not in result.output
        assert "probe" not in result.output
        assert "Errno" not in result.output


def test_the_command_prints_what_it_found(tmp_path: Path) -> None:
    talker = Talker(b"")
    data = rmc(1) * 5
    command = [
        sys.executable, "-m", "radio_gateway", "sniff", talker.name, "--seconds", "1.5",
        "--baud", "9600",
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        for _ in range(600):  # it may take long until it listens
            with suppress(BlockingIOError):
                os.write(talker.master, data)
            try:
                process.wait(0.1)
            except subprocess.TimeoutExpired:
                continue
            break
        out, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert "nmea0183: " in out
    assert tomllib.loads(out[out.index("[[channels]]") :])["channels"][0]["protocols"]
    talker.close()
