"""LRRP and ARS: published samples, and documents made here element by element."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import Order, OrderError
from radio_gateway.protocols.lrrp import lrrp
from radio_gateway.protocols.lrrp.mbxml import MbxmlError, Reader, write_uintvar
from tests.radio_gateway.protocols.sentences import NOW

RADIO = "12.0.4.210:4001"


def document(identifier: int, body: bytes) -> bytes:
    """Return a document."""
    return bytes((identifier,)) + write_uintvar(len(body)) + body


def place(lat: float = 20.27, lon: float = 100.41) -> bytes:
    """Return the two coordinates of a shape."""
    return round(lat * 2**32 / 180).to_bytes(4, "big") + round(lon * 2**32 / 360).to_bytes(
        4, "big", signed=True
    )


def moment(time: datetime) -> bytes:
    """Return an info-time."""
    bits = time.year << 26 | time.month << 22 | time.day << 17
    return (bits | time.hour << 12 | time.minute << 6 | time.second).to_bytes(5, "big")


REQUEST = bytes.fromhex("220400000007")
POINT = b"\x66" + place()


def said(payload: bytes, *, source: str | None = RADIO) -> Transmission:
    """Return the one transmission of a datagram."""
    (transmission,) = lrrp.decoder(DecoderSettings()).decode(Frame(payload, NOW, None, source))
    return transmission


def reason(payload: bytes) -> str:
    """Return why a datagram is refused."""
    with pytest.raises(FrameError) as error:
        said(payload)
    return error.value.reason


def test_published_triggered_report_gives_its_place() -> None:
    report = said(bytes.fromhex("0D0F22042468ACE066118ECD8D118AD47B"))
    assert report.position is not None
    assert report.position.lat == pytest.approx(12.345345, abs=1e-6)
    assert report.position.lon == pytest.approx(24.668866, abs=1e-6)
    assert report.device == "12.0.4.210"
    assert report.facts == {
        "doc": "Triggered-Location-Report",
        "request_id": "2468ACE0",
        "radio_id": 4 << 8 | 210,
    }


def test_report_gives_time_radius_heading_and_leaves_the_speed_as_sent() -> None:
    time = NOW - timedelta(seconds=3)
    body = REQUEST + b"\x34" + moment(time) + b"\x51" + place() + b"\x0a\x40\x6c\x02\x43\x56\x1e"
    report = said(document(0x07, body))
    assert report.position is not None
    assert (report.position.accuracy_m, report.position.course_deg) == (10.5, 60.0)
    assert report.position.speed_mps is None
    assert report.device_time == time
    assert report.flags == ("speed_unit_disputed",)
    assert report.facts["speed_raw_ufloat"] == round(2 + 0x43 / 128, 5)
    assert report.facts["speed_raw_u16"] == 0x0243
    assert report.duplicate_window_s is None


def test_published_report_without_request_has_a_whole_speed() -> None:
    report = said(bytes.fromhex("1315232F341F4AD07B2E66474326660A4D56E46B0B5620"), source=None)
    assert report.facts["speed_raw_uint"] == 11
    assert (report.device, report.facts["request_id"]) == (None, "2F")
    assert report.position is not None
    assert report.position.course_deg == 64.0


@pytest.mark.parametrize(
    ("body", "altitude", "accuracy"),
    [
        (b"\x69" + place() + b"\x83\x37\x60", 439.75, None),
        (b"\x6a" + place() + b"\x05\x00\x07\x00", 5.0, 7.0),
        (b"\x54" + place() + b"\x03\x00\x05\x40", 5.5, None),
        (b"\x55" + place() + b"\x03\x00\x05\x40\x02\x40", 5.5, 2.5),
    ],
)
def test_shapes_with_a_height(body: bytes, altitude: float, accuracy: float | None) -> None:
    report = said(document(0x0D, REQUEST + body))
    assert report.position is not None
    assert report.position.altitude_m == altitude
    assert report.facts.get("vertical_accuracy_m") == accuracy


def test_height_with_its_sign_bit_is_left_as_sent() -> None:
    report = said(document(0x0D, REQUEST + b"\x69" + place() + b"\x45\x00"))
    assert report.position is not None
    assert report.position.altitude_m is None
    assert (report.flags, report.facts["altitude_raw"]) == (("altitude_disputed",), 69.0)


def test_southern_latitude_is_no_position_but_its_bytes() -> None:
    report = said(document(0x0D, REQUEST + b"\x66" + bytes.fromhex("F0000000") + place()[4:]))
    assert (report.kind, report.position) == ("position", None)
    assert report.flags == ("southern_latitude_disputed",)
    assert report.facts["lat_raw"] == 0xF0000000
    assert report.facts["lon"] == pytest.approx(100.41, abs=1e-6)


def test_west_is_negative() -> None:
    report = said(document(0x0D, REQUEST + b"\x66" + place(lon=-94.5)))
    assert report.position is not None
    assert report.position.lon == pytest.approx(-94.5, abs=1e-6)


@pytest.mark.parametrize(
    ("payload", "code", "flags"),
    [
        ("070C22042468ACE0390503515355", 5, ()),  # published: with words
        ("0D0722030000013710", 16, ("no_fix",)),  # published: lrrpdec
        ("0B072203000001370A", 10, ()),
    ],
)
def test_error_is_a_refusal_that_names_its_request(
    payload: str, code: int, flags: tuple[str, ...]
) -> None:
    error = said(bytes.fromhex(payload))
    assert (error.kind, error.status, error.position) == ("answer", "refused", None)
    assert (error.facts["kind"], error.facts["result_code"]) == ("lrrp_error", code)
    assert error.facts["answers"] == str(error.facts["request_id"]).upper()
    assert error.flags == flags


def test_success_is_an_acknowledgement() -> None:
    answer = said(bytes.fromhex("110722042468ACE038"))
    assert (answer.kind, answer.status) == ("answer", "acknowledged")
    assert (answer.facts["answers"], answer.facts["result_code"]) == ("2468ACE0", 0)


@pytest.mark.parametrize(
    "payload", ["090922042468ACE034313C", "0F0622042468ACE0", "050622042468ACE0"]
)
def test_request_received_is_a_command(payload: str) -> None:
    request = said(bytes.fromhex(payload))
    assert (request.kind, request.facts["request_id"]) == ("command", "2468ace0")


def test_version_is_printed() -> None:
    assert said(bytes.fromhex("15023601")).facts["protocol_version"] == 1


def test_document_with_a_table_of_constants_is_read_behind_it() -> None:
    report = said(document(0x0C, b"\x03abc" + REQUEST + POINT))
    assert report.position is not None


def test_several_documents_and_padding_in_one_datagram() -> None:
    decoder = lrrp.decoder(DecoderSettings())
    one, two = document(0x0D, REQUEST + POINT), document(0x0D, REQUEST + b"\x66" + place(lat=21))
    transmissions = decoder.decode(Frame(one + two + bytes(6), NOW, None, RADIO))
    assert [round(each.position.lat, 2) for each in transmissions if each.position] == [20.27, 21.0]
    assert decoder.rejected() == []
    assert len(decoder.decode(Frame(one + b"\xfe\x01\x02", NOW, None, RADIO))) == 1
    assert [error.reason for error in decoder.rejected()] == ["unknown_document"]
    assert decoder.rejected() == []


def test_unknown_element_behind_a_place_costs_only_what_follows() -> None:
    report = said(document(0x0D, REQUEST + POINT + b"\x7e\x01"))
    assert report.position is not None
    assert report.flags == ("unknown_element",)


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"", "empty"),
        (b"\x0d\x00", "empty"),
        (b"\x0d\x0f", "truncated"),
        (b"\xff\x03abc", "unknown_document"),
        (document(0x0D, REQUEST + POINT)[:-2], "truncated"),
        (document(0x0D, REQUEST + POINT[:-2]), "truncated"),
        (document(0x0D, REQUEST + b"\x7e"), "unknown_element"),
        (document(0x0D, REQUEST + b"\x66" + bytes(8)), "null_island"),
        (document(0x0D, b"\x36\xff\xff\xff\xff\xff\x01"), "bad_number"),
        (b"\x0d" + bytes(3000), "too_long"),
    ],
)
def test_refused_datagram_names_why(payload: bytes, why: str) -> None:
    assert reason(payload) == why


def test_impossible_time_is_none() -> None:
    report = said(document(0x0D, REQUEST + b"\x34" + bytes(5) + POINT))
    assert report.device_time is None
    assert report.position is not None


def test_same_fix_received_twice_is_one_message_and_another_fix_is_not() -> None:
    def at(second: int) -> bytes:
        time = datetime(2026, 11, 25, 11, 0, second, tzinfo=UTC)
        return document(0x0D, REQUEST + b"\x34" + moment(time) + POINT)

    assert said(at(1)).duplicate_key == said(at(1)).duplicate_key
    assert said(at(1)).duplicate_key != said(at(2)).duplicate_key


# --- registration


def test_registration_is_decoded_and_accepted() -> None:
    decoder = lrrp.decoder(DecoderSettings())
    payload = bytes.fromhex("000AF0400533363032320000")  # published: lrrpdec
    (hello,) = decoder.decode(Frame(payload, NOW, None, "12.0.140.182:4005"))
    assert (hello.kind, hello.device) == ("status", "12.0.140.182")
    assert hello.facts == {"kind": "register", "radio_id": "36022"}
    assert decoder.answers() == [bytes.fromhex("0002BF01")]
    assert decoder.answers() == []


@pytest.mark.parametrize(
    ("payload", "word"), [("000131", "deregister"), ("00013f", "status_answer")]
)
def test_other_registration_messages_want_no_answer(payload: str, word: str) -> None:
    decoder = lrrp.decoder(DecoderSettings())
    (message,) = decoder.decode(Frame(bytes.fromhex(payload), NOW, None, RADIO))
    assert message.facts["kind"] == word
    assert decoder.answers() == []


def test_cut_registration_is_refused_and_not_accepted() -> None:
    decoder = lrrp.decoder(DecoderSettings())
    with pytest.raises(FrameError):
        decoder.decode(Frame(bytes.fromhex("0004F0400533"), NOW, None, RADIO))
    assert decoder.answers() == []


# --- numbers


@given(st.integers(0, 2**32 - 1))
def test_number_is_read_as_written(value: int) -> None:
    assert Reader(write_uintvar(value)).uintvar() == value


@pytest.mark.parametrize(
    ("data", "value"),
    [
        ("0540", 5.5),
        ("4540", -5.5),
        ("4001", -1 / 128),
        ("c00040", -0.5),
        ("058001", 5 + 1 / 16384),
    ],
)
def test_signed_number_with_a_fraction(data: str, value: float) -> None:
    assert Reader(bytes.fromhex(data)).sfloatvar() == value


def test_cut_number_is_refused() -> None:
    with pytest.raises(MbxmlError, match="truncated"):
        Reader(b"\x80").uintvar()


# --- orders


def order(kind: str = "poll", device: str | None = "12.0.4.210") -> Order:
    """Return an order."""
    later = NOW + timedelta(minutes=1)
    return Order(
        id="o",
        kind=kind,  # type: ignore[arg-type]
        channel="dmr",
        operator="ops",
        created_at=NOW,
        expires_at=later,
        device=device,
    )


def test_poll_is_a_request_whose_number_the_refusal_names() -> None:
    outgoing = lrrp.encode(order(), DecoderSettings(), number=300)
    assert outgoing.data == bytes.fromhex("050822040000012C5162")
    assert outgoing.connection == "12.0.4.210:4001"
    transmission = said(outgoing.data)
    assert transmission.facts["request_id"] == "0000012c"
    refusal = said(document(0x07, bytes.fromhex("22040000012C3710")))
    assert refusal.facts["answers"] == outgoing.answer


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (order("text"), "unknown_kind"),
        (order(device=None), "no_device"),
        (order(device="radio 7"), "no_device"),
    ],
)
def test_order_that_cannot_be_encoded_is_refused(bad: Order, why: str) -> None:
    with pytest.raises(OrderError) as error:
        lrrp.encode(bad, DecoderSettings(), number=1)
    assert error.value.reason == why


@given(
    st.one_of(
        st.binary(max_size=60),
        st.builds(document, st.integers(4, 0x28), st.binary(max_size=40)),
        st.builds(lambda rest: document(0x0D, REQUEST + POINT + rest), st.binary(max_size=20)),
    )
)
def test_any_bytes_are_decoded_or_refused(payload: bytes) -> None:
    decoder = lrrp.decoder(DecoderSettings())
    frame = Frame(payload, NOW, None, RADIO)
    lrrp.speaks(frame)
    try:
        transmissions = decoder.decode(frame)
    except FrameError:
        return
    for transmission in transmissions:
        if transmission.position is not None:
            assert 0 <= transmission.position.lat <= 90
            assert -180 <= transmission.position.lon <= 180
