"""DSC: the fields of one DSC sentence in, a call out.

`dsc` has the layout; `dsc_expansion` reads what may follow the call.

Source: IEC 61162-1, DSC; ITU-R M.493-15, tables 3 to 5.
"""

from __future__ import annotations

from datetime import timedelta

import msgspec

from gis.position.position import Position
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import nearest_day
from radio_gateway.formats.nmea.fields import Facts
from radio_gateway.formats.nmea.sentence import Sentence, Tag
from radio_gateway.messages.transmission import Kind, Transmission
from radio_gateway.protocols.dsc.expansion import Expansion, is_digits, mmsi_of

MILE_M = 1852.0  # one minute of latitude
DUPLICATE_WINDOW_S = 600.0  # an alert is repeated every four minutes until it is answered

NATURES = {
    0: "fire",
    1: "flooding",
    2: "collision",
    3: "grounding",
    4: "listing",
    5: "sinking",
    6: "disabled_adrift",
    7: "undesignated",
    8: "abandoning",
    9: "piracy",
    10: "mob",
    12: "epirb",
}
FORMATS = {
    "02": "area",
    "12": "distress",
    "14": "group",
    "16": "all_ships",
    "20": "individual",
    "23": "automatic",
}
CATEGORIES = {"00": "routine", "08": "safety", "10": "urgency", "12": "distress"}
TELECOMMANDS = {
    "00": "telephone",
    "01": "telephone_duplex",
    "03": "polling",
    "04": "unable_to_comply",
    "05": "end_of_call",
    "06": "data",
    "09": "telephone_ssb",
    "10": "distress_acknowledgement",
    "12": "distress_relay",
    "13": "telex_fec",
    "15": "telex_arq",
    "18": "test",
    "21": "position",
    "26": "none",
}
_ACKNOWLEDGES = {"R": "requested", "B": "given", "S": "none", "": "none"}
_QUADRANTS = {"0": (1, 1), "1": (1, -1), "2": (-1, 1), "3": (-1, -1)}  # signs of lat, lon


