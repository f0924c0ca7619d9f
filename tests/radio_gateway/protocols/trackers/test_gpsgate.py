from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import gpsgate
from tests.radio_gateway.protocols.sentences import frame, heard, sentence

# published: GpsGate protocol specification ($FRLIN), Traccar's test inputs ($FRCMD)
LOG_IN = b"$FRLIN,IMEI,1234123412341234,*7B"
RMC = "GPRMC,154403.000,A,6311.64120,N,01438.02740,E,0.000,0.0,270707,,"
SOS = "FRCMD,862950025974620,_SendMessage,,2721.5781,S,15259.145,E,61,0.00,61,080316,092612,1"


def decoder() -> gpsgate.GpsGateDecoder:
    return gpsgate.decoder(DecoderSettings())


def one(body: str) -> Transmission:
    transmissions, reasons = heard(decoder(), [sentence(body)])
    assert (len(transmissions), reasons) == (1, [])
    return transmissions[0]


def test_message_says_who_where_and_when() -> None:
    transmission = one(f"{SOS},SosButton=0,voltage=4")
    assert (transmission.device, transmission.kind, transmission.fix) == (
        "862950025974620",
        "position",
        True,
    )
    assert transmission.device_time == datetime(2016, 3, 8, 9, 26, 12, tzinfo=UTC)
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(-(27 + 21.5781 / 60))
    assert transmission.position.lon == pytest.approx(152 + 59.145 / 60)
    assert (transmission.position.altitude_m, transmission.position.course_deg) == (61, 61)
    assert (transmission.distress, transmission.facts["voltage"]) == (False, "4")
    assert transmission.duplicate_window_s is None


def test_button_calls_for_help_even_without_a_usable_place() -> None:
    assert one(f"{SOS},SosButton=1").distress
    transmission = one(
        "FRCMD,0097,_SendMessage,,9999.1,N,x,E,61,0.00,61,080316,092612,1,SosButton=1"
    )
    assert (transmission.kind, transmission.distress, transmission.position) == (
        "distress",
        True,
        None,
    )
    assert transmission.flags == ("minutes_range",)


def test_invalid_fix_is_stale_and_ping_is_laid_to_nobody() -> None:
    transmission = one(
        "FRCMD,0097,_SendMessage,,7618.51990,S,4002.26182,E,350.0,1.08,0.0,250816,183522.500,0"
    )
    assert (transmission.fix, transmission.flags) == (False, ("stale_position",))
    assert transmission.device_time == datetime(2016, 8, 25, 18, 35, 22, 500_000, tzinfo=UTC)
    ping = one("FRCMD,862950025974620,_Ping,voltage=4")
    assert (ping.kind, ping.device, ping.position) == ("empty", None, None)
    assert ping.facts["id"] == "862950025974620"
    assert ping.facts["voltage"] == "4"


def test_log_in_is_answered_and_names_the_positions_that_follow() -> None:
    one_connection = decoder()
    assert one_connection.decode(frame(LOG_IN))[0].kind == "empty"
    assert one_connection.answers() == [sentence("FRSES,1234123412341234") + b"\r\n"]
    assert one_connection.answers() == []
    [transmission] = one_connection.decode(frame(sentence(RMC)))
    assert transmission.device == "1234123412341234"
    assert transmission.position is not None
    one_connection.decode(frame(sentence("FRVER,1,1,tracker 1.0")))
    assert one_connection.answers()[0].startswith(b"$FRVER,1,1,")
    assert one(RMC).device is None


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("FRCMD,1", "truncated"),
        ("FRCMD,1,_SendMessage,,5223.8,N,11440.4,W,1,2,3,220716,153507.00", "truncated"),
        ("FRCMD,,_SendMessage,,5223.8,N,11440.4,W,1,2,3,220716,153507.00,1", "no_device"),
        ("FRCMD,1,_SendMessage,,5223.8,Q,11440.4,W,1,2,3,220716,153507.00,1", "bad_hemisphere"),
        ("FRCMD,1,_SendMessage,,5263.8,N,11440.4,W,1,2,3,220716,153507.00,1", "minutes_range"),
        ("FRCMD,1,_SendMessage,,9523.8,N,11440.4,W,1,2,3,220716,153507.00,1", "lat_range"),
        ("FRCMD,1,_SendMessage,,0.0,N,0.0,W,1,2,3,220716,153507.00,1", "null_island"),
        ("FRCMD,1,_SendMessage,,,,,,1,2,3,220716,153507.00,1", "missing_lat"),
        ("FRCMD,1,_SendMessage,,5223.8,N,11440.4,W,1,2,3,220716,253507.00,1", "bad_time"),
        ("FRCMD,1,_SendMessage,,5223.8,N,11440.4,W,1,x,3,220716,153507.00,1", "bad_number"),
        ("FRCMD,1,_SendMessage,,5223.8,N,11440.4,W,1,2,3,220716,153507.00,7", "bad_status"),
        ("FRLIN,IMEI", "no_device"),
        ("GPXYZ,1", "unknown_sentence"),
    ],
)
def test_bad_sentence_is_refused_with_its_reason(body: str, reason: str) -> None:
    assert heard(decoder(), [sentence(body)]) == ([], [reason])


@pytest.mark.parametrize(
    "body",
    [
        "FRCMD,1,_SendMessage,,5223.8,N,11440.4,W,1,2,3,310216,153507.00,1",
        "GPRMC,153507.00,A,5223.8,N,11440.4,W,2,3,310216,,",
    ],
)
def test_impossible_date_costs_the_time_and_not_the_place(body: str) -> None:
    transmission = one(body)
    assert (transmission.fix, transmission.device_time, transmission.flags) == (
        True,
        None,
        ("bad_date",),
    )
    assert transmission.position is not None


@given(st.integers(1, 70), st.integers(0, 7))
def test_flipped_bit_gives_no_position(at: int, bit: int) -> None:
    whole = sentence(SOS)
    damaged = whole[:at] + bytes([whole[at] ^ 1 << bit]) + whole[at + 1 :]
    if damaged.count(b"*") != 1 or b"\\" in damaged:
        return
    with pytest.raises(FrameError):
        decoder().decode(frame(damaged))


@given(st.lists(st.text("0123456789.NSEW=x", max_size=12), max_size=19))
def test_any_fields_give_a_report_or_a_reason(fields: list[str]) -> None:
    body = ",".join(["FRCMD", "7", "_SendMessage", *fields])
    transmissions, reasons = heard(decoder(), [sentence(body)])
    assert len(transmissions) + len(reasons) == 1
