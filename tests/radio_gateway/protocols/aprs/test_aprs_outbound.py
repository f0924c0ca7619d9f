from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from msgspec.structs import replace

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.formats.aprs_object import object_name
from radio_gateway.messages.marked_place import MarkedPlace
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import Order, OrderError
from radio_gateway.protocols import OUTBOUND
from radio_gateway.protocols.aprs import aprs, aprs_kiss
from tests.radio_gateway.protocols.aprs.aprs_words import ax25
from tests.radio_gateway.protocols.sentences import NOW, frame

OURS = DecoderSettings(station="XW1PAT-7")


def order(**fields: Any) -> Order:
    body: dict[str, Any] = {"kind": "text", "device": "HS0ABC-9", "text": "come home"} | fields
    return Order(
        id="1",
        channel="tnc",
        operator="jane",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=5),
        **body,
    )


def heard_by_the_radio(data: bytes) -> Transmission:
    framer = aprs_kiss.FRAMING()
    (payload,) = framer.feed(data)
    radio = aprs_kiss.decoder(DecoderSettings(station="HS0ABC-9"))
    (transmission,) = radio.decode(frame(payload))
    return transmission


def test_message_is_a_numbered_line_and_its_acknowledgement_answers_it() -> None:
    out = aprs.encode(order(), OURS, number=12)
    assert out.data == b"XW1PAT-7>APZJPR::HS0ABC-9 :come home{12\r\n"
    (answer,) = aprs.decoder(OURS).decode(frame(b"HS0ABC-9>APRS::XW1PAT-7 :ack12"))
    assert answer.facts["answers"] == out.answer == "HS0ABC-9/12"
    (other,) = aprs.decoder(OURS).decode(frame(b"HS0XYZ>APRS::XW1PAT-7 :ack12"))
    assert other.facts["answers"] != out.answer


def test_message_on_the_air_reaches_the_radio_which_answers() -> None:
    out = aprs_kiss.encode(order(kind="alert", text="แม่น้ำขึ้น"), OURS, number=3)
    transmission = heard_by_the_radio(out.data)
    assert (transmission.device, transmission.text, transmission.facts["ack_wanted"]) == (
        "XW1PAT-7",
        "แม่น้ำขึ้น",
        True,
    )
    assert transmission.facts["path"] == "WIDE1-1,WIDE2-1"
    reply = b"\x00" + ax25("HS0ABC-9", "APRS", ("WIDE1*",), b":XW1PAT-7 :rej3")
    (answer,) = aprs_kiss.decoder(OURS).decode(frame(reply))
    assert (answer.kind, answer.status) == ("answer", "refused")
    assert answer.facts["answers"] == out.answer


def test_poll_asks_for_the_position_and_waits_for_no_acknowledgement() -> None:
    out = aprs_kiss.encode(order(kind="poll", text=""), OURS, number=1)
    transmission = heard_by_the_radio(out.data)
    assert (transmission.text, transmission.facts["to"], out.answer) == ("?APRSP", "HS0ABC-9", None)
    everyone = aprs.encode(order(kind="poll", device=None), OURS, number=1)
    assert everyone.data == b"XW1PAT-7>APZJPR:?APRS?\r\n"


def test_words_for_everyone_are_a_bulletin() -> None:
    out = aprs.encode(order(kind="distress", device=None, text="mayday relay"), OURS, number=14)
    assert out.data == b"XW1PAT-7>APZJPR::BLN4     :mayday relay\r\n"
    assert out.answer is None


def test_server_is_shown_that_a_packet_did_not_come_by_radio() -> None:
    server = DecoderSettings(station="XW1PAT-7", secret="12345")
    assert aprs.encode(order(), server, number=1).data.startswith(b"XW1PAT-7>APZJPR,TCPIP*:")


def test_number_stays_within_five_digits_and_a_retry_is_the_same() -> None:
    assert aprs.encode(order(), OURS, number=100_000).data.endswith(b"{1\r\n")
    assert aprs.encode(order(), OURS, number=99_999).data.endswith(b"{99999\r\n")
    assert aprs.encode(order(), OURS, number=7) == aprs.encode(order(), OURS, number=7)