class DscCall(msgspec.Struct, kw_only=True):
    """One DSC call and what its expansion added.

    Attributes:
        frame: Where it was said.
        caller: MMSI of the station that calls; None when the call does not say.
        device: MMSI of the boat it is about; None unknown.
        distress: That boat needs help now.
        expansion_follows: The call announces a DSE.
        kind: What sort of call.
        quadrant: Signs of latitude and longitude.
        lat_minutes: Minutes of latitude from the equator; None when there is no position.
        lon_minutes: Minutes of longitude from Greenwich.
        time_of_day: Of the position, since midnight UTC.
        flags: Quality flags.
        facts: Further fields.
        speed_mps: Speed over ground.
        course_deg: Course over ground.
        raw: All sentences so far, one a line.
        expanded: The digits of an expansion are in.
        is_reported: It was handed on already.
        tag: The tag block before the sentence.
    """

    frame: Frame
    caller: str | None
    device: str | None
    distress: bool
    expansion_follows: bool
    kind: Kind
    quadrant: tuple[int, int] = (1, 1)
    lat_minutes: float | None = None
    lon_minutes: float | None = None
    time_of_day: timedelta | None = None
    flags: set[str] = msgspec.field(default_factory=set)
    facts: Facts = msgspec.field(default_factory=dict)
    speed_mps: float | None = None
    course_deg: float | None = None
    raw: bytes = b""
    expanded: bool = False
    is_reported: bool = False
    tag: Tag | None = None

    def add(self, expansion: Expansion, frame: Frame) -> None:
        """Add what an expansion says; digits for minutes that are not there are left out."""
        self.raw += b"\r\n" + frame.payload
        self.facts |= expansion.facts
        self.facts["merged"] = True
        if expansion.speed_mps is not None:
            self.speed_mps = expansion.speed_mps
        if expansion.course_deg is not None:
            self.course_deg = expansion.course_deg
        further = (expansion.lat_minutes, expansion.lon_minutes)
        if None in further or self.lat_minutes is None or self.lon_minutes is None or self.expanded:
            return
        self.lat_minutes += expansion.lat_minutes or 0.0
        self.lon_minutes += expansion.lon_minutes or 0.0
        self.expanded = True

    def transmission(self, *, live: bool) -> Transmission:
        """Return the call as a transmission.

        Args:
            live: As `DecoderSettings.live`.
        """
        frame, tag = self.frame, self.tag
        facts = dict(self.facts)  # ours may grow when the expansion is late
        position = self._position()
        place = "" if position is None else f"{position.lon:.6f},{position.lat:.6f}"
        kind = self.kind
        if self.distress and position is None:
            kind = "distress"
        time = None
        if self.time_of_day is not None:
            minutes = self.time_of_day.seconds // 60
            facts["time_of_day"] = f"{minutes // 60:02}:{minutes % 60:02}:00"
            near = frame.heard_at if live else None
            if tag is not None and tag.time is not None:
                near = tag.time
            time = None if near is None else nearest_day(self.time_of_day, near)
        what = facts.get("nature_code", facts.get("telecommand", ""))
        key = f"{facts.get('call')}|{what}|{place}|{self.distress}"
        if not self.distress:
            key += f"|{facts.get('time_of_day', '')}|{facts.get('acknowledgement', '')}"
        return Transmission(
            protocol="dsc",
            kind=kind,
            heard_at=frame.heard_at,
            device=self.device,
            position=position,
            fix=None if position is None else True,
            device_time=time,
            passed_on_at=None if tag is None else tag.time,
            distress=self.distress,
            flags=tuple(sorted(self.flags)),
            facts=facts,
            signal=None if tag is None else tag.signal,
            raw=self.raw,
            duplicate_key=key,
            duplicate_window_s=DUPLICATE_WINDOW_S,
            resent=frame.resent,
        )

    def _position(self) -> Position | None:
        if self.lat_minutes is None or self.lon_minutes is None:
            return None
        north, east = self.quadrant
        lat, lon = north * self.lat_minutes / 60.0, east * self.lon_minutes / 60.0
        try:
            check_place(lon=lon, lat=lat, payload=self.frame.payload)
        except FrameError as fault:  # 90°00' was good until its expansion came
            self.flags.add(fault.reason)
            return None
        return Position(
            lon=lon,
            lat=lat,
            # whole minutes are cut off, so the place is up to a mile further out
            accuracy_m=None if self.expanded else MILE_M,
            speed_mps=self.speed_mps,
            course_deg=self.course_deg,
        )


def read_call(sentence: Sentence, frame: Frame) -> DscCall:
    """Read a DSC sentence.

    Raises:
        FrameError: `truncated`, `bad_format`, `bad_category`, `bad_ack_code`, `bad_mmsi`,
            `bad_time`, or what is wrong with the position of a call that is no distress. One that
            is, is told without what is wrong in it.
    """
    payload = frame.payload
    fields = [field.strip() for field in sentence.text.split(",")]
    if len(fields) < 11 or (not sentence.checked and len(fields) < 12):
        raise FrameError("truncated", payload, f"DSC has only {len(fields)} fields")
    if not any(fields[1:]):
        return DscCall(
            frame=frame,
            caller=None,
            device=None,
            distress=False,
            expansion_follows=False,
            kind="empty",
            raw=payload,
        )
    # M.493 writes the codes as 100 to 127, and some sets do too
    code, category, first = (field[-2:] if len(field) == 3 else field for field in _codes(fields))
    if code not in FORMATS:
        raise FrameError("bad_format", payload, f"format {fields[1]!r}")
    distress = code == "12" or category == "12"
    flags: set[str] = set()
    if category and category not in CATEGORIES:
        if not distress:
            raise FrameError("bad_category", payload, f"category {fields[3]!r}")
        flags.add("bad_category")
        category = ""
    if fields[10] not in _ACKNOWLEDGES:
        if not distress:
            raise FrameError("bad_ack_code", payload, f"{fields[10]!r} instead of R, B or S")
        flags.add("bad_ack_code")
    call = DscCall(
        frame=frame,
        caller=None,
        device=None,
        distress=distress,
        expansion_follows=len(fields) > 11 and fields[11] == "E",
        kind="other",
        flags=flags,
        raw=payload,
        tag=sentence.tag,
    )
    call.facts = {
        "call": FORMATS[code],
        "acknowledgement": _ACKNOWLEDGES.get(fields[10], "none"),
    }
    if category:
        call.facts["category"] = CATEGORIES[category]
    if not sentence.checked:
        call.flags.add("no_checksum")
    if call.tag is not None and not call.tag.intact:
        call.flags.add("bad_tag_checksum")
    if code == "02":
        call.facts["area"] = fields[2]  # the caller is not named
    else:
        call.caller = call.device = _mmsi(fields[2], call, payload)
    if call.distress:
        _read_distress(call, code, first, fields)
    else:
        call.facts["telecommand"] = TELECOMMANDS.get(first, first)
        if first == "18":
            call.flags.add("test")
    _read_position(call, first, fields)
    _read_time(call, fields[7], payload)
    return call


