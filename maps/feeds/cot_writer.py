"""Cursor on Target for TAK clients and servers: units, calls for help, and what is taken back.

A unit is an event of type `a-f-S` (boat), `a-f-G-E-V` (vehicle), `a-f-G-I` (fixed), else
`a-f-G-U-C`; `a-u-G` (unknown), or `a-u-S` if it is heard by AIS, for a radio that nobody has
registered. Its time is that of the position and it is stale when the feed would not tell it any
more; `how` is `h-e` for a position that a person plotted. The height is not told: ours is above
the sea, CoT's above the ellipsoid, some 30 m lower here.

A unit that speaks CoT itself keeps its uid, so that it is shown once; all others are
`joint-patrol.` and the unit's id. One that may not be seen any more is deleted (`t-x-d-d`), unless
the uid is its own.

Source: as `radio_gateway.formats.cot.out`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal

from maps.feeds.roll import Act
from patrol.changes import UnitState
from radio_gateway.formats.cot.out import (
    Emergency,
    OutEvent,
    Unit,
    delete_event,
    emergency_event,
    event_xml,
    ping_event,
    tak_datagram,
    tak_stream,
    unit_event,
)

Form = Literal["xml", "stream", "datagram"]

_FORMS: Final[dict[Form, Callable[[OutEvent], bytes]]] = {
    "xml": event_xml,
    "stream": tak_stream,
    "datagram": tak_datagram,
}
_TYPES = {"boat": "a-f-S", "vehicle": "a-f-G-E-V", "fixed": "a-f-G-I"}
_ON_FOOT = "a-f-G-U-C"
_OWN = "cot:"
_MADE = "joint-patrol."


class CotWriter:
    """Writes CoT.

    Args:
        max_age: A position is stale when it is older than this.
        form: XML, or TAK protocol version 1 for a stream or for datagrams.
    """

    untold = 0

    def __init__(self, *, max_age: timedelta, form: Form) -> None:
        self._max_age, self._encode = max_age, _FORMS[form]

    def write(self, act: Act, unit: UnitState, now: datetime) -> list[bytes]:
        """Return the events that say `act` of `unit`; none for one that only grew stale."""
        return [self._encode(event) for event in self._events(act, unit, now)]

    def idle(self, now: datetime) -> list[bytes]:
        """Return a ping, which a TAK server answers."""
        return [self._encode(ping_event(f"{_MADE}ping", now))]

    def _events(self, act: Act, unit: UnitState, now: datetime) -> list[OutEvent]:
        uid = _uid(unit)
        if act == "gone":
            return []
        if act == "forgotten":
            uids = [f"{uid}-9-1-1"] if unit.distress else []
            if uid.startswith(_MADE):
                uids.append(uid)
            return [delete_event(each, now) for each in uids]
        fix = unit.last
        if act in ("call", "call over"):
            call = Emergency(
                uid=uid,
                callsign=unit.call_sign,
                time=now,
                emergency="911 Alert" if act == "call" else "Cancel",
                lon=None if fix is None else fix.lon,
                lat=None if fix is None else fix.lat,
                ce=None if fix is None else fix.accuracy_m,
            )
            return [emergency_event(call)]
        if fix is None:
            return []
        place = Unit(
            uid=uid,
            callsign=unit.call_sign,
            type=_type(unit),
            how="h-e" if "by_voice" in fix.flags else "m-g",
            lon=fix.lon,
            lat=fix.lat,
            time=fix.time,
            stale=fix.time + self._max_age,
            ce=fix.accuracy_m,
            course=fix.course_deg,
            speed=fix.speed_mps,
        )
        return [unit_event(place)]


def _uid(unit: UnitState) -> str:
    own = min((each for each in unit.addresses if each.startswith(_OWN)), default=None)
    return f"{_MADE}{unit.id}" if own is None else own.removeprefix(_OWN)


def _type(unit: UnitState) -> str:
    if unit.known:
        return _TYPES.get(unit.kind or "", _ON_FOOT)
    return "a-u-S" if unit.id.startswith("ais:") else "a-u-G"
