"""Joining: which of what was heard is new, and which is another reception of a known message.

Of all receptions of one message the one heard first stands for it, whichever came first; the
others are kept as those who heard it too.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import structlog
from sqlalchemy import Connection

from patrol.duplicates import Duplicates
from patrol.picture import Picture
from patrol.records import Record, record_of
from patrol.store import receptions
from patrol.store.rows import Row, also_heard_row, transmission_row
from radio_gateway.transmission import Delivery, Transmission

log = structlog.get_logger(__name__)


class Joined:
    """One batch, joined with what is known.

    Attributes:
        new: Messages that are new; each stands for itself.
        again: Receptions of known messages, under the global id of the message.
        earlier: The same, heard before the one that is stored: they shall stand for the message.
    """

    def __init__(self, new: list[Record], again: list[Record], earlier: list[Record]) -> None:
        self.new = new
        self.again = again
        self.earlier = earlier

    def tell(self, picture: Picture) -> set[str]:
        """Tell the picture of further receptions; return whom to rebuild from the store."""
        for record in self.again:
            picture.hear_again(record)
        return {id for each in self.earlier if (id := picture.put_first(each)) is not None}

    def also_rows(self, owner_at: Callable[[str, datetime], str], *, origin: str) -> list[Row]:
        """Return the rows that say who else heard what is stored.

        Args:
            owner_at: Returns the agency that owns what an address says at a time.
            origin: This node's id.
        """
        return [
            also_heard_row(
                record.transmission,
                record.gid,
                agency=owner_at(record.address, record.time),
                origin=origin,
            )
            for record in self.again
        ]

    def first_acts(self, *, origin: str) -> list[Callable[[Connection], None]]:
        """Return what puts the earlier receptions into the store; once `tell` has been called."""

        def first(row: Row) -> Callable[[Connection], None]:
            return lambda connection: receptions.put_first(connection, row)

        return [first(transmission_row(record, origin=origin)) for record in self.earlier]


def judge(
    deliveries: Sequence[Delivery], believed_address: Callable[[Transmission, datetime], str]
) -> list[Record]:
    """Judge each message by itself, in the order of arrival.

    Args:
        deliveries: What was heard.
        believed_address: As for `record_of`.
    """
    records: list[Record] = []
    for delivery in deliveries:
        try:
            records.append(record_of(delivery.transmission, believed_address))
        except Exception as error:  # noqa: BLE001 - logged; the rest of the batch goes on
            not_taken(delivery.transmission, error)
    return records


def join(records: Sequence[Record], duplicates: Duplicates) -> Joined:
    """Join messages with what is known.

    Args:
        records: Messages judged by themselves, in the order of arrival.
        duplicates: Remembers what was heard, and was told what is stored of these; what is new is
            added.
    """
    new: dict[bytes, Record] = {}
    earlier: dict[bytes, Record] = {}
    again: list[Record] = []
    for record in records:
        said = record.transmission
        if duplicates.has_reception(record):
            continue
        try:
            original = duplicates.original(record)
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
        except Exception as error:  # noqa: BLE001 - logged; the rest of the batch goes on
            not_taken(said, error)
    return Joined(list(new.values()), again, list(earlier.values()))


def not_taken(said: Transmission, error: Exception) -> None:
    """Log all there is of a message that cannot be taken, so that the rest of its batch can.

    It is answered all the same: it could not be taken the next time either, and would come for
    ever. The log is all that is left of it.
    """
    log.error(
        "a message cannot be taken",
        exc_info=error,
        channel=said.channel,
        address=said.address,
        raw=said.raw.hex(),
    )