@pytest.mark.parametrize("name", ["aprs", "aprs_kiss"])
@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"text": "  "}, "empty"),
        ({"text": "x" * 68}, "too_long"),
        ({"text": "ก" * 23}, "too_long"),
        ({"text": "a{12"}, "bad_text"),
        ({"text": "a|b"}, "bad_text"),
        ({"text": "a\x00b"}, "bad_text"),
        ({"text": "?APRSD"}, "bad_text"),
        ({"device": "not a call"}, "bad_device"),
        ({"device": "HS0ABCDE-99"}, "bad_device"),
    ],
)
def test_order_that_cannot_be_encoded_is_refused(
    name: str, fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(OrderError) as caught:
        OUTBOUND[name].encode(order(**fields), OURS, number=1)
    assert caught.value.reason == reason


@pytest.mark.parametrize("name", ["aprs", "aprs_kiss"])
@pytest.mark.parametrize(
    ("station", "reason"),
    [
        (None, "no_station"),
        (" ", "no_station"),
        ("XW1PAT-16", "bad_station"),
        ("a b", "bad_station"),
    ],
)
def test_nothing_is_sent_without_a_call_sign_of_our_own(
    name: str, station: str | None, reason: str
) -> None:
    with pytest.raises(OrderError) as caught:
        OUTBOUND[name].encode(order(), DecoderSettings(station=station), number=1)
    assert caught.value.reason == reason


def test_line_break_in_words_starts_no_packet_of_its_own() -> None:
    out = aprs.encode(order(text="one\r\nHS0XYZ>APRS:>two"), OURS, number=1)
    assert out.data.count(b"\n") == 1
    assert out.data.endswith(b":one HS0XYZ>APRS:>two{1\r\n")


def test_only_a_link_with_a_passcode_is_signed_in() -> None:
    server = DecoderSettings(station="xw1pat-7", secret="12345")
    assert aprs.greeting(server) == b"user XW1PAT-7 pass 12345 vers joint-patrol 1\r\n"
    assert aprs.greeting(DecoderSettings(station="XW1PAT-7", secret="-1")).startswith(b"user ")
    for settings in (
        OURS,
        DecoderSettings(secret="12345"),
        DecoderSettings(station="XW1PAT-7", secret="1\r\n2"),
        DecoderSettings(station="a b", secret="12345"),
    ):
        assert aprs.greeting(settings) == b""


ROCK = MarkedPlace(
    id="joint-patrol.hx.m1",
    lon=100.41022,
    lat=20.27411,
    name="Sunken barge",
    use="hazard",
    remarks="2 m under water | ~ mid-river, keep to the left bank",
)


def test_mark_is_an_object_that_every_station_sees_and_its_end_kills_it() -> None:
    out = aprs.encode(order(kind="mark", device=None, mark=ROCK), OURS, number=1)
    assert out.answer is None
    name = out.data.partition(b":;")[2][:9]
    assert name.startswith(b"SUNKEN")
    transmission = heard_by_the_radio(
        aprs_kiss.encode(order(kind="mark", device=None, mark=ROCK), OURS, number=1).data
    )
    assert (transmission.kind, transmission.device, transmission.position) == (
        "waypoint",
        "XW1PAT-7",
        None,
    )
    mark = transmission.mark
    assert mark is not None
    assert (mark.id, mark.use, mark.deleted) == (name.decode(), "hazard", False)
    assert (mark.lon, mark.lat) == pytest.approx((ROCK.lon, ROCK.lat), abs=0.005 / 60 + 1e-9)
    assert mark.remarks == "Sunken barge: 2 m under water mid-river, ke"[: len(mark.remarks)]
    assert transmission.device_time == NOW.replace(second=0, microsecond=0)
    gone = replace(ROCK, deleted=True)
    over = heard_by_the_radio(
        aprs_kiss.encode(order(kind="mark", device=None, mark=gone), OURS, number=2).data
    )
    assert over.mark is not None
    assert (over.mark.id, over.mark.deleted) == (mark.id, True)


@pytest.mark.parametrize(
    ("lon", "lat", "written"),
    [
        (100.0, 20.0, b"2000.00N\\10000.00E"),
        (-0.00001, -0.00001, b"0000.00S\\00000.00W"),
        (179.999999, 89.999999, b"9000.00N\\18000.00E"),
        (-72.0292, -49.0583, b"4903.50S\\07201.75W"),
    ],
)
def test_place_of_an_object_is_rounded_to_hundredths_of_a_minute(
    lon: float, lat: float, written: bytes
) -> None:
    mark = replace(ROCK, lon=lon, lat=lat)
    out = aprs.encode(order(kind="mark", device=None, mark=mark), OURS, number=1)
    assert written in out.data


def test_two_marks_of_one_name_are_two_objects_and_any_script_has_a_name() -> None:
    names = {object_name(replace(ROCK, id=id, name="ຫີນ")) for id in ("a", "b", "c")}
    assert len(names) == 3
    assert all(name.isascii() and 3 <= len(name) <= 9 for name in names)


@pytest.mark.parametrize(
    ("fields", "reason"),
    [({"device": "HS0ABC-9", "mark": ROCK}, "not_to_one"), ({"device": None}, "no_place")],
)
def test_mark_without_a_place_or_for_one_station_is_refused(
    fields: dict[str, Any], reason: str
) -> None:
    with pytest.raises(OrderError) as refused:
        aprs.encode(order(kind="mark", **fields), OURS, number=1)
    assert refused.value.reason == reason
