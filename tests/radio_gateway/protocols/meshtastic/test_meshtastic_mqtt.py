from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Signal, Transmission
from radio_gateway.orders.order import Order, OrderError, OrderKind
from radio_gateway.protocols.meshtastic import meshtastic_mqtt
from tests.fixtures.examples import examples
from tests.radio_gateway.protocols.meshtastic import meshtastic_messages as mesh
from tests.radio_gateway.protocols.sentences import NOW

TOPIC = f"msh/TH/2/e/LongFast/{mesh.GATEWAY}"
SECRET = bytes(range(100, 132))
STATION = "msh/TH/2/e/PATROL/!0badcafe"


def said_by(
    payload: bytes, *, decoder: DecoderSettings | None = None, topic: str | None = TOPIC
) -> Transmission:
    (transmission,) = meshtastic_mqtt.decoder(decoder or DecoderSettings()).decode(
        Frame(payload, NOW, topic)
    )
    return transmission


def refused(payload: bytes, **more: Any) -> str:
    with pytest.raises(FrameError) as caught:
        said_by(payload, **more)
    return caught.value.reason


def of_port(portnum: int, payload: bytes, **more: Any) -> Transmission:
    return said_by(mesh.envelope(mesh.packet(portnum, payload, **more)))


def test_position_says_place_time_and_how_it_was_received() -> None:
    transmission = of_port(
        3,
        mesh.position(altitude=352, ground_speed=6, ground_track=18123000, sats_in_view=9),
        rx_time=mesh.TIME_S + 3,
        rx_snr=-7.25,
        rx_rssi=-101,
        hop_limit=1,
        hop_start=3,
    )
    position = transmission.position
    assert position is not None
    assert (position.lat, position.lon, position.altitude_m) == (20.273, 100.412, 352.0)
    assert position.course_deg == pytest.approx(181.23)
    assert position.speed_mps is None  # the definition says m/s, the firmware writes km/h
    assert transmission.facts["speed_raw"] == 6
    assert transmission.flags == ("speed_unit_disputed",)
    assert transmission.address == "meshtastic:!a1b2c3d4"
    assert transmission.device_time == datetime.fromtimestamp(mesh.TIME_S, UTC)
    assert transmission.passed_on_at == datetime.fromtimestamp(mesh.TIME_S + 3, UTC)
    assert transmission.signal == Signal(
        station=mesh.GATEWAY, rssi_dbm=-101.0, snr_db=-7.25, hops=2
    )
    assert transmission.facts["gateway"] == mesh.GATEWAY
    assert transmission.facts["sats"] == 9
    assert transmission.fix is True


def test_coordinate_that_was_not_sent_is_no_fix_and_one_that_is_zero_is_zero() -> None:
    transmission = of_port(3, mesh.encoded("Position", latitude_i=1, time=mesh.TIME_S))
    assert (transmission.position, transmission.fix, transmission.flags) == (
        None,
        False,
        ("no_fix",),
    )
    transmission = of_port(3, mesh.position(latitude_i=0))
    assert transmission.position is not None
    assert transmission.position.lat == 0.0


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"latitude_i": 950000000}, "lat_range"),
        ({"longitude_i": -1800000001}, "lon_range"),
        ({"latitude_i": 0, "longitude_i": 0}, "null_island"),
    ],
)
def test_place_that_is_none_is_refused(fields: dict[str, int], reason: str) -> None:
    assert refused(mesh.envelope(mesh.packet(3, mesh.position(**fields)))) == reason


def test_time_of_the_gateway_stands_in_for_one_that_was_not_sent() -> None:
    transmission = of_port(3, mesh.position(time=0), rx_time=mesh.TIME_S)
    assert transmission.device_time is None
    assert transmission.passed_on_at == datetime.fromtimestamp(mesh.TIME_S, UTC)
    assert transmission.facts["time_source"] == "rx_time"
    transmission = of_port(3, mesh.position(time=0), rx_time=42)  # a gateway without a clock
    assert (transmission.device_time, transmission.passed_on_at) == (None, None)
    assert "time_source" not in transmission.facts


