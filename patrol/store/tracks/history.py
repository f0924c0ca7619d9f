"""History: long tracks, read by pages, by days or as plain paths.

As in `tracks`, by range scans of (address, time) over the spans in which an address stood for a
unit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from gis.position.accuracy import typical_accuracy_m
from patrol.store.schema.rows import fix_from, protocol_of
from patrol.store.schema.tables import from_us, to_us, transmissions
from patrol.store.tracks.tracks import COLUMNS, AddressSpan, Box, in_box, inside
from patrol.units.wire import Fix

_T = transmissions.c
DAY_US: Final = 86_400_000_000
_LOOKED_AT: Final = 2000  # positions at once
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

Mark = tuple[int, bytes]
"""Where a page ended: time and id of its last position."""


class PositionPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some positions, oldest first.

    Attributes:
        fixes: The positions.
        ids: Id of each.
        last: Where the page ended; None when nothing comes after.
    """

    fixes: list[Fix]
    ids: list[bytes]
    last: Mark | None


class PositionHistory(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Where one unit or radio was, as arrays, oldest first.

    Attributes:
        times_s: Seconds since 1970, UTC.
        lons: Degrees east.
        lats: Degrees north.
        error_m: How wrong the places may be, metres: what they tell, else what is typical of them.
        speeds_mps: Metres a second; NaN where nobody said so.
    """

    times_s: NDArray[np.float64]
    lons: NDArray[np.float64]
    lats: NDArray[np.float64]
    error_m: NDArray[np.float64]
    speeds_mps: NDArray[np.float64]


def page(
    connection: Connection,
    of: str,
    spans: Iterable[AddressSpan],
    agencies: Collection[str],
    *,
    limit: int,
    after: Mark | None = None,
    box: Box | None = None,
) -> PositionPage:
    """Return the oldest `limit` positions of the spans of `of` after a mark.

    Args:
        connection: To the store.
        of: Id written into each fix.
        spans: When which address counted.
        agencies: Only records of these.
        limit: Most positions.
        after: Where the page before ended.
        box: Only positions in this box.
    """
    rows: list[Any] = []
    more: list[ColumnElement[bool]] = [] if box is None else [in_box(box)]
    if after is not None:
        time_us, gid = after
        more.append(or_(_T.time_us > time_us, and_(_T.time_us == time_us, _T.gid > gid)))
        more.append(_T.time_us >= time_us)  # what the index is searched by
    for span in spans:
        rows += connection.execute(
            select(*COLUMNS)
            .where(*inside(span, agencies), *more)
            .order_by(_T.time_us, _T.gid)
            .limit(limit + 1)
        ).all()
    rows.sort(key=lambda row: (row.time_us, row.gid))
    whole = len(rows) <= limit
    rows = rows[:limit]
    return PositionPage(
        fixes=[fix_from(row, of) for row in rows],
        ids=[row.gid for row in rows],
        last=None if whole or not rows else (rows[-1].time_us, rows[-1].gid),
    )


def page_in_box(page: PositionPage, box: Box) -> PositionPage:
    """Return the positions of a page that lie in a box; the next page begins at the same mark."""
    west, south, east, north = box
    passing = [
        (fix, gid)
        for fix, gid in zip(page.fixes, page.ids, strict=True)
        if south <= fix.lat <= north
        and (west <= fix.lon <= east if west <= east else fix.lon >= west or fix.lon <= east)
    ]
    return PositionPage(
        fixes=[fix for fix, _ in passing], ids=[gid for _, gid in passing], last=page.last
    )


def position(
    connection: Connection,
    of: str,
    spans: Iterable[AddressSpan],
    agencies: Collection[str],
    gid: bytes,
) -> Fix | None:
    """Return the position `gid` if it lies in the spans of `of`, else None."""
    for span in spans:
        query = select(*COLUMNS).where(*inside(span, agencies), _T.gid == gid)
        row = connection.execute(query).first()
        if row is not None:
            return fix_from(row, of)
    return None


class HistoryExtent(msgspec.Struct, frozen=True, kw_only=True):
    """Count of positions, their bounding box and their time range.

    Attributes:
        count: How many.
        box: West, south, east, north, degrees.
        times: Of the first and the last, aware UTC.
    """

    count: int
    box: Box
    times: tuple[datetime, datetime]


def extent(
    connection: Connection,
    spans: Iterable[AddressSpan],
    agencies: Collection[str],
    *,
    most: int,
    plausible: bool = False,
    box: Box | None = None,
) -> list[HistoryExtent] | None:
    """Return the extent of the positions of each span that has one.

    Args:
        connection: To the store.
        spans: When which address counted.
        agencies: Only records of these.
        most: Positions that are looked at; None is returned where there are more.
        plausible: Without places that nothing could have reached (flag `jump`).
        box: Only positions in this box.
    """
    found: list[HistoryExtent] = []
    more = [] if box is None else [in_box(box)]
    if plausible:
        more.append(_T.flags.not_like("%jump%"))
    left = most
    for span in spans:
        some = (
            select(_T.time_us, _T.lon, _T.lat)
            .where(*inside(span, agencies), *more)
            .limit(left + 1)
            .subquery()
        ).c
        count, *ends = connection.execute(
            select(
                func.count(),
                func.min(some.lon),
                func.min(some.lat),
                func.max(some.lon),
                func.max(some.lat),
                func.min(some.time_us),
                func.max(some.time_us),
            )
        ).one()
        left -= count
        if left < 0:
            return None
        if count:
            west, south, east, north, start_us, end_us = ends
            times = (from_us(start_us), from_us(end_us))
            found.append(HistoryExtent(count=count, box=(west, south, east, north), times=times))
    return found


def days(
    connection: Connection, spans: Iterable[AddressSpan], agencies: Collection[str]
) -> list[date]:
    """Return the days (UTC) on which there is a position, oldest first.

    One short search a day: nothing is read but the first position of each.
    """
    found: set[int] = set()
    for span in spans:
        conditions = inside(span, agencies)
        since = to_us(span.start)
        while True:
            first = connection.execute(
                select(func.min(_T.time_us)).where(*conditions, _T.time_us >= since)
            ).scalar()
            if first is None:
                break
            found.add(int(first) // DAY_US)
            since = (int(first) // DAY_US + 1) * DAY_US
    return [(_EPOCH + timedelta(days=day)).date() for day in sorted(found)]


def places_from(
    connection: Connection, span: AddressSpan, agencies: Collection[str], since_us: int
) -> list[tuple[int, float, float]]:
    """Return the first positions of a span from a time on, oldest first; empty after its last.

    Args:
        connection: To the store.
        span: When which address counted.
        agencies: Only records of these.
        since_us: Microseconds since 1970.

    Returns:
        Time (microseconds since 1970), longitude and latitude of each.
    """
    rows = connection.execute(
        select(_T.time_us, _T.lon, _T.lat)
        .where(*inside(span, agencies), _T.time_us >= since_us)
        .order_by(_T.time_us)
        .limit(_LOOKED_AT)
    )
    return [(time_us, lon, lat) for time_us, lon, lat in rows]


def paths(
    connection: Connection,
    queries: Iterable[tuple[str, Sequence[AddressSpan], Collection[str]]],
    part: timedelta,
) -> dict[str, PositionHistory]:
    """Return the path of each that has one: the newest position of each part of the time.

    Args:
        connection: To the store.
        queries: Id, spans and agencies of each.
        part: How long a part is; every position where it is zero.

    Returns:
        Without places that nothing could have reached (flag `jump`).
    """
    found: dict[str, PositionHistory] = {}
    part_us = part // timedelta(microseconds=1)
    for of, spans, agencies in queries:
        rows: list[tuple[int, float, float, float, float | None]] = []
        for span in spans:
            protocol = protocol_of(span.address)
            query = select(_T.time_us, _T.lon, _T.lat, _T.accuracy_m, _T.speed_mps, _T.flags).where(
                *inside(span, agencies)
            )
            if part_us > 0:
                newest = (
                    select(func.max(_T.id))
                    .where(*inside(span, agencies))
                    .group_by(_T.time_us // part_us)
                )
                query = query.where(_T.id.in_(newest))
            rows += [
                (
                    time_us,
                    lon,
                    lat,
                    typical_accuracy_m(protocol, flags.split()) if error_m is None else error_m,
                    speed_mps,
                )
                for time_us, lon, lat, error_m, speed_mps, flags in connection.execute(query)
                if "jump" not in flags
            ]
        if rows:
            rows.sort(key=itemgetter(0, 1, 2))
            times_us, *values = np.array(rows, dtype=np.float64).T
            lons, lats, error_m, speeds_mps = values
            found[of] = PositionHistory(
                times_s=times_us / 1e6, lons=lons, lats=lats, error_m=error_m, speeds_mps=speeds_mps
            )
    return found
