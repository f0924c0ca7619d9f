from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Signal, Transmission
from radio_gateway.protocols.meshtastic import meshtastic_json, meshtastic_mqtt
from tests.radio_gateway.protocols.meshtastic import meshtastic_messages as mesh
from tests.radio_gateway.protocols.sentences import NOW

TOPIC = f"msh/TH/2/json/LongFast/{mesh.GATEWAY}"
MESSAGE: dict[str, Any] = {
    "from": mesh.BOAT,
    "to": -1,
    "id": 305419896,
    "sender": mesh.GATEWAY,
    "timestamp": mesh.TIME_S + 3,
    "channel": 0,
}


def said_by(message: object, *, topic: str | None = TOPIC) -> Transmission:
    payload = message if isinstance(message, bytes) else json.dumps(message).encode()
    (transmission,) = meshtastic_json.decoder(DecoderSettings()).decode(Frame(payload, NOW, topic))
    return transmission


def refused(message: object) -> str:
    with pytest.raises(FrameError) as caught:
        said_by(message)
    return caught.value.reason


def of_type(type_: str, payload: object, **more: Any) -> Transmission:
    return said_by(MESSAGE | {"type": type_, "payload": payload} | more)


def test_position_is_the_sender_s_and_not_the_gateway_s() -> None:
    transmission = of_type(
        "position",
        mesh.PLACE | {"altitude": 352, "ground_track": 9000000, "sats_in_view": 7},
        rssi=-90,
        snr=6.5,
        hops_away=0,
    )
    position = transmission.position
    assert position is not None
    assert (position.lat, position.lon, position.course_deg) == (20.273, 100.412, 90.0)
    assert transmission.device == "!a1b2c3d4"
    assert transmission.facts["gateway"] == mesh.GATEWAY
    assert transmission.device_time == datetime.fromtimestamp(mesh.TIME_S, UTC)
    assert transmission.signal == Signal(station=mesh.GATEWAY, rssi_dbm=-90.0, snr_db=6.5, hops=0)


def test_same_packet_as_json_and_as_protobuf_is_one_message() -> None:
    envelope = mesh.envelope(mesh.packet(3, mesh.position()))
    (binary,) = meshtastic_mqtt.decoder(DecoderSettings()).decode(Frame(envelope, NOW))
    text = of_type("position", mesh.PLACE)
    assert (text.address, text.duplicate_key) == (binary.address, binary.duplicate_key)


def test_text_node_info_telemetry_and_waypoint() -> None:
    assert of_type("text", {"text": "hello"}).text == "hello"
    assert of_type("text", {"a": 1}).text == '{"a":1}'  # a text that is itself JSON
    transmission = of_type("nodeinfo", {"id": "!a1b2c3d4", "longname": "Boat 7", "shortname": "B7"})
    assert (transmission.kind, transmission.facts["long_name"]) == ("static", "Boat 7")
    transmission = of_type("telemetry", {"battery_level": 67, "voltage": 3.9, "temperature": 31.25})
    assert (
        transmission.kind,
        transmission.facts["battery_pct"],
        transmission.facts["temperature_c"],
    ) == (
        "other",
        67,
        31.25,
    )
    transmission = of_type(
        "waypoint", {"latitude_i": 202730000, "longitude_i": 1004120000, "name": "x"}
    )
    assert (transmission.kind, transmission.position, transmission.facts["waypoint_lat"]) == (
        "waypoint",
        None,
        20.273,
    )
    assert transmission.mark is not None
    assert (transmission.mark.name, transmission.mark.lon, transmission.mark.lat) == (
        "x",
        100.412,
        20.273,
    )
    assert of_type("neighborinfo", {"neighbors": []}).facts["kind"] == "neighborinfo"
    assert of_type("", {}).kind == "other"
    assert of_type("sendtext", "come home").kind == "command"


def test_number_of_a_node_may_be_signed() -> None:
    transmission = of_type("text", {"text": "a"}, **{"from": mesh.BOAT - (1 << 32)})
    assert transmission.device == "!a1b2c3d4"


def test_number_that_broken_firmware_gave_to_everybody_is_flagged() -> None:
    transmission = of_type("position", mesh.PLACE, **{"from": 4})
    assert (transmission.device, transmission.flags) == ("!00000004", ("suspicious_node_id",))


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (b"", "empty"),
        (b"{" * 20000, "too_long"),
        (b"{'from': 1}", "json"),
        (b"[1]", "json"),
        (b"\xff", "json"),
        ({}, "no_sender"),
        (MESSAGE | {"from": "!a1b2c3d4", "type": "text"}, "no_sender"),
        (MESSAGE | {"from": 0, "type": "text", "payload": {"text": "a"}}, "no_sender"),
        (MESSAGE, "bad_field"),
        (MESSAGE | {"type": "position", "payload": {"latitude_i": "20"}}, "bad_field"),
        (MESSAGE | {"type": "position", "payload": {"latitude_i": 1e300}}, "bad_field"),
        (MESSAGE | {"type": "position", "payload": {"latitude_i": 10**400}}, "bad_field"),
        (MESSAGE | {"type": "position", "payload": mesh.PLACE | {"time": -5}}, "bad_field"),
        (
            MESSAGE | {"type": "position", "payload": mesh.PLACE | {"latitude_i": 10**9}},
            "lat_range",
        ),
        (
            MESSAGE | {"type": "position", "payload": {"latitude_i": 0, "longitude_i": 0}},
            "null_island",
        ),
    ],
)
def test_message_that_is_none_is_refused(message: object, reason: str) -> None:
    assert refused(message) == reason


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=5,
)
_fields = st.dictionaries(
    st.sampled_from(
        (
            *("latitude_i", "longitude_i", "time", "timestamp", "altitude", "PDOP"),
            *("ground_track", "precision_bits", "battery_level", "text", "longname", "id", "name"),
        )
    ),
    _json,
)


@given(
    st.dictionaries(st.sampled_from([*MESSAGE, "rssi", "snr", "hops_away"]), _json),
    st.sampled_from(["position", "text", "nodeinfo", "telemetry", "waypoint", "x"]),
    _fields | _json,
)
def test_any_values_are_a_message_or_refused(
    header: dict[str, Any], type_: str, payload: Any
) -> None:
    try:
        transmission = said_by(MESSAGE | header | {"type": type_, "payload": payload})
    except FrameError:
        return
    position = transmission.position
    assert position is None or (abs(position.lat) <= 90 and abs(position.lon) <= 180)


def test_number_of_four_hundred_digits_is_not_known() -> None:
    transmission = of_type("text", {"text": "hello"}, id=10**400, timestamp=-(10**400), snr=10**400)
    assert (transmission.text, transmission.signal) == ("hello", Signal(station=mesh.GATEWAY))
