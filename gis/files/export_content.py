"""Export content: tracks with a time at each place, and layers of features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING

from gis.position.position import Position

if TYPE_CHECKING:
    import geopandas as gpd

GAP = timedelta(minutes=30)
"""A silence this long breaks a track: nobody knows where it was meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportTrack:
    """Where one unit was, in order of time.

    Attributes:
        id: Its id.
        name: Name for people, in whatever script.
        positions: Its positions, oldest first, each with a time (aware UTC).
        kind: What it is (`boat`), if known.
        side: Country, ISO 3166-1 alpha-2, if known.
        patrol: The patrol it belongs to, if it is told.
    """

    id: str
    name: str
    positions: tuple[Position, ...]
    kind: str | None = None
    side: str | None = None
    patrol: str | None = None

    def parts(self) -> Iterator[Sequence[Position]]:
        """Yield the stretches between silences longer than `GAP`; none of an empty track.

        >>> from datetime import UTC
        >>> at = datetime(2026, 11, 24, 2, tzinfo=UTC)
        >>> places = [Position(lon=100.4, lat=20.2, time=at + timedelta(minutes=m))
        ...     for m in (0, 1, 60)]
        >>> track = ExportTrack(id="n1", name="Naga 1", positions=tuple(places))
        >>> [len(part) for part in track.parts()]
        [2, 1]
        """
        start = 0
        for number, (before, after) in enumerate(pairwise(self.positions), 1):
            if time_of(after) - time_of(before) > GAP:
                yield self.positions[start:number]
                start = number
        if self.positions:
            yield self.positions[start:]


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportContent:
    """What is written into one file.

    Attributes:
        title: What it is, for people.
        made_at: When it was put together, aware UTC.
        tracks: Tracks.
        layers: Frames in EPSG:4326 by name. Of their columns `name`, `description` and `time`
            (aware UTC) go to the places a format has for them, the others beside.
    """

    title: str
    made_at: datetime
    tracks: tuple[ExportTrack, ...] = ()
    layers: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)


def time_of(position: Position) -> datetime:
    """Return the time of a position of a track.

    Raises:
        ValueError: If it has none.

    >>> time_of(Position(lon=0, lat=0))
    Traceback (most recent call last):
    ...
    ValueError: a position of a track has a time
    """
    if position.time is None:
        raise ValueError("a position of a track has a time")
    return position.time


def moment(time: datetime) -> str:
    """Return a time (aware UTC) as RFC 3339 and XML Schema write it, milliseconds if there are any.

    >>> from datetime import UTC
    >>> moment(datetime(2026, 11, 24, 2, 30, 5, 250000, tzinfo=UTC))
    '2026-11-24T02:30:05.250Z'
    >>> moment(datetime(2026, 11, 24, 2, 30, tzinfo=UTC))
    '2026-11-24T02:30:00Z'
    """
    kind = "milliseconds" if time.microsecond else "seconds"
    return time.isoformat(timespec=kind).replace("+00:00", "Z")
