from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoder import DecoderSettings
from radio_gateway.errors import FrameError
from radio_gateway.order import Order, OrderError, OrderKind
from radio_gateway.protocols import GREETINGS, tetra
from radio_gateway.protocols.tetra_pei import MAX_LINE, PeiFramer
from radio_gateway.transmission import Transmission
from tests.radio_gateway.protocols.heard import NOW, frame, heard

RECORDED = DecoderSettings(live=False)


class Bits:
    """Writes numbers as a row of bits, high bits first."""

    def __init__(self) -> None:
        self.row = ""

    def add(self, *fields: tuple[int, int]) -> Bits:
        """Add (value, bits); a negative value in two's complement."""
        for value, count in fields:
            self.row += format(value & (1 << count) - 1, f"0{count}b")
        return self

    def digits(self) -> str:
        """The row as hexadecimal digits, filled with zero bits."""
        row = self.row + "0" * (-len(self.row) % 4)
        return f"{int(row, 2):0{len(row) // 4}X}"


def place(lon: float, lat: float) -> tuple[tuple[int, int], ...]:
    return ((round(lon * (1 << 25) / 360), 25), (round(lat * (1 << 24) / 180), 24))


def short(
    lon: float = 100.412,
    lat: float = 20.273,
    *,
    elapsed: int = 0,
    error: int = 1,
    velocity: int = 10,
    direction: int = 4,
    reason: int = 129,
    user_data: int = 0,
) -> str:
    bits = Bits().add((0, 2), (elapsed, 2), *place(lon, lat), (error, 3), (velocity, 7))
    return "0A" + bits.add((direction, 4), (user_data, 1), (reason, 8)).digits()


def long(
    *fields: tuple[int, int], time: tuple[tuple[int, int], ...] = ((0, 2),), reason: int = 4
) -> str:
    bits = Bits().add((1, 2), (3, 4), *time, *fields, (0, 1), (0, 1), (reason, 8))
    return "0A" + bits.digits()


NO_VELOCITY = (0, 3)


def sds(
    digits: str, *, service: int = 12, source: str = "5010021", bits: int | None = None
) -> bytes:
    count = len(digits) * 4 if bits is None else bits
    return f"+CTSDSR: {service},{source},0,9999,0,{count}\n{digits}".encode()


def said_by(payload: bytes, settings: DecoderSettings = RECORDED) -> Transmission:
    (said,) = tetra.decoder(settings).decode(frame(payload))
    return said


def refused(payload: bytes) -> str:
    with pytest.raises(FrameError) as caught:
        said_by(payload)
    return caught.value.reason


def test_short_report_says_place_motion_and_why() -> None:
    said = said_by(sds(short()))
    position = said.position
    assert position is not None
    assert (position.lon, position.lat) == pytest.approx((100.412, 20.273), abs=1e-5)
    assert position.speed_mps == pytest.approx(10 / 3.6)
    assert (position.course_deg, position.accuracy_m) == (90.0, 20.0)
    assert said.address == "tetra:5010021"
    assert (said.fix, said.flags, said.device_time, said.distress) == (True, (), None, False)
    assert said.facts["reason"] == "max_interval"
    assert said.facts["to"] == "9999"


@pytest.mark.parametrize(
    ("lon", "lat"),
    [(151.2, -33.9), (-97.7, 30.5), (-151.2, -33.9), (179.99999, 89.99999), (-180.0, -90.0)],
)
def test_every_quarter_of_the_earth(lon: float, lat: float) -> None:
    position = said_by(sds(short(lon, lat))).position
    assert position is not None
    assert (position.lon, position.lat) == pytest.approx((lon, lat), abs=2e-5)


@pytest.mark.parametrize(
    ("code", "kmh"), [(0, 0.0), (28, 28.0), (29, 29.06), (100, 410.5), (126, 1082.0), (127, None)]
)
def test_velocity_is_linear_then_grows(code: int, kmh: float | None) -> None:
    position = said_by(sds(short(velocity=code))).position
    assert position is not None
    if kmh is None:
        assert (position.speed_mps, position.course_deg) == (None, None)
    else:
        assert position.speed_mps == pytest.approx(kmh / 3.6, rel=1e-3)


def test_age_of_a_place() -> None:
    fixes = [said_by(sds(short(elapsed=code))) for code in range(4)]
    assert [said.fix for said in fixes] == [True, True, False, None]
    assert fixes[2].flags == ("stale_position",)


