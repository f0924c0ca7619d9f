"""RunToCompletion: work that a cancellation ends where it waits, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

T = TypeVar("T")

log = structlog.get_logger(__name__)


async def finish(work: asyncio.Future[None], within_s: float) -> None:
    """Wait until `work` has ended, and cut it only when that takes too long."""
    try:
        async with asyncio.timeout(within_s):
            await work
    except TimeoutError:
        log.error("the store refused until the end: a batch is lost or will come again")


class RunToCompletion:
    """Keeps one piece of work after another whole: what was taken must not be lost half-way.

    One task does them all; a task for each would cost as much as a few messages.

    Args:
        end_within_s: How long after a cancellation the piece under way may take.
    """

    def __init__(self, end_within_s: float) -> None:
        self._end_within_s = end_within_s
        self._is_ending = self._is_waiting = False

    async def run(self, work: Coroutine[Any, Any, None]) -> None:
        """Do `work`, which calls `wait` between its pieces; cancelled, it goes on until there."""
        self._is_ending = False
        doing = asyncio.ensure_future(work)
        try:
            await asyncio.shield(doing)
        except asyncio.CancelledError:
            self._is_ending = True
            if self._is_waiting:
                doing.cancel()
            await finish(doing, self._end_within_s)
            raise

    async def wait(self, something: Coroutine[Any, Any, T]) -> T:
        """Wait for `something`, unless this is to end: then the work ends here."""
        if self._is_ending:
            something.close()
            raise asyncio.CancelledError
        self._is_waiting = True
        try:
            return await something
        finally:
            self._is_waiting = False
