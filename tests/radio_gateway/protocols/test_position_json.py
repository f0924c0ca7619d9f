from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.decoding.framing import Frame
from radio_gateway.errors.errors import FrameError
from radio_gateway.protocols import position_json
from radio_gateway.protocols.position_json import PositionObjects, decode_items
from tests.radio_gateway.protocols.sentences import NOW

PLACE: dict[str, Any] = {"device": "boat-3", "lon": 100.412, "lat": 20.273}


def items(message: object, *, device: str | None = None) -> PositionObjects:
    return decode_items(json.dumps(message).encode(), heard_at=NOW, device=device)


def refused(message: object, *, device: str | None = None) -> str:
    (rejected,) = items(message, device=device).rejected
    return rejected.error.reason


def test_example_of_the_documentation_is_read_in_full() -> None:
    assert position_json.__doc__ is not None
    example = re.search(r"\{.*?\}", position_json.__doc__, re.DOTALL)
    assert example is not None
    (transmission,) = decode_items(example.group().encode(), heard_at=NOW).transmissions
    assert transmission.position is not None
    assert msgspec.structs.asdict(transmission.position) == {
        "lon": 100.4102,
        "lat": 20.2711,
        "time": None,
        "altitude_m": 352.0,
        "accuracy_m": 8.0,
        "speed_mps": 5.1,
        "course_deg": 181.0,
        "heading_deg": 180.0,
    }
    assert transmission.device_time == datetime(2026, 1, 1, tzinfo=UTC)
    assert (transmission.device, transmission.text, transmission.status) == (
        "boat-3",
        "all well",
        "on station",
    )
    assert (transmission.kind, transmission.distress, transmission.facts) == (
        "position",
        False,
        {"id": "7f3c…"},
    )


def test_every_field_is_documented() -> None:
    assert position_json.__doc__ is not None
    for name in position_json.PositionObject.__struct_fields__:
        assert f'"{name}"' in position_json.__doc__


def test_bad_object_of_an_array_does_not_hold_up_the_others() -> None:
    said = items([PLACE | {"id": "a"}, {"id": "b", "lon": 1}, 5, PLACE | {"id": "c"}])
    assert [each.facts["id"] for each in said.transmissions] == ["a", "c"]
    assert said.places == [0, 3]
    assert [(each.place, each.id, each.error.reason) for each in said.rejected] == [
        (1, "b", "no_device"),
        (2, None, "bad_field"),
    ]
    assert json.loads(said.transmissions[0].raw) == PLACE | {"id": "a"}


def test_empty_array_is_neither_good_nor_bad() -> None:
    assert items([]) == PositionObjects([], [], [])


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ({"lat": 95}, "lat_range"),
        ({"lon": 200}, "lon_range"),
        ({"lat": 0, "lon": 0}, "null_island"),
        ({"lat": None}, "missing_lat"),
        ({"lon": None}, "missing_lon"),
        ({"lat": None, "lon": None}, "missing_lon"),
        ({"lat": "20"}, "bad_field"),
        ({"lat": True}, "bad_field"),
        ({"time": "2026-01-01T00:00:00"}, "bad_field"),
        ({"time": 5}, "bad_field"),
        ({"time": "9999-12-31T23:59:59-07:00"}, "bad_field"),
        ({"speed_mps": -1}, "bad_field"),
        ({"course_deg": 361}, "bad_field"),
        ({"device": "boat 3"}, "bad_field"),
        ({"device": ""}, "bad_field"),
        ({"device": None}, "no_device"),
        ({"id": ""}, "bad_field"),
        ({"id": "x" * 65}, "bad_field"),
        ({"text": "x" * 2001}, "bad_field"),
    ],
)
def test_impossible_values_are_refused_with_their_reason(more: dict[str, Any], reason: str) -> None:
    assert refused(PLACE | more) == reason


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"[{]", "json"),
        (b"[" * 100_000, "json"),
        (b"[" + b"1," * 1000 + b"1]", "too_many"),
        (b" " * 300_000 + b"{}", "too_long"),
    ],
)
def test_message_that_cannot_be_read_is_refused_as_a_whole(payload: bytes, reason: str) -> None:
    with pytest.raises(FrameError) as caught:
        decode_items(payload, heard_at=NOW)
    assert caught.value.reason == reason


def test_time_with_an_offset_is_put_into_utc() -> None:
    (transmission,) = items(PLACE | {"time": "2026-01-01T00:00:00+07:00"}).transmissions
    assert transmission.device_time == datetime(2025, 12, 31, 17, tzinfo=UTC)


def test_unknown_fields_are_ignored_and_null_means_absent() -> None:
    (transmission,) = items(PLACE | {"colour": "blue", "speed_mps": None}).transmissions
    assert transmission.position is not None
    assert transmission.position.speed_mps is None


