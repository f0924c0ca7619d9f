"""The payloads of Meshtastic packets: which application speaks (portnum), and what it says.

    1 TEXT      UTF-8
    3 POSITION  1 latitude_i sfixed32, 2 longitude_i sfixed32, 3 altitude int32, 4 time fixed32,
                5 location_source, 7 timestamp fixed32, 9 altitude_hae sint32, 11 PDOP (1/100),
                14 gps_accuracy (mm), 15 ground_speed, 16 ground_track, 19 sats_in_view,
                22 seq_number, 23 precision_bits
    4 NODEINFO  1 id, 2 long_name, 3 short_name, 5 hw_model, 6 is_licensed, 7 role
    5 ROUTING   1 route_request, 2 route_reply, 3 error_reason (0: delivered)
    8 WAYPOINT  1 id, 2 latitude_i, 3 longitude_i, 4 expire, 6 name, 7 description
    11 ALERT    UTF-8; the critical alert of an app
    67 TELEMETRY 1 time, 2 device (1 battery_level, 2 voltage, 3 channel_utilization,
                4 air_util_tx, 5 uptime_seconds), 3 environment (1 temperature,
                2 relative_humidity, 3 barometric_pressure)
    72 ATAK, 78 ATAK_V2   see `tak`
    73 MAP_REPORT 1 long_name, 2 short_name, 9 latitude_i, 10 longitude_i, 11 altitude,
                12 position_precision

Source: Meshtastic protobuf definitions, `portnums.proto`, `mesh.proto`, `telemetry.proto`,
`mqtt.proto`.
"""

from __future__ import annotations

import math
from codecs import utf_8_decode
from collections.abc import Callable, Sequence

from radio_gateway.formats.protobuf import ProtobufError, ProtobufMessage
from radio_gateway.protocols.meshtastic.report import (
    MAX_TEXT,
    Facts,
    MeshtasticPayload,
    position_payload,
    waypoint_payload,
)
from radio_gateway.protocols.meshtastic.tak import (
    ATAK_PLUGIN,
    ATAK_PLUGIN_V2,
    read_tak,
    read_tak_v2,
)

TEXT, POSITION, NODEINFO, ROUTING, WAYPOINT, ALERT = 1, 3, 4, 5, 8, 11
DETECTION, TELEMETRY, MAP_REPORT = 10, 67, 73
MAX_PORTNUM = 511

ROUTING_ERRORS = {
    1: "no_route",
    2: "got_nak",
    3: "timeout",
    4: "no_interface",
    5: "max_retransmit",
    6: "no_channel",
    7: "too_large",
    8: "no_response",
    9: "duty_cycle_limit",
    32: "bad_request",
    33: "not_authorized",
    34: "pki_failed",
    35: "pki_unknown_pubkey",
    36: "admin_bad_session_key",
    37: "admin_public_key_unauthorized",
    38: "rate_limit_exceeded",
    39: "pki_send_fail_public_key",
}


def decode_payload(
    portnum: int,
    data: bytes,
    *,
    request_id: int,
    payload: bytes,
    tak_dictionaries: Sequence[bytes] = (),
) -> MeshtasticPayload:
    """Return what an application says.

    Args:
        portnum: Which application.
        data: Its payload.
        request_id: Identifier of the packet that this one answers; 0 for none.
        payload: The frame, for errors.
        tak_dictionaries: As in `DecoderSettings`.

    Raises:
        WireError: If the payload is not what the application sends.
        FrameError: If it names no real place.
    """
    if portnum == ROUTING:
        return _routing(data, request_id)
    if portnum == POSITION:
        return read_position(ProtobufMessage(data), payload)
    if portnum == MAP_REPORT:
        return _map_report(ProtobufMessage(data), payload)
    if portnum == ATAK_PLUGIN:
        return read_tak(data, payload)
    if portnum == ATAK_PLUGIN_V2:
        return read_tak_v2(data, payload, tak_dictionaries)
    reader = _READERS.get(portnum)
    if reader is None:
        return MeshtasticPayload(kind="other", word=_NAMES.get(portnum), facts={"portnum": portnum})
    return reader(data)


def read_node(user: ProtobufMessage) -> Facts:
    """Return the names a node gives itself."""
    facts: Facts = {}
    for number, fact in ((2, "long_name"), (3, "short_name")):
        text = user.text(number)
        if text:
            facts[fact] = text[:40]
    for number, fact in ((5, "hardware"), (7, "role")):
        value = user.number(number)
        if value:
            facts[fact] = value
    if user.number(6):
        facts["licensed"] = True
    return facts


def read_position(message: ProtobufMessage, payload: bytes) -> MeshtasticPayload:
    """Return what a Position message says.

    Raises:
        WireError: If a field has another type.
        FrameError: If it names no real place.
    """
    fields: dict[str, int | float] = {}
    read: tuple[tuple[int, str, Callable[[int], int | None]], ...] = (
        (1, "latitude_i", message.sfixed32),
        (2, "longitude_i", message.sfixed32),
        (3, "altitude", message.int32),
        (4, "time", message.fixed32),
        (5, "location_source", message.number),
        (7, "timestamp", message.fixed32),
        (9, "altitude_hae", message.sint32),
        (11, "PDOP", message.number),
        (14, "gps_accuracy", message.number),
        (15, "ground_speed", message.number),
        (16, "ground_track", message.number),
        (19, "sats_in_view", message.number),
        (22, "seq_number", message.number),
        (23, "precision_bits", message.number),
    )
    for number, name, reader in read:
        value = reader(number)
        if value is not None:
            fields[name] = value
    return position_payload(fields, payload)


