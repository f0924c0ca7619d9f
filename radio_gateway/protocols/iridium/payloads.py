"""Payloads of Iridium short burst data: what trackers put into a message, by the layout they use.

Iridium carries up to 340 bytes (1,960 with large modems) and says nothing of what they are; the
channel's `payload` names the layout:

    (none)     lines of NMEA 0183, if it is text that has any
    text       the first pair of latitude and longitude in a text: `20.27300,100.41200`,
               `LAT 20.273 LON 100.412`, `20.273N 100.412E`, `N 20 16.380 E 100 24.720`; a text that
               begins with SOS is a call for help
    nal10      10 bytes of NAL Research's trackers, bits from the lowest: type 4 (0), latitude 25
               and longitude 26 (0.00001 degrees above -90 and -180), seconds of the day 17, PDOP
               4, then fix, emergency, emergency acknowledged, motion
    teltonika  14 bytes a record of Teltonika's Iridium Edge: time 4 (s since 1970, of either byte
               order), longitude 3 (× 46603.375, above -180), latitude 3 (× 93206.75, above -90),
               cause 1, inputs 1, reserved 1, speed 1 (km/h, 255: none)

Source: NAL Research's 10-byte layout as a published decoder reads it, which takes 25 bits of the
longitude where 26 are and are needed; Teltonika's wiki, "Iridium Edge Communication Protocol", with
two samples. No sample of a NAL tracker was at hand.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Final

import msgspec

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.device_clock import AHEAD, nearest_day
from radio_gateway.formats.tracker_report import KMH, TrackerReport
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import nmea0183

MAX_SENTENCES = 64
MAX_RECORDS = 150

ReadPayload = Callable[[bytes, datetime], list[TrackerReport]]
"""Content and about when it was sent in; what it says out, empty where it does not fit."""

_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LINES = {ord(each): " " for each in "\r\n\t"}
_ANGLE = r"([-+]?\d{1,3}\.\d{2,8}|\d{1,3}[ °]\s*\d{1,2}\.\d{1,6}'?)"
_PAIR = re.compile(
    r"(?<![\w.])([NS])?\s*" + _ANGLE + r"\s*°?\s*([NS])?"
    r"[\s,;:/=]*(?:lon(?:g|gitude)?|lng)?[\s,;:=]*"
    r"([EW])?\s*" + _ANGLE + r"\s*°?\s*([EW])?(?![\d.])",
    re.ASCII | re.IGNORECASE,
)
_CALL = re.compile(r"\s*SOS\b", re.IGNORECASE)
_PDOP = (1, 2, 5, 10, 20, 40, 70, 100)


def payload_text(content: bytes) -> str | None:
    """Return a payload as text; None when it is empty or no text."""
    try:
        text = content.decode("utf-8").rstrip("\0\r\n")
    except UnicodeDecodeError:
        return None
    if not text or not text.translate(_LINES).isprintable():
        return None
    return text


def payload_reports(
    content: bytes, message: Transmission, settings: DecoderSettings
) -> list[Transmission]:
    """Return what the payload of a message says, told behind the message under its address.

    Args:
        content: The payload.
        message: What was said of the message itself: its sender, time and duplicate key.
        settings: The channel's; `payload` names the layout.
    """
    heard_at, time = message.heard_at, message.device_time
    near = heard_at if time is None or time - heard_at > AHEAD else time
    if settings.payload is None:
        reports = _sentences(content, near, settings)
    else:
        reports = []
        frame = Frame(content, heard_at, resent=message.resent)
        for report in PAYLOADS[settings.payload](content, near):
            report.device = message.device
            try:
                reports.append(report.transmission(message.protocol, frame, live=settings.live))
            except FrameError:
                continue  # a place that is none; the message is kept with the payload
    return [
        msgspec.structs.replace(
            message,
            kind=each.kind,
            position=each.position,
            fix=each.fix,
            device_time=each.device_time,
            distress=each.distress,
            text=None,
            status=each.status,
            flags=each.flags,
            facts=each.facts | {"position_source": "payload"},
            duplicate_key=f"{message.duplicate_key}|{number}",
        )
        for number, each in enumerate(reports)
    ]


def _sentences(content: bytes, near: datetime, settings: DecoderSettings) -> list[Transmission]:
    """Return the fixes that the NMEA sentences in a text give."""
    text = payload_text(content)
    if text is None or "$" not in text:
        return []
    inside = nmea0183.decoder(msgspec.structs.replace(settings, live=True))
    epochs: list[Transmission] = []
    for line in text.splitlines()[:MAX_SENTENCES]:
        try:
            epochs += inside.decode(Frame(line.strip().encode(), near))
        except FrameError:
            continue  # the payload's text has it
    epochs += inside.flush(None)
    return [each for each in epochs if each.position is not None and each.fix]


def _read_text(content: bytes, near: datetime) -> list[TrackerReport]:  # noqa: ARG001
    text = payload_text(content)
    if text is None:
        return []
    report = TrackerReport(zero_is_unknown=False, distress=_CALL.match(text) is not None)
    match = _PAIR.search(text)
    if match is not None:
        north, lat, south, east, lon, west = match.groups()
        report.lat = _degrees(lat, north or south or "N")
        report.lon = _degrees(lon, east or west or "E")
        report.fix = True
    return [report] if report.distress or report.lat is not None else []


def _degrees(angle: str, letter: str) -> float:
    whole, _, minutes = angle.replace("°", " ").rstrip("'").partition(" ")
    degrees = float(whole) + (float(minutes) / 60 if minutes.strip() else 0.0)
    return -degrees if letter.upper() in "SW" else degrees


def _read_nal10(content: bytes, near: datetime) -> list[TrackerReport]:
    if len(content) != 10:
        return []
    number = int.from_bytes(content, "little")
    type_, lat, lon = number & 0xF, number >> 4 & 0x1FF_FFFF, number >> 29 & 0x3FF_FFFF
    seconds, pdop, state = number >> 55 & 0x1_FFFF, number >> 72 & 0xF, number >> 76
    if type_ or seconds >= 86_400 or pdop >= len(_PDOP):
        return []
    report = TrackerReport(
        lat=(lat - 9_000_000) / 1e5,
        lon=(lon - 18_000_000) / 1e5,
        fix=bool(state & 1),
        time=nearest_day(timedelta(seconds=seconds), near),
        distress=bool(state & 2),
        facts={"pdop": _PDOP[pdop], "moving": bool(state & 8)},
    )
    if report.distress:
        report.facts["alarm"] = "sos"
    return [report]


def _read_teltonika(content: bytes, near: datetime) -> list[TrackerReport]:
    size = 14
    if not content or len(content) % size or len(content) > size * MAX_RECORDS:
        return []
    reports = []
    for at in range(0, len(content), size):
        record = content[at : at + size]
        times = [
            _UNIX_EPOCH + timedelta(seconds=int.from_bytes(record[:4], order))
            for order in ("big", "little")
        ]
        speed = record[13]
        report = TrackerReport(
            lon=int.from_bytes(record[4:7], "big") / 46603.375 - 180,
            lat=int.from_bytes(record[7:10], "big") / 93206.75 - 90,
            time=min(times, key=lambda time: abs(time - near)),
            speed_mps=None if speed == 255 else speed * KMH,
            facts={"event": record[10], "inputs": record[11]},
        )
        report.fix = not (record[4:7] in _NOWHERE and record[7:10] in _NOWHERE)
        if not report.fix:
            report.lat = report.lon = None
        reports.append(report)
    return reports


_NOWHERE = (bytes(3), b"\xff\xff\xff")

PAYLOADS: Final[Mapping[str, ReadPayload]] = MappingProxyType(
    {"text": _read_text, "nal10": _read_nal10, "teltonika": _read_teltonika}
)
"""Layouts by the name that a channel's `payload` gives."""