def test_place_that_was_found_long_before_it_was_sent_is_stale() -> None:
    transmission = of_port(3, mesh.position(timestamp=mesh.TIME_S - 3600))
    assert transmission.device_time == datetime.fromtimestamp(mesh.TIME_S - 3600, UTC)
    assert (transmission.fix, transmission.flags) == (False, ("stale_position",))
    transmission = of_port(3, mesh.position(timestamp=mesh.TIME_S - 2))
    assert (transmission.fix, transmission.flags) == (True, ())


def test_clock_ahead_is_flagged() -> None:
    transmission = of_port(3, mesh.position(time=4102444800))
    assert transmission.flags == ("future_time",)


@pytest.mark.parametrize(
    ("fields", "accuracy_m"),
    [
        ({}, None),
        ({"precision_bits": 32}, None),
        ({"precision_bits": 13}, 2900.0),
        ({"precision_bits": 16}, 364.0),
        ({"precision_bits": 24}, 1.4),
        ({"gps_accuracy": 3000, "PDOP": 150}, 4.5),
        ({"gps_accuracy": 3000, "PDOP": 150, "precision_bits": 15}, 729.0),
    ],
)
def test_accuracy_is_the_worse_of_receiver_and_blur(
    fields: dict[str, int], accuracy_m: float | None
) -> None:
    position = of_port(3, mesh.position(**fields)).position
    assert position is not None
    assert position.accuracy_m == accuracy_m


def test_text_node_info_waypoint_and_telemetry() -> None:
    transmission = of_port(1, "ຂ້າມແມ່ນ້ຳ".encode(), to=0x0BADCAFE)
    assert (transmission.kind, transmission.text, transmission.facts["to"]) == (
        "text",
        "ຂ້າມແມ່ນ້ຳ",
        "!0badcafe",
    )

    transmission = of_port(
        4, mesh.encoded("User", long_name="Boat 7", short_name="B7", hw_model=43)
    )
    assert (
        transmission.kind,
        transmission.facts["long_name"],
        transmission.facts["short_name"],
    ) == (
        "static",
        "Boat 7",
        "B7",
    )

    place = {"latitude_i": 202730000, "longitude_i": 1004120000}
    transmission = of_port(8, mesh.encoded("Waypoint", name="x", **place))
    assert (transmission.kind, transmission.position, transmission.text) == ("waypoint", None, "x")
    assert (transmission.facts["waypoint_lat"], transmission.facts["waypoint_lon"]) == (
        20.273,
        100.412,
    )
    assert transmission.mark is not None
    assert (transmission.mark.id, transmission.mark.name, transmission.mark.use) == (
        "x",
        "x",
        "waypoint",
    )
    assert (transmission.mark.lon, transmission.mark.lat, transmission.mark.ends_at) == (
        100.412,
        20.273,
        None,
    )
    until = {"id": 5, "expire": 1_795_000_000, "description": "2 m"}
    mark = of_port(8, mesh.encoded("Waypoint", name="x", **until, **place)).mark
    assert mark is not None
    assert (mark.id, mark.remarks) == ("5", "2 m")
    assert mark.ends_at == datetime.fromtimestamp(1_795_000_000, UTC)
    gone = of_port(8, mesh.encoded("Waypoint", name="x", id=5, expire=1, **place)).mark
    assert gone is not None
    assert (gone.id, gone.deleted) == ("5", True)
    assert of_port(8, mesh.encoded("Waypoint", name="x", id=5)).mark is None

    metrics = mesh.message("DeviceMetrics", battery_level=0, voltage=3.7)
    transmission = of_port(67, mesh.encoded("Telemetry", time=mesh.TIME_S, device_metrics=metrics))
    assert (transmission.kind, transmission.facts["kind"]) == ("other", "telemetry")
    assert (transmission.facts["battery_pct"], transmission.facts["voltage_v"]) == (0, 3.7)
    metrics = mesh.message("DeviceMetrics", battery_level=101)
    transmission = of_port(67, mesh.encoded("Telemetry", device_metrics=metrics))
    assert "battery_pct" not in transmission.facts
    assert transmission.facts["external_power"] is True


