"""Our numbers of ports and fields are those that Meshtastic publishes, and no port is missing.

The numbers come from the package `meshtastic`, in an environment of its own (`published_numbers`).
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from radio_gateway.errors.errors import FrameError
from radio_gateway.protobuf import meshtastic_pb2
from radio_gateway.protobuf.parse import ProtobufError
from radio_gateway.protocols.meshtastic import payload, tak
from radio_gateway.protocols.meshtastic.report import MeshtasticPayload
from tests.fixtures import needs
from tests.radio_gateway.protocols.meshtastic import meshtastic_messages as mesh

PORTS = {
    "TEXT_MESSAGE_APP": payload.TEXT,
    "POSITION_APP": payload.POSITION,
    "NODEINFO_APP": payload.NODEINFO,
    "ROUTING_APP": payload.ROUTING,
    "WAYPOINT_APP": payload.WAYPOINT,
    "DETECTION_SENSOR_APP": payload.DETECTION,
    "ALERT_APP": payload.ALERT,
    "TELEMETRY_APP": payload.TELEMETRY,
    "MAP_REPORT_APP": payload.MAP_REPORT,
    "ATAK_PLUGIN": tak.ATAK_PLUGIN,
    "ATAK_PLUGIN_V2": tak.ATAK_PLUGIN_V2,
}
_NO_PORTS = {"UNKNOWN_APP", "MAX"}
# How a field goes over the wire, by its type's number in `descriptor.proto`.
_WIRES = {
    **dict.fromkeys((3, 4, 5, 8, 13, 14), "varint"),
    **dict.fromkeys((9, 11, 12), "bytes"),
    17: "zigzag",
    18: "zigzag",
    7: "four",
    15: "four",
    2: "float",
    1: "double",
    6: "eight",
    16: "eight",
}
_OTHER_NAMES = {"sender": "from"}  # a word of Python's own
_OUR_WIRES = {
    **dict.fromkeys(("uint32", "int32", "bool"), "varint"),
    "sint32": "zigzag",
    "fixed32": "four",
    "sfixed32": "four",
    "float": "float",
}


@pytest.fixture(scope="module")
def published() -> dict[str, Any]:
    path = needs.file_named_by(
        "JOINT_PATROL_MESHTASTIC_NUMBERS", "what published_numbers.py prints"
    )
    found: dict[str, Any] = json.loads(path.read_text())
    return found


def is_unknown(port: int) -> bool:
    """Return whether an application is one that we have no name for, read or not."""
    try:
        meshtastic_payload = payload.decode_payload(port, b"", request_id=0, payload=b"")
    except (ProtobufError, FrameError):
        return False
    return meshtastic_payload == MeshtasticPayload(kind="other", word=None, facts={"portnum": port})


def test_ports_that_are_read_have_the_published_numbers(published: dict[str, Any]) -> None:
    assert {name: published["ports"][name] for name in PORTS} == PORTS


def test_no_published_port_is_unknown_to_us(published: dict[str, Any]) -> None:
    ports = {n: name for name, n in published["ports"].items() if name not in _NO_PORTS}
    assert {n: name for n, name in ports.items() if is_unknown(n)} == {}
    assert is_unknown(9999)


def test_fields_have_the_published_numbers_and_types(published: dict[str, Any]) -> None:
    tests_own = {
        f"{message}.{name}": [number, _OUR_WIRES.get(type_, "bytes")]
        for message, fields in mesh.FIELDS.items()
        for name, number, type_ in fields
    }
    products = {
        f"{message.name}.{_OTHER_NAMES.get(field.name, field.name)}": [
            field.number,
            _WIRES[field.type],
        ]
        for message in meshtastic_pb2.DESCRIPTOR.message_types_by_name.values()
        for field in message.fields
    }
    theirs = {
        f"{message}.{name}": [number, _WIRES[type_]]
        for message, fields in published["messages"].items()
        for name, (number, type_, _) in fields.items()
    }
    for ours in (tests_own, products):
        assert {name: theirs.get(name) for name in ours} == ours


def test_what_a_tak_packet_can_hold_is_known(published: dict[str, Any]) -> None:
    fields = published["messages"]["TAKPacketV2"].values()
    variants = {number for number, _, oneof in fields if oneof == "payload_variant"}
    ours = meshtastic_pb2.TAKPacketV2.DESCRIPTOR.oneofs_by_name["payload_variant"].fields
    assert variants == {field.number for field in ours}
    assert len(published["enums"]["Team"]) == len(tak.TEAMS)
    assert len(published["enums"]["MemberRole"]) == len(tak.ROLES)
    types = {n: name.removeprefix("CotType_") for name, n in published["enums"]["CotType"].items()}
    assert max(types) == tak.LAST_TYPE
    assert {n for n, name in types.items() if n and not name.startswith("a_")} == tak.NO_ATOMS
