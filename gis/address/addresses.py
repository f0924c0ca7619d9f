"""Which address a position has, by the rivers and the border of one site."""

from __future__ import annotations

import functools
import math
from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from gis.address.address import Address
from gis.border.border import Border, load_border
from gis.geometry.geodesy import Floats, as_columns
from gis.river.river import Bank
from gis.river.rivers import Rivers, load_rivers

GOLDEN_TRIANGLE_WITHIN_KM: Final = 500.0  # farther along, nobody counts from it
_BANKS: Final[dict[int, Bank | None]] = {1: "left", -1: "right", 0: None}
_NOWHERE: Final = (None, None, None)
_PARTS: Final = np.array([[1000.0], [1000.0], [10.0], [10.0], [10.0]])  # of one: told as exactly


class Addresses:
    """Gives positions their addresses, from the rivers and the border of one site."""

    def __init__(self, rivers: Rivers, border: Border) -> None:
        """Take the rivers and the border."""
        self.rivers, self.border = rivers, border
        marks = [river.golden_triangle_km for river in rivers.all]
        # One more, for what is on no river.
        self._marks_km: Floats = np.array([*marks, None], dtype=np.float64)
        self._reaches = [
            [(river.name, reach, river.km_error_share(n)) for n, reach in enumerate(river.reaches)]
            for river in rivers.all
        ]

    def of(self, *, lon: float, lat: float, accuracy_m: float = 0.0) -> Address:
        """Return the address of a place; one without fields where nothing is known of it.

        Args:
            lon: Longitude, degrees.
            lat: Latitude, degrees.
            accuracy_m: How wrong the position itself may be, metres.

        >>> address = load_addresses().of(lon=100.43, lat=20.27)
        >>> address.words().replace("\u202f", " ")
        'km 2 355, left bank, LA side, Houay Xai reach (69 km below the Golden Triangle)'
        >>> load_addresses().of(lon=0.0, lat=0.0) == Address()
        True
        """
        return self.of_many([lon], [lat], accuracy_m=accuracy_m)[0]

    def of_many(
        self, lons: ArrayLike, lats: ArrayLike, *, accuracy_m: ArrayLike = 0.0
    ) -> list[Address]:
        """Return the addresses of places given as two arrays of degrees.

        Args:
            lons: Longitudes; NaN for one that is not known.
            lats: Latitudes.
            accuracy_m: How wrong the positions may be, metres; NaN makes nothing sure.

        >>> [each.reach for each in load_addresses().of_many([100.41, 0.0], [20.266, 0.0])]
        ['Houay Xai', None]
        >>> load_addresses().of_many([], [])
        []
        """
        lon, lat = as_columns(lons, lats)
        wrong = np.asarray(accuracy_m, dtype=np.float64)
        places = self.rivers.locate_columns(lon, lat, accuracy_m=wrong)
        sides = self.border.sides_of_columns(lon, lat, accuracy_m=wrong)
        unsure = places.unsure.nonzero()[0].tolist()
        also = self._also(unsure, lon, lat, wrong) if unsure else {}
        # Rounded as arrays and then taken as lists: one by one, either costs more than all that is
        # made of an element here.
        numbers = np.array(
            (
                places.km,
                self._marks_km.take(places.river) - places.km,
                places.offset_m,
                sides.distance_to_border_m,
                sides.unsure_within_m,
            )
        )
        columns = zip(
            places.river.tolist(),
            places.reach.tolist(),
            places.side.tolist(),
            places.mid.tolist(),
            places.error_m.tolist(),
            sides.country.tolist(),
            sides.neighbour.tolist(),
            sides.sure.tolist(),
            *(np.rint(numbers * _PARTS) / _PARTS).tolist(),
            strict=True,
        )
        found = [self._address(*column) for column in columns]
        for n, others in also.items():
            found[n] = msgspec.structs.replace(found[n], also=others)
        return found

    def _address(
        self,
        river: int,
        reach: int,
        side: int,
        mid: bool,
        error_m: float,
        country: str | None,
        neighbour: str | None,
        sure: bool,
        km: float,
        below_km: float,
        offset_m: float,
        border_m: float,
        within_m: float,
    ) -> Address:
        """Return what is told of one place; a number that is NaN is not known."""
        on_river = river >= 0
        name, reach_name, share = self._reaches[river][reach] if on_river else _NOWHERE
        by_border = country is not None and not math.isnan(border_m)
        return Address(
            river=name,
            km=km if on_river else None,
            offset_m=offset_m if on_river else None,
            reach=reach_name,
            km_error_share=share,
            golden_triangle_km=below_km if abs(below_km) <= GOLDEN_TRIANGLE_WITHIN_KM else None,
            bank=("mid" if mid else _BANKS[side]) if on_river else None,
            error_m=error_m if on_river else None,
            country=country,
            neighbour=neighbour if by_border else None,
            border_m=border_m if by_border else None,
            border_error_m=within_m if by_border and not math.isnan(within_m) else None,
            side_sure=country is not None and sure,
        )

    def _also(
        self, numbers: list[int], lon: Floats, lat: Floats, accuracy_m: Floats
    ) -> dict[int, tuple[str, ...]]:
        """Return the other rivers that some of the places may be on, by their numbers."""
        wrong = np.broadcast_to(accuracy_m, lon.shape)
        return {
            n: at.also
            for n in numbers
            if (at := self.rivers.locate(lon=lon[n], lat=lat[n], accuracy_m=wrong[n])) is not None
        }


@functools.cache
def load_addresses() -> Addresses:
    """Return the addresses of the shipped layers; loaded once (about two seconds).

    >>> load_addresses() is load_addresses()
    True
    """
    return Addresses(load_rivers(), load_border())
