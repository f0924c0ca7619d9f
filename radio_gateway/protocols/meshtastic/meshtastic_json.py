"""Meshtastic over MQTT as JSON: what gateways publish that are told to, already decrypted.

    topic  msh/<region>/2/json/<channel>/!<gateway>
    from, to      node numbers; `to` is -1 or 4294967295 for everybody
    sender        the gateway (`!da656a30`), not who speaks
    id, timestamp identifier of the packet; when the gateway heard it, UNIX s, 0 without a clock
    type          position, text, nodeinfo, telemetry, waypoint, …; empty when not understood
    payload       object of the type's fields by their names in the protobuf definition
                  (text: `text`; nodeinfo: `longname`, `shortname`)
    rssi, snr, hops_away, hop_start   how it was heard, in newer firmware

`sendtext` and `sendposition` are orders to a gateway, echoed by the broker.

Source: Meshtastic documentation, "MQTT", JSON; firmware `MeshPacketSerializer.cpp`.
"""

from __future__ import annotations

from typing import Any

import msgspec

from radio_gateway.decoding.decoder import DecoderSettings, PlainDecoder
from radio_gateway.decoding.framing import Frame, MessageFramer
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.meshtastic.payload import battery
from radio_gateway.protocols.meshtastic.report import (
    BROADCAST,
    MAX_TEXT,
    Facts,
    MeshtasticHeader,
    MeshtasticPayload,
    position_payload,
    transmission,
    waypoint_payload,
)

FRAMING = MessageFramer
MAX_BYTES = 16 * 1024

_POSITION = (
    *("latitude_i", "longitude_i", "altitude", "time", "timestamp", "ground_speed"),
    *("ground_track", "sats_in_view", "PDOP", "precision_bits", "seq_number"),
)
_TELEMETRY = {
    "voltage": "voltage_v",
    "channel_utilization": "channel_use_pct",
    "air_util_tx": "air_use_pct",
    "uptime_seconds": "uptime_s",
    "temperature": "temperature_c",
    "relative_humidity": "humidity_pct",
    "barometric_pressure": "pressure_hpa",
}


def speaks(frame: Frame) -> bool:
    """Return whether this looks like such a message: JSON from `/2/json/`, or with a sender."""
    payload = frame.payload
    if payload.lstrip()[:1] != b"{":
        return False
    if frame.topic is not None and "/2/json/" in frame.topic:
        return True
    return b'"from"' in payload and b'"type"' in payload


def decoder(settings: DecoderSettings) -> MeshtasticJsonDecoder:
    """Return a decoder; it needs no key."""
    return MeshtasticJsonDecoder(settings)


class MeshtasticJsonDecoder(PlainDecoder):
    """Decodes messages; keeps nothing between them."""

    def __init__(self, settings: DecoderSettings) -> None:
        self._settings = settings

    def decode(self, frame: Frame) -> list[Transmission]:
        """Decode one message.

        Raises:
            FrameError: `empty`, `too_long`, `json`, `no_sender`, `bad_field`, `lat_range`,
                `lon_range` or `null_island`.
        """
        payload = frame.payload
        if not payload.strip():
            raise FrameError("empty", payload, "the broker cleared a retained message")
        if len(payload) > MAX_BYTES:
            raise FrameError("too_long", payload, f"{len(payload)} bytes, at most {MAX_BYTES}")
        try:
            message = msgspec.json.decode(payload)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as fault:
            raise FrameError("json", payload, str(fault)) from None
        if not isinstance(message, dict):
            raise FrameError("json", payload, "no JSON object")
        header = _header(message, frame)
        return [transmission(header, _payload(message, frame), frame, self._settings)]


def _header(message: dict[str, Any], frame: Frame) -> MeshtasticHeader:
    sender = _node(message.get("from"))
    if sender is None:
        raise FrameError("no_sender", frame.payload, "`from` is no node number")
    gateway = message.get("sender")
    parts = (frame.topic or "").split("/")
    channel = parts[parts.index("json") + 1 :][:1] if "json" in parts else []
    hops = _number(message, "hops_away", least=0, most=7)
    return MeshtasticHeader(
        sender=sender,
        packet_id=int(_number(message, "id", least=0, most=BROADCAST) or 0),
        to=_node(message.get("to")),
        gateway=gateway if isinstance(gateway, str) else None,
        channel=channel[0] if channel else None,
        rx_time_s=int(_number(message, "timestamp", least=0, most=BROADCAST) or 0),
        snr_db=_number(message, "snr", least=-100, most=100) or None,
        rssi_dbm=_number(message, "rssi", least=-200, most=-1),
        hops=None if hops is None else int(hops),
    )


