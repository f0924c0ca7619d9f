"""Clean-up: removes from the spool what the node has stored; on a full disk, repeatedly."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

import structlog

from radio_gateway.uplink.spool.spool import Spool
from radio_gateway.uplink.spool.sqlite_file import SpoolError

AGAIN_S: Final = 2.0
_log = structlog.get_logger(__name__)


class Removal:
    """Takes out of a spool what has arrived.

    Args:
        spool: What waits.
        removed: Called with the numbers that are out.

    Attributes:
        fault: Why what has arrived cannot leave the spool; None when it can.
    """

    def __init__(self, spool: Spool, removed: Callable[[Iterable[int]], None]) -> None:
        self._spool, self._removed = spool, removed
        self._arrived: dict[int, bool] = {}  # stored by the node -> refused by it
        self.fault: str | None = None

    async def take_out(self, arrived: dict[int, bool]) -> None:
        """Take numbers out of the spool; what a full disk does not let go waits for that.

        Args:
            arrived: By number, whether the node refused it.
        """
        self._arrived |= arrived
        going = dict(self._arrived)
        try:
            await self._spool.remove(
                going, refused=[number for number, refused in going.items() if refused]
            )
        except SpoolError as error:
            if self.fault is None:
                _log.error("not_removed", waiting=len(going), fault=error.fault)
            self.fault = error.fault
            return
        self.fault = None
        for number in going:
            self._arrived.pop(number, None)
        self._removed(going)

    async def keep_trying(self) -> None:
        """Try again what could not be taken out, until cancelled."""
        while True:
            await asyncio.sleep(AGAIN_S)
            if self.fault is not None:
                await self.take_out({})
