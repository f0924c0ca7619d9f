"""NMEA 0183: sentences about a named place, which radios use to pass on where other stations are.

    $--WPL      1-2 ddmm.m N/S  3-4 dddmm.m E/W  5 name
    $PMGNWPL    1-4 the same  5 altitude  6 M/F (metres, feet)  7 name  8 words  9 icon  [10 type]
    $PKWDWPL    1 hhmmss  2 A/V  3-6 the same  7 knots  8 course  9 ddmmyy  10 altitude (m)
                11 name  12 symbol: table and code of APRS, which may be a comma

The name is a station's (call sign, number of a radio) where a radio prints what it hears, and that
of a waypoint where a chart plotter says its own. Of PKWDWPL date and time are those of the set that
heard the station, and no clock of the station's own; its status is `V` whatever the place is worth.

Source: NMEA 0183 v4.11, 8.3 (WPL); Magellan, "Interface Protocol" 2.11 ($PMGNWPL); sentences of
Kenwood sets as the documentation of Dire Wolf explains them ($PKWDWPL); Raveon, "Vehicle Tracking
Message Formats".
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

from gis.position.position import Position
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.device_name import is_device_name
from radio_gateway.formats.nmea.fields import (
    KNOT_MPS,
    Facts,
    SentenceFields,
    SentencePart,
    date_of,
    plain_number,
    read_course,
    read_place,
    read_time_of_day,
    signed_number,
)
from radio_gateway.formats.nmea.sentence import Sentence
from radio_gateway.formats.number_parsing import show_place
from radio_gateway.messages.marked_place import MarkedPlace, in_lines, one_line
from radio_gateway.messages.transmission import Transmission

FOOT_M: Final = 0.3048
MAX_NAME: Final = 80  # characters
DUPLICATE_WINDOW_S: Final = 2.0  # two receivers of one burst of data

# Sentence -> where its place, name and words stand.
_LAYOUTS: Final = {"PMGNWPL": (1, 7), "PKWDWPL": (3, 11)}
_PLAIN_LAYOUT: Final = (1, 5)


class Waypoint(msgspec.Struct, frozen=True, kw_only=True):
    """A named place.

    Attributes:
        name: Of the station or waypoint.
        position: Where it is.
        passed_on_at: When the set that prints it says that it does, aware UTC.
        facts: Further fields.
    """

    name: str
    position: Position
    passed_on_at: datetime | None
    facts: Facts


def is_waypoint(sentence: Sentence) -> bool:
    """Return whether a sentence is about a named place."""
    name = sentence.text.partition(",")[0]
    return name in _LAYOUTS or (name[2:] == "WPL" and sentence.start == "$")


def read_waypoint(sentence: Sentence, payload: bytes) -> Waypoint:
    """Read such a sentence.

    Args:
        sentence: One that `is_waypoint`.
        payload: The frame, for errors.

    Raises:
        FrameError: `truncated`, `no_device` when the place has no name, `missing_lat`,
            `missing_lon`, `bad_number`, `bad_time`, `bad_hemisphere`, `minutes_range`, `lat_range`,
            `lon_range`, `course_range` or `null_island`.
    """
    line = SentenceFields(sentence.text.split(","), payload, sentence.checked)
    kind = line.fields[0]
    at, at_name = _LAYOUTS.get(kind, _PLAIN_LAYOUT)
    if len(line.fields) <= at_name:
        raise line.error("truncated", f"{kind} has only {len(line.fields)} fields")
    name = line.fields[at_name].strip()
    facts: Facts = {"sentence": kind}
    if kind == "PKWDWPL":
        name, symbol = _name_and_symbol(",".join(line.fields[at_name:]))
        if symbol:
            facts["symbol"] = symbol
    if not name or len(name) > MAX_NAME or not is_device_name(name):
        raise line.error("no_device", f"{name[:40]!r} is no name")
    part = SentencePart(name=kind)
    try:
        read_place(part, line, at)
        passed_on_at = _read_more(part, line, facts)
    except ValueError as fault:
        raise FrameError("bad_number", payload, str(fault)) from None
    if part.lon is None or part.lat is None:
        raise line.error("missing_lat", "a name without its place")
    position = Position(
        lon=part.lon,
        lat=part.lat,
        altitude_m=part.altitude_m,
        speed_mps=part.speed_mps,
        course_deg=part.course_deg,
    )
    return Waypoint(name=name, position=position, passed_on_at=passed_on_at, facts=facts)


def station_report(sentence: Sentence, frame: Frame, protocol: str) -> Transmission:
    """Return a sentence about a named place as the report of the station of that name.

    Args:
        sentence: One that `is_waypoint`.
        frame: Its frame.
        protocol: Whose radio it is.

    Raises:
        FrameError: As `read_waypoint`.
    """
    waypoint = read_waypoint(sentence, frame.payload)
    position = waypoint.position
    return Transmission(
        protocol=protocol,
        kind="position",
        heard_at=frame.heard_at,
        device=waypoint.name,
        position=position,
        passed_on_at=waypoint.passed_on_at,
        flags=() if sentence.checked else ("no_checksum",),
        facts=waypoint.facts,
        raw=frame.payload,
        duplicate_key=show_place(position.lon, position.lat),
        duplicate_window_s=DUPLICATE_WINDOW_S,
        resent=frame.resent,
    )


def mark_report(sentence: Sentence, frame: Frame, protocol: str) -> Transmission:
    """Return a sentence about a named place as a mark that the link put there.

    Arguments and errors as for `station_report`.
    """
    waypoint = read_waypoint(sentence, frame.payload)
    lon, lat = waypoint.position.lon, waypoint.position.lat
    remarks = waypoint.facts.pop("remarks", "")
    name = one_line(waypoint.name)
    return Transmission(
        protocol=protocol,
        kind="waypoint",
        heard_at=frame.heard_at,
        mark=MarkedPlace(
            id=name, lon=lon, lat=lat, name=name, use="waypoint", remarks=in_lines(str(remarks))
        ),
        passed_on_at=waypoint.passed_on_at,
        flags=() if sentence.checked else ("no_checksum",),
        facts=waypoint.facts,
        raw=frame.payload,
        duplicate_key=f"{name}|{show_place(lon, lat)}",
        duplicate_window_s=DUPLICATE_WINDOW_S,
        resent=frame.resent,
    )


def _read_more(part: SentencePart, line: SentenceFields, facts: Facts) -> datetime | None:
    """Read what stands beside name and place into `part` and `facts`; return when it was said."""
    fields = line.fields
    if part.name == "PMGNWPL":
        if fields[5]:
            part.altitude_m = signed_number(fields[5]) * (FOOT_M if fields[6] == "F" else 1.0)
        if len(fields) > 8 and fields[8]:
            facts["remarks"] = fields[8][:MAX_NAME]
    if part.name != "PKWDWPL":
        return None
    if fields[7]:
        part.speed_mps = plain_number(fields[7]) * KNOT_MPS
    if fields[8]:
        part.course_deg = read_course(fields[8], line)
    if fields[10]:
        part.altitude_m = signed_number(fields[10])
    date = date_of(fields[9])  # of a set whose clock was never set, it is none
    return None if date is None or not fields[1] else date + read_time_of_day(fields[1], line)


def _name_and_symbol(text: str) -> tuple[str, str]:
    """Return the two at the end of a PKWDWPL; either may hold a comma.

    >>> _name_and_symbol("test,5,/'"), _name_and_symbol("test3,/,"), _name_and_symbol("HS1AA")
    (('test,5', "/'"), ('test3', '/,'), ('HS1AA', ''))
    """
    if text[-3:-2] == ",":
        return text[:-3].strip(), text[-2:]
    return text.rstrip(",").strip(), ""
