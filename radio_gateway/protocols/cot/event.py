"""The Transmission of a Cursor on Target event (`CotEvent`), however that was written.

    type      a-…       an atom: something that is there (a-f-G-U-C: friend, ground, unit, combat)
              b-t-f     words (GeoChat); b-t-f-d, -r, -p, -s: delivered, read, pending, failed
              b-a-…     alert: b-a-o-tbl 911, b-a-o-pan ring the bell, b-a-o-opn in contact;
                        b-a-o-can takes it back, its point is where the caller is now; b-a-g a
                        fence was crossed
              b-r-f-h-c a call for medical evacuation; its point is the place, not the caller's
              b-m-…, u- a place or a drawing that a person put on the map (`mark`)
              t-x-d-d   takes one away
              t-x-c-t   "are you there", t-x-c-t-r the answer; their point is meaningless
    uid       of the event: `<device>-9-1-1` for an alert, `<device>-ping` for a ping,
              `GeoChat.<device>.<room>.<number>` for words
    point     lat lon (degrees), hae (height above the ellipsoid, metres), ce le (circular and
              linear error, metres); 9999999 is unknown
    detail    contact, track (speed m/s, course degrees true), __chat, remarks, emergency, status
              (battery %), __group, takv, link (relation p-p: who made it), precisionlocation
    how       m-… by a machine (m-s simulated), h-… by hand

`altitude_m` is the height above the ellipsoid, as sent, with the fact `altitude_reference`; the
sea is about 30 m below the ellipsoid on the Mekong.

Source: MITRE, CoT base schema 2.0 (`Event.xsd`) and its detail schemas; alert and chat types from
the published ATAK-CIV sources.
"""

from __future__ import annotations

from gis.position.position import Position
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import corrected
from radio_gateway.formats.device_name import is_device_name
from radio_gateway.messages.transmission import Kind, Transmission
from radio_gateway.protocols.cot.cot_event import CotEvent
from radio_gateway.protocols.cot.detail import MAX_FIELD, Facts, battery_of, facts_of
from radio_gateway.protocols.cot.mark import DELETION, is_mark, marked_place
from radio_gateway.protocols.cot.timestamp import show_time

UNKNOWN = 9_999_999.0  # of hae, ce and le
MOST_ERROR_M = UNKNOWN - 1.0
LEAST_HEIGHT_M, MOST_HEIGHT_M = -12_000.0, 100_000.0
MOST_SPEED_MPS = 10_000.0
MAX_TEXT = 4000  # characters kept of what a person wrote

_ALERT_END = "-9-1-1"
_ALERT_NAME_END = "-Alert"
_PING_END = "-ping"
_CHAT_START = "GeoChat."


def transmission(event: CotEvent, frame: Frame, *, live: bool) -> Transmission:
    """Return what an event says.

    Args:
        event: The event.
        frame: Where it came from.
        live: It was heard when `frame.heard_at` says.

    Raises:
        FrameError: `no_uid`, `bad_uid`, `no_type`, the event's `fault`, or for an atom
            `no_point`, `lat_range`, `lon_range` or `null_island`. An alert is told without its
            place, and without what else cannot be read in it, rather than refused.
    """
    payload = frame.payload
    if event.fault is not None and not _kind(event, set())[1]:
        raise FrameError(event.fault[0], payload, event.fault[1])
    if not event.uid:
        raise FrameError("no_uid", payload)
    if not event.type:
        raise FrameError("no_type", payload)
    flags = set(event.flags)
    if event.fault is not None:
        flags.add(event.fault[0])
    time, doubt = event.time, None
    if time is not None:
        time, doubt = corrected(time, frame.heard_at, live=live)
    if doubt is not None:
        flags.add(doubt)
    kind, distress = _kind(event, flags)
    of = _device(event)
    facts = _facts(event, of)
    name = of.strip()[:MAX_FIELD]
    device = name if is_device_name(name) else None
    if kind == "waypoint" and event.maker is None:
        device = None  # its uid is the mark's: nobody says who made it
    elif device is None:
        if not distress:
            raise FrameError("bad_uid", payload, f"no name of a device: {name!r}")
        flags.add("bad_uid")
    position: Position | None = None
    mark = marked_place(event) if kind == "waypoint" else None
    text: str | None = None
    status: str | None = None
    cancelled = "distress_cancelled" in flags
    if kind == "position" or cancelled or (kind == "distress" and not _elsewhere(event)):
        try:
            position = _position(event, payload)
        except FrameError as error:
            if not (distress or cancelled):
                raise
            flags.add(error.reason)
            kind = "distress" if distress else "status"
        else:
            kind = "position"
    if position is not None and event.hae is not None and position.altitude_m is not None:
        facts["altitude_reference"] = "ellipsoid"
    if kind == "text":
        text = event.remarks or ""
    elif kind == "answer":
        status = _RECEIPTS[event.type]
        answers = event.detail.get("__chat", {}).get("messageId") or event.uid
        facts["answers"] = answers[:MAX_FIELD]
    elif distress:
        text = event.emergency or event.remarks
    elif event.remarks:
        facts["remarks"] = event.remarks[:MAX_TEXT]
    if kind in ("waypoint", "other") or _elsewhere(event):
        _add_place(event, facts)
    simulated = event.how.startswith("m-s")
    if position is not None:
        if simulated:
            flags.add("simulator")
        elif event.how.startswith("h-"):
            flags.add("placed_by_hand")
    key = None
    if event.time is not None:
        key = f"{event.uid}|{event.time_text or show_time(event.time)}"
        if kind in ("text", "answer"):
            key += f"|{event.type}"
    return Transmission(
        protocol="cot",
        kind=kind,
        heard_at=frame.heard_at,
        device=device,
        position=position,
        fix=None if position is None else not simulated,
        device_time=time,
        distress=distress,
        text=None if text is None else text[:MAX_TEXT],
        status=status,
        flags=tuple(sorted(flags)),
        facts=facts,
        mark=mark,
        raw=payload,
        duplicate_key=key,
        duplicate_window_s=None,
        resent=frame.resent,
    )


