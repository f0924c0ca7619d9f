from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from radio_gateway.decoding.decoder import DecoderSettings
from radio_gateway.messages.transmission import Transmission
from radio_gateway.orders.order import Order, OrderError, OrderKind
from radio_gateway.protocols import osmand
from tests.radio_gateway.protocols.sentences import NOW, frame
from tests.radio_gateway.protocols.trackers.streams import hear, hear_one, refusal, survives

QUERY = {"id": "902064", "lat": "20.273", "lon": "100.412", "timestamp": "1795000000"}


def asked(**more: str | None) -> bytes:
    values = {name: value for name, value in (QUERY | more).items() if value is not None}
    return f"/?{urlencode(values)}".encode()


def said_by(**more: str | None) -> Transmission:
    return hear_one(osmand, asked(**more))


def location(**more: Any) -> dict[str, Any]:
    coords = {"latitude": 20.273, "longitude": 100.412, "accuracy": 5, "speed": 10, "heading": 0}
    coords |= {"altitude": 0} | more.pop("coords", {})
    return {"timestamp": "2026-11-25T11:59:00.500Z", "coords": coords} | more


def posted(where: Any, device: Any = "48241179") -> bytes:
    return json.dumps({"device_id": device, "location": where}).encode()


def test_query_says_place_in_knots_and_facts() -> None:
    transmission = said_by(
        speed="10", bearing="7.2", altitude="350.06", accuracy="8", batt="87", hdop="1.5",
        charge="true", driverUniqueId="d1", event="turn",
    )  # fmt: skip
    place = transmission.position
    assert place is not None
    assert (transmission.device, place.lat, place.lon, transmission.fix) == (
        "902064",
        20.273,
        100.412,
        True,
    )
    assert place.speed_mps == pytest.approx(10 * 1852 / 3600)
    assert (place.course_deg, place.altitude_m, place.accuracy_m) == (7.2, 350.06, 8.0)
    assert transmission.device_time == datetime.fromtimestamp(1795000000, UTC)
    assert transmission.facts == {
        "battery_pct": 87.0,
        "hdop": 1.5,
        "charging": True,
        "driver": "d1",
        "event": "turn",
    }


@pytest.mark.parametrize(
    ("timestamp", "time"),
    [
        ("1442068686579", "2015-09-12T14:38:06.579+00:00"),
        ("1442068686", "2015-09-12T14:38:06+00:00"),
        ("2016-01-27T18:55:47Z", "2016-01-27T18:55:47+00:00"),
        ("2016-01-27T18:55:47.25+07:00", "2016-01-27T11:55:47.25+00:00"),
        ("2016-01-27T18:55:47+0700", "2016-01-27T11:55:47+00:00"),
        ("2014-06-04 09:10:11", "2014-06-04T09:10:11+00:00"),
    ],
)
def test_time_is_read_in_many_formats(timestamp: str, time: str) -> None:
    assert said_by(timestamp=timestamp).device_time == datetime.fromisoformat(time)


def test_without_a_time_it_is_when_it_was_received() -> None:
    transmission = said_by(timestamp=None)
    assert (transmission.device_time, transmission.facts["time_source"]) == (None, "receive")
    assert transmission.duplicate_key is None


def test_aliases_and_zeros_that_mean_unknown() -> None:
    transmission = hear_one(
        osmand, b"/?deviceid=7&location=60.0,30.0&heading=0.0&altitude=0&accuracy=0"
    )
    assert (transmission.device, transmission.position is None) == ("7", False)
    assert transmission.position is not None
    assert (transmission.position.lat, transmission.position.lon) == (60.0, 30.0)
    assert (transmission.position.course_deg, transmission.position.altitude_m) == (None, None)
    assert transmission.position.accuracy_m is None
    transmission = hear_one(osmand, b"id=7&lat=60&lon=30&speed=-1&bearing=-1")  # the body of a form
    assert transmission.position is not None
    assert (transmission.position.speed_mps, transmission.position.course_deg) == (None, None)


