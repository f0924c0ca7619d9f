"""Raveon: what a RavTrack transponder prints for each position report that it hears.

    $PRAVE,0002,0001,3308.9037,-11713.1167,165919,2,9,184,25,12.7,0,-95,0,0,,*76
           1    2    3         4           5      6 7 8   9  10   11 12 13 14 15 16
    1  who sent it, 0 to 9999            2  whom it was sent to
    3  latitude, 4 longitude: ddmm.mmmm and dddmm.mmmm, signed, 0 to 4 decimals; empty without a fix
    5  hhmmss UTC; there is no date
    6  0 no valid position, 1 fix, 2 differential fix      7  satellites
    8  altitude (m)   9  temperature (°C)   10  supply (V)   11  inputs, a hexadecimal digit
    12 signal strength as heard (dBm)   13 speed (km/h)   14 course (degrees)
    15 alerts: A alert button, C critical (button held), M man down; I impact, P proximity,
       S service required, V vibration, X gas
    16 spare; radios that count distance put their odometer before it

A, C and M are calls for help; the others are told as they are. A radio that is set to print
`$GPWPL`, for displays of other makers, says there who (the name) is where, and nothing else
(`waypoint`).

The checksum is that of NMEA 0183; it fits two sentences that radios are said to have sent (0002,
…*76 above, and one from Argentina, …*64). The maker's own example (0001, …,0,0,,*66, also printed
with an odometer) it does not fit: that one is right without its last comma, as if the spare field
had come later. No rule fits all of them, and whether old radios print such sentences could not be
found out without one: they are shown to the technician and give no position.

Source: Raveon, M7 GX Technical Manual, 15.4 ($PRAVE), "Vehicle Tracking Message Formats".
"""

from __future__ import annotations

import re
from datetime import timedelta

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame, LineFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import nearest_day
from radio_gateway.formats.nmea.fields import Facts
from radio_gateway.formats.nmea.sentence import read_sentence
from radio_gateway.formats.nmea.waypoint import is_waypoint, station_report
from radio_gateway.formats.tracker_report import KMH, MAX_SPEED_MPS, number
from radio_gateway.messages.transmission import Signal, Transmission

FRAMING = LineFramer
DUPLICATE_WINDOW_S = 600.0  # its clock has no date, so the same fix a day later is another

ALERTS = {
    "A": "alert",
    "C": "critical",
    "I": "impact",
    "M": "man_down",
    "P": "proximity",
    "S": "service",
    "V": "vibration",
    "X": "gas",
}
_CALLS_FOR_HELP = frozenset("ACM")
_DEGREES = re.compile(r"([-+]?)(\d{1,3})(\d\d(?:\.\d{0,8})?)", re.ASCII)
_TIME = re.compile(r"([01]\d|2[0-3])([0-5]\d)([0-5]\d)(?:\.\d*)?", re.ASCII)
_FIELDS = 16


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a sentence that such a radio prints."""
    return b"$PRAVE," in frame.payload or b"WPL," in frame.payload[:48]


def decoder(settings: DecoderSettings) -> RaveonDecoder:
    """Return a decoder for one connection."""
    return RaveonDecoder(settings)


class RaveonDecoder(PlainDecoder):
    """Decodes sentences; keeps nothing but whether the radio sends checksums."""

    def __init__(self, settings: DecoderSettings) -> None:
        self._live = settings.live
        self._required = settings.checksum_required

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one sentence.

        Returns:
            What a transponder reported; nothing for a sentence of another kind.

        Raises:
            FrameError: `truncated`, `no_device`, `bad_number`, `bad_status`, `bad_time`,
                `minutes_range`, `lat_range`, `lon_range`, `null_island`, or what is wrong with
                envelope or checksum. A call for help is told without what is wrong in it.
        """
        sentence = read_sentence(frame.payload)
        fields = [field.strip() for field in sentence.text.split(",")]
        waypoint = is_waypoint(sentence)
        if fields[0] != "PRAVE" and not waypoint:
            return []
        if not sentence.checked and self._required:
            raise FrameError("no_checksum", frame.payload, "a sentence without its checksum")
        self._required |= sentence.checked
        if waypoint:
            return [station_report(sentence, frame, "raveon")]
        if len(fields) < _FIELDS:
            raise FrameError("truncated", frame.payload, f"$PRAVE of {len(fields)} fields")
        if not re.fullmatch(r"\d{1,8}", fields[1], re.ASCII):
            raise FrameError("no_device", frame.payload, f"{fields[1][:20]!r} is no identifier")
        report = _Report(fields, frame)
        if not sentence.checked:
            report.flags.add("no_checksum")
        return [report.transmission(live=self._live)]


