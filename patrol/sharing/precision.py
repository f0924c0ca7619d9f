"""Precision: positions rounded to what an agreement allows.

A place becomes the middle of the square of a fixed grid that it lies in, so that many fixes of one
boat tell no more than one. Whatever would tell more (river kilometre, bank, words for the place,
height) is left out.
"""

from __future__ import annotations

from math import cos, floor, radians
from typing import Any, Final, TypeVar

import msgspec
import numpy as np
from numpy.typing import NDArray

from patrol.units.data_classes import fields_of
from patrol.units.wire import Fix

DEGREE_M: Final = 111_195.0
"""Metres of a degree of latitude, mean."""

FINER: Final = frozenset(
    {"place", "place_name", "river_km", "km", "bank", "altitude_m", "foot_km", "offset_m"}
)
"""Names of fields that tell a place in other words."""

_LEAST_COS: Final = 0.01  # near a pole the squares are as wide as this allows

S = TypeVar("S", bound=msgspec.Struct)


def snapped(lon: float, lat: float, grid_m: float) -> tuple[float, float]:
    """Return the middle of the square that a place lies in; the place itself for a grid of 0.

    >>> snapped(100.41231, 20.27214, 1000.0)
    (100.412008, 20.275192)
    >>> snapped(100.41231, 20.27214, 0.0)
    (100.41231, 20.27214)
    """
    if grid_m <= 0.0:
        return lon, lat
    high = grid_m / DEGREE_M
    middle = (floor(lat / high) + 0.5) * high
    wide = high / max(cos(radians(middle)), _LEAST_COS)
    east = (floor(lon / wide) + 0.5) * wide
    return round(min(max(east, -180.0), 180.0), 6), round(min(max(middle, -90.0), 90.0), 6)


def snapped_many(
    lons: NDArray[np.float64], lats: NDArray[np.float64], grid_m: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the same of many places at once."""
    if grid_m <= 0.0:
        return lons, lats
    high = grid_m / DEGREE_M
    middle = (np.floor(lats / high) + 0.5) * high
    wide = high / np.maximum(np.cos(np.radians(middle)), _LEAST_COS)
    east = (np.floor(lons / wide) + 0.5) * wide
    return np.clip(east, -180.0, 180.0).round(6), np.clip(middle, -90.0, 90.0).round(6)


def crossed_fix(fix: Fix, grid_m: float) -> Fix:
    """Return what of a fix may cross where positions may: `crossed` and `coarse` for this one kind.

    A thousand a second cross: a test says that it does what those do.
    """
    if grid_m <= 0.0:
        return fix if fix.place is None else msgspec.structs.replace(fix, place=None)
    lon, lat = snapped(fix.lon, fix.lat, grid_m)
    return Fix(
        of=fix.of,
        lon=lon,
        lat=lat,
        time=fix.time,
        live=fix.live,
        speed_mps=fix.speed_mps,
        course_deg=fix.course_deg,
        heading_deg=fix.heading_deg,
        accuracy_m=max(fix.accuracy_m or 0.0, grid_m),
        flags=fix.flags,
        typical_accuracy_m=fix.typical_accuracy_m,
    )


def coarse(record: S, grid_m: float) -> S | None:
    """Return a record with every place in it, and in its parts, told as coarsely as `grid_m`.

    Returns:
        None where something that tells a place in other words cannot be left out.
    """
    if grid_m <= 0.0:
        return record
    names = record.__struct_fields__
    changes: dict[str, Any] = {}
    if "lon" in names and "lat" in names:
        lon, lat = getattr(record, "lon"), getattr(record, "lat")  # noqa: B009 - of any struct
        if lon is not None and lat is not None:
            changes["lon"], changes["lat"] = snapped(lon, lat, grid_m)
        if "accuracy_m" in names:
            changes["accuracy_m"] = max(getattr(record, "accuracy_m") or 0.0, grid_m)  # noqa: B009
    for field in fields_of(type(record)):
        if field.name in changes:
            continue
        value = getattr(record, field.name)
        if field.name in FINER:
            if value is None:
                continue
            if field.required:
                return None
            changes[field.name] = field.default
            if field.default is msgspec.NODEFAULT:
                changes[field.name] = field.default_factory()
        else:
            rounded = _coarse_value(value, grid_m)
            if rounded is None and value is not None and field.required:
                return None
            changes[field.name] = rounded
    return msgspec.structs.replace(record, **changes)


def _coarse_value(value: Any, grid_m: float) -> Any:
    kind: Any = type(value)
    if isinstance(value, msgspec.Struct):
        return coarse(value, grid_m)
    if isinstance(value, dict):
        return {name: _coarse_value(each, grid_m) for name, each in value.items()}
    if isinstance(value, (tuple, list)):
        if len(value) == 2 and all(isinstance(each, float) for each in value):
            return kind(snapped(value[0], value[1], grid_m))  # a place of a line
        rounded = (_coarse_value(each, grid_m) for each in value)
        return kind(
            each
            for each, was in zip(rounded, value, strict=True)
            if each is not None or was is None
        )
    return value
