from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given

from radio_gateway.protocols.h02 import h02
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

# Published test inputs of Traccar (H02ProtocolDecoderTest) and our own.
TEXT = b"*HQ,353505220903211,V1,140817,A,5239.3538,N,01003.5292,E,21.03,312,221013,FFFFFBFF#"
SOS = TEXT.replace(b"FFFFFBFF", b"FFFBFFFF")
BEAT = b"*HQ,135790246811220,HTBT,95#"
CELLS = b"*HQ,1451316451,NBR,112315,724,10,2,2,215,2135,123,215,2131,121,011215,FFFFFFFF#"
LINK = b"*HQ,1600068860,LINK,112137,20,8,67,0,0,081116,FFFFFBFF#"
ANSWER = b"*TH,2020916012,V4,S20,DONE,130305," + TEXT.partition(b"V1,")[2]
WORDS = b"*HQ,5226073533,SMS,VOLT:12.9V\nGPS:A-24-23\nGSM:26#"
SHORT_ID = bytes.fromhex(
    "2441091144271222470112142233983006114026520e000000fffffbffff0014060000000001cc00262b0f170a"
)
LONG_ID = bytes.fromhex(
    "2435248308419329301047591808172627335900074412294e024138feffffffff01120064ba73005ecc"
)
SAMPLES = (TEXT, SOS, BEAT, CELLS, LINK, ANSWER, WORDS, SHORT_ID, LONG_ID)


def test_text_says_place_motion_time_and_is_answered() -> None:
    (transmission,), reasons, answers = hear(h02, TEXT)
    assert (transmission.device, transmission.fix, transmission.distress, reasons) == (
        "353505220903211",
        True,
        False,
        [],
    )
    assert transmission.device_time == datetime(2013, 10, 22, 14, 8, 17, tzinfo=UTC)
    place = transmission.position
    assert place is not None
    assert place.lat == pytest.approx(52.6558967)
    assert place.lon == pytest.approx(10.05882)
    assert place.speed_mps == pytest.approx(21.03 * 1852 / 3600)
    assert place.course_deg == 312.0
    assert answers == [b"*HQ,353505220903211,V4,V1,20261125120000#"]


@pytest.mark.parametrize(
    ("data", "device", "lat", "lon", "knots"),
    [
        (SHORT_ID, "4109114427", 22.5663833, 114.0442, 0),
        (LONG_ID, "352483084193293", 26.4555983, 74.6871567, 24),
    ],
)
def test_binary_says_the_same(
    data: bytes, device: str, lat: float, lon: float, knots: float
) -> None:
    transmission = hear_one(h02, data)
    assert (transmission.device, transmission.fix) == (device, True)
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(lat)
    assert transmission.position.lon == pytest.approx(lon)
    assert transmission.position.speed_mps == pytest.approx(knots * 1852 / 3600)


@pytest.mark.parametrize(
    ("word", "alarm"),
    [
        (b"FFFFFFFD", "sos"),
        (b"FFFBFFFF", "sos"),
        (b"FFFFFFFC", "sos"),  # shaken as well: the call for help goes first
        (b"FFFFFFFE", "vibration"),
        (b"FFFFFFFB", "overspeed"),
        (b"FFF7FFFF", "powerCut"),
        (b"00000000", None),
    ],
)
def test_cleared_status_bits_are_alarms(word: bytes, alarm: str | None) -> None:
    transmission = hear_one(h02, TEXT.replace(b"FFFFFBFF", word))
    assert transmission.facts.get("alarm") == alarm
    assert transmission.distress is (alarm == "sos")
    binary = SHORT_ID[:25] + bytes.fromhex(word.decode()) + SHORT_ID[29:]
    assert hear_one(h02, binary).distress is (alarm == "sos")


def test_call_for_help_survives_an_impossible_or_missing_place() -> None:
    for old, new in ((b"5239.3538", b"9939.3538"), (b"5239", b"5261"), (b",N,", b",Q,")):
        transmission = hear_one(h02, SOS.replace(old, new))
        assert (transmission.kind, transmission.distress, transmission.position) == (
            "distress",
            True,
            None,
        )
    nowhere = b"*HQ,353505220903211,V1,,V,,N,,E,0.00,0,,FFFFFFFD,f0,a#"
    transmission = hear_one(h02, nowhere)
    assert (transmission.device, transmission.distress, transmission.flags) == (
        "353505220903211",
        True,
        ("no_fix",),
    )


@pytest.mark.parametrize(
    ("at", "said_there", "flag"),
    [
        (3, "12000", "bad_time"),
        (4, "X", "bad_status"),
        (9, "-", "bad_number"),
        (10, "x", "bad_number"),
    ],
)
def test_call_for_help_is_decoded_whatever_is_wrong_beside_its_place(
    at: int, said_there: str, flag: str
) -> None:
    fields = SOS.decode().split(",")
    fields[at] = said_there
    transmission = hear_one(h02, ",".join(fields).encode())
    assert (transmission.distress, transmission.position is not None) == (True, True)
    assert flag in transmission.flags
    with_status = f"*HQ,353505220903211,NBR,{said_there},460,0,1,1,9520,3671,13,251126,FFFFFFFD#"
    assert hear_one(h02, with_status.encode()).distress


def test_message_that_says_nothing_is_laid_to_the_link() -> None:
    transmission = hear_one(
        h02, b"*HQ,353505510948929,V1,,V,,N,,E,0.00,0,,FFFFF7FF,f0,a,11a0,c0c6#"
    )
    assert (transmission.device, transmission.kind, transmission.facts["sender"]) == (
        None,
        "empty",
        "353505510948929",
    )


