"""What an office does beside its watch goes on after a fault that nobody thought of."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from maps.node.node import open_office
from maps.runtime import supervision
from maps.settings.settings import read_settings
from tests.fixtures.ports import free_port
from tests.maps.commands.test_command_line import small


async def test_what_fails_is_run_again_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "AGAIN_S", 0.001)
    runs: list[int] = []

    async def work() -> None:
        runs.append(1)
        if len(runs) < 3:
            raise ValueError("a fault")

    await supervision.run_supervised("work", work)
    assert len(runs) == 3


@pytest.mark.parametrize("part", ["link_health.run", "retention.run"])
async def test_a_part_of_the_office_that_fails_is_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    monkeypatch.setattr(supervision, "AGAIN_S", 0.001)
    (tmp_path / "patrol.toml").write_text(small(tmp_path, free_port()), encoding="utf-8")
    again, runs = asyncio.Event(), list[int]()

    async def work() -> None:
        runs.append(1)
        if len(runs) == 1:
            raise ValueError("a fault")
        again.set()
        await asyncio.Event().wait()

    async with open_office(read_settings(tmp_path / "patrol.toml")) as office:
        of, _, name = part.partition(".")
        monkeypatch.setattr(getattr(office, of), name, work)
        async with office.working(), asyncio.timeout(5.0):
            await again.wait()
