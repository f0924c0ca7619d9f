"""Replay columns: positions of a unit with their times of reception, as columns.

As in `history`, by range scans of (address, time) over the spans in which an address stood for a
unit.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Connection, and_, or_, select

from gis.position.accuracy import typical_accuracy_m
from patrol.alerts.alert import Alert
from patrol.documents.document import Document, kind_of
from patrol.documents_registry.document_kinds import decode
from patrol.incidents.incident import Incident
from patrol.store.engine.sql_functions import effective_between
from patrol.store.schema.rows import protocol_of, readable, transmission_of
from patrol.store.schema.tables import documents, to_us, transmissions
from patrol.store.tracks.tracks import AddressSpan, inside
from radio_gateway.messages.transmission import Transmission

_T = transmissions.c
_P = documents.c
_COLUMNS: Final = (
    _T.gid,
    _T.address,
    _T.time_us,
    _T.heard_us,
    _T.lon,
    _T.lat,
    _T.speed_mps,
    _T.course_deg,
    _T.heading_deg,
    _T.accuracy_m,
    _T.river_km,
    _T.bank,
    _T.flags,
    _T.distress,
)

LATEST: Final = timedelta(days=31)
"""So long after the time that they tell of may reports come."""

Floats = NDArray[np.float64]


class Film(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """Positions of one unit or radio, oldest first, as columns of one length.

    Attributes:
        gids: Id of each position, 16 bytes; empty for another agency's, whose are not told.
        time_us: When it was there, microseconds since 1970 UTC.
        known_us: When that was known here: when it was heard, and of another agency's units not
            before it could be shown.
        lon: Degrees east.
        lat: Degrees north.
        speed_mps: Metres a second; NaN where nobody said so, as in the next ones.
        course_deg: Degrees true.
        heading_deg: Degrees true.
        accuracy_m: Metres.
        typical_accuracy_m: Metres; counts where nobody said so.
        river_km: Kilometres from the sea.
        banks: `left`, `right`, `mid`, or empty.
        flags: Quality flags, parted by spaces.
        distress: Whether the same message called for help.
    """

    gids: list[bytes]
    time_us: NDArray[np.int64]
    known_us: NDArray[np.int64]
    lon: Floats
    lat: Floats
    speed_mps: Floats
    course_deg: Floats
    heading_deg: Floats
    accuracy_m: Floats
    typical_accuracy_m: Floats
    river_km: Floats
    banks: list[str]
    flags: list[str]
    distress: NDArray[np.bool_]

    def __len__(self) -> int:
        """Return how many positions there are."""
        return len(self.gids)

    @property
    def error_m(self) -> Floats:
        """How wrong the places may be, metres: what they tell, else what is typical of them."""
        return np.where(np.isnan(self.accuracy_m), self.typical_accuracy_m, self.accuracy_m)

    def take(self, which: NDArray[np.bool_]) -> Film:
        """Return some of the positions."""
        numbers = np.flatnonzero(which)
        listed = numbers.tolist()
        changes: dict[str, Any] = {
            name: [getattr(self, name)[number] for number in listed]
            for name in ("gids", "banks", "flags")
        }
        for name in self.__struct_fields__:
            if name not in changes:
                changes[name] = getattr(self, name)[numbers]
        return Film(**changes)


def films(
    connection: Connection,
    queries: Iterable[tuple[str, Sequence[AddressSpan], Collection[str]]],
    most: int,
) -> tuple[dict[str, Film], bool]:
    """Return the film of each that has one, and whether that is all.

    Args:
        connection: To the store.
        queries: Id, spans and agencies of each.
        most: Most positions of all together; beyond that reading stops.
    """
    found: dict[str, Film] = {}
    left = most
    for of, spans, agencies in queries:
        rows: list[Any] = []
        for span in spans:
            query = select(*_COLUMNS).where(*inside(span, agencies)).limit(left + 1 - len(rows))
            rows += connection.execute(query).all()
            if len(rows) > left:
                return found, False
        if rows:
            left -= len(rows)
            rows.sort(key=lambda row: (row.time_us, row.gid))
            found[of] = _film(rows)
    return found, True


def raw(
    connection: Connection, spans: Iterable[AddressSpan], agencies: Collection[str], limit: int
) -> list[Transmission]:
    """Return all messages of the spans, with or without a position, by effective time.

    Args:
        connection: To the store.
        spans: When which address counted.
        agencies: Only records of these.
        limit: Most messages.
    """
    rows: list[Any] = []
    for span in spans:
        query = select(transmissions).where(
            _T.address == span.address,
            _T.time_us >= to_us(span.start),
            _T.time_us < to_us(span.end),
            effective_between(to_us(span.start), to_us(span.end)),
            _T.agency.in_(sorted(agencies)),
        )
        if span.channel is not None:
            query = query.where(_T.channel == span.channel)
        rows += connection.execute(query.order_by(_T.time_us, _T.gid).limit(limit)).all()
    rows.sort(key=lambda row: (row.time_us, row.gid))
    return list(readable(rows[:limit], transmission_of))


def documents_between(
    connection: Connection, kinds: Sequence[str], start: datetime, end: datetime, limit: int
) -> list[tuple[str, str]]:
    """Return kind and id of the documents in force at some time from `start` to `end`, last changed
    first.

    A document that began after `end` may be among them; its versions show that.
    """
    query = (
        select(_P.kind, _P.id)
        .where(
            _P.newest == 1,
            _P.kind.in_(kinds),
            or_(_P.closed == 0, _P.at_us >= to_us(start)),
        )
        .where(
            _P.id.in_(
                select(_P.id).where(_P.version == 1, _P.at_us < to_us(end), _P.kind.in_(kinds))
            )
        )
        .order_by(_P.at_us.desc(), _P.id)
        .limit(limit)
    )
    return [(row.kind, row.id) for row in connection.execute(query)]


def changed_later(
    connection: Connection, start: datetime, end: datetime, limit: int
) -> list[tuple[str, str]]:
    """Return kind and id of incidents and alerts about a time that were changed after it, first
    changed first.

    Args:
        connection: To the store.
        start: First moment of the time, aware UTC.
        end: Moment after its last, aware UTC.
        limit: Most documents.
    """
    changed = (
        and_(_P.kind == "incident", _P.at_us >= to_us(end)),
        # No report comes later, so none raises an alert of that time.
        and_(_P.kind == "alert", _P.at_us.between(to_us(end), to_us(end + LATEST))),
    )
    found: list[tuple[str, str]] = []
    for each in changed:
        query = select(_P.kind, _P.body).where(_P.newest == 1, each).order_by(_P.at_us, _P.id)
        rows = connection.execute(query)
        for document in readable(rows, lambda row: decode(row.kind, row.body)):
            first, last = _when(document)
            if first < end and last > start:
                found.append((kind_of(document), document.id))
            if len(found) >= limit:
                return found
    return found


def _when(document: Document) -> tuple[datetime, datetime]:
    """Return the first and last moment that an incident or alert is about."""
    if isinstance(document, Alert):
        return document.raised_at, document.raised_at + timedelta(microseconds=1)
    if isinstance(document, Incident) and document.precision in ("minute", "day"):
        return document.longest_span
    return document.at, document.at  # of a month or a year: nobody can say that it was then


def _film(rows: Sequence[Any]) -> Film:
    gids, addresses, times, heard_times, *values, banks, flags, distress = zip(*rows, strict=True)
    lon, lat, speed, course, heading, accuracy, river_km = (
        np.array(each, dtype=np.float64) for each in values
    )
    return Film(
        gids=list(gids),
        time_us=np.array(times, dtype=np.int64),
        known_us=np.array(heard_times, dtype=np.int64),
        lon=lon,
        lat=lat,
        speed_mps=speed,
        course_deg=course,
        heading_deg=heading,
        accuracy_m=accuracy,
        typical_accuracy_m=np.array(
            [
                typical_accuracy_m(protocol_of(address), each.split())
                for address, each in zip(addresses, flags, strict=True)
            ]
        ),
        river_km=river_km,
        banks=[each or "" for each in banks],
        flags=list(flags),
        distress=np.array(distress, dtype=np.bool_),
    )
