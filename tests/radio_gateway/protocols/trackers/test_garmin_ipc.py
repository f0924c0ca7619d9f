from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.messages.transmission import Transmission
from radio_gateway.protocols import garmin_ipc
from tests.radio_gateway.protocols.sentences import frame
from tests.radio_gateway.protocols.trackers.streams import hear, hear_one, refusal, survives

POINT = {"latitude": 17.9, "longitude": 102.6, "altitude": 170, "gpsFix": 2, "course": 181}


def event(code: Any = 0, **more: Any) -> dict[str, Any]:
    point = POINT | {"speed": 10.0} | more.pop("point", {})
    fields = {"imei": "300434030000001", "messageCode": code, "freeText": ""}
    return fields | {"timeStamp": 1_767_225_600_000, "point": point, "status": {}} | more


def posted(*events: Any) -> bytes:
    return json.dumps({"Version": "2.0", "Events": list(events)}).encode()


def said_by(code: Any = 0, **more: Any) -> Transmission:
    return hear_one(garmin_ipc, posted(event(code, **more)))


NO_FIX = {"latitude": 0, "longitude": 0, "gpsFix": 0}


def test_track_point_says_place_and_the_speed_as_it_was_sent() -> None:
    transmission = said_by()
    assert (transmission.device, transmission.kind, transmission.fix) == (
        "300434030000001",
        "position",
        True,
    )
    assert transmission.device_time == datetime(2026, 1, 1, tzinfo=UTC)
    place = transmission.position
    assert place is not None
    assert (place.lat, place.lon, place.altitude_m, place.course_deg) == (17.9, 102.6, 170, 181)
    assert (place.speed_mps, transmission.facts["speed_raw"]) == (None, 10.0)
    assert transmission.flags == ("speed_unit_disputed",)


@pytest.mark.parametrize(
    ("code", "name", "distress"),
    [
        (2, "position", False),
        (3, "text", False),
        (4, "sos", True),
        (6, "sos", True),
        (7, "sos_cancel", False),
        (10, "track_start", False),
        (15, "preset", False),
        (30, "preset", False),
        (65, "pingback", False),
        (99, "other", False),
    ],
)
def test_code_says_what_it_is(code: int, name: str, distress: bool) -> None:
    transmission = said_by(code, freeText="fuel")
    assert (transmission.facts["kind"], transmission.facts["message_code"]) == (name, code)
    assert (transmission.distress, transmission.text) == (distress, "fuel")
    assert transmission.facts.get("distress_cancelled", False) is (code == 7)


@pytest.mark.parametrize(
    "more",
    [
        {"point": NO_FIX},
        {"point": {"latitude": 95}},
        {"point": {"latitude": None}},
        {"timeStamp": "now", "point": NO_FIX},
    ],
)
def test_call_for_help_is_decoded_without_place_or_time(more: dict[str, Any]) -> None:
    transmission = said_by(4, **more)
    assert (transmission.kind, transmission.distress, transmission.position) == (
        "distress",
        True,
        None,
    )
    assert hear_one(garmin_ipc, posted(event(4) | {"point": None})).distress


def test_no_fix_is_no_place_and_a_last_known_one_is_stale() -> None:
    transmission = said_by(point=NO_FIX)
    assert (transmission.facts["kind"], transmission.fix, transmission.flags) == (
        "nofix",
        False,
        ("no_fix",),
    )
    assert said_by(3, freeText="x", point=NO_FIX).kind == "text"
    transmission = said_by(point={"gpsFix": 0})
    assert (transmission.fix, "stale_position" in transmission.flags) == (False, True)


def test_status_flags_are_facts() -> None:
    transmission = said_by(status={"lowBattery": 1, "autonomous": 0, "resetDetected": True})
    assert (transmission.facts["low_battery"], transmission.facts["reset_detected"]) == (True, True)
    assert "autonomous" not in transmission.facts


def test_each_event_stands_alone() -> None:
    first, bad, last = event(0), event(0, point={"latitude": 95}), event(3, freeText="fuel")
    transmissions, reasons, answers = hear(garmin_ipc, posted(first, bad, 5, last))
    assert [each.text for each in transmissions] == [None, "fuel"]
    assert (reasons, answers) == (["lat_range", "no_events"], [])
    assert json.loads(transmissions[1].raw) == last
    assert hear(garmin_ipc, posted())[0] == []


def test_same_event_posted_again_has_one_key() -> None:
    keys = {each.duplicate_key for each in (said_by(), said_by(), said_by(4), said_by(timeStamp=1))}
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"Version":"2.0","Events":[{"imei":"3004', "json"),
        (b'{"Events": [{"imei": NaN}]}', "json"),
        (b'{"Events": 5}', "no_events"),
        (b"{}", "no_events"),
        (b"[]", "no_events"),
        (b"  ", "empty"),
        (b" " * garmin_ipc.MAX_BYTES + b"{}", "too_long"),
        (posted(*[1] * 1001), "too_many"),
        (posted(event() | {"imei": ""}), "no_device"),
        (posted(event() | {"imei": "3004\a"}), "no_device"),
        (posted(event("4")), "bad_code"),
        (posted(event(10**20)), "bad_code"),
        (posted(event(timeStamp=-5)), "bad_time"),
        (posted(event(point={"longitude": None})), "missing_lon"),
        (posted(event(point={"longitude": 181})), "lon_range"),
        (posted(event(point={"latitude": 0, "longitude": 0})), "null_island"),
    ],
)
def test_bad_message_is_rejected(data: bytes, reason: str) -> None:
    assert refusal(garmin_ipc, data) == reason


def test_own_messages_are_recognised() -> None:
    assert garmin_ipc.speaks(frame(posted()))
    assert not garmin_ipc.speaks(frame(b'{"_type": "location"}'))


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@given(
    fields=st.dictionaries(st.sampled_from([*event()]), _json),
    point=st.dictionaries(st.sampled_from([*event()["point"]]), _json),
    code=st.integers(0, 100),
)
def test_any_event_is_survived(fields: dict[str, Any], point: dict[str, Any], code: int) -> None:
    survives(garmin_ipc, posted(event(code, point=point) | fields), [])


@given(data=st.binary(max_size=100))
def test_any_bytes_are_survived(data: bytes) -> None:
    survives(garmin_ipc, data, [])
