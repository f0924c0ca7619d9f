"""Replays: pace, clock and end."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

import pytest

from radio_gateway.inbox.inbox import Inbox
from radio_gateway.links.transport import Chunk
from radio_gateway.recording.capture import CaptureWriter
from radio_gateway.transports import replay
from tests.fixtures.patience import until
from tests.radio_gateway.running.running import hear, make, rmc, running

AT = datetime(2024, 6, 10, 8, 5, tzinfo=UTC)


@pytest.fixture
def minutes(tmp_path: Path) -> Path:
    """A capture of 11 sentences a minute apart."""
    path = tmp_path / "minutes.jsonl"
    with CaptureWriter(path, channel="pier") as writer:
        for number in range(11):
            writer.write(Chunk(rmc(number), AT + timedelta(minutes=number)))
    return path


class Clock:
    """Stands for `asyncio` in a replay: its time passes only while it sleeps, and then at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 1000.0
        self.slept_s: list[float] = []
        monkeypatch.setattr(replay, "asyncio", self)

    def get_running_loop(self) -> Self:
        return self

    def time(self) -> float:
        return self.now_s

    async def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.slept_s.append(seconds)
        await asyncio.sleep(0)


@pytest.mark.parametrize(("speed", "lasts_s"), [(1000, 0.6), (600, 1.0), (300, 2.0)])
async def test_a_capture_is_replayed_at_any_speed(
    monkeypatch: pytest.MonkeyPatch, minutes: Path, speed: int, lasts_s: float
) -> None:
    clock, inbox = Clock(monkeypatch), Inbox()
    channel = make(f"replay://{minutes}?speed={speed}", inbox=inbox)
    async with running(channel):
        deliveries = await hear(inbox, 11)
        await until(lambda: channel.health().state == "stopped")
    assert clock.slept_s == pytest.approx([0.0, *[lasts_s / 10] * 10])
    assert [d.transmission.device_time for d in deliveries] == [
        AT.replace(minute=number) for number in range(11)
    ]


async def test_at_speed_1_a_file_keeps_its_own_pace(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    seconds = tmp_path / "seconds.jsonl"
    with CaptureWriter(seconds, channel="pier") as writer:
        writer.write(Chunk(rmc(1), AT))
        writer.write(Chunk(rmc(2), AT + timedelta(seconds=0.8)))
    inbox, loop = Inbox(), asyncio.get_running_loop()
    channel = make(f"replay://{seconds}", inbox=inbox)
    started_s = loop.time()
    async with running(channel):
        await hear(inbox, 2)
    assert loop.time() - started_s >= 0.8
    clock = Clock(monkeypatch)
    async with running(make(f"replay://{seconds}", inbox=inbox)):
        await hear(inbox, 2)
    assert clock.slept_s == pytest.approx([0.0, 0.8])


async def test_a_replay_is_received_with_the_time_of_now_unless_asked_otherwise(
    minutes: Path,
) -> None:
    for clock, then in (("now", datetime.now(UTC)), ("capture", AT)):
        inbox = Inbox()
        channel = make(f"replay://{minutes}?speed=1000&clock={clock}", inbox=inbox)
        async with running(channel):
            first = (await hear(inbox, 11))[0]
        assert abs(first.transmission.heard_at - then) < timedelta(seconds=5)


async def test_a_replay_starts_again_at_the_end_if_asked_to(tmp_path: Path) -> None:
    path = tmp_path / "a.nmea"
    path.write_bytes(rmc(1) + rmc(2))
    inbox = Inbox()
    channel = make(f"replay://{path}?speed=1000&loop=1", inbox=inbox)
    async with running(channel):
        await hear(inbox, 7)
        assert channel.health().state == "open"


async def test_a_broken_file_is_a_fault_that_is_shown(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"capture":1}\nnonsense\n')
    channel = make(f"replay://{path}")
    async with running(channel):
        await until(lambda: channel.health().state == "down")
        assert "line 2" in (channel.health().fault or "")
