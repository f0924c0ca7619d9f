"""Keeper: brings a batch into the store, and while the store refuses, tries again.

It is a part of the watch. Nothing is given up because the store does not work just now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

import structlog
from sqlalchemy import Connection

from patrol.duplicates import Asked
from patrol.errors import StoreError
from patrol.store import known
from patrol.store.rows import Row
from patrol.store.store import Store

AGAIN_S: Final = 0.2
AGAIN_AT_MOST_S: Final = 5.0

Act = Callable[[Connection], None]

T = TypeVar("T")

log = structlog.get_logger(__name__)


class Keeper:
    """Keeps what the watch hands it.

    Args:
        store: Where records are kept.
        tell: Called with the fault while the store refuses, and with None once it does not.
    """

    def __init__(self, store: Store, *, tell: Callable[[str | None], None]) -> None:
        self._store = store
        self._tell = tell

    async def known(self, asked: Asked) -> known.Found:
        """Return what is stored of what a batch asks for; waits while the store cannot be read.

        What asks for something that no store could hold is left out: it is not stored.
        """
        if not asked:
            return [], []
        try:
            return await self._until_it_goes(lambda: self._store.read(known.known, asked))
        except StoreError as error:
            parts = asked.halves()
            if not parts:
                log.warning("nothing stored can be compared with it", fault=str(error))
            found: known.Found = ([], [])
            for part in parts:
                stored, receptions = await self.known(part)
                found[0].extend(stored)
                found[1].extend(receptions)
            return found

    async def commit(self, rows: list[Row], also: list[Row], acts: list[Act]) -> None:
        """Commit, and while the store refuses, keep the batch and try again."""
        if not (rows or also or acts):
            return
        try:
            await self._until_it_goes(lambda: self._store.commit(rows, also, acts))
        except StoreError:
            await self._commit_apart(rows, also, acts)

    async def _commit_apart(self, rows: list[Row], also: list[Row], acts: list[Act]) -> None:
        """One row is one the store can never take: find it, write it to the log, keep the rest."""
        if len(rows) + len(also) + len(acts) == 1:
            log.error("the store cannot take a record", record=repr((rows, also))[:4000])
            return
        for part in _halves(rows):
            await self.commit(part, [], [])
        for part in _halves(also):
            await self.commit([], part, [])
        for act in acts:
            await self.commit([], [], [act])

    async def _until_it_goes(self, act: Callable[[], Awaitable[T]]) -> T:
        """Do it, again and again while it is the store's fault that it cannot be done.

        Raises:
            StoreError: If it is the fault of what was to be done.
        """
        delay_s = AGAIN_S
        while True:
            try:
                done = await act()
            except StoreError as error:
                if not error.transient:
                    raise
                self._tell(str(error))
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, AGAIN_AT_MOST_S)
            else:
                self._tell(None)
                return done


def _halves(items: list[Any]) -> list[list[Any]]:
    if len(items) < 2:
        return [items] if items else []
    middle = len(items) // 2
    return [items[:middle], items[middle:]]
