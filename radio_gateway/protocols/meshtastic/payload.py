"""The payloads of Meshtastic packets: which application speaks (portnum), and what it says.

    1 TEXT      UTF-8
    3 POSITION  Position
    4 NODEINFO  User
    5 ROUTING   Routing
    8 WAYPOINT  Waypoint
    11 ALERT    UTF-8; the critical alert of an app
    67 TELEMETRY Telemetry
    72 ATAK, 78 ATAK_V2   see `tak`
    73 MAP_REPORT MapReport

Their fields stand in `radio_gateway/protobuf/meshtastic.proto`.

Source: Meshtastic protobuf definitions, `portnums.proto`, `mesh.proto`, `telemetry.proto`,
`mqtt.proto`.
"""

from __future__ import annotations

import math
from codecs import utf_8_decode
from collections.abc import Callable, Sequence

from radio_gateway.protobuf.meshtastic_pb2 import (
    MapReport,
    Position,
    Routing,
    Telemetry,
    User,
    Waypoint,
)
from radio_gateway.protobuf.parse import ProtobufError, parse
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
        ProtobufError: If the payload is not what the application sends.
        FrameError: If it names no real place.
    """
    if portnum == ROUTING:
        return _routing(data, request_id)
    if portnum == POSITION:
        return read_position(parse(Position, data), payload)
    if portnum == MAP_REPORT:
        return _map_report(parse(MapReport, data), payload)
    if portnum == ATAK_PLUGIN:
        return read_tak(data, payload)
    if portnum == ATAK_PLUGIN_V2:
        return read_tak_v2(data, payload, tak_dictionaries)
    reader = _READERS.get(portnum)
    if reader is None:
        return MeshtasticPayload(kind="other", word=_NAMES.get(portnum), facts={"portnum": portnum})
    return reader(data)


def read_node(user: User) -> Facts:
    """Return the names a node gives itself."""
    facts = _names(user)
    if user.hw_model:
        facts["hardware"] = user.hw_model
    if user.role:
        facts["role"] = user.role
    if user.is_licensed:
        facts["licensed"] = True
    return facts


def read_position(message: Position, payload: bytes) -> MeshtasticPayload:
    """Return what a Position message says.

    Raises:
        FrameError: If it names no real place.
    """
    return position_payload({field.name: value for field, value in message.ListFields()}, payload)


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
    facts = read_node(parse(User, data))
    name = facts.get("long_name")
    return MeshtasticPayload(
        kind="static", word="nodeinfo", text=name if isinstance(name, str) else None, facts=facts
    )


def _routing(data: bytes, request_id: int) -> MeshtasticPayload:
    message = parse(Routing, data)
    if message.HasField("route_request") or message.HasField("route_reply"):
        return MeshtasticPayload(kind="other", word="traceroute", facts={"portnum": ROUTING})
    error = message.error_reason
    facts: Facts = {"answers": f"{request_id:08x}"} if request_id else {}
    if error:
        facts["routing_error"] = ROUTING_ERRORS.get(error, str(error))
    status = "refused" if error else "acknowledged"
    return MeshtasticPayload(kind="answer", word="routing", status=status, facts=facts)


def _waypoint(data: bytes) -> MeshtasticPayload:
    message = parse(Waypoint, data)
    return waypoint_payload(
        id=message.id,
        lon=message.longitude_i / 1e7 if message.HasField("longitude_i") else None,
        lat=message.latitude_i / 1e7 if message.HasField("latitude_i") else None,
        expire_s=message.expire,
        name=message.name,
        description=message.description,
    )


def _telemetry(data: bytes) -> MeshtasticPayload:
    message = parse(Telemetry, data)
    device = message.device_metrics
    facts = battery(device.battery_level) if device.HasField("battery_level") else {}
    for part in (device, message.environment_metrics):
        for field, value in part.ListFields():
            if field.name in _MEASURED and math.isfinite(value):
                facts[_MEASURED[field.name]] = round(value, 3)
    return MeshtasticPayload(
        kind="other", word="telemetry", time_s=message.time or None, facts=facts
    )


def battery(level: float) -> Facts:
    """Return a battery level as facts; above 100 it means that the node is on external power."""
    if level > 100:
        return {"external_power": True}
    return {"battery_pct": level} if level >= 0 else {}


def _map_report(message: MapReport, payload: bytes) -> MeshtasticPayload:
    sent = {field.name: value for field, value in message.ListFields()}
    if "position_precision" in sent:
        sent["precision_bits"] = sent.pop("position_precision")
    content = position_payload(sent, payload)
    content.word = "map_report"
    content.facts |= _names(message)
    return content


def _names(message: User | MapReport) -> Facts:
    names = {"long_name": message.long_name[:40], "short_name": message.short_name[:40]}
    return {fact: name for fact, name in names.items() if name}


_MEASURED = {
    "voltage": "voltage_v",
    "channel_utilization": "channel_use_pct",
    "air_util_tx": "air_use_pct",
    "uptime_seconds": "uptime_s",
    "temperature": "temperature_c",
    "relative_humidity": "humidity_pct",
    "barometric_pressure": "pressure_hpa",
}
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