def _codes(fields: list[str]) -> tuple[str, str, str]:
    return fields[1], fields[3], fields[4]


def _mmsi(field: str, call: DscCall, payload: bytes) -> str | None:
    mmsi = mmsi_of(field)
    if mmsi is None:
        if not call.distress:
            raise FrameError("bad_mmsi", payload, f"{field!r} is no MMSI and a zero")
        call.flags.add("bad_mmsi")  # somebody calls for help all the same
    return mmsi


def _read_distress(call: DscCall, code: str, first: str, fields: list[str]) -> None:
    """Say who is in distress and why; a call about another boat, or taken back, says so."""
    call.kind = "position"
    nature = fields[4] if code == "12" else fields[9] or fields[4]
    casualty = mmsi_of(fields[8])
    if code != "12" and not fields[9] and first in ("10", "12"):
        nature = ""  # field 4 is then a telecommand
    nature = nature[-2:] if len(nature) == 3 else nature
    if is_digits(nature, 1, 2):
        number = int(nature)
        call.facts["nature_code"] = number
        call.facts["nature"] = NATURES.get(number, "unknown")
    if casualty is not None and casualty == call.caller:
        call.distress = False
        call.flags.add("distress_cancel")
        return
    if code == "12" and casualty is None:
        return
    if call.caller is not None:
        acknowledges = code != "12" and first == "10"
        call.facts["acknowledged_by" if acknowledges else "relayed_by"] = call.caller
    call.device = casualty
    if casualty is None:
        call.flags.add("bad_mmsi" if fields[8] else "unknown_vessel")


def _read_position(call: DscCall, first: str, fields: list[str]) -> None:
    """Put the position into the call; without one a distress is still one."""
    text, payload = fields[6], call.frame.payload
    if call.kind != "position":
        if first != "21":
            if text:
                call.facts["channel"] = text
            return
        if not text or fields[10] == "R":
            return  # asks for one
        call.kind = "position"
    if not text or text[0] == "9":
        call.flags.add("position_not_available")
        return
    try:
        if not is_digits(text, 10, 10) or text[0] not in _QUADRANTS:
            raise FrameError("bad_number", payload, f"{text!r} is no position")
        lat_minutes, lon_minutes = int(text[3:5]), int(text[8:10])
        if max(lat_minutes, lon_minutes) >= 60:
            raise FrameError("minutes_range", payload, f"minutes of {text}")
        lat = int(text[1:3]) * 60.0 + lat_minutes
        lon = int(text[5:8]) * 60.0 + lon_minutes
        check_place(lon=lon / 60.0, lat=lat / 60.0, payload=payload)
    except FrameError as fault:
        if not (call.distress or "distress_cancel" in call.flags):
            raise
        call.flags.add(fault.reason)
        return
    call.quadrant = _QUADRANTS[text[0]]
    call.lat_minutes, call.lon_minutes = lat, lon


def _read_time(call: DscCall, text: str, payload: bytes) -> None:
    if call.kind != "position" or not text or text == "8888":
        return
    if is_digits(text, 4, 4) and int(text[:2]) < 24 and int(text[2:]) < 60:
        call.time_of_day = timedelta(hours=int(text[:2]), minutes=int(text[2:]))
    elif call.distress or "distress_cancel" in call.flags:
        call.flags.add("bad_time")
    else:
        raise FrameError("bad_time", payload, f"no such time: {text!r}")