def _payload(message: dict[str, Any], frame: Frame) -> MeshtasticPayload:
    word, fields = message.get("type"), message.get("payload")
    if not isinstance(word, str):
        raise FrameError("bad_field", frame.payload, "`type` is no text")
    if word in ("sendtext", "sendposition"):
        text = fields[:MAX_TEXT] if isinstance(fields, str) else None
        return MeshtasticPayload(kind="command", word=word, text=text)
    if word == "text":
        return MeshtasticPayload(kind="text", text=_words(fields))
    if not isinstance(fields, dict):
        return MeshtasticPayload(kind="other", word=word[:40] or None)
    if word == "position":
        return position_payload(_position_fields(fields, frame), frame.payload)
    if word == "nodeinfo":
        return _node_info(fields)
    if word == "telemetry":
        return _telemetry(fields)
    if word == "waypoint":
        return _waypoint(fields)
    return MeshtasticPayload(kind="other", word=word[:40] or None)


def _position_fields(fields: dict[str, Any], frame: Frame) -> dict[str, int | float]:
    out: dict[str, int | float] = {}
    for name in _POSITION:
        if name not in fields:
            continue
        value = fields[name]
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise FrameError("bad_field", frame.payload, f"{name} is no number")
        if not abs(value) < 1 << 40:
            raise FrameError("bad_field", frame.payload, f"{name} is {value}")
        out[name] = value
    return out


def _words(payload: Any) -> str | None:
    """Return the text; one that is itself JSON was put in place of the object around it."""
    text = payload.get("text") if isinstance(payload, dict) else payload
    if text is None and payload:
        text = msgspec.json.encode(payload).decode()
    return str(text)[:MAX_TEXT] if text is not None else None


def _node_info(fields: dict[str, Any]) -> MeshtasticPayload:
    facts: Facts = {}
    for name, fact in (("longname", "long_name"), ("shortname", "short_name")):
        value = fields.get(name)
        if isinstance(value, str) and value:
            facts[fact] = value[:40]
    for name in ("hardware", "role"):
        number = _number(fields, name, least=1, most=BROADCAST)
        if number is not None:
            facts[name] = int(number)
    long_name = facts.get("long_name")
    text = long_name if isinstance(long_name, str) else None
    return MeshtasticPayload(kind="static", word="nodeinfo", text=text, facts=facts)


def _telemetry(fields: dict[str, Any]) -> MeshtasticPayload:
    facts: Facts = {}
    level = _number(fields, "battery_level", least=0, most=1000)
    if level is not None:
        facts |= battery(level)
    for name, fact in _TELEMETRY.items():
        value = _number(fields, name, least=-1e9, most=1e9)
        if value is not None:
            facts[fact] = round(value, 3)
    return MeshtasticPayload(kind="other", word="telemetry", facts=facts)


def _waypoint(fields: dict[str, Any]) -> MeshtasticPayload:
    lat = _number(fields, "latitude_i", least=-(1 << 31), most=1 << 31)
    lon = _number(fields, "longitude_i", least=-(1 << 31), most=1 << 31)
    name, description = fields.get("name"), fields.get("description")
    return waypoint_payload(
        id=int(_number(fields, "id", least=0, most=BROADCAST) or 0),
        lon=None if lon is None else lon / 1e7,
        lat=None if lat is None else lat / 1e7,
        expire_s=int(_number(fields, "expire", least=0, most=BROADCAST) or 0),
        name=name if isinstance(name, str) else "",
        description=description if isinstance(description, str) else "",
    )


def _node(value: Any) -> int | None:
    """Return a node number; firmware has printed it signed too."""
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value & BROADCAST if -(1 << 31) <= value <= BROADCAST else None


def _number(fields: dict[str, Any], name: str, *, least: float, most: float) -> float | None:
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if least <= value <= most else None  # not a number fails too
