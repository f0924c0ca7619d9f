"""Signal K: what a boat's data server hears, NMEA 2000 and 0183 and AIS alike, as deltas.

    hello  {"name", "version", "self": "vessels.urn:…"}                once, when connected
    delta  {"context": "vessels.urn:mrn:imo:mmsi:574123456", "updates": [{"$source": "can0.3",
            "source": {"type", "sentence" or "pgn"}, "timestamp": ISO,
            "values": [{"path", "value"}]}]}
    paths  navigation.position {latitude, longitude, altitude}, .speedOverGround (m/s),
           .courseOverGroundTrue and .headingTrue (radians), .state; navigation.gnss.methodQuality,
           .satellites, .horizontalDilution; "" {name, communication.callsignVhf};
           design.aisShipType {id}; notifications.mob, .fire, .sinking … {state, message}

    ws://box:3000/signalk/v1/stream?subscribe=all&sendCachedValues=false

A vessel with an MMSI has its address in AIS, `ais:574123456`, whether it is heard by AIS or is the
boat whose server this is; one without is `signalk:` and its UUID. `$source` (which instrument or
link of the server said it) is a fact and no part of who it is: what we told the server comes back
under a name of the server's. Of one vessel that two sources place, the first counts until it has
been silent for 10 s, and of positions closer than a second one is told.

The timestamp is the server's (`passed_on_at`); of sentences that carry the GNSS time it is the
device's. Speed, course and heading that come by themselves (NMEA 2000) join the next position if
they are not older than 5 s. A notification of distress in state `emergency` is a call for help, and
in a state below `alert` again ends it; so is an AIS beacon in state `ais-sart`.

Source: Signal K specification 1.7, "Data Model", "Delta format", "Notifications"; deltas that
signalk-server 2.23 sends.
"""

from __future__ import annotations

import math
import re
from collections import OrderedDict
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings, SessionDecoder
from radio_gateway.decoding.framing import Frame, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import corrected
from radio_gateway.formats.device_name import is_device_name
from radio_gateway.formats.tracker_report import MAX_SPEED_MPS
from radio_gateway.messages.transmission import Kind, Transmission
from radio_gateway.parsing.msgspec_decoders import json_decoder
from radio_gateway.protocols.ais.report import BEACONS

FRAMING = MessageFramer
MAX_BYTES = 1024 * 1024
MAX_UPDATES = 500
MAX_VALUES = 2000
MAX_VESSELS = 2000
MAX_TEXT = 500

_SOURCE_SILENT = timedelta(seconds=10)
_MOTION_HOLDS = timedelta(seconds=5)
_CLOSEST = timedelta(seconds=0.9)
_REPEATED_WITHIN_S = 10.0
_MMSI = re.compile(r"[a-z.]{1,40}\.urn:mrn:imo:mmsi:(\d{9})", re.ASCII)
_UUID = re.compile(r"[a-z.]{1,40}\.urn:mrn:signalk:uuid:([0-9a-fA-F-]{36})", re.ASCII)
_STATIONS = {"atons": "aid_to_navigation", "shore": "base", "aircraft": "aircraft", "sar": "sar"}
_GNSS_SENTENCES = frozenset({"RMC", "GGA", "GNS", "GLL"})
_DISTRESS = frozenset(
    [
        "mob",
        "fire",
        "sinking",
        "flooding",
        "collision",
        "grounding",
        "listing",
        "adrift",
        "piracy",
        "abandon",
    ]
)
_NO_FIX = frozenset({"no gps", "no fix"})
_OVER = frozenset({"normal", "nominal"})

Facts = dict[str, str | int | float | bool]


class _Value(msgspec.Struct):
    """One value of an update."""

    path: str
    value: Any = None


class _Update(msgspec.Struct):
    """What one source says at one moment."""

    values: list[_Value] = []
    source: Any = None
    origin: str | None = msgspec.field(default=None, name="$source")
    timestamp: str | None = None


class _Message(msgspec.Struct):
    """A delta, or the server's greeting; anything else has neither updates nor version."""

    context: str | None = None
    updates: list[_Update] | None = None
    self_: str | None = msgspec.field(default=None, name="self")
    version: str | None = None
    request: Any = msgspec.field(default=None, name="requestId")


