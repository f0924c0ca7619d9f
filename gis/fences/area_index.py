"""Areas by where they are: which ones a box meets, and how far the nearest edge is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Final, TypeAlias

import msgspec
import numpy as np
import shapely

from gis.errors.errors import AreaError
from gis.fences.area import Area
from gis.fences.fix import DEGREE_M, LonLat

Box: TypeAlias = tuple[float, float, float, float]
"""West, south, east, north, degrees."""

FAR_M: Final = 1000.0
"""Areas farther away than this are all the same."""

LEAST_COSINE: Final = 0.01  # of a latitude: closer to a pole a degree of longitude is no measure


class Surroundings(msgspec.Struct, frozen=True, gc=False):
    """What lies about a place.

    Attributes:
        lon: The place, degrees.
        lat: The same.
        cosine: Of its latitude.
        free_m: How far the nearest edge is, metres, at most `FAR_M`.
        areas: How far each area is that is no farther than that, 0 within it, and its number.
    """

    lon: float
    lat: float
    cosine: float
    free_m: float
    areas: tuple[tuple[float, int], ...]

    def away_m(self, places: Iterable[LonLat]) -> float:
        """Return how far the farthest of some places near it is.

        >>> from gis.fences.fix import Spot
        >>> round(Surroundings(100.0, 60.0, 0.5, 0.0, ()).away_m([Spot(100.001, 60.0)]))
        56
        """
        most = 0.0
        for place in places:
            east, north = (place.lon - self.lon) * self.cosine, place.lat - self.lat
            squared = east * east + north * north
            if squared > most:
                most = squared
        return DEGREE_M * math.sqrt(most)


class AreaIndex:
    """Areas, each with a number.

    >>> index = AreaIndex([])
    >>> index.around(lon=100.0, lat=20.0).free_m
    1000.0
    """

    def __init__(self, areas: Sequence[Area]) -> None:
        """Index areas.

        Raises:
            AreaError: If two have one id.
        """
        self.areas = tuple(areas)
        self.number = {area.id: number for number, area in enumerate(self.areas)}
        if len(self.number) < len(self.areas):
            ids = [area.id for area in self.areas]
            raise AreaError(next(id for id in ids if ids.count(id) > 1), "is there twice")
        self._shapes = np.array([area.shape for area in self.areas], dtype=object)
        boxes = [(number, box) for number, area in enumerate(self.areas) for box in boxes_of(area)]
        self._wraps = any(box[0] < -180.0 or box[2] > 180.0 for _, box in boxes)
        self._of = [number for number, _ in boxes]
        # A diagonal has the bounds of its box, which are all that is asked for.
        corners = np.array([box for _, box in boxes], dtype=np.float64).reshape(-1, 2, 2)
        self._tree = shapely.STRtree(shapely.linestrings(corners))

    def near(
        self, *, lon: float, lat: float, east: float, north: float, within_m: float
    ) -> set[int]:
        """Return the numbers of areas whose boxes come within a distance of that of a move.

        Args:
            lon: Where it begins, degrees.
            lat: The same.
            east: How far east it goes, degrees; may be below 0.
            north: How far north, degrees.
            within_m: How far beside it is near.
        """
        tall = within_m / DEGREE_M * 1.01
        cosine = math.cos(math.radians(min(90.0, abs(lat) + abs(north) + tall)))
        wide = min(180.0, tall / max(LEAST_COSINE, cosine))
        south, top = lat + min(0.0, north) - tall, lat + max(0.0, north) + tall
        west, end = lon + min(0.0, east) - wide, lon + max(0.0, east) + wide
        found: set[int] = set()
        wraps = self._wraps or west < -180.0 or end > 180.0
        turns = (-360.0, 0.0, 360.0) if wraps else (0.0,)
        for turn in turns:
            # An array of one: a single shape takes the tree's slow way.
            box = shapely.box([west + turn], [south], [end + turn], [top])
            found.update([self._of[n] for n in self._tree.query(box)[1].tolist()])
        return found

    def around(self, *, lon: float, lat: float) -> Surroundings:
        """Return what lies about a place."""
        near = [*self.near(lon=lon, lat=lat, east=0.0, north=0.0, within_m=FAR_M)]
        cosine = math.cos(math.radians(lat))
        if not near:
            return Surroundings(lon, lat, cosine, FAR_M, ())
        at = shapely.points([self.areas[n].plane.xy(lon=lon, lat=lat) for n in near])
        areas = tuple(zip(shapely.distance(self._shapes[near], at).tolist(), near, strict=True))
        free_m = FAR_M
        for (away_m, number), place in zip(areas, at, strict=True):
            free_m = min(free_m, away_m or self.areas[number].edge.distance(place))
        return Surroundings(lon, lat, cosine, free_m, areas)


def boxes_of(area: Area) -> list[Box]:
    """Return boxes around an area, within -180 to 180 degrees; about a pole, all the way round.

    >>> from gis.fences.area import around
    >>> boxes = boxes_of(around("a", lon=180.0, lat=0.0, radius_m=11132.0))
    >>> [tuple(round(x, 1) for x in box) for box in boxes]
    [(179.9, -0.1, 180.1, 0.1)]
    """
    plane = area.plane
    west, south, east, north = area.shape.bounds
    if plane.polar:
        reach = math.hypot(max(abs(west), abs(east)), max(abs(south), abs(north))) / plane.lat_m
        if plane.lat > 0.0:
            return [(-180.0, 90.0 - reach, 180.0, 90.0)]
        return [(-180.0, -90.0, 180.0, -90.0 + reach)]
    low, high = plane.lat + south / plane.lat_m, plane.lat + north / plane.lat_m
    return [(plane.lon + west / plane.lon_m, low, plane.lon + east / plane.lon_m, high)]
