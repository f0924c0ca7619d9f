"""Channels: alone and beside each other, with real and with ill-behaved decoders."""

from __future__ import annotations

import asyncio
import socket
from datetime import UTC, datetime
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.transport import Chunk
from radio_gateway.transports.udp import UdpTransport
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import hear, make, rmc, running
from tests.radio_gateway.transports.test_serial_port import Radio

AT = datetime(2026, 1, 1, tzinfo=UTC)


async def test_a_device_that_stays_absent_is_logged_once(tmp_path: Path) -> None:
    channel = make(f"serial://{tmp_path}/absent")
    with capture_logs() as logs:
        async with running(channel):
            await until(lambda: channel.health().reconnects >= 2)
    assert [log["event"] for log in logs] == ["link_broke"]


async def test_a_device_that_stays_absent_is_down_since_it_first_was(tmp_path: Path) -> None:
    channel = make(f"serial://{tmp_path}/absent")
    async with running(channel):
        await until(lambda: channel.health().state == "down")
        first = channel.health().since
        await until(lambda: channel.health().reconnects >= 2)
        assert channel.health().since == first
        await until(lambda: channel.health().state == "down")
        assert channel.health().since == first
    assert (channel.health().state, channel.health().since > first) == ("stopped", True)


async def test_a_channel_that_breaks_never_disturbs_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    radio = Radio(tmp_path / "broken")
    radio.plug_in()
    inbox = Inbox()
    good = make("udp://127.0.0.1:0", inbox=inbox, name="good")
    absent = make(f"serial://{tmp_path}/absent", inbox=inbox, name="absent")
    broken = make(f"serial://{tmp_path}/broken", inbox=inbox, name="broken")

    async def fails() -> list[Chunk]:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(broken.transport, "read", fails)
    async with running(good, absent, broken):
        transport = good.transport
        assert isinstance(transport, UdpTransport)
        await until(lambda: transport.port)
        with socket.socket(type=socket.SOCK_DGRAM) as sender:
            minute = 0
            while min(absent.health().reconnects, broken.health().reconnects) < 1:
                sender.sendto(rmc(minute % 60), ("127.0.0.1", transport.port))
                await hear(inbox, 1)
                minute += 1
        assert good.health().state == "open"
        assert absent.health().state in ("down", "opening")
        await until(lambda: broken.health().fault == "RuntimeError: a fault of ours")
    radio.unplug()


async def test_each_channel_is_a_task_with_its_name() -> None:
    channel = make("udp://127.0.0.1:0")
    async with running(channel):
        await until(lambda: channel.health().state == "open")
        assert "channel link" in {task.get_name() for task in asyncio.all_tasks()}


async def test_counters_tell_what_came_and_what_became_of_it(tmp_path: Path) -> None:
    path = tmp_path / "a.nmea"
    wrong = rmc(3)[:-4] + b"00\r\n"
    path.write_bytes(rmc(1) + wrong + b"\x00\x01\x02" + rmc(2))
    channel = make(f"replay://{path}?speed=1000")
    await channel.run()
    health = channel.health()
    assert (health.bytes_read, health.frames) == (path.stat().st_size, 3)
    assert (health.transmissions, health.junk_bytes) == (2, 3)
    assert sum(health.errors.values()) == 1
    assert health.last_heard_at is not None


async def test_a_message_during_the_rest_of_the_inbox_is_received_with_its_own_time() -> None:
    channel = make("tcp-listen://127.0.0.1:0")
    inbox = channel.inbox
    async with running(channel):
        await until(lambda: channel.transport.port)  # type: ignore[attr-defined]
        reader, writer = await asyncio.open_connection(
            "127.0.0.1",
            channel.transport.port,  # type: ignore[attr-defined]
        )
        writer.write(rmc(0) + rmc(1))
        await hear(inbox, 1)
        inbox.rest(0.4)
        writer.write(rmc(2))  # the channel waits for something, and rests after that
        await until(lambda: len(inbox))
        for minute in range(3, 7):
            writer.write(rmc(minute))
            await asyncio.sleep(0.02)
        assert len(inbox) == 1
        deliveries = await hear(inbox, 5)
        writer.close()
        del reader
    times = [delivery.transmission.heard_at for delivery in deliveries]
    assert times == sorted(times)
    assert (times[-1] - times[1]).total_seconds() > 0.03
