"""Cursor on Target for TAK clients and servers: units, calls for help, and what is taken back.

A unit is an event of type `a-f-S` (boat), `a-f-G-E-V` (vehicle), `a-f-G-I` (fixed), else
`a-f-G-U-C`; `a-u-G` (unknown), or `a-u-S` if it is heard by AIS, for a radio that nobody has
registered. Its time is that of the position and it is stale when the feed would not tell it any
more; `how` is `h-e` for a position that a person plotted. The height is not told: ours is above
the sea, CoT's above the ellipsoid, some 30 m lower here.

A unit that speaks CoT itself keeps its uid, so that it is shown once; all others are
`joint-patrol.` and the unit's id. One that may not be seen any more is deleted (`t-x-d-d`), unless
the uid is its own. On a server that a channel of this node hears, too, such a unit is there
already: its place is not told again, which would put our name on the client's marker, and its call
for help goes out under an id of ours. Whether a channel hears the server is not known by their
addresses alone, so that a feed says at first something of no meaning, the end of a thing that never
was, and does not tell of such units until that had time to come back.

A target is `a-s-…` (suspect: surface, person, vehicle), a sector a drawn area `u-d-f` (no-go areas
red), a meeting place `b-m-p-c`, a hazard, waypoint or other mark `b-m-p-s-m`, `b-m-p-w`, `u-d-f` or
`u-d-c-c`. Their uid is `joint-patrol.`, the node and the id: known again if it comes back. What was
marked in CoT is where TAK clients look already and is not told them twice.

Source: as `radio_gateway.protocols.cot.writer`.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final, Literal

from maps.feeds.due_places import PlaceAct
from maps.feeds.due_units import AGAIN_EVERY_S, Act
from maps.feeds.places import FeedPlace
from patrol.intake.own_messages import OwnNotes
from patrol.units.wire import UnitState
from radio_gateway.protocols.cot.writer import (
    CotPlace,
    CotUnit,
    Emergency,
    OutEvent,
    delete_event,
    digest_of,
    emergency_event,
    event_xml,
    marked,
    ping_event,
    place_event,
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
ECHO_WITHIN: Final = timedelta(seconds=5)
"""How soon a server that a channel hears brings back what a feed says."""


class CotWriter:
    """Writes CoT.

    Args:
        max_age: A position is stale when it is older than this.
        form: XML, or TAK protocol version 1 for a stream or for datagrams.
        own: Where it notes what it tells.
        mark: Node and feed, by which the events are known again.
        may_come_back: A channel of this node hears CoT, perhaps from the same server.
    """

    untold = 0

    def __init__(
        self,
        own: OwnNotes,
        *,
        max_age: timedelta,
        form: Form,
        mark: str,
        may_come_back: bool = False,
    ) -> None:
        self._max_age, self._encode = max_age, _FORMS[form]
        self._own, self._mark = own, mark
        self._may_come_back = may_come_back
        self._unsure_until: datetime | None = None

    def hello(self, now: datetime) -> tuple[list[bytes], timedelta | None]:
        """Return what is said at first, and when the units that waited for its echo are told."""
        if not self._may_come_back or self._own.comes_back():
            return [], None
        self._unsure_until = now + ECHO_WITHIN
        node = self._mark.partition("/")[0]
        return [self._encode_own(delete_event(f"{_MADE}{node}.hello", now))], ECHO_WITHIN

    def write(self, act: Act, unit: UnitState, now: datetime) -> list[bytes]:
        """Return the events that say `act` of `unit`; none for one that only grew stale."""
        return [self._encode_own(event) for event in self._events(act, unit, now)]

    def place(self, act: PlaceAct, place: FeedPlace, now: datetime) -> list[bytes]:
        """Return the event that says `act` of a place; none for what was marked in CoT."""
        if place.address.startswith(_OWN):
            return []
        if act == "taken back":
            return [self._encode_own(delete_event(place.uid, now))]
        stale = now + timedelta(seconds=2 * AGAIN_EVERY_S)
        cot_place = CotPlace(
            uid=place.uid,
            type=_place_type(place),
            maker=place.teller,
            name=place.name,
            lon=place.lon,
            lat=place.lat,
            time=now,
            stale=stale if place.ends_at is None else min(stale, max(place.ends_at, now)),
            ce=place.accuracy_m,
            speed=place.speed_mps,
            course=place.course_deg,
            remarks=_remarks(place),
            path=place.path,
            closed=place.closed,
            radius_m=place.radius_m,
            is_red=place.use in ("no_go", "hazard"),
        )
        return [self._encode_own(place_event(cot_place))]

    def idle(self, now: datetime) -> list[bytes]:
        """Return a ping, which a TAK server answers."""
        return [self._encode_own(ping_event(f"{_MADE}ping", now))]

    def _encode_own(self, event: OutEvent) -> bytes:
        if not event.type.startswith("a-") or event.uid.startswith(_MADE):
            self._own.event(event.uid, digest_of(event))
        # else the client's own: without our mark it is the client that speaks
        return self._encode(marked(event, self._mark))

    def _events(self, act: Act, unit: UnitState, now: datetime) -> list[OutEvent]:
        uid, made = _uid(unit), f"{_MADE}{unit.id}"
        is_unsure = self._unsure_until is not None and now < self._unsure_until
        is_there = uid != made and (is_unsure or self._own.comes_back())
        if is_there and uid.startswith(_MADE):
            return []  # another node's, which tells it on this server itself, its calls too
        # a call is under one id from its beginning to its end
        caller = made if self._may_come_back or self._own.comes_back() else uid
        if act == "gone" or (is_there and act in ("whole", "move", "again")):
            return []
        if act == "forgotten":
            uids = [f"{caller}-9-1-1"] if unit.distress else []
            if uid == made:
                uids.append(uid)
            return [delete_event(each, now) for each in uids]
        fix = unit.last
        if act in ("call", "call over"):
            call = Emergency(
                uid=caller,
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
        place = CotUnit(
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


_PLACE_TYPES: Final = {
    "vessel": "a-s-S",
    "person": "a-s-G-U-C",
    "vehicle": "a-s-G-E-V",
    "meeting_point": "b-m-p-c",
    "waypoint": "b-m-p-w",
}
_SECTOR_WORDS: Final = {
    "no_go": "No-go area",
    "rendezvous": "Meeting place",
    "fishing_ban": "Fishing ban",
    "restricted": "Restricted area",
}


def _place_type(place: FeedPlace) -> str:
    if place.path:
        return "u-d-f"
    if place.radius_m is not None:
        return "u-d-c-c"
    return _PLACE_TYPES.get(place.use, "b-m-p-s-m")


def _remarks(place: FeedPlace) -> str:
    what = _SECTOR_WORDS.get(place.use, "Hazard" if place.use == "hazard" else "")
    return "\n".join(part for part in (what, place.remarks) if part)


def _uid(unit: UnitState) -> str:
    return _own_uid(unit) or f"{_MADE}{unit.id}"


def _own_uid(unit: UnitState) -> str | None:
    own = min((each for each in unit.addresses if each.startswith(_OWN)), default=None)
    return None if own is None else own.removeprefix(_OWN)


def _type(unit: UnitState) -> str:
    if unit.known:
        return _TYPES.get(unit.kind or "", _ON_FOOT)
    return "a-u-S" if unit.id.startswith("ais:") else "a-u-G"
