"""Whatever comes in, decoders raise `FrameError` or nothing, and noise gives no position."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.formats.nmea.sentence import checksum
from radio_gateway.protocols import PROTOCOLS
from tests.fixtures.examples import examples
from tests.radio_gateway.protocols.sentences import NOW, capture, frame, sentence

SETTINGS = DecoderSettings(secret="secret")
LINES = capture("river.nmea")[:8] + capture("humminbird.nmea") + capture("river.aivdm")

_printable = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=20)
_field = st.one_of(
    _printable,
    st.sampled_from(["", "A", "V", "N", "E", "T", "1", "0", "-", "-.", ".", "2016.38", "10024.72"]),
    st.from_regex(r"[0-9]{0,6}\.?[0-9]{0,8}", fullmatch=True),
)
_name = st.sampled_from(["GPRMC", "GPGGA", "GPGLL", "GPGNS", "GPVTG", "GPZDA", "AIVDM", "AIVDO"])


@st.composite
def checked_sentences(draw: st.DrawFn) -> bytes:
    """Sentences with a good checksum and any fields."""
    fields = [draw(_name), *draw(st.lists(_field, max_size=16))]
    body = ",".join(fields).replace("*", "").replace("\\", "")
    return f"{draw(st.sampled_from('$!'))}{body}*{checksum(body.encode()):02X}".encode()


@st.composite
def ais_messages(draw: st.DrawFn) -> bytes:
    """AIS sentences with a good checksum and any payload."""
    armour = draw(st.text(st.characters(min_codepoint=48, max_codepoint=119), max_size=75))
    return sentence(f"AIVDM,1,1,,A,{armour},{draw(st.integers(0, 5))}", "!")


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | _printable,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_printable, inner, max_size=4),
    max_leaves=4,
)
_keys = (
    *("_type", "lat", "lon", "tst", "vel", "cog", "alt", "acc", "batt", "tid", "t", "event"),
    *("desc", "data", "topic", "created_at", "id", "device", "time", "speed_mps", "course_deg"),
    *("text", "status", "distress"),
)
_types = st.sampled_from(["location", "transition", "lwt", "waypoint", "cmd", "encrypted", "card"])


@st.composite
def json_messages(draw: st.DrawFn) -> bytes:
    """JSON objects, and arrays of them, with our keys and any values."""
    message: Any = draw(st.dictionaries(st.sampled_from(_keys), _json, max_size=10))
    if draw(st.booleans()):
        message["_type"] = draw(_types)
    return json.dumps([message, message] if draw(st.booleans()) else message).encode()


_anything = st.one_of(
    st.binary(max_size=200),
    checked_sentences(),
    ais_messages(),
    json_messages(),
    st.sampled_from(LINES),
)


@settings(max_examples=examples(300), suppress_health_check=[HealthCheck.too_slow])
@given(payloads=st.lists(_anything, max_size=5))
@example(payloads=[b"\\" * 1024, b"$" * 1024, b"!AIVDM,9,9,,,9,0*00"])
def test_decoder_raises_frame_errors_only_and_gives_real_places_only(payloads: list[bytes]) -> None:
    """Every decoder hears the same: to make it up takes far longer than to hear it."""
    for name in PROTOCOLS:
        note(name)  # the last is the one that fails
        hears(name, payloads)


def hears(name: str, payloads: list[bytes]) -> None:
    """Have a decoder hear messages, and check what it makes of them."""
    module = PROTOCOLS[name]
    decoder = module.decoder(SETTINGS)
    transmissions = []
    for payload in payloads:
        frame = Frame(payload, NOW, "owntracks/jane/phone")
        module.speaks(frame)
        try:
            transmissions += decoder.decode(frame)
        except FrameError:
            decoder.rejected()
    for transmission in transmissions + decoder.flush(None):
        position = transmission.position
        if position is not None:
            assert -90 <= position.lat <= 90
            assert -180 <= position.lon <= 180
            assert (position.lat, position.lon) != (0, 0)
            assert position.course_deg is None or 0 <= position.course_deg < 360
            assert position.heading_deg is None or 0 <= position.heading_deg < 360
            assert position.speed_mps is None or math.isfinite(position.speed_mps)
        if transmission.device_time is not None:
            assert transmission.device_time.tzinfo is not None
        assert list(transmission.flags) == sorted(set(transmission.flags))


@pytest.mark.parametrize("name", ["nmea0183", "ais"])
@given(line=st.sampled_from(LINES), at=st.integers(0, 200), byte=st.integers(0, 255))
def test_changed_byte_gives_no_transmission(name: str, line: bytes, at: int, byte: int) -> None:
    at %= len(line)
    if line[at] == byte or at == 0 or line[at:].startswith(b"*") or at >= len(line) - 2:
        return
    damaged = line[:at] + bytes([byte]) + line[at + 1 :]
    if damaged.count(b"*") != 1 or damaged.count(b"\\"):
        return  # no longer one sentence with its checksum
    decoder = PROTOCOLS[name].decoder(DecoderSettings(checksum_required=True))
    with pytest.raises(FrameError):
        decoder.decode(frame(damaged))
    assert decoder.flush(None) == []


@pytest.mark.parametrize(
    ("name", "payload", "speaks"),
    [
        ("nmea0183", LINES[0], True),
        ("nmea0183", b"boat-1," + LINES[0], True),
        ("nmea0183", b'{"_type": "location"}', False),
        ("ais", LINES[-1], True),
        ("ais", LINES[0], False),
        ("owntracks", b' {"_type": "location"}', True),
        ("owntracks", b'{"device": "a"}', False),
        ("position_json", b'{"device": "a"}', True),
        ("position_json", b'[{"device": "a"}]', True),
        ("position_json", b'{"_type": "location"}', False),
        ("position_json", b"", False),
    ],
)
def test_protocol_recognises_its_frames(name: str, payload: bytes, speaks: bool) -> None:
    assert PROTOCOLS[name].speaks(frame(payload)) is speaks
