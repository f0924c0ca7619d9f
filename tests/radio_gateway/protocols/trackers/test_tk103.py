from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.orders.order import Order, OrderError
from radio_gateway.protocols import tk103
from tests.radio_gateway.protocols.sentences import NOW
from tests.radio_gateway.protocols.trackers.streams import (
    cut,
    hear,
    hear_one,
    refusal,
    splits,
    streams,
    survives,
)

# Published test inputs of Traccar (Tk103ProtocolDecoderTest) and our own.
PLACE = b"(088048003342BR00150917A1352.9801N10030.9050E036.0103224123.4000010000L000003F9)"
COMMAS = b"(013632651491,ZC11,040613,A,2234.0297N,11405.9101E,036.0,040137,178.48)"
LOGIN = b"(090411121854BP0000001234567890HSO)"
LOGIN_PLACE = (
    b"(013632782450BP05000013632782450120803V0000.0000N00000.0000E"
    b"000.0174654000.0000000000L00000000)"
)
SOS = b"(013666666666BO012110925A1234.5678N01234.5678W000.0025948118.7200000000L000024DE)"
WORDS = b"(864555555555555,ZC03,191117,234207,$Power (battery): 95%$)"
SAMPLES = (PLACE, COMMAS, LOGIN, LOGIN_PLACE, SOS, WORDS)


def test_glued_report_says_place_motion_time_and_state() -> None:
    transmission = hear_one(tk103, PLACE)
    assert (transmission.device, transmission.fix, transmission.distress) == (
        "088048003342",
        True,
        False,
    )
    assert transmission.device_time == datetime(2015, 9, 17, 10, 32, 24, tzinfo=UTC)
    place = transmission.position
    assert place is not None
    assert place.lat == pytest.approx(13.8830017)
    assert place.lon == pytest.approx(100.5150833)
    assert place.speed_mps == pytest.approx(10.0)
    assert place.course_deg == 123.4
    assert transmission.facts["odometer_m"] == 0x3F9


def test_report_with_commas_has_the_day_first_and_names_its_alarm() -> None:
    transmission = hear_one(tk103, COMMAS)
    assert transmission.device_time == datetime(2013, 6, 4, 4, 1, 37, tzinfo=UTC)
    assert (transmission.facts["alarm"], transmission.distress) == ("movement", False)
    assert transmission.position is not None
    assert transmission.position.course_deg == 178.48


def test_date_that_can_be_read_two_ways_gives_no_time() -> None:
    both = PLACE.replace(b"088048003342", b"088048003342123").replace(b"150917", b"170304")
    transmission = hear_one(tk103, both)
    assert (transmission.device_time, transmission.flags) == (None, ("ambiguous_date_order",))
    assert transmission.facts["time_of_day"] == "10:32:24"
    one = hear_one(tk103, both.replace(b"170304", b"170331"))
    assert one.device_time == datetime(2017, 3, 31, 10, 32, 24, tzinfo=UTC)
    assert one.flags == ()


def test_date_that_is_none_is_flagged_and_the_day_is_the_nearest_one_when_live() -> None:
    data = PLACE.replace(b"150917", b"061830")
    assert hear_one(tk103, data).device_time == NOW.replace(hour=10, minute=32, second=24)
    transmission = hear_one(tk103, data, live=False)
    assert (transmission.device_time, transmission.flags) == (None, ("bad_date",))


def test_log_in_is_answered_and_laid_to_the_link() -> None:
    transmissions, reasons, answers = hear(tk103, LOGIN)
    assert [(each.device, each.facts["sender"]) for each in transmissions] == [
        (None, "090411121854")
    ]
    assert (reasons, answers) == ([], [b"(090411121854AP01HSO)"])


def test_log_in_with_a_report_is_both_and_has_its_own_answer() -> None:
    transmissions, _, answers = hear(tk103, LOGIN_PLACE)
    assert [(each.device, each.position, each.flags) for each in transmissions] == [
        ("013632782450", None, ("no_fix",))
    ]
    assert answers == [b"(013632782450AP05)"]


@pytest.mark.parametrize(
    "data",
    [
        SOS,
        SOS.replace(b"1234.5678N", b"9934.5678N"),
        SOS.replace(b"1234.5678N", b"1299.5678N"),
        b"(013666666666BO012)",
        SOS.replace(b"W000.0025948", b"W000.0996048"),  # no such time of day
        SOS.replace(b"W000.0025948", b"W00..0025948"),  # no such speed
        b"(013666666666BO012110925A1234.5678N01234.5678W)",
        COMMAS.replace(b"ZC11", b"ZC25"),
        COMMAS.replace(b"ZC11", b"DW3E"),
        b"(864555555555555,DW5E,200,1,3215,43370,0,151117,154419)",
    ],
)
def test_call_for_help_is_decoded_with_and_without_a_place(data: bytes) -> None:
    transmission = hear_one(tk103, data)
    assert transmission.distress
    assert transmission.facts["alarm"] == "sos"
    assert (transmission.kind == "distress") is (transmission.position is None)


