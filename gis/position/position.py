"""Position: where something was at one moment, the one type all four packages share.

Coordinates are WGS 84 degrees (EPSG:4326), longitude before latitude. Imports nothing heavy, so
that the radio gateway stays light.
"""

from __future__ import annotations

import math
from datetime import datetime

import msgspec

from gis.errors.errors import PositionError


class Position(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """Where something was at one moment. A field that is None was not said.

    Attributes:
        lon: Longitude, degrees east, -180 to 180.
        lat: Latitude, degrees north, -90 to 90.
        time: Effective time (aware UTC) the picture uses; None until the clocks of the
            transmission have been judged.
        altitude_m: Height above mean sea level, metres.
        accuracy_m: Radius of the circle that holds the true place (about 68 %), metres.
        speed_mps: Speed over ground, metres per second.
        course_deg: Course over ground, degrees clockwise from true north, 0 to below 360.
        heading_deg: Where the bow points, degrees clockwise from true north, 0 to below 360.
    """

    lon: float
    lat: float
    time: datetime | None = None
    altitude_m: float | None = None
    accuracy_m: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    heading_deg: float | None = None


def check_place(*, lon: float, lat: float) -> None:
    """Raise unless `lon`, `lat` (degrees) are finite and a place on Earth.

    Raises:
        PositionError: If a value is not finite or out of range.

    >>> check_place(lon=100.41, lat=20.27)
    >>> check_place(lon=20.27, lat=100.41)
    Traceback (most recent call last):
    ...
    gis.errors.errors.PositionError: latitude 100.41 is outside -90 to 90
    """
    if not (math.isfinite(lon) and math.isfinite(lat)):
        raise PositionError(f"coordinates are not finite numbers: lon {lon}, lat {lat}")
    if not -90.0 <= lat <= 90.0:
        raise PositionError(f"latitude {lat} is outside -90 to 90")
    if not -180.0 <= lon <= 180.0:
        raise PositionError(f"longitude {lon} is outside -180 to 180")
