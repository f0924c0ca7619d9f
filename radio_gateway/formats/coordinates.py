"""Coordinates as radios send them: refused when they are no place where the sender can be."""

from __future__ import annotations

from radio_gateway.errors.errors import FrameError


def check_place(*, lon: float, lat: float, payload: bytes) -> None:
    """Raise unless `lon`, `lat` (degrees) are a place on Earth where a radio can be.

    Args:
        lon: Longitude, degrees east.
        lat: Latitude, degrees north.
        payload: The frame, for the error.

    Raises:
        FrameError: `lat_range`, `lon_range`, or `null_island` for exactly 0/0, which receivers
            send when they know nothing (nobody patrols that place in the Gulf of Guinea).

    >>> check_place(lon=100.41, lat=20.27, payload=b"")
    """
    if not -90.0 <= lat <= 90.0:  # not a number fails too
        raise FrameError("lat_range", payload, f"latitude {lat} is outside -90 to 90")
    if not -180.0 <= lon <= 180.0:
        raise FrameError("lon_range", payload, f"longitude {lon} is outside -180 to 180")
    if lon == 0.0 and lat == 0.0:
        raise FrameError("null_island", payload, "0/0 is where a receiver is that knows nothing")