def _text(data: bytes) -> MeshtasticPayload:
    return MeshtasticPayload(kind="text", text=_words(data))


def _alert(data: bytes) -> MeshtasticPayload:
    return MeshtasticPayload(kind="distress", word="alert", distress=True, text=_words(data))


def _detection(data: bytes) -> MeshtasticPayload:
    return MeshtasticPayload(kind="text", word="detection_sensor", text=_words(data))


def _words(data: bytes) -> str:
    try:  # one that was too long for a packet may be cut within its last character
        return utf_8_decode(data, "strict", False)[0][:MAX_TEXT].strip("\0\a")
    except UnicodeDecodeError as fault:
        raise ProtobufError("the text is no UTF-8") from fault


def _node_info(data: bytes) -> MeshtasticPayload:
    facts = read_node(ProtobufMessage(data))
    name = facts.get("long_name")
    return MeshtasticPayload(
        kind="static", word="nodeinfo", text=name if isinstance(name, str) else None, facts=facts
    )


def _routing(data: bytes, request_id: int) -> MeshtasticPayload:
    message = ProtobufMessage(data)
    if 1 in message or 2 in message:
        return MeshtasticPayload(kind="other", word="traceroute", facts={"portnum": ROUTING})
    error = message.number(3) or 0
    facts: Facts = {"answers": f"{request_id:08x}"} if request_id else {}
    if error:
        facts["routing_error"] = ROUTING_ERRORS.get(error, str(error))
    status = "refused" if error else "acknowledged"
    return MeshtasticPayload(kind="answer", word="routing", status=status, facts=facts)


def _waypoint(data: bytes) -> MeshtasticPayload:
    message = ProtobufMessage(data)
    lat, lon = message.sfixed32(2), message.sfixed32(3)
    return waypoint_payload(
        id=message.number(1) or 0,
        lon=None if lon is None else lon / 1e7,
        lat=None if lat is None else lat / 1e7,
        expire_s=message.number(4) or 0,
        name=message.text(6) or "",
        description=message.text(7) or "",
    )


def _telemetry(data: bytes) -> MeshtasticPayload:
    message = ProtobufMessage(data)
    facts: Facts = {}
    device, environment = message.message(2), message.message(3)
    if device is not None:
        level = device.number(1)
        if level is not None:
            facts |= battery(level)
        uptime = device.number(5)
        if uptime is not None:
            facts["uptime_s"] = uptime
        for number, fact in ((2, "voltage_v"), (3, "channel_use_pct"), (4, "air_use_pct")):
            _add(facts, fact, device.float32(number))
    if environment is not None:
        for number, fact in ((1, "temperature_c"), (2, "humidity_pct"), (3, "pressure_hpa")):
            _add(facts, fact, environment.float32(number))
    return MeshtasticPayload(
        kind="other", word="telemetry", time_s=message.fixed32(1) or None, facts=facts
    )


def battery(level: float) -> Facts:
    """Return a battery level as facts; above 100 it means that the node is on external power."""
    if level > 100:
        return {"external_power": True}
    return {"battery_pct": level} if level >= 0 else {}


def _map_report(message: ProtobufMessage, payload: bytes) -> MeshtasticPayload:
    sent: dict[str, int | None] = {
        "latitude_i": message.sfixed32(9),
        "longitude_i": message.sfixed32(10),
        "altitude": message.int32(11),
        "precision_bits": message.number(12),
    }
    content = position_payload({k: v for k, v in sent.items() if v is not None}, payload)
    content.word = "map_report"
    for number, fact in ((1, "long_name"), (2, "short_name")):
        text = message.text(number)
        if text:
            content.facts[fact] = text[:40]
    return content


def _add(facts: Facts, fact: str, value: float | None) -> None:
    if value is not None and math.isfinite(value):
        facts[fact] = round(value, 3)


_READERS: dict[int, Callable[[bytes], MeshtasticPayload]] = {
    TEXT: _text,
    NODEINFO: _node_info,
    WAYPOINT: _waypoint,
    DETECTION: _detection,
    ALERT: _alert,
    TELEMETRY: _telemetry,
}

_NAMES = {
    2: "remote_hardware",
    6: "admin",
    7: "compressed_text",
    9: "audio",
    12: "key_verification",
    13: "remote_shell",
    32: "reply",
    33: "ip_tunnel",
    34: "paxcounter",
    35: "store_forward_plusplus",
    36: "node_status",
    37: "mesh_beacon",
    64: "serial",
    65: "store_forward",
    66: "range_test",
    68: "zps",
    69: "simulator",
    70: "traceroute",
    71: "neighborinfo",
    74: "powerstress",
    75: "lorawan_bridge",
    76: "reticulum_tunnel",
    77: "cayenne",
    79: "lora_ota",
    112: "groupalarm",
    256: "private",
    257: "atak_forwarder",
}
