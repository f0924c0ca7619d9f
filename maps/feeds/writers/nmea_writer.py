"""NMEA 0183 for chartplotters without AIS: each unit as a target that a radar tracks.

    $RATLL,nn,ddmm.mmmm,N,dddmm.mmmm,E,name,hhmmss.ss,T,*hh

      nn     target number, 00 to 99
      name   call sign, `SOS` before it while the unit calls for help
      time   UTC of the position
      T, L   tracked; lost: too old, or not to be shown any more
      last   `R` for a reference target; empty

    $IIWPL,ddmm.mmmm,N,dddmm.mmmm,E,name*hh

A meeting place, hazard (`HAZ` before its name) or other mark, and the midst of a sector, is a
waypoint. A target is told as
TLL, as a unit is. Plotters keep waypoints until somebody deletes them there: the standard has no
word for that.

    $IIALR,hhmmss.ss,nnn,A,V,SOS name*hh

A call for help, beside its target's name: alarm `nnn` (the target's number) is on and nobody has
acknowledged it; `V` in place of `A` once it is over.

TLL and not TTM: TTM tells bearing and distance from the ship whose radar it is, and there is none.
The talker is RA (radar), since plotters look for it. Numbers are given back once a target is lost;
with more than 100 units the others are not told, and the feed's health says how many.

Source: IEC 61162-1, TLL (target latitude and longitude), WPL (waypoint location), ALR (set alarm
state).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from maps.feeds.due_places import PlaceAct
from maps.feeds.due_units import Act
from maps.feeds.places import FeedPlace
from maps.feeds.writers.plain_names import plain_name
from patrol.intake.own_messages import OwnNotes
from patrol.units.wire import UnitState
from radio_gateway.formats.nmea.sentence import checksum

TARGETS = 100
_LONGEST_NAME = 20  # 82 characters are the most a sentence may have


class NmeaWriter:
    """Writes TLL, WPL and ALR sentences."""

    def __init__(self, own: OwnNotes) -> None:
        self._own = own
        self._number: dict[str, int] = {}
        self._free = list(range(TARGETS))
        self._without_number: set[str] = set()

    @property
    def untold(self) -> int:
        """Units for which there is no target number left."""
        return len(self._without_number)

    def write(self, act: Act, unit: UnitState, now: datetime) -> list[bytes]:
        """Return the sentence that says `act` of `unit`; none for a unit without a number."""
        if act in ("call", "call over"):
            return self._alarm(unit, now, on=act == "call")
        if act in ("gone", "forgotten"):
            self._without_number.discard(unit.id)
            number = self._number.pop(unit.id, None)
            if number is None:
                return []
            self._free.append(number)
            self._free.sort()
            return self._sentence(unit, number, "L")
        number = self._number.get(unit.id)
        if number is None:
            if not self._free:
                self._without_number.add(unit.id)
                return []
            self._without_number.discard(unit.id)
            number = self._number[unit.id] = self._free.pop(0)
        return self._sentence(unit, number, "T")

    def place(self, act: PlaceAct, place: FeedPlace, now: datetime) -> list[bytes]:  # noqa: ARG002
        """Return the sentence that says where a place is; none where there is no number left."""
        if place.kind == "targets":
            return self._target(act, place)
        if act == "taken back":
            return []
        name = plain_name(place.name, instead="MARK", most=_LONGEST_NAME)
        if place.use in ("hazard", "no_go"):
            name = f"HAZ {name}"[:_LONGEST_NAME]
        self._own.waypoint(name, lon=place.lon, lat=place.lat, address=place.address)
        body = f"IIWPL,{_place(lon=place.lon, lat=place.lat)},{name}".encode()
        return [b"$%s*%02X\r\n" % (body, checksum(body))]

    def _target(self, act: PlaceAct, place: FeedPlace) -> list[bytes]:
        status = "L" if act == "taken back" else "T"
        number = self._number.get(place.id)
        if number is None:
            if status == "L" or not self._free:
                return []
            number = self._number[place.id] = self._free.pop(0)
        if status == "L":
            del self._number[place.id]
            self._free.append(number)
            self._free.sort()
        name = plain_name(place.name, instead=f"TARGET {number:02}", most=_LONGEST_NAME)
        return _tll(number, name, lon=place.lon, lat=place.lat, time=place.time, status=status)

    def _alarm(self, unit: UnitState, now: datetime, *, on: bool) -> list[bytes]:
        number = self._number.get(unit.id)
        if number is None:
            return []
        name = plain_name(unit.call_sign, instead=f"UNIT {number:02}", most=_LONGEST_NAME)
        state = "A" if on else "V"
        body = f"IIALR,{now:%H%M%S}.00,{number:03},{state},V,SOS {name}".encode()
        return [b"$%s*%02X\r\n" % (body, checksum(body))]

    def hello(self, now: datetime) -> tuple[list[bytes], timedelta | None]:  # noqa: ARG002
        """Return nothing: what it hears back it knows by its content."""
        return [], None

    def idle(self, now: datetime) -> list[bytes]:  # noqa: ARG002 - others need it
        """Return nothing: a radar without a target is silent."""
        return []

    def _sentence(self, unit: UnitState, number: int, status: str) -> list[bytes]:
        fix = unit.last
        if fix is None:
            return []
        self._own.place(
            lon=fix.lon,
            lat=fix.lat,
            addresses=unit.addresses,
            mmsi=None,
            calls=unit.distress,
        )
        name = plain_name(unit.call_sign, instead=f"UNIT {number:02}", most=_LONGEST_NAME)
        if unit.distress:
            name = f"SOS {name}"[:_LONGEST_NAME]
        return _tll(number, name, lon=fix.lon, lat=fix.lat, time=fix.time, status=status)


def _tll(
    number: int, name: str, *, lon: float, lat: float, time: datetime, status: str
) -> list[bytes]:
    body = (
        f"RATLL,{number:02},{_place(lon=lon, lat=lat)},{name},"
        f"{time:%H%M%S}.{time.microsecond // 10_000:02},{status},"
    ).encode()
    return [b"$%s*%02X\r\n" % (body, checksum(body))]


def _place(*, lon: float, lat: float) -> str:
    """Return a place as four fields: `2016.4460,N,10024.6120,E`."""
    return f"{_degrees(lat, 2)},{'NS'[lat < 0]},{_degrees(lon, 3)},{'EW'[lon < 0]}"


def _degrees(value: float, digits: int) -> str:
    """Return degrees and minutes: `2016.4460` with 2 digits for the degrees."""
    degrees, minutes = divmod(round(abs(value) * 600_000), 600_000)
    return f"{degrees:0{digits}}{minutes / 10_000:07.4f}"