def test_map_report_says_where_a_node_is() -> None:
    report = mesh.encoded(
        "MapReport",
        long_name="Pier",
        latitude_i=202730000,
        longitude_i=1004120000,
        position_precision=14,
    )
    transmission = said_by(mesh.envelope(mesh.packet(73, report)), topic="msh/TH/2/map/")
    assert transmission.position is not None
    assert (transmission.position.lat, transmission.position.accuracy_m) == (20.273, 1500.0)
    assert transmission.facts["long_name"] == "Pier"


def test_alert_is_a_call_for_help() -> None:
    transmission = of_port(11, b"\x07man overboard")
    assert (transmission.kind, transmission.distress, transmission.text) == (
        "distress",
        True,
        "man overboard",
    )


@pytest.mark.parametrize(("port", "distress"), [(1, False), (11, True)])
def test_text_cut_within_its_last_character_is_decoded(port: int, distress: bool) -> None:
    words = "ຄົນຕົກນ້ຳ"
    transmission = of_port(port, words.encode()[:-1])
    assert (transmission.distress, transmission.text) == (distress, words[:-1])


@pytest.mark.parametrize(
    ("error", "status"), [(None, "acknowledged"), (0, "acknowledged"), (5, "refused")]
)
def test_routing_answers_a_packet(error: int | None, status: str) -> None:
    payload = mesh.encoded("Routing", error_reason=error)
    transmission = of_port(5, payload, request_id=0xAB)
    assert (transmission.kind, transmission.status, transmission.facts["answers"]) == (
        "answer",
        status,
        "000000ab",
    )
    assert transmission.facts.get("routing_error") == ("max_retransmit" if error else None)


def test_other_applications_are_named_and_nothing_else() -> None:
    transmission = of_port(70, b"\x0a\x04\x01\x02\x03\x04")
    assert (transmission.kind, transmission.facts["kind"], transmission.facts["portnum"]) == (
        "other",
        "traceroute",
        70,
    )
    assert of_port(300, b"anything").kind == "other"


@pytest.mark.parametrize(
    ("decoder", "channel", "key"),
    [
        (DecoderSettings(), "LongFast", mesh.DEFAULT_KEY),
        (DecoderSettings(secret="AQ=="), "LongFast", mesh.DEFAULT_KEY),
        (DecoderSettings(secret="Ag=="), "LongFast", mesh.DEFAULT_KEY[:-1] + b"\x02"),
        (DecoderSettings(secret=mesh.b64(SECRET)), "PATROL", SECRET),
        (DecoderSettings(secret=mesh.b64(SECRET[:16])), "PATROL", SECRET[:16]),
        (DecoderSettings(secret=mesh.b64(SECRET[:5])), "PATROL", SECRET[:5].ljust(16, b"\0")),
        (DecoderSettings(secret=mesh.b64(SECRET[:20])), "PATROL", SECRET[:20].ljust(32, b"\0")),
        (
            DecoderSettings(secret="AQ==", secrets={"PATROL": mesh.b64(SECRET)}),
            "PATROL",
            SECRET,
        ),
        (DecoderSettings(secrets={"PATROL": mesh.b64(SECRET)}), "LongFast", mesh.DEFAULT_KEY),
    ],
)
def test_encrypted_packet_is_read_with_its_channel_s_key(
    decoder: DecoderSettings, channel: str, key: bytes
) -> None:
    sealed = mesh.packet(3, mesh.position(), key=key)
    transmission = said_by(mesh.envelope(sealed, channel=channel), decoder=decoder)
    assert transmission.position is not None
    assert (transmission.position.lon, transmission.facts["encrypted"]) == (100.412, True)


@pytest.mark.parametrize("secret", ["AA==", ""])
def test_channel_without_encryption_is_read_as_it_is(secret: str) -> None:
    open_ = mesh.message(
        "MeshPacket",
        **{"from": mesh.BOAT},
        id=5,
        encrypted=mesh.encoded("Data", portnum=1, payload=b"hello"),
    )
    assert said_by(mesh.envelope(open_), decoder=DecoderSettings(secret=secret)).text == "hello"