@pytest.mark.parametrize(
    ("alarm", "calls"),
    [("fallDown", True), ("manDown", True), ("man down", True), ("lowBattery", False)],
)
def test_a_fall_is_a_call_for_help_that_nobody_could_make(alarm: str, calls: bool) -> None:
    assert said_by(alarm=alarm).distress is calls
    assert said_by(alarm=alarm).facts["alarm"] == alarm


def test_call_for_help_is_decoded_without_place_or_time() -> None:
    assert said_by(alarm="sos").distress
    for more in ({"lat": "95"}, {"lat": None}, {"lat": "x"}, {"lat": None, "lon": None}):
        transmission = said_by(alarm="SOS", **more)
        assert (transmission.kind, transmission.distress, transmission.position) == (
            "distress",
            True,
            None,
        )
    assert said_by(alarm="sos", timestamp="yesterday").flags == ("bad_time",)
    for name in ("speed", "bearing", "altitude", "accuracy", "batt", "hdop"):
        transmission = said_by(alarm="sos", **{name: "NaN"})
        assert (transmission.distress, transmission.position is not None) == (True, True)
        assert transmission.flags == ("bad_number",)
    assert not said_by(alarm="lowBattery").distress


def test_cells_are_no_place_and_invalid_fix_is_stale() -> None:
    transmission = said_by(lat=None, lon=None, cell="257,02,16,2224")
    assert (transmission.position, transmission.facts["cells"]) == (None, "257,02,16,2224")
    transmission = said_by(valid="0")
    assert (transmission.fix, transmission.flags) == (False, ("stale_position",))
    assert said_by(mock="true").flags == ("mock_location",)


def test_request_without_a_device_says_nothing() -> None:
    for data in (asked(id=None), posted(location(), None), posted(location(), " ")):
        transmission = hear_one(osmand, data)
        assert (transmission.device, transmission.kind, transmission.position) == (
            None,
            "empty",
            None,
        )


def test_json_says_metres_a_second_and_real_zeros() -> None:
    more = {"battery": {"level": 0.79, "is_charging": True}, "odometer": 12, "is_moving": True}
    more |= {"event": "motionchange", "activity": {"type": "on_foot"}}
    transmission = hear_one(osmand, posted(location(**more)))
    place = transmission.position
    assert place is not None
    assert (transmission.device, place.speed_mps, place.course_deg) == ("48241179", 10.0, 0.0)
    assert (place.altitude_m, place.accuracy_m) == (0.0, 5.0)
    assert transmission.device_time == datetime(2026, 11, 25, 11, 59, 0, 500_000, tzinfo=UTC)
    assert transmission.facts == {
        "battery_pct": 79,
        "charging": True,
        "moving": True,
        "odometer_m": 12.0,
        "event": "motionchange",
        "activity": "on_foot",
    }


def test_json_minus_one_is_unknown_and_mock_is_flagged() -> None:
    unknown = {"speed": -1, "heading": -1, "accuracy": -1}
    transmission = hear_one(
        osmand, posted(location(coords=unknown, mock=True, battery={"level": -1}))
    )
    place = transmission.position
    assert place is not None
    assert (place.speed_mps, place.course_deg, place.accuracy_m) == (None, None, None)
    assert (transmission.flags, transmission.facts) == (("mock_location",), {})


def test_json_call_for_help_and_no_place() -> None:
    transmission = hear_one(osmand, posted({"timestamp": "2026-11-25T11:59:00Z", "alarm": "sos"}))
    assert (transmission.kind, transmission.distress) == ("distress", True)
    transmission = hear_one(osmand, posted(location(timestamp=True, alarm="sos")))
    assert (transmission.distress, transmission.position is not None, transmission.flags) == (
        True,
        True,
        ("bad_time",),
    )
    transmission = hear_one(
        osmand, posted({"timestamp": 1795000000000, "extras": {"alarm": "other"}})
    )
    assert (transmission.position, transmission.distress, transmission.facts["alarm"]) == (
        None,
        False,
        "other",
    )