class _Report:
    """One sentence on its way to a transmission."""

    def __init__(self, fields: list[str], frame: Frame) -> None:
        self._fields, self._frame = fields, frame
        alerts = [letter for letter in fields[15] if letter in ALERTS]
        self._distress = not _CALLS_FOR_HELP.isdisjoint(alerts)
        self._status = " ".join(ALERTS[letter] for letter in alerts) or None
        self.flags: set[str] = set()

    def transmission(self, *, live: bool) -> Transmission:
        fields, frame = self._fields, self._frame
        position, fix = self._position()
        time_of_day, time = self._time_of_day(), None
        facts = self._facts()
        key = None
        if time_of_day is not None:
            if live:
                time = nearest_day(time_of_day, frame.heard_at)
            facts["time_of_day"] = fields[5][:2] + ":" + fields[5][2:4] + ":" + fields[5][4:6]
            if position is not None:
                key = f"{time_of_day.seconds}|{position.lon}|{position.lat}|{self._status}"
        rssi_dbm = self._number(12, "signal strength")
        return Transmission(
            protocol="raveon",
            kind="distress" if self._distress and position is None else "position",
            heard_at=frame.heard_at,
            device=fields[1],
            position=position,
            fix=fix,
            device_time=time,
            distress=self._distress,
            status=self._status,
            flags=tuple(sorted(self.flags)),
            facts=facts,
            signal=None if rssi_dbm is None else Signal(rssi_dbm=rssi_dbm),
            raw=frame.payload,
            duplicate_key=key,
            duplicate_window_s=DUPLICATE_WINDOW_S,
            resent=frame.resent,
        )

    def _position(self) -> tuple[Position | None, bool]:
        """Return where it says it is, and whether it has a current fix."""
        fields, payload = self._fields, self._frame.payload
        try:
            if fields[6] not in ("", "0", "1", "2"):
                raise FrameError("bad_status", payload, f"GPS status {fields[6][:20]!r}")
            fix = fields[6] in ("1", "2")
            if not fields[3] or not fields[4]:
                if fix:
                    reason = "missing_lat" if not fields[3] else "missing_lon"
                    raise FrameError(reason, payload, "a fix without its position")
                self.flags.add("no_fix")
                return None, False
            lat = _degrees(fields[3], payload)
            lon = _degrees(fields[4], payload)
            if not fix and lat == 0.0 and lon == 0.0:
                self.flags.add("no_fix")
                return None, False
            check_place(lon=lon, lat=lat, payload=payload)
        except FrameError as fault:
            self._tolerate(fault)
            return None, False
        if not fix:
            self.flags.add("stale_position")
        kmh, course = self._number(13, "speed"), self._number(14, "course")
        speed_mps = None if kmh is None else kmh * KMH
        if speed_mps is not None and not 0 <= speed_mps <= MAX_SPEED_MPS:
            speed_mps = None
        position = Position(
            lon=lon,
            lat=lat,
            altitude_m=self._number(8, "altitude"),
            speed_mps=speed_mps,
            course_deg=course % 360.0 if course is not None and 0 <= course <= 360 else None,
        )
        return position, fix

    def _time_of_day(self) -> timedelta | None:
        text = self._fields[5]
        if not text:
            return None
        match = _TIME.fullmatch(text)
        if match is None:
            fault = FrameError("bad_time", self._frame.payload, f"no such time: {text[:20]!r}")
            self._tolerate(fault)
            return None
        hours, minutes, seconds = (int(part) for part in match.groups())
        return timedelta(hours=hours, minutes=minutes, seconds=seconds)

    def _facts(self) -> Facts:
        fields = self._fields
        facts: Facts = {}
        if fields[2]:
            facts["to"] = fields[2]
        if fields[7].isdigit() and len(fields[7]) < 4:
            facts["sats"] = int(fields[7])
        for name, at in (("temperature_c", 9), ("supply_v", 10)):
            value = self._number(at, name)
            if value is not None:
                facts[name] = value
        if fields[11]:
            facts["inputs"] = fields[11]
        further = [field for field in fields[16:] if field]
        if further:
            facts["odometer"] = further[0]
        return facts

    def _number(self, at: int, name: str) -> float | None:
        try:
            return number(self._fields[at], name, self._frame.payload)
        except FrameError as fault:
            self._tolerate(fault)
            return None

    def _tolerate(self, fault: FrameError) -> None:
        """Raise `fault`, but in a call for help keep it as a flag."""
        if not self._distress:
            raise fault
        self.flags.add(fault.reason)


def _degrees(text: str, payload: bytes) -> float:
    match = _DEGREES.fullmatch(text)
    if match is None:
        raise FrameError("bad_number", payload, f"{text[:20]!r} is no signed dddmm.mmmm")
    sign, whole, minutes = match.groups()
    if float(minutes) >= 60.0:
        raise FrameError("minutes_range", payload, f"minutes of {text}")
    degrees = int(whole) + float(minutes) / 60.0
    return -degrees if sign == "-" else degrees
