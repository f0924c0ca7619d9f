"""TAK protocol version 1; messages made here, field by field."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.errors.errors import FrameError
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.cot import tak
from radio_gateway.protocols.cot.framer import CotFramer
from tests.radio_gateway.protocols.sentences import frame

MS = 1_795_607_998_000  # 2026-11-25T11:59:58Z


def write_varint(value: int) -> bytes:
    """Return a varint."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def write_field(number: int, value: int | bytes | str) -> bytes:
    """Return a field; nothing for zero and empty, which a reader takes for granted."""
    if not value:
        return b""
    if isinstance(value, int):
        return write_varint(number << 3) + write_varint(value)
    data = value.encode() if isinstance(value, str) else value
    return write_varint(number << 3 | 2) + write_varint(len(data)) + data


def double(number: int, value: float) -> bytes:
    """Return a double, zero too."""
    return write_varint(number << 3 | 1) + struct.pack("<d", value)


def event(
    *,
    lat: float = 17.95,
    lon: float = 102.61,
    detail: bytes = b"",
    type_: str = "a-f-G-U-C",
    uid: str = "ANDROID-1",
) -> bytes:
    """Return a TakMessage with an event."""
    body = (
        write_field(1, type_)
        + write_field(5, uid)
        + write_field(6, MS)
        + write_field(7, MS)
        + write_field(8, MS + 60_000)
        + write_field(9, "m-g")
        + double(10, lat)
        + double(11, lon)
        + double(12, 140.5)
        + double(13, 8.0)
        + double(14, 9_999_999.0)
        + write_field(15, detail)
    )
    return write_field(2, body)


def stream(message: bytes) -> bytes:
    """Return a message as a TCP stream has it."""
    return b"\xbf" + write_varint(len(message)) + message


def said(payload: bytes) -> Transmission:
    """Return the one transmission of a message."""
    (transmission,) = tak.decoder(DecoderSettings()).decode(frame(payload))
    return transmission


DETAIL = (
    write_field(1, '<emergency type="911 Alert"/><remarks>hurt</remarks>')
    + write_field(2, write_field(2, "PATROL 3"))
    + write_field(3, write_field(1, "Cyan") + write_field(2, "Medic"))
    + write_field(5, write_field(1, 78))
    + write_field(7, double(1, 6.0) + double(2, 181.2))
)


@pytest.mark.parametrize(
    "payload", [stream(event(detail=DETAIL)), b"\xbf\x01\xbf" + event(detail=DETAIL)]
)
def test_event_says_the_same_on_a_stream_and_in_a_datagram(payload: bytes) -> None:
    unit = said(payload)
    assert unit.position is not None
    assert (unit.position.lon, unit.position.lat) == (102.61, 17.95)
    assert (unit.position.speed_mps, unit.position.course_deg) == (6.0, 181.2)
    assert unit.position.accuracy_m == 8.0
    assert (unit.address, unit.distress, unit.text) == ("cot:ANDROID-1", True, "hurt")
    assert unit.facts["callsign"] == "PATROL 3"
    assert unit.facts["team"] == "Cyan"
    assert unit.facts["battery_pct"] == 78.0
    assert unit.facts["stale_utc"] == "2026-11-25T12:00:58Z"


def test_xml_detail_goes_before_the_message_of_the_same_name() -> None:
    detail = write_field(1, '<contact callsign="XML"/>') + write_field(2, write_field(2, "PB"))
    assert said(stream(event(detail=detail))).facts["callsign"] == "XML"


def test_what_a_stream_says_twice_was_sent_twice_and_another_connection_hears_the_same() -> None:
    decoder = tak.decoder(DecoderSettings())
    keys = [decoder.decode(frame(stream(event())))[0].duplicate_key for _ in range(2)]
    assert keys[0] != keys[1]
    assert said(stream(event())).duplicate_key == keys[0]
    mesh = frame(b"\xbf\x01\xbf" + event())
    assert decoder.decode(mesh)[0].duplicate_key == keys[0]


