"""What we write for TAK clients, read back by our own decoders."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols.cot import cot, tak
from radio_gateway.protocols.cot.framer import CotFramer
from radio_gateway.protocols.cot.writer import (
    Chat,
    CotUnit,
    Emergency,
    OutEvent,
    chat_event,
    emergency_event,
    event_xml,
    tak_datagram,
    tak_stream,
    unit_event,
)
from tests.radio_gateway.protocols.sentences import NOW, frame

UNIT = CotUnit(
    uid="ais:574123456",
    callsign='Boat "7" <& Co>',
    type="a-f-S",
    lon=-102.6133,
    lat=17.95795,
    time=NOW,
    hae=140.25,
    ce=12.5,
    course=181.2,
    speed=6.0,
    team="Cyan",
    client="joint-patrol",
    remarks="line\nbreak",
)
CALL = Emergency(uid="U-1", callsign="P 3", time=NOW, lon=102.5, lat=18.5)


def read(data: bytes) -> Transmission:
    """Return what we hear of what we wrote, through framer and decoder."""
    framer = CotFramer()
    (payload,) = framer.feed(data) + framer.close()
    settings = DecoderSettings()
    speaks_tak = tak.speaks(frame(payload))
    decoder = tak.decoder(settings) if speaks_tak else cot.decoder(settings)
    (transmission,) = decoder.decode(frame(payload))
    return transmission


def ways(event: OutEvent) -> list[bytes]:
    """Return an event in its three forms."""
    return [event_xml(event), tak_stream(event), tak_datagram(event)]


@pytest.mark.parametrize("data", ways(unit_event(UNIT)))
def test_unit_reads_back(data: bytes) -> None:
    unit = read(data)
    place = unit.position
    assert place is not None
    assert (place.lon, place.lat) == (-102.6133, 17.95795)
    assert (place.speed_mps, place.course_deg) == (6.0, 181.2)
    assert (place.altitude_m, place.accuracy_m) == (140.25, 12.5)
    assert (unit.device, unit.device_time) == ("ais:574123456", NOW)
    assert unit.facts["callsign"] == 'Boat "7" <& Co>'
    assert unit.facts["team"] == "Cyan"
    assert unit.facts["platform"] == "joint-patrol"
    assert unit.facts["remarks"] == "line\nbreak"
    assert unit.facts["stale_utc"] == "2026-11-25T12:05:00Z"


def test_unknown_stays_unknown() -> None:
    unit = read(event_xml(unit_event(CotUnit(uid="U", callsign="U", lon=1.0, lat=2.0, time=NOW))))
    place = unit.position
    assert place is not None
    assert (place.altitude_m, place.accuracy_m, place.speed_mps) == (None, None, None)
    assert "team" not in unit.facts


@pytest.mark.parametrize("to", [None, "ANDROID-1"])
def test_words_read_back(to: str | None) -> None:
    chat = Chat(uid="HQ", callsign="Base", message_id="m-1", text="a < b & c", time=NOW, to=to)
    for data in ways(chat_event(chat)):
        words = read(data)
        assert (words.kind, words.device, words.text) == ("text", "HQ", "a < b & c")
        assert words.facts["to"] == (to or "All Chat Rooms")
        assert words.facts["callsign"] == "Base"


def test_call_for_help_reads_back_and_so_does_its_end() -> None:
    for data in ways(emergency_event(CALL)):
        call = read(data)
        assert (call.distress, call.device) == (True, "U-1")
        assert call.position is not None
        assert call.facts["emergency_type"] == "911 Alert"
    over = read(
        event_xml(emergency_event(Emergency(uid="U-1", callsign="P", time=NOW, emergency="Cancel")))
    )
    assert not over.distress
    assert "distress_cancelled" in over.flags


def test_call_without_a_place_reads_back_as_one() -> None:
    call = read(event_xml(emergency_event(Emergency(uid="U-1", callsign="P", time=NOW))))
    assert (call.kind, call.distress, call.position) == ("distress", True, None)


def test_unknown_emergency_is_refused() -> None:
    with pytest.raises(ValueError, match="no emergency 'Tea'"):
        emergency_event(Emergency(uid="U", callsign="P", time=NOW, emergency="Tea"))


@given(text=st.text(max_size=60), uid=st.from_regex(r"[!-~à-ÿກ-ຮ]{1,10}", fullmatch=True))
def test_any_text_can_be_written(text: str, uid: str) -> None:
    chat = Chat(uid=uid, callsign=text, message_id="m", text=text, time=NOW)
    framer = CotFramer()
    for data in (event_xml(chat_event(chat)), tak_stream(chat_event(chat))):
        assert len(framer.feed(data)) == 1
        assert read(data).kind == "text"


@given(
    lon=st.floats(-180, 180),
    lat=st.floats(-90, 90),
    seconds=st.integers(-(10**9), 10**9),
)
def test_any_place_reads_back(lon: float, lat: float, seconds: int) -> None:
    if abs(lon) < 1e-6 or abs(lat) < 1e-6:
        return
    time = NOW + timedelta(seconds=seconds)
    unit = read(event_xml(unit_event(CotUnit(uid="U", callsign="U", lon=lon, lat=lat, time=time))))
    assert unit.position is not None
    assert unit.position.lon == pytest.approx(lon, abs=1e-7)
    assert unit.position.lat == pytest.approx(lat, abs=1e-7)
