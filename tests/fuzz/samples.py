"""Good messages of each protocol, to begin from: made as the protocols' own tests make theirs.

A protocol that does not stand here is sampled by the constant `SAMPLES` of its test module.
"""

from __future__ import annotations

import importlib
import json
import os
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

from pyais import encode_dict

from radio_gateway.technician.decode import protocol_named
from tests.radio_gateway import protocols
from tests.radio_gateway.protocols.aprs.aprs_words import ax25, compressed, mic_e
from tests.radio_gateway.protocols.land_mobile.tetra_reports import NO_VELOCITY, long, sds, short
from tests.radio_gateway.protocols.land_mobile.tetra_reports import place as tetra_place
from tests.radio_gateway.protocols.meshtastic import meshtastic_messages as mesh
from tests.radio_gateway.protocols.sentences import capture, sentence

SECRETS = {"owntracks": "secret"}
PROTOCOL_TESTS = Path(protocols.__path__[0])
TOPICS = {
    "owntracks": "owntracks/jane/phone",
    "meshtastic_mqtt": f"msh/TH/2/e/LongFast/{mesh.GATEWAY}",
    "meshtastic_json": f"msh/TH/2/json/LongFast/{mesh.GATEWAY}",
}


@cache
def samples(protocol: str) -> tuple[bytes, ...]:
    """Return good messages of a protocol, each complete as a stream has it; maybe none."""
    make = _MAKERS.get(protocol)
    if make is not None:
        return tuple(make())
    return tuple(getattr(_tests_of(protocol), "SAMPLES", ()))


def shared_samples(protocol: str) -> list[bytes]:
    """Return the inputs of the test vectors in the folder that `JOINT_PATROL_SHARED` names."""
    folder = os.environ.get("JOINT_PATROL_SHARED")
    path = None if folder is None else Path(folder, "vectors", "vectors.jsonl")
    if path is None or not path.exists():
        return []
    vectors = [json.loads(line) for line in path.read_bytes().splitlines()]
    return [
        bytes.fromhex(each["input_hex"]) if "input_hex" in each else each["input"].encode()
        for each in vectors
        if protocol_named(each["protocol"]) == protocol
    ]


def _tests_of(protocol: str) -> ModuleType:
    """Return the test module of a protocol, in whatever folder it is."""
    (path,) = PROTOCOL_TESTS.rglob(f"test_{protocol}.py")
    folders = path.relative_to(PROTOCOL_TESTS).parent.parts
    return importlib.import_module(".".join((protocols.__name__, *folders, path.stem)))


def _lines(*payloads: bytes) -> list[bytes]:
    return [payload + b"\r\n" for payload in payloads]


def _nmea0183() -> list[bytes]:
    river = capture("river.nmea")
    return _lines(*river[:4], b"\r\n".join(river[:12]), *capture("humminbird.nmea")[:6])


def _ais() -> list[bytes]:
    payloads: list[bytes] = _lines(*capture("river.aivdm")[:6])
    common = {"mmsi": 574123456, "lon": 100.41, "lat": 20.27}
    for type_ in (1, 4, 5, 9, 11, 14, 18, 19, 21, 24, 27):
        more: dict[str, Any] = {"shipname": "RIVER 7", "text": "MAN OVERBOARD", "partno": 1}
        words = common | more | {"type": type_}
        payloads.append(b"".join(_lines(*(line.encode() for line in encode_dict(words)))))
    return payloads


def _dsc() -> list[bytes]:
    tests: Any = _tests_of("dsc")
    calls = (tests.DISTRESS, tests.EXPANSION, tests.BLANKS, tests.REPLY)
    return [*_lines(*calls), b"".join(_lines(tests.DISTRESS, tests.EXPANSION))]