def test_error_that_is_unknown_is_flagged() -> None:
    said = said_by(sds(short(error=7)))
    assert said.position is not None
    assert (said.position.accuracy_m, said.flags) == (None, ("accuracy_unknown",))


def test_emergency_counts_with_and_without_a_place() -> None:
    said = said_by(sds(short(reason=2)))
    assert (said.kind, said.distress, said.facts["reason"]) == ("position", True, "emergency")
    assert said.position is not None
    said = said_by(sds(short(0, 0, reason=2)))
    assert (said.kind, said.distress, said.position) == ("distress", True, None)
    assert said.flags == ("null_island",)
    said = said_by(sds(long((0, 4), NO_VELOCITY, reason=2)))
    assert (said.kind, said.distress, said.flags) == ("distress", True, ("no_fix",))
    assert said_by(sds(short(reason=2, user_data=1))).distress is False


def test_reason_without_a_word_is_its_number() -> None:
    said = said_by(sds(short(reason=12)))
    assert (said.facts["reason"], said.facts["reason_meaning"]) == (12, "low battery")


@pytest.mark.parametrize(
    ("digits", "bits"),
    [(short(), 84), (short()[:21], 84), (short() + "0", 84), (short() + "00", 84)],
)
def test_digits_count_and_not_the_length_that_is_announced(digits: str, bits: int) -> None:
    assert said_by(sds(digits, bits=bits)).position is not None


TIME = ((2, 2), (18, 5), (11, 5), (30, 6), (5, 6))


def test_long_report_has_a_time_without_a_month() -> None:
    digits = long((1, 4), *place(100.412, 20.273), NO_VELOCITY, time=TIME)
    said = said_by(sds(digits))
    assert (said.device_time, said.flags) == (None, ("partial_fields",))
    assert (said.facts["day_of_month"], said.facts["time_of_day"]) == (18, "11:30:05")
    assert (said.facts["pdu"], said.facts["shape"]) == ("long", 1)
    said = said_by(sds(digits), DecoderSettings())
    assert said.device_time == datetime(2026, 11, 18, 11, 30, 5, tzinfo=UTC)
    assert said.flags == ()


@pytest.mark.parametrize(
    ("day", "time"),
    [
        (26, datetime(2026, 11, 26, 0, 0, tzinfo=UTC)),
        (31, datetime(2026, 10, 31, 0, 0, tzinfo=UTC)),
        (1, datetime(2026, 12, 1, 0, 0, tzinfo=UTC)),
    ],
)
def test_month_is_the_nearest_that_has_the_day(day: int, time: datetime) -> None:
    clock = ((2, 2), (day, 5), (0, 5), (0, 6), (0, 6))
    digits = long((1, 4), *place(1, 2), NO_VELOCITY, time=clock)
    assert said_by(sds(digits), DecoderSettings()).device_time == time


@pytest.mark.parametrize(
    ("shape", "fields", "accuracy_m", "altitude_m"),
    [
        (1, (), None, None),
        (2, ((21, 6),), 225.0, None),
        (2, ((63, 6),), None, None),
        (3, ((21, 6), (5, 6), (64, 8), (3, 3)), 225.0, None),
        (4, ((1, 1), (201, 11)), None, 0.0),
        (4, ((1, 1), (1202, 11)), None, 1002.0),
        (4, ((1, 1), (1927, 11)), None, 2525.0),
        (4, ((0, 1), (301, 11)), None, None),
        (5, ((21, 6), (1, 1), (301, 11)), 225.0, 100.0),
        (6, ((21, 6), (5, 6), (64, 8), (1, 1), (301, 11), (3, 3)), 225.0, 100.0),
        (7, ((21, 6), (1, 1), (301, 11), (2, 3)), 225.0, 100.0),
        (8, ((21, 6), (5, 6), (64, 8), (1, 1), (301, 11), (2, 3), (3, 3)), 225.0, 100.0),
        (9, ((100, 16), (200, 16), (0, 8), (64, 8), (3, 3)), None, None),
        (10, ((2, 3),), 200.0, None),
    ],
)
def test_every_shape_of_a_long_report(
    shape: int,
    fields: tuple[tuple[int, int], ...],
    accuracy_m: float | None,
    altitude_m: float | None,
) -> None:
    # what follows the shape shows that all of its fields were taken
    digits = long((shape, 4), *place(-97.7, -33.9), *fields, (1, 3), (20, 7), reason=130)
    said = said_by(sds(digits))
    position = said.position
    assert position is not None
    assert (position.lon, position.lat) == pytest.approx((-97.7, -33.9), abs=2e-5)
    assert position.accuracy_m == (None if accuracy_m is None else pytest.approx(accuracy_m, 0.01))
    assert position.altitude_m == altitude_m
    assert position.speed_mps == pytest.approx(20 / 3.6)
    assert said.facts["reason"] == "max_distance"
    assert said.facts["shape"] == shape


