"""Replay turns: how much of replays is read and packed at once, on this node and for each user.

A part of a replay is up to 250,000 positions: seconds of work that the live picture must not wait
for, and tens of megabytes. Two are made at a time; the others wait in a short line, in which a user
who has nothing under way comes first. A user's place is free again only once the answer has left:
who asks and does not read takes nobody else's memory.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from maps.errors.errors import ReplayBusy, TooManyReplays

AT_ONCE: Final = 2
"""Being made on this node."""

MOST_WAITING: Final = 12
"""On this node; others are told to come again."""

MOST_OF_USER: Final = 4
"""Waiting, being made, or on their way out: two parts, the totals, and one to take away."""

LONGEST_WAIT_S: Final = 20.0
AGAIN_S: Final = 3.0


class ReplayTurns:
    """The line of a node.

    Args:
        at_once: How many are made at once.
        waiting: How many wait at most.
        longest_s: How long one waits before it is refused, seconds.
    """

    def __init__(
        self,
        *,
        at_once: int = AT_ONCE,
        waiting: int = MOST_WAITING,
        longest_s: float = LONGEST_WAIT_S,
    ) -> None:
        self._free, self._most_waiting = at_once, waiting
        self._longest_s = longest_s
        self._places = Counter[str]()
        self._working = Counter[str]()
        self._line: list[tuple[str, asyncio.Future[None]]] = []

    @contextmanager
    def place(self, user: str) -> Iterator[None]:
        """Have one of a user's places while inside: until the answer has left.

        Raises:
            TooManyReplays: If the user has as many as anybody needs.
        """
        if self._places[user] >= MOST_OF_USER:
            raise TooManyReplays(AGAIN_S)
        self._places[user] += 1
        try:
            yield
        finally:
            self._places[user] -= 1
            if not self._places[user]:
                del self._places[user]

    @asynccontextmanager
    async def turn(self, user: str) -> AsyncIterator[None]:
        """Wait for a turn, and read and pack while inside.

        Raises:
            ReplayBusy: If too many wait, or this one waited too long.
        """
        if self._free > 0:
            self._grant(user)
        else:
            await self._wait(user)
        try:
            yield
        finally:
            self._end(user)

    # -- inside

    async def _wait(self, user: str) -> None:
        if len(self._line) >= self._most_waiting:
            raise ReplayBusy(AGAIN_S)
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        waiting = (user, called)
        self._line.append(waiting)
        try:
            async with asyncio.timeout(self._longest_s):
                await called
        except BaseException as error:
            if waiting in self._line:
                self._line.remove(waiting)
            elif not called.cancelled():  # called at the very moment in which it went away
                self._end(user)
            if isinstance(error, TimeoutError):
                raise ReplayBusy(AGAIN_S) from None
            raise

    def _grant(self, user: str) -> None:
        self._free -= 1
        self._working[user] += 1

    def _end(self, user: str) -> None:
        self._free += 1
        self._working[user] -= 1
        if not self._working[user]:
            del self._working[user]
        while self._free > 0 and self._line:
            idle = (each for each in self._line if each[0] not in self._working)
            waiting = next(idle, self._line[0])
            self._line.remove(waiting)
            if not waiting[1].done():
                self._grant(waiting[0])
                waiting[1].set_result(None)
