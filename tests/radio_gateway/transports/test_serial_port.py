"""Serial ports, played by pseudo-terminals."""

from __future__ import annotations

import asyncio
import os
import threading
import time
import tty
from functools import partial
from pathlib import Path

import pytest
import serial

from radio_gateway.errors.errors import LinkError
from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.link_url import parse_link
from radio_gateway.transports import serial_port
from radio_gateway.transports.serial_port import SerialTransport
from tests.fixtures.patience import loop_turns, until
from tests.radio_gateway.running.running import (
    hear,
    hear_while,
    make,
    open_descriptors,
    rmc,
    running,
)

REPLUGS = 20


class Radio:
    """A radio at the end of a pseudo-terminal, under a name that lasts.

    Args:
        name: The name that stands for it, as `/dev/serial/by-id/…` would.

    Attributes:
        master: The radio's end of the terminal, while it is plugged in.
    """

    def __init__(self, name: Path) -> None:
        self.name = name
        self.master = -1

    def plug_in(self) -> None:
        self.master, theirs = os.openpty()
        tty.setraw(theirs)
        self.name.symlink_to(os.ttyname(theirs))
        os.close(theirs)

    def unplug(self) -> None:
        self.name.unlink()
        os.close(self.master)

    def say(self, data: bytes) -> None:
        os.write(self.master, data)


@pytest.fixture
def radio(tmp_path: Path) -> Radio:
    return Radio(tmp_path / "radio")


async def test_a_serial_radio_is_received(radio: Radio) -> None:
    radio.plug_in()
    inbox = Inbox()
    channel = make(f"serial://{radio.name}?baud=4800&parity=N&stopbits=1", inbox=inbox)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        for index in range(0, len(rmc(1)), 5):
            radio.say(rmc(1)[index : index + 5])
            await asyncio.sleep(0.002)
        (delivery,) = await hear(inbox, 1)
    assert delivery.stored is None
    assert delivery.transmission.address == "nmea0183:@link"
    assert delivery.transmission.raw.startswith(b"$GPRMC")
    radio.unplug()


async def test_framing_finds_its_place_again_after_noise(radio: Radio) -> None:
    radio.plug_in()
    inbox = Inbox()
    channel = make(f"serial://{radio.name}", inbox=inbox)
    noise = bytes(range(128, 256)) + b"$GPR\x0e\x00"
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        radio.say(rmc(1)[20:] + rmc(2) + noise + rmc(3) + rmc(4)[:30] + rmc(5) + noise)
        deliveries = await hear(inbox, 3)
    minutes = [d.transmission.device_time.minute for d in deliveries if d.transmission.device_time]
    assert minutes == [2, 3, 5]
    assert sum(channel.health().errors.values()) == len(channel.rejected())
    assert channel.health().errors
    assert channel.health().junk_bytes > 0
    radio.unplug()


@pytest.mark.system
async def test_a_radio_plugged_in_again_is_received_within_5_s_and_costs_no_descriptor(
    radio: Radio,
) -> None:
    inbox = Inbox()
    channel = make(f"serial://{radio.name}", inbox=inbox, expected_interval_s=60)
    waits_s = []
    descriptors = []
    threads = []
    async with running(channel):
        for number in range(REPLUGS):
            radio.plug_in()
            started_s = time.monotonic()
            await hear_while(partial(radio.say, rmc(number)), inbox)
            waits_s.append(time.monotonic() - started_s)
            await inbox.take()
            # the thread of a try that failed ends a moment later
            await until(lambda: sum("serial" in each.name for each in threading.enumerate()) == 1)
            descriptors.append(len(open_descriptors()))
            threads.append(threading.active_count())
            radio.unplug()
            await until(lambda: channel.health().state == "down")
            await inbox.take() if len(inbox) else None
        await until(lambda: channel.health().reconnects >= REPLUGS)
    assert max(waits_s) < 5, waits_s
    assert len(set(descriptors)) == 1, descriptors
    assert len(set(threads)) == 1, threads


async def test_a_name_that_leads_to_another_device_is_opened_again(tmp_path: Path) -> None:
    """The old device says nothing any more and reports no error: its name has moved on."""
    old, new = Radio(tmp_path / "radio"), Radio(tmp_path / "radio")
    old.plug_in()
    inbox = Inbox()
    channel = make(f"serial://{old.name}", inbox=inbox)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        old.name.unlink()
        new.plug_in()
        await until(lambda: channel.health().state == "down")
        assert "another device" in (channel.health().fault or "")
        await until(lambda: channel.health().state == "open")
        new.say(rmc(7))
        await hear(inbox, 1)
    new.unplug()
    os.close(old.master)


async def test_an_absent_device_is_a_fault_that_is_shown(tmp_path: Path) -> None:
    channel = make(f"serial://{tmp_path}/absent")
    async with running(channel):
        await until(lambda: channel.health().state == "down")
        fault = "there is no such port; `radio-gateway ports` lists them"
        assert channel.health().fault == fault


async def test_a_port_that_another_program_has_open_is_not_shared(radio: Radio) -> None:
    radio.plug_in()
    channel = make(f"serial://{radio.name}")
    with serial.Serial(str(radio.name), exclusive=True):
        async with running(channel):
            await until(lambda: channel.health().state == "down")
            fault = "another program has it open; `radio-gateway ports` says which"
            assert channel.health().fault == fault
    radio.unplug()


async def test_closing_gives_everything_back(radio: Radio) -> None:
    radio.plug_in()
    before, threads = open_descriptors(), set(threading.enumerate())
    channel = make(f"serial://{radio.name}")
    async with running(channel):
        await until(lambda: channel.health().state == "open")
    assert channel.health().state == "stopped"
    assert open_descriptors() == before
    await until(lambda: set(threading.enumerate()) <= threads)
    radio.unplug()


async def test_an_order_in_progress_while_the_port_closes_is_not_sent(
    radio: Radio, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for room must not go on with a number that is another file's by then."""
    monkeypatch.setattr(serial_port, "WRITE_TIMEOUT_S", 60.0)  # until then it would wait for room
    radio.plug_in()
    transport = SerialTransport(parse_link(f"serial://{radio.name}"))
    async with asyncio.timeout(20):
        async with transport:
            saying = [asyncio.create_task(transport.send(b"x" * 100_000)) for _ in range(3)]
            await loop_turns()  # nobody reads: the first waits for room, the others for it
        faults = await asyncio.gather(*saying, return_exceptions=True)
    assert [type(fault) for fault in faults] == [LinkError] * 3, faults
    radio.unplug()
