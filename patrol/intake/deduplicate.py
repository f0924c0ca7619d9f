"""Joining: which of what was heard is new, and which is another reception of a known message.

Of all receptions of one message the one heard first stands for it, whichever came first; the
others are kept as those who heard it too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TypeVar

from patrol.intake.batch import Act
from patrol.picture.picture import Picture
from patrol.reception.duplicates import Duplicates
from patrol.reception.record import Record, record_of
from patrol.reception.rejected import ReportRefusal, refused
from patrol.store.receptions import receptions
from patrol.store.schema.rows import Row, also_heard_row, transmission_row
from radio_gateway.messages.transmission import Delivery, Transmission

T = TypeVar("T")


class DeduplicatedBatch:
    """One batch, joined with what is known.

    Attributes:
        new: Messages that are new; each stands for itself.
        again: Receptions of known messages, under the global id of the message.
        earlier: The same, heard before the one that is stored: they shall stand for the message.
        refused: What cannot be joined.
    """

    def __init__(
        self,
        new: list[Record],
        again: list[Record],
        earlier: list[Record],
        refused: list[ReportRefusal],
    ) -> None:
        self.new = new
        self.again = again
        self.earlier = earlier
        self.refused = refused

    def drop(self, lost: set[bytes]) -> list[Record]:
        """Take out and return the further receptions of messages that are `lost`."""
        orphans = [record for record in (*self.again, *self.earlier) if record.gid in lost]
        self.again = [record for record in self.again if record.gid not in lost]
        self.earlier = [record for record in self.earlier if record.gid not in lost]
        return orphans

    def tell(self, picture: Picture) -> set[str]:
        """Tell the picture of further receptions; return whom to rebuild from the store."""
        if not self.again and not self.earlier:  # in most batches
            return set()
        self.again, _ = self.each(self.again, picture.hear_again)
        self.earlier, unsure = self.each(self.earlier, picture.put_first)
        return {id for id in unsure if id is not None}

    def also_rows(self, owner_at: Callable[[str, datetime], str], *, origin: str) -> list[Row]:
        """Return the rows that say who else heard what is stored, one for each of `again`.

        Args:
            owner_at: Returns the agency that owns what an address says at a time.
            origin: This node's id.
        """
        if not self.again:
            return []

        def row(record: Record) -> Row:
            agency = owner_at(record.address, record.time)
            return also_heard_row(record.transmission, record.gid, agency=agency, origin=origin)

        self.again, rows = self.each(self.again, row)
        return rows

    def first_acts(self, *, origin: str) -> list[Act]:
        """Return what puts the earlier receptions into the store, one for each of `earlier`.

        To be called once `tell` has been.
        """
        if not self.earlier:
            return []

        def first(record: Record) -> Act:
            row = transmission_row(record, origin=origin)
            return lambda connection: receptions.put_first(connection, row)

        self.earlier, acts = self.each(self.earlier, first)
        return acts

    def each(
        self, records: list[Record], made: Callable[[Record], T]
    ) -> tuple[list[Record], list[T]]:
        """Return the records that something could be made of, and that; the others are refused."""
        good: list[Record] = []
        found: list[T] = []
        for record in records:
            try:
                found.append(made(record))
            except Exception as error:  # noqa: BLE001 - set aside; the rest of the batch goes on
                self.refused.append(refused(record.transmission, error))
            else:
                good.append(record)
        return good, found


def judge(
    deliveries: Sequence[Delivery],
    believed_address: Callable[[Transmission, datetime], str],
    *,
    now: datetime | None = None,
) -> tuple[list[Record], list[ReportRefusal]]:
    """Judge each message by itself, in the order of arrival.

    Args:
        deliveries: What was heard.
        believed_address: As for `record_of`.
        now: As for `record_of`.

    Returns:
        The records, and what none can be made of.
    """
    records: list[Record] = []
    bad: list[ReportRefusal] = []
    for delivery in deliveries:
        try:
            records.append(record_of(delivery.transmission, believed_address, now))
        except Exception as error:  # noqa: BLE001 - set aside; the rest of the batch goes on
            bad.append(refused(delivery.transmission, error))
    return records, bad


def join(
    records: Sequence[Record],
    duplicates: Duplicates,
    calls_anew: Callable[[Record], bool] = lambda _record: False,
) -> DeduplicatedBatch:
    """Join messages with what is known.

    Args:
        records: Messages judged by themselves, in the order of arrival.
        duplicates: Remembers what was heard, and was told what is stored of these; what is new is
            added.
        calls_anew: Whether what has the words of an earlier message is a call for help of its own.
    """
    new: dict[bytes, Record] = {}
    earlier: dict[bytes, Record] = {}
    again: list[Record] = []
    bad: list[ReportRefusal] = []
    for record in records:
        said = record.transmission
        if duplicates.has_reception(record):
            continue
        try:
            original = duplicates.original(record)
            if (
                original is not None
                and said.duplicate_window_s is not None
                and original not in new
                and not said.resent
                and calls_anew(record)
            ):
                duplicates.stands_alone(record)
                original = None
            if original is None:
                new[record.gid] = record
            elif not said.resent:
                record.gid = original
                if duplicates.heard_first(record, original):
                    kept = new if original in new else earlier
                    if original in kept:
                        again.append(kept[original])
                    kept[original] = record
                else:
                    again.append(record)
            duplicates.note_reception(record)
        except Exception as error:  # noqa: BLE001 - set aside; the rest of the batch goes on
            bad.append(refused(said, error))
    return DeduplicatedBatch(list(new.values()), again, list(earlier.values()), bad)
