from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.orders.order import Order, OrderError
from radio_gateway.protocols.gt06 import gt06
from radio_gateway.protocols.gt06.frame import MAX_BYTES, crc_x25, make_frame
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

IMEI = "123456789012345"
LOGIN = make_frame(0x01, bytes.fromhex("0" + IMEI), 7)
# Published test inputs of Traccar (Gt06ProtocolDecoderTest).
CLONE = bytes.fromhex("7878121011091c0b1b2999058508040097a89e0034520d0a")
SOS_CLONE = bytes.fromhex(
    "7878241617070a150e24ca01fba0040780e177005c0001720253360027db6204e40400004bf1e90d0a"
)
POSITION_TEXT = (
    b"Current position!Lat:N54.739332,Lon:E25.273270,Course:12.50,Speed:36.00,"
    b"DateTime:2017-05-26 10:27:47"
)


def place(
    lat: float = 20.27, lon: float = 100.41, *, fix: bool = True, speed: int = 36, course: int = 90
) -> bytes:
    """Return the 18 bytes of a place at noon of the day the tests play on."""
    flags = course | (0x1000 if fix else 0) | (0x0400 if lat >= 0 else 0)
    flags |= 0x0800 if lon < 0 else 0
    numbers = (round(abs(lat) * 1_800_000), round(abs(lon) * 1_800_000))
    out = bytes((26, 11, 25, 12, 0, 0, 0xC8))
    out += b"".join(number.to_bytes(4, "big") for number in numbers)
    return out + bytes([speed]) + flags.to_bytes(2, "big")


CELL = bytes.fromhex("02080101020000ab")
PLACE = make_frame(0x12, place() + CELL, 8)


def alarm(code: int, state: int = 0x46) -> bytes:
    return make_frame(0x16, place() + b"\x09" + CELL + bytes((state, 6, 4, code, 2)), 9)


STRICT = (DecoderSettings(checksum_required=True), DecoderSettings(damageable=True))


def wrong_crc(data: bytes) -> bytes:
    return data[:-4] + bytes((data[-4] ^ 0xFF, data[-3])) + data[-2:]


BEAT = make_frame(0x13, bytes((0x46, 3, 4, 0, 1)), 10)
SAMPLES = (LOGIN, PLACE, CLONE, SOS_CLONE, alarm(1), BEAT)


def test_checksum_is_that_of_the_catalogue() -> None:
    assert crc_x25(b"123456789") == 0x906E


def test_report_has_the_device_of_the_log_in_and_both_are_answered() -> None:
    (transmission,), reasons, answers = hear(gt06, LOGIN + PLACE)
    assert (transmission.device, transmission.fix, transmission.flags, reasons) == (
        IMEI,
        True,
        (),
        [],
    )
    assert transmission.device_time == NOW
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(20.27)
    assert transmission.position.lon == pytest.approx(100.41)
    assert transmission.position.speed_mps == pytest.approx(10.0)
    assert transmission.position.course_deg == 90.0
    assert transmission.facts["satellites"] == 8
    assert answers == [make_frame(0x01, b"", 7), make_frame(0x12, b"", 8)]


def test_report_before_the_log_in_has_no_device_and_a_flag() -> None:
    transmission = hear_one(gt06, PLACE)
    assert (transmission.device, transmission.flags) == (None, ("no_login",))


def test_log_in_alone_is_decoded_after_a_moment() -> None:
    decoder = gt06.decoder(DecoderSettings())
    assert decoder.decode(frame(LOGIN)) == []
    assert decoder.waiting()
    assert decoder.answers() == [make_frame(0x01, b"", 7)]
    assert decoder.flush(NOW + timedelta(seconds=0.1)) == []
    (transmission,) = decoder.flush(NOW + timedelta(seconds=1))
    assert (transmission.device, transmission.kind, transmission.status) == (
        IMEI,
        "status",
        "login",
    )
    assert not decoder.waiting()