@pytest.mark.parametrize("secret", ["???", mesh.b64(bytes(33)), "AQ"])
def test_setting_that_is_no_key_is_reported_and_not_shown(secret: str) -> None:
    sealed = mesh.envelope(mesh.packet(3, mesh.position(), key=mesh.DEFAULT_KEY))
    with pytest.raises(FrameError) as caught:
        said_by(sealed, decoder=DecoderSettings(secret=secret))
    assert caught.value.reason == "bad_key"
    assert secret not in str(caught.value)


def test_wrong_key_gives_no_position() -> None:
    sealed = mesh.envelope(mesh.packet(3, mesh.position(), key=SECRET))
    assert refused(sealed) == "decrypt_failed"


@pytest.mark.parametrize("time_s", [100_000, 1_500_000_000, mesh.TIME_S + 30 * 86400])
def test_what_was_decrypted_must_have_a_plausible_time(time_s: int) -> None:
    sealed = mesh.packet(3, mesh.position(time=time_s), key=mesh.DEFAULT_KEY)
    assert refused(mesh.envelope(sealed)) == "decrypt_failed"


@settings(max_examples=examples(400))
@given(noise=st.binary(min_size=1, max_size=60))
def test_noise_in_an_encrypted_packet_gives_no_position(noise: bytes) -> None:
    sealed = mesh.message("MeshPacket", **{"from": mesh.BOAT}, id=7, encrypted=noise)
    try:
        transmission = said_by(mesh.envelope(sealed))
    except FrameError:
        return
    assert transmission.position is None


def test_private_message_tells_only_that_its_sender_is_there() -> None:
    for sealed, channel in (
        (mesh.packet(1, b"hi", key=SECRET, pki_encrypted=True), "LongFast"),
        (mesh.packet(1, b"hi", key=SECRET), "PKI"),
    ):
        transmission = said_by(mesh.envelope(sealed, channel=channel))
        assert (transmission.kind, transmission.device, transmission.text) == (
            "other",
            "!a1b2c3d4",
            None,
        )
        assert transmission.facts["private"] is True


def test_same_packet_by_two_gateways_is_one_message() -> None:
    first = said_by(mesh.envelope(mesh.packet(3, mesh.position(), rx_snr=1.0)))
    second = said_by(
        mesh.envelope(mesh.packet(3, mesh.position(), rx_snr=9.0), gateway="!01020304")
    )
    other = said_by(mesh.envelope(mesh.packet(3, mesh.position(), id=2)))
    assert first.duplicate_key == second.duplicate_key
    assert first.duplicate_key != other.duplicate_key
    assert first.duplicate_window_s is None


def test_state_of_a_gateway() -> None:
    topic = f"msh/TH/2/stat/{mesh.GATEWAY}"
    assert (said_by(b"offline", topic=topic).kind, said_by(b"online", topic=topic).kind) == (
        "lwt",
        "status",
    )
    assert said_by(b"online", topic=topic).device == mesh.GATEWAY
    assert refused(b"online", topic="msh/TH/2/stat/") == "no_sender"


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty"),
        (b"\x0a" * 5000, "too_long"),
        (b"\x0a\x40\x0d", "protobuf"),
        (mesh.encoded("ServiceEnvelope", channel_id="x"), "no_packet"),
        (mesh.envelope(mesh.message("MeshPacket", id=1)), "no_payload"),
        (mesh.envelope(mesh.packet(1, b"a", sender=0)), "no_sender"),
        (mesh.envelope(mesh.packet(1, b"a", sender=0xFFFFFFFF)), "no_sender"),
        (mesh.envelope(mesh.packet(0, b"a")), "no_portnum"),
        (mesh.envelope(mesh.packet(900, b"a")), "no_portnum"),
        (mesh.envelope(mesh.packet(1, b"\xff\xfe")), "protobuf"),
        (mesh.envelope(mesh.packet(3, b"\x08\x01")), "protobuf"),
    ],
)
def test_message_that_is_none_is_refused(payload: bytes, reason: str) -> None:
    assert refused(payload) == reason


def order(kind: OrderKind, *, device: str | None = "!a1b2c3d4", text: str = "") -> Order:
    return Order(
        id="gw/1",
        kind=kind,
        channel="mesh",
        operator="jane",
        device=device,
        text=text,
        created_at=NOW,
        expires_at=NOW,
    )


