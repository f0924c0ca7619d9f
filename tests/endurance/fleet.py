"""The fleet: 2,000 units that report in ten ways, and the number that every report carries.

Report `n` comes from boat `n % boats` and is that boat's turn `n // boats`. The boat's address and
the latitude say which report it is, wherever it is met: in the store or in a viewer's stream. From
turn to turn a boat moves 2.2 m north; each keeps to a stretch of its own on the Mekong.

Sources of the formats: the head of each protocol in `radio_gateway/protocols`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import reduce
from itertools import accumulate
from operator import xor
from typing import Final

from tests.benchmarks.traffic import along_mekong, cot_event

STEP_DEG: Final = 2e-5
"""Exactly as many decimals as the coarsest protocol keeps: five of a degree, four of a minute."""

MOST_BOATS: Final = 9000
"""As many as have a number of four digits of their own."""

_SOUTH_DEG: Final = 20.18
_BERTHS: Final = 200  # stretches, 0.001 degrees apart, that boats share
_BERTH_DEG: Final = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way in which boats report.

    Attributes:
        name: Channel, in tables and settings.
        protocol: Of `radio_gateway.protocols`.
        by_gateway: It goes to the gateway, and over the broker to the node; else to the node.
        answer: Who says that a report has arrived: `stored` (the node has committed it), `spooled`
            (the gateway has it on disk), `broker` (a broker has it, which promises less), or
            nobody: a radio hears nothing back.
        share: Of the fleet, hundredths.
    """

    name: str
    protocol: str
    by_gateway: bool
    answer: str | None
    share: int


WAYS: Final = (
    Way(name="tcp", protocol="nmea0183", by_gateway=False, answer=None, share=20),
    Way(name="udp", protocol="cot", by_gateway=False, answer=None, share=10),
    Way(name="http", protocol="position_json", by_gateway=False, answer="stored", share=10),
    Way(name="mqtt", protocol="position_json", by_gateway=False, answer="broker", share=15),
    Way(name="serial", protocol="nmea0183", by_gateway=False, answer=None, share=5),
    Way(name="gw-http", protocol="position_json", by_gateway=True, answer="spooled", share=15),
    Way(name="gw-tcp", protocol="nmea0183", by_gateway=True, answer=None, share=10),
    Way(name="gw-osmand", protocol="osmand", by_gateway=True, answer="spooled", share=5),
    Way(name="gw-udp", protocol="taip", by_gateway=True, answer=None, share=5),
    Way(name="gw-serial", protocol="kenwood", by_gateway=True, answer=None, share=5),
)