def _owntracks() -> list[bytes]:
    tests: Any = _tests_of("owntracks")
    place = tests.PLACE | {"vel": 36, "cog": 360, "alt": 352, "acc": 8, "batt": 67, "t": "u"}
    messages = [
        place,
        tests.locked(place, SECRETS["owntracks"]),
        {"_type": "transition", "tst": 1795000000, "event": "enter", "desc": "pier", "t": "b"},
        {"_type": "waypoint", "lat": 20.2, "lon": 100.4, "tst": 1795000000, "desc": "pier"},
        {"_type": "lwt", "tst": 1795000000},
        {"_type": "status", "android": {"wifi": 1}},
        {"_type": "card", "name": "Jane", "tid": "P1"},
        {"_type": "cmd", "action": "reportLocation"},
    ]
    return [json.dumps(each).encode() for each in messages]


def _mesh_payloads() -> list[tuple[int, bytes]]:
    waypoint = {"id": 5, "latitude_i": 202730000, "longitude_i": 1004120000, "name": "pier"}
    metrics = mesh.message("DeviceMetrics", battery_level=80, voltage=3.9, uptime_seconds=99)
    map_report = {"long_name": "Boat", "latitude_i": 202730000, "longitude_i": 1004120000}
    more = {"altitude": 352, "ground_speed": 5, "ground_track": 9000000, "precision_bits": 32}
    contact = mesh.message("Contact", callsign=bytes.fromhex("864fb4a29f"))
    tak = {"latitude_i": 202730000, "longitude_i": 1004120000}
    pli = mesh.message("PLI", altitude=352, **tak)
    return [
        (3, mesh.position(**more)),
        (1, b"hello"),
        (4, mesh.encoded("User", id="!a1b2c3d4", long_name="Boat", short_name="B1", hw_model=9)),
        (5, mesh.encoded("Routing", error_reason=0)),
        (8, mesh.encoded("Waypoint", **waypoint)),
        (67, mesh.encoded("Telemetry", time=mesh.TIME_S, device_metrics=metrics)),
        (72, mesh.encoded("TAKPacket", is_compressed=True, contact=contact, pli=pli)),
        (78, b"\xff" + mesh.encoded("TAKPacketV2", cot_type_id=1, callsign="Boat", **tak)),
        (73, mesh.encoded("MapReport", **map_report)),
        (10, b"bell"),
    ]


def _meshtastic_mqtt() -> list[bytes]:
    open_ = [mesh.envelope(mesh.packet(*each, rx_rssi=-90)) for each in _mesh_payloads()]
    return [*open_, mesh.envelope(mesh.packet(3, mesh.position(), key=mesh.DEFAULT_KEY))]


def _meshtastic_serial() -> list[bytes]:
    tests: Any = _tests_of("meshtastic_serial")
    payloads = [
        mesh.framed(tests.from_radio(packet=mesh.packet(*each))) for each in _mesh_payloads()
    ]
    node = mesh.message(
        "NodeInfo",
        num=mesh.BOAT,
        user=mesh.message("User", id="!a1b2c3d4", long_name="Boat"),
        position=mesh.message("Position", **mesh.PLACE),
    )
    others = ({"node_info": node}, {"my_info": mesh.message("MyNodeInfo", my_node_num=7)})
    return [
        *payloads,
        *(mesh.framed(tests.from_radio(**each)) for each in others),
        tests.LOG + tests.PLACE + tests.TEXT,
        mesh.framed(tests.from_radio(rebooted=True)),
    ]


def _meshtastic_json() -> list[bytes]:
    tests: Any = _tests_of("meshtastic_json")
    said = [
        ("position", mesh.PLACE | {"altitude": 352, "ground_track": 9000000, "PDOP": 120}),
        ("text", {"text": "hello"}),
        ("nodeinfo", {"id": "!a1b2c3d4", "longname": "Boat", "shortname": "B1", "hardware": 9}),
        ("telemetry", {"battery_level": 80, "voltage": 3.9}),
        ("waypoint", {"id": 5, "latitude_i": 202730000, "longitude_i": 1004120000}),
    ]
    return [
        json.dumps(tests.MESSAGE | {"type": type_, "payload": payload, "rssi": -90}).encode()
        for type_, payload in said
    ]