class _Vessel(msgspec.Struct):
    """What is remembered of one vessel."""

    source: str = ""
    placed_at: datetime | None = None
    motion: dict[str, tuple[datetime, float]] = {}
    static: Facts = {}
    calls: set[str] = set()


def speaks(frame: Frame) -> bool:
    """Return whether this looks like a delta or a greeting of a Signal K server."""
    payload = frame.payload
    if payload.lstrip()[:1] != b"{":
        return False
    return b'"updates"' in payload or (b'"self"' in payload and b'"version"' in payload)


def decoder(settings: DecoderSettings) -> SignalkDecoder:
    """Return a decoder for one connection."""
    return SignalkDecoder(settings)


class SignalkDecoder(SessionDecoder):
    """Decodes the messages of one connection.

    Keeps which vessel is the server's own, and what was last said of each.
    """

    def __init__(self, settings: DecoderSettings) -> None:
        super().__init__()
        self._live = settings.live
        self._own = "vessels.self"
        self._vessels: OrderedDict[str, _Vessel] = OrderedDict()

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one message.

        Returns:
            Static data, calls for help and positions, in the order of the updates; most deltas
            speak of something else.

        Raises:
            FrameError: `empty`, `too_long`, `too_many`, `json` or `not_delta`; of one update
                among many, `rejected` tells.
        """
        payload = frame.payload
        if not payload.strip():
            raise FrameError("empty", payload)
        if len(payload) > MAX_BYTES:
            raise FrameError("too_long", payload[:1000], f"at most {MAX_BYTES} bytes")
        try:
            message = json_decoder(_Message).decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise FrameError("json", payload, str(fault)) from None
        if message.updates is None:
            if message.self_ is not None:
                self._own = message.self_[:200]
            elif message.version is None and message.request is None:
                raise FrameError("not_delta", payload, "neither updates nor a greeting")
            return []
        context = message.context or "vessels.self"
        values = sum(len(update.values) for update in message.updates)
        if len(message.updates) > MAX_UPDATES or values > MAX_VALUES:
            raise FrameError(
                "too_many", payload, f"{len(message.updates)} updates, {values} values"
            )
        transmissions: list[Transmission] = []
        for update in message.updates:
            try:
                transmissions += self._read(context, update, frame)
            except FrameError as fault:
                self._rejected.append(fault)
        return transmissions

    def _read(self, context: str, update: _Update, frame: Frame) -> list[Transmission]:
        values = {each.path: each.value for each in update.values if each.path}
        time = _time(update.timestamp or "") or frame.heard_at
        telling = _UpdateReader(self._name(context, frame.payload), time, update, frame, self._live)
        vessel = self._vessel(context)
        transmissions = telling.static(
            vessel, [each.value for each in update.values if not each.path], values
        )
        transmissions += telling.calls(vessel, values)
        _keep_motion(vessel, values, time)
        origin = update.origin or ""
        if "navigation.position" in values and self._counts(vessel, origin, time):
            transmissions += telling.position(vessel, values)
        return transmissions

    def _name(self, context: str, payload: bytes) -> tuple[str, str | None, bool, str | None]:
        """Return family, device, whether it is the server's own vessel, and what station it is.

        Raises:
            FrameError: `no_device`.
        """
        if context == "vessels.self":
            context = self._own
        own = context == self._own
        station = _STATIONS.get(context.partition(".")[0])
        mmsi = _MMSI.fullmatch(context)
        if mmsi is not None:
            return "ais", mmsi[1], own, station
        uuid = _UUID.fullmatch(context)
        if uuid is not None:
            return "signalk", uuid[1].lower(), own, station
        name = context.partition(".")[2][:100]
        if not own and not is_device_name(name):
            raise FrameError("no_device", payload, "a context that names nobody")
        return "signalk", None if own else name, own, station

    def _vessel(self, context: str) -> _Vessel:
        context = context[:200]
        vessel = self._vessels.get(context)
        if vessel is None:
            vessel = self._vessels[context] = _Vessel()
            if len(self._vessels) > MAX_VESSELS:
                self._vessels.popitem(last=False)
        else:
            self._vessels.move_to_end(context)
        return vessel

    @staticmethod
    def _counts(vessel: _Vessel, source: str, time: datetime) -> bool:
        """Return whether a position of this source and time is to be told, and note it."""
        last = vessel.placed_at
        if last is not None:
            since = time - last
            if source != vessel.source and -_SOURCE_SILENT < since < _SOURCE_SILENT:
                return False
            if source == vessel.source and timedelta() <= since < _CLOSEST:
                return False
        vessel.source, vessel.placed_at = source[:100], time
        return True


class _UpdateReader:
    """Makes transmissions of one update.

    Args:
        name: Family, device, whether it is the server's own vessel, what station it is.
        time: Of the update, aware UTC.
        update: It.
        frame: Where it was said.
        live: As `DecoderSettings.live`.
    """

    def __init__(
        self,
        name: tuple[str, str | None, bool, str | None],
        time: datetime,
        update: _Update,
        frame: Frame,
        live: bool,
    ) -> None:
        self._family, self._device, own, station = name
        self._time, self._frame, self._live = time, frame, live
        source = update.source if isinstance(update.source, dict) else {}
        self._is_gnss_time = own and source.get("sentence") in _GNSS_SENTENCES
        self._facts: Facts = {"source": update.origin[:100]} if update.origin else {}
        for fact in ("sentence", "pgn"):
            value = source.get(fact)
            if isinstance(value, str | int) and not isinstance(value, bool):
                self._facts[fact] = str(value)[:20]
        if own:
            self._facts["own_ship"] = True
        if station is not None:
            self._facts["station"] = station

    def static(
        self, vessel: _Vessel, roots: list[Any], values: dict[str, Any]
    ) -> list[Transmission]:
        """Return who the vessel is, where that is new."""
        facts: Facts = {}
        for root in roots:
            if not isinstance(root, dict):
                continue
            radio = root.get("communication")
            call_sign = radio.get("callsignVhf") if isinstance(radio, dict) else None
            for fact, word in (("ship_name", root.get("name")), ("callsign", call_sign)):
                if isinstance(word, str) and word.strip():
                    facts[fact] = _printable(word, 64)
        kind = values.get("design.aisShipType")
        if isinstance(kind, dict) and isinstance(kind.get("id"), int):
            facts["ship_type"] = min(max(int(kind["id"]), 0), 999)
        new = {name: fact for name, fact in facts.items() if vessel.static.get(name) != fact}
        if not new:
            return []
        vessel.static = vessel.static | new
        return [
            self._transmission(
                "static", facts=self._facts | facts, key=f"static|{sorted(facts.items())}"
            )
        ]

    def calls(self, vessel: _Vessel, values: dict[str, Any]) -> list[Transmission]:
        """Return calls for help that begin or end."""
        transmissions = []
        for path, value in values.items():
            head, _, nature = path.partition(".")
            if head != "notifications" or nature not in _DISTRESS:
                continue
            notification = value if isinstance(value, dict) else {}
            state, words = notification.get("state"), notification.get("message")
            facts = self._facts | {"nature": nature}
            key = f"{path}|{state}|{self._time.isoformat()}"
            if state == "emergency":
                vessel.calls = vessel.calls | {nature}
                text = _printable(words, MAX_TEXT) if isinstance(words, str) and words else None
                call = self._transmission("distress", facts=facts, key=key, window_s=None)
                transmissions.append(
                    msgspec.structs.replace(call, distress=True, text=text, status=nature)
                )
            elif nature in vessel.calls and (value is None or state in _OVER):
                vessel.calls = vessel.calls - {nature}
                over = self._transmission("status", facts=facts, key=key, window_s=None)
                flags = ("distress_cancelled",)
                transmissions.append(msgspec.structs.replace(over, flags=flags, status=nature))
        return transmissions

    def position(self, vessel: _Vessel, values: dict[str, Any]) -> list[Transmission]:
        """Return where the vessel is.

        Raises:
            FrameError: `bad_position`, `lat_range`, `lon_range` or `null_island`.
        """
        facts, flags = dict(self._facts), set()
        where = values["navigation.position"]
        quality = values.get("navigation.gnss.methodQuality")
        fix = not (where is None or (isinstance(quality, str) and quality.lower() in _NO_FIX))
        if isinstance(quality, str) and quality.lower().startswith("simulat"):
            flags.add("simulator")
        for fact, path in (("satellites", "satellites"), ("hdop", "horizontalDilution")):
            number = _number(values.get(f"navigation.gnss.{path}"))
            if number is not None:
                facts[fact] = number
        state = values.get("navigation.state")
        status = _printable(state, 60) if isinstance(state, str) else None
        distress = self._judge_beacon(status, facts, flags)
        position: Position | None = None
        if where is None:
            flags.add("no_fix")
        else:
            position = self._place(where, vessel)
            if not fix:
                flags.add("stale_position")
        if values.get("sensors.ais.class") == "BASE":
            facts["station"] = "base"
        device_time = None
        if self._is_gnss_time:
            device_time, doubt = corrected(self._time, self._frame.heard_at, live=self._live)
            if doubt is not None:
                flags.add(doubt)
        key = "" if position is None else f"{position.lon}|{position.lat}|{position.speed_mps}"
        transmission = self._transmission("position", facts=facts, key=key)
        return [
            msgspec.structs.replace(
                transmission,
                position=position,
                fix=fix,
                status=status,
                distress=distress,
                device_time=device_time,
                flags=tuple(sorted(flags)),
                duplicate_key=transmission.duplicate_key if position is not None else None,
            )
        ]

    def _judge_beacon(self, state: str | None, facts: Facts, flags: set[str]) -> bool:
        """Return whether an AIS beacon calls for help; see `ais.report`."""
        beacon = BEACONS.get(self._device[:3]) if self._family == "ais" and self._device else None
        if beacon is None:
            return False
        facts["beacon"] = beacon
        if state == "default":
            flags.add("test")
        return state == "ais-sart"

    def _place(self, where: Any, vessel: _Vessel) -> Position:
        fields = where if isinstance(where, dict) else {}
        lat, lon = _number(fields.get("latitude")), _number(fields.get("longitude"))
        if lat is None or lon is None:
            raise FrameError("bad_position", self._frame.payload, f"{str(where)[:100]} is no place")
        check_place(lon=lon, lat=lat, payload=self._frame.payload)
        altitude = _number(fields.get("altitude"))
        motion = {
            name: number
            for name, (time, number) in vessel.motion.items()
            if abs(self._time - time) <= _MOTION_HOLDS
        }
        return Position(
            lon=lon,
            lat=lat,
            altitude_m=altitude if altitude is not None and -12_000 <= altitude <= 1e5 else None,
            speed_mps=motion.get("speedOverGround"),
            course_deg=motion.get("courseOverGroundTrue"),
            heading_deg=motion.get("headingTrue"),
        )

    def _transmission(
        self,
        kind: Kind,
        *,
        facts: Facts,
        key: str,
        window_s: float | None = _REPEATED_WITHIN_S,
    ) -> Transmission:
        return Transmission(
            protocol=self._family,
            kind=kind,
            heard_at=self._frame.heard_at,
            device=self._device,
            passed_on_at=self._time,
            facts=facts,
            raw=self._frame.payload,
            duplicate_key=f"signalk|{key}",
            duplicate_window_s=window_s,
            resent=self._frame.resent,
        )


def _keep_motion(vessel: _Vessel, values: dict[str, Any], time: datetime) -> None:
    for name in ("speedOverGround", "courseOverGroundTrue", "headingTrue"):
        path = f"navigation.{name}"
        if path not in values:
            continue
        number = _number(values[path])
        if number is not None and name == "speedOverGround":
            number = number if 0 <= number <= MAX_SPEED_MPS else None
        elif number is not None:
            number = math.degrees(number) % 360.0 if abs(number) < 100 else None
        motion = {each: was for each, was in vessel.motion.items() if each != name}
        if number is not None:
            motion[name] = (time, 0.0 if number >= 360.0 else number)
        vessel.motion = motion


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e15 else None


def _time(text: str) -> datetime | None:
    if len(text) > 40 or "T" not in text:
        return None
    try:
        time = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", text))
        return time.replace(tzinfo=UTC) if time.tzinfo is None else time.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _printable(words: str, most: int) -> str:
    return "".join(each if each.isprintable() else " " for each in words[:most]).strip()
