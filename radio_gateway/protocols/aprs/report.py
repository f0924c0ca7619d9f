"""APRS: one packet in, what it says out, by the first byte of its information field.

    ! =   position               / @   time, position        ` ' 1C 1D   Mic-E
    ;     object                 )     item                  :           message
    >     status                 }     packet of another network, a whole one inside
    $     NMEA sentence          T#    telemetry             _ # *       weather
    ?     query                  <     capabilities          [           locator
    {     of the sender's own    ,     test                  %           direction finder

A packet of anything else is a beacon in plain words, unless a `!` within the first 40 bytes starts
a position: some relays cannot put it first.

An object or item is the thing reported, not who reports it (fact `reporter`). It is a place that
the sender marked, unless it is something that goes about by itself: a symbol of a vessel, vehicle,
aircraft or person together with a speed and course. Such a thing is a `device` with a position, as
is whatever calls for help. Distress is Mic-E's EMERGENCY, a Mic-E message that the fleet has
declared one, and the words `!EMERGENCY!` in the comment of a position or in a status. It is told
without its position where that is none.

Source: APRS Protocol Reference 1.0.1, chapter 5 and those named in the modules beside this one.
"""

from __future__ import annotations

import re
from hashlib import blake2b
from typing import Any

import msgspec

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.nmea.fields import Facts
from radio_gateway.messages.marked_place import MarkedPlace, in_lines
from radio_gateway.messages.transmission import Kind, Transmission
from radio_gateway.protocols.aprs import timestamp as aprs_time
from radio_gateway.protocols.aprs.comment import (
    calls_for_help,
    read_comment,
    read_extension,
    words,
)
from radio_gateway.protocols.aprs.embedded_nmea import decode_part, sentence_part
from radio_gateway.protocols.aprs.message import read_message
from radio_gateway.protocols.aprs.mic_e import EMERGENCY, TYPES, mic_e_message, read_mic_e
from radio_gateway.protocols.aprs.packet import Packet, read_packet
from radio_gateway.protocols.aprs.position import AprsPosition, read_place

DUPLICATE_S = 30.0  # relays repeat a packet within so many seconds

_MAX_NESTED = 2
_LATE_POSITION = 40
_OBJECT = re.compile(rb";([ -~]{9})([*_])")
_ITEM = re.compile(rb"\)([ \x22-\x5e\x60-\x7e]{3,9})([!_])")
_GOING_ABOUT = frozenset("!'<=>CFOPRSUXY[^abcefgjkpsuv*")
"""Codes of symbols of what moves by itself, in either table: police, aircraft, motorcycle, train,
car, canoe, farm vehicle, balloon, rover, shuttle, bus, helicopter, yacht, jogger, ambulance,
bicycle, horse, fire engine, glider, jeep, lorry, dog, boat, van, snowmobile."""
_HAZARDS = frozenset({r"\!", r"\'", "/:", r"\n"})
"""Symbols of an emergency, a crash, a fire, a danger (red triangle)."""
_LOCATOR = re.compile(rb"\[([A-R]{2}[0-9]{2}(?:[A-X]{2})?)\]?", re.IGNORECASE)
_NO_PLACE = frozenset({"minutes_range", "lat_range", "lon_range", "null_island"})
_OTHERS = {
    **dict.fromkeys(b"_#*", "weather"),
    ord("?"): "query",
    ord("<"): "capabilities",
    ord("{"): "user_defined",
    ord(","): "test",
    ord("%"): "direction_finder",
}


def own_call(settings: DecoderSettings) -> str | None:
    """Return what we are called on the air, in capitals; None when nobody told us."""
    station = (settings.station or "").strip().upper()
    return station or None


def answer_name(device: str, number: str) -> str:
    """Return what ties an acknowledgement to the message it acknowledges.

    >>> answer_name("HS0ABC-9", "12")
    'HS0ABC-9/12'
    """
    return f"{device}/{number}"


def read_report(packet: Packet, frame: Frame, settings: DecoderSettings) -> list[Transmission]:
    """Return what a packet says: mostly one transmission.

    Args:
        packet: The packet.
        frame: What it came in.
        settings: Our own call sign; which Mic-E messages mean a call for help.

    Raises:
        FrameError: If the packet cannot be understood; the reason names the field.
    """
    return _Report(packet, frame, settings).read()