def test_name_with_a_control_byte_is_none_but_a_call_for_help_is_decoded() -> None:
    for uid in ("ANDROID\x00-1", "\u202e", "  "):
        with pytest.raises(FrameError, match="bad_uid"):
            said(stream(event(uid=uid)))
        unit = said(stream(event(uid=uid, detail=DETAIL)))
        assert (unit.device, unit.distress, unit.flags) == (None, True, ("bad_uid",))


def test_call_for_help_is_decoded_without_what_cannot_be_read_in_it() -> None:
    call = said(stream(event(type_="b-a-o-tbl", lat=float("nan"))))
    assert (call.kind, call.distress, call.flags) == ("distress", True, ("bad_number", "no_point"))
    call = said(stream(event(type_="b-a-o-tbl", detail=write_field(1, "<a>"))))
    assert (call.distress, call.position is not None, call.flags) == (True, True, ("xml",))


def test_negotiation_is_no_position() -> None:
    control = write_field(1, write_field(1, 1) + write_field(2, 1) + write_field(3, "ANDROID-1"))
    transmission = said(stream(control))
    assert (transmission.kind, transmission.device, transmission.facts["versions"]) == (
        "other",
        "ANDROID-1",
        "1-1",
    )


@pytest.mark.parametrize(
    ("payload", "why"),
    [
        (b"\xbf\x02\xbf" + event(), "unknown_version"),
        (b"\xbe\x01\xbf" + event(), "no_magic"),
        (stream(event())[:-3], "truncated"),
        (b"\xbf\x01\xbf" + event()[:-3], "protobuf"),
        (b"\xbf\x80", "truncated"),
        (b"\xbf\x01\xbf", "no_event"),
        (stream(event(lat=97.0)), "lat_range"),
        (stream(event(lat=float("nan"))), "bad_number"),
        (stream(event(lat=0.0, lon=0.0)), "null_island"),
        (stream(event(type_="")), "no_type"),
        (stream(event(detail=write_field(1, "<a>"))), "xml"),
        (stream(event(detail=write_field(1, "</detail><detail>"))), "xml"),
        (stream(event(detail=write_field(7, write_field(1, 5)))), "protobuf"),
        (stream(event(detail=write_field(2, write_field(2, b"\xff")))), "protobuf"),
    ],
)
def test_refused_message_names_why(payload: bytes, why: str) -> None:
    with pytest.raises(FrameError) as error:
        said(payload)
    assert error.value.reason == why


def test_ping_at_zero_is_no_null_island() -> None:
    ping = said(stream(event(lat=0.0, lon=0.0, type_="t-x-c-t")))
    assert (ping.facts["kind"], ping.position) == ("heartbeat", None)


def test_framer_cuts_messages_by_their_length_and_skips_noise() -> None:
    one = stream(event(detail=DETAIL))
    framer = CotFramer()
    noise = b"\xbf\xff\x7f\xbf\x00junk"
    assert framer.feed(b"x" + noise + one + one + noise + one) == [one, one, one]
    assert framer.feed(one[:20]) == []
    assert framer.close() == []
    assert framer.junk_bytes == 1 + 2 * len(noise) + 20


def test_framer_takes_a_datagram_to_its_end() -> None:
    framer = CotFramer()
    for datagram in (b"\xbf\x01\xbf" + event(), b"\xbf\x02\xbf" + event(), b"\xbf\x01\xbfcut"):
        assert framer.feed(datagram) + framer.close() == [datagram]


def test_xml_and_messages_may_mix_on_one_stream() -> None:
    xml = b'<event uid="A" type="t-x-c-t"/>'
    framer = CotFramer()
    assert framer.feed(xml + stream(event()) + xml) == [xml, stream(event()), xml]


@given(
    at=st.integers(0, 150), byte=st.integers(0, 255), rest=st.binary(max_size=40), cut=st.booleans()
)
def test_any_bytes_are_decoded_or_refused(at: int, byte: int, rest: bytes, cut: bool) -> None:
    message = bytearray(event(detail=DETAIL))
    message[at % len(message)] = byte
    for payload in (stream(bytes(message)), b"\xbf\x01\xbf" + bytes(message[:at] if cut else rest)):
        try:
            transmission = said(payload)
        except FrameError:
            continue
        if transmission.position is not None:
            assert -90 <= transmission.position.lat <= 90
            assert -180 <= transmission.position.lon <= 180
