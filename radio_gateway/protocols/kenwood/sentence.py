"""Kenwood: one of the radio's own sentences in; who said it, where and in what state out.

    $PKLDS,time,A/V,lat,N,lon,E,knots,course,ddmmyy,variation,W00,fleet,unit,status,ext,*hh
           1    2   3   4 5   6 7     8      9      10        11  12    13   14     15
    $PKNDS,…the same to 11…,U00001,status,ext,*hh
    $PKLSH,lat,N,lon,E,time,A/V,fleet,unit,*hh
    $PKNSH,lat,N,lon,E,time,A/V,U00001,*hh
    $PKLID,version,fleet,unit,status,ext,*hh
    $PKNID,version,U00001,status,ext,*hh

L is FleetSync (fleet and unit), N NEXEDGE (U and 5 or 8 digits, or nine digits); DS long, SH short,
ID identity alone, for the plain sentences after it. Field 11 is E or W of the variation and the
version of the sentence in one. Times and places are as in NMEA 0183; the date may be empty. The
comma before `*` is sometimes missing. V is a last known place, or the one that the receiver was
made with (Garmin's: Olathe, Kansas). What a status means is set by the fleet; its digits are
written here without zeros before them.

Source: NX-5000 series manual, GPS; samples of pynmea2, go-nmea and NCSSAR radiolog.
"""

from __future__ import annotations

import re

import msgspec

from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.fields import Facts, SentencePart, read_part
from radio_gateway.formats.nmea.sentence import Sentence
from radio_gateway.protocols.kenwood.frame import radio_number


class KenwoodReport(msgspec.Struct, kw_only=True, gc=False):
    """What one sentence says.

    Attributes:
        name: Sentence type, for example `PKNDS`.
        device: Who it is about; None for a plain sentence.
        part: Time, place and motion; None for an identity alone.
        status: Digits of the status code, without zeros before them.
        facts: Further fields.
        fault: Why time or place could not be read, in a call for help.
    """

    name: str
    device: str | None
    part: SentencePart | None = None
    status: str | None = None
    facts: Facts = msgspec.field(default_factory=dict)
    fault: str | None = None


# Sentence type -> its first field of identity, whether that is fleet and unit, whether a status
# follows, what NMEA sentence its first fields are like and where those begin.
_LAYOUTS = {
    "PKLDS": (12, True, True, "RMC"),
    "PKNDS": (12, False, True, "RMC"),
    "PKLSH": (7, True, False, "GLL"),
    "PKNSH": (7, False, False, "GLL"),
    "PKLID": (2, True, True, None),
    "PKNID": (2, False, True, None),
}
_PLAIN_FIELDS = {"RMC": 9, "GLL": 6}  # as many as ours have in common with them
_FLEET, _UNIT = re.compile(r"\d{3}", re.ASCII), re.compile(r"\d{4}", re.ASCII)
_RADIO = re.compile(r"U\d{5}|U\d{8}|\d{9}", re.ASCII)


def read_report(
    sentence: Sentence, payload: bytes, distress_statuses: frozenset[str]
) -> KenwoodReport:
    """Read one of the radio's own sentences.

    Args:
        sentence: The sentence.
        payload: The frame, for errors.
        distress_statuses: Status codes that mean a call for help: such a sentence is told even
            when its time or place cannot be read.

    Raises:
        FrameError: `unknown_sentence`, `truncated`, `bad_id`, `bad_status_code`, `bad_status`, or
            what is wrong with time or place.
    """
    fields = [field.strip() for field in sentence.text.split(",")]
    name = fields[0]
    if name not in _LAYOUTS:
        raise FrameError("unknown_sentence", payload, f"no known sentence: {name[:20]!r}")
    at, has_fleet, has_status, like = _LAYOUTS[name]
    at_status = at + (2 if has_fleet else 1)
    if len(fields) < at_status + (has_status and not sentence.checked):
        raise FrameError("truncated", payload, f"{name} has only {len(fields)} fields")
    report = KenwoodReport(name=name, device=_device(fields[at:at_status], payload))
    if has_fleet:
        report.facts |= {"fleet": fields[at], "unit": fields[at + 1]}
    if has_status:
        report.status = _status(fields[at_status : at_status + 1], payload)
        if fields[at_status + 1 : at_status + 2] not in ([], [""], ["00"]):
            report.facts["extension"] = fields[at_status + 1][:8]
    if like is None:
        return report
    text = ",".join(["GP" + like, *fields[1 : _PLAIN_FIELDS[like] + 1], "", ""])
    try:
        if fields[2 if like == "RMC" else 6] not in ("A", "V"):
            raise FrameError("bad_status", payload, f"{name} is neither A nor V")
        report.part = read_part(like, text, payload, checked=sentence.checked)
    except FrameError as fault:
        if report.status is None or report.status not in distress_statuses:
            raise
        report.part, report.fault = SentencePart(name=like, fix=False, flag="no_fix"), fault.reason
    report.part.name = name
    return report


def status_code(digits: str) -> str:
    """Return a status code as it is compared: without zeros before it.

    >>> status_code("0028"), status_code("00")
    ('28', '0')
    """
    return digits.lstrip("0") or "0" if digits.isdigit() else digits


def _device(identity: list[str], payload: bytes) -> str:
    if len(identity) == 2:
        if _FLEET.fullmatch(identity[0]) and _UNIT.fullmatch(identity[1]):
            return ":".join(identity)
    elif _RADIO.fullmatch(identity[0]):
        return radio_number(identity[0])
    raise FrameError("bad_id", payload, f"{':'.join(identity)[:24]!r} is no radio's identifier")


def _status(fields: list[str], payload: bytes) -> str | None:
    if not fields or not fields[0]:
        return None
    if not (fields[0].isdigit() and fields[0].isascii() and len(fields[0]) <= 8):
        raise FrameError("bad_status_code", payload, f"status {fields[0][:20]!r}")
    return status_code(fields[0])
