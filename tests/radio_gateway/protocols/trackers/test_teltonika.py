from __future__ import annotations

import struct
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.protocols.teltonika import teltonika
from radio_gateway.protocols.teltonika.framer import MAX_BYTES, crc_ibm
from tests.radio_gateway.protocols.sentences import NOW, frame
from tests.radio_gateway.protocols.trackers.streams import (
    cut,
    hear,
    hear_one,
    refusal,
    splits,
    streams,
    survives,
)

IMEI = "356307042441013"
LOGIN = b"\0\x0f" + IMEI.encode()

Elements = dict[int, tuple[int, int]]  # id -> (size, value)


def record(
    codec: int = 0x08,
    *,
    lat: float = 20.27,
    lon: float = 100.41,
    at: datetime = NOW,
    priority: int = 0,
    satellites: int = 9,
    event: int = 0,
    elements: Elements | None = None,
    sizes: tuple[int, ...] = (1, 2, 4, 8),
    blob: bytes = b"",
) -> bytes:
    """Return one record as Teltonika's "Data Sending Protocols" lays it out."""
    elements = elements or {}
    wide = codec == 0x8E
    id_bytes, number_bytes = 1 if codec == 0x08 else 2, 2 if wide else 1
    out = struct.pack(
        ">QBiihHBH",
        round(at.timestamp() * 1000),
        priority,
        round(lon * 1e7),
        round(lat * 1e7),
        352,
        90,
        satellites,
        36,
    )
    out += event.to_bytes(id_bytes)
    if codec == 0x10:
        out += b"\5"
    out += len(elements).to_bytes(number_bytes)
    for size in sizes:
        group = {id_: value for id_, (each, value) in elements.items() if each == size}
        out += len(group).to_bytes(number_bytes)
        for id_, value in group.items():
            out += id_.to_bytes(id_bytes) + value.to_bytes(size)
    if wide:
        out += b"\0\1\1\x81" + len(blob).to_bytes(2) + blob if blob else b"\0\0"
    return out


def inside(*records: bytes, codec: int = 0x08) -> bytes:
    number = bytes([len(records)])
    return bytes([codec]) + number + b"".join(records) + number


def packet(*records: bytes, codec: int = 0x08) -> bytes:
    body = inside(*records, codec=codec)
    return bytes(4) + len(body).to_bytes(4) + body + crc_ibm(body).to_bytes(4)


def datagram(*records: bytes, number: int = 0xCAFE, avl: int = 5) -> bytes:
    rest = number.to_bytes(2) + b"\1" + bytes([avl]) + LOGIN + inside(*records)
    return len(rest).to_bytes(2) + rest


def text(words: bytes, *, codec: int = 0x0C, type_: int = 6) -> bytes:
    body = bytes((codec, 1, type_)) + len(words).to_bytes(4) + words + b"\1"
    return bytes(4) + len(body).to_bytes(4) + body + crc_ibm(body).to_bytes(4)


def gh(*, sos: bool) -> bytes:
    """Return a packet of a GH tracker with one record."""
    seconds = int((NOW - datetime(2007, 1, 1, tzinfo=UTC)).total_seconds())
    body = (seconds | 0x4000_0000).to_bytes(4) + b"\3\x1f" + struct.pack(">ff", 20.27, 100.41)
    body += (352).to_bytes(2) + bytes((64, 36, 9))
    body += bytes((2, 1, 80, 222, sos))
    return packet(body, codec=7)


EVENT: Elements = {1: (1, 1), 239: (1, 1), 66: (2, 12400), 67: (2, 3900), 113: (1, 80)}
PLACE = packet(record(elements=EVENT))
WIDE = packet(record(0x8E, elements=EVENT | {389: (1, 17)}, blob=b"beacon"), codec=0x8E)
SIXTEEN = packet(record(0x10, elements=EVENT), codec=0x10)
SAMPLES = (LOGIN + PLACE, PLACE, WIDE, SIXTEEN, datagram(record()), gh(sos=True), text(b"ver 1"))


def test_checksum_is_that_of_the_catalogue() -> None:
    assert crc_ibm(b"123456789") == 0xBB3D


def test_log_in_is_accepted_and_names_the_sender_of_what_follows() -> None:
    (login, transmission), reasons, answers = hear(teltonika, LOGIN + PLACE)
    assert (login.device, login.kind, login.status) == (IMEI, "status", "login")
    assert (transmission.device, transmission.fix, transmission.flags, reasons) == (
        IMEI,
        True,
        (),
        [],
    )
    assert transmission.device_time == NOW
    assert transmission.position is not None
    assert (transmission.position.lat, transmission.position.lon) == (20.27, 100.41)
    assert transmission.position.speed_mps == pytest.approx(10.0)
    assert (transmission.position.course_deg, transmission.position.altitude_m) == (90.0, 352.0)
    assert answers == [b"\1", b"\0\0\0\1"]


