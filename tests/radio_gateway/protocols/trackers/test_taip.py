from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.sentence import checksum
from radio_gateway.protocols import taip
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

# The example of the TAIP manual; published test inputs of Traccar (TaipProtocolDecoderTest).
MANUAL = b">RPV15714+3739438-1220384601512612;ID=1234;*7F<"
EVENT = b">REV011958000369+0307185+1016144400000032;IO=200;SV=9;BL=4158;ID=357042063052352<"
MINUTES = b">RGP200317010815-3852.9306-06204.88560000003000101;&01;ID=5555;#7AD7*51<"
NO_STAR = b">RGP211217112154-2748332-058946350000000FF7F2100;ID=AA01;#0002;*2D<"
AKROZ = (
    b">RUV01120,NT003,190826131202-2353539-046680190360009FFDE0006,00111596,0,0,0,0,50000,500,"
    b"0,0,0,0,0,4G:0,00000;ID=FWHS;#1A04;*7A<"
)


def summed(body: str) -> bytes:
    return f"{body};*{checksum(f'{body};*'.encode()):02X}<".encode()


PLACE = summed(">RGP251126120000+2016273+10024720022090300FF0102;ID=7")
SAMPLES = (MANUAL, EVENT, MINUTES, NO_STAR, PLACE)


def test_short_report_says_place_motion_and_the_second_of_the_nearest_day() -> None:
    transmission = hear_one(taip, MANUAL)
    assert (transmission.device, transmission.fix, transmission.flags) == ("1234", True, ())
    assert transmission.device_time == NOW.replace(hour=4, minute=21, second=54)
    assert transmission.position is not None
    assert (transmission.position.lat, transmission.position.lon) == (37.39438, -122.03846)
    assert transmission.position.speed_mps == pytest.approx(15 * 1609.344 / 3600)
    assert transmission.position.course_deg == 126.0
    transmission = hear_one(taip, MANUAL, live=False)
    assert (transmission.device_time, transmission.facts["time_of_day"]) == (None, "04:21:54")


def test_dated_report_says_event_and_full_time() -> None:
    transmission = hear_one(taip, PLACE)
    assert transmission.device_time == NOW
    assert transmission.position is not None
    assert (transmission.position.lat, transmission.position.lon) == (20.16273, 100.2472)
    assert transmission.position.speed_mps == pytest.approx(22 * 1609.344 / 3600)
    assert transmission.position.course_deg == 90.0
    assert (transmission.distress, transmission.facts["alarm"]) == (True, "sos")


def test_event_report_counts_weeks_and_event_one_is_a_call_for_help() -> None:
    transmission = hear_one(taip, EVENT)
    assert transmission.device_time == datetime(2017, 7, 16, 0, 6, 9, tzinfo=UTC)
    assert (transmission.distress, transmission.facts["satellites"]) == (True, 9)
    other = hear_one(taip, EVENT.replace(b"REV01", b"REV45"))
    assert (other.distress, other.facts["event"]) == (False, 45)
    nowhere = hear_one(taip, EVENT.replace(b"+0307185", b"+9907185"))
    assert (nowhere.kind, nowhere.distress, nowhere.flags) == ("distress", True, ("lat_range",))


def test_place_may_be_in_minutes() -> None:
    transmission = hear_one(
        taip, summed(">RGP200317010815-3852.9306-06204.88560100903000101;ID=5555")
    )
    assert transmission.position is not None
    assert transmission.position.lat == pytest.approx(-38.8821767)
    assert transmission.position.lon == pytest.approx(-62.0814267)
    assert (transmission.distress, transmission.position.course_deg) == (False, 90.0)


def test_old_missing_and_unknown_fixes_are_none() -> None:
    base = ">RPV15714+3739438-12203846015126{};ID=1"
    for source_age, fix in (("12", True), ("11", False), ("10", False), ("92", False)):
        transmission = hear_one(taip, summed(base.format(source_age)))
        assert transmission.fix is fix
    transmission = hear_one(taip, summed(">RGP251126120000+0000000+000000000000000000FF;ID=7"))
    assert (transmission.position, transmission.flags) == (None, ("no_fix",))


