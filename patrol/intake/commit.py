"""Committer: brings a batch into the store, and while the store refuses, tries again.

It is a part of the watch. Nothing is given up because the store does not work just now. What the
store can never take, whatever its state, is found by halves and set aside; the rest is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import Final, NamedTuple, TypeVar

import structlog

from patrol.errors.errors import NotItsToSay, StoreError
from patrol.intake.batch import Batch, BatchPart
from patrol.intake.store_health import StoreHealth
from patrol.reception.duplicates import DuplicateQuery
from patrol.reception.record import Record
from patrol.reception.rejected import ReportRefusal, refused
from patrol.store.receptions import rejected as aside
from patrol.store.receptions import stored_duplicates as known
from patrol.store.store import Store

AGAIN_S: Final = 0.2
AGAIN_AT_MOST_S: Final = 5.0

T = TypeVar("T")

log = structlog.get_logger(__name__)


class CommitRemainder(NamedTuple):
    """What of a batch was not stored.

    Attributes:
        bad: Reports that the store can never take.
        refused: The same, each with why.
        orphans: Further receptions of these: one of them may stand for the message.
    """

    bad: list[Record]
    refused: list[ReportRefusal]
    orphans: list[Record]


class Committer:
    """Keeps what the watch hands it.

    Args:
        store: Where records are kept.
        health: Is told whether the store refuses, and what was set aside.
        node: This node's id.
        agency: Owner of what nobody else owns.
        now: Clock, aware UTC.
    """

    def __init__(
        self,
        store: Store,
        *,
        health: StoreHealth,
        node: str,
        agency: str,
        now: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._health = health
        self._node, self._agency = node, agency
        self._now = now

    async def known(self, asked: DuplicateQuery) -> known.Found:
        """Return what is stored of what a batch asks for; waits while the store cannot be read.

        What asks for something that no store could hold is left out: it is not stored.
        """
        if not asked:
            return [], [], []
        try:
            return await self._until_it_goes(lambda: self._store.read(known.known, asked))
        except StoreError as error:
            parts = asked.halves()
            if not parts:
                log.warning("nothing stored can be compared with it", fault=str(error))
            found: known.Found = ([], [], [])
            for part in parts:
                stored, receptions, beside = await self.known(part)
                found[0].extend(stored)
                found[1].extend(receptions)
                found[2].extend(beside)
            return found

    async def commit(self, batch: Batch) -> CommitRemainder:
        """Commit, and while the store refuses, keep the batch and try again."""
        left = CommitRemainder([], [], [])
        if not batch:
            return left
        try:
            acts = [*batch.firsts, *batch.acts]
            await self._until_it_goes(lambda: self._store.commit(batch.rows, batch.also, acts))
        except StoreError:
            await self._commit_apart(batch.messages(), left)
            lost = {record.gid for record in left.bad}
            rest: list[BatchPart] = []
            for part in batch.rest():
                if part.record is not None and part.record.gid in lost:
                    left.orphans.append(part.record)
                else:
                    rest.append(part)
            await self._commit_apart(rest, left)
        return left

    async def set_aside(self, reports: Sequence[ReportRefusal]) -> None:
        """Keep reports that cannot be taken, and name each in the log and to people.

        Until they are on disk it waits: whoever sent them is answered after that.
        """
        if not reports:
            return
        for each in reports:
            if isinstance(each.error, NotItsToSay):
                continue  # whoever says it does so without end; it is told once, by its gateway
            log.error(
                "a report is set aside",
                exc_info=None if isinstance(each.error, StoreError) else each.error,
                fault=each.fault,
                reception=each.said.reception_id,
                channel=each.said.channel,
                address=each.said.address,
                raw=each.said.raw.hex(),
            )
        at, whole = self._now(), True
        while True:
            try:
                await self._until_it_goes(
                    lambda: self._store.write(
                        aside.put,
                        reports,
                        at,
                        agency=self._agency,
                        origin=self._node,
                        whole=whole,  # noqa: B023
                    )
                )
                break
            except StoreError as error:
                # Nothing in them keeps any store from taking these few bytes: it is the store's.
                if not whole:
                    self._health.put_fault(str(error))
                    await asyncio.sleep(AGAIN_AT_MOST_S)
                whole = False
        self._health.put_aside(
            (at, each.said.reception_id, each.said.address, each.fault) for each in reports
        )

    async def _commit_apart(self, parts: list[BatchPart], left: CommitRemainder) -> None:
        """Commit in halves, down to the ones that the store can never take."""
        if not parts:
            return
        rows = [part.row for part in parts if part.row is not None]
        also = [part.also for part in parts if part.also is not None]
        acts = [part.act for part in parts if part.act is not None]
        try:
            await self._until_it_goes(lambda: self._store.commit(rows, also, acts))
        except StoreError as error:
            if len(parts) > 1:
                middle = len(parts) // 2
                await self._commit_apart(parts[:middle], left)
                await self._commit_apart(parts[middle:], left)
                return
            record = parts[0].record
            if record is None:
                log.exception("something that follows from a report cannot be stored")
                return
            left.bad.append(record)
            left.refused.append(refused(record.transmission, error))

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
                self._health.put_fault(str(error))
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, AGAIN_AT_MOST_S)
            else:
                self._health.put_fault(None)
                return done
