from __future__ import annotations

from typing import Any

import pytest
from backports import zstd
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.meshtastic import meshtastic_mqtt
from tests.radio_gateway.protocols.meshtastic import meshtastic_messages as mesh
from tests.radio_gateway.protocols.sentences import frame

PLACE: dict[str, int] = {"latitude_i": 202730000, "longitude_i": 1004120000}
NAGA, DEVICE = bytes.fromhex("864fb4a29f"), bytes.fromhex("804e75babe80b45137c7")
V2: dict[str, Any] = {
    "cot_type_id": 1,
    "how": 2,
    "callsign": "Naga 1",
    "team": 10,
    "role": 1,
    "battery": 80,
    "uid": "!a1b2c3d4",
    **PLACE,
}


def heard(port: int, payload: bytes, dictionaries: tuple[bytes, ...] = ()) -> Transmission:
    whole = mesh.envelope(mesh.packet(port, payload, rx_time=mesh.TIME_S))
    settings = DecoderSettings(tak_dictionaries=dictionaries)
    (transmission,) = meshtastic_mqtt.decoder(settings).decode(frame(whole))
    return transmission


def packet(*, compressed: bool = True, **fields: Any) -> Transmission:
    """Return what a TAKPacket of port 72 says."""
    contact = mesh.message("Contact", callsign=NAGA, device_callsign=DEVICE)
    if not compressed:
        contact = mesh.message("Contact", callsign=b"Naga 1", device_callsign=b"ANDROID-0123")
    data = mesh.encoded(
        "TAKPacket",
        is_compressed=compressed,
        contact=contact,
        group=mesh.message("Group", role=2, team=10),
        status=mesh.message("Status", battery=80),
        **fields,
    )
    return heard(72, data)


def packet_v2(**fields: Any) -> Transmission:
    """Return what a TAKPacketV2 of port 78 says, sent as it stands."""
    return heard(78, b"\xff" + mesh.encoded("TAKPacketV2", **(V2 | fields)))


@pytest.mark.parametrize("compressed", [True, False])
def test_unit_of_the_first_version_says_where_it_is_and_who(compressed: bool) -> None:
    pli = mesh.message("PLI", altitude=352, speed=5, **PLACE)
    transmission = packet(compressed=compressed, pli=pli)
    assert (transmission.address, transmission.kind, transmission.fix) == (
        "meshtastic:!a1b2c3d4",
        "position",
        True,
    )
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(20.273)
    assert transmission.position.lon == pytest.approx(100.412)
    assert transmission.passed_on_at is not None
    body = {"callsign": "Naga 1", "tak_uid": "ANDROID-0123", "team": "Cyan", "role": "Team Lead"}
    body |= {"battery_pct": 80, "ellipsoid_altitude_m": 352, "speed_raw": 5}  # type: ignore[dict-item]
    assert body.items() <= transmission.facts.items()
    assert transmission.flags == ("speed_unit_disputed",)


def test_tracker_of_the_second_version_says_where_it_is_and_who() -> None:
    transmission = packet_v2(altitude=-30, course=18120)
    assert (transmission.address, transmission.kind, transmission.fix) == (
        "meshtastic:!a1b2c3d4",
        "position",
        True,
    )
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(20.273)
    assert transmission.position.course_deg == pytest.approx(181.2)
    body = {"callsign": "Naga 1", "tak_uid": "!a1b2c3d4", "team": "Cyan", "role": "Team Member"}
    assert body.items() <= transmission.facts.items()
    assert transmission.facts["ellipsoid_altitude_m"] == -30
    assert "ellipsoid_altitude_m" not in packet_v2(altitude=9_999_999).facts


def test_position_without_a_place_is_no_fix() -> None:
    for transmission in (
        packet(pli=mesh.message("PLI", speed=0)),
        packet_v2(latitude_i=0, longitude_i=0),
    ):
        assert (transmission.kind, transmission.position, transmission.fix) == (
            "position",
            None,
            False,
        )
        assert "no_fix" in transmission.flags


def test_zero_of_one_coordinate_is_a_place() -> None:
    transmission = packet_v2(latitude_i=0)
    assert transmission.position is not None
    assert transmission.position.lat == 0.0
    assert transmission.position.lon == pytest.approx(100.412)


