from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ServiceEnvelope(_message.Message):
    __slots__ = ("packet", "channel_id", "gateway_id")
    PACKET_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_ID_FIELD_NUMBER: _ClassVar[int]
    GATEWAY_ID_FIELD_NUMBER: _ClassVar[int]
    packet: MeshPacket
    channel_id: str
    gateway_id: str
    def __init__(self, packet: _Optional[_Union[MeshPacket, _Mapping]] = ..., channel_id: _Optional[str] = ..., gateway_id: _Optional[str] = ...) -> None: ...

class MeshPacket(_message.Message):
    __slots__ = ("sender", "to", "channel", "decoded", "encrypted", "id", "rx_time", "rx_snr", "hop_limit", "want_ack", "priority", "rx_rssi", "via_mqtt", "hop_start", "pki_encrypted")
    SENDER_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    DECODED_FIELD_NUMBER: _ClassVar[int]
    ENCRYPTED_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    RX_TIME_FIELD_NUMBER: _ClassVar[int]
    RX_SNR_FIELD_NUMBER: _ClassVar[int]
    HOP_LIMIT_FIELD_NUMBER: _ClassVar[int]
    WANT_ACK_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    RX_RSSI_FIELD_NUMBER: _ClassVar[int]
    VIA_MQTT_FIELD_NUMBER: _ClassVar[int]
    HOP_START_FIELD_NUMBER: _ClassVar[int]
    PKI_ENCRYPTED_FIELD_NUMBER: _ClassVar[int]
    sender: int
    to: int
    channel: int
    decoded: Data
    encrypted: bytes
    id: int
    rx_time: int
    rx_snr: float
    hop_limit: int
    want_ack: bool
    priority: int
    rx_rssi: int
    via_mqtt: bool
    hop_start: int
    pki_encrypted: bool
    def __init__(self, sender: _Optional[int] = ..., to: _Optional[int] = ..., channel: _Optional[int] = ..., decoded: _Optional[_Union[Data, _Mapping]] = ..., encrypted: _Optional[bytes] = ..., id: _Optional[int] = ..., rx_time: _Optional[int] = ..., rx_snr: _Optional[float] = ..., hop_limit: _Optional[int] = ..., want_ack: _Optional[bool] = ..., priority: _Optional[int] = ..., rx_rssi: _Optional[int] = ..., via_mqtt: _Optional[bool] = ..., hop_start: _Optional[int] = ..., pki_encrypted: _Optional[bool] = ...) -> None: ...

class Data(_message.Message):
    __slots__ = ("portnum", "payload", "want_response", "request_id", "bitfield")
    PORTNUM_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    WANT_RESPONSE_FIELD_NUMBER: _ClassVar[int]
    REQUEST_ID_FIELD_NUMBER: _ClassVar[int]
    BITFIELD_FIELD_NUMBER: _ClassVar[int]
    portnum: int
    payload: bytes
    want_response: bool
    request_id: int
    bitfield: int
    def __init__(self, portnum: _Optional[int] = ..., payload: _Optional[bytes] = ..., want_response: _Optional[bool] = ..., request_id: _Optional[int] = ..., bitfield: _Optional[int] = ...) -> None: ...

class FromRadio(_message.Message):
    __slots__ = ("packet", "node_info", "rebooted", "queueStatus")
    PACKET_FIELD_NUMBER: _ClassVar[int]
    NODE_INFO_FIELD_NUMBER: _ClassVar[int]
    REBOOTED_FIELD_NUMBER: _ClassVar[int]
    QUEUESTATUS_FIELD_NUMBER: _ClassVar[int]
    packet: MeshPacket
    node_info: NodeInfo
    rebooted: bool
    queueStatus: QueueStatus
    def __init__(self, packet: _Optional[_Union[MeshPacket, _Mapping]] = ..., node_info: _Optional[_Union[NodeInfo, _Mapping]] = ..., rebooted: _Optional[bool] = ..., queueStatus: _Optional[_Union[QueueStatus, _Mapping]] = ...) -> None: ...