def test_other_alarm_is_no_call_for_help() -> None:
    assert not hear_one(tk103, SOS.replace(b"BO012", b"BO015")).distress


def test_bracket_in_free_text_ends_nothing() -> None:
    transmission = hear_one(tk103, WORDS)
    assert (transmission.kind, transmission.text) == ("answer", "Power (battery): 95%")


def test_battery_report_has_no_place() -> None:
    transmission = hear_one(tk103, b"(013632651491,ZC20,180716,144222,4,392,65535,255)")
    assert (transmission.kind, transmission.position) == ("status", None)
    assert (transmission.facts["battery_pct"], transmission.facts["battery_v"]) == (50, 3.92)
    assert "power_v" not in transmission.facts
    assert transmission.device_time == datetime(2016, 7, 18, 14, 42, 22, tzinfo=UTC)


@pytest.mark.parametrize(
    "data",
    [
        b"(013632651491,DW50,460,0,0,6,0,180716,144222)",
        b"(013632651491,ZC03,180716,144222,$Notice: ready$)",
    ],
)
def test_what_has_no_place_has_a_time(data: bytes) -> None:
    transmission = hear_one(tk103, data)
    assert (transmission.position, transmission.device_time) == (
        None,
        datetime(2016, 7, 18, 14, 42, 22, tzinfo=UTC),
    )
    odd = hear_one(tk103, data.replace(b"144222", b"254222"))
    assert (odd.kind, odd.device_time, odd.flags) == (transmission.kind, None, ("bad_time",))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"(087073005534BR00150807A1352.9871N", "truncated"),
        (PLACE.replace(b"1352", b"1365"), "minutes_range"),
        (PLACE.replace(b"1352", b"9152"), "lat_range"),
        (PLACE.replace(b"10030.9", b"18130.9"), "lon_range"),
        (PLACE.replace(b"036.0103224", b"036.0253224"), "bad_time"),
        (PLACE.replace(b"036.0103224123.4000010000L000003F9", b"036.0"), "truncated"),
        (PLACE.replace(b"1352.9801", b"0000.0000").replace(b"10030.9050", b"0.0"), "null_island"),
        (PLACE.replace(b"352.9801N", b"352.9801Q"), "bad_fields"),
        (b"(hello)", "no_command"),
        (PLACE[1:-1] + b"\r\n", "no_start"),
        (b"(0880480033\xff42BR00)", "control_byte"),
    ],
)
def test_bad_message_is_rejected_and_not_answered(data: bytes, reason: str) -> None:
    assert refusal(tk103, data) == reason


def test_message_cut_short_costs_only_itself_and_noise_is_counted() -> None:
    data = PLACE[:40] + PLACE + b"noise" + COMMAS + b"\r\n"
    assert cut(tk103, data) == [PLACE[:40], PLACE, b"noise", COMMAS]
    framer = tk103.FRAMING()
    framer.feed(PLACE + b"\1\2\3" + PLACE)
    assert framer.junk_bytes == 3


def test_endless_message_is_dropped() -> None:
    framer = tk103.FRAMING()
    framer.feed(b"(12345$")
    for _ in range(50):
        assert all(len(payload) <= 256 for payload in framer.feed(b"x" * 1000))
    assert framer.feed(PLACE)[-1] == PLACE


def test_poll_asks_one_tracker_and_nothing_else_can_be_sent() -> None:
    def order(kind: str, device: str | None) -> Order:
        times = {"created_at": NOW, "expires_at": NOW}
        return Order(id="1", kind=kind, channel="c", operator="o", device=device, **times)  # type: ignore[arg-type]

    outgoing = tk103.encode(order("poll", "013666666666"), DecoderSettings(), number=1)
    assert (outgoing.data, outgoing.answer) == (b"(013666666666AP00)", None)
    for bad in (order("text", "013666666666"), order("poll", None), order("poll", "(12345678)AB")):
        with pytest.raises(OrderError):
            tk103.encode(bad, DecoderSettings(), number=1)


@given(data=streams(SAMPLES), at=splits())
def test_any_stream_however_split(data: bytes, at: list[int]) -> None:
    survives(tk103, data, at)