def test_report_is_identified_by_id_or_else_by_time_and_place() -> None:
    def key(more: dict[str, Any]) -> str | None:
        (transmission,) = items(PLACE | more).transmissions
        assert transmission.duplicate_window_s is None
        return transmission.duplicate_key

    at = {"time": "2026-01-01T00:00:00Z"}
    assert key({}) is None
    assert key({"id": "a"}) == key({"id": "a", "lat": 21}) != key({"id": "b"})
    assert key(at) == key({"time": "2026-01-01T07:00:00+07:00"}) != key(at | {"lat": 21})


def test_call_for_help_is_decoded_without_or_with_an_impossible_position() -> None:
    (bare,) = items({"device": "boat-3", "distress": True}).transmissions
    assert (bare.kind, bare.distress, bare.position) == ("distress", True, None)
    (odd,) = items(PLACE | {"lat": 95, "distress": True}).transmissions
    assert (odd.distress, odd.position, odd.flags) == (True, None, ("lat_range",))
    (bad,) = items(PLACE | {"speed_mps": "fast", "distress": True, "text": "help"}).transmissions
    assert (bad.distress, bad.text, bad.flags) == (True, "help", ("bad_field",))
    assert bad.position is not None


@pytest.mark.parametrize("around", [b"%s", b"[%s]"])
def test_call_for_help_with_half_a_character_or_an_endless_number_is_decoded(around: bytes) -> None:
    cut = rb'{"device":"boat-3","distress":true,"text":"help \ud83d","lon":100.41,"lat":20.27}'
    (transmission,) = decode_items(around % cut, heard_at=NOW).transmissions
    assert (transmission.distress, transmission.text, transmission.flags) == (
        True,
        "help \\ud83d",
        ("bad_field",),
    )
    assert transmission.position is not None
    far = b'{"device":"boat-3","distress":true,"lon":1e999,"lat":20.27,"speed_mps":1e999,"id":1}'
    (transmission,) = decode_items(around % far, heard_at=NOW).transmissions
    assert (transmission.distress, transmission.position) == (True, None)
    assert transmission.flags == ("bad_field", "lon_range")


def test_report_with_half_a_character_does_not_hold_up_the_others() -> None:
    array = (
        rb' [ {"id":"1","device":"a","text":"\ud83d"} ,{"id":"2","device":"b","text":"x [{\"]"},'
        rb'{"id":"3","device":"c","text":"\ud83d\ude00"}]'
    )
    found = decode_items(array, heard_at=NOW)
    assert [(each.device, each.text) for each in found.transmissions] == [
        ("b", 'x [{"]'),
        ("c", "\U0001f600"),
    ]
    assert found.places == [1, 2]
    assert [(each.place, each.id, each.error.reason) for each in found.rejected] == [
        (0, "1", "json")
    ]
    for bad in (array[:-1], array[:-1] + b",]", array + b"x"):
        with pytest.raises(FrameError):
            decode_items(bad, heard_at=NOW)


def test_call_for_help_with_text_that_is_no_utf_8_is_decoded() -> None:
    (transmission,) = decode_items(
        b'{"device":"a","distress":true,"text":"h\xfclfe"}', heard_at=NOW
    )[0]
    assert (transmission.distress, transmission.text, transmission.flags) == (
        True,
        "h\ufffdlfe",
        ("bad_field",),
    )


def test_half_a_character_in_any_other_report_is_refused_with_its_id() -> None:
    found = decode_items(rb'{"id":"a\ud83d","device":"boat-3","text":"x"}', heard_at=NOW)
    (bad,) = found.rejected
    assert (bad.id, bad.error.reason) == ("a\\ud83d", "json")


def test_text_or_status_needs_no_position() -> None:
    (text,) = items({"device": "a", "text": "fuel low"}).transmissions
    (status,) = items({"device": "a", "status": "on station"}).transmissions
    assert (text.kind, status.kind) == ("text", "status")


def test_nobody_speaks_for_another() -> None:
    assert refused(PLACE, device="boat-4") == "device_mismatch"
    (transmission,) = items({"lon": 100, "lat": 20}, device="boat-4").transmissions
    assert transmission.device == "boat-4"


def test_decoder_takes_the_device_of_the_topic_and_tells_of_rejected_objects() -> None:
    decoder = position_json.decoder(DecoderSettings())
    payload = json.dumps([{"lon": 100, "lat": 20}, {"lon": 100, "lat": 95}]).encode()
    (transmission,) = decoder.decode(Frame(payload, NOW, "joint-patrol/v1/position/boat-3"))
    assert transmission.device == "boat-3"
    assert [error.reason for error in decoder.rejected()] == ["lat_range"]
    assert decoder.rejected() == []
    with pytest.raises(FrameError):
        decoder.decode(Frame(b'[{"lon": 1}, {"lat": 1}]', NOW, "joint-patrol/v1/position/boat-3"))
    assert len(decoder.rejected()) == 1


def test_clock_ahead_is_flagged() -> None:
    (transmission,) = items(PLACE | {"time": "2042-01-01T00:00:00Z"}).transmissions
    assert transmission.flags == ("future_time",)
