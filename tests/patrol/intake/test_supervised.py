"""A part of the watch that stops of itself ends the watch, which whoever runs it begins again."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from patrol.intake.batch import Batch
from patrol.intake.supervised import WorkEnded, unending
from tests.patrol.nodes.running import Node, said


async def test_a_batch_that_is_broken_off_from_within_is_a_fault_of_the_watch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node(tmp_path / "patrol.db")
    await node.start()
    try:

        async def broken_off(_: Batch) -> None:
            raise asyncio.CancelledError

        monkeypatch.setattr(node.watch.intake, "run", broken_off)
        node.offer(said())
        running = node.task
        assert running is not None
        with pytest.raises(ExceptionGroup) as told:
            await asyncio.wait_for(running, 5.0)
        assert [type(each) for each in told.value.exceptions] == [WorkEnded]
        assert "watch was broken off" in str(told.value.exceptions[0])
    finally:
        monkeypatch.undo()
        await node.stop()


async def test_a_user_who_cancels_it_is_shown_no_fault() -> None:
    task = asyncio.create_task(unending("clock", asyncio.sleep(60.0)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_what_comes_to_an_end_is_a_fault() -> None:
    with pytest.raises(WorkEnded, match="clock came to an end"):
        await unending("clock", asyncio.sleep(0))
