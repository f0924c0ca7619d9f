"""Work that is ended where it waits, and nowhere else."""

from __future__ import annotations

import asyncio

import pytest

from patrol.intake.run_to_completion import RunToCompletion
from tests.fixtures.patience import loop_turns, until


class Work:
    """Pieces of work with waits between them; says what was done."""

    def __init__(self, uncut: RunToCompletion) -> None:
        self._uncut = uncut
        self.begun: list[int] = []
        self.done: list[int] = []
        self.may_go_on = asyncio.Event()
        self.may_take = asyncio.Event()
        self.may_take.set()

    async def go(self) -> None:
        for number in range(1_000_000):
            await self._uncut.wait(self.take())
            self.begun.append(number)
            await self.may_go_on.wait()
            self.done.append(number)

    async def take(self) -> None:
        await self.may_take.wait()


async def ended(running: asyncio.Task[None]) -> None:
    with pytest.raises(asyncio.CancelledError):
        async with asyncio.timeout(10):
            await running


async def begun(work: Work) -> None:
    await until(lambda: work.begun, within_s=10)


@pytest.fixture
def uncut() -> RunToCompletion:
    return RunToCompletion(60.0)


async def test_what_waits_ends_at_once(uncut: RunToCompletion) -> None:
    work = Work(uncut)
    work.may_take.clear()
    running = asyncio.create_task(uncut.run(work.go()))
    await loop_turns()
    running.cancel()
    await ended(running)
    assert work.begun == []


async def test_what_was_taken_is_brought_to_its_end_and_nothing_more_is_taken(
    uncut: RunToCompletion,
) -> None:
    work = Work(uncut)
    running = asyncio.create_task(uncut.run(work.go()))
    await begun(work)
    running.cancel()
    await loop_turns()
    assert (work.begun, work.done, running.done()) == ([0], [], False)
    work.may_go_on.set()
    await ended(running)
    assert (work.begun, work.done) == ([0], [0]), "more could be taken at once, and is not"


async def test_what_takes_too_long_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    uncut = RunToCompletion(0.05)
    work = Work(uncut)
    running = asyncio.create_task(uncut.run(work.go()))
    await begun(work)
    running.cancel()
    await ended(running)
    assert (work.begun, work.done) == ([0], [])
    assert "the store refused until the end" in capsys.readouterr().out


async def test_a_fault_comes_out_and_it_can_be_run_again(uncut: RunToCompletion) -> None:
    async def faulty() -> None:
        await uncut.wait(asyncio.sleep(0))
        raise ValueError("of its own")

    for _ in range(2):
        with pytest.raises(ValueError, match="of its own"):
            await uncut.run(faulty())