def test_bad_place_of_a_list_costs_only_itself() -> None:
    bad = location(coords={"latitude": 95})
    transmissions, reasons, _ = hear(osmand, posted([location(), bad, location()]))
    assert (len(transmissions), reasons) == (2, ["lat_range"])
    assert refusal(osmand, posted([bad])) == "lat_range"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (asked(lat="95"), "lat_range"),
        (asked(lon="-181"), "lon_range"),
        (asked(lat="0", lon="0"), "null_island"),
        (asked(lon=None), "missing_lon"),
        (asked(lat=None), "missing_lat"),
        (asked(lat="NaN"), "bad_number"),
        (asked(speed="inf"), "bad_number"),
        (asked(timestamp="yesterday"), "bad_time"),
        (asked(timestamp="9e30"), "bad_time"),
        (b"/?" + b"&".join(b"a=1" for _ in range(200)), "too_many"),
        (b"/index.html", "bad_field"),
        (b"/?id=\xff", "bad_field"),
        (b"/?id=boat%07&lat=20.27&lon=100.41", "bad_field"),
        (posted(location(), device="boat\x07"), "bad_field"),
        (b" ", "empty"),
        (b"{" + b" " * osmand.MAX_BYTES, "too_long"),
        (b'{"device_id": "1", "location": ', "json"),
        (b'{"device_id": "1", "location": {"coords": NaN}}', "json"),
        (posted(None), "bad_field"),
        (posted(location(timestamp=[])), "bad_time"),
        (posted(location(coords={"latitude": None})), "missing_lat"),
        (posted(location(coords={"longitude": "100"})), "missing_lon"),
        (posted([1] * 1001), "too_many"),
    ],
)
def test_bad_request_is_rejected(data: bytes, reason: str) -> None:
    assert refusal(osmand, data) == reason


def test_words_go_into_the_response() -> None:
    def order(kind: OrderKind, device: str | None, text: str) -> Order:
        fields = Order(id="1", kind=kind, channel="c", operator="o", created_at=NOW, expires_at=NOW)
        return msgspec.structs.replace(fields, device=device, text=text)

    outgoing = osmand.encode(order("text", "7", "come home"), DecoderSettings(), number=1)
    assert (outgoing.data, outgoing.answer) == (b"come home", None)
    for bad in (order("poll", "7", ""), order("text", None, "x"), order("text", "7", "")):
        with pytest.raises(OrderError):
            osmand.encode(bad, DecoderSettings(), number=1)


def test_own_requests_are_recognised() -> None:
    assert osmand.speaks(frame(asked()))
    assert osmand.speaks(frame(posted(location())))
    assert not osmand.speaks(frame(b'{"_type": "location", "lat": 1}'))


_values = (
    st.text(max_size=12)
    | st.sampled_from(["4\x1c", " 5", "1e9", "+1."])
    | st.from_regex(r"[-+]?\d{0,6}\.?\d{0,6}", fullmatch=True)
)
_names = st.sampled_from(
    [*QUERY, "speed", "bearing", "altitude", "accuracy", "batt", "alarm", "valid", "location"]
)


@given(values=st.dictionaries(_names, _values, max_size=8))
def test_any_query_is_survived(values: dict[str, str]) -> None:
    survives(osmand, f"/?{urlencode(values)}".encode(), [])


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


@given(
    where=st.dictionaries(st.sampled_from([*location(), "alarm", "battery", "extras"]), _json),
    coords=st.dictionaries(st.sampled_from([*location()["coords"]]), _json),
    device=_json,
)
def test_any_json_is_survived(where: dict[str, Any], coords: dict[str, Any], device: Any) -> None:
    survives(osmand, posted({"coords": coords} | where, device), [])


@given(data=st.binary(max_size=100))
def test_any_bytes_are_survived(data: bytes) -> None:
    survives(osmand, data, [])
