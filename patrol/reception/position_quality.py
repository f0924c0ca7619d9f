"""Which positions can be believed: a place on Earth, a current fix, a move a boat can make.

Nothing is dropped: what is not believed is kept, flagged, and leaves the marker alone.
"""

from __future__ import annotations

import math
from datetime import datetime
from typing import Final

from gis.position.position import Position

FASTEST_MPS: Final = 60.0
"""Faster than any boat, car or helicopter of a river patrol (216 km/h): such a move is an error."""

FREE_M: Final = 200.0
"""A jump shorter than this is noise of the receiver, whatever the speed."""

UNSURE_CLOCK_S: Final = 30.0
"""Slack between two positions whose times are the gateway's, not the device's: a queue, a feeder
or a replay can hand over in one second what was said in thirty."""

_EARTH_RADIUS_M: Final = 6_371_008.8
_NULL_DEG: Final = 1e-4

NOT_CURRENT: Final = frozenset(
    {
        "stale_position",
        "no_fix",
        "simulator",
        "mock_location",
        "position_suspect",
        "damaged",
        "unbound_source",
    }
)
"""Flags of a decoder with which a position never moves a marker nor joins a track."""


def place_flag(position: Position) -> str | None:
    """Return why `position` is no place at all, or None when it is one.

    >>> place_flag(Position(lon=0.0, lat=0.00001)), place_flag(Position(lon=100.4, lat=20.3))
    ('null_island', None)
    """
    lon, lat = position.lon, position.lat
    if not (-180.0 <= lon <= 180.0 and -90.0 <= lat <= 90.0):  # False for NaN too
        return "out_of_range"
    if abs(lon) < _NULL_DEG and abs(lat) < _NULL_DEG:
        return "null_island"
    return None


def unusable_why(position: Position | None, fix: bool | None, flags: tuple[str, ...]) -> str | None:
    """Return why a position belongs on no map; None if it does.

    Args:
        position: What was said; None for nothing.
        fix: False for no current fix.
        flags: Quality flags of the message.

    Returns:
        The flag that says why; `no_position` if the message does not speak of a place at all.
    """
    if position is None:
        nowhere = ("no_fix", "position_not_available", "null_island", "out_of_range")
        return next((flag for flag in nowhere if flag in flags), "no_position")
    bad_place = place_flag(position)
    if bad_place is not None:
        return bad_place
    bad = next((flag for flag in flags if flag in NOT_CURRENT), None)
    return bad or ("no_fix" if fix is False else None)


def apart_m(*, lon: float, lat: float, from_lon: float, from_lat: float) -> float:
    """Return how far apart two places are, metres.

    Equirectangular: within 0.5 % over the distances in question, and cheap.

    >>> round(apart_m(lon=100.5, lat=20.0, from_lon=100.4, from_lat=20.0))
    10449
    """
    dlon = (lon - from_lon + 540.0) % 360.0 - 180.0
    x = math.radians(dlon) * math.cos(math.radians((lat + from_lat) / 2))
    y = math.radians(lat - from_lat)
    return _EARTH_RADIUS_M * math.hypot(x, y)


def is_jump(
    *,
    lon: float,
    lat: float,
    time: datetime,
    from_lon: float,
    from_lat: float,
    from_time: datetime,
    slack_s: float = 0.0,
    accuracy_m: float = 0.0,
    reported_mps: float = 0.0,
) -> bool:
    """Return whether nothing on a patrol can have gone from one place to the other in that time.

    Args:
        lon: Degrees east, now.
        lat: Degrees north, now.
        time: Now, aware UTC.
        from_lon: Degrees east, before.
        from_lat: Degrees north, before.
        from_time: Before, aware UTC.
        slack_s: How far the two times may be off, seconds.
        accuracy_m: Sum of both radii of uncertainty, metres.
        reported_mps: Speed it says it has; an aircraft may be faster than a patrol.
    """
    distance_m = apart_m(lon=lon, lat=lat, from_lon=from_lon, from_lat=from_lat)
    if distance_m <= FREE_M + accuracy_m:
        return False
    seconds = abs((time - from_time).total_seconds()) + slack_s
    return distance_m - accuracy_m > max(FASTEST_MPS, 1.5 * reported_mps) * seconds
