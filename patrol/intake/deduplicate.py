"""Deduplication: which messages are new, and which are further receptions of a known one.

Of all receptions of one message the one heard first stands for it, whichever came first; the
others are kept as those who heard it too.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from patrol.intake.batch import Batch
from patrol.picture.picture import Picture
from patrol.reception.duplicates import DuplicateQuery, Duplicates
from patrol.reception.record import Record
from patrol.reception.rejected import refused
from patrol.store.receptions.stored_duplicates import Found


class Deduplication:
    """Joins messages with what is known.

    Args:
        duplicates: Remembers what was heard.
        stored: Returns what the store knows of what memory may have forgotten.
        picture: Tells whether what has the words of an earlier message is a call for help of its
            own.
    """

    def __init__(
        self,
        duplicates: Duplicates,
        stored: Callable[[DuplicateQuery], Awaitable[Found]],
        picture: Picture,
    ) -> None:
        self._duplicates, self._stored, self._picture = duplicates, stored, picture

    async def join(self, batch: Batch) -> None:
        """Find what is new, and of which message the rest is another reception."""
        duplicates = self._duplicates
        receptions = duplicates.receptions
        query = duplicates.query(batch.judged)
        if query is not None:
            duplicates.learn(*await self._stored(query))
        new: dict[bytes, Record] = {}
        earlier: dict[bytes, Record] = {}
        again = batch.further_receptions
        for record in batch.judged:
            transmission = record.transmission
            if receptions.get(transmission.reception_id) == transmission.heard_at:
                continue  # a gateway that got no receipt says it again
            try:
                original = duplicates.original(record)
                if (
                    original is not None
                    and transmission.duplicate_window_s is not None
                    and original not in new
                    and not transmission.resent
                    and self._picture.calls_anew(record)
                ):
                    duplicates.stands_alone(record)
                    original = None
                if original is None:
                    new[record.gid] = record
                elif not transmission.resent:
                    record.gid = original
                    if duplicates.is_earliest(record, original):
                        records = new if original in new else earlier
                        if original in records:
                            again.append(records[original])
                        records[original] = record
                    else:
                        again.append(record)
                receptions[transmission.reception_id] = transmission.heard_at
            except Exception as error:  # noqa: BLE001 - set aside; the rest of the batch goes on
                batch.refused.append(refused(transmission, error))
        batch.new, batch.earlier = list(new.values()), list(earlier.values())

    def settle(self, batch: Batch) -> None:
        """Keep in mind what is on disk, and nothing of what the store could not take.

        A call for help that is lost rings all the same.
        """
        duplicates = self._duplicates
        if batch.unstorable:
            duplicates.forget(batch.unstorable)
            contacts = self._picture.contacts
            for record in batch.unstorable:
                batch.fixes.pop(record.gid, None)
                id = record.unit or record.address
                if id in contacts and not contacts[id].distress:
                    batch.stale.add(id)
        duplicates.settle()
        if batch.orphans:
            duplicates.forget(batch.orphans)

    def undo(self, batch: Batch) -> None:
        """Forget a batch of which nobody knows what is stored."""
        self._duplicates.forget(batch.judged)