class ToRadio(_message.Message):
    __slots__ = ("packet", "want_config_id", "heartbeat")
    PACKET_FIELD_NUMBER: _ClassVar[int]
    WANT_CONFIG_ID_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    packet: MeshPacket
    want_config_id: int
    heartbeat: Heartbeat
    def __init__(self, packet: _Optional[_Union[MeshPacket, _Mapping]] = ..., want_config_id: _Optional[int] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class NodeInfo(_message.Message):
    __slots__ = ("num", "user", "position", "last_heard")
    NUM_FIELD_NUMBER: _ClassVar[int]
    USER_FIELD_NUMBER: _ClassVar[int]
    POSITION_FIELD_NUMBER: _ClassVar[int]
    LAST_HEARD_FIELD_NUMBER: _ClassVar[int]
    num: int
    user: User
    position: Position
    last_heard: int
    def __init__(self, num: _Optional[int] = ..., user: _Optional[_Union[User, _Mapping]] = ..., position: _Optional[_Union[Position, _Mapping]] = ..., last_heard: _Optional[int] = ...) -> None: ...

class QueueStatus(_message.Message):
    __slots__ = ("res", "mesh_packet_id")
    RES_FIELD_NUMBER: _ClassVar[int]
    MESH_PACKET_ID_FIELD_NUMBER: _ClassVar[int]
    res: int
    mesh_packet_id: int
    def __init__(self, res: _Optional[int] = ..., mesh_packet_id: _Optional[int] = ...) -> None: ...

class User(_message.Message):
    __slots__ = ("long_name", "short_name", "hw_model", "is_licensed", "role")
    LONG_NAME_FIELD_NUMBER: _ClassVar[int]
    SHORT_NAME_FIELD_NUMBER: _ClassVar[int]
    HW_MODEL_FIELD_NUMBER: _ClassVar[int]
    IS_LICENSED_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    long_name: str
    short_name: str
    hw_model: int
    is_licensed: bool
    role: int
    def __init__(self, long_name: _Optional[str] = ..., short_name: _Optional[str] = ..., hw_model: _Optional[int] = ..., is_licensed: _Optional[bool] = ..., role: _Optional[int] = ...) -> None: ...

class Position(_message.Message):
    __slots__ = ("latitude_i", "longitude_i", "altitude", "time", "location_source", "timestamp", "altitude_hae", "PDOP", "gps_accuracy", "ground_speed", "ground_track", "sats_in_view", "seq_number", "precision_bits")
    LATITUDE_I_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_I_FIELD_NUMBER: _ClassVar[int]
    ALTITUDE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    LOCATION_SOURCE_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    ALTITUDE_HAE_FIELD_NUMBER: _ClassVar[int]
    PDOP_FIELD_NUMBER: _ClassVar[int]
    GPS_ACCURACY_FIELD_NUMBER: _ClassVar[int]
    GROUND_SPEED_FIELD_NUMBER: _ClassVar[int]
    GROUND_TRACK_FIELD_NUMBER: _ClassVar[int]
    SATS_IN_VIEW_FIELD_NUMBER: _ClassVar[int]
    SEQ_NUMBER_FIELD_NUMBER: _ClassVar[int]
    PRECISION_BITS_FIELD_NUMBER: _ClassVar[int]
    latitude_i: int
    longitude_i: int
    altitude: int
    time: int
    location_source: int
    timestamp: int
    altitude_hae: int
    PDOP: int
    gps_accuracy: int
    ground_speed: int
    ground_track: int
    sats_in_view: int
    seq_number: int
    precision_bits: int
    def __init__(self, latitude_i: _Optional[int] = ..., longitude_i: _Optional[int] = ..., altitude: _Optional[int] = ..., time: _Optional[int] = ..., location_source: _Optional[int] = ..., timestamp: _Optional[int] = ..., altitude_hae: _Optional[int] = ..., PDOP: _Optional[int] = ..., gps_accuracy: _Optional[int] = ..., ground_speed: _Optional[int] = ..., ground_track: _Optional[int] = ..., sats_in_view: _Optional[int] = ..., seq_number: _Optional[int] = ..., precision_bits: _Optional[int] = ...) -> None: ...

class Routing(_message.Message):
    __slots__ = ("route_request", "route_reply", "error_reason")
    ROUTE_REQUEST_FIELD_NUMBER: _ClassVar[int]
    ROUTE_REPLY_FIELD_NUMBER: _ClassVar[int]
    ERROR_REASON_FIELD_NUMBER: _ClassVar[int]
    route_request: bytes
    route_reply: bytes
    error_reason: int
    def __init__(self, route_request: _Optional[bytes] = ..., route_reply: _Optional[bytes] = ..., error_reason: _Optional[int] = ...) -> None: ...

class Waypoint(_message.Message):
    __slots__ = ("id", "latitude_i", "longitude_i", "expire", "name", "description", "icon")
    ID_FIELD_NUMBER: _ClassVar[int]
    LATITUDE_I_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_I_FIELD_NUMBER: _ClassVar[int]
    EXPIRE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    ICON_FIELD_NUMBER: _ClassVar[int]
    id: int
    latitude_i: int
    longitude_i: int
    expire: int
    name: str
    description: str
    icon: int
    def __init__(self, id: _Optional[int] = ..., latitude_i: _Optional[int] = ..., longitude_i: _Optional[int] = ..., expire: _Optional[int] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., icon: _Optional[int] = ...) -> None: ...

class Telemetry(_message.Message):
    __slots__ = ("time", "device_metrics", "environment_metrics")
    TIME_FIELD_NUMBER: _ClassVar[int]
    DEVICE_METRICS_FIELD_NUMBER: _ClassVar[int]
    ENVIRONMENT_METRICS_FIELD_NUMBER: _ClassVar[int]
    time: int
    device_metrics: DeviceMetrics
    environment_metrics: EnvironmentMetrics
    def __init__(self, time: _Optional[int] = ..., device_metrics: _Optional[_Union[DeviceMetrics, _Mapping]] = ..., environment_metrics: _Optional[_Union[EnvironmentMetrics, _Mapping]] = ...) -> None: ...

class DeviceMetrics(_message.Message):
    __slots__ = ("battery_level", "voltage", "channel_utilization", "air_util_tx", "uptime_seconds")
    BATTERY_LEVEL_FIELD_NUMBER: _ClassVar[int]
    VOLTAGE_FIELD_NUMBER: _ClassVar[int]
    CHANNEL_UTILIZATION_FIELD_NUMBER: _ClassVar[int]
    AIR_UTIL_TX_FIELD_NUMBER: _ClassVar[int]
    UPTIME_SECONDS_FIELD_NUMBER: _ClassVar[int]
    battery_level: int
    voltage: float
    channel_utilization: float
    air_util_tx: float
    uptime_seconds: int
    def __init__(self, battery_level: _Optional[int] = ..., voltage: _Optional[float] = ..., channel_utilization: _Optional[float] = ..., air_util_tx: _Optional[float] = ..., uptime_seconds: _Optional[int] = ...) -> None: ...

class EnvironmentMetrics(_message.Message):
    __slots__ = ("temperature", "relative_humidity", "barometric_pressure")
    TEMPERATURE_FIELD_NUMBER: _ClassVar[int]
    RELATIVE_HUMIDITY_FIELD_NUMBER: _ClassVar[int]
    BAROMETRIC_PRESSURE_FIELD_NUMBER: _ClassVar[int]
    temperature: float
    relative_humidity: float
    barometric_pressure: float
    def __init__(self, temperature: _Optional[float] = ..., relative_humidity: _Optional[float] = ..., barometric_pressure: _Optional[float] = ...) -> None: ...

class MapReport(_message.Message):
    __slots__ = ("long_name", "short_name", "latitude_i", "longitude_i", "altitude", "position_precision")
    LONG_NAME_FIELD_NUMBER: _ClassVar[int]
    SHORT_NAME_FIELD_NUMBER: _ClassVar[int]
    LATITUDE_I_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_I_FIELD_NUMBER: _ClassVar[int]
    ALTITUDE_FIELD_NUMBER: _ClassVar[int]
    POSITION_PRECISION_FIELD_NUMBER: _ClassVar[int]
    long_name: str
    short_name: str
    latitude_i: int
    longitude_i: int
    altitude: int
    position_precision: int
    def __init__(self, long_name: _Optional[str] = ..., short_name: _Optional[str] = ..., latitude_i: _Optional[int] = ..., longitude_i: _Optional[int] = ..., altitude: _Optional[int] = ..., position_precision: _Optional[int] = ...) -> None: ...

class TAKPacket(_message.Message):
    __slots__ = ("is_compressed", "contact", "group", "status", "pli", "chat")
    IS_COMPRESSED_FIELD_NUMBER: _ClassVar[int]
    CONTACT_FIELD_NUMBER: _ClassVar[int]
    GROUP_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PLI_FIELD_NUMBER: _ClassVar[int]
    CHAT_FIELD_NUMBER: _ClassVar[int]
    is_compressed: bool
    contact: Contact
    group: Group
    status: Status
    pli: PLI
    chat: GeoChat
    def __init__(self, is_compressed: _Optional[bool] = ..., contact: _Optional[_Union[Contact, _Mapping]] = ..., group: _Optional[_Union[Group, _Mapping]] = ..., status: _Optional[_Union[Status, _Mapping]] = ..., pli: _Optional[_Union[PLI, _Mapping]] = ..., chat: _Optional[_Union[GeoChat, _Mapping]] = ...) -> None: ...

class Contact(_message.Message):
    __slots__ = ("callsign", "device_callsign")
    CALLSIGN_FIELD_NUMBER: _ClassVar[int]
    DEVICE_CALLSIGN_FIELD_NUMBER: _ClassVar[int]
    callsign: bytes
    device_callsign: bytes
    def __init__(self, callsign: _Optional[bytes] = ..., device_callsign: _Optional[bytes] = ...) -> None: ...

class Group(_message.Message):
    __slots__ = ("role", "team")
    ROLE_FIELD_NUMBER: _ClassVar[int]
    TEAM_FIELD_NUMBER: _ClassVar[int]
    role: int
    team: int
    def __init__(self, role: _Optional[int] = ..., team: _Optional[int] = ...) -> None: ...

class Status(_message.Message):
    __slots__ = ("battery",)
    BATTERY_FIELD_NUMBER: _ClassVar[int]
    battery: int
    def __init__(self, battery: _Optional[int] = ...) -> None: ...

class PLI(_message.Message):
    __slots__ = ("latitude_i", "longitude_i", "altitude", "speed")
    LATITUDE_I_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_I_FIELD_NUMBER: _ClassVar[int]
    ALTITUDE_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    latitude_i: int
    longitude_i: int
    altitude: int
    speed: int
    def __init__(self, latitude_i: _Optional[int] = ..., longitude_i: _Optional[int] = ..., altitude: _Optional[int] = ..., speed: _Optional[int] = ...) -> None: ...

class GeoChat(_message.Message):
    __slots__ = ("message", "to", "to_callsign", "receipt_for_uid", "receipt_type")
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TO_FIELD_NUMBER: _ClassVar[int]
    TO_CALLSIGN_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_FOR_UID_FIELD_NUMBER: _ClassVar[int]
    RECEIPT_TYPE_FIELD_NUMBER: _ClassVar[int]
    message: bytes
    to: bytes
    to_callsign: bytes
    receipt_for_uid: bytes
    receipt_type: int
    def __init__(self, message: _Optional[bytes] = ..., to: _Optional[bytes] = ..., to_callsign: _Optional[bytes] = ..., receipt_for_uid: _Optional[bytes] = ..., receipt_type: _Optional[int] = ...) -> None: ...

class TAKPacketV2(_message.Message):
    __slots__ = ("cot_type_id", "how", "callsign", "team", "role", "latitude_i", "longitude_i", "altitude", "speed", "course", "battery", "uid", "cot_type_str", "remarks", "chat", "aircraft", "raw_detail", "shape", "marker", "rab", "route", "casevac", "emergency", "task", "taktalk", "taktalk_room")
    COT_TYPE_ID_FIELD_NUMBER: _ClassVar[int]
    HOW_FIELD_NUMBER: _ClassVar[int]
    CALLSIGN_FIELD_NUMBER: _ClassVar[int]
    TEAM_FIELD_NUMBER: _ClassVar[int]
    ROLE_FIELD_NUMBER: _ClassVar[int]
    LATITUDE_I_FIELD_NUMBER: _ClassVar[int]
    LONGITUDE_I_FIELD_NUMBER: _ClassVar[int]
    ALTITUDE_FIELD_NUMBER: _ClassVar[int]
    SPEED_FIELD_NUMBER: _ClassVar[int]
    COURSE_FIELD_NUMBER: _ClassVar[int]
    BATTERY_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    COT_TYPE_STR_FIELD_NUMBER: _ClassVar[int]
    REMARKS_FIELD_NUMBER: _ClassVar[int]
    CHAT_FIELD_NUMBER: _ClassVar[int]
    AIRCRAFT_FIELD_NUMBER: _ClassVar[int]
    RAW_DETAIL_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    MARKER_FIELD_NUMBER: _ClassVar[int]
    RAB_FIELD_NUMBER: _ClassVar[int]
    ROUTE_FIELD_NUMBER: _ClassVar[int]
    CASEVAC_FIELD_NUMBER: _ClassVar[int]
    EMERGENCY_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    TAKTALK_FIELD_NUMBER: _ClassVar[int]
    TAKTALK_ROOM_FIELD_NUMBER: _ClassVar[int]
    cot_type_id: int
    how: int
    callsign: bytes
    team: int
    role: int
    latitude_i: int
    longitude_i: int
    altitude: int
    speed: int
    course: int
    battery: int
    uid: bytes
    cot_type_str: bytes
    remarks: bytes
    chat: GeoChat
    aircraft: bytes
    raw_detail: bytes
    shape: DrawnShape
    marker: bytes
    rab: bytes
    route: Route
    casevac: bytes
    emergency: EmergencyAlert
    task: bytes
    taktalk: bytes
    taktalk_room: bytes
    def __init__(self, cot_type_id: _Optional[int] = ..., how: _Optional[int] = ..., callsign: _Optional[bytes] = ..., team: _Optional[int] = ..., role: _Optional[int] = ..., latitude_i: _Optional[int] = ..., longitude_i: _Optional[int] = ..., altitude: _Optional[int] = ..., speed: _Optional[int] = ..., course: _Optional[int] = ..., battery: _Optional[int] = ..., uid: _Optional[bytes] = ..., cot_type_str: _Optional[bytes] = ..., remarks: _Optional[bytes] = ..., chat: _Optional[_Union[GeoChat, _Mapping]] = ..., aircraft: _Optional[bytes] = ..., raw_detail: _Optional[bytes] = ..., shape: _Optional[_Union[DrawnShape, _Mapping]] = ..., marker: _Optional[bytes] = ..., rab: _Optional[bytes] = ..., route: _Optional[_Union[Route, _Mapping]] = ..., casevac: _Optional[bytes] = ..., emergency: _Optional[_Union[EmergencyAlert, _Mapping]] = ..., task: _Optional[bytes] = ..., taktalk: _Optional[bytes] = ..., taktalk_room: _Optional[bytes] = ...) -> None: ...

class DrawnShape(_message.Message):
    __slots__ = ("kind", "major_cm", "minor_cm", "vertex_lat_deltas", "vertex_lon_deltas")
    KIND_FIELD_NUMBER: _ClassVar[int]
    MAJOR_CM_FIELD_NUMBER: _ClassVar[int]
    MINOR_CM_FIELD_NUMBER: _ClassVar[int]
    VERTEX_LAT_DELTAS_FIELD_NUMBER: _ClassVar[int]
    VERTEX_LON_DELTAS_FIELD_NUMBER: _ClassVar[int]
    kind: int
    major_cm: int
    minor_cm: int
    vertex_lat_deltas: _containers.RepeatedScalarFieldContainer[int]
    vertex_lon_deltas: _containers.RepeatedScalarFieldContainer[int]
    def __init__(self, kind: _Optional[int] = ..., major_cm: _Optional[int] = ..., minor_cm: _Optional[int] = ..., vertex_lat_deltas: _Optional[_Iterable[int]] = ..., vertex_lon_deltas: _Optional[_Iterable[int]] = ...) -> None: ...

class Route(_message.Message):
    __slots__ = ("links",)
    LINKS_FIELD_NUMBER: _ClassVar[int]
    links: _containers.RepeatedCompositeFieldContainer[Link]
    def __init__(self, links: _Optional[_Iterable[_Union[Link, _Mapping]]] = ...) -> None: ...

class Link(_message.Message):
    __slots__ = ("point",)
    POINT_FIELD_NUMBER: _ClassVar[int]
    point: CotGeoPoint
    def __init__(self, point: _Optional[_Union[CotGeoPoint, _Mapping]] = ...) -> None: ...

class CotGeoPoint(_message.Message):
    __slots__ = ("lat_delta_i", "lon_delta_i")
    LAT_DELTA_I_FIELD_NUMBER: _ClassVar[int]
    LON_DELTA_I_FIELD_NUMBER: _ClassVar[int]
    lat_delta_i: int
    lon_delta_i: int
    def __init__(self, lat_delta_i: _Optional[int] = ..., lon_delta_i: _Optional[int] = ...) -> None: ...

class EmergencyAlert(_message.Message):
    __slots__ = ("type",)
    TYPE_FIELD_NUMBER: _ClassVar[int]
    type: int
    def __init__(self, type: _Optional[int] = ...) -> None: ...
