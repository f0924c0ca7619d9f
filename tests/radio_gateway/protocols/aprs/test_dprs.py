from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.sentence import checksum
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import dprs
from radio_gateway.protocols.dprs import PATIENCE, DprsDecoder, crc
from tests.radio_gateway.protocols.aprs.aprs_words import near
from tests.radio_gateway.protocols.sentences import NOW, frame, sentence

# published with aprx, CRC included
SAMPLE = b"$$CRCB727,OH3BK-D>APRATS,DSTAR*:@165340h6128.23N/02353.52E-D-RATS (GPS-A) /A=000377"
GGA = sentence("GPGGA,080000,2016.3800,N,10024.7200,E,1,08,1.1,352.0,M,-30.0,M,,")
RMC = sentence("GPRMC,080000,A,2016.3800,N,10024.7200,E,10.0,90.0,251126,,")
IDENTITY = b"OH3BK  D,BN  *59             "  # published with aprx


def gps_a(packet: bytes) -> bytes:
    return b"$$CRC%04X," % crc(packet + b"\r") + packet


def said_in(*lines: bytes, decoder: DprsDecoder | None = None) -> list[Transmission]:
    decoder = decoder or dprs.decoder(DecoderSettings())
    return [transmission for line in lines for transmission in decoder.decode(frame(line))]


def refused(line: bytes) -> str:
    with pytest.raises(FrameError) as caught:
        said_in(line)
    assert caught.value.payload == line
    return caught.value.reason


def test_published_gps_a_line_is_an_aprs_position() -> None:
    (transmission,) = said_in(SAMPLE)
    assert (transmission.address, transmission.position) == (
        "aprs:OH3BK-D",
        near(23.892, 61.4705, within_deg=1e-6),
    )
    assert transmission.position is not None
    assert transmission.position.altitude_m == pytest.approx(377 * 0.3048)
    assert transmission.facts["comment"] == "D-RATS (GPS-A)"


def test_crc_may_be_in_lower_case_and_filler_may_stand_before_it() -> None:
    for line in (SAMPLE.replace(b"B727", b"b727"), b"fff\x00" + SAMPLE, b"$$CRC12" + SAMPLE):
        assert len(said_in(line)) == 1


@given(at=st.integers(0, len(SAMPLE) * 8 - 1))
def test_one_wrong_bit_gives_no_position(at: int) -> None:
    line = bytearray(SAMPLE)
    line[at // 8] ^= 1 << at % 8
    decoder = dprs.decoder(DecoderSettings())
    if bytes(line)[:10].lower() == SAMPLE[:10].lower():  # only the case of the CRC's digits
        return
    with pytest.raises(FrameError):
        decoder.decode(frame(bytes(line)))
    assert decoder.flush(None) == []


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"", "empty"),
        (b"$$CRCB728" + SAMPLE[9:], "bad_crc"),
        (b"$$CRC,OH3BK-D>APRATS:!", "bad_crc"),
        (b"$$CRCXXXX,OH3BK-D>APRATS:!", "bad_crc"),
        (b"$$CRC", "bad_crc"),
        (gps_a(b"no packet"), "bad_header"),
        (gps_a(b"OH3BK-D>APRATS,DSTAR*:!9928.23N/02353.52E-"), "lat_range"),
        (RMC[:-1] + b"x", "bad_checksum"),
        (b"OH3BK  D,BN  *58             ", "bad_checksum"),
        (b"noise", "unknown_line"),
        (b"\xff\xfe\xfd", "unknown_line"),
    ],
)
def test_bad_line_is_refused_with_its_reason(line: bytes, reason: str) -> None:
    assert refused(line) == reason


def test_call_sign_after_the_sentences_names_their_sender() -> None:
    decoder = dprs.decoder(DecoderSettings())
    assert said_in(GGA, RMC, decoder=decoder) == []
    assert decoder.waiting()
    (transmission,) = said_in(IDENTITY, decoder=decoder)
    assert not decoder.waiting()
    position = transmission.position
    assert position == near(100.412, 20.273, within_deg=1e-6)
    assert position is not None
    assert (position.altitude_m, position.course_deg) == (352.0, 90.0)
    assert (transmission.address, transmission.fix, transmission.flags) == (
        "aprs:OH3BK-D",
        True,
        (),
    )
    assert transmission.device_time == datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
    assert transmission.facts["comment"] == "BN"
    assert transmission.raw == b"\r".join((GGA, RMC, IDENTITY))


