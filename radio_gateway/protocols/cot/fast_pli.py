"""Where a TAK client is, out of its event straight into a transmission, as nearly all events are.

Whatever must be refused, flagged or thought about is left to `xml.read_event` and
`event.transmission`. Both give the same.

Source: as for `event`.
"""

from __future__ import annotations

from gis.position.position import Position
from radio_gateway.decoding.framing import Frame
from radio_gateway.formats.device_clock import corrected
from radio_gateway.formats.device_name import is_device_name
from radio_gateway.formats.number_parsing import read_numbers
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.cot.detail import MAX_FIELD, Detail, Facts
from radio_gateway.protocols.cot.event import (
    LEAST_HEIGHT_M,
    MOST_ERROR_M,
    MOST_HEIGHT_M,
    MOST_SPEED_MPS,
)
from radio_gateway.protocols.cot.pli_event import Client, cut_client
from radio_gateway.protocols.cot.timestamp import read_stamp


def read_fix(frame: Frame, *, live: bool) -> Transmission | None:
    """Read one event; None when it is anything but the plain word of a client where it is.

    Args:
        frame: The event.
        live: It was heard when `frame.heard_at` says.
    """
    payload = frame.payload
    event = cut_client(payload)
    if event is None:
        return None
    uid = event.uid
    numbers = f"{event.lat},{event.lon},{event.hae},{event.ce},{event.le}"
    speed: float | None = None
    course: float | None = None
    if event.speed is None or event.course is None:
        lat, lon, height, accuracy, vertical = read_numbers(numbers)
    else:
        lat, lon, height, accuracy, vertical, speed, course = read_numbers(
            f"{numbers},{event.speed},{event.course}"
        )
    facts = _facts(event)
    if (
        facts is None
        or len(uid) > MAX_FIELD
        or not -90.0 <= lat <= 90.0
        or not -180.0 <= lon <= 180.0
        or lat == lon == 0.0
    ):
        return None
    uid = uid.strip()
    made, worthless = read_stamp(event.time), read_stamp(event.stale)
    if made is None or worthless is None or not is_device_name(uid):
        return None
    time, doubt = corrected(made[0], frame.heard_at, live=live)
    facts["stale_utc"] = worthless[1]
    battery_pct = event.detail.battery_pct
    if 0.0 <= vertical <= MOST_ERROR_M:
        facts["vertical_accuracy_m"] = vertical
    if battery_pct is not None:
        facts["battery_pct"] = battery_pct
    height_known = LEAST_HEIGHT_M <= height <= MOST_HEIGHT_M
    if height_known:
        facts["altitude_reference"] = "ellipsoid"
    return Transmission(
        protocol="cot",
        kind="position",
        heard_at=frame.heard_at,
        device=uid,
        position=Position(
            lon=lon,
            lat=lat,
            altitude_m=height if height_known else None,
            accuracy_m=accuracy if 0.0 <= accuracy <= MOST_ERROR_M else None,
            speed_mps=speed if speed is not None and 0.0 <= speed <= MOST_SPEED_MPS else None,
            course_deg=course % 360.0 if course is not None and 0.0 <= course <= 360.0 else None,
        ),
        fix=True,
        device_time=time,
        flags=() if doubt is None else (doubt,),
        facts=facts,
        raw=payload,
        duplicate_key=f"{uid}|{made[1]}",
        duplicate_window_s=None,
        resent=frame.resent,
    )


def _facts(event: Client) -> Facts | None:
    """Return what an event tells beside its own numbers, `stale_utc` still empty; None if it is
    none to be read here.

    Events of one client tell the same: a dict is copied in a sixth of the time it takes to fill.
    """
    type_, how, detail = event.type, event.how, event.detail
    last = detail.last
    if last is None or last[0] != type_ or last[1] != how:
        if len(type_) > MAX_FIELD or len(how) > MAX_FIELD:
            return None
        last = detail.last = type_, how, _made(type_, how, detail)
    facts = last[2]
    return None if facts is None else facts.copy()


def _made(type_: str, how: str, detail: Detail) -> Facts | None:
    if (
        not type_.startswith("a-")  # an atom
        or how.startswith(("m-s", "h-", " "))  # simulated, or by hand
        or "emergency" in detail
    ):
        return None
    facts: Facts = {"cot_type": type_.strip()}
    if how:
        facts["how"] = how.strip()
    facts["stale_utc"] = ""
    return facts | detail.facts
