"""All rivers that have kilometres of their own, and the nearest one's address."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from numpy.typing import ArrayLike, NDArray

from gis.errors.errors import GisError, LayerError
from gis.geometry.features import features_of
from gis.geometry.geodesy import Floats, as_columns
from gis.layers.reference_layers import shipped_features
from gis.river.river import MOST_DOUBT_M, REACH_OF_RIVER_M, River, RiverPlace, load_mekong

if TYPE_CHECKING:
    from gis.geometry.features import Table


class OnRiver(msgspec.Struct, frozen=True, kw_only=True):
    """Where a position is along the nearest of several rivers.

    Attributes:
        river: That river's name.
        place: Where it is along it.
        also: Names of other rivers that lines and position, as wrong as they may be, let be the
            nearest: at a mouth, mostly.
    """

    river: str
    place: RiverPlace
    also: tuple[str, ...] = ()


class OnRivers(msgspec.Struct, frozen=True, kw_only=True):
    """Where many positions are along the nearest of several rivers.

    Attributes: those of `gis.river.river.RiverPlaces`, and
        river: Index into `Rivers.names`; -1 beyond 5 km of all. `reach` counts in that river.
        unsure: True where another river may be the nearest as well.
    """

    river: NDArray[np.intp]
    km: Floats
    offset_m: Floats
    side: NDArray[np.int8]
    mid: NDArray[np.bool_]
    error_m: Floats
    reach: NDArray[np.intp]
    unsure: NDArray[np.bool_]


class Rivers:
    """Rivers by name; the first is the main one, and wins where two are as near."""

    def __init__(self, rivers: Sequence[River]) -> None:
        """Take the rivers.

        Args:
            rivers: At least one, each of another name.

        Raises:
            GisError: If there is none, or two have one name.
        """
        self.all = tuple(rivers)
        self.names = tuple(river.name for river in rivers)
        self._boxes = [
            river.course.box(within_m=REACH_OF_RIVER_M + MOST_DOUBT_M) for river in self.all[1:]
        ]
        if not self.names or len(set(self.names)) < len(self.names):
            raise GisError("rivers need at least one, and each a name of its own")

    @property
    def main(self) -> River:
        """The first river.

        >>> load_rivers().main.name
        'Mekong'
        """
        return self.all[0]

    def river(self, name: str) -> River:
        """Return the river of a name.

        Raises:
            GisError: If there is none.

        >>> round(load_rivers().river("Ruak").km_range[1])
        39
        """
        if name not in self.names:
            raise GisError(f"no river {name}; there are {', '.join(self.names)}")
        return self.all[self.names.index(name)]

    def locate(self, *, lon: float, lat: float, accuracy_m: float = 0.0) -> OnRiver | None:
        """Return where a place is along the nearest river; None beyond 5 km of all.

        Args:
            lon: Longitude, degrees.
            lat: Latitude, degrees.
            accuracy_m: How wrong the position itself may be, metres.

        >>> found = load_rivers().locate(lon=100.005, lat=20.414)
        >>> found.river, round(found.place.km), found.place.km_below_golden_triangle is None
        ('Ruak', 25, True)
        >>> load_rivers().locate(lon=100.0847, lat=20.3523).also
        ('Ruak',)
        """
        found = [
            (river, place)
            for river in self.all
            if (place := river.locate(lon=lon, lat=lat, accuracy_m=accuracy_m)) is not None
        ]
        if not found:
            return None
        river, place = min(found, key=lambda each: abs(each[1].offset_m))
        also = tuple(
            other.name
            for other, at in found
            if other is not river
            and abs(at.offset_m) - abs(place.offset_m) <= at.error_m + place.error_m + accuracy_m
        )
        return OnRiver(river=river.name, place=place, also=also)

    def locate_many(
        self, lons: ArrayLike, lats: ArrayLike, *, accuracy_m: ArrayLike = 0.0
    ) -> OnRivers:
        """Return where places are along their nearest rivers.

        >>> found = load_rivers().locate_many([100.005, 100.41, 0.0], [20.414, 20.266, 0.0])
        >>> [load_rivers().names[n] if n >= 0 else None for n in found.river]
        ['Ruak', 'Mekong', None]
        """
        lon, lat = as_columns(lons, lats)
        return self.locate_columns(lon, lat, accuracy_m=np.asarray(accuracy_m, dtype=np.float64))

    def locate_columns(self, lon: Floats, lat: Floats, *, accuracy_m: Floats) -> OnRivers:
        """Return the same of two arrays of one length."""
        best = self.all[0].locate_columns(lon, lat, accuracy_m=accuracy_m)
        km, offset, side, mid = best.km, best.offset_m, best.side, best.mid
        error, reach = best.error_m, best.reach
        river = np.minimum(reach, 0)
        unsure = np.zeros(river.shape, dtype=np.bool_)
        for number in self._near(lon, lat):
            found = self.all[number].locate_columns(lon, lat, accuracy_m=accuracy_m)
            known = found.reach >= 0
            if not np.count_nonzero(known):
                continue
            both = known & (river >= 0)
            apart = np.abs(np.abs(found.offset_m) - np.abs(offset))
            close = both & (apart <= found.error_m + error + accuracy_m)
            nearer = known & ((river < 0) | (np.abs(found.offset_m) < np.abs(offset)))
            # A river that a nearer one leaves behind for sure takes its own doubts along.
            unsure = np.where(nearer, close, unsure | close)
            river = np.where(nearer, number, river)
            km = np.where(nearer, found.km, km)
            offset = np.where(nearer, found.offset_m, offset)
            side = np.where(nearer, found.side, side)
            mid = np.where(nearer, found.mid, mid)
            error = np.where(nearer, found.error_m, error)
            reach = np.where(nearer, found.reach, reach)
        return OnRivers(
            river=river,
            km=km,
            offset_m=offset,
            side=side,
            mid=mid,
            error_m=error,
            reach=reach,
            unsure=unsure,
        )

    def _near(self, lon: Floats, lat: Floats) -> list[int]:
        """Return the rivers besides the main one that any of the places may be near.

        Those whose box meets the one around all places; few are asked about at most.
        """
        if not lon.size or not self._boxes:
            return []
        least, most = np.fmin.reduce, np.fmax.reduce  # they pass over NaN
        low, high = float(least(lat)), float(most(lat))
        west, east = float(least(lon)), float(most(lon))
        centre, half = (west + east) / 2.0, (east - west) / 2.0
        return [
            number
            for number, (middle, wide, south, north) in enumerate(self._boxes, 1)
            if south <= high
            and north >= low
            # So that one place that is none hides no river from the others: its centre is NaN.
            and not abs((centre - middle + 180.0) % 360.0 - 180.0) > wide + half
        ]


def rivers_of(main: River, others: Table, *, file: str = "centrelines") -> Rivers:
    """Return the main river and those of a layer.

    Args:
        main: The main river.
        others: Reaches in order downstream, as `River` takes them, with the column `river`.
        file: Name for error messages.

    Raises:
        LayerError: If a river's reaches do not join, or it is called as the main one.

    >>> rivers_of(load_mekong(), shipped_features("centrelines")).names[:3]
    ('Mekong', 'Ruak', 'Sai')
    """
    if "river" not in others.columns:
        raise LayerError(file, "has no column river")
    found, reaches = [main], features_of(others)
    for name in dict.fromkeys(str(each) for each in reaches["river"]):
        if name == main.name:
            raise LayerError(file, f"has a river {name}, which is the main one")
        own = reaches.take(np.array([str(each) == name for each in reaches["river"]]))
        found.append(River(own, file=f"{file}, river {name}", name=name))
    return Rivers(found)


@functools.cache
def load_rivers() -> Rivers:
    """Return the Mekong and the other rivers of the shipped layers; loaded once.

    >>> load_rivers() is load_rivers()
    True
    >>> {river.name: round(river.km_range[1]) for river in load_rivers().all[1:5]}
    {'Ruak': 39, 'Sai': 12, 'Moei': 286, 'Nam Heuang': 67}
    """
    return rivers_of(load_mekong(), shipped_features("centrelines"), file="centrelines.geojson")