def _position_json() -> list[bytes]:
    place = {"device": "boat-3", "lon": 100.412, "lat": 20.273, "time": "2026-11-25T11:59:58Z"}
    more = {"speed_mps": 5.1, "course_deg": 90, "altitude_m": 352, "accuracy_m": 8, "text": "ok"}
    call = {"device": "boat-3", "distress": True, "status": "sos"}
    return [json.dumps(each).encode() for each in (place, place | more, [place, call], call)]


def _cot() -> list[bytes]:
    tests: Any = _tests_of("cot")
    details = (
        '<contact callsign="P 3"/><track speed="5.1" course="90"/><status battery="80"/>',
        '<emergency type="911 Alert">P 3</emergency>',
        '<__chat senderCallsign="P 3" chatroom="All"/><remarks source="A">come in</remarks>',
        '<link uid="A" type="a-f-G" relation="p-p"/><takv device="x" platform="ATAK"/>',
    )
    return [*tests.TRICKY, *(tests.event(detail=detail) for detail in details)]


def _tak() -> list[bytes]:
    tests: Any = _tests_of("tak")
    messages = (tests.event(), tests.event(detail=tests.DETAIL), tests.event(type_="b-t-f"))
    return [*map(tests.stream, messages), b"\xbf\x01\xbf" + messages[1]]


def _aprs() -> list[bytes]:
    destination, mic = mic_e(lon=100.41, lat=20.27, speed_kn=20, course_deg=251)
    place = compressed(lon=100.41, lat=20.27)
    rmc = sentence("GPRMC,115958,A,2016.38,N,10024.72,E,9.7,162.6,251126,,")
    informations = (
        b"!2016.38N/10024.72Es036/010/A=001234 on patrol",
        b"@251200z2016.38N/10024.72E>088/036!W12!",
        b"/115958h2016.38N/10024.72E-PHG5132",
        b"!" + place + b"/A=000352",
        b";PIER     *251200z2016.38N/10024.72E-",
        b")BUOY!2016.38N/10024.72E-gone",
        b":XW1PAT-7 :come in{12",
        b":XW1PAT-7 :ack12",
        b">251200zon patrol",
        b"T#005,199,000,255,073,123,01101001",
        b"_10090556c220s004g005t077r000p000P000h50b09900",
        rmc,
        b"}HS0ABC-9>APRS,TCPIP,HS1XYZ*:!2016.38N/10024.72E>",
    )
    packets = [b"HS0ABC-9>APRS,WIDE1-1,qAR,HS2GW:" + each for each in informations]
    return _lines(*packets, b"HS0ABC-9>" + destination.encode() + b",WIDE1-1:" + mic)


def _aprs_kiss() -> list[bytes]:
    payloads = []
    for line in _aprs():
        head, _, information = line.rstrip(b"\r\n").partition(b":")
        destination = head.partition(b">")[2].split(b",")[0].decode()
        packet = ax25("HS0ABC-9", destination, ("HS1XYZ-1*", "WIDE2-1"), information)
        escaped = packet.replace(b"\xdb", b"\xdb\xdd").replace(b"\xc0", b"\xdb\xdc")
        payloads.append(b"\xc0\x00" + escaped + b"\xc0")
    return payloads


def _dprs() -> list[bytes]:
    tests: Any = _tests_of("dprs")
    return _lines(
        tests.SAMPLE,
        tests.GGA,
        tests.RMC + b"\r\n" + tests.IDENTITY,
        b"\r\n".join((tests.GGA, tests.RMC, tests.IDENTITY)),
        tests.gps_a(b"HS0ABC-9>APRATS,DSTAR*:!2016.38N/10024.72Es036/010"),
    )


def _raveon() -> list[bytes]:
    tests: Any = _tests_of("raveon")
    call = sentence("PRAVE,0002,0001,2016.3800,10024.7200,165919,0,9,184,25,12.7,0,-95,0,0,M,")
    return _lines(tests.SOUTH, tests.DIFFERENTIAL, call)


def _gpsgate() -> list[bytes]:
    tests: Any = _tests_of("gpsgate")
    bodies = (tests.RMC, tests.SOS, tests.SOS + ",SosButton=1,voltage=4", "FRVER,1,1,name 1.0")
    return _lines(tests.LOG_IN, *map(sentence, bodies))


