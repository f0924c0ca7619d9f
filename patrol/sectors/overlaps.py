"""Overlaps of two areas, and of an area with no-go and restricted sectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Final

import msgspec
import shapely

from gis.errors.errors import GisError
from gis.fences.area import Area
from patrol.sectors.sector import KEPT_OUT_OF, Sector, SectorUse
from patrol.sectors.site_geography import Ground

LEAST_OVERLAP_M2: Final = 100.0
"""Less is how two people draw the same bank."""


class Overlap(msgspec.Struct, frozen=True, kw_only=True):
    """Where an area overlaps a sector that is closed to patrols.

    Attributes:
        message: The same for people: what, whose, where.
        sector: That sector, by id.
        name: Its name.
        use: Why nobody patrols there.
        agency: Whose it is, by id.
        lon: A place inside both, degrees east.
        lat: The same, degrees north.
        place: The same for people.
    """

    message: str
    sector: str
    name: str
    use: SectorUse
    agency: str
    lon: float
    lat: float
    place: str


def overlap(one: Area, other: Area) -> tuple[float, float] | None:
    """Return (lon, lat) in the middle of the intersection of two areas; None for no overlap."""
    ours, theirs = one.geometry, other.geometry
    if not shapely.intersects(ours, theirs):
        return None
    common = shapely.intersection(ours, theirs)
    if common.area * one.plane.lon_m * one.plane.lat_m < LEAST_OVERLAP_M2:
        return None
    middle = shapely.point_on_surface(common)
    return float(middle.x), float(middle.y)


def no_go_areas(
    sectors: Iterable[Sector], *, shows: Callable[[Sector], bool], but: str | None = None
) -> Iterator[Sector]:
    """Yield the sectors that are closed to patrols, as far as a user may know of them.

    Args:
        sectors: Those in use.
        shows: Whether that somebody may see one.
        but: The sector that is asked about, by id: it is not in its own way.
    """
    for each in sectors:
        if each.use in KEPT_OUT_OF and each.id != but and shows(each):
            yield each


def overlaps(area: Area, sectors: Iterable[Sector], ground: Ground) -> Iterator[Overlap]:
    """Yield those of some sectors that an area overlaps, and where."""
    for other in sectors:
        try:
            shared = overlap(area, ground.area(other))
        except GisError:
            continue  # it was judged when it was drawn: this site's rivers have changed since
        if shared is None:
            continue
        lon, lat = shared
        place = ground.words(lon=lon, lat=lat)
        yield Overlap(
            message=f"overlaps {other.use.replace('_', '-')} {other.name} of {other.agency}"
            f" at {place}",
            sector=other.id,
            name=other.name,
            use=other.use,
            agency=other.agency,
            lon=lon,
            lat=lat,
            place=place,
        )
