from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import Order, OrderError, OrderKind
from radio_gateway.protocols import GREETINGS
from radio_gateway.protocols.tetra import tetra
from radio_gateway.protocols.tetra.pei import MAX_LINE, PeiFramer
from tests.fixtures.memory import kept_bytes
from tests.radio_gateway.protocols.land_mobile.tetra_reports import (
    NO_VELOCITY,
    RECORDED,
    long,
    place,
    refused,
    said_by,
    sds,
    short,
)
from tests.radio_gateway.protocols.sentences import NOW, frame, heard, sentence


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
    transmission = said_by(sds(digits))
    assert (transmission.kind, transmission.text, transmission.distress) == ("text", text, False)


RMC = sentence("GPRMC,115958,A,2016.38,N,10024.72,E,9.72,231.8,251126,,,A")
GGA = sentence("GPGGA,115958,2016.38,N,10024.72,E,1,08,0.9,352.4,M,,M,,")


@pytest.mark.parametrize("before", [b"\x03\x00", b"\x83\x04\x9c\x00"])
@pytest.mark.parametrize("after", [b"", b"\r\n", b"\0"])
def test_location_in_a_sentence_is_where_the_radio_is(before: bytes, after: bytes) -> None:
    transmission = said_by(sds((before + RMC + after).hex()))
    assert (transmission.device, transmission.kind, transmission.fix, transmission.flags) == (
        "5010021",
        "position",
        True,
        (),
    )
    assert transmission.device_time == datetime(2026, 11, 25, 11, 59, 58, tzinfo=UTC)
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(20.273)
    assert transmission.position.lon == pytest.approx(100.412)
    assert transmission.position.speed_mps == pytest.approx(5.0, abs=0.01)


def test_sentences_of_one_message_say_one_position() -> None:
    transmission = said_by(sds((b"\x03\x00" + RMC + b"\r\n" + GGA + b"\r\n").hex()))
    assert transmission.position is not None
    assert (transmission.position.course_deg, transmission.position.altitude_m) == (231.8, 352.4)


def test_location_that_is_unknown_is_decoded_without_a_place() -> None:
    transmission = said_by(sds("038001020304"))
    assert (transmission.kind, transmission.position, transmission.facts["location_coding"]) == (
        "other",
        None,
        0x80,
    )
    transmission = said_by(
        sds((b"\x03\x00" + sentence("GPGSA,A,3,01,,,,,,,,,,,,2.1,1.1,1.8")).hex())
    )
    assert (transmission.kind, transmission.position) == ("other", None)


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
    transmission = said_by(sds(f"8210{status}9C"))
    assert (transmission.kind, transmission.status, transmission.facts["answers"]) == (
        "answer",
        what,
        "sds-156",
    )


def test_status_is_a_call_for_help_when_the_fleet_or_the_standard_says_so() -> None:
    transmission = said_by(sds("8004", service=13))
    assert (transmission.kind, transmission.status, transmission.distress) == (
        "status",
        "32772",
        False,
    )
    fleet = DecoderSettings(live=False, distress_statuses=frozenset({"32772"}))
    transmission = said_by(sds("8004", service=13), fleet)
    assert (transmission.kind, transmission.status, transmission.distress) == (
        "distress",
        "32772",
        True,
    )
    assert said_by(sds("0000", service=13)).distress is True


def test_short_data_of_fixed_length_is_passed_on_unread() -> None:
    transmission = said_by(sds("1234", service=9))
    assert (transmission.kind, transmission.facts["sds_type"], transmission.facts["data"]) == (
        "other",
        1,
        "1234",
    )


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (sds("0A11ZZ53A9FF4D4FFFE810"), "bad_hex"),
        (sds("0A112853A9FF"), "short_pdu"),
        (sds("0A"), "short_pdu"),
        (sds("8"), "short_pdu"),
        (sds("82"), "short_pdu"),
        (sds("821000"), "short_pdu"),
        (sds("03"), "short_pdu"),
        (sds((b"\x03\x00" + RMC[:-1] + b"0").hex()), "bad_checksum"),
        (sds((b"\x03\x00" + RMC.replace(b"2016", b"9116")[:-3]).hex()), "lat_range"),
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
    transmissions, reasons = said_in(STREAM)
    assert [each.kind for each in transmissions] == [
        "position",
        "text",
        "answer",
        "answer",
        "status",
    ]
    assert transmissions[1].flags == ("glued_unsolicited",)
    assert transmissions[1].text == "test"
    assert reasons == []


def test_message_whose_digits_never_came_costs_only_itself() -> None:
    header = b"+CTSDSR: 12,1,0,2,0,84\r\n"
    transmissions, reasons = said_in(header + STREAM)
    assert (len(transmissions), reasons) == (5, ["no_data"])
    transmissions, reasons = said_in(header)
    assert (transmissions, reasons) == ([], ["no_data"])


def test_another_result_may_stand_between_a_message_and_its_digits() -> None:
    transmissions, reasons = said_in(b"+CTSDSR: 13,7,0,8,0,16\r\nOK\r\n8004\r\n")
    assert ([each.kind for each in transmissions], reasons) == (["answer", "status"], [])


def test_two_messages_in_one_line_are_two() -> None:
    transmissions, reasons = said_in(b"+CTSDSR: 13,7,0,8,0,16+CTSDSR: 13,9,0,8,0,16\r\n8004\r\n")
    assert ([each.device for each in transmissions], reasons) == (["9"], ["no_data"])


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
    empty = kept_bytes(framer)
    for _ in range(10):
        framer.feed(b"A" * 10_000)
    assert kept_bytes(framer) <= empty + 2 * MAX_LINE
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
            transmissions = tetra.decoder(settings).decode(frame(payload))
        except FrameError:
            continue
        for each in transmissions:
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
    transmission = said_by(line)
    assert (transmission.kind, transmission.status, transmission.facts.get("answers")) == (
        "answer",
        status,
        answers,
    )


def test_set_is_sent_one_command_after_another() -> None:
    decoder = tetra.decoder(DecoderSettings())
    payloads = [GREETINGS["tetra"](DecoderSettings())]
    while True:
        # one that it does not know stops nothing
        assert decoder.decode(frame(b"ERROR" if len(payloads) == 2 else b"OK")) == []
        more = decoder.answers()
        if not more:
            break
        payloads += more
    assert payloads == list(tetra.SET_UP)
    assert all(each.startswith(b"AT+CT") and each.endswith(b"\r\n") for each in payloads)
    (transmission,) = decoder.decode(frame(b"OK"))
    assert (transmission.kind, decoder.answers()) == ("answer", [])


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
    transmission = said_by(sds(digits))
    assert (transmission.text, transmission.facts["msg_ref"]) == ("come home", 1)
    assert out.answer == said_by(b"+CMGS: 0").facts["answers"]


def test_text_in_another_script_goes_as_utf_16_and_an_alert_shows_at_once() -> None:
    out = tetra.encode(order("alert", text="ນ້ຳຖ້ວມ"), DecoderSettings(), number=3)
    digits = out.data.decode().partition("\r\n")[2][:-1]
    transmission = said_by(sds(digits))
    assert (transmission.text, transmission.facts["immediate"]) == ("ນ້ຳຖ້ວມ", True)


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
def test_order_that_cannot_be_encoded_is_refused(fields: dict[str, Any], reason: str) -> None:
    with pytest.raises(OrderError) as caught:
        tetra.encode(order("text", **fields), DecoderSettings(), number=1)
    assert caught.value.reason == reason
