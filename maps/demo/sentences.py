"""What the demo's radios emit: NMEA 0183, Kenwood and AIS sentences, OwnTracks and our own JSON.

Sources: NMEA 0183 (RMC, GGA, VTG; tag block `c`, time of reception in Unix seconds); ITU-R
M.1371-5 messages 1, 5, 18 and 24, armoured by pyais; OwnTracks booklet, JSON `location`;
`radio_gateway.protocols.position_json`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from functools import reduce
from operator import xor
from typing import Any

import msgspec
from pyais.encode import encode_dict

from maps.demo.script import ScriptReport

_KNOTS = 3600.0 / 1852.0


def nmea(report: ScriptReport, time: datetime) -> bytes:
    """Return the RMC, GGA and VTG of one second, each with checksum and CR LF."""
    here = report.here
    lat, lon = _degrees(here.lat, 2, "NS"), _degrees(here.lon, 3, "EW")
    knots, course = here.speed_mps * _KNOTS, here.course_deg
    bodies = (
        f"GPRMC,{time:%H%M%S}.00,A,{lat},{lon},{knots:.1f},{course:.1f},{time:%d%m%y},,,A",
        f"GPGGA,{time:%H%M%S}.00,{lat},{lon},1,09,0.9,352.0,M,-31.0,M,,",
        f"GPVTG,{course:.1f},T,,M,{knots:.1f},N,{here.speed_mps * 3.6:.1f},K,A",
    )
    return b"".join(_sealed(body, b"$") for body in bodies)


def ais(report: ScriptReport, time: datetime) -> bytes:
    """Return the AIS position report of one actor, and now and then who it is.

    Each sentence has a tag block with the time of reception before it, as receivers send them that
    may hand over later what they heard.
    """
    actor, here = report.actor, report.here
    class_b = actor.call_sign is not None
    lines = encode_dict(
        {
            "msg_type": 18 if class_b else 1,
            "mmsi": actor.device,
            "lon": here.lon,
            "lat": here.lat,
            "speed": here.speed_mps * _KNOTS,
            "course": here.course_deg,
            "heading": round(here.course_deg) % 360,
            "second": time.second,
            "status": 0,
        },
        sentence_type="VDM",
        radio_channel="AB"[report.number % 2],
    )
    if report.number % 12 == 0:
        lines += _static(report, class_b=class_b)
    tag = _sealed(f"c:{time.timestamp():.0f}", b"\\").removesuffix(b"\r\n") + b"\\"
    return b"".join(tag + line.encode() + b"\r\n" for line in lines)


def owntracks(report: ScriptReport, time: datetime) -> tuple[str, bytes]:
    """Return topic and payload of an OwnTracks location."""
    here = report.here
    return f"owntracks/{report.actor.device}", msgspec.json.encode(
        {
            "_type": "location",
            "lat": round(here.lat, 6),
            "lon": round(here.lon, 6),
            "tst": round(time.timestamp()),
            "vel": round(here.speed_mps * 3.6),
            "cog": round(here.course_deg) % 360,
            "acc": 8,
            "batt": 80,
            "tid": report.actor.device[-2:],
        }
    )


def kenwood(report: ScriptReport, time: datetime) -> bytes:
    """Return what a base radio prints when a handset answers where it is."""
    here, handset = report.here, report.actor.handset or ""
    lat, lon = _degrees(here.lat, 2, "NS"), _degrees(here.lon, 3, "EW")
    clock = time.astimezone(UTC).strftime("%H%M%S")
    return _sealed(f"PKLSH,{lat},{lon},{clock},A,{handset.replace(':', ',')},", b"$")


def position_json(report: ScriptReport, time: datetime) -> tuple[str, bytes]:
    """Return topic and payload of our own format."""
    here = report.here
    fields = {
        "id": f"{report.actor.device}-{time:%Y%m%dT%H%M%S}",
        "lon": round(here.lon, 6),
        "lat": round(here.lat, 6),
        "time": time.astimezone(UTC),
        "speed_mps": round(here.speed_mps, 2),
        "course_deg": round(here.course_deg, 1),
        "accuracy_m": 6,
    }
    if report.distress:
        fields |= {"distress": True, "text": "Engine on fire, need help"}
    return f"joint-patrol/v1/position/{report.actor.device}", msgspec.json.encode(fields)


def _static(report: ScriptReport, *, class_b: bool) -> list[str]:
    fields: dict[str, Any] = {
        "mmsi": report.actor.device,
        "shipname": report.actor.ship_name or "",
    }
    if class_b:
        fields |= {"msg_type": 24, "partno": 0}
    else:
        fields |= {"msg_type": 5, "callsign": f"BL{report.actor.device[-3:]}", "ship_type": 70}
        fields |= {"to_bow": 22, "to_stern": 10, "to_port": 3, "to_starboard": 3}
        fields |= {"draught": 1.4, "destination": "CHIANG KHONG"}
    return list(encode_dict(fields, sentence_type="VDM"))


def _degrees(value: float, width: int, sides: str) -> str:
    """Return `ddmm.mmmmm,N` (or `dddmm.mmmmm,E`)."""
    degrees, minutes = divmod(round(abs(value) * 60e5), 60 * 100_000)
    return f"{degrees:0{width}d}{minutes / 1e5:08.5f},{sides[value < 0]}"


def _sealed(body: str, start: bytes) -> bytes:
    data = body.encode("ascii")
    return start + data + b"*%02X\r\n" % reduce(xor, data, 0)