OURS = DecoderSettings(station=STATION, secrets={"PATROL": mesh.b64(SECRET)})


@pytest.mark.parametrize(
    ("kind", "text", "portnum", "priority"),
    [
        ("text", "come home", 1, 70),
        ("alert", "storm", 11, 110),
        ("distress", "boat 3 sinks", 11, 110),
        ("poll", "", 3, 70),
    ],
)
def test_order_is_a_packet_that_another_gateway_reads(
    kind: OrderKind, text: str, portnum: int, priority: int
) -> None:
    out = meshtastic_mqtt.encode(order(kind, text=text), OURS, number=1)
    assert out.topic == STATION
    sent = mesh.parsed("ServiceEnvelope", out.data)
    assert (sent.channel_id, sent.gateway_id) == ("PATROL", "!0badcafe")
    packet = sent.packet
    assert getattr(packet, "from") == 0x0BADCAFE
    assert (packet.to, packet.want_ack, packet.priority) == (mesh.BOAT, True, priority)
    assert packet.hop_limit == packet.hop_start == 3
    data = mesh.message("Data")
    data.ParseFromString(mesh.crypt(packet.encrypted, SECRET, packet.id, 0x0BADCAFE))
    assert (data.portnum, data.payload.decode(), data.want_response) == (
        portnum,
        text,
        kind == "poll",
    )
    ack = mesh.packet(5, mesh.encoded("Routing", error_reason=0), request_id=packet.id)
    assert said_by(mesh.envelope(ack)).facts["answers"] == out.answer


def test_order_sent_again_is_the_same_packet_and_its_echo_is_no_message() -> None:
    first = meshtastic_mqtt.encode(order("text", text="a"), OURS, number=1)
    again = meshtastic_mqtt.encode(order("text", text="a"), OURS, number=2)
    assert first == again
    transmission = said_by(first.data, decoder=OURS, topic=first.topic)
    assert (transmission.kind, transmission.device) == ("command", "!0badcafe")


def test_order_to_everybody_waits_for_no_answer() -> None:
    out = meshtastic_mqtt.encode(order("alert", device=None, text="storm"), OURS, number=1)
    packet = mesh.parsed("ServiceEnvelope", out.data).packet
    assert (packet.to, packet.want_ack, out.answer) == (0xFFFFFFFF, False, None)


@pytest.mark.parametrize(
    ("order_", "decoder", "reason"),
    [
        (order("text", text="a"), DecoderSettings(), "no_station"),
        (order("text", text="a"), DecoderSettings(station="!0badcafe"), "no_station"),
        (order("text", text="a"), DecoderSettings(station=STATION, secret="?"), "bad_key"),
        (order("text"), OURS, "no_text"),
        (order("text", text="ก" * 78), OURS, "too_long"),
        (order("poll", device=None), OURS, "no_device"),
        (order("text", device="jane", text="a"), OURS, "bad_device"),
    ],
)
def test_order_that_cannot_be_encoded_is_refused(
    order_: Order, decoder: DecoderSettings, reason: str
) -> None:
    with pytest.raises(OrderError) as caught:
        meshtastic_mqtt.encode(order_, decoder, number=1)
    assert caught.value.reason == reason


@given(st.binary(max_size=120), st.sampled_from([None, TOPIC, "msh/TH/2/stat/!x", "other"]))
def test_any_bytes_are_a_message_or_refused(payload: bytes, topic: str | None) -> None:
    frame = Frame(payload, NOW, topic)
    meshtastic_mqtt.speaks(frame)
    try:
        meshtastic_mqtt.decoder(DecoderSettings()).decode(frame)
    except FrameError:
        pass


@given(st.integers(0, 10_000), st.integers(0, 7))
def test_flipped_bit_never_gives_a_place_off_the_earth(at: int, bit: int) -> None:
    payload = bytearray(mesh.envelope(mesh.packet(3, mesh.position())))
    payload[at % len(payload)] ^= 1 << bit
    try:
        position = said_by(bytes(payload)).position
    except FrameError:
        return
    assert position is None or (abs(position.lat) <= 90 and abs(position.lon) <= 180)
