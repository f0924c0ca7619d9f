"""The address of any position: river kilometre, bank, side and reach, in fields and in words.

"km 2 356, left bank, LA side, Houay Xai reach (68 km below the Golden Triangle)". Every part says
when it is not sure: a bank within the error of the line and the fix is no bank, a side within the
error of the border no side.
"""

from __future__ import annotations

import functools
import math
from typing import Final

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from gis.border import Border, load_border
from gis.river import Bank
from gis.rivers import Rivers, load_rivers

GOLDEN_TRIANGLE_WITHIN_KM: Final = 500.0  # farther along, nobody counts from it
NARROW_SPACE: Final = "\u202f"
_BANKS: Final[dict[int, Bank | None]] = {1: "left", -1: "right", 0: None}


class Address(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where a position is, as people say it on the river. A field that is absent does not apply.

    Attributes:
        river: Name of the nearest river, within 5 km; none of the river's fields without it.
        km: Kilometres from its mouth; for the Mekong, from the sea.
        bank: `left` or `right` looking downstream, or `mid`; absent when unsure.
        offset_m: Distance from the centreline, metres; left of it positive.
        error_m: How far the line may be off the river's middle here, metres. A bank is unsure
            within this and the position's own accuracy.
        km_error_share: Error of a distance along the river here, as a share of it.
        reach: Name of the reach.
        golden_triangle_km: Kilometres below the Golden Triangle, negative above it; absent on
            other rivers and beyond 500 km.
        also: Other rivers that it may be on as well, within the errors.
        country: Country that the drawn border gives the place to, ISO 3166-1 alpha-2.
        neighbour: Country across the nearest border.
        border_m: Distance to that border, metres.
        border_error_m: How far the border's line and the position may be off together, metres.
        side_sure: Whether `country` is sure beyond these errors.
    """

    river: str | None = None
    km: float | None = None
    bank: Bank | None = None
    offset_m: float | None = None
    error_m: float | None = None
    km_error_share: float | None = None
    reach: str | None = None
    golden_triangle_km: float | None = None
    also: tuple[str, ...] = ()
    country: str | None = None
    neighbour: str | None = None
    border_m: float | None = None
    border_error_m: float | None = None
    side_sure: bool = False

    def words(self) -> str:
        """Return the address in English; empty where nothing is known of the place.

        >>> Address(river="Mekong", km=2356.04, bank="left", reach="Houay Xai",
        ...     golden_triangle_km=68.2, country="LA", neighbour="TH", side_sure=True).words()
        'km 2\u202f356, left bank, LA side, Houay Xai reach (68 km below the Golden Triangle)'
        >>> Address(river="Ruak", km=12.3, country="TH", neighbour="MM").words()
        'Ruak km 12, bank unsure, side unsure (MM or TH)'
        >>> Address(country="TH", neighbour="LA", border_m=12_300.0, side_sure=True).words()
        'TH side, 12 km from the border with LA'
        >>> Address().words()
        ''
        """
        parts = [] if self.river is None else [self._river_words()]
        if self.country is not None:
            parts.append(self._side_words())
        if self.river is None:
            if self.border_m is not None and self.side_sure:
                beyond = "border" if self.neighbour is None else f"border with {self.neighbour}"
                parts.append(f"{_length(self.border_m)} from the {beyond}")
            return ", ".join(parts)
        if self.reach is not None and self.reach != self.river:
            parts.append(f"{self.reach} reach")
        words = ", ".join(parts)
        if self.golden_triangle_km is not None:
            way = "below" if self.golden_triangle_km >= 0.0 else "above"
            words += f" ({round(abs(self.golden_triangle_km))} km {way} the Golden Triangle)"
        return words + "".join(f"; or on the {name}" for name in self.also)

    def error_words(self) -> str:
        """Return what the address is good to, in English; empty where nothing is known.

        >>> Address(river="Mekong", km=2356.0, error_m=330.0, km_error_share=0.015,
        ...     country="LA", border_error_m=300.0).error_words()
        'river line within 330 m, distances along it within 1.5 %; border line and fix within 300 m'
        >>> Address().error_words()
        ''
        """
        parts = []
        if self.error_m is not None:
            share = "" if self.km_error_share is None else f"{self.km_error_share * 100.0:g} %"
            along = f", distances along it within {share}" if share else ""
            parts.append(f"river line within {_length(self.error_m)}{along}")
        if self.border_error_m is not None:
            parts.append(f"border line and fix within {_length(self.border_error_m)}")
        return "; ".join(parts)

    def _river_words(self) -> str:
        km = f"{round(self.km or 0.0):,}".replace(",", NARROW_SPACE)
        name = "" if self.river == "Mekong" else f"{self.river} "
        bank = {"left": "left bank", "right": "right bank", "mid": "midstream", None: "bank unsure"}
        return f"{name}km {km}, {bank[self.bank]}"

    def _side_words(self) -> str:
        if self.side_sure:
            return f"{self.country} side"
        either = sorted({code for code in (self.country, self.neighbour) if code is not None})
        return f"side unsure ({' or '.join(either)})"


class Addresses:
    """Gives positions their addresses, from the rivers and the border of one site."""

    def __init__(self, rivers: Rivers, border: Border) -> None:
        """Take the rivers and the border."""
        self.rivers, self._border = rivers, border

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
        sides = self._border.sides(lons, lats, accuracy_m=accuracy_m)
        unsure = np.flatnonzero(places.unsure)
        lon, lat = np.atleast_1d(np.asarray(lons, float)), np.atleast_1d(np.asarray(lats, float))
        wrong = np.broadcast_to(np.asarray(accuracy_m, float), lon.shape)
        also = {
            n: at.also
            for n in unsure.tolist()
            if (at := self.rivers.locate(lon=lon[n], lat=lat[n], accuracy_m=wrong[n])) is not None
        }
        found = []
        for n, number in enumerate(places.river.tolist()):
            fields: dict[str, object] = {}
            if number >= 0:
                fields = self._river_fields(
                    number,
                    int(places.reach[n]),
                    km=float(places.km[n]),
                    offset_m=float(places.offset_m[n]),
                )
                fields["bank"] = "mid" if places.mid[n] else _BANKS[int(places.side[n])]
                fields["error_m"] = float(places.error_m[n])
                fields["also"] = also.get(n, ())
            if sides.country[n] is not None:
                fields["country"] = sides.country[n]
                fields["side_sure"] = bool(sides.sure[n])
                if not math.isnan(sides.distance_to_border_m[n]):
                    fields["neighbour"] = sides.neighbour[n]
                    fields["border_m"] = round(float(sides.distance_to_border_m[n]), 1)
                    within = float(sides.unsure_within_m[n])
                    fields["border_error_m"] = None if math.isnan(within) else round(within, 1)
            found.append(Address(**fields))  # type: ignore[arg-type]
        return found

    def _river_fields(
        self, number: int, reach: int, *, km: float, offset_m: float
    ) -> dict[str, object]:
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
        }


@functools.cache
def load_addresses() -> Addresses:
    """Return the addresses of the shipped layers; loaded once (about two seconds).

    >>> load_addresses() is load_addresses()
    True
    """
    return Addresses(load_rivers(), load_border())


def _length(metres: float) -> str:
    return f"{metres / 1000.0:.0f} km" if metres >= 2000.0 else f"{metres:.0f} m"
