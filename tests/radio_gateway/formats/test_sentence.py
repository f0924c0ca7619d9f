from __future__ import annotations

from datetime import UTC, datetime
from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.sentence import checksum, read_sentence
from tests.radio_gateway.protocols.sentences import sentence

GLL = "GPGLL,5958.613,N,02325.928,E,121022,A,D"


@given(st.binary(max_size=300))
def test_checksum_is_the_exclusive_or_of_all_bytes(body: bytes) -> None:
    assert checksum(body) == reduce(xor, body, 0)


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty"),
        (b"GPGLL,1*00", "no_start"),
        (b"$GPGLL,5958.613,N,02325.928,E,121022,A,D*41", "bad_checksum"),
        (b"$GPGLL,5958.613,N,02325.928,E,121022,A,D*", "bad_checksum"),
        (b"$GPGLL,5958.613,N,02325.928,E,121022,A,D*4", "bad_checksum"),
        (b"$GPGLL,5958.613,N,02325.928,E,121022,A,D*+0", "bad_checksum"),
        (b"$GPGLL,5958\x0e613,N*40", "control_byte"),
        (b"$GPGLL,5958\xe9613,N*40", "control_byte"),
        (b"not a name $GPGLL,1", "no_start"),
        (b"\\s:x,c:1", "bad_tag_block"),
        (b"\\s:x*42\\GPGLL,1", "no_start"),
        (b"\\s:x*42\\", "no_start"),
    ],
)
def test_damaged_envelope_is_refused_with_its_reason(payload: bytes, reason: str) -> None:
    with pytest.raises(FrameError) as caught:
        read_sentence(payload)
    assert caught.value.reason == reason
    assert caught.value.payload == payload


def test_checksum_may_be_in_lower_case_and_may_be_zero() -> None:
    assert read_sentence(b"$GPGLL,4916.45,N,12311.12,W,225444,A*31").checked
    assert read_sentence(b"$GPXXX,c*00").checked
    gga = b"$GPGGA,130711,5012.790800,N,00806.879600,W,2,,,,,,,*6a"
    assert read_sentence(gga).checked


def test_sentence_without_checksum_is_read_and_says_so() -> None:
    read = read_sentence(f"${GLL}".encode())
    assert (read.text, read.checked) == (GLL, False)


def test_device_name_is_read_in_all_its_forms() -> None:
    for prefix in ("123456789", "123456789,", "4711/123456789/"):
        assert read_sentence(prefix.encode() + sentence(GLL)).device == "123456789"


def test_text_after_the_checksum_is_no_part_of_the_sentence() -> None:
    payload = b"!AIVDM,1,1,,A,15N1u<PP1FJuvSRHOE6QIwwh0HQ6,0*30,d-080,S2118,t050056.00,T56.2,r08"
    assert read_sentence(payload).fields()[-1] == "0"


@pytest.mark.parametrize(
    "tag", [r"\s:sea,c:1481688176*3F" + "\\", r"\s:sea,c:1481688176000*3F" + "\\"]
)
@pytest.mark.parametrize("before", [True, False])
def test_tag_block_gives_station_and_time_in_seconds_or_milliseconds(
    tag: str, before: bool
) -> None:
    body = tag.strip("\\").partition("*")[0]
    block = f"\\{body}*{checksum(body.encode()):02X}\\".encode()
    read = read_sentence(block + sentence(GLL) if before else sentence(GLL) + block)
    assert read.tag is not None
    assert read.tag.station == "sea"
    assert read.tag.time == datetime(2016, 12, 14, 4, 2, 56, tzinfo=UTC)
    assert read.device is None


def test_tag_block_with_a_wrong_checksum_says_nothing() -> None:
    read = read_sentence(b"\\s:sea,c:1481688176*00\\" + sentence(GLL))
    assert read.tag is not None
    assert (read.tag.intact, read.tag.station, read.tag.time) == (False, None, None)


def test_two_tag_blocks_add_up() -> None:
    read = read_sentence(b"\\g:1-2-77\\\\s:sea\\" + sentence(GLL))
    assert read.tag is not None
    assert (read.tag.group, read.tag.station) == ("77", "sea")


@pytest.mark.parametrize("time", ["", "x", "-1", "9" * 15, "9" * 40, "1e9"])
def test_impossible_time_in_a_tag_block_is_none(time: str) -> None:
    read = read_sentence(f"\\s:sea,c:{time}\\".encode() + sentence(GLL))
    assert read.tag is not None
    assert read.tag.time is None