@pytest.mark.parametrize(
    ("type_", "fields", "course_deg"),
    [
        (1, (), None),
        (2, ((1, 3),), None),
        (3, ((5, 8),), None),
        (4, ((1, 3), (0x85, 8), (1, 3)), None),
        (5, ((64, 8),), 90.0),
        (6, ((1, 3), (64, 8), (1, 3)), 90.0),
        (7, ((1, 3), (5, 8), (1, 3), (64, 8), (1, 3)), 90.0),
    ],
)
def test_every_velocity_of_a_long_report(
    type_: int, fields: tuple[tuple[int, int], ...], course_deg: float | None
) -> None:
    digits = long((1, 4), *place(1, 2), (type_, 3), (20, 7), *fields, reason=3)
    said = said_by(sds(digits))
    assert said.position is not None
    assert said.position.speed_mps == pytest.approx(20 / 3.6)
    assert said.position.course_deg == course_deg
    assert said.facts["reason"] == "ptt"


def test_other_location_messages_are_named() -> None:
    said = said_by(sds("0A4580", bits=21))
    assert (said.kind, said.facts["message"]) == ("other", "immediate_report")


@pytest.mark.parametrize(
    ("digits", "text"),
    [
        ("82029C01" + b"testmessage".hex(), "testmessage"),
        ("8204011A" + "ไทย".encode("utf-16-be").hex(), "ไทย"),
        ("82040105" + "Привет".encode("iso8859-5").hex(), "Привет"),
        ("82040100" + "e8329bfd4697d9ec37", "hellohello"),
        ("0201" + b"plain".hex(), "plain"),
        ("82040181" + "2DB000" + b"stamped".hex(), "stamped"),
        ("82050107" + "01" + b"".hex(), ""),
        ("0901" + b"now".hex(), "now"),
        ("8A040101" + "050003070201" + b"part".hex(), "part"),
    ],
)
def test_texts_in_every_form(digits: str, text: str) -> None:
    said = said_by(sds(digits))
    assert (said.kind, said.text, said.distress) == ("text", text, False)


def test_text_says_its_reference_part_and_what_it_wants() -> None:
    assert said_by(sds("82029C0141")).facts["msg_ref"] == 156
    assert said_by(sds("8204050141")).facts["report_wanted"] is True
    facts = said_by(sds("8A0401010500030702014142")).facts
    assert (facts["series"], facts["parts"], facts["part"]) == (7, 2, 1)
    assert said_by(sds("89040101")).facts["immediate"] is True


@pytest.mark.parametrize(
    ("status", "what"),
    [("00", "acknowledged"), ("02", "acknowledged"), ("20", "waiting"), ("40", "refused")],
)
def test_delivery_report_answers_a_text(status: str, what: str) -> None:
    said = said_by(sds(f"8210{status}9C"))
    assert (said.kind, said.status, said.facts["answers"]) == ("answer", what, "sds-156")


def test_status_is_a_call_for_help_when_the_fleet_or_the_standard_says_so() -> None:
    said = said_by(sds("8004", service=13))
    assert (said.kind, said.status, said.distress) == ("status", "32772", False)
    fleet = DecoderSettings(live=False, distress_statuses=frozenset({"32772"}))
    said = said_by(sds("8004", service=13), fleet)
    assert (said.kind, said.status, said.distress) == ("distress", "32772", True)
    assert said_by(sds("0000", service=13)).distress is True


