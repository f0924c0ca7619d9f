from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.aprs import aprs, aprs_kiss
from radio_gateway.protocols.aprs.kiss import kiss_frame
from tests.radio_gateway.protocols.aprs.aprs_words import ax25, mic_e, near
from tests.radio_gateway.protocols.sentences import frame

PLACE = b"!2016.38N/10024.72Es036/010"


def said_in(stream: bytes, settings: DecoderSettings | None = None) -> list[Transmission]:
    framer, decoder = aprs_kiss.FRAMING(), aprs_kiss.decoder(settings or DecoderSettings())
    transmissions: list[Transmission] = []
    for payload in framer.feed(stream) + framer.close():
        transmissions += decoder.decode(frame(payload))
    assert (decoder.flush(None), decoder.answers()) == ([], [])
    return transmissions


def test_position_through_two_relays() -> None:
    packet = ax25("HS0ABC-9", "APRS", ("HS1XYZ-1*", "WIDE1*", "WIDE2-1"), PLACE)
    (transmission,) = said_in(kiss_frame(packet))
    assert (transmission.device, transmission.address) == ("HS0ABC-9", "aprs:HS0ABC-9")
    assert transmission.position == near(100.412, 20.273, within_deg=1e-6)
    assert transmission.facts["path"] == "HS1XYZ-1,WIDE1*,WIDE2-1"
    assert transmission.facts["port"] == 0
    assert transmission.signal is not None
    assert transmission.signal.hops == 1


def test_same_packet_as_text_and_from_a_tnc_has_one_key() -> None:
    (tnc,) = said_in(kiss_frame(ax25("HS0ABC-9", "APRS", ("HS1XYZ*",), PLACE)))
    text = aprs.decoder(DecoderSettings()).decode(frame(b"HS0ABC-9>APRS,qAR,HS2GW:" + PLACE))
    assert tnc.duplicate_key == text[0].duplicate_key
    assert tnc.address == text[0].address


def test_mic_e_with_control_bytes_and_escapes_on_another_port() -> None:
    destination, info = mic_e(lon=100.41, lat=20.27, bits="000")
    packet = ax25("HS0ABC-9", destination, (), info + b"\xc0\xdb\xdc help")
    (transmission,) = said_in(kiss_frame(packet, port=3))
    assert (transmission.distress, transmission.facts["port"]) == (True, 3)
    assert transmission.facts["comment_latin1"] == "ÀÛÜ help"


def test_commands_of_the_tnc_and_connected_stations_say_nothing() -> None:
    connected = ax25("HS0ABC-9", "HS0BBS", (), b"hello", control=0x00)
    settings = b"".join(b"\xc0" + bytes([command]) + b"\x01\xc0" for command in (1, 2, 6, 0xFF))
    assert said_in(settings + kiss_frame(connected)) == []


def test_damaged_frame_is_refused() -> None:
    decoder = aprs_kiss.decoder(DecoderSettings())
    for payload, reason in ((b"", "empty"), (b"\x00", "truncated"), (b"\x00abc", "truncated")):
        with pytest.raises(FrameError) as caught:
            decoder.decode(frame(payload))
        assert (caught.value.reason, caught.value.payload) == (reason, payload)


@given(st.binary(max_size=200))
def test_any_stream_raises_frame_errors_only(stream: bytes) -> None:
    decoder, framer = aprs_kiss.decoder(DecoderSettings()), aprs_kiss.FRAMING()
    for payload in framer.feed(b"\xc0" + stream + b"\xc0"):
        try:
            transmissions = decoder.decode(frame(payload))
        except FrameError:
            continue
        assert all("port" in each.facts for each in transmissions)


def test_protocol_recognises_its_frames() -> None:
    packet = ax25("HS0ABC-9", "APRS", (), PLACE)
    assert aprs_kiss.speaks(frame(b"\x00" + packet))
    assert aprs_kiss.speaks(frame(b"\x30" + packet))
    assert not aprs_kiss.speaks(frame(b"$GPRMC,080000,A,2016.38,N"))
    assert not aprs_kiss.speaks(frame(b"\x06\x01"))
    assert not aprs_kiss.speaks(frame(b"\x00" + packet[:8]))
