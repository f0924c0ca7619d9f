"""Links heal by themselves: unplugged, renumbered, half open, silent, restarted; clocks jump."""

from __future__ import annotations

import asyncio
import os
import random
import re
import shutil
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Self

import pytest
from structlog.testing import capture_logs

from radio_gateway.channels.channel import Channel
from radio_gateway.channels.inactivity import InactivityTimer
from radio_gateway.clock import clock as process_clock
from radio_gateway.inbox.inbox import Inbox
from tests.fixtures.broker import Mosquitto, mosquitto
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import (
    hear,
    hear_while,
    make,
    open_descriptors,
    rmc,
    running,
)
from tests.radio_gateway.transports.test_mqtt import POSITIONS, publish
from tests.radio_gateway.transports.test_serial_port import Radio

RADIOS, CYCLES = 4, 25


class Proxy:
    """A link between a client and a server that can go dead without saying so.

    Args:
        port: Port of the server on this machine.
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self.dead: set[int] = set()
        self.connections = 0
        self.port = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []

    def die(self) -> None:
        """Forward nothing any more over what stands now; what connects later works."""
        self.dead |= set(range(1, self.connections + 1))

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        server = await asyncio.start_server(self._met, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            for writer in self._writers:  # also of tasks that were cancelled before they began
                writer.transport.abort()
            await server.wait_closed()

    def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        self._tasks.add(asyncio.create_task(self._serve(self.connections, reader, writer)))

    async def _serve(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        there, onward = await asyncio.open_connection("127.0.0.1", self._target)
        self._writers.append(onward)

        async def forward(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
            while data := await source.read(4096):
                if number not in self.dead:
                    target.write(data)
            if number in self.dead:  # not even the end gets through
                await asyncio.Event().wait()

        both = [
            asyncio.create_task(forward(reader, onward)),
            asyncio.create_task(forward(there, writer)),
        ]
        try:
            await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
            for each in (writer, onward):
                each.transport.abort()


@asynccontextmanager
async def talking(data: bytes, *, every_s: float = 0.05) -> AsyncIterator[int]:
    """Serve `data` to every client again and again; yield the port."""
    tasks: set[asyncio.Task[None]] = set()
    writers: list[asyncio.StreamWriter] = []

    async def talk(writer: asyncio.StreamWriter) -> None:
        try:
            while not writer.is_closing():
                writer.write(data)
                await asyncio.sleep(every_s)
        finally:
            writer.transport.abort()

    def met(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        tasks.add(asyncio.create_task(talk(writer)))

    server = await asyncio.start_server(met, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()
        await server.wait_closed()


@pytest.mark.system
async def test_a_hundred_replugs_are_each_received_within_5_s_and_cost_nothing(
    tmp_path: Path,
) -> None:
    """Four radios at once, 25 times each, absent for as long as it takes a person to replug."""
    chance = random.Random(1)
    inboxes = [Inbox() for _ in range(RADIOS)]
    radios = [Radio(tmp_path / f"radio-{number}") for number in range(RADIOS)]
    channels = [
        make(f"serial://{radio.name}", inbox=inbox, name=f"r{number}", expected_interval_s=60)
        for number, (radio, inbox) in enumerate(zip(radios, inboxes, strict=True))
    ]
    waits_s: list[float] = []

    async def use(radio: Radio, channel: Channel, inbox: Inbox, cycles: int) -> None:
        for number in range(cycles):
            radio.plug_in()
            started_s = time.monotonic()
            await hear_while(partial(radio.say, rmc(number)), inbox)
            waits_s.append(time.monotonic() - started_s)
            radio.unplug()
            await until(lambda: channel.health().state == "down", within_s=5)
            await asyncio.sleep(chance.uniform(0, 0.8))
            while len(inbox):
                await inbox.take()

    async def use_all(cycles: int) -> None:
        each = zip(radios, channels, inboxes, strict=True)
        await asyncio.gather(*(use(*one, cycles) for one in each))
        # the thread of a try that failed ends a moment later
        await until(lambda: not any("serial" in each.name for each in threading.enumerate()))

    async with running(*channels):
        await use_all(1)
        descriptors, threads = open_descriptors(), threading.active_count()
        await use_all(CYCLES)
        await until(lambda: open_descriptors() == descriptors)
        assert threading.active_count() <= threads
    assert len(waits_s) >= 100
    assert max(waits_s) < 5, sorted(waits_s)[-5:]
    assert all(channel.health().reconnects >= CYCLES - 1 for channel in channels)


async def test_a_port_that_comes_back_under_another_number_is_found_by_its_name(
    tmp_path: Path,
) -> None:
    inbox = Inbox()
    radio = Radio(tmp_path / "by-id")
    radio.plug_in()
    first = radio.name.resolve()
    channel = make(f"serial://{radio.name}", inbox=inbox)
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        radio.say(rmc(1))
        await hear(inbox, 1)
        radio.unplug()
        taken = os.openpty()  # somebody else got the number
        radio.plug_in()
        assert radio.name.resolve() != first
        await hear_while(partial(radio.say, rmc(2)), inbox)
    assert channel.health().reconnects >= 1
    radio.unplug()
    for descriptor in taken:
        os.close(descriptor)


async def test_a_half_open_connection_is_opened_again() -> None:
    before = open_descriptors()
    inbox = Inbox()
    async with talking(rmc(1)) as port, Proxy(port).running() as proxy:
        # one pause is no silence
        channel = make(f"tcp://127.0.0.1:{proxy.port}", inbox=inbox, expected_interval_s=0.5)
        async with running(channel):
            await hear(inbox, 3)
            proxy.die()
            await until(lambda: channel.health().state == "silent", within_s=3)
            await until(lambda: channel.health().reconnects == 1, within_s=5)
            await until(lambda: channel.health().state == "open", within_s=5)
            while len(inbox):
                await inbox.take()
            await hear(inbox, 3)
            assert channel.health().reconnects == 1
    await until(lambda: open_descriptors() == before)


async def test_noise_is_silence_too() -> None:
    """A receiver that lost its speed talks all the time and says nothing."""
    async with talking(bytes(range(128, 250))) as port:
        channel = make(f"tcp://127.0.0.1:{port}", expected_interval_s=0.15)
        async with running(channel):
            await until(lambda: channel.health().reconnects >= 1, within_s=5)
            assert channel.health().junk_bytes


async def test_a_serial_port_that_fell_silent_is_opened_again(tmp_path: Path) -> None:
    inbox = Inbox()
    radio = Radio(tmp_path / "radio")
    radio.plug_in()
    channel = make(f"serial://{radio.name}", inbox=inbox, expected_interval_s=0.3)
    with capture_logs() as logs:
        async with running(channel):
            await until(lambda: channel.health().state in ("open", "silent"))
            radio.say(rmc(1))
            await hear(inbox, 1)
            await until(lambda: channel.health().reconnects >= 1, within_s=5)
            await hear_while(partial(radio.say, rmc(2)), inbox)
    assert any("opened again" in entry.get("fault", "") for entry in logs)
    radio.unplug()


async def test_a_wrong_speed_is_reported_from_a_cable_that_brings_nothing(tmp_path: Path) -> None:
    radio = Radio(tmp_path / "radio")
    radio.plug_in()
    channel = make(f"serial://{radio.name}", expected_interval_s=0.3)
    with capture_logs() as logs:
        async with running(channel):
            await until(lambda: channel.health().reconnects >= 1, within_s=5)
            noise = partial(radio.say, b"\xf0\x0f\xaa")
            await until(lambda: noise() or channel.health().reconnects >= 3, every_s=0.1)
            await until(lambda: channel.health().state == "silent")
            words = channel.health().fault or ""
            assert re.fullmatch(r"received \d+ bytes, understood nothing since .* UTC", words)
    faults = [entry["fault"] for entry in logs if entry["event"] == "link_broke"]
    assert faults[0] == "nothing received for 0.9 s; the link is opened again"
    assert re.match(r"received \d+ bytes, understood nothing for 0.9 s", faults[1])
    assert len(faults) == 2  # however many bytes it was each time
    radio.unplug()


@pytest.mark.parametrize("url", ["udp://127.0.0.1:0", "tcp-listen://127.0.0.1:0"])
async def test_a_listener_that_hears_nothing_is_shown_silent_and_stays_open(url: str) -> None:
    channel = make(url, expected_interval_s=0.2)
    async with running(channel):
        await until(lambda: channel.health().state == "silent", within_s=3)
        await asyncio.sleep(0.7)
        assert channel.health().state == "silent"
        assert channel.health().reconnects == 0
        assert (channel.health().fault or "").startswith("nothing received since ")


async def test_a_fault_that_returns_is_reported_again(tmp_path: Path) -> None:
    """A fault that lasts is told once; one that was healed in between is news."""
    inbox = Inbox()
    radio = Radio(tmp_path / "radio")
    channel = make(f"serial://{radio.name}", inbox=inbox)
    with capture_logs() as logs:
        async with running(channel):
            for number in range(3):
                await until(lambda number=number: channel.health().reconnects > number)  # type: ignore[misc]
                radio.plug_in()
                await hear_while(partial(radio.say, rmc(number)), inbox)
                radio.unplug()
                await until(lambda: channel.health().state == "down")
                await inbox.take()
                while len(inbox):
                    await inbox.take()
    broke = [entry["fault"] for entry in logs if entry["event"] == "link_broke"]
    assert len([fault for fault in broke if "no such port" not in fault]) == 3
    assert len([entry for entry in logs if entry["event"] == "link_back"]) == 3


@pytest.mark.broker
@pytest.mark.parametrize("forgets", [False, True])
async def test_messages_are_received_again_after_the_broker_restarts(
    tmp_path: Path, forgets: bool
) -> None:
    """Also one that forgot every session, so that the subscription has to be made again."""
    with mosquitto(tmp_path) as broker:
        inbox = Inbox()
        channel = _on(broker, broker.port, inbox)
        async with running(channel):
            await until(lambda: channel.health().state == "open")
            await _publish_and_hear(broker, inbox, 1)
            broker.kill()
            await until(lambda: channel.health().state == "down", within_s=5)
            if forgets:
                for file in broker.data_folder.iterdir():
                    file.unlink() if file.is_file() else shutil.rmtree(file)
            await asyncio.to_thread(broker.start)
            await until(lambda: channel.health().state == "open", within_s=10)
            await _publish_and_hear(broker, inbox, 2)


@pytest.mark.broker
@pytest.mark.system
async def test_a_broker_that_vanishes_without_a_word_is_missed(tmp_path: Path) -> None:
    with mosquitto(tmp_path) as broker:
        inbox = Inbox()
        async with Proxy(broker.port).running() as proxy:
            channel = _on(broker, proxy.port, inbox, "&keepalive_s=5")
            async with running(channel):
                await until(lambda: channel.health().state == "open")
                await _publish_and_hear(broker, inbox, 1)
                proxy.die()
                await until(lambda: channel.health().reconnects >= 1, within_s=20)
                await until(lambda: channel.health().state == "open", within_s=10)
                await _publish_and_hear(broker, inbox, 2)


def _on(broker: Mosquitto, port: int, inbox: Inbox, options: str = "") -> Channel:
    url = f"mqtt://127.0.0.1:{port}?topic={POSITIONS}/+{options}"
    return make(
        url, "position_json", inbox=inbox, username="node", password=broker.passwords["node"]
    )


async def _publish_and_hear(broker: Mosquitto, inbox: Inbox, number: int) -> None:
    await asyncio.to_thread(publish, broker, number)
    async with asyncio.timeout(10):
        while True:
            for delivery in await inbox.take():
                assert delivery.stored is not None
                delivery.stored()
                return


class Clock:
    """A wall clock that can be set, under the clock of this process."""

    def __init__(self) -> None:
        self.offset = timedelta()
        self.process = process_clock.CLOCK  # each test has it as that of a process just begun
        vars(self.process).update(vars(process_clock.Clock(wall_ns=self._wall_ns)))

    def _wall_ns(self) -> int:
        return time.time_ns() + round(self.offset.total_seconds() * 1e9)


@pytest.mark.parametrize("jump", [timedelta(days=1), timedelta(days=-1)])
async def test_a_clock_that_jumps_changes_neither_watchdog_nor_state(
    jump: timedelta,
) -> None:
    clock = Clock()
    inbox = Inbox()
    async with talking(rmc(1)) as port, Proxy(port).running() as proxy:
        channel = make(f"tcp://127.0.0.1:{proxy.port}", inbox=inbox, expected_interval_s=0.4)
        async with running(channel):
            await hear(inbox, 2)
            clock.offset = jump
            assert channel.health().state == "open"
            deliveries = await hear(inbox, 3)
            followed = max(jump, timedelta())  # back, time goes on as it was
            apart = abs(deliveries[-1].transmission.heard_at - datetime.now(UTC) - followed)
            assert apart < timedelta(seconds=5)
            assert clock.process.doubt is not None
            assert abs(timedelta(seconds=clock.process.doubt.by_s) - jump) < timedelta(seconds=5)
            assert channel.health().state == "open"
            assert channel.health().reconnects == 0
            proxy.die()
            clock.offset = timedelta()
            # still noticed as quickly as on any day
            await until(lambda: channel.health().state == "silent", within_s=3)
            await until(lambda: channel.health().reconnects == 1, within_s=5)


async def test_a_message_that_waits_for_a_pause_is_decoded_though_the_clock_was_set_back(
    tmp_path: Path,
) -> None:
    """The last epoch before a silence must not wait until the clock has caught up."""
    clock = Clock()
    inbox = Inbox()
    radio = Radio(tmp_path / "radio")
    radio.plug_in()
    channel = make(f"serial://{radio.name}", inbox=inbox)
    gga = b"$GPGGA,080200.00,2016.0200,N,10024.6000,E,1,08,1.0,340.0,M,,M,,"
    checksum = 0
    for byte in gga[1:]:
        checksum ^= byte
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        radio.say(gga + b"*%02X\r\n" % checksum)
        await until(lambda: channel.health().frames == 1)
        clock.offset = -timedelta(days=1)
        await hear(inbox, 1, within_s=8)
        assert clock.process.doubt is not None
    radio.unplug()


def test_silence_is_measured_by_a_clock_that_nobody_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1000.0
    monkeypatch.setattr("radio_gateway.channels.inactivity.time.monotonic", lambda: now_s)
    silence = InactivityTimer(10)
    assert silence.too_long() is None
    silence.watch()
    now_s += 9
    assert silence.too_long() is None
    now_s += 2
    found = silence.too_long()
    assert found is not None
    assert abs((datetime.now(UTC) - found[0]).total_seconds() - 1) < 0.5
    silence.watch()  # opening again is no news of the radio
    assert silence.too_long() is not None
    silence.note(understood=True)
    assert silence.too_long() is None
    assert InactivityTimer(None).too_long() is None