class Fleet:
    """So many boats, told apart by number.

    Args:
        boats: How many; at least 20 and at most 9,000.
    """

    def __init__(self, boats: int) -> None:
        if not 20 <= boats <= MOST_BOATS:
            raise ValueError(f"a fleet has 20 to {MOST_BOATS} boats")
        self.boats = boats
        ends = list(accumulate(way.share for way in WAYS))
        self._ways = [
            next(index for index, end in enumerate(ends) if boat * 100 < end * boats)
            for boat in range(boats)
        ]
        self._lons = [round(along_mekong(boat, self._base(boat)), 5) for boat in range(boats)]
        self._of_address = {self.address(boat): boat for boat in range(boats)}

    def way(self, boat: int) -> int:
        """Return the index in `WAYS` of how `boat` reports."""
        return self._ways[boat]

    def boats_of(self, name: str) -> list[int]:
        """Return the boats that report by the way `name`."""
        return [boat for boat, way in enumerate(self._ways) if WAYS[way].name == name]

    def name(self, boat: int) -> str:
        """Return what the boat's device calls itself."""
        protocol = WAYS[self._ways[boat]].protocol
        if protocol == "kenwood":
            return f"100:{1000 + boat:04d}"
        return f"{1000 + boat}" if protocol == "taip" else f"E-{boat:04d}"

    def address(self, boat: int) -> str:
        """Return the boat's radio address."""
        return f"{WAYS[self._ways[boat]].protocol}:{self.name(boat)}"

    def unit(self, boat: int) -> str:
        """Return the id of the boat's unit."""
        return f"{boat:032x}"

    def boat_of_unit(self, unit: str) -> int | None:
        """Return the boat whose unit has this id; None when it is none of ours."""
        try:
            boat = int(unit, 16)
        except ValueError:
            return None
        return boat if boat < self.boats and len(unit) == 32 else None

    def place(self, number: int) -> tuple[float, float]:
        """Return longitude and latitude of report `number`, degrees."""
        boat = number % self.boats
        return self._lons[boat], round(self._base(boat) + number // self.boats * STEP_DEG, 5)

    def number(self, boat: int, lat: float) -> int | None:
        """Return the number of the report of `boat` that carried `lat`; None when none did.

        >>> fleet = Fleet(2000)
        >>> numbers = (0, 1999, 2000, 4_000_017)
        >>> [fleet.number(n % 2000, fleet.place(n)[1]) for n in numbers]
        [0, 1999, 2000, 4000017]
        >>> fleet.number(3, 19.0) is None
        True
        """
        turn = round((lat - self._base(boat)) / STEP_DEG)
        return None if turn < 0 else turn * self.boats + boat

    def number_at(self, address: str, lat: float) -> int | None:
        """Return the number of the report from a radio address; None when it is none of ours."""
        boat = self._of_address.get(address)
        return None if boat is None else self.number(boat, lat)

    def message(self, number: int, at: float) -> bytes:
        """Return report `number` as its protocol has it.

        Args:
            number: Which report.
            at: The boat's clock, seconds since the epoch.
        """
        boat = number % self.boats
        lon, lat = self.place(number)
        return _MAKERS[WAYS[self._ways[boat]].protocol](self.name(boat), number, lon, lat, at)

    def _base(self, boat: int) -> float:
        return _SOUTH_DEG + boat % _BERTHS * _BERTH_DEG


def _rmc(name: str, _number: int, lon: float, lat: float, at: float) -> bytes:
    when = datetime.fromtimestamp(at, UTC)
    body = (
        f"GPRMC,{when:%H%M%S}.{when.microsecond // 10_000:02d},A,{_minutes(lat, 2)},N,"
        f"{_minutes(lon, 3)},E,4.2,0.0,{when:%d%m%y},,,A"
    ).encode()
    return b"%b,$%b*%02X\r\n" % (name.encode(), body, reduce(xor, body))


def _kenwood(name: str, _number: int, lon: float, lat: float, at: float) -> bytes:
    when = datetime.fromtimestamp(at, UTC)
    fleet, unit = name.split(":")
    body = (
        f"PKLDS,{when:%H%M%S},A,{_minutes(lat, 2)},N,{_minutes(lon, 3)},E,004.2,000.0,"
        f"{when:%d%m%y},0.00,W00,{fleet},{unit},80,00,"
    ).encode()
    return b"$%b*%02X\r\n" % (body, reduce(xor, body))


def _cot(name: str, _number: int, lon: float, lat: float, at: float) -> bytes:
    when = datetime.fromtimestamp(at, UTC)
    stale = datetime.fromtimestamp(at + 300, UTC)
    times = (f"{when:%Y-%m-%dT%H:%M:%S}.{when.microsecond // 1000:03d}Z",
             f"{stale:%Y-%m-%dT%H:%M:%S.000Z}")  # fmt: skip
    return cot_event(name, lon=lon, lat=lat, times=times)


def _position_json(name: str, number: int, lon: float, lat: float, at: float) -> bytes:
    report = {
        "id": f"e-{number}",
        "device": name,
        "lon": lon,
        "lat": lat,
        "time": datetime.fromtimestamp(at, UTC).isoformat(),
        "speed_mps": 2.2,
        "course_deg": 0.0,
    }
    return json.dumps(report).encode()


def _osmand(name: str, _number: int, lon: float, lat: float, _at: float) -> bytes:
    # No timestamp: such a phone's report counts from when it was heard.
    return f"/?id={name}&lat={lat:.5f}&lon={lon:.5f}&speed=4.2".encode()


def _taip(name: str, _number: int, lon: float, lat: float, at: float) -> bytes:
    place = f"{round(lat * 1e5):+08d}{round(lon * 1e5):+09d}"
    return f">RPV{int(at % 86_400):05d}{place}00500012;ID={name}<".encode()


_MAKERS: Final[dict[str, Callable[[str, int, float, float, float], bytes]]] = {
    "nmea0183": _rmc,
    "kenwood": _kenwood,
    "cot": _cot,
    "position_json": _position_json,
    "osmand": _osmand,
    "taip": _taip,
}


def _minutes(degrees: float, digits: int) -> str:
    """Return degrees as NMEA writes them: degrees and minutes with four decimals.

    >>> _minutes(20.18002, 2), _minutes(100.4865, 3)
    ('2010.8012', '10029.1900')
    """
    whole, part = divmod(round(degrees * 600_000), 600_000)
    return f"{whole:0{digits}d}{part / 10_000:07.4f}"