def test_log_in_may_say_the_zone_of_the_trackers_clock() -> None:
    for hhmm, west, hours in ((700, 0, -7), (330, 8, 3.5)):
        zone = (hhmm << 4 | west).to_bytes(2, "big")
        login = make_frame(0x01, bytes.fromhex("0" + IMEI) + b"\0\1" + zone, 1)
        assert hear_one(gt06, login + PLACE, live=False).device_time == NOW + timedelta(hours=hours)


@pytest.mark.parametrize(("lat", "lon"), [(20.27, 100.41), (-34.3, -58.9), (51.5, -0.1)])
def test_hemispheres_are_flag_bits(lat: float, lon: float) -> None:
    transmission = hear_one(gt06, make_frame(0x22, place(lat, lon) + CELL + b"\1\0\1", 1))
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(lat)
    assert transmission.position.lon == pytest.approx(lon)
    assert (transmission.facts["ignition"], transmission.facts["from_buffer"]) == (True, True)


def test_place_without_a_fix_is_stale_or_none() -> None:
    transmission = hear_one(gt06, LOGIN + make_frame(0x12, place(fix=False) + CELL, 1))
    assert (transmission.fix, transmission.flags) == (False, ("stale_position",))
    transmission = hear_one(gt06, LOGIN + make_frame(0x12, place(0, 0, fix=False) + CELL, 1))
    assert (transmission.fix, transmission.flags, transmission.position) == (
        False,
        ("no_fix",),
        None,
    )


@pytest.mark.parametrize(
    "data",
    [
        alarm(1),
        alarm(0, state=0x66),
        SOS_CLONE,
        make_frame(0x13, bytes((0x66, 3, 4, 0, 1)), 10),
        make_frame(0xA5, bytes(15) + bytes((0x02, 5, 4, 1, 0)), 10),
        make_frame(0x16, place(99.0) + b"\x09" + CELL + bytes((0x46, 6, 4, 1, 2)), 9),
    ],
)
def test_call_for_help_is_decoded_with_and_without_a_place(data: bytes) -> None:
    transmission = hear_one(gt06, LOGIN + data)
    assert transmission.distress
    assert transmission.facts["alarm"] == "sos"
    assert (transmission.kind == "distress") is (transmission.position is None)


def test_a_fall_is_a_call_for_help_that_nobody_could_make() -> None:
    """It goes before a backlog, is never shed, and its time is doubted as that of any call is."""
    transmission = hear_one(gt06, LOGIN + alarm(0x23))
    assert (transmission.distress, transmission.facts["alarm"]) == (True, "fallDown")


def test_other_alarms_are_facts() -> None:
    transmission = hear_one(gt06, LOGIN + alarm(6))
    assert (transmission.distress, transmission.facts["alarm"]) == (False, "overspeed")
    assert (transmission.facts["battery_pct"], transmission.facts["signal"]) == (100, 4)


def test_heartbeat_says_the_state_and_is_answered() -> None:
    (transmission,), _, answers = hear(gt06, LOGIN + BEAT)
    assert (transmission.kind, transmission.position, transmission.device) == ("status", None, IMEI)
    assert (transmission.facts["battery_pct"], transmission.facts["ignition"]) == (50, True)
    assert answers[-1] == make_frame(0x13, b"", 10)


def test_unknown_type_is_reported_and_time_request_gets_the_time() -> None:
    transmissions, _, answers = hear(gt06, LOGIN + make_frame(0x8A, b"", 3))
    assert [each.kind for each in transmissions] == ["other"]
    assert answers[-1] == make_frame(0x8A, bytes((26, 11, 25, 12, 0, 0)), 3)


def test_clone_without_checksum_is_flagged_and_refused_where_one_is_required() -> None:
    transmission = hear_one(gt06, CLONE)
    assert transmission.flags == ("no_checksum", "no_login")
    assert transmission.duplicate_key is None
    assert refusal(gt06, CLONE, checksum_required=True) == "bad_crc"


@given(at=st.integers(2, len(PLACE) - 3), bit=st.integers(0, 7), link=st.sampled_from(STRICT))
def test_one_flipped_bit_gives_no_position_where_damage_is_possible(
    at: int, bit: int, link: DecoderSettings
) -> None:
    damaged = bytearray(PLACE)
    damaged[at] ^= 1 << bit
    with pytest.raises(FrameError):
        gt06.decoder(link).decode(frame(bytes(damaged)))


