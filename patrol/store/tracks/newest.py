"""Newest: the stored records from which the picture of many units and radios is rebuilt.

A start needs thousands, and viewers wait while a standby takes over. On PostgreSQL one query
answers for all of them; on SQLite, where a query has no round trip, it is one query each.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    TableValuedAlias,
    Text,
    bindparam,
    column,
    func,
    literal_column,
    or_,
    select,
    true,
)

from patrol.reception.plausible_fixes import WINDOW
from patrol.reception.record import Record
from patrol.store.engine.engine import is_postgres
from patrol.store.engine.sql_functions import effective_between
from patrol.store.schema.rows import readable, record_from
from patrol.store.schema.tables import to_us, transmissions
from patrol.store.tracks.tracks import AddressSpan

_T: Final = transmissions.c

_ASKED: Final = (
    column("address", Text),
    column("start_us", BigInteger),
    column("end_us", BigInteger),
    column("channel", Text),
)
"""What is asked for: a span."""

_IS_OF_SENDER: Final = _T.kind != literal_column("'waypoint'")
"""A marked place says nothing of who marked it."""

_WANTED: Final[tuple[tuple[int, tuple[ColumnElement[bool], ...]], ...]] = (
    # More than the window, since that is ordered by a slightly different time.
    (2 * WINDOW, (_T.usable == 1,)),
    (1, (_T.text.is_not(None), _IS_OF_SENDER)),
    (1, (_T.status.is_not(None),)),
    # As a literal, so that the database sees that its index for names serves.
    (4, (_T.kind == literal_column("'static'"),)),
    (1, (_IS_OF_SENDER,)),
)
"""How many, and of which, of each span."""


def _in_span(
    count: int, conditions: Sequence[ColumnElement[bool]], columns: Sequence[Any]
) -> Select[Any]:
    address, start_us, end_us, channel = columns
    return (
        select(transmissions)
        .where(
            _T.address == address,
            _T.time_us >= start_us,
            _T.time_us < end_us,
            effective_between(start_us, end_us),
            or_(channel.is_(None), _T.channel == channel),
            *conditions,
        )
        .order_by(_T.time_us.desc(), _T.gid.desc())
        .limit(count)
    )


@cache
def _many_spans() -> Sequence[Select[Any]]:
    # A server on SQLite is spared the memory of what is PostgreSQL's alone.
    from sqlalchemy.dialects.postgresql import ARRAY

    arrays = (bindparam(each.name, type_=ARRAY(each.type)) for each in _ASKED)
    spans = (
        func.unnest(*arrays)
        .table_valued(*_ASKED, with_ordinality="number")
        .render_derived(name="asked")
    )
    return tuple(_in_spans(spans, *query) for query in _WANTED)


def _in_spans(
    spans: TableValuedAlias, count: int, conditions: Sequence[ColumnElement[bool]]
) -> Select[Any]:
    found = _in_span(count, conditions, [spans.c[each.name] for each in _ASKED]).lateral("found")
    return select(spans.c.number, found).select_from(spans.join(found, true()))


# Made once: to make one takes longer than the database takes to answer it.
_ONE_SPAN: Final = tuple(
    _in_span(*wanted, [bindparam(each.name, type_=each.type) for each in _ASKED])
    for wanted in _WANTED
)


def for_pictures(
    connection: Connection, spans_of: Sequence[Sequence[AddressSpan]]
) -> list[list[Record]]:
    """Return the records from which the picture of each unit or radio is rebuilt, each once.

    Args:
        connection: To the store.
        spans_of: When which address counted, of each of them.

    Returns:
        Of each its newest positions that belong on a map, and the newest messages with a text, a
        status, a name, or anything but a marked place; of each span. In no order.
    """
    spans = [(number, span) for number, spans in enumerate(spans_of) for span in spans]
    found: list[dict[bytes, Record]] = [{} for _ in spans_of]
    for number, row in _rows(connection, spans):
        if row.gid not in found[number]:
            for record in readable((row,), record_from):
                found[number][record.gid] = record
    return [list(records.values()) for records in found]


def _rows(
    connection: Connection, spans: Sequence[tuple[int, AddressSpan]]
) -> Iterator[tuple[int, Any]]:
    """Yield the rows of each span, with the span's number."""
    span_rows = [
        (each.address, to_us(each.start), to_us(each.end), each.channel) for _, each in spans
    ]
    names = [each.name for each in _ASKED]
    if not is_postgres(connection):
        for (number, _), span in zip(spans, span_rows, strict=True):
            for one in _ONE_SPAN:
                for row in connection.execute(one, dict(zip(names, span, strict=True))):
                    yield number, row
    elif spans:
        arrays = dict(zip(names, map(list, zip(*span_rows, strict=True)), strict=True))
        for many in _many_spans():
            for row in connection.execute(many, arrays):
                yield spans[row.number - 1][0], row
