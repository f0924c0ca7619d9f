"""The radio traffic of the benchmarks: 500 boats, and the same fixes as RMC or as CoT.

Every message carries its own number, hidden in the latitude: message `n` comes from boat
`n % 500`, and its latitude is a whole number of steps of 1e-4 minutes (0.19 m) that no other
message has. Whatever a server makes of a message, its viewers can tell which one they see, as long
as the latitude keeps six decimals.

A boat moves one step north from message to message and keeps its longitude, so that the traffic is
that of patient boats at any rate, not of boats that jump.

Sources: RMC is NMEA 0183; CoT is the event schema of MITRE MTR 050026 as TAK clients send it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import reduce
from itertools import pairwise
from operator import xor

BOATS = 500
STEP_DEG = 1e-4 / 60.0

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
        self._cot_times = ("", "")
        self._cot_second = 0

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
        if self._cot_second != int(at):
            self._cot_second = int(at)
            when = datetime.fromtimestamp(int(at), UTC)
            stale = when + timedelta(minutes=5)
            self._cot_times = f"{when:%Y-%m-%dT%H:%M:%S.000Z}", f"{stale:%Y-%m-%dT%H:%M:%S.000Z}"
        return cot_event(f"R-{number % BOATS:04d}", lon=lon, lat=lat, times=self._cot_times)


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