_RECEIPTS = {"b-t-f-d": "delivered", "b-t-f-r": "delivered", "b-t-f-s": "failed"}


def _kind(event: CotEvent, flags: set[str]) -> tuple[Kind, bool]:
    """Return the kind, and whether someone needs help now."""
    type_, emergency = event.type, event.detail.get("emergency")
    if emergency is None and type_.startswith("a-") and not event.how.startswith("h-"):
        return "position", False  # nearly all
    cancelled = emergency is not None and emergency.get("cancel", "").lower() in ("true", "1")
    if type_.startswith("b-a-o-can") or cancelled:
        flags.add("distress_cancelled")
        return "status", False
    if type_.startswith(("b-a-o", "b-r-f-h-c")):
        return "distress", True
    if emergency is not None and not type_.startswith("b-a-g"):
        # an atom that says so itself
        return ("distress" if not type_.startswith("a-") else "position"), True
    if is_mark(event):
        return "waypoint", False
    if type_.startswith("a-"):
        return "position", False
    if type_ == "b-t-f":
        return "text", False
    if type_.startswith("b-t-f-") and type_ in _RECEIPTS:
        return "answer", False
    if type_.startswith(("t-x-c-t", "b-a-")):
        return "status", False
    return "other", False


def _elsewhere(event: CotEvent) -> bool:
    """Return whether the point is not where the device is."""
    return event.type.startswith("b-r-f-h-c")


def _device(event: CotEvent) -> str:
    uid, type_ = event.uid, event.type
    if type_.startswith("a-"):  # nearly all
        return event.maker or uid if event.how.startswith("h-") and is_mark(event) else uid
    if type_.startswith(DELETION):
        return event.maker or uid
    if type_.startswith("t-"):
        return uid.removesuffix(_PING_END) or uid
    if type_.startswith("b-t-f"):
        group = event.detail.get("chatgrp", {}).get("uid0")
        if event.maker is None and group is None and uid.startswith(_CHAT_START):
            return uid.removeprefix(_CHAT_START).partition(".")[0] or uid
        return event.maker or group or uid
    if type_.startswith("b-a-"):
        return event.maker or uid.removesuffix(_ALERT_END) or uid
    if type_.startswith(("b-", "u-")):
        return event.maker or uid
    return uid


def _position(event: CotEvent, payload: bytes) -> Position:
    if event.lon is None or event.lat is None:
        raise FrameError("no_point", payload)
    check_place(lon=event.lon, lat=event.lat, payload=payload)
    course = _within(event.course, 0.0, 360.0)
    return Position(
        lon=event.lon,
        lat=event.lat,
        altitude_m=_within(event.hae, LEAST_HEIGHT_M, MOST_HEIGHT_M),
        accuracy_m=_within(event.ce, 0.0, MOST_ERROR_M),
        speed_mps=_within(event.speed, 0.0, MOST_SPEED_MPS),
        course_deg=None if course is None else course % 360.0,
    )


def _within(value: float | None, least: float, most: float) -> float | None:
    """Return a number within its range; None when absent, out of it or not a number."""
    return value if value is not None and least <= value <= most else None


def _add_place(event: CotEvent, facts: Facts) -> None:
    """Add a place that is not the sender's, where it is one on Earth."""
    lon, lat = _within(event.lon, -180.0, 180.0), _within(event.lat, -90.0, 90.0)
    if lon is not None and lat is not None and (lon, lat) != (0.0, 0.0):
        facts["waypoint_lon"], facts["waypoint_lat"] = lon, lat


def _facts(event: CotEvent, of: str) -> Facts:
    detail = event.detail
    facts: Facts = {"cot_type": event.type[:MAX_FIELD]}
    if event.type.startswith("t-x-c-t"):
        facts["kind"] = "heartbeat"
    if event.how:
        facts["how"] = event.how[:MAX_FIELD]
    if event.stale is not None:
        facts["stale_utc"] = event.stale_text or show_time(event.stale)
    if of != event.uid:
        facts["uid"] = event.uid[:MAX_FIELD]
    facts |= facts_of(detail)
    if event.type.startswith("b-a-") and "callsign" in facts:
        # clients name the call, not the caller; who tells it on would name it so again
        while (name := str(facts["callsign"])).endswith(_ALERT_NAME_END):
            facts["callsign"] = name.removesuffix(_ALERT_NAME_END)
    accuracy = _within(event.le, 0.0, MOST_ERROR_M)
    if accuracy is not None:
        facts["vertical_accuracy_m"] = accuracy
    battery_pct = battery_of(detail)
    if battery_pct is not None:
        facts["battery_pct"] = battery_pct
    return facts