def test_short_data_of_fixed_length_is_passed_on_unread() -> None:
    said = said_by(sds("1234", service=9))
    assert (said.kind, said.facts["sds_type"], said.facts["data"]) == ("other", 1, "1234")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (sds("0A11ZZ53A9FF4D4FFFE810"), "bad_hex"),
        (sds("0A112853A9FF"), "short_pdu"),
        (sds("0A"), "short_pdu"),
        (sds("8"), "short_pdu"),
        (sds("82"), "short_pdu"),
        (sds("821000"), "short_pdu"),
        (sds("820401"), "short_pdu"),
        (sds("82040181" + "2D"), "short_pdu"),
        (sds("8A0401010500"), "short_pdu"),
        (sds("82029C0174", bits=120), "short_pdu"),
        (sds("80", service=13), "short_pdu"),
        (sds("820401" + "3041"), "bad_field"),
        (sds(long((11, 4), *place(1, 2), NO_VELOCITY)), "bad_field"),
        (sds(long((0, 4), NO_VELOCITY, time=((3, 2),))), "bad_field"),
        (sds(short(0, 0)), "null_island"),
        (sds("8004", service=14), "unknown_service"),
        (sds(short(), source=""), "no_source"),
        (sds(short(), source="jane"), "no_source"),
        (b"+CTSDSR: 12,1,0,2,0,84", "no_data"),
        (b"+CTSDSR: 12,1\n0A11", "bad_header"),
        (b"0A112853A9FF4D4FFFE810", "no_header"),
        (b"hello", "unknown_result"),
        (b"+CTSDSR: 12,1,0,2,0,84\n\xff\xfe", "control_byte"),
    ],
)
def test_message_that_is_none_is_refused(payload: bytes, reason: str) -> None:
    assert refused(payload) == reason


STREAM = (
    b"\r\n+CTSDSR: 12,2269001,0,9999,0,84\r\n0A112853A9FF4D4FFFE810\r\n"
    b"\r\n+CTXG: 1,3,0,0\r\n"
    b"+CTTCT:1+CTSDSR:12,1033,0,3130,0,64\r\n8204010574657374+CTXD: 1,0\r\n"
    b"\r\nOK\r\n+CMGS: 0,4,65\r\n+CTSDSR: 13,7,0,8,0,16 8004\r\n"
)


def cut(stream: bytes, sizes: list[int] | None = None) -> tuple[list[bytes], int]:
    framer = PeiFramer()
    payloads: list[bytes] = []
    at = 0
    for size in [*(sizes or []), len(stream)]:
        payloads += framer.feed(stream[at : at + size])
        at += size
    payloads += framer.close()
    return payloads, framer.junk_bytes


def said_in(stream: bytes) -> tuple[list[Transmission], list[str]]:
    return heard(tetra.decoder(RECORDED), cut(stream)[0])


def test_stream_of_a_set() -> None:
    said, reasons = said_in(STREAM)
    assert [each.kind for each in said] == ["position", "text", "answer", "answer", "status"]
    assert said[1].flags == ("glued_unsolicited",)
    assert said[1].text == "test"
    assert reasons == []


def test_message_whose_digits_never_came_costs_only_itself() -> None:
    header = b"+CTSDSR: 12,1,0,2,0,84\r\n"
    said, reasons = said_in(header + STREAM)
    assert (len(said), reasons) == (5, ["no_data"])
    said, reasons = said_in(header)
    assert (said, reasons) == ([], ["no_data"])


def test_another_result_may_stand_between_a_message_and_its_digits() -> None:
    said, reasons = said_in(b"+CTSDSR: 13,7,0,8,0,16\r\nOK\r\n8004\r\n")
    assert ([each.kind for each in said], reasons) == (["answer", "status"], [])


def test_two_messages_in_one_line_are_two() -> None:
    said, reasons = said_in(b"+CTSDSR: 13,7,0,8,0,16+CTSDSR: 13,9,0,8,0,16\r\n8004\r\n")
    assert ([each.device for each in said], reasons) == (["9"], ["no_data"])


@given(
    st.lists(
        st.sampled_from([STREAM, b"\r", b"\n", b"+CTSDSR: 12,1,0,2,0,84\r\n", b"0A11\r\n", b"> "])
        | st.binary(max_size=20),
        max_size=6,
    ),
    st.lists(st.integers(0, 60), max_size=12),
)
def test_how_the_stream_was_split_makes_no_difference(parts: list[bytes], sizes: list[int]) -> None:
    stream = b"".join(parts)
    assert cut(stream, sizes) == cut(stream)


def test_framer_is_bounded() -> None:
    framer = PeiFramer()
    for _ in range(10):
        framer.feed(b"A" * 10_000)
    assert len(framer._rest) == MAX_LINE
    assert framer.junk_bytes == 100_000 - MAX_LINE


