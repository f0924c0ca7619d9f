"""Which kilometres of which rivers lie in an area: how long a sector is, as crews say it."""

from __future__ import annotations

from typing import Final

import msgspec
import numpy as np
import shapely

from gis.fences.area import Area
from gis.geometry.geodesy import Floats
from gis.river.rivers import Rivers

STEP_KM: Final = 0.05
"""Between the places of a centreline that are looked at: the ends are that good."""


class RiverExtent(msgspec.Struct, frozen=True, kw_only=True):
    """What of a river lies in an area.

    Attributes:
        river: The river's name.
        km_from: Its lowest kilometre in the area, from the river's mouth.
        km_to: Its highest.
        length_km: Of the river in the area; less than from one to the other where it leaves and
            comes back.
    """

    river: str
    km_from: float
    km_to: float
    length_km: float


class RiverSteps:
    """The centrelines of all rivers in small steps, for fast look-up.

    Args:
        rivers: The rivers.
    """

    def __init__(self, rivers: Rivers) -> None:
        self._names = rivers.names
        kms: list[Floats] = []
        places: list[tuple[Floats, Floats]] = []
        for river in rivers.all:
            low, high = river.km_range
            kms.append(np.append(np.arange(low, high, STEP_KM), high))
            places.append(river.at_kms(kms[-1]))
        self._river = np.repeat(np.arange(len(kms)), [len(each) for each in kms])
        self._km, (self._lon, self._lat) = np.concatenate(kms), np.hstack(places)

    def inside(self, area: Area) -> tuple[RiverExtent, ...]:
        """Return the part of each river in an area, in the order of the rivers; empty if none.

        >>> from gis.fences.area import around
        >>> from gis.river.rivers import load_rivers
        >>> steps = RiverSteps(load_rivers())
        >>> [found] = steps.inside(around("pier", lon=100.4128, lat=20.2693, radius_m=2000.0))
        >>> found.river, 3.5 < found.length_km < 5.0
        ('Mekong', True)
        >>> steps.inside(around("sea", lon=90.0, lat=0.0, radius_m=500.0))
        ()
        """
        low_x, low_y, high_x, high_y = area.shape.bounds
        x, y = area.plane.metres(lon=self._lon, lat=self._lat)
        near = np.flatnonzero((x >= low_x) & (x <= high_x) & (y >= low_y) & (y <= high_y))
        inside = near[shapely.contains_xy(area.shape, x[near], y[near])]
        found = []
        for river in np.unique(self._river[inside]):
            kms = self._km[inside[self._river[inside] == river]]
            if kms.size > 1:
                found.append(
                    RiverExtent(
                        river=self._names[river],
                        km_from=round(float(kms.min()), 2),
                        km_to=round(float(kms.max()), 2),
                        length_km=round(_length_km(kms), 2),
                    )
                )
        return tuple(found)


def _length_km(kms: Floats) -> float:
    gaps = np.diff(np.sort(kms))
    return float(gaps[gaps <= 1.5 * STEP_KM].sum())