class _Report:
    """One packet on its way to what it says."""

    def __init__(
        self,
        packet: Packet,
        frame: Frame,
        settings: DecoderSettings,
        *,
        outer: Packet | None = None,
    ) -> None:
        self.packet, self.frame, self.settings = packet, frame, settings
        self.outer = outer  # the first of the packets around this one: it was on the air
        self.facts: Facts = {"destination": packet.destination}
        if packet.path:
            self.facts["path"] = packet.path
        if outer is not None:
            self.facts["third_party"] = outer.source

    def read(self, nested: int = 0) -> list[Transmission]:
        info = self.packet.info
        first = info[0]
        if first in b"!=/@":
            if info.startswith(b"!!"):  # an Ultimeter weather station
                return [self.other("weather", info)]
            return [self.timed_position(info) if first in b"/@" else self.position(info[1:])]
        if first in TYPES:
            return [self.mic_e(info)]
        if first == ord("}"):
            return self.third_party(info, nested)
        if first == ord(":"):
            return self.message(info)
        if first == ord("["):
            return [self.locator(info)]
        if first == ord(";"):
            return [self.object(info)]
        if first == ord(")"):
            return [self.item(info)]
        if first == ord(">"):
            return [self.status(info)]
        if first == ord("$"):
            return [self.nmea(info)]
        if info.startswith(b"T#"):
            return [self.other("telemetry", info)]
        if first in _OTHERS:
            return [self.other(_OTHERS[first], info)]
        return [self.beacon(info)]

    def position(self, body: bytes, **more: Any) -> Transmission:
        """Return a position; `more` goes to the transmission."""
        try:
            place, rest = read_place(body, self.frame.payload)
        except FrameError as fault:
            if not calls_for_help(body):
                raise
            return self.without_place(body, fault, **more)
        if body[:1].isdigit():
            rest = read_extension(rest, place)
        return self.placed(place, read_comment(rest, place), **more)

    def timed_position(self, info: bytes) -> Transmission:
        body = info[1 + aprs_time.LENGTH :]
        return self.position(body, **self.time(info[1 : 1 + aprs_time.LENGTH]))

    def time(self, raw: bytes) -> dict[str, Any]:
        """Return what a time means for the transmission; the facts keep it as sent."""
        stamp = aprs_time.read_stamp(raw, self.frame.heard_at, live=self.settings.live)
        if stamp.text is not None:
            self.facts["aprs_time"] = stamp.text
        return {
            "device_time": stamp.time,
            "flags": () if stamp.flag is None else (stamp.flag,),
        }

    def object(self, info: bytes) -> Transmission:
        match = _OBJECT.match(info)
        if match is None or not match[1].strip():
            raise self.error("obj_inv", "no object name of nine characters")
        time = self.time(info[match.end() : match.end() + aprs_time.LENGTH])
        return self.thing(match, info[match.end() + aprs_time.LENGTH :], "object", time)

    def item(self, info: bytes) -> Transmission:
        match = _ITEM.match(info)
        if match is None or not match[1].strip():
            raise self.error("item_inv", "no item name of three to nine characters")
        return self.thing(match, info[match.end() :], "item", {})

    def thing(
        self, match: re.Match[bytes], body: bytes, type_: str, time: dict[str, Any]
    ) -> Transmission:
        alive, name = match[2] in b"*!", match[1].decode().strip()
        self.facts |= {"type": type_, "reporter": self.packet.source, "alive": alive}
        transmission = self.position(body, device=name, **time)
        place = transmission.position
        if transmission.distress or place is None:
            return transmission
        if place.speed_mps is not None and str(transmission.facts["symbol"])[1:] in _GOING_ABOUT:
            return transmission
        mark = MarkedPlace(
            id=name,
            lon=place.lon,
            lat=place.lat,
            name=name,
            use="hazard" if transmission.facts["symbol"] in _HAZARDS else "place",
            radius_m=place.accuracy_m,
            remarks=in_lines(str(transmission.facts.get("comment", ""))),
            deleted=not alive,
        )
        return msgspec.structs.replace(
            transmission,
            kind="waypoint",
            device=self.packet.source,
            position=None,
            fix=None,
            mark=mark,
        )

    def mic_e(self, info: bytes) -> Transmission:
        destination = self.packet.destination
        try:
            place, message, rest = read_mic_e(destination, info, self.frame.payload)
        except FrameError as fault:
            message = mic_e_message(destination)
            if fault.reason not in _NO_PLACE or not self.is_call(message):
                raise
            return self.without_place(info[9:], fault, status=message)
        comment = read_comment(rest, place, mic_e=True)
        return self.placed(place, comment, status=message, distress=self.is_call(message))

    def is_call(self, message: str) -> bool:
        """Return whether a Mic-E message is a call for help."""
        return message == EMERGENCY or message in self.settings.distress_statuses

    def without_place(
        self, comment: bytes, fault: FrameError, *, flags: tuple[str, ...] = (), **more: Any
    ) -> Transmission:
        """Return a call for help whose place cannot be believed."""
        return self.transmission(
            "distress",
            fix=False,
            distress=True,
            text=_text(comment.strip()),
            flags=tuple(sorted({*flags, fault.reason})),
            **more,
        )

    def placed(
        self,
        place: AprsPosition,
        comment: bytes,
        *,
        distress: bool = False,
        flags: tuple[str, ...] = (),
        **more: Any,
    ) -> Transmission:
        """Return a transmission for a place with all that was read into it."""
        distress = distress or calls_for_help(comment)
        try:  # finer by now
            check_place(lon=place.lon, lat=place.lat, payload=self.frame.payload)
        except FrameError as fault:
            if not distress:
                raise
            return self.without_place(comment, fault, flags=flags, **more)
        self.facts |= {"symbol": place.symbol, **place.facts, **words(comment, "comment")}
        if place.ambiguity:
            self.facts["ambiguity"] = place.ambiguity
        if place.stale:
            flags = (*flags, "stale_position")
        return self.transmission(
            "position",
            position=Position(
                lon=place.lon,
                lat=place.lat,
                altitude_m=place.altitude_m,
                accuracy_m=place.accuracy_m,
                speed_mps=place.speed_mps,
                course_deg=place.course_deg,
            ),
            fix=False if place.stale else None,
            distress=distress,
            text=_text(comment) if distress else None,
            flags=tuple(sorted(set(flags))),
            **more,
        )

    def nmea(self, info: bytes) -> Transmission:
        read = None
        if not info.startswith(b"$ULTW"):  # an Ultimeter weather station
            read = sentence_part(info, self.frame.payload)
        if read is None:
            return self.other("weather" if info.startswith(b"$ULTW") else "nmea", info)
        part, checked = read
        fields = decode_part(part, self.frame.heard_at, checked=checked, live=self.settings.live)
        self.facts |= fields.facts
        return self.transmission(
            "empty" if part.empty else "position",
            position=fields.position,
            fix=fields.fix,
            device_time=fields.device_time,
            flags=fields.flags,
        )

    def status(self, info: bytes) -> Transmission:
        body = info[1:]
        more: dict[str, Any] = {}
        if body[:6].isdigit() and body[6:7] == b"z":
            more, body = self.time(body[:7]), body[7:]
        distress = calls_for_help(body)
        kind: Kind = "distress" if distress else "status"
        return self.transmission(kind, text=_text(body.strip()), distress=distress, **more)

    def message(self, info: bytes) -> list[Transmission]:
        message = read_message(info, self.frame.payload)
        self.facts["to"] = message.addressee
        if message.number is not None:
            self.facts["message_number"] = message.number
        station = own_call(self.settings)
        ours = message.addressee.upper() == station
        source = self.packet.source
        kind: Kind = "text"
        status: str | None = None
        if message.kind in ("acknowledged", "refused"):
            kind, status = "answer", message.kind
            if ours and message.number is not None:
                self.facts["answers"] = answer_name(source, message.number)
        elif message.kind == "bulletin":
            self.facts["bulletin"] = message.addressee.removeprefix("BLN")
        elif message.kind != "message":
            kind = "other"
            self.facts["kind"] = message.kind
        elif ours and message.number is not None:
            # it would have to be said on the air, which is for the operator to decide
            self.facts["ack_wanted"] = True
        transmissions = [self.transmission(kind, text=_text(message.text), status=status)]
        if ours and message.also_acknowledges is not None:
            self.facts["answers"] = answer_name(source, message.also_acknowledges)
            self.facts["message_number"] = message.also_acknowledges
            self.facts.pop("ack_wanted", None)
            transmissions.append(self.transmission("answer", status="acknowledged", part="ack"))
        return transmissions

    def third_party(self, info: bytes, nested: int) -> list[Transmission]:
        if nested >= _MAX_NESTED:
            raise self.error("thirdparty_nested", "a packet inside a packet inside a packet")
        packet = read_packet(info[1:], self.frame.payload)
        outer = self.outer or self.packet
        return _Report(packet, self.frame, self.settings, outer=outer).read(nested + 1)

    def locator(self, info: bytes) -> Transmission:
        match = _LOCATOR.match(info)
        if match is None:
            return self.beacon(info)
        self.facts["locator"] = match[1].decode().upper()
        return self.other("locator", info)

    def other(self, kind: str, info: bytes) -> Transmission:
        self.facts["kind"] = kind
        return self.transmission("other", text=_text(info.strip()))

    def beacon(self, info: bytes) -> Transmission:
        at = info.find(b"!", 0, _LATE_POSITION)
        # written out only: any word of 13 letters could be a compressed position
        if at > 0 and info[at + 1 : at + 2].isdigit():
            try:
                return self.position(info[at + 1 :])
            except FrameError:  # just an exclamation mark
                pass
        return self.other("beacon", info)

    def transmission(
        self, kind: Kind, *, device: str | None = None, part: str = "", **more: Any
    ) -> Transmission:
        packet = self.packet
        said_by = f"{packet.source}>{packet.destination}:".encode() + packet.info
        key = blake2b(said_by, digest_size=12).hexdigest()
        return Transmission(
            protocol="aprs",
            kind=kind,
            heard_at=self.frame.heard_at,
            device=device or packet.source,
            facts=dict(self.facts),
            signal=(self.outer or packet).signal(),
            raw=self.frame.payload,
            duplicate_key=f"{key}/{part}" if part else key,
            duplicate_window_s=DUPLICATE_S,
            resent=self.frame.resent,
            **more,
        )

    def error(self, reason: str, detail: str) -> FrameError:
        return FrameError(reason, self.frame.payload, detail)


def _text(text: bytes) -> str | None:
    """Return words for people; UTF-8, or Latin-1 where they are not that."""
    return next(iter(words(text, "text").values()), None)  # type: ignore[return-value]
