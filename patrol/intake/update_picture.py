"""Picture update: what a batch brings becomes known, and the rows that will hold it are made."""

from __future__ import annotations

from functools import partial
from itertools import chain

from patrol.intake.batch import Batch
from patrol.picture.picture import Picture
from patrol.reception.duplicates import Duplicates
from patrol.reception.record import Record
from patrol.reception.rejected import refused
from patrol.store.receptions import receptions
from patrol.store.schema.rows import also_heard_row, transmission_row


class PictureUpdate:
    """Puts messages and their further receptions into the picture.

    Args:
        picture: What is known.
        duplicates: Forgets what cannot be taken.
        origin: This node's id.
    """

    def __init__(self, picture: Picture, duplicates: Duplicates, *, origin: str) -> None:
        self._picture, self._duplicates, self._origin = picture, duplicates, origin

    def apply(self, batch: Batch) -> None:
        """Put in what is new and who else heard what is known; the picture is ahead of the store
        from here until the commit.
        """
        take, origin, fixes = self._picture.take, self._origin, batch.fixes
        failed: dict[bytes, Record] = {}
        for record in batch.new:
            try:
                fix = take(record)
                batch.rows.append(transmission_row(record, origin))
            except Exception as error:  # noqa: BLE001 - set aside; the rest of the batch goes on
                batch.refused.append(refused(record.transmission, error))
                failed[record.gid] = record
                continue
            batch.records.append(record)
            if fix is not None:
                fixes[record.gid] = fix
        if failed:
            self._drop(failed, batch)
        if batch.further_receptions or batch.earlier:  # seldom
            self._add_further_receptions(batch)

    def _drop(self, failed: dict[bytes, Record], batch: Batch) -> None:
        """Take out the further receptions of what could not be taken."""
        self._duplicates.forget(list(failed.values()))
        further = chain(batch.further_receptions, batch.earlier)
        batch.orphans += [record for record in further if record.gid in failed]
        batch.further_receptions = [
            record for record in batch.further_receptions if record.gid not in failed
        ]
        batch.earlier = [record for record in batch.earlier if record.gid not in failed]

    def _add_further_receptions(self, batch: Batch) -> None:
        picture, origin = self._picture, self._origin
        again, earlier = batch.further_receptions, batch.earlier
        batch.further_receptions, batch.earlier = [], []
        for record in again:
            transmission = record.transmission
            try:
                picture.note_further_reception(record)
                owner = picture.owner_at(record.address, record.time)
                batch.further_rows.append(
                    also_heard_row(transmission, record.gid, agency=owner, origin=origin)
                )
            except Exception as error:  # noqa: BLE001 - set aside; the rest of the batch goes on
                batch.refused.append(refused(transmission, error))
            else:
                batch.further_receptions.append(record)
        for record in earlier:
            try:
                id = picture.put_first(record)
                row = transmission_row(record, origin)
            except Exception as error:  # noqa: BLE001 - set aside; the rest of the batch goes on
                batch.refused.append(refused(record.transmission, error))
                continue
            batch.earlier.append(record)
            batch.firsts.append(partial(receptions.put_first, row=row))
            if id is not None:
                batch.stale.add(id)
