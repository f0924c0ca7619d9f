"""The thread of a store: order, faults, and who no longer waits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any

import pytest

from patrol.store.engine.writer import Writer


@pytest.fixture
def writer() -> Writer:
    return Writer()


async def test_everything_is_done_in_order_on_one_thread(writer: Writer) -> None:
    done: list[tuple[int, int]] = []

    def work(number: int) -> Callable[[], int]:
        def working() -> int:
            done.append((number, threading.get_ident()))
            return number

        return working

    assert await asyncio.gather(*(writer.run(work(n)) for n in range(50))) == list(range(50))
    assert [number for number, _ in done] == list(range(50))
    assert len({thread for _, thread in done}) == 1
    assert done[0][1] != threading.get_ident()
    writer.end()


@pytest.mark.parametrize("fault", [ValueError, KeyboardInterrupt, StopIteration])
async def test_what_it_raises_is_raised_where_it_is_waited_for(
    writer: Writer, fault: type[BaseException]
) -> None:
    def refuse() -> None:
        raise fault("no")

    with pytest.raises(RuntimeError if fault is StopIteration else fault, match="no"):
        async with asyncio.timeout(5.0):
            await writer.run(refuse)
    assert await writer.run(lambda: 7) == 7, "it goes on"
    writer.end()


async def test_what_has_begun_is_brought_to_its_end_and_what_has_not_is_left_out(
    writer: Writer,
) -> None:
    began, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def first() -> None:
        began.set()
        go_on.wait(5.0)
        done.append("first")

    one = asyncio.ensure_future(writer.run(first))
    two = asyncio.ensure_future(writer.run(lambda: done.append("second")))
    await asyncio.to_thread(began.wait, 5.0)
    one.cancel()
    two.cancel()
    await asyncio.wait([one, two])
    go_on.set()
    await writer.run(lambda: done.append("third"))
    assert done == ["first", "third"]
    writer.end()


async def test_at_the_end_what_was_given_is_done_and_nothing_more_is_taken(writer: Writer) -> None:
    done: list[int] = []
    given = [asyncio.ensure_future(writer.run(lambda: done.append(1))) for _ in range(20)]
    await asyncio.sleep(0)
    await asyncio.to_thread(writer.end)
    assert len(done) == 20
    await asyncio.gather(*given)
    with pytest.raises(RuntimeError, match="closed"):
        await writer.run(lambda: None)


async def test_what_is_given_as_it_ends_is_done_or_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ends = False

    class Slow(SimpleQueue[Any]):
        """Lets the end come between the question whether there is one and what is put."""

        def put(self, item: Any, block: bool = True, timeout: float | None = None) -> None:
            if ends and item is not None:
                ending.start()
                ending.join(0.2)
            super().put(item)

    monkeypatch.setattr("patrol.store.engine.writer.SimpleQueue", Slow)
    writer = Writer()
    ending = threading.Thread(target=writer.end)
    await writer.run(lambda: None)
    ends = True
    async with asyncio.timeout(5.0):
        assert await writer.run(lambda: 7) == 7
    await asyncio.to_thread(ending.join, 5.0)
    assert not ending.is_alive()


def test_it_works_for_one_loop_after_the_other(writer: Writer) -> None:
    left = threading.Event()

    async def leave() -> None:
        asyncio.ensure_future(writer.run(lambda: left.wait(5.0)))  # noqa: RUF006 - given up
        await asyncio.sleep(0)

    async def ask() -> int:
        return await writer.run(lambda: 3)

    asyncio.run(leave())
    left.set()
    assert asyncio.run(ask()) == 3
    writer.end()
