"""MarkedPlace: a place that a sender put on its map: a point, a line, an area; not where it is."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

import msgspec

from radio_gateway.messages.printable_text import cleaned

MarkUse = Literal["place", "waypoint", "meeting_point", "hazard", "route", "area"]
"""What a place is marked for, as far as the sender's protocol tells."""

MOST_POINTS = 500
"""Points kept of a line or the edge of an area; of more, as many at even steps."""

MAX_ID = 200  # characters
MAX_NAME = 100
MAX_REMARKS = 2000

Path = tuple[tuple[float, float], ...]


class MarkedPlace(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """What one transmission says of a marked place.

    Attributes:
        id: The sender's own identifier: the same one again is the same mark, changed.
        lon: Degrees east; None only where it is taken back.
        lat: Degrees north.
        name: What people call it.
        use: What it is marked for.
        path: A line, or the edge of an area: (lon, lat), at most `MOST_POINTS`; empty for neither.
        closed: The path is the edge of an area.
        radius_m: It is all that lies so near, or may lie anywhere so near, metres.
        remarks: Words for people.
        ends_at: When it is worth nothing any more, as the sender says, aware UTC.
        deleted: The sender takes it back.
    """

    id: str
    lon: float | None = None
    lat: float | None = None
    name: str = ""
    use: MarkUse = "place"
    path: Path = ()
    closed: bool = False
    radius_m: float | None = None
    remarks: str = ""
    ends_at: datetime | None = None
    deleted: bool = False


def is_place(*, lon: float | None, lat: float | None) -> bool:
    """Return whether something can be marked there: on Earth, and not at 0, 0.

    >>> is_place(lon=100.4, lat=20.3), is_place(lon=0.0, lat=0.0), is_place(lon=None, lat=1.0)
    (True, False, False)
    """
    if lon is None or lat is None or (lon, lat) == (0.0, 0.0):
        return False
    return -180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0


def as_path(points: Iterable[tuple[float, float]]) -> Path:
    """Return points as a path: those that are places, `MOST_POINTS` of them at even steps.

    >>> as_path([(100.0, 20.0), (200.0, 20.0), (100.1, 20.0)])
    ((100.0, 20.0), (100.1, 20.0))
    """
    found = [(lon, lat) for lon, lat in points if is_place(lon=lon, lat=lat)]
    if len(found) > MOST_POINTS:
        last = len(found) - 1
        steps = MOST_POINTS - 1
        found = [found[math.floor(n * last / steps)] for n in range(MOST_POINTS)]
    return tuple(found) if len(found) > 1 else ()


def one_line(text: str | None, most: int = MAX_NAME) -> str:
    """Return words on one line, without what cannot be shown.

    >>> one_line("  pier\\n3\\x00 ")
    'pier 3'
    """
    return " ".join(cleaned((text or "")[: most * 4], " ").split())[:most].strip()


def in_lines(text: str | None) -> str:
    """Return words in lines, at most `MAX_REMARKS` long, without what cannot be shown.

    >>> in_lines("sunk\\x00 barge\\n2 m deep")
    'sunk barge\\n2 m deep'
    """
    lines = ((text or "")[: MAX_REMARKS * 2]).replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\n".join(one_line(line, MAX_REMARKS) for line in lines).strip()[:MAX_REMARKS]
