"""Tracks: where a unit or radio was, by range scans of (address, time).

A unit's track is that of its radio addresses while they stood for it, so that assigning a radio
late loses nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, select

from patrol.changes import Fix
from patrol.store.rows import fix_from
from patrol.store.tables import to_us, transmissions

_T = transmissions.c


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """From when to when an address counted for somebody.

    Attributes:
        address: Radio address.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.
        channel: The only channel believed, where the address is bound.
    """

    address: str
    start: datetime
    end: datetime
    channel: str | None = None


def track(
    connection: Connection, of: str, spans: Iterable[Span], agency: str, limit: int
) -> list[Fix]:
    """Return where `of` was, oldest first: the newest `limit` positions of its spans.

    Args:
        connection: To the store.
        of: Id written into each fix.
        spans: When which address counted.
        agency: Only records of this agency.
        limit: Most positions.
    """
    rows: list[Any] = []
    for span in spans:
        rows += connection.execute(_span_query(span, agency).limit(limit)).all()
    rows.sort(key=lambda row: (row.time_us, row.gid))
    return [fix_from(row, of) for row in rows[-limit:]]


def thinned(fixes: Sequence[Fix], count: int) -> list[Fix]:
    """Return at most `count` of `fixes`, evenly spread, the first and the last among them.

    >>> thinned([], 10)
    []
    """
    if len(fixes) <= count or count < 2:
        return list(fixes)
    step = (len(fixes) - 1) / (count - 1)
    return [fixes[round(number * step)] for number in range(count)]


def _span_query(span: Span, agency: str) -> Select[Any]:
    query = (
        select(transmissions)
        .where(
            _T.address == span.address,
            _T.time_us >= to_us(span.start),
            _T.time_us < to_us(span.end),
            _T.usable == 1,
            _T.agency == agency,
        )
        .order_by(_T.time_us.desc(), _T.gid.desc())
    )
    return query if span.channel is None else query.where(_T.channel == span.channel)