def test_wrong_crc_over_tcp_is_flagged_and_answered() -> None:
    (transmission,), reasons, answers = hear(gt06, LOGIN + wrong_crc(PLACE))
    assert (transmission.device, transmission.flags, reasons) == (IMEI, ("bad_crc",), [])
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(20.27)
    assert answers[1:] == [make_frame(0x12, b"", 8)]
    transmission = hear_one(gt06, wrong_crc(LOGIN) + PLACE)
    assert (transmission.device, transmission.flags) == (IMEI, ())
    assert refusal(gt06, wrong_crc(make_frame(0x55, b"what", 3))) == "bad_crc"


@pytest.mark.parametrize("link", [{"checksum_required": True}, {"damageable": True}])
def test_call_for_help_with_a_wrong_crc_is_decoded_and_its_place_is_not_believed(
    link: dict[str, bool],
) -> None:
    transmission = hear_one(gt06, wrong_crc(alarm(1)), **link)
    assert (transmission.distress, transmission.flags) == (True, ("bad_crc", "damaged", "no_login"))
    for data in (PLACE, LOGIN, alarm(6)):
        assert refusal(gt06, wrong_crc(data), **link) == "bad_crc"


def test_lost_last_stop_bit_costs_nothing_where_the_crc_is_right() -> None:
    for lost in (1, 2):
        assert hear_one(gt06, LOGIN + PLACE[:-lost]).flags == ()


def module(type_: int, content: bytes) -> bytes:
    return type_.to_bytes(2, "big") + len(content).to_bytes(2, "big") + content


def test_modular_frame_holds_a_place_and_an_alarm() -> None:
    seconds = int(NOW.timestamp()).to_bytes(4, "big")
    where = seconds + b"\x08" + (123).to_bytes(2, "big") + place()[7:]
    removed = b"\x12" + seconds + b"\0"
    content = module(0x18, b"\x01\x80") + module(0x33, where) + module(0x34, removed)
    data = make_frame(0x70, content, 5, extended=True)
    (transmission,), _, answers = hear(gt06, LOGIN + data)
    assert (transmission.device_time, transmission.fix, transmission.facts["alarm"]) == (
        NOW,
        True,
        "removing",
    )
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(20.27)
    assert transmission.position.altitude_m == 123.0
    assert transmission.facts["battery_v"] == 3.84
    assert answers[1:] == [make_frame(0x70, b"", 5)]
    transmission = hear_one(gt06, LOGIN + make_frame(0x70, module(0x34, removed), 6, extended=True))
    assert (transmission.kind, transmission.position, transmission.facts["alarm"]) == (
        "status",
        None,
        "removing",
    )
    cut_short = make_frame(0x70, module(0x33, where)[:-3], 6, extended=True)
    assert refusal(gt06, cut_short) == "truncated"


@pytest.mark.parametrize(("type_", "alarm_"), [(0x32, None), (0x33, "lowBattery")])
def test_long_frame_holds_a_place_behind_its_length(type_: int, alarm_: str | None) -> None:
    tail = b"\x09" + CELL + b"\x24" + b"\x24" + bytes(36) + b"\0" + b"\xa2" + b"\0"
    content = place()[:6] + b"\x0c" + place()[6:] + tail
    (transmission,), _, answers = hear(gt06, LOGIN + make_frame(type_, content, 5, extended=True))
    assert (transmission.device_time, transmission.fix, transmission.facts.get("alarm")) == (
        NOW,
        True,
        alarm_,
    )
    assert transmission.position is not None
    assert transmission.position.lon == pytest.approx(100.41)
    assert answers[1:] == [make_frame(type_, b"", 5, extended=True)]
    transmission = hear_one(gt06, make_frame(type_, place()[:6] + b"\0" + tail, 6, extended=True))
    assert (transmission.device_time, transmission.position, transmission.fix) == (NOW, None, False)
    cut_short = make_frame(type_, content[:15], 6, extended=True)
    assert refusal(gt06, cut_short) == "truncated"


