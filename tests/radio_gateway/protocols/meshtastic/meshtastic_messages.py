"""Meshtastic messages for tests, encoded by Google's protobuf from the published field numbers.

Nothing of ours takes part: encoder and decoder share no code, and the cipher is used directly.
"""

from __future__ import annotations

import base64
import struct
from typing import Any

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

DEFAULT_KEY = bytes.fromhex("d4f1bb3a20290759f0bcffabcf4e6901")
BOAT, GATEWAY = 0xA1B2C3D4, "!da656a30"
TIME_S = 1_795_000_000  # 2026-11-18, a week before the tests' present
PLACE: dict[str, Any] = {"latitude_i": 202730000, "longitude_i": 1004120000, "time": TIME_S}

_FIELDS = {
    "Position": "latitude_i:1:sfixed32? longitude_i:2:sfixed32? altitude:3:int32? time:4:fixed32 "
    "location_source:5:uint32 timestamp:7:fixed32 altitude_hae:9:sint32? PDOP:11:uint32 "
    "gps_accuracy:14:uint32 ground_speed:15:uint32? ground_track:16:uint32? "
    "sats_in_view:19:uint32 precision_bits:23:uint32",
    "User": "id:1:string long_name:2:string short_name:3:string hw_model:5:uint32 role:7:uint32",
    "Routing": "error_reason:3:uint32?",
    "Waypoint": "id:1:uint32 latitude_i:2:sfixed32? longitude_i:3:sfixed32? expire:4:uint32 "
    "locked_to:5:uint32 name:6:string description:7:string icon:8:fixed32",
    "DeviceMetrics": "battery_level:1:uint32? voltage:2:float? uptime_seconds:5:uint32?",
    "EnvironmentMetrics": "temperature:1:float?",
    "Telemetry": "time:1:fixed32 device_metrics:2:DeviceMetrics "
    "environment_metrics:3:EnvironmentMetrics",
    "MapReport": "long_name:1:string latitude_i:9:sfixed32 longitude_i:10:sfixed32 "
    "altitude:11:int32 position_precision:12:uint32",
    "Contact": "callsign:1:bytes device_callsign:2:bytes",
    "Group": "role:1:uint32 team:2:uint32",
    "Status": "battery:1:uint32",
    "PLI": "latitude_i:1:sfixed32 longitude_i:2:sfixed32 altitude:3:int32 speed:4:uint32 "
    "course:5:uint32",
    "GeoChat": "message:1:bytes to:2:bytes? to_callsign:3:bytes? receipt_for_uid:4:string "
    "receipt_type:5:uint32",
    "TAKPacket": "is_compressed:1:bool contact:2:Contact group:3:Group status:4:Status pli:5:PLI "
    "chat:6:GeoChat detail:7:bytes",
    "EmergencyAlert": "type:1:uint32",
    "Marker": "kind:1:uint32",
    "DrawnShape": "kind:1:uint32 major_cm:3:uint32 minor_cm:4:uint32 vertex_lat_deltas:18:sint32* "
    "vertex_lon_deltas:19:sint32*",
    "CotGeoPoint": "lat_delta_i:1:sint32 lon_delta_i:2:sint32",
    "Link": "point:1:CotGeoPoint uid:2:string callsign:3:string link_type:4:uint32",
    "Route": "method:1:uint32 direction:2:uint32 prefix:3:string links:5:Link* truncated:6:bool",
    "CasevacReport": "precedence:1:uint32",
    "AircraftTrack": "icao:1:string",
    "TAKPacketV2": "cot_type_id:1:uint32 how:2:uint32 callsign:3:string team:4:uint32 "
    "role:5:uint32 latitude_i:6:sfixed32 longitude_i:7:sfixed32 altitude:8:sint32 speed:9:uint32 "
    "course:10:uint32 battery:11:uint32 uid:14:string cot_type_str:23:string remarks:24:string "
    "chat:31:GeoChat aircraft:32:AircraftTrack shape:34:DrawnShape marker:35:Marker "
    "route:37:Route casevac:38:CasevacReport emergency:39:EmergencyAlert",
    "Data": "portnum:1:uint32 payload:2:bytes want_response:3:bool request_id:6:fixed32 "
    "bitfield:9:uint32?",
    "MeshPacket": "from:1:fixed32 to:2:fixed32 channel:3:uint32 decoded:4:Data encrypted:5:bytes? "
    "id:6:fixed32 rx_time:7:fixed32 rx_snr:8:float hop_limit:9:uint32 want_ack:10:bool "
    "priority:11:uint32 rx_rssi:12:int32 via_mqtt:14:bool hop_start:15:uint32 "
    "pki_encrypted:17:bool",
    "ServiceEnvelope": "packet:1:MeshPacket channel_id:2:string gateway_id:3:string",
    "NodeInfo": "num:1:uint32 user:2:User position:3:Position snr:4:float last_heard:5:fixed32",
    "MyNodeInfo": "my_node_num:1:uint32",
    "QueueStatus": "res:1:int32 free:2:uint32 mesh_packet_id:4:uint32",
    "FromRadio": "id:1:uint32 packet:2:MeshPacket my_info:3:MyNodeInfo node_info:4:NodeInfo "
    "config_complete_id:7:uint32 rebooted:8:bool queueStatus:11:QueueStatus",
    "Heartbeat": "",
    "ToRadio": "packet:1:MeshPacket want_config_id:3:uint32 heartbeat:7:Heartbeat",
}