@pytest.mark.parametrize("data", [PLACE, WIDE, SIXTEEN])
def test_each_codec_says_the_same_and_its_elements_are_facts(data: bytes) -> None:
    transmission = hear_one(teltonika, data)
    assert transmission.position is not None
    assert (transmission.position.lat, transmission.position.lon) == (20.27, 100.41)
    assert (transmission.device, transmission.flags) == (None, ("no_login",))
    assert transmission.facts["ignition"] is True
    assert transmission.facts["battery_pct"] == 80
    assert (transmission.facts["power_v"], transmission.facts["battery_v"]) == (12.4, 3.9)
    assert transmission.facts["satellites"] == 9


def test_records_of_a_packet_are_decoded_in_order_and_counted_in_the_answer() -> None:
    places = [record(at=NOW - timedelta(minutes=minute), lat=20 + minute / 10) for minute in (2, 1)]
    transmissions, reasons, answers = hear(teltonika, LOGIN + packet(*places))
    assert [each.position.lat for each in transmissions if each.position] == [20.2, 20.1]
    assert (reasons, answers[-1]) == ([], b"\0\0\0\2")


def test_same_record_sent_again_is_one_report() -> None:
    first, again = (hear_one(teltonika, PLACE) for _ in range(2))
    assert first.duplicate_key == again.duplicate_key
    assert first.duplicate_window_s is None


def test_datagram_names_its_sender_and_is_answered_by_its_numbers() -> None:
    (transmission,), reasons, answers = hear(teltonika, datagram(record()))
    assert (transmission.device, transmission.flags, reasons) == (IMEI, (), [])
    assert transmission.position is not None
    assert answers == [bytes.fromhex("0005cafe010501")]


def test_place_without_satellites_is_stale_or_none() -> None:
    transmission = hear_one(teltonika, packet(record(satellites=0)))
    assert (transmission.fix, transmission.flags) == (False, ("no_login", "stale_position"))
    transmission = hear_one(teltonika, packet(record(lat=0, lon=0, satellites=0)))
    assert (transmission.fix, transmission.position) == (False, None)


@pytest.mark.parametrize(
    ("event", "value", "alarm", "distress"),
    [
        (236, 1, "sos", True),
        (242, 1, "man_down", True),
        (236, 0, None, False),
        (247, 1, "accident", False),
        (239, 1, None, False),
    ],
)
def test_alarm_button_and_fall_are_calls_for_help(
    event: int, value: int, alarm: str | None, distress: bool
) -> None:
    transmission = hear_one(teltonika, packet(record(event=event, elements={event: (1, value)})))
    assert (transmission.facts.get("alarm"), transmission.distress) == (alarm, distress)
    assert transmission.status == f"io{event}={value}"


def test_call_without_a_place_is_decoded_too() -> None:
    where = record(lat=99, event=236, elements={236: (1, 1)})
    transmission = hear_one(teltonika, packet(where))
    assert (transmission.kind, transmission.distress, transmission.position) == (
        "distress",
        True,
        None,
    )
    assert "lat_range" in transmission.flags


def test_alarm_that_caused_another_record_does_not_ring_again() -> None:
    transmission = hear_one(
        teltonika, packet(record(event=239, elements={236: (1, 1), 239: (1, 1)}))
    )
    assert not transmission.distress


def test_fleet_says_which_inputs_call_for_help() -> None:
    pressed = packet(record(event=1, elements={1: (1, 1)}))
    released = packet(record(event=1, elements={1: (1, 0)}))
    urgent = packet(record(priority=2))
    assert not hear_one(teltonika, pressed).distress
    assert not hear_one(teltonika, urgent).distress
    calls = frozenset({"io1=1", "panic"})
    assert hear_one(teltonika, pressed, distress_statuses=calls).distress
    assert not hear_one(teltonika, released, distress_statuses=calls).distress
    assert hear_one(teltonika, urgent, distress_statuses=calls).distress


def test_gh_tracker_says_its_place_and_its_sos() -> None:
    transmission = hear_one(teltonika, gh(sos=True))
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(20.27, abs=1e-5)
    assert transmission.position.course_deg == 90.0
    assert (transmission.device_time, transmission.distress, transmission.facts["battery_pct"]) == (
        NOW,
        True,
        80,
    )
    assert not hear_one(teltonika, gh(sos=False)).distress


def test_elements_of_sixteen_bytes_are_passed_over() -> None:
    old = record(elements={9: (16, 5), 239: (1, 1)}, sizes=(1, 2, 4, 8, 16))
    transmission = hear_one(teltonika, packet(old))
    assert transmission.facts["ignition"] is True


