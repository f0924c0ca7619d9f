from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.orders.order import Order, OrderError
from radio_gateway.protocols import gps103
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

# Published test inputs of Traccar (Gps103ProtocolDecoderTest) and our own.
PLACE = (
    b"imei:359710047424644,tracker,150506224036,,F,154037.000,A,0335.2785,N,09841.1543"
    b",E,3.03,337.54,,0,0,45.16%,,;"
)
NO_FIX = b"imei:359710049075097,help me,,,L,,,113b,,558f,,,,,0,0,,,;"
LOGIN = b"##,imei:359586015829802,A;"
BEAT = b"359586015829802;"
NAMED = (
    b"imei:861359038609986,Equipo 1,---,------,----,214734,241018,26,1,-33.42317,-70.6"
    b"1930,067,229,0674,1.00,08,0,1,---,*"
)
ENGINE = (
    b"imei:359710048977327,OBD,180301094003,5000000,0.00,0.00,98,18,68.63%,55,25.10%,1"
    b"368,14.24,,,,;"
)
SAMPLES = (PLACE, NO_FIX, LOGIN, BEAT, NAMED, ENGINE)


def own(stamp: str, utc: str, *, status: str = "A", event: str = "tracker") -> bytes:
    place = "2016.3800,N,10024.7200,E,2.00,0"
    return f"imei:1234567890,{event},{stamp},,F,{utc},{status},{place};".encode()


def test_report_says_place_motion_fuel_and_utc_time() -> None:
    transmission = hear_one(gps103, PLACE)
    assert (transmission.device, transmission.fix, transmission.distress) == (
        "359710047424644",
        True,
        False,
    )
    place = transmission.position
    assert place is not None
    assert place.lat == pytest.approx(3.587975)
    assert place.lon == pytest.approx(98.685905)
    assert place.speed_mps == pytest.approx(3.03 * 1852 / 3600)
    assert place.course_deg == 337.54
    assert transmission.device_time == datetime(2015, 5, 6, 15, 40, 37, tzinfo=UTC)
    assert transmission.facts["fuel_1_pct"] == 45.16


@pytest.mark.parametrize(
    ("stamp", "utc", "time"),
    [
        ("2611250330", "203015", "2026-11-24T20:30:15"),  # seven hours ahead, past local midnight
        ("2611242330", "043015", "2026-11-25T04:30:15"),  # five hours behind, before it
        ("26/11/25 13:00", "060059.000", "2026-11-25T06:00:59"),
        ("261125130059", "0.0", "2026-11-25T13:00:00"),
    ],
)
def test_utc_date_follows_from_the_local_stamp(stamp: str, utc: str, time: str) -> None:
    transmission = hear_one(gps103, own(stamp, utc), live=False)
    assert transmission.device_time == datetime.fromisoformat(time).replace(tzinfo=UTC)
    assert ("local_time" in transmission.flags) is (utc == "0.0")


def test_time_without_a_date_takes_the_nearest_day_only_when_received_live() -> None:
    transmission = hear_one(gps103, own("0000000000", "115959"))
    assert transmission.device_time == NOW - timedelta(seconds=1)
    transmission = hear_one(gps103, own("0000000000", "115959"), live=False)
    assert (transmission.device_time, transmission.facts["time_of_day"]) == (None, "11:59:59")
    assert "bad_date" in hear_one(gps103, own("2618301200", "115959")).flags


def test_old_place_is_stale_and_course_zero_is_no_course() -> None:
    transmission = hear_one(gps103, own("2611251900", "120000", status="V"))
    assert (transmission.fix, transmission.flags) == (False, ("stale_position",))
    assert transmission.position is not None
    assert transmission.position.course_deg is None


def test_call_for_help_without_a_fix_is_a_call_for_help_and_is_answered() -> None:
    transmissions, reasons, answers = hear(gps103, NO_FIX)
    assert [(each.kind, each.distress, each.position, each.flags) for each in transmissions] == [
        ("distress", True, None, ("no_fix",))
    ]
    assert (reasons, answers) == ([], [b"**,imei:359710049075097,E;"])
    assert transmissions[0].facts["cell_lac"] == "113b"


def test_call_for_help_survives_an_impossible_place() -> None:
    data = own("2611251900", "120000", event="help me").replace(b"2016.38", b"9916.38")
    transmission = hear_one(gps103, data)
    assert (transmission.distress, transmission.position, transmission.flags) == (
        True,
        None,
        ("lat_range",),
    )


@pytest.mark.parametrize(
    ("behind", "placed", "flag"),
    [
        ("2611251900,,F,120000,A,2016.38,N,10024.72,E,x,0", True, "bad_number"),
        ("2611251900,,F,120000,A,2016.38,N,10024.72,E,0,x", True, "bad_number"),
        ("2611251900,,F,250000,A,2016.38,N,10024.72,E,0,0", True, "bad_time"),
        ("2611251900,,F,120000,V,,,,", False, "bad_number"),  # as sets without a fix say it
        ("2611251900,,F,,V,,N,,E,,", False, "bad_number"),
        ("2611251900,,X,120000,A,2016.38,N,10024.72,E,0,0", False, "bad_status"),
    ],
)
def test_call_for_help_is_decoded_and_answered_whatever_is_wrong_in_it(
    behind: str, placed: bool, flag: str
) -> None:
    message = f"imei:359710049075097,help me,{behind};"
    transmissions, reasons, answers = hear(gps103, message.encode())
    assert (len(transmissions), reasons, answers) == (1, [], [b"**,imei:359710049075097,E;"])
    (call,) = transmissions
    assert (call.device, call.distress) == ("359710049075097", True)
    assert (call.position is not None, call.kind == "distress") == (placed, not placed)
    assert flag in call.flags


