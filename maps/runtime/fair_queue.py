"""Fair queue: heavy work, few at once, each user in turn.

In a line in which all stand in the order in which they came, who asks for a hundred files at once
has everybody else, of another agency too, wait for all of them.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final


class FairQueue:
    """The line before some work.

    Args:
        at_once: How many may work at once.
    """

    def __init__(self, at_once: int = 1) -> None:
        self._free = at_once
        self._lines: Final[OrderedDict[str, deque[asyncio.Future[None]]]] = OrderedDict()

    @asynccontextmanager
    async def turn(self, user: str) -> AsyncIterator[None]:
        """Wait until it is the user's turn, and work while inside.

        Args:
            user: Whose work it is.
        """
        if self._free > 0:
            self._free -= 1
        else:
            await self._wait(user)
        try:
            yield
        finally:
            self._end()

    async def _wait(self, user: str) -> None:
        called: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line = self._lines.setdefault(user, deque())
        line.append(called)
        try:
            await called
        except BaseException:
            if called.done() and not called.cancelled():
                self._end()  # called at the very moment in which it went away
            elif called in line:  # not passed over already, in that moment
                line.remove(called)
                if not line and self._lines.get(user) is line:
                    del self._lines[user]
            raise

    def _end(self) -> None:
        while self._lines:
            user, line = self._lines.popitem(last=False)
            called = line.popleft()
            if line:
                self._lines[user] = line  # behind everybody else
            if not called.done():
                called.set_result(None)
                return
        self._free += 1