def test_answer_to_a_command_is_text_and_is_not_answered() -> None:
    (_, transmission), _, answers = hear(teltonika, LOGIN + text(b"GPS:1 Sat:9\r\n"))
    assert (transmission.kind, transmission.text) == ("answer", "GPS:1 Sat:9")
    assert answers == [b"\1"]
    assert hear_one(teltonika, text(b"\xff\x00\x80")).facts["payload_hex"] == "ff0080"


def test_records_with_a_wrong_checksum_are_stored_flagged_and_answered() -> None:
    """A tracker sends nothing else until it is answered; TCP has let no damage through."""
    odd = PLACE[:-4] + b"\0\0\0\1"
    (_, transmission), reasons, answers = hear(teltonika, LOGIN + odd)
    assert (transmission.flags, reasons) == (("bad_crc",), [])
    assert answers[-1] == b"\0\0\0\1"
    assert refusal(teltonika, odd, checksum_required=True) == "bad_crc"
    assert refusal(teltonika, odd, damageable=True) == "bad_crc"


def test_packet_cut_by_a_lost_connection_tells_its_whole_records_and_is_not_answered() -> None:
    whole = packet(record(), record(at=NOW + timedelta(minutes=1)))
    transmissions, reasons, answers = hear(teltonika, LOGIN + whole[:-20])
    assert [each.flags for each in transmissions] == [(), ("truncated",)]
    assert (reasons, answers) == (["truncated"], [b"\1"])
    assert refusal(teltonika, whole[:-20], checksum_required=True) == "truncated"


def test_record_of_no_place_costs_only_itself() -> None:
    """Were the packet not answered, the tracker would send it for ever."""
    transmissions, reasons, answers = hear(teltonika, LOGIN + packet(record(lat=95), record()))
    assert [each.kind for each in transmissions] == ["status", "position"]
    assert (reasons, answers[-1]) == (["lat_range"], b"\0\0\0\2")


def test_length_of_zero_is_forgiven_when_the_records_fit() -> None:
    transmission = hear_one(teltonika, bytes(8) + PLACE[8:])
    assert transmission.position is not None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (PLACE[:-5] + b"\2" + PLACE[-4:], "bad_count"),
        (packet(record()[:-1])[:-1] + b"x", "truncated"),
        (datagram(record())[:-1], "bad_length"),
        (b"\0\x0f35630704244101", "bad_start"),
        (b"hello", "bad_start"),
        (PLACE[:10], "truncated"),
    ],
)
def test_broken_packet_is_rejected_and_not_answered(data: bytes, reason: str) -> None:
    assert refusal(teltonika, data) == reason


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (packet(record()[:-1]), "truncated"),
        (packet(record(), codec=0x0E), "unknown_codec"),
    ],
)
def test_undamaged_packet_that_cannot_be_read_does_not_silence_its_tracker(
    data: bytes, reason: str
) -> None:
    transmissions, reasons, answers = hear(teltonika, data)
    assert (transmissions, reasons, answers) == ([], [reason], [b"\0\0\0\1"])


def test_sign_of_life_says_nothing_and_noise_costs_only_itself() -> None:
    data = b"\xff" + LOGIN + b"\xff" + PLACE + b"noise" + PLACE
    assert cut(teltonika, data) == [b"\xff", LOGIN, b"\xff", PLACE, b"noise", PLACE]
    transmissions, reasons, _ = hear(teltonika, data)
    assert len(transmissions) == 3
    assert reasons == ["bad_start"]


def test_endless_packet_is_bounded() -> None:
    framer = teltonika.FRAMING()
    for head in (bytes(8) + b"\x08", bytes(4) + MAX_BYTES.to_bytes(4)):
        for _ in range(20):
            for payload in framer.feed(head + b"a" * 1000):
                assert len(payload) <= MAX_BYTES + 12
    assert sum(map(len, framer.close())) <= 2 * MAX_BYTES


def test_a_time_that_is_none_is_flagged() -> None:
    odd = bytearray(record())
    odd[:8] = b"\xff" * 8
    transmission = hear_one(teltonika, packet(bytes(odd)))
    assert (transmission.device_time, transmission.flags) == (None, ("bad_date", "no_login"))


@given(codec=st.sampled_from([7, 8, 0x8E, 0x10, 0x0C, 0x0D]), content=st.binary(max_size=80))
def test_any_content_with_a_good_checksum_is_survived(codec: int, content: bytes) -> None:
    survives(teltonika, LOGIN + packet(content, codec=codec), [])


@given(data=streams(SAMPLES), at=splits())
def test_any_stream_however_split(data: bytes, at: list[int]) -> None:
    survives(teltonika, data, at)


def test_what_it_is_is_seen_at_its_start() -> None:
    for data in (b"\xff", LOGIN, PLACE, WIDE, datagram(record())):
        assert teltonika.speaks(frame(data))
    assert not teltonika.speaks(frame(b"$GPRMC"))
    assert teltonika.decoder(DecoderSettings()).answers() == []
