"""Disclosure log: journal entries that an agency saw another agency's records.

It is called for every frame and answer, so it must cost next to nothing: views are counted in
memory. The journal gets an entry within a second of the first view of an hour, so that a crash
hides no view, and one with the whole count when the hour is over.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from patrol.documents.open_documents import OpenDocuments
from patrol.documents.transaction import NOTHING, Filing, Note
from patrol.units.data_classes import DataClass

MOST_NOTES: Final = 500
"""Lines in one filing; what is left comes with the next."""


class DisclosureLog:
    """Counts records that agencies see of each other. `duty` is a duty of `DocumentService`.

    >>> from datetime import UTC
    >>> views = DisclosureLog()
    >>> views.count("th-ck", "la-hx", "positions", 3)
    >>> views.count("th-ck", "la-hx", "positions", 2)
    >>> at = datetime(2026, 11, 24, 2, 30, tzinfo=UTC)
    >>> filing = views.duty(OpenDocuments(), at)
    >>> filing.after_commit()  # it is on disk
    >>> [note] = filing.notes
    >>> note.act, note.agency, note.detail["owner"], note.detail["records"]
    ('see shared records', 'th-ck', 'la-hx', 5)
    >>> views.duty(OpenDocuments(), at).notes  # once an hour is enough
    ()
    """

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str, DataClass], int] = {}
        self._noted: dict[tuple[str, str, DataClass], int] = {}
        self._hour: datetime | None = None

    def count(self, viewer: str, owner: str, data_class: DataClass, count: int = 1) -> None:
        """Count records that an agency was shown.

        Args:
            viewer: Agency that was shown them.
            owner: Agency whose records they are.
            data_class: Under which class of their agreement.
            count: How many; a record that is shown again counts again.
        """
        if viewer != owner and count > 0:
            key = viewer, owner, data_class
            self._counts[key] = self._counts.get(key, 0) + count

    def duty(self, _open_documents: OpenDocuments, now: datetime) -> Filing:
        """Return the journal notes that are due now."""
        hour = now.replace(minute=0, second=0, microsecond=0)
        if self._hour is None:
            self._hour = hour
        if hour != self._hour:
            return self._end_hour(hour)
        new = [key for key in self._counts if key not in self._noted][:MOST_NOTES]
        if not new:
            return NOTHING
        counts = {key: self._counts[key] for key in new}
        notes = tuple(_note(key, count, hour, whole=False) for key, count in counts.items())
        return Filing(notes=notes, after_commit=lambda: self._noted.update(counts))

    def _end_hour(self, hour: datetime) -> Filing:
        """Note the counts since the first lines of the hour, then begin the next hour."""
        assert self._hour is not None
        counts = dict(self._counts)
        grown = {key: n for key, n in counts.items() if n != self._noted.get(key)}
        some = dict(list(grown.items())[:MOST_NOTES])
        notes = tuple(_note(key, n, self._hour, whole=True) for key, n in some.items())

        def after_commit() -> None:
            self._noted.update(some)
            if len(some) == len(grown):
                # What was seen while this was written counts for the new hour.
                self._counts = {
                    key: n - counts.get(key, 0)
                    for key, n in self._counts.items()
                    if n > counts.get(key, 0)
                }
                self._noted, self._hour = {}, hour

        if not notes:
            after_commit()
            return NOTHING
        return Filing(notes=notes, after_commit=after_commit)


def _note(key: tuple[str, str, DataClass], count: int, hour: datetime, *, whole: bool) -> Note:
    viewer, owner, data_class = key
    return Note(
        act="see shared records",
        actor="",
        agency=viewer,
        subject=f"agency:{owner}",
        detail={
            "owner": owner,
            "class": data_class,
            "hour": hour.isoformat(timespec="minutes"),
            "records": count,
            "whole_hour": whole,
        },
    )
