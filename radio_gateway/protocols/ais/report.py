"""AIS: the bits of one whole message in, an `AisReport` out.

    bits of types 1-3 (ITU-R M.1371-5, annex 8, table 48)    of type 18 (table 70)
      0-5    message type                                      0-5
      8-37   MMSI                                              8-37
     38-41   navigational status
     50-59   speed, 0.1 knot; 1023 not available              46-55
     60      accuracy better than 10 m                         56
     61-88   longitude, 1/10,000 minute, signed               57-84
     89-115  latitude, 1/10,000 minute, signed                85-111
    116-127  course, 0.1 degree; 3600 not available          112-123
    128-136  heading, degrees; 511 not available             124-132
    137-142  second of the minute; 60-63 not a time          133-138

Longitude 181 and latitude 91 mean not available. These four types are nearly all of the traffic
and are read here; the rest is read by pyais, and what its values mean is decided here.

An AIS beacon for distress is known by its MMSI (970 SART, 972 man overboard, 974 EPIRB) together
with navigational status 14; status 15 is a test. A ship that sends status 14 needs a look, not an
alarm: crews set it by mistake.

Source: ITU-R M.1371-5, annex 8; ITU-R M.585-9, annex 2 (beacons); IMO SN.1/Circ.322.
"""

from __future__ import annotations

from datetime import datetime

import msgspec

from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.nmea.fields import KNOT_MPS, Facts
from radio_gateway.messages.transmission import Kind
from radio_gateway.protocols.ais.armour import as_integer


class AisReport(msgspec.Struct, kw_only=True, gc=False):
    """What one AIS message says. A field that is None was not available.

    Attributes:
        mmsi: Nine digits.
        facts: `msg_type` and further fields.
        kind: What sort of thing was said.
        lon: Degrees east.
        lat: Degrees north.
        speed_mps: Speed over ground.
        course_deg: Course over ground.
        heading_deg: True heading.
        altitude_m: Of an aircraft.
        accuracy_m: What the message's resolution allows.
        fix: Whether the position is a current fix.
        time: Full date and time, aware UTC.
        text: Words for people.
        status: Navigational status in words.
        distress: A beacon calls for help.
        flag: Quality flag.
    """

    mmsi: str
    facts: Facts
    kind: Kind = "position"
    lon: float | None = None
    lat: float | None = None
    speed_mps: float | None = None
    course_deg: float | None = None
    heading_deg: float | None = None
    altitude_m: float | None = None
    accuracy_m: float | None = None
    fix: bool | None = None
    time: datetime | None = None
    text: str | None = None
    status: str | None = None
    distress: bool = False
    flag: str | None = None


# Beacons that call for help, by the first three digits of their MMSI.
BEACONS = {"970": "sart", "972": "mob", "974": "epirb"}

STATUS_WORDS = (
    "under way using engine",
    "at anchor",
    "not under command",
    "restricted manoeuvrability",
    "constrained by draught",
    "moored",
    "aground",
    "fishing",
    "under way sailing",
    "high-speed craft",
    "wing in ground",
    "towing astern",
    "pushing or towing alongside",
    "reserved",
    "distress beacon",
    None,  # 15: not defined; a beacon under test
)
BEACON_STATUS = 14
_TEST_STATUS = 15

# Second of the minute when it is no second: how the position came about.
_SECOND_FLAGS = {61: "manual_input", 62: "estimated", 63: "stale_position"}


def read_position_report(message_type: int, armoured: bytes, frame: bytes) -> AisReport:
    """Read a message of type 1, 2, 3 or 18, of at least 149 bits.

    Raises:
        FrameError: `lat_range`, `lon_range`, `null_island` or `garbage_payload`.
    """
    size = 6 * len(armoured)
    bits = as_integer(armoured)
    bits = bits >> size - 168 if size >= 168 else bits << 168 - size
    mmsi = mmsi_text(bits >> 130 & 0x3FFFFFFF, frame)
    if message_type == 18:  # the same fields, four bits earlier, and no status
        bits >>= 4
        nav_status = None
        report = AisReport(mmsi=mmsi, facts={"msg_type": 18})
    else:
        nav_status = bits >> 126 & 0xF
        report = AisReport(
            mmsi=mmsi,
            facts={"msg_type": message_type, "nav_status": nav_status},
            status=STATUS_WORDS[nav_status],
        )
        if nav_status >= BEACON_STATUS:
            judge_status(report, nav_status)
    speed = bits >> 108 & 0x3FF
    if speed != 1023:
        report.speed_mps = speed * 0.1 * KNOT_MPS
    course = bits >> 40 & 0xFFF
    if course < 3600:
        report.course_deg = course / 10.0
    heading = bits >> 31 & 0x1FF
    if heading < 360:
        report.heading_deg = float(heading)
    second = bits >> 25 & 0x3F
    if second < 60:
        report.facts["utc_second"] = second
    lon = bits >> 79 & 0xFFFFFFF
    lat = bits >> 52 & 0x7FFFFFF
    if lon > 0x7FFFFFF:
        lon -= 0x10000000
    if lat > 0x3FFFFFF:
        lat -= 0x8000000
    put_place(report, lon=lon / 600_000.0, lat=lat / 600_000.0, frame=frame)
    if second > 60 and report.lat is not None:
        report.flag = report.flag or _SECOND_FLAGS[second]
        report.fix = second == 62
    return report


def mmsi_text(mmsi: int, frame: bytes) -> str:
    """Return an MMSI as its nine digits.

    Raises:
        FrameError: `garbage_payload` when it has more: noise that passed a weak receiver.
    """
    if mmsi > 999_999_999:
        raise FrameError("garbage_payload", frame, f"no MMSI has ten digits: {mmsi}")
    return f"{mmsi:09}"


def judge_status(report: AisReport, nav_status: int) -> None:
    """Say what a navigational status of 14 or 15 means: it depends on who sends it."""
    beacon = BEACONS.get(report.mmsi[:3])
    if beacon is not None:
        report.facts["beacon"] = beacon
        report.distress = nav_status == BEACON_STATUS
        if nav_status == _TEST_STATUS:
            report.flag = "test"
    elif nav_status == BEACON_STATUS:
        report.flag = "navstatus14_nonbeacon"


def put_place(report: AisReport, *, lon: float, lat: float, frame: bytes) -> None:
    """Put a position into a report, or a flag when it is none.

    Raises:
        FrameError: `lat_range`, `lon_range` or `null_island`; a call for help is kept without
            its position instead.
    """
    if lon == 181.0 or lat == 91.0:
        report.flag = report.flag or "position_not_available"
    elif lon == 180.0 and lat == 90.0:  # what a transponder sends that was never set up
        report.flag = report.flag or "position_suspect"
    else:
        try:
            check_place(lon=lon, lat=lat, payload=frame)
        except FrameError as fault:
            if not report.distress:
                raise
            report.flag = fault.reason
        else:
            report.lon, report.lat, report.fix = lon, lat, True
            return
    report.fix = False
