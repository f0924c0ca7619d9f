"""FeedPlace: a target, sector or mark as a place that a feed sends.

A feed tells of them only where its settings say so (`also`), and only what its desk lets pass.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal

import msgspec
import shapely

from patrol.documents.document import Document
from patrol.marks.mark import OWN_NAME, Mark
from patrol.sectors.sector import Sector
from patrol.targets.target import Target

PlaceKind = Literal["targets", "sectors", "marks"]

KINDS: Final[dict[str, PlaceKind]] = {"target": "targets", "sector": "sectors", "mark": "marks"}
"""By the tag of the document."""

Outline = Callable[[Sector], dict[str, Any] | None]
Path = tuple[tuple[float, float], ...]


class FeedPlace(msgspec.Struct, frozen=True, kw_only=True):
    """One target, sector or mark.

    Attributes:
        id: Of the document.
        origin: Node where it was begun.
        kind: Which of them.
        use: What a target is, or what a sector or mark is for.
        name: What people call it.
        lon: Degrees east: where last seen, or in its midst.
        lat: Degrees north.
        time: When that was so, aware UTC.
        ends_at: When it ends, aware UTC; None: not known.
        path: A line, or the edge of an area: (lon, lat); empty for neither.
        closed: The path is the edge of an area.
        radius_m: It is all that lies so near, metres.
        remarks: Words for people.
        speed_mps: Over ground.
        course_deg: Over ground, degrees true.
        accuracy_m: How wrong the place may be.
        address: Radio address that it was marked by; empty for the office and where that is not
            known.
    """

    id: str
    origin: str
    kind: PlaceKind
    use: str
    name: str
    lon: float
    lat: float
    time: datetime
    ends_at: datetime | None = None
    path: Path = ()
    closed: bool = False
    radius_m: float | None = None
    remarks: str = ""
    speed_mps: float | None = None
    course_deg: float | None = None
    accuracy_m: float | None = None
    address: str = ""

    @property
    def teller(self) -> str:
        """Name of the node as outward: the beginning of all that it tells of."""
        return f"{OWN_NAME}{self.origin}"

    @property
    def uid(self) -> str:
        """Name under which it is told outward: ours, and the same for ever."""
        return f"{self.teller}.{self.id}"


def place_of(document: Document, outline: Outline) -> FeedPlace | None:
    """Return a document as a place; None for one that has none, or is followed no more.

    Args:
        document: As the feed's desk lets it pass.
        outline: Returns the area of a river stretch as GeoJSON; None where nobody can tell.
    """
    if isinstance(document, Mark):
        return FeedPlace(
            id=document.id,
            origin=document.origin,
            kind="marks",
            use=document.use,
            name=document.name,
            lon=document.lon,
            lat=document.lat,
            time=document.marked_at,
            ends_at=document.ends_at,
            path=tuple((lon, lat) for lon, lat in document.path),
            closed=document.closed,
            radius_m=document.radius_m,
            remarks=document.remarks,
            address=document.address,
        )
    if isinstance(document, Target) and document.sightings and document.is_had:
        last = document.sightings[-1]
        return FeedPlace(
            id=document.id,
            origin=document.origin,
            kind="targets",
            use=document.what,
            name=document.name,
            lon=last.lon,
            lat=last.lat,
            time=last.at,
            remarks=document.description,
            speed_mps=last.speed_mps,
            course_deg=last.course_deg,
            accuracy_m=last.accuracy_m,
        )
    if isinstance(document, Sector):
        area = document.geometry or outline(document)
        if area is None:
            return None
        shape = shapely.geometry.shape(area)
        if shape.geom_type == "MultiPolygon":
            shape = max(shape.geoms, key=lambda each: each.area)
        if shape.geom_type != "Polygon" or shape.is_empty:
            return None
        middle = shape.representative_point()
        ring = shapely.simplify(shape.exterior, 0.0001)
        return FeedPlace(
            id=document.id,
            origin=document.origin,
            kind="sectors",
            use=document.use,
            name=document.name,
            lon=middle.x,
            lat=middle.y,
            time=document.at,
            path=tuple((float(lon), float(lat)) for lon, lat in ring.coords),
            closed=True,
            remarks=document.note,
        )
    return None
