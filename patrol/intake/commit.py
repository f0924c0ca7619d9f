"""Committer: brings a batch into the store, and while the store refuses, tries again.

It is a part of the watch. Nothing is given up because the store does not work just now. What the
store can never take, whatever its state, is found by halves and set aside; the rest is stored.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from datetime import datetime
from typing import Final, NamedTuple, ParamSpec, TypeVar

import structlog

from patrol.errors.errors import NotItsToSay, StoreError
from patrol.intake.batch import Act, Batch
from patrol.intake.store_health import StoreHealth
from patrol.reception.duplicates import DuplicateQuery
from patrol.reception.record import Record
from patrol.reception.rejected import ReportRefusal, refused
from patrol.store.receptions import rejected as quarantine
from patrol.store.receptions import stored_duplicates
from patrol.store.schema.rows import Row
from patrol.store.store import Store

RETRY_AFTER_S: Final = 0.2
RETRY_AFTER_AT_MOST_S: Final = 5.0

P = ParamSpec("P")
T = TypeVar("T")

log = structlog.get_logger(__name__)


class BatchPart(NamedTuple):
    """The least that is stored by itself: one of three, and the report it is of.

    Attributes:
        record: The report; None for what is known of more than one.
        row: A message.
        further_row: One more who heard one.
        act: What else belongs into the transaction.
    """

    record: Record | None
    row: Row | None = None
    further_row: Row | None = None
    act: Act | None = None


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

    async def find_duplicates(self, query: DuplicateQuery) -> stored_duplicates.Found:
        """Return what is stored of what a batch asks for; waits while the store cannot be read.

        What asks for something that no store could hold is left out: it is not stored.
        """
        try:
            return await self._retry(self._store.read, stored_duplicates.find, query)
        except StoreError as error:
            parts = query.halves()
            if not parts:
                log.warning("nothing stored can be compared with it", fault=str(error))
            found: stored_duplicates.Found = ([], [], [])
            for part in parts:
                stored, receptions, beside = await self.find_duplicates(part)
                found[0].extend(stored)
                found[1].extend(receptions)
                found[2].extend(beside)
            return found

    async def commit(self, batch: Batch) -> None:
        """Commit, and while the store refuses, keep the batch and try again.

        What cannot be stored is set aside; who sent it is answered after that.
        """
        acts = [*batch.firsts, *batch.acts] if batch.firsts else batch.acts
        if batch.rows or batch.further_rows or acts:
            try:
                await self._retry(self._store.commit, batch.rows, batch.further_rows, acts)
            except StoreError:
                await self._commit_in_halves(_messages(batch), batch)
                lost = {record.gid for record in batch.unstorable}
                rest: list[BatchPart] = []
                for part in _later_parts(batch):
                    if part.record is not None and part.record.gid in lost:
                        batch.orphans.append(part.record)
                    else:
                        rest.append(part)
                await self._commit_in_halves(rest, batch)
        if batch.refused or batch.denied:
            await self._set_aside([*batch.refused, *batch.denied])

    async def _set_aside(self, reports: Sequence[ReportRefusal]) -> None:
        """Keep reports that cannot be taken, and name each in the log and to people.

        Until they are on disk it waits: whoever sent them is answered after that.
        """
        for each in reports:
            if isinstance(each.error, NotItsToSay):
                continue  # whoever says it does so without end; it is told once, by its gateway
            log.error(
                "a report is set aside",
                exc_info=None if isinstance(each.error, StoreError) else each.error,
                fault=each.fault,
                reception=each.transmission.reception_id,
                channel=each.transmission.channel,
                address=each.transmission.address,
                raw=each.transmission.raw.hex(),
            )
        at, whole = self._now(), True
        while True:
            try:
                await self._retry(
                    self._store.write,
                    quarantine.put,
                    reports,
                    at,
                    agency=self._agency,
                    origin=self._node,
                    whole=whole,
                )
                break
            except StoreError as error:
                # Nothing in them keeps any store from taking these few bytes: it is the store's.
                if not whole:
                    self._health.put_fault(str(error))
                    await asyncio.sleep(RETRY_AFTER_AT_MOST_S)
                whole = False
        self._health.note_rejected(
            (at, each.transmission.reception_id, each.transmission.address, each.fault)
            for each in reports
        )

    async def _commit_in_halves(self, parts: list[BatchPart], batch: Batch) -> None:
        """Commit in halves, down to the ones that the store can never take."""
        if not parts:
            return
        rows = [part.row for part in parts if part.row is not None]
        also = [part.further_row for part in parts if part.further_row is not None]
        acts = [part.act for part in parts if part.act is not None]
        try:
            await self._retry(self._store.commit, rows, also, acts)
        except StoreError as error:
            if len(parts) > 1:
                middle = len(parts) // 2
                await self._commit_in_halves(parts[:middle], batch)
                await self._commit_in_halves(parts[middle:], batch)
                return
            record = parts[0].record
            if record is None:
                log.exception("something that follows from a report cannot be stored")
                return
            batch.unstorable.append(record)
            batch.refused.append(refused(record.transmission, error))

    async def _retry(self, act: Callable[P, Awaitable[T]], *args: P.args, **kwargs: P.kwargs) -> T:
        """Do it, again and again while it is the store's fault that it cannot be done.

        Raises:
            StoreError: If it is the fault of what was to be done.
        """
        delay_s = RETRY_AFTER_S
        while True:
            try:
                done = await act(*args, **kwargs)
            except StoreError as error:
                if not error.transient:
                    raise
                self._health.put_fault(str(error))
                await asyncio.sleep(delay_s)
                delay_s = min(delay_s * 2, RETRY_AFTER_AT_MOST_S)
            else:
                self._health.put_fault(None)
                return done


def _messages(batch: Batch) -> list[BatchPart]:
    """Return the messages, one by one."""
    return [
        BatchPart(record, row=row) for record, row in zip(batch.records, batch.rows, strict=True)
    ]


def _later_parts(batch: Batch) -> Iterator[BatchPart]:
    """Yield what comes after the messages: it may be of one of them."""
    for record, also in zip(batch.further_receptions, batch.further_rows, strict=True):
        yield BatchPart(record, further_row=also)
    for record, act in zip(batch.earlier, batch.firsts, strict=True):
        yield BatchPart(record, act=act)
    for act in batch.acts:
        yield BatchPart(None, act=act)
