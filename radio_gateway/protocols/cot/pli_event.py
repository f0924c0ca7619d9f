"""The event of a TAK client about itself (position location information), cut by one expression.

Attributes stand in the order in which clients write them, numbers are plain, times end in Z, the
detail holds empty elements. Beside its track a client's detail hardly ever changes, so it is parsed
once and remembered. Whatever is not so in any way is left to `xml.read_event`; both give the same.

Source: as for `xml`.
"""

from __future__ import annotations

import re
from typing import Final

from radio_gateway.errors.errors import FrameError
from radio_gateway.protocols.cot.cot_event import CotEvent
from radio_gateway.protocols.cot.timestamp import read_with_text
from radio_gateway.protocols.cot.xml import read_detail

_SPACE: Final = r"[ \t\r\n]*"
# Values without `"`, `<` and `&`: no entity, and nothing that XML would change or refuse. What
# follows none of them could be part of it, so that nothing is given back (`+`).
_ANY: Final = r"[ !#-%'-;=-~]*+"
_VALUE: Final = f"({_ANY})"
_NUMBER: Final = r"(-?\d{1,15}+(?:\.\d{0,20}+)?)"  # finite, whatever it is
_TIME: Final = r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)"
_EVENT = re.compile(
    rf'<event version="{_ANY}" uid="{_VALUE}" type="{_VALUE}"(?: how="{_VALUE}")?'
    rf' time="{_TIME}" start="{_ANY}" stale="{_TIME}"(?: how="{_VALUE}")? ?>{_SPACE}'
    rf'<point lat="{_NUMBER}" lon="{_NUMBER}" hae="{_NUMBER}" ce="{_NUMBER}" le="{_NUMBER}" ?/>'
    rf"{_SPACE}(?:<detail>(.*)</detail>{_SPACE})?</event>",
    re.DOTALL | re.ASCII,
)
_TRACK = re.compile(
    rf'<track (?:speed="{_NUMBER}" course="{_NUMBER}"|course="{_NUMBER}" speed="{_NUMBER}")'
    rf" ?/>{_SPACE}",
    re.ASCII,
)
_NAME: Final = r"[A-Za-z_][A-Za-z0-9_.-]*"
_ELEMENTS = re.compile(rf'{_SPACE}(?:<{_NAME}(?: {_NAME}="{_ANY}")* ?/>{_SPACE})*')

_MAX_CHARACTERS: Final = 4000
_REMEMBERED: Final = 4096  # details; of 1,000 devices with some each
_LONGEST_REMEMBERED: Final = 600  # characters; long ones would fill the memory, and are rare

_details: dict[tuple[str, str], CotEvent] = {}


def read_pli(payload: bytes) -> CotEvent | None:
    """Read one event; None when it is not of this kind.

    What its track says stands in `speed` and `course` only; `detail` and `links` are shared with
    other events and must not be changed.
    """
    if len(payload) > _MAX_CHARACTERS or not payload.isascii():
        return None
    match = _EVENT.fullmatch(payload.decode("ascii"))
    if match is None:
        return None
    uid, type_, how, time, stale, late, lat, lon, hae, ce, le, inside = match.groups()
    if how is not None and late is not None:
        return None
    made, worthless = read_with_text(time), read_with_text(stale)
    if made is None or worthless is None:  # no such day
        return None
    speed = course = None
    inside, behind = inside or "", ""
    at = inside.find("<track ")
    if at >= 0:
        track = _TRACK.match(inside, at)
        if track is None:
            return None
        speed, course = track[1] or track[4], track[2] or track[3]
        inside, behind = inside[:at], inside[track.end() :]
    of_detail = _details.get((inside, behind)) or _of_detail(inside, behind, payload)
    if of_detail is None:
        return None
    return CotEvent(
        uid=uid.strip(),
        type=type_.strip(),
        how=(how or late or "").strip(),
        time=made[0],
        stale=worthless[0],
        time_text=made[1],
        stale_text=worthless[1],
        lon=float(lon),
        lat=float(lat),
        hae=float(hae),
        ce=float(ce),
        le=float(le),
        speed=None if speed is None else float(speed),
        course=None if course is None else float(course),
        detail=of_detail.detail,
        maker=of_detail.maker,
        links=of_detail.links,
        flags=set(),
    )


def _of_detail(before: str, behind: str, payload: bytes) -> CotEvent | None:
    """Read what stands before and behind the track; None unless all are empty elements."""
    if not (_ELEMENTS.fullmatch(before) and _ELEMENTS.fullmatch(behind)):
        return None
    event = CotEvent(uid="", type="")
    try:
        read_detail(before + behind, event, payload)
    except FrameError:
        return None
    if "track" in event.detail:  # a second one, or one of another form
        return None
    if len(before) + len(behind) <= _LONGEST_REMEMBERED:
        if len(_details) >= _REMEMBERED:
            _details.clear()
        _details[before, behind] = event
    return event