def _kenwood() -> list[bytes]:
    tests: Any = _tests_of("kenwood")
    return [
        tests.STREAM,
        *_lines(tests.PKLDS, tests.PKLID, *tests.SIX, tests.BOAT, tests.OWN_RMC),
        b"\x02I110040021004002\x03",
        b"\x02gI1U03001U03001\x03",
        b"\x02D2001814\x03",
        b"xE0000001010000009990002\r\n",
    ]


def _hytera() -> list[bytes]:
    tests: Any = _tests_of("hytera")
    report = tests.report(tests.gps())
    address = tests.ADDRESS
    registration = bytes.fromhex("1100030004") + address
    registration += bytes((0x33 + ~sum(registration[1:]) & 0xFF, 3))
    return [
        tests.PACKET,
        tests.CONNECT,
        report,
        tests.report(tests.gps(), opcode=0xB003),
        registration,
        b"2B\0\0\0\1" + report,
        b"2B\0\x20\0\2\x83\x04" + address + b"\x04\x01\x01" + report,
        b"2B\0\x04\0\0",
        tests.text(),
        tests.text(what=0xB1),
    ]


def _lrrp() -> list[bytes]:
    tests: Any = _tests_of("lrrp")
    return [
        tests.document(0x0D, tests.REQUEST + tests.POINT),
        tests.document(0x0D, tests.POINT + b"\x34" + bytes(5)),
        tests.document(0x07, tests.REQUEST + b"\x37\x10"),
        bytes.fromhex("0007F0400201340000"),
    ]


def _tetra() -> list[bytes]:
    tests: Any = _tests_of("tetra")
    full = long((2, 4), *tetra_place(100.41, 20.27), (3, 6), NO_VELOCITY)
    messages = (
        sds(short()),
        sds(short(reason=2)),
        sds(full),
        sds("8204010574657374"),
        sds("8000", service=13),
        sds("0000", service=13),
    )
    return [tests.STREAM, *(b"\r\n" + each.replace(b"\n", b"\r\n") + b"\r\n" for each in messages)]


def _osmand() -> list[bytes]:
    tests: Any = _tests_of("osmand")
    more = {"speed": "10", "bearing": "7.2", "altitude": "350", "batt": "87", "alarm": "sos"}
    where = tests.location(battery={"level": 0.8}, activity={"type": "still"}, event="motionchange")
    return [
        tests.asked(),
        tests.asked(**more),
        b"id=902064&location=20.273,100.412&timestamp=2026-11-25T11:59:58Z&valid=1",
        tests.posted(where),
        tests.posted([where, tests.location()]),
    ]


def _garmin_ipc() -> list[bytes]:
    tests: Any = _tests_of("garmin_ipc")
    status = {"autonomous": 0, "lowBattery": 1, "intervalChange": 600}
    call = tests.event(6, freeText="help", status=status)
    return [tests.posted(tests.event()), tests.posted(call, tests.event(3, freeText="all well"))]


def _spot() -> list[bytes]:
    tests: Any = _tests_of("spot")
    call = tests.message(messageType="SOS", altitude="352", messageContent="help")
    return [tests.posted(tests.message()), tests.posted(call, tests.message(id="891801958"))]


_MAKERS = {
    "nmea0183": _nmea0183,
    "ais": _ais,
    "dsc": _dsc,
    "owntracks": _owntracks,
    "meshtastic_mqtt": _meshtastic_mqtt,
    "meshtastic_json": _meshtastic_json,
    "meshtastic_serial": _meshtastic_serial,
    "position_json": _position_json,
    "cot": _cot,
    "tak": _tak,
    "aprs": _aprs,
    "aprs_kiss": _aprs_kiss,
    "dprs": _dprs,
    "raveon": _raveon,
    "gpsgate": _gpsgate,
    "kenwood": _kenwood,
    "hytera": _hytera,
    "lrrp": _lrrp,
    "tetra": _tetra,
    "osmand": _osmand,
    "garmin_ipc": _garmin_ipc,
    "spot": _spot,
}