def test_place_that_is_none_is_refused() -> None:
    with pytest.raises(FrameError, match="lat_range"):
        packet_v2(latitude_i=912_000_000)


@pytest.mark.parametrize(("how", "flag", "fix"), [(1, "placed_by_hand", True), (7, "simulator", 0)])
def test_place_that_no_receiver_found_is_flagged(how: int, flag: str, fix: bool) -> None:
    transmission = packet_v2(how=how)
    assert (flag in transmission.flags, transmission.fix) == (True, fix)


def test_chat_is_text() -> None:
    transmission = packet(
        chat=mesh.message("GeoChat", message=bytes.fromhex("829cc42e1ee262adf7ebb7"), to=DEVICE)
    )
    assert (transmission.kind, transmission.text) == ("text", "ຢູ່ທ່າ 7")
    assert (transmission.facts["callsign"], transmission.facts["to_uid"]) == (
        "Naga 1",
        "ANDROID-0123",
    )
    transmission = packet_v2(
        cot_type_id=25,
        chat=mesh.message("GeoChat", message="ຢູ່ທ່າ 7".encode(), to_callsign=b"HX base"),
    )
    assert (transmission.kind, transmission.text, transmission.position) == ("text", "ຢູ່ທ່າ 7", None)
    assert transmission.facts["to_callsign"] == "HX base"


def test_receipt_is_an_answer() -> None:
    transmission = packet_v2(
        cot_type_id=121, chat=mesh.message("GeoChat", receipt_type=1, receipt_for_uid="m-7")
    )
    assert (transmission.kind, transmission.status, transmission.facts["answers"]) == (
        "answer",
        "delivered",
        "m-7",
    )


@pytest.mark.parametrize("type_", [0, 1, 2, 3, 5])
def test_emergency_is_a_call_for_help_where_its_caller_is(type_: int) -> None:
    alert = mesh.message("EmergencyAlert", type=type_)
    transmission = packet_v2(cot_type_id=30, remarks="taking water", emergency=alert)
    assert (transmission.kind, transmission.distress, transmission.text) == (
        "position",
        True,
        "taking water",
    )
    assert transmission.position is not None
    for nowhere in ({"latitude_i": 0, "longitude_i": 0}, {"latitude_i": 912_000_000}):
        transmission = packet_v2(emergency=alert, **nowhere)
        assert (transmission.kind, transmission.distress, transmission.position) == (
            "distress",
            True,
            None,
        )


def test_emergency_that_is_taken_back_is_none() -> None:
    transmission = packet_v2(cot_type_id=29, emergency=mesh.message("EmergencyAlert", type=6))
    assert (transmission.kind, transmission.distress) == ("position", False)
    assert "distress_cancelled" in transmission.flags
    assert not packet_v2(emergency=mesh.message("EmergencyAlert", type=4)).distress


def test_call_for_evacuation_is_distress_at_a_place_that_is_not_the_callers() -> None:
    transmission = packet_v2(
        casevac=mesh.message("CasevacReport", precedence=1), remarks="2 urgent"
    )
    assert (transmission.kind, transmission.distress, transmission.position) == (
        "distress",
        True,
        None,
    )
    assert transmission.text == "2 urgent"


@pytest.mark.parametrize(
    ("fields", "kind"),
    [
        ({"marker": mesh.message("Marker", kind=2)}, "waypoint"),
        ({"aircraft": mesh.message("AircraftTrack", icao="8832AB")}, "other"),
        ({"cot_type_id": 14}, "other"),
        ({"cot_type_id": 0, "cot_type_str": "t-x-d-d"}, "other"),
        ({"cot_type_id": 4000}, "other"),
        ({"cot_type_id": 0, "cot_type_str": "a-f-G-U-C-I"}, "position"),
    ],
)
def test_only_what_is_somewhere_itself_has_a_position(fields: dict[str, Any], kind: str) -> None:
    transmission = packet_v2(**fields)
    assert (transmission.kind, transmission.position is None) == (kind, kind != "position")


