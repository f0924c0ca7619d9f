"""AIS messages that pyais reads: what their values mean to us.

    4, 11  base station, and its time on request: full UTC date and a fixed position
    5      ship static: name, call sign, IMO number, type, destination
    9      search and rescue aircraft: whole knots, altitude
    14     safety text
    19     class B position with name
    21     aid to navigation: a mark, not a boat
    24     class B static, part A (name) or B (type, call sign)
    27     long range: whole knots, 0.1 minute

Types 1-3 and 18 are read in `ais_report`; every other type is valid and says nothing about
position. A message shorter or longer than its type allows is noise that passed a weak receiver.

Source: ITU-R M.1371-5, annex 8; IALA Guideline 1082 (which lengths occur).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.fields import KNOT_MPS
from radio_gateway.protocols.ais.armour import as_integer, is_armour
from radio_gateway.protocols.ais.report import (
    BEACONS,
    STATUS_WORDS,
    AisReport,
    judge_status,
    mmsi_text,
    put_place,
    read_position_report,
)

LONG_RANGE_ACCURACY_M = 185.0  # 0.1 minute of latitude


def read_message(armoured: bytes, fill_bits: int, frame: bytes) -> AisReport:
    """Read one whole AIS message.

    Args:
        armoured: Its payload; the fragments' payloads joined.
        fill_bits: Bits at its end that do not count, 0 to 5.
        frame: The frame, for errors.

    Raises:
        FrameError: `bad_armour`, `payload_short`, `garbage_payload`, `lat_range`, `lon_range`
            or `null_island`.
    """
    if not is_armour(armoured):
        raise FrameError("bad_armour", frame, "a character that stands for no six bits")
    message_type = _TYPE_OF.get(armoured[:1], 0)
    least, most = _BITS.get(message_type, (0, 0))
    bits = 6 * len(armoured) - fill_bits
    if bits > most:
        raise FrameError("garbage_payload", frame, f"type {message_type} of {bits} bits")
    if bits < least:
        raise FrameError("payload_short", frame, f"type {message_type} of {bits} bits")
    if message_type in _POSITION_REPORTS:
        return read_position_report(message_type, armoured, frame)
    mmsi = mmsi_text(as_integer(armoured[:7]) >> 4 & 0x3FFFFFFF, frame)
    report = AisReport(mmsi=mmsi, facts={"msg_type": message_type}, kind="other")
    reader = _READERS.get(message_type)
    if reader is not None:
        reader(report, _by_pyais(armoured, fill_bits, frame), frame)
    return report


_TYPE_OF = {bytes([0x30 + number]): number for number in range(1, 28)}
_POSITION_REPORTS = frozenset({1, 2, 3, 18})

# Message type -> least and most bits. The least ends with the last field that is needed; the most
# leaves room for fill bits that were counted in.
_BITS: dict[int, tuple[int, int]] = {
    **dict.fromkeys((1, 2, 3, 4, 9, 11, 18), (149, 174)),
    5: (420, 430),
    6: (88, 1070),
    7: (72, 174),
    8: (56, 1070),
    10: (66, 78),
    12: (72, 1070),
    13: (72, 174),
    14: (40, 1070),
    15: (88, 174),
    16: (92, 174),
    17: (80, 830),
    19: (301, 318),
    20: (70, 174),
    21: (260, 368),  # some aids end before the flags behind their place (RAIM, virtual, assigned)
    22: (160, 174),
    23: (154, 174),
    24: (156, 174),
    25: (40, 174),
    26: (60, 1070),
    27: (94, 174),
}


def _by_pyais(armoured: bytes, fill_bits: int, frame: bytes) -> Any:
    """Let pyais read a message: its own sentence handling gets one plain sentence."""
    import pyais  # five megabytes, which ships in motion never need
    from pyais.exceptions import AISBaseException

    sentence = b"!AIVDM,1,1,,A,%b,%d*00" % (armoured, fill_bits)  # it ignores the checksum
    try:
        return pyais.decode(sentence)
    except (AISBaseException, ValueError, TypeError, IndexError, KeyError) as fault:
        raise FrameError("garbage_payload", frame, f"{type(fault).__name__}: {fault}") from None


def _base_station(report: AisReport, message: Any, frame: bytes) -> None:
    report.kind = "position"
    report.facts["station"] = "base"
    put_place(report, lon=message.lon, lat=message.lat, frame=frame)
    try:
        report.time = datetime(
            message.year,
            message.month,
            message.day,
            message.hour,
            message.minute,
            message.second,
            tzinfo=UTC,
        )
    except ValueError:  # year 0, hour 24 and so on: not available
        report.time = None


def _ship_static(report: AisReport, message: Any, frame: bytes) -> None:  # noqa: ARG001
    report.kind = "static"
    _name(
        report,
        ship_name=message.shipname,
        callsign=message.callsign,
        destination=message.destination,
    )
    if message.imo:
        report.facts["imo"] = message.imo
    _ship(report, message)
    if message.draught:
        report.facts["draught_m"] = message.draught


def _aircraft(report: AisReport, message: Any, frame: bytes) -> None:
    report.kind = "position"
    report.facts["station"] = "aircraft"
    put_place(report, lon=message.lon, lat=message.lat, frame=frame)
    _motion(report, message, speed_knots=None if message.speed >= 1023 else message.speed)
    if message.alt < 4095:
        report.altitude_m = float(message.alt)


def _safety_text(report: AisReport, message: Any, frame: bytes) -> None:  # noqa: ARG001
    report.kind = "text"
    report.text = message.text or ""
    beacon = BEACONS.get(report.mmsi[:3])
    if beacon is not None:
        report.facts["beacon"] = beacon
        if "TEST" in report.text.upper():
            report.flag = "test"
        else:  # a beacon that is not under test sends texts only when it was set off
            report.distress = True


def _class_b_extended(report: AisReport, message: Any, frame: bytes) -> None:
    report.kind = "position"
    put_place(report, lon=message.lon, lat=message.lat, frame=frame)
    _motion(report, message, speed_knots=None if message.speed >= 102.3 else message.speed)
    if message.heading is not None and message.heading < 360:
        report.heading_deg = float(message.heading)
    _name(report, ship_name=message.shipname)
    _ship(report, message)


def _aid_to_navigation(report: AisReport, message: Any, frame: bytes) -> None:
    report.kind = "position"
    report.facts["station"] = "aid_to_navigation"
    put_place(report, lon=message.lon, lat=message.lat, frame=frame)
    _name(report, ship_name=(message.name or "") + (message.name_ext or ""))
    report.facts["aid_type"] = int(message.aid_type)
    if message.virtual_aid is not None:
        report.facts["virtual"] = bool(message.virtual_aid)
    report.facts["off_position"] = bool(message.off_position)
    if message.second < 60:
        report.facts["utc_second"] = message.second


def _class_b_static(report: AisReport, message: Any, frame: bytes) -> None:  # noqa: ARG001
    report.kind = "static"
    report.facts["part"] = "B" if message.partno else "A"
    if message.partno:
        _name(report, callsign=message.callsign)
        _ship(report, message)
    else:
        _name(report, ship_name=message.shipname)


def _long_range(report: AisReport, message: Any, frame: bytes) -> None:
    report.kind = "position"
    nav_status = int(message.status)
    report.facts["nav_status"] = nav_status
    report.status = STATUS_WORDS[nav_status]
    judge_status(report, nav_status)
    put_place(report, lon=message.lon, lat=message.lat, frame=frame)
    if report.lat is not None:
        report.accuracy_m = LONG_RANGE_ACCURACY_M
    if message.speed < 63:
        report.speed_mps = message.speed * KNOT_MPS
    if message.course < 360:
        report.course_deg = float(message.course)


_READERS: dict[int, Callable[[AisReport, Any, bytes], None]] = {
    4: _base_station,
    5: _ship_static,
    9: _aircraft,
    11: _base_station,
    14: _safety_text,
    19: _class_b_extended,
    21: _aid_to_navigation,
    24: _class_b_static,
    27: _long_range,
}


def _motion(report: AisReport, message: Any, *, speed_knots: float | None) -> None:
    if speed_knots is not None:
        report.speed_mps = speed_knots * KNOT_MPS
    if message.course < 360.0:
        report.course_deg = message.course
    if message.second < 60:
        report.facts["utc_second"] = message.second


def _name(report: AisReport, **names: str | None) -> None:
    for key, name in names.items():
        if name and name.strip():
            report.facts[key] = name.strip()


def _ship(report: AisReport, message: Any) -> None:
    """Put type and size into the facts; 0 means not available."""
    if message.ship_type:
        report.facts["ship_type"] = int(message.ship_type)
    length = (getattr(message, "to_bow", 0) or 0) + (getattr(message, "to_stern", 0) or 0)
    beam = (getattr(message, "to_port", 0) or 0) + (getattr(message, "to_starboard", 0) or 0)
    if length:
        report.facts["length_m"] = length
    if beam:
        report.facts["beam_m"] = beam