@pytest.mark.parametrize("behind", ["", ",2611251900,,F", ",2611251900,,F,120000,A,2016.38,N"])
def test_call_for_help_that_is_cut_short_is_not_answered_so_that_it_comes_again(
    behind: str,
) -> None:
    transmissions, reasons, answers = hear(
        gps103, f"imei:359710049075097,help me{behind};".encode()
    )
    assert (transmissions, reasons, answers) == ([], ["truncated"], [])


def test_log_in_and_heartbeat_are_answered_and_laid_to_the_link() -> None:
    transmissions, reasons, answers = hear(gps103, LOGIN + BEAT)
    assert [(each.device, each.status, each.facts["sender"]) for each in transmissions] == [
        (None, "login", "359586015829802"),
        (None, "heartbeat", "359586015829802"),
    ]
    assert (reasons, answers) == ([], [b"LOAD", b"ON"])


def test_heartbeat_glued_to_a_report_is_both() -> None:
    transmissions, _, answers = hear(gps103, b"359710047424644" + PLACE)
    assert [each.device for each in transmissions] == ["359710047424644"]
    assert answers == [b"ON"]


def test_variant_with_a_name_and_signed_degrees() -> None:
    transmission = hear_one(gps103, NAMED)
    assert transmission.position is not None
    assert (transmission.position.lat, transmission.position.altitude_m) == (-33.42317, 674.0)
    assert transmission.position.speed_mps == pytest.approx(67 / 3.6)
    assert transmission.device_time == datetime(2018, 10, 24, 21, 47, 34, tzinfo=UTC)


def test_engine_figures_are_a_status_without_a_place() -> None:
    transmission = hear_one(gps103, ENGINE)
    assert (transmission.kind, transmission.position, transmission.facts["engine_rpm"]) == (
        "status",
        None,
        1368.0,
    )


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (PLACE[:80], "truncated"),
        (b"359769031878382imei:359760318783824;", "truncated"),
        (b"imei:,tracker,0809231429,,F,062947,A,2234.4026,N,11354.3277,E,0.00,;", "no_device"),
        (own("2611251900", "250000"), "bad_time"),
        (own("2611251900", "120000").replace(b"2016.3800", b"2060.0000"), "minutes_range"),
        (own("2611251900", "120000").replace(b"2016.38", b"9116.38"), "lat_range"),
        (own("2611251900", "120000").replace(b",N,", b",Q,"), "bad_hemisphere"),
        (own("2611251900", "120000").replace(b"2.00", b"nan"), "bad_number"),
        (own("2611251900", "120000", status="X"), "bad_status"),
        (b"imei:1234567890,tracker,2611251900,,F,120000,A,0.0000,N,0.0000,E,0;", "null_island"),
        (b"hello there;", "no_start"),
        (b"imei:1234567\xff890,tracker,,;", "control_byte"),
    ],
)
def test_bad_message_is_rejected_and_not_answered(data: bytes, reason: str) -> None:
    assert refusal(gps103, data) == reason


def test_message_cut_short_by_another_costs_only_itself() -> None:
    transmissions, reasons, _ = hear(gps103, PLACE[:60] + PLACE + b"\x01\x02\xff;" + PLACE)
    assert [each.position is not None for each in transmissions] == [True, True]
    assert reasons == ["truncated"]


def test_same_fix_twice_has_one_key_and_an_alarm_another() -> None:
    one, two = (hear_one(gps103, own("2611251900", "120000")) for _ in range(2))
    alarm = hear_one(gps103, own("2611251900", "120000", event="help me"))
    assert one.duplicate_key == two.duplicate_key != alarm.duplicate_key
    assert one.duplicate_window_s is None


def test_call_for_help_without_a_current_fix_may_be_made_anew_with_the_same_words() -> None:
    call = hear_one(gps103, own("2611251900", "120000", status="V", event="help me"))
    assert call.distress
    assert call.position is not None
    assert call.duplicate_window_s == 30.0
    current = hear_one(gps103, own("2611251900", "120000", event="help me"))
    assert current.duplicate_window_s is None


def test_endless_message_is_bounded() -> None:
    framer = gps103.FRAMING()
    for _ in range(100):
        assert framer.feed(b"imei" + b"1" * 1000) == []
    (payload,) = framer.close()
    assert len(payload) == gps103.MAX_BYTES
    assert framer.junk_bytes == 100 * 1004 - gps103.MAX_BYTES


@given(data=streams(SAMPLES), at=splits())
def test_any_stream_however_split(data: bytes, at: list[int]) -> None:
    survives(gps103, data, at)


def order(**more: object) -> Order:
    fields = {"id": "1", "kind": "poll", "channel": "c", "operator": "o", "device": "123456789"}
    times = {"created_at": NOW, "expires_at": NOW}
    return Order(**(fields | times | more))  # type: ignore[arg-type]


def test_poll_asks_one_tracker_and_nothing_else_can_be_sent() -> None:
    outgoing = gps103.encode(order(), DecoderSettings(), number=1)
    assert (outgoing.data, outgoing.answer) == (b"**,imei:123456789,B;", None)
    for bad in (order(kind="text", text="x"), order(device=None), order(device="1;2")):
        with pytest.raises(OrderError):
            gps103.encode(bad, DecoderSettings(), number=1)


def test_frames_are_cut_at_every_kind_of_end() -> None:
    assert cut(gps103, LOGIN + b"\r\n" + PLACE + NAMED) == [
        each[:-1] for each in (LOGIN, PLACE, NAMED)
    ]