def test_what_somebody_marked_or_drew_is_a_mark() -> None:
    transmission = packet_v2(uid="m-7", remarks="sunk barge", marker=mesh.message("Marker", kind=2))
    mark = transmission.mark
    assert mark is not None
    assert (mark.id, mark.name, mark.use, mark.remarks) == ("m-7", "Naga 1", "place", "sunk barge")
    assert mark.path == ()
    assert mark.lat == pytest.approx(20.273)
    assert mark.lon == pytest.approx(100.412)
    north, east = [0, 1000, -1000], [0, 2000, 2000]
    shape = mesh.message("DrawnShape", kind=5, vertex_lat_deltas=north, vertex_lon_deltas=east)
    mark = packet_v2(uid="m-8", shape=shape).mark
    assert mark is not None
    assert (mark.use, mark.closed, len(mark.path)) == ("area", True, 3)
    assert mark.path[1] == pytest.approx((100.4122, 20.2731))
    assert mark.path[2] == pytest.approx((100.4122, 20.2729))
    circle = mesh.message("DrawnShape", kind=1, major_cm=22_698, minor_cm=22_698)
    mark = packet_v2(uid="m-9", shape=circle).mark
    assert mark is not None
    assert (mark.radius_m, mark.closed) == (226.98, False)
    steps = [(0, 0), (1000, 2000), (-3000, 0)]
    links = [
        mesh.message("Link", point=mesh.message("CotGeoPoint", lat_delta_i=lat, lon_delta_i=lon))
        for lat, lon in steps
    ]
    mark = packet_v2(uid="m-10", route=mesh.message("Route", prefix="CP", links=links)).mark
    assert mark is not None
    assert (mark.use, mark.closed) == ("route", False)
    for point, (lat, lon) in zip(mark.path, steps, strict=True):
        assert point == pytest.approx((100.412 + lon / 1e7, 20.273 + lat / 1e7))
    for nowhere in ({"uid": ""}, {"latitude_i": 0, "longitude_i": 0}):
        assert packet_v2(**{"shape": circle} | nowhere).mark is None


def test_compressed_packet_of_a_phone_is_received_and_not_read() -> None:
    transmission = heard(78, b"\x00" + bytes(20))
    assert (transmission.kind, transmission.position, transmission.facts["tak_dictionary"]) == (
        "other",
        None,
        0,
    )


def test_packet_of_a_phone_is_read_with_the_dictionary_that_the_channel_names() -> None:
    samples: list[Any] = [
        mesh.encoded("TAKPacketV2", **V2 | {"uid": f"ANDROID-{n:012}", "remarks": f"pier {n}" * 5})
        for n in range(500)
    ]
    dictionaries = tuple(
        zstd.train_dict(part, 2048).dict_content for part in (samples[:250], samples[250:])
    )
    packed = zstd.compress(
        samples[7],
        options={
            zstd.CompressionParameter.content_size_flag: 0,
            zstd.CompressionParameter.dict_id_flag: 0,
        },
        zstd_dict=zstd.ZstdDict(dictionaries[1]),
    )
    for body in (packed, packed.removeprefix(bytes.fromhex("28b52ffd"))):
        transmission = heard(78, b"\x01" + body, dictionaries)
        assert (transmission.kind, transmission.facts["tak_uid"]) == (
            "position",
            "ANDROID-000000000007",
        )
    assert heard(78, b"\x02" + packed, dictionaries).facts["tak_dictionary"] == 2
    for broken in (b"", packed[:-3], b"noise" * 9):
        with pytest.raises(FrameError, match="protobuf"):
            heard(78, b"\x01" + broken, dictionaries)


def test_packet_that_expands_without_end_is_refused() -> None:
    dictionary = zstd.train_dict([bytes([n % 251]) * 400 for n in range(500)], 2048)
    packed = zstd.compress(bytes(1_000_000), zstd_dict=dictionary)
    with pytest.raises(FrameError, match="protobuf"):
        heard(78, b"\x00" + packed, (dictionary.dict_content,))


@pytest.mark.parametrize("port", [72, 78])
@given(data=st.binary(max_size=80))
def test_noise_is_decoded_or_refused(port: int, data: bytes) -> None:
    for payload in (data, b"\xff" + data):
        try:
            heard(port, payload)
        except FrameError:
            pass