def test_plain_message_needs_no_checksum() -> None:
    (transmission,) = said_in(RMC, b"HS0ABC  ,on patrol           ")
    assert (transmission.device, transmission.facts["comment"]) == ("HS0ABC", "on patrol")
    (bare,) = said_in(RMC, b"HS0ABC  ,                    ")
    assert (bare.device, "comment" in bare.facts) == ("HS0ABC", False)


def test_each_senders_sentences_stay_with_its_own_call_sign() -> None:
    other = RMC.replace(b"080000", b"080001")
    other = sentence(other[1:-3].decode())
    transmissions = said_in(RMC, b"HS0ABC  ,", other, b"HS0XYZ A,")
    assert [each.device for each in transmissions] == ["HS0ABC", "HS0XYZ-A"]


def test_sentences_whose_call_sign_was_lost_are_not_given_to_the_next_sender() -> None:
    other = sentence("GPRMC,080130,A,2016.9000,N,10024.9000,E,0,0,251126,,")
    lost, transmission = said_in(RMC, other, b"HS0XYZ  ,")
    assert (lost.device, lost.flags) == (None, ("sender_unknown",))
    assert (transmission.device, transmission.position) == (
        "HS0XYZ",
        near(100.415, 20.28166667, within_deg=1e-6),
    )


def test_sentences_without_a_call_sign_are_decoded_after_a_while() -> None:
    decoder = dprs.decoder(DecoderSettings())
    decoder.decode(Frame(RMC, NOW))
    assert decoder.flush(NOW + PATIENCE / 2) == []
    (transmission,) = decoder.flush(NOW + PATIENCE)
    assert (transmission.device, transmission.flags) == (None, ("sender_unknown",))
    decoder.decode(Frame(RMC, NOW))
    late, identity = decoder.decode(Frame(IDENTITY, NOW + PATIENCE + timedelta(seconds=1)))
    assert (late.device, identity.device, identity.kind) == (None, "OH3BK-D", "static")
    assert identity.position is None


def test_bad_sentence_leaves_the_good_ones() -> None:
    decoder = dprs.decoder(DecoderSettings())
    decoder.decode(frame(RMC))
    with pytest.raises(FrameError):
        decoder.decode(frame(GGA[:-1] + b"x"))
    (transmission,) = decoder.decode(frame(IDENTITY))
    assert (transmission.device, transmission.position) == (
        "OH3BK-D",
        near(100.412, 20.273, within_deg=1e-6),
    )


def test_receiver_without_a_fix_gives_no_current_position() -> None:
    (transmission,) = said_in(sentence("GPRMC,080000,V,,,,,,,251126,,"), IDENTITY)
    assert (transmission.position, transmission.fix, transmission.flags) == (
        None,
        False,
        ("no_fix",),
    )
    (stale,) = said_in(
        RMC.replace(b",A,", b",V,")[:-2] + b"%02X" % checksum(RMC.replace(b",A,", b",V,")[1:-3]),
        IDENTITY,
    )
    assert (stale.fix, stale.flags) == (False, ("stale_position",))


def test_satellites_in_view_say_nothing() -> None:
    assert said_in(sentence("GPGSV,1,1,00")) == []
    assert said_in(b"$PICOA,90,02,TRXS") == []


@given(st.lists(st.one_of(st.binary(max_size=60), st.sampled_from([GGA, RMC, IDENTITY, SAMPLE]))))
def test_any_lines_raise_frame_errors_only(lines: list[bytes]) -> None:
    decoder = dprs.decoder(DecoderSettings())
    for line in lines:
        dprs.speaks(frame(line))
        try:
            decoder.decode(frame(line))
        except FrameError:
            continue
    decoder.flush(None)
    assert not decoder.waiting()


def test_protocol_recognises_its_lines() -> None:
    for line in (SAMPLE, RMC, IDENTITY, b"ff" + RMC):
        assert dprs.speaks(frame(line))
    for line in (b"HS0ABC-9>APRS:>x", b'{"a": 1}', b"", b"noise"):
        assert not dprs.speaks(frame(line))
