"""Report queue: reports of a node are made one at a time, whoever requests them.

Positions come first, and the layout of one report takes a core and some hundred MB by itself.
Those that people ask for and those that go by mail stand in one line, in the order in which they
came.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from maps.errors.errors import ReportsBusy

MOST_IN_LINE: Final = 20
"""Of all users, waiting or being made."""


class ReportQueue:
    """The one line of a node.

    Args:
        most: How many people's reports may stand in it.

    Attributes:
        most: See there.
    """

    def __init__(self, most: int = MOST_IN_LINE) -> None:
        self.most = most
        self._turn = asyncio.Lock()

    def check(self, in_line: int) -> None:
        """Refuse one more report that somebody asks for; what goes by mail is never turned away:
        it is one at a time by itself.

        Args:
            in_line: How many stand in the line.

        Raises:
            ReportsBusy: If the line is full.
        """
        if in_line >= self.most:
            raise ReportsBusy(in_line)

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait until nobody else's report is being made, and make one while inside."""
        async with self._turn:
            yield
