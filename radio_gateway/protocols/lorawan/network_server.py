"""Network servers' events: what ChirpStack and The Things Stack wrap a device's message in.

    ChirpStack 4   {"deduplicationId", "time", "deviceInfo": {"devEui", "deviceName"}, "fCnt",
                    "fPort", "data" (base64), "object", "rxInfo": [{"gatewayId", "rssi", "snr"}]}
        up has rxInfo; status: margin, batteryLevel; location: location {latitude, longitude,
        altitude, source, accuracy}; log: level, code, description; join, ack, txack, integration
    The Things Stack 3   {"end_device_ids": {"dev_eui", "device_id", "application_ids"},
                    "received_at", "uplink_message": {"f_port", "f_cnt", "frm_payload" (base64),
                    "decoded_payload", "locations", "rx_metadata": [{"gateway_ids", "rssi", "snr"}],
                    "session_key_id", "received_at", "last_battery_percentage"}, "simulated"}
        else join_accept, location_solved {location}, downlink_…

    topics         application/ID/device/EUI/event/up and v3/APP@TENANT/devices/ID/up

Where a gateway stands is told too, and never read: it is not where the device is. So is a place
that somebody registered for the device.

Source: ChirpStack documentation, "Event types"; The Things Stack documentation, "Data Formats".
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from datetime import datetime
from typing import Any

import msgspec

from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Signal
from radio_gateway.protocols.lorawan.readings import iso_time

Fields = dict[str, Any]

MAX_DATA = 256  # bytes of a payload; LoRaWAN carries at most 242

_EUI = re.compile(r"[0-9a-fA-F]{16}")
_NAME = re.compile(r"[a-z0-9](?:-?[a-z0-9]){0,35}")
_CHIRPSTACK_TOPIC = re.compile(r"(?:^|/)device/([0-9a-fA-F]{16})/event/")
_THINGS_TOPIC = re.compile(r"^v3/[^/]+/devices/([^/]+)/")
_ESTIMATED = re.compile("TDOA|RSSI|WIFI|LORA|BT|IP|COMBINED|CELL")
_REGISTERED = re.compile("CONFIG|REGISTRY")


class ServerEvent(msgspec.Struct, kw_only=True):
    """What a network server says of a device.

    Attributes:
        device: Its EUI in small letters; `application/device` where it has none.
        name: What its owner calls it.
        word: What happened: `up`, `join`, `status`, `location`, `log`, …
        at: When the network had it, aware UTC.
        key: Identifies the event, whatever way it comes; None: nothing does.
        forever: Whether no other event ever has that key.
        port: LoRaWAN port.
        counter: Of the device's messages.
        data: The payload.
        decoded: What its codec made of the payload; None: no codec ran.
        place: latitude, longitude, altitude, accuracy that the server gives for the device.
        estimated: The network worked out that place; it is no fix.
        battery_pct: Of the device.
        note: Words of the server about it.
        signal: How the gateway heard it that heard it best.
        simulated: Somebody made the message up, to try something out.
    """

    device: str
    name: str | None = None
    word: str = "other"
    at: datetime | None = None
    key: str | None = None
    forever: bool = True
    port: int | None = None
    counter: int | None = None
    data: bytes = b""
    decoded: Any = None
    place: Fields | None = None
    estimated: bool = False
    battery_pct: float | None = None
    note: str | None = None
    signal: Signal | None = None
    simulated: bool = False


def read_event(message: Any, payload: bytes, topic: str | None) -> ServerEvent:
    """Return what a message of either server says.

    Args:
        message: The message.
        payload: Its bytes, for errors.
        topic: MQTT topic, where it came with one.

    Raises:
        FrameError: `bad_field`, `no_device` or `device_mismatch`, when the topic names another.
    """
    if not isinstance(message, dict):
        raise FrameError("bad_field", payload, "no JSON object")
    if isinstance(message.get("end_device_ids"), dict):
        return _things_stack(message, payload, topic)
    if isinstance(message.get("deviceInfo"), dict):
        return _chirpstack(message, payload, topic)
    raise FrameError("bad_field", payload, "neither deviceInfo nor end_device_ids")


def _chirpstack(message: Fields, payload: bytes, topic: str | None) -> ServerEvent:
    info = message["deviceInfo"]
    eui = info.get("devEui")
    if not isinstance(eui, str) or not _EUI.fullmatch(eui):
        raise FrameError("no_device", payload, "deviceInfo.devEui is no EUI of 16 digits")
    match_ = _CHIRPSTACK_TOPIC.search(topic or "")
    if match_ is not None and match_[1].lower() != eui.lower():
        raise FrameError("device_mismatch", payload, f"sent under the name of {match_[1]}")
    event = ServerEvent(
        device=eui.lower(),
        name=_text(info.get("deviceName"), 64),
        at=iso_time(message.get("time")),
        key=_text(message.get("deduplicationId"), 64),
    )
    if "rxInfo" in message or "data" in message:
        event.word = "up"
        event.port, event.counter = _whole(message.get("fPort")), _whole(message.get("fCnt"))
        event.data, event.decoded = _bytes(message.get("data")), message.get("object")
        event.signal = _signal(message.get("rxInfo"), "gatewayId")
    elif "margin" in message or "batteryLevel" in message:
        event.word = "status"
        event.battery_pct = _number(message.get("batteryLevel"))
    elif isinstance(message.get("location"), dict):
        _read_location(message["location"], event)
    elif "level" in message and "code" in message:
        event.word, event.note = "log", _text(message.get("description"), 500)
    elif "integrationName" in message:
        event.word = "integration"
    elif "queueItemId" in message or "acknowledged" in message:
        event.word = "downlink"
    elif "devAddr" in message:
        event.word = "join"
    if event.key is not None:
        event.key += f"|{event.word}"  # a join and its log may have one number
    return event


def _things_stack(message: Fields, payload: bytes, topic: str | None) -> ServerEvent:
    ids = message["end_device_ids"]
    name, eui = ids.get("device_id"), ids.get("dev_eui")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise FrameError("no_device", payload, "end_device_ids.device_id is no name of a device")
    match_ = _THINGS_TOPIC.match(topic or "")
    if match_ is not None and match_[1] != name:
        raise FrameError("device_mismatch", payload, f"sent under the name of {match_[1][:40]}")
    if isinstance(eui, str) and _EUI.fullmatch(eui):
        device = eui.lower()
    else:
        applications = ids.get("application_ids")
        owner = applications.get("application_id") if isinstance(applications, dict) else None
        device = f"{owner}/{name}" if isinstance(owner, str) and _NAME.fullmatch(owner) else name
    event = ServerEvent(device=device, name=name, at=iso_time(message.get("received_at")))
    event.simulated = message.get("simulated") is True
    up = message.get("uplink_message")
    if isinstance(up, dict):
        _read_uplink(up, event)
    elif isinstance(message.get("location_solved"), dict):
        where = message["location_solved"].get("location")
        _read_location(where if isinstance(where, dict) else {}, event)
    elif "join_accept" in message:
        event.word = "join"
    elif any(name.startswith("downlink_") for name in message):
        event.word = "downlink"
    return event


def _read_uplink(up: Fields, event: ServerEvent) -> None:
    event.word = "up"
    event.at = iso_time(up.get("received_at")) or event.at
    event.port, event.counter = _whole(up.get("f_port")), _whole(up.get("f_cnt")) or 0
    event.data = _bytes(up.get("frm_payload"))
    event.decoded = up.get("decoded_payload") or up.get("normalized_payload")
    event.signal = _signal(up.get("rx_metadata"), "gateway_ids")
    session = _text(up.get("session_key_id"), 64)
    event.key = f"{session}|{event.counter}|{event.data.hex()}"
    event.forever = session is not None
    battery = up.get("last_battery_percentage")
    if isinstance(battery, dict):
        event.battery_pct = _number(battery.get("value"))
    places = up.get("locations")
    measured = places.get("frm-payload") if isinstance(places, dict) else None
    if isinstance(measured, dict):
        event.place = measured


def _read_location(where: Fields, event: ServerEvent) -> None:
    """Read a place that the server worked out or was given."""
    source = str(where.get("source", "UNKNOWN")).upper()
    event.word = "location"
    if _REGISTERED.search(source):
        return
    event.place = where
    event.estimated = source == "UNKNOWN" or _ESTIMATED.search(source) is not None


def _signal(gateways: Any, name: str) -> Signal | None:
    """Return how the gateway heard it that heard it best."""
    if not isinstance(gateways, list):
        return None
    best: Signal | None = None
    for each in gateways[:50]:
        if not isinstance(each, dict):
            continue
        gateway = each.get(name)
        if isinstance(gateway, dict):
            gateway = gateway.get("gateway_id") or gateway.get("eui")
        signal = Signal(
            station=_text(gateway, 64),
            rssi_dbm=_number(each.get("rssi")),
            snr_db=_number(each.get("snr")),
        )
        if best is None or (signal.rssi_dbm or -999) > (best.rssi_dbm or -999):
            best = signal
    return best


def _bytes(value: Any) -> bytes:
    if not isinstance(value, str) or len(value) > 2 * MAX_DATA:
        return b""
    try:
        return b64decode(value, validate=True)[:MAX_DATA]
    except (binascii.Error, ValueError):
        return b""


def _text(value: Any, most: int) -> str | None:
    if not isinstance(value, str) or not value.strip():
        return None
    return "".join(each if each.isprintable() else "?" for each in value[:most])


def _whole(value: Any) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if 0 <= value < 1 << 32 else None


def _number(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return float(value) if abs(value) < 1e9 else None
