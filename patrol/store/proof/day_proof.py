"""Day proof: verifies one day of the journal, starting at the signed head before it.

The chain is verified from the newest signed head before the day to the first one after it.
Documents, photos and messages that the day's rows record are compared with the store.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Connection, func, select

from patrol.audit.chain import Chain, ChainFault, Entry
from patrol.store.journal import journal, reception_digests
from patrol.store.journal.reception_digests import DIGESTED, REPLACED, SUBJECT, THINNED, MessageSpan
from patrol.store.journal.row_digests import RowReplay
from patrol.store.proof import verify_journal
from patrol.store.proof.verify_statements import compare_statements
from patrol.store.schema.tables import journal as journal_table

_J: Final = journal_table.c


class DayProof(msgspec.Struct, frozen=True, kw_only=True):
    """The result of verifying one day.

    Attributes:
        first: Number of the day's first row.
        rows: How many rows of the day are proved.
        after: Row of the signed head that the chain was followed from; 0: from the first row.
        until: Row of the signed head that it was followed to; None: there is none after the day.
        documents: Versions of documents that are as the day's rows tell.
        receptions: Messages that were heard and are as they were stored.
        changed: Messages of spans that later rows changed (retention, an earlier reception): these
            rows are not of the day, and nothing is proved of them.
        faults: What is wrong, the first in the journal first.
    """

    first: int
    rows: int
    after: int
    until: int | None
    documents: int
    receptions: int
    changed: int
    faults: tuple[ChainFault, ...]


def prove_day(
    connection: Connection,
    begin: datetime,
    end: datetime,
    *,
    heads: Iterable[tuple[int, bytes]] = (),
) -> DayProof:
    """Verify one day of the journal and return the result.

    Args:
        connection: To the store, in one transaction.
        begin: The day's begin, aware UTC.
        end: The next one's.
        heads: Numbers and hashes of entries that were signed once.
    """
    signed = dict(heads)
    first, following = journal.at_or_after(connection, begin), journal.at_or_after(connection, end)
    start = max((seq for seq in signed if seq < first), default=0)
    # The span that midnight lies in is told in the next day's first minute.
    closing = _next_span(connection, following)
    until = min((seq for seq in signed if seq >= closing), default=None)
    last = closing if until is None else until
    chain = Chain(start, signed[start]) if start else Chain()
    spans, rows = reception_digests.SpanReplay(whole=False), RowReplay()
    removed = verify_journal.removed_by_retention(connection)
    faults: list[ChainFault] = []
    documents, count, altered = 0, 0, False
    for entries, unreadable in verify_journal.read_pages(connection, start):
        fault = None if unreadable is None or unreadable.seq > last else unreadable
        day: list[Entry] = []
        for entry in entries:
            if entry.seq > last:
                break
            fault_here = chain.take(entry)
            if fault_here is None and signed.get(entry.seq, entry.hash) != entry.hash:
                fault_here = verify_journal.rewritten_fault(entry.seq)
            if fault_here is not None:
                fault = fault_here
                break
            if entry.seq >= first:
                # What later days heard is theirs; what they changed of this one is not.
                is_later = entry.seq > closing and entry.act == DIGESTED
                if not is_later and (why := spans.take(entry)):
                    faults.append(ChainFault(seq=entry.seq, what="altered", reason=why))
                if entry.seq < following:
                    day.append(entry)
                    if not altered and (wrong := verify_journal.row_fault(rows, entry)):
                        faults.append(wrong)
                        altered = True
        count += len(day)
        if not faults:
            some, document_fault = verify_journal.compare(connection, day, removed)
            documents += some
            faults += [
                each
                for each in (
                    document_fault
                    or verify_journal.compare_photos(connection, day, removed)
                    or compare_statements(connection, day),
                )
                if each is not None
            ]
        if fault is not None:
            faults.append(fault)
            break
        if entries and entries[-1].seq >= last:
            break
    else:
        if chain.seq < last:
            why = f"the signed head is row {last}: the tail was cut off"
            faults.append(ChainFault(seq=chain.seq + 1, what="missing", reason=why))
    messages, changed, span_fault = _receptions(connection, spans, chain.seq)
    faults += [] if span_fault is None else [span_fault]
    return DayProof(
        first=first,
        rows=count,
        after=start,
        until=until,
        documents=documents,
        receptions=messages,
        changed=changed,
        faults=tuple(sorted(faults, key=lambda each: each.seq)),
    )


def _next_span(connection: Connection, following: int) -> int:
    """Return the number of the row that tells of the messages at the day's end, or its last row."""
    query = select(func.min(_J.seq)).where(
        _J.subject == SUBJECT, _J.act == DIGESTED, _J.seq >= following
    )
    found = connection.execute(query).scalar()
    return following - 1 if found is None else int(found)


def _receptions(
    connection: Connection, spans: reception_digests.SpanReplay, last: int
) -> tuple[int, int, ChainFault | None]:
    later = {span.last for span in _changed_after(connection, last)}
    proved = changed = 0
    for seq, span in spans.spans():
        if span.last in later:
            changed += span.count
            continue
        fault = verify_journal.span_fault(connection, seq, span)
        if fault is not None:
            return proved, changed, fault
        proved += span.count
    return proved, changed, None


def _changed_after(connection: Connection, seq: int) -> Iterable[MessageSpan]:
    query = select(_J.detail).where(
        _J.subject == SUBJECT, _J.act.in_((THINNED, REPLACED)), _J.seq > seq
    )
    for detail in connection.execute(query).scalars():
        span = reception_digests.span_in(detail)
        if span is not None:
            yield span
