"""Writer: the one thread on which a store writes, in order of the calls.

An executor would do the same, but its call and return cost the event loop four times as much, fifty
times a second.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

_Work = tuple[asyncio.AbstractEventLoop, "asyncio.Future[Any]", Callable[[], Any]]


class Writer:
    """One daemon thread, started with the first call."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[_Work | None] = SimpleQueue()
        self._thread: threading.Thread | None = None
        self._ended = False
        self._queue_lock = threading.Lock()  # nothing is put behind the end, where nobody does it

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` after everything submitted before; return its result or raise its error.

        If the caller is cancelled, work that has begun is finished, and work that has not is
        dropped.

        Raises:
            RuntimeError: After `end`.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        with self._queue_lock:
            if self._ended:
                raise RuntimeError("the store is closed")
            self._queue.put((loop, future, work))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="store-writer", daemon=True)
                self._thread.start()
        return await future

    def end(self) -> None:
        """Accept nothing more; wait until everything submitted is done and the thread has ended."""
        with self._queue_lock:
            self._ended = True
            self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        while (given := self._queue.get()) is not None:
            loop, future, work = given
            if future.cancelled():
                continue
            result: Any = None
            fault: BaseException | None = None
            try:
                result = work()
            except StopIteration as error:  # no future takes one
                fault = RuntimeError(repr(error))
            except BaseException as error:  # noqa: BLE001 - raised where it is waited for
                fault = error
            with suppress(RuntimeError):  # the loop has ended, and nobody waits
                loop.call_soon_threadsafe(_settle, future, result, fault)
            del given, future, work, result, fault  # may hold much


def _settle(future: asyncio.Future[Any], result: Any, fault: BaseException | None) -> None:
    if future.cancelled():
        return
    if fault is not None:
        future.set_exception(fault)
    else:
        future.set_result(result)