@given(type_=st.integers(0, 255), content=st.binary(max_size=60), long=st.booleans())
def test_any_content_with_a_good_checksum_is_survived(
    type_: int, content: bytes, long: bool
) -> None:
    data = make_frame(type_, content + bytes(256) * long, 1)
    survives(gt06, LOGIN + data, [])


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (PLACE[:20], "truncated"),
        (bytes.fromhex("7979121011091c0b1b2999058508040097a89e0034520d0a"), "bad_start"),
        (make_frame(0x12, place()[:9], 1), "truncated"),
        (make_frame(0x12, place(95.0) + CELL, 1), "lat_range"),
        (make_frame(0x12, place(20.0, 185.0) + CELL, 1), "lon_range"),
        (make_frame(0x12, place(0, 0) + CELL, 1), "null_island"),
        (make_frame(0x01, b"\xab" * 8, 1), "bad_imei"),
        (b"hello", "bad_start"),
    ],
)
def test_bad_frame_is_rejected_and_not_answered(data: bytes, reason: str) -> None:
    assert refusal(gt06, data) == reason


def test_noise_and_broken_frames_cost_only_themselves() -> None:
    data = LOGIN + b"\0\0" + PLACE + PLACE[:12] + BEAT + PLACE
    assert cut(gt06, data) == [LOGIN, b"\0\0", PLACE, PLACE[:12], BEAT, PLACE]
    transmissions, reasons, _ = hear(gt06, data)
    assert [each.position is not None for each in transmissions] == [True, False, True]
    assert transmissions[0].duplicate_key == transmissions[2].duplicate_key
    assert reasons == ["bad_start", "truncated"]


def test_long_frames_have_a_length_of_two_bytes() -> None:
    answer = make_frame(0x21, b"\0\0\0\5\1" + b"x" * 300, 4)
    assert answer[:2] == b"yy"
    transmission = hear_one(gt06, LOGIN + answer)
    assert (transmission.kind, transmission.text, transmission.facts["answers"]) == (
        "answer",
        "x" * 300,
        "5",
    )


def test_endless_frame_is_bounded() -> None:
    framer = gt06.FRAMING()
    for _ in range(20):
        for payload in framer.feed(b"yy\x07\xff" + b"a" * 1000):
            assert len(payload) <= MAX_BYTES
    assert sum(map(len, framer.close())) <= 2 * MAX_BYTES


def order(**more: object) -> Order:
    fields = {"id": "1", "kind": "poll", "channel": "c", "operator": "o", "device": IMEI}
    times = {"created_at": NOW, "expires_at": NOW}
    return Order(**(fields | times | more))  # type: ignore[arg-type]


def test_poll_is_a_command_and_its_answer_names_it() -> None:
    outgoing = gt06.encode(order(), DecoderSettings(), number=5)
    assert outgoing.data == make_frame(0x80, b"\x0a\0\0\0\5WHERE#", 5)
    reply = make_frame(0x15, bytes([4 + len(POSITION_TEXT)]) + b"\0\0\0\5" + POSITION_TEXT, 9)
    (answer, where), _, answers = hear(gt06, LOGIN + reply)
    assert (answer.kind, answer.facts["answers"]) == ("answer", outgoing.answer)
    assert where.position is not None
    assert where.position.lat == 54.739332
    assert where.device_time == datetime(2017, 5, 26, 10, 27, 47, tzinfo=UTC)
    assert len(answers) == 1


def test_only_commands_can_be_sent() -> None:
    outgoing = gt06.encode(order(kind="text", text="STATUS#"), DecoderSettings(), number=1)
    assert b"STATUS#" in outgoing.data
    for bad in (order(kind="text", text="come home"), order(kind="alert"), order(device=None)):
        with pytest.raises(OrderError):
            gt06.encode(bad, DecoderSettings(), number=1)


@example(data=b"xx\x05" + PLACE, at=[])
@given(data=streams(SAMPLES), at=splits())
def test_any_stream_however_split(data: bytes, at: list[int]) -> None:
    survives(gt06, data, at)
