from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.protocols import iridium_sbd
from tests.radio_gateway.protocols.sentences import frame, sentence
from tests.radio_gateway.protocols.trackers.streams import (
    cut,
    hear,
    hear_one,
    refusal,
    splits,
    streams,
    survives,
)

IMEI = b"300234063904190"


def element(identifier: int, content: bytes) -> bytes:
    return bytes([identifier]) + len(content).to_bytes(2, "big") + content


def header(*, imei: bytes = IMEI, status: int = 0, time: int = 1795000000) -> bytes:
    return element(
        1, b"\0\0\1\2" + imei + bytes([status]) + b"\0\x4b\0\0" + time.to_bytes(4, "big")
    )


def message(*elements: bytes) -> bytes:
    body = b"".join(elements)
    return b"\x01" + len(body).to_bytes(2, "big") + body


def location(flags: int = 0, lat: int = 20, lon: int = 100, km: int = 3) -> bytes:
    minutes = (30_000).to_bytes(2, "big")
    return element(
        3, bytes([flags, lat]) + minutes + bytes([lon]) + minutes + km.to_bytes(4, "big")
    )


TEXT = message(header(), element(2, b"all well\r\n"))
PLACE = message(header(status=2), location(), element(2, b"\x01\xff\x00"))
SAMPLES = (TEXT, PLACE)


def test_text_is_decoded_with_its_session_and_confirmed() -> None:
    (transmission,), reasons, answers = hear(iridium_sbd, TEXT)
    assert (transmission.kind, transmission.text, transmission.device) == (
        "text",
        "all well",
        IMEI.decode(),
    )
    assert transmission.device_time == datetime.fromtimestamp(1795000000, UTC)
    assert (transmission.position, transmission.fix, transmission.flags) == (None, None, ())
    assert (transmission.facts["momsn"], transmission.facts["session"]) == (75, "ok")
    assert (reasons, answers) == ([], [bytes.fromhex("01000405000101")])


@pytest.mark.parametrize(
    ("flags", "lat", "lon"), [(0, 20.5, 100.5), (1, 20.5, -100.5), (2, -20.5, 100.5)]
)
def test_location_is_an_estimate_of_the_network_and_no_fix(
    flags: int, lat: float, lon: float
) -> None:
    transmission = hear_one(iridium_sbd, message(header(), location(flags)))
    assert transmission.position is not None
    assert (transmission.position.lat, transmission.position.lon) == (lat, lon)
    assert transmission.position.accuracy_m == 3000.0
    assert (transmission.fix, transmission.flags) == (None, ("network_estimate",))
    assert transmission.facts["position_source"] == "iridium_network"


def test_payload_that_is_no_text_is_kept_as_hex() -> None:
    transmission = hear_one(iridium_sbd, PLACE)
    assert (transmission.text, transmission.facts["payload_hex"]) == (None, "01ff00")
    assert transmission.facts["session"] == "ok_location_poor"
    transmission = hear_one(iridium_sbd, message(header(), element(2, b"\xff")))
    assert transmission.kind == "other"


def test_sentences_in_the_payload_give_the_modems_own_fix() -> None:
    good = sentence("GPRMC,110000,A,2016.3800,N,10024.7200,E,2.0,90.0,181126,,")
    none = sentence("GPRMC,110001,V,,,,,,,181126,,")
    content = b"\r\n".join((good, none, b"$GPRMC,broken*00", b"hello"))
    transmissions, reasons, answers = hear(
        iridium_sbd, message(header(), location(), element(2, content))
    )
    assert (reasons, len(answers)) == ([], 1)
    assert [(each.fix, each.facts["position_source"]) for each in transmissions] == [
        (None, "iridium_network"),
        (True, "payload"),
    ]
    assert transmissions[1].position is not None
    assert transmissions[1].position.lat == pytest.approx(20.273)
    assert transmissions[1].device_time == datetime(2026, 11, 18, 11, 0, tzinfo=UTC)
    assert (transmissions[1].device, transmissions[1].flags) == (IMEI.decode(), ())
    assert transmissions[0].duplicate_key != transmissions[1].duplicate_key


def test_message_without_payload_says_that_there_was_a_session() -> None:
    transmission = hear_one(iridium_sbd, message(header(status=13)))
    assert (transmission.kind, transmission.facts["session"]) == ("empty", "rf_link_lost")


def test_unknown_elements_are_skipped_and_the_order_is_free() -> None:
    transmission = hear_one(iridium_sbd, message(element(2, b"hi"), element(9, b"?"), header()))
    assert (transmission.text, transmission.device) == ("hi", IMEI.decode())


def test_same_message_delivered_again_has_one_key() -> None:
    one, two = hear(iridium_sbd, TEXT + TEXT)[0]
    assert one.duplicate_key == two.duplicate_key is not None
    assert one.duplicate_window_s is None


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (TEXT[:40], "truncated"),
        (b"\x02" + TEXT[1:], "bad_version"),
        (message(element(2, b"hi")), "no_header"),
        (message(element(1, b"short")), "bad_length"),
        (message(header(imei=b"30023406390419x")), "bad_imei"),
        (message(header(), b"\x02\x00\xffhi"), "truncated"),
        (message(header(), b"\x02\x00"), "truncated"),
        (message(header(), element(3, b"short")), "bad_length"),
        (message(header(), location(0x80)), "reserved_bits"),
        (message(header(), location(0x04)), "reserved_bits"),
        (message(header(), location(lat=97)), "lat_range"),
        (message(header(), location(lon=181)), "lon_range"),
        (message(header(), element(3, bytes(11))), "null_island"),
        (message(header(), element(3, b"\0\x14\xff\xff\x14\0\0\0\0\0\1")), "minutes_range"),
        (message(header(), *(element(each, b"") for each in range(20, 40))), "bad_length"),
    ],
)
def test_bad_message_is_rejected_and_not_confirmed(data: bytes, reason: str) -> None:
    assert refusal(iridium_sbd, data) == reason


def test_messages_follow_each_other_and_noise_costs_only_itself() -> None:
    assert cut(iridium_sbd, TEXT + b"\x07noise" + PLACE + b"\x01\xff\xff" + TEXT) == [
        TEXT,
        b"\x07noise",
        PLACE,
        b"\x01\xff\xff",
        TEXT,
    ]


def test_noise_is_bounded() -> None:
    framer = iridium_sbd.FRAMING()
    for _ in range(20):
        assert all(len(payload) <= 64 for payload in framer.feed(b"x" * 1000))
    assert framer.junk_bytes > 19_000


@given(at=st.integers(3, len(PLACE) - 1), to=st.integers(0, 255))
def test_changed_byte_gives_a_place_on_earth_or_none(at: int, to: int) -> None:
    damaged = PLACE[:at] + bytes([to]) + PLACE[at + 1 :]
    decoder = iridium_sbd.decoder(DecoderSettings())
    try:
        (transmission,) = decoder.decode(frame(damaged))
    except FrameError:
        assert decoder.answers() == []
        return
    assert transmission.position is None or abs(transmission.position.lat) <= 90


@given(data=streams(SAMPLES), at=splits())
def test_any_stream_however_split(data: bytes, at: list[int]) -> None:
    survives(iridium_sbd, data, at)
