"""WriterLock: lets batches and orders change picture and store one at a time.

While the store fails, the batch that met the fault keeps the lock and retries. Orders do not wait
behind it: they are refused at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from patrol.errors.errors import StoreError

T = TypeVar("T")


class WriterTurn:
    """Proof that the writer lock is held. A function that needs the lock takes one as an argument;
    only `WriterLock` makes them, and one is valid until the call that was given it ends.
    """

    __slots__ = ()


class WriterLock:
    """The writer lock. `async with lock as turn:` waits for it, also while the store fails."""

    def __init__(self) -> None:
        self._lock = asyncio.Lock()
        self._fault: str | None = None
        self._waiting: set[asyncio.Timeout] = set()
        self._acts: set[asyncio.Future[Any]] = set()

    @property
    def is_held(self) -> bool:
        """Whether the lock is held: the picture may be ahead of the store."""
        return self._lock.locked()

    async def __aenter__(self) -> WriterTurn:
        """Wait for a turn."""
        await self._lock.acquire()
        return WriterTurn()

    async def __aexit__(self, *_: object) -> None:
        """Let the next one have it."""
        self._lock.release()

    def refuse(self, fault: str | None) -> None:
        """Refuse orders with `fault`, waiting ones too; None: accept them again."""
        self._fault = fault
        if fault is not None:
            now = asyncio.get_running_loop().time()
            for deadline in self._waiting:
                deadline.reschedule(now)

    async def order(self, act: Callable[[WriterTurn], Awaitable[T]]) -> T:
        """Run the act of a person or phone under the lock.

        Once begun it is finished, even if the caller is cancelled.

        Raises:
            StoreError: If the store refuses. An order that had its turn when the store began to
                refuse may still take effect.
        """
        return await self.outcome(self.begin(act))

    def begin(self, act: Callable[[WriterTurn], Awaitable[T]]) -> asyncio.Future[T]:
        """Schedule `act` under the lock; one or several callers then await its `outcome`."""

        async def in_turn() -> T:
            async with self._unless_refused():
                await self._lock.acquire()
            try:
                return await act(WriterTurn())
            finally:
                self._lock.release()

        doing = asyncio.ensure_future(in_turn())
        self._acts.add(doing)
        doing.add_done_callback(self._done)
        return doing

    async def outcome(self, doing: asyncio.Future[T]) -> T:
        """Return the outcome of an act that was begun.

        Raises:
            StoreError: If the store refuses, as of an `order`.
        """
        async with self._unless_refused():
            return await asyncio.shield(doing)

    @asynccontextmanager
    async def _unless_refused(self) -> AsyncIterator[None]:
        if self._fault is not None:
            raise StoreError(self._fault)
        deadline = asyncio.timeout(None)
        try:
            async with deadline:
                self._waiting.add(deadline)
                try:
                    yield
                finally:
                    self._waiting.discard(deadline)
        except TimeoutError:
            if not deadline.expired():
                raise
            raise StoreError(self._fault or "the store refused") from None

    def _done(self, act: asyncio.Future[Any]) -> None:
        self._acts.discard(act)
        if not act.cancelled():
            act.exception()  # whoever asked may have gone: nobody else looks at it
