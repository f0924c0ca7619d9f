"""Past fixes: stored positions with which geofences and behaviours start."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from gis.position.position import Position
from patrol.alerts.alert import HOLDING, Alert
from patrol.documents.open_documents import OpenDocuments
from patrol.patrols.patrol import Patrol
from patrol.picture.address_spans import NEVER, spans_of_unit
from patrol.picture.picture import Picture
from patrol.store.store import Store
from patrol.store.tracks import tracks
from patrol.units.wire import Fix

LONGEST_PAST: Final = timedelta(hours=12)
"""How far back the fixes of a patrol under way are read."""

MOST_PAST: Final = 5000

MOST_OF_ALERTED: Final = 60
"""Newest fixes that are read of a unit of which an alert says that it is in a sector."""


def windows(picture: Picture, units: Iterable[str] | None = None) -> Iterator[tuple[str, Position]]:
    """Yield the newest positions that the picture holds of units.

    Args:
        picture: What is known.
        units: Of these; None: of all.
    """
    for id in picture.units if units is None else units:
        contact = picture.contacts.get(id)
        for entry in () if contact is None else contact.window:
            yield id, position_of(entry[2], entry[0])


async def patrolled(
    store: Store,
    picture: Picture,
    open_documents: OpenDocuments,
    *,
    now: datetime,
    units: Container[str] | None = None,
) -> list[tuple[str, Position]]:
    """Return where the units of patrols under way were since these began, and when they were to
    meet.

    Args:
        store: Holds their tracks.
        picture: Knows which radios stood for them.
        open_documents: The open documents.
        now: The present, aware UTC.
        units: Only of these; None: of all.

    Raises:
        StoreError: If the store cannot be read.
    """
    found: list[tuple[str, Position]] = []
    for patrol in open_documents.all(Patrol):
        if patrol.state != "under way":
            continue
        start = max(patrol.started_at or patrol.starts_at, now - LONGEST_PAST)
        for member in patrol.members:
            if units is not None and member.unit not in units:
                continue
            for first, last in (*_meetings(patrol, member.unit, now), (start, now)):
                spans = spans_of_unit(picture, member.unit, start=first, end=last)
                track = await store.read(
                    tracks.track, member.unit, spans, (member.agency,), MOST_PAST
                )
                found += [(member.unit, position_of(fix, min(fix.time, now))) for fix in track]
    return found


async def alerted(
    store: Store, picture: Picture, open_documents: OpenDocuments, *, now: datetime
) -> list[tuple[str, Position]]:
    """Return recent positions of units that are in a no-go sector by an open alert.

    Among few fixes one wild one is taken for a way out and in again.

    Args, and what it raises, as for `patrolled`.
    """
    found: list[tuple[str, Position]] = []
    for alert in open_documents.all(Alert):
        unit = picture.units.get(alert.unit or "")
        if alert.rule != "no_go" or alert.state not in HOLDING or unit is None:
            continue
        spans = spans_of_unit(picture, unit.id, start=now - LONGEST_PAST, end=now)
        track = await store.read(tracks.track, unit.id, spans, (unit.agency,), MOST_OF_ALERTED)
        found += [(unit.id, position_of(fix, min(fix.time, now))) for fix in track]
    return found


def in_order(fixes: Iterable[tuple[str, Position]]) -> list[tuple[str, Position]]:
    """Return fixes oldest first: once a newer one of the unit was seen, one that is a day older
    comes too late to be looked at.
    """
    return sorted(fixes, key=lambda each: each[1].time or NEVER)


def _meetings(patrol: Patrol, unit: str, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield when a unit was to be at a meeting: that it was there, however long ago, counts."""
    for meeting in patrol.rendezvous:
        grace = timedelta(seconds=meeting.grace_s)
        last = min(meeting.at + grace, now)
        if unit in (meeting.units or patrol.units) and meeting.at - grace < last:
            yield meeting.at - grace, last


def position_of(fix: Fix, time: datetime) -> Position:
    """Return a fix as fences take it: at a time that has come."""
    return Position(
        lon=fix.lon,
        lat=fix.lat,
        time=time,
        accuracy_m=fix.error_m,
        speed_mps=fix.speed_mps,
    )
