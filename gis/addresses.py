"""Which address a position has, by the rivers and the border of one site."""

from __future__ import annotations

import functools
import math
from typing import Any, Final

import numpy as np
from numpy.typing import ArrayLike

from gis.address import Address
from gis.border import Border, load_border
from gis.river import Bank
from gis.rivers import Rivers, load_rivers

GOLDEN_TRIANGLE_WITHIN_KM: Final = 500.0  # farther along, nobody counts from it
_BANKS: Final[dict[int, Bank | None]] = {1: "left", -1: "right", 0: None}


class Addresses:
    """Gives positions their addresses, from the rivers and the border of one site."""

    def __init__(self, rivers: Rivers, border: Border) -> None:
        """Take the rivers and the border."""
        self.rivers, self.border = rivers, border

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
        places = self.rivers.locate_many(lons, lats, accuracy_m=accuracy_m)
        sides = self.border.sides(lons, lats, accuracy_m=accuracy_m)
        unsure = np.flatnonzero(places.unsure).tolist()
        also = self._also(unsure, lons, lats, accuracy_m) if unsure else {}
        # Columns as lists: an element of an array costs more than all that is made of it here.
        on_rivers = zip(
            places.river.tolist(),
            places.reach.tolist(),
            places.km.tolist(),
            places.offset_m.tolist(),
            places.side.tolist(),
            places.mid.tolist(),
            places.error_m.tolist(),
            strict=True,
        )
        in_countries = zip(
            sides.country.tolist(),
            sides.neighbour.tolist(),
            sides.distance_to_border_m.tolist(),
            sides.unsure_within_m.tolist(),
            sides.sure.tolist(),
            strict=True,
        )
        found = []
        for n, (on_river, side) in enumerate(zip(on_rivers, in_countries, strict=True)):
            fields: dict[str, Any] = {}
            if on_river[0] >= 0:
                fields = self._river_fields(*on_river)
            if n in also:
                fields["also"] = also[n]
            country, neighbour, border_m, within_m, sure = side
            if country is not None:
                fields["country"], fields["side_sure"] = country, sure
                if not math.isnan(border_m):
                    fields["neighbour"], fields["border_m"] = neighbour, round(border_m, 1)
                    if not math.isnan(within_m):
                        fields["border_error_m"] = round(within_m, 1)
            found.append(Address(**fields))
        return found

    def _also(
        self, numbers: list[int], lons: ArrayLike, lats: ArrayLike, accuracy_m: ArrayLike
    ) -> dict[int, tuple[str, ...]]:
        """Return the other rivers that some of the places may be on, by their numbers."""
        lon, lat = np.atleast_1d(np.asarray(lons, float)), np.atleast_1d(np.asarray(lats, float))
        wrong = np.broadcast_to(np.asarray(accuracy_m, float), lon.shape)
        return {
            n: at.also
            for n in numbers
            if (at := self.rivers.locate(lon=lon[n], lat=lat[n], accuracy_m=wrong[n])) is not None
        }

    def _river_fields(
        self,
        number: int,
        reach: int,
        km: float,
        offset_m: float,
        side: int,
        mid: bool,
        error_m: float,
    ) -> dict[str, Any]:
        river = self.rivers.all[number]
        mark = river.golden_triangle_km
        below = None if mark is None else round(mark - km, 3)
        near = below is not None and abs(below) <= GOLDEN_TRIANGLE_WITHIN_KM
        return {
            "river": river.name,
            "km": round(km, 3),
            "offset_m": round(offset_m, 1),
            "reach": river.reaches[reach],
            "km_error_share": river.km_error_share(reach),
            "golden_triangle_km": below if near else None,
            "bank": "mid" if mid else _BANKS[side],
            "error_m": error_m,
        }


@functools.cache
def load_addresses() -> Addresses:
    """Return the addresses of the shipped layers; loaded once (about two seconds).

    >>> load_addresses() is load_addresses()
    True
    """
    return Addresses(load_rivers(), load_border())
