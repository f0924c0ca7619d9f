"""The event of a TAK client about itself, cut at once: attributes in the order in which clients
write them, plain numbers, times with Z, and a detail of empty elements.

Beside its track, a client's detail hardly ever changes: it is cut once, and with it is remembered
which facts it tells. Where it is, `fast_pli` makes of that. Whatever is not so in any way is left
to `xml.read_event`. All give the same.

Source: as for `xml`.
"""

from __future__ import annotations

import re
from typing import Final

import msgspec

from radio_gateway.protocols.cot.cot_event import CotEvent
from radio_gateway.protocols.cot.detail import Detail
from radio_gateway.protocols.cot.fast_xml_scan import (
    MAX_CHARACTERS,
    SPACE,
    Attributes,
    cut_elements,
)
from radio_gateway.protocols.cot.timestamp import read_stamp

# Values without `"`, `<` and `&`, as in `fast_xml_scan`; what follows none of them could be part
# of it, so that nothing is given back (`+`).
_ANY: Final = r"[ !#-%'-;=-~]*+"
_VALUE: Final = f"({_ANY})"
_NUMBER: Final = r"(-?\d{1,15}+(?:\.\d{0,20}+)?)"  # finite, whatever it is
_TIME: Final = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)"
_CLIENT = re.compile(
    rf'<event version="{_ANY}" uid="{_VALUE}" type="{_VALUE}"(?: how="{_VALUE}")?'
    rf' time="{_TIME}" start="{_ANY}" stale="{_TIME}"(?: how="{_VALUE}")? ?>{SPACE}'
    rf'<point lat="{_NUMBER}" lon="{_NUMBER}" hae="{_NUMBER}" ce="{_NUMBER}" le="{_NUMBER}" ?/>'
    rf"{SPACE}(?:<detail>(.*)</detail>{SPACE})?</event>",
    re.DOTALL | re.ASCII,
)
_TRACK = re.compile(
    rf'<track (?:speed="{_NUMBER}" course="{_NUMBER}"|course="{_NUMBER}" speed="{_NUMBER}")'
    rf" ?/>{SPACE}",
    re.ASCII,
)
_REMEMBERED: Final = 4096  # details; of 1,000 devices with some each
_LONGEST_REMEMBERED: Final = 600  # characters; long ones would fill the memory, and are rare

_details: dict[tuple[str, str], Detail] = {}


class Client(msgspec.Struct, frozen=True, gc=False):
    """What stands in the event of a client, as it is written there.

    Attributes:
        uid: As the next ones, an attribute of `event`.
        type: The same.
        how: The same; empty where it is missing.
        time: The same: a time with `Z`, though perhaps of no day that there is.
        stale: The same.
        lat: As the next ones, an attribute of `point`: a finite number.
        lon: The same.
        hae: The same.
        ce: The same.
        le: The same.
        speed: Of `track`: a finite number; None without one.
        course: The same.
        detail: All else that stands in it; shared, and not to be changed.
    """

    uid: str
    type: str
    how: str
    time: str
    stale: str
    lat: str
    lon: str
    hae: str
    ce: str
    le: str
    speed: str | None
    course: str | None
    detail: Detail


def read_client(payload: bytes) -> CotEvent | None:
    """Read one event; None when it is not of this kind.

    What the event's track says stands in `speed` and `course` only; its `detail` is shared and
    must not be changed.
    """
    cut = cut_client(payload)
    if cut is None:
        return None
    made, worthless = read_stamp(cut.time), read_stamp(cut.stale)
    if made is None or worthless is None:  # no such day
        return None
    return CotEvent(
        uid=cut.uid.strip(),
        type=cut.type.strip(),
        how=cut.how.strip(),
        time=made[0],
        stale=worthless[0],
        shown_time=made[1],
        shown_stale=worthless[1],
        lon=float(cut.lon),
        lat=float(cut.lat),
        hae=float(cut.hae),
        ce=float(cut.ce),
        le=float(cut.le),
        speed=None if cut.speed is None else float(cut.speed),
        course=None if cut.course is None else float(cut.course),
        detail=cut.detail,
        maker=cut.detail.maker,
        links=cut.detail.links,
        flags=set(),
    )


def cut_client(payload: bytes) -> Client | None:
    """Cut one event into what is written in it; None when it is not of this kind."""
    if len(payload) > MAX_CHARACTERS or not payload.isascii():
        return None
    match = _CLIENT.fullmatch(payload.decode("ascii"))
    if match is None:
        return None
    uid, type_, how, time, stale, late, lat, lon, hae, ce, le, inside = match.groups()
    if how is None:
        how = late or ""
    elif late is not None:
        return None
    speed: str | None = None
    course: str | None = None
    inside, behind = inside or "", ""
    at = inside.find("<track ")
    if at >= 0:
        track = _TRACK.match(inside, at)
        if track is None:
            return None
        speed, course, course_first, speed_then = track.groups()
        if speed is None:
            course, speed = course_first, speed_then
        inside, behind = inside[:at], inside[track.end() :]
    detail = _details.get((inside, behind))
    if detail is None:
        detail = _detail(inside, behind)
    if detail is None:
        return None
    return Client(uid, type_, how, time, stale, lat, lon, hae, ce, le, speed, course, detail)


def _detail(before: str, behind: str) -> Detail | None:
    """Read what stands before and behind the track; None where it is anything but elements."""
    elements: list[tuple[str, Attributes]] = []
    for part in (before, behind):
        cut = cut_elements(part)
        if cut is None:
            return None
        elements += cut
    if any(name == "track" for name, _ in elements):  # a second one
        return None
    detail = Detail(elements)
    if len(before) + len(behind) <= _LONGEST_REMEMBERED:
        if len(_details) >= _REMEMBERED:
            _details.clear()
        _details[before, behind] = detail
    return detail
