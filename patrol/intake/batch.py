"""Batch: all that one turn of the watch brings into the store, whole or in parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from sqlalchemy import Connection

from patrol.reception.record import Record
from patrol.store.schema.rows import Row

Act = Callable[[Connection], None]


class BatchPart(NamedTuple):
    """The least that is stored by itself: one of three, and the report it is of.

    Attributes:
        record: The report; None for what is known of more than one.
        row: A message.
        also: One more who heard one.
        act: What else belongs into the transaction.
    """

    record: Record | None
    row: Row | None = None
    also: Row | None = None
    act: Act | None = None


class Batch:
    """What is stored in one transaction.

    Args:
        records: Messages, and `rows` in the same order.
        rows: In the order of `TRANSMISSION_COLUMNS`.
        again: Further receptions, and `also` in the same order.
        also: In the order of `ALSO_HEARD_COLUMNS`.
        earlier: Receptions that shall stand for a message, and `firsts` in the same order.
        firsts: What puts them there.
        acts: What else belongs into the transaction.
    """

    __slots__ = ("acts", "again", "also", "earlier", "firsts", "records", "rows")

    def __init__(
        self,
        *,
        records: list[Record],
        rows: list[Row],
        again: list[Record],
        also: list[Row],
        earlier: list[Record],
        firsts: list[Act],
        acts: list[Act],
    ) -> None:
        self.records, self.rows = records, rows
        self.again, self.also = again, also
        self.earlier, self.firsts = earlier, firsts
        self.acts = acts

    def __bool__(self) -> bool:
        """Whether there is anything to store."""
        return bool(self.rows or self.also or self.firsts or self.acts)

    def messages(self) -> list[BatchPart]:
        """Return the messages, one by one."""
        return [
            BatchPart(record, row=row) for record, row in zip(self.records, self.rows, strict=True)
        ]

    def rest(self) -> Iterator[BatchPart]:
        """Yield what comes after the messages: it may be of one of them."""
        for record, also in zip(self.again, self.also, strict=True):
            yield BatchPart(record, also=also)
        for record, act in zip(self.earlier, self.firsts, strict=True):
            yield BatchPart(record, act=act)
        for act in self.acts:
            yield BatchPart(None, act=act)
