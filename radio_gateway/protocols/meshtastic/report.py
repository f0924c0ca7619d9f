"""What a Meshtastic packet says, whether it came as protobuf or as JSON, made a Transmission.

    from         number of the node that speaks, shown as `!a1b2c3d4`; not the gateway
    id           chosen by the sender; with `from` it names the packet, on whatever way it came
    latitude_i, longitude_i   1e-7 degree
    ground_track              1e-5 degree (firmware `PositionModule.cpp`)
    ground_speed              m/s says the definition, km/h writes the firmware: given as it is
    time         when the node said it, UNIX s; `timestamp` when its receiver found the place
    precision_bits            how many of the 32 bits of a coordinate are true: the rest was
                              blanked by the sender, so that its place is the middle of a square

Source: Meshtastic protobuf definitions (`mesh.proto`), documentation "Position precision".
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from gis.position.position import Position
from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.coordinates import check_place
from radio_gateway.formats.device_clock import AHEAD, corrected
from radio_gateway.messages.marked_place import (
    MarkedPlace,
    in_lines,
    is_place,
    one_line,
)
from radio_gateway.messages.transmission import Kind, Signal, Transmission

BROADCAST = 0xFFFFFFFF
MAX_TEXT = 2000  # characters

Facts = dict[str, str | int | float | bool]


class MeshtasticHeader(msgspec.Struct, kw_only=True):
    """What a packet's header and the link say.

    Attributes:
        sender: Node number of who speaks.
        packet_id: The packet's identifier; 0 when it has none.
        to: Node number of whom it is for; None when not said.
        gateway: Node that passed it on to us (`!da656a30`).
        channel: Name of the channel.
        rx_time_s: When that node heard it, UNIX s; 0 when it had no clock.
        snr_db: Signal to noise ratio there, dB.
        rssi_dbm: Signal strength there, dBm.
        hops: Relays in between.
        encrypted: We decrypted it; nothing but its sense shows that the key was right.
    """

    sender: int
    packet_id: int = 0
    to: int | None = None
    gateway: str | None = None
    channel: str | None = None
    rx_time_s: int = 0
    snr_db: float | None = None
    rssi_dbm: float | None = None
    hops: int | None = None
    encrypted: bool = False


class MeshtasticPayload(msgspec.Struct, kw_only=True):
    """What a packet's payload says.

    Attributes:
        kind: As in Transmission.
        word: The protocol's own, finer word for it.
        position: As in Transmission.
        fix: As in Transmission.
        time_s: The sender's time, UNIX s; None when not said.
        text: As in Transmission.
        status: As in Transmission.
        distress: As in Transmission.
        flags: As in Transmission, unsorted.
        facts: As in Transmission.
        mark: As in Transmission.
    """

    kind: Kind
    word: str | None = None
    position: Position | None = None
    fix: bool | None = None
    time_s: int | None = None
    text: str | None = None
    status: str | None = None
    distress: bool = False
    flags: list[str] = []
    facts: Facts = {}
    mark: MarkedPlace | None = None


def waypoint_payload(
    *, id: int, lon: float | None, lat: float | None, expire_s: int, name: str, description: str
) -> MeshtasticPayload:
    """Return what a waypoint says. An app takes one back by an `expire` that is long over.

    Args:
        id: Chosen by who made it; 0 for none.
        lon: Degrees east, unchecked; None when not sent.
        lat: Degrees north, the same.
        expire_s: Until when it holds, UNIX s; 0 or 2^31 - 1 for ever.
        name: What people call it.
        description: Words for people.
    """
    facts: Facts = {}
    if lat is not None and abs(lat) <= 90.0:
        facts["waypoint_lat"] = lat
    if lon is not None and abs(lon) <= 180.0:
        facts["waypoint_lon"] = lon
    if id:
        facts["waypoint_id"] = id
    if expire_s:
        facts["expires_s"] = expire_s
    mark: MarkedPlace | None = None
    deleted = 0 < expire_s < _FIRST_EXPIRY_S
    called = one_line(name)
    if deleted or is_place(lon=lon, lat=lat):
        lasts = 0 < expire_s < _FOR_EVER_S and not deleted
        mark = MarkedPlace(
            id=str(id) if id else called or "0",
            lon=lon if is_place(lon=lon, lat=lat) else None,
            lat=lat if is_place(lon=lon, lat=lat) else None,
            name=called,
            use="waypoint",
            remarks=in_lines(description),
            ends_at=_UNIX_EPOCH + timedelta(seconds=expire_s) if lasts else None,
            deleted=deleted,
        )
    words = [text for text in (name, description) if text]
    return MeshtasticPayload(
        kind="waypoint", text=": ".join(words)[:MAX_TEXT] or None, facts=facts, mark=mark
    )


def node_name(number: int) -> str:
    """Return a node as apps write it.

    >>> node_name(0xA1B2C3D4)
    '!a1b2c3d4'
    """
    return f"!{number:08x}"


def node_number(name: str) -> int | None:
    """Return the number of `!a1b2c3d4`; None when it is no node's name.

    >>> node_number("!a1b2c3d4") == 0xA1B2C3D4, node_number("a1b2")
    (True, None)
    """
    digits = name.removeprefix("!")
    if len(digits) != 8 or digits == name:
        return None
    try:
        return int(digits, 16) if digits.isalnum() else None
    except ValueError:
        return None


def position_payload(fields: Mapping[str, int | float], payload: bytes) -> MeshtasticPayload:
    """Return what a position payload says.

    Args:
        fields: Its fields by their names in the definition; an absent one was not sent.
        payload: The frame, for errors.

    Raises:
        FrameError: `lat_range`, `lon_range` or `null_island`.
    """
    flags: list[str] = []
    facts: Facts = {}
    time_s, found_s = int(fields.get("time", 0)), int(fields.get("timestamp", 0))
    for name, fact, most in (
        ("precision_bits", "precision_bits", 32),
        ("sats_in_view", "sats", 200),
        ("seq_number", "sequence", 0xFFFFFFFF),
    ):
        number = int(fields.get(name, 0))
        if 0 < number <= most:
            facts[fact] = number
    source = _LOCATION_SOURCES.get(int(fields.get("location_source", 0)))
    if source is not None:
        facts["location_source"] = source
    pdop = float(fields.get("PDOP", 0))
    if 0 < pdop < 10_000:
        facts["pdop"] = pdop / 100
    if "altitude_hae" in fields:
        facts["ellipsoid_altitude_m"] = int(fields["altitude_hae"])
    if "ground_speed" in fields:
        facts["speed_raw"] = int(fields["ground_speed"])
        flags.append("speed_unit_disputed")
    content = MeshtasticPayload(
        kind="position", time_s=time_s or found_s or None, flags=flags, facts=facts
    )
    if "latitude_i" not in fields or "longitude_i" not in fields:
        content.word, content.fix = "nofix", False
        flags.append("no_fix")
        return content
    lat, lon = fields["latitude_i"] / 1e7, fields["longitude_i"] / 1e7
    check_place(lon=lon, lat=lat, payload=payload)
    content.fix = True
    if found_s and time_s - found_s > _OLD_PLACE_S:
        # the node tells now where it was when its receiver last had a fix
        content.time_s, content.fix = found_s, False
        flags.append("stale_position")
    altitude = fields.get("altitude")
    track = fields.get("ground_track")
    content.position = Position(
        lon=lon,
        lat=lat,
        altitude_m=float(altitude) if altitude is not None and _is_height(altitude) else None,
        accuracy_m=_accuracy_m(int(fields.get("precision_bits", 0)), fields, pdop),
        course_deg=None if track is None or not 0 <= track <= 36e6 else track / 1e5 % 360,
    )
    return content


def transmission(
    header: MeshtasticHeader, payload: MeshtasticPayload, frame: Frame, settings: DecoderSettings
) -> Transmission:
    """Return one packet as a Transmission.

    Raises:
        FrameError: `no_sender`; `decrypt_failed` for a time that nobody can have sent.
    """
    sender = header.sender
    if not 0 < sender < BROADCAST:
        raise FrameError("no_sender", frame.payload, f"from {sender} is no node")
    flags = list(payload.flags)
    facts: Facts = {}
    if payload.word is not None:
        facts["kind"] = payload.word
    for name, fact in (("gateway", header.gateway), ("mesh_channel", header.channel)):
        if fact:
            facts[name] = fact[:40]
    if header.packet_id:
        facts["packet_id"] = header.packet_id
    if header.to is not None and header.to != BROADCAST:
        facts["to"] = node_name(header.to)
    if header.encrypted:
        facts["encrypted"] = True
    facts |= payload.facts
    if sender <= _LAST_RESERVED:
        flags.append("suspicious_node_id")
    device_time, doubt = _device_time(payload.time_s, header, frame, live=settings.live)
    if doubt is not None:
        flags.append(doubt)
    passed_on_at = _rx_time(header, frame)
    if sender <= _LAST_RESERVED:
        passed_on_at = None  # firmware that sends such a number has mixed up more than that
    if payload.position is not None and device_time is None and passed_on_at is not None:
        facts["time_source"] = "rx_time"
    kind = payload.kind
    if settings.station is not None and node_name(sender) == settings.station.rpartition("/")[2]:
        kind = "command"  # our own words, as the broker hands them back
    signal = Signal(
        station=header.gateway, rssi_dbm=header.rssi_dbm, snr_db=header.snr_db, hops=header.hops
    )
    key = None
    if header.packet_id:
        # identifiers are partly random and come again after months: what was said counts too
        about = payload.text or payload.status or ""
        key = f"{header.packet_id}|{payload.kind}|{payload.time_s or ''}|{about[:40]}"
    return Transmission(
        protocol="meshtastic",
        kind=kind,
        heard_at=frame.heard_at,
        device=node_name(sender),
        position=payload.position,
        fix=payload.fix,
        device_time=device_time,
        passed_on_at=passed_on_at,
        distress=payload.distress and kind != "command",
        text=payload.text,
        status=payload.status,
        flags=tuple(sorted(flags)),
        facts=facts,
        signal=None if signal == _NO_SIGNAL else signal,
        mark=payload.mark if kind == "waypoint" else None,
        raw=frame.payload,
        duplicate_key=key,
        duplicate_window_s=3.0 if key is None else None,
        resent=frame.resent,
    )


_NO_SIGNAL = Signal()
_LAST_RESERVED = 4  # 0 to 3 are no radios; firmware 2.1.16 sent 4 for everybody
_LOCATION_SOURCES = {1: "manual", 2: "internal", 3: "external"}
_OLD_PLACE_S = 300
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_FIRST_EXPIRY_S = 1_546_300_800  # 2019, before the first of these radios; apps send 1
_FOR_EVER_S = 0x7FFFFFFF
_FIRST_RADIO = datetime(2019, 1, 1, tzinfo=UTC)  # Meshtastic began in 2020
_LAST_PLAUSIBLE = datetime(2038, 1, 1, tzinfo=UTC)
_CLOCK_ERROR = timedelta(days=1)
# Half the side of the square, metres, as the documentation rounds it.
_BLURRED_M = {
    10: 23_300.0,
    11: 11_700.0,
    12: 5_800.0,
    13: 2_900.0,
    14: 1_500.0,
    15: 729.0,
    16: 364.0,
    17: 182.0,
    18: 91.0,
    19: 45.0,
}
_HALF_BIT_M = 1e-7 / 2 * 111_320


def _is_height(value: float) -> bool:
    return -12_000 <= value <= 100_000


def _accuracy_m(bits: int, fields: Mapping[str, int | float], pdop: float) -> float | None:
    """Return the larger of what the sender blurred and what its receiver claims, metres."""
    blurred = None
    if 0 < bits < 32:
        blurred = _BLURRED_M.get(bits) or float(f"{_HALF_BIT_M * 2 ** (32 - bits):.2g}")
    claimed_mm = float(fields.get("gps_accuracy", 0))
    claimed = claimed_mm / 1000 * (pdop / 100) if 0 < claimed_mm < 1e8 and pdop else None
    known = [value for value in (blurred, claimed) if value is not None]
    return max(known, default=None)


def _device_time(
    time_s: int | None, header: MeshtasticHeader, frame: Frame, *, live: bool
) -> tuple[datetime | None, str | None]:
    if not time_s:
        return None, None
    if not 0 < time_s <= BROADCAST:
        raise FrameError("bad_field", frame.payload, f"time {time_s} is no UNIX time in seconds")
    time = _UNIX_EPOCH + timedelta(seconds=time_s)
    latest = frame.heard_at + _CLOCK_ERROR
    if not live:  # a recording of unknown age, so the clock here says nothing about it
        latest = max(latest, _LAST_PLAUSIBLE)
    if header.encrypted and not _FIRST_RADIO <= time <= latest:
        detail = f"the time says {time:%Y-%m-%d}: the key is wrong, or the sender's clock"
        raise FrameError("decrypt_failed", frame.payload, detail)
    return corrected(time, frame.heard_at, live=live)


def _rx_time(header: MeshtasticHeader, frame: Frame) -> datetime | None:
    """Return when the gateway heard it, None when its clock cannot be right."""
    if not 0 < header.rx_time_s <= BROADCAST:
        return None
    time = _UNIX_EPOCH + timedelta(seconds=header.rx_time_s)
    return time if _FIRST_RADIO <= time <= frame.heard_at + AHEAD else None