def test_akroz_speaks_kilometres_and_has_its_own_events() -> None:
    transmission = hear_one(taip, AKROZ)
    assert (transmission.facts["alarm"], transmission.distress) == ("hardAcceleration", False)
    assert transmission.position is not None
    assert transmission.position.speed_mps == pytest.approx(10.0)


def test_numbered_message_is_acknowledged_the_way_it_counts() -> None:
    ack = b">ACK;ID=AA01;#0002;*"
    assert hear(taip, NO_STAR)[2] == [ack + f"{checksum(ack[:-1]):02X}<".encode()]
    first = summed(">RCQ00251126120000+2016273+10024720022090;#0805;ID=SIA056")
    ack = b">ACK;#0805;ID=SIA056;*"
    assert hear(taip, first)[2] == [ack + f"{checksum(ack):02X}<".encode()]
    sak = summed(">RGP251126120000+2016273+10024720022090;ID=8385;#IP0:0080")
    assert hear(taip, sak)[2] == [b">SAK;ID=8385;#IP0:0080<"]
    assert hear(taip, PLACE)[2] == []


def test_other_message_is_laid_to_the_link() -> None:
    transmission = hear_one(taip, b">RAL19500+00230+00012;ID=3168;*48<")
    assert (transmission.device, transmission.kind, transmission.facts["sender"]) == (
        None,
        "other",
        "3168",
    )


def test_checksum_becomes_required_once_one_was_sent() -> None:
    transmissions, reasons, _ = hear(taip, EVENT + MANUAL + EVENT)
    assert [each.device for each in transmissions] == ["357042063052352", "1234"]
    assert reasons == ["no_checksum"]
    assert refusal(taip, EVENT, checksum_required=True) == "no_checksum"


@given(at=st.integers(1, len(PLACE) - 2), bit=st.integers(0, 6))
def test_one_flipped_bit_gives_no_position(at: int, bit: int) -> None:
    assume(bit != 5 or at < len(PLACE) - 3)  # a checksum in small letters is the same
    damaged = bytearray(PLACE)
    damaged[at] ^= 1 << bit
    with pytest.raises(FrameError):
        taip.decoder(DecoderSettings(checksum_required=True)).decode(frame(bytes(damaged)))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (MANUAL.replace(b"*7F", b"*7E"), "bad_checksum"),
        (MANUAL.replace(b";*7F", b"0*7F"), "bad_checksum"),
        (b">RPV15714+3739438-12203846;ID=1<", "truncated"),
        (b">RPV99999+3739438-1220384601512612;ID=1234<", "bad_time"),
        (b">RPV15714+9739438-1220384601512612;ID=1234<", "lat_range"),
        (b">RPV15714+3739438-1820384601512612;ID=1234<", "lon_range"),
        (b">RPV15714+0000000+0000000001512612;ID=1234<", "null_island"),
        (b">RGP200317010815-3862.9306-06204.88560000003000101;ID=5<", "minutes_range"),
        (b">RPV15714+37x9438-1220384601512612;ID=1234<", "bad_fields"),
        (b">hello<", "bad_fields"),
        (b"RPV15714+3739438-1220384601512612;ID=1234\r\n", "no_start"),
        (b">RPV\xff<", "control_byte"),
    ],
)
def test_bad_message_is_rejected_and_not_acknowledged(data: bytes, reason: str) -> None:
    assert refusal(taip, data) == reason


def test_message_without_its_end_is_cut_at_the_next_or_the_line() -> None:
    data = b"noise" + MANUAL[:-1] + PLACE + MANUAL[:-1] + b"\r\n"
    assert cut(taip, data) == [b"noise", MANUAL[:-1], PLACE, MANUAL[:-1]]
    framer = taip.FRAMING()
    framer.feed(PLACE + b"\1\2\3" + PLACE)
    assert framer.junk_bytes == 3


def test_endless_message_is_dropped() -> None:
    framer = taip.FRAMING()
    framer.feed(b">R")
    for _ in range(50):
        assert all(len(payload) <= 256 for payload in framer.feed(b"x" * 1000))
    assert framer.feed(PLACE)[-1] == PLACE


@given(data=streams(SAMPLES), at=splits())
def test_any_stream_however_split(data: bytes, at: list[int]) -> None:
    survives(taip, data, at)
