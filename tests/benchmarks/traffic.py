"""The radio traffic of the benchmarks: 500 boats, and the same fixes as RMC, CoT or AIS.

Every message carries its own number, hidden in the latitude: message `n` comes from boat
`n % 500`, and its latitude is a whole number of steps of 1e-4 minutes (0.19 m) that no other
message has. Whatever a server makes of a message, its viewers can tell which one they see, as long
as the latitude keeps six decimals.

A boat moves one step north from message to message and keeps its longitude, so that the traffic is
that of patient boats at any rate, not of boats that jump.

Sources: RMC is NMEA 0183; CoT is the event schema of MITRE MTR 050026 as TAK clients send it; AIS
is message 1 of ITU-R M.1371-5, whose latitude has the very step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import pairwise
from math import cos, pi, sin
from operator import xor
from typing import Literal, TypeAlias

Form: TypeAlias = Literal["rmc", "cot", "ais"]
"""How a message is written."""

BOATS = 500
STEP_DEG = 1e-4 / 60.0

FIRST_MMSI = 574_000_000  #: Of boat 0; the others follow.

# Six bits as a character of an AIS payload (IEC 61162-1).
_ARMOUR = bytes(code + 48 if code < 40 else code + 56 for code in range(64))

#: The Mekong from Chiang Khong upstream: latitude, longitude of mid-channel, degrees.
_MEKONG = (
    (20.18, 100.4865),
    (20.20, 100.4550),
    (20.22, 100.4556),
    (20.24, 100.4387),
    (20.26, 100.4109),
    (20.28, 100.4066),
    (20.30, 100.3931),
    (20.32, 100.3807),
    (20.34, 100.3763),
    (20.36, 100.3584),
    (20.38, 100.3516),
    (20.40, 100.3171),
)


def along_mekong(boat: int, lat: float) -> float:
    """Return the longitude that puts `boat` on the Mekong at `lat`, within about 500 m.

    >>> along_mekong(0, 20.27)
    100.40875
    """
    offset_deg = (boat % 11 - 5) * 0.0005 if boat else 0.0
    for (south, lon), (north, next_lon) in pairwise(_MEKONG):
        if lat <= north:
            return lon + (next_lon - lon) * (lat - south) / (north - south) + offset_deg
    return _MEKONG[-1][1] + offset_deg


def closed_areas(count: int = 1000) -> list[list[list[float]]]:
    """Return rings of 50 corners, as GeoJSON has them, that nobody is to enter.

    They stand in a grid over the whole region; those on the boats' way are narrow strips across
    the river, so that about one boat in ten lies in one and all others pass near some.
    """
    rings: list[list[list[float]]] = []
    for step in range(min(count, 20)):
        south = 20.2010 + step * 0.02
        rings.append(_strip(along_mekong(0, south), south))
    row = 0
    while len(rings) < count:
        lat = 20.00 + row * 0.02
        river = along_mekong(0, min(max(lat, _MEKONG[0][0]), _MEKONG[-1][0]))
        for column in range(40):
            lon = 100.02 + column * 0.02
            if abs(lon - river) > 0.02 and len(rings) < count:
                rings.append(_blob(lon, lat, len(rings)))
        row += 1
    return rings


def _blob(lon: float, lat: float, number: int) -> list[list[float]]:
    ring = []
    for corner in range(50):
        angle = 2 * pi * corner / 50
        radius = 0.008 + 0.001 * sin(3 * angle + number)
        ring.append([round(lon + radius * cos(angle), 6), round(lat + radius * sin(angle), 6)])
    return [*ring, ring[0]]


def _strip(lon: float, south: float) -> list[list[float]]:
    """Return a strip 100 m long and 2 km wide, with 25 corners on either side."""
    east = [round(lon - 0.01 + 0.02 * corner / 24, 6) for corner in range(25)]
    ring = [[x, south] for x in east] + [[x, round(south + 0.0009, 6)] for x in reversed(east)]
    return [*ring, ring[0]]


def over_sectors(boat: int, lat: float) -> float:
    """Return a longitude that spreads the boats over the minimal loop's sectors, 4.5 to 5.5."""
    return 4.5 + boat * 7919 % 10007 / 10007


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where the boats are: each target gets them where it has its real work to do.

    Attributes:
        south: Latitude of the southernmost message, whole minutes in degrees.
        longitude: Boat number and its southernmost latitude to its longitude, degrees.
    """

    south: float
    longitude: Callable[[int, float], float]


MEKONG = Ground(south=20.2, longitude=along_mekong)
SECTORS = Ground(south=52.0, longitude=over_sectors)


class Traffic:
    """A numbered run of messages.

    Args:
        ground: Where the boats are.
        count: Number of messages there will be; message numbers are 0 to `count` - 1.
    """

    def __init__(self, ground: Ground, count: int) -> None:
        self.count = count
        self._each = -(-count // BOATS)
        self._south = ground.south
        self._south_minutes = round(ground.south * 60.0)
        self._lons = [
            ground.longitude(boat, ground.south + boat * self._each * STEP_DEG)
            for boat in range(BOATS)
        ]

    def place(self, number: int) -> tuple[float, float]:
        """Return longitude and latitude of message `number`, degrees."""
        steps = number % BOATS * self._each + number // BOATS
        return self._lons[number % BOATS], self._south + steps * STEP_DEG

    def number(self, lat: float) -> int | None:
        """Return the number of the message that carried `lat`, None when none did.

        >>> traffic = Traffic(MEKONG, 1200)
        >>> [traffic.number(round(traffic.place(n)[1], 6)) for n in (0, 499, 500, 1199)]
        [0, 499, 500, 1199]
        >>> traffic.number(52.0) is None
        True
        """
        boat, turn = divmod(round((lat - self._south) / STEP_DEG), self._each)
        number = turn * BOATS + boat
        return number if 0 <= boat < BOATS and number < self.count else None

    def rmc(self, number: int, at: float) -> bytes:
        """Return message `number` as a line of a device-prefixed RMC stream.

        Args:
            number: Which message.
            at: The boat's clock, seconds since the epoch.
        """
        boat = number % BOATS
        steps = boat * self._each + number // BOATS
        # In whole steps, so that the sentence holds the latitude exactly.
        minutes, part = divmod(self._south_minutes * 10_000 + steps, 10_000)
        lon = self._lons[boat]
        when = datetime.fromtimestamp(at, UTC)
        body = (
            f"GPRMC,{when:%H%M%S}.{when.microsecond // 10_000:02d},A,"
            f"{minutes // 60:02d}{minutes % 60:02d}.{part:04d},N,"
            f"{int(lon):03d}{lon % 1 * 60:07.4f},E,12.4,0.0,{when:%d%m%y},,,A"
        ).encode()
        return b"R-%04d,$%b*%02X\r\n" % (boat, body, reduce(xor, body))

    def cot(self, number: int, at: float) -> bytes:
        """Return message `number` as a CoT event; arguments as for `rmc`."""
        lon, lat = self.place(number)
        when = datetime.fromtimestamp(at, UTC)
        stale = when + timedelta(minutes=5)
        times = (
            f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z",
            f"{stale:%Y-%m-%dT%H:%M:%S}.{stale.microsecond // 1000:03d}Z",
        )
        return cot_event(f"R-{number % BOATS:04d}", lon=lon, lat=lat, times=times)

    def ais(self, number: int, at: float) -> bytes:
        """Return message `number` as an AIVDM sentence; arguments as for `rmc`."""
        boat = number % BOATS
        steps = boat * self._each + number // BOATS
        bits = 1  # message 1, said once
        for value, width in (
            (0, 2),
            (FIRST_MMSI + boat, 30),
            (0, 4),  # under way
            (0x80, 8),  # no rate of turn
            (124, 10),  # 12.4 knots
            (1, 1),
            (round(self._lons[boat] * 600_000.0), 28),
            (self._south_minutes * 10_000 + steps, 27),
            (0, 12),  # north
            (0, 9),
            (int(at) % 60, 6),
            (0, 25),
        ):
            bits = bits << width | value
        armour = bytes(_ARMOUR[bits >> shift & 0x3F] for shift in range(162, -6, -6))
        body = b"AIVDM,1,1,,A,%b,0" % armour
        return b"!%b*%02X\r\n" % (body, reduce(xor, body))

    def written(self, form: Form) -> Callable[[int, float], bytes]:
        """Return what writes a message in `form`; arguments as for `rmc`."""
        return {"rmc": self.rmc, "cot": self.cot, "ais": self.ais}[form]


def cot_event(uid: str, *, lon: float, lat: float, times: tuple[str, str]) -> bytes:
    """Return a CoT event as a TAK client sends one for itself.

    Args:
        uid: Identifier and call sign of the sender.
        lon: Degrees east.
        lat: Degrees north.
        times: Time and stale time, as CoT writes them.
    """
    time, stale = times
    return (
        f'<event version="2.0" uid="{uid}" type="a-f-G-U-C" how="m-g" time="{time}" '
        f'start="{time}" stale="{stale}"><point lat="{lat:.8f}" lon="{lon:.6f}" hae="3.2" '
        f'ce="5.0" le="9999999.0"/><detail><contact callsign="{uid}" endpoint="*:-1:stcp"/>'
        f'<__group name="Cyan" role="Team Member"/><takv device="radio" platform="bench" os="1" '
        f'version="1"/><status battery="87"/><track speed="6.4" course="0.0"/></detail></event>'
    ).encode()