def test_old_place_is_stale_and_a_coding_number_means_a_fix() -> None:
    for status, fix in ((b"V", False), (b"B", False), (b"", False), (b"0", True)):
        transmission = hear_one(h02, TEXT.replace(b",A,", b"," + status + b","))
        assert transmission.fix is fix
        assert transmission.flags == (() if fix else ("stale_position",))


@pytest.mark.parametrize(
    ("lat", "degrees"),
    [(b"-23-3.3408", 23.05568), (b"37573392", 37.9556533), (b"38.6508", 0.64418)],
)
def test_odd_ways_to_write_a_coordinate(lat: bytes, degrees: float) -> None:
    transmission = hear_one(h02, TEXT.replace(b"5239.3538,N", lat + b",S"))
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(-degrees)


def test_answer_to_a_command_is_decoded_with_its_report() -> None:
    transmission = hear_one(h02, ANSWER)
    assert (transmission.facts["answered"], transmission.position is None) == ("S20,DONE", False)
    transmission = hear_one(h02, b"*HQ,2020916012,V4,S20,DONE,130305#")
    assert (transmission.kind, transmission.position) == ("answer", None)


def test_heartbeat_link_cells_and_words_have_no_place() -> None:
    transmissions, reasons, answers = hear(h02, BEAT + LINK + CELLS + WORDS)
    assert [each.kind for each in transmissions] == ["status", "status", "status", "answer"]
    assert [each.position for each in transmissions] == [None] * 4
    assert transmissions[0].facts["battery_pct"] == 95
    assert (transmissions[1].facts["satellites"], transmissions[1].facts["battery_pct"]) == (8, 67)
    assert transmissions[2].device_time == datetime(2015, 12, 1, 11, 23, 15, tzinfo=UTC)
    assert (transmissions[3].text or "").startswith("VOLT:12.9V\n")
    assert reasons == []
    assert answers == [
        b"*HQ,135790246811220,HTBT#",
        b"*HQ,1451316451,V4,NBR,20261125120000#",
    ]


def test_time_without_a_date_takes_the_nearest_day_only_when_received_live() -> None:
    data = TEXT.replace(b"221013", b"000000")
    assert hear_one(h02, data).device_time == NOW.replace(hour=14, minute=8, second=17)
    transmission = hear_one(h02, data, live=False)
    assert (transmission.device_time, transmission.facts["time_of_day"]) == (None, "14:08:17")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"*HQ,4109198974,#", "empty"),
        (TEXT[:50], "truncated"),
        (TEXT[:50] + b"#", "truncated"),
        (TEXT.replace(b"5239", b"9939"), "lat_range"),
        (TEXT.replace(b"01003", b"18103"), "lon_range"),
        (TEXT.replace(b"5239", b"5261"), "minutes_range"),
        (TEXT.replace(b",N,", b",E,"), "bad_hemisphere"),
        (TEXT.replace(b",A,", b",X,"), "bad_status"),
        (TEXT.replace(b"21.03", b"1e999"), "bad_number"),
        (TEXT.replace(b"140817", b"14081"), "bad_time"),
        (TEXT.replace(b"HQ", b"HQ,\xff"), "control_byte"),
        (TEXT[1:], "no_start"),
        (SHORT_ID[:20], "truncated"),
        (SHORT_ID[:13] + b"\x61" + SHORT_ID[14:], "minutes_range"),
        (SHORT_ID[:12] + b"\xaa" + SHORT_ID[13:], "bad_bcd"),
        (b"$" + bytes(28) + bytes(16), "bad_bcd"),
    ],
)
def test_bad_message_is_rejected_and_not_answered(data: bytes, reason: str) -> None:
    assert refusal(h02, data) == reason


def test_mixed_stream_is_cut_at_the_right_places() -> None:
    data = b"\0\xff" + SHORT_ID + TEXT + b"\r\n" + LONG_ID + SHORT_ID[:32] + TEXT[:30] + SOS
    assert cut(h02, data) == [
        SHORT_ID[:32],
        TEXT,
        LONG_ID[:32],
        SHORT_ID[:32],
        TEXT[:30],
        SOS,
    ]
    framer = h02.FRAMING()
    framer.feed(data)
    assert framer.junk_bytes == 1


def test_binary_message_is_decoded_without_waiting_for_the_next() -> None:
    assert h02.FRAMING().feed(SHORT_ID) == [SHORT_ID[:32]]


def test_dollar_inside_a_tail_starts_nothing() -> None:
    data = SHORT_ID[:32] + b"$$$$$$$$$$$$$" + TEXT
    assert cut(h02, data) == [SHORT_ID[:32], TEXT]


def test_endless_text_is_dropped() -> None:
    framer = h02.FRAMING()
    framer.feed(b"*HQ,1,V1,")
    for _ in range(50):
        assert all(len(payload) <= 256 for payload in framer.feed(b"x" * 1000))
    assert framer.feed(TEXT)[-1] == TEXT


def test_own_frames_are_recognised_and_nmea_is_not() -> None:
    assert h02.speaks(frame(TEXT))
    assert h02.speaks(frame(SHORT_ID))
    assert not h02.speaks(frame(b"$GPRMC,120000,A,5239.3538,N,01003.5292,E,1,1,221013,,A*5E"))


@given(data=streams(SAMPLES), at=splits())
def test_any_stream_however_split(data: bytes, at: list[int]) -> None:
    survives(h02, data, at)