_lines = st.text("0123456789ABCDEFabc+CTSDR:,MG OKERO\n", max_size=60).map(str.encode)


@given(
    st.binary(max_size=60)
    | _lines
    | st.text("0123456789ABCDEF", max_size=60).map(sds)
    | st.text("0123456789ABCDEF", max_size=60).map(lambda digits: sds("0A" + digits))
    | st.text("0123456789ABCDEF", max_size=60).map(lambda digits: sds("82" + digits))
)
def test_any_bytes_are_a_message_or_refused(payload: bytes) -> None:
    tetra.speaks(frame(payload))
    for settings in (RECORDED, DecoderSettings()):
        try:
            said = tetra.decoder(settings).decode(frame(payload))
        except FrameError:
            continue
        for each in said:
            position = each.position
            assert position is None or (abs(position.lat) <= 90 and abs(position.lon) <= 180)
            assert list(each.flags) == sorted(set(each.flags))


@pytest.mark.parametrize(
    ("line", "status", "answers"),
    [
        (b"OK", "acknowledged", None),
        (b"ERROR", "refused", "cmgs"),
        (b"+CME ERROR: 35", "refused", "cmgs"),
        (b"+CMGS: 0", "acknowledged", "cmgs"),
        (b"+CMGS: 0,4,65", "acknowledged", "cmgs"),
        (b"+CMGS: 0,5,65", "refused", "cmgs"),
    ],
)
def test_set_answers_a_command(line: bytes, status: str, answers: str | None) -> None:
    said = said_by(line)
    assert (said.kind, said.status, said.facts.get("answers")) == ("answer", status, answers)


def test_set_is_told_one_command_after_another() -> None:
    decoder = tetra.decoder(DecoderSettings())
    told = [GREETINGS["tetra"](DecoderSettings())]
    while True:
        # one that it does not know stops nothing
        assert decoder.decode(frame(b"ERROR" if len(told) == 2 else b"OK")) == []
        more = decoder.answers()
        if not more:
            break
        told += more
    assert told == list(tetra.SET_UP)
    assert all(each.startswith(b"AT+CT") and each.endswith(b"\r\n") for each in told)
    (said,) = decoder.decode(frame(b"OK"))
    assert (said.kind, decoder.answers()) == ("answer", [])


def order(kind: OrderKind, **more: Any) -> Order:
    fields = {"device": "5010021", "text": "come home"} | more
    return Order(
        id="1",
        kind=kind,
        channel="c",
        operator="jane",
        created_at=NOW,
        expires_at=NOW,
        **fields,
    )


def test_text_is_sent_as_its_receiver_reads_it() -> None:
    out = tetra.encode(order("text"), DecoderSettings(), number=257)
    command, _, rest = out.data.decode().partition("\r\n")
    assert rest.endswith("\x1a")
    digits = rest[:-1]
    assert command == f"AT+CMGS=5010021,{len(digits) * 4}"
    assert digits == "82040101" + b"come home".hex().upper()
    said = said_by(sds(digits))
    assert (said.text, said.facts["msg_ref"]) == ("come home", 1)
    assert out.answer == said_by(b"+CMGS: 0").facts["answers"]


def test_text_in_another_script_goes_as_utf_16_and_an_alert_shows_at_once() -> None:
    out = tetra.encode(order("alert", text="ນ້ຳຖ້ວມ"), DecoderSettings(), number=3)
    digits = out.data.decode().partition("\r\n")[2][:-1]
    said = said_by(sds(digits))
    assert (said.text, said.facts["immediate"]) == ("ນ້ຳຖ້ວມ", True)


def test_poll_asks_for_an_immediate_location() -> None:
    out = tetra.encode(order("poll"), DecoderSettings(), number=1)
    assert out.data == b"AT+CMGS=5010021,21\r\n0A4580\x1a"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"device": None}, "no_device"),
        ({"device": "jane"}, "bad_device"),
        ({"device": "1,2\r\nAT"}, "bad_device"),
        ({"text": ""}, "no_text"),
        ({"text": "a" * 252}, "too_long"),
    ],
)
def test_order_that_cannot_be_said_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(OrderError) as caught:
        tetra.encode(order("text", **fields), DecoderSettings(), number=1)
    assert caught.value.reason == reason
