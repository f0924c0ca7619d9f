"""File report: what was in a counterpart's file, and what became of it."""

from __future__ import annotations

from datetime import datetime

import msgspec

from patrol.exchange.statement_batch import RefusedStatement


class WrittenFile(msgspec.Struct, frozen=True, kw_only=True):
    """A sealed file for a counterpart.

    Attributes:
        name: How it is to be called: from whom, for whom, when, and which statements.
        content: The file.
        statements: How many statements are in it.
        first: Number of the first; 0 where there is none.
        last: Number of the last; 0 where there is none.
        next: Number after which another file goes on; None: this was all.
    """

    name: str
    content: bytes
    statements: int
    first: int
    last: int
    next: int | None


class EnvelopeFault(msgspec.Struct, frozen=True, kw_only=True):
    """An envelope of a file that was not taken; it keeps no other from being taken.

    Attributes:
        place: Which of the file's envelopes, from 1.
        reason: Why, for people who read English.
    """

    place: int
    reason: str


class FileReport(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a file.

    Attributes:
        node: The counterpart that wrote it.
        made_at: When, by its clock, aware UTC.
        envelopes: How many were in it.
        statements: How many statements were in it.
        new: How many of them were not known here; they are stored.
        held: Number up to which the counterpart's statements are stored here now.
        missing_from: Number of the first statement that is missing between; 0: none is.
        missing_to: Number of the last one that is.
        refused: Those of the new ones that have no effect, by number.
        receipted: Number up to which the counterpart has stored ours, by this file; None: the file
            does not say.
        faults: Envelopes that were not taken.
    """

    node: str
    made_at: datetime
    envelopes: int
    statements: int
    new: int
    held: int
    missing_from: int
    missing_to: int
    refused: tuple[RefusedStatement, ...]
    receipted: int | None
    faults: tuple[EnvelopeFault, ...]
