"""Tracks: positions of a unit or radio, by range scans of (address, time).

A unit's track is that of its radio addresses while they stood for it, so that a radio assigned late
brings its earlier positions along.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from patrol.store.engine.sql_functions import about_box, effective_between
from patrol.store.schema.rows import fix_from
from patrol.store.schema.tables import to_us, transmissions
from patrol.units.wire import Fix

_T = transmissions.c

COLUMNS: Final = (
    _T.gid,
    _T.address,
    _T.time_us,
    _T.lon,
    _T.lat,
    _T.speed_mps,
    _T.course_deg,
    _T.heading_deg,
    _T.accuracy_m,
    _T.altitude_m,
    _T.river_km,
    _T.bank,
    _T.flags,
)

Box = tuple[float, float, float, float]
"""West, south, east, north, degrees; west beyond east spans the antimeridian."""


class AddressSpan(msgspec.Struct, frozen=True, kw_only=True):
    """A span of time in which an address stood for a unit or radio.

    Attributes:
        address: Radio address.
        start: First moment, aware UTC.
        end: Moment after the last, aware UTC.
        channel: The only channel believed, where the address is bound.
        box: Only positions in this box; None for anywhere.
    """

    address: str
    start: datetime
    end: datetime
    channel: str | None = None
    box: Box | None = None


def track(
    connection: Connection,
    of: str,
    spans: Iterable[AddressSpan],
    agencies: Collection[str],
    limit: int,
) -> list[Fix]:
    """Return where `of` was, oldest first: the newest `limit` positions of its spans.

    Args:
        connection: To the store.
        of: Id written into each fix.
        spans: When which address counted.
        agencies: Only records of these owners.
        limit: Most positions.
    """
    rows: list[Any] = []
    for span in spans:
        rows += connection.execute(
            select(*COLUMNS)
            .where(*inside(span, agencies))
            .order_by(_T.time_us.desc(), _T.gid.desc())
            .limit(limit)
        ).all()
    rows.sort(key=lambda row: (row.time_us, row.gid))
    return [fix_from(row, of) for row in rows[-limit:]]


def overview(
    connection: Connection,
    queries: Iterable[tuple[str, Sequence[AddressSpan], Collection[str]]],
    part: timedelta,
    points_each: int,
) -> dict[str, list[Fix]]:
    """Return the thinned track of each that has one: the newest position of each part of the time.

    Args:
        connection: To the store.
        queries: Id, spans and agencies of each, as for `track`.
        part: How long a part is.
        points_each: Most positions of each.
    """
    found: dict[str, list[Fix]] = {}
    part_us = max(part // timedelta(microseconds=1), 1)
    for of, spans, agencies in queries:
        rows: list[Any] = []
        for span in spans:
            newest_of_each = (
                select(func.max(_T.id))
                .where(*inside(span, agencies))
                .group_by(_T.time_us // part_us)
            )
            rows += connection.execute(select(*COLUMNS).where(_T.id.in_(newest_of_each))).all()
        if rows:
            rows.sort(key=lambda row: (row.time_us, row.gid))
            found[of] = thinned([fix_from(row, of) for row in rows], points_each)
    return found


def thinned(fixes: Sequence[Fix], count: int) -> list[Fix]:
    """Return at most `count` of `fixes`, evenly spread, the first and the last among them.

    >>> thinned([], 10)
    []
    """
    if len(fixes) <= count or count < 2:
        return list(fixes)
    step = (len(fixes) - 1) / (count - 1)
    return [fixes[round(number * step)] for number in range(count)]


def inside(span: AddressSpan, agencies: Collection[str]) -> list[ColumnElement[bool]]:
    """Return the conditions on a usable position that counted for somebody."""
    conditions = [
        _T.address == span.address,
        _T.time_us >= to_us(span.start),
        _T.time_us < to_us(span.end),
        effective_between(to_us(span.start), to_us(span.end)),
        _T.usable == 1,
        _T.agency.in_(sorted(agencies)),
    ]
    if span.channel is not None:
        conditions.append(_T.channel == span.channel)
    if span.box is not None:
        conditions.append(in_box(span.box))
    return conditions


def in_box(box: Box) -> ColumnElement[bool]:
    """Return the condition on a position in a box."""
    west, south, east, north = box
    across = and_(_T.lon >= west, _T.lon <= east, about_box(west, south, east, north))
    if west > east:
        across = or_(_T.lon >= west, _T.lon <= east)
    return and_(_T.lat >= south, _T.lat <= north, across)