FIELDS: dict[str, list[tuple[str, int, str]]] = {
    message: [
        (name, int(number), type_.rstrip("?*"))
        for name, number, type_ in (each.split(":") for each in fields.split())
    ]
    for message, fields in _FIELDS.items()
}
"""Of each message its fields: name, number and type (another message, or the format's own)."""


def _classes() -> dict[str, Any]:
    file = descriptor_pb2.FileDescriptorProto(name="mesh.proto", package="mesh", syntax="proto3")
    types = {
        name.removeprefix("TYPE_").lower(): number
        for name, number in descriptor_pb2.FieldDescriptorProto.Type.items()
    }
    for message, fields in _FIELDS.items():
        described = file.message_type.add(name=message)
        for each in fields.split():
            name, number, type_ = each.split(":")
            label = 3 if type_.endswith("*") else 1
            field = described.field.add(name=name, number=int(number), label=label)
            kind = type_.rstrip("?*")
            if kind in types:
                field.type = types[kind]
            else:
                field.type, field.type_name = types["message"], f".mesh.{kind}"
            if type_.endswith("?"):
                field.proto3_optional = True
                field.oneof_index = len(described.oneof_decl)
                described.oneof_decl.add(name=f"_{name}")
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return {
        name: message_factory.GetMessageClass(pool.FindMessageTypeByName(f"mesh.{name}"))
        for name in _FIELDS
    }


_CLASSES = _classes()


def message(name: str, /, **fields: Any) -> Any:
    """Return a protobuf message; fields that are messages are given as such."""
    return _CLASSES[name](**fields)


def encoded(name: str, /, **fields: Any) -> bytes:
    """Return the bytes of a message."""
    out: bytes = message(name, **fields).SerializeToString()
    return out


def parsed(name: str, data: bytes) -> Any:
    """Return the message that bytes are, with no unknown field in it."""
    found = _CLASSES[name].FromString(data)
    assert found.SerializeToString(deterministic=True) == data
    return found


def packet(
    portnum: int, payload: bytes, *, key: bytes | None = None, sender: int = BOAT, **fields: Any
) -> Any:
    """Return a MeshPacket, from the boat unless told otherwise, encrypted when a key is given."""
    request_id = fields.pop("request_id", 0)
    data = message("Data", portnum=portnum, payload=payload, request_id=request_id)
    fields = {"from": sender, "to": 0xFFFFFFFF, "id": 305419896, "channel": 8} | fields
    if key is None:
        return message("MeshPacket", decoded=data, **fields)
    sealed = crypt(data.SerializeToString(), key, fields["id"], fields["from"])
    return message("MeshPacket", encrypted=sealed, **fields)


def crypt(data: bytes, key: bytes, packet_id: int, sender: int) -> bytes:
    """Encrypt or decrypt as the firmware does."""
    nonce = struct.pack("<QII", packet_id, sender, 0)
    context = Cipher(algorithms.AES(key), modes.CTR(nonce)).encryptor()
    return context.update(data) + context.finalize()


def envelope(mesh_packet: Any, *, channel: str = "LongFast", gateway: str = GATEWAY) -> bytes:
    """Return what a gateway publishes for a packet."""
    return encoded("ServiceEnvelope", packet=mesh_packet, channel_id=channel, gateway_id=gateway)


def position(**fields: Any) -> bytes:
    """Return the boat's Position off Houay Xai, with other fields in addition or in place."""
    return encoded("Position", **(PLACE | fields))


def framed(data: bytes) -> bytes:
    """Return a message as the serial stream carries it."""
    return b"\x94\xc3" + struct.pack(">H", len(data)) + data


def b64(key: bytes) -> str:
    """Return a key as settings hold it."""
    return base64.b64encode(key).decode()
