"""Cayenne LPP: readings that many LoRaWAN devices send, each with a channel and a type before it.

    channel 1, type 1, value of the type's length; one behind the other to the end
    88  place: latitude 3, longitude 3 (0.0001 degrees, signed), altitude 3 (0.01 m, signed)
    85  UNIX time 4 (s)   84  direction 2 (degrees)   78  percentage 1

Source: myDevices, "Cayenne Low Power Payload"; the types that it lacks as the widely used
ElectronicCats library has them.
"""

from __future__ import annotations

from typing import Any

# type -> (name, bytes, by what the number is divided, signed)
_TYPES: dict[int, tuple[str, int, float, bool]] = {
    0x00: ("digital_in", 1, 1, False),
    0x01: ("digital_out", 1, 1, False),
    0x02: ("analog_in", 2, 100, True),
    0x03: ("analog_out", 2, 100, True),
    0x64: ("generic", 4, 1, False),
    0x65: ("luminosity", 2, 1, False),
    0x66: ("presence", 1, 1, False),
    0x67: ("temperature", 2, 10, True),
    0x68: ("relative_humidity", 1, 2, False),
    0x71: ("accelerometer", 6, 1, False),
    0x73: ("barometric_pressure", 2, 10, False),
    0x74: ("battery_voltage", 2, 100, False),
    0x75: ("current", 2, 1000, False),
    0x76: ("frequency", 4, 1, False),
    0x78: ("percentage", 1, 1, False),
    0x79: ("altitude", 2, 1, True),
    0x7D: ("concentration", 2, 1, False),
    0x80: ("power", 2, 1, False),
    0x82: ("distance", 4, 1000, False),
    0x83: ("energy", 4, 1000, False),
    0x84: ("direction", 2, 1, False),
    0x85: ("time", 4, 1, False),
    0x86: ("gyrometer", 6, 1, False),
    0x87: ("colour", 3, 1, False),
    0x8E: ("switch", 1, 1, False),
}
_GPS, _GPS_BYTES = 0x88, 9
_WHOLE = frozenset(("accelerometer", "gyrometer", "colour"))  # several numbers: no use here
_LOWEST_M, _HIGHEST_M = -500.0, 9000.0


def read_cayenne(data: bytes) -> dict[str, Any] | None:
    """Return the readings of a payload by type and channel, as The Things Stack names them.

    Args:
        data: The payload. Nothing in it says that it is one, so all of it must fit.

    Returns:
        For example `{"gps_1": {"latitude", "longitude", "altitude"}, "analog_in_2": 3.9}`; None
        when it does not fit, or holds no place on Earth.

    >>> read_cayenne(bytes.fromhex("01880317850f5294003e8a"))
    {'gps_1': {'latitude': 20.2629, 'longitude': 100.418, 'altitude': 160.1}}
    >>> read_cayenne(b"hello") is None
    True
    """
    readings: dict[str, Any] = {}
    at, places = 0, 0
    while at < len(data):
        if at + 2 > len(data):
            return None
        channel, type_ = data[at], data[at + 1]
        at += 2
        if type_ == _GPS:
            place = data[at : at + _GPS_BYTES]
            at += _GPS_BYTES
            lat, lon, altitude = (
                int.from_bytes(place[start : start + 3], "big", signed=True) for start in (0, 3, 6)
            )
            where = {"latitude": lat / 1e4, "longitude": lon / 1e4, "altitude": altitude / 100}
            if not _is_place(where):
                return None
            readings[f"gps_{channel}"] = where
            places += 1
            continue
        if type_ not in _TYPES:
            return None
        name, size, divisor, signed = _TYPES[type_]
        if name not in _WHOLE:
            value = int.from_bytes(data[at : at + size], "big", signed=signed)
            readings[f"{name}_{channel}"] = value if divisor == 1 else value / divisor
        at += size
    return readings if places and at == len(data) else None


def _is_place(where: dict[str, float]) -> bool:
    return (
        abs(where["latitude"]) <= 90
        and abs(where["longitude"]) <= 180
        and _LOWEST_M <= where["altitude"] <= _HIGHEST_M
    )
